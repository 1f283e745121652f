"""SECMP0015: the date-time of gas reads, restated from the sources and not from firmware."""

from __future__ import annotations

from typing import Any

from host_tools.conform.dut import Dut
from host_tools.conform.model import Blocked, Evidence, Finding, Severity, check
from host_tools.conform.probe import Notes
from host_tools.conform.words import text
from host_tools.example import GAS_STATE
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import cosem_date_time, from_seconds_2000, iso_2000, seconds_2000
from host_tools.gbcs.zcl_ids import (
    CURRENT_SUMMATION_DELIVERED,
    DIVISOR,
    METERING,
    MULTIPLIER,
    UNIT_OF_MEASURE,
    key,
)
from host_tools.gbcs.zcl_table import attribute, status_name

STAMPED = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")
SRVS = "4.1.1, 4.1.2, 4.1.4, 4.3, 4.18"
AGE = 600
CLOCKS_APART = 60  # seconds between the clock of the bench and that of a device in use
OLDEST = 86400  # seconds since the last update of a mirror in use
# What GCS13a reads, in order.
_READ = (DIVISOR, MULTIPLIER, UNIT_OF_MEASURE, CURRENT_SUMMATION_DELIVERED)


def date_octets(seconds: int, status: int) -> bytes:
    """The 12 octets of a stamp: no day of week, hundredths 0, deviation not specified."""
    when = from_seconds_2000(seconds)
    day = when.year.to_bytes(2, "big") + bytes((when.month, when.day, 0xFF))
    return day + bytes((when.hour, when.minute, when.second, 0, 0x80, 0, status))


def start(
    dut: Dut,
    source: str = "",
    status: str = "reliable",
    own: str = "reliable",
    **inputs: Any,
) -> None:
    """A gas device with registers; `source` and `status` of a stamp, `own` of its clock."""
    when = {"time": iso_2000(dut.start)} if own != "invalid" else {}
    state: dict[str, Any] = {"clock": {**when, "status": own}, "zcl": GAS_STATE}
    if source:
        stamp = {"time": iso_2000(dut.start - AGE)} if status != "invalid" else {}
        state["stamp"] = {**stamp, "source": source, "status": status}
    dut.ready(state, **inputs)


def _told(number: int, what: object = "") -> str:
    """An attribute of the metering cluster by its name, with its value or status."""
    name = attribute(METERING, number)[0] or f"attribute {number:04X}"
    return f"{name} {text(what)}".rstrip()


def within(expected: bytes, observed: bytes, seconds: int) -> bool:
    """Whether two stamps differ by at most so many seconds, and in nothing else."""
    if len(expected) != 12 or len(observed) != 12 or expected[8:] != observed[8:]:
        return False
    moments = [cosem_date_time(octets).moment for octets in (expected, observed)]
    if None in moments:
        return False
    first, second = (seconds_2000(moment) for moment in moments if moment is not None)
    return abs(first - second) <= seconds


def found_stamps(dut: Dut, notes: Notes, octet: int) -> None:
    """Judge the stamps that a device in use gives; Blocked where it is in another state."""
    for index, use_case in enumerate(STAMPED):
        command, _, message = dut.ask(use_case)
        given = message.header.date_time
        if index == 0 and len(given) == 12 and given[11] != octet:
            said = message.stamp.text() if message.stamp else text(given)
            raise Blocked(f"would need a stamp with clock_status {octet:02X}; this one is {said}")
        moment = cosem_date_time(given).moment if len(given) == 12 else None
        if moment is None:
            notes.expect(
                f"time stamp of {use_case}", "a date and time of 12 octets", given, command
            )
            continue
        when = seconds_2000(moment)
        notes.expect(f"time stamp of {use_case}", date_octets(when, octet), given, command)
        age = dut.now() - when
        least, most = -CLOCKS_APART, OLDEST if dut.role == "gpf" else CLOCKS_APART
        if not least <= age <= most:
            what = f"{-age} s ahead of" if age < 0 else f"{age} s behind"
            notes.wrong.append(
                f"{use_case} is stamped {iso_2000(when)}, {what} the device's clock"
            )


def read_stamps(dut: Dut, notes: Notes, expected: bytes) -> list[Message]:
    """Ask all stamped use cases; each must bear `expected`."""
    found: list[Message] = []
    for use_case in STAMPED:
        command, _, message = dut.ask(use_case)
        notes.expect(f"time stamp of {use_case}", expected, message.header.date_time, command)
        found.append(message)
    return found


