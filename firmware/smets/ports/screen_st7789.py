# ST7789V panel of 240x135 pixels (1.14 inch) over SPI: 16-bit colour, landscape.
# Sitronix ST7789V datasheet, section 9 (commands). Its memory is 240 columns of 320 rows; the
# glass shows columns 52 to 186 and rows 40 to 279 of it.
from smets.compat import const
from smets.document import BOOLEAN
from smets.ports.open_screen import is_pin, is_wired
from smets.ports.screen import Screen

_SWRESET = const(0x01)
_SLPOUT = const(0x11)
_NORON = const(0x13)
_INVON = const(0x21)
_DISPON = const(0x29)
_CASET = const(0x2A)
_RASET = const(0x2B)
_RAMWR = const(0x2C)
_MADCTL = const(0x36)
_COLMOD = const(0x3A)

_16_BITS = const(0x55)  # of 65,536 colours, by the MCU interface too
# Rows and columns exchanged (MV), and one of them mirrored: the connector is left, or right.
_LANDSCAPE = const(0x60)  # MX and MV
_TURNED = const(0xA0)  # MY and MV

_LEFT = const(40)
_TOP = const(53)
_TOP_TURNED = const(52)

# Rows of 16-bit colours that are sent at once; 9 times that is the height.
_STRIP = const(15)

# Members of `pins` of a device.json.
OPTIONS = {
    "spi": (0, 3),
    "clock": is_pin,
    "data": is_pin,
    "select": is_pin,
    "command": is_pin,
    "reset?": is_wired,
    "light?": is_wired,
    "turned?": BOOLEAN,
}


class St7789(Screen):
    """`spi` has write(octets); `select`, `command` and `reset` set pins (active low each)."""

    width = 240
    height = 135
    pieces = height // _STRIP

    def __init__(self, spi, select, command, sleep_ms, reset=None, light=None, turned=False):
        """`light(level)` switches the backlight; `turned` shows everything upside down."""
        self._spi = spi
        self._select = select
        self._command = command
        self._sleep_ms = sleep_ms
        self._light = light
        self._turned = turned
        self._strip = bytearray(2 * self.width * _STRIP)
        self._address = bytearray(4)
        self._octet = bytearray(1)
        select(1)
        if reset is not None:
            reset(0)
            sleep_ms(1)
            reset(1)
            sleep_ms(120)
        self._set_up()

    def _set_up(self):
        self._send(_SWRESET)
        self._sleep_ms(120)
        self._send(_SLPOUT)
        self._sleep_ms(120)
        self._send(_COLMOD, bytes((_16_BITS,)))
        self._send(_MADCTL, bytes((_TURNED if self._turned else _LANDSCAPE,)))
        self._send(_INVON)  # these panels are normally white
        self._send(_NORON)
        # Its memory is random after power-up: black before it is lit.
        for piece in range(self.pieces):
            self._window(piece)
            self._write(self._strip)
        self._send(_DISPON)
        self.light(True)

    def send(self, canvas, piece: int) -> bool:
        """See Screen; SPI does not tell whether a panel is there."""
        self.check(canvas)
        canvas.rgb565(piece * _STRIP, _STRIP, self._strip)
        self._window(piece)
        self._write(self._strip)
        return True

    def light(self, on: bool):
        """See Screen."""
        if self._light is not None:
            self._light(1 if on else 0)

    def _window(self, piece: int):
        """Let the pixels of a piece follow."""
        self._range(_CASET, _LEFT, self.width)
        top = _TOP_TURNED if self._turned else _TOP
        self._range(_RASET, top + piece * _STRIP, _STRIP)
        self._send(_RAMWR)

    def _range(self, command: int, first: int, count: int):
        last = first + count - 1
        self._address[0] = first >> 8
        self._address[1] = first & 0xFF
        self._address[2] = last >> 8
        self._address[3] = last & 0xFF
        self._send(command, self._address)

    def _send(self, command: int, data: bytes | bytearray = b""):
        self._command(0)
        self._octet[0] = command
        self._write(self._octet)
        self._command(1)
        if data:
            self._write(data)

    def _write(self, octets):
        self._select(0)
        try:
            self._spi.write(octets)
        finally:
            self._select(1)


def from_config(  # noqa: PLR0913 - the options of a panel
    spi: int,
    clock: int,
    data: int,
    select: int,
    command: int,
    reset=None,
    light=None,
    turned: bool = False,
) -> St7789:
    """The panel on SPI bus `spi`; the other options are pin numbers, None where not connected."""
    from time import sleep_ms

    from machine import SPI, Pin

    def pin(number):
        return None if number is None else Pin(number, Pin.OUT)

    # Before the other pins: it takes one for its input, which may be one of them.
    bus = SPI(spi, baudrate=20000000, polarity=0, phase=0, sck=Pin(clock), mosi=Pin(data))
    return St7789(bus, pin(select), pin(command), sleep_ms, pin(reset), pin(light), turned)
