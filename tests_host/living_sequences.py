"""Sequences set -> time -> read of an electricity meter that begins with no state.

Each tells which use cases it shows alive. What must be read is worked out here from what was
drawn, set and how much time passed. `make living` (living_table.py) runs them on CPython, the
tests on MicroPython as well.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from living import DAY, HALF_HOUR, OPEN, START, Meter, date_time, iso
from living_tariff import NOW, Counted, Tariff, model_of, struct, unsigned
from vectors import DEVICE, SUPPLIER, Opened, Taker, access_request, secret

from host_tools import utrn

Sequence = Callable[[Meter], None]
SEQUENCES: dict[str, tuple[tuple[str, ...], Sequence]] = {}

MIDNIGHT = (START // DAY + 1) * DAY
DAILY = bytes.fromhex("0101 0202 0904 0C000000 0905 FFFFFFFFFF")  # class 22: every day at noon
POUND = 100000


def lives(*use_cases: str) -> Callable[[Sequence], Sequence]:
    """The sequence shows these use cases alive."""

    def add(sequence: Sequence) -> Sequence:
        SEQUENCES[sequence.__name__] = (use_cases, sequence)
        return sequence

    return add


def same(found: Any, wanted: Any, what: str = "") -> None:
    """Compare; also where Python is told to leave assertions out."""
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} is not {wanted!r}")


def done(codes: list[int]) -> None:
    """Every element succeeded."""
    same(codes, [0] * len(codes), "results")


def dl(value: int) -> bytes:
    """A double-long."""
    return b"\x05" + value.to_bytes(4, "big", signed=True)


def dlu(value: int) -> bytes:
    """A double-long-unsigned."""
    return b"\x06" + value.to_bytes(4, "big")


def rates(energy: int) -> list[int]:
    """48 rates of a meter without a tariff."""
    return [energy, *(47 * [0])]


# --- Registers and logs --------------------------------------------------------------------------


@lives("ECS17a", "ECS17b", "ECS17c", "ECS17d", "ECS17e", "ECS22a", "ECS22b", "ECS22c")
def registers(meter: Meter) -> None:
    """Every register and half hour, from what flows."""
    meter.set(draw=700, energy={"export": 30, "reactive_import": 11, "reactive_export": 4})
    meter.advance(5 * HALF_HOUR)
    same(meter.read("ECS17a"), [150, [0, 30], 20, [0, 32]])
    same(meter.read("ECS17b"), [[3500, [0, 30], 55, [0, 32]]])
    same(meter.read("ECS17c"), [[1400, [0, 27], 1400]])
    same(meter.read("ECS17d"), [[rates(3500)]])
    same(meter.read("ECS17e"), [[64 * [0]]])
    stamps = [START + HALF_HOUR * n for n in range(1, 6)]
    same(meter.read("ECS22b"), [[[stamp, 700] for stamp in stamps]])
    same(meter.read("ECS22a"), [[[stamp, 30, 4] for stamp in stamps]])
    same(meter.read("ECS22c"), [[[stamp, 11] for stamp in stamps]])


def _days(meter: Meter, use_case: str) -> None:
    done(meter.send(use_case, {"22/0-0:15.0.0.255/4": DAILY}))
    meter.set(draw=700, energy={"export": 30})
    meter.advance(2 * DAY)
    stamps = [MIDNIGHT, MIDNIGHT + DAY]
    wh = [700 * 6, 700 * 54]
    blocks = [8 * [0] for _ in range(4)]
    same(meter.read("ECS21a")[0], [[s, e, rates(e), *blocks] for s, e in zip(stamps, wh)])
    same(meter.read("ECS21c")[0], [[s, e * 3 // 70] for s, e in zip(stamps, wh)])
    same(meter.read("ECS66")[0], [[stamps[0], 4200], [stamps[1], 33600]])
    billed, money = meter.read("ECS20c")
    noons = [MIDNIGHT + DAY // 2, MIDNIGHT + 3 * DAY // 2]
    wh = [700 * 30, 700 * 78]
    same(billed, [[noon, e, rates(e), *blocks] for noon, e in zip(noons, wh)])
    same(money, [[noon, *(6 * [0])] for noon in noons])
    for reader in ("ECS26d", "ECS26l"):
        same(meter.read(reader), [[[bytes((12, 0, 0, 0)), 5 * b"\xff"]]])


@lives("ECS30", "ECS20c", "ECS21a", "ECS21c", "ECS66", "ECS26d", "ECS26l")
def days(meter: Meter) -> None:
    """Midnights, and a billing calendar."""
    _days(meter, "ECS30")


@lives("ECS30a")
def days_of_all_periodicities(meter: Meter) -> None:
    """The same by the other use case."""
    _days(meter, "ECS30a")


@lives("ECS35a", "ECS35b", "ECS15a")
def event_logs(meter: Meter) -> None:
    """Commands are logged with their codes; clearing the log is a matter of security."""
    meter.read("ECS17b")
    meter.advance(60)
    meter.read("ECS17a")
    same(meter.read("ECS35a")[0], [[START, 0x8154, b"\0\x27"], [START + 60, 0x8154, b"\0\x26"]])
    same(meter.read("ECS35b")[0], [])
    done(meter.send("ECS15a", {"7/0-0:99.98.0.255/1": b"\x0f\x00"}))
    same(meter.read("ECS35a")[0], [[START + 60, 0x8154, b"\0\x24"]])
    same(meter.read("ECS35b")[0], [[START + 60, 0x8F52]])


# --- Tariff --------------------------------------------------------------------------------------


@lives("ECS01a", "ECS24", "ECS20b")
def tariff(meter: Meter) -> None:
    """A random tariff with blocks, minute by minute."""
    rng = random.Random(16)
    made = model_of(rng, blocks=True)
    counted = Counted()
    done(meter.send("ECS01a", made.elements(NOW)))
    same(meter.read("ECS20b")[0], [[START, 0, rates(0), *[8 * [0]] * 4, *(6 * [0])]])
    meter.set(draw=60)
    for _ in range(3):
        minutes = rng.randint(1, 1200)
        for minute in range(meter.now // 60, meter.now // 60 + minutes):
            counted.count(made, made.selector(minute), 2)
        meter.advance(60 * minutes)
        same(meter.read("ECS17d"), [[counted.rates]])
        price = counted.price(made, made.selector(meter.now // 60))
        same(meter.read("ECS24")[0], price % (1 << 32))


@lives("ECS01b")
def price(meter: Meter) -> None:
    """A new price for the tariff that holds."""
    made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 3)]}, [])
    made.prices = {3: 1000}
    done(meter.send("ECS01a", made.elements(NOW)))
    same(meter.read("ECS24")[0], 1000)
    made.prices, made.standing = {3: 2500}, 77
    elements = {key: value for key, value in made.elements(NOW).items() if key.startswith("113/")}
    done(meter.send("ECS01b", elements))
    meter.advance(HALF_HOUR)
    told = meter.read("ECS24")
    same((told[0], told[15][2], told[16][2]), (2500, [[b"", 77]], [[b"\x03", 2500]]))


@lives("ECS05", "ECS48")
def block_counters(meter: Meter) -> None:
    """They begin anew by a command, and each day."""
    made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 101)]}, [], {1: [500]})
    made.prices = {0xA1: 100, 0xB1: 200}
    done(meter.send("ECS01a", made.elements(NOW)))
    meter.set(draw=300)
    meter.advance(2 * HALF_HOUR)
    (blocks,) = meter.read("ECS17e")[0]
    same([blocks[at] for at in (0, 8, 16, 24)], [500, 500, 100, 100])
    done(meter.send("ECS05", {"9/0-0:10.0.100.255/1": b"\x12\x00\x63"}))
    (blocks,) = meter.read("ECS17e")[0]
    same([blocks[at] for at in (0, 8, 16, 24)], [500, 0, 100, 0])
    every_day = bytes.fromhex("0101 0202 0904 00000000 0905 FFFFFFFFFF")
    done(meter.send("ECS48", {"22/0-0:15.1.0.255/4": every_day}))
    meter.advance(MIDNIGHT - meter.now)
    (blocks,) = meter.read("ECS17e")[0]
    same([blocks[at] for at in (0, 8)], [500 + 500, 0], "then the second block")


@lives("ECS01c", "ECS24b", "ECS01d")
def second_element(meter: Meter) -> None:
    """The tariff of a second element: its own rates, and their prices."""
    made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 2), (1290, 4)]}, [])
    made.prices = {2: 900, 4: 1200}
    elements = {}
    for key, value in made.elements(NOW).items():
        key = key.replace("13.0.0", "13.0.1").replace("19.20.0", "19.20.5")
        key = key.replace("128.29", "128.30").replace("0-1:11.0.0", "0-1:11.0.1")
        if "13.0.1" in key or "19.20.5" in key or "128.30" in key or "11.0.1." in key:
            elements[key] = value
    done(meter.send("ECS01c", elements))
    meter.set(draw=100, energy={"secondary": 60})
    meter.advance(HALF_HOUR)
    same(meter.read("ECS24b")[1], 1200)
    meter.advance(HALF_HOUR)
    same(meter.read("ECS17d"), [[rates(200), [0, 60, 0, 60]]])
    made.prices = {2: 900, 4: 1300}
    elements = {
        key.replace("19.20.0", "19.20.5"): value
        for key, value in made.elements(NOW).items()
        if "19.20.0" in key
    }
    done(meter.send("ECS01d", elements))
    same(meter.read("ECS24b")[1], 1300)


# --- Account -------------------------------------------------------------------------------------


def prepay(meter: Meter, **account: Any) -> None:
    """A meter in prepayment mode, by ECS03."""
    now = NOW
    elements = {
        "111/0-1:19.0.0.255/2": bytes.fromhex("020216021601"),
        "9000/0-0:94.44.128.22/4": dl(0),
        "111/0-1:19.0.0.255/11": b"\x01\x00",
        "9000/0-0:94.44.128.22/6": now,
        "111/0-1:19.0.0.255/13": now,
    }
    done(meter.send("ECS03", elements))
    if account:
        meter.set(prepayment=account)


def balances(meter: Meter) -> list[int]:
    """Balance, emergency credit, accumulated debt, time debts 1 and 2, payment debt."""
    return meter.read("ECS19")[0]


def top_up(meter: Meter, pennies: int, counter: int) -> int:
    """A supplier's top-up (CS01a): the result of its element."""
    token = utrn.make_token(pennies, counter, secret(SUPPLIER), SUPPLIER, DEVICE)
    data = b"\x09\x14" + token.encode()
    place = bytes((0, 115, 0, 0, 19, 40, 0, 255, 1))
    opened = meter.ask(
        "CS01a",
        lambda number, _: access_request([(3, place, None, data)], number & 0xFFFFFF),
        counter=utrn.originator_counter(counter),
    )
    return opened.payload[-1]


