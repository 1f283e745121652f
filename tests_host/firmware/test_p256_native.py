# engines: cpython unix
# P-256 in machine code, where a board has it, and in Python: the same, and so at every edge.
# test_native_p256.py holds the same C against another implementation on a computer.
from binascii import unhexlify

from testkit import Skip, raises

from smets.crypto import ecdsa, p256

N = p256.N
EDGES = (1, 2, 3, 15, 16, 17, 31, 32, 1 << 128, (1 << 255) + 1, N >> 1, N - 16, N - 2, N - 1)


def native():
    if p256.native is None:
        raise Skip("no smets_p256 in this firmware")
    return p256.native


def octets(value):
    return value.to_bytes(32, "big")


def in_python(call, *args):
    kept = p256.native
    p256.native = None
    try:
        return call(*args)
    finally:
        p256.native = kept


def test_multiples():
    module = native()
    point = p256.public_key(octets(0x1234567))
    for k in EDGES:
        assert b"\x04" + module.multiply(octets(k), b"") == in_python(
            p256.public_key, octets(k)
        ), k
        expected = in_python(p256.shared_secret, octets(k), point)
        assert p256.shared_secret(octets(k), point) == expected, k


def test_signatures():
    native()
    for d in (1, 15, 31, (1 << 255) + 1, N - 1):
        for e in (bytes(32), octets(N), b"\xff" * 32, ecdsa.sha256(b"message")):
            signature = ecdsa.sign(octets(d), e)
            assert signature == in_python(ecdsa.sign, octets(d), e), d
            public = p256.public_key(octets(d))
            assert ecdsa.verify(public, e, signature), d
            for at in (0, 31, 32, 63):
                wrong = bytearray(signature)
                wrong[at] ^= 1
                assert not ecdsa.verify(public, e, wrong), (d, at)


def test_the_sum_at_infinity_and_the_sum_of_equal_points():
    module = native()
    # u1 G + u2 Q with Q = G: u1 = -u2 is infinity, u1 = u2 a doubling; r = s makes u2 = 1.
    base = p256.public_key(octets(1))[1:]
    r = int.from_bytes(p256.public_key(octets(2))[1:33], "big")
    assert not module.verify(base, octets(N - r), octets(r) * 2)
    assert module.verify(base, octets(r), octets(r) * 2)


def test_lengths():
    module = native()
    one = octets(1)
    for length in (0, 31, 33, 65):
        with raises(ValueError):
            module.multiply(bytes(length), b"")
        if length:
            with raises(ValueError):
                module.multiply(one, bytes(length))
        with raises(ValueError):
            module.sign(one, one, bytes(length))
        with raises(ValueError):
            module.verify(bytes(64), one, bytes(length))


def test_published_signature():
    # RFC 6979 A.2.5, "sample" with SHA-256.
    native()
    private = unhexlify("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
    assert ecdsa.sign(private, ecdsa.sha256(b"sample")) == unhexlify(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    )
