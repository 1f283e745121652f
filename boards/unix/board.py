# A process of MicroPython's Unix port on its standard streams, as `smets serve` starts it.
TITLE = "MicroPython's Unix port"
ARCH = "x64"
HEAP = 2 * 192 * 1024
WORD = 8
PORTS = {"sampler": "simulated"}
LACKS = {
    "adc": "a process has no ADC",
    "pins": "a process has no pins",
    "flash": "it runs the checkout: there is nothing to flash",
    "repl": "its standard input is the bench link",
}
