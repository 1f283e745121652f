"""SECMP0056 at IHD and PPMID where no text decides: the report names the alternative seen."""

from __future__ import annotations

from collections.abc import Callable

from host_tools.conform.checks.tenancy_display import change, midnight, with_history
from host_tools.conform.dut import Dut
from host_tools.conform.meters import NO_DATE, Meters
from host_tools.conform.model import Evidence, Family, Finding, check
from host_tools.conform.probe import Notes
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_ids import CLEAR_CONSUMER

_DAY = 86400
_ASKING = "when-displays-ask-and-what-they-clear"
_FACTS = {
    "cancelled": "a-date-ahead",
    "control-none": "change-control-of-others",
    "future": "a-date-ahead",
    "zero": "no-date-yet",
}


def _entry(
    name: str,
    title: str,
    stimulus: str,
    *alternatives: str,
    needs: tuple[str, ...] = ("state", "han", "inputs", "clock"),
) -> Callable[[Callable[[Dut], Finding]], Callable[[Dut], Finding]]:
    return check(
        f"SECMP0056-display-{name}",
        row="SECMP0056",
        title=title,
        roles=("ihd", "ppmid"),
        source=f"no text was found (evidence/tenancy.md#{_FACTS.get(name, _ASKING)})",
        evidence=Evidence.PROJECT_CHOICE,
        family=Family.HAN,
        stimulus=stimulus,
        expectation=alternatives[0],
        needs=needs,
        alternatives=alternatives,
        since="IHDTS 4.4, PPMIDTS 4.5",
    )


def _older(meters: Meters, date: int) -> bool:
    """Whether the display holds electricity data from before a date."""
    oldest = meters.shown("esme")["oldest"]
    return oldest is not None and oldest < iso_2000(date)


@_entry("zero", "A date of 0", "0x0200 is 00000000", "nothing cleared", "cleared")
def zero(dut: Dut) -> Finding:
    """A hub in the field answers 0 for none."""
    meters = with_history(dut)
    before = meters.shown("esme")["days"]
    change(meters, "esme", 0)
    names: dict[object, str] = {True: "nothing cleared", False: "cleared"}
    kept = meters.shown("esme")["days"] >= before
    return Notes().choice(names, kept, "history with a date of 0")


@_entry(
    "backwards",
    "A date that moves back",
    "three days back is applied, then six days back",
    "nothing comes back",
    "data since the earlier date comes back",
    "everything is cleared",
)
def backwards(dut: Dut) -> Finding:
    """Legal: there is no replay protection."""
    meters = with_history(dut)
    change(meters, "esme", midnight(meters, 3))
    change(meters, "esme", midnight(meters, 6))
    meters.play(7200, 60)
    days = meters.shown("esme")["days"]
    names: dict[object, str] = {
        3: "nothing comes back",
        6: "data since the earlier date comes back",
        0: "everything is cleared",
    }
    return Notes().choice(names, days, "days held")


@_entry(
    "future",
    "A date to come",
    "a date six hours ahead; the meter falls silent; eight hours",
    "cleared when it comes, not before",
    "cleared at once",
    "not cleared without another read",
)
def future(dut: Dut) -> Finding:
    """The data is the present tenant's until then."""
    meters = with_history(dut)
    date = meters.now + 6 * 3600
    change(meters, "esme", date)
    at_once = not _older(meters, date)
    meters.esme.silent = True
    meters.play(8 * 3600, 60)
    names: dict[object, str] = {
        (False, True): "cleared when it comes, not before",
        (True, True): "cleared at once",
        (False, False): "not cleared without another read",
    }
    return Notes().choice(names, (at_once, not _older(meters, date)), "cleared at once, later")


@_entry(
    "cancelled",
    "A date to come that is taken back",
    "a date six hours ahead, then FFFFFFFF; eight hours",
    "nothing cleared",
    "cleared",
)
def cancelled(dut: Dut) -> Finding:
    """The attribute goes back to none."""
    meters = with_history(dut)
    date = meters.now + 6 * 3600
    change(meters, "esme", date)
    change(meters, "esme", NO_DATE, 0)
    meters.play(8 * 3600, 60)
    names: dict[object, str] = {True: "nothing cleared", False: "cleared"}
    return Notes().choice(names, _older(meters, date), "history after the cancelled date")


@_entry(
    "control-none",
    "A date with a change control of 0",
    "0x0201 is 0, a date three days back",
    "cleared: the date decides",
    "nothing cleared",
)
def control_none(dut: Dut) -> Finding:
    """The attribute 0x0201 is optional."""
    meters = with_history(dut)
    date = midnight(meters, 3)
    change(meters, "esme", date, 0)
    names: dict[object, str] = {False: "cleared: the date decides", True: "nothing cleared"}
    return Notes().choice(names, _older(meters, date), "older data held")


@_entry(
    "storm",
    "A storm of pushes",
    "100 PublishChangeOfTenancy within a second",
    "few reads",
    "a read for each",
    needs=("han",),
)
def storm(dut: Dut) -> Finding:
    """The link must stay up."""
    meters = with_history(dut)
    meters.play(20)
    before = meters.esme.reads
    date = midnight(meters, 3)
    meters.esme.date, meters.esme.control = date, CLEAR_CONSUMER
    body = bytes(9) + date.to_bytes(4, "little") + b"\x00\x02\x00\x00"
    for index in range(100):
        meters.tell("esme", bytes((0x09, index, 0x00)) + body)
    meters.play(30)
    reads = meters.esme.reads - before
    names: dict[object, str] = {True: "few reads", False: "a read for each"}
    return Notes().choice(names, reads < 20, f"{reads} reads for 100 pushes")


@_entry(
    "stranger",
    "A push from a device that is no meter of the home",
    "PublishChangeOfTenancy of an address that is none of the home",
    "dropped",
    "answered or acted upon",
    needs=("han",),
)
def stranger(dut: Dut) -> Finding:
    """Only the paired meters are asked, or answered."""
    meters = with_history(dut)
    meters.play(20)
    reads = meters.esme.reads + meters.gpf.reads
    body = bytes(9) + midnight(meters, 3).to_bytes(4, "little") + b"\x00\x02\x00\x00"
    stranger = f"{dut.address('esme') ^ 0xFF00:016X}"
    answers = meters.tell("esme", b"\x09\x41\x00" + body, source=stranger)
    meters.play(30)
    quiet = answers == 0 and meters.esme.reads + meters.gpf.reads == reads
    names: dict[object, str] = {True: "dropped", False: "answered or acted upon"}
    return Notes().choice(names, quiet, "push of a stranger")


@_entry(
    "push",
    "A push of the date",
    "PublishChangeOfTenancy of the ESME, its attribute unchanged (none)",
    "confirmed by a read before anything is cleared",
    "cleared on the push alone",
    "not taken up",
)
def push(dut: Dut) -> Finding:
    """Reads are the authority."""
    meters = with_history(dut)
    meters.play(20)
    before = meters.esme.reads
    date = midnight(meters, 3)
    body = bytes(9) + date.to_bytes(4, "little") + b"\x00\x02\x00\x00"
    meters.tell("esme", b"\x09\x51\x00" + body)
    meters.play(60)
    seen = (meters.esme.reads > before, not _older(meters, date))
    names: dict[object, str] = {
        (True, False): "confirmed by a read before anything is cleared",
        (True, True): "cleared on the push alone",
        (False, True): "cleared on the push alone",
        (False, False): "not taken up",
    }
    return Notes().choice(names, seen, "read after the push; cleared")
