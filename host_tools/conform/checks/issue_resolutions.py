"""MP078: GCS20r of a meter without data (IRP550, IRP604), security logs on the HAN (IRP603)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host_tools.conform.dut import Dut
from host_tools.conform.model import Blocked, Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes, ask, default_response
from host_tools.conform.words import DefaultResponse, text
from host_tools.example import GAS_STATE
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_ids import EVENTS, GET_EVENT_CONFIGURATION, key

# An event code: clock adjusted, within the tolerance.
_CLOCK_ADJUSTED = 0x8145
_NOT_FOUND = 0x8B
_HAN_LOGS = {0x04: "security", 0x14: "security", 0x07: "copied security", 0x17: "copied security"}


def entry(
    check_id: str,
    title: str,
    roles: tuple[str, ...],
    source: str,
    stimulus: str,
    expectation: str,
    evidence: Evidence = Evidence.SPEC,
    needs: tuple[str, ...] = ("state",),
    alternatives: tuple[str, ...] = (),
    **more: Any,
) -> Callable[[Callable[[Dut], Finding]], Callable[[Dut], Finding]]:
    """Enter a check whose row is the first part of its id."""
    return check(
        check_id,
        row=check_id.partition("-")[0],
        title=title,
        roles=roles,
        source=source,
        evidence=evidence,
        stimulus=stimulus,
        expectation=expectation,
        needs=needs,
        alternatives=alternatives,
        **more,
    )


def gas(dut: Dut, status: str = "reliable", **more: Any) -> None:
    """A gas device with registers and a clock of this status; `more` are members of its state."""
    time = {} if status == "invalid" else {"time": iso_2000(dut.start)}
    dut.ready({"clock": {**time, "status": status}, "zcl": GAS_STATE, **more})


def responses(message: Message) -> list[DefaultResponse | None]:
    """Command and status of each component that is a Default Response."""
    frames = [component.frame for component in message.gbz.components]
    said = [frame.default_response if frame else None for frame in frames]
    return [DefaultResponse(*one) if one else None for one in said]


@entry(
    "MP078-gcs20r-shape",
    "A GSME that cannot give its event configuration says so",
    ("gsme",),
    "RTDS 4.5.0, GCS20r ERROR (evidence/logs.md#gcs20r-without-data)",
    "GCS20r to a meter that has no event configuration to give",
    "Default Response to command 05 with a status other than success",
    Evidence.RTDS,
    srv="6.2.10",
    use_case="GCS20r",
)
def gcs20r_shape(dut: Dut) -> Finding:
    """Before IRP550 there was no instruction."""
    gas(dut)
    notes = Notes()
    command, _, message = dut.ask("GCS20r")
    said = responses(message)
    shape = [(item[0], item[1] != 0) if item else None for item in said]
    notes.expect("command, failure", [(GET_EVENT_CONFIGURATION, True)], shape, command)
    return notes.finding(text(said))


@entry(
    "MP078-gcs20r-status",
    "The status of GCS20r without data",
    ("gsme",),
    "no text was found (evidence/logs.md#status-of-gcs20r-without-data)",
    "GCS20r to a meter that has no event configuration to give",
    "NOT_FOUND",
    Evidence.PROJECT_CHOICE,
    alternatives=("NOT_FOUND", "HARDWARE_FAILURE"),
    use_case="GCS20r",
)
def gcs20r_status(dut: Dut) -> Finding:
    """Both are acceptable until the text is at hand."""
    gas(dut)
    _, _, message = dut.ask("GCS20r")
    said = responses(message)[0]
    names: dict[object, str] = {0x8B: "NOT_FOUND", 0xC0: "HARDWARE_FAILURE"}
    return Notes().choice(names, said[1] if said else None, "status of the Default Response")


def _with_log(dut: Dut, log: int) -> None:
    leaves = [1, 0, 1, 0x10, log, _CLOCK_ADJUSTED, dut.start - 60, ""]
    command = {"cluster": key(EVENTS), "command": "0x01", "fields": dict(_by_position(leaves))}
    state = {
        "clock": {"time": iso_2000(dut.start), "status": "reliable"},
        "zcl_commands": [command],
    }
    dut.ready(state)


def _by_position(values: list[Any]) -> list[tuple[str, Any]]:
    """Fields by position, as STATE.json has them."""
    return [(f"field {index}", value) for index, value in enumerate(values)]


def _get_event_log(dut: Dut, log: int, role: str) -> list[bytes]:
    payload = b"\x01\x61\x00" + bytes((log,)) + bytes(6) + b"\xff\xff\xff\xff\xff\x00\x00"
    return ask(dut, EVENTS, payload, role)


@entry(
    "MP078-security-log",
    "The security log never reaches a device of the home",
    ("esme", "gpf"),
    "MP078, page of the SEC, IRP603 (evidence/logs.md#security-logs-stay-from-the-home)",
    "GetEventLog of IHD and PPMID for logs 04, 14, 07, 17 and 00 (all)",
    "no PublishEventLog with an entry",
    needs=("han",),
    severity=Severity.CRITICAL,
    family=Family.HAN,
)
def security_log(dut: Dut) -> Finding:
    """Whatever the refusal, no entry comes."""
    notes = Notes()
    for held in (0x04, 0x07):
        _with_log(dut, held)
        for role in ("ihd", "ppmid"):
            for wanted in (*_HAN_LOGS, 0x00, 0x03):
                answers = _get_event_log(dut, wanted, role)
                given = [answer for answer in answers if answer[2:3] == b"\x01"]
                what = f"log {wanted:02X} to the {role.upper()}, which holds log {held:02X}"
                if given or (wanted, role) == (0x04, "ihd"):
                    notes.expect(what, [], given)
    return notes.finding("no entry was given")


@entry(
    "MP078-event-log",
    "The event log is still given to the home",
    ("esme", "gpf"),
    "Smart Energy 1.2a, Events cluster (evidence/logs.md#event-log-of-the-home)",
    "GetEventLog of an IHD for log 13",
    "PublishEventLog with its entry",
    needs=("han",),
    family=Family.HAN,
)
def event_log(dut: Dut) -> Finding:
    """The refusal is of the security log only."""
    notes = Notes()
    _with_log(dut, 0x03)
    answers = _get_event_log(dut, 0x13, "ihd")
    said = default_response(answers)
    if dut.black_box and said is not None and said.status == _NOT_FOUND:
        raise Blocked("would need an entry in the event log: the device says NOT_FOUND")
    notes.expect("command of the answer", [1], [answer[2] for answer in answers])
    return notes.finding("given")


@entry(
    "MP078-refusal",
    "How a security log is refused",
    ("esme", "gpf"),
    "no text was found (evidence/logs.md#how-a-security-log-is-refused)",
    "GetEventLog of an IHD for log 04",
    "NOT_AUTHORIZED",
    Evidence.PROJECT_CHOICE,
    needs=("han",),
    alternatives=("NOT_AUTHORIZED", "NOT_FOUND", "unsupported command", "no answer"),
    family=Family.HAN,
)
def refusal(dut: Dut) -> Finding:
    """Any of them keeps the log."""
    _with_log(dut, 0x04)
    answers = _get_event_log(dut, 0x04, "ihd")
    said = default_response(answers)
    names: dict[object, str] = {
        0x7E: "NOT_AUTHORIZED",
        0x8B: "NOT_FOUND",
        0x81: "unsupported command",
        None: "no answer",
    }
    return Notes().choice(names, said[1] if said else None, "status of the refusal")


@entry(
    "MP078-remote-log",
    "The supplier still reads the security log",
    ("gpf",),
    "GBCS 4.0, CS10b (evidence/logs.md#remote-read-of-the-security-log)",
    "CS10b of a supplier for log 14",
    "PublishEventLog",
    use_case="CS10b",
    needs=(),
    srv="6.13",
)
def remote_log(dut: Dut) -> Finding:
    """IRP603 is about the HAN."""
    notes = Notes()
    _with_log(dut, 0x04)
    params: dict[str, Any] = {
        "Event Control / Log ID": 0x14,
        "Start Time": iso_2000(dut.start - 86400),
        "End Time": iso_2000(dut.start),
    }
    command, _, message = dut.ask("CS10b", params)
    if dut.black_box and [said.status for said in responses(message) if said] == [_NOT_FOUND]:
        raise Blocked("would need an entry in the security log: the device says NOT_FOUND")
    commands = [item.header.command for item in message.gbz.components if item.header]
    notes.expect("command of the answer", [1], commands, command)
    return notes.finding("given")
