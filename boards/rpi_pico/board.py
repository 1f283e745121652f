# Raspberry Pi Pico (RP2040). What was measured ran under emulation only: see README.md.
TITLE = "Raspberry Pi Pico (RP2040)"
ARCH = "armv6m"
# gc.mem_free() + gc.mem_alloc() of both builds of MicroPython 1.25.0.
HEAP = 242 * 1024
# The longest time of its WDT is 8388 ms; WATCHDOG_CTRL is at 0x40058000, its clear alias 0x3000
# above, bit 30 ENABLE (RP2040 datasheet 2.1.2 and 4.7.6).
WATCHDOG = {"ms": 8000, "off": [0x4005B000, 1 << 30]}
PINS = {
    "sampler": {"voltage": 26},
    "xbee": {"uart": 1, "tx": 4, "rx": 5},
    # In the place of the XBee: a board has one HAN link.
    "bus": {"uart": 1, "tx": 4, "rx": 5, "enable": 6},
    # The wiring of Waveshare's Pico-LCD-1.14, which carries such a panel and the keys.
    "st7789": {
        "spi": 1,
        "clock": 10,
        "data": 11,
        "select": 9,
        "command": 8,
        "reset": 12,
        "light": 13,
    },
    "ssd1306": {"i2c": 0, "clock": 1, "data": 0},
    "keys": {"next": 20, "back": 16, "ok": 3},
}
PORTS = {"sampler": "rp2", "han": "xbee bus", "screen": "st7789"}
LACKS = {}
