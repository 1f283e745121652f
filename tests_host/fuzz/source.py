"""Octets of a fuzzer as numbers, octets and choices; past their end everything is 0."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Source:
    """Takes decisions from octets, in order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Octets that were not taken yet."""
        return max(len(self._data) - self._at, 0)

    def octets(self, count: int) -> bytes:
        """The next `count` octets."""
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken.ljust(count, b"\0")

    def number(self, low: int, high: int) -> int:
        """A number from `low` to `high`."""
        span = high - low + 1
        size = (span.bit_length() + 7) // 8
        return low + int.from_bytes(self.octets(size), "big") % span

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.number(0, len(items) - 1)]

    def chance(self, one_in: int) -> bool:
        """True once in `one_in`, of even octets."""
        return self.number(0, one_in - 1) == 1
