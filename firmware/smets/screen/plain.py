# The part of MicroPython's framebuf that canvas.py uses, for engines without it. Names and pixels
# are the same. Formats as in framebuf: MONO_VLSB, RGB565 (low octet first), GS4_HMSB, MONO_HLSB.

MONO_VLSB = 0
RGB565 = 1
GS4_HMSB = 2
MONO_HLSB = 3


class FrameBuffer:
    """Pixels in a buffer, row by row; what lies outside is not drawn."""

    def __init__(self, buffer, width: int, height: int, kind: int):
        self._octets = memoryview(buffer)
        self._width = width
        self._height = height
        self._kind = kind
        if kind == RGB565:
            self._stride = 2 * width
        elif kind == GS4_HMSB:
            self._stride = (width + 1) // 2
        else:
            self._stride = width if kind == MONO_VLSB else (width + 7) // 8

    def _get(self, x: int, y: int) -> int:
        octets = self._octets
        if self._kind == MONO_HLSB:
            return octets[y * self._stride + (x >> 3)] >> (7 - (x & 7)) & 1
        if self._kind == MONO_VLSB:
            return octets[(y >> 3) * self._stride + x] >> (y & 7) & 1
        if self._kind == GS4_HMSB:
            return octets[y * self._stride + (x >> 1)] >> (0 if x & 1 else 4) & 15
        at = y * self._stride + 2 * x
        return octets[at] | octets[at + 1] << 8

    def _set(self, x: int, y: int, colour: int):
        octets = self._octets
        if self._kind == MONO_VLSB:
            at = (y >> 3) * self._stride + x
            bit = 1 << (y & 7)
            octets[at] = octets[at] | bit if colour else octets[at] & ~bit
        elif self._kind == MONO_HLSB:
            at = y * self._stride + (x >> 3)
            bit = 0x80 >> (x & 7)
            octets[at] = octets[at] | bit if colour else octets[at] & ~bit
        elif self._kind == GS4_HMSB:
            at = y * self._stride + (x >> 1)
            old = octets[at]
            octets[at] = old & 0xF0 | colour & 15 if x & 1 else old & 15 | (colour & 15) << 4
        else:
            at = y * self._stride + 2 * x
            octets[at] = colour & 0xFF
            octets[at + 1] = colour >> 8 & 0xFF

    def pixel(self, x: int, y: int, colour: int):
        """Set one pixel."""
        if 0 <= x < self._width and 0 <= y < self._height:
            self._set(x, y, colour)

    def fill(self, colour: int):
        """Set every pixel."""
        if self._kind == GS4_HMSB:
            self._octets[:] = bytes(((colour & 15) * 17,)) * len(self._octets)
        else:
            self.fill_rect(0, 0, self._width, self._height, colour)

    def fill_rect(self, x: int, y: int, width: int, height: int, colour: int):
        """Set the pixels of a rectangle."""
        right = min(x + width, self._width)
        bottom = min(y + height, self._height)
        x = max(x, 0)
        for row in range(max(y, 0), bottom):
            first, last = x, right
            if self._kind == GS4_HMSB and last - first > 3:
                # Whole octets at once; what is left at the ends below.
                start, end = (first + 1) >> 1, last >> 1
                at = row * self._stride
                self._octets[at + start : at + end] = bytes(((colour & 15) * 17,)) * (end - start)
                if first & 1:
                    self._set(first, row, colour)
                first = end << 1
            for column in range(first, last):
                self._set(column, row, colour)

    def blit(self, source, x: int, y: int, key: int = -1, palette=None):
        """Copy another one's pixels, through the palette's first row, but those of colour key."""
        if source._kind == GS4_HMSB and self._kind == RGB565 and palette and key < 0 and x == 0:
            if source._width == self._width and not self._width & 1:
                self._expand(source, y, palette)
                return
        for row in range(max(0, -y), min(source._height, self._height - y)):
            for column in range(max(0, -x), min(source._width, self._width - x)):
                colour = source._get(column, row)
                if palette is not None:
                    colour = palette._get(colour, 0)
                if colour != key:
                    self._set(x + column, y + row, colour)

    def _expand(self, source, y: int, palette):
        """Copy rows of 4-bit pixels as 16-bit colours, an octet at a time."""
        colours = [palette._get(colour, 0).to_bytes(2, "little") for colour in range(16)]
        pairs = [colours[octet >> 4] + colours[octet & 15] for octet in range(256)]
        for row in range(max(0, -y), min(source._height, self._height - y)):
            octets = source._octets[row * source._stride : (row + 1) * source._stride]
            at = (y + row) * self._stride
            self._octets[at : at + self._stride] = b"".join([pairs[octet] for octet in octets])
