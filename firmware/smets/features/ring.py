# Logs of fixed-size rows in a ring that survives power cuts: profile data and event logs.
# Row: UTC seconds since 2000 (4 octets, big endian), then data, as it goes into a compact array.
#
# A slot holds a sequence number, the row and a CRC-32 of both, and the number says which slot it
# is: a slot torn at any octet is not valid, and what it replaces left the log long before, as the
# region holds more slots than the log has rows. One write an entry suffices, and the newest rows
# are either all there or all but the one being written. Writes a day and phase: 86400 / period,
# that is 48 at 1800 s and 2,880 at 30 s. On littlefs with 4 KiB blocks an entry costs 1.1 erases
# (measured: tests_host/firmware/test_ring.py), which littlefs spreads over its free blocks.
from binascii import crc32
from errno import EISDIR, ENOENT

from smets import alive
from smets.compat import const
from smets.features.selection import LogError, Selection
from smets.ports.files import make_folders
from smets.ports.store_error import StoreError

try:
    from os import fsync
except ImportError:  # MicroPython: there `flush` reaches the medium
    fsync = None

_SMALLEST_SLOT = const(16)
_OVERHEAD = const(8)  # sequence number and CRC
_BATCH = const(256)  # octets read at once
_PART = const(4096)  # octets of a region whose newest row is asked for at once
_END_OF_TIME = const(0xFFFFFFFF)


def _split(offset: int, length: int, size: int):
    # A span by the parts it lies in: index of a part, start in it, start and end in the span.
    at = 0
    while at < length:
        index, start = divmod(offset + at, size)
        end = min(length, at + size - start)
        yield index, start, at, end
        at = end


class RamRegion:
    """A region in memory, which a power cut clears.

    In parts of 4 KiB: the heap of a board seldom has the octets of a long log in one piece.
    """

    def __init__(self, size: int):
        self.size = size
        self._parts = [bytearray(min(_PART, size - at)) for at in range(0, size, _PART)]

    def read_into(self, offset: int, buffer):
        """Fill `buffer` with the octets from `offset` on; LogError beyond the region."""
        view = memoryview(buffer)
        for index, start, at, end in self._pieces(offset, len(view)):
            view[at:end] = memoryview(self._parts[index])[start : start + end - at]

    def write(self, offset: int, data):
        """Write `data` at `offset`; when this returns the octets are kept. LogError beyond it."""
        view = memoryview(data)
        for index, start, at, end in self._pieces(offset, len(view)):
            self._parts[index][start : start + end - at] = view[at:end]

    def _pieces(self, offset: int, length: int):
        if offset < 0 or offset + length > self.size:
            raise LogError("beyond the region")
        return _split(offset, length, _PART)


class FileRegion:
    """A region in files `path`.0, .1, ... of `segment` octets, made when they are first written.

    Small files keep the wear low: littlefs copies a file from the first changed octet to its end.
    What was never written reads as zeros.
    """

    def __init__(self, path: str, size: int, segment: int = 4096):
        self.size = size
        self._path = path
        self._segment = segment

    def read_into(self, offset: int, buffer):
        """Fill `buffer` with the octets from `offset` on; OSError if the medium fails."""
        view = memoryview(buffer)
        for index, start, at, end in _split(offset, len(view), self._segment):
            part = view[at:end]
            got = missing = 0
            try:
                with open(self._name(index), "rb") as file:
                    file.seek(start)
                    got = file.readinto(part)
            except OSError as error:
                if error.args[0] == EISDIR:
                    missing = 0xFF  # a folder in its place is damage: no row looks like that
                elif error.args[0] != ENOENT:
                    raise
            for rest in range(got, len(part)):
                part[rest] = missing

    def write(self, offset: int, data):
        """Write `data` at `offset`; when this returns it is on the medium. OSError if it fails."""
        view = memoryview(data)
        for index, start, at, end in _split(offset, len(view), self._segment):
            alive.tell()
            name = self._name(index)
            try:
                file = open(name, "r+b")
            except OSError as error:
                if error.args[0] != ENOENT:
                    raise
                file = _new(name)
            with file:
                file.seek(start)
                file.write(view[at:end])
                file.flush()
                if fsync is not None:
                    fsync(file.fileno())

    def _name(self, index: int) -> str:
        return "%s.%d" % (self._path, index)


def _new(name: str):
    try:
        return open(name, "w+b")
    except OSError as error:
        if error.args[0] != ENOENT:
            raise
    # The file system was full when the folder was to be made.
    try:
        make_folders(name.rpartition("/")[0])
    except StoreError as error:
        raise OSError(error.errno)
    return open(name, "w+b")


