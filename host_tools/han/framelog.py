"""The log of a home: text, one HAN frame or GBCS message a line, which `smets capture` reads.

A line is ``<utc-ms> ZCL:FRAME#<n>:<len>:<HEX>`` for a frame, utc-ms being milliseconds since
1970-01-01T00:00:00Z; for what goes between the service side and a device it is
``<utc-ms> to|from <EUI-64> GBCS:DATA|BLOCK|ALERT#<n>:<len>:<HEX>``, with the device's EUI-64.
Lines that begin with ``#`` are comments, except that ``# device <EUI-64> <role>`` names a device;
the role gpf or chf marks the coordinator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TextIO

from host_tools.han.frame import Frame, FrameError, eui_number, format_eui, from_line, to_line

COORDINATOR_ROLES: Final = ("gpf", "chf")
_UTC_MS_MAX: Final = 2**63 - 1
_DEVICE: Final = re.compile(r"# *device +(\S+) +(\S+)")


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """One frame of the log and when it was sent (milliseconds since 1970, UTC)."""

    utc_ms: int
    number: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """A GBCS message, or a block of one, on the link between the service side and a device."""

    utc_ms: int
    device: int  # EUI-64
    to_device: bool
    octets: bytes


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """The name of a device: its EUI-64 and its role in lower case."""

    eui: int
    role: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not part of a frame log; ``line`` counts from 1."""

    line: int
    reason: str


Entry = FrameEntry | MessageEntry | DeviceEntry | BadLine

# What a device sends by itself is GBCS:ALERT, a block of a long message GBCS:BLOCK.
_MESSAGE: Final = re.compile(
    r"(to|from) +(\S+) +(?:GBCS:DATA|GBCS:BLOCK|GBCS:ALERT)#[0-9]{1,10}:([0-9]{1,8}):"
    r"((?:[0-9A-Fa-f]{2})*)"
)


def _parse_message(utc_ms: int, text: str) -> MessageEntry:
    match = _MESSAGE.fullmatch(text)
    if match is None:
        raise FrameError("not a line of a GBCS message")
    octets = bytes.fromhex(match[4])
    if len(octets) != int(match[3]):
        raise FrameError(f"length says {match[3]}, found {len(octets)} octets")
    return MessageEntry(utc_ms, eui_number(match[2]), match[1] == "to", octets)


def _parse_line(text: str) -> FrameEntry | MessageEntry | DeviceEntry | None:
    if not text:
        return None
    if text.startswith("#"):
        device = _DEVICE.fullmatch(text)
        return DeviceEntry(eui_number(device[1]), device[2].lower()) if device else None
    when, _, rest = text.partition(" ")
    if re.fullmatch("[0-9]{1,19}", when) is None or int(when) > _UTC_MS_MAX:
        raise FrameError("no time in milliseconds at the start of the line")
    if rest.lstrip().startswith(("to ", "from ")):
        return _parse_message(int(when), rest.strip())
    number, frame = from_line(rest.strip())
    return FrameEntry(int(when), number, frame)


def read_log(lines: Iterable[str]) -> Iterator[Entry]:
    """Read a frame log; a bad line is an entry too, so that a torn last line loses nothing."""
    for position, text in enumerate(lines, start=1):
        try:
            entry = _parse_line(text.strip())
        except FrameError as error:
            yield BadLine(position, str(error))
            continue
        if entry is not None:
            yield entry


def read_devices(lines: Iterable[str]) -> dict[int, str]:
    """The role of each device that a frame log names; what else it holds is not looked at."""
    comments = (text for text in lines if text.lstrip().startswith("#"))
    entries = (entry for entry in read_log(comments) if isinstance(entry, DeviceEntry))
    return {entry.eui: entry.role for entry in entries}


class LogWriter:
    """Writes a frame log, numbering the frames from 1."""

    def __init__(self, out: TextIO) -> None:
        """Write to ``out``, which stays the caller's to close."""
        self._out = out
        self._number = 0

    def device(self, eui: int, role: str) -> None:
        """Name a device; the role gpf or chf makes it the coordinator of a capture."""
        self._out.write(f"# device {format_eui(eui)} {role}\n")

    def frame(self, utc_ms: int, frame: Frame) -> None:
        """Write a frame sent at ``utc_ms`` (milliseconds since 1970, UTC)."""
        if not 0 <= utc_ms <= _UTC_MS_MAX:
            raise FrameError("time out of range")
        self._number += 1
        self._out.write(f"{utc_ms} {to_line(self._number, frame)}\n")

    def bench_line(self, utc_ms: int, eui: int, direction: str, line: str) -> None:
        """Write a line of a device's bench link, if it carries a GBCS message or a block of one.

        ``direction`` is "to device" or "from device", as `bench.BenchClient.on_line` says it.
        """
        line = line.strip()
        way = direction.partition(" ")[0]
        # What cannot be read again is not written: a device may send anything.
        if _MESSAGE.fullmatch(f"{way} {format_eui(eui)} {line}"):
            self._out.write(f"{utc_ms} {way} {format_eui(eui)} {line}\n")
