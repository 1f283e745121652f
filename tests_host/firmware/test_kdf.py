# engines: cpython unix
# The GBCS key derivation. The expected keys were computed with another implementation.
import hashlib
from binascii import hexlify

from testkit import raises

from smets.crypto import CryptoError, kdf

Z = bytes(range(32))
ORIGINATOR = b"\x0a\x0b\x0c\x0d\x0e\x0f\x00\x01"
TARGET = b"\x00\x11\x22\x33\x44\x55\x66\x77"
COUNTER = b"\x00\x00\x00\x00\x00\x00\x03\xe8"
# CRA flag and key.
KEYS = (
    (1, b"d5741b5a6e3ebf65af05ec0aea66c432"),
    (2, b"d91dc65e43b7c6836699b97570ad8831"),
    (3, b"4440ec705fa874d4c112fa4dac27f4f9"),
    (4, b"c08b5a95126e58eaca0da2c8574241ef"),
)


def test_derive_is_one_hash_of_the_documented_octets():
    """spec: SP 800-56A concatenation KDF, OtherInfo in the order of GBCS."""
    for cra in range(1, 5):
        text = b"\x00\x00\x00\x01" + Z + b"\x60\x85\x74\x06\x08\x03\x00" + ORIGINATOR
        text += b"\x09" + bytes([cra]) + COUNTER + TARGET
        assert len(text) == 4 + 32 + 33, "length"
        expected = hashlib.sha256(text).digest()[:16]
        assert kdf.derive(Z, ORIGINATOR, cra, COUNTER, TARGET) == expected, cra


def test_derive_known_keys():
    for cra, key in KEYS:
        assert hexlify(kdf.derive(Z, ORIGINATOR, cra, COUNTER, TARGET)) == key, cra


def test_derive_depends_on_every_input():
    keys = {
        kdf.derive(Z, ORIGINATOR, 1, COUNTER, TARGET),
        kdf.derive(Z, ORIGINATOR, 2, COUNTER, TARGET),
        kdf.derive(Z, TARGET, 1, COUNTER, ORIGINATOR),
        kdf.derive(Z, ORIGINATOR, 1, TARGET, COUNTER),
        kdf.derive(Z[:31] + b"\x00", ORIGINATOR, 1, COUNTER, TARGET),
        kdf.derive(Z, ORIGINATOR, 1, COUNTER[:7] + b"\xe9", TARGET),
    }
    assert len(keys) == 6, "two inputs gave one key"


def test_derive_takes_memoryviews():
    views = [memoryview(v) for v in (Z, ORIGINATOR, COUNTER, TARGET)]
    expected = kdf.derive(Z, ORIGINATOR, 2, COUNTER, TARGET)
    assert kdf.derive(views[0], views[1], 2, views[2], views[3]) == expected, "memoryviews"


def test_derive_refuses_other_lengths():
    for z, o, cra, c, t in (
        (Z[:31], ORIGINATOR, 1, COUNTER, TARGET),
        (Z + b"\x00", ORIGINATOR, 1, COUNTER, TARGET),
        (b"", ORIGINATOR, 1, COUNTER, TARGET),
        (Z, ORIGINATOR[:7], 1, COUNTER, TARGET),
        (Z, ORIGINATOR, 1, COUNTER + b"\x00", TARGET),
        (Z, ORIGINATOR, 1, COUNTER, b""),
        (Z, ORIGINATOR, 256, COUNTER, TARGET),
        (Z, ORIGINATOR, -1, COUNTER, TARGET),
    ):
        with raises(CryptoError):
            kdf.derive(z, o, cra, c, t)
