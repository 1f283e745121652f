# ESP32-C6 (RISC-V). Nothing here was measured on one: see README.md.
TITLE = "ESP32-C6-DevKitC"
ARCH = "rv32imc"
# Assumed, not measured: a third of its 512 KB.
HEAP = 170 * 1024
# Nothing stops its task watchdog once it runs: timer 0 feeds it while the REPL is open.
WATCHDOG = {"ms": 8000, "timer": 0}
PINS = {
    "metering_ic": {"spi": 1, "sck": 6, "mosi": 7, "miso": 2, "cs": 10},
    "xbee": {"uart": 1, "tx": 4, "rx": 5},
    # In the place of the XBee: a board has one HAN link.
    "bus": {"uart": 1, "tx": 4, "rx": 5, "enable": 11},
    # The only SPI bus that is free: with a panel on it there is no metering IC.
    "st7789": {
        "spi": 1,
        "clock": 19,
        "data": 18,
        "select": 20,
        "command": 21,
        "reset": 22,
        "light": 23,
    },
    "ssd1306": {"i2c": 0, "clock": 19, "data": 18},
    "keys": {"next": 0, "back": 1, "ok": 3},
}
PORTS = {"sampler": "atm90e32", "han": "xbee bus espnow udp", "screen": "st7789"}
LACKS = {"adc": "the sampler reads the RP2040's and RP2350's ADC only: use a metering IC"}
