# engines: cpython unix
from test_voltage_period import at
from testkit import Skip

from smets.clock import RELIABLE
from smets.features.ring import RamRegion
from smets.features.voltage.events import PowerEvents
from smets.features.voltage.meter import LOG_REGION, VoltageMeter
from smets.features.voltage.timing import Recorder
from smets.ports.sampler import Sampler
from smets.ports.sampler_sim import SimReadings, SimSampler


def meter_of(sampler, alert=print):
    regions = [RamRegion(LOG_REGION)]
    return VoltageMeter(sampler, regions, PowerEvents(RamRegion(4096), alert))


def entries(meter):
    found = []
    for row in meter.phase[0].log.select().chunks(8):
        found.append((int.from_bytes(row[:4], "big"), int.from_bytes(row[4:], "big")))
    return found


class Canned(Sampler):
    """Delivers the same second of samples over and over."""

    def __init__(self, wave):
        source = SimSampler((wave,), 1, 4000000, frames=400)
        source.fill(400)
        self._codes = source.codes
        self._at = 0

    def poll(self, passed, sink):
        count = passed * 4
        sink(passed, self._codes, self._at, count)
        self._at = (self._at + count) % 400


def drive(recorder, ticks, seconds, polls):
    """Poll every 50 ms; ticks and UTC milliseconds go on together."""
    ms = 0
    while polls:
        ticks += 50
        ms += 50
        if ms == 1000:
            ms = 0
            seconds += 1
        recorder.poll(ticks, seconds, RELIABLE, ms)
        polls -= 1


def test_f70_from_samples_to_windows_with_the_heap_locked():
    """spec: a million samples through recorder, engine, sums and detectors, no allocation."""
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        raise Skip("CPython has no heap_lock")
    sampler = Canned({})
    meter = meter_of(sampler)
    recorder = Recorder(sampler, meter)
    recorder.poll(0, at(10, 30), RELIABLE, 0)
    heap_lock()
    try:
        drive(recorder, 0, at(10, 30), 5200)
    finally:
        heap_unlock()
    sums = meter.phase[0].sums
    assert sums.count() == 5200 * 200 and sums.volts(sampler.uv) == 230
    assert meter.phase[0].elapsed == 260000


def test_described_mains_from_samples_to_log_and_alerts():
    """A sag of 40 s in a minute at 4,000 samples a second, debounced by 30 s."""
    wave = {"events": (("sag", 10000, 50000, 850),)}
    sampler = SimSampler((wave,), 1, 400000)
    alerts = []
    meter = meter_of(sampler, lambda code, time: alerts.append((code, time)))
    assert meter.window_ms == 200 and meter.window_count == 80
    meter.phase[0].set_period(60)
    recorder = Recorder(sampler, meter)
    recorder.poll(0, at(10, 30), RELIABLE, 0)
    drive(recorder, 0, at(10, 30), 1200)
    drive(recorder, 60000, at(10, 31), 1200)
    # sqrt((20 * 230**2 + 40 * 195.5**2) / 60) = 207.6
    assert entries(meter) == [(at(10, 31), 208), (at(10, 32), 230)]
    codes = [code for code, _time in alerts]
    assert codes == [0x802C, 0x8006, 0x8099, 0x8089], codes
    assert alerts[0][1] == at(10, 30, 40) and alerts[2][1] == at(10, 31, 20)


def test_f71_a_program_that_pauses():
    """spec: what a sampler without a buffer misses shows in the coverage."""

    class Forgetful(Canned):
        def poll(self, passed, sink):
            kept = min(passed, 20)
            if passed > kept:
                sink(passed - kept, self._codes, 0, 0)
            super().poll(kept, sink)

    for pause, there in ((0, True), (20, True), (24, False)):
        sampler = Forgetful({})
        meter = meter_of(sampler)
        meter.phase[0].set_period(60)
        recorder = Recorder(sampler, meter)
        recorder.poll(0, at(10, 30), RELIABLE, 0)
        ms = step = 0
        while ms < 61000:
            # Every 20th poll is late: 20 of 420 ms are 4.8 % of the samples, 24 of 424 ms 5.7 %.
            step += 1
            ms += 20 + (pause if step % 20 == 0 else 0)
            recorder.poll(ms, at(10, 30) + ms // 1000, RELIABLE, ms % 1000)
        assert entries(meter) == ([(at(10, 31), 230)] if there else []), pause


def test_readings_that_come_later_than_polled():
    """A sampler may keep time back until it has a reading; none of it is lost."""
    sampler = SimReadings(({"mv": 236000},), 1, 1000)
    meter = meter_of(sampler)
    meter.phase[0].set_period(60)
    recorder = Recorder(sampler, meter)
    recorder.poll(0, at(10, 29, 59), RELIABLE, 0)
    drive(recorder, 0, at(10, 29, 59), 20 * 62)
    assert entries(meter) == [(at(10, 31), 236)]
    assert meter.phase[0].sums.count() == 1


def test_polls_without_time():
    sampler = Canned({})
    meter = meter_of(sampler)
    recorder = Recorder(sampler, meter)
    for _ in range(3):
        recorder.poll(7, at(10, 30), RELIABLE, 0)
    assert meter.phase[0].sums.count() == 0
