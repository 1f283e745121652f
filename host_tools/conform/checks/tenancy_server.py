"""SECMP0056 at the meters: the tenancy date, how it is set, served to the HAN, and kept."""

from __future__ import annotations

from typing import Any

from host_tools.conform.dut import Dut
from host_tools.conform.model import Blocked, Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes, answered, ask, default_response, read
from host_tools.conform.words import SUCCESS, AccessResult, DefaultResponse, Record
from host_tools.example import GAS_STATE
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_ids import (
    CHANGE_OF_TENANCY_UPDATE_DATE_TIME,
    CLEAR_CONSUMER,
    DEVICE_MANAGEMENT,
    GET_SAMPLED_DATA_RESPONSE,
    METERING,
    PROPOSED_TENANCY_CHANGE_CONTROL,
    key,
)

_DATE, _CONTROL = CHANGE_OF_TENANCY_UPDATE_DATE_TIME, PROPOSED_TENANCY_CHANGE_CONTROL
_NONE = 0xFFFFFFFF
METERS = ("esme", "gpf")
USE_CASES = {"esme": "ECS12", "gpf": "GCS09"}
_SRC = "GBCS 4.0, ECS12 and GCS09 (evidence/tenancy.md#executed-on-receipt)"
_FACTS = {
    "esme-control": "change-control-of-others",
    "future-hides": "a-date-ahead",
    "get": "getchangeoftenancy",
    "unset": "no-date-yet",
}
# A date to move from and to: 60 days before the checks begin.
_BACK = 60 * 86400


def begin(dut: Dut) -> None:
    """A meter with registers and a reliable clock."""
    reliable = {"time": iso_2000(dut.start), "status": "reliable"}
    dut.ready({"clock": reliable, "zcl": {key(METERING): GAS_STATE[key(METERING)]}})


def set_date(dut: Dut, seconds: int, party: str = "supplier") -> tuple[bytes, bytes | None]:
    """The command that sets a date, and what came back."""
    command = dut.command(USE_CASES[dut.role], parameters(dut, iso_2000(seconds)), party)
    return command, dut.send(command)


def given_date(dut: Dut, seconds: int) -> None:
    """Set a date for what follows; Blocked where the device does not take it."""
    if set_date(dut, seconds)[1] is None:
        why = "the device takes no tenancy date, as this check presumes"
        raise Blocked(f"{why}: it says {dut.reason}")


def parameters(dut: Dut, when: str) -> dict[str, Any]:
    """The date as the parameter of the role's use case."""
    name = "restrictDataDateTime" if dut.role == "esme" else "Implementation Date/Time"
    return {name: when}


def result(dut: Dut, message: Message) -> object:
    """What the response says of the one thing asked."""
    if dut.role == "esme":
        return [AccessResult(code) for _, code in message.dlms.results]
    frame = message.gbz.components[0].frame
    said = frame.default_response if frame else None
    return DefaultResponse(*said) if said else None


def _success(dut: Dut) -> object:
    return [SUCCESS] if dut.role == "esme" else DefaultResponse(0x00, 0x00)


def _accepted(dut: Dut, notes: Notes, seconds: int, what: str) -> None:
    """Set a date: success, and the HAN reads it at once."""
    command, response = set_date(dut, seconds)
    if response is None:
        notes.expect(f"response to {what}", "a response", None, command)
        return
    message = dut.party().verify(response, command)
    notes.expect(f"result of {what}", _success(dut), result(dut, message), command)
    served(dut, notes, seconds, f"0x0200 after {what}")


def served(dut: Dut, notes: Notes, seconds: int, what: str) -> None:
    """A display reads this date."""
    found = read(dut, DEVICE_MANAGEMENT, _DATE).get(_DATE)
    notes.expect(what, Record(0, 0xE2, seconds), found)


@check(
    "SECMP0056-set",
    row="SECMP0056",
    title="The supplier's date is executed on receipt and read on the HAN",
    roles=METERS,
    source=_SRC,
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    srv="3.2",
    use_case="ECS12, GCS09",
    stimulus="a date in the past, one 7 days ahead, an earlier one, the same again",
    expectation="success each time; attribute 0x0200 (UTCTime) is the date at once",
    needs=("han", "update"),
    since="GBCS 4.2",
)
def executed(dut: Dut) -> Finding:
    """Past, future, backwards and repeated."""
    begin(dut)
    notes = Notes()
    _accepted(dut, notes, dut.start - 86400, "a past date")
    _accepted(dut, notes, dut.start + 7 * 86400, "a future date")
    _accepted(dut, notes, dut.start - _BACK, "an earlier date")
    _accepted(dut, notes, dut.start - _BACK, "the same date")
    return notes.finding("each date was taken and served")


