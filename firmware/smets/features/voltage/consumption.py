# Half-hourly consumption: one entry at each :00 and :30 UTC, by the same engine as the voltage.
# ESMETS 5.7.5.27; stamped with the end of the half hour (GBCS mapping rows 609, 616).
from smets.features.voltage import policy
from smets.features.voltage.period import PeriodEngine


class HalfHourly(PeriodEngine):
    """Energy in, entries out. An entry is the advance of the whole-Wh register over its half hour.

    `entry(stamp, watt_hours)` is called for each. Entries of half hours that follow each other add
    up to the register's advance: nothing is rounded away.
    """

    def __init__(self, entry, register: int = 0, newest: int = 0):
        """`register` is the energy so far in Wh, `newest` the stamp of the newest stored entry."""
        super().__init__(policy.BOUNDARY_S, newest)
        self.register = register
        self._fraction = 0  # mWh on top of it
        self._opened = register
        self._energy = 0
        self._length = 1
        self._entry = entry

    def feed(self, seconds: int, ms: int, status: int, length: int, energy: int):
        """`energy` mWh used in the `length` ms from UTC (seconds, ms) on, evenly spread."""
        self._energy = energy
        self._length = length
        self.advance(seconds, ms, status, length)

    def open_period(self):
        self._opened = self.register

    def take(self, first: int, last: int, running: bool):
        energy, length = self._energy, self._length
        if length == 0:
            last = length = 1
        self._fraction += energy * last // length - energy * first // length
        self.register += self._fraction // 1000
        self._fraction %= 1000

    def close_period(self, stamp: int) -> bool:
        self._entry(stamp, self.register - self._opened)
        return True
