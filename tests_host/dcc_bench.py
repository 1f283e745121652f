"""A gateway of this process with devices of this process, a user, and the user's listener."""

from __future__ import annotations

import base64
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, RLock, Thread
from typing import Any

from living import InProcess
from lxml import etree

from host_tools import fragments
from host_tools.bench import BenchClient
from host_tools.dcc.gateway import Gateway, Known
from host_tools.dcc.lines import Line, opener
from host_tools.dcc.server import App, Server
from host_tools.dcc.store import Store
from host_tools.duis import command, new, pki, signature
from host_tools.duis.credentials import Credentials
from host_tools.duis.schema import Schema
from host_tools.testkeys import PARTIES, Home, make_home

# The firmware is for one thread: devices of this process take turns.
_TURN = RLock()
SR = "{http://www.dccinterface.co.uk/ServiceUserGateway}"
DEVICES = {"esme": "02534D45545300A0", "gsme": "02534D45545300A1", "gpf": "02534D45545300A3"}
SUPPLIER, OPERATOR, DCC = "02534D4554530100", "02534D4554530200", "02534D4554530002"
OTHER = "02534D4554530F00"  # another user, such as one who asks a customer for a number
USERS = (SUPPLIER, OPERATOR, OTHER)
HOME = make_home(
    [(role.upper(), eui) for role, eui in DEVICES.items()],
    "tests of the gateway",
    (*PARTIES, ("other", OTHER)),
)


class Here(InProcess):
    """A device of this process; `commands` are those that it got, `answers` whether it does."""

    def __init__(self, role: str) -> None:
        self.commands: list[bytes] = []
        self.answers = True
        with _TURN:
            super().__init__(role, None)

    def send(self, line: str) -> None:
        """Carry it out, while no other device is busy."""
        if line.startswith("GBCS:DATA#"):
            self.commands.append(bytes.fromhex(line.rpartition(":")[2]))
            if not self.answers:
                return
        with _TURN:
            super().send(line)

    def say(self, line: str) -> None:
        """What a device says by itself."""
        self._lines.append(line)


def dashed(eui: str) -> str:
    return bytes.fromhex(eui).hex("-").upper()


