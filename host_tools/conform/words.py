"""Words for what checks saw: names of statuses and results, times, octets; no Python in them."""

from __future__ import annotations

from typing import NamedTuple, cast

from host_tools.bench import BenchError
from host_tools.gbcs import zcl_types
from host_tools.gbcs.dlms import RESULTS
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.times import cosem_date_time, iso_2000
from host_tools.gbcs.zcl_table import status_name
from host_tools.remote import ResponseError

__all__ = [
    "SUCCESS",
    "AccessResult",
    "DefaultResponse",
    "LogEntry",
    "Record",
    "clear",
    "in_words",
    "text",
]

_DATE_TIME = 12


class Record(NamedTuple):
    """An attribute of a Read Attributes Response; `value` is None without success."""

    status: int
    type: int | None = None
    value: int | bytes | None = None


class DefaultResponse(NamedTuple):
    """The command that a ZCL Default Response names, and its status."""

    command: int
    status: int


class LogEntry(NamedTuple):
    """An entry of a voltage log: UTC seconds since 2000, volts."""

    stamp: int
    volts: int


class AccessResult(int):
    """A result of a DLMS Access-Response."""


SUCCESS = AccessResult(0)


def text(value: object) -> str:
    """A value in words: octets as upper-case hexadecimal, statuses and results by name."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes | bytearray):
        return value.hex().upper() or "no octets"
    if isinstance(value, Record):
        return _record(value)
    if isinstance(value, DefaultResponse):
        return f"Default Response to command {value.command:02X}: {status_name(value.status)}"
    if isinstance(value, LogEntry):
        return f"{iso_2000(value.stamp)} {value.volts} V"
    if isinstance(value, AccessResult):
        return f"{RESULTS.get(value, 'not a result of DLMS')} ({int(value)})"
    if isinstance(value, list | tuple):
        return _several([text(item) for item in cast("list[object]", value)])
    return str(value)


def clear(value: object) -> str:
    """Like `text`, and what a COSEM date-time of 12 octets says."""
    if isinstance(value, bytes) and len(value) == _DATE_TIME:
        when = cosem_date_time(value)
        if not when.problem:
            return f"{when.text()} with clock_status {when.status:02X} ({text(value)})"
    return text(value)


def _several(parts: list[str]) -> str:
    """Parts in their order; what is there several times running is counted."""
    found: list[tuple[str, int]] = []
    for part in parts:
        if found and found[-1][0] == part:
            found[-1] = (part, found[-1][1] + 1)
        else:
            found.append((part, 1))
    shown = ", ".join(part if count == 1 else f"{count} times {part}" for part, count in found)
    return f"({shown})" if shown else "nothing"


def _record(record: Record) -> str:
    if record.status or record.type is None:
        return status_name(record.status)
    value = record.value
    shown = text(value) if isinstance(value, bytes) else zcl_types.text(record.type, value)
    return f"{zcl_types.type_name(record.type)} {shown}"


def in_words(error: Exception) -> str:
    """What went wrong, for a reader who knows devices and not this program."""
    if isinstance(error, BenchError):
        return str(error)
    if isinstance(error, ResponseError):
        return f"the response is not genuine: {error}"
    if isinstance(error, DecodeError):
        return f"the response cannot be decoded: {error}"
    if isinstance(error, KeyError):
        return f"the answer has no {text(error.args[0]) if error.args else 'such part'}"
    if isinstance(error, IndexError):
        return "the answer has fewer parts than it should have"
    if isinstance(error, AttributeError | TypeError) and "payload" not in str(error):
        # What these say is about this program; only that of a payload is about the answer.
        return "the answer has not the parts that it should have"
    return f"the answers cannot be made sense of: {error}"