@lives("ECS03", "ECS02", "ECS26j", "CS01a", "ECS19", "ECS82", "ECS20d", "ECS21b", "ECS45")
def prepayment(meter: Meter) -> None:
    """Credit is bought, used up by the price of the tariff, and the supply goes off."""
    made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 1)]}, [])
    made.prices, made.standing = {1: 20000}, 5000  # 20 pence a kWh, 5 pence a day
    done(meter.send("ECS01a", made.elements(NOW)))
    prepay(meter)
    same((meter.read("ECS26j"), meter.read("ECS45")), ([[2, 1]], [0]))
    same(top_up(meter, 100, 7), 0)
    same(top_up(meter, 100, 7), 250, "the same token again")
    same((balances(meter)[0], meter.read("ECS82"), meter.read("ECS45")), (POUND, [POUND], [2]))
    same(meter.read("ECS20d"), [[[START, POUND]]])
    done(meter.send("ECS42", {"9/0-0:10.0.106.255/1": b"\x12\x00\x33"}))
    meter.set(draw=1000)
    half_hours = (MIDNIGHT - START) // HALF_HOUR
    meter.advance(MIDNIGHT - START)
    # One pound is five kWh.
    drawn = min(half_hours, 5)
    left = POUND - 20000 * drawn - 5000
    same(meter.read("ECS17b")[0][0], 1000 * drawn)
    same((balances(meter)[0], meter.read("ECS45")), (left + 5000, [0]))
    same(balances(meter)[2], 5000, "the standing charge is accumulated")
    same(meter.read("ECS21b")[0][0][:1], [MIDNIGHT])
    back = {
        "111/0-1:19.0.0.255/2": bytes.fromhex("020216011601"),
        "111/0-1:19.0.0.255/11": b"\x01\x00",
        "111/0-1:19.0.0.255/13": NOW,
    }
    done(meter.send("ECS02", back))
    same((meter.read("ECS26j"), meter.read("ECS45")), ([[1, 1]], [2]))


@lives("ECS42", "ECS43", "ECS44")
def load_switch(meter: Meter) -> None:
    """The supplier opens, arms and closes it; nothing flows while it is open."""
    meter.set(draw=100)
    for use_case, script, state, drawn in (
        ("ECS43", 0x34, 0, 0),
        ("ECS44", 0x36, 2, 0),
        ("ECS42", 0x33, 1, 100),
    ):
        before = meter.read("ECS17b")[0][0]
        done(meter.send(use_case, {"9/0-0:10.0.106.255/1": b"\x12\x00" + bytes((script,))}))
        same(meter.read("ECS45"), [state])
        meter.advance(HALF_HOUR)
        same(meter.read("ECS17b")[0][0] - before, drawn)


def prepayment_limits(use_case: str) -> dict[str, bytes]:
    """The elements of ECS08a or ECS08: no calendar, and limits in pence."""
    place = "9000/0-0:94.44."
    at = "2" if use_case == "ECS08" else "4"
    made = {
        "11/0-1:11.0.2.255/2": b"\x01\x00",
        f"{place}2.20/{at}": dl(200 * POUND),
        f"{place}2.10/4": dl(100 * POUND),
        "10/0-1:12.0.1.255/2": b"\x01\x00",
        f"{place}128.12/4": unsigned(30, 0x12, 2),
        f"{place}128.13/4": dl(604800),
        f"{place}128.9/4": dl(2 * POUND),
        f"{place}128.2/4": dl(5 * POUND),
        f"{place}128.3/4": dl(POUND),
    }
    for last in (
        "128.31",
        "2.20",
        "2.10",
        "128.12",
        "128.13",
        "128.9",
        "128.2",
        "128.3",
        "128.28",
    ):
        made[f"{place}{last}/6"] = NOW
    return made


