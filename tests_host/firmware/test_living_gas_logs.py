"""A gas meter without a state makes its logs: daily reads, billing data, half hours, top-ups.

What must come out is worked out here from what flows, what is paid, and dates of datetime.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from gas_living import (
    FOR_EVER,
    GasMeter,
    Item,
    billing,
    convert,
    credit,
    le,
    mode,
    samples,
    sampling,
    snapshots,
    tariff,
    top_up,
)
from living import DAY, HALF_HOUR, START
from vectors import gbz

from smets import clock, devices
from smets.ports.store import Store

METERING, PRICE, PREPAYMENT = 0x0702, 0x0700, 0x0705
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
ENGINES = pytest.mark.parametrize("engine", ["unix", "cpython"])


def at(*date: int) -> int:
    """Seconds since 2000 of a UTC date."""
    year, month, day, *time = date
    return int((datetime(year, month, day, *time, tzinfo=UTC) - EPOCH) / timedelta(seconds=1))


@ENGINES
def test_a_day_has_its_read(engine: str, tmp_path: Any) -> None:
    """Midnight: registers each day, money each day in prepayment mode; the newest 31 are kept."""
    meter = GasMeter(engine, tmp_path)
    try:
        assert snapshots(meter, "GCS16a") == [[]] and snapshots(meter, "GCS16b") == [[]]
        meter.set(draw=10)
        meter.advance(2 * DAY)  # from 21:00 on
        limits = Item(PREPAYMENT, 1, 3, bytes(8) + le(120000) + le(50000))
        assert meter.give("GCS05", [limits]) == [0]
        credit(meter, "GCS40a", 0, 300000)
        mode(meter, 0x0497)
        total = 2 * 480
        dates, totals = [START + 3 * 3600 + n * DAY for n in range(2)], [60, 540]
        meter.restart()
        meter.set(draw=7)
        for _ in range(3 if engine == "unix" else 32):
            meter.advance(DAY)
            dates.append(dates[-1] + DAY)
            totals.append(total + 7 * 6)
            total += 7 * 48
        assert all(date % DAY == 0 for date in dates)
        (read,) = snapshots(meter, "GCS16a")
        assert [each.when for each in read] == dates[-31:]
        assert [each.values[0] for each in read] == totals[-31:]
        assert [sum(each.values[1:]) for each in read] == totals[-31:]
        assert {each.causes for each in read} == {1}
        numbers = [each.number for each in read]
        assert numbers == sorted(set(numbers))
        (paid,) = snapshots(meter, "GCS16b")
        assert [each.when for each in paid] == dates[2:][-31:]
        # No price: the balance stands.
        assert {tuple(each.values) for each in paid} == {(0, 0, 0, 0, 120000, 300000)}
        # Both ends of the range count.
        (some,) = snapshots(meter, "GCS16a", dates[-3], dates[-2])
        assert [each.when for each in some] == dates[-3:-1]
    finally:
        meter.close()


@ENGINES
def test_days_without_power_have_their_read(engine: str, tmp_path: Any) -> None:
    """A meter makes up for midnights and the end of a billing period that it slept through."""
    meter = GasMeter(engine, tmp_path)
    try:
        assert meter.give("GCS01a", tariff(True, 4 * [1], limits=[10**6])) == 3 * [0]
        midnight = START + 3 * 3600
        billing(meter, midnight + DAY, 2, 1)  # two days from the second midnight on
        meter.set(draw=5)
        meter.advance(5 * HALF_HOUR)
        meter.close()
        meter.now += 4 * DAY
        meter.restart()
        (read,) = snapshots(meter, "GCS16a")
        assert [each.when for each in read] == [midnight + n * DAY for n in range(4)]
        registers, money = snapshots(meter, "GCS15c")
        assert [each.when for each in registers] == [midnight + DAY, midnight + 3 * DAY]
        assert [each.when for each in money] == [midnight + DAY, midnight + 3 * DAY]
        # Blocks began anew with the first of them; the total goes on.
        assert [each.values[0] for each in registers] == [25, 25]
        assert [sum(each.values[5:]) for each in registers] == [25, 0]
    finally:
        meter.close()


@pytest.mark.parametrize(
    ("engine", "number", "unit"),
    [("unix", 1, 1), ("cpython", 1, 1), ("cpython", 1, 2), ("cpython", 1, 3), ("cpython", 3, 3)],
)
def test_a_billing_period_ends(engine: str, number: int, unit: int, tmp_path: Any) -> None:
    """GCS25a: a snapshot at its ends, and block counters begin anew; the newest 12 are kept."""
    # The seven months of the long periods need no flash.
    meter = GasMeter(engine, tmp_path if unit == 1 else None)
    first = at(2022, 3, 9 if unit == 1 else 31)
    until = at(2022, 10, 3) if unit > 1 else at(2022, 3, 12 if engine == "unix" else 23) + 7200
    ends = []
    if unit < 3:
        step = number * {1: DAY, 2: 7 * DAY}[unit]
        ends = list(range(first, until + 1, step))
    else:
        # The last day of each month, as the first was one.
        for month in range(3, 11, number):
            last = at(2022, month + 1, 1) - DAY
            ends += [last] if last <= until else []
        if number == 1:
            assert ends[1:3] == [at(2022, 4, 30), at(2022, 5, 31)]
    try:
        assert meter.give("GCS01a", tariff(True, 4 * [1], limits=[10**6])) == 3 * [0]
        billing(meter, first, number, unit)
        meter.set(draw=1)
        meter.advance(until - meter.now)
        registers, money = snapshots(meter, "GCS15c")
        kept = ends[-12:]
        assert [each.when for each in registers] == kept
        assert [each.when for each in money] == kept
        assert {each.causes for each in registers + money} == {2}
        totals = [(when - START) // HALF_HOUR for when in ends]
        blocks = [now - before for before, now in zip([0, *totals], totals)]
        assert [each.values[0] for each in registers] == totals[-12:]
        assert [each.values[5] for each in registers] == blocks[-12:]
        if unit == 1:
            # The daily read of that midnight was made before the counters began anew.
            (daily,) = snapshots(meter, "GCS16a", ends[-1], ends[-1])
            assert daily[0].values[5] == blocks[-1]
        left = meter.values("GCS13b")[METERING, 0x0700]
        assert left == (until - ends[-1]) // HALF_HOUR
    finally:
        meter.close()


@ENGINES
def test_a_change_has_its_snapshot(engine: str, tmp_path: Any) -> None:
    """GCS15b: tariff, payment mode; what a command repeats makes none; through a power cut."""
    meter = GasMeter(engine, tmp_path)
    try:
        meter.set(draw=100)
        meter.advance(HALF_HOUR)
        first = meter.now
        items = tariff(False, [5, 6, 7, 8], limits=[9])
        assert meter.give("GCS01a", items) == len(items) * [0]
        meter.restart()  # before time has passed
        meter.set(draw=100)
        assert meter.give("GCS01a", items) == len(items) * [0]  # the same again
        meter.advance(HALF_HOUR)
        credit(meter, "GCS40a", 0, 70000)
        second = meter.now
        mode(meter, 0x0497)
        mode(meter, 0x0497)
        meter.advance(HALF_HOUR)
        money, registers = snapshots(meter, "GCS15b")
        assert [(each.when, each.causes) for each in registers] == [
            (first, 0x38),
            (second, 0x4000),
        ]
        assert [each.values[0] for each in registers] == [100, 200]
        assert [(each.when, each.causes) for each in money] == [(first, 0x38), (second, 0x4000)]
        assert [each.values[5] for each in money] == [0, 70000]
        assert snapshots(meter, "GCS15c") == [[], []]
    finally:
        meter.close()


def test_a_later_tariff_has_its_snapshot(tmp_path: Any) -> None:
    """A command for later: the snapshot is of the time at which it is carried out."""
    meter = GasMeter("cpython", tmp_path)
    later = START + 2 * HALF_HOUR + 600
    information, prices = tariff(False, [5, 6, 7, 8])
    information.payload = information.payload[:12] + le(later) + information.payload[16:]
    prices.payload = prices.payload[:8] + le(later) + prices.payload[12:]
    assert meter.give("GCS01a", [information, prices]) == [0, 0]
    meter.set(draw=9)
    meter.advance(3 * HALF_HOUR)
    money, registers = snapshots(meter, "GCS15b")
    assert [(each.when, each.causes) for each in registers] == [(later, 0x18)]
    assert registers[0].values[0] == 9 * (later - START) // HALF_HOUR
    assert len(money) == 1


def test_half_hours_of_gas(tmp_path: Any) -> None:
    """GCS17: samples by the start of the first; one without power is FFFFFF; 31 days are kept."""
    meter = GasMeter("cpython", tmp_path)
    assert samples(meter, "GCS17", 0, 0, 10) is None
    truth = []
    for draw in (3, 0, 250):
        meter.set(draw=draw)
        meter.advance(2 * HALF_HOUR)
        truth += [draw, draw]
    # The first half hour has no total to begin with.
    assert samples(meter, "GCS17", 0, 0, 99) == (START + HALF_HOUR, 1800, truth[1:])
    assert samples(meter, "GCS17", 0, START + HALF_HOUR + 1, 2) == (
        START + 2 * HALF_HOUR,
        1800,
        truth[2:4],
    )
    assert samples(meter, "GCS17", 0, meter.now, 9) is None
    assert samples(meter, "GCS17", 0, 0, 0) is None
    cut = meter.now
    meter.close()
    meter.now += 2 * HALF_HOUR
    meter.restart()
    meter.set(draw=4)
    meter.advance(2 * HALF_HOUR)
    assert samples(meter, "GCS17", 0, cut - HALF_HOUR, 9) == (
        cut - HALF_HOUR,
        1800,
        [250, 0xFFFFFF, 0xFFFFFF, 0xFFFFFF, 4],
    )
    meter.close()
    meter = GasMeter("cpython")  # so many need no flash
    meter.set(draw=4)
    meter.advance(32 * DAY)
    start, _, values = samples(meter, "GCS17", 0, 0, 0xFFFF)
    assert start == meter.now - 31 * DAY and values == 1488 * [4]


@ENGINES
def test_half_hours_on_either_engine(engine: str, tmp_path: Any) -> None:
    """The same through a restart on the engine of a board."""
    meter = GasMeter(engine, tmp_path)
    try:
        meter.set(draw=12)
        meter.advance(4 * HALF_HOUR)
        meter.restart()
        assert samples(meter, "GCS17", 0, 0, 99) == (START + HALF_HOUR, 1800, [12, 12, 12])
    finally:
        meter.close()


@ENGINES
def test_network_data(engine: str, tmp_path: Any) -> None:
    """GCS31, GCS18: 41 samples of six minutes; a power cut leaves FFFFFF where nobody counted."""
    meter = GasMeter(engine, tmp_path)
    try:
        assert samples(meter, "GCS18", 2, 1, 41) is None
        for wrong in ((1, 0, 360, 41), (0, 1, 360, 41), (0, 0, 1800, 41), (0, 0, 360, 42)):
            assert sampling(meter, *wrong) == 0xFFFF
        assert samples(meter, "GCS18", 2, 1, 41) is None
        meter.set(draw=50)
        meter.advance(100)
        begun = meter.now
        assert sampling(meter) == 2
        meter.set(draw=50)
        meter.advance(1000)  # two samples, and 280 s of the third
        # 10 litres in six minutes.
        assert samples(meter, "GCS18", 2, 1, 41) == (begun, 360, [10, 10])
        meter.set(draw=500)
        meter.advance(800)  # 80 s at the lower rate, as the third ends at 1080
        third = (280 * 50 + 80 * 500) / HALF_HOUR
        assert samples(meter, "GCS18", 2, 1, 41)[2][:2] == [10, 10]
        got = samples(meter, "GCS18", 2, 1, 41)[2]
        assert len(got) == 5 and abs(got[2] - third) < 1 and got[3:] == [100, 100]
        meter.close()
        meter.now += 3700  # without power
        meter.restart()
        meter.set(draw=500)
        rest = begun + 41 * 360 - meter.now
        meter.advance(rest + 7200)
        first, interval, values = samples(meter, "GCS18", 2, 1, 41)
        assert (first, interval, len(values)) == (begun, 360, 41)
        dark = (1800 + 3700) // 360 + 1  # one after the last sample that the dark touched
        assert values[5:dark] == (dark - 5) * [0xFFFFFF] and values[dark:] == (41 - dark) * [100]
        # From the first one that begins at the time asked for, or later.
        when, _, some = samples(meter, "GCS18", 2, begun + 39 * 360 - 5, 1)
        assert (when, some) == (begun + 39 * 360, [100])
        assert samples(meter, "GCS18", 2, begun + 41 * 360, 41) is None
        again = meter.now
        assert sampling(meter) == 2
        assert samples(meter, "GCS18", 2, 1, 41) is None  # the first session is gone
        meter.advance(360)
        assert samples(meter, "GCS18", 2, 1, 41) == (again, 360, [100])
    finally:
        meter.close()


@ENGINES
def test_top_ups_and_debt_payments(engine: str, tmp_path: Any) -> None:
    """GCS15e: newest first, five of them; GCS15d: oldest first, with the debt that is left."""
    meter = GasMeter(engine, tmp_path)
    try:
        convert(meter)
        mode(meter, 0x0497)
        share = 2500  # a quarter
        debt = le(5) + b"\x00" + le(900000) + b"\x01\x05" + bytes(6) + b"\x01" + le(0)
        assert meter.give("GCS04", [Item(PREPAYMENT, 1, 2, debt + le(share, 2))]) == [0]
        limits = Item(PREPAYMENT, 1, 11, bytes(12) + le(10**8) + le(10**8))
        assert meter.give("GCS05", [limits]) == [0]
        log, paid, left = [], [], 900000
        for number in range(6):
            pennies = 100 + number
            meter.advance(HALF_HOUR)
            assert top_up(meter, pennies, 5 + number)[0] in (0x00, 0x12)
            log.append((pennies * 1000, meter.now))
            left -= pennies * 250
            paid.append((meter.now, pennies * 250, left))
        meter.restart()

        def get(use_case: str, command_id: int, payload: bytes, since: int) -> list[bytes]:
            request = (PREPAYMENT, bytes((1, 0, command_id)) + payload, since)
            opened = meter.ask(use_case, lambda *_: gbz(request))
            return [frame[3:] for _, frame, _ in opened.components() if frame[0] & 1]

        (body,) = get("GCS15e", 8, le(FOR_EVER) + b"\x05", 0)
        assert body[:2] == b"\x00\x01" and len(body) == 2 + 5 * 29
        rows = [body[at_ : at_ + 29] for at_ in range(2, len(body), 29)]
        assert all(row[0] == 20 and row[1:21].isdigit() for row in rows)
        told = [
            (int.from_bytes(row[21:25], "little"), int.from_bytes(row[25:], "little"))
            for row in rows
        ]
        assert told == log[:0:-1]
        (body,) = get("GCS15d", 10, le(FOR_EVER) + b"\x0a\x02", 0)
        rows = [body[at_ : at_ + 13] for at_ in range(2, len(body), 13)]
        assert all(row[8] == 2 for row in rows)
        debts = [
            tuple(
                int.from_bytes(row[part], "little")
                for part in (slice(4), slice(4, 8), slice(9, 13))
            )
            for row in rows
        ]
        assert debts == paid
        (body,) = get("GCS15d", 10, le(paid[3][0]) + b"\x0a\x02", paid[2][0])
        assert len(body) == 2 + 2 * 13
        assert not get("GCS15e", 8, le(FOR_EVER) + b"\x05", meter.now + 1)
        assert not get("GCS15d", 10, le(FOR_EVER) + b"\x0a\x01", 0)
    finally:
        meter.close()


class OneSupplier:
    """Keys of a supplier and nobody else."""

    def __init__(self, party_id: bytes) -> None:
        self.id = party_id

    def first(self, role: str) -> Any:
        """The party of a role."""
        return self if role == "supplier" else None


def test_another_supplier(tmp_path: Any) -> None:
    """A change of supplier has a snapshot (cause 2000); the first one that is known has none."""
    device = devices.build("gsme", Store(str(tmp_path)))
    device.clock.set(START, clock.RELIABLE)
    rows = []
    for party_id in (b"supplier", b"supplier", b"another.", b"another."):
        device.keys = OneSupplier(party_id)
        device.commanded(0x0104, True)
        device.advance(1)
        log = device.feature("gas_logs").rows.slot("gas-change").open()
        rows.append([bytes(log.load(number)[:8]) for number in range(log.oldest(), log.head())])
    told = (START + 2).to_bytes(4, "big") + b"\x00\x00\x20\x00"
    assert rows == [[], [], [told], [told]]
