"""One truth of all registers: a meter without a state, and the energy that flows through it.

What must be read is worked out here, in exact fractions, from what was drawn and for how long.
"""

from __future__ import annotations

import random
from fractions import Fraction

import living
import pytest
from living import HALF_HOUR, Meter

QUANTITIES: tuple[str, ...] = (
    "import",
    "secondary",
    "export",
    "reactive_export",
    "reactive_import",
)
KWH = [0, 30]


def check(meter: Meter, drawn: dict[str, Fraction], draws: dict[str, int], twin: bool) -> None:
    """Compare everything that can be read with the energy that has flowed."""
    wh = {name: int(drawn[name]) for name in QUANTITIES}
    total = [wh["import"], KWH, wh["reactive_import"], [0, 32]]
    assert meter.read("ECS17b") == [[*total, wh["secondary"]] if twin else total]
    assert meter.read("ECS17a") == [wh["export"], KWH, wh["reactive_export"], [0, 32]]
    power = 2 * draws["import"]
    assert meter.read("ECS17c") == [[power + 2 * draws["secondary"], [0, 27], power]]
    rates = [[wh["import"]] + 47 * [0]] + ([[wh["secondary"], 0, 0, 0]] if twin else [])
    assert meter.read("ECS17d") == [rates], "all of it at the first rate: there is no tariff"
    assert meter.read("ECS17e") == [[64 * [0]]]
    assert meter.client.control("QUERY")["summary"]["register"] == wh["import"]


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_a_new_meter_begins_at_zero(engine: str) -> None:
    """issue: registers at 0 without a state; QUERY tells time, status and import."""
    meter = Meter(engine)
    try:
        nothing = dict.fromkeys(QUANTITIES, 0)
        check(meter, dict.fromkeys(QUANTITIES, Fraction(0)), nothing, False)
        told = meter.client.control("QUERY")
        assert (told["time"], told["clock_status"]) == (living.iso(living.START), "reliable")
    finally:
        meter.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_what_flows_is_counted_once(engine: str, tmp_path) -> None:
    """issue: every interface shows the same; nothing is rounded away; a restart keeps it."""
    rng = random.Random(16)
    meter = Meter(engine, tmp_path)
    drawn = dict.fromkeys(QUANTITIES, Fraction(0))
    draws = dict.fromkeys(QUANTITIES, 0)
    twin = False
    try:
        for step in range(12):
            draws["import"] = rng.randrange(5000)
            twin = step > 4
            draws |= {name: rng.randrange(4000) for name in QUANTITIES[1 if twin else 2 :]}
            energy = {name: draws[name] for name in QUANTITIES[1 if twin else 2 :]}
            meter.set(draw=draws["import"], energy=energy)
            passed = rng.choice((1, 59, 600, 1799, 1800, 5000, 90000))
            if step % 4 == 3:  # what was counted by a half hour lasts
                passed = -meter.now % HALF_HOUR
            meter.advance(passed)
            for name in QUANTITIES:
                drawn[name] += Fraction(draws[name] * passed, HALF_HOUR)
            check(meter, drawn, draws, twin)
            if step % 4 == 3:
                meter.restart()
                meter.set(draw=draws["import"], energy=energy)
                check(meter, drawn, draws, twin)
    finally:
        meter.close()


def test_the_clock_does_not_count() -> None:
    """meter.md: energy is counted whatever the clock says."""
    meter = Meter("cpython")
    try:
        meter.set(draw=360)
        meter.client.control("CLOCK", {"status": "invalid"})
        meter.advance(7200)
        assert meter.read("ECS17b")[0][0] == 4 * 360
        meter.client.control("CLOCK", {"time": living.iso(living.START)})
        meter.advance(900)
        assert meter.read("ECS17b")[0][0] == 4 * 360 + 180
    finally:
        meter.close()


def test_the_home_and_the_remote_party_see_one_register() -> None:
    """issue: what a state says of one register is what all show."""
    meter = Meter("cpython")
    try:
        zcl = {"0x0702": {"0x0000": {"type": "0x25", "value": 123456}}}
        zcl["0x0702"]["0x0102"] = {"type": "0x25", "value": 77}
        meter.client.control("STATE", {"device": "ESME", "zcl": zcl})
        meter.set(draw=1000)
        meter.advance(HALF_HOUR)
        assert meter.read("ECS17b")[0][0] == 124456
        assert meter.read("ECS17d")[0][0][:3] == [1000, 77, 0]
    finally:
        meter.close()


def test_profile_and_registers_agree() -> None:
    """meter.md A.1: the half hours of a day add up to what the register has advanced."""
    meter = Meter("cpython")
    rng = random.Random(5)
    try:
        meter.advance(HALF_HOUR)
        begun = meter.read("ECS17b")[0][0]
        for _ in range(48):
            meter.set(draw=rng.randrange(3000))
            meter.advance(HALF_HOUR // 2)
            meter.set(draw=rng.randrange(3000))
            meter.advance(HALF_HOUR // 2)
        (rows,) = meter.read("ECS22b")
        assert len(rows) == 49 - (rows[0][0] > living.START + HALF_HOUR)
        rows = [row for row in rows if row[0] > living.START + HALF_HOUR]
        assert sum(row[1] for row in rows) == meter.read("ECS17b")[0][0] - begun
    finally:
        meter.close()
