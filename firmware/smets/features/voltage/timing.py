# From a sampler to a meter: which UTC time the samples belong to, by ticks and a clock of seconds.
# Ticks time the samples; the UTC clock only says where periods begin and end.
from smets.compat import const
from smets.features.voltage import policy

_TICKS = const(0x3FFFFFFF)  # ticks_ms wraps here or above, after 12.4 days


class Timeline:
    """UTC in milliseconds out of a monotonic tick and a UTC clock that counts whole seconds."""

    def __init__(self):
        self.seconds = 0  # UTC time of the last poll
        self.ms = 0
        self._ticks = 0
        self._started = False

    def poll(self, ticks: int, seconds: int, ms: int = -1) -> int:
        """Read both clocks: `ticks` in ms, UTC `seconds` and, where the clock has them, its `ms`.

        Returns the milliseconds since the last poll (under 12.4 days), 0 at the first.
        """
        passed = (ticks - self._ticks) & _TICKS if self._started else 0
        self._ticks = ticks
        if ms >= 0:
            self.seconds = seconds
            self.ms = ms
        elif not self._started:
            self.seconds = seconds
            self.ms = policy.UNKNOWN_MS
        else:
            self._follow(passed, seconds)
        self._started = True
        return passed

    def _follow(self, passed: int, seconds: int):
        # The time of the ticks, moved into the second that the clock shows.
        ms = self.ms + passed
        shown = self.seconds + ms // 1000
        ms %= 1000
        if shown == seconds - 1:
            ms = 0
        elif shown == seconds + 1:
            ms = 999
        elif shown != seconds:
            ms = policy.UNKNOWN_MS
        self.seconds = seconds
        self.ms = ms


class Recorder:
    """Polls a sampler and feeds what it delivers to a meter, in chunks that leave no hole."""

    def __init__(self, sampler, meter):
        self.timeline = Timeline()
        self._sampler = sampler
        self._meter = meter
        self._pending = 0  # ms that passed and were not delivered yet
        self._status = 0
        self._sink = self._take  # bound once: polling allocates nothing

    def poll(self, ticks: int, seconds: int, status: int, ms: int = -1):
        """Call often, at least every 100 ms where the sampler has a ring buffer."""
        passed = self.timeline.poll(ticks, seconds, ms)
        if passed == 0:
            return
        self._pending += passed
        self._status = status
        self._sampler.poll(passed, self._sink)

    def _take(self, length: int, codes, start: int, count: int):
        timeline = self.timeline
        ms = timeline.ms - self._pending
        seconds = timeline.seconds + ms // 1000
        self._meter.feed(seconds, ms % 1000, self._status, length, codes, start, count)
        self._pending -= length
