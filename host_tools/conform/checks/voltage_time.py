"""MP085A: clock, power cuts and changes of the period; counters; who may do what."""

from __future__ import annotations

from typing import Any

from host_tools.conform.checks.voltage import (
    HALF_HOUR,
    NEEDS,
    NETWORK,
    Voltage,
    begin,
    chosen,
    proven,
    set_period,
    settings,
    times,
)
from host_tools.conform.dut import Dut
from host_tools.conform.model import Finding, Severity
from host_tools.conform.probe import Notes, answered, refused
from host_tools.gbcs.times import iso_2000


@proven(
    "power-cut",
    "A power cut loses no entry that was complete, and starts at the half hour again",
    "entries 11:00 and 11:30; power away at 11:40, back at 11:47; the log at 12:40",
    "11:00, 11:30 and 12:30",
    needs=(*NEEDS, "power"),
    severity=Severity.CRITICAL,
)
def power_cut(dut: Dut, notes: Notes) -> None:
    """Measurement commences again."""
    now = begin(dut)
    dut.advance(5400)
    dut.cut_power()
    dut.set_clock(now + 5820)
    dut.advance(3180)
    expected = [*times(now + 3000, 2), iso_2000(now + 8400)]
    notes.expect("entries", expected, Voltage(dut).stamps)


@proven(
    "clock-set-late",
    "A meter whose clock becomes valid begins at the next half hour",
    "clock invalid for an hour, then set to 10:47; the log at 12:05",
    "entries 11:30 and 12:00",
)
def clock_set_late(dut: Dut, notes: Notes) -> None:
    """No entry of a time that was not known."""
    dut.fresh()
    dut.advance(3600)
    now = dut.start + 37 * 60
    dut.set_clock(now)
    dut.advance(78 * 60)
    notes.expect("entries", times(dut.start + 80 * 60, 2), Voltage(dut).stamps)


@proven(
    "no-time-twice",
    "No two entries bear one time, whatever the clock does",
    "entries up to 12:00; the clock goes back two hours; three hours",
    "times that rise, none twice",
    source="GBCS 4.0, 9.1.6 (evidence/voltage.md#one-entry-for-one-time)",
)
def no_time_twice(dut: Dut, notes: Notes) -> None:
    """Clock set back."""
    now = begin(dut)
    dut.advance(7200)
    dut.set_clock(now)
    dut.advance(3 * 3600)
    stamps = [stamp for stamp, _ in Voltage(dut).rows]
    notes.expect("rising", sorted(set(stamps)), stamps)


@proven(
    "counters",
    "Counters count averages beyond the thresholds, and are reset by ECS29e",
    "thresholds 220 and 210 V at 230 V; an hour and a half; ECS29e",
    "over voltage counter above 0, under voltage counter 0; then both 0",
    source="GBCS 4.0, ECS23 and ECS29e (evidence/voltage.md#counters-of-averages)",
)
def counters(dut: Dut, notes: Notes) -> None:
    """Thresholds are in volts."""
    begin(dut)
    set_period(dut, HALF_HOUR, over=220, under=210)
    dut.advance(5400)
    seen = Voltage(dut)
    notes.expect("over counter above 0", True, seen.over > 0)
    notes.expect("under counter", 0, seen.under)
    dut.ask("ECS29e", party=NETWORK)
    after = Voltage(dut)
    notes.expect("both after the reset", (0, 0), (after.over, after.under))


@proven(
    "equal-threshold",
    "An average equal to the threshold is not beyond it",
    "thresholds of 230 V at 230 V; an hour and a half",
    "both counters 0",
    source="GBCS 4.0, alerts 8002 and 8006 (evidence/voltage.md#thresholds)",
    severity=Severity.MINOR,
)
def equal_threshold(dut: Dut, notes: Notes) -> None:
    """Above and below are strict."""
    begin(dut)
    set_period(dut, HALF_HOUR, over=230, under=230)
    dut.advance(5400)
    seen = Voltage(dut)
    notes.expect("counters", (0, 0), (seen.over, seen.under))