def _credit(meter: Meter, use_case: str) -> None:
    prepay(meter, balance=2 * POUND)
    done(meter.send(use_case, prepayment_limits(use_case)))
    told = meter.read("ECS26a")
    same(told[8:16], [100 * POUND, [0], 200 * POUND, 2 * POUND, 30, 604800, 5 * POUND, POUND])
    done(meter.send("ECS04a", {"112/0-0:19.10.0.255/1": dl(-2 * POUND)}))
    same((balances(meter)[0], meter.read("ECS45")), (0, [0]))
    done(meter.send("ECS09", {"112/0-0:19.10.1.255/3": b"\x0f\x00"}))
    done(meter.send("ECS42", {"9/0-0:10.0.106.255/1": b"\x12\x00\x33"}))
    made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 1)]}, [])
    made.prices = {1: 20000}
    done(meter.send("ECS01a", made.elements(NOW)))
    meter.set(draw=1000)
    meter.advance(2 * HALF_HOUR)
    same(balances(meter)[:2], [0, 5 * POUND - 2 * 20000])
    meter.set(draw=0)
    reset = {
        "112/0-0:19.10.0.255/2": dl(0),
        "112/0-0:19.10.1.255/2": dl(0),
        "112/0-0:19.10.2.255/2": dl(0),
    }
    done(meter.send("ECS04b", reset))
    same(balances(meter)[:3], [0, 5 * POUND, 0])


@lives("ECS08a", "ECS26a", "ECS04a", "ECS09", "ECS04b")
def emergency_credit(meter: Meter) -> None:
    """Limits are set, emergency credit is activated and used, and all is reset."""
    _credit(meter, "ECS08a")


@lives("ECS08")
def emergency_credit_of_an_older_use_case(meter: Meter) -> None:
    """The same by ECS08, which sets the maximum meter balance at once."""
    _credit(meter, "ECS08")


@lives("ECS07")
def debts(meter: Meter) -> None:
    """Two time debts are recovered by their periods, and the payment debt by top-ups."""
    prepay(meter, balance=10 * POUND, cap=100)

    def rate(amount: int) -> bytes:
        return struct(
            struct(b"\x0f\x00", b"\x0f\xfb"),
            struct(unsigned(0, 0x12, 2), b"\x09\x06" + bytes(6), b"\x0f\x00"),
            b"\x01\x01" + struct(b"\x09\x00", unsigned(amount, 0x10, 2)),
        )

    place = "113/0-0:19.20."
    elements = {
        f"{place}1.255/6": rate(700),
        f"{place}2.255/6": rate(2000),
        f"{place}3.255/13": unsigned(2500, 0x12, 2),
        f"{place}1.255/8": dlu(3600),
        f"{place}2.255/8": dlu(86400),
        f"{place}1.255/2": b"\x0f\x00",
        f"{place}2.255/2": b"\x0f\x00",
        f"{place}3.255/4": dl(3 * POUND),
        f"{place}1.255/4": dl(2 * POUND),
        f"{place}2.255/4": dl(POUND),
    }
    done(meter.send("ECS07", elements))
    same(balances(meter)[3:], [2 * POUND, POUND, 3 * POUND])
    meter.advance(DAY)
    same(balances(meter)[3:5], [2 * POUND - 24 * 700, POUND - 2000])
    before = balances(meter)[0]
    same(before, 10 * POUND - 24 * 700 - 2000)
    same(top_up(meter, 400, 9), 0)
    same(balances(meter)[0] - before, 3 * POUND, "a quarter goes to the payment debt")
    same(balances(meter)[5], 2 * POUND)
    same(meter.read("ECS20a")[0], [[meter.now, POUND]])


SEQUENCES["debts"] = ((*SEQUENCES["debts"][0], "ECS20a"), debts)


# --- Voltage -------------------------------------------------------------------------------------

SWELL = {"phases": 1, "waves": [{"mv": 260000}]}


@lives("ECS23", "ECS29a", "ECS29c", "ECS29e", "ECS26b", "ECS35e", "ECS25b", "ECS25b3", "ECS25r2")
def voltage(meter: Meter) -> None:
    """Averages by half hours, counters and events of an overvoltage; their switches."""
    meter.set(voltage=SWELL)
    meter.advance(2 * HALF_HOUR)
    _, _, over, _, log, period = meter.read("ECS23")
    stamps = [START + HALF_HOUR, START + 2 * HALF_HOUR]
    same((over, log, period), (2, [[stamp, 260] for stamp in stamps], HALF_HOUR))
    limiters = [270, 10, 180, 10, 200, 10, 265, 10]
    keys = [f"71/0-0:17.0.{n}.255/{a}" for n in range(1, 5) for a in (4, 6)]
    elements = {key: dlu(value) for key, value in zip(keys, limiters, strict=True)}
    elements |= {"1/1-0:32.35.0.4/2": dlu(262), "1/1-0:32.31.0.4/2": dlu(210)}
    elements["7/1-0:32.24.0.255/4"] = dlu(600)
    done(meter.send("ECS29c", elements))
    same(meter.read("ECS26b"), [*limiters, 262, 210])
    done(meter.send("ECS29e", {"3/1-0:32.32.0.4/1": b"\x0f\0", "3/1-0:32.36.0.4/1": b"\x0f\0"}))
    meter.advance(2 * HALF_HOUR)
    _, _, over, _, log, period = meter.read("ECS23")
    same((over, period), (0, 600), "260 V is not over 262 V")
    same([row[0] for row in log[-6:]], [meter.now - 600 * n for n in range(5, -1, -1)])
    events = [row[1] for row in meter.read("ECS35e")[0]]
    same(0x8002 in events, True, "an overvoltage was logged")
    off = b"\x04\x82\x02\x00" + 32 * b"\xff" + bytes(32)
    done(meter.send("ECS25b", {"1/0-33:97.98.11.255/2": off}))
    done(meter.send("ECS25b3", {"1/0-33:97.98.14.255/2": off}))
    same(meter.read("ECS25r2"), [256 * "0", 256 * "0"])
    elements["1/1-0:32.35.0.4/2"] = dlu(250)
    reset = {"3/1-0:32.32.0.4/1": b"\x0f\0", "3/1-0:32.36.0.4/1": b"\x0f\0"}
    done(meter.send("ECS29a", elements | reset))
    meter.alerts.clear()
    meter.advance(2 * HALF_HOUR)
    same(meter.read("ECS23")[2], 6)
    same([row[1] for row in meter.read("ECS35e")[0]], events, "switched off")
    same(meter.alerts, [])


