# AES-CCM* as ZigBee has it (053474, annex A): nonces of 13 octets, a MIC of 4 (ENC-MIC-32).
# The same as CCM (RFC 3610) with M = 4 and L = 2. Keys come as aes.Aes, made once.
from smets.compat import const
from smets.crypto import CryptoError, equal

MIC = const(4)  # octets
NONCE = const(13)

_FLAGS = b"\x49"  # of the first block: header, M = 4, L = 2
_COUNTER = b"\x01"  # flags of the counter blocks


def seal(aes, nonce: bytes, header: bytes, text: bytes) -> bytes:
    """The encrypted text and its MIC; the header (1 octet at least) is authenticated only."""
    return _crypt(aes, nonce, _mac(aes, nonce, header, text), text)


def open_sealed(aes, nonce: bytes, header: bytes, sealed: bytes) -> bytes:
    """The text of what `seal` made; CryptoError where key, nonce, header or octets differ."""
    end = len(sealed) - MIC
    if end < 0:
        raise CryptoError("CCM length")
    mixed = _crypt(aes, nonce, sealed[end:], sealed[:end])
    text = mixed[:end]
    if not equal(mixed[end:], _mac(aes, nonce, header, text)):
        raise CryptoError("CCM MIC")
    return text


def _mac(aes, nonce, header, text):
    """The CBC-MAC of it all, cut to the length of a MIC."""
    block = bytearray(_FLAGS + nonce + len(text).to_bytes(2, "big"))
    aes.encrypt_into(block, block)
    for part in (len(header).to_bytes(2, "big") + header, text):
        for at in range(0, len(part), 16):
            index = 0
            for octet in part[at : at + 16]:
                block[index] ^= octet
                index += 1
            aes.encrypt_into(block, block)
    return bytes(block[:MIC])


def _crypt(aes, nonce, mac, text):
    """The text and then the MAC, with the key stream: its first block is for the MAC."""
    size = len(text) + 31 & ~15
    stream = bytearray(size)
    for at in range(0, size, 16):
        stream[at : at + 16] = _COUNTER + nonce + (at >> 4).to_bytes(2, "big")
    aes.encrypt_into(stream, stream)
    mixed = bytearray(text + mac)
    for index in range(len(text)):
        mixed[index] ^= stream[16 + index]
    for index in range(MIC):
        mixed[len(text) + index] ^= stream[index]
    return bytes(mixed)
