# engines: cpython unix
# AES-128: published vectors for the AES in Python and for the one that the engine offers.
import gc
from binascii import unhexlify

from testkit import Skip, raises

from smets.crypto import CryptoError, aes

KINDS = (aes.PureAes, aes.Aes)

# Key, plaintext, ciphertext.
VECTORS = (
    # FIPS 197 B and C.1.
    "2b7e151628aed2a6abf7158809cf4f3c3243f6a8885a308d313198a2e03707343925841d02dc09fbdc118597196a0b32",
    "000102030405060708090a0b0c0d0e0f00112233445566778899aabbccddeeff69c4e0d86a7b0430d8cdb78070b4c55a",
    # SP 800-38A F.1.1.
    "2b7e151628aed2a6abf7158809cf4f3c6bc1bee22e409f96e93d7e117393172a3ad77bb40d7a3660a89ecaf32466ef97",
    "2b7e151628aed2a6abf7158809cf4f3cae2d8a571e03ac9c9eb76fac45af8e51f5d3d58503b9699de785895a96fdbaaf",
    "2b7e151628aed2a6abf7158809cf4f3c30c81c46a35ce411e5fbc1191a0a52ef43b1cd7f598ece23881b00e3ed030688",
    "2b7e151628aed2a6abf7158809cf4f3cf69f2445df4f9b17ad2b417be66c37107b0c785e27e8ad3f8223207104725dd4",
    # NIST AESAVS: GFSbox, KeySbox, VarTxt, VarKey.
    "00000000000000000000000000000000f34481ec3cc627bacd5dc3fb08f273e60336763e966d92595a567cc9ce537f5e",
    "10a58869d74be5a374cf867cfb473859000000000000000000000000000000006d251e6944b051e04eaa6fb4dbf78465",
    "00000000000000000000000000000000800000000000000000000000000000003ad78e726c1ec02b7ebfe92b23d9ec34",
    "80000000000000000000000000000000000000000000000000000000000000000edd33d3c621e546455bd8ba1418bec8",
)


def test_published():
    for kind in KINDS:
        for text in VECTORS:
            v = unhexlify(text)
            out = bytearray(16)
            kind(v[:16]).encrypt_into(v[16:32], out)
            assert out == v[32:], (kind, text)


def test_thousand_times():
    # NIST AESAVS, the Monte Carlo test of ECB, its first thousand.
    for kind in KINDS:
        cipher = kind(unhexlify("139a35422f1d61de3c91787fe0507afd"))
        block = bytearray(unhexlify("b9145a768b7dc489a096b546f43b231f"))
        for _ in range(1000):
            cipher.encrypt_into(block, block)
        assert block == unhexlify("d7c3ffac9031238650901e157364c386"), kind


def test_both_kinds_agree():
    key = bytearray(16)
    block = bytearray(16)
    other = bytearray(16)
    for _ in range(200):
        aes.PureAes(key).encrypt_into(block, other)
        aes.Aes(key).encrypt_into(block, block)
        assert block == other, key
        key, block = bytearray(block), key


def test_which_one_is_used():
    try:
        import cryptolib
    except ImportError:
        cryptolib = None
    expected = aes.CryptolibAes if cryptolib else aes.PureAes
    assert aes.Aes is expected, aes.Aes


def test_many_blocks_in_any_buffer():
    for kind in KINDS:
        cipher = kind(bytes(range(16)))
        data = bytes([i * 7 & 255 for i in range(80)])
        expected = bytearray(80)
        for at in range(0, 80, 16):
            one = bytearray(16)
            cipher.encrypt_into(data[at : at + 16], one)
            expected[at : at + 16] = one
        out = bytearray(82)
        cipher.encrypt_into(memoryview(data), memoryview(out)[1:81])
        assert out == b"\x00" + expected + b"\x00", kind
        same = bytearray(data)
        cipher.encrypt_into(same, same)
        assert same == expected, kind
        cipher.encrypt_into(b"", bytearray(0))


def test_lengths_are_checked():
    for kind in KINDS:
        for length in (0, 15, 17, 24, 32):
            with raises(CryptoError):
                kind(bytes(length))
        cipher = kind(bytes(16))
        for n, room in ((1, 16), (15, 16), (17, 32), (16, 15), (32, 16)):
            out = bytearray(room)
            with raises(CryptoError):
                cipher.encrypt_into(bytes(n), out)
            assert out == bytes(room), "written all the same"


def test_python_allocates_nothing_for_a_block():
    if not hasattr(gc, "mem_alloc"):
        raise Skip("this engine does not count what it allocates")
    cipher = aes.PureAes(bytes(16))
    block = bytearray(16)
    cipher.encrypt_into(block, block)
    gc.collect()
    used = []
    for rounds in (0, 100):
        before = gc.mem_alloc()
        for _ in range(rounds):
            cipher.encrypt_into(block, block)
        used.append(gc.mem_alloc() - before)
    assert used[0] == used[1], used
