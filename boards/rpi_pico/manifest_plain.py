# A Pico without our modules: what its port needs to start, and asyncio. Debian's source lacks the
# drivers (onewire, dht, neopixel) of the port's own manifest.
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
