"""Commands of a bench as requests to a gateway: a device behind the DCC, or an emulation of it.

`smets conform --black-box` sends GBCS commands. Here each becomes the DUIS request that makes that
very command, goes to a gateway as its user would send it, and the response that is posted comes
back. What no request makes (a damaged message, a wrong MAC, a broker's own command) is not sent.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from host_tools.bench import NOT_SENT
from host_tools.duis import command, document, new, signature
from host_tools.duis.credentials import Credentials
from host_tools.duis.document import SR
from host_tools.duis.errors import DuisError
from host_tools.duis.rows import Row, all_rows
from host_tools.duis.schema import Schema
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import Envelope
from host_tools.gbcs.message import examine
from host_tools.gbcs.times import cosem_date_time
from host_tools.keys import KeyRing
from host_tools.mmc import duis as answers
from host_tools.srv.variants import all_variants

__all__ = ["Bridge", "Link", "NotSent", "request_of"]

ADDRESS = "127.0.0.1"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Seconds since 2000 that a period may begin or end with: of 2009 to 2045, a full hour, for ever.
_FIRST, _LAST, _OPEN = 284_000_000, 1_451_000_000, 0xFFFFFFFE
_MOST = 80  # octets of a payload that are looked at for times
_STEPS = (1800, 86400)  # seconds of a sample
_NAMED = re.compile(r"(\w+)='([^']+)'")
_NO_RESPONSE = ("E20", "E21")


class NotSent(Exception):
    """A command that no request makes, or that the gateway refuses; the text says why."""


def _plausible(seconds: int) -> bool:
    early = seconds < _FIRST and seconds % 3600 == 0
    return early or _FIRST <= seconds <= _LAST or seconds == _OPEN


def _iso(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moments(payload: bytes) -> Iterator[tuple[int, str]]:
    """Places in a payload that may be a time, and that time: u32 seconds, or a date-time."""
    for at in range(min(len(payload), _MOST) - 3):
        for order in ("big", "little"):
            seconds = int.from_bytes(payload[at : at + 4], order)
            if _plausible(seconds):
                yield at, _iso(seconds)
        moment = cosem_date_time(payload[at : at + 12]).moment if len(payload) >= at + 12 else None
        if moment is not None:
            yield at, moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _periods(payload: bytes) -> Iterator[tuple[str, str]]:
    """Begin and end that a payload may hold: two times, or a time and a number of samples."""
    moments = list(_moments(payload))
    for at, begin in moments:
        for later, end in moments:
            if 4 <= later - at <= 16 or 4 <= at - later <= 16:
                yield begin, end
    for at in range(min(len(payload), _MOST) - 6):
        seconds = int.from_bytes(payload[at : at + 4], "little")
        samples = int.from_bytes(payload[at + 5 : at + 7], "little")
        if _plausible(seconds) and samples:
            for step in _STEPS:
                yield _iso(seconds), _iso(seconds + (samples - 1) * step)


def _values(row: Row, payload: bytes) -> Iterator[dict[str, str]]:
    """What the body of a request may hold to make this payload, the simplest first."""
    text = " ".join(row.source)
    for each in _NAMED.findall(row.when) or [None]:
        named = dict([each]) if each else {}
        if "RestrictionDateTime" in text:
            for _, moment in _moments(payload):
                yield {**named, "RestrictionDateTime": moment}
        elif "period" in text or "ReadLogPeriod" in text:
            for begin, end in _periods(payload):
                period = {"ReadLogPeriod/StartDateTime": begin, "ReadLogPeriod/EndDateTime": end}
                yield {**named, **period}
        else:
            yield named


def request_of(octets: bytes, ring: KeyRing, now: datetime) -> bytes:
    """The request (unsigned) that makes a command: NotSent where none does."""
    try:
        message = examine(octets, ring)
        split = command.envelope(octets)
    except (DecodeError, DuisError) as error:
        raise NotSent(f"no command: {error}") from None
    wrong = [check.name for check in message.checks if not check.passed]
    head = split.header
    if head.cra != 1 or wrong or not split.mac:
        raise NotSent("the DCC sends no damaged command" if wrong else "no command")
    if head.supplementary_party is not None or head.originator in ring.brokers:
        raise NotSent("the DCC's own commands have its own counter")
    # The gateway takes the newest form of a use case.
    rows = [row for row in all_rows() if row.code == head.message_code and not row.old]
    if split.signature:
        return _signed(split, rows)
    for row in rows:
        for service in row.services:
            found = _plain(row, service, split, ring, now)
            if found is not None:
                return found
    raise NotSent(f"no request makes this command of message code {head.message_code:04X}")


@cache
def schema() -> Schema | None:
    """The schema of DUIS_DIR, None where there is none."""
    return Schema.find()


def _wanted(split: Envelope, service: str, variant: int, name: str) -> new.Wanted:
    head = split.header
    by, to = head.originator.hex(), head.target.hex()
    return new.Wanted(service, by, to, head.counter, name, variant)


def _plain(row: Row, service: str, split: Envelope, ring: KeyRing, now: datetime) -> bytes | None:
    """The request of a service whose command is this one, octet for octet."""
    head = split.header
    known = command.Device(ring.device_type(head.target) or "", ring.role(head.originator) or "")
    same = split.data[head.start : head.content[1]]
    for name in new.requests_of(service):
        if name not in row.requests:
            continue
        for values in _values(row, split.data[slice(*head.content)]):
            wanted = _wanted(split, service, 1, name)
            try:
                text = new.request(wanted, values, None).encode()
                plan = command.plan(document.request(text), known, now=now)
                if plan.pre_command == same:
                    return new.request(wanted, values, schema()).encode()  # in its order
            except (DuisError, ValueError):
                continue
    return None


def _signed(split: Envelope, rows: list[Row]) -> bytes:
    """The request that carries a signed pre-command."""
    services = [service for row in rows for service in row.services]
    critical = [service for service in services if all_variants()[service].critical]
    if not critical:
        raise NotSent("no request carries this command")
    wanted = _wanted(split, critical[0], 5, rows[0].requests[0])
    root = etree.fromstring(new.request(wanted, {}, None).encode())
    body = root.find(f"{{{SR}}}Body")
    assert body is not None
    for item in list(body):
        body.remove(item)
    inner = etree.SubElement(body, f"{{{SR}}}SignedPreCommand")
    octets = split.mac_part
    payload = etree.SubElement(inner, f"{{{SR}}}GBCSPayload")
    payload.text = base64.b64encode(octets).decode()
    return etree.tostring(root)


@dataclass(frozen=True)
class _Answer:
    code: str
    payload: bytes


class Bridge:
    """A user of a gateway, with a listener of its own at `url`."""

    def __init__(
        self, gateway: str, ring: KeyRing, credentials: Credentials, port: int = 0
    ) -> None:
        self._gateway = urlsplit(gateway)
        self._ring = ring
        self._credentials = credentials
        self._got: dict[tuple[bytes, bytes, int], _Answer] = {}
        self._news = Condition()
        self._server = ThreadingHTTPServer((ADDRESS, port), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://{ADDRESS}:{self._server.server_address[1]}/smartdcc/duis"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End the listener."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bridge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Take a response: 204, or 400 where it is none of the DCC's."""
                length = self.headers.get("Content-Length", "")
                fits = length.isdecimal() and int(length) <= document.MAX_OCTETS
                taken = fits and bridge.take(self.rfile.read(int(length)))
                self.send_response(204 if taken else 400)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Print nothing."""

        return Handler

    def take(self, octets: bytes) -> bool:
        """A document that came to the listener; whether it is the DCC's."""
        try:
            signature.verify(octets, self._credentials, datetime.now(UTC))
            found = answers.read(octets)
        except (DuisError, answers.DuisError):
            return False
        with self._news:
            key = (found.user, found.device, found.counter)
            self._got[key] = _Answer(found.code or "", found.payload)
            self._news.notify_all()
        return True

    def respond(self, octets: bytes, patience: float = 60.0) -> bytes | None:
        """The device's response to a command, None where it gives none; NotSent."""
        now = datetime.now(UTC)
        text = request_of(octets, self._ring, now)
        asked = document.request(text)
        key = (asked.originator, asked.target, asked.counter)
        self._got.pop(key, None)
        try:
            signed = signature.sign(text, self._credentials, now)
            code = self._post(signed)
        except (DuisError, OSError, HTTPException) as error:
            raise NotSent(str(error)) from None
        if code != "I99":
            raise NotSent(f"the gateway answers {code}")
        with self._news:
            if not self._news.wait_for(lambda: key in self._got, patience):
                raise NotSent(f"no response was posted within {patience:g} s")
            answer = self._got.pop(key)
        if answer.code in _NO_RESPONSE:
            return None
        if answer.code != "I0":
            raise NotSent(f"the gateway answers {answer.code}")
        return answer.payload

    def _post(self, signed: bytes) -> str:
        """The code of the answer to a request; OSError, HTTPException, DuisError."""
        host = self._gateway.hostname or ADDRESS
        connection = HTTPConnection(host, self._gateway.port or 80, timeout=30)
        try:
            headers = {"Content-Type": "application/xml"}
            connection.request("POST", "/api/v1/serviceS", signed, headers)
            reply = connection.getresponse()
            data = reply.read()
        finally:
            connection.close()
        if reply.status != 200:
            raise DuisError(
                f"HTTP {reply.status}: {data[:200].decode('utf-8', 'replace').strip()}"
            )
        signature.verify(data, self._credentials, datetime.now(UTC))
        return answers.read(data).code or ""


