# A long message made of pieces: octets, or streams with `length` and `chunks()`.
# A stream lets a log of 100 KB leave a heap that could never hold it.


class Parts:
    """Pieces in order, with their total `length`; itself a stream."""

    def __init__(self):
        self.length = 0
        self._pieces = []

    def add(self, piece):
        """Append octets, or a stream."""
        self.length += len(piece) if isinstance(piece, (bytes, bytearray)) else piece.length
        self._pieces.append(piece)

    def chunks(self):
        """Yield the octets in order; a chunk is valid until the next one is asked for."""
        for piece in self._pieces:
            if isinstance(piece, (bytes, bytearray)):
                yield piece
            else:
                for chunk in piece.chunks():
                    yield chunk


class Encrypted:
    """A stream encrypted as it passes, with its tag behind it."""

    def __init__(self, parts, cipher, tag_size: int):
        """`cipher` is a Gcm that has taken its additional data."""
        self.length = parts.length + tag_size
        self._parts = parts
        self._cipher = cipher
        self._tag_size = tag_size

    def chunks(self):
        """Yield the ciphertext, then the tag."""
        for chunk in self._parts.chunks():
            out = bytearray(len(chunk))
            self._cipher.encrypt_into(chunk, out)
            yield out
        yield self._cipher.tag(self._tag_size)
