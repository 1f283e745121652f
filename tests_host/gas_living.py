"""A gas meter that begins with no state, as its remote parties use it (living.py).

Commands are made of the components of gas_commands.py, or of octets; answers are opened here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import gas_commands
from gas_commands import Component
from living import HALF_HOUR, START, Meter
from setting_pairs import CASES
from vectors import DEVICE, SUPPLIER, gbz, read_frame, records, secret

from host_tools.utrn import make_token


class Maker(gas_commands.Maker):
    """Components with a date to come where it has one."""


class GasMeter(Meter):
    """A GSME with keys and a time, and nothing else."""

    role = "gsme"

    def give(self, use_case: str, components: Sequence[Component]) -> list[int]:
        """Send a command; the status of each component, 0 where a response of its own came."""
        requests = []
        for number, item in enumerate(components):
            frame = bytes((item.control, number, item.command)) + item.payload
            dated = () if item.from_date_time is None else (item.from_date_time,)
            requests.append((item.cluster, frame, *dated))
        opened = self.ask(use_case, lambda *_: gbz(*requests))
        found = []
        for _, frame, _ in opened.components():
            default = not frame[0] & 1 and frame[2] == 0x0B
            found.append(frame[4] if default else 0)
        self.answers = [frame for _, frame, _ in opened.components()]
        return found

    def values(self, use_case: str, role: str = "") -> dict[tuple[int, int], Any]:
        """All attributes that a use case reads, by (cluster, attribute): numbers or octets.

        Those that the meter does not have are left out.
        """
        asked = [row for row in CASES[use_case]["gbz"] if row.get("attributes")]
        requests = []
        for number, row in enumerate(asked):
            ids = [int(text, 16) for text in row["attributes"]]
            requests.append((int(row["cluster"], 16), read_frame(number, *ids)))
        opened = self.ask(use_case, lambda *_: gbz(*requests), role)
        found: dict[tuple[int, int], Any] = {}
        for cluster, frame, _ in opened.components():
            if frame[2] == 0x0B:
                continue  # not carried out, after one that failed
            for attribute, (kind, octets) in _records(frame).items():
                signed = 0x28 <= kind <= 0x2F
                value = int.from_bytes(octets, "little", signed=signed)
                found[cluster, attribute] = octets[1:] if kind == 0x41 else value
        return found

    def get(self, use_case: str, cluster: int, command: int, payload: bytes) -> list[bytes]:
        """The payloads that a Get command of a client brings; none where nothing was found."""
        request = bytes((1, 0, command)) + payload
        opened = self.ask(use_case, lambda *_: gbz((cluster, request)))
        return [frame[3:] for _, frame, _ in opened.components() if frame[0] & 1]


def _records(frame: bytes) -> dict[int, tuple[int, bytes]]:
    """Attribute -> (type, value octets) of a Read Attributes Response."""
    found = {}
    for attribute, value in records(frame)[0].items():
        if isinstance(value, bytes):
            found[attribute] = (value[0], value[1:])
    return found


# --- What is sent ---

METERING, PRICE, PREPAYMENT, CALENDAR = 0x0702, 0x0700, 0x0705, 0x0707
TOTAL = (METERING, 0x0000)
TIERS = [(METERING, 0x0100 + 2 * n) for n in range(4)]
BLOCKS = [(METERING, 0x0700 + n) for n in range(4)]
BALANCE, EMERGENCY = (PREPAYMENT, 0x0001), (PREPAYMENT, 0x0002)
DEBTS = [(PREPAYMENT, 0x0211 + 0x10 * n) for n in range(3)]
VALVE = (METERING, 0x0014)
# RTDS: 0x00018F78 with five digits, 0x190 with one.
FACTOR, CALORIFIC = Fraction(102264, 100000), Fraction(400, 10)
KWH = FACTOR * CALORIFIC / Fraction(36, 10) / 1000  # of a litre
CONVERSION = [
    (PRICE, 9, 2, bytes(8) + (102264).to_bytes(4, "little") + b"\x50"),
    (PRICE, 9, 3, bytes(8) + (400).to_bytes(4, "little") + b"\x01\x10"),
]


class Item:
    """A component by its octets."""

    from_date_time = None

    def __init__(self, cluster: int, control: int, command: int, payload: bytes) -> None:
        self.cluster, self.control, self.command, self.payload = cluster, control, command, payload


def le(value: int, size: int = 4) -> bytes:
    """Little-endian octets, signed where below 0."""
    return (value % (1 << 8 * size)).to_bytes(size, "little")


def convert(meter: GasMeter) -> None:
    """GCS23."""
    assert meter.give("GCS23", [Item(*row) for row in CONVERSION]) == [0, 0]


def tariff(blocks: bool, prices: list[int], charge: int = 0, limits: Any = ()) -> list[Item]:
    """Information, thresholds and prices of GCS01a; litres and 10^-5 pound a kWh."""
    scheme = 0x10 if blocks else 0x00
    head = bytes(4) + le(5) + le(7)
    info = head + bytes(4) + bytes((scheme, 0, 0 if blocks else 4, 3 if blocks else 0, 0))
    info += le(826, 2) + b"\x50" + le(charge) + b"\xff" + le(1, 3) + le(1000, 3)
    found = [Item(PRICE, 9, 4, info)]
    if limits:
        payload = bytes(4) + le(5) + bytes(4) + le(7) + b"\x00\x01\x01" + bytes((len(limits),))
        found.append(Item(PRICE, 9, 6, payload + b"".join(le(limit, 6) for limit in limits)))
    payload = bytes(4) + le(5) + bytes(4) + le(7) + b"\x00\x01" + bytes((0 if blocks else 1,))
    for number, price in enumerate(prices):
        payload += bytes((number if blocks else number + 1,)) + le(price)
    return [*found, Item(PRICE, 9, 5, payload)]


def weekdays(tiers: list[int]) -> list[Item]:
    """A calendar with a tier for each day of the week, Monday first; at most four day profiles."""
    head = bytes(4) + le(5) + le(9)
    days = sorted(set(tiers))
    found = [Item(CALENDAR, 9, 0, head + bytes(4) + bytes((0, 0, 0, 1, 1, len(days))))]
    for number, tier in enumerate(days):
        payload = head + bytes((number + 1, 1, 0, 1, 0, 0, 0, tier))
        found.append(Item(CALENDAR, 9, 1, payload))
    week = head + b"\x01" + bytes(days.index(tier) + 1 for tier in tiers)
    found.append(Item(CALENDAR, 9, 2, week))
    found.append(Item(CALENDAR, 9, 3, head + b"\x00\x01" + bytes((0xFF, 1, 1, 0xFF, 1))))
    return found


def weekday(at: int) -> int:
    """0 is Monday."""
    return (datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).weekday()


def registers(meter: GasMeter) -> tuple[int, list[int], list[int]]:
    """Total, tiers, blocks, as the supplier reads them (GCS13a, 13c, 13b)."""
    total = meter.values("GCS13a")[TOTAL]
    tiers, blocks = meter.values("GCS13c"), meter.values("GCS13b")
    return total, [tiers[place] for place in TIERS], [blocks[place] for place in BLOCKS]


def supply(meter: GasMeter, use_case: str, status: int) -> bytes:
    """GCS32 or GCS39; the octets of the answer behind its head."""
    payload = bytes(4) + le(5) + bytes(8) + bytes((status, 1))
    meter.give(use_case, [Item(METERING, 1, 11, payload)])
    return meter.answers[0]


def mode(meter: GasMeter, control: int, cut_off: int = -1) -> None:
    """GCS02 or GCS03, for now."""
    payload = bytes(4) + le(5) + bytes(4) + le(control, 2) + le(cut_off)
    assert meter.give("GCS03" if control & 2 else "GCS02", [Item(PREPAYMENT, 1, 6, payload)]) == [
        0
    ]


def credit(meter: GasMeter, use_case: str, sort: int, amount: int) -> None:
    """GCS40a to d."""
    payload = le(5) + bytes(4) + bytes((sort,)) + le(amount)
    assert meter.give(use_case, [Item(PREPAYMENT, 1, 5, payload)]) == [0]


def top_up(meter: GasMeter, pennies: int, counter: int, code: str = "") -> tuple[int, int]:
    """CS01b: (result, credit remaining)."""
    told = code or make_token(pennies, counter, secret(SUPPLIER), SUPPLIER, DEVICE)
    before, meter.counter = meter.counter, (counter << 32) - 1
    payload = b"\x00\x14" + told.encode()
    opened = meter.ask("CS01b", lambda *_: gbz((PREPAYMENT, b"\x01\x00\x04" + payload)))
    meter.counter = before
    (frame,) = [frame for _, frame, _ in opened.components()]
    assert frame[:3] == b"\x09\x00\x03" and len(frame) == 13
    return frame[3], int.from_bytes(frame[9:13], "little", signed=True)


# --- What is read ---

FOR_EVER = 0xFFFFFFFE
# Requests of the use cases: GetSnapshot of either cluster, how many, causes (use_cases.json).
REGISTERS, MONEY = (METERING, 6), (PREPAYMENT, 7)
READS = {
    "GCS15b": ((MONEY, 12), (REGISTERS, 12), 0x6008),
    "GCS15c": ((REGISTERS, 12), (MONEY, 12), 2),
    "GCS16a": ((REGISTERS, 31), None, 1),
    "GCS16b": ((MONEY, 31), None, 1),
}


@dataclass
class Snapshot:
    """A PublishSnapshot or a Publish Prepay Snapshot, taken apart."""

    number: int
    when: int
    found: int
    causes: int
    values: list[int]


def taken_apart(frame: bytes) -> Snapshot:
    """Layout of ZSE and of RTDS: 56 octets of registers or 24 of money behind a head of 16."""
    body = frame[3:]
    number, when = (int.from_bytes(body[at : at + 4], "little") for at in (0, 4))
    assert body[9:11] == b"\x00\x01"
    causes, payload = int.from_bytes(body[11:15], "little"), body[16:]
    if frame[2] == 6:
        assert body[15] == 6 and len(payload) == 56
        assert payload[6] == 4 and payload[31] == 0x14
        octets = payload[:6] + payload[7:31] + payload[32:]
        values = [int.from_bytes(octets[at : at + 6], "little") for at in range(0, 54, 6)]
    else:
        assert body[15] == 0 and len(payload) == 24
        values = [
            int.from_bytes(payload[at : at + 4], "little", signed=True) for at in range(0, 24, 4)
        ]
    return Snapshot(number, when, body[8], causes, values)


def snapshots(
    meter: GasMeter, use_case: str, start: int = 0, end: int = FOR_EVER
) -> list[list[Snapshot]]:
    """What a use case reads: the snapshots of each of its lists; the rest is NOT_FOUND."""
    *asked, causes = READS[use_case]
    requests, lists = [], []
    for row in asked:
        if row:
            (cluster, command_id), count = row
            lists.append(count)
            for offset in range(count):
                payload = le(start) + le(end) + bytes((offset,)) + le(causes)
                head = bytes((1, len(requests), command_id))
                requests.append((cluster, head + payload))
    opened = meter.ask(use_case, lambda *_: gbz(*requests))
    frames = [frame for _, frame, _ in opened.components()]
    assert len(frames) == len(requests)
    found = []
    for count in lists:
        part, frames = frames[:count], frames[count:]
        made = [taken_apart(frame) for frame in part if frame[0] & 1]
        # Those that there are come first; Default Response NOT_FOUND for the others.
        assert all(frame[2] == 0x0B and frame[4] == 0x8B for frame in part[len(made) :])
        assert all(each.found == len(made) for each in made)
        found.append(made)
    return found


def samples(meter: GasMeter, use_case: str, number: int, start: int, most: int) -> Any:
    """GetSampledData: (start, interval, samples); None where nothing was found."""
    payload = le(number, 2) + le(start) + b"\x00" + le(most, 2)
    answers = meter.get(use_case, METERING, 8, payload)
    if not answers:
        return None
    (body,) = answers
    assert int.from_bytes(body[:2], "little") == number and body[6] == 0
    count = int.from_bytes(body[9:11], "little")
    assert len(body) == 11 + 3 * count
    values = [int.from_bytes(body[at : at + 3], "little") for at in range(11, len(body), 3)]
    return int.from_bytes(body[2:6], "little"), int.from_bytes(body[7:9], "little"), values


def billing(meter: GasMeter, first: int, number: int, unit: int) -> None:
    """GCS25a: periods of days (1), weeks (2) or months (3) from UTC `first` on."""
    head = bytes(4) + le(5) + le(first) + le(number, 3)
    kind = bytes((0x20 | unit,))
    items = [
        Item(PRICE, 9, 9, head + kind + b"\x00"),
        Item(PRICE, 9, 1, head + b"\x02" + kind + b"\x00\x01"),
    ]
    assert meter.give("GCS25a", items) == [0, 0]


def sampling(meter: GasMeter, *fields: int) -> int:
    """GCS31 with its interval and count, or with others; the SampleID of the answer."""
    start, sort, interval, count = fields or (0, 0, 360, 41)
    payload = le(meter.now) + le(start) + bytes((sort,)) + le(interval, 2) + le(count, 2)
    (body,) = meter.get("GCS31", METERING, 7, payload)
    return int.from_bytes(body, "little")


class GasHome(GasMeter):
    """A gas meter and the proxy that it reports to; what one says the other hears."""

    def __init__(self, engine: str, flash: Path | None = None, start: int = START) -> None:
        self.proxy: GasProxy | None = None
        super().__init__(engine, flash, start)
        self.proxy = GasProxy(engine, flash / "proxy" if flash else None, start)

    def _begin(self) -> None:
        super()._begin()
        self.client.control("SET", {"gpf": DEVICE.hex().upper()})
        self.client.on_alert = self._alerted

    def _alerted(self, octets: bytes) -> None:
        assert self.proxy
        self.alerts.append(octets)
        self.proxy.client.pass_by(octets)

    def exchange(self, data: bytes) -> bytes:
        """Send a command by way of the proxy, which sees the answer, too."""
        assert self.proxy
        self.proxy.client.pass_by(data)
        answer = super().exchange(data)
        self.proxy.client.pass_by(answer)
        return answer

    def advance(self, seconds: int) -> None:
        """Let time pass for both, half an hour at a time."""
        assert self.proxy
        while seconds > 0:
            step = min(seconds, HALF_HOUR - self.now % HALF_HOUR)
            self.proxy.advance(step)
            super().advance(step)
            self.deliver()
            seconds -= step

    def deliver(self) -> None:
        """Carry what both have said over the air, until nobody says more."""
        assert self.proxy
        while self.told or self.proxy.told:
            for source, target in ((self, self.proxy), (self.proxy, self)):
                frames = source.told[:]
                source.told.clear()
                for frame in frames:
                    target.client.frame(frame)

    def restart(self) -> None:
        """Cut the power of both; the clocks go on."""
        super().restart()
        assert self.proxy
        self.proxy.now = self.now
        self.proxy._begin()

    def close(self) -> None:
        """End both processes."""
        super().close()
        if self.proxy:
            self.proxy.close()


class GasProxy(GasMeter):
    """A GPF with keys and a time, and nothing else."""

    role = "gpf"

    def _begin(self) -> None:
        if self.flash:
            self.flash.mkdir(exist_ok=True)
        super()._begin()
        self.client.control("SET", {"gsme": DEVICE.hex().upper()})
