"""`make gas-month`: thirty days of a home of five devices in virtual time, with prepaid gas.

Supplier, tariff and account are those of a model of this file, in litres and 10^-5 pound: gas at
four prices by the day of the week, a standing charge, a valve that closes when the credit is used
up, and tokens that a consumer types at the PPMID, which go to the meter in a message of the PPMID
(PCS01). The proxy loses its power for some hours. At the end its logs are held against the model,
and what the days have cost the battery of the gas meter is printed.

The gas meter is a device of this process, where its signatures are counted; the others are
processes. gas_month.py [DAYS]
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

from gas_living import (
    BALANCE,
    CONVERSION,
    KWH,
    PREPAYMENT,
    PRICE,
    TIERS,
    TOTAL,
    VALVE,
    GasMeter,
    Item,
    le,
    samples,
    snapshots,
    tariff,
    weekday,
    weekdays,
)
from living import DAY, HALF_HOUR, START, InProcess, iso
from remote_parties import KEYS
from setting_pairs import CASES
from vectors import DEVICE, SUPPLIER, Opened, command, gbz, secret, signing_key

from host_tools import home as home_of_devices
from host_tools.han.frame import to_octets
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.transports import open_transport
from host_tools.utrn import make_token
from smets.crypto import ecdsa

DAYS = 30
TIER_OF = (1, 1, 2, 2, 3, 4, 4)  # Monday first
PRICES = (4000, 5500, 7000, 3000)  # 10^-5 pound a kWh
STANDING = 28000
POUND = 100000
DRAWS = (0, 0, 120, 450, 800)  # litres each half hour
CLOSED_FOR = 3  # half hours until somebody tops up
DARK = (12, 10)  # day on which the proxy loses its power, for so many half hours
LATE = 2  # half hours that a display may be behind
# What a day of the meter may cost: wake-ups, frames of it and to it, signatures made and checked.
MOST = (50, 560, 3)


class Asked(GasMeter):
    """A device of the home, as its supplier reads and sets it."""

    def __init__(self, home: Home, role: str) -> None:
        self.home, self.role = home, role
        self.target = bytes.fromhex(home.euis[role])
        self.counter = 1000

    def ask(self, use_case: str, payload: Any, role: str = "", counter: int = 0) -> Opened:
        """See Meter."""
        case = CASES[use_case]
        counter = self.counter = self.counter + 1
        sign = bool(case["critical"])
        code, told = int(case["code"], 16), payload(counter, SUPPLIER)
        data = command(code, told, counter, SUPPLIER, self.target, sign=sign)
        return Opened(self.home.command(self.role, data), SUPPLIER, self.target)


class Counting(InProcess):
    """The gas meter: counts what P-256 it does itself."""

    def __init__(self, store: str | None, done: Counter[str]) -> None:
        super().__init__("gsme", Path(store) if store else None)
        self._done = done

    def send(self, line: str) -> None:
        """See InProcess."""
        with self._counted("sign"), self._counted("verify"):
            super().send(line)

    @contextmanager
    def _counted(self, name: str) -> Any:
        real = getattr(ecdsa, name)

        def counting(*arguments: Any) -> Any:
            self._done[name] += 1
            return real(*arguments)

        with mock.patch.object(ecdsa, name, counting):
            yield


def same(found: Any, wanted: Any, what: str) -> None:
    """Compare; also where Python is told to leave assertions out."""
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} is not {wanted!r}")


def keys(eui: str, ppmid: str) -> dict[str, Any]:
    """The KEYS.json of a device of the home; the gas meter knows the PPMID, too."""
    own = secret(bytes.fromhex(ppmid)).hex()
    party = {"id": ppmid, "role": "ppmid", "shared_secret": own}
    party |= dict.fromkeys(("ka_public", "ds_public"), KEYS["device_ka_public"])
    signs = {"ds_private_key": signing_key(DEVICE).hex()}
    return {**KEYS, **signs, "device_id": eui, "parties": [*KEYS["parties"], party]}


class Model:
    """Registers, credit and valve, each half hour."""

    def __init__(self, start: int) -> None:
        self.now = start
        self.totals = {start: 0}
        self.tiers = [0, 0, 0, 0]
        self.credit = Fraction(0)
        self.open = True

    def flow(self, litres: int) -> None:
        """A half hour: of what would be drawn nothing flows through a closed valve."""
        drawn = litres if self.open else 0
        tier = TIER_OF[weekday(self.now)]
        self.tiers[tier - 1] += drawn
        self.credit -= drawn * KWH * PRICES[tier - 1]
        self.totals[self.now + HALF_HOUR] = self.totals[self.now] + drawn
        self.now += HALF_HOUR
        if self.now % DAY == 0:
            self.credit -= STANDING
        if self.credit <= 0:
            self.open = False


class Month:
    """The home, its supplier, the one who lives there, and what was expected."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.folder = folder
        self.done: Counter[str] = Counter()
        self.awake: set[int] = set()
        self.cost: Counter[str] = Counter()
        self.token = 0  # originator counter of the last one
        self.closures = 0
        self.home = Home(Hub(seed), START)
        self.model = Model(START)
        self.gsme, self.gpf = Asked(self.home, "gsme"), Asked(self.home, "gpf")
        self.meter = int(self.home.euis["gsme"], 16)
        self.home.watch(self._frame)

    def _frame(self, frame: Any) -> None:
        if self.meter not in (frame.source, frame.destination):
            return
        way = "sent" if frame.source == self.meter else "got"
        self.cost[way] += 1
        self.cost["octets"] += len(to_octets(frame))
        self.awake.add(self.home.now)

    def _transport(self, role: str, engine: str, store: str | None = None) -> Any:
        return (
            Counting(store, self.done) if role == "gsme" else open_transport(role, engine, store)
        )

    def add(self, role: str, inputs: dict[str, Any] | None = None) -> Any:
        """Start a device on its store; it has the time of the home."""
        store = self.folder / role
        store.mkdir(exist_ok=True)
        eui = self.home.euis[role]
        clock = {"time": iso(self.home.now), "status": "reliable"}
        state: dict[str, Any] = {"device": role.upper(), "clock": clock}
        made = keys(eui, self.home.euis["ppmid"])
        if role in ("ihd", "ppmid"):
            state, made = {"device": role.upper(), "device_eui": eui}, None
        with mock.patch.object(home_of_devices, "open_transport", self._transport):
            return self.home.add(role, eui, state, made, inputs, str(store))

    def begin(self) -> None:
        """Five devices; the supplier sets conversion, tariff, credit and mode."""
        self.add("gpf", {"gsme": self.home.euis["gsme"]})
        self.add("gsme", {"gpf": self.home.euis["gpf"]})
        self.add("esme", {"draw": 210})
        for role in ("ihd", "ppmid"):
            self.home.pair(self.add(role))
        self.give("GCS23", [Item(*row) for row in CONVERSION])
        self.give("GCS01a", weekdays(list(TIER_OF)) + tariff(False, list(PRICES), STANDING))
        most = bytes(12) + le(10**8) + le(10**8)
        self.give("GCS05", [Item(PREPAYMENT, 1, 11, most)])
        self.give("GCS40a", [Item(PREPAYMENT, 1, 5, le(5) + bytes(4) + b"\0" + le(10 * POUND))])
        self.model.credit += 10 * POUND
        mode = bytes(4) + le(5) + bytes(4) + le(0x0497, 2) + le(-1)
        self.give("GCS03", [Item(PREPAYMENT, 1, 6, mode)])
        told = self.gpf.values("GCS21f")
        prices = tuple(told[PRICE, 0x0410 + 0x10 * number] for number in range(4))
        same(prices, PRICES, "the proxy has what passed by, before any report")

    def give(self, use_case: str, items: list[Any]) -> None:
        """A command of the supplier, of which each component succeeds."""
        self.awake.add(self.home.now)
        same(self.gsme.give(use_case, items), [0] * len(items), use_case)

    def top_up(self, pennies: int) -> None:
        """A token typed at the PPMID: it goes to the meter in a message of the PPMID (PCS01)."""
        self.token += 1
        ppmid = bytes.fromhex(self.home.euis["ppmid"])
        digits = make_token(pennies, self.token, secret(SUPPLIER), SUPPLIER, self.gsme.target)
        payload = gbz((PREPAYMENT, b"\x01\x00\x04\x02\x14" + digits.encode()))
        data = command(
            0x009B, payload, self.token, ppmid, self.gsme.target, key_secret=secret(ppmid)
        )
        self.awake.add(self.home.now)
        opened = Opened(self.home.command("gsme", data), ppmid, self.gsme.target)
        (frame,) = [frame for _, frame, _ in opened.components()]
        self.model.credit += pennies * POUND // 100
        same((frame[:3], frame[3]), (b"\x09\x00\x03", 0x12), "accepted, and the supply armed")
        left = int.from_bytes(frame[9:13], "little", signed=True)
        same(abs(left - self.model.credit) < 2, True, f"credit {left}, {self.model.credit}")
        self.home.devices["gsme"].control("ACT", {"valve": "open"})
        self.model.open = True

    def half_hour(self) -> None:
        """It passes; the meter has what the model has."""
        litres = self.dice.choice(DRAWS)
        self.home.devices["gsme"].control("SET", {"draw": litres})
        was_open = self.model.open
        self.model.flow(litres)
        self.home.advance(HALF_HOUR, step=HALF_HOUR)
        self.closures += was_open and not self.model.open
        same(self.summary("gsme")["register"], self.model.totals[self.home.now], "register")

    def summary(self, role: str) -> dict[str, Any]:
        """A device's own words."""
        return self.home.devices[role].control("QUERY")["summary"]

    def at_the_proxy(self) -> None:
        """Total, tiers, credit and valve as the supplier reads them at the proxy."""
        model = self.model
        same(self.gpf.values("GCS13a")[TOTAL], model.totals[model.now], "total")
        read = self.gpf.values("GCS13c")
        same([read[place] for place in TIERS], model.tiers, "tiers")
        credit = self.gpf.values("GCS14")[BALANCE]
        same(abs(credit - model.credit) < 2, True, f"credit {credit}, {float(model.credit)}")
        # Its summary is what the PPMID has read of the proxy last.
        shown = self.summary("ppmid")["gas"]
        same(shown["register"] in list(model.totals.values())[-1 - LATE :], True, f"{shown}")
        valve = self.gpf.values("GCS33")[VALVE]
        same(valve, 2 if model.open else 0, "valve")

    def live(self, days: int) -> None:
        """Let days pass."""
        closed = 0
        for number in range(48 * days):
            if number == 48 * DARK[0]:
                self.home.remove("gpf")
            if number == 48 * DARK[0] + DARK[1]:
                self.add("gpf", {"gsme": self.home.euis["gsme"]})
            self.half_hour()
            closed = 0 if self.model.open else closed + 1
            there = "gpf" in self.home.devices
            if there and (number % 48 == 47 or closed == 1):
                self.at_the_proxy()
            if closed == CLOSED_FOR and there:
                self.top_up(self.dice.choice((500, 1000, 1500)))

    def compare(self) -> None:
        """The logs of the proxy are those of the model, outage or not."""
        totals = self.model.totals
        first = START + HALF_HOUR  # the meter's log begins with a total
        wanted = [totals[at + HALF_HOUR] - totals[at] for at in list(totals)[1:-1]]
        told = samples(self.gpf, "GCS17", 0, first, 1488)
        same((told[0], told[2]), (first, wanted), "half hours")
        midnights = [at for at in totals if at % DAY == 0]
        days = [totals[at + DAY] - totals[at] for at in midnights[:-1]]
        same(samples(self.gpf, "GCS61", 1, 0, 731)[2], days, "days")
        (read,) = snapshots(self.gpf, "GCS16a")
        told = [(row.when, row.values[0]) for row in read]
        same(told, [(at, totals[at]) for at in midnights], "daily reads")
        (money,) = snapshots(self.gpf, "GCS16b")
        same([row.when for row in money], midnights, "daily reads of the account")


def main(days: int) -> int:
    """Live; print what was seen and what it has cost."""
    with tempfile.TemporaryDirectory(prefix="smets-") as folder:
        month = Month(Path(folder), 7)
        with month.home:
            month.begin()
            # Setting it up is no day of its life.
            for count in (month.cost, month.done, month.awake):
                count.clear()
            month.live(days)
            month.compare()
    cost, done = month.cost, month.done
    total = month.model.totals[month.model.now]
    print(
        f"{days} days, {total / 1000:.0f} m3 of gas: the valve closed {month.closures} times, "
        f"{month.token} tokens at the PPMID opened it"
    )
    wakes = len(month.awake) / days
    frames = (cost["sent"] + cost["got"]) / days
    operations = (done["sign"] + done["verify"]) / days
    print(
        f"a day of the gas meter: {wakes:.1f} wake-ups, {cost['sent'] / days:.0f} frames sent and "
        f"{cost['got'] / days:.0f} taken ({cost['octets'] / days:.0f} octets), "
        f"{done['sign'] / days:.1f} signatures made and {done['verify'] / days:.1f} checked"
    )
    return int(wakes > MOST[0] or frames > MOST[1] or operations > MOST[2])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DAYS))
