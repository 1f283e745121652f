# The voltage measurement of one meter: samples in; log entries, counters, events and alerts out.
# ESMETS 5.7.5.7 to 5.7.5.9, 5.19.2 (per phase); MP085A.
from array import array

from smets.compat import const
from smets.features.keeper import as_log
from smets.features.voltage import averages, fast, policy, rms
from smets.features.voltage.period import PeriodEngine

LOG_ENTRIES = const(4320)
# Octets of {double-long-unsigned time, double-long-unsigned volts}.
LOG_WIDTH = const(8)
# A region of this size holds the log of a phase: 17 files of 4 KiB, 32 slots to spare.
LOG_REGION = const(69632)
MISSING = const(-1)  # a reading that failed


class Phase(PeriodEngine):
    """One phase: its period and log, its average thresholds, its fast detectors."""

    def __init__(self, meter, index: int, log):
        """`index` 0 to 2; `log` a RingLog."""
        super().__init__(policy.DEFAULT_PERIOD_S, log.newest)
        phases = meter.phases
        self.log = log
        self.averages = averages.AverageMonitor(phases, index, meter.events.record)
        self.detectors = [
            fast.Detector(limiter, phases, index, meter.events.record)
            for limiter in meter.limiters
        ]
        self.sums = rms.Accumulator()
        self._uv = meter.uv
        self._rate = meter.rate_mhz
        self._readings = meter.readings
        self._stride = meter.stride
        self._index = index
        self._window = rms.Window()
        self._window_count = meter.window_count
        self._window_ms = meter.window_ms
        self._left = meter.window_count  # samples until the window is full
        self._block = array("i", (0, 0))
        self._codes = self._block  # the chunk that is being taken
        self._start = 0
        self._count = 0
        self._length = 1
        self._from_s = 0  # when it begins, with
        self._from_ms = 0
        self._seconds = 0

    def feed(self, seconds: int, ms: int, status: int, length: int, codes, start: int, count: int):
        """See `VoltageMeter.feed`."""
        self._codes = codes
        self._start = start + self._index
        self._count = count
        self._length = length
        self._seconds = self._from_s = seconds
        self._from_ms = ms
        self.advance(seconds, ms, status, length)

    def open_period(self):
        self.sums.clear()

    def take(self, first: int, last: int, running: bool):
        # Sample i is taken at i / count of the chunk; one exactly on a boundary is of the period
        # that starts there.
        length = self._length
        at, end = 0, self._count
        if length:
            at = (first * end + length - 1) // length
            end = (last * end + length - 1) // length
        if self._readings:
            self._take_readings(at, end, running)
        else:
            self._take_codes(at, end, running)

    def close_period(self, stamp: int) -> bool:
        sums = self.sums
        if not policy.covered(sums.count(), self.elapsed, self._rate):
            return False
        volts = sums.volts(self._uv)
        # The log first: it is what must not be lost. If it fails the next chunk tries again.
        self.log.append(stamp.to_bytes(4, "big") + volts.to_bytes(4, "big"))
        self.newest = stamp
        self.averages.evaluate(volts, stamp)
        return True

    def _take_codes(self, at: int, end: int, running: bool):
        codes, stride, block = self._codes, self._stride, self._block
        while at < end:
            count = min(end - at, self._left, rms.BLOCK)
            rms.fold(codes, self._start + at * stride, stride, count, block)  # pyright: ignore
            total = block[0]
            squares = block[1]
            if running:
                self.sums.add(count, total, squares)
            self._window.add(count, total, squares)
            self._left -= count
            if self._left == 0:
                self._end_window()
            at += count

    def _take_readings(self, at: int, end: int, running: bool):
        codes, stride = self._codes, self._stride
        while at < end:
            value = codes[self._start + at * stride]
            at += 1
            if value == MISSING:
                continue
            if running:
                self.sums.add_reading(value)
            self._window.add_reading(value)
            self._left -= 1
            if self._left == 0:
                self._end_window()

    def _end_window(self):
        window = self._window
        window.centre()
        for detector in self.detectors:
            detector.window(window, self._window_ms, self._seconds)
        window.clear()
        self._left = self._window_count


class VoltageMeter:
    """One or three phases that are sampled together, and what is common to them.

    `phases`    list of Phase
    `limiters`  extreme over, extreme under, sag, swell (fast.Limiter): the order of their objects
    `events`    events.PowerEvents: log, switches, alerts
    """

    phase_type = Phase

    def __init__(self, sampler, logs, events):
        """`sampler` describes the samples (ports/sampler.py); a log each phase, or its region."""
        self.uv = sampler.uv
        self.rate_mhz = sampler.rate_mhz
        self.readings = sampler.readings
        self.stride = sampler.stride
        self.events = events
        count = self.rate_mhz * policy.WINDOW_MS // 1000000
        self.window_count = min(max(count, 1), rms.LONGEST_WINDOW)
        self.window_ms = self.window_count * 1000000 // self.rate_mhz
        self.limiters = fast.limiters(self.uv, self.window_count)
        self.phases = len(logs)
        self.phase = [
            self.phase_type(self, index, as_log(log, LOG_ENTRIES, LOG_WIDTH))
            for index, log in enumerate(logs)
        ]

    def feed(self, seconds: int, ms: int, status: int, length: int, codes, start: int, count: int):
        """The next `length` ms, from UTC (seconds, ms) on by a clock of `status`.

        `count` samples of each phase stand in `codes` from `start` on, the sampler's stride apart;
        none if nothing was measured. Chunks follow each other without a hole.
        """
        for phase in self.phase:
            phase.feed(seconds, ms, status, length, codes, start, count)