def _proven(
    name: str, roles: tuple[str, ...], source: str, own: str, octet: int, vectors: str, words: str
) -> None:
    """A row of the table that RTDS bytes prove."""

    @check(
        f"SECMP0015-stamp-{name}",
        row="SECMP0015",
        title=words,
        roles=roles,
        source=f"RTDS 4.5.0, {vectors} of GCS13a, 13b, 13c, 14, 60a "
        "(evidence/stamp.md#place-of-the-stamp, evidence/stamp.md#source-of-the-time)",
        evidence=Evidence.RTDS,
        severity=Severity.CRITICAL,
        srv=SRVS,
        use_case=", ".join(STAMPED),
        stimulus=f"{words}: five reads of a supplier",
        expectation=f"header date-time is the time of the value, clock_status {octet:02X}",
        since="GBCS 4.2",
        where_to_look="the header date-time of the response: RTDS 4.1.1_GCS13a, evidence.md#stamp",
    )
    def run(dut: Dut) -> Finding:
        start(dut, source, own=own)
        notes = Notes()
        if dut.black_box:
            found_stamps(dut, notes, octet)
            return notes.finding(f"clock_status {octet:02X} with a time that can be right")
        age = AGE if source else 0
        read_stamps(dut, notes, date_octets(dut.start - age, octet))
        return notes.finding(f"clock_status {octet:02X} with the time of the value")


_proven(
    "gsme", ("gpf",), "GSME", "reliable", 4, "SUCCESS_RELIABLE_GSME", "The GSME's time at a GPF"
)
_proven("gpf", ("gpf",), "GPF", "reliable", 0, "SUCCESS_RELIABLE_GPF", "A GPF's own time")
_proven("own", ("gsme",), "", "reliable", 0, "ERROR", "A GSME's own time")
_proven("own-unreliable", ("gsme",), "", "unreliable", 2, "SUCCESS_UNRELIABLE", "Unreliable time")

_BITS, _FALLBACK, _ENUM = "bits", "another reliable or own status", "enumeration"
_ENCODINGS = (_BITS, _ENUM, _FALLBACK)


def _chosen(name: str, role: str, source: str, status: str, octet: int, words: str) -> None:
    """A row of the table that follows from the bits of clock_status and has no vector."""

    @check(
        f"SECMP0015-stamp-{name}",
        row="SECMP0015",
        title=words,
        roles=(role,),
        source="DLMS Blue Book 4.1.6.1; no vector (evidence/stamp.md#bits-of-clock_status)",
        evidence=Evidence.PROJECT_CHOICE,
        srv="4.1.1",
        use_case="GCS13a",
        stimulus=f"{words}: GCS13a of a supplier",
        expectation=f"clock_status {octet:02X}",
        needs=("state",),
        alternatives=_ENCODINGS,
        since="GBCS 4.2",
    )
    def run(dut: Dut) -> Finding:
        if source:
            start(dut, source, status)
        else:
            start(dut, own=status)
        _, _, message = dut.ask("GCS13a")
        octets = message.header.date_time
        seen = octets[11] if len(octets) == 12 else -1
        names: dict[object, str] = {octet: _BITS}
        names.setdefault(octet & 3, _ENUM)
        for other in (0x00, 0x04):
            names.setdefault(other, _FALLBACK)
        return Notes().choice(names, seen, f"clock_status {seen:02X}")


_chosen("gpf-unreliable", "gpf", "GPF", "unreliable", 0x02, "A GPF's own unreliable time")
_chosen("gpf-invalid", "gpf", "GPF", "invalid", 0x01, "A GPF without a valid time")
_chosen("own-invalid", "gsme", "", "invalid", 0x01, "A GSME without a valid time")
_chosen("gsme-unreliable", "gpf", "GSME", "unreliable", 0x06, "Unreliable GSME time at a GPF")
_chosen("gsme-invalid", "gpf", "GSME", "invalid", 0x05, "Invalid GSME time at a GPF")


@check(
    "SECMP0015-invalid-octets",
    row="SECMP0015",
    title="Date and time octets of an invalid stamp",
    roles=("gpf", "gsme"),
    source="no text was found (evidence/stamp.md#octets-of-an-invalid-time)",
    evidence=Evidence.PROJECT_CHOICE,
    srv="4.1.1",
    use_case="GCS13a",
    stimulus="no valid time; GCS13a of a supplier",
    expectation="all nine date and time octets FF, deviation 8000",
    needs=("state",),
    alternatives=("not specified", "a time"),
    since="GBCS 4.2",
)
def invalid_octets(dut: Dut) -> Finding:
    """No invented date leaves the device."""
    if dut.role == "gpf":
        start(dut, "GPF", "invalid")
    else:
        start(dut, own="invalid")
    _, _, message = dut.ask("GCS13a")
    octets = message.header.date_time
    unspecified = bytes(octets[:11]) == b"\xff" * 9 + b"\x80\x00"
    names: dict[object, str] = {True: "not specified", False: "a time"}
    return Notes().choice(names, unspecified, f"date-time {octets.hex().upper()}")


