# Cursor reader and writer over one buffer; every bound is checked here and nowhere else.
# GBCS headers and DLMS are big-endian, ZCL fields little-endian: the caller names the order.


class DecodeError(Exception):
    """Octets that do not fit their format: `offset` from the start of the buffer, and `what`."""

    def __init__(self, offset: int, what: str):
        super().__init__("offset %d: %s" % (offset, what))
        self.offset = offset
        self.what = what


class Reader:
    """Reads forward over `data` without copying it; raises DecodeError before passing the end."""

    def __init__(self, data, start: int = 0, end: int = -1):
        self.data = memoryview(data)
        self.pos = start
        self.end = len(self.data) if end < 0 else end

    def left(self) -> int:
        """Octets not read yet."""
        return self.end - self.pos

    def skip(self, count: int, what: str) -> int:
        """Pass over `count` octets and return the offset of the first of them."""
        start = self.pos
        if count > self.end - start:
            raise DecodeError(start, what + ": %d octets missing" % (count - self.end + start))
        self.pos = start + count
        return start

    def view(self, count: int, what: str) -> memoryview:
        """The next `count` octets, as a view of the buffer."""
        start = self.skip(count, what)
        return self.data[start : start + count]

    def u8(self, what: str) -> int:
        """The next octet."""
        return self.data[self.skip(1, what)]

    def be(self, count: int, what: str) -> int:
        """An unsigned big-endian integer of `count` octets."""
        return int.from_bytes(self.view(count, what), "big")

    def le(self, count: int, what: str) -> int:
        """An unsigned little-endian integer of `count` octets."""
        return int.from_bytes(self.view(count, what), "little")

    def expect(self, octet: int, what: str):
        """The next octet must be `octet`."""
        if self.u8(what) != octet:
            raise DecodeError(self.pos - 1, what + ": not %02X" % octet)

    def literal(self, octets, what: str):
        """The next octets must be these."""
        for octet in octets:
            self.expect(octet, what)

    def length(self, what: str) -> int:
        """A DLMS length, shortest form: one octet below 128, else 81 xx, 82 xx xx, 83 xx xx xx."""
        start = self.pos
        first = self.u8(what)
        if first < 0x80:
            return first
        count = first & 0x7F
        if not 1 <= count <= 3:
            raise DecodeError(start, what + ": bad length octet %02X" % first)
        value = self.be(count, what)
        if value < (0x80 if count == 1 else 1 << (8 * count - 8)):
            raise DecodeError(start, what + ": length not in its shortest form")
        return value

    def string(self, what: str) -> memoryview:
        """A length, then that many octets."""
        return self.view(self.length(what), what)

    def finish(self, what: str):
        """Nothing may be left."""
        if self.pos != self.end:
            raise DecodeError(self.pos, what + ": %d trailing octets" % (self.end - self.pos))


def length_size(value: int) -> int:
    """Octets that the DLMS length `value` takes (1 to 4)."""
    return 1 if value < 0x80 else 2 if value < 0x100 else 3 if value < 0x10000 else 4


def length_octets(value: int) -> bytes:
    """The DLMS length `value` in its shortest form."""
    size = length_size(value)
    if size == 1:
        return bytes((value,))
    return bytes((0x7F + size,)) + value.to_bytes(size - 1, "big")


class Writer:
    """Writes forward into one growing buffer that is kept between messages."""

    def __init__(self, size: int = 256):
        self.buffer = bytearray(size)
        self.pos = 0

    def reset(self):
        """Start again; the buffer stays as large as it has become."""
        self.pos = 0

    def room(self, count: int) -> int:
        """Make room for `count` octets, pass over them and return where they start."""
        start = self.pos
        need = start + count
        if need > len(self.buffer):
            self.buffer.extend(bytes(max(need - len(self.buffer), len(self.buffer) // 4)))
        self.pos = need
        return start

    def u8(self, value: int):
        """One octet."""
        self.buffer[self.room(1)] = value

    def be(self, value: int, count: int):
        """An unsigned big-endian integer of `count` octets."""
        start = self.room(count)
        self.buffer[start : start + count] = value.to_bytes(count, "big")

    def le(self, value: int, count: int):
        """An unsigned little-endian integer of `count` octets."""
        start = self.room(count)
        self.buffer[start : start + count] = value.to_bytes(count, "little")

    def put(self, data):
        """Octets as they are."""
        count = len(data)
        start = self.room(count)
        self.buffer[start : start + count] = data

    def length(self, value: int):
        """A DLMS length in its shortest form."""
        self.put(length_octets(value))

    def string(self, data):
        """A length, then the octets."""
        self.length(len(data))
        self.put(data)

    def view(self, start: int = 0) -> memoryview:
        """What has been written from `start` on; valid until the next write."""
        return memoryview(self.buffer)[start : self.pos]
