"""What days, weeks and months have cost, and the privacy PIN, through power cuts.

The model charges every minute by itself; what was not supplied was not charged.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from living import DAY, HALF_HOUR, Meter
from living_sequences import PREPAYMENT, attribute, done
from living_tariff import NOW, Tariff, model_of

from smets.devices.esme import Esme
from smets.ports.store import Store

TODAY, YESTERDAY, DAYS, WEEKS, MONTHS = 0x051C, 0x051E, 0x0520, 0x0530, 0x0540
MISSING = (1 << 48) - 1
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Costs:
    """Midnight at which a day began -> thousandths of what was charged in it."""

    def __init__(self, tariff: Tariff, now: int) -> None:
        self.tariff = tariff
        self.first = now // DAY * DAY
        self.days: dict[int, int] = {self.first: 0}

    def pass_time(self, now: int, minutes: int, draw: int) -> None:
        """Minutes with power; `draw` Wh a minute. The standing charge is due at midnight."""
        for minute in range(now // 60, now // 60 + minutes):
            day = minute * 60 // DAY * DAY
            price = self.tariff.prices[self.tariff.selector(minute)]
            self.days[day] = self.days.get(day, 0) + draw * price
            if (minute + 1) * 60 % DAY == 0:
                self.days[day] += 1000 * self.tariff.standing

    def cost(self, start: int, end: int) -> int:
        """10^-5 pound from one midnight to another; parts of it are charged with the next day."""
        if start < self.first:
            return MISSING
        total, part = 0, 0
        for day in range(self.first, end, DAY):
            whole, part = divmod(self.days.get(day, 0) + part, 1000)
            total += whole if day >= start else 0
        return total


def month_start(at: datetime, back: int) -> datetime:
    """Midnight of the first of a month so many months before."""
    index = at.year * 12 + at.month - 1 - back
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


def check(meter: Meter, costs: Costs) -> None:
    """Every attribute of the cost history."""
    midnight = meter.now // DAY * DAY
    at = EPOCH + timedelta(seconds=midnight)
    monday = midnight - at.weekday() * DAY
    spans = {TODAY: (midnight, midnight + DAY), YESTERDAY: (midnight - DAY, midnight)}
    for back in range(2, 9):
        spans[DAYS + 2 * (back - 2)] = midnight - back * DAY, midnight - (back - 1) * DAY
    for back in range(6):
        spans[WEEKS + 2 * back] = monday - 7 * back * DAY, monday + 7 * (1 - back) * DAY
    for back in range(3):
        ends = [month_start(at, back - n) - EPOCH for n in (0, 1)]
        spans[MONTHS + 2 * back] = ends[0].days * DAY, ends[1].days * DAY
    for number, (start, end) in spans.items():
        told = attribute(meter, PREPAYMENT, number)
        wanted = costs.cost(start, min(end, midnight + DAY))
        assert told == wanted, f"{number:04X} at {at}"


@pytest.mark.parametrize(("engine", "seed"), [("unix", 1), ("cpython", 2)])
def test_costs_through_power_cuts(engine: str, seed: int, tmp_path: Path) -> None:
    """issue: a month with cuts of minutes and of days; nothing is lost, nothing is told twice."""
    rng = random.Random(seed)
    tariff = model_of(rng, blocks=False)
    tariff.prices = {index: rng.randint(1, 30000) for index in tariff.prices}
    meter = Meter(engine, tmp_path)
    try:
        done(meter.send("ECS01a", tariff.elements(NOW)))
        costs = Costs(tariff, meter.now)
        for step in range(15):
            draw = rng.randint(0, 50)  # Wh a minute
            meter.set(draw=30 * draw)
            if step % 3:  # what was counted by a half hour lasts
                seconds = HALF_HOUR * rng.randint(1, 90) - meter.now % HALF_HOUR
            else:
                seconds = 60 * rng.randint(1, 3000)
            costs.pass_time(meter.now, seconds // 60, draw)
            meter.advance(seconds)
            if step % 3:
                off = rng.choice((0, 60, HALF_HOUR, DAY // 2, 3 * DAY))
                meter.now += off
                meter.restart()
                meter.set(draw=0)
            if step % 3 or step > 9:
                check(meter, costs)
    finally:
        meter.close()


def test_a_day_that_ended_without_power(tmp_path: Path) -> None:
    """It has cost what was charged until the cut; the days after it nothing; once."""
    tariff = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 1)]}, [])
    tariff.prices, tariff.standing = {1: 20000}, 5000
    meter = Meter("cpython", tmp_path)
    try:
        done(meter.send("ECS01a", tariff.elements(NOW)))
        meter.set(draw=1000)
        meter.advance(2 * HALF_HOUR)
        for _ in range(2):
            meter.now += DAY
            meter.restart()
        assert [attribute(meter, PREPAYMENT, each) for each in (TODAY, YESTERDAY)] == [0, 0]
        assert attribute(meter, PREPAYMENT, DAYS) == 40000
        assert attribute(meter, PREPAYMENT, DAYS + 2) == MISSING, "the meter is newer"
        meter.advance(HALF_HOUR)
        meter.restart()
        assert attribute(meter, PREPAYMENT, DAYS) == 40000
    finally:
        meter.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_the_privacy_pin(engine: str, tmp_path: Path) -> None:
    """issue: it lasts, and what ECS14 has ended does not come again with old inputs."""

    def protects() -> bool:
        return bool(meter.client.control("QUERY")["summary"]["privacy_pin"])

    meter = Meter(engine, tmp_path)
    try:
        assert not protects()
        meter.set(privacy_pin=True)
        meter.restart()
        assert protects()
        done(meter.send("ECS14", {"1/0-0:94.44.3.1/2": b"\x09\x00"}))
        assert not protects()
        meter.restart()
        assert not protects()
        meter.set(privacy_pin=True)
        meter.restart()
        assert protects()
        meter.close()
        Store(str(tmp_path)).put("privacy-pin", b"\x00")
    finally:
        meter.close()
    meter = Meter("cpython", tmp_path)
    try:
        assert protects(), "project-choice: where the record is damaged a PIN protects"
    finally:
        meter.close()


def test_days_after_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """issue: the days that follow have their cost, though the log holds later ones."""
    meter = Meter("cpython", tmp_path)
    try:
        made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 1)]}, [])
        made.prices = {1: 20000}
        done(meter.send("ECS01a", made.elements(NOW)))
        meter.set(draw=1000)
        meter.advance(3 * DAY)
        whole = attribute(meter, PREPAYMENT, YESTERDAY)
        assert whole == 48 * 20000
        back = meter.now - 20 * DAY
        told = (EPOCH + timedelta(seconds=back)).strftime("%Y-%m-%dT%H:%M:%SZ")
        meter.client.control("CLOCK", {"time": told})
        meter.now = back
        meter.advance(4 * DAY)
        assert attribute(meter, PREPAYMENT, YESTERDAY) == whole
        assert attribute(meter, PREPAYMENT, DAYS) == whole
    finally:
        meter.close()


def test_a_day_that_is_not_kept_is_not_the_next_ones(tmp_path: Path) -> None:
    """issue: where the log fails at midnight, that day is not known, and today begins at zero."""
    device = Esme(Store(str(tmp_path / "store")))
    prices = device.feature("prices")
    prices._day = 5_000_000

    class Full:
        def end(self, due: int, cost: int) -> None:
            raise OSError(28)

    prices._costs = Full()
    prices.half_hour(40 * DAY)
    assert prices._day == 0 and prices.storage_errors == 1
