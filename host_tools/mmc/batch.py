"""A log of requests and answers: each answer with its document and its verdict, one at a time."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import Message, examine
from host_tools.keys import KeyRing
from host_tools.mmc import correlate, document, schema
from host_tools.mmc.records import Record, RecordError

MALFORMED = "malformed"


@dataclass(frozen=True)
class Result:
    """What became of one record, or of a request without an answer.

    `problem` is what is wrong with the message or its document; "" for nothing.
    """

    where: str
    status: str
    request_id: str = ""
    response_id: str = ""
    srv: str | None = None
    use_case: str = ""
    made: document.Document | None = None
    problem: str = ""
    seconds: float | None = None
    message: Message | None = None

    @property
    def bad(self) -> bool:
        """Whether this is something to look at."""
        return bool(self.problem) or self.status in (*correlate.BAD, MALFORMED)

    def to_json(self) -> dict[str, object]:
        """One line of a report; no payload."""
        made = self.made
        return {
            "where": self.where,
            "status": self.status,
            "request_id": self.request_id or None,
            "response_id": self.response_id or None,
            "srv": self.srv,
            "use_case": self.use_case or None,
            "element": made.element if made else None,
            "success": made.success if made else None,
            "seconds": self.seconds,
            "problem": self.problem or None,
        }


@dataclass(frozen=True)
class Options:
    """How a log is read: keys, the schema (None: documents are not validated), a fixed SRV."""

    ring: KeyRing
    schema: etree.XMLSchema | None = None
    srv: str | None = None
    late: float = correlate.LATE_AFTER
    correlated: bool = True


def run(
    requests: Iterable[Record | RecordError],
    records: Iterable[Record | RecordError],
    options: Options,
) -> Iterator[Result]:
    """Every answer, alert and error in order; then the requests that nothing answered."""
    correlator = correlate.Correlator(options.late)
    for record in requests:
        if isinstance(record, RecordError):
            yield Result(str(record), MALFORMED, problem=str(record))
        elif record.kind == "request":
            correlator.ask(record)
    for record in records:
        if isinstance(record, RecordError):
            yield Result(str(record), MALFORMED, problem=str(record))
        elif record.kind == "request":
            early = correlator.ask(record)
            if early is not None:
                yield _request(record, early)
        elif record.kind == "pre-command":
            continue
        elif record.kind in ("acknowledgement", "notice"):
            yield _without(record, correlator.refuse(record))
        else:
            yield _answer(record, correlator, options)
    if options.correlated:
        for asked in correlator.missing():
            yield Result(asked.where, correlate.MISSING, asked.request_id, srv=asked.srv)


def _request(record: Record, match: correlate.Match) -> Result:
    return Result(record.where, match.status, record.request_id, srv=record.srv)


def _without(record: Record, match: correlate.Match) -> Result:
    code = f"response code {record.code}" if match.status == correlate.REFUSED else ""
    return Result(record.where, match.status, record.request_id, srv=record.srv, problem=code)


def _answer(record: Record, correlator: correlate.Correlator, options: Options) -> Result:
    try:
        message = examine(record.octets, options.ring)
    except DecodeError as error:
        return Result(record.where, MALFORMED, problem=f"{record.where}: {error}")
    match = correlate.Match(correlate.ALERT)
    if record.kind == "response":
        match = correlator.answer(record)
    asked = match.asked
    status = match.status
    if status == correlate.UNEXPECTED and not options.correlated:
        status = correlate.ANSWERED
    srv = options.srv or record.srv or (asked.srv if asked else None)
    made: document.Document | None = None
    problems = [f"{check.name} is wrong" for check in message.failed]
    problems += [str(fault) for fault in message.faults]
    try:
        made = document.make(message, options.ring, _fitting(srv, message), _command(asked))
        if made.unfit:
            problems.append(f"values of another form than expected: {', '.join(made.unfit)}")
        if options.schema is not None:
            found = schema.problem(etree.fromstring(made.to_bytes()), options.schema)
            problems += [f"the document is not valid: {found}"] if found else []
    except document.MmcError as error:
        problems.append(str(error))
    return Result(
        record.where,
        status,
        asked.request_id if asked else record.request_id if record.kind == "response" else "",
        record.response_id if record.kind == "response" else "",
        made.srv if made else srv,
        message.use_case.id if message.use_case else "",
        made,
        "; ".join(problems),
        match.seconds,
        message,
    )


def _fitting(srv: str | None, message: Message) -> str | None:
    return None if message.header.cra == document.ALERT else srv


def _command(asked: correlate.Asked | None) -> Message | None:
    """The command of a request, where its octets are at hand."""
    if asked is None or not asked.octets:
        return None
    try:
        return examine(asked.octets)
    except DecodeError:
        return None


def most_memory() -> float:
    """The most memory that this process has had at once, in MiB.

    Linux tells it of this program alone; the system call's figure includes who started it.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)
