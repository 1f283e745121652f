"""A device that stays up behind its bench link, reachable at a pty and over TCP on loopback.

The device answers each line in order, with one line or with the blocks of a response; the n of the
line is in each of them. A client has one line with the device at a time; its others wait here,
and are only read from it as far as there is room. What the device says by itself (HAN frames,
alerts) goes to all. Nothing here waits for anyone: not for a client to read, nor for the device.
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
from contextlib import suppress
from dataclasses import dataclass, field

from host_tools.bench import DAY, ProcessTransport

__all__ = ["Server"]

# A client that sends a longer line than any device takes is answered so.
_LINE_LIMIT = 16384
# So many octets of a client's lines wait; the rest stays with the client until there is room.
_AHEAD_LIMIT = 65536
# A client that has so many octets left to read gets no further line answered...
_UNREAD_LIMIT = 65536
# ... and beyond this it is dropped: what the device says by itself cannot wait.
_BACKLOG_LIMIT = 1 << 20
# A reader of the pty is not known: octets that are not read within so many seconds are dropped.
_PTY_PATIENCE = 5.0
# After a connection that could not be taken, so many seconds pass before the next.
_ACCEPT_PAUSE = 1.0
_LAST_WORDS = 4096
_DIGITS = 9  # of the n of a line
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


@dataclass(eq=False)
class _Client:
    """Someone on the pty or a socket. Descriptors are used again, so clients are told apart."""

    name: str
    descriptor: int
    close: Callable[[], None]
    received: bytearray = field(default_factory=bytearray)  # a line that has not ended
    too_long: bool = False  # it is longer than a line may be, and is passed over
    lines: deque[bytes] = field(default_factory=deque[bytes])  # for the device
    waiting: int = 0  # octets in `lines`
    backlog: bytearray = field(default_factory=bytearray)  # for the client
    moved: float = 0.0  # when it last read something, or had nothing to read
    asked: bool = False  # a line of it is with the device
    ended: bool = False  # it sends nothing more
    gone: bool = False
    events: int = 0

    @property
    def done(self) -> bool:
        """Whether it has ended and has had all its answers."""
        return self.ended and not (self.asked or self.lines or self.backlog)


class Server:
    """Serves one device process until `run` is interrupted or the process ends."""

    def __init__(self, transport: ProcessTransport, port: int = 0, tick: float = 0.0) -> None:
        """`port` is the TCP port (0: any free one); `tick` seconds of device time a tick."""
        self._transport = transport
        self._tick = tick
        self._unticked = 0.0  # seconds that the device has not been told of
        self._ticking = False
        self._selector = selectors.DefaultSelector()
        self._asked: deque[tuple[_Client | None, int]] = deque()  # and the n of the line
        self._from_device = bytearray()
        self._to_device = bytearray()
        self._clients: list[_Client] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.setblocking(False)
        self._accept_at = 0.0
        self._spare = os.open(os.devnull, os.O_RDONLY)  # let go when there is no descriptor left
        self.port: int = self._listener.getsockname()[1]
        self.last_words = b""
        master, self._slave = pty.openpty()
        # Raw, and held open: the pty stays usable between one terminal and the next.
        tty.setraw(self._slave)
        self.pty = os.ttyname(self._slave)
        os.set_blocking(master, False)
        self._pty = _Client("pty", master, lambda: os.close(master))
        self._add(self._pty)
        self._selector.register(self._listener, _READ, self._accept)
        process = transport.process
        assert process.stdin is not None and process.stdout is not None
        self._device_in, self._device_out = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._device_in, False)
        self._selector.register(self._device_out, _READ, self._read_device)
        if process.stderr is not None:
            self._device_errors = process.stderr.fileno()
            self._selector.register(self._device_errors, _READ, self._read_errors)
        self._alive = True

    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Serve until `stop()` or the end of the device process."""
        due = time.monotonic() + self._tick
        while self._alive and not stop():
            wait = min(0.2, due - time.monotonic()) if self._tick else 0.2
            for key, events in self._selector.select(max(0.0, wait)):
                if isinstance(key.data, _Client):
                    self._serve_client(key.data, events)
                else:
                    key.data()
            now = time.monotonic()
            if self._tick and now >= due:
                missed = 1 + (now - due) // self._tick
                due += missed * self._tick
                self._unticked += missed * self._tick
            self._tend(now)

    def close(self) -> None:
        """Close everything, the device process too."""
        for client in list(self._clients):
            self._remove(client)
        self._listener.close()
        os.close(self._slave)
        os.close(self._spare)
        self._selector.close()
        self._transport.close()

    def _tend(self, now: float) -> None:
        """Do the work of a round: lines for the device, clients that are done or stuck."""
        if self._accept_at and now >= self._accept_at:
            self._accept_at = 0.0
            self._selector.register(self._listener, _READ, self._accept)
        if self._pty.backlog and now - self._pty.moved > _PTY_PATIENCE:
            self._pty.backlog[:] = b""
            self._watch(self._pty)
        self._send_tick()
        for client in list(self._clients):
            if client.lines and not client.asked and len(client.backlog) < _UNREAD_LIMIT:
                line = client.lines.popleft()
                client.waiting -= len(line)
                client.asked = True
                self._ask(client, line)
                self._watch(client)
            if client.done:
                self._remove(client)

    def _send_tick(self) -> None:
        if self._ticking or self._unticked < 1:
            return
        seconds = min(int(self._unticked), DAY)  # a machine that slept has more to tell
        text = f'{{"seconds":{seconds}}}'
        self._unticked -= seconds
        self._ticking = True
        self._ask(None, f"CTRL:ADVANCE#0:{len(text)}:{text}\n".encode())

    def _add(self, client: _Client) -> None:
        client.moved = time.monotonic()
        self._clients.append(client)
        self._watch(client)

    def _accept(self) -> None:
        try:
            connection, address = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError:  # no descriptor left: take the one to turn the caller away, and pause
            os.close(self._spare)
            with suppress(OSError):
                self._listener.accept()[0].close()
            self._spare = os.open(os.devnull, os.O_RDONLY)
            self._selector.unregister(self._listener)
            self._accept_at = time.monotonic() + _ACCEPT_PAUSE
            return
        connection.setblocking(False)
        self._add(_Client(f"{address[0]}:{address[1]}", connection.fileno(), connection.close))

    def _remove(self, client: _Client) -> None:
        """Forget a client; an answer that is due to it is dropped."""
        client.gone = True
        client.lines.clear()
        self._clients.remove(client)
        if client.events:
            self._selector.unregister(client.descriptor)
        client.close()

    def _watch(self, client: _Client) -> None:
        """Wait for what the client may do next."""
        events = 0
        if not client.ended and client.waiting < _AHEAD_LIMIT:
            events |= _READ
        if client.backlog:
            events |= _WRITE
        if events == client.events or client.gone:
            return
        if not client.events:
            self._selector.register(client.descriptor, events, client)
        elif events:
            self._selector.modify(client.descriptor, events, client)
        else:
            self._selector.unregister(client.descriptor)
        client.events = events

    def _serve_client(self, client: _Client, events: int) -> None:
        if events & _WRITE and not client.gone:
            self._flush(client)
        if events & _READ and not client.gone and not client.ended:
            self._read_client(client)
        if not client.gone:
            self._watch(client)

    def _read_client(self, client: _Client) -> None:
        try:
            data = os.read(client.descriptor, 65536)
        except BlockingIOError:
            return
        except OSError:
            self._remove(client)
            return
        if not data:
            client.ended = True  # it may still read
            return
        *ended, rest = data.replace(b"\r", b"\n").split(b"\n")
        for part in ended:
            self._take(client, part)
            line = bytes(client.received).strip()
            client.received.clear()
            if client.too_long:
                client.too_long = False
                self._complain(client, "line too long")
            elif line:
                self._queue(client, line)
        self._take(client, rest)

    def _take(self, client: _Client, part: bytes) -> None:
        if len(client.received) + len(part) > _LINE_LIMIT:
            client.too_long = True
            client.received.clear()
        elif not client.too_long:
            client.received += part

    def _queue(self, client: _Client, line: bytes) -> None:
        try:
            line.decode()
        except UnicodeDecodeError:  # noise, which would end a device that reads text
            self._complain(client, "not text")
            return
        client.lines.append(line + b"\n")
        client.waiting += len(line) + 1

    def _complain(self, client: _Client, what: str, number: int = 0) -> None:
        self._give(client, f"LOG:ERROR#{number}:{len(what)}:{what}\n".encode())

    def _ask(self, client: _Client | None, line: bytes) -> None:
        self._asked.append((client, _number(line)))
        if not self._to_device:
            self._selector.register(self._device_in, _WRITE, self._write_device)
        self._to_device += line
        self._write_device()

    def _write_device(self) -> None:
        if not self._to_device:
            return
        try:
            sent = os.write(self._device_in, self._to_device)
        except BlockingIOError:
            return
        except OSError:  # it has ended; what it still said is yet to be read
            sent = len(self._to_device)
        del self._to_device[:sent]
        if not self._to_device:
            self._selector.unregister(self._device_in)

    def _read_errors(self) -> None:
        data = os.read(self._device_errors, 65536)
        self.last_words = (self.last_words + data)[-_LAST_WORDS:]
        if not data:
            self._selector.unregister(self._device_errors)

    def _read_device(self) -> None:
        data = os.read(self._device_out, 65536)
        if not data:
            self._alive = False
            return
        self._from_device += data
        *lines, rest = bytes(self._from_device).split(b"\n")
        self._from_device[:] = rest
        for line in lines:
            self._hand_on(line + b"\n")

    def _hand_on(self, line: bytes) -> None:
        if line.startswith((b"ZCL:FRAME", b"GBCS:ALERT")):
            for client in list(self._clients):
                self._give(client, line)
            return
        number = _number(line)
        malformed = line.startswith(b"LOG:ERROR#0:")  # the device answers such a line so
        if number < 0 or not (malformed or any(number == sent for _, sent in self._asked)):
            return  # it answers no line that waits
        while self._asked:
            client, sent = self._asked[0]
            whose = malformed or number == sent
            if not (whose and _goes_on(line)):
                self._settle(client)
            if whose:
                if client is not None:
                    self._give(client, line)
                return
            if client is not None:  # the device has passed its line over
                self._complain(client, "no answer", max(sent, 0))

    def _settle(self, client: _Client | None) -> None:
        """The first line that is with the device is answered."""
        self._asked.popleft()
        if client is None:
            self._ticking = False
        else:
            client.asked = False

    def _give(self, client: _Client, line: bytes) -> None:
        if client.gone:
            return
        if not client.backlog:
            client.moved = time.monotonic()
        client.backlog += line
        if len(client.backlog) <= _BACKLOG_LIMIT:
            self._flush(client)
        elif client is self._pty:
            client.backlog[:] = b"\n"
        else:
            self._remove(client)

    def _flush(self, client: _Client) -> None:
        try:
            sent = os.write(client.descriptor, client.backlog)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._remove(client)
            return
        if sent:
            del client.backlog[:sent]
            client.moved = time.monotonic()
        self._watch(client)


def _number(line: bytes) -> int:
    """The n of a line, -1 where it has none."""
    text = line.partition(b"#")[2].partition(b":")[0]
    return int(text) if text.isdigit() and len(text) <= _DIGITS else -1


def _goes_on(line: bytes) -> bool:
    """Whether a line is a block after which more of the same response follow."""
    event, _, rest = line.partition(b"#")
    if event != b"GBCS:BLOCK":
        return False
    try:
        return bool(int(rest.split(b":", 2)[2][2:4], 16) & 0x40)
    except (IndexError, ValueError):
        return False
