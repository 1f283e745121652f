# Frozen build: that of the Pico, which the module is on.
include("../rpi_pico/manifest.py")
