"""SECMP0015 at the GPF: reports of the gas meter, and the stamp that each of them leaves."""

from __future__ import annotations

from collections.abc import Callable

from host_tools.conform.checks.gas_stamp import date_octets, start, within
from host_tools.conform.dut import Dut
from host_tools.conform.model import Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes, find_endpoint, read
from host_tools.example import EUIS
from host_tools.gbcs.message import Message
from host_tools.gbcs.zcl_ids import (
    ATTRIBUTE_REPORTING_STATUS,
    CURRENT_SUMMATION_DELIVERED,
    METERING,
    READING_SNAPSHOT_TIME,
)
from host_tools.han.frame import Frame

_REGISTER, _SNAPSHOT_TIME = CURRENT_SUMMATION_DELIVERED, READING_SNAPSHOT_TIME
_STATUS = ATTRIBUTE_REPORTING_STATUS
_INVALID = 0xFFFFFFFF
_CLOCKS_APART = 30  # seconds between the bench's clock and that of a device in use
_UPDATE = (
    "no text was found (evidence/stamp.md#update-of-the-mirror, "
    "evidence/stamp.md#time-of-the-update-or-of-the-answer"
)
_MORE = {
    "update-attribute": ", evidence/stamp.md#readingsnapshottime",
    "update-midnight": ", evidence/stamp.md#midnight-snapshot",
}


def report(
    dut: Dut,
    sequence: int,
    register: int,
    time: int | None = None,
    complete: bool = True,
    source: str = "gsme",
) -> None:
    """A report of the meter: register, perhaps ReadingSnapShotTime, perhaps its end."""
    octets = bytearray(bytes((0x18, sequence, 0x0A)))
    octets += _REGISTER.to_bytes(2, "little") + b"\x25" + register.to_bytes(6, "little")
    if time is not None:
        octets += _SNAPSHOT_TIME.to_bytes(2, "little") + b"\xe2" + time.to_bytes(4, "little")
    if complete:
        octets += _STATUS.to_bytes(2, "little") + b"\x30\x01"
    endpoint = find_endpoint(dut, METERING)
    to = int(dut.eui, 16)
    frame = Frame(dut.address(source), to, 1, endpoint, METERING, bytes(octets), aps_security=True)
    dut.deliver(frame)


def register_of(message: Message) -> object:
    """The CurrentSummationDelivered of a GCS13a response."""
    frame = message.gbz.components[0].frame
    item = frame.attribute(_REGISTER) if frame else None
    return item.value if item else None


def seen(
    dut: Dut, notes: Notes, register: object, stamp: bytes, when: str, own: bool = False
) -> None:
    """A supplier's read gives this register with this stamp, of the GPF's `own` time or not."""
    command, _, message = dut.ask("GCS13a")
    notes.expect(f"register {when}", register, register_of(message), command)
    given = message.header.date_time
    # Nobody here sets the clock of a device that is taken as it is.
    if own and dut.black_box and within(stamp, given, _CLOCKS_APART):
        given = stamp
    notes.expect(f"stamp {when}", stamp, given)


def _entry(
    name: str, title: str, stimulus: str, expectation: str, *more: str
) -> Callable[[Callable[[Dut, Notes], None]], Callable[[Dut, Notes], None]]:
    def enter(
        function: Callable[[Dut, Notes], None],
    ) -> Callable[[Dut, Notes], None]:
        @check(
            f"SECMP0015-{name}",
            row="SECMP0015",
            title=title,
            roles=("gpf",),
            source=f"{_UPDATE}{_MORE.get(name, '')})",
            evidence=Evidence.PROJECT_CHOICE,
            family=Family.INTERNAL,
            srv="4.1.1",
            use_case="GCS13a",
            stimulus=stimulus,
            expectation=expectation,
            needs=("han", "update", *more),
            alternatives=("as expected", "otherwise"),
            since="GBCS 4.2",
        )
        def run(dut: Dut) -> Finding:
            notes = Notes()
            start(dut, gsme=EUIS["gsme"])
            function(dut, notes)
            finding = notes.finding(expectation)
            finding.alternative = "as expected" if finding.passed else "otherwise"
            return finding

        return function

    return enter


@_entry(
    "update-time",
    "The stamp is the time of the update, however late the read",
    "report with GSME time T; GCS13a at once, 29 minutes and 24 hours later",
    "T with clock_status 04 in each",
    "clock",
)
def update_time(dut: Dut, notes: Notes) -> None:
    """Stamping at response time would defeat the purpose."""
    time = dut.start - 7
    report(dut, 1, 5000, time)
    for seconds, when in ((0, "at once"), (1740, "29 minutes later"), (84600, "a day later")):
        dut.advance(seconds)
        seen(dut, notes, 5000, date_octets(time, 4), when)


@_entry(
    "update-legacy",
    "The update of a meter that tells no time gets the GPF's stamp",
    "report without ReadingSnapShotTime; GCS13a 5 minutes later",
    "the GPF's time of the report, clock_status 00",
    "clock",
)
def update_legacy(dut: Dut, notes: Notes) -> None:
    """Legacy GSME."""
    report(dut, 1, 5001)
    dut.advance(300)
    seen(dut, notes, 5001, date_octets(dut.start, 0), "5 minutes later", own=True)


@_entry(
    "update-invalid-time",
    "A meter whose time is invalid gets the GPF's stamp",
    "report with ReadingSnapShotTime FFFFFFFF",
    "the GPF's time of the report, clock_status 00",
)
def update_invalid_time(dut: Dut, notes: Notes) -> None:
    """FFFFFFFF is no time."""
    report(dut, 1, 5002, _INVALID)
    seen(dut, notes, 5002, date_octets(dut.start, 0), "after the report", own=True)


