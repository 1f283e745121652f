# SSD1306 OLED panel of 128x64 pixels over I2C: one bit a pixel, eight rows an octet.
# Solomon Systech SSD1306 datasheet, section 9 (command table) and its application note.
from smets.compat import const
from smets.ports.open_screen import is_pin
from smets.ports.screen import Screen

_OFF = const(0xAE)
_ON = const(0xAF)

# First octet of a transfer: commands follow, or pixels.
_COMMANDS = const(0x00)
_PIXELS = b"\x40"

_SETTINGS = (
    b"\xae"  # off
    b"\xd5\x80"  # clock as after reset
    b"\xa8\x3f"  # 64 rows
    b"\xd3\x00"  # no offset
    b"\x40"  # from row 0
    b"\x8d\x14"  # charge pump
    b"\x20\x00"  # horizontal addressing
    b"\xa1"  # column 127 is segment 0: the connector is above
    b"\xc8"  # row 63 is scanned first
    b"\xda\x12"  # pins of a 128x64 panel
    b"\x81\xcf"  # contrast
    b"\xd9\xf1"  # precharge, with the charge pump
    b"\xdb\x30"  # deselect level
    b"\xa4"  # what is in memory
    b"\xa6"  # ones are lit
)
# All columns of a page: its number twice takes the place of the two last octets.
_WINDOW = b"\x00\x21\x00\x7f\x22\x00\x00"
_PAGES = const(8)
_ALL = const(0xFF)  # a bit a page

# Members of `pins` of a device.json.
OPTIONS = {"i2c": (0, 3), "clock": is_pin, "data": is_pin, "address?": (0x3C, 0x3D)}


class Ssd1306(Screen):
    """`i2c` has writeto(address, octets) and writevto(address, parts), as of machine.I2C."""

    width = 128
    height = 64
    mono = True
    pieces = _PAGES

    def __init__(self, i2c, address: int = 0x3C):
        """The panel is set up when it is first shown something, and again after a failure."""
        self._i2c = i2c
        self._address = address
        self._ready = False
        self._lit = True
        self._missing = _ALL  # pages that its memory does not have since it was set up
        self._window = bytearray(_WINDOW)
        self._parts = ()  # of each page, as they are sent
        self._octets = None  # of the canvas that they are of
        self.failures = 0  # transfers without an answer, for diagnosis

    def send(self, canvas, piece: int) -> bool:
        """See Screen: a piece is a page, eight rows."""
        octets = canvas.octets
        if self._octets is not octets:
            self.check(canvas)
            self._octets = octets
            view = memoryview(octets)
            starts = range(0, len(octets), self.width)
            self._parts = [(_PIXELS, view[start : start + self.width]) for start in starts]
        try:
            if not self._ready:
                self._missing = _ALL
                self._send(_SETTINGS)
                self._ready = True
            self._window[5] = self._window[6] = piece
            self._i2c.writeto(self._address, self._window)
            self._i2c.writevto(self._address, self._parts[piece])
            if self._missing:
                self._missing &= ~(1 << piece)
                # Lit only when it has all: its memory is random after power-up.
                if not self._missing and self._lit:
                    self._send(bytes((_ON,)))
        except OSError:
            self._failed()
        return self._ready

    def light(self, on: bool):
        """See Screen."""
        self._lit = on
        if not self._ready or self._missing:
            return
        try:
            self._send(bytes((_ON if on else _OFF,)))
        except OSError:
            self._failed()

    def _failed(self):
        self._ready = False
        self.failures += 1

    def _send(self, commands):
        self._i2c.writeto(self._address, bytes((_COMMANDS,)) + commands)


def from_config(i2c: int, clock: int, data: int, address: int = 0x3C) -> Ssd1306:
    """The panel on I2C bus `i2c`, its clock and data on these pins."""
    from machine import I2C, Pin

    return Ssd1306(I2C(i2c, scl=Pin(clock), sda=Pin(data), freq=400000), address)
