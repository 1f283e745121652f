"""The rows of the view: one for each request, response and alert of a device."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from host_tools.gbcs import times
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import examine
from host_tools.keys import KeyRing
from host_tools.mmc import wire
from host_tools.mmc.records import Record, RecordError
from host_tools.srv import variants

RECEIVED, SENT, BY_DCC = "received", "sent", "by the DCC"
EVENT_LOG = "event log"
COLUMNS: tuple[str, ...] = (
    "time",
    "device",
    "direction",
    "kind",
    "srv",
    "title",
    "variant",
    "use_case",
    "message_code",
    "response_code",
)
# Logs of ESME and hub (class 7), and of gas devices; their entries name a command's message code.
_LOGS = ("7/0-0:99.98.0.255/2[*]", "0x0709<0x01[*]/Log Payload/entries[*]")
_EVENT_LOGS = frozenset((0x0048, 0x0093, 0x0014, 0x00A1))  # ECS35a, ECS35c, CS10a, CS10b
# A code of a DUIS response; nothing else is taken over from a document as it stands.
_CODE = re.compile(r"[EIW][0-9]{1,6}")
_ACTIONED = {0x8154: "actioned", 0x8155: "not actioned"}


@dataclass(frozen=True)
class Row:
    """What one message is, without what it says. `srv` has several where all are possible."""

    device: bytes
    direction: str
    kind: str
    time: datetime | None = None
    srv: tuple[str, ...] = ()
    title: str = ""
    variant: int | None = None
    use_case: str = ""
    message_code: int | None = None
    response_code: str = ""

    def cells(self) -> dict[str, str]:
        """The columns as text."""
        code = self.message_code
        return {
            "time": times.iso(self.time) if self.time else "",
            "device": self.device.hex("-").upper(),
            "direction": self.direction,
            "kind": self.kind,
            "srv": " or ".join(self.srv),
            "title": self.title,
            "variant": "" if self.variant is None else str(self.variant),
            "use_case": self.use_case,
            "message_code": "" if code is None else f"{code:04X}",
            "response_code": self.response_code,
        }


class View:
    """Makes rows of records. Requests of DUIS tell the variant of the messages that follow."""

    def __init__(self) -> None:
        self._told: dict[tuple[bytes, bytes, int], str] = {}

    def rows(self, records: Iterable[Record | RecordError]) -> Iterator[Row | RecordError]:
        """A row for each message of a device, errors in their place."""
        for record in records:
            if isinstance(record, RecordError):
                yield record
            elif any(record.device) and record.kind not in ("notice", "pre-command"):
                if record.srv is not None and record.kind == "request":
                    self._told[record.key] = record.srv
                yield self._row(record)

    def _row(self, record: Record) -> Row:
        srv = self._srv(record)
        use_case = variants.use_case_of(record.message_code)
        if len(srv) == 1:
            title = variants.title(srv[0])
        elif use_case is not None:
            title = use_case.title
        else:
            title = " or ".join(variants.title(item) for item in srv)
        kind, direction = record.kind, SENT
        if kind == "request":
            kind, direction = "service request" if record.document else "command", RECEIVED
        elif kind == "acknowledgement":
            direction = BY_DCC
        code = record.code or ""
        return Row(
            record.device,
            direction,
            kind,
            record.time,
            srv,
            title,
            record.variant,
            use_case.id if use_case else "",
            record.message_code,
            code if _CODE.fullmatch(code) else "",
        )

    def _srv(self, record: Record) -> tuple[str, ...]:
        told = record.srv or self._told.get(record.key)
        if told in variants.all_variants() and record.kind != "alert":
            return (told,)
        return variants.candidates(record.message_code)


def event_log(
    records: Iterable[Record | RecordError], ring: KeyRing
) -> Iterator[Row | RecordError]:
    """The commands that devices have written into their own event logs.

    The records are responses to reads of a log (ECS35a, ECS35c, CS10a, CS10b); others are passed
    over. An entry names the message code of a command, and whether it was actioned.
    """
    for record in records:
        if isinstance(record, RecordError):
            yield record
        elif record.message_code in _EVENT_LOGS and record.kind == "response":
            try:
                yield from _entries(record, ring)
            except DecodeError as error:
                yield RecordError(f"{record.where}: {error}")


def _entries(record: Record, ring: KeyRing) -> Iterator[Row]:
    found = wire.read(examine(record.octets, ring))
    for place in _LOGS:
        first = place.startswith("7")
        names = (".0", ".1", ".2") if first else ("/Event Time", "/Event ID", "/Event Data")
        for item in found.find(place):
            seconds, event, data = (found.first(name, item) for name in names)
            event = int(event, 16) if isinstance(event, str) else event
            octets = bytes.fromhex(data) if isinstance(data, str) else data
            if event not in _ACTIONED or not isinstance(octets, bytes) or len(octets) != 2:
                continue
            code = int.from_bytes(octets, "big")
            srv = variants.candidates(code)
            use_case = variants.use_case_of(code)
            title = variants.title(srv[0]) if len(srv) == 1 else use_case.title if use_case else ""
            yield Row(
                record.device,
                RECEIVED,
                EVENT_LOG,
                times.from_seconds_2000(seconds) if isinstance(seconds, int) else None,
                srv,
                title,
                None,
                use_case.id if use_case else "",
                code,
                _ACTIONED[event],
            )


def coverage(rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """Requests and answers of each of the 129 variants; where several are possible, of each."""
    found = {srv: [0, 0] for srv in variants.all_variants()}
    for row in rows:
        for srv in row.srv:
            if srv in found and row.direction == RECEIVED and row.kind != EVENT_LOG:
                found[srv][0] += 1
            elif srv in found and row.kind in ("response", "acknowledgement"):
                found[srv][1] += 1
    return {srv: (asked, answered) for srv, (asked, answered) in found.items()}