@check(
    "SECMP0056-replayed",
    row="SECMP0056",
    title="The same command again is accepted: no replay protection",
    roles=METERS,
    source=_SRC,
    evidence=Evidence.SPEC,
    srv="3.2",
    use_case="ECS12, GCS09",
    stimulus="command A, command B, command A octet for octet",
    expectation="a response each time; 0x0200 is that of A in the end",
    needs=("han", "update"),
)
def replayed(dut: Dut) -> Finding:
    """An older command may come again."""
    begin(dut)
    notes = Notes()
    first, _ = set_date(dut, dut.start - 86400)
    given_date(dut, dut.start - 43200)
    answered(dut, notes, first, "the repeat")
    served(dut, notes, dut.start - 86400, "0x0200 after the repeat")
    return notes.finding("accepted again")


@check(
    "SECMP0056-control",
    row="SECMP0056",
    title="A GPF serves the change control of GCS09",
    roles=("gpf",),
    source="RTDS 4.5.0, GCS09 (evidence/tenancy.md#change-control-of-gcs09)",
    evidence=Evidence.RTDS,
    srv="3.2",
    use_case="GCS09",
    stimulus="GCS09; a display reads 0x0201",
    expectation="bitmap32 00000200: clear IHD data, consumer",
    needs=("han", "update"),
)
def control(dut: Dut) -> Finding:
    """The word that came with the date."""
    begin(dut)
    notes = Notes()
    given_date(dut, dut.start - 86400)
    found = read(dut, DEVICE_MANAGEMENT, _CONTROL).get(_CONTROL)
    notes.expect("0x0201", Record(0, 0x1B, CLEAR_CONSUMER), found)
    return notes.finding("00000200")


def _choice(
    name: str,
    title: str,
    stimulus: str,
    alternatives: tuple[str, ...],
    roles: tuple[str, ...],
    needs: tuple[str, ...] = ("han", "update"),
) -> Any:
    return check(
        f"SECMP0056-{name}",
        row="SECMP0056",
        title=title,
        roles=roles,
        source=f"no text was found (evidence/tenancy.md#{_FACTS[name]})",
        evidence=Evidence.PROJECT_CHOICE,
        family=Family.HAN,
        use_case="ECS12, GCS09",
        stimulus=stimulus,
        expectation=alternatives[0],
        needs=needs,
        alternatives=alternatives,
    )


@_choice(
    "esme-control", "Change control of an ESME", "ECS12; a display reads 0x0201",
    ("00000200", "unsupported", "00000000"), ("esme",),
)  # fmt: skip
def esme_control(dut: Dut) -> Finding:
    """ECS12 carries none."""
    begin(dut)
    given_date(dut, dut.start - 86400)
    found = read(dut, DEVICE_MANAGEMENT, _CONTROL).get(_CONTROL)
    names: dict[object, str] = {
        Record(0, 0x1B, CLEAR_CONSUMER): "00000200",
        Record(0x86): "unsupported",
        Record(0, 0x1B, 0): "00000000",
    }
    return Notes().choice(names, found, "0x0201 after ECS12")


@_choice(
    "unset", "The date before any was set", "a new meter; a display reads 0x0200",
    ("FFFFFFFF", "00000000", "unsupported"), METERS, ("state", "han"),
)  # fmt: skip
def unset(dut: Dut) -> Finding:
    """SE 1.4a has FFFFFFFF; a hub in the field answers 0."""
    begin(dut)
    found = read(dut, DEVICE_MANAGEMENT, _DATE).get(_DATE)
    names: dict[object, str] = {
        Record(0, 0xE2, _NONE): "FFFFFFFF",
        Record(0, 0xE2, 0): "00000000",
        Record(0x86): "unsupported",
    }
    return Notes().choice(names, found, "0x0200 of a new meter")


@_choice(
    "get", "GetChangeOfTenancy once the date has passed",
    "a past date; a display sends GetChangeOfTenancy",
    ("NOT_FOUND", "PublishChangeOfTenancy", "unsupported command"), METERS,
)  # fmt: skip
def get_past(dut: Dut) -> Finding:
    """Stacks in the field say NOT_FOUND; reading 0x0200 works always."""
    begin(dut)
    given_date(dut, dut.start - 86400)
    answers = ask(dut, DEVICE_MANAGEMENT, b"\x01\x25\x00")
    said: object = default_response(answers)
    if len(answers) == 1 and len(answers[0]) == 20 and answers[0][0] & 1:
        said = "publish"
    names: dict[object, str] = {
        (0x00, 0x8B): "NOT_FOUND",
        "publish": "PublishChangeOfTenancy",
        (0x00, 0x81): "unsupported command",
    }
    return Notes().choice(names, said, "answer to GetChangeOfTenancy")


