# AES-MMO (ZigBee, B.6): the hash of 16 octets that stands for a link key in a Device Log.
from smets.crypto.aes import Aes

_BLOCK = 16


def mmo(data: bytes) -> bytes:
    """The Matyas-Meyer-Oseas hash of up to 8,191 octets."""
    bits = 8 * len(data)
    padded = data + b"\x80" + bytes(-(len(data) + 3) % _BLOCK) + bits.to_bytes(2, "big")
    state = bytes(_BLOCK)
    block = bytearray(_BLOCK)
    for at in range(0, len(padded), _BLOCK):
        piece = padded[at : at + _BLOCK]
        Aes(state).encrypt_into(piece, block)
        state = bytes([one ^ other for one, other in zip(block, piece)])
    return state
