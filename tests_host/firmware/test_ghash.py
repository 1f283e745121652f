# engines: cpython unix
# GHASH in machine code and in Python are the same, and what SP 800-38D says.
import sys
from binascii import unhexlify

from smets import compat
from smets.crypto import ghash

H = unhexlify("66e94bd4ef8a2c3b884cfa59ca342b2e")  # of the GCM submission's test case 2
TWINS = (
    (ghash.prepare, ghash.absorb, ghash.mix),
    (ghash.prepare_python, ghash.absorb_python, ghash.mix_python),
)


def random_octets(length, seed):
    out = bytearray(length)
    for i in range(length):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        out[i] = seed >> 16 & 255
    return bytes(out)


def product(x, h):
    # SP 800-38D algorithm 1, bit by bit.
    x = int.from_bytes(x, "big")
    v = int.from_bytes(h, "big")
    z = 0
    for i in range(127, -1, -1):
        if x >> i & 1:
            z ^= v
        v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
    return z.to_bytes(16, "big")


def test_a_port_with_a_viper_emitter_has_machine_code():
    if sys.implementation.name == "micropython":
        assert ghash.absorb is not ghash.absorb_python


def test_published_ghash():
    # The submission's test case 2: one block of ciphertext and the block of lengths.
    blocks = unhexlify("0388dace60b6a392f328c2b971b2fe78" + "00" * 14 + "0080")
    for prepare, absorb, _ in TWINS:
        y = bytearray(16)
        absorb(y, prepare(H), blocks, 2)
        assert y == unhexlify("f38cbb1ad69223dcc3457ae5b6b0f885"), y


def test_every_single_bit():
    # Each bit of a block, each bit of the key: what linearity rests on, and each carry.
    for bit in range(128):
        one = (1 << bit).to_bytes(16, "big")
        for other in (b"\x80" + bytes(15), bytes(15) + b"\x01", b"\xff" * 16, H):
            for x, h in ((one, other), (other, one)):
                expected = product(x, h)
                for prepare, absorb, _ in TWINS:
                    y = bytearray(16)
                    absorb(y, prepare(h), x, 1)
                    assert y == expected, (bit, other)


def test_blocks_in_a_row_and_only_those():
    for count in range(6):
        h = random_octets(16, count + 1)
        data = random_octets(16 * count + 5, count + 11)
        expected = random_octets(16, count + 21)
        start = expected
        for i in range(count):
            mixed = bytes(a ^ b for a, b in zip(expected, data[16 * i : 16 * i + 16]))
            expected = product(mixed, h)
        for prepare, absorb, _ in TWINS:
            y = bytearray(start)
            absorb(y, prepare(memoryview(h)), memoryview(data), count)
            assert y == expected, count


def test_mix_in_place_and_no_further():
    data = random_octets(40, 3)
    stream = random_octets(40, 4)
    for count in (0, 1, 15, 16, 40):
        for _, _, mix in TWINS:
            out = bytearray(data)
            mix(memoryview(out), stream, memoryview(out), count)
            assert out[:count] == bytes(a ^ b for a, b in zip(data, stream[:count])), count
            assert out[count:] == data[count:], count


def test_the_threshold_is_off_meanwhile_and_back_afterwards():
    threshold = getattr(compat.gc, "threshold", None)
    if threshold is None:
        assert compat.uncollected(max, 1, 2) == 2
        return

    def fail():
        assert threshold() == -1
        raise ValueError("in the midst")

    before = threshold()
    try:
        threshold(20480)
        assert compat.uncollected(lambda a: (a, threshold()), 7) == (7, -1)
        assert threshold() == 20480
        try:
            compat.uncollected(fail)
        except ValueError as error:
            assert error.args == ("in the midst",)
        else:
            raise AssertionError("no exception")
        assert threshold() == 20480
    finally:
        threshold(before)