@lives("ECS23b", "ECS29b", "ECS29d", "ECS29f", "ECS26k")
def voltage_of_three_phases(meter: Meter) -> None:
    """The same with three phases, each with a voltage of its own."""
    waves = [{"mv": volts * 1000} for volts in (230, 240, 250)]
    meter.set(voltage={"phases": 3, "waves": waves})
    limiters = [270, 10, 180, 10, 200, 10, 265, 10]
    keys = [f"71/0-0:17.0.{n}.255/{a}" for n in range(1, 5) for a in (4, 6)]
    elements = {key: dlu(value) for key, value in zip(keys, limiters, strict=True)}
    resets = {}
    for phase in (32, 52, 72):
        elements[f"1/1-0:{phase}.35.0.4/2"] = dlu(245)
        elements[f"1/1-0:{phase}.31.0.4/2"] = dlu(235)
        elements[f"7/1-0:{phase}.24.0.255/4"] = dlu(900)
        for counter in (32, 36):
            resets[f"3/1-0:{phase}.{counter}.0.4/1"] = b"\x0f\x00"
    done(meter.send("ECS29d", elements))
    same(meter.read("ECS26k"), [*limiters, 245, 235, 235, 245, 235, 245])
    meter.advance(2 * HALF_HOUR)
    told = meter.read("ECS23b")
    for phase, (volts, under, over) in enumerate(((230, 4, 0), (240, 0, 0), (250, 0, 4))):
        part = told[6 * phase : 6 * phase + 6]
        same((part[0], part[2], part[5]), (under, over, 900))
        stamps = [START + 900 * n for n in range(1, 5)]
        same(part[4], [[stamp, volts] for stamp in stamps])
    done(meter.send("ECS29f", resets))
    same([meter.read("ECS23b")[at] for at in (0, 2, 6, 8, 12, 14)], 6 * [0])
    done(meter.send("ECS29b", elements | resets))
    meter.advance(2 * HALF_HOUR)
    same([meter.read("ECS23b")[at] for at in (0, 2, 6, 8, 12, 14)], [4, 0, 0, 0, 0, 4])


# --- Clock ---------------------------------------------------------------------------------------


def set_clock(meter: Meter, start: int, end: int) -> tuple[bytes, int]:
    """ECS70: the time without its status, and the status."""
    place = bytes((0, 8, 0, 0, 1, 0, 0, 255))
    interval = b"\x02\x03" + b"".join(
        b"\x09\x0c" + each for each in (OPEN, date_time(start), date_time(end))
    )
    elements = [(2, place + b"\x09", None, b"\x16\x05"), (3, place + b"\x05", None, interval)]
    elements += [(3, place + b"\x04", None, b"\x0f\x00")]
    elements += [(1, place + bytes((attribute,)), None, b"\x00") for attribute in (2, 4)]
    opened = meter.ask("ECS70", lambda counter, _: access_request(elements, counter))
    results = opened.payload[-9::2]
    done(list(results))
    told = opened.payload[-11 - 16 : -11]
    return told[2:14], told[15]


def told_by(meter: Meter) -> list[tuple[int, int]]:
    """(message code, alert code) of the alerts since the last time."""
    found = []
    for octets in meter.alerts:
        at = octets.index(b"\xdf\x09\x03") + 21
        alert = Opened(octets, octets[at : at + 8], cra=3)
        found.append((alert.code, int.from_bytes(alert.payload[9:11], "big")))
    meter.alerts.clear()
    return found


@lives("ECS70")
def clock(meter: Meter) -> None:
    """A meter without a time is set; it follows the hub by ten seconds a day, and no more."""
    meter.client.control("CLOCK", {"status": "invalid"})
    hub = meter.now + 5000
    meter.set(hub={"time": iso(hub)})
    same(set_clock(meter, hub + 1, hub + 60)[1], 1, "the hub's time is outside")
    same(told_by(meter), [(0x1000, 0x8F0C)])
    time, status = set_clock(meter, hub - 60, hub)
    same((time[:9], status), (date_time(hub)[:9], 0))
    meter.now = hub
    same(meter.read("ECS35a")[0][-1][:2], [hub, 0x8154])
    same([row[:2] for row in meter.read("ECS35a")[0] if row[1] == 0x8145], [[hub, 0x8145]])
    for wrong, right, status in (
        (-10, 0, "reliable"),
        (10, 0, "reliable"),
        (11, 11, "unreliable"),
    ):
        meter.client.control("CLOCK", {"time": iso(meter.now + wrong)})
        meter.advance(DAY)
        told = meter.client.control("QUERY")
        same((told["time"], told["clock_status"]), (iso(meter.now + right), status), f"{wrong} s")
    same(told_by(meter), [(0x1000, 0x8F0C)])
    when, code = meter.read("ECS35b")[0][-1]
    same((meter.now - DAY < when <= meter.now + 11, code), (True, 0x8F0C))


# --- Load and demand -----------------------------------------------------------------------------


def load_limit(state: bool, watts: int, period: int, restoration: int) -> dict[str, bytes]:
    """The elements of ECS28a, to hold at once."""
    place = "9000/0-0:94.44."
    made = {
        place + "0.3/4": b"\x03" + (b"\xff" if state else b"\x00"),
        place + "128.7/4": dlu(watts),
        place + "128.6/4": dlu(period),
        place + "128.8/4": dlu(restoration),
    }
    return made | {place + last + "/6": NOW for last in ("0.3", "128.7", "128.6", "128.8")}


