"""Sequences set -> time -> read of a gas meter that begins with no state.

As living_sequences.py, in GBZ: each tells which use cases it shows alive, and what must be read is
worked out here from what flowed, what was set, and how much time passed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gas_living import (
    BALANCE,
    BLOCKS,
    DEBTS,
    EMERGENCY,
    FOR_EVER,
    KWH,
    METERING,
    PREPAYMENT,
    PRICE,
    TIERS,
    TOTAL,
    VALVE,
    GasHome,
    GasMeter,
    Item,
    Maker,
    billing,
    convert,
    credit,
    le,
    mode,
    samples,
    sampling,
    snapshots,
    supply,
    tariff,
    top_up,
    weekdays,
)
from living import DAY, HALF_HOUR, START
from living_sequences import same
from vectors import DEVICE, SUPPLIER, Opened, command, gbz, read_frame

from host_tools.bench import BenchError
from smets.zcl.han_frame import HanFrame, parse

GasSequence = Callable[[GasMeter], None]
GAS_SEQUENCES: dict[str, tuple[tuple[str, ...], GasSequence]] = {}

BASIC, MESSAGING, CALENDAR = 0x0000, 0x0703, 0x0707
DEVICE_MANAGEMENT, EVENTS = 0x0708, 0x0709
MIDNIGHT = (START // DAY + 1) * DAY
BILL, CONTROL = (METERING, 0x0A00), (PREPAYMENT, 0)
EVENT_LOG, SECURITY_LOG = 3, 4
DISPLAY = bytes.fromhex("00DB1234567890D1")


HomeSequence = Callable[[GasHome], None]
PROXY_SEQUENCES: dict[str, tuple[tuple[str, ...], HomeSequence]] = {}


def lives_at_proxy(*use_cases: str) -> Callable[[HomeSequence], HomeSequence]:
    """The sequence shows these use cases alive at a GPF."""

    def add(sequence: HomeSequence) -> HomeSequence:
        PROXY_SEQUENCES[sequence.__name__] = (use_cases, sequence)
        return sequence

    return add


def lives(*use_cases: str) -> Callable[[GasSequence], GasSequence]:
    """The sequence shows these use cases alive at a GSME."""

    def add(sequence: GasSequence) -> GasSequence:
        GAS_SEQUENCES[sequence.__name__] = (use_cases, sequence)
        return sequence

    return add


def done(meter: GasMeter, use_case: str, items: Sequence[Any]) -> None:
    """Send components; each succeeds."""
    same(meter.give(use_case, items), [0] * len(items), use_case)


def log(meter: GasMeter, use_case: str, number: int) -> list[tuple[int, int]]:
    """(code, UTC) of the entries of a log, newest first as they come."""
    request = bytes((0x10 | number,)) + le(0, 2) + le(0) + le(0xFFFFFFFF) + b"\x00" + le(0, 2)
    found, at = [], 5
    for body in meter.get(use_case, EVENTS, 0, request):
        while at < len(body):
            same(body[at], number, "log")
            code, when = (
                int.from_bytes(body[at + a : at + b], "little") for a, b in ((1, 3), (3, 7))
            )
            found.append((code, when))
            at += 8 + body[at + 7]
        at = 5
    return found


def codes(meter: GasMeter) -> list[int]:
    """The codes of the alerts that came, in their order."""
    told = [Opened(octets, SUPPLIER, cra=3).payload for octets in meter.alerts]
    return [int.from_bytes(payload[3:5], "big") for payload in told]


# --- Registers, prices, the bill ----------------------------------------------------------------


@lives("GCS01a", "GCS13a", "GCS13c", "GCS21f")
def tiers(meter: GasMeter) -> None:
    """What flows is counted in the tier of the day of the week, and in the total."""
    prices = [1111, 2222, 3333, 4444]
    made = weekdays([2, 3, 1, 1, 1, 4, 4]) + tariff(False, prices)
    done(meter, "GCS01a", made)
    meter.set(draw=40)
    meter.advance(2 * DAY)  # three hours of Monday, Tuesday, 21 hours of Wednesday
    read = meter.values("GCS13c")
    same([read[place] for place in TIERS], [42 * 40, 6 * 40, 48 * 40, 0], "tiers")
    same(meter.values("GCS13a")[TOTAL], 96 * 40, "total")
    told = meter.values("GCS21f")
    same([told[PRICE, 0x0410 + 0x10 * n] for n in range(4)], prices, "prices")
    days = meter.get("GCS21f", CALENDAR, 1, bytes(4) + le(0xFFFFFFFF) + b"\x01\x00")
    same(days, [item.payload for item in made if item.command == 1 and item.cluster == CALENDAR])


@lives("GCS13b")
def blocks(meter: GasMeter) -> None:
    """What flows fills one block after the other."""
    done(meter, "GCS01a", tariff(True, [5, 6, 7, 8], limits=[100, 250, 300]))
    meter.set(draw=140)
    meter.advance(2 * HALF_HOUR)
    read = meter.values("GCS13b")
    same([read[place] for place in BLOCKS], [100, 150, 30, 0], "blocks")


@lives("GCS01b", "GCS23", "GCS21a", "GCS60", "GCS60a")
def bill(meter: GasMeter) -> None:
    """The bill rises by what flows, in kWh by calorific value and factor, times the price."""
    convert(meter)
    read = meter.values("GCS21a")
    same((read[PRICE, 0x0302], read[PRICE, 0x0304]), (102264, 400), "conversion")
    done(meter, "GCS01b", tariff(False, 4 * [5000]))
    meter.set(draw=700)
    meter.advance(HALF_HOUR)
    done(meter, "GCS01b", tariff(False, 4 * [8000]))
    meter.advance(HALF_HOUR)
    owed = 700 * KWH * 13000
    for use_case in ("GCS60", "GCS60a"):
        told = meter.values(use_case)
        same((abs(told[BILL] - owed) < 2, told[BALANCE]), (True, 0), "bill")


@lives("GCS40c", "GCS40d")
def adjusted_bill(meter: GasMeter) -> None:
    """In credit mode a supplier takes off the bill, and begins a new one."""
    credit(meter, "GCS40c", 3, -90000)
    same(meter.values("GCS60")[BILL], 90000, "bill")
    credit(meter, "GCS40c", 3, 25000)
    same(meter.values("GCS60")[BILL], 65000, "bill")
    credit(meter, "GCS40d", 2, 0)
    same(meter.values("GCS60")[BILL], 0, "bill")


# --- The account --------------------------------------------------------------------------------


@lives("GCS02", "GCS03", "GCS14", "GCS21j", "GCS40a", "GCS40b")
def balance(meter: GasMeter) -> None:
    """The balance falls by what flows in prepayment mode, and stands in credit mode."""
    convert(meter)
    done(meter, "GCS01a", tariff(False, 4 * [6000]))
    credit(meter, "GCS40a", 0, 900000)
    mode(meter, 0x0497)
    same(meter.values("GCS21j")[CONTROL], 0x0497, "mode")
    meter.set(draw=500)
    meter.advance(3 * HALF_HOUR)
    left = 900000 - 1500 * KWH * 6000
    same(abs(meter.values("GCS14")[BALANCE] - left) < 2, True, "balance")
    mode(meter, 0x0094)
    before = meter.values("GCS14")[BALANCE]
    meter.advance(HALF_HOUR)
    same(meter.values("GCS14")[BALANCE], before, "balance in credit mode")
    same(meter.values("GCS21j")[CONTROL], 0x0094, "mode")
    credit(meter, "GCS40b", 1, 0)
    same(meter.values("GCS14")[BALANCE], 0, "balance")


@lives("GCS04", "GCS21b")
def debts(meter: GasMeter) -> None:
    """An hourly debt goes down by its rate each hour, and the balance with it."""
    credit(meter, "GCS40a", 0, 900000)
    mode(meter, 0x0497)
    head = le(5) + b"\x00" + le(50000) + b"\x00\x01" + bytes(6) + b"\x00"
    done(meter, "GCS04", [Item(PREPAYMENT, 1, 2, head + le(4000) + le(0, 2))])
    read = meter.values("GCS21b")
    same((read[PREPAYMENT, 0x0216], read[PREPAYMENT, 0x0217]), (0, 4000), "recovery")
    meter.advance(5 * 3600)
    held = meter.values("GCS14")
    same((held[DEBTS[0]], held[BALANCE]), (30000, 880000), "debt")


@lives("GCS05", "GCS06", "GCS39")
def emergency_credit(meter: GasMeter) -> None:
    """Offered under its threshold, it takes over where the balance ends, and opens the supply."""
    convert(meter)
    done(meter, "GCS01a", tariff(False, 4 * [6000]))
    limits = [Item(PREPAYMENT, 1, 3, bytes(8) + le(120000) + le(50000))]
    done(meter, "GCS05", limits)
    credit(meter, "GCS40a", 0, 40000)
    mode(meter, 0x0497)
    meter.set(draw=1000)
    meter.advance(HALF_HOUR)
    same(meter.values("GCS33")[VALVE], 0, "closed without credit")
    same(supply(meter, "GCS39", 1)[2:], b"\x0b\x0b\x93", "it stays closed")
    done(meter, "GCS06", [Item(PREPAYMENT, 1, 0, bytes(5))])
    same(meter.values("GCS33")[VALVE], 1, "armed")
    meter.client.control("ACT", {"valve": "open"})
    before = meter.values("GCS14")
    meter.set(draw=100)
    meter.advance(HALF_HOUR)
    used = before[EMERGENCY] - meter.values("GCS14")[EMERGENCY]
    same(abs(used - 100 * KWH * 6000) < 2, True, "emergency credit used")


@lives("CS01b", "GCS15d", "GCS15e")
def payments(meter: GasMeter) -> None:
    """A genuine token adds its value but for the share of a debt; both logs tell it."""
    mode(meter, 0x0497)
    share = le(5) + b"\x00" + le(60000) + b"\x01\x05" + bytes(6) + b"\x01" + le(0) + le(2500, 2)
    done(meter, "GCS04", [Item(PREPAYMENT, 1, 2, share)])
    limits = Item(PREPAYMENT, 1, 11, bytes(12) + le(10**8) + le(10**8))
    done(meter, "GCS05", [limits])
    meter.advance(600)
    result, left = top_up(meter, 120, 7)
    same((result in (0, 0x12), left), (True, 90000), "top-up")
    when = le(meter.now)

    def asked(use_case: str, command: int, tail: bytes) -> bytes:
        request = (PREPAYMENT, bytes((1, 0, command)) + le(FOR_EVER) + tail, 0)
        opened = meter.ask(use_case, lambda *_: gbz(request))
        (frame,) = [frame for _, frame, _ in opened.components()]
        return frame[3:]

    same(asked("GCS15e", 8, b"\x05")[-8:], le(120000) + when, "top-up log")
    same(asked("GCS15d", 10, b"\x0a\x02")[2:], when + le(30000) + b"\x02" + le(30000), "debt log")


# --- The valve ----------------------------------------------------------------------------------


@lives("GCS32", "GCS33")
def valve(meter: GasMeter) -> None:
    """Nothing flows through a closed valve; a remote party only arms it."""
    meter.set(draw=60)
    meter.advance(HALF_HOUR)
    supply(meter, "GCS32", 0)
    meter.advance(HALF_HOUR)
    same((meter.values("GCS33")[VALVE], meter.values("GCS13a")[TOTAL]), (0, 60), "closed")
    supply(meter, "GCS39", 1)
    meter.advance(HALF_HOUR)
    same((meter.values("GCS33")[VALVE], meter.values("GCS13a")[TOTAL]), (1, 60), "armed")
    meter.client.control("ACT", {"valve": "open"})
    meter.advance(HALF_HOUR)
    same((meter.values("GCS33")[VALVE], meter.values("GCS13a")[TOTAL]), (2, 120), "open")


def flow(meter: GasMeter, use_case: str, threshold: int, divisor: int) -> None:
    """More than 1 m3 an hour behind an armed valve closes it; 2.5 s and 20 s are waited for."""
    payload = bytes(4) + le(5) + le(threshold, 2) + b"\x01" + le(1, 2) + le(divisor, 2) + b"\x19"
    done(meter, use_case, [Item(METERING, 1, 14, payload + le(20, 2))])
    for drawn, state in ((500, 2), (501, 1)):
        supply(meter, "GCS32", 0)
        supply(meter, "GCS39", 1)
        meter.set(draw=drawn)
        meter.client.control("ACT", {"valve": "open"})
        meter.advance(23)
        same(meter.values("GCS33")[VALVE], state, f"{drawn} litres each half hour")


@lives("GCS24")
def uncontrolled_flow(meter: GasMeter) -> None:
    """Its threshold in whole cubic metres an hour."""
    flow(meter, "GCS24", 1, 1)


@lives("GCS24a", "GCS21m")
def uncontrolled_flow_finely(meter: GasMeter) -> None:
    """In ten-thousandths; and the tamper state, which closes the valve."""
    flow(meter, "GCS24a", 10000, 10000)
    done(meter, "GCS24a", [Maker("locked").supply_states()])
    read = meter.values("GCS21m")
    same((read[METERING, 0x0607], read[METERING, 0x0608]), (0, 0), "locked")
    meter.client.control("ACT", {"tamper": "cover"})
    same(meter.values("GCS33")[VALVE], 0, "closed by a tamper")


# --- Logs ---------------------------------------------------------------------------------------


@lives("GCS16a", "GCS16b", "GCS17")
def days(meter: GasMeter) -> None:
    """At midnight the registers are entered, in prepayment mode the account; half hours always."""
    credit(meter, "GCS40a", 0, 70000)
    mode(meter, 0x0497)
    meter.set(draw=9)
    meter.advance(DAY)
    meter.set(draw=4)
    meter.advance(DAY)
    (read,) = snapshots(meter, "GCS16a")
    same(
        [(each.when, each.values[0]) for each in read],
        [(MIDNIGHT, 6 * 9), (MIDNIGHT + DAY, 48 * 9 + 6 * 4)],
        "daily reads",
    )
    (paid,) = snapshots(meter, "GCS16b")
    same([each.values[-1] for each in paid], [70000, 70000], "daily reads of the account")
    wanted = (MIDNIGHT + 18 * 3600, 1800, [9, 9, 9, 9, 9, 9, 4, 4])
    same(samples(meter, "GCS17", 0, MIDNIGHT + 18 * 3600, 8), wanted, "half hours")


@lives("GCS25a", "GCS15c", "GCS21k")
def billing_periods(meter: GasMeter) -> None:
    """A period of two days ends with registers and account, and blocks begin anew."""
    done(meter, "GCS01a", tariff(True, 4 * [1], limits=[10**6]))
    billing(meter, MIDNIGHT, 2, 1)
    (told,) = meter.get("GCS21k", PRICE, 0x0B, le(0) + le(0xFFFFFFFF) + b"\x01\x00")
    same(told[8:], le(MIDNIGHT) + le(2, 3) + b"\x21\x00", "billing period")
    meter.set(draw=3)
    meter.advance(3 * DAY)
    registers, money = snapshots(meter, "GCS15c")
    ends = [MIDNIGHT, MIDNIGHT + 2 * DAY]
    same([each.when for each in registers], ends, "ends")
    same([each.when for each in money], ends, "ends")
    same([each.values[5] for each in registers], [6 * 3, 96 * 3], "blocks")


@lives("GCS15b")
def changes(meter: GasMeter) -> None:
    """A new payment mode has its snapshot."""
    meter.set(draw=8)
    meter.advance(HALF_HOUR)
    when = meter.now
    mode(meter, 0x0497)
    meter.advance(HALF_HOUR)
    money, registers = snapshots(meter, "GCS15b")
    same([(each.when, each.causes, each.values[0]) for each in registers], [(when, 0x4000, 8)])
    same([(each.when, each.causes) for each in money], [(when, 0x4000)])


@lives("GCS31", "GCS18")
def network_data(meter: GasMeter) -> None:
    """Six minutes each, from the command on."""
    same(sampling(meter), 2, "SampleID")
    meter.set(draw=50)
    meter.advance(4 * HALF_HOUR)
    same(samples(meter, "GCS18", 2, 1, 41), (START, 360, 20 * [10]), "samples")


@lives("CS10a", "CS10b", "CS11")
def events(meter: GasMeter) -> None:
    """What happens is logged with its time; the event log is cleared, the security log is not."""
    supply(meter, "GCS32", 0)
    meter.advance(60)
    meter.client.control("ACT", {"tamper": "cover"})
    secured = [row for row in log(meter, "CS10b", SECURITY_LOG) if row[0] == 0x8F74]
    same(secured, [(0x8F74, meter.now)], "security log")
    before = log(meter, "CS10a", EVENT_LOG)
    same(any(when == START for _, when in before), True, "event log")
    meter.advance(60)
    meter.give("CS11", [Item(EVENTS, 1, 1, bytes((EVENT_LOG,)))])
    left = log(meter, "CS10a", EVENT_LOG)
    same(all(when == meter.now for _, when in left), True, f"{left} of {before}")
    again = [row for row in log(meter, "CS10b", SECURITY_LOG) if row[0] == 0x8F74]
    same(again, secured, "security log")


@lives("GCS20", "GCS20r")
def behaviours(meter: GasMeter) -> None:
    """An event that is not to be told is not, though it is logged: 8119, credit below 0."""

    def configured(bits: int) -> None:
        payload = le(5) + bytes(4) + bytes((bits, 0, 1)) + le(0x8119, 2)
        done(meter, "GCS20", [Item(DEVICE_MANAGEMENT, 9, 4, payload)])
        request = (DEVICE_MANAGEMENT, b"\x09\x00\x05" + le(0x8119, 2))
        opened = meter.ask("GCS20r", lambda *_: gbz(request))
        (body,) = [frame[3:] for _, frame, _ in opened.components()]
        same(body[2:], le(0x8119, 2) + bytes((bits,)), "configuration")

    for bits, told in ((0x01, []), (0x0B, [0x8119])):
        configured(bits)
        meter.alerts.clear()
        mode(meter, 0x0094)
        credit(meter, "GCS40b", 1, 0)
        mode(meter, 0x0497)
        credit(meter, "GCS40a", 0, 1000)
        meter.advance(HALF_HOUR)
        credit(meter, "GCS40a", 0, -2000)
        meter.advance(HALF_HOUR)
        same([code for code in codes(meter) if code == 0x8119], told, f"{bits:02X}")


# --- Who it is ----------------------------------------------------------------------------------


@lives("GCS41", "GCS46")
def mprn(meter: GasMeter) -> None:
    """The MPRN, through a power cut."""
    made = Maker("mprn").mprn()
    done(meter, "GCS41", [made])
    (value,) = made.sets.values()
    same(meter.values("GCS46")[METERING, 0x0307], bytes(value)[2:], "MPRN")


@lives("GCS38", "GCS21e")
def identity(meter: GasMeter) -> None:
    """What a meter says of itself without being told."""
    same(len(meter.values("GCS38")[METERING, 0x0206]) >= 4, True, "firmware version")
    read = meter.values("GCS21m")
    same([read[BASIC, place] > 0 for place in (4, 5)], [True, True], "maker, model")


# --- What the household reads at the meter ------------------------------------------------------


def displayed(meter: GasMeter) -> dict[str, Any]:
    """What the meter's own display shows."""
    return meter.client.control("QUERY")["summary"]["display"]


