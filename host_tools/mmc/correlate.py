"""Which response answers which request, and which do not.

A request and its response share the remote party, the device and the counter (RequestID and
ResponseID). What waits for its answer is bounded: the oldest is given up, and told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from host_tools.mmc.records import Record

# Seconds after which an answer is late. The DCC's own limits are not public; a user's is given
# by --late.
LATE_AFTER = 60
# Requests, and answers without one, that are remembered at once.
MOST_WAITING = 50_000

ANSWERED, LATE, REPEATED, UNEXPECTED = "answered", "late", "repeated", "unexpected"
_TO_DCC = 8
DONE = "I0"  # the DCC itself has answered: a pre-command, or what concerns no device
SCHEDULED = "scheduled"  # a schedule of the DCC has asked: no request of the log did
MISSING, REFUSED, ALERT, EARLY = "missing", "refused", "alert", "early"
BAD = (LATE, REPEATED, UNEXPECTED, MISSING, EARLY)


@dataclass(frozen=True)
class Asked:
    """A request that waits, or was answered (`times`)."""

    where: str
    request_id: str
    srv: str | None
    time: datetime | None
    octets: bytes
    times: int = 0
    due: datetime | None = None  # until when the DCC keeps it
    to_dcc: bool = False  # command variant 8: no device will answer


@dataclass(frozen=True)
class Match:
    """What became of a record: `status`, and the request that it belongs to, if there is one."""

    status: str
    asked: Asked | None = None
    seconds: float | None = None


class Correlator:
    """Takes records in the order of a log."""

    def __init__(self, late: float = LATE_AFTER, most: int = MOST_WAITING) -> None:
        self.late = late
        self.most = most
        self.given_up = 0
        self._asked: dict[tuple[bytes, bytes, int], Asked] = {}
        self._early: dict[tuple[bytes, bytes, int], str] = {}

    def ask(self, record: Record) -> Match | None:
        """Remember a request; a Match if its answer was there before it.

        The command that a DUIS request became is no second request: its octets are kept.
        """
        held = self._asked.pop(record.key, None)
        if held is not None and held.times:
            held = None  # a new request with an old counter
        self._asked[record.key] = Asked(
            held.where if held else record.where,
            record.request_id,
            record.srv or (held.srv if held else None),
            (held.time if held else None) or record.time,
            record.octets or (held.octets if held else b""),
            due=record.due or (held.due if held else None),
            to_dcc=record.variant == _TO_DCC,
        )
        if len(self._asked) > self.most:
            self._asked.pop(next(iter(self._asked)))
            self.given_up += 1
        early = self._early.pop(record.key, None)
        if early is None:
            return None
        self._count(record.key)
        return Match(EARLY, self._asked[record.key])

    def answer(self, record: Record) -> Match:
        """What a response is: the answer to a request, in time or late, a repeat, unexpected."""
        if record.scheduled:
            return Match(SCHEDULED)
        asked = self._asked.get(record.key)
        if asked is None:
            self._early[record.key] = record.where
            if len(self._early) > self.most:
                self._early.pop(next(iter(self._early)))
                self.given_up += 1
            return Match(UNEXPECTED)
        self._count(record.key)
        if asked.times:
            return Match(REPEATED, asked)
        seconds = None
        if asked.time is not None and record.time is not None:
            seconds = (record.time - max(asked.time, asked.due or asked.time)).total_seconds()
        late = seconds is not None and seconds > self.late
        return Match(LATE if late else ANSWERED, asked, seconds)

    def refuse(self, record: Record) -> Match:
        """A document without a message: it says that the request was taken, or refused."""
        asked = self._asked.get(record.key)
        refused = (record.code or "").startswith("E")
        if asked is not None:
            # A device still answers what the DCC says I99 to, and a command for local delivery.
            done = asked.to_dcc or (record.code == DONE and not record.local)
            if refused or done:
                self._count(record.key)
        return Match(REFUSED if refused else "acknowledged", asked)

    def _count(self, key: tuple[bytes, bytes, int]) -> None:
        # Its octets are no longer needed.
        held = self._asked[key]
        self._asked[key] = replace(held, octets=b"", times=held.times + 1)

    def missing(self) -> Iterator[Asked]:
        """The requests that nothing has answered, in their order."""
        for asked in self._asked.values():
            if not asked.times:
                yield asked
