# A log in memory that grows with its rows: for a device without flash, where nothing survives.
# It offers what ring.RingLog does. A row takes its own octets and no more.
import gc

from smets.compat import const
from smets.features.selection import LogError, Selection

_PAGE = const(32)  # rows of one allocation, at most
_OCTETS = const(1024)  # and their octets
_END_OF_TIME = const(0xFFFFFFFF)


class MemoryRing:
    """The newest `rows` rows of `width` octets: UTC seconds since 2000 (4, big endian), data."""

    def __init__(self, rows: int, width: int):
        self.rows = rows
        self.width = width
        self.newest = 0  # latest time of any row, 0 if none
        self._pages = []
        self._page = max(min(rows, _PAGE, _OCTETS // width), 1)
        # One page more than the rows fill: the oldest page is overwritten when it holds no row.
        self._most = (rows + self._page - 1) // self._page + 1
        self._head = 0  # sequence number of the next row

    def append(self, row):
        """Add a row of `width` octets."""
        if len(row) != self.width:
            raise LogError("width")
        number, at = divmod(self._head, self._page)
        number %= self._most
        if number == len(self._pages):
            gc.collect()  # so that what stays is not scattered among garbage
            self._pages.append(bytearray(self._page * self.width))
        at *= self.width
        self._pages[number][at : at + self.width] = row
        self._head += 1
        self.newest = max(self.newest, int.from_bytes(row[:4], "big"))

    def select(self, start: int = 0, end: int = _END_OF_TIME) -> Selection:
        """The rows with start <= time <= end, both inclusive."""
        return Selection(self, start, end)  # pyright: ignore[reportArgumentType]

    def __len__(self) -> int:
        return min(self._head, self.rows)

    def load(self, sequence: int):
        """The row of a sequence number from `oldest()` to below `head()`, as a view."""
        number, at = divmod(sequence, self._page)
        at *= self.width
        return memoryview(self._pages[number % self._most])[at : at + self.width]

    def oldest(self) -> int:
        """Sequence number of the oldest row."""
        return max(self._head - self.rows, 0)

    def head(self) -> int:
        """Sequence number the next row will get: the number of rows ever appended."""
        return self._head

    def overwritten(self, sequence: int) -> bool:
        """Whether the row of this sequence number is gone."""
        return sequence < self.oldest()