def message_of(start: int, minutes: int, text: bytes) -> Item:
    """GCS07: 0xFFFF minutes until it is replaced."""
    head = le(5) + b"\0" + le(start) + le(minutes, 2)
    return Item(MESSAGING, 9, 0, head + bytes((len(text),)) + text)


def cut_power(meter: GasMeter) -> None:
    """Cut the power, where a flash keeps what was there."""
    if meter.flash:
        meter.restart()


@lives("GCS07")
def message(meter: GasMeter) -> None:
    """A message is shown from its start on, for its duration; another takes its place."""
    same(displayed(meter)["message"], None, "a new meter")
    done(meter, "GCS07", [message_of(0, 0xFFFF, b"Your tariff ends in May")])
    meter.advance(3 * DAY)
    cut_power(meter)
    same(displayed(meter)["message"], "Your tariff ends in May", "until it is replaced")
    done(meter, "GCS07", [message_of(0, 90, b"We call at noon")])
    meter.advance(90 * 60 - 1)
    cut_power(meter)
    same(displayed(meter)["message"], "We call at noon", "its last second")
    meter.advance(1)
    same(displayed(meter)["message"], None, "after 90 minutes")
    start = meter.now + 3600
    done(meter, "GCS07", [message_of(start, 30, b"Later")])
    meter.advance(3599)
    same(displayed(meter)["message"], None, "before its start")
    meter.advance(1)
    same(displayed(meter)["message"], "Later", "from its start on")
    meter.advance(29 * 60)
    same(displayed(meter)["message"], "Later", "its last minute")
    meter.advance(60)
    same(displayed(meter)["message"], None, "after its duration")


