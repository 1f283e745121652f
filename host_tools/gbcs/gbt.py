"""General-Block-Transfer (DLMS, tag E0): a long message in numbered blocks, cut and joined.

A block is E0, block-control (bit 7: the last one, bit 6: more follow unasked), block-number,
block-number-ack (16 bits each), and a length with that many octets of the message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader, encode_length

__all__ = ["LIMIT", "TAG", "Assembler", "acknowledged", "cut", "is_last", "join", "split"]

# Longest message that goes whole on a link with the limit of GBCS: secondary evidence only.
LIMIT = 1200

TAG = 0xE0
_LAST = 0x80
_STREAMING = 0x40
_HEAD = 6


class Assembler:
    """Joins the blocks of one message after the other."""

    def __init__(self) -> None:
        self._message = bytearray()
        self._number = 0

    def take(self, block: bytes) -> bytes | None:
        """Take the next block; the message with its last one. DecodeError for any other block."""
        reader = Reader(block)
        reader.expect(TAG, "General-Block-Transfer tag")
        control = reader.uint(1, "block-control")
        start = reader.pos
        number = reader.uint(2, "block-number")
        reader.uint(2, "block-number-ack")
        data = reader.take(reader.length("length of block-data"), "block-data")
        reader.finish("the block")
        if number != self._number + 1:
            raise reader.error(f"block {number} after block {self._number}", start)
        self._number = number
        self._message += data
        if not control & _LAST:
            return None
        message = bytes(self._message)
        self._message.clear()
        self._number = 0
        return message


def acknowledged(block: bytes) -> int | None:
    """How many blocks a block without number and data acknowledges; None for any other block."""
    if len(block) == _HEAD + 1 and block[0] == TAG and block[2:4] == b"\0\0" and not block[6]:
        return int.from_bytes(block[4:6], "big")
    return None


def cut(octets: bytes) -> Iterator[bytes]:
    """Cut octets into the blocks that follow each other in them; what is no block comes last."""
    reader = Reader(octets)
    while reader.left:
        start = reader.pos
        try:
            reader.expect(TAG, "General-Block-Transfer tag")
            reader.take(_HEAD - 1, "numbers of a block")
            reader.take(reader.length("length of block-data"), "block-data")
        except DecodeError:
            reader.pos = reader.end
        yield octets[start : reader.pos]


def is_last(block: bytes) -> bool:
    """Whether a block says that it is the last one."""
    return len(block) > 1 and bool(block[1] & _LAST)


def join(blocks: Iterable[bytes]) -> bytes:
    """The message of these blocks, all of them and no more; DecodeError."""
    assembler = Assembler()
    message: bytes | None = None
    for block in blocks:
        if message is not None:
            raise DecodeError(0, "a block after the last one")
        message = assembler.take(block)
    if message is None:
        raise DecodeError(0, "the last block is missing")
    return message


def split(message: bytes, size: int = LIMIT) -> Iterator[bytes]:
    """Yield the blocks of a message, each of at most `size` octets in all."""
    room = size - _HEAD - len(encode_length(size))
    if room < 1:
        raise ValueError(f"blocks of {size} octets have no room for data")
    count = max(1, -(-len(message) // room))
    for index in range(count):
        data = message[index * room : (index + 1) * room]
        control = (_LAST if index == count - 1 else _STREAMING) | 1
        numbers = (index + 1).to_bytes(2, "big") + bytes(2)
        yield bytes([TAG, control]) + numbers + encode_length(len(data)) + data
