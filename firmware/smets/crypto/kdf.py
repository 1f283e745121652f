# The GBCS key derivation function: SP 800-56A 5.8.1 with SHA-256, one round, 16 octets.
# OtherInfo: algorithm || originator || transaction-id with its length octet || recipient.
import hashlib

from smets.crypto import CryptoError

_ROUND = b"\x00\x00\x00\x01"
_ALGORITHM = b"\x60\x85\x74\x06\x08\x03\x00"  # AES-GCM-128


def derive(z: bytes, originator: bytes, cra: int, counter: bytes, target: bytes) -> bytes:
    """Return the 16-octet key of one message.

    z: the shared secret, 32 octets. originator, target: EUI-64s of the message's grouping header.
    cra: 1 command, 2 response, 3 alert, 4 encryption. counter: 8 octets, big-endian.
    CryptoError for any other length, or a cra that is no octet.
    """
    if len(z) != 32 or len(originator) != 8 or len(counter) != 8 or len(target) != 8:
        raise CryptoError("KDF input length")
    if not 0 <= cra <= 255:
        raise CryptoError("KDF CRA flag")
    h = hashlib.sha256(_ROUND)
    for part in (z, _ALGORITHM, originator, bytes((9, cra)), counter, target):
        h.update(part)
    return h.digest()[:16]
