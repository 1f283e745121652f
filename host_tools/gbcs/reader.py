"""A bounds-checked cursor over the octets of one message; every error names its offset."""

from __future__ import annotations

from host_tools.gbcs.errors import DecodeError


class Reader:
    """Reads big-endian and little-endian fields between `start` and `end` of `data`.

    Offsets in errors and in `pos` are offsets into `data`, whatever `start` is, so that a
    reader over part of a message still speaks of places in the whole message. `faults` takes what
    is wrong with a part and does not keep the rest from being read; parts share it.
    """

    __slots__ = ("data", "end", "faults", "pos", "space")

    def __init__(
        self,
        data: bytes,
        start: int = 0,
        end: int | None = None,
        space: str = "",
        faults: list[DecodeError] | None = None,
    ) -> None:
        self.data = data
        self.pos = start
        self.end = len(data) if end is None else end
        self.space = space
        self.faults: list[DecodeError] = [] if faults is None else faults

    def error(self, what: str, offset: int | None = None) -> DecodeError:
        """Make (not raise) a DecodeError at `offset`, or at the cursor."""
        return DecodeError(self.pos if offset is None else offset, what, self.space)

    def fault(self, what: str, offset: int | None = None) -> None:
        """Note what is wrong at `offset`, or at the cursor, and go on."""
        self.faults.append(self.error(what, offset))

    @property
    def left(self) -> int:
        """Octets between the cursor and the end."""
        return self.end - self.pos

    def take(self, count: int, what: str) -> bytes:
        """Take `count` octets."""
        if count > self.left:
            raise self.error(f"{what}: {count} octets needed, {self.left} left")
        start = self.pos
        self.pos += count
        return self.data[start : self.pos]

    def uint(self, count: int, what: str) -> int:
        """An unsigned big-endian integer of `count` octets."""
        return int.from_bytes(self.take(count, what), "big")

    def sint(self, count: int, what: str) -> int:
        """A signed (two's complement) big-endian integer of `count` octets."""
        return int.from_bytes(self.take(count, what), "big", signed=True)

    def uint_le(self, count: int, what: str) -> int:
        """An unsigned little-endian integer of `count` octets (ZCL)."""
        return int.from_bytes(self.take(count, what), "little")

    def sint_le(self, count: int, what: str) -> int:
        """A signed little-endian integer of `count` octets (ZCL)."""
        return int.from_bytes(self.take(count, what), "little", signed=True)

    def expect(self, octet: int, what: str) -> None:
        """Take one octet that must have the given value."""
        got = self.uint(1, what)
        if got != octet:
            raise self.error(f"{what} is 0x{got:02X}, expected 0x{octet:02X}", self.pos - 1)

    def length(self, what: str) -> int:
        """A BER/A-XDR length in its shortest form (one octet below 128, else 0x81..0x84)."""
        start = self.pos
        first = self.uint(1, what)
        if first < 0x80:
            return first
        count = first & 0x7F
        if not 1 <= count <= 4:
            raise self.error(f"{what}: length octet 0x{first:02X} is not valid", start)
        value = self.uint(count, what)
        if value < 0x80 or value >> (8 * (count - 1)) == 0:
            raise self.error(f"{what}: length {value} is not in its shortest form", start)
        return value

    def part(self, count: int, what: str) -> Reader:
        """A reader over the next `count` octets; the cursor moves past them."""
        start = self.pos
        self.take(count, what)
        return Reader(self.data, start, start + count, self.space, self.faults)

    def finish(self, what: str) -> None:
        """Raise if octets are left over."""
        if self.left:
            raise self.error(f"{self.left} trailing octets after {what}")


def encode_length(value: int) -> bytes:
    """The shortest BER/A-XDR encoding of a length."""
    if value < 0x80:
        return bytes([value])
    size = (value.bit_length() + 7) // 8
    return bytes([0x80 | size]) + value.to_bytes(size, "big")
