# Series of buckets of time: files of a fixed number of records, each with its own check value.
# Files are above 1022 octets from the start, the most that littlefs puts into its metadata.
import struct
from binascii import crc32

from smets.compat import const
from smets.features.tenancy import policy
from smets.features.tenancy.cleared import ITEMS, SERIES

# A value of a bucket that is not known.
NONE = const(0xFFFFFFFF)

_ROW = const(16)  # octets of a record: start, minutes, value, money, check value of these
_ROW_FORMAT = ">IHIIH"
_ZERO_ROW = bytes(_ROW)
_CHUNK = const(512)
_LEAST = const(1024)


def is_time(seconds: int) -> bool:
    """Whether this is a moment: neither of the two values that mean "none"."""
    return 0 < seconds < NONE


def _row(buffer, at: int) -> tuple | None:
    # Start, minutes, value, money; None for a record that is torn or was never written.
    row = struct.unpack_from(_ROW_FORMAT, buffer, at)
    check = crc32(memoryview(buffer)[at : at + _ROW - 2]) & 0xFFFF
    return row[:4] if check == row[4] and is_time(row[0]) else None


def _kept(date: int, row: tuple) -> bool:
    return policy.kept(date, row[0], row[0] + 60 * row[1])


class Series:
    """Buckets of time in files of a fixed number of records, appended in order of their starts."""

    def __init__(self, vault, segment: int):
        self._vault = vault
        self._segment = max(segment, _LEAST // _ROW)
        self._buffer = bytearray(self._segment * _ROW)
        self._tails = {}

    def clear(self, scope: int, item: int):
        """Remove a series, for instance before a log is read again."""
        prefix = self._vault.prefix(scope, item, SERIES)
        self._tails.pop(prefix, None)
        self._vault.drop_oldest(prefix, 0)

    def add(self, scope: int, item: int, start: int, minutes: int, value, money=None) -> bool:
        """Append one bucket, see `extend`; whether it was taken."""
        return self.extend(scope, item, ((start, minutes, value, money),)) == 1

    def extend(self, scope: int, item: int, rows) -> int:
        """Append buckets (start, minutes, value, money) to a series; how many were taken.

        `value` is 0 to 0xFFFFFFFE (Wh, or dm3 of gas), `money` likewise (thousandths of a
        penny), each None where not known. A bucket is not taken if it is older than what may
        be kept, not newer than the last one, or without a valid start.
        """
        vault = self._vault
        prefix = vault.prefix(scope, item, SERIES)
        keep = vault.keep(scope)
        tail = self._tail(prefix)
        taken = pending = 0
        try:
            for row in rows:
                if not is_time(row[0]) or row[0] <= tail[2] or not _kept(keep, row):
                    continue
                if tail[1] + pending == self._segment:
                    self._flush(prefix, item, tail, pending)
                    pending = 0
                self._pack(pending, row)
                tail[2] = row[0]
                pending += 1
                taken += 1
            self._flush(prefix, item, tail, pending)
        except Exception:
            self._tails.pop(prefix, None)  # what was written is read again from the file
            raise
        return taken

    def _pack(self, index: int, row: tuple):
        at = index * _ROW
        start, minutes, value, money = row
        value = NONE if value is None else value
        money = NONE if money is None else money
        struct.pack_into(_ROW_FORMAT, self._buffer, at, start, minutes, value, money, 0)
        check = crc32(memoryview(self._buffer)[at : at + _ROW - 2]) & 0xFFFF
        struct.pack_into(">H", self._buffer, at + _ROW - 2, check)

    def _flush(self, prefix: str, item: int, tail: list, pending: int):
        if not pending:
            return
        end = pending * _ROW
        if tail[1] == 0:
            # A new file has its full length at once: the room is there, and it is never small.
            self._vault.drop_oldest(prefix, -(-ITEMS[item][4] // self._segment))
            self._buffer[end:] = bytes(len(self._buffer) - end)
            end = len(self._buffer)
        name = prefix + "%05d" % tail[0]
        self._vault.disk.write(name, tail[1] * _ROW, (memoryview(self._buffer)[:end],))
        self._advance(tail, tail[1] + pending)

    def _advance(self, tail: list, count: int):
        tail[1] = count
        if count == self._segment:
            tail[0] += 1
            tail[1] = 0

    def _tail(self, prefix: str) -> list:
        """[number of the file to write to, records in it, start of the last one], read once."""
        tail = self._tails.get(prefix)
        if tail is None:
            tail = [1, 0, 0]
            files = self._vault.files(prefix)
            for name in reversed(files):
                count = 0
                for index, row in self._scan(name):
                    count = index + 1
                    tail[2] = max(tail[2], row[0])
                if name == files[-1]:
                    tail[0] = int(name[len(prefix) :])
                    self._advance(tail, count)
                if tail[2]:
                    break
            self._tails[prefix] = tail
        return tail

    def _scan(self, name: str):
        """Yield (index, row) of the valid records of a file."""
        buffer = bytearray(_CHUNK)
        offset = 0
        octets = _CHUNK
        while octets == _CHUNK:
            octets = self._vault.disk.read(name, offset, buffer)
            for at in range(0, octets - _ROW + 1, _ROW):
                row = _row(buffer, at)
                if row:
                    yield (offset + at) // _ROW, row
                elif buffer[at : at + _ROW] != _ZERO_ROW:
                    self._vault.damaged(name, "buckets are damaged")
            offset += _CHUNK

    def newest(self, scope: int, item: int) -> int:
        """Start of the newest bucket stored, shown or not; 0 where there is none."""
        return self._tail(self._vault.prefix(scope, item, SERIES))[2]

    def records(self, scope: int, item: int, first: int = 0, last: int = NONE):
        """Yield (start, minutes, value, money) of the buckets that may be shown, oldest first.

        Only those that start from `first` to `last`. What may be shown is asked for each one:
        it may change while a screen is drawn.
        """
        vault = self._vault
        for name in vault.files(vault.prefix(scope, item, SERIES)):
            for _, row in self._scan(name):
                bound = vault.visible(scope)
                if bound is None:
                    return
                if first <= row[0] <= last and _kept(bound, row):
                    start, minutes, value, money = row
                    value = None if value == NONE else value
                    yield start, minutes, value, None if money == NONE else money

    def bucket(self, scope: int, item: int, start: int) -> tuple | None:
        """(value, money) of the bucket that starts then; None where there is nothing to show."""
        for row in self.records(scope, item, start, start):
            return row[2:]
        return None

    def expire(self, name: str, date: int):
        """Take the buckets that belong to the time before `date` out of a file."""
        self._tails.clear()
        buffer = self._buffer
        octets = self._vault.disk.read(name, 0, buffer)
        kept = dropped = 0
        for at in range(0, octets, _ROW):
            row = _row(buffer, at) if at + _ROW <= octets else None
            if row and _kept(date, row):
                buffer[kept : kept + _ROW] = buffer[at : at + _ROW]
                kept += _ROW
            elif buffer[at : at + _ROW] != _ZERO_ROW:
                dropped += 1
        if not kept or self._vault.disk.size(name) > len(buffer):
            self._vault.disk.remove(name)
        elif dropped:
            buffer[kept:] = bytes(len(buffer) - kept)
            self._vault.disk.write(name, 0, (buffer,))
