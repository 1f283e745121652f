"""MP085A: clock, power cuts and changes of the period; counters; who may do what."""

from __future__ import annotations

from typing import Any

from host_tools.conform.bench import Bench
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
from host_tools.conform.model import Finding, Severity
from host_tools.conform.probe import Notes
from host_tools.gbcs.times import iso_2000


@proven(
    "power-cut",
    "A power cut loses no entry that was complete, and starts at the half hour again",
    "entries 11:00 and 11:30; power away at 11:40, back at 11:47; the log at 12:40",
    "11:00, 11:30 and 12:30",
    needs=(*NEEDS, "power"),
    severity=Severity.CRITICAL,
)
def power_cut(bench: Bench, notes: Notes) -> None:
    """Measurement commences anew."""
    now = begin(bench)
    bench.advance(5400)
    bench.cut_power()
    bench.set_clock(now + 5820)
    bench.advance(3180)
    expected = [*times(now + 3000, 2), iso_2000(now + 8400)]
    notes.expect("entries", expected, Voltage(bench).stamps)


@proven(
    "clock-set-late",
    "A meter whose clock becomes valid begins at the next half hour",
    "clock invalid for an hour, then set to 10:47; the log at 12:05",
    "entries 11:30 and 12:00",
)
def clock_set_late(bench: Bench, notes: Notes) -> None:
    """No entry of a time that was not known."""
    bench.fresh()
    bench.advance(3600)
    now = bench.start + 37 * 60
    bench.set_clock(now)
    bench.advance(78 * 60)
    notes.expect("entries", times(bench.start + 80 * 60, 2), Voltage(bench).stamps)


@proven(
    "no-time-twice",
    "No two entries bear one time, whatever the clock does",
    "entries up to 12:00; the clock goes back two hours; three hours",
    "times that rise, none twice",
    source="purpose of a range read: no two entries with one time (evidence.md#voltage)",
)
def no_time_twice(bench: Bench, notes: Notes) -> None:
    """Clock set back."""
    now = begin(bench)
    bench.advance(7200)
    bench.set_clock(now)
    bench.advance(3 * 3600)
    stamps = [stamp for stamp, _ in Voltage(bench).rows]
    notes.expect("rising", sorted(set(stamps)), stamps)


@proven(
    "counters",
    "Counters count averages beyond the thresholds, and are reset by ECS29e",
    "thresholds 220 and 210 V at 230 V; an hour and a half; ECS29e",
    "over voltage counter above 0, under voltage counter 0; then both 0",
    source="ESMETS 5.7.5.7, 5.7.5.8, 5.6.3.22, 5.6.3.23",
)
def counters(bench: Bench, notes: Notes) -> None:
    """Thresholds are in volts."""
    begin(bench)
    set_period(bench, HALF_HOUR, over=220, under=210)
    bench.advance(5400)
    seen = Voltage(bench)
    notes.expect("over counter above 0", True, seen.over > 0)
    notes.expect("under counter", 0, seen.under)
    bench.ask("ECS29e", party=NETWORK)
    after = Voltage(bench)
    notes.expect("both after the reset", (0, 0), (after.over, after.under))


@proven(
    "equal-threshold",
    "An average equal to the threshold is not beyond it",
    "thresholds of 230 V at 230 V; an hour and a half",
    "both counters 0",
    source="alert names 8002, 8006: above, below",
    severity=Severity.MINOR,
)
def equal_threshold(bench: Bench, notes: Notes) -> None:
    """Above and below are strict."""
    begin(bench)
    set_period(bench, HALF_HOUR, over=230, under=230)
    bench.advance(5400)
    seen = Voltage(bench)
    notes.expect("counters", (0, 0), (seen.over, seen.under))


