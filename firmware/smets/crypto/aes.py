# AES-128, one direction (FIPS 197): all that GCM needs.
# `Aes` is cryptolib's where the board has it, else PureAes, whose look-ups are not constant-time.
from array import array

from smets.crypto import CryptoError


def _check(src, dst):
    if len(src) & 15 or len(dst) < len(src):
        raise CryptoError("AES block length")


class CryptolibAes:
    """AES-128 by MicroPython's cryptolib."""

    def __init__(self, key: bytes):
        """Take a key of 16 octets; CryptoError for any other length."""
        if len(key) != 16:
            raise CryptoError("AES key length")
        self._encrypt = cryptolib.aes(key, 1).encrypt  # 1 is ECB

    def encrypt_into(
        self, src: bytes | bytearray | memoryview, dst: bytearray | memoryview
    ) -> None:
        """Encrypt whole blocks of src into dst, which may be src; CryptoError if they misfit."""
        _check(src, dst)
        self._encrypt(src, dst)


class PureAes:
    """AES-128 in Python: no value above 16 bits, nothing allocated for a block."""

    def __init__(self, key: bytes):
        """Take a key of 16 octets; CryptoError for any other length."""
        if len(key) != 16:
            raise CryptoError("AES key length")
        if not _tables:
            _make_tables()
        w = array("H", bytes(176))  # 44 words, each in two halves
        for i in range(8):
            w[i] = key[2 * i] << 8 | key[2 * i + 1]
        for i in range(8, 88, 2):
            high = w[i - 2]
            low = w[i - 1]
            if not i & 7:
                turned = _SBOX[high >> 8]
                high = (_SBOX[high & 255] ^ _RCON[(i >> 3) - 1]) << 8 | _SBOX[low >> 8]
                low = _SBOX[low & 255] << 8 | turned
            w[i] = w[i - 8] ^ high
            w[i + 1] = w[i - 7] ^ low
        self._w = w
        self._s = array("H", bytes(16))

    def encrypt_into(
        self, src: bytes | bytearray | memoryview, dst: bytearray | memoryview
    ) -> None:
        """Encrypt whole blocks of src into dst, which may be src; CryptoError if they misfit."""
        _check(src, dst)
        for at in range(0, len(src), 16):
            self._block(src, dst, at)

    def _block(self, src, dst, at):
        # Each column is two halves, h (rows 0, 1) and l (rows 2, 3); SubBytes, ShiftRows and
        # MixColumns of a half are four look-ups.
        t11, t13, t21, t32 = _tables
        w = self._w
        s = self._s
        for i in range(8):
            s[i] = (src[at + 2 * i] << 8 | src[at + 2 * i + 1]) ^ w[i]
        h0 = s[0]
        l0 = s[1]
        h1 = s[2]
        l1 = s[3]
        h2 = s[4]
        l2 = s[5]
        h3 = s[6]
        l3 = s[7]
        for i in range(8, 80, 8):
            a = h0 >> 8
            b = h1 & 255
            c = l2 >> 8
            d = l3 & 255
            n0 = t21[a] ^ t32[b] ^ t13[c] ^ t11[d] ^ w[i]
            m0 = t13[a] ^ t11[b] ^ t21[c] ^ t32[d] ^ w[i + 1]
            a = h1 >> 8
            b = h2 & 255
            c = l3 >> 8
            d = l0 & 255
            n1 = t21[a] ^ t32[b] ^ t13[c] ^ t11[d] ^ w[i + 2]
            m1 = t13[a] ^ t11[b] ^ t21[c] ^ t32[d] ^ w[i + 3]
            a = h2 >> 8
            b = h3 & 255
            c = l0 >> 8
            d = l1 & 255
            n2 = t21[a] ^ t32[b] ^ t13[c] ^ t11[d] ^ w[i + 4]
            m2 = t13[a] ^ t11[b] ^ t21[c] ^ t32[d] ^ w[i + 5]
            a = h3 >> 8
            b = h0 & 255
            c = l1 >> 8
            d = l2 & 255
            n3 = t21[a] ^ t32[b] ^ t13[c] ^ t11[d] ^ w[i + 6]
            m3 = t13[a] ^ t11[b] ^ t21[c] ^ t32[d] ^ w[i + 7]
            h0 = n0
            l0 = m0
            h1 = n1
            l1 = m1
            h2 = n2
            l2 = m2
            h3 = n3
            l3 = m3
        s[0] = h0
        s[1] = l0
        s[2] = h1
        s[3] = l1
        s[4] = h2
        s[5] = l2
        s[6] = h3
        s[7] = l3
        for i in range(0, 8, 2):
            high = w[80 + i]
            low = w[81 + i]
            dst[at] = _SBOX[s[i] >> 8] ^ high >> 8
            dst[at + 1] = _SBOX[s[i + 2 & 7] & 255] ^ high & 255
            dst[at + 2] = _SBOX[s[i + 5 & 7] >> 8] ^ low >> 8
            dst[at + 3] = _SBOX[s[i + 7 & 7] & 255] ^ low & 255
            at += 4


