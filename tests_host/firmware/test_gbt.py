# engines: cpython unix
# General-Block-Transfer: blocks of a message, and the message of blocks.
from testkit import raises
from vectors import h

from smets.gbcs import gbt
from smets.gbcs.gbt import Assembler, BlockError, Blocks


class Message:
    """A stream of `length` octets, in chunks of some sizes over and over."""

    def __init__(self, length, *sizes):
        self.length = length
        self._sizes = sizes

    def octets(self):
        return bytes((index * 7 + index // 251) & 0xFF for index in range(self.length))

    def chunks(self):
        data = self.octets()
        at = 0
        turn = 0
        while at < len(data):
            size = self._sizes[turn % len(self._sizes)]
            yield data[at : at + size]
            at += size
            turn += 1


def blocks(message, size):
    return [bytes(apdu) for apdu in Blocks(message, size).apdus()]


def test_blocks_of_a_message():
    """spec: E0, block-control, block-number, block-number-ack, data (DLMS); project-choice: the
    window of 1 and streaming in all but the last block."""
    made = blocks(Message(120, 50), 64)
    # 64 octets have room for a head of 6, a length of one octet, and 57 octets.
    data = Message(120, 50).octets()
    assert made == [
        h("E0 41 0001 0000 39") + data[:57],
        h("E0 41 0002 0000 39") + data[57:114],
        h("E0 81 0003 0000 06") + data[114:],
    ]
    assert blocks(Message(57, 57), 64) == [h("E0 81 0001 0000 39") + data[:57]]
    assert blocks(Message(0, 1), 64) == [h("E0 81 0001 0000 00")]


def test_length_of_a_block_is_never_over_the_limit():
    for size in (64, 127, 128, 129, 133, 134, 135, 255, 256, 262, 263, 264, 1200):
        for length in (1, size - 9, size - 8, size - 7, size, 3 * size):
            made = blocks(Message(length, 100, 1, 33), size)
            assert max(len(apdu) for apdu in made) <= size
            assert len(made) == Blocks(Message(length, 1), size).count
            assert all(apdu[1] == 0x41 for apdu in made[:-1]) and made[-1][1] == 0x81


def test_message_comes_together_again():
    for size, length, sizes in (
        (64, 1000, (1,)),
        (64, 57 * 9, (57,)),
        (1200, 5000, (480, 12, 1)),
        (300, 299, (1000,)),
        (gbt.LIMIT, 4 * (gbt.LIMIT - 9), (gbt.LIMIT - 9,)),
    ):
        message = Message(length, *sizes)
        assembler = Assembler(length)
        got = None
        for apdu in Blocks(message, size).apdus():
            assert got is None and not assembler.complete
            got = assembler.take(apdu)
        assert got == message.octets() and assembler.complete


def test_one_block_of_a_message_is_in_memory():
    """The APDUs of a long message are made in one buffer: each is gone when the next comes."""

    class Long:
        length = 200000

        def chunks(self):
            piece = bytes(500)
            for _ in range(400):
                yield piece

    total = 0
    largest = 0
    for apdu in Blocks(Long(), 1200).apdus():
        largest = max(largest, len(apdu))
        total += len(apdu)
    assert largest == 1200
    count = -(-200000 // 1191)
    assert total == 200000 + 9 * count


def test_sizes_that_cannot_be():
    with raises(BlockError):
        Blocks(Message(10, 1), gbt.SMALLEST - 1)
    with raises(BlockError):
        Blocks(Message(65536 * 57, 1), 64)
    assert Blocks(Message(65535 * 57, 1), 64).count == 65535


def test_acknowledgement():
    """project-choice: a block without a number and data says how many have come."""
    assembler = Assembler(1000)
    assert assembler.acknowledgement() == h("E0 01 0000 0000 00")
    for number, apdu in enumerate(blocks(Message(150, 50), 64)[:2]):
        assert assembler.take(apdu) is None
        assert assembler.acknowledgement() == h("E0 01 0000 000%d 00" % (number + 1))


def test_blocks_that_make_no_message():
    first, second, last = blocks(Message(120, 50), 64)
    for wrong in (
        [second],
        [first, first],
        [first, last],
        [first, second, second],
        [first, second, last, last],
        [first, second[:-1]],
        [first, second + b"\x00"],
        [first, b"\xe1" + second[1:]],
        [first, b""],
        [first[:6] + b"\x81\x39" + first[7:]],
    ):
        assembler = Assembler(1000)
        with raises(BlockError):
            for apdu in wrong:
                assembler.take(apdu)
        with raises(BlockError):
            assembler.take(first)
    assembler = Assembler(113)
    assembler.take(first)
    with raises(BlockError) as caught:
        assembler.take(second)
    assert str(caught.error) == "message over 113 octets"
