"""The devices' bench links: one thread for each takes its commands in order, and its alerts."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread

from host_tools.bench import BenchClient, BenchError, Refusal, Transport
from host_tools.dcc import choices, local
from host_tools.dcc.requests import Open, Requests
from host_tools.gbcs.errors import DecodeError
from host_tools.mmc.records import of_message

__all__ = ["Line", "Taker", "opener"]

_IDLE = 0.2  # seconds between two looks for what a device says by itself
_GLANCE = 0.001
_AGAIN = 1.0  # seconds until a link that could not be opened is tried again


@dataclass(frozen=True)
class Taker:
    """What a line does with what comes: a response to a request, an alert. And how it begins."""

    response: Callable[[Open, bytes, int], None]
    alert: Callable[[bytes], None]


class Line:
    """The link of one device. `open` makes the transport, and loads the device, if it is ours."""

    def __init__(
        self,
        device: bytes,
        opener: Callable[[], BenchClient],
        requests: Requests,
        taker: Taker,
        ticks: bool = False,
    ) -> None:
        """`ticks`: the device is a process of ours, whose time passes as it is told."""
        self.device = device
        self.error = ""
        self._opener = opener
        self._requests = requests
        self._taker = taker
        self._ticks = ticks
        self._ticked = 0.0
        self._client: BenchClient | None = None
        self._wake = Event()
        self._ended = False
        self._thread = Thread(target=self._run, name=device.hex(), daemon=True)

    @property
    def up(self) -> bool:
        """Whether the link is there."""
        return self._client is not None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is a command."""
        self._wake.set()

    def close(self) -> None:
        """End after the command that is under way."""
        self._ended = True
        self._wake.set()
        self._thread.join(choices.ANSWER_PATIENCE_S + 5)

    def _run(self) -> None:
        while not self._ended:
            try:
                if self._client is None:
                    self._open()
                    self._wake.set()
                woken = self._wake.wait(_IDLE)
                self._wake.clear()
                while woken and not self._ended and self._one():
                    pass
                self._look()
            except (BenchError, OSError, sqlite3.Error) as error:
                self._lose(str(error))
        if self._client is not None:
            self._client.transport.close()

    def _open(self) -> None:
        client = self._opener()
        client.timeout = choices.ANSWER_PATIENCE_S
        client.on_alert = self._taker.alert
        self._client, self.error = client, ""
        self._ticked = time.monotonic()

    def _lose(self, why: str) -> None:
        """The link is gone: say so, and try again later."""
        self.error = why
        if self._client is not None:
            with suppress(OSError):
                self._client.transport.close()
            self._client = None
        with suppress(sqlite3.Error):
            self._requests.expire(self.device, datetime.now(UTC))
        self._wake.wait(_AGAIN)
        self._wake.clear()

    def _one(self) -> bool:
        """Send the next command, if there is one."""
        client = self._client
        assert client is not None
        one = self._requests.take(self.device, datetime.now(UTC))
        if one is None:
            return False
        try:
            octets = client.respond(one.command)
            counter = of_message("", octets).answer
            if not local.answers(octets, one.command):
                raise Refusal("what it gave is no response to its command")
        except (Refusal, DecodeError) as error:
            self.error = str(error)
            self._keep(lambda: self._requests.failed(one, "E21", datetime.now(UTC)))
            return True
        except BenchError:
            # It may have reached the device: it is not sent again.
            self._keep(lambda: self._requests.failed(one, "E21", datetime.now(UTC)))
            raise
        self._keep(lambda: self._taker.response(one, octets, counter or 0))
        return True

    def _keep(self, step: Callable[[], None]) -> None:
        """Keep what came; where the file cannot be written, such as on a full disk, try again."""
        while True:
            try:
                step()
                return
            except sqlite3.Error as error:
                self.error = f"not kept yet: {error}"
                if self._ended:
                    return
                time.sleep(_AGAIN)

    def _look(self) -> None:
        """Let time pass for a device of ours, and take what it says by itself."""
        client = self._client
        assert client is not None
        if self._ticks:
            passed = int(time.monotonic() - self._ticked)
            if passed:
                self._ticked += passed
                client.advance(passed)
        client.listen(_GLANCE)


def opener(transport: Callable[[], Transport], load: Callable[[BenchClient], None] | None):
    """How a line begins: open the transport, and load what a device of ours is to know."""

    def begin() -> BenchClient:
        client = BenchClient(transport())
        if load is not None:
            load(client)
        else:
            client.control("HELLO")
        return client

    return begin