class Link:
    """The bench link of a bridge: `host:port` for `smets conform --engine`."""

    def __init__(self, bridge: Bridge, port: int = 0) -> None:
        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                """Answer the lines of one bench."""
                for line in self.rfile:
                    said = _answer(bridge, line.decode("utf-8", "replace").strip())
                    self.wfile.write(said.encode() + b"\n")

        ThreadingTCPServer.allow_reuse_address = True
        self._server = ThreadingTCPServer((ADDRESS, port), Handler)
        self._server.daemon_threads = True
        self.address = f"{ADDRESS}:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


def _answer(bridge: Bridge, line: str) -> str:
    """The line that answers a line of the bench link (docs/bench-link.md)."""
    head, _, rest = line.partition("#")
    number, _, rest = rest.partition(":")
    if head != "GBCS:DATA":
        return _error(number, "not there")
    try:
        octets = bridge.respond(bytes.fromhex(rest.partition(":")[2]))
    except (NotSent, ValueError) as error:
        return _error(number, f"{NOT_SENT}{error}")
    if octets is None:
        return f"GBCS:NONE#{number}:11:no response"
    return f"GBCS:DATA#{number}:{len(octets)}:{octets.hex().upper()}"


def _error(number: str, why: str) -> str:
    text = " ".join(why.split())
    return f"LOG:ERROR#{number}:{len(text)}:{text}"