@_choice(
    "future-hides", "What a date ahead hides until it comes",
    "three days of log, a date 7 days ahead; a display reads the daily log",
    ("nothing", "all of it"), ("esme",), ("state", "han", "inputs", "clock"),
)  # fmt: skip
def future_hides(dut: Dut) -> Finding:
    """Until then the data is the present tenant's."""
    begin(dut)
    dut.set_inputs(draw=100)
    dut.advance(3 * 86400)
    given_date(dut, dut.start + 10 * 86400)
    names: dict[object, str] = {True: "nothing", False: "all of it"}
    return Notes().choice(names, bool(daily_log(dut)), "daily log with a date ahead")


def daily_log(dut: Dut) -> list[int]:
    """Start times of the daily samples that a display is given."""
    payload = b"\x01\x30\x08" + (1).to_bytes(2, "little") + bytes(4) + b"\x00\x10\x00"
    answers = ask(dut, METERING, payload)
    if (
        default_response(answers) is not None
        or len(answers) != 1
        or answers[0][2] != GET_SAMPLED_DATA_RESPONSE
    ):
        return []
    body = answers[0][3:]
    first, count = int.from_bytes(body[2:6], "little"), int.from_bytes(body[9:11], "little")
    return [first + 86400 * index for index in range(count)]


@check(
    "SECMP0056-log",
    row="SECMP0056",
    title="The HAN gets nothing from before the date",
    roles=("esme",),
    source="GBCS 4.0, ECS12 (evidence/tenancy.md#what-the-date-restricts)",
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    family=Family.INTERNAL,
    srv="3.2",
    use_case="ECS12",
    stimulus="five days of log; date at the third midnight; a display reads the daily log",
    expectation="days from that midnight on, and none before",
    needs=("state", "han", "clock", "inputs"),
    since="ESMETS 5.2",
)
def log_restricted(dut: Dut) -> Finding:
    """The Daily Consumption Log is filtered by the date."""
    begin(dut)
    dut.set_inputs(draw=100)
    dut.advance(5 * 86400)
    notes = Notes()
    before = daily_log(dut)
    date = (dut.start // 86400 + 3) * 86400
    notes.expect("days before the date was set", True, len(before) >= 4 and min(before) < date)
    given_date(dut, date)
    days = daily_log(dut)
    oldest = iso_2000(min(days)) if days else None
    notes.expect("oldest day given", iso_2000(date), oldest)
    return notes.finding("the log begins at the date")


@check(
    "SECMP0056-kept",
    row="SECMP0056",
    title="The date outlasts a power cut",
    roles=METERS,
    source="GBCS 4.0, mapping row 75 (evidence/tenancy.md#configuration-data)",
    evidence=Evidence.SPEC,
    family=Family.INTERNAL,
    srv="3.2",
    use_case="ECS12, GCS09",
    stimulus="a date; power away and back",
    expectation="0x0200 as before",
    needs=("han", "update", "power"),
)
def kept(dut: Dut) -> Finding:
    """Polling displays need it for good."""
    begin(dut)
    notes = Notes()
    given_date(dut, dut.start - 86400)
    dut.cut_power()
    served(dut, notes, dut.start - 86400, "0x0200 after the power cut")
    return notes.finding("kept")


@check(
    "SECMP0056-persists",
    row="SECMP0056",
    title="The date stays readable after it has passed",
    roles=METERS,
    source="GBCS 4.0, mapping row 75; SECMP0056, page of the SEC "
    "(evidence/tenancy.md#configuration-data, evidence/tenancy.md#displays-query-the-meters)",
    evidence=Evidence.SPEC,
    family=Family.INTERNAL,
    srv="3.2",
    use_case="ECS12, GCS09",
    stimulus="a date an hour ahead; two hours pass",
    expectation="0x0200 as set",
    needs=("han", "update", "clock"),
)
def persists(dut: Dut) -> Finding:
    """It does not go back to 'none' when it falls due."""
    begin(dut)
    notes = Notes()
    given_date(dut, dut.start + 3600)
    dut.advance(7200)
    served(dut, notes, dut.start + 3600, "0x0200 an hour after the date")
    return notes.finding("still there")


@check(
    "SECMP0056-ahead-years",
    row="SECMP0056",
    title="Dates at the edges of UTCTime are held exactly",
    roles=("gpf",),
    source="ZCL of Smart Energy 1.2a, UTCTime (evidence/tenancy.md#utctime)",
    evidence=Evidence.SPEC,
    severity=Severity.MINOR,
    srv="3.2",
    use_case="GCS09",
    stimulus="dates 2068-01-19T03:14:08Z and 2136-02-07T06:28:14Z",
    expectation="0x0200 as set",
    needs=("han", "update"),
)
def edges(dut: Dut) -> Finding:
    """No signed 32-bit arithmetic."""
    begin(dut)
    notes = Notes()
    for seconds in (0x80000000, 0xFFFFFFFE):
        _accepted(dut, notes, seconds, iso_2000(seconds))
    return notes.finding("held")