class RingLog:
    """The newest `rows` rows of `width` octets (4 to 504) in a region."""

    def __init__(self, region, rows: int, width: int, on_damage=None):
        """Find what the region holds; LogError if it has no room for `rows` slots and one more.

        `on_damage()` is called when a row is found that is lost, or torn.
        """
        slot = _SMALLEST_SLOT
        while slot < width + _OVERHEAD:
            slot *= 2
        self.rows = rows
        self.width = width
        self.newest = 0  # time of the newest row, 0 if none
        self._region = region
        self._slot = slot
        self._slots = region.size // slot
        if self._slots <= rows:
            raise LogError("region too small")
        self._out = bytearray(width + _OVERHEAD)
        self._each = max(_BATCH, slot)  # octets of a batch
        self._batch = bytearray(self._each)
        self._view = memoryview(self._batch)
        self._held = -1  # offset in the region of what the batch holds
        self._head = 0  # sequence number of the next row
        self._on_damage = on_damage
        self._find_head()

    def append(self, row):
        """Add a row of `width` octets. When this returns it survives a power cut."""
        if len(row) != self.width:
            raise LogError("width")
        out = self._out
        end = 4 + self.width
        out[0:4] = self._head.to_bytes(4, "big")
        out[4:end] = row
        out[end : end + 4] = _check(memoryview(out)[:end])
        self._held = -1
        self._region.write(self._head % self._slots * self._slot, out)
        self._head += 1
        self.newest = int.from_bytes(out[4:8], "big")

    def select(self, start: int = 0, end: int = _END_OF_TIME):
        """The rows with start <= time <= end, both inclusive, as a `Selection`."""
        return Selection(self, start, end)

    def __len__(self) -> int:
        return self.select().count

    def load(self, sequence: int):
        """The row of this sequence number, a view valid until the next call; None if not held."""
        offset = sequence % self._slots * self._slot
        held = offset // self._each * self._each
        if held != self._held:
            self._held = -1
            self._region.read_into(held, self._view[: self._size(held)])
            self._held = held
        offset -= held
        end = offset + 4 + self.width
        view = self._view
        if int.from_bytes(view[offset : offset + 4], "big") != sequence:
            return None
        if view[end : end + 4] != _check(view[offset:end]):
            return None
        return view[offset + 4 : end]

    def oldest(self) -> int:
        """Sequence number of the oldest row the log can hold now."""
        return max(self._head - self.rows, 0)

    def head(self) -> int:
        """Sequence number the next row will get: the number of rows ever appended."""
        return self._head

    def overwritten(self, sequence: int) -> bool:
        """Whether the slot of this row has been used again, or is the next to be."""
        return sequence + self._slots <= self._head

    def lost(self):
        """A row that should be there is not."""
        if self._on_damage:
            self._on_damage()

    def _find_head(self):
        # The first row of each part says how new the part is; in the newest one all are looked at.
        each = _PART // self._slot
        newest = -1
        found = 0
        for part in range(0, self._slots, each):
            alive.tell()
            for index in range(part, min(part + each, self._slots)):
                offset = index * self._slot
                if offset % self._each == 0:
                    # This is no function of its own, because a Pico's stack is almost full here.
                    self._region.read_into(offset, self._view[: self._size(offset)])
                    self._held = offset
                    if not any(self._batch):
                        break  # nothing was ever written here
                sequence = self._sequence(index)
                if sequence >= 0:
                    if sequence > newest:
                        newest = sequence
                        found = part
                    break
                # A slot without a valid row had one before, or is torn.
                at = offset % self._each
                if any(self._batch[at : at + self.width + _OVERHEAD]):
                    self.lost()
        if newest < 0:
            return
        for index in range(found, min(found + each, self._slots)):
            offset = index * self._slot
            if offset % self._each == 0:
                self._region.read_into(offset, self._view[: self._size(offset)])
                self._held = offset
            sequence = self._sequence(index)
            newest = max(newest, sequence)
            at = offset % self._each
            if sequence < 0 and any(self._batch[at : at + self.width + _OVERHEAD]):
                self.lost()
        self._head = newest + 1
        row = self.load(newest)
        assert row is not None
        self.newest = int.from_bytes(row[:4], "big")

    def _size(self, held: int) -> int:
        return min(self._each, self._region.size - held)

    def _sequence(self, index: int) -> int:
        # The sequence number in a slot, -1 where it is not valid.
        offset = index * self._slot % self._each
        sequence = int.from_bytes(self._view[offset : offset + 4], "big")
        if sequence % self._slots == index and self.load(sequence) is not None:
            return sequence
        return -1


def _check(octets) -> bytes:
    return crc32(octets).to_bytes(4, "big")