@lives("GCS44", "GCS36")
def contact(meter: GasMeter) -> None:
    """Whom to call, and the number by which a caller is known."""
    new, made = displayed(meter), Maker("contact")
    same((new["supplier"], new["contact"], new["cin"]), (None, None, None), "a new meter")
    for _ in range(2):
        supplier, number = made.supplier(), made.cin()
        done(meter, "GCS44", [supplier])
        done(meter, "GCS36", [number])
        cut_power(meter)
        told = [*supplier.sets.values(), *number.sets.values()]
        wanted = [bytes(value)[2:].decode() for value in told]
        read = displayed(meter)
        same([read["supplier"], read["contact"], read["cin"]], wanted, "display")


def refused(meter: GasMeter, act: str, digits: Any) -> bool:
    """Whether the display does not take what a consumer does."""
    try:
        meter.client.control("ACT", {act: digits})
    except BenchError:
        return True
    return False


@lives("GCS11")
def privacy(meter: GasMeter) -> None:
    """A PIN hides the household's own, but not the index; the supplier ends that."""
    own = {"message": "Hello", "cin": "0815", "credit": 5000}
    done(meter, "GCS07", [message_of(0, 0xFFFF, b"Hello")])
    done(meter, "GCS36", [Item(DEVICE_MANAGEMENT, 9, 6, le(5) + bytes(8) + b"\x040815")])
    credit(meter, "GCS40a", 0, 5000)
    meter.set(draw=7)
    meter.advance(HALF_HOUR)
    meter.set(draw=0)

    def looks(locked: bool, protected: bool) -> None:
        read = displayed(meter)
        wanted = dict.fromkeys(own) if locked else own
        same({name: read[name] for name in own}, wanted, "the household's own")
        same((read["locked"], read["protected"], read["register"]), (locked, protected, 7))

    looks(False, False)
    same(refused(meter, "set_pin", "12345"), True, "five digits")
    same(refused(meter, "pin", "1234"), True, "no PIN was set")
    meter.client.control("ACT", {"set_pin": "4711"})
    cut_power(meter)
    looks(True, True)
    same(refused(meter, "set_pin", "0000"), True, "another PIN behind the first")
    same(refused(meter, "pin", "0000"), True, "wrong PIN")
    meter.client.control("ACT", {"pin": "4711"})
    looks(False, True)
    meter.advance(119)
    looks(False, True)
    meter.advance(1)
    looks(True, True)
    for _ in range(3):
        same(refused(meter, "pin", "0000"), True, "wrong PIN")
    same(refused(meter, "pin", "4711"), True, "after three wrong ones")
    meter.advance(300)
    meter.client.control("ACT", {"pin": "4711"})
    meter.client.control("ACT", {"display": "lock"})
    looks(True, True)
    wrong = le(5) + bytes(6) + b"\x02\x041234"
    same(meter.give("GCS11", [Item(DEVICE_MANAGEMENT, 9, 2, wrong)]), [0x87], "a password")
    looks(True, True)
    done(meter, "GCS11", [Maker("pin").pin_off()])
    cut_power(meter)
    looks(False, False)