@lives("ECS27", "ECS28a", "ECS28b")
def limits(meter: Meter) -> None:
    """Power above the threshold is counted; where it is switched, nothing flows for a while."""
    same(meter.read("ECS27"), [0, 0, [0, 255], 0xFFFFFFFF, 0, 0])
    meter.set(draw=1000)  # 2 kW
    done(meter.send("ECS28a", load_limit(False, 1999, 300, 600)))
    meter.advance(299)
    same(meter.read("ECS27")[1], 0)
    meter.advance(2)
    same(meter.read("ECS27"), [0, 1, [0, 255], 1999, 300, 600])
    same(told_by(meter), [(0x1000, 0x8F01)])
    meter.advance(3600)
    same(meter.read("ECS27")[1], 1, "once as long as it lasts")
    same([row[0] for row in meter.read("ECS35a")[0] if row[1] == 0x8F01], [START + 300])
    meter.set(draw=0)
    meter.advance(60)
    done(meter.send("ECS28b", {"3/0-0:94.44.42.255/1": b"\x0f\x00"}))
    done(meter.send("ECS28a", load_limit(True, 1999, 300, 600)))
    before = meter.read("ECS17b")[0][0]
    meter.set(draw=1000)
    meter.advance(300)
    meter.advance(1)
    same((meter.read("ECS27")[1], meter.read("ECS45")), (1, [2]))
    meter.advance(2 * 900 - 301 + 150)
    # Of each 900 s there is power for 300.
    same(meter.read("ECS17b")[0][0] - before, 1000 * (300 + 300 + 150) // 1800)
    same((meter.read("ECS27")[1], meter.read("ECS45")), (2, [1]))
    cycle = [(0x1000, 0x8F01), (0x1000, 0x8F33), (0x1000, 0x8F34), (0x1000, 0x8F34)]
    same(told_by(meter), 2 * cycle, "8F34 to the network operator as well")


@lives("ECS18a", "ECS18b", "ECS37", "ECS57")
def demand(meter: Meter) -> None:
    """The highest half hour, that in the window of the network operator, and that of export."""
    none = date_not_specified()
    same(meter.read("ECS18a"), [none, 0, [0, 27], none])
    window = b"\x01\x02" + b"".join(
        struct(
            unsigned(script, 0x12, 2),
            b"\x03\xff",
            b"\x09\x06" + bytes.fromhex("00000A8064FF"),
            unsigned(script, 0x12, 2),
            b"\x09\x04" + bytes((hour, 0, 0, 0)),
            b"\x12\xff\xff",
            b"\x04\x07\xfe",
            b"\x04\x00",
            b"\x09\x05" + bytes.fromhex("FFFF0101FF"),
            b"\x09\x05" + bytes.fromhex("FFFFFFFFFF"),
        )
        for script, hour in ((1, 17), (2, 22))
    )
    done(meter.send("ECS37", {"10/0-0:12.0.0.255/2": window}))
    # Half hours from 21:00 on; the window ends at 22:00.
    best = {"all": (0, 0), "window": (0, 0), "export": (0, 0)}
    for n, (drawn, export) in enumerate(((300, 5), (500, 9), (900, 2), (100, 1))):
        meter.set(draw=drawn, energy={"export": export})
        meter.advance(HALF_HOUR)
        best["all"] = max(best["all"], (2 * drawn, meter.now))
        best["export"] = max(best["export"], (2 * export, meter.now))
        if n < 2:
            best["window"] = max(best["window"], (2 * drawn, meter.now))
    told = meter.read("ECS18b")
    same(told[:2], [none, none])
    for at, what in ((2, "all"), (5, "window")):
        same((told[at], told[at + 1]), (best[what][0], [0, 27]))
        same(told[at + 2][:9], date_time(best[what][1])[:9])
    export = meter.read("ECS18a")
    same((export[1], export[3][:9]), (best["export"][0], date_time(best["export"][1])[:9]))
    registers = ("1.6.0", "1.6.1", "2.6.0")
    done(meter.send("ECS57", {f"4/1-0:{each}.255/1": b"\x0f\x00" for each in registers}))
    told = meter.read("ECS18b")
    same([each[:9] for each in told[:2]], 2 * [date_time(meter.now)[:9]])
    same((told[2], told[5], told[4]), (0, 0, none))
    meter.advance(HALF_HOUR)
    same(meter.read("ECS18b")[2], 200)


def date_not_specified() -> bytes:
    """The octets of a date-time without a time."""
    return 9 * b"\xff" + b"\x80\x00\xff"


# --- Events and alerts ---------------------------------------------------------------------------


def switches(off: int) -> bytes:
    """Mask and actions that switch one code off."""
    bit = (1 << (off & 0xFF)).to_bytes(32, "big")
    return b"\x04\x82\x02\x00" + bit + bytes(32)


@lives("ECS25a2")
def audible_alarm(meter: Meter) -> None:
    """The alarm of a meter sounds for a code, unless the supplier switches it off."""

    def alarm() -> Any:
        return meter.client.control("QUERY")["summary"].get("alarm")

    same(alarm(), None)
    act(meter, "meter-cover-closed")
    same(alarm(), {"count": 1, "code": "81B9"})
    done(meter.send("ECS25a2", {"1/0-30:97.98.13.255/2": switches(0x81B9)}))
    same([each[255 - 0xB9] for each in meter.read("ECS25r1")], ["1", "1", "0", "1"])
    act(meter, "meter-cover-closed")
    same(alarm(), {"count": 1, "code": "81B9"})
    act(meter, "watchdog")
    same(alarm(), {"count": 2, "code": "81B3"})
    told_by(meter)
    act(meter, "terminal-cover-removed")  # 8F76 has no switch
    same(alarm(), {"count": 2, "code": "81B3"})


@lives("ECS25a", "ECS25a3", "ECS25r1", "ECS81")
def causes(meter: Meter) -> None:
    """Causes are logged and alerted as their codes say; the supplier switches 81nn off."""
    same(meter.read("ECS25r1"), 4 * [256 * "1"])
    act(meter, "meter-cover-closed")
    same(told_by(meter), [(0x1001, 0x81B9)])
    done(meter.send("ECS25a", {"1/0-30:97.98.11.255/2": switches(0x81B9)}))
    act(meter, "meter-cover-closed")
    act(meter, "watchdog")
    same(told_by(meter), [(0x1001, 0x81B3)])
    done(meter.send("ECS25a3", {"1/0-30:97.98.14.255/2": switches(0x81B9)}))
    meter.advance(60)
    act(meter, "meter-cover-closed")
    act(meter, "watchdog")
    told = [row[:2] for row in meter.read("ECS35a")[0] if row[1] >> 4 == 0x81B]
    now = meter.now
    same(told, [[START, 0x81B9], [START, 0x81B9], [START, 0x81B3], [now, 0x81B3]])
    bits = meter.read("ECS25r1")
    same([each[255 - 0xB9] for each in bits], ["0", "1", "1", "0"])
    told_by(meter)
    meter.set(draw=100)
    act(meter, "terminal-cover-removed")
    same(meter.read("ECS45"), [1], "the tamper state is unchanged")
    same(told_by(meter), 2 * [(0x1000, 0x8F76)], "supplier and network operator")
    done(meter.send("ECS81", {"1/0-0:94.44.0.4/2": b"\x03\xff"}))
    act(meter, "terminal-cover-removed")
    same(told_by(meter), [*(2 * [(0x1000, 0x8F76)]), (0x1001, 0x81BE)])
    same(meter.read("ECS45"), [0])
    before = meter.read("ECS17b")
    meter.advance(HALF_HOUR)
    same(meter.read("ECS17b"), before)
    same(meter.read("ECS35b")[0], [[now, 0x8F76], [now, 0x8F76]])


def act(meter: Meter, name: str, **more: Any) -> None:
    """Something happens to the meter."""
    meter.client.control("ACT", {"cause": {"name": name, **more}})


# --- The home ------------------------------------------------------------------------------------

DISPLAY = bytes.fromhex("02534D45545300F1")
PRICE, METERING, MESSAGING, PREPAYMENT, MANAGEMENT = 0x0700, 0x0702, 0x0703, 0x0705, 0x0708


def frames(meter: Meter, cluster: int, octets: bytes = b"") -> list[bytes]:
    """What the meter tells a display that asks; without octets what it has told since."""
    came = meter.told
    if octets:
        came.clear()
        head = b"\x01\x01" + DISPLAY + DEVICE + b"\x01\x01\x01\x09"
        meter.client.frame(head + cluster.to_bytes(2, "big") + octets)
    found = [each[24:] for each in came if int.from_bytes(each[22:24], "big") == cluster]
    came.clear()
    return found


def attribute(meter: Meter, cluster: int, number: int) -> Any:
    """An attribute on the HAN: a number, octets, or None."""
    (answer,) = frames(meter, cluster, b"\x00\x07\x00" + number.to_bytes(2, "little"))
    if answer[5]:
        return None
    kind, value = answer[6], answer[7:]
    if kind in (0x41, 0x42):
        return value[1:]
    return int.from_bytes(value, "little")


def published(payload: bytes) -> tuple[bytes, int, int, int, int]:
    """Label, tier, start, minutes and price of PublishPrice."""
    taker = Taker(payload)
    taker.take(4)
    name = taker.take(taker.number(1))
    taker.take(4 + 4 + 1)
    same(int.from_bytes(taker.take(2), "little"), 826)
    digits = taker.number(1)
    same(digits >> 4, 5)
    taker.take(1)
    numbers = [int.from_bytes(taker.take(size), "little") for size in (4, 2, 4)]
    return name, digits & 15, *numbers


@lives()
def prices_of_the_home(meter: Meter) -> None:
    """The active price and those to come, pushed when they change; the cost of days."""
    same(frames(meter, PRICE, b"\x01\x01\x00\x00")[0][2:], b"\x0b\x00\x8b", "no tariff")
    made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 2), (1290, 7)]}, [])
    made.prices, made.standing = {2: 9000, 7: 24000}, 31000
    done(meter.send("ECS01a", made.elements(NOW)))
    meter.set(draw=1000)
    (answer,) = frames(meter, PRICE, b"\x01\x01\x00\x00")
    same(answer[1:3], b"\x01\x00")
    same(published(answer[3:]), (b"Rate 2", 2, START, 30, 9000))
    meter.advance(1)
    frames(meter, PRICE)
    meter.advance(HALF_HOUR - 1)
    (pushed,) = frames(meter, PRICE)
    same(published(pushed[3:]), (b"Rate 7", 7, START + HALF_HOUR, 150, 24000))
    asked = b"\x01\x02\x02" + bytes(4) + b"\x03"
    told = [published(each[3:]) for each in frames(meter, PRICE, asked)]
    same(sorted(each[2] for each in told), [START + HALF_HOUR, MIDNIGHT, MIDNIGHT + 77400])
    same(attribute(meter, PRICE, 6), b"Rate 7")
    same(attribute(meter, PRICE, 0x0301), 31000)
    # 9000 for the half hour, then five of 24000 a kWh, and the standing charge.
    cost = 9000 + 24000
    meter.advance(HALF_HOUR)
    same(attribute(meter, PREPAYMENT, 0x051C), cost)
    meter.advance(MIDNIGHT - meter.now)
    same(attribute(meter, PREPAYMENT, 0x051E), 9000 + 5 * 24000 + 31000)
    same(attribute(meter, PREPAYMENT, 0x051C), 0)


