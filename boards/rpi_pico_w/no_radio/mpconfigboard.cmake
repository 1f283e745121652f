# A Pico W whose radio stays off: Debian has neither the driver of its CYW43439 nor that one's firmware.
set(PICO_BOARD "pico_w")
