# General-Block-Transfer (DLMS tag E0): a long message cut into blocks, or put together again.
# GBCS 7.2.11 sends large remote party messages this way; its text was not available.
from smets.codec import DecodeError, Reader, Writer, length_size
from smets.compat import const

# project-choice: the longest message, in octets, that a link with this limit carries whole. A
# longer one goes in streamed APDUs of at most as many octets. The evidence is secondary: public
# GBCS code uses buffers of this size. So a link carries messages whole until CTRL:LINK sets a
# limit. Alternatives: any other size; blocks that wait for an acknowledgement each.
LIMIT = const(1200)
# Least size of an APDU: its head and a useful amount of data.
SMALLEST = const(64)

_TAG = const(0xE0)
_LAST = const(0x80)  # of block-control: the last block
_STREAMING = const(0x40)  # more blocks follow without waiting for an acknowledgement
_WINDOW = const(1)  # blocks that the sender takes in return
_MOST = const(0xFFFF)  # block numbers have 16 bits
_HEAD = const(6)  # tag, control, number, acknowledged number


class BlockError(Exception):
    """Blocks that do not make a message; the text says why."""


class Blocks:
    """A message (`length`, `chunks()`) as a sequence of APDUs of at most `size` octets.

    It is streamed: only one block of the message is in memory.
    """

    def __init__(self, message, size: int = LIMIT):
        """BlockError for a size below SMALLEST, or one that makes more than 65,535 blocks."""
        if size < SMALLEST:
            raise BlockError("blocks under %d octets" % SMALLEST)
        self._message = message
        self.room = size - _HEAD - length_size(size)  # octets of the message in a block
        self.count = max(-(-message.length // self.room), 1)
        if self.count > _MOST:
            raise BlockError("more than 65,535 blocks")

    def apdus(self):
        """Yield each APDU, which is valid until the next one is asked for."""
        block = bytearray(min(self.room, self._message.length))
        number = 1
        filled = 0
        for chunk in self._message.chunks():
            done = 0
            chunk = memoryview(chunk)
            while done < len(chunk):
                if filled == self.room:
                    yield self._apdu(block, filled, number)
                    number += 1
                    filled = 0
                taken = min(len(chunk) - done, self.room - filled)
                block[filled : filled + taken] = chunk[done : done + taken]
                filled += taken
                done += taken
        yield self._apdu(block, filled, number)

    def _apdu(self, block, filled: int, number: int):
        last = number == self.count
        writer = Writer(_HEAD + 4 + filled)
        writer.u8(_TAG)
        writer.u8((_LAST if last else _STREAMING) | _WINDOW)
        writer.be(number, 2)
        writer.be(0, 2)
        writer.string(memoryview(block)[:filled])
        return writer.view()


class Assembler:
    """Puts the APDUs of one message together."""

    def __init__(self, limit: int):
        """Take a message of up to `limit` octets."""
        self._limit = limit
        self._message = bytearray()
        self._number = 0
        self.complete = False  # or failed: it takes no more

    def acknowledgement(self) -> bytes:
        """The APDU that says how many blocks have come."""
        head = bytes((_TAG, _WINDOW, 0, 0))
        return head + self._number.to_bytes(2, "big") + b"\x00"

    def take(self, apdu):
        """Take the next APDU, in order; returns the message with the last one, else None.

        BlockError, and the message is lost, for one that is malformed or out of turn, or for a
        message that is too long.
        """
        try:
            return self._take(Reader(apdu))
        except DecodeError as error:
            self.complete = True
            raise BlockError(str(error))
        except BlockError:
            self.complete = True
            raise

    def _take(self, reader):
        if self.complete:
            raise BlockError("a block after the last one")
        reader.expect(_TAG, "General-Block-Transfer")
        control = reader.u8("block-control")
        number = reader.be(2, "block-number")
        reader.be(2, "block-number-ack")
        data = reader.string("block-data")
        reader.finish("block")
        if number != self._number + 1:
            raise BlockError("block %d after block %d" % (number, self._number))
        if len(self._message) + len(data) > self._limit:
            raise BlockError("message over %d octets" % self._limit)
        self._number = number
        self._message.extend(data)
        if not control & _LAST:
            return None
        self.complete = True
        return self._message
