# Fonts: proportional text of 7 rows (2 more below the baseline) and large digits of 20 rows.
# A size is doubled by Scale2x, which keeps the edges of slanted and round strokes smooth.
from smets.compat import const
from smets.screen import font_data

# Icons, characters of the text font.
BOLT = "\ue000"
FLAME = "\ue001"
LINK = "\ue002"
NO_LINK = "\ue003"
LETTER = "\ue004"
WARNING = "\ue005"

# The glyph in place of a character that no font has.
UNKNOWN = "\ufffd"

# Letters written by people and word processors, and what shows them.
_INSTEAD = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-"}
_INSTEAD.update({"\u2014": "-", "\u2212": "-", "\u00a0": " ", "\t": " "})

# Glyphs that are kept as they are drawn: those of a page or two.
_KEPT = const(64)

# Each bit of four, doubled in width with a gap: abcd -> 0a0b0c0d.
_SPREAD = bytes([(n & 1) | (n & 2) << 1 | (n & 4) << 2 | (n & 8) << 3 for n in range(16)])


class Face:
    """A font at one size. `height` is that of a line's ink, `ascent` that of capitals."""

    def __init__(self, chars: str, data: bytes, rows: int, ascent: int, scale: int):
        """`data` as in font_data, `scale` 1 or 2."""
        self.height = rows * scale
        self.ascent = ascent * scale
        self.gap = scale if rows < 12 else 2 * scale  # between two glyphs
        self._chars = chars
        self._data = data
        self._rows = rows
        self._scale = scale
        self._record = len(data) // len(chars)
        self._ready = {}

    def has(self, char: str) -> bool:
        """Whether the font has a glyph for a character."""
        return self._chars.find(char) >= 0

    def shows(self, text: str) -> bool:
        """Whether the font has a glyph for every character of a text."""
        return all(self.has(char) for char in text)

    def _at(self, char: str) -> int:
        index = self._chars.find(char)
        if index < 0:
            index = self._chars.find(_INSTEAD.get(char, UNKNOWN))
        return max(index, 0) * self._record

    def width(self, text: str) -> int:
        """Pixels that a text takes in one line."""
        total = 0
        for char in text:
            total += self._data[self._at(char)] * self._scale + self.gap
        return total - self.gap if text else 0

    def glyph(self, char: str) -> tuple:
        """(width, octets) of a character; rows as in MONO_HLSB, `height` of them."""
        at = self._at(char)
        octets = self._ready.get(at)
        if octets is None:
            if len(self._ready) == _KEPT:
                self._ready.clear()
            # Never the font's own octets: some framebufs take only what can be written to.
            octets = self._double(at) if self._scale == 2 else self._single(at)
            self._ready[at] = octets
        return self._data[at] * self._scale, octets

    def _single(self, at: int) -> bytearray:
        octets = bytearray(self._data[at + 1 : at + self._record])
        stride = len(octets) // self._rows
        used = (self._data[at] + 7) // 8
        if used < stride:
            octets = bytearray([octets[row * stride] for row in range(self._rows)])
        return octets

    def _double(self, at: int) -> bytearray:
        width = self._data[at]
        stride = (self._record - 1) // self._rows
        out = (2 * width + 7) // 8
        octets = bytearray(out * self.height)
        rows = [0]
        for row in range(self._rows):
            first = at + 1 + row * stride
            rows.append(int.from_bytes(self._data[first : first + stride], "big"))
        rows.append(0)
        shift = 8 * stride - width
        for row in range(self._rows):
            above, here, below = [bits >> shift for bits in rows[row : row + 3]]
            left = here >> 1
            right = here << 1 & (1 << width) - 1
            for part in (0, 1):
                # The rule for the pixels beside the row above; the other half mirrors it.
                near, far = (below, above) if part else (above, below)
                at_left = ~(left ^ near) & (near ^ right) & (left ^ far)
                at_right = ~(near ^ right) & (near ^ left) & (right ^ far)
                one = here & ~at_left | left & at_left
                two = here & ~at_right | right & at_right
                bits = _spread(one, width) << 1 | _spread(two, width)
                bits <<= 8 * out - 2 * width
                start = (2 * row + part) * out
                octets[start : start + out] = bits.to_bytes(out, "big")
        return octets


def _spread(bits: int, width: int) -> int:
    spread = 0
    for shift in range(0, width, 4):
        spread |= _SPREAD[bits >> shift & 15] << 2 * shift
    return spread


def text(scale: int) -> Face:
    """The text font; capitals are 7 rows high."""
    return Face(font_data.TEXT_CHARS, font_data.TEXT, font_data.TEXT_ROWS, 7, scale)


def digits(scale: int) -> Face:
    """Large digits, 20 rows high, with the pound sign; letters are not in it."""
    return Face(font_data.DIGITS_CHARS, font_data.DIGITS, font_data.DIGITS_ROWS, 20, scale)


def wrap(text: str, face: Face, width: int) -> list:
    """The lines of a text, none wider than `width`: broken at spaces, in a word if it must be."""
    lines = []
    for paragraph in text.replace("\r", "").split("\n"):
        line = ""
        for word in paragraph.split(" "):
            joined = line + " " + word if line else word
            if face.width(joined) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            while face.width(word) > width:
                count = len(word) - 1
                while count > 1 and face.width(word[:count]) > width:
                    count -= 1
                lines.append(word[:count])
                word = word[count:]
            line = word
        lines.append(line)
    return lines