@proven(
    "replay",
    "A replayed reset of the counters is refused",
    "ECS29e; counters rise; the same ECS29e again, also after a power cut",
    "no response; counters as they were",
    needs=(*NEEDS, "power"),
    source="GBCS 4.0, ECS29e "
    "(evidence/voltage.md#who-sets-the-measurement, evidence/messages.md#replay-protection)",
    severity=Severity.CRITICAL,
)
def replay(dut: Dut, notes: Notes) -> None:
    """The counter of the command is kept in flash."""
    now = begin(dut)
    set_period(dut, HALF_HOUR, over=220)
    command = dut.command("ECS29e", party=NETWORK)
    answered(dut, notes, command, "the first time")
    dut.advance(5400)
    before = Voltage(dut).over
    notes.expect("over counter above 0", True, before > 0)
    refused(dut, notes, command, "the replay")
    notes.expect("over counter", before, Voltage(dut).over)
    dut.cut_power()
    dut.set_clock(now + 5400)
    refused(dut, notes, command, "the replay after the power cut")
    notes.expect("over counter after it", before, Voltage(dut).over)


@proven(
    "roles",
    "Only the network operator sets the measurement",
    "ECS29c and ECS29e of a supplier, with a genuine MAC",
    "no response; period as before",
    source="GBCS 4.0, ECS29 (evidence/voltage.md#who-sets-the-measurement)",
    severity=Severity.CRITICAL,
)
def roles(dut: Dut, notes: Notes) -> None:
    """The supplier may read only."""
    begin(dut)
    before = Voltage(dut).period
    params: dict[str, Any] = dict(settings(600))
    for use_case, given in (("ECS29c", params), ("ECS29e", None)):
        command = dut.command(use_case, given)
        refused(dut, notes, command, f"{use_case} of a supplier")
    notes.expect("period", before, Voltage(dut).period)
    command = dut.command("ECS23", {"from": iso_2000(dut.start), "to": iso_2000(dut.start)})
    answered(dut, notes, command, "a read of a supplier")


@proven(
    "kept-settings",
    "Period and thresholds outlast a power cut",
    "ECS29c: 600 s, 240 V, 210 V; power away and back; ECS23, ECS26b",
    "as set",
    needs=(*NEEDS, "power"),
    source="GBCS 4.0, ECS29a (evidence/voltage.md#settings-are-configuration-data)",
)
def kept_settings(dut: Dut, notes: Notes) -> None:
    """Configuration is not lost with the power."""
    begin(dut)
    set_period(dut, 600, over=240, under=210)
    dut.cut_power()
    notes.expect("period", 600, Voltage(dut).period)
    _, _, message = dut.ask("ECS26b", party=NETWORK)
    values = [value.value for value in message.dlms.data]
    notes.expect("thresholds over, under", [240, 210], values[8:])


def _grid(dut: Dut, names: dict[object, str], what: str) -> Finding:
    return Notes().choice(names, tuple(Voltage(dut).stamps), what)


@chosen(
    "hour-long", "Where hourly periods begin", "period 3600 s set at 10:10; the log at 12:40",
    ("the next half hour", "the next hour"),
)  # fmt: skip
def hour_long(dut: Dut) -> Finding:
    """Literal reading: 10:30, whichever is first."""
    now = begin(dut)
    set_period(dut, 3600)
    dut.advance(9000)
    names: dict[object, str] = {
        tuple(times(now + 4800, 2, 3600)): "the next half hour",
        tuple(times(now + 6600, 1, 3600)): "the next hour",
    }
    return _grid(dut, names, "entries of hourly periods")


@chosen(
    "seven-minutes", "Periods that do not divide half an hour",
    "period 420 s set at 10:10; the log at 11:06",
    ("run on", "cut at the half hour", "restart at the half hour"),
)  # fmt: skip
def seven_minutes(dut: Dut) -> Finding:
    """Never cut a period short."""
    now = begin(dut)
    set_period(dut, 420)
    dut.advance(3360)
    run_on = times(now + 1620, 5, 420)
    names: dict[object, str] = {
        tuple(run_on): "run on",
        (*run_on[:4], iso_2000(now + 3000)): "cut at the half hour",
        tuple(run_on[:4]): "restart at the half hour",
    }
    return _grid(dut, names, "entries of periods of 7 minutes")