@proven(
    "replay",
    "A replayed reset of the counters is refused",
    "ECS29e; counters rise; the same ECS29e again, also after a power cut",
    "no response; counters as they were",
    needs=(*NEEDS, "power"),
    source="GBCS ECS29e: replay protection required",
    severity=Severity.CRITICAL,
)
def replay(bench: Bench, notes: Notes) -> None:
    """The counter of the command is kept in flash."""
    now = begin(bench)
    set_period(bench, HALF_HOUR, over=220)
    command = bench.command("ECS29e", party=NETWORK)
    notes.expect("first time answered", True, bench.send(command) is not None, command)
    bench.advance(5400)
    before = Voltage(bench).over
    notes.expect("over counter above 0", True, before > 0)
    notes.expect("response to the replay", None, bench.send(command), command)
    notes.expect("over counter", before, Voltage(bench).over)
    bench.cut_power()
    bench.set_clock(now + 5400)
    notes.expect("response after the power cut", None, bench.send(command), command)
    notes.expect("over counter after it", before, Voltage(bench).over)


@proven(
    "roles",
    "Only the network operator sets the measurement",
    "ECS29c and ECS29e of a supplier, with a genuine MAC",
    "no response; period as before",
    source="GBCS role table of ECS29: Network Operator",
    severity=Severity.CRITICAL,
)
def roles(bench: Bench, notes: Notes) -> None:
    """The supplier may read only."""
    begin(bench)
    before = Voltage(bench).period
    params: dict[str, Any] = dict(settings(600))
    for use_case, given in (("ECS29c", params), ("ECS29e", None)):
        command = bench.command(use_case, given)
        notes.expect(f"response to {use_case}", None, bench.send(command), command)
    notes.expect("period", before, Voltage(bench).period)
    command = bench.command("ECS23", {"from": iso_2000(bench.start), "to": iso_2000(bench.start)})
    notes.expect("a supplier may read", True, bench.send(command) is not None, command)


@proven(
    "kept-settings",
    "Period and thresholds outlast a power cut",
    "ECS29c: 600 s, 240 V, 210 V; power away and back; ECS23, ECS26b",
    "as set",
    needs=(*NEEDS, "power"),
    source="ESMETS 5.7.4: configuration data",
)
def kept_settings(bench: Bench, notes: Notes) -> None:
    """Configuration is not lost with the power."""
    begin(bench)
    set_period(bench, 600, over=240, under=210)
    bench.cut_power()
    notes.expect("period", 600, Voltage(bench).period)
    _, _, message = bench.ask("ECS26b", party=NETWORK)
    values = [value.value for value in message.dlms.data]
    notes.expect("thresholds over, under", [240, 210], values[8:])


def _grid(bench: Bench, names: dict[object, str], what: str) -> Finding:
    return Notes().choice(names, tuple(Voltage(bench).stamps), what)


@chosen(
    "hour-long", "Where hourly periods begin", "period 3600 s set at 10:10; the log at 12:40",
    ("the next half hour", "the next hour"),
)  # fmt: skip
def hour_long(bench: Bench) -> Finding:
    """Literal reading: 10:30, whichever is first."""
    now = begin(bench)
    set_period(bench, 3600)
    bench.advance(9000)
    names: dict[object, str] = {
        tuple(times(now + 4800, 2, 3600)): "the next half hour",
        tuple(times(now + 6600, 1, 3600)): "the next hour",
    }
    return _grid(bench, names, "entries of hourly periods")


@chosen(
    "seven-minutes", "Periods that do not divide half an hour",
    "period 420 s set at 10:10; the log at 11:06",
    ("run on", "cut at the half hour", "restart at the half hour"),
)  # fmt: skip
def seven_minutes(bench: Bench) -> Finding:
    """Never cut a period short."""
    now = begin(bench)
    set_period(bench, 420)
    bench.advance(3360)
    run_on = times(now + 1620, 5, 420)
    names: dict[object, str] = {
        tuple(run_on): "run on",
        (*run_on[:4], iso_2000(now + 3000)): "cut at the half hour",
        tuple(run_on[:4]): "restart at the half hour",
    }
    return _grid(bench, names, "entries of periods of 7 minutes")


