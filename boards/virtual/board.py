# The virtual board: the Unix port behind a pty. Its heap is a Pico's, in 64-bit words.
TITLE = "Virtual board (MicroPython's Unix port behind a pty)"
ARCH = "x64"
HEAP = 224 * 1024
WATCHDOG = {"ms": 8000}
PORTS = {"sampler": "simulated"}
LACKS = {
    "adc": "a process has no ADC",
    "pins": "a process has no pins",
}
