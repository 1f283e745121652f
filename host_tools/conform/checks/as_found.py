"""What a device in use holds: its voltage log against the grid, and its stamps in real time."""

from __future__ import annotations

import time

from host_tools.bench import BenchError
from host_tools.conform.checks.gas_stamp import CLOCKS_APART, STAMPED
from host_tools.conform.checks.gas_update import register_of
from host_tools.conform.checks.voltage import HALF_HOUR, Voltage, window
from host_tools.conform.dut import Dut
from host_tools.conform.model import Blocked, Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes, log_rows
from host_tools.gbcs.times import iso_2000, seconds_2000

_DAY = 86400
_DAYS = 2
_VOLTS = range(100, 301)  # what a supply of 230 V can be, a brown-out and a lost neutral included
_READS = 12  # of a stamp over the time that --real gives
_AT_ONCE = 1  # seconds by which the ages of stamps differ that are taken when they are read


def _own_log(dut: Dut) -> tuple[Voltage, list[int]]:
    """The last days of the voltage log; Blocked where there are no two entries."""
    dut.ready()
    log = Voltage(dut, dut.start - _DAYS * _DAY, dut.start)
    if len(log.rows) < 2:
        raise Blocked(
            f"would need two entries in the log of {_DAYS} days: there are {len(log.rows)}"
        )
    return log, [when for when, _ in log.rows]


@check(
    "MP085A-own-grid",
    row="MP085A",
    title="The device's own log lies on the grid of its periods",
    roles=("esme",),
    source="MP085A, page of the SEC: periods begin at the half hour "
    "(evidence/voltage.md#beginning-of-periods, evidence/voltage.md#end-of-the-period)",
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    srv="4.10",
    use_case="ECS23",
    stimulus=f"ECS23 of the last {_DAYS} days",
    expectation="entries at half hours and multiples of the period from there, in order",
    since="ESMETS 5.2",
    as_found=True,
    where_to_look="when the first period begins after power-up, and which end of it is logged",
)
def own_grid(dut: Dut) -> Finding:
    """The core of MP085A, without setting a clock."""
    log, times = _own_log(dut)
    notes = Notes()
    step = log.period
    off = [when for when in times if step <= 0 or when % HALF_HOUR % min(step, HALF_HOUR)]
    notes.expect("entries off the grid", [], [iso_2000(when) for when in off], log.command)
    notes.expect("in order, none twice", True, times == sorted(set(times)))
    late = [iso_2000(when) for when in times if when > dut.now() + CLOCKS_APART]
    notes.expect("entries to come", [], late)
    strange = [value for _, value in log.rows if value not in _VOLTS]
    notes.expect("voltages that no supply has", [], strange)
    finding = notes.finding(f"{len(times)} entries on the grid of {step} s")
    points = [[when, value] for when, value in log.rows]
    finding.data = {"voltage": {"period": step, "unit": "V", "points": points}}
    return finding


