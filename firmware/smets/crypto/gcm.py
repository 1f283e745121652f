# AES-128-GCM with 96-bit IVs (SP 800-38D), streaming, in bounded memory.
# pyright: reportCallIssue=false
from smets.compat import const
from smets.crypto import CryptoError, equal
from smets.crypto.aes import Aes
from smets.crypto.ghash import absorb, mix, prepare

_BLOCK = const(16)
_STREAM = const(64)  # octets of key stream at a time
_TAG = const(12)  # octets: every tag of GBCS

_AAD = const(0)  # what may come next
_DATA = const(1)
_DONE = const(2)


class Gcm:
    """One message: update_aad any number of times, then data, then the tag.

    Chunks may have any length. CryptoError for calls in another order.
    """

    def __init__(self, key: bytes, iv: bytes):
        """Take a key of 16 octets and an IV of 12; CryptoError for other lengths."""
        if len(iv) != 12:
            raise CryptoError("GCM IV length")
        self._aes = Aes(key)
        first = bytearray(32)  # the zero block and the first counter block
        first[16:28] = iv
        first[31] = 1
        self._aes.encrypt_into(first, first)
        self._iv = bytes(iv)
        self._mask = memoryview(first)[16:]
        self._table = prepare(memoryview(first)[:16])
        self._hash = bytearray(_BLOCK)
        self._buffer = memoryview(bytearray(_BLOCK))
        self._filled = 0
        self._stream = memoryview(b"")  # key stream: grows with the first data
        self._stream_at = 0
        self._stream_end = 0
        self._counter = 2
        self._aad_octets = 0
        self._data_octets = 0
        self._next = _AAD
        self._tag = b""

    def update_aad(self, data: bytes | bytearray | memoryview) -> None:
        """Authenticate more additional data; CryptoError once data has begun."""
        if self._next != _AAD:
            raise CryptoError("GCM order")
        self._aad_octets += len(data)
        self._absorb(data)

    def encrypt_into(
        self, data: bytes | bytearray | memoryview, out: bytearray | memoryview
    ) -> None:
        """Encrypt more data into the start of out, which may be data itself."""
        self._take_data(len(data), len(out))
        self._crypt(data, out)
        self._absorb(memoryview(out)[: len(data)])

    def decrypt_into(
        self, data: bytes | bytearray | memoryview, out: bytearray | memoryview
    ) -> None:
        """Decrypt more data into the start of out, which may be data itself.

        Not to be used before the tag has been compared: open_sealed takes care of that.
        """
        self._take_data(len(data), len(out))
        self._absorb(data)
        self._crypt(data, out)

    def tag(self, length: int = _TAG) -> bytes:
        """End the message and return its tag, 12 to 16 octets (CryptoError for others)."""
        if not 12 <= length <= 16:
            raise CryptoError("GCM tag length")
        if self._next != _DONE:
            self._pad()
            self._next = _DONE
            self._absorb((self._aad_octets << 67 | self._data_octets << 3).to_bytes(16, "big"))
            mix(self._hash, self._mask, self._hash, _BLOCK)
            self._tag = bytes(self._hash)
        return self._tag[:length]

    def tag_into(self, out: bytearray | memoryview) -> None:
        """End the message and fill out, 12 to 16 octets, with its tag."""
        out[:] = self.tag(len(out))

    def _take_data(self, length, room):
        if self._next == _DONE:
            raise CryptoError("GCM order")
        if room < length:
            raise CryptoError("GCM room")
        if self._next == _AAD:
            self._pad()
            self._next = _DATA
        self._data_octets += length

    def _crypt(self, data, out):
        view = memoryview(data)
        at = 0
        while at < len(view):
            if self._stream_at == self._stream_end:
                self._fill_stream(len(view) - at)
            n = min(len(view) - at, self._stream_end - self._stream_at)
            stream = self._stream[self._stream_at : self._stream_at + n]
            mix(view[at : at + n], stream, memoryview(out)[at : at + n], n)
            self._stream_at += n
            at += n

    def _fill_stream(self, wanted):
        if not len(self._stream):
            self._stream = memoryview(bytearray(_STREAM))
        end = min(wanted + 15 & ~15, _STREAM)
        for at in range(0, end, 16):
            self._stream[at : at + 12] = self._iv
            self._stream[at + 12 : at + 16] = self._counter.to_bytes(4, "big")
            self._counter += 1
        self._aes.encrypt_into(self._stream[:end], self._stream[:end])
        self._stream_at = 0
        self._stream_end = end

    def _pad(self):
        self._absorb(bytes(-self._filled & 15))

    def _absorb(self, data):
        view = memoryview(data)
        at = 0
        if self._filled:
            at = min(_BLOCK - self._filled, len(view))
            self._buffer[self._filled : self._filled + at] = view[:at]
            self._filled += at
            if self._filled < _BLOCK:
                return
            absorb(self._hash, self._table, self._buffer, 1)
        count = len(view) - at >> 4
        absorb(self._hash, self._table, view[at:], count)
        at += count << 4
        self._filled = len(view) - at
        self._buffer[: self._filled] = view[at:]


def seal(key: bytes, iv: bytes, aad: bytes, plaintext: bytes) -> tuple:
    """Return (ciphertext, tag of 12 octets)."""
    gcm = Gcm(key, iv)
    gcm.update_aad(aad)
    out = bytearray(len(plaintext))
    gcm.encrypt_into(plaintext, out)
    return bytes(out), gcm.tag()


def open_sealed(key: bytes, iv: bytes, aad: bytes, ciphertext: bytes, tag: bytes) -> bytes:
    """Return the plaintext; CryptoError, and nothing decrypted, unless the 12-octet tag fits."""
    check = Gcm(key, iv)
    check.update_aad(aad)
    check._take_data(len(ciphertext), len(ciphertext))
    check._absorb(ciphertext)
    if not equal(check.tag(), tag):
        raise CryptoError("GCM tag")
    out = bytearray(len(ciphertext))
    check._crypt(ciphertext, out)
    return bytes(out)


def mac(key: bytes, iv: bytes, *aad_parts: bytes) -> bytes:
    """Return the tag (12 octets) of additional data alone, its parts put together."""
    gcm = Gcm(key, iv)
    for part in aad_parts:
        gcm.update_aad(part)
    return gcm.tag()
