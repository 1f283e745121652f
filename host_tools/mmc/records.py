"""Logs of messages, one record after the other: captures of GBCS messages, and DUIS documents.

A source is a folder, a DUIS document, a pcapng capture, the file of a gateway (`smets dcc`), or a
text file with one message a line: hexadecimal or base64, a line of the bench link
(`GBCS:DATA#1:79:DD...`) or of a home's log, or JSON with `hex` or `xml`. A line may begin with its
time (ISO 8601, UTC) and a blank; JSON may have `time`. Blocks are joined; nothing else is kept. A
report of `smets conform --json` is a source, too: lines that went over the link, without times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from host_tools.gbcs import gbt, header
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node
from host_tools.messages import to_octets
from host_tools.mmc import captures, duis, gateway_log
from host_tools.srv import variants

KINDS = {1: "request", 2: "response", 3: "alert"}
_ENDS = {".pcapng", ".json", ".xml", ".hex", ".txt", ".log", ".jsonl"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_REPORT = 100_000_000  # octets
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))\s+(.*)", re.S)
# A line of a home's log: milliseconds since 1970, then a frame or a message with its device.
_HOME = re.compile(r"(\d{1,19}) +(?:ZCL:.*|(to|from) +(\S+) +(GBCS:.*))", re.S)
_LINK = re.compile(r"GBCS:(DATA|ALERT|BLOCK)#\d+:\d+:([0-9A-Fa-f]*)")
_LINK_OTHER = re.compile(r"[A-Z]+:[A-Z]+#\d+:\d+:")


class RecordError(ValueError):
    """A line or file that is no record; the text says where and why."""


@dataclass(frozen=True)
class Record:
    """A message, or a document without one. `counter` is the one that requests are known by.

    `kind` is request, pre-command (which no device gets), response, alert, acknowledgement (of the
    DCC), or notice (an alert of the DCC).
    """

    where: str
    kind: str
    user: bytes
    device: bytes
    counter: int
    time: datetime | None = None
    srv: str | None = None
    code: str | None = None
    variant: int | None = None
    answer: int | None = None
    octets: bytes = b""
    message_code: int | None = None
    document: bool = False
    local: bool = False  # an answer of the DCC with a command for local delivery
    due: datetime | None = None  # until when the DCC keeps a request
    scheduled: bool = False  # a response to what a schedule of the DCC has asked

    @property
    def key(self) -> tuple[bytes, bytes, int]:
        """What a request and its response have in common."""
        return self.user, self.device, self.counter

    @property
    def request_id(self) -> str:
        """The RequestID."""
        return duis.identity(self.user, self.device, self.counter)

    @property
    def response_id(self) -> str:
        """The ResponseID: the parties changed over, the counter that of the answer."""
        answer = self.counter if self.answer is None else self.answer
        return duis.identity(self.device, self.user, answer)


def read(sources: Iterable[Path]) -> Iterator[Record | RecordError]:
    """Every record of the sources in order; an error in its place, and reading goes on."""
    for source in sources:
        for file in _files(source):
            try:
                yield from _read_file(file)
            except OSError as error:
                yield RecordError(f"{file}: {error.strerror}")


def _files(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        yield source
        return
    for file in sorted(source.rglob("*")):
        if file.suffix.lower() in _ENDS and file.is_file():
            yield file


def _read_file(file: Path) -> Iterator[Record | RecordError]:
    with file.open("rb") as stream:
        start = stream.read(4096)
    if not start.strip():
        yield RecordError(f"{file}: empty")
        return
    if start.startswith(gateway_log.MAGIC):
        yield from _gateway(file)
        return
    head = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] == b"<" or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        if file.stat().st_size > duis.MOST_OCTETS:
            yield RecordError(f"{file}: more than {duis.MOST_OCTETS} octets")
            return
        yield from of_document(str(file), file.read_bytes(), None)
        return
    if file.suffix.lower() == ".json" and file.stat().st_size <= _MOST_REPORT:
        yield from _report(str(file), file.read_bytes())
        return
    blocks: dict[str, gbt.Assembler] = {}
    if start[:4] == captures.MAGIC:
        yield from _capture(file, blocks)
        return
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                yield from _line(f"{file}, line {number}", line.strip(), blocks)


def _gateway(file: Path) -> Iterator[Record | RecordError]:
    try:
        for number, time, text in gateway_log.documents(file):
            yield from of_document(f"{file}, message {number}", text, moment(time))
    except gateway_log.LogError as error:
        yield RecordError(str(error))


def _capture(file: Path, blocks: dict[str, gbt.Assembler]) -> Iterator[Record | RecordError]:
    try:
        for packet in captures.read(file):
            where = f"{file}, packet {packet.number}"
            try:
                message = _whole(packet.octets, str(packet.direction), blocks)
                if message is not None:
                    yield of_message(where, message, packet.time)
            except DecodeError as error:
                yield RecordError(f"{where}: {error}")
    except captures.CaptureError as error:
        yield RecordError(f"{file}: {error}")


def _whole(octets: bytes, link: str, blocks: dict[str, gbt.Assembler]) -> bytes | None:
    """The message that octets are, or are the last block of; None for other blocks."""
    if octets[:1] != bytes([gbt.TAG]):
        return octets
    if gbt.acknowledged(octets) is not None:
        return None
    return blocks.setdefault(link, gbt.Assembler()).take(octets)


def _line(
    where: str, line: str, blocks: dict[str, gbt.Assembler]
) -> Iterator[Record | RecordError]:
    time: datetime | None = None
    match = _TIME.fullmatch(line)
    home = _HOME.fullmatch(line)
    way = ""
    try:
        if match:
            time, line = moment(match[1]), match[2].strip()
        elif home:
            if home[4] is None:
                return  # a frame
            time = _EPOCH + timedelta(milliseconds=int(home[1]))
            way, line = f"{home[2]} {home[3]}", home[4]
        if line.startswith("{"):
            yield from _json(where, line, time)
            return
        link = _LINK.fullmatch(line)
        if link is None and _LINK_OTHER.match(line):
            return  # the bench link has other lines, too
        octets = _whole(to_octets(link[2] if link else line), way, blocks)
        if octets is not None:
            yield of_message(where, octets, time)
    except (DecodeError, ValueError, OverflowError) as error:
        yield RecordError(f"{where}: {error}")


def _json(where: str, line: str, time: datetime | None) -> Iterator[Record | RecordError]:
    try:
        found: Any = json.loads(line)
    except ValueError:
        raise ValueError("no JSON") from None
    members = cast("dict[str, Any]", found)
    if isinstance(members.get("time"), str):
        time = moment(members["time"])
    if isinstance(members.get("xml"), str):
        yield from of_document(where, members["xml"].encode(), time)
    elif isinstance(members.get("hex"), str):
        yield of_message(where, to_octets(members["hex"]), time)
    else:
        raise ValueError('JSON without "hex" or "xml"')


def _report(where: str, text: bytes) -> Iterator[Record | RecordError]:
    """What went over the link in a conformance run. Some of it is wrong on purpose."""
    try:
        results = cast("dict[str, Any]", json.loads(text))["results"]
        traces: list[tuple[str, list[dict[str, Any]]]] = [
            (result["id"], result["trace"]["lines"]) for result in results if result["trace"]
        ]
    except (ValueError, KeyError, TypeError):
        yield RecordError(f"{where}: no report of smets conform")
        return
    for check, lines in traces:
        for line in lines:
            link = _LINK.fullmatch(line["line"])
            if link is None or "characters" in line:  # of another kind, or cut off
                continue
            with suppress(DecodeError, ValueError):
                yield of_message(f"{where}, {check}", to_octets(link[2]))


def moment(text: str) -> datetime:
    """A time of ISO 8601 with its zone, in UTC; ValueError otherwise."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found.astimezone(UTC)


