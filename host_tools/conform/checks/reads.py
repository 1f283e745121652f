"""Every use case that reads: the answer has what was asked, in units and with values that can be.

These judge a device in use. A reference device is judged by its seeded values, and by RTDS.
"""

from __future__ import annotations

from typing import Any, cast

from host_tools.bench import BenchError
from host_tools.conform.dut import Dut
from host_tools.conform.model import Blocked, Evidence, Finding, NotClaimed, check
from host_tools.conform.probe import Notes
from host_tools.conform.words import AccessResult, text
from host_tools.gbcs.message import Message, examine
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.units import DLMS_UNITS, ZCL_UNITS, scaler_unit
from host_tools.gbcs.use_cases import UseCase, by_name, names
from host_tools.gbcs.zcl_frame import Frame
from host_tools.gbcs.zcl_general import Attribute
from host_tools.gbcs.zcl_ids import DIVISOR, METERING, MULTIPLIER, UNIT_OF_MEASURE
from host_tools.gbcs.zcl_table import attribute, cluster_name, status_name
from host_tools.gbcs.zcl_types import type_name
from host_tools.keys import BROKER
from host_tools.remote import needed_parameters

_ROLES = ("esme", "gsme", "gpf")
_PARTIES = {
    "Supplier": "supplier",
    "Network Operator": "network_operator",
    "Access Control Broker": BROKER,
}
_DAY = 86400
_READ_ATTRIBUTES = 0x00
_GAS_UNIT = 1  # cubic metres
_OTHER_UNIT = 254  # of DLMS: one that its table does not name
# Logs by use case: the event log, and the security log.
_LOGS = {"CS10a": 0x13, "CS10b": 0x14}
# What a parameter of this name is given: seconds from the device's time, or a number.
_TIMES = {
    "from": -2 * _DAY,
    "start": -2 * _DAY,
    "earliest": -2 * _DAY,
    "to": 0,
    "end": 0,
    "latest": 0,
}


def reads() -> list[UseCase]:
    """The use cases of a remote party that read and change nothing, for the roles judged here."""
    found: list[UseCase] = []
    for name in names():
        row = by_name(name)
        known = row.kind == "remote_party" and row.code is not None and not row.critical
        if known and _only_reads(row.table) and _roles(row):
            found.append(row)
    return found


def _only_reads(table: dict[str, Any]) -> bool:
    if "gbz" in table:
        return all(part["name"].startswith(("Read", "Get")) for part in table["gbz"])
    return "dlms" in table and all(part["op"] == "get" for part in table["dlms"])


def _roles(row: UseCase) -> tuple[str, ...]:
    return tuple(role for role in _ROLES if role.upper() in row.targets)


def _parameters(dut: Dut, row: UseCase) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in needed_parameters(row):
        words = name.lower().split()
        if "log" in words:
            found[name] = _LOGS[row.id]
        elif name.lower() == "numberofsamples":
            found[name] = 4
        else:
            wanted = [far for word, far in _TIMES.items() if name.lower().startswith(word)]
            if not wanted:
                raise Blocked(f"the bench has no value for the parameter {name}")
            found[name] = iso_2000(dut.start + wanted[0])
    return found


def answer(
    dut: Dut, use_case: str, params: dict[str, Any], party: str = "supplier"
) -> tuple[bytes, Message]:
    """A command and its genuine answer; for none NotClaimed, or BenchError where it is claimed."""
    command = dut.command(use_case, params, party)
    response = dut.send(command)
    if response is None:
        why = f"no response to {use_case}: the device says {dut.reason}"
        if dut.claimed is None:
            raise NotClaimed(f"{why}; no claims say that it should")
        raise BenchError(why)
    return command, dut.party(party).verify(response, command)


def _enter(row: UseCase) -> None:
    party = next(_PARTIES[name] for name in row.roles if name in _PARTIES)

    @check(
        f"GBCS-read-{row.id}",
        row="GBCS",
        title=f"{row.id} reads: {row.title}",
        roles=_roles(row),
        source=f"GBCS 4.0, {row.id} (evidence/messages.md#elements-of-each-use-case)",
        evidence=Evidence.SPEC,
        srv=", ".join(row.table.get("srv", [])),
        use_case=row.id,
        stimulus=f"{row.id} of a {party.replace('_', ' ')}",
        expectation="a genuine answer with each item that was asked, in its type and a known unit",
        as_found=True,
        where_to_look=f"the template of {row.id} in GBCS, and the decoded response in the trace",
    )
    def run(dut: Dut) -> Finding:
        dut.ready()
        command, message = answer(dut, row.id, _parameters(dut, row), party)
        notes = Notes()
        asked = examine(command)
        missing = _judge_gbz(dut, notes, asked, message) if "gbz" in row.table else 0
        missing += _judge_dlms(notes, asked, message) if "dlms" in row.table else 0
        left = f"; {missing} without a value" if missing else ""
        notes.expect("a well-formed answer", True, True, command)
        return notes.finding(f"as asked{left}")


