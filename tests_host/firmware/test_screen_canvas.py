# engines: cpython unix
# The canvas; plain.py against MicroPython's framebuf, where that is.
from testkit import Skip

from smets.screen import canvas, font, plain
from smets.screen.canvas import BLACK, DARK, RED, WHITE, Canvas

try:
    import framebuf
except ImportError:
    framebuf = None

SIZES = ((plain.GS4_HMSB, 24, 11), (plain.MONO_VLSB, 23, 19), (plain.MONO_HLSB, 21, 9))
SIZES += ((plain.RGB565, 13, 9),)


class Random:
    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1103 + 12345) % 65521
        return self.state % limit


def _octets(kind, width, height):
    if kind == plain.RGB565:
        return bytearray(2 * width * height)
    if kind == plain.GS4_HMSB:
        return bytearray((width + 1) // 2 * height)
    if kind == plain.MONO_VLSB:
        return bytearray(width * ((height + 7) // 8))
    return bytearray((width + 7) // 8 * height)


def _same(step, one, two):
    assert one == two, "step %d" % step


def test_names_have_the_values_of_framebuf():
    if framebuf is None:
        raise Skip("no framebuf on this engine")
    for name in ("MONO_VLSB", "RGB565", "GS4_HMSB", "MONO_HLSB"):
        assert getattr(plain, name) == getattr(framebuf, name), name


def test_plain_draws_what_framebuf_draws():
    """Random rectangles, pixels and copies, partly outside, leave the same octets."""
    if framebuf is None:
        raise Skip("no framebuf on this engine")
    random = Random(1)
    for kind, width, height in SIZES:
        most = 2 if kind in (plain.MONO_VLSB, plain.MONO_HLSB) else 16
        one, two = _octets(kind, width, height), _octets(kind, width, height)
        ours = plain.FrameBuffer(one, width, height, kind)
        theirs = framebuf.FrameBuffer(two, width, height, kind)
        for step in range(300):
            x, y = random.below(width + 12) - 6, random.below(height + 12) - 6
            wide, tall = random.below(width) - 1, random.below(height) - 1
            colour = random.below(most)
            action = random.below(4)
            if action == 0:
                ours.fill_rect(x, y, wide, tall, colour)
                theirs.fill_rect(x, y, wide, tall, colour)
            elif action == 1:
                ours.pixel(x, y, colour)
                theirs.pixel(x, y, colour)
            elif action == 2 and step % 20 == 0:
                ours.fill(colour)
                theirs.fill(colour)
            else:
                glyph = bytearray([random.below(256) for _ in range(18)])
                pair = bytearray(4)
                for module, target in ((plain, ours), (framebuf, theirs)):
                    ink = module.FrameBuffer(pair, 2, 1, kind)
                    ink.pixel(0, 0, colour ^ 1)
                    ink.pixel(1, 0, colour)
                    source = module.FrameBuffer(glyph, 11, 9, plain.MONO_HLSB)
                    target.blit(source, x, y, colour ^ 1, ink)
            _same(step, one, two)


def test_plain_makes_the_16_bit_colours_of_framebuf():
    if framebuf is None:
        raise Skip("no framebuf on this engine")
    random = Random(2)
    picture = bytearray([random.below(256) for _ in range(12 * 9)])
    # Whole rows, rows beyond either end, and parts of rows, which plain.py copies by pixels.
    for width, x, y in ((24, 0, -2), (24, 0, 3), (24, 0, -7), (24, 3, -2), (17, 0, 0)):
        results = []
        for module in (plain, framebuf):
            strip = bytearray(2 * width * 5)
            palette = module.FrameBuffer(bytearray(32), 16, 1, module.RGB565)
            for colour in range(16):
                palette.pixel(colour, 0, colour * 4369 & 0xFFFF)
            source = module.FrameBuffer(picture, 24, 9, module.GS4_HMSB)
            target = module.FrameBuffer(strip, width, 5, module.RGB565)
            target.blit(source, x, y, -1, palette)
            results.append(strip)
        assert results[0] == results[1], (width, x, y)


def test_plain_copies_rows_and_pixels_alike():
    """The quick copy of whole rows against the copy of each pixel, on every engine."""
    random = Random(3)
    picture = bytearray([random.below(256) for _ in range(12 * 9)])
    palette = plain.FrameBuffer(bytearray(32), 16, 1, plain.RGB565)
    for colour in range(16):
        palette.pixel(colour, 0, colour * 4369 & 0xFFFF)
    source = plain.FrameBuffer(picture, 24, 9, plain.GS4_HMSB)
    rows, wider = bytearray(2 * 24 * 5), bytearray(2 * 25 * 5)
    plain.FrameBuffer(rows, 24, 5, plain.RGB565).blit(source, 0, -2, -1, palette)
    plain.FrameBuffer(wider, 25, 5, plain.RGB565).blit(source, 0, -2, -1, palette)
    for row in range(5):
        assert rows[48 * row : 48 * row + 48] == wider[50 * row : 50 * row + 48], row


def test_plain_clips_at_every_edge():
    octets = bytearray(8 * 8)
    pixels = plain.FrameBuffer(octets, 16, 8, plain.GS4_HMSB)
    pixels.fill(2)
    pixels.fill_rect(-3, -2, 5, 4, 5)
    pixels.fill_rect(13, 6, 99, 99, 6)
    pixels.fill_rect(4, 4, 0, 3, 7)
    pixels.fill_rect(40, 40, 3, 3, 7)
    pixels.pixel(16, 0, 7)
    pixels.pixel(-1, 0, 7)
    rows = [octets[8 * y : 8 * y + 8] for y in range(8)]
    assert rows[0] == rows[1] == b"\x55" + b"\x22" * 7, rows[0]
    assert rows[2] == b"\x22" * 8
    assert rows[6] == rows[7] == b"\x22" * 6 + b"\x26\x66", rows[6]


def test_a_rectangle_and_a_frame():
    target = Canvas(16, 8)
    target.rect(1, 1, 6, 2, RED)
    assert target.octets[8:16] == b"\x06\x66\x66\x60\x00\x00\x00\x00"
    target.clear()
    target.frame(0, 0, 16, 8, WHITE)
    assert target.octets[0:8] == b"\x11" * 8 and target.octets[8:16] == b"\x10\0\0\0\0\0\0\x01"


def test_mono_lights_what_is_not_dark():
    target = Canvas(16, 16, True)
    assert len(target.octets) == 32
    target.rect(0, 0, 8, 16, RED)
    target.rect(8, 0, 8, 16, DARK)
    assert target.octets == (b"\xff" * 8 + b"\0" * 8) * 2
    target.text(0, 0, "|", font.text(1), BLACK)
    assert target.octets[:2] == b"\x80\xff", "dark ink on a lit field"


def test_text_is_drawn_in_its_colour_and_returns_its_end():
    target = Canvas(32, 16)
    face = font.text(1)
    target.rect(0, 0, 32, 16, DARK)
    end = target.text(2, 1, "II", face, WHITE)
    assert end == 2 + face.width("II") == 9
    row = target.octets[16:32]
    assert row[:5] == b"\x33\x11\x13\x11\x13", "serifs of two I, the field between them"
    assert target.text(5, 0, "", face, WHITE) == 5


def test_16_bit_colours_are_those_of_the_palette_high_octet_first():
    """spec: RGB565 has five, six and five bits, red at the top."""
    assert canvas.rgb565(WHITE) == 0xFFFF and canvas.rgb565(BLACK) == 0
    assert len(canvas.PALETTE) == 16
    for colour, (red, green, blue) in enumerate(canvas.PALETTE):
        expected = red // 8 * 2048 + green // 4 * 32 + blue // 8
        assert canvas.rgb565(colour) == expected, colour
    target = Canvas(4, 6)
    target.rect(1, 2, 2, 1, RED)
    into = bytearray(2 * 4 * 3)
    target.rgb565(0, 3, into)
    red = canvas.rgb565(RED).to_bytes(2, "big")
    assert into == bytes(16) + bytes(2) + red + red + bytes(2)
    target.rgb565(3, 3, into)
    assert into == bytes(24), "the same buffer takes the next rows"
    other = bytearray(2 * 4 * 2)
    target.rgb565(2, 2, other)
    assert other == bytes(2) + red + red + bytes(10), "and another buffer others"