@chosen(
    "period-zero", "A measurement period of 0", "ECS29c with period 0",
    ("refused, nothing changed", "accepted"),
)  # fmt: skip
def period_zero(dut: Dut) -> Finding:
    """No division by zero."""
    begin(dut)
    results = set_period(dut, 0)
    seen = (results[2] == 0, Voltage(dut).period)
    names: dict[object, str] = {
        (False, 1800): "refused, nothing changed",
        (True, 0): "accepted",
    }
    return Notes().choice(names, seen, "whether period 0 is a success; period after it")


@chosen(
    "changed-midway", "Changing the period in the middle of one",
    "period 600 s set at 11:40, an entry at 11:00 and 11:30 before; the log at 12:15",
    ("running one dropped, log kept", "log cleared", "at once"),
)  # fmt: skip
def changed_midway(dut: Dut) -> Finding:
    """Begins at the next half hour; the network operator's data stays."""
    now = begin(dut)
    dut.advance(5400)
    set_period(dut, 600)
    dut.advance(2100)
    new = times(now + 7200, 1, 600)
    names: dict[object, str] = {
        (*times(now + 3000, 2), *new): "running one dropped, log kept",
        tuple(new): "log cleared",
        (*times(now + 3000, 2), *times(now + 6000, 3, 600)): "at once",
    }
    return _grid(dut, names, "entries after the change")


@chosen(
    "same-period", "Setting the period that is set already",
    "period 1800 s set again at 10:40; the log at 11:35",
    ("nothing changes", "measurement begins again"),
)  # fmt: skip
def same_period(dut: Dut) -> Finding:
    """Not a change."""
    now = begin(dut)
    dut.advance(1800)
    set_period(dut, HALF_HOUR)
    dut.advance(3300)
    names: dict[object, str] = {
        tuple(times(now + 3000, 2)): "nothing changes",
        tuple(times(now + 4800, 1)): "measurement begins again",
    }
    return _grid(dut, names, "entries")


@chosen(
    "clock-step", "A clock set 45 minutes ahead", "10:40, set to 11:25; the log at 12:35",
    ("running period dropped", "entry of the stepped period"),
)  # fmt: skip
def clock_step(dut: Dut) -> Finding:
    """A discontinuity of more than 10 s."""
    now = begin(dut)
    dut.advance(1800)
    dut.set_clock(now + 4500)
    dut.advance(4200)
    names: dict[object, str] = {
        tuple(times(now + 6600, 2)): "running period dropped",
        tuple(times(now + 4800, 3)): "entry of the stepped period",
    }
    return _grid(dut, names, "entries")


@chosen(
    "counting", "What the counters count", "two hours and a half at 230 V, over threshold 220 V",
    ("periods", "crossings"),
)  # fmt: skip
def counting(dut: Dut) -> Finding:
    """The words allow both."""
    begin(dut)
    set_period(dut, HALF_HOUR, over=220)
    dut.advance(9000)
    names: dict[object, str] = {4: "periods", 1: "crossings"}
    return Notes().choice(names, Voltage(dut).over, "over voltage counter after four periods")


@chosen(
    "mean", "What an average is", "15 minutes at 230 V, 15 minutes at 200 V",
    ("root mean square", "arithmetic mean"), "inputs",
)  # fmt: skip
def mean(dut: Dut) -> Finding:
    """215.52 V and 215.00 V."""
    sag = ["sag", 1_200_000 + 900_000, 1_200_000 + 1_800_000, 870]
    begin(dut, voltage={"phases": 1, "waves": [{"mv": 230000, "events": [sag]}]})
    dut.advance(3060)
    rows = Voltage(dut).rows
    names: dict[object, str] = {216: "root mean square", 215: "arithmetic mean"}
    return Notes().choice(names, rows[0][1] if rows else None, "volts of the half hour")


@chosen(
    "unreliable", "Periods while the clock is unreliable", "an hour and a half, clock unreliable",
    ("go on", "stop"),
)  # fmt: skip
def unreliable(dut: Dut) -> Finding:
    """It goes on counting."""
    dut.fresh()
    dut.set_clock(dut.start, "unreliable")
    dut.advance(5400)
    names: dict[object, str] = {2: "go on", 0: "stop"}
    return Notes().choice(names, len(Voltage(dut).rows), "entries")
