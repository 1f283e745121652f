"""The period engine against a brute-force model that goes through time half second by half second.

Ticks, clock steps, power cuts, missing samples, clock status and period changes come in any order.
The rules are those of features/voltage/policy.py, restated; choices where the text is silent.
"""

import sys
from decimal import ROUND_HALF_UP, Decimal, localcontext
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run

from smets.clock import INVALID, RELIABLE, UNRELIABLE
from smets.features.ring import RamRegion, RingLog
from smets.features.voltage import meter
from smets.features.voltage.consumption import HalfHourly

UNIT = 500  # ms; the sampler gives a reading each
HALF_HOUR = 3600  # in units
TOLERANCE = 20  # units: 10 s
PERIODS = [1, 2, 7, 30, 60, 420, 600, 1800, 3600]
steps = 0  # rules executed in this process


class Model:
    """One measurement, unit by unit, with lists instead of sums and grids."""

    def __init__(self, period, complete):
        self.period = period
        self.complete = complete  # (values, units) -> what to record, None if nothing
        self.entries = []
        self.restart()

    def restart(self):
        self.waits_for = None
        self.ends = None
        self.expects = None
        self.values, self.units = [], 0

    def set_period(self, period):
        if period != self.period:
            # Abandoned, but the clock goes on: a step that follows is still seen as one.
            self.waits_for = self.ends = None
        self.period = period

    def unit(self, now, status, value):
        if status == INVALID:
            self.restart()
            return
        if self.expects is not None and abs(now - self.expects) > TOLERANCE:
            self.restart()
        if self.waits_for is None and self.ends is None:
            self.waits_for = now
            while self.waits_for % HALF_HOUR:
                self.waits_for += 1
        self.reach(now)
        if self.ends is not None:
            self.units += 1
            if value is not None:
                self.values.append(value)
        self.expects = now + 1
        self.reach(now + 1)

    def reach(self, now):
        if self.ends is None and now >= self.waits_for:
            self.ends = self.waits_for + 2 * self.period
            self.waits_for = None
            self.values, self.units = [], 0
        while self.ends is not None and now >= self.ends:
            stamp = self.ends // 2
            newest = self.entries[-1][0] if self.entries else 0
            result = self.complete(self.values, self.units) if self.units else None
            if result is not None and stamp > newest:
                self.entries.append((stamp, result))
            self.ends += 2 * self.period
            self.values, self.units = [], 0


def volts(values, units):
    """Root of the mean square in whole volts, half up; nothing below 95 % of the readings."""
    if len(values) * 100 < units * 95 or not values:
        return None
    with localcontext() as context:
        context.prec = 60
        mean = sum(Decimal(value) ** 2 for value in values) / len(values)
        return int((mean.sqrt() / 1000).quantize(Decimal(1), ROUND_HALF_UP))


class Engine(meter.Phase):
    """The firmware's engine of one phase, on a small log."""

    def __init__(self, region):
        events = SimpleNamespace(record=lambda code, seconds: None)
        device = SimpleNamespace(
            phases=1,
            events=events,
            limiters=[],
            uv=1000,
            rate_mhz=1000000 // UNIT,
            readings=True,
            stride=1,
            window_count=1,
            window_ms=UNIT,
        )
        super().__init__(device, 0, RingLog(region, 127, 8))


