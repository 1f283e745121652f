"""Logged integers against exact arithmetic and float64, on the very samples that were measured."""

import math
import os
import time
from array import array
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_voltage_period import Rig, at

from smets.features.ring import RamRegion
from smets.features.voltage import rms
from smets.features.voltage.events import PowerEvents
from smets.features.voltage.meter import LOG_REGION, VoltageMeter
from smets.features.voltage.timing import Recorder
from smets.integers import isqrt
from smets.ports.sampler import MAX_READING, Sampler
from smets.ports.sampler_sim import SimReadings, SimSampler

PERIOD = 4  # s; long enough for every event below, short enough to do by hand

WAVES = {
    "sine": {},
    "low": {"mv": 400},
    "harmonics": {"harmonics": ((3, 100), (5, 60), (7, 30), (39, 10))},
    "offset": {"offset": 50},
    "noise": {"noise": 40, "seed": 7},
    "49.5 Hz": {"mhz": 49500},
    "50.5 Hz": {"mhz": 50500},
    "odd frequency": {"mhz": 49973},
    "clipped": {"mv": 450000},
    "half at 230 V, half at 200 V": {"events": (("sag", 2000, 99999, 870),)},
    "half interrupted": {"events": (("interruption", 0, 2000),)},
    "nothing": {"mv": 0},
    "sag and swell": {"events": (("sag", 500, 900, 400), ("swell", 1500, 3100, 1180))},
    "3 % missing": {"events": (("dropout", 1000, 1120),)},
    "everything": {
        "mhz": 50210,
        "harmonics": ((2, 20), (3, 80)),
        "offset": -33,
        "noise": 12,
        "events": (("sag", 300, 800, 700), ("dropout", 900, 1000)),
    },
}


class Tee(Sampler):
    """Passes on what a sampler delivers and keeps each phase's samples of the first period."""

    def __init__(self, inner):
        self.inner = inner
        for name in ("phases", "stride", "rate_mhz", "uv", "readings"):
            setattr(self, name, getattr(inner, name))
        self.kept = [[] for _ in range(inner.phases)]

    def poll(self, passed, sink):
        def take(length, codes, start, count):
            for index in range(count):
                for phase, kept in enumerate(self.kept):
                    kept.append(codes[start + index * self.stride + phase])
            sink(length, codes, start, count)

        self.inner.poll(passed, take)


def measure(sampler):
    """Logged volts of each phase for the first period, and the samples they are of."""
    tee = Tee(sampler)
    regions = [RamRegion(LOG_REGION) for _ in range(sampler.phases)]
    meter = VoltageMeter(tee, regions, PowerEvents(RamRegion(4096), lambda *alert: None))
    for phase in meter.phase:
        phase.set_period(PERIOD)
    recorder = Recorder(tee, meter)
    recorder.poll(0, at(10, 30), 0, 0)
    for ms in range(40, PERIOD * 1000 + 1, 40):
        recorder.poll(ms, at(10, 30) + ms // 1000, 0, ms % 1000)
    found = []
    for phase in meter.phase:
        rows = [bytes(row) for row in phase.log.select().chunks(8)]
        assert len(rows) == 1 and rows[0][:4] == at(10, 30, PERIOD).to_bytes(4, "big")
        found.append(int.from_bytes(rows[0][4:], "big"))
    return found, tee.kept


def exact_volts(samples, uv, remove_mean=True):
    """RMS in volts, half up, in exact rational arithmetic and a root of 80 digits."""
    mean = Fraction(sum(samples), len(samples)) if remove_mean else Fraction(0)
    square = sum((sample - mean) ** 2 for sample in map(Fraction, samples)) / len(samples)
    square *= Fraction(uv, 1000000) ** 2
    with localcontext() as context:
        context.prec = 80
        root = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
        return int((root + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))


def float_volts(samples, uv, remove_mean=True):
    """The same as a program with 64-bit floats would do it."""
    mean = math.fsum(samples) / len(samples) if remove_mean else 0.0
    square = math.fsum((sample - mean) ** 2 for sample in samples) / len(samples)
    return math.floor(math.sqrt(square) * uv / 1e6 + 0.5)


@pytest.mark.parametrize("name", WAVES)
def test_error_of_the_logged_integer_is_zero(name):
    """spec: for every class of waveform, one phase and three."""
    for phases, rate in ((1, 4000), (3, 1000)):
        sampler = SimSampler((WAVES[name],), phases, rate * 1000)
        found, kept = measure(sampler)
        for volts, samples in zip(found, kept, strict=True):
            assert len(samples) >= rate * PERIOD * 95 // 100
            assert volts == exact_volts(samples, sampler.uv)
            assert volts == float_volts(samples, sampler.uv)


def test_error_of_the_logged_integer_is_zero_for_readings():
    """spec: as above, for readings of a metering IC: no mean is removed."""
    waves = ({"noise": 900}, {"events": (("interruption", 1000, 2000),)}, {"mv": 229500})
    found, kept = measure(SimReadings(waves, 3, 10000))
    for volts, samples in zip(found, kept, strict=True):
        assert len(samples) == 10 * PERIOD
        assert volts == exact_volts(samples, 1000, False) == float_volts(samples, 1000, False)
    assert found[2] == 230


@settings(max_examples=300)
@given(st.lists(st.integers(0, 4095), min_size=1, max_size=600), st.integers(1000, 400000))
def test_any_samples(samples, uv):
    """spec: exact whatever the samples."""
    sums = rms.Accumulator()
    block = array("i", (0, 0))
    codes = array("H", samples)
    for start in range(0, len(codes), rms.BLOCK):
        count = min(rms.BLOCK, len(codes) - start)
        rms.fold(codes, start, 1, count, block)
        sums.add(count, block[0], block[1])
    assert sums.volts(uv) == exact_volts(samples, uv)


@settings(max_examples=300)
@given(st.lists(st.integers(0, MAX_READING), min_size=1, max_size=50))
def test_any_readings(readings):
    """spec: exact whatever the readings."""
    sums = rms.Accumulator()
    for value in readings:
        sums.add_reading(value)
    assert sums.squares() == sum(value * value for value in readings)
    assert sums.volts(1000) == exact_volts(readings, 1000, False)


@settings(max_examples=500)
@given(st.integers(0, 1 << 200))
def test_isqrt(value):
    assert isqrt(value) == math.isqrt(value)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "IST-5:30", "America/St_Johns", "UTC"])
def test_f33_time_zone_of_the_host(zone, monkeypatch):
    """spec: UTC alone; a zone half an hour off the hour changes no stamp."""
    monkeypatch.setitem(os.environ, "TZ", zone)
    time.tzset()
    try:
        rig = Rig(at(10, 10))
        rig.until(at(12))
        assert rig.stamps() == [at(11), at(11, 30), at(12)]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_hundred_days_of_half_hours():
    """project-choice: the log spans 90 days of half hours, each of them there."""
    rig = Rig(at(0), rate_mhz=5)  # a reading in 200 s
    rig.until(at(0) + 100 * 86400, 231000, chunk=1800000)
    stamps = rig.stamps()
    assert len(stamps) == 4320 and stamps[-1] == at(0) + 100 * 86400
    assert stamps == list(range(stamps[-1] - 4319 * 1800, stamps[-1] + 1, 1800))
    assert len(rig.energy) == 100 * 48
