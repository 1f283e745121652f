"""A gateway that is killed at any moment has lost no request that it acknowledged, and its device
gets no command twice. The gateway is a process; its device and the listener live on here."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from threading import Lock, Thread

import pytest
from dcc_bench import (
    DEVICES,
    HOME,
    SUPPLIER,
    Here,
    Listener,
    code,
    dashed,
    free_port,
    load,
    make_pki,
    text,
)
from lxml import etree

from host_tools.bench import BenchClient, Silence, TcpTransport
from host_tools.dcc.gateway import Gateway, Known
from host_tools.dcc.lines import Line, opener
from host_tools.dcc.server import App, Server
from host_tools.dcc.store import Store
from host_tools.duis import new, signature

GPF = bytes.fromhex(DEVICES["gpf"])


class Far:
    """A device behind TCP, which outlives who talks to it."""

    def __init__(self) -> None:
        self.device = Here("gpf")
        load("gpf")(BenchClient(self.device))
        self._turn = Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("r") as lines, suppress(OSError):
            for line in lines:
                said = self._carry_out(line.strip())
                time.sleep(random.random() / 200)
                client.sendall(said.encode())

    def _carry_out(self, line: str) -> str:
        """What the device says to one line; the next line waits, whoever sends it."""
        said = ""
        with self._turn, suppress(Silence):
            self.device.send(line)
            while True:
                said += f"{self.device.receive(0)}\n"
        return said

    def close(self) -> None:
        self._socket.close()


def serve(folder, credentials, listener, address, port) -> None:
    """The gateway's process."""
    known = Known(
        HOME.ring(),
        HOME.parties(),
        credentials,
        None,
        {bytes.fromhex(SUPPLIER): listener},
    )
    gateway = Gateway(Store(folder / "dcc.sqlite"), known)
    begin = opener(lambda: TcpTransport(address), None)
    gateway.lines[GPF] = Line(GPF, begin, gateway.requests, gateway.taker)
    server = Server(App(gateway), (port,))
    gateway.start()
    server.start()
    signal.pause()


class Killed:
    """The gateway's process, and what its user has sent and was told."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.credentials = make_pki(folder)
        self.listener = Listener()
        self.far = Far()
        self.port = free_port()
        self.counter = int(time.time() * 1000)
        self.acknowledged: list[str] = []
        self.pid = 0

    def start(self) -> None:
        self.pid = os.fork()
        if not self.pid:
            try:
                serve(
                    self.folder,
                    self.credentials,
                    self.listener.url,
                    self.far.address,
                    self.port,
                )
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("it does not start")

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0

    def request(self) -> tuple[str, bytes]:
        self.counter += 1
        wanted = new.Wanted("4.1.1", dashed(SUPPLIER), dashed(DEVICES["gpf"]), self.counter)
        document = new.request(wanted, {}, None).encode()
        signed = signature.sign(document, self.credentials, datetime.now(UTC))
        return f"{wanted.by}:{wanted.to}:{self.counter}", signed

    def send(self, data: bytes) -> str | None:
        """The code of the answer, None where none came."""
        try:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("POST", "/api/v1/serviceS", data)
            octets = connection.getresponse().read()
            connection.close()
            return code(etree.fromstring(octets))
        except (OSError, HTTPException, etree.XMLSyntaxError):
            return None


@pytest.fixture
def killed(tmp_path):
    found = Killed(tmp_path)
    yield found
    found.kill()
    found.far.close()
    found.listener.close()


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_kills(killed, kills):
    random.seed(kills)
    name, data = killed.request()
    for _ in range(kills):
        killed.start()
        ended = Thread(target=lambda: (time.sleep(random.random() / 8), killed.kill()))
        ended.start()
        while ended.is_alive():
            told = killed.send(data)  # again where it had no answer: it is the same request
            if told is not None:
                assert told == "I99"
                killed.acknowledged.append(name)
                name, data = killed.request()
        ended.join()
    killed.start()
    assert killed.send(data) == "I99"
    killed.acknowledged.append(name)
    deadline = time.monotonic() + 120
    documents: dict[str, set[bytes]] = {}
    while time.monotonic() < deadline and len(documents) < len(killed.acknowledged):
        time.sleep(0.05)
        documents = {}
        for octets in list(killed.listener.got):
            root = etree.fromstring(octets)
            documents.setdefault(text(root, "RequestID"), set()).add(octets)
    killed.kill()
    assert set(documents) == set(killed.acknowledged)
    # A response may come again, but no other one.
    assert all(len(octets) == 1 for octets in documents.values())
    commands = killed.far.device.commands
    assert len(commands) == len(set(commands)) <= len(killed.acknowledged)
    codes = [code(etree.fromstring(min(octets))) for octets in documents.values()]
    assert set(codes) <= {"I0", "E21"}
    assert codes.count("I0") and codes.count("E21") <= kills
