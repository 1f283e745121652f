"""The gateway: a request comes in, its answer goes out; what devices say goes to their users."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from lxml import etree

from host_tools.dcc import answers, choices, local, rules
from host_tools.dcc.answers import Answer, Signer
from host_tools.dcc.broker import Broker, Made
from host_tools.dcc.inventory import Device, Inventory
from host_tools.dcc.lines import Line, Taker
from host_tools.dcc.post import EVERYBODY, Poster
from host_tools.dcc.requests import Open, Requests
from host_tools.dcc.rules import Refused
from host_tools.dcc.schedules import Due, Schedules
from host_tools.dcc.smki import AGREEMENT, KeyStore
from host_tools.dcc.store import Store
from host_tools.dcc.to_dcc import ToDcc
from host_tools.duis import document, signature
from host_tools.duis.credentials import Credentials
from host_tools.duis.document import Element, Request
from host_tools.duis.errors import DuisError
from host_tools.duis.schema import Schema
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import Message, decode, examine
from host_tools.keys import KeyRing, Parties
from host_tools.mmc import alerts, wire
from host_tools.mmc.document import MmcError
from host_tools.mmc.document import make as make_mmc
from host_tools.srv.variants import all_variants

__all__ = ["Gateway", "Known", "Unreadable"]

_LOG = logging.getLogger(__name__)
_MOST_WHY = 300  # characters of a reason
_TICK = 0.5  # seconds between two looks at schedules and times
_COMMISSION, _JOIN, _UNJOIN = "8.1.1", ("8.7.1", "8.7.2"), ("8.8.1", "8.8.2")
_CHANGE_OWNER = "6.23"  # through the transitional change of supplier party
_MOST_ALERT = 0xFFFF  # an alert code has two octets
_LATER = (0x8F66, 0x8F67)  # alert codes: a part of a dated command was carried out, or was not
# Where an alert of them has the counter of that command; in the first one two octets before it.
_COUNTERS = (
    "body.2",
    "asn1/counter",
    "asn1/executionOutcome/authorisingRemotePartySeqNumber",
)
_LOCAL, _BOTH = (2, 6), (3, 7)  # command variants: for local delivery; and over the WAN, too


class Unreadable(Exception):
    """A document that no DUIS response can answer; the text says why."""


@dataclass(frozen=True)
class Known:
    """What the gateway works with: keys, credentials, the schema, listeners by user."""

    ring: KeyRing
    parties: Parties
    credentials: Credentials
    schema: Schema | None = None
    listeners: Mapping[bytes, str] = field(default_factory=dict[bytes, str])
    hubs: Path | None = None
    # By role, of devices whose owner the inventory does not know yet.
    owners: Mapping[bytes, Mapping[str, bytes]] = field(
        default_factory=dict[bytes, Mapping[str, bytes]]
    )


class Gateway:
    """Serves requests from many threads; devices and listeners have threads of their own."""

    def __init__(self, store: Store, known: Known) -> None:
        self.store = store
        self.known = known
        self.refused: Counter[str] = Counter()
        self.sign = Signer(known.credentials)
        self.inventory = Inventory(store, known.hubs)
        self.schedules = Schedules(store)
        self.requests = Requests(store, self.sign)
        self.key_store = KeyStore(store, known.parties, known.credentials)
        self.broker = Broker(store, self.inventory, self.key_store, known.ring, known.parties)
        self.poster = Poster(store, known.listeners)
        self.requests.on_post = self.poster.wake
        self.lines: dict[bytes, Line] = {}
        self.taker = Taker(self.response, self.alert)
        self._to_dcc = ToDcc(
            self.inventory,
            self.schedules,
            lambda: self.key_store.certificate(self.broker.acb, AGREEMENT),
            lambda request: local.take(request, self.requests, known.ring, self._carried_out),
            self._tried,
        )
        self._ended = Event()
        self._clock = Thread(target=self._tick, daemon=True)

    # --- Its life --------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what an earlier gateway left, then begin: links, listeners, schedules."""
        now = datetime.now(UTC)
        for device in self.known.parties.devices:
            if self.inventory.find(device.id) is None:
                self.inventory.add(Device(device.id, device.type, "Commissioned"), now)
        for eui, owners in self.known.owners.items():
            self.inventory.fill_owners(eui, owners)
        self.requests.recover(now)
        users = {party.id for party in self.known.parties.parties}
        users |= {row[0] for row in self.store.rows("SELECT DISTINCT user FROM posts")}
        self.poster.start(sorted(users | set(self.known.listeners) - {EVERYBODY}))
        for line in self.lines.values():
            line.start()
        self._clock.start()

    def close(self) -> None:
        """End in order: what is under way is kept, or is answered at the next start."""
        self._ended.set()
        self._clock.join()
        for line in self.lines.values():
            line.close()
        self.poster.close()
        self.store.close()

    def _tick(self) -> None:
        while not self._ended.wait(_TICK):
            try:
                self.pass_time(datetime.now(UTC))
            except sqlite3.Error:
                pass  # such as a full disk: the next look may find it mended
            except Exception:  # whatever it is, the clock goes on for all others
                _LOG.exception("the gateway's clock")

    def pass_time(self, now: datetime) -> None:
        """Do what is due: schedules, commands for later, commands that nobody can take."""
        for due in self.schedules.due(now):
            self._run(due, now)
        for device in self.requests.due(now):
            line = self.lines.get(device)
            if line is not None:
                line.wake()
            if line is None or not line.up:
                self.requests.expire(device, now)

    def _run(self, due: Due, now: datetime) -> None:
        """A run of a schedule, apart from all others; its user is told where it is refused."""
        with self.store.change():
            self.schedules.advance(due, now)
            counter = self.schedules.counter(due)
            one = Open(
                0, due.user, due.device, counter, due.service, b"", None, due.schedule, None
            )
            try:
                made = self._tried(due.request(counter), now)
            except Refused as refusal:
                self._refuse(refusal, f"schedule {due.schedule}")
                self.requests.failed(one, refusal.code, now)
            except sqlite3.Error:
                raise
            except Exception:  # of this run alone
                _LOG.exception("schedule %d", due.schedule)
                self.requests.failed(one, choices.FAULT, now)
            else:
                self.requests.schedule(replace(one, command=made.octets), made.due, now)

    def _tried(self, request: Request, now: datetime) -> Made:
        """What a request of a schedule becomes, as its user may send it; Refused."""
        role = self.broker.role(request.originator)
        rules.check(request, "S", role, role is not None)
        return self._made(request, role, now)

    def _refuse(self, refusal: Refused, what: str) -> None:
        """Count a refusal, and tell why on stderr; a user gets its code alone."""
        self.refused[refusal.code] += 1
        why = "".join(c if c.isprintable() else " " for c in str(refusal))
        _LOG.warning("%s: %s: %s", what, refusal.code, why[:_MOST_WHY])

    # --- Requests --------------------------------------------------------------------------------

    def serve(self, service: str, data: bytes, now: datetime | None = None) -> bytes:
        """The signed answer to a document that came to service T, S or D; Unreadable."""
        now = now or datetime.now(UTC)
        try:
            request = document.request(data)
        except DuisError as error:
            raise Unreadable(str(error)) from None
        if request.service not in all_variants():
            raise Unreadable(f"no service reference variant {request.service[:20]!r}")
        verified = None
        try:
            verified = self._verified(data, request, now)
            return self._accept(service, verified, data, now)
        except Refused as refusal:
            return self._turned_down(request, verified, data, refusal, now)
        except sqlite3.Error:
            raise  # it was not kept: the client may send it again
        except Exception:  # of this request alone, and nothing of it is kept
            _LOG.exception("%s", request.identity)
            return self._answer(request, choices.FAULT, None, now)

    def _turned_down(
        self,
        request: Request,
        verified: Request | None,
        data: bytes,
        refusal: Refused,
        now: datetime,
    ) -> bytes:
        """The answer to a request that is refused; the log has both where its user sent it.

        It has nothing of a RequestID that another request has: that one's answer is the log's.
        """
        self._refuse(refusal, request.identity)
        answer = self._answer(request, refusal.code, None, now)
        if verified is not None and refusal.code != choices.SAME_ID:
            with self.store.change():
                self.store.log(data, now)
                self.store.log(answer, now)
        return answer

    def _verified(self, data: bytes, request: Request, now: datetime) -> Request:
        """The request as it was signed; Refused."""
        try:
            if self.known.schema is not None:
                self.known.schema.check(request.root)
        except DuisError as error:
            raise Refused(choices.NOT_VALID, str(error)) from None
        try:
            verified = signature.verify(data, self.known.credentials, now)
            return document.request(etree.tostring(verified.root))
        except DuisError as error:
            raise Refused(choices.NOT_SIGNED, str(error)) from None

    def _accept(self, service: str, request: Request, data: bytes, now: datetime) -> bytes:
        role = self.broker.role(request.originator)
        with self.store.change():
            earlier = self.requests.earlier(request, data)
            if earlier is not None:
                return earlier
            rules.check(request, service, role, role is not None)
            made: Made | None = None
            waits = False
            if request.variant == 8:
                code, fill = self._to_dcc.answer(request, role, now)
            else:
                made = self._made(request, role, now)
                code, fill, waits = self._first(request, made)
            answer = self._answer(request, code, fill, now)
            self.store.log(data, now)
            self.store.log(answer, now)
            self.requests.accept(request, data, answer, made, waits, now)
        if waits and request.target in self.lines:
            self.lines[request.target].wake()
        return answer

    def _made(self, request: Request, role: str | None, now: datetime) -> Made:
        device = self.inventory.known(request.target)
        if request.service != _CHANGE_OWNER:  # the supplier to be asks, not the one that is
            rules.check_owner(device.owner(role), request.originator)
        rules.check_device(request, device.type, device.status)
        return self.broker.make(request, device, now)

    def _first(self, request: Request, made: Made) -> tuple[str, answers.Fill | None, bool]:
        """What is said at once, and whether a command goes to the device."""
        if request.variant == 4:
            first = ("GBCSVersion", choices.GBCS_VERSION)
            return "I0", answers.inside("PreCommand", made.octets, first), False
        if request.variant in _LOCAL:
            return "I0", answers.inside("LocalCommand", made.octets), False
        if made.cancels:
            self.requests.cancel(request)
            return "I99", None, False
        if request.variant in _BOTH:
            return "I0", answers.inside("LocalCommand", made.octets), True
        return "I99", None, True

    def _answer(
        self, request: Request, code: str, fill: answers.Fill | None, now: datetime
    ) -> bytes:
        answer = Answer(
            request.originator,
            request.target,
            request.counter,
            request.service,
            code,
            fill=fill,
        )
        return self.sign(answers.response(answer, now), now)

    # --- What devices say ------------------------------------------------------------------------

    def response(self, one: Open, octets: bytes, counter: int) -> None:
        """Keep a device's response, and what it changes here."""
        with self.store.change():
            self.requests.answered(one, octets, counter, datetime.now(UTC))
            self._carried_out(one, octets)

    def _carried_out(self, one: Open, octets: bytes) -> None:
        """What a device's response changes here."""
        if one.service in (_COMMISSION, _CHANGE_OWNER, *_JOIN, *_UNJOIN) and self._success(
            one, octets
        ):
            self._changed(one, datetime.now(UTC))

    def _success(self, one: Open, octets: bytes) -> bool:
        try:
            message = decode(octets, self.known.ring)
            asked = examine(one.command, self.known.ring)
            return bool(make_mmc(message, self.known.ring, one.service, asked).success)
        except (DecodeError, MmcError):
            return False

    def _changed(self, one: Open, now: datetime) -> None:
        if one.service == _COMMISSION:
            self.inventory.set_status(one.device, "Commissioned", now)
        elif one.service == _CHANGE_OWNER:
            self.inventory.set_supplier(one.device, one.user)
        elif one.other is not None:
            self.inventory.join(one.device, one.other, one.service in _JOIN)

    def alert(self, octets: bytes) -> None:
        """Keep an alert for the party that it is for; one that cannot be read is dropped."""
        try:
            message = examine(octets, self.known.ring)
            code, _ = alerts.code_and_time(wire.read(message))
        except DecodeError:
            self.refused["alert"] += 1
            return
        if code is not None and not 0 <= code <= _MOST_ALERT:
            self.refused["alert"] += 1
            return
        head = message.header
        user = head.target
        if user == self.broker.acb and head.supplementary_party is not None:
            user = head.supplementary_party
        now = datetime.now(UTC)
        with self.store.change():
            root = self._later(user, message, code, octets, now)
            if root is None:
                root = answers.alert(user, head.originator, head.counter, code or 0, octets, now)
            self.store.post(user, self.sign(root, now), now)
        self.poster.wake(user)

    def _later(
        self, user: bytes, message: Message, code: int | None, octets: bytes, now: datetime
    ) -> Element | None:
        """The response that tells that a part of a dated command was carried out, or was not."""
        if code not in _LATER:
            return None
        read = wire.read(message)
        found = next((read.first(place) for place in _COUNTERS if read.first(place)), None)
        counter = int.from_bytes(found[2:10], "big") if isinstance(found, bytes) else found
        head = message.header
        if not isinstance(counter, int) or not 0 <= counter < 1 << 64:
            return None
        told = self.requests.executed(user, head.originator, counter)
        if told is None:
            return None
        service, number, total = told
        fill = answers.inside(
            "FutureDatedDeviceAlertMessage",
            octets,
            ("FutureDatedAlertCode", f"{code:04X}"),
            InstructionNumber=str(number),
            TotalCommandInstructions=str(total),
        )
        answer = Answer(user, head.originator, counter, service, "I0", head.counter, fill)
        return answers.response(answer, now)
