# engines: cpython unix
# AES-CCM* with a MIC of four octets: values of the `cryptography` package, and forgeries.
from testkit import raises
from vectors import h

from smets.crypto import CryptoError, aes, ccm

KEY = bytes(range(0x40, 0x50))
NONCE = bytes(range(0x10, 0x1D))

# Octets of header and text (7i and 11i + 3 modulo 256) and the last 20 octets of what AESCCM(KEY,
# tag_length=4) of the package `cryptography` makes of them; test_crypto_oracle.py asks it itself.
CASES = (
    (1, 0, "B4F5C525"),
    (14, 1, "4A75E4C0C1"),
    (27, 0, "898E4E17"),
    (29, 16, "4ABE66AA159BA540192799C1D5F218E6379C1A4A"),
    (29, 17, "BE66AA159BA540192799C1D5F218E6D91A9D9518"),
    (29, 63, "1B0CF207C37C0EA6B20C926DBCF712FED11401FE"),
    (30, 255, "E1DDE9F489481EB104CDA2E2AA6C3BE2C342CBBA"),
)


def case(header, text):
    return (
        bytes(7 * index & 255 for index in range(header)),
        bytes(11 * index + 3 & 255 for index in range(text)),
    )


def test_known_answers():
    for kind in (aes.Aes, aes.PureAes):
        for octets in CASES:
            header, text = case(octets[0], octets[1])
            sealed = ccm.seal(kind(KEY), NONCE, header, text)
            assert len(sealed) == len(text) + ccm.MIC
            assert sealed[-20:] == h(octets[2])
            assert ccm.open_sealed(kind(KEY), NONCE, header, sealed) == text


def test_whatever_differs_is_refused():
    cipher = aes.Aes(KEY)
    header, text = case(29, 21)
    sealed = ccm.seal(cipher, NONCE, header, text)
    for index in range(len(sealed)):
        forged = bytearray(sealed)
        forged[index] ^= 1 << index % 8
        with raises(CryptoError):
            ccm.open_sealed(cipher, NONCE, header, bytes(forged))
    for wrong in (
        (aes.Aes(bytes(reversed(KEY))), NONCE, header, sealed),
        (cipher, bytes(reversed(NONCE)), header, sealed),
        (cipher, NONCE, header[:-1], sealed),
        (cipher, NONCE, header + b"\x00", sealed),
        (cipher, NONCE, header, sealed[1:]),
        (cipher, NONCE, header, sealed[:-1]),
        (cipher, NONCE, header, sealed[:3]),
        (cipher, NONCE, header, b""),
    ):
        with raises(CryptoError):
            ccm.open_sealed(*wrong)
