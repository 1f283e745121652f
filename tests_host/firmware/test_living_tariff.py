"""ECS01a makes a tariff; energy is counted at its rates and blocks, and ECS24 tells its price.

The calendar is held against a model by brute force (living_tariff.py).
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from living import DAY, HALF_HOUR, START, Meter
from living_tariff import NEVER, NOW, Counted, Tariff, model_of


def check(meter: Meter, counted: Counted) -> None:
    """Compare all registers."""
    assert meter.read("ECS17d") == [[counted.rates]]
    blocks = [part for block in counted.registers for part in (*block, *block)]
    assert meter.read("ECS17e") == [[blocks]], "registers, and counters that were never reset"
    total = sum(counted.rates) + sum(map(sum, counted.registers))
    assert meter.read("ECS17b")[0][0] == total


@pytest.mark.parametrize(
    ("engine", "seed"), [("unix", 1), ("unix", 2), ("cpython", 3), ("cpython", 4)]
)
def test_every_minute_is_counted_at_its_rate(engine: str, seed: int) -> None:
    """issue: random calendars of seasons, weeks, days and special days, against brute force."""
    rng = random.Random(seed)
    tariff = model_of(rng, blocks=seed % 2 == 0)
    meter = Meter(engine)
    counted = Counted()
    try:
        codes = meter.send("ECS01a", tariff.elements(NOW))
        assert codes == 21 * [0]
        meter.set(draw=60)  # 2 Wh a minute
        for _ in range(6):
            minutes = rng.randint(1, 900)
            for minute in range(meter.now // 60, meter.now // 60 + minutes):
                counted.count(tariff, tariff.selector(minute), 2)
            meter.advance(60 * minutes)
            check(meter, counted)
            price, unit, *rest = meter.read("ECS24")
            selector = tariff.selector(meter.now // 60)
            assert price == counted.price(tariff, selector) % (1 << 32)
            assert unit == [-5, 254] and len(rest) == 15
    finally:
        meter.close()


def test_ecs24_reads_what_was_set() -> None:
    """issue: ECS01a, then ECS24; a new meter has a tariff that holds nothing."""
    meter = Meter("cpython")
    tariff = model_of(random.Random(7), blocks=True)
    try:
        before = meter.read("ECS24")
        assert before[:6] == [0, [-5, 254], [], [], [], []] and before[6:14] == 8 * [[]]
        assert meter.send("ECS01a", tariff.elements(NEVER)) == 21 * [0]
        assert meter.read("ECS24") == before, "nothing holds yet"
        assert meter.send("ECS01a", tariff.elements(NOW)) == 21 * [0]
        _, _, seasons, weeks, days, special, *limits = meter.read("ECS24")
        assert [(name, week) for name, _, week in seasons] == [
            (n, w) for n, _, w in tariff.seasons
        ]
        assert {week[0]: week[1:] for week in weeks} == tariff.weeks
        assert {day: len(rows) for day, rows in days} == {
            d: len(r) for d, r in tariff.days.items()
        }
        assert [row[2] for row in special] == [day for _, day in tariff.special]
        assert limits[0] == (tariff.limits[1] + 3 * [0xFFFFFFFF])[:3]
        assert limits[-1][2] == [
            [bytes((index,)), charge] for index, charge in tariff.prices.items()
        ]
    finally:
        meter.close()


def test_block_counters_begin_anew() -> None:
    """meter.md B.5: by ECS05, each day after ECS48; the registers stay."""
    meter = Meter("cpython")
    tariff = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 101)]}, [], {1: [500]})
    tariff.prices = {0xA1: 100, 0xB1: 200}
    try:
        assert meter.send("ECS01a", tariff.elements(NOW)) == 21 * [0]
        meter.set(draw=300)
        meter.advance(2 * HALF_HOUR)
        (blocks,) = meter.read("ECS17e")[0]
        assert blocks[0] == blocks[8] == 500 and blocks[16] == blocks[24] == 100
        assert meter.read("ECS24")[0] == 200
        assert meter.send("ECS05", {"9/0-0:10.0.100.255/1": b"\x12\x00\x63"}) == [0]
        (blocks,) = meter.read("ECS17e")[0]
        assert (blocks[0], blocks[8], blocks[16], blocks[24]) == (500, 0, 100, 0)
        assert meter.read("ECS24")[0] == 100
        meter.advance(HALF_HOUR)
        every_day = bytes.fromhex("0101 0202 0904 00000000 0905 FFFFFFFFFF")
        assert meter.send("ECS48", {"22/0-0:15.1.0.255/4": every_day}) == [0]
        meter.advance(DAY - START % DAY - 3 * HALF_HOUR)
        (blocks,) = meter.read("ECS17e")[0]
        assert (blocks[8], blocks[24]) == (0, 0) and blocks[0] == 1000
        (daily,) = meter.read("ECS21a")
        assert daily[0][3][0] == 1000 and daily[0][1] == 1800
    finally:
        meter.close()


def test_switching_is_late_by_the_randomised_offset() -> None:
    """meter.md E.4: value = number x limit / 10000 seconds, rounded."""
    meter = Meter("cpython")
    tariff = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 1), (1290, 2)]}, [])
    try:
        number = {"class": 1, "obis": "0-0:94.44.0.2", "attr": 2}
        number["value"] = {"type": "long-unsigned", "value": 5000}
        meter.client.control("STATE", {"device": "ESME", "dlms": [number]})
        assert meter.send("ECS38", {"1/0-0:94.44.0.1/2": b"\x12\x02\x58"}) == [0]  # 600 s
        assert meter.send("ECS01a", tariff.elements(NOW)) == 21 * [0]
        meter.set(draw=1800)
        meter.advance(HALF_HOUR + 299)
        assert meter.read("ECS17d")[0][0][:2] == [2099, 0], "START is 21:00, the switch 21:30"
        meter.advance(11)
        assert meter.read("ECS17d")[0][0][:2] == [2100, 10]
    finally:
        meter.close()


def charged(meter: Meter) -> Any:
    """The balance of the account."""
    return meter.client.control("QUERY")["summary"]["prepayment"]["balance"]


def test_the_account_is_charged_by_the_tariff() -> None:
    """issue: charges by the active price of each minute, the standing charge once a day."""
    rng = random.Random(9)
    tariff = model_of(rng, blocks=False)
    meter = Meter("cpython")
    try:
        assert meter.send("ECS01a", tariff.elements(NOW)) == 21 * [0]
        meter.set(draw=60, prepayment={"mode": "credit", "balance": 0})
        cost = 0
        for minute in range(meter.now // 60, meter.now // 60 + 1440):
            cost += 2 * tariff.prices[tariff.selector(minute)]
        meter.advance(DAY)
        assert charged(meter) == -(cost // 1000) - tariff.standing
    finally:
        meter.close()