# --- At the proxy -------------------------------------------------------------------------------


def tell(home: GasHome, use_case: str) -> dict[tuple[int, int], Any]:
    """What a use case reads at the proxy, which is what the meter tells itself."""
    assert home.proxy
    told = home.proxy.values(use_case)
    same(told, home.values(use_case), use_case)
    return told


def cut(home: GasHome) -> None:
    """Cut the power, where a flash keeps what was there."""
    if home.flash:
        home.restart()


@lives_at_proxy("GCS13a", "GCS13b", "GCS13c", "GCS33", "GCS38", "GCS46")
def mirrored_registers(home: GasHome) -> None:
    """Registers, valve, firmware version and MPRN as the meter has them."""
    done(home, "GCS41", [Maker("mprn").mprn()])
    done(home, "GCS01a", weekdays(7 * [2]) + tariff(False, 4 * [1]))
    home.set(draw=11)
    home.advance(6 * HALF_HOUR)
    done(home, "GCS01a", tariff(True, [5, 6, 7, 8], limits=[100, 250, 300]))
    home.advance(4 * HALF_HOUR)
    same(tell(home, "GCS13a")[TOTAL], 110, "total")
    same(tell(home, "GCS13c")[TIERS[1]], 66, "tier")
    same(tell(home, "GCS13b")[BLOCKS[0]], 44, "block")
    supply(home, "GCS32", 0)
    home.advance(HALF_HOUR)
    same(tell(home, "GCS33")[VALVE], 0, "valve")
    tell(home, "GCS38")
    same(len(tell(home, "GCS46")[METERING, 0x0307]), 10, "MPRN")
    number = b"\x040815"
    done(home, "GCS36", [Item(DEVICE_MANAGEMENT, 9, 6, le(5) + bytes(8) + number)])
    home.advance(HALF_HOUR)
    same(shown(home, 0x0311), int.from_bytes(number, "little"), "CIN at the proxy")


