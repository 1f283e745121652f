# AES-128-GCM with 96-bit IVs (SP 800-38D), streaming, in bounded memory.
# GHASH works on 4 blocks at a time, as the 256-bit lanes of one big integer: see _multiply.
from smets.compat import const
from smets.crypto import CryptoError, equal
from smets.crypto.aes import Aes

_BATCH = const(64)  # octets: one block a lane
_HALF = const(512)  # bits of 2 lanes
_TAG = const(12)  # octets: every tag of GBCS

_AAD = const(0)  # what may come next
_DATA = const(1)
_DONE = const(2)

_LOW_127 = int.from_bytes((bytes(16) + b"\x7f" + b"\xff" * 15) * 4, "big")
_LOW_128 = int.from_bytes((bytes(16) + b"\xff" * 16) * 4, "big")
_SQUARES = b"\x00\x01\x04\x05\x10\x11\x14\x15\x40\x41\x44\x45\x50\x51\x54\x55"


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
        self._mask = int.from_bytes(memoryview(first)[16:], "big")
        self._powers = [_digits(int.from_bytes(memoryview(first)[:16], "big"))]
        self._lanes = 0
        self._buffer = memoryview(bytearray(_BATCH))
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
            self._tag = (self._hash() ^ self._mask).to_bytes(16, "big")
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
            mixed = int.from_bytes(view[at : at + n], "big") ^ int.from_bytes(stream, "big")
            out[at : at + n] = mixed.to_bytes(n, "big")
            self._stream_at += n
            at += n

    def _fill_stream(self, wanted):
        if not len(self._stream):
            self._stream = memoryview(bytearray(_BATCH))
        end = min(wanted + 15 & ~15, _BATCH)
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
            at = min(_BATCH - self._filled, len(view))
            self._buffer[self._filled : self._filled + at] = view[:at]
            self._filled += at
            if self._filled < _BATCH:
                return
            self._batch(self._buffer)
        while len(view) - at >= _BATCH:
            self._batch(view[at : at + _BATCH])
            at += _BATCH
        self._filled = len(view) - at
        self._buffer[: self._filled] = view[at:]

    def _batch(self, blocks):
        # Horner's rule in each lane: lanes * H^4 + blocks.
        x = int.from_bytes(blocks, "big")
        x = ((x >> 128) & _LOW_128) << _HALF | (x & _LOW_128)  # even blocks, then odd ones
        if self._lanes:
            x ^= _multiply(self._lanes, self._power(2))
        self._lanes = x

    def _hash(self):
        # GHASH of all that was absorbed, by now whole blocks.
        y = 0
        if self._lanes:
            y = self._fold(self._lanes >> _HALF, self._lanes & ((1 << _HALF) - 1), 2)
        if self._filled:
            x = y << 8 * self._filled | int.from_bytes(self._buffer[: self._filled], "big")
            log = 1
            while 16 << log < self._filled + (16 if y else 0):
                log += 1
            y = self._fold((x >> 128) & _LOW_128, x & _LOW_128, log)
        return _multiply(y, self._power(0))

    def _fold(self, even, odd, log):
        # 2^log blocks to one, the one with the highest power of H first, halving their number.
        y = _multiply(even, self._power(0)) ^ odd
        while log > 1:
            log -= 1
            cut = 128 << log
            y = _multiply(y >> cut, self._power(log)) ^ (y & ((1 << cut) - 1))
        return y

    def _power(self, log):
        # H^(2^log) as digits, each from the one before by squaring: a zero between any two bits.
        powers = self._powers
        while len(powers) <= log:
            wide = int.from_bytes(bytes(_SQUARES[d] for d in powers[-1]), "big")
            powers.append(_digits(_reduce(wide)))
        return powers[log]


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


# A block is the integer of its octets: bit 127 is the coefficient of x^0. Products without carry
# have that of x^0 at bit 254. All below works on each 256-bit lane of its argument at once.


def _digits(value):
    # The 32 hexadecimal digits, highest first.
    digits = bytearray(32)
    i = 0
    for octet in value.to_bytes(16, "big"):
        digits[i] = octet >> 4
        digits[i + 1] = octet & 15
        i += 2
    return digits


def _multiply(lanes, digits):
    # The lanes times one field element: four bits a step.
    table = [0, lanes]
    for i in range(1, 8):
        twice = table[i] << 1
        table.append(twice)
        table.append(twice ^ lanes)
    product = 0
    for digit in digits:
        product = product << 4 ^ table[digit]
    return _reduce(product)


def _reduce(product):
    # Modulo x^128 + x^7 + x^2 + x + 1: degrees 128 and up are the low 127 bits.
    low = product & _LOW_127
    low ^= (low ^ low << 5) << 121 & _LOW_127  # what the next line would carry to them again
    product ^= (low ^ (low ^ low << 1 ^ low << 2) << 5) << 121
    return product >> 127 & _LOW_128
