# Period engine: assigns each stretch of time to a period, also while the clock changes.
# MP085A start on the hour or half past; entries stamped with the end of the period (5.7.5.9).
from smets.compat import const
from smets.features.voltage import policy

IDLE = const(0)  # not commenced: no usable clock yet, or the period was dropped
WAITING = const(1)  # for the first boundary
RUNNING = const(2)


class PeriodEngine:
    """Cuts the time line into periods [start, end) and says where each ends.

    It is fed chunks: stretches of monotonic time that follow each other without a hole, each with
    the UTC time at its start. A chunk that does not start where the one before ended is a step of
    the clock. A subclass gives `open_period`, `take` and `close_period`.

    A new engine (power came back) has no running period: what was measured before the cut is gone.
    """

    def __init__(self, period: int = policy.DEFAULT_PERIOD_S, newest: int = 0):
        """`period` in seconds; `newest` is the stamp of the newest stored entry, 0 if none."""
        if not policy.accepts_period(period):
            raise ValueError("period")
        self.period = period
        self.newest = newest
        self.state = IDLE
        self.elapsed = 0  # ms of monotonic time in the running period
        self._mark = 0  # the UTC second of the next boundary
        self._follows = False  # whether (_s, _ms) is where the last chunk ended
        self._s = 0
        self._ms = 0

    def open_period(self):
        """A period starts now."""

    def take(self, first: int, last: int, running: bool):
        """The chunk's ms `first` to `last` are in one period or, if not `running`, in none."""

    def close_period(self, stamp: int) -> bool:
        """The period that ends at `stamp` is complete; returns whether an entry was made."""
        return False

    def first_start(self, seconds: int, ms: int) -> int:
        """When a measurement that commences now starts its first period."""
        return policy.first_start(seconds, ms, self.period)

    def set_period(self, period: int) -> bool:
        """Set the period, in seconds; False (and no change) if it is not a possible one."""
        if not policy.accepts_period(period):
            return False
        if policy.restarts(self.period, period):
            self.abandon()
        self.period = period
        return True

    def abandon(self):
        """Drop the running period, if any, and commence again with the next chunk."""
        self.state = IDLE

    def next_boundary(self) -> int:
        """UTC second of the next start or end of a period; 0 while idle."""
        return self._mark if self.state != IDLE else 0

    def advance(self, seconds: int, ms: int, status: int, length: int):
        """One chunk of `length` ms that starts at UTC (seconds, ms) by a clock of `status`.

        Samples can come in under a millisecond: a `length` of 0 goes where the last chunk ended.
        """
        if length == 0:
            self.take(0, 0, self.state == RUNNING)
            return
        if not policy.usable(status):
            self.abandon()
            self._follows = False
            self.take(0, length, False)
            return
        if self._follows:
            step = (seconds - self._s) * 1000 + ms - self._ms
            if not policy.keeps_grid(step):
                self.abandon()
        if self.state == IDLE:
            self._mark = self.first_start(seconds, ms)
            self.state = WAITING
        done = 0
        while True:
            # A boundary at the very end of the chunk closes the period now, not a chunk later.
            offset = (self._mark - seconds) * 1000 - ms
            if offset > length:
                break
            # It may lie before the chunk, if the clock stepped over it.
            if offset < done:
                offset = done
            self._span(done, offset)
            done = offset
            self._boundary()
        self._span(done, length)
        ms += length
        self._s = seconds + ms // 1000
        self._ms = ms % 1000
        self._follows = True

    def _span(self, first: int, last: int):
        if first == last:
            return
        if self.state == RUNNING:
            self.elapsed += last - first
            self.take(first, last, True)
        else:
            self.take(first, last, False)

    def _boundary(self):
        stamp = self._mark
        if self.state == RUNNING:
            # A period that a step went over entirely has no time in it, and no entry.
            worth = self.elapsed > 0 and policy.accepts_stamp(stamp, self.newest)
            if worth and self.close_period(stamp):
                self.newest = stamp
        self.state = RUNNING
        self.elapsed = 0
        self._mark = stamp + self.period
        self.open_period()