@lives_at_proxy("GCS14", "GCS21j", "GCS60", "GCS60a")
def mirrored_account(home: GasHome) -> None:
    """The account as the meter has it."""
    credit(home, "GCS40c", 3, -700)
    home.advance(HALF_HOUR)
    for use_case in ("GCS60", "GCS60a"):
        same(tell(home, use_case)[BILL], 700, "bill")
    credit(home, "GCS40a", 0, 90000)
    mode(home, 0x0497)
    home.advance(HALF_HOUR)
    same(tell(home, "GCS14")[BALANCE], 90000, "balance")
    same(tell(home, "GCS21j")[CONTROL], 0x0497, "mode")


@lives_at_proxy("GCS17", "GCS61")
def mirrored_logs(home: GasHome) -> None:
    """Half hours and days of gas, from the registers that the meter reported."""
    assert home.proxy
    home.set(draw=9)
    home.advance(DAY)
    home.set(draw=4)
    home.advance(2 * DAY)
    wanted = (MIDNIGHT + 18 * 3600, 1800, [9, 9, 9, 9, 9, 9, 4, 4])
    same(samples(home.proxy, "GCS17", 0, MIDNIGHT + 18 * 3600, 8), wanted, "half hours")
    found = samples(home.proxy, "GCS61", 1, 0, 5)
    same(found, (MIDNIGHT, 0xFFFF, [42 * 9 + 6 * 4, 48 * 4]), "days")


