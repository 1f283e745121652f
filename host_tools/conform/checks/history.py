"""MP099 (history, empty logs, a clock that is invalid) and MP143 as far as they are testable."""

from __future__ import annotations

from typing import Any

from host_tools.conform.checks.issue_resolutions import entry, gas, responses
from host_tools.conform.checks.voltage import Voltage, begin, set_period
from host_tools.conform.dut import Dut
from host_tools.conform.model import Evidence, Family, Finding
from host_tools.conform.probe import Notes
from host_tools.conform.words import DefaultResponse
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import iso_2000

_FAR = 10 * 365 * 86400
_UNTIMED = ("no entry from before the setting", "entries from before the setting")
_READS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpf": ("GCS61", {"NumberOfSamples": 48}),
    "gsme": ("GCS17", {"NumberOfSamples": 48}),
}


def _read_profile(dut: Dut) -> tuple[bytes, Message]:
    use_case, params = _READS[dut.role]
    # The log of a device in use has entries, but none that is to come.
    first = dut.start + _FAR if dut.black_box else dut.start - 86400
    when = {"EarliestSampleTime": iso_2000(first)}
    command, _, message = dut.ask(use_case, {**params, **when})
    return command, message


@entry(
    "MP099-empty-gas",
    "An empty log is NOT_FOUND at a gas device",
    ("gpf", "gsme"),
    "RTDS 4.5.0, NOT_FOUND of GCS61 and GCS17 (evidence/logs.md#no-data-in-gbz)",
    "GCS61 or GCS17 with an empty log",
    "one Default Response, command 08, status 8B",
    Evidence.RTDS,
    use_case="GCS61, GCS17",
    srv="4.8.1",
    needs=(),
)
def emptygas(dut: Dut) -> Finding:
    """The GBZ pattern of no data."""
    gas(dut)
    notes = Notes()
    command, message = _read_profile(dut)
    notes.expect("answer", [DefaultResponse(0x08, 0x8B)], responses(message), command)
    return notes.finding("NOT_FOUND")


@entry(
    "MP099-count",
    "A read of 31 snapshots without any is answered 31 times",
    ("gpf",),
    "GBCS 4.0, GCS16b (evidence/logs.md#as-many-answers-as-requests)",
    "GCS16b with no snapshot",
    "31 Default Responses, command 07, status 8B",
    use_case="GCS16b",
    srv="4.6.1",
    needs=(),
)
def snapshot_count(dut: Dut) -> Finding:
    """NOT_FOUND count equals command count."""
    gas(dut)
    notes = Notes()
    last = 86400 if dut.black_box else dut.start
    window = {"Earliest Start Time": iso_2000(0), "Latest End Time": iso_2000(last)}
    command, _, message = dut.ask("GCS16b", window)
    notes.expect("answers", [DefaultResponse(0x07, 0x8B)] * 31, responses(message), command)
    return notes.finding("31 answers")


@entry(
    "MP099-clock-invalid-gas",
    "History is read with an invalid clock as with a valid one",
    ("gpf", "gsme"),
    "GBCS 4.0, GCS17 and GCS61 (evidence/logs.md#a-command-that-is-accepted-is-answered)",
    "clock invalid; GCS61 or GCS17",
    "a genuine, well-formed response",
    use_case="GCS61, GCS17",
)
def clock_invalidgas(dut: Dut) -> Finding:
    """No silent drop."""
    gas(dut, "invalid")
    notes = Notes()
    command, message = _read_profile(dut)
    notes.expect("answers", 1, len(message.gbz.components), command)
    return notes.finding("answered")


@entry(
    "MP099-clock-invalid",
    "Nothing bears a time that the meter did not know",
    ("esme",),
    "no text was found (evidence/logs.md#history-without-a-time)",
    "clock invalid for two hours; ECS23; clock set; an hour; ECS23",
    "no entry; then entries after the setting only",
    Evidence.PROJECT_CHOICE,
    needs=("state", "clock"),
    alternatives=_UNTIMED,
    family=Family.INTERNAL,
    use_case="ECS23",
)
def clock_invalid(dut: Dut) -> Finding:
    """Absent rather than wrong."""
    dut.fresh()
    dut.advance(7200)
    notes = Notes()
    first = Voltage(dut, 1, 0xFFFFFFFE)
    notes.expect("entries while invalid", [], first.stamps, first.command)
    dut.set_clock(dut.start)
    dut.advance(5400)
    early = [stamp for stamp, _ in Voltage(dut, 1, 0xFFFFFFFE).rows if stamp < dut.start]
    notes.expect("entries from before the clock was set", [], early)
    finding = notes.finding("no invented time")
    finding.alternative = _UNTIMED[0 if finding.passed else 1]
    return finding


