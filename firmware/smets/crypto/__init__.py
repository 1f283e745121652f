# Cryptography of GBCS: P-256 key agreement and signatures, the KDF, AES-128-GCM. One module each.
# Only what all of them share is here, so that importing the package costs next to nothing.


class CryptoError(Exception):
    """A key, point, nonce, length or tag that must be refused. Carries no secret."""


def equal(a: bytes, b: bytes) -> bool:
    """Compare two buffers; the time taken depends on their lengths only."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0