@lives_at_proxy("GCS15b", "GCS15c", "GCS16a", "GCS16b")
def mirrored_snapshots(home: GasHome) -> None:
    """Daily reads and billing data as the meter has them."""
    proxy = home.proxy
    assert proxy
    done(home, "GCS01a", tariff(True, 4 * [0], limits=[10**6]))
    billing(home, MIDNIGHT, 2, 1)
    home.set(draw=8)
    home.advance(DAY)
    credit(home, "GCS40a", 0, 70000)
    mode(home, 0x0497)
    home.advance(DAY)
    cut(home)
    home.set(draw=3)
    home.advance(DAY)
    totals = [48, 48 + 48 * 8, 48 + 48 * 8 + 42 * 8 + 6 * 3]
    (read,) = snapshots(proxy, "GCS16a")
    days = [MIDNIGHT + n * DAY for n in range(3)]
    same([each.when for each in read], days, "daily reads")
    same([each.values[0] for each in read], totals, "totals")
    (paid,) = snapshots(proxy, "GCS16b")
    same([(each.when, each.values[-1]) for each in paid], [(day, 70000) for day in days[1:]])
    for use_case in ("GCS15b", "GCS15c", "GCS16a", "GCS16b"):
        told, own = (
            [
                [(each.when, each.causes, each.values) for each in part]
                for part in snapshots(asked, use_case)
            ]
            for asked in (proxy, home)
        )
        same(told, own, use_case)
        same(all(told), True, use_case)


