# The AES-GCM cipher of one message, or of one encrypted part: key and IV as GBCS makes them.
from smets.crypto.gcm import Gcm
from smets.crypto.kdf import derive


def cipher(secret: bytes, originator, cra: int, counter, target) -> Gcm:
    """The cipher of what `originator` sends to `target`; arguments as of kdf.derive. CryptoError.

    The key is derived from the shared secret; the IV is the originator, then four octets 00.
    """
    originator = bytes(originator)
    key = derive(secret, originator, cra, bytes(counter), bytes(target))
    return Gcm(key, originator + b"\x00\x00\x00\x00")