@lives("ECS10", "ECS16", "ECS50", "ECS34", "ECS26f", "ECS39a", "ECS39b", "ECS40", "ECS14")
def household(meter: Meter) -> None:
    """What the supplier leaves is read by the displays of the home."""
    frames(meter, METERING, b"\x00\x07\x00\x00\x00")

    def octets(text: bytes) -> bytes:
        return b"\x09" + bytes((len(text),)) + text

    done(meter.send("ECS10", {"1/0-2:96.13.1.255/2": octets(b"Call us")}))
    meter.advance(1)
    (message,) = frames(meter, MESSAGING)
    same((message[2], message[12:]), (0, b"\xff\xff\x07Call us"))
    same(int.from_bytes(message[8:12], "little"), meter.now)
    (again,) = frames(meter, MESSAGING, b"\x01\x09\x00")
    same(again[3:], message[3:])
    contact = {
        "9000/0-0:96.13.0.255/2": octets(b"0800 1"),
        "9000/0-0:96.13.1.255/2": octets(b"Me"),
    }
    done(meter.send("ECS16", contact))
    same([attribute(meter, MANAGEMENT, number) for number in (0x101, 0x102)], [b"Me", b"0800 1"])
    done(meter.send("ECS50", {"1/0-3:96.13.1.255/2": octets(b"4711")}))
    same(attribute(meter, METERING, 0x0311), b"4711")
    done(meter.send("ECS39a", {"1/0-0:94.44.34.11/2": octets(b"1200012345678" + 13 * b"0")}))
    done(meter.send("ECS39b", {"1/1-0:0.0.2.255/2": octets(b"1200087654321")}))
    same(meter.read("ECS40"), [b"1200012345678" + 13 * b"0", b"1200087654321"])
    same(attribute(meter, METERING, 0x0307), b"1200012345678")
    limits = b"\x01\x02" + dlu(500) + dlu(2500)
    done(meter.send("ECS34", {"21/0-0:16.0.0.255/2": limits}))
    same(meter.read("ECS26f"), [[500, 2500]])
    same([attribute(meter, MANAGEMENT, number) for number in (0x400, 0x401)], [500, 2500])
    for watts, level in ((400, 0), (600, 1), (2600, 2)):
        meter.set(draw=watts // 2)
        same(attribute(meter, METERING, 0x0207), level)
    meter.set(privacy_pin=True)
    same(meter.client.control("QUERY")["summary"]["privacy_pin"], True)
    done(meter.send("ECS14", {"1/0-0:94.44.3.1/2": b"\x09\x00"}))
    same(meter.client.control("QUERY")["summary"]["privacy_pin"], False)


@lives("ECS12")
def tenancy(meter: Meter) -> None:
    """A change of tenancy hides what was before from the home."""
    meter.set(draw=500)
    meter.advance(2 * DAY)
    same(attribute(meter, METERING, 0x0403), 24000)
    done(meter.send("ECS12", {"1/0-0:94.44.3.2/2": b"\x09\x0c" + date_time(meter.now)}))
    same(attribute(meter, MANAGEMENT, 0x0200), meter.now)
    meter.advance(60)
    same(attribute(meter, METERING, 0x0403), 0xFFFFFF)
    same(len(meter.read("ECS66")[0]), 2, "remote parties read all")


@lives("ECS25a1")
def events_of_the_home(meter: Meter) -> None:
    """The load limit is told to displays, unless the supplier switches a code 81nn off."""
    frames(meter, METERING, b"\x00\x07\x00\x00\x00")
    done(meter.send("ECS28a", load_limit(True, 1999, 300, 600)))
    meter.set(draw=1000)
    meter.advance(301)
    (event,) = frames(meter, 0x0709)
    when = (START + 300).to_bytes(4, "little")
    same((event[0] & 0x0F, event[2:]), (0x09, b"\x00\x03\x33\x8f" + when + b"\x01\x00"))
    meter.set(draw=0)
    meter.advance(1200)
    frames(meter, 0x0709)
    prepay(meter, balance=POUND, emergency_limit=POUND)
    low = {"112/0-0:19.10.0.255/1": dl(-POUND)}
    done(meter.send("ECS04a", low))
    done(meter.send("ECS09", {"112/0-0:19.10.1.255/3": b"\x0f\x00"}))
    same(0x81AB in [int.from_bytes(each[4:6], "little") for each in frames(meter, 0x0709)], True)
    done(meter.send("ECS04b", {f"112/0-0:19.10.{n}.255/2": dl(0) for n in range(3)}))
    done(meter.send("ECS25a1", {"1/0-30:97.98.12.255/2": switches(0x81AB)}))
    frames(meter, 0x0709)
    done(meter.send("ECS09", {"112/0-0:19.10.1.255/3": b"\x0f\x00"}))
    same(0x81AB in [int.from_bytes(each[4:6], "little") for each in frames(meter, 0x0709)], False)


@lives()
def account_alerts(meter: Meter) -> None:
    """Low credit, emergency credit, no credit, a debt that is paid: each once."""
    made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 1)]}, [])
    made.prices = {1: 20000}
    done(meter.send("ECS01a", made.elements(NOW)))
    prepay(meter, balance=2 * 20000, low_credit=POUND, emergency_limit=20000, debt1=700, rate1=350)
    meter.set(prepayment={"emergency_threshold": 0, "low_credit": 45000, "period1": 3600})
    done(meter.send("ECS42", {"9/0-0:10.0.106.255/1": b"\x12\x00\x33"}))
    told_by(meter)
    meter.set(draw=1000)
    codes = []
    for _ in range(4):
        meter.advance(HALF_HOUR)
        codes.append([code for _, code in told_by(meter)])
    # 0.40 pounds are two half hours; with the emergency credit of 0.20 it is low after the first.
    same(codes, [[0x810D], [0x8119, 0x8F0F], [], [0x81A7]])