def _judge_gbz(dut: Dut, notes: Notes, asked: Message, message: Message) -> int:
    """Note what is wrong; returns how much was answered with an error."""
    wanted, given = asked.gbz.frames, message.gbz.frames
    if len(given) < len(wanted):
        notes.expect("components", len(wanted), len(given))
    missing = 0
    for question, answer in zip(wanted, given, strict=False):
        if question.cluster != answer.cluster and len(wanted) == len(given):
            notes.expect("cluster", cluster_name(question.cluster), cluster_name(answer.cluster))
        if answer.default_response is not None:
            missing += 1
        elif question.header.command == _READ_ATTRIBUTES and question.attributes:
            missing += _judge_attributes(dut, notes, question, answer)
        elif answer.fields is not None:
            _judge_times(dut, notes, dict(answer.fields))
    return missing


def _judge_attributes(dut: Dut, notes: Notes, question: Frame, answer: Frame) -> int:
    numbers = [item.label for item in question.attributes]
    seen = [item.label for item in answer.attributes]
    if numbers != seen:
        notes.expect(f"attributes of {cluster_name(question.cluster)}", numbers, seen)
    missing = 0
    for item in answer.attributes:
        name, kind = attribute(answer.cluster, item.id)
        if item.status:
            missing += 1
            if "status" in status_name(item.status):
                notes.expect(f"status of {name}", "a status of ZCL", status_name(item.status))
        elif kind is not None and item.type != kind:
            notes.expect(f"type of {name}", type_name(kind), type_name(item.type or 0))
        else:
            _judge_scale(dut, notes, answer.cluster, item)
    return missing


def _judge_scale(dut: Dut, notes: Notes, cluster: int, item: Attribute) -> None:
    if cluster != METERING or not isinstance(item.value, int):
        return
    if item.id in (DIVISOR, MULTIPLIER) and item.value == 0:
        notes.expect(item.name, "a number above 0", 0)
    if item.id == UNIT_OF_MEASURE:
        right = item.value == _GAS_UNIT if dut.role != "esme" else item.value in ZCL_UNITS
        if not right:
            notes.expect(item.name, f"{ZCL_UNITS[_GAS_UNIT]} ({_GAS_UNIT})", item.value)


def _judge_times(dut: Dut, notes: Notes, fields: dict[str, Any]) -> None:
    """Samples and entries are from the past."""
    for name, value in fields.items():
        begins = name in ("SampleStartTime", "SnapshotTime") and isinstance(value, int)
        if begins and value > dut.now() + _DAY:
            notes.expect(name, "a time that has been", iso_2000(value))


def _judge_dlms(notes: Notes, asked: Message, message: Message) -> int:
    items, answer = asked.dlms.items, message.dlms
    if not len(items) == len(answer.data) == len(answer.results):
        counts = (len(answer.data), len(answer.results))
        notes.expect("data and results", (len(items), len(items)), counts)
        return 0
    missing = 0
    for item, value, (_, code) in zip(items, answer.data, answer.results, strict=True):
        empty = value.type == "null-data"
        missing += code != 0
        if (code == 0) == empty:
            said = f"{text(AccessResult(code))} with {value.type}"
            notes.expect(item.label(), "a value, or null-data and an error", said)
        for part in value.walk():
            scale = scaler_unit(part)
            if scale is not None and scale[1] not in (*DLMS_UNITS, _OTHER_UNIT):
                notes.expect(f"unit of {item.obis}", "a unit of DLMS", scale[1])
        _judge_rows(notes, item.label(), cast("list[list[Any]]", _rows(value)))
    return missing


def _rows(value: Any) -> list[Any]:
    return cast("list[Any]", value.value or []) if value.type == "compact-array" else []


def _judge_rows(notes: Notes, what: str, rows: list[list[Any]]) -> None:
    """Entries that begin with a time are in the order of time."""
    times = [row[0] for row in rows if row]
    whole = [when for when in times if isinstance(when, int)]
    if len(whole) == len(rows) and whole != sorted(whole):
        notes.expect(f"times of {what}", "in their order", [iso_2000(when) for when in whole[:8]])


for _row in reads():
    _enter(_row)
