# Rows of a log between two times, read as they go into a compact array: of a ring in files (ring)
# and of one in memory (memory_ring) alike.
from smets import alive
from smets.compat import const, put_back, put_off

_BATCH = const(256)  # octets read at once
_OFTEN = const(255)  # rows, a power of 2 less 1, after which `alive.tell` is called


class LogError(Exception):
    """A log that does not fit its region, or a row overwritten while it was being read."""


class Selection:
    """Rows of one time range, oldest first; how many they are is known before the first is read.

    Rows appended later are not part of it.
    """

    def __init__(self, log, start: int, end: int):
        self._log = log
        self._start = start
        self._end = end
        self._next = self._last = 0  # sequence numbers: of the first row to read, after the last
        self.count = 0
        before = put_off()  # of what the loop leaves nothing lasts
        try:
            for sequence in range(log.oldest(), log.head()):
                if not sequence & _OFTEN:
                    alive.tell()
                row = log.load(sequence)
                if row is None:
                    log.lost()
                if self._wanted(row):
                    if not self.count:
                        self._next = sequence
                    self._last = sequence + 1
                    self.count += 1
        finally:
            put_back(before)
        self.length = self.count * log.width  # octets

    def readinto(self, buffer) -> int:
        """Fill `buffer` with as many whole rows as fit; returns the octets, 0 at the end.

        LogError if a row has been overwritten since the selection was made.
        """
        width = self._log.width
        done = 0
        while self._next < self._last and done + width <= len(buffer):
            if not self._next & _OFTEN:
                alive.tell()
            row = self._log.load(self._next)
            if row is None and self._log.overwritten(self._next):
                raise LogError("overwritten")
            self._next += 1
            if self._wanted(row):
                buffer[done : done + width] = row
                done += width
        return done

    def chunks(self, size: int = _BATCH):
        """Yield the octets in views of up to `size`, each valid until the next."""
        buffer = bytearray(max(size, self._log.width))
        view = memoryview(buffer)
        while True:
            got = self.readinto(buffer)
            if got == 0:
                return
            yield view[:got]

    def _wanted(self, row) -> bool:
        return row is not None and self._start <= int.from_bytes(row[:4], "big") <= self._end
