# engines: cpython unix
# The meter of virtual time against the meter of single readings: the same logs, events, counters.
from testkit import raises

from smets.clock import RELIABLE, UNRELIABLE
from smets.features.memory_ring import MemoryRing
from smets.features.ring import LogError
from smets.features.voltage import events, fast, settings
from smets.features.voltage.meter import LOG_WIDTH, VoltageMeter
from smets.features.voltage.steady import OrderedEvents, SteadyMeter
from smets.features.voltage.timing import Recorder
from smets.ports.sampler import SamplerError
from smets.ports.sampler_sim import SimReadings
from smets.ports.sampler_steady import SteadyReadings

_START = 700001400  # ten minutes before a half hour


class Rig:
    """Mains and a meter, fed through virtual time."""

    def __init__(self, sampler, meter_type, events_type):
        self.alerts = []
        self.events = events_type(MemoryRing(100, events.LOG_WIDTH), self.alert)
        logs = [MemoryRing(4320, LOG_WIDTH) for _ in range(sampler.phases)]
        self.meter = meter_type(sampler, logs, self.events)
        self.recorder = Recorder(sampler, self.meter)
        self.now = _START
        self.ticks = 0
        self.recorder.poll(0, self.now, RELIABLE, 0)

    def alert(self, code, seconds):
        self.alerts.append((code, seconds))

    def advance(self, seconds, step=0, status=RELIABLE):
        """Let time pass; the clock is `step` seconds off afterwards."""
        self.ticks += 1000 * seconds
        self.now += seconds + step
        self.recorder.poll(self.ticks & 0x3FFFFFFF, self.now, status, 0)
        if hasattr(self.events, "flush"):
            self.events.flush()

    def found(self):
        logs = [b"".join(bytes(c) for c in p.log.select().chunks()) for p in self.meter.phase]
        happened = [bytes(row) for row in self.events.log.select().chunks(events.LOG_WIDTH)]
        return logs, happened, self.alerts, settings.save(self.meter)


def _pair(waves, phases):
    single = Rig(SimReadings(waves, phases), VoltageMeter, events.PowerEvents)
    steady = Rig(SteadyReadings(waves, phases), SteadyMeter, OrderedEvents)
    return single, steady


class Chance:
    """The same numbers on both engines."""

    def __init__(self, seed):
        self._state = seed

    def __call__(self, limit):
        self._state = (self._state * 1103515245 + 12345) % (1 << 31)
        return (self._state >> 8) % limit


def _wave(chance):
    happenings = []
    for _ in range(6):
        start = 1000 * chance(5000)
        end = start + 1000 * (1 + chance(200)) + (500 if chance(3) == 0 else 0)
        kind = ("sag", "swell", "interruption", "dropout")[chance(4)]
        level = {"sag": (700 + chance(200),), "swell": (1100 + chance(150),)}.get(kind, ())
        happenings.append((kind, start, end) + level)
    return {"mv": 200000 + chance(60000), "events": tuple(happenings)}


def test_whatever_happens_both_meters_tell_the_same():
    """project-choice: averages, gaps, sags and swells of three phases, some of them at once."""
    for seed in range(6):
        chance = Chance(seed)
        phases = 1 if seed % 3 == 0 else 3
        single, steady = _pair([_wave(chance) for _ in range(phases)], phases)
        for rig in (single, steady):
            for limiter in rig.meter.limiters:
                limiter.set_period(1 + seed * 7)
            for index, phase in enumerate(rig.meter.phase):
                phase.set_period((30, 1800, 420)[(seed + index) % 3])
        left = 5400
        while left:
            length = min(left, 1 + chance(1800))
            step = (0, 0, 0, 4, -7, 40)[chance(6)]
            status = UNRELIABLE if chance(5) == 0 else RELIABLE
            for rig in (single, steady):
                rig.advance(length, step, status)
            left -= length
        assert single.found() == steady.found(), "seed %d" % seed
        assert single.alerts, "nothing happened"


def test_windows_of_several_readings():
    """project-choice: a window need not be one reading, and a chunk need not begin with one."""

    waves = ({"mv": 230000, "events": (("swell", 60000, 200000, 1200),)},)
    single, steady = _pair(waves, 1)
    for rig in (single, steady):
        phase = rig.meter.phase[0]
        phase._window_count = phase._left = 7
        phase._window_ms = 7000

        rig.meter.limiters[:] = fast.limiters(1000, 7)
        for detector, limiter in zip(phase.detectors, rig.meter.limiters):
            detector.limiter = limiter
    for length in (3, 50, 20, 1, 400, 13, 700):
        single.advance(length)
        steady.advance(length)
    assert single.found() == steady.found()
    assert [code for code, _time in single.alerts] == [0x8024, 0x8091]


def test_noise_is_not_steady():
    with raises(SamplerError):
        SteadyReadings(({"noise": 3},))


def test_ram_log_grows_and_turns():
    """spec: 4,320 entries and no more; project-choice: memory follows the rows."""
    log = MemoryRing(130, 8)
    assert len(log) == 0 and log.newest == 0 and log.select().count == 0
    for second in range(1, 1000):
        log.append(second.to_bytes(4, "big") + (second * 3).to_bytes(4, "big"))
        assert len(log) == min(second, 130)
        assert log.oldest() == max(second - 130, 0) and log.head() == second
    rows = b"".join(bytes(chunk) for chunk in log.select().chunks(64))
    assert len(rows) == 130 * 8
    for index in range(130):
        at = index * 8
        second = 870 + index
        assert int.from_bytes(rows[at : at + 4], "big") == second
        assert int.from_bytes(rows[at + 4 : at + 8], "big") == second * 3
    assert log.newest == 999
    assert log.select(900, 901).length == 16
    assert log.overwritten(868) and not log.overwritten(869)
    with raises(LogError):
        log.append(bytes(7))


def test_ram_log_with_a_clock_that_went_back():
    log = MemoryRing(100, 10)
    for second in (50, 20, 70, 60):
        log.append(second.to_bytes(4, "big") + bytes(6))
    assert log.newest == 70
    assert log.select(20, 60).count == 3