@entry(
    "MP099-empty-window",
    "A window without entries is empty, and a success",
    ("esme",),
    "GBCS 4.0, ECS23; RTDS 4.5.0 (evidence/logs.md#no-data-in-dlms)",
    "four entries; ECS23 for the week before, and between two entries",
    "success with no row",
    needs=(),
    use_case="ECS23",
)
def empty_window(dut: Dut) -> Finding:
    """Range algebra: nothing between."""
    notes = Notes()
    if dut.black_box:
        dut.ready()
        for first in (86400, dut.start + _FAR):
            seen = Voltage(dut, first, first + 86400)
            notes.expect(f"rows from {iso_2000(first)}", [], seen.rows, seen.command)
        return notes.finding("empty")
    now = begin(dut)
    dut.advance(9000)
    for first, last in ((now - 7 * 86400, now - 1), (now + 3001, now + 4799)):
        seen = Voltage(dut, first, last)
        notes.expect(f"rows from {iso_2000(first)}", [], seen.rows, seen.command)
    return notes.finding("empty")


@entry(
    "MP099-algebra",
    "Two windows side by side give what the whole gives",
    ("esme",),
    "GBCS 4.0, 9.1.6 (evidence/logs.md#ends-of-a-range)",
    "60 entries; each way to cut the window in two at an entry",
    "the rows of both parts are those of the whole, in order",
    needs=("state", "clock"),
    use_case="ECS23",
)
def algebra(dut: Dut) -> Finding:
    """Union of parts."""
    now = begin(dut, dut.start + 1200)
    set_period(dut, 60)
    dut.advance(3600)
    notes = Notes()
    whole = Voltage(dut, now, now + 3600).rows
    notes.expect("entries", 60, len(whole))
    for cut in (1, 60, 61, 1799, 1800, 3540, 3599):
        left = Voltage(dut, now, now + cut).rows
        right = Voltage(dut, now + cut + 1, now + 3600).rows
        notes.expect(f"cut after {cut} s", whole, left + right)
    return notes.finding("the parts make the whole")


@entry(
    "MP099-from-after-to",
    "A window whose end is before its beginning",
    ("esme",),
    "no text was found (evidence/logs.md#a-range-that-ends-before-it-starts)",
    "ECS23 with from after to",
    "success with no row",
    Evidence.PROJECT_CHOICE,
    needs=(),
    alternatives=("success with no row", "an error"),
    use_case="ECS23",
)
def from_after_to(dut: Dut) -> Finding:
    """No crash, no rows."""
    names: dict[object, str] = {True: "success with no row"}
    if dut.black_box:
        dut.ready()
        empty = Voltage(dut, dut.start, dut.start - 86400).rows == []
        return Notes().choice(names, empty, "rows of the reversed window")
    now = begin(dut)
    dut.advance(9000)
    empty = Voltage(dut, now + 8000, now + 10).rows == []
    return Notes().choice(names, empty, "rows of the reversed window")


@entry(
    "MP143-frame-counters",
    "Encrypted parts of one message count their frames from 0",
    ("gsme",),
    "GBCS 4.0, 7.2.10 and GCS15c: a candidate of MP143 "
    "(evidence/messages.md#frame-counter-of-encrypted-components, "
    "evidence/messages.md#what-mp143-has)",
    "GCS14: one encrypted part after one in clear",
    "the encrypted part has frame counter 0",
    use_case="GCS14",
    since="GBCS 3.3, GBCS 4.0",
    needs=(),
)
def frame_counters(dut: Dut) -> Finding:
    """Additional Header Frame Counter."""
    gas(dut)
    notes = Notes()
    command, _, message = dut.ask("GCS14")
    counters = [part.frame_counter for part in message.gbz.components if part.encrypted]
    notes.expect("frame counters", [0], counters, command)
    controls = [part.control for part in message.gbz.components]
    notes.expect("extended header controls", [0, 3], controls)
    return notes.finding("from 0")


@entry(
    "MP143-default-response",
    "A Default Response is profile-wide and not encrypted",
    ("gsme", "gpf"),
    "GBCS 4.0, GCS21k: a candidate of MP143 "
    "(evidence/messages.md#default-response-of-gcs21k, evidence/messages.md#what-mp143-has)",
    "a read that finds nothing",
    "frame control 08, extended header control 01",
    use_case="GCS61, GCS17",
    needs=(),
)
def default_frame_control(dut: Dut) -> Finding:
    """09 was an error of the 3.1 templates."""
    gas(dut)
    notes = Notes()
    command, message = _read_profile(dut)
    part = message.gbz.components[0]
    seen = (part.header.frame_control if part.header else None, part.control)
    notes.expect("frame control, extended header control", (0x08, 0x01), seen, command)
    return notes.finding("08, not encrypted")