@_entry(
    "update-replaced",
    "Newer values never stand beside an older GSME time",
    "report with GSME time; 30 minutes later one without",
    "the stamp moves to the GPF's time, clock_status 00",
    "clock",
)
def update_replaced(dut: Dut, notes: Notes) -> None:
    """A later update replaces the stamp."""
    report(dut, 1, 5003, dut.start - 3)
    seen(dut, notes, 5003, date_octets(dut.start - 3, 4), "after the first")
    dut.advance(1800)
    report(dut, 2, 5004)
    seen(dut, notes, 5004, date_octets(dut.start + 1800, 0), "after the second", own=True)


@_entry(
    "update-pending",
    "A report that is not complete changes neither values nor stamp",
    "a whole report; then one without its end; then its end",
    "first values and stamp until the second report is complete",
)
def update_pending(dut: Dut, notes: Notes) -> None:
    """No mixture of two reports."""
    first, second = date_octets(dut.start - 60, 4), date_octets(dut.start - 5, 4)
    report(dut, 1, 5005, dut.start - 60)
    report(dut, 2, 5006, dut.start - 5, complete=False)
    seen(dut, notes, 5005, first, "while the second is under way")
    report(dut, 3, 5006, dut.start - 5)
    seen(dut, notes, 5006, second, "when it is complete")


@_entry(
    "update-ahead",
    "A GSME time ahead of the GPF's is passed on",
    "reports with GSME times 9 s, 11 s and a day ahead",
    "the GSME's time, clock_status 04",
)
def update_ahead(dut: Dut, notes: Notes) -> None:
    """The GPF does not correct the meter."""
    for sequence, ahead in enumerate((9, 11, 86400), 1):
        report(dut, sequence, 5010 + ahead, dut.start + ahead)
        stamp = date_octets(dut.start + ahead, 4)
        seen(dut, notes, 5010 + ahead, stamp, f"{ahead} s ahead")


@_entry(
    "update-clockless",
    "A valid GSME time serves a GPF without a clock",
    "GPF clock invalid; report with GSME time",
    "the GSME's time, clock_status 04",
    "state",
)
def update_clockless(dut: Dut, notes: Notes) -> None:
    """The stamp does not depend on the hub's clock."""
    start(dut, own="invalid", gsme=EUIS["gsme"])
    report(dut, 1, 5007, dut.start - 20)
    seen(dut, notes, 5007, date_octets(dut.start - 20, 4), "after the report")


@_entry(
    "update-attribute",
    "Displays read the stamp as ReadingSnapShotTime",
    "report with GSME time T; a display reads 0x0702/0x0007",
    "T, type E2",
)
def update_attribute(dut: Dut, notes: Notes) -> None:
    """What the HAN sees equals what the supplier sees."""
    time = dut.start - 8
    report(dut, 1, 5008, time)
    record = read(dut, METERING, _SNAPSHOT_TIME)[_SNAPSHOT_TIME]
    notes.expect("0x0702/0x0007", (0, 0xE2, time), (record.status, record.type, record.value))
    seen(dut, notes, 5008, date_octets(time, 4), "in the header")


@_entry(
    "update-none",
    "Without an update since power-up there is no time",
    "no report, no stamp; GCS13a",
    "clock_status 01 (bit 0 set), no date of an epoch",
    "state",
)
def update_none(dut: Dut, notes: Notes) -> None:
    """No 1970 and no 2000 leaves the device."""
    dut.fresh({"clock": {"time": "2022-11-01T10:10:00Z", "status": "reliable"}})
    command, _, message = dut.ask("GCS13a")
    octets = message.header.date_time
    notes.expect("invalid bit", 1, octets[11] & 1 if len(octets) == 12 else octets, command)
    notes.expect("year of an epoch", False, octets[:2] in (b"\x07\xb2", b"\x07\xd0"))


@_entry(
    "update-midnight",
    "A daily snapshot is an update of register and stamp",
    "PublishSnapshot of midnight",
    "register of the snapshot, stamped with its time",
)
def update_midnight(dut: Dut, notes: Notes) -> None:
    """GBCS 10.4.2.1 has the snapshot update the mirror; that the stamp follows is inferred."""
    time = dut.start // 86400 * 86400
    octets = bytes((0x19, 1, 0x06)) + (1).to_bytes(4, "little") + time.to_bytes(4, "little")
    octets += b"\x01\x00\x01" + (1).to_bytes(4, "little") + b"\x06"
    octets += (5009).to_bytes(6, "little") + b"\x00\x00"
    endpoint = find_endpoint(dut, METERING)
    to = int(dut.eui, 16)
    dut.deliver(Frame(dut.address("gsme"), to, 1, endpoint, METERING, octets, aps_security=True))
    seen(dut, notes, 5009, date_octets(time, 4), "after the snapshot")


@check(
    "SECMP0015-update-stranger",
    row="SECMP0015",
    title="Reports of another device change nothing",
    roles=("gpf",),
    source="GBCS 0.8.1, 10.4.2 (evidence/stamp.md#whose-reports-count)",
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    family=Family.HAN,
    stimulus="a whole report from the ESME's and from the IHD's address",
    expectation="register and stamp as before",
    needs=("han", "update"),
)
def update_stranger(dut: Dut) -> Finding:
    """Only the paired meter fills its mirror."""
    start(dut, "GSME", gsme=EUIS["gsme"])
    notes = Notes()
    before = dut.ask("GCS13a")[2]
    register, stamp = register_of(before), before.header.date_time
    if not dut.black_box:
        notes.expect("stamp before", date_octets(dut.start - 600, 4), stamp)
    for role in ("esme", "ihd"):
        report(dut, 1, 666, dut.start, source=role)
        seen(dut, notes, register, stamp, f"after one of the {role}")
    return notes.finding("the mirror is unchanged")
