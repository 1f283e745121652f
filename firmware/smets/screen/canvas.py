# The canvas of a page: 16 colours in 4 bits a pixel for colour panels, 1 bit for mono ones.
# Drawn by MicroPython's framebuf, or by plain.py where that is absent, to the same pixels. A
# colour panel gets 16-bit colours of it, some rows at a time: 16 KB and 7 KB instead of 64 KB.
from smets import alive
from smets.compat import const

try:
    import framebuf
except ImportError:
    from smets.screen import plain as framebuf

BLACK = const(0)
WHITE = const(1)
GREY = const(2)  # secondary text
DARK = const(3)  # lines and empty fields
GREEN = const(4)
AMBER = const(5)
RED = const(6)
YELLOW = const(7)  # electricity
BLUE = const(8)  # gas
DULL_YELLOW = const(9)  # what is not complete yet
DULL_BLUE = const(10)

# Red, green and blue of each colour, 0 to 255; 16 rows.
PALETTE = (
    (0, 0, 0),
    (255, 255, 255),
    (168, 176, 184),
    (56, 64, 76),
    (48, 208, 96),
    (255, 168, 24),
    (255, 84, 72),
    (255, 212, 72),
    (88, 176, 255),
    (148, 120, 32),
    (44, 96, 152),
) + ((0, 0, 0),) * 5

# On a mono panel these are dark, all others lit.
_UNLIT = (BLACK, DARK)


def rgb565(colour: int) -> int:
    """A colour as a panel's 16 bits: 5 of red, 6 of green, 5 of blue."""
    red, green, blue = PALETTE[colour]
    return (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3


class Canvas:
    """Pixels of a screen. Coordinates from the top left; what lies outside is not drawn."""

    def __init__(self, width: int, height: int, mono: bool = False):
        """`mono`: rows of 8 pixels an octet as in MONO_VLSB, else GS4_HMSB (width even)."""
        self.width = width
        self.height = height
        self.mono = mono
        self.octets = bytearray(width * ((height + 7) // 8) if mono else width // 2 * height)
        kind = framebuf.MONO_VLSB if mono else framebuf.GS4_HMSB
        self._pixels = framebuf.FrameBuffer(self.octets, width, height, kind)
        self._two = bytearray(2)  # a palette of two colours: not ink, ink
        self._ink = framebuf.FrameBuffer(self._two, 2, 1, kind)
        self._strip = None  # what rgb565 makes 16-bit colours with

    def _value(self, colour: int) -> int:
        if self.mono:
            return 0 if colour in _UNLIT else 1
        return colour

    def clear(self):
        """Make everything black."""
        self._pixels.fill(0)

    def rect(self, x: int, y: int, width: int, height: int, colour: int):
        """A filled rectangle."""
        self._pixels.fill_rect(x, y, width, height, self._value(colour))

    def frame(self, x: int, y: int, width: int, height: int, colour: int, line: int = 1):
        """The outline of a rectangle, `line` pixels thick, inside it."""
        self.rect(x, y, width, line, colour)
        self.rect(x, y + height - line, width, line, colour)
        self.rect(x, y, line, height, colour)
        self.rect(x + width - line, y, line, height, colour)

    def text(self, x: int, y: int, text: str, face, colour: int) -> int:
        """One line of text, its top left corner at (x, y); returns where it ends."""
        alive.tell()  # keys are looked at between two texts
        ink = self._value(colour)
        none = 1 - ink if self.mono else ink ^ 1
        self._ink.pixel(0, 0, none)
        self._ink.pixel(1, 0, ink)
        for char in text:
            width, octets = face.glyph(char)
            glyph = framebuf.FrameBuffer(octets, width, face.height, framebuf.MONO_HLSB)
            self._pixels.blit(glyph, x, y, none, self._ink)  # pyright: ignore[reportArgumentType]
            x += width + face.gap
        return x - face.gap if text else x

    def rgb565(self, y: int, rows: int, into):
        """Write rows of 16-bit colours, high octet first, as colour panels take them."""
        if self._strip is None or self._strip[0] is not into or self._strip[1] != rows:
            palette = framebuf.FrameBuffer(bytearray(32), 16, 1, framebuf.RGB565)
            for colour in range(16):
                value = rgb565(colour)
                palette.pixel(colour, 0, value >> 8 | (value & 0xFF) << 8)
            strip = framebuf.FrameBuffer(into, self.width, rows, framebuf.RGB565)
            self._strip = (into, rows, strip, palette)
        strip, palette = self._strip[2:]
        strip.blit(self._pixels, 0, -y, -1, palette)  # pyright: ignore[reportArgumentType]
