# Raspberry Pi Pico W (RP2040, CYW43439). Nothing here was measured on one: see README.md.
TITLE = "Raspberry Pi Pico W (RP2040)"
ARCH = "armv6m"
# Assumed, not measured: a Pico's, less some 50 KB for the network stack of its firmware.
HEAP = 190 * 1024
# As of boards/rpi_pico, which has the same chip.
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
PORTS = {"sampler": "rp2", "han": "xbee bus udp", "screen": "st7789"}
LACKS = {}
