# What each day has cost, in a log of the store (prices.py); loaded when a day ends, or a display
# asks. Rows: UTC end of the day, 10^-5 pound (4 octets each).
from smets.compat import const
from smets.features.keeper import Slot

DAY = const(86400)
LOG = "cost-days"
# This month and the 13 before it.
_ROWS = const(434)
_WIDTH = const(8)
_MOST = const(0xFFFFFFFF)


class CostDays:
    """The log; it is open only while it is used, since a heap is small."""

    def __init__(self, keeper):
        self._keeper = keeper
        self._slot = Slot(keeper, LOG, _ROWS, _WIDTH)

    def end(self, due: int, cost: int):
        """A day ended at UTC `due`, once: one that a power cut left there stays. OSError.

        After a clock that was set back, days come again.
        """
        log = self._slot.open()
        if due != log.newest:
            log.append(due.to_bytes(4, "big") + min(max(cost, 0), _MOST).to_bytes(4, "big"))
        self._done()

    def without_power(self, last: int, now: int, cost: int):
        """The days that ended without power after UTC `last`, up to `now`; OSError.

        The first has cost what was charged before the power went, the others nothing: an account
        is not charged without power.
        """
        # It may be tried again; a clock may have been set back.
        newest = self._slot.open().newest
        newest = newest if newest <= now else 0
        self._done()
        due = (last // DAY + 1) * DAY
        while due <= now:
            if due > max(now - _ROWS * DAY, newest):
                self.end(due, cost)
            cost = 0
            due += DAY

    def total(self, start: int, end: int) -> int:
        """The cost of the whole days from `start` to `end`; -1 where one is not known. OSError."""
        from smets.features import day_rows

        found = day_rows.total(self._slot.open(), start, end, 4)
        self._done()
        return found

    def _done(self):
        if self._keeper.stores:
            self._slot.close()
