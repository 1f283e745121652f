# The virtual board: the Unix port behind a pty. Its heap is a Pico's in words of 64 bits, and 96 K
# words for the code of meters, which a frozen board has in flash.
TITLE = "Virtual board (MicroPython's Unix port behind a pty)"
ARCH = "x64"
HEAP = 2 * 352 * 1024
WORD = 8
WATCHDOG = {"ms": 8000}
# The wire of host_tools/bus_line.py, where the board was started on one.
PINS = {"bus": {"uart": 0}}
PORTS = {"sampler": "simulated", "han": "bus udp"}
LACKS = {
    "adc": "a process has no ADC",
    "pins": "a process has no pins",
}