@chosen(
    "period-zero", "A measurement period of 0", "ECS29c with period 0",
    ("refused, nothing changed", "accepted"),
)  # fmt: skip
def period_zero(bench: Bench) -> Finding:
    """No division by zero."""
    begin(bench)
    results = set_period(bench, 0)
    seen = (results[2] == 0, Voltage(bench).period)
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
def changed_midway(bench: Bench) -> Finding:
    """Begins at the next half hour; the network operator's data stays."""
    now = begin(bench)
    bench.advance(5400)
    set_period(bench, 600)
    bench.advance(2100)
    new = times(now + 7200, 1, 600)
    names: dict[object, str] = {
        (*times(now + 3000, 2), *new): "running one dropped, log kept",
        tuple(new): "log cleared",
        (*times(now + 3000, 2), *times(now + 6000, 3, 600)): "at once",
    }
    return _grid(bench, names, "entries after the change")


@chosen(
    "same-period", "Setting the period that is set already",
    "period 1800 s set again at 10:40; the log at 11:35",
    ("nothing changes", "measurement begins again"),
)  # fmt: skip
def same_period(bench: Bench) -> Finding:
    """Not a change."""
    now = begin(bench)
    bench.advance(1800)
    set_period(bench, HALF_HOUR)
    bench.advance(3300)
    names: dict[object, str] = {
        tuple(times(now + 3000, 2)): "nothing changes",
        tuple(times(now + 4800, 1)): "measurement begins again",
    }
    return _grid(bench, names, "entries")


@chosen(
    "clock-step", "A clock set 45 minutes ahead", "10:40, set to 11:25; the log at 12:35",
    ("running period dropped", "entry of the stepped period"),
)  # fmt: skip
def clock_step(bench: Bench) -> Finding:
    """A discontinuity of more than 10 s."""
    now = begin(bench)
    bench.advance(1800)
    bench.set_clock(now + 4500)
    bench.advance(4200)
    names: dict[object, str] = {
        tuple(times(now + 6600, 2)): "running period dropped",
        tuple(times(now + 4800, 3)): "entry of the stepped period",
    }
    return _grid(bench, names, "entries")


@chosen(
    "counting", "What the counters count", "two hours and a half at 230 V, over threshold 220 V",
    ("periods", "crossings"),
)  # fmt: skip
def counting(bench: Bench) -> Finding:
    """The words allow both."""
    begin(bench)
    set_period(bench, HALF_HOUR, over=220)
    bench.advance(9000)
    names: dict[object, str] = {4: "periods", 1: "crossings"}
    return Notes().choice(names, Voltage(bench).over, "over voltage counter after four periods")


@chosen(
    "mean", "What an average is", "15 minutes at 230 V, 15 minutes at 200 V",
    ("root mean square", "arithmetic mean"), "inputs",
)  # fmt: skip
def mean(bench: Bench) -> Finding:
    """215.52 V and 215.00 V."""
    sag = ["sag", 1_200_000 + 900_000, 1_200_000 + 1_800_000, 870]
    begin(bench, voltage={"phases": 1, "waves": [{"mv": 230000, "events": [sag]}]})
    bench.advance(3060)
    rows = Voltage(bench).rows
    names: dict[object, str] = {216: "root mean square", 215: "arithmetic mean"}
    return Notes().choice(names, rows[0][1] if rows else None, "volts of the half hour")


@chosen(
    "unreliable", "Periods while the clock is unreliable", "an hour and a half, clock unreliable",
    ("go on", "stop"),
)  # fmt: skip
def unreliable(bench: Bench) -> Finding:
    """It goes on counting."""
    bench.fresh()
    bench.set_clock(bench.start, "unreliable")
    bench.advance(5400)
    names: dict[object, str] = {2: "go on", 0: "stop"}
    return Notes().choice(names, len(Voltage(bench).rows), "entries")