class Comparison(RuleBasedStateMachine):
    """Both are given the same, and must have made the same entries."""

    def __init__(self):
        super().__init__()
        self.region = RamRegion(2048)
        self.status = RELIABLE
        self.energy = []
        self.model = Model(1800, volts)
        self.energy_model = Model(1800, lambda values, units: units)
        self.now = 0
        self.seen = None
        self.power_up()

    def power_up(self):
        self.engine = Engine(self.region)
        self.engine.set_period(self.model.period)
        newest = self.energy[-1][0] if self.energy else 0
        self.half_hourly = HalfHourly(lambda *entry: self.energy.append(entry), 0, newest)

    def pass_time(self, units, value):
        """One chunk for the firmware, unit by unit for the model. 1 Wh is used in a unit."""
        codes = [value if value is not None else 0] * units
        seconds, ms = self.now // 2, self.now % 2 * UNIT
        length = units * UNIT
        count = units if value is not None else 0
        self.engine.feed(seconds, ms, self.status, length, codes, 0, count)
        self.half_hourly.feed(seconds, ms, self.status, length, units * 1000)
        for _ in range(units):
            self.model.unit(self.now, self.status, value)
            self.energy_model.unit(self.now, self.status, None)
            self.now += 1

    @initialize(
        before=st.integers(-200, 200),
        half_hours=st.integers(480000, 490000),
        period=st.sampled_from(PERIODS),
        status=st.sampled_from([RELIABLE, RELIABLE, UNRELIABLE, INVALID]),
    )
    def begin(self, before, half_hours, period, status):
        self.now = half_hours * HALF_HOUR + before
        self.status = status
        self.set_period(period)

    values = st.one_of(st.just(230000), st.integers(0, 300000), st.none())

    @rule(
        lengths=st.lists(
            st.one_of(st.integers(1, 40), st.integers(1, 400), st.integers(1, 2000)),
            min_size=1,
            max_size=2,
        ),
        value=values,
    )
    def tick(self, lengths, value):
        for length in lengths:
            self.pass_time(length, value)

    @rule(there=st.integers(90, 99), part=st.integers(1, 2), times=st.integers(1, 6))
    def patchy(self, there, part, times):
        """Readings with gaps about as large as a period may have."""
        for _ in range(times):
            self.pass_time(there * part, 231000)
            self.pass_time((100 - there) * part, None)

    @rule(value=values, before=st.integers(-3, 3), period=st.booleans())
    def to_a_boundary(self, value, before, period):
        """Up to about the next half hour, or end of the running period."""
        target = -(-self.now // HALF_HOUR) * HALF_HOUR
        if period and self.model.ends is not None:
            target = self.model.ends
        units = target + before - self.now
        if 0 < units < 8000:
            self.pass_time(units, value)

    @rule(units=st.one_of(st.integers(-25, 25), st.sampled_from([-21, -20, 20, 21])))
    def small_step(self, units):
        self.now += units

    @rule(units=st.integers(-12000, 12000))
    def large_step(self, units):
        self.now += units

    @rule(status=st.sampled_from([RELIABLE, RELIABLE, UNRELIABLE, INVALID]))
    def set_status(self, status):
        self.status = status

    @rule(units=st.one_of(st.integers(0, 5), st.integers(0, 9000)))
    def cut(self, units):
        self.now += units
        self.model.restart()
        self.energy_model.restart()
        self.power_up()

    @rule(period=st.sampled_from(PERIODS))
    def set_period(self, period):
        self.model.set_period(period)
        assert self.engine.set_period(period)

    @invariant()
    def same_entries(self):
        global steps
        steps += 1
        assert self.energy == self.energy_model.entries
        # The ring is read where one of the two has made an entry, or the engine is a new one.
        seen = (self.engine, self.engine.log.head(), len(self.model.entries))
        if seen == self.seen:
            return
        self.seen = seen
        made = []
        for row in self.engine.log.select().chunks(8):
            made.append((int.from_bytes(row[:4], "big"), int.from_bytes(row[4:], "big")))
        assert made == self.model.entries[-127:]
        stamps = [stamp for stamp, _value in self.model.entries]
        assert stamps == sorted(set(stamps))


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def compare(examples, derandomize):
    """Run the machine and return how many rules were executed.

    It runs untraced: other tests say what is covered, and tracing would take ten times as long.
    """
    global steps
    steps = 0
    chosen = settings(
        max_examples=examples,
        stateful_step_count=100,
        derandomize=derandomize,
        database=None,
        suppress_health_check=CHECKS,
        phases=[Phase.generate, Phase.shrink],
    )
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        run(Comparison, settings=chosen)
    finally:
        sys.settrace(tracer)
    return steps


def test_engine_and_model_agree():
    """project-choice: the rules of policy.py, restated unit by unit."""
    assert compare(36, True) >= 3000


@pytest.mark.slow
def test_engine_and_model_agree_over_ten_thousand_steps():
    """project-choice: as above, from the beginning and further."""
    assert compare(120, True) >= 10000


@pytest.mark.slow
def test_engine_and_model_agree_wherever_chance_leads():
    """project-choice: as above, with fresh choices each time."""
    assert compare(1000, False) >= 80000
