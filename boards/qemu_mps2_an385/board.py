# QEMU's mps2-an385: an emulated Cortex-M3 with a UART. See README.md.
TITLE = "QEMU mps2-an385 (Cortex-M3)"
ARCH = "armv7m"
HEAP = 512 * 1024
PORTS = {"sampler": "simulated"}
PREPARE = "import psram\npsram.mount_files('/')\n"
LACKS = {
    "flash": "its firmware is frozen, and its files are lost without power",
    "power": "its files are in RAM: nothing survives a power cut",
    "interrupt": "its UART is polled: Ctrl-C does not stop a program",
    "select": "its port has no select, which mpremote mount needs",
    "time": "its port has no module time",
    "watchdog": "its port has no watchdog",
    "adc": "QEMU has no ADC there",
    "pins": "QEMU has no pins there",
}