@lives_at_proxy("GCS15d", "GCS15e")
def mirrored_payments(home: GasHome) -> None:
    """Top-ups and debt payments as the meter published them."""
    proxy = home.proxy
    assert proxy
    mode(home, 0x0497)
    share = le(5) + b"\x00" + le(90000) + b"\x01\x05" + bytes(6) + b"\x01" + le(0) + le(2500, 2)
    done(home, "GCS04", [Item(PREPAYMENT, 1, 2, share)])
    limits = Item(PREPAYMENT, 1, 11, bytes(12) + le(10**8) + le(10**8))
    done(home, "GCS05", [limits])
    paid = []
    for number, pennies in enumerate((120, 80, 40)):
        if number < 2:  # the last two within one second
            home.advance(600)
        same(top_up(home, pennies, 7 + number)[0] in (0, 0x12), True, "top-up")
        paid.append((home.now, pennies * 1000))
    home.advance(60)
    cut(home)

    def asked(use_case: str, command: int, tail: bytes) -> bytes:
        request = (PREPAYMENT, bytes((1, 0, command)) + le(FOR_EVER) + tail, 0)
        opened = proxy.ask(use_case, lambda *_: gbz(request))
        (frame,) = [frame for _, frame, _ in opened.components()]
        return frame[3:]

    top_ups = asked("GCS15e", 8, b"\x05")
    same(len(top_ups), 2 + 3 * 29, "top-up log")
    tails = [top_ups[at + 21 : at + 29] for at in (2, 31, 60)]
    same(tails, [le(amount) + le(when) for when, amount in reversed(paid)], "top-up log")
    left, rows = 90000, b""
    for when, amount in paid:
        left -= amount // 4
        rows += le(when) + le(amount // 4) + b"\x02" + le(left)
    same(asked("GCS15d", 10, b"\x0a\x02"), b"\0\x01" + rows, "debt log")


def parts_of(use_case: str) -> list[tuple[int, bytes]]:
    """(command, payload) of the calendar reads of a use case: day, week, seasons, special days."""
    issuer = le(0xFFFFFFFF if use_case == "GCS21f" else 0xFFFFFFFE)
    sort = b"\x00" if use_case == "GCS21f" else b"\x03"
    whose = bytes(4) + issuer
    return [
        (1, whose + b"\x01\x00"),
        (2, whose + b"\x01\x00"),
        (3, whose),
        (4, bytes(4) + b"\x00" + sort + whose),
    ]


def calendar(home: GasHome, use_case: str, items: Sequence[Any]) -> None:
    """The proxy tells the parts of a calendar as they were sent, and through a power cut."""
    assert home.proxy
    for _ in range(2):
        for command_id, request in parts_of(use_case):
            wanted = [
                item.payload
                for item in items
                if item.cluster == CALENDAR and item.command == command_id
            ]
            told = home.proxy.get(use_case, CALENDAR, command_id, request)
            same(told, wanted, f"{use_case} {command_id}")
        cut(home)


def messages(home: GasHome) -> list[tuple[int, str]]:
    """(code, message code) of entries of the proxy's event log about commands to the meter."""
    assert home.proxy
    request = bytes((0x10 | EVENT_LOG,)) + le(0, 2) + le(0) + le(0xFFFFFFFF) + b"\x00" + le(0, 2)
    found, at = [], 5
    for body in home.proxy.get("CS10a", EVENTS, 0, request):
        while at < len(body):
            code, size = int.from_bytes(body[at + 1 : at + 3], "little"), body[at + 7]
            which = body[at + 8 : at + 8 + size].hex()
            if which in ("006b", "006f", "00a3", "00d8"):
                found.append((code, which))
            at += 8 + size
        at = 5
    return found


@lives_at_proxy("GCS21f")
def tapped_tariff(home: GasHome) -> None:
    """A tariff that a supplier sends to the meter; one for later is the proxy's at its time."""
    assert home.proxy
    prices = [1111, 2222, 3333, 4444]
    made = weekdays([2, 3, 1, 1, 1, 4, 4]) + tariff(False, prices, 250)
    done(home, "GCS01a", made)
    told = home.proxy.values("GCS21f")
    same([told[PRICE, 0x0410 + 0x10 * n] for n in range(4)], prices, "prices")
    same((told[PRICE, 0x0301], told[PRICE, 0x0616]), (250, 826), "charge, currency")
    calendar(home, "GCS21f", made)
    when = home.now + 3 * HALF_HOUR
    later = Maker("later", when).of("GCS01a")
    done(home, "GCS01a", later)
    calendar(home, "GCS21f", made)
    home.advance(3 * HALF_HOUR - 60)
    calendar(home, "GCS21f", made)
    home.advance(60)
    same(codes(home).count(0x8F66), sum(item.command in (0, 4, 5, 6) for item in later), "alerts")
    calendar(home, "GCS21f", later)
    told = home.proxy.values("GCS21f")
    for item in later:
        for place, octets in item.sets.items():
            if place[0] == PRICE and len(place) == 2 and isinstance(octets, bytes):
                same(told[PRICE, place[1]], int.from_bytes(octets[1:], "little"), str(place))
    same(messages(home), [(0x8154, "006b")] * 2, "event log")


@lives_at_proxy("GCS21b")
def tapped_prepayment(home: GasHome) -> None:
    """Limits come with the meter's report, the non-disablement calendar by the way of GCS05."""
    assert home.proxy
    made = Maker("calendar").of("GCS05")
    done(home, "GCS05", made)
    calendar(home, "GCS21b", made)
    home.advance(HALF_HOUR)
    told = tell(home, "GCS21b")
    limits = {
        place[1]: int.from_bytes(octets[1:], "little")
        for item in made
        for place, octets in item.sets.items()
        if place[0] == PREPAYMENT and isinstance(octets, bytes)
    }
    asked = {place: value for place, value in limits.items() if (PREPAYMENT, place) in told}
    same({place: told[PREPAYMENT, place] for place in asked}, asked, "limits")
    same(len(asked) >= 4, True, f"{asked}")
    same(messages(home), [(0x8154, "006f")], "event log")


@lives_at_proxy("GCS21k")
def tapped_billing(home: GasHome) -> None:
    """The billing period by the way of GCS25a; what the meter refuses, the proxy does not take."""
    assert home.proxy

    def told() -> bytes:
        assert home.proxy
        (body,) = home.proxy.get("GCS21k", PRICE, 0x0B, le(0) + le(0xFFFFFFFF) + b"\x01\x00")
        return body[8:]

    billing(home, MIDNIGHT, 2, 1)
    wanted = le(MIDNIGHT) + le(2, 3) + b"\x21\x00"
    same(told(), wanted, "billing period")
    home.advance(HALF_HOUR)
    same(told(), wanted, "after a report")
    cut(home)
    same(told(), wanted, "after a power cut")
    wrong = tariff(False, [1, 2, 3, 4])
    wrong[-1].payload = wrong[-1].payload[:-5] + b"\x05" + le(4)  # there is no fifth tier
    same(home.give("GCS01b", wrong), [0, 0x87], "refused")
    same(home.proxy.values("GCS21f").get((PRICE, 0x0410), 0) in (0, 0xFFFFFFFF), True, "price")
    same(messages(home), [(0x8154, "00d8"), (0x8155, "00a3")], "event log")


@lives_at_proxy("CS10b")
def proxy_security(home: GasHome) -> None:
    """The security log tells of a message that nobody known sent, and that a log was cleared."""
    assert home.proxy
    home.advance(90)
    data = bytearray(protected(home.proxy.counter + 1))
    data[-1] ^= 1  # of its MAC
    same(home.proxy.client.try_respond(bytes(data)), None, "no answer")
    first = home.now
    home.advance(90)
    home.proxy.give("CS11", [Item(EVENTS, 1, 1, bytes((EVENT_LOG,)))])
    wanted = [(0x8F3E, first), (0x8F52, home.now)]
    same(log(home.proxy, "CS10b", SECURITY_LOG), wanted, "security log")
    cut(home)
    same(log(home.proxy, "CS10b", SECURITY_LOG), wanted, "after a power cut")


def protected(counter: int) -> bytes:
    """A genuine CS10b of the supplier."""
    request = bytes((0x10 | SECURITY_LOG,)) + bytes(2) + le(0) + le(0xFFFFFFFF) + bytes(3)
    return command(0x00A1, gbz((EVENTS, b"\x01\x00\x00" + request)), counter, SUPPLIER)


def shown(home: GasHome, attribute: int) -> int:
    """What a display reads of the proxy's Metering cluster."""
    assert home.proxy
    home.deliver()
    read = read_frame(9, attribute)
    home.proxy.client.frame(HanFrame(DISPLAY, DEVICE, 3, 2, METERING, read).encode())
    (answer,) = home.proxy.told
    home.proxy.told.clear()
    payload = parse(answer).payload
    same(payload[3:6], le(attribute, 2) + b"\0", "answer")
    return int.from_bytes(payload[7:], "little")


@lives_at_proxy("GCS09")
def tenancy(home: GasHome) -> None:
    """A new tenant sees nothing of the day before; the kWh of it are those of the conversion."""
    assert home.proxy
    convert(home)
    home.set(draw=2000)
    home.advance(2 * DAY)
    same(shown(home, 0x0C03), int(48 * 2000 * KWH), "kWh of yesterday")
    change = bytes(4) + le(5) + b"\0" + le(home.now) + le(0x200)
    done(home.proxy, "GCS09", [Item(DEVICE_MANAGEMENT, 9, 0, change)])
    same(shown(home, 0x0C03), 0xFFFFFF, "hidden")
    home.advance(DAY)
    same(shown(home, 0x0C03), 0xFFFFFF, "a day that began before")
    home.advance(DAY)
    same(shown(home, 0x0C03), int(48 * 2000 * KWH), "a day of the new tenant")


@lives_at_proxy("CS10a", "CS11")
def proxy_events(home: GasHome) -> None:
    """A remote command is logged; the log is cleared."""
    assert home.proxy
    home.advance(90)
    change = bytes(4) + le(5) + b"\0" + le(home.now) + le(0x200)
    done(home.proxy, "GCS09", [Item(DEVICE_MANAGEMENT, 9, 0, change)])
    logged = log(home.proxy, "CS10a", EVENT_LOG)
    same([when for _, when in logged], [home.now], "event log")
    home.advance(90)
    home.proxy.give("CS11", [Item(EVENTS, 1, 1, bytes((EVENT_LOG,)))])
    left = log(home.proxy, "CS10a", EVENT_LOG)
    same(all(when == home.now for _, when in left), True, f"{left} of {logged}")
