# Clusters of ZigBee Smart Energy that GB devices use (ZSE 1.4, GBCS). Attributes: attributes.py.
from smets.compat import const

BASIC = const(0x0000)
TIME = const(0x000A)
OTA = const(0x0019)
PRICE = const(0x0700)
METERING = const(0x0702)
PREPAYMENT = const(0x0705)
DEVICE_MANAGEMENT = const(0x0708)
MESSAGING = const(0x0703)
TUNNELING = const(0x0704)
CALENDAR = const(0x0707)
EVENTS = const(0x0709)