class Listener:
    """A user's listener: keeps what is posted, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.status = 204
        self._news = Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                data = self.rfile.read(length)
                if len(data) < length:  # who posted it has ended
                    self.close_connection = True
                    return
                with outer._news:
                    if outer.status < 500:
                        outer.got.append(data)
                    outer._news.notify_all()
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """A client that went away."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/smartdcc/duis"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def wait(self, count: int, seconds: float = 20) -> list[bytes]:
        """What has come, once there are so many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.got) >= count, seconds), self.got
            return list(self.got)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Bench:
    """What a test has: `folder` is where the gateway keeps its file."""

    folder: Path
    listener: Listener
    credentials: Credentials
    gateway: Gateway
    server: Server
    devices: dict[str, Here]
    counter: int = field(default_factory=lambda: int(time.time() * 1000))

    def request(
        self,
        service: str,
        role: str = "esme",
        values: dict[str, str] | None = None,
        by: str = SUPPLIER,
        counter: int = 0,
        **more: Any,
    ) -> bytes:
        """A signed request."""
        if not counter:
            self.counter += 1
        to = dashed(DEVICES.get(role, role))
        wanted = new.Wanted(service, dashed(by), to, counter or self.counter, **more)
        text = new.request(wanted, values or {}, self.gateway.known.schema)
        return self.signed(text.encode())

    def signed(self, data: bytes) -> bytes:
        return signature.sign(data, self.credentials, datetime.now(UTC))

    def post(self, service: str, data: bytes) -> tuple[int, bytes]:
        """Send it: HTTP status and answer."""
        connection = HTTPConnection("127.0.0.1", self.server.ports[0], timeout=20)
        headers = {"Content-Type": "application/xml"}
        connection.request("POST", f"/api/v1/service{service}", data, headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def ask(self, service: str, data: bytes) -> Any:
        """Send it: the answer, whose signature holds."""
        status, octets = self.post(service, data)
        assert status == 200, octets
        return self.read(octets)

    def read(self, octets: bytes) -> Any:
        """A document of the DCC, verified."""
        verified = signature.verify(octets, self.credentials, datetime.now(UTC))
        assert verified.kind == "Response"
        if self.gateway.known.schema is not None:
            self.gateway.known.schema.check(etree.fromstring(octets))
        return verified.root

    def critical(
        self, service: str, role: str, values: dict[str, str] | None = None, **more: Any
    ) -> Any:
        """A critical request as a user sends it: transform, sign, send; what was said at last."""
        first = self.request(service, role, values, **more)
        answer = self.ask("T", first)
        assert code(answer) == "I0"
        pre_command = base64.b64decode(text(answer, "PreCommand/GBCSPayload"))
        signed = command.sign(pre_command, HOME.parties())
        return self.ask("S", self.signed(with_pre_command(first, signed)))


def with_pre_command(request: bytes, signed: bytes) -> bytes:
    """The request of a signed pre-command: variant 5, the same RequestID."""
    root = etree.fromstring(request)
    variant = root.find(f"{SR}Header/{SR}CommandVariant")
    body = root.find(f"{SR}Body")
    assert variant is not None and body is not None
    variant.text = "5"
    for item in list(body):
        body.remove(item)
    inner = etree.SubElement(etree.SubElement(body, f"{SR}SignedPreCommand"), f"{SR}GBCSPayload")
    inner.text = base64.b64encode(signed).decode()
    return etree.tostring(root)


def code(root: Any) -> str:
    return text(root, "Header/ResponseCode")


def text(root: Any, path: str) -> str:
    """The text of an element at the end of a path, wherever it begins."""
    found = root.find(".//" + "/".join(f"{SR}{name}" for name in path.split("/")))
    assert found is not None, etree.tostring(root)
    return found.text or ""


def payload(root: Any) -> bytes:
    return base64.b64decode(text(root, "GBCSPayload"))


def load(role: str, home: Home = HOME, state: dict[str, Any] | None = None):
    """What a device of the bench is given: its keys, a state and the time."""

    def into(client: BenchClient) -> None:
        keys = {**home.keys[DEVICES[role]], "device": role.upper()}
        fragments.load(client.control, state, keys)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        client.control("CLOCK", {"time": now, "status": "reliable"})

    return into


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def make_pki(folder: Path) -> Credentials:
    if not (folder / "xml").exists():
        pki.write(folder / "xml", [bytes.fromhex(eui) for eui in USERS])
    return Credentials.load(folder / "xml" / "credentials.json")


@contextmanager
def bench(
    folder: Path,
    roles: tuple[str, ...] = tuple(DEVICES),
    patience: int = 30,
    port: int = 0,
    url: str = "",
    state: dict[str, Any] | None = None,
):
    """A gateway with devices of this process; `url` is a listener in the place of its own."""
    listener = Listener()
    credentials = make_pki(folder)
    known = Known(
        HOME.ring(),
        HOME.parties(),
        credentials,
        Schema.find(),
        {bytes.fromhex(eui): url or listener.url for eui in USERS},
    )
    gateway = Gateway(Store(folder / "dcc.sqlite"), known)
    devices = {role: Here(role) for role in roles}
    for role, device in devices.items():
        eui = bytes.fromhex(DEVICES[role])
        begin = opener(lambda device=device: device, load(role, HOME, state))
        gateway.lines[eui] = Line(eui, begin, gateway.requests, gateway.taker)
    server = Server(App(gateway), (port,), patience)
    gateway.start()
    server.start()
    try:
        yield Bench(folder, listener, credentials, gateway, server, devices)
    finally:
        server.close()
        gateway.close()
        listener.close()
