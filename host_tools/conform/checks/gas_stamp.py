"""SECMP0015: the date-time of gas reads, restated from the sources and not from firmware."""

from __future__ import annotations

from typing import Any

from host_tools.conform.dut import Dut
from host_tools.conform.model import Evidence, Finding, Severity, check
from host_tools.conform.probe import Notes
from host_tools.example import GAS_STATE
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import from_seconds_2000, iso_2000
from host_tools.gbcs.zcl_ids import (
    CURRENT_SUMMATION_DELIVERED,
    DIVISOR,
    METERING,
    MULTIPLIER,
    UNIT_OF_MEASURE,
    key,
)

STAMPED = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")
SRVS = "4.1.1, 4.1.2, 4.1.4, 4.3, 4.18"
AGE = 600
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
    dut.fresh(state, **inputs)


def read_stamps(dut: Dut, notes: Notes, expected: bytes) -> list[Message]:
    """Ask all stamped use cases; each must bear `expected`."""
    found: list[Message] = []
    for use_case in STAMPED:
        command, _, message = dut.ask(use_case)
        notes.expect(f"date-time of {use_case}", expected, message.header.date_time, command)
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
        source=f"RTDS 4.5.0, {vectors} of GCS13a, 13b, 13c, 14, 60a",
        evidence=Evidence.RTDS,
        severity=Severity.CRITICAL,
        srv=SRVS,
        use_case=", ".join(STAMPED),
        stimulus=f"{words}: five reads of a supplier",
        expectation=f"header date-time is the time of the value, clock_status {octet:02X}",
        needs=("state",),
        since="GBCS 4.2",
    )
    def run(dut: Dut) -> Finding:
        start(dut, source, own=own)
        notes = Notes()
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
        source="DLMS Blue Book 4.1.6.1: bits of clock_status; no vector (evidence.md#stamp)",
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
    source="not found: DLMS 'not specified' or the last known time (evidence.md#stamp)",
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
    source="RTDS 4.5.0, ERROR of GCS13a: status without type and value, stamp present",
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
        (item.id, item.status)
        for component in message.gbz.components
        for item in (component.frame.attributes if component.frame else [])
    ]
    wanted = [(number, 0xC0 if number == DIVISOR else 0) for number in _READ]
    notes.expect("attributes and statuses, in order", wanted, statuses)
    return notes.finding("status C0 and a stamp")


@check(
    "SECMP0015-others-unstamped",
    row="SECMP0015",
    title="GCS60 and other use cases bear no stamp",
    roles=("gpf", "gsme"),
    source="RTDS 4.5.0: date-time length 0 in GCS60, GCS09 and others",
    evidence=Evidence.RTDS,
    srv="4.18, 3.2",
    use_case="GCS60, GCS09",
    stimulus="GCS60 (and GCS09 to a GPF) of a supplier",
    expectation="header date-time of length 0",
    needs=("state",),
)
def others_unstamped(dut: Dut) -> Finding:
    """The stamp belongs to five use cases only."""
    start(dut, "GSME" if dut.role == "gpf" else "")
    notes = Notes()
    asked: list[tuple[str, dict[str, Any] | None]] = []
    if dut.role == "gsme":
        asked.append(("GCS60", None))
    else:
        asked.append(("GCS09", {"Implementation Date/Time": iso_2000(dut.start)}))
    for use_case, params in asked:
        command, _, message = dut.ask(use_case, params)
        notes.expect(f"date-time of {use_case}", b"", message.header.date_time, command)
    return notes.finding("no date-time")


@check(
    "SECMP0015-values",
    row="SECMP0015",
    title="The values of a read are those of the meter",
    roles=("gpf", "gsme"),
    source="RTDS 4.5.0: order of attributes as asked; metering encrypted (evidence.md#gbz)",
    evidence=Evidence.RTDS,
    severity=Severity.CRITICAL,
    srv="4.1.1",
    use_case="GCS13a",
    stimulus="GCS13a of a supplier",
    expectation="0302, 0301, 0300, 0000 as seeded, in that order; the component encrypted",
    needs=("state",),
)
def values(dut: Dut) -> Finding:
    """Register and scale, in order, encrypted."""
    start(dut, "GPF" if dut.role == "gpf" else "")
    command, _, message = dut.ask("GCS13a")
    notes = Notes()
    component = message.gbz.components[0]
    frame = component.frame
    seen = [(item.id, item.value) for item in frame.attributes] if frame else []
    wanted = list(zip(_READ, (1000, 1, 1, 4567890), strict=True))
    notes.expect("attributes and values", wanted, seen, command)
    notes.expect("encrypted", True, component.encrypted)
    return notes.finding("values in order, encrypted")
