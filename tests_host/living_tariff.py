"""A tariff of an electricity meter as Python values: what is sent, and what each minute is worth.

By brute force: every minute is asked which rate it is, by the rules of the facts (meter.md B.2
to B.4).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NOW = b"\x09\x0c" + bytes(9) + b"\x80\x00\xff"
NEVER = b"\x09\x0c" + b"\xff" * 9 + b"\x80\x00\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def array(*items: bytes) -> bytes:
    """An A-XDR array."""
    return b"\x01" + bytes((len(items),)) + b"".join(items)


def struct(*items: bytes) -> bytes:
    """An A-XDR structure."""
    return b"\x02" + bytes((len(items),)) + b"".join(items)


def string(data: bytes) -> bytes:
    """An octet string."""
    return b"\x09" + bytes((len(data),)) + data


def unsigned(value: int, tag: int = 0x11, size: int = 1) -> bytes:
    """A number."""
    return bytes((tag,)) + value.to_bytes(size, "big", signed=tag == 0x10)


@dataclass
class Tariff:
    """A tariff as Python values: what is sent, and what each minute is worth."""

    seasons: list[tuple[bytes, tuple[int | None, int, int], bytes]]
    weeks: dict[bytes, list[int]]
    days: dict[int, list[tuple[int, int]]]  # day id -> (minute, selector)
    special: list[tuple[tuple[int | None, int | None, int | None], int]]
    limits: dict[int, list[int]] = field(default_factory=dict)  # rate with blocks -> thresholds
    prices: dict[int, int] = field(default_factory=dict)
    standing: int = 0

    def elements(self, when: bytes) -> dict[str, bytes]:
        """The elements of ECS01a."""

        def start(date: tuple[int | None, int, int]) -> bytes:
            year = 0xFFFF if date[0] is None else date[0]
            return string(
                year.to_bytes(2, "big") + bytes((*date[1:], 0xFF, 0, 0, 0, 0, 0x80, 0, 0xFF))
            )

        def date(parts: tuple[int | None, int | None, int | None]) -> bytes:
            year, month, day = parts
            octets = (0xFFFF if year is None else year).to_bytes(2, "big")
            return string(octets + bytes((month or 0xFF, day or 0xFF, 0xFF)))

        def switch(minute: int, selector: int) -> bytes:
            time = string(bytes((minute // 60, minute % 60, 0, 0)))
            return struct(time, string(bytes.fromhex("00000A0064FF")), unsigned(selector, 0x12, 2))

        def charges(commodity: bytes, target: bytes, rows: dict[int, int]) -> bytes:
            items = [
                struct(string(bytes((index,)) if index >= 0 else b""), unsigned(charge, 0x10, 2))
                for index, charge in rows.items()
            ]
            return struct(struct(b"\x0f" + commodity, b"\x0f\xfb"), target, array(*items))

        unit = struct(unsigned(3, 0x12, 2), string(bytes.fromhex("0100010800FF")), b"\x0f\x02")
        none = struct(unsigned(0, 0x12, 2), string(bytes(6)), b"\x0f\x00")
        table = "20/0-0:13.0.0.255/"
        made = {
            table + "7": array(
                *(struct(string(n), start(d), string(w)) for n, d, w in self.seasons)
            ),
            table + "8": array(
                *(
                    struct(string(n), *(unsigned(d) for d in days))
                    for n, days in self.weeks.items()
                )
            ),
            table + "9": array(
                *(
                    struct(unsigned(day), array(*(switch(*each) for each in switches)))
                    for day, switches in self.days.items()
                )
            ),
            "11/0-1:11.0.0.255/2": array(
                *(
                    struct(unsigned(n, 0x12, 2), date(parts), unsigned(day))
                    for n, (parts, day) in enumerate(self.special, 1)
                )
            ),
            "9000/0-0:94.44.2.0/4": b"\x03\xff",
            "113/0-0:19.20.4.255/6": charges(b"\x00", none, {-1: self.standing}),
            "113/0-0:19.20.0.255/6": charges(b"\x03", unit, self.prices),
            table + "10": when,
        }
        for rate in range(1, 9):
            limits = (self.limits.get(rate, []) + 3 * [0xFFFFFFFF])[:3]
            made[f"21/0-0:16.1.1{rate}.255/2"] = array(*(unsigned(x, 6, 4) for x in limits))
        for place in ("9000/0-0:94.44.128.29", "9000/0-0:94.44.2.0", "9000/0-0:63.1.1.255"):
            made[place + "/6"] = when
        for place in ("113/0-0:19.20.4.255", "113/0-0:19.20.0.255"):
            made[place + "/7"] = when
        return made

    def _day(self, at: datetime) -> int:
        for (year, month, day), chosen in self.special:
            if all(
                want in (None, is_)
                for want, is_ in zip((year, month, day), (at.year, at.month, at.day))
            ):
                return chosen
        begun = []
        for _, (year, month, day), week in self.seasons:
            for each in (at.year, at.year - 1) if year is None else (year,):
                if (each, month, day) <= (at.year, at.month, at.day):
                    begun.append(((each, month, day), week))
        week = max(begun, key=lambda one: one[0])[1]
        return self.weeks[week][at.weekday()]

    def selector(self, minute: int) -> int:
        """The selector of a minute since 2000."""
        at = EPOCH + timedelta(minutes=minute)
        time = at.hour * 60 + at.minute
        for back in range(8):
            switches = self.days[self._day(at - timedelta(days=back))]
            past = [each for each in switches if each[0] <= (time if back == 0 else 1440)]
            if past:
                return max(past)[1]
        raise AssertionError("no switch")


def model_of(rng: random.Random, blocks: bool) -> Tariff:
    """A random calendar with at least one switch a week."""
    selectors = [*range(1, 49), *(range(101, 109) if blocks else ())]
    ids = rng.sample(range(1, 200), rng.randint(1, 6))
    days = {
        day: [
            (minute, rng.choice(selectors))
            for minute in rng.sample(range(0, 1440), rng.randint(1, 5))
        ]
        for day in ids
    }
    weeks = {
        bytes((65 + n,)): [rng.choice(ids) for _ in range(7)] for n in range(rng.randint(1, 3))
    }
    seasons: list[tuple[bytes, tuple[int | None, int, int], bytes]] = [
        (b"all", (None if rng.random() < 0.5 else 2020, 1, 1), rng.choice(list(weeks)))
    ]
    for n in range(rng.randint(0, 3)):
        date = (None if seasons[0][1][0] is None else 2022, 3, rng.randint(1, 28))
        if date not in [season[1] for season in seasons]:
            seasons.append((bytes((97 + n,)), date, rng.choice(list(weeks))))
    special: list[tuple[tuple[int | None, int | None, int | None], int]] = [
        ((2022, 3, rng.randint(8, 14)), rng.choice(ids)) for _ in range(2)
    ]
    limits = {
        rate: sorted(rng.sample(range(100, 9000), rng.randint(0, 3))) for rate in range(1, 9)
    }
    prices = {index: rng.randint(-50, 30000) for index in range(1, 49)}
    prices |= {
        base + rate: rng.randint(1, 30000)
        for base in (0xA0, 0xB0, 0xC0, 0xD0)
        for rate in range(1, 9)
    }
    return Tariff(seasons, weeks, days, special, limits, prices, rng.randint(1, 30000))


@dataclass
class Counted:
    """What the model has counted."""

    rates: list[int] = field(default_factory=lambda: 48 * [0])
    registers: list[list[int]] = field(default_factory=lambda: [8 * [0] for _ in range(4)])

    def count(self, tariff: Tariff, selector: int, energy: int) -> int:
        """Take Wh one by one; the price of the next."""
        for _ in range(energy):
            if selector <= 48:
                self.rates[selector - 1] += 1
            else:
                self.registers[self.block(tariff, selector)][selector - 101] += 1
        return self.price(tariff, selector)

    def block(self, tariff: Tariff, selector: int) -> int:
        """The block that a rate is in."""
        used = sum(block[selector - 101] for block in self.registers)
        return sum(used >= limit for limit in tariff.limits[selector - 100])

    def price(self, tariff: Tariff, selector: int) -> int:
        """The price in force."""
        if selector <= 48:
            return tariff.prices[selector]
        return tariff.prices[0xA0 + 0x10 * self.block(tariff, selector) + selector - 100]
