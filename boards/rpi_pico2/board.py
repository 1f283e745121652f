# Raspberry Pi Pico 2 (RP2350, its Arm cores). Nothing here was measured on one: see README.md.
TITLE = "Raspberry Pi Pico 2 (RP2350)"
ARCH = "armv7emsp"
# Assumed, not measured: less than half of its 520 KB.
HEAP = 224 * 1024
# The longest time of its WDT is 16777 ms; WATCHDOG_CTRL is at 0x400D8000, its clear alias 0x3000
# above, bit 30 ENABLE (RP2350 datasheet, 2.1.3 and 12.9.8).
WATCHDOG = {"ms": 8000, "off": [0x400DB000, 1 << 30]}
PINS = {
    "sampler": {"voltage": 26},
    "xbee": {"uart": 1, "tx": 4, "rx": 5},
}
PORTS = {"sampler": "rp2", "han": "xbee"}
LACKS = {}
