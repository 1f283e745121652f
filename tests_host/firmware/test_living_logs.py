"""The logs of a meter without a state: made by time, energy, the billing calendar and commands.

Their rows are worked out here from what was drawn; times are midnights and noons of UTC.
"""

from __future__ import annotations

from typing import Any

import pytest
import vectors
from living import DAY, HALF_HOUR, START, Meter

from smets.devices.esme import Esme

NOON = bytes.fromhex("0101 0202 0904 0C000000 0905 FFFFFFFFFF")  # class 22: every day at noon
MIDNIGHT = START // DAY * DAY
NOONS = DAY // 2
BLOCKS = [8 * [0] for _ in range(4)]
DONE, FAILED = 0x8154, 0x8155


def rates(energy: int) -> list[int]:
    """The 48 rates of a meter without a tariff."""
    return [energy, *(47 * [0])]


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_days_and_billing_periods(engine: str, tmp_path: Any) -> None:
    """issue: ECS21a, 21c, 66, 20c on a device without a state; a restart keeps them."""
    meter = Meter(engine, tmp_path)
    try:
        assert meter.send("ECS30", {"22/0-0:15.0.0.255/4": NOON}) == [0]
        meter.set(draw=700, energy={"export": 30})
        meter.advance(3 * DAY + HALF_HOUR)
        # Six half hours of the first day, then whole days.
        imported = [700 * (6 + 48 * day) for day in range(3)]
        stamps = [MIDNIGHT + DAY * (day + 1) for day in range(3)]
        for _ in range(2):
            (daily,) = meter.read("ECS21a")
            assert daily == [
                [stamp, wh, rates(wh), *BLOCKS] for stamp, wh in zip(stamps, imported, strict=True)
            ]
            (exported,) = meter.read("ECS21c")
            assert exported == [[stamp, wh * 30 // 700] for stamp, wh in zip(stamps, imported)]
            (consumed,) = meter.read("ECS66")
            assert consumed == [[stamps[0], 4200], [stamps[1], 33600], [stamps[2], 33600]]
            billed, money = meter.read("ECS20c")
            noons = [stamp + DAY // 2 for stamp in stamps]
            wh = [700 * (6 + 24 + 48 * day) for day in range(3)]
            assert billed == [[noon, e, rates(e), *BLOCKS] for noon, e in zip(noons, wh)]
            assert money == [[noon, *(6 * [0])] for noon in noons]
            meter.restart()
        # Bounds are inclusive, and a range that ends before it begins is empty.
        assert meter.read("ECS66", stamps[1], stamps[1])[0] == [[stamps[1], 33600]]
        assert meter.read("ECS66", stamps[1] + 1, stamps[2] - 1)[0] == []
        assert meter.read("ECS66", stamps[2], stamps[1])[0] == []
    finally:
        meter.close()


def test_a_full_log_drops_its_oldest() -> None:
    """meter.md (c): 31 days, 12 billing periods."""
    meter = Meter("cpython")
    try:
        assert meter.send("ECS30", {"22/0-0:15.0.0.255/4": NOON}) == [0]
        meter.set(draw=10)
        meter.advance(40 * DAY)
        (daily,) = meter.read("ECS21a")
        assert [row[0] for row in daily] == [MIDNIGHT + DAY * day for day in range(10, 41)]
        assert [row[1] for row in daily] == [60 + 480 * day for day in range(9, 40)]
        billed, _ = meter.read("ECS20c")
        assert [row[0] for row in billed] == [
            MIDNIGHT + NOONS + DAY * day for day in range(29, 41)
        ]
        assert len(meter.read("ECS66")[0]) == 40
    finally:
        meter.close()


def test_a_twin_element_meter(tmp_path: Any) -> None:
    """meter.md (c): both elements in every row."""
    meter = Meter("cpython", tmp_path)
    try:
        meter.set(draw=100, energy={"secondary": 7})
        meter.advance(DAY)
        (daily,) = meter.read("ECS21a")
        assert daily == [[MIDNIGHT + DAY, 600, 42, rates(600), [42, 0, 0, 0], *BLOCKS]]
    finally:
        meter.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_every_command_is_logged(engine: str, tmp_path: Any) -> None:
    """issue: each remote command with its message code; ECS15a clears, and says so."""
    meter = Meter(engine, tmp_path)
    try:
        assert meter.read("ECS35a") == [[]], "itself comes after its answer"
        meter.advance(60)
        meter.read("ECS17b")
        assert meter.send("ECS38", {"1/0-0:94.44.0.1/2": b"\x11\x05"}) == [12]
        logged = [[START, DONE, "0048"], [START + 60, DONE, "0027"], [START + 60, FAILED, "004B"]]

        def rows() -> list[list[Any]]:
            return [[*row[:2], row[2].hex().upper()] for row in meter.read("ECS35a")[0]]

        assert rows() == logged
        meter.restart()
        assert rows() == [*logged, [START + 60, DONE, "0048"]]
        assert meter.read("ECS35b") == [[]]
        assert meter.send("ECS15a", {"7/0-0:99.98.0.255/1": b"\x0f\x00"}) == [0]
        assert rows() == [[START + 60, DONE, "0024"]]
        assert meter.read("ECS35b") == [[[START + 60, 0x8F52]]]
    finally:
        meter.close()


def test_refusals_are_in_the_security_log() -> None:
    """project-choice: 8F1E for what is malformed, 8F3E for who may not; once a minute."""
    meter = Meter("cpython")
    try:
        for _ in range(3):
            meter.counter -= 1
            with pytest.raises(Exception, match="role"):
                meter.ask("ECS38", lambda *_: b"\xd9", role="Network Operator")
        meter.advance(60)
        with pytest.raises(Exception, match="malformed"):
            meter.ask("ECS38", lambda *_: b"\xd9")
        assert meter.read("ECS35b") == [[[START, 0x8F3E], [START + 60, 0x8F1E]]]
    finally:
        meter.close()


def test_logs_that_hold_nothing_yet() -> None:
    """issue: an empty log is an answer, not an error."""
    meter = Meter("cpython")
    try:
        for use_case in ("ECS20a", "ECS20b", "ECS20d", "ECS21a", "ECS21b", "ECS21c", "ECS66"):
            assert meter.read(use_case) == [[]], use_case
        assert meter.read("ECS20c") == [[], []]
    finally:
        meter.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_midnights_without_power(engine: str, tmp_path: Any) -> None:
    """issue: a midnight without power has its rows; nothing was drawn meanwhile."""
    meter = Meter(engine, tmp_path)
    try:
        assert meter.send("ECS30", {"22/0-0:15.0.0.255/4": NOON}) == [0]
        meter.set(draw=700)
        meter.advance(DAY)
        meter.now += 3 * DAY - HALF_HOUR  # no power
        meter.restart()
        meter.advance(HALF_HOUR)
        stamps = [MIDNIGHT + DAY * n for n in range(1, 5)]
        wh = [4200, 33600, 33600, 33600]
        (daily,) = meter.read("ECS21a")
        assert [row[:2] for row in daily] == [[stamp, e] for stamp, e in zip(stamps, wh)]
        assert meter.read("ECS66")[0] == [
            [stamp, e] for stamp, e in zip(stamps, (4200, 29400, 0, 0))
        ]
        # Noons without power are entered where their day ends, or the power comes back.
        noon, back = MIDNIGHT + DAY + NOONS, MIDNIGHT + 4 * DAY + 20 * 3600 + HALF_HOUR
        billed, money = meter.read("ECS20c")
        assert [row[0] for row in billed] == [noon, *stamps[2:], back]
        assert [row[0] for row in money] == [noon, *stamps[2:], back]
        meter.restart()
        meter.advance(60)
        assert len(meter.read("ECS21a")[0]) == 4
    finally:
        meter.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize("cut", [-60, 60, 3 * 3600], ids=["before", "after", "long after"])
def test_a_billing_period_ends_once(engine: str, cut: int, tmp_path: Any) -> None:
    """A power cut about the end of a billing period: one row, and blocks begin anew once."""
    meter = Meter(engine, tmp_path)
    noon = MIDNIGHT + DAY + NOONS
    try:
        assert meter.send("ECS30", {"22/0-0:15.0.0.255/4": NOON}) == [0]
        meter.set(draw=700)
        meter.advance(noon + cut - meter.now)
        meter.now += 1200  # no power
        meter.restart()
        meter.set(draw=700)
        meter.advance(HALF_HOUR)
        assert [row[0] for row in meter.read("ECS20c")[0]] == [noon]
        # Off over midnight, for less than a day.
        meter.advance(2 * HALF_HOUR)
        meter.now += 14 * 3600
        meter.restart()
        meter.advance(HALF_HOUR)
        assert [row[0] for row in meter.read("ECS20c")[0]] == [noon]
        assert [row[0] for row in meter.read("ECS21a")[0]] == [noon - NOONS, noon + NOONS]
    finally:
        meter.close()


def test_a_change_of_supplier() -> None:
    """issue: the registers as another supplier takes over, once; the first one is no change."""
    device = Esme()
    device.clock.set(START, 0)
    device.take_keys(vectors.keys())
    log = vectors.key(7, (0, 0, 98, 1, 2, 255), 2)

    def stamps() -> list[int]:
        found = device.feature("meter_logs").find(log, "get").get(0, 0xFFFFFFFF)
        octets = b"".join(bytes(piece) for piece in found.chunks())
        return [at for at in range(START, START + 99) if at.to_bytes(4, "big") in octets]

    device.commanded(0x0027, True)
    assert stamps() == []
    for party in device.keys.parties:
        if party.role == "supplier":
            party.id = vectors.OTHER_SUPPLIER
    for _ in range(3):
        device.advance(10)
        device.commanded(0x0105, True)
    assert stamps() == [START + 10]
