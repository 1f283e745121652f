# Raspberry Pi Pico with a Digi XBee 3 Zigbee module as its HAN radio. Wiring is in README.md.
# No real board was measured: the link ran against a model of the module, the Pico is emulated.
TITLE = "Raspberry Pi Pico with a Digi XBee 3 as HAN radio"
ARCH = "armv6m"
# As in boards/rpi_pico, which is the same board.
HEAP = 242 * 1024
# The longest time of the RP2040's WDT is 8388 ms; WATCHDOG_CTRL is at 0x40058000, its clear alias
# 0x3000 above, bit 30 ENABLE (RP2040 datasheet, 2.1.2 and 4.7.6).
WATCHDOG = {"ms": 8000, "off": [0x4005B000, 1 << 30]}
PINS = {
    "sampler": {"voltage": 26},
    # cts and rts as the Pico names them: cts is its input, from the module's pin of that name.
    "xbee": {"uart": 1, "tx": 4, "rx": 5, "cts": 6, "rts": 7, "baudrate": 115200},
}
PORTS = {"sampler": "rp2", "han": "xbee"}
LACKS = {}