# --- Auxiliary switches --------------------------------------------------------------------------


def switch_calendar(hours: list[tuple[int, int]]) -> bytes:
    """A calendar of every day: (hour, script)."""
    return bytes((1, len(hours))) + b"".join(
        struct(
            unsigned(index, 0x12, 2),
            b"\x03\xff",
            b"\x09\x06" + bytes.fromhex("00000A0067FF"),
            unsigned(script, 0x12, 2),
            b"\x09\x04" + bytes((hour, 0, 0, 0)),
            b"\x12\xff\xff",
            b"\x04\x07\xfe",
            b"\x04\x00",
            b"\x09\x05" + 5 * b"\xff",
            b"\x09\x05" + 5 * b"\xff",
        )
        for index, (hour, script) in enumerate(hours, 1)
    )


def closed(meter: Meter) -> list[int]:
    """The numbers of the switches that are closed."""
    return [number for number, on in enumerate(meter.read("ECS61a")[12:], 1) if on]


def _switches(meter: Meter, use_case: str) -> None:
    same(closed(meter), [])
    elements = {
        "11/0-1:11.0.3.255/2": b"\x01\x00",
        "10/0-1:12.0.2.255/2": switch_calendar([(22, 0x0101), (23, 0x0102), (23, 0x0201)]),
        "9000/0-0:94.44.128.26/6": NOW,
        "9000/0-0:94.44.128.35/6": NOW,
    }
    if use_case == "ECS46c":
        for n in range(5):
            elements[f"1/0-0:94.44.0.{21 + n}/2"] = b"\x09\x08" + bytes(7) + bytes((n,))
    done(meter.send(use_case, elements))
    meter.advance(1)
    seen = []
    for _ in range(4):
        meter.advance(HALF_HOUR)
        seen.append(closed(meter))
    same(seen, [[2], [1, 2], [1, 2], [2]], "2 since yesterday, 1 from 22:00 to 23:00")
    # Close 3 for ten minutes; open 2 for five, whatever the calendar says.
    command = {"1/0-0:94.44.119.1/2": unsigned(10, 0x12, 2)}
    done(meter.send("ECS47", command | {"9/0-0:10.0.103.255/1": b"\x12\x03\x11"}))
    command = {"1/0-0:94.44.118.2/2": unsigned(5, 0x12, 2)}
    done(meter.send("ECS47", command | {"9/0-0:10.0.103.255/1": b"\x12\x02\x12"}))
    same(closed(meter), [3])
    meter.advance(300)
    same(closed(meter), [2, 3])
    meter.advance(300)
    same(closed(meter), [2])
    log = [[meter.now - 600, 0x0311, 1, 0], [meter.now - 600, 0x0212, 1, 0]]
    for reader in ("ECS35f", "ECS35g"):
        same(meter.read(reader), [log])


@lives("ECS46c", "ECS47", "ECS61a", "ECS35f", "ECS35g")
def load_switches(meter: Meter) -> None:
    """Switches follow the calendar, but for the minutes of a command."""
    _switches(meter, "ECS46c")
    same(meter.read("ECS61a")[5], bytes(8))


@lives("ECS46d", "ECS46a", "ECS61d", "ECS15c")
def load_switches_of_a_newer_use_case(meter: Meter) -> None:
    """The same; labels are read, the log is cleared, a switch that does not follow is told."""
    labels = {f"1/0-0:94.44.0.{11 + n}/2": b"\x0a\x06Heater" for n in range(5)}
    done(meter.send("ECS46a", labels))
    _switches(meter, "ECS46d")
    told = meter.read("ECS61d")
    same((told[:5], len(told[6])), (5 * [b"Heater"], 3))
    done(meter.send("ECS15c", {"7/0-17:99.98.2.255/1": b"\x0f\x00"}))
    same(meter.read("ECS35g"), [[]])
    meter.set(faulty=[4])
    told_by(meter)
    done(meter.send("ECS47", {"9/0-0:10.0.103.255/1": b"\x12\x04\x11"}))
    same((told_by(meter), 4 in closed(meter)), ([(0x1001, 0x811A)], False))
    same(meter.read("ECS35g"), [[[meter.now, 0x0411, 2, 0]]])


@lives("ECS61c", "ECS62")
def boost(meter: Meter) -> None:
    """A boost closes the switches that belong to it."""
    same(meter.read("ECS61c"), [255, [], *(5 * [0])])
    wanted = {
        f"1/0-0:94.44.6.{n}/2": b"\x03\xff" if n in (1, 4) else b"\x03\x00" for n in range(1, 6)
    }
    done(meter.send("ECS62", wanted))
    meter.client.control("ACT", {"boost": {"minutes": 30}})
    same(closed(meter), [1, 4])
    same(meter.read("ECS61c")[1:], [[[START, START + 1800]], 255, 0, 0, 255, 0])
    meter.advance(1799)
    same(closed(meter), [1, 4])
    meter.advance(1)
    same(closed(meter), [])


def period(number: int, first: int, start: int, end: int) -> dict[str, bytes]:
    """Start and end of a level (1) or a limit (3) of a controller."""
    times = enumerate((start, end), first)
    return {
        f"1/0-0:94.44.{116 + number}.{place}/2": b"\x09\x0c" + date_time(at) for place, at in times
    }


def controllers(meter: Meter) -> dict[int, tuple[int, int]]:
    """Output and input of each controller that tells its state, by ECS61e."""
    found = {}
    for number, octets in enumerate(meter.read("ECS61e")[5:], 1):
        if octets:
            told = json.loads(octets)
            found[number] = int(told["outputState"]), int(told["inputState"])
    return found


