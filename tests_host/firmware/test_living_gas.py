"""A gas meter that lives with no state: registers under tariffs of both kinds, kWh and cost, the
account, the valve and tokens, through power cuts.

What must come out is worked out here from the inputs, with fractions and calendars of this file.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from gas_living import (
    BALANCE,
    DEBTS,
    EMERGENCY,
    KWH,
    METERING,
    PREPAYMENT,
    VALVE,
    GasMeter,
    Item,
    convert,
    credit,
    le,
    mode,
    registers,
    supply,
    tariff,
    top_up,
    weekday,
    weekdays,
)
from living import DAY, HALF_HOUR, START
from remote_parties import PARTIES
from vectors import SUPPLIER, Opened


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize("seed", range(2))
def test_registers_agree_through_restarts(engine: str, seed: int, tmp_path: Any) -> None:
    """issue: sum of tiers and blocks = total; pulses are counted through restarts and tariffs."""
    rng = random.Random(seed)
    meter = GasMeter(engine, tmp_path)
    total, tiers, blocks = 0, 4 * [0], 4 * [0]
    tier_of, limits = 7 * [1], []
    try:
        for _ in range(4):
            by_blocks = rng.random() < 0.4
            prices = [rng.randrange(1, 9999) for _ in range(4)]
            if by_blocks:
                # The counters go on where they were.
                limits = sorted(rng.sample(range(1000, 60000), 3))
                items = tariff(True, prices, limits=limits)
                assert meter.give("GCS01a", items) == 3 * [0]
            else:
                tier_of = [rng.randrange(1, 5) for _ in range(7)]
                items = weekdays(tier_of) + tariff(False, prices)
                assert meter.give("GCS01a", items) == len(items) * [0]
            draw = rng.randrange(0, 900)
            meter.set(draw=draw)
            for _ in range(rng.randrange(1, 25)):
                if by_blocks:
                    left = draw
                    while left:
                        used = sum(blocks)
                        block = sum(used >= limit for limit in limits)
                        part = min(left, limits[block] - used) if block < 3 else left
                        blocks[block] += part
                        left -= part
                else:
                    tiers[tier_of[weekday(meter.now)] - 1] += draw
                total += draw
                meter.advance(HALF_HOUR)
            if rng.random() < 0.5:
                meter.restart()
                assert meter.client.control("QUERY")["summary"]["register"] == total
                meter.set(draw=draw)
        assert registers(meter) == (total, tiers, blocks)
        assert sum(tiers) + sum(blocks) == total
    finally:
        meter.close()


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_credit_is_used_up_and_the_valve_closes(engine: str, tmp_path: Any) -> None:
    """issue: a valve that closes at zero credit; a token arms it, and the consumer opens it."""
    meter = GasMeter(engine, tmp_path)
    price, charge, draw = 7123, 26000, 300
    try:
        convert(meter)
        items = tariff(False, 4 * [price], charge)
        assert meter.give("GCS01a", items) == [0, 0]
        credit(meter, "GCS40a", 0, 200000)  # without credit the new mode closes the valve
        mode(meter, 0x0497)
        emergency = bytes(4) + bytes(4) + le(100000) + le(50000)
        cap = bytes(8) + bytes(4) + le(10**6)
        configure = [
            Item(PREPAYMENT, 1, 3, emergency),
            Item(PREPAYMENT, 1, 12, cap),
        ]
        assert meter.give("GCS05", configure) == [0, 0]
        meter.set(draw=draw)
        begun = meter.now
        cost = Fraction(0)
        spent = 0
        while True:
            meter.advance(HALF_HOUR)
            cost += draw * KWH * price
            spent = 200000 - meter.values("GCS14")[BALANCE]
            days = meter.now // DAY - begun // DAY
            assert cost - 2 <= spent - days * charge <= cost, "rounded down, the rest is kept"
            if spent >= 200000:
                break
            assert meter.values("GCS33")[VALVE] == 2
        assert meter.values("GCS33")[VALVE] == 0
        closed = registers(meter)[0]
        meter.advance(HALF_HOUR)
        assert registers(meter)[0] == closed, "nothing flows"
        told = [Opened(octets, SUPPLIER, cra=3) for octets in meter.alerts]
        codes = [int.from_bytes(alert.payload[3:5], "big") for alert in told]
        assert codes == [0x810D, 0x8119]
        for alert in told:
            assert alert.authenticated and alert.code == 0x1001 and alert.payload[2] == 0
        assert supply(meter, "GCS39", 1)[2:] == b"\x0b\x0b\x93", "not while there is no credit"
        meter.restart()
        assert meter.values("GCS33")[VALVE] == 0
        left = meter.values("GCS14")[BALANCE]
        assert top_up(meter, 1500, 9, "12345678901121314156") == (1, -1)
        assert top_up(meter, 1500, 10) == (0x12, left + 1500000)
        assert top_up(meter, 1500, 10) == (2, -1), "once"
        assert meter.values("GCS33")[VALVE] == 1, "armed: never opened from afar"
        meter.set(draw=draw)
        meter.advance(HALF_HOUR)
        assert registers(meter)[0] == closed
        meter.client.control("ACT", {"valve": "open"})
        meter.advance(HALF_HOUR)
        assert meter.values("GCS33")[VALVE] == 2 and registers(meter)[0] == closed + draw
        assert top_up(meter, 100, 9)[0] == 0, "a lower counter that was not used is taken"
    finally:
        meter.close()


def test_emergency_credit_and_debts() -> None:
    """spec (meter.md E.5): offered at its threshold, used after the balance, paid back first;
    hourly and daily debts, and a share of a payment."""
    meter = GasMeter("cpython")
    try:
        convert(meter)
        assert meter.give("GCS06", [Item(PREPAYMENT, 1, 0, bytes(5))]) == [1], "in credit mode"
        credit(meter, "GCS40a", 0, 900000)
        mode(meter, 0x0897)  # nothing is suspended
        emergency = [Item(PREPAYMENT, 1, 3, bytes(8) + le(100000) + le(50000))]
        assert meter.give("GCS05", emergency) == [0]
        credit(meter, "GCS40b", 1, 60000)
        assert meter.give("GCS06", [Item(PREPAYMENT, 1, 0, bytes(5))]) == [1], "not offered yet"
        debts = []
        for number, (amount, frequency, rate, share) in enumerate(
            ((50000, 0, 4000, 0), (30000, 1, 25000, 0), (70000, 1, 0, 2500))
        ):
            payload = le(5) + b"\x00" + le(amount) + bytes((0, 2 * number + 1)) + bytes(6)
            debts.append(
                Item(PREPAYMENT, 1, 2, payload + bytes((frequency,)) + le(rate) + le(share, 2))
            )
        assert meter.give("GCS04", debts) == 3 * [0]
        meter.advance(3 * 3600)
        held = meter.values("GCS14")
        # START is 21:00: the daily debt is not due yet.
        assert [held[place] for place in DEBTS] == [50000 - 12000, 30000, 70000]
        assert held[BALANCE] == 60000 - 12000
        assert meter.give("GCS06", [Item(PREPAYMENT, 1, 0, bytes(5))]) == [0]
        assert meter.give("GCS06", [Item(PREPAYMENT, 1, 0, bytes(5))]) == [0], "already"
        meter.advance(21 * 3600)
        held = meter.values("GCS14")
        recovered = [50000, 25000, 0]
        given = zip(DEBTS, (50000, 30000, 70000), recovered, strict=True)
        assert [held[place] for place, _, _ in given] == [0, 5000, 70000]
        assert held[BALANCE] == 0 and held[EMERGENCY] == 100000 - (75000 - 60000)
        assert top_up(meter, 40, 1)[0] == 0
        # A quarter pays debt 3, then the emergency credit is filled up, the rest is the balance.
        held = meter.values("GCS14")
        assert held[DEBTS[2]] == 70000 - 10000 and held[EMERGENCY] == 100000
        assert held[BALANCE] == 40000 - 10000 - 15000
        told = [Opened(octets, SUPPLIER, cra=3).payload[3:5].hex() for octets in meter.alerts]
        assert [code for code in told if code in ("8119", "81ab", "81a7")] == [
            "8119",
            "81ab",
            "81a7",
        ]
    finally:
        meter.close()


@pytest.mark.parametrize("version", ["3.1", "4.2"])
def test_a_reset_of_the_balance_by_version(version: str) -> None:
    """spec (MP143): GBCS 3.1 leaves the emergency credit as it was; 4.0 brings its limit."""
    meter = GasMeter("cpython")
    try:
        meter.client.control("STATE", {"device": "GSME", "gbcs": version})
        convert(meter)
        credit(meter, "GCS40a", 0, 20000)
        mode(meter, 0x0897)
        emergency = [Item(PREPAYMENT, 1, 3, bytes(8) + le(100000) + le(50000))]
        assert meter.give("GCS05", emergency) == [0]
        assert meter.give("GCS06", [Item(PREPAYMENT, 1, 0, bytes(5))]) == [0]
        payload = le(5) + b"\x00" + le(50000) + bytes((0, 1)) + bytes(7) + le(10000) + le(0, 2)
        assert meter.give("GCS04", [Item(PREPAYMENT, 1, 2, payload)]) == [0]
        meter.advance(5 * 3600)
        left = 100000 - (5 * 10000 - 20000)
        assert meter.values("GCS14")[EMERGENCY] == left
        credit(meter, "GCS40b", 1, 0)
        assert meter.values("GCS14")[EMERGENCY] == (left if version == "3.1" else 100000)
    finally:
        meter.close()


def test_a_bill_in_credit_mode() -> None:
    """meter.md A.2: it rises with consumption; an adjustment is subtracted; never below 0."""
    meter = GasMeter("cpython")
    bill = (METERING, 0x0A00)
    try:
        convert(meter)
        assert meter.give("GCS01a", tariff(False, 4 * [5000], 30000)) == [0, 0]
        meter.set(draw=1000)
        meter.advance(2 * HALF_HOUR)
        told = meter.values("GCS60")
        assert told[bill] == int(2000 * KWH * 5000) and told[BALANCE] == 0
        meter.advance(5 * HALF_HOUR)  # over midnight
        assert meter.values("GCS60")[bill] == int(7000 * KWH * 5000) + 30000
        credit(meter, "GCS40c", 3, 100000)
        assert meter.values("GCS60")[bill] == int(7000 * KWH * 5000) - 70000
        credit(meter, "GCS40c", 3, 10**9)
        assert meter.values("GCS60")[bill] == 0
        credit(meter, "GCS40d", 2, 17)
        assert meter.values("GCS60")[bill] == 17
        assert supply(meter, "GCS32", 0)[-1] == 0 and meter.values("GCS33")[VALVE] == 0
        assert supply(meter, "GCS39", 1)[-1] == 1 and meter.values("GCS33")[VALVE] == 1
    finally:
        meter.close()


@pytest.mark.parametrize(("flow", "closes"), [(300, False), (301, True)])
def test_uncontrolled_flow(flow: int, closes: bool) -> None:
    """spec (meter.md E.1): more flow than the threshold after opening: armed again, 81BF."""
    meter = GasMeter("cpython")
    try:
        # 0.6 cubic metres an hour; 2.5 s to settle, 20 s to measure.
        payload = bytes(4) + le(5) + le(6000, 2) + b"\x01" + le(1, 2) + le(10000, 2) + b"\x19"
        items = [Item(METERING, 1, 14, payload + le(20, 2))]
        assert meter.give("GCS24a", items) == [0]
        meter.client.control("ACT", {"valve": "open"})
        assert meter.values("GCS33")[VALVE] == 2, "it is open already"
        supply(meter, "GCS32", 0)
        meter.client.control("ACT", {"valve": "open"})
        assert meter.values("GCS33")[VALVE] == 0, "only what is armed can be opened"
        supply(meter, "GCS39", 1)
        meter.set(draw=flow)
        meter.client.control("ACT", {"valve": "open"})
        meter.advance(22)
        assert meter.values("GCS33")[VALVE] == 2
        meter.advance(1)
        assert meter.values("GCS33")[VALVE] == (1 if closes else 2)
        told = [Opened(octets, SUPPLIER, cra=3).payload[3:5].hex() for octets in meter.alerts]
        assert told == ["8f32"] + (["8f32", "81bf"] if closes else [])
    finally:
        meter.close()


@pytest.mark.parametrize("locks", [False, True])
def test_tamper_and_battery(locks: bool, tmp_path: Any) -> None:
    """spec (GCS24a): the supply is locked where the supplier wants it; logs and alerts."""
    meter = GasMeter("cpython", tmp_path)
    battery = (METERING, 0x0205)
    try:
        states = [
            Item(METERING, 1, 13, le(5) + (b"\x00\x00" if locks else b"\x03\x03") + b"\x00\x03")
        ]
        assert meter.give("GCS24a", states) == [0]
        meter.client.control("ACT", {"tamper": "cover"})
        assert meter.values("GCS33")[VALVE] == (0 if locks else 2)
        told = [Opened(octets, SUPPLIER, cra=3) for octets in meter.alerts]
        assert [alert.payload[3:5].hex() for alert in told] == ["8f74"] + (
            ["81be"] if locks else []
        )
        assert told[0].signature and told[0].code == 0x1000
        meter.client.control("ACT", {"valve": "open"})
        assert meter.values("GCS33")[VALVE] == (0 if locks else 2)
        if locks:
            assert supply(meter, "GCS39", 1)[-1] == 1
            meter.client.control("ACT", {"valve": "open"})
        assert meter.values("GCS33")[VALVE] == 2
        meter.alerts.clear()
        meter.set(battery=182)
        meter.advance(2 * DAY)
        assert meter.values("GCS33")[battery] == 180
        told = [Opened(octets, SUPPLIER, cra=3).payload[3:5].hex() for octets in meter.alerts]
        assert told == ["8f1f"]
        meter.restart()
        assert meter.values("GCS33")[battery] == 180
        meter.set(battery=1)
        meter.advance(DAY)
        held = meter.values("GCS33")
        assert (held[battery], held[VALVE]) == (0, 0 if locks else 2)
    finally:
        meter.close()


def test_parties_have_a_key_for_top_ups() -> None:
    """The tokens above are genuine: the secret is that of the supplier's key for top-ups."""
    assert PARTIES["Supplier"][0] == SUPPLIER and START % DAY == 21 * 3600
