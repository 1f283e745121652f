"""The logs that a gas device in use has: windows of them against the whole.

A sample is known by its time, a snapshot by its time and register.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host_tools.conform.checks.gas_stamp import CLOCKS_APART
from host_tools.conform.checks.reads import answer
from host_tools.conform.dut import Dut
from host_tools.conform.model import Blocked, Evidence, Finding, check
from host_tools.conform.probe import Notes
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_fields import Record

Row = tuple[int, object]  # UTC seconds since 2000, and what was logged

_DAY = 86400
_SRV = {"CS10a": "6.13", "GCS16a": "4.6.1", "GCS17": "4.8.1"}
_EVENT_LOG = 0x13  # the device's own, all that is told of each event
_SAMPLES = 96  # half hours of the days that are looked at
_DAYS = 31  # as many snapshots as GCS16a asks for
_SOURCE = "GBCS 4.0, 9.1.6: from and to inclusive (evidence/logs.md#ends-of-a-range)"


def _samples(dut: Dut, earliest: int, number: int) -> tuple[bytes, list[Row]]:
    """The command, and the samples of the profile log; none where the device finds none."""
    asked = {"EarliestSampleTime": iso_2000(earliest), "NumberOfSamples": number}
    command, message = answer(dut, "GCS17", asked)
    rows: list[Row] = []
    for frame in message.gbz.frames:
        fields = _fields(frame.fields)
        step = fields.get("SampleRequestInterval", 0)
        for index, value in enumerate(fields.get("Samples", ())):
            rows.append((fields["SampleStartTime"] + index * step, value))
    return command, rows


def _snapshots(dut: Dut, first: int, last: int) -> tuple[bytes, list[Row], list[int]]:
    """The command, the daily snapshots of a window, and how many each says that there are."""
    window = {"Earliest Start Time": iso_2000(first), "Latest End Time": iso_2000(last)}
    command, message = answer(dut, "GCS16a", window)
    told = [fields for frame in message.gbz.frames if (fields := _fields(frame.fields))]
    rows: list[Row] = [
        (fields["Snapshot Time"], fields["SnapshotSub-Payload"]["CurrentSummationDelivered"])
        for fields in told
    ]
    return command, rows, [fields["Total Snapshots Found"] for fields in told]


def _events(dut: Dut, first: int, last: int) -> tuple[bytes, list[Row], list[int]]:
    """The command, the entries of the event log in a window, and how many each answer tells of."""
    window = {"Start Time": iso_2000(first), "End Time": iso_2000(last)}
    asked = {"Event Control / Log ID": _EVENT_LOG, **window}
    command, message = answer(dut, "CS10a", asked)
    told = [fields for frame in message.gbz.frames if (fields := _fields(frame.fields))]
    rows: list[Row] = []
    for fields in told:
        for entry in fields["Log Payload"]["entries"]:
            what = f"event {entry['Event ID']} {entry['Event Data']}".rstrip()
            rows.append((entry["Event Time"], what))
    rows.sort(key=lambda row: (row[0], str(row[1])))
    return command, rows, [fields["Total Number of Events"] for fields in told]


def _fields(fields: Record | None) -> dict[str, Any]:
    return {} if fields is None else dict(fields)


def _same(notes: Notes, what: str, wanted: list[Row], seen: list[Row]) -> None:
    """Note the first row that differs, or that there are as many as there should be."""
    pairs = zip(wanted, seen, strict=False)
    apart = next((pair for pair in pairs if pair[0] != pair[1]), None)
    if apart is not None:
        notes.expect(f"{what}: the first row that differs", *map(_said, apart))
    else:
        notes.expect(f"{what}: rows", len(wanted), len(seen))


def _said(row: Row) -> str:
    return f"{row[1]} at {iso_2000(row[0])}"


def _in_order(dut: Dut, notes: Notes, rows: list[Row], first: int) -> None:
    """Note times out of order, before the window or to come."""
    times = [when for when, _ in rows]
    notes.expect("in order, none twice", True, times == sorted(set(times)))
    early = [iso_2000(when) for when in times if when < first]
    notes.expect("from before the window", [], early)
    late = [iso_2000(when) for when in times if when > dut.now() + CLOCKS_APART]
    notes.expect("to come", [], late)


def _enough(rows: list[Row], what: str) -> None:
    if len(rows) < 2:
        raise Blocked(f"would need two {what}: there are {len(rows)}")


def _enter(name: str, use_case: str, title: str, stimulus: str, look: str) -> Callable[..., Any]:
    return check(
        f"MP099-own-{name}",
        row="MP099",
        title=title,
        roles=("gsme", "gpf"),
        source=_SOURCE,
        evidence=Evidence.SPEC,
        srv=_SRV[use_case],
        use_case=use_case,
        stimulus=stimulus,
        expectation="the same rows",
        as_found=True,
        where_to_look=look,
    )


@_enter(
    "samples",
    "GCS17",
    "The profile log is read from any of its half hours as in the whole",
    "GCS17 of two days; from a sample on; that sample alone; from a second later",
    "the comparison with the earliest time, which belongs to what is read, and the number asked",
)
def own_samples(dut: Dut) -> Finding:
    """A window of samples has a beginning and a number."""
    dut.ready()
    notes = Notes()
    begin = dut.start - 2 * _DAY
    command, rows = _samples(dut, begin, _SAMPLES)
    _enough(rows, "samples in the profile log of two days")
    notes.expect("samples, and no more than asked", True, len(rows) <= _SAMPLES, command)
    _in_order(dut, notes, rows, begin)
    cut = len(rows) // 2
    when, left = rows[cut][0], len(rows) - cut
    _same(notes, "from a sample on", rows[cut:], _samples(dut, when, left)[1])
    _same(notes, "one sample alone", rows[cut : cut + 1], _samples(dut, when, 1)[1])
    earlier = rows[cut - 1][0] + 1
    _same(notes, "a second after a sample", rows[cut : cut + 1], _samples(dut, earlier, 1)[1])
    _same(notes, "the first half", rows[:cut], _samples(dut, begin, cut)[1])
    return notes.finding(f"{len(rows)} samples; the parts are those of the whole")


@_enter(
    "snapshots",
    "GCS16a",
    "Windows of the daily log hold what the whole holds, both ends included",
    f"GCS16a of {_DAYS} days, of one snapshot, and of two windows side by side",
    "the comparison with the ends of a window: both belong to it",
)
def own_snapshots(dut: Dut) -> Finding:
    """A window of snapshots has two ends, and each answer says how many it holds."""
    dut.ready()
    notes = Notes()
    begin = dut.start - _DAYS * _DAY + 1  # which has 31 midnights at most
    command, rows, told = _snapshots(dut, begin, dut.start)
    _enough(rows, f"snapshots in the daily log of {_DAYS} days")
    notes.expect("snapshots found", [len(rows)] * len(rows), told, command)
    _in_order(dut, notes, sorted(rows, key=lambda row: row[0]), begin)
    rows.sort(key=lambda row: row[0])
    first, middle, last = rows[0][0], rows[len(rows) // 2][0], rows[-1][0]
    halves: list[Row] = []
    for window in ((first, middle), (middle + 1, last)):
        halves += sorted(_snapshots(dut, *window)[1], key=lambda row: row[0])
    one = [row for row in rows if row[0] == middle]
    _same(notes, "one snapshot alone", one, _snapshots(dut, middle, middle)[1])
    _same(notes, "two windows side by side", rows, halves)
    return notes.finding(f"{len(rows)} snapshots; the parts make the whole")


@_enter(
    "events",
    "CS10a",
    "Windows of the event log hold what the whole holds, both ends included",
    "CS10a of all, of the time of one event, and of two windows side by side",
    "the comparison with the ends of a window: both belong to it",
)
def own_events(dut: Dut) -> Finding:
    """Several events may have one time."""
    dut.ready()
    notes = Notes()
    # These commands are events of their own, of now.
    command, rows, told = _events(dut, 1, dut.start - CLOCKS_APART - 1)
    _enough(rows, "entries of the past in the event log")
    notes.expect("events told of", [len(rows)] * len(told), told, command)
    late = [iso_2000(when) for when, _ in rows if when > dut.now() + CLOCKS_APART]
    notes.expect("to come", [], late)
    first, middle, last = rows[0][0], rows[len(rows) // 2][0], rows[-1][0]
    one = [row for row in rows if row[0] == middle]
    _same(notes, "the time of one event", one, _events(dut, middle, middle)[1])
    left = _events(dut, first, middle)[1]
    right = _events(dut, middle + 1, last)[1] if middle < last else []
    _same(notes, "two windows side by side", rows, left + right)
    return notes.finding(f"{len(rows)} events; the parts make the whole")