@check(
    "SECMP0015-error-stamped",
    row="SECMP0015",
    title="A read with a failing attribute is still stamped",
    roles=("gpf", "gsme"),
    source="RTDS 4.5.0, ERROR of GCS13a (evidence/stamp.md#a-failed-attribute-is-stamped-as-well)",
    evidence=Evidence.RTDS,
    srv="4.1.1",
    use_case="GCS13a",
    stimulus="reading the Divisor (0x0302) fails with C0; GCS13a of a supplier",
    expectation="status C0 for 0x0302, the other values, and the stamp",
    needs=("state",),
    since="GBCS 4.2",
)
def error_stamped(dut: Dut) -> Finding:
    """The other attributes and the stamp are there although one attribute fails."""
    start(dut, "GPF" if dut.role == "gpf" else "")
    dut.control("STATE", {"faults": {"zcl": {key(METERING): {key(DIVISOR): "0xC0"}}}})
    command, _, message = dut.ask("GCS13a")
    notes = Notes()
    age = AGE if dut.role == "gpf" else 0
    expected = date_octets(dut.start - age, 0)
    notes.expect("date-time", expected, message.header.date_time, command)
    statuses = [
        _told(item.id, status_name(item.status or 0))
        for component in message.gbz.components
        for item in (component.frame.attributes if component.frame else [])
    ]
    wanted = [_told(number, status_name(0xC0 * (number == DIVISOR))) for number in _READ]
    notes.expect("attributes and statuses, in order", wanted, statuses)
    return notes.finding("status C0 and a stamp")


@check(
    "SECMP0015-others-unstamped",
    row="SECMP0015",
    title="GCS60 and other use cases bear no stamp",
    roles=("gpf", "gsme"),
    source="RTDS 4.5.0, GCS60 and GCS09 (evidence/stamp.md#use-cases-without-a-stamp)",
    evidence=Evidence.RTDS,
    srv="4.18, 3.2",
    use_case="GCS60, GCS09",
    stimulus="GCS60 (and GCS09 to a GPF) of a supplier",
    expectation="header date-time of length 0",
)
def others_unstamped(dut: Dut) -> Finding:
    """The stamp belongs to five use cases only."""
    start(dut, "GSME" if dut.role == "gpf" else "")
    notes = Notes()
    asked: list[tuple[str, dict[str, Any] | None]] = []
    if dut.role == "gsme":
        asked.append(("GCS60", None))
    else:
        dut.need("update")
        asked.append(("GCS09", {"Implementation Date/Time": iso_2000(dut.start)}))
    for use_case, params in asked:
        command, _, message = dut.ask(use_case, params)
        notes.expect(f"time stamp of {use_case}", b"", message.header.date_time, command)
    return notes.finding("no date-time")


@check(
    "SECMP0015-values",
    row="SECMP0015",
    title="The values of a read are those of the meter",
    roles=("gpf", "gsme"),
    source="RTDS 4.5.0, GCS13a "
    "(evidence/messages.md#order-of-attributes, evidence/messages.md#encrypted-components)",
    evidence=Evidence.RTDS,
    severity=Severity.CRITICAL,
    srv="4.1.1",
    use_case="GCS13a",
    stimulus="GCS13a of a supplier",
    expectation="0302, 0301, 0300, 0000 as seeded, in that order; the component encrypted",
)
def values(dut: Dut) -> Finding:
    """Register and scale, in order, encrypted."""
    start(dut, "GPF" if dut.role == "gpf" else "")
    command, _, message = dut.ask("GCS13a")
    notes = Notes()
    component = message.gbz.components[0]
    frame = component.frame
    seen = [(item.id, item.value) for item in frame.attributes] if frame else []
    if dut.black_box:
        names = [_told(number) for number, _ in seen]
        notes.expect("attributes", [_told(number) for number in _READ], names, command)
        scale = [value for _, value in seen[:3]]
        likely = [isinstance(value, int) and value > 0 for value in scale[:2]] + [scale[2:] == [1]]
        notes.expect("divisor and multiplier above 0, unit m3", [True] * 3, likely)
        notes.expect("encrypted", True, component.encrypted)
        return notes.finding("in order, encrypted, with a scale")
    wanted = [
        _told(number, value) for number, value in zip(_READ, (1000, 1, 1, 4567890), strict=True)
    ]
    told = [_told(number, value) for number, value in seen]
    notes.expect("attributes and values", wanted, told, command)
    notes.expect("encrypted", True, component.encrypted)
    return notes.finding("values in order, encrypted")
