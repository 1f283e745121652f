# Raspberry Pi Pico 2 (RP2350, its Arm cores). Nothing here was measured on one: see README.md.
TITLE = "Raspberry Pi Pico 2 (RP2350)"
ARCH = "armv7emsp"
# Assumed, not measured: its 520 KB less what MicroPython takes of a Pico's, several times over.
HEAP = 400 * 1024
# The longest time of its WDT is 16777 ms; WATCHDOG_CTRL is at 0x400D8000, its clear alias 0x3000
# above, bit 30 ENABLE (RP2350 datasheet, 2.1.3 and 12.9.8).
WATCHDOG = {"ms": 8000, "off": [0x400DB000, 1 << 30]}
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
