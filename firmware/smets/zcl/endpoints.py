# Endpoints of our devices on the HAN. Peers find them by Match Descriptor, never by number.
from smets.compat import const

ESI = const(1)  # energy service interface: time, price, device management, messaging
MIRROR = const(2)  # GPF: metering and prepayment of the gas meter
METER = const(1)  # GSME
DISPLAY = const(1)  # IHD, PPMID

# ZigBee Smart Energy device identifiers.
ESI_DEVICE = const(0x0500)
METERING_DEVICE = const(0x0501)
DISPLAY_DEVICE = const(0x0502)
LOAD_CONTROL_DEVICE = const(0x0504)
