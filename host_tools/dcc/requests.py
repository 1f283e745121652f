"""The requests of users on their way: accepted, waiting, sending, answered, in one table.

States: `waiting` for its time or its device; `sending`: the device may have it; `local`: its user
has the command for local delivery, and may return the response (8.13); `done`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from host_tools.dcc import answers, choices
from host_tools.dcc.answers import Answer, Signer
from host_tools.dcc.broker import Made
from host_tools.dcc.rules import Refused
from host_tools.dcc.store import Store, milliseconds
from host_tools.duis import document
from host_tools.duis.document import SR, Request

__all__ = ["Open", "Requests"]

_LOCAL_COMMAND = f".//{{{SR}}}LocalCommand/{{{SR}}}GBCSPayload"
_COLUMNS = "id, user, device, counter, service, command, cin, schedule, other"


@dataclass(frozen=True)
class Open:
    """A request whose command is with its device, or goes there now."""

    id: int
    user: bytes
    device: bytes
    counter: int
    service: str
    command: bytes
    cin: str | None
    schedule: int | None
    other: bytes | None


def _open(row: Any) -> Open:
    id_, user, device, counter, *rest = row
    return Open(id_, user, device, int.from_bytes(counter, "big"), *rest)


def _local_command(answer: bytes) -> bytes:
    """The command for local delivery in an answer, empty where there is none."""
    text = document.parse(answer).findtext(_LOCAL_COMMAND) if b"LocalCommand" in answer else None
    return base64.b64decode(text or "")


class Requests:
    """The requests of a store. `sign` makes the documents that users get."""

    def __init__(self, store: Store, sign: Signer) -> None:
        self._store = store
        self._sign = sign
        # Is told the user for whom there is something to be posted.
        self.on_post: Callable[[bytes], None] | None = None

    @staticmethod
    def stage(request: Request) -> str:
        """A critical request comes twice with one RequestID: to be transformed, and signed."""
        return "transform" if request.variant == 4 else "request"

    def earlier(self, request: Request, data: bytes) -> bytes | None:
        """The answer that the same document had before; None for a new RequestID.

        Refused where another document had the RequestID: of two clients the second one.
        """
        row = self._store.row(
            "SELECT digest, answer FROM requests "
            "WHERE user = ? AND device = ? AND counter = ? AND stage = ?",
            *self._key(request),
        )
        if row is None:
            return None
        if row[0] != sha256(data).digest():
            raise Refused(choices.SAME_ID, "another request had this RequestID")
        return row[1]

    def _key(self, request: Request) -> tuple[bytes, bytes, bytes, str]:
        counter = request.counter.to_bytes(8, "big")
        return request.originator, request.target, counter, self.stage(request)

    def accept(  # noqa: PLR0913 - what there is of a request
        self,
        request: Request,
        data: bytes,
        answer: bytes,
        made: Made | None,
        waits: bool,
        now: datetime,
    ) -> None:
        """Keep a request and the answer that it gets at once. `waits`: its command goes out."""
        self._store.run(
            "INSERT INTO requests (user, device, counter, stage, service, digest, answer, state, "
            "since, due, command, cin, other, instructions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *self._key(request),
            request.service,
            sha256(data).digest(),
            answer,
            "waiting" if waits else "local" if made and _local_command(answer) else "done",
            milliseconds(now),
            milliseconds(made.due if made else now),
            made.octets if made and waits else None,
            made.cin if made else None,
            made.other if made else None,
            made.instructions if made else 0,
        )

    def schedule(self, one: Open, due: datetime, now: datetime) -> None:
        """Keep a command of a schedule: nobody has asked for it, so no answer is kept."""
        self._store.run(
            "INSERT INTO requests (user, device, counter, stage, service, digest, answer, state, "
            "since, due, command, schedule) "
            "VALUES (?, ?, ?, ?, ?, x'', x'', 'waiting', ?, ?, ?, ?)",
            one.user,
            one.device,
            one.counter.to_bytes(8, "big"),
            f"schedule {one.schedule}",
            one.service,
            milliseconds(now),
            milliseconds(due),
            one.command,
            one.schedule,
        )

    def cancel(self, request: Request) -> None:
        """Take back what waits for its time: of the same user, device and service."""
        self._store.run(
            "UPDATE requests SET state = 'done' WHERE state = 'waiting' AND user = ? "
            "AND device = ? AND service = ? AND due > since",
            request.originator,
            request.target,
            request.service,
        )

    def take(self, device: bytes, now: datetime) -> Open | None:
        """The next command for a device, `sending` from now on; None where none is due.

        What waited while its device went out of use is not sent (E5).
        """
        while (row := self._next(device, now)) is not None:
            # It may have been taken back meanwhile.
            taken = self._store.changed(
                "UPDATE requests SET state = 'sending' WHERE id = ? AND state = 'waiting'", row[0]
            )
            if taken and self._in_use(device):
                return _open(row)
            if taken:
                self.failed(_open(row), "E5", now)
        return None

    def _next(self, device: bytes, now: datetime) -> Any:
        return self._store.row(
            f"SELECT {_COLUMNS} FROM requests WHERE device = ? AND state = 'waiting' "
            "AND due <= ? ORDER BY due, id LIMIT 1",
            device,
            milliseconds(now),
        )

    def _in_use(self, device: bytes) -> bool:
        row = self._store.row("SELECT status FROM devices WHERE eui = ?", device)
        return row is not None and row[0] in choices.ASKED

    def due(self, now: datetime) -> set[bytes]:
        """The devices that a command is due for."""
        rows = self._store.rows(
            "SELECT DISTINCT device FROM requests WHERE state = 'waiting' AND due <= ?",
            milliseconds(now),
        )
        return {row[0] for row in rows}

    def answered(self, one: Open, octets: bytes, counter: int, now: datetime) -> None:
        """The device's response: keep it for the user."""
        fill = answers.payload(octets)
        if one.cin is not None:
            fill = answers.inside("CINMessage", octets, CustomerIdentificationNumber=one.cin)
        elif one.schedule is not None:
            fill = answers.inside("DSPScheduledMessage", octets, DSPScheduleID=str(one.schedule))
        self._finish(one, "I0", now, counter, fill)

    def failed(self, one: Open, code: str, now: datetime) -> None:
        """No response: keep the response code for the user."""
        self._finish(one, code, now, None, None)

    def local(self, user: bytes, device: bytes, counter: int) -> Open | None:
        """A request whose command its user has for local delivery; None where none waits."""
        row = self._store.row(
            f"SELECT {_COLUMNS}, answer FROM requests WHERE user = ? AND device = ? "
            "AND counter = ? AND stage = 'request' AND state IN ('waiting', 'local')",
            user,
            device,
            counter.to_bytes(8, "big"),
        )
        if row is None:
            return None
        command = _local_command(row[-1])
        return replace(_open(row[:-1]), command=command) if command else None

    def returned(self, one: Open) -> None:
        """Its user has brought the response: it is done, and is not sent any more."""
        self._store.run("UPDATE requests SET state = 'done' WHERE id = ?", one.id)

    def _finish(
        self,
        one: Open,
        code: str,
        now: datetime,
        counter: int | None,
        fill: answers.Fill | None,
    ) -> None:
        answer = Answer(one.user, one.device, one.counter, one.service, code, counter, fill)
        document = self._sign(answers.response(answer, now), now)
        with self._store.change():
            self._store.post(one.user, document, now)
            # What failed on its way may be delivered by the user, who has it, too (variants 3, 7).
            self._store.run(
                "UPDATE requests SET state = CASE WHEN ? AND instr(answer, ?) > 0 "
                "THEN 'local' ELSE 'done' END WHERE id = ?",
                fill is None,
                b"LocalCommand",
                one.id,
            )
        if self.on_post is not None:
            self.on_post(one.user)

    def executed(self, user: bytes, device: bytes, counter: int) -> tuple[str, int, int] | None:
        """A part of a dated command was carried out: its service, which part, of how many.

        None where no such command is known, or all its parts were told of.
        """
        row = self._store.row(
            "SELECT id, service, executed + 1, instructions FROM requests WHERE user = ? "
            "AND device = ? AND counter = ? AND instructions > executed LIMIT 1",
            user,
            device,
            counter.to_bytes(8, "big"),
        )
        if row is None:
            return None
        self._store.run("UPDATE requests SET executed = ? WHERE id = ?", row[2], row[0])
        return row[1], row[2], row[3]

    def recover(self, now: datetime) -> int:
        """After a start: what was with a device when the gateway ended has no answer (E21).

        Its device may have carried it out, so it is not sent again. How many there were.
        """
        rows = self._store.rows(f"SELECT {_COLUMNS} FROM requests WHERE state = 'sending'")
        for row in rows:
            self.failed(_open(row), "E21", now)
        return len(rows)

    def expire(self, device: bytes, now: datetime) -> None:
        """Give up what has waited too long for a device without a link (E20)."""
        latest = milliseconds(now) - choices.LINK_PATIENCE_S * 1000
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM requests WHERE device = ? AND state = 'waiting' AND "
            "max(since, due) <= ?",
            device,
            latest,
        )
        for row in rows:
            self.failed(_open(row), "E20", now)
