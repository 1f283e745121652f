"""SECMP0056 at IHD and PPMID: they ask their meters for the date and clear what is older."""

from __future__ import annotations

from collections.abc import Callable

from host_tools.conform.dut import Dut
from host_tools.conform.meters import NO_DATE, Meters
from host_tools.conform.model import Blocked, Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_ids import (
    CLEAR_CONSUMER,
    GET_CURRENT_PRICE,
    GET_LAST_MESSAGE,
    GET_SAMPLED_DATA,
    MESSAGING,
    METERING,
    PRICE,
)

_DAY = 86400
# What a display may ask a meter for by a command: a log, the active price, the last message.
ASKS = {
    (METERING, GET_SAMPLED_DATA),
    (PRICE, GET_CURRENT_PRICE),
    (MESSAGING, GET_LAST_MESSAGE),
}
_NEEDS = ("state", "han", "inputs", "clock")
_ASKS = "SECMP0056, page of the SEC (evidence/tenancy.md#displays-query-the-meters)"
_CLEARS = "SECMP0056, page of Ofgem (evidence/tenancy.md#displays-clear-what-was-before)"
# Within this many seconds of a restart or of pairing a display has asked, and cleared.
_SOON = 120
_ONE_DAY_POLL = 90_000


def proven(
    name: str,
    title: str,
    stimulus: str,
    expectation: str,
    severity: Severity = Severity.MAJOR,
    source: str = _CLEARS,
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[[Dut, Notes], None]], Callable[[Dut, Notes], None]]:
    """Enter a check of a display that rests on text."""

    def enter(
        function: Callable[[Dut, Notes], None],
    ) -> Callable[[Dut, Notes], None]:
        @check(
            f"SECMP0056-display-{name}",
            row="SECMP0056",
            title=title,
            roles=("ihd", "ppmid"),
            source=source,
            evidence=Evidence.SPEC,
            severity=severity,
            family=Family.HAN,
            stimulus=stimulus,
            expectation=expectation,
            needs=(*_NEEDS, *needs),
            since="IHDTS 4.4, PPMIDTS 4.5",
        )
        def run(dut: Dut) -> Finding:
            notes = Notes()
            function(dut, notes)
            return notes.finding(expectation)

        return function

    return enter


def with_history(dut: Dut) -> Meters:
    """A display that has read its meters: days of history of both fuels."""
    meters = Meters(dut)
    meters.play(_SOON)
    return meters


