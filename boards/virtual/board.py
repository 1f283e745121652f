# The virtual board: the Unix port behind a pty. Its heap is a Pico's in words of 64 bits.
TITLE = "Virtual board (MicroPython's Unix port behind a pty)"
ARCH = "x64"
HEAP = 2 * 224 * 1024
WORD = 8
WATCHDOG = {"ms": 8000}
PORTS = {"sampler": "simulated"}
LACKS = {
    "adc": "a process has no ADC",
    "pins": "a process has no pins",
}