def of_message(where: str, octets: bytes, time: datetime | None = None) -> Record:
    """The record of a GBCS message; DecodeError for octets that are none."""
    envelope = header.read(Reader(octets), Node("message", 0, len(octets)))
    head = envelope.header
    command = head.cra == 1
    device = head.target if command else head.originator
    party = head.originator if command else head.target
    counter = head.counter
    if head.supplementary_party is not None and head.cra != 3:
        # The broker asks for the user, whose counter is beside its own.
        party = head.supplementary_party
        if head.supplementary_counter is not None:
            counter = head.supplementary_counter
    return Record(
        where,
        "pre-command" if command and envelope.pre_command else KINDS[head.cra],
        party,
        device,
        counter,
        time,
        answer=None if command else head.counter,
        octets=octets,
        message_code=head.message_code,
    )


def _due(found: duis.Envelope) -> datetime | None:
    """Until when the DCC keeps a request; None where it does not, or has no time to tell."""
    if found.execution is None or found.srv not in variants.dated_by_dcc():
        return None
    try:
        due = datetime.fromisoformat(found.execution.replace("Z", "+00:00"))
        return due.replace(tzinfo=UTC) if due.tzinfo is None else due.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def of_document(
    where: str, text: bytes, time: datetime | None = None
) -> Iterator[Record | RecordError]:
    """The record of a DUIS document; its own time goes before the one given.

    One that brings the response to a local command (8.13) is followed by that response.
    """
    try:
        found = duis.read(text)
        if found.time:
            time = moment(found.time)
        message = of_message(where, found.payload, time) if found.payload else None
        returned = of_message(where, found.returned, time) if found.returned else None
    except (DecodeError, ValueError) as error:
        yield RecordError(f"{where}: {error}")
        return
    kind = found.kind
    if found.pre_command or found.local_command:
        kind = "acknowledgement"  # it is not the device that says this
    user, device = found.user, found.device
    if message is not None and not user:
        user, device = message.user, message.device
    yield Record(
        where,
        kind,
        user,
        device,
        found.counter if found.user else (message.counter if message else 0),
        time,
        found.srv,
        found.code,
        found.variant,
        found.answer,
        message.octets if message is not None else b"",
        message.message_code if message is not None else None,
        document=True,
        local=found.local_command,
        due=_due(found),
        scheduled=found.scheduled,
    )
    if returned is not None:
        yield returned