def set_level(meter: Meter, script: int, start: int, end: int) -> None:
    """ECS47a: output 1n or input 2n, and a level."""
    action = {"9/0-0:10.0.103.255/1": unsigned(script, 0x12, 2)}
    done(meter.send("ECS47a", period(script >> 8 & 15, 1, start, end) | action))


def set_limit(meter: Meter, script: int, start: int, end: int) -> None:
    """ECS47e: the same of a limit."""
    action = {"9/0-0:10.0.107.255/1": unsigned(script, 0x12, 2)}
    done(meter.send("ECS47e", period(script >> 8 & 15, 3, start, end) | action))


def limit_alerts(meter: Meter) -> list[tuple[int, bytes]]:
    """(code, what follows the time) of the alerts of limits since the last time."""
    found = []
    for octets in meter.alerts:
        for code in (0x8F86, 0x8F87):
            head, mark, rest = octets.partition(b"\x12" + code.to_bytes(2, "big") + b"\x09\x0c")
            if mark and head:
                found.append((code, rest[12 : 12 + (32 if code == 0x8F86 else 4)]))
    meter.alerts.clear()
    return found


@lives("ECS47a", "ECS61e")
def levels(meter: Meter) -> None:
    """A level holds from its start to its end, at outputs and inputs; a row says when it began."""
    same(meter.read("ECS61e"), 10 * [b""])
    now = meter.now
    set_level(meter, 0x1328, now - 60, now + 600)  # 40 % at output 3, at once
    set_level(meter, 0x2219, now + 300, now + 900)  # 25 % at input 2, later
    set_level(meter, 0x1500, now + 300, now + 900)  # output 5 stays open
    same((controllers(meter), closed(meter)), ({2: (0, 0), 3: (40, 0), 5: (0, 0)}, [3]))
    log = [[now, 0x1328, 1, 0], [now, 0x2219, 0, 0], [now, 0x1500, 0, 0]]
    same(meter.read("ECS35g"), [log])
    meter.advance(299)
    same(controllers(meter)[2], (0, 0))
    meter.advance(1)
    same((controllers(meter), closed(meter)), ({2: (0, 25), 3: (40, 0), 5: (0, 0)}, [3]))
    log += [[now + 300, 0x1500, 1, 0], [now + 300, 0x2219, 1, 0]]
    same(meter.read("ECS35g"), [log])
    meter.advance(300)
    same((controllers(meter)[3], closed(meter)), ((0, 0), []))
    meter.advance(300)
    same(controllers(meter)[2], (0, 0))
    # A boost does not move what a level holds; a command for minutes takes its place.
    set_level(meter, 0x1100, meter.now, meter.now + 3600)
    done(meter.send("ECS62", {f"1/0-0:94.44.6.{n}/2": b"\x03\xff" for n in range(1, 6)}))
    meter.client.control("ACT", {"boost": {"minutes": 5}})
    same((closed(meter), controllers(meter)[1]), ([2, 3, 4, 5], (0, 0)))
    command = {"1/0-0:94.44.117.1/2": unsigned(10, 0x12, 2)}
    done(meter.send("ECS47", command | {"9/0-0:10.0.103.255/1": b"\x12\x01\x11"}))
    meter.advance(301)
    same((closed(meter), controllers(meter)[1]), ([1], (100, 0)))
    # What cannot be is refused and changes nothing; a switch that does not follow is told.
    before = meter.read("ECS35g"), meter.read("ECS61e")
    for script in (0x1365, 0x1601, 0x3101):
        action = {"9/0-0:10.0.103.255/1": unsigned(script, 0x12, 2)}
        same(meter.send("ECS47a", action), [250])
    same((meter.read("ECS35g"), meter.read("ECS61e")), before)
    meter.set(faulty=[4])
    told_by(meter)
    set_level(meter, 0x1464, meter.now, meter.now + 60)
    set_level(meter, 0x1464, meter.now + 10, meter.now + 60)
    meter.advance(10)
    same((told_by(meter), closed(meter)), ([(0x1001, 0x811A), (0x1001, 0x811A)], [1]))
    outcomes = [row[2] for row in meter.read("ECS35g")[0][-3:]]
    same(outcomes, [2, 0, 2], "failed, to come, failed")


@lives("ECS47e")
def limits_of_levels(meter: Meter) -> None:
    """A limit lowers the level for its period; alerts tell that it was taken and that it ended."""
    now = meter.now
    told_by(meter)
    set_level(meter, 0x1350, now, now + 3600)
    set_limit(meter, 0x131E, now + 60, now + 660)
    dates = b"".join(b"\x09\x0c" + date_time(at) for at in (now + 60, now + 660))
    same(limit_alerts(meter), [(0x8F86, b"\x11\x13" + dates + b"\x11\x1e")])
    same(controllers(meter), {3: (80, 0)})
    meter.advance(60)
    same(controllers(meter), {3: (30, 0)})
    meter.advance(599)
    same((controllers(meter), limit_alerts(meter)), ({3: (30, 0)}, []))
    meter.advance(1)
    same(controllers(meter), {3: (80, 0)})
    same(limit_alerts(meter), [(0x8F87, b"\x11\x13\x11\x1e")])
    # One that is over when it comes cancels the one that holds; one above the level is as none.
    set_limit(meter, 0x135A, meter.now, meter.now + 3000)
    same((controllers(meter), [code for code, _ in limit_alerts(meter)]), ({3: (80, 0)}, [0x8F86]))
    set_limit(meter, 0x1300, now, now + 1)
    same(limit_alerts(meter), [(0x8F87, b"\x11\x13\x11\x5a")])
    later = meter.now
    log = [[now, 0x131E, 0, 0], [later, 0x135A, 0, 0], [later, 0x1300, 0, 0]]
    same(meter.read("ECS35g")[0][1:], log)


@lives("ECS38", "ECS26c")
def randomised_offset(meter: Meter) -> None:
    """Switching is late by the meter's own number times the limit of the supplier."""
    zero, number, limit = meter.read("ECS26c")
    same((zero, limit, 1 <= number <= 10000), (0, 0, True))
    done(meter.send("ECS38", {"1/0-0:94.44.0.1/2": unsigned(600, 0x12, 2)}))
    late = (number * 600 + 5000) // 10000
    same(meter.read("ECS26c"), [late, number, 600])
    made = Tariff([(b"s", (None, 1, 1), b"w")], {b"w": 7 * [1]}, {1: [(0, 1), (1290, 2)]}, [])
    done(meter.send("ECS01a", made.elements(NOW)))
    meter.set(draw=1800)
    meter.advance(2 * HALF_HOUR)
    same(meter.read("ECS17d")[0][0][:2], [1800 + late, 1800 - late])


@lives("ECS26e", "ECS26m", "ECS52")
def identity(meter: Meter) -> None:
    """What a meter says of itself, with the tamper state that the supplier has set."""
    done(meter.send("ECS81", {"1/0-0:94.44.0.4/2": b"\x03\xff"}))
    eui, variant, model, maker, state = meter.read("ECS26e")
    same((eui, len(variant), len(model), len(maker), state), (DEVICE, 1, 8, 3, 255))
    same(meter.read("ECS26m"), [variant, model, maker, 255])
    same(len(meter.read("ECS52")[0]), 4)
