"""A device that stays up behind its bench link, reachable at a pty and over TCP on loopback.

The device answers each line in order, with one line or with the blocks of a response. So lines of
several clients go to it as they come, each answer back to the client that asked, and what the
device says by itself (HAN frames, alerts) to all.
"""

from __future__ import annotations

import os
import pty
import selectors
import socket
import time
import tty
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from host_tools.bench import ProcessTransport

__all__ = ["Server"]

# A client that sends a longer line than any device takes is answered and cut off.
_LINE_LIMIT = 16384
# A client with more unread octets than this is dropped.
_BACKLOG_LIMIT = 1 << 22


@dataclass
class _Client:
    """Someone on the pty or a socket."""

    name: str
    descriptor: int
    close: Callable[[], None]
    received: bytearray = field(default_factory=bytearray)
    backlog: bytearray = field(default_factory=bytearray)


class Server:
    """Serves one device process until `run` is interrupted or the process ends."""

    def __init__(self, transport: ProcessTransport, port: int = 0, tick: float = 0.0) -> None:
        """`port` is the TCP port (0: any free one); `tick` seconds of device time a tick."""
        self._transport = transport
        self._tick = tick
        self._selector = selectors.DefaultSelector()
        self._asked: deque[_Client | None] = deque()
        self._from_device = bytearray()
        self._clients: dict[int, _Client] = {}
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        master, self._slave = pty.openpty()
        # Raw, and held open: the pty stays usable between one terminal and the next.
        tty.setraw(self._slave)
        self.pty = os.ttyname(self._slave)
        os.set_blocking(master, False)
        self._add(_Client("pty", master, lambda: os.close(master)))
        self._selector.register(self._listener, selectors.EVENT_READ)
        process = transport.process
        assert process.stdin is not None and process.stdout is not None
        self._device_in, self._device_out = process.stdin.fileno(), process.stdout.fileno()
        self._selector.register(self._device_out, selectors.EVENT_READ)

    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Serve until `stop()` or the end of the device process."""
        due = time.monotonic() + self._tick
        while not stop():
            wait = min(0.2, due - time.monotonic()) if self._tick else 0.2
            for key, events in self._selector.select(max(0.0, wait)):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fd == self._device_out:
                    if not self._read_device():
                        return
                else:
                    self._serve_client(self._clients.get(key.fd), events)
            if self._tick and time.monotonic() >= due:
                due += self._tick
                self._send_tick()

    def close(self) -> None:
        """Close everything, the device process too."""
        for client in list(self._clients.values()):
            self._remove(client)
        self._listener.close()
        os.close(self._slave)
        self._selector.close()
        self._transport.close()

    def _send_tick(self) -> None:
        text = f'{{"seconds":{int(self._tick)}}}'
        self._ask(None, f"CTRL:ADVANCE#0:{len(text)}:{text}\n".encode())

    def _add(self, client: _Client) -> None:
        self._clients[client.descriptor] = client
        self._selector.register(client.descriptor, selectors.EVENT_READ)

    def _accept(self) -> None:
        connection, address = self._listener.accept()
        connection.setblocking(False)
        self._add(_Client(f"{address[0]}:{address[1]}", connection.fileno(), connection.close))

    def _remove(self, client: _Client) -> None:
        self._selector.unregister(client.descriptor)
        del self._clients[client.descriptor]
        client.close()

    def _serve_client(self, client: _Client | None, events: int) -> None:
        if client is None:
            return
        if events & selectors.EVENT_WRITE:
            self._flush(client)
        if events & selectors.EVENT_READ and client.descriptor in self._clients:
            self._read_client(client)

    def _read_client(self, client: _Client) -> None:
        try:
            data = os.read(client.descriptor, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._remove(client)
            return
        client.received += data.replace(b"\r", b"\n")
        while (end := client.received.find(b"\n")) >= 0:
            line = bytes(client.received[:end]).strip()
            del client.received[: end + 1]
            if line:
                self._ask(client, line + b"\n")
        if len(client.received) > _LINE_LIMIT:
            client.received.clear()
            self._give(client, b"LOG:ERROR#0:13:line too long.\n")

    def _ask(self, client: _Client | None, line: bytes) -> None:
        self._asked.append(client)
        view = memoryview(line)
        while view:
            view = view[os.write(self._device_in, view) :]

    def _read_device(self) -> bool:
        data = os.read(self._device_out, 65536)
        self._from_device += data
        while (end := self._from_device.find(b"\n")) >= 0:
            line = bytes(self._from_device[: end + 1])
            del self._from_device[: end + 1]
            if line.startswith((b"ZCL:FRAME", b"GBCS:ALERT")):
                for client in list(self._clients.values()):
                    self._give(client, line)
            elif self._asked:
                client = self._asked[0]
                if not _goes_on(line):
                    self._asked.popleft()
                if client is not None and client.descriptor in self._clients:
                    self._give(client, line)
        return bool(data)

    def _give(self, client: _Client, line: bytes) -> None:
        client.backlog += line
        if len(client.backlog) > _BACKLOG_LIMIT and client.name != "pty":
            self._remove(client)
        else:
            self._flush(client)

    def _flush(self, client: _Client) -> None:
        try:
            sent = os.write(client.descriptor, client.backlog)
            del client.backlog[:sent]
        except BlockingIOError:
            # Nobody reads the pty, so its output is dropped and does not wait for the next reader.
            if client.name == "pty":
                client.backlog.clear()
        except OSError:
            self._remove(client)
            return
        events = selectors.EVENT_READ
        if client.backlog:
            events |= selectors.EVENT_WRITE
        self._selector.modify(client.descriptor, events)


def _goes_on(line: bytes) -> bool:
    """Whether a line is a block after which more of the same response follow."""
    event, _, rest = line.partition(b"#")
    if event != b"GBCS:BLOCK":
        return False
    return bool(int(rest.split(b":", 2)[2][2:4], 16) & 0x40)
