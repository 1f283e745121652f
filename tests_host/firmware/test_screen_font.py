# engines: cpython unix
# Fonts: what they contain, how a size is doubled, how text is measured and broken.
from smets.screen import font, font_data

ASCII = "".join([chr(code) for code in range(32, 127)])


def _pixels(face, char):
    """The rows of a glyph as lists of 0 and 1."""
    width, octets = face.glyph(char)
    stride = (width + 7) // 8
    assert len(octets) == stride * face.height, char
    rows = []
    for y in range(face.height):
        row = octets[y * stride : (y + 1) * stride]
        bits = [row[x >> 3] >> (7 - (x & 7)) & 1 for x in range(8 * stride)]
        assert not any(bits[width:]), "ink beyond the width of %r" % char
        rows.append(bits[:width])
    return rows


def _scale2x(rows):
    """Scale2x pixel by pixel, as its author published it."""
    height, width = len(rows), len(rows[0])

    def at(x, y):
        return rows[y][x] if 0 <= x < width and 0 <= y < height else 0

    doubled = [[0] * (2 * width) for _ in range(2 * height)]
    for y in range(height):
        for x in range(width):
            b, d, e, f, h = at(x, y - 1), at(x - 1, y), at(x, y), at(x + 1, y), at(x, y + 1)
            quad = [e, e, e, e]
            if d == b and b != f and d != h:
                quad[0] = d
            if b == f and b != d and f != h:
                quad[1] = f
            if d == h and d != b and h != f:
                quad[2] = d
            if h == f and d != h and b != f:
                quad[3] = f
            doubled[2 * y][2 * x : 2 * x + 2] = quad[:2]
            doubled[2 * y + 1][2 * x : 2 * x + 2] = quad[2:]
    return doubled


def test_every_printable_character_and_the_pound_sign():
    face = font.text(1)
    for char in ASCII + "£€°²³½…" + font.BOLT + font.FLAME + font.LINK + font.NO_LINK:
        assert face.has(char), "no glyph for %r" % char
    for char in "0123456789.-£":
        assert font.digits(1).has(char), "no digit %r" % char
    for name in ("TEXT", "DIGITS"):
        chars = getattr(font_data, name + "_CHARS")
        rows = getattr(font_data, name + "_ROWS")
        octets = 1 if name == "TEXT" else 2
        assert len(getattr(font_data, name)) == len(chars) * (1 + rows * octets), name
        assert len(set(chars)) == len(chars), name


def test_no_two_characters_look_alike():
    face = font.text(1)
    seen = {}
    for char in ASCII:
        shape = str(_pixels(face, char))
        assert shape not in seen, "%r looks like %r" % (char, seen.get(shape))
        seen[shape] = char


def test_every_glyph_has_ink_and_stands_on_the_baseline():
    for face, chars in (
        (font.text(1), font_data.TEXT_CHARS),
        (font.digits(1), font_data.DIGITS_CHARS),
    ):
        for char in chars:
            rows = _pixels(face, char)
            assert (char == " ") != any(any(row) for row in rows), char
        for char in "0123456789":
            assert any(_pixels(face, char)[face.ascent - 1]), char
            assert any(_pixels(face, char)[0]), char


def test_a_doubled_size_is_scale2x_of_the_single_one():
    for make, chars in (
        (font.text, font_data.TEXT_CHARS),
        (font.digits, font_data.DIGITS_CHARS),
    ):
        single, double = make(1), make(2)
        assert double.height == 2 * single.height and double.ascent == 2 * single.ascent
        for char in chars:
            assert _pixels(double, char) == _scale2x(_pixels(single, char)), char


def test_widths_add_up_with_gaps_between():
    for make in (font.text, font.digits):
        for scale in (1, 2):
            face = make(scale)
            one = face.width("0")
            assert face.width("") == 0
            assert face.width("00") == 2 * one + face.gap
            assert face.width("000") == 3 * one + 2 * face.gap
            assert one == face.glyph("0")[0]


def test_an_unknown_character_is_a_box_not_nothing():
    face = font.text(1)
    assert _pixels(face, "\u4e2d") == _pixels(face, font.UNKNOWN)
    assert _pixels(face, "\u2019") == _pixels(face, "'")
    assert _pixels(face, "\u2013") == _pixels(face, "-")
    assert _pixels(face, "\u00a0") == _pixels(face, " ")
    # The digits have no box: what is not in them is left to the text font by the layout.
    assert not font.digits(1).has("A")
    assert font.digits(1).glyph("A") == font.digits(1).glyph(" ")


def test_the_kept_glyphs_are_bounded():
    face = font.text(2)
    for char in ASCII + ASCII:
        face.glyph(char)
    assert len(face._ready) <= 64, len(face._ready)


def test_text_is_broken_at_spaces_and_nothing_is_lost():
    face = font.text(1)
    text = "Your new prices start on 1 December 2022."
    for width in (50, 60, 100, 122):
        lines = font.wrap(text, face, width)
        assert " ".join(lines) == text, lines
        assert all(face.width(line) <= width for line in lines), lines
    assert font.wrap(text, face, 1000) == [text]
    assert font.wrap("", face, 100) == [""]


def test_long_words_are_broken_and_nothing_is_lost():
    face = font.text(2)
    for text in ("W" * 116, "iiiiiiiiiiiiiiiiiiii" * 5, "a " + "M" * 50 + " b"):
        for width in (20, 57, 228):
            lines = font.wrap(text, face, width)
            assert "".join(lines).replace(" ", "") == text.replace(" ", ""), lines
            assert all(face.width(line) <= width for line in lines), lines


def test_lines_of_a_message_stay_lines():
    face = font.text(1)
    assert font.wrap("one\r\ntwo\n\nthree", face, 100) == ["one", "two", "", "three"]
