# A meter for virtual time: readings that repeat are taken at once, however long the stretch is.
# It logs, counts and reports exactly what meter.VoltageMeter does of the same readings one by one.
from smets.compat import const
from smets.features.voltage import codes, events, policy
from smets.features.voltage.meter import MISSING, Phase, VoltageMeter

_BITS = const(29)  # words of rms.Accumulator
_WORD = const(0x1FFFFFFF)


def _add(sums, value: int, count: int):
    """Add `count` equal readings to an rms.Accumulator. Allocates: not for sampling."""
    total = sums.count() + count
    sums._n0 = total & _WORD
    sums._n1 = total >> _BITS
    total = sums.squares() + value * value * count
    sums._q0 = total & _WORD
    sums._q1 = total >> _BITS & _WORD
    sums._q2 = total >> 2 * _BITS


class SteadyPhase(Phase):
    """A phase whose chunks hold one reading, which stands for all `count` of the chunk."""

    def _take_readings(self, at: int, end: int, running: bool):
        value = self._codes[self._start]
        if value == MISSING or at >= end:
            return
        if running:
            _add(self.sums, value, end - at)
        each = self._window_count
        # The window that is begun, then whole ones, then the beginning of another.
        count = min(end - at, self._left)
        if count < each:
            _add(self._window, value, count)
            self._left -= count
            at += count
            if self._left:
                return
            self._seconds = self._time_of(at - 1)
            self._end_window()
        whole = (end - at) // each
        if whole:
            _add(self._window, value, each)
            self._end_windows(at, whole)
            at += whole * each
        if at < end:
            _add(self._window, value, end - at)
            self._left -= end - at

    def _time_of(self, index: int) -> int:
        """UTC second of a reading of the chunk."""
        return self._from_s + (self._from_ms + index * self._length // self._count) // 1000

    def _end_windows(self, at: int, number: int):
        """`number` equal windows end, the first of which begins with the reading `at`."""
        window = self._window
        window.centre()
        due = []
        for order, detector in enumerate(self.detectors):
            limiter = detector.limiter
            if (window.exceeds(limiter.limit) == limiter.over) == detector.beyond:
                detector._timer = 0
                continue
            # The window after which the timer has passed the period.
            last = max(limiter.period_ms - detector._timer, 0) // self._window_ms + 1
            if last > number:
                detector._timer += number * self._window_ms
            else:
                due.append((last, order))
        due.sort()
        for last, order in due:
            detector = self.detectors[order]
            detector._timer = 0
            detector.beyond = not detector.beyond
            second = self._time_of(at + last * self._window_count - 1)
            detector._report(detector._codes[detector.beyond], second)
        window.clear()


class SteadyMeter(VoltageMeter):
    """A VoltageMeter of a sampler whose chunks are one reading repeated.

    Its events are an `OrderedEvents`: call `flush` when a stretch of time is over.
    """

    phase_type = SteadyPhase


class OrderedEvents(events.PowerEvents):
    """Events of phases that were fed one after the other, recorded in the order they happened."""

    def __init__(self, log, alert):
        super().__init__(log, alert)
        self._held = []

    def record(self, code: int, seconds: int, information: int = policy.OTHER_INFORMATION):
        """Hold an event until `flush`."""
        # A period that ends comes before what is measured from that instant on.
        rank = 0 if codes.describe(code)[:7] == "average" else 1
        self._held.append((seconds, rank, len(self._held), code, information))

    def flush(self):
        """Record what is held; raises what the log raises, with every event told by then."""
        held, self._held = self._held, []
        held.sort()
        failed = None
        for seconds, _rank, _order, code, information in held:
            try:
                super().record(code, seconds, information)
            except OSError as error:
                failed = error
        if failed:
            raise failed