try:
    import cryptolib

    Aes = CryptolibAes
except ImportError:
    Aes = PureAes

_tables = []  # 2 KB, made for the first PureAes: a board with cryptolib never pays


def _make_tables():
    # The S-box times (1, 1), (1, 3), (2, 1) and (3, 2) of MixColumns.
    once = _SBOX
    twice = bytes((v << 1) ^ (0x11B if v & 0x80 else 0) for v in once)
    thrice = bytes(once[i] ^ twice[i] for i in range(256))
    for left, right in ((once, once), (once, thrice), (twice, once), (thrice, twice)):
        _tables.append(array("H", (left[i] << 8 | right[i] for i in range(256))))


_RCON = b"\x01\x02\x04\x08\x10\x20\x40\x80\x1b\x36"

_SBOX = (
    b"\x63\x7c\x77\x7b\xf2\x6b\x6f\xc5\x30\x01\x67\x2b\xfe\xd7\xab\x76"
    b"\xca\x82\xc9\x7d\xfa\x59\x47\xf0\xad\xd4\xa2\xaf\x9c\xa4\x72\xc0"
    b"\xb7\xfd\x93\x26\x36\x3f\xf7\xcc\x34\xa5\xe5\xf1\x71\xd8\x31\x15"
    b"\x04\xc7\x23\xc3\x18\x96\x05\x9a\x07\x12\x80\xe2\xeb\x27\xb2\x75"
    b"\x09\x83\x2c\x1a\x1b\x6e\x5a\xa0\x52\x3b\xd6\xb3\x29\xe3\x2f\x84"
    b"\x53\xd1\x00\xed\x20\xfc\xb1\x5b\x6a\xcb\xbe\x39\x4a\x4c\x58\xcf"
    b"\xd0\xef\xaa\xfb\x43\x4d\x33\x85\x45\xf9\x02\x7f\x50\x3c\x9f\xa8"
    b"\x51\xa3\x40\x8f\x92\x9d\x38\xf5\xbc\xb6\xda\x21\x10\xff\xf3\xd2"
    b"\xcd\x0c\x13\xec\x5f\x97\x44\x17\xc4\xa7\x7e\x3d\x64\x5d\x19\x73"
    b"\x60\x81\x4f\xdc\x22\x2a\x90\x88\x46\xee\xb8\x14\xde\x5e\x0b\xdb"
    b"\xe0\x32\x3a\x0a\x49\x06\x24\x5c\xc2\xd3\xac\x62\x91\x95\xe4\x79"
    b"\xe7\xc8\x37\x6d\x8d\xd5\x4e\xa9\x6c\x56\xf4\xea\x65\x7a\xae\x08"
    b"\xba\x78\x25\x2e\x1c\xa6\xb4\xc6\xe8\xdd\x74\x1f\x4b\xbd\x8b\x8a"
    b"\x70\x3e\xb5\x66\x48\x03\xf6\x0e\x61\x35\x57\xb9\x86\xc1\x1d\x9e"
    b"\xe1\xf8\x98\x11\x69\xd9\x8e\x94\x9b\x1e\x87\xe9\xce\x55\x28\xdf"
    b"\x8c\xa1\x89\x0d\xbf\xe6\x42\x68\x41\x99\x2d\x0f\xb0\x54\xbb\x16"
)
