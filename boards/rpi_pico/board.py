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
}
PORTS = {"sampler": "rp2", "han": "xbee"}
LACKS = {}