@check(
    "MP099-own-windows",
    row="MP099",
    title="Windows of the device's own log hold what the whole holds, both ends included",
    roles=("esme",),
    source="GBCS 4.0, 9.1.6: from and to inclusive (evidence/logs.md#ends-of-a-range)",
    evidence=Evidence.SPEC,
    srv="4.10",
    use_case="ECS23",
    stimulus="ECS23 of the whole, of one entry, and of two windows side by side",
    expectation="the same rows",
    as_found=True,
    where_to_look="the comparison with the ends of a window: both belong to it",
)
def own_windows(dut: Dut) -> Finding:
    """Selective access by range."""
    log, times = _own_log(dut)
    notes = Notes()
    first, last = times[0], times[-1]
    middle = times[len(times) // 2]
    whole = Voltage(dut, first, last)
    notes.expect("from the first entry to the last", log.rows, whole.rows, whole.command)
    one = Voltage(dut, middle, middle)
    notes.expect("one entry alone", [row for row in log.rows if row[0] == middle], one.rows)
    parts = Voltage(dut, first, middle).rows + Voltage(dut, middle + 1, last).rows
    notes.expect("two windows side by side", log.rows, parts)
    return notes.finding("the parts make the whole")


@check(
    "MP085A-own-joins",
    row="MP085A",
    title="Voltage and consumption of a half hour bear the same time",
    roles=("esme",),
    source="MP085A, page of the SEC; GBCS 4.0, mapping rows 609, 613, 616 "
    "(evidence/voltage.md#alignment-with-consumption)",
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    srv="4.10",
    use_case="ECS22b, ECS23",
    stimulus=f"ECS22b and ECS23 of the last {_DAYS} days",
    expectation="each voltage has a consumption of the same time, and the newest of both agree",
    since="ESMETS 5.2",
    as_found=True,
    where_to_look="whether both logs bear the end of the half hour",
)
def own_joins(dut: Dut) -> Finding:
    """The join key is the time."""
    log, times = _own_log(dut)
    if log.period != HALF_HOUR:
        raise Blocked(f"would need a period of half an hour: it is {log.period} s")
    span = window(dut.start - _DAYS * _DAY, dut.start)
    command, _, message = dut.ask("ECS22b", span)
    consumption = {row[0] for row in log_rows(message)}
    notes = Notes()
    alone = [iso_2000(when) for when in times if when not in consumption]
    notes.expect("voltages without a consumption", [], alone, command)
    # A log that bears the other end of the period is behind by one entry.
    newest = iso_2000(max(consumption)) if consumption else None
    notes.expect("newest voltage, as the newest consumption", newest, iso_2000(times[-1]))
    return notes.finding("the same times")


@check(
    "SECMP0015-over-time",
    row="SECMP0015",
    title="Stamps go with their values, in real time",
    roles=("gpf", "gsme"),
    source="SECMP0015, page of the SEC (evidence/stamp.md#purpose-of-the-stamp)",
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    family=Family.INTERNAL,
    srv="4.1.1",
    use_case="GCS13a",
    stimulus="GCS13a again and again for as long as --real says",
    expectation="no stamp goes back or lies ahead; a GPF's stays until its value is updated",
    needs=("real",),
    since="GBCS 4.2",
    as_found=True,
    where_to_look="whether the stamp is taken when the mirror is updated, or when it is read",
)
def over_time(dut: Dut) -> Finding:
    """What a seeded check of one moment cannot see."""
    dut.ready()
    notes = Notes()
    pause = dut.real / (_READS - 1)
    seen: list[tuple[int, int, object]] = []
    points: list[dict[str, object]] = []
    for index in range(_READS):
        time.sleep(pause if index else 0)
        _, _, message = dut.ask("GCS13a")
        stamp = message.stamp
        if stamp is None or stamp.moment is None:
            raise BenchError(
                f"read {index + 1} has no time: {stamp.text() if stamp else 'no stamp'}"
            )
        now, when = dut.now(), seconds_2000(stamp.moment)
        seen.append((now, when, register_of(message)))
        points.append({"label": STAMPED[0], "read": now, "stamp": when, "source": stamp.source})
    ahead = [iso_2000(when) for now, when, _ in seen if when > now + CLOCKS_APART]
    notes.expect("stamps ahead of the clock", [], ahead)
    pairs = list(zip(seen, seen[1:], strict=False))
    back = [iso_2000(new[1]) for old, new in pairs if new[1] < old[1]]
    notes.expect("stamps that went back", [], back)
    if dut.role == "gpf":
        mixed = [iso_2000(new[1]) for old, new in pairs if new[1] == old[1] and new[2] != old[2]]
        notes.expect("values that changed under one stamp", [], mixed)
        ages = [now - when for now, when, _ in seen]
        passed, moved = seen[-1][0] - seen[0][0], seen[-1][1] - seen[0][1]
        at_read = max(ages) - min(ages) <= _AT_ONCE and passed - moved <= _AT_ONCE < passed
        notes.expect("stamped when read", False, at_read)
    finding = notes.finding(f"{_READS} reads in {dut.real} s")
    finding.data = {"stamps": points}
    return finding