def midnight(meters: Meters, days: int) -> int:
    """The midnight so many days back."""
    return (meters.now // _DAY - days) * _DAY


def cleared(meters: Meters, notes: Notes, role: str, date: int) -> None:
    """The display holds nothing of a fuel from before the date."""
    row = meters.shown(role)
    oldest = row["oldest"]
    notes.expect(
        f"{role}: oldest record from before {iso_2000(date)}",
        False,
        oldest is not None and oldest < iso_2000(date),
        f"0x0200 of the {role} is {iso_2000(date)}",
    )


def untouched(meters: Meters, notes: Notes, role: str, before: int, why: str) -> None:
    """The display holds as many days of a fuel as before.

    One that sleeps may hide them while its meter's date cannot be read.
    """
    row = meters.shown(role)
    hidden = row.get("tenancy") == "unread" and row["days"] == 0
    notes.expect(f"{role}: days held, {why}", before, before if hidden else row["days"])


@proven(
    "asks",
    "A display asks both meters for the date when it joins",
    "pairing with ESME and GPF",
    "Read Attributes 0x0200 to each",
    Severity.CRITICAL,
    source=_ASKS,
)
def asks(dut: Dut, notes: Notes) -> None:
    """SECMP0056: mandated to query."""
    meters = with_history(dut)
    for meter in meters.meters.values():
        notes.expect(f"{meter.role} was asked", True, meter.reads > 0)
        notes.expect(f"{meter.role}: history held", True, meters.shown(meter.role)["days"] > 5)


@check(
    "SECMP0056-display-asks-again",
    row="SECMP0056",
    title="A display asks again",
    roles=("ihd", "ppmid"),
    source="no text was found (evidence/tenancy.md#when-displays-ask-and-what-they-clear)",
    evidence=Evidence.PROJECT_CHOICE,
    family=Family.HAN,
    stimulus="a day and an hour after joining",
    expectation="Read Attributes 0x0200 to each",
    needs=_NEEDS,
    alternatives=("within a day and an hour", "later, or never"),
    since="IHDTS 4.4, PPMIDTS 4.5",
)
def asks_again(dut: Dut) -> Finding:
    """A date that comes later is found."""
    notes = Notes()
    meters = with_history(dut)
    before = {meter.role: meter.reads for meter in meters.meters.values()}
    if not all(before.values()):
        raise Blocked("the display did not ask both meters when it joined")
    meters.play(_ONE_DAY_POLL, 600)
    for meter in meters.meters.values():
        notes.expect(f"{meter.role} was asked again", True, meter.reads > before[meter.role])
    finding = notes.finding("each was asked again")
    finding.alternative = "within a day and an hour" if finding.passed else "later, or never"
    return finding


def change(
    meters: Meters, role: str, date: int, control: int = CLEAR_CONSUMER, told: int | None = None
) -> None:
    """A meter gets a date, and pushes it (or another: `told`), so that it is asked at once."""
    meter = meters.esme if role == "esme" else meters.gpf
    meter.date, meter.control = date, control
    publish = b"\x09\x31\x00" + bytes(9)  # one provider, one event: a later one replaces it
    publish += (date if told is None else told).to_bytes(4, "little")
    meters.play(20)
    meters.tell(role, publish + control.to_bytes(4, "little"))
    meters.play(_SOON)


@proven(
    "clears",
    "Data of the former occupier is cleared",
    "history of both fuels; dates at midnight three days back at both meters",
    "no record from before the date",
    Severity.CRITICAL,
)
def clears(dut: Dut, notes: Notes) -> None:
    """The purpose of the modification."""
    meters = with_history(dut)
    date = midnight(meters, 3)
    for role in ("esme", "gpf"):
        change(meters, role, date)
    for role in ("esme", "gpf"):
        cleared(meters, notes, role, date)


@proven(
    "clears-old-log",
    "A meter that still gives old data does not bring it back",
    "as before, with a meter whose log is not restricted; two hours more",
    "no record from before the date",
    Severity.CRITICAL,
)
def clears_old_log(dut: Dut, notes: Notes) -> None:
    """What was cleared stays cleared."""
    meters = with_history(dut)
    meters.esme.restricts = False
    date = midnight(meters, 3)
    change(meters, "esme", date)
    meters.play(7200, 60)
    cleared(meters, notes, "esme", date)


@proven(
    "fuels",
    "The fuels are independent",
    "a date at the ESME only, then an earlier one at the GPF",
    "electricity cleared to its date, gas to its own",
    source="GBCS 4.0, ECS12 and GCS09 (evidence/tenancy.md#commands-of-a-date)",
)
def fuels(dut: Dut, notes: Notes) -> None:
    """Different suppliers, different days."""
    meters = with_history(dut)
    gas = meters.shown("gpf")["days"]
    date = midnight(meters, 2)
    change(meters, "esme", date)
    cleared(meters, notes, "esme", date)
    untouched(meters, notes, "gpf", gas, "no date at the GPF")
    earlier = midnight(meters, 5)
    change(meters, "gpf", earlier)
    cleared(meters, notes, "gpf", earlier)
    notes.expect("gas days since its own date", 5, meters.shown("gpf")["days"])


@proven(
    "no-date",
    "Without a date nothing is cleared",
    "0x0200 is FFFFFFFF; 25 hours",
    "history as before",
    source="ZCL of Smart Energy 1.2a, UTCTime (evidence/tenancy.md#utctime)",
)
def no_date(dut: Dut, notes: Notes) -> None:
    """A display must not clear the tenant's own data."""
    meters = with_history(dut)
    before = meters.shown("esme")["days"]
    change(meters, "esme", NO_DATE, 0)
    row = meters.shown("esme")["days"]
    notes.expect("days held", True, row >= before)


@proven(
    "same-date",
    "The same date again clears nothing again",
    "a date is applied; two days pass; the date is read again",
    "the days since the date are all there",
    source="GBCS 4.0, ECS12 (evidence/tenancy.md#executed-on-receipt)",
)
def same_date(dut: Dut, notes: Notes) -> None:
    """Idempotent."""
    meters = with_history(dut)
    date = midnight(meters, 3)
    change(meters, "esme", date)
    notes.expect("days after the first time", 3, meters.shown("esme")["days"])
    meters.play(2 * _DAY, 600)
    change(meters, "esme", date)
    notes.expect("days after the second time", 5, meters.shown("esme")["days"])


@proven(
    "old-meter",
    "A meter from before the release is shown as ever",
    "0x0200 unsupported at the ESME; no cluster 0x0708 at the GPF",
    "history and register of both; nothing cleared",
    source="RID v0.4, matrix (evidence/tenancy.md#devices-from-before-the-release)",
)
def old_meter(dut: Dut, notes: Notes) -> None:
    """No error to the user."""
    meters = Meters(dut)
    meters.esme.status = 0x86
    meters.gpf.absent = True
    meters.play(_SOON + 600)
    for role in ("esme", "gpf"):
        row = meters.shown(role)
        notes.expect(f"{role}: history held", True, row["days"] > 5)
        notes.expect(f"{role}: register", 4711, row["register"])


@proven(
    "garbled",
    "An answer cut short clears nothing and stops nothing",
    "the ESME's answers with a date are cut short for an hour, then whole",
    "nothing cleared by half an answer; cleared by a whole one",
    source="ZCL of Smart Energy 1.2a (evidence/tenancy.md#frames-that-are-not-well-formed)",
)
def garbled(dut: Dut, notes: Notes) -> None:
    """Malformed input."""
    meters = with_history(dut)
    before = meters.shown("esme")["days"]
    date = midnight(meters, 3)
    meters.esme.garbled = True
    change(meters, "esme", date, told=NO_DATE)
    notes.expect("it was asked", True, meters.esme.reads > 1)
    untouched(meters, notes, "esme", before, "half an answer")
    meters.esme.garbled = False
    meters.play(3600, 60)
    cleared(meters, notes, "esme", date)


@proven(
    "unsecured",
    "An answer without APS security clears nothing",
    "the ESME's answers come without APS security",
    "history as before",
    Severity.CRITICAL,
    source="Smart Energy 1.2a, security (evidence/tenancy.md#link-key)",
)
def unsecured(dut: Dut, notes: Notes) -> None:
    """Anyone on the HAN could have sent it."""
    meters = with_history(dut)
    before = meters.shown("esme")["days"]
    meters.esme.secured = False
    change(meters, "esme", midnight(meters, 3), told=NO_DATE)
    notes.expect("it was asked", True, meters.esme.reads > 1)
    untouched(meters, notes, "esme", before, "unsecured answers")
    meters.esme.date, meters.esme.secured = NO_DATE, True
    meters.play(3600, 60)
    days = meters.shown("esme")["days"]
    notes.expect(f"esme: the {before} days held, secured again", True, days >= before)


@proven(
    "contactor",
    "Contactor bits of the change control are not the display's",
    "control 00000200: its contactor bits read SUPPLY_OFF",
    "cleared; no frame but reads goes to the meter",
    Severity.CRITICAL,
    source="Smart Energy 1.2a, D.10.2.2 (evidence/tenancy.md#contactor-bits)",
)
def contactor(dut: Dut, notes: Notes) -> None:
    """GCS09's own word must not switch anything."""
    meters = with_history(dut)
    meters.esme.asked.clear()
    date = midnight(meters, 3)
    change(meters, "esme", date, CLEAR_CONSUMER)
    cleared(meters, notes, "esme", date)
    for frame in meters.esme.asked:
        cluster, control, command = int.from_bytes(frame[:2], "big"), frame[2], frame[4]
        read = control & 3 == 0 and command in (0x00, 0x0B)
        asks = control & 3 == 1 and (cluster, command) in ASKS
        if not read and not asks:
            notes.expect("frame to the meter", "a read", frame)


@proven(
    "power-cut",
    "A power cut brings nothing back",
    "a date is read; power away at once and back",
    "no record from before the date, at any time after",
    Severity.CRITICAL,
    needs=("power",),
)
def power_cut(dut: Dut, notes: Notes) -> None:
    """Hidden first, then purged."""
    meters = with_history(dut)
    date = midnight(meters, 3)
    meters.esme.date, meters.esme.control = date, CLEAR_CONSUMER
    meters.tell("esme", b"\x19\x31\x00" + bytes(9) + date.to_bytes(4, "little") + b"\0\x02\0\0")
    dut.cut_power()
    cleared_or_hidden(meters, notes, date)
    meters.pair()
    cleared_or_hidden(meters, notes, date)
    meters.play(_SOON)
    cleared(meters, notes, "esme", date)


def cleared_or_hidden(meters: Meters, notes: Notes, date: int) -> None:
    """Shortly after the power came back, the display shows nothing older than the date."""
    try:
        row = meters.shown("esme")
    except Exception:  # the display does not know its meters yet: it shows nothing
        return
    old = row["oldest"] is not None and row["oldest"] < iso_2000(date)
    notes.expect("old records shown", False, old and row["tenancy"] in ("clear", "pending"))
