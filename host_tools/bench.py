"""The bench link, host side: transports to a device process, and a client that talks over one.

A transport moves text lines. The device at the other end is a MicroPython Unix port or CPython
process on its standard streams, a board on a serial port (or pty), or a TCP socket.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

import serial

from host_tools.compiled import FIRMWARE, compiled_firmware
from host_tools.gbcs import gbt
from host_tools.gbcs.errors import DecodeError
from host_tools.private import UMASK

__all__ = [
    "DAY",
    "HEAP",
    "BenchClient",
    "BenchError",
    "ProcessTransport",
    "Refusal",
    "SerialTransport",
    "TcpTransport",
    "Transport",
    "open_transport",
]

# A Pico with frozen firmware leaves about 190 KB to data; on the Unix port the code lies on the
# heap, too, and gets another 160 KB. "w" scales both to the word size of this machine.
HEAP = "352wk"
DEFAULT_TIMEOUT = 60.0
DAY = 86400  # the longest time, in seconds, that one CTRL:ADVANCE may ask for


class BenchError(Exception):
    """The link is gone or silent, or the device broke the protocol."""


class Refusal(Exception):
    """The device rightly gives no response; the text is its reason."""


class Transport(Protocol):
    """Moves lines to and from a device."""

    def send(self, line: str) -> None:
        """Send one line, given without its end."""
        ...

    def receive(self, timeout: float) -> str:
        """The next line, without its end; BenchError after `timeout` seconds or at the end."""
        ...

    def close(self) -> None:
        """End the link, and the process behind it where there is one."""
        ...


class _FileTransport:
    """Lines over file descriptors."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._pending = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(read_fd, selectors.EVENT_READ)

    def send(self, line: str) -> None:
        """Send one line."""
        data = memoryview(line.encode() + b"\n")
        try:
            while data:
                data = data[os.write(self._write_fd, data) :]
        except OSError as error:
            raise BenchError(f"the device is gone: {self._epitaph() or error}") from error

    def receive(self, timeout: float) -> str:
        """The next line."""
        deadline = time.monotonic() + timeout
        while True:
            end = self._pending.find(b"\n")
            if end >= 0:
                line = self._pending[:end].decode("utf-8", "replace").rstrip("\r")
                del self._pending[: end + 1]
                return line
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise BenchError(f"no line from the device within {timeout:g} s")
            try:
                data = os.read(self._read_fd, 65536)
            except OSError as error:
                data = b""
                cause = str(error)
            else:
                cause = "end of its output"
            if not data:
                raise BenchError(f"the device is gone: {self._epitaph() or cause}")
            self._pending += data

    def _epitaph(self) -> str:
        return ""

    def close(self) -> None:
        """End the link."""
        self._selector.close()


class ProcessTransport(_FileTransport):
    """A device process of our firmware: engine "unix" (MicroPython) or "cpython"."""

    def __init__(
        self,
        role: str,
        engine: str,
        store: str | None = None,
        heap: str = HEAP,
        script: Path | None = None,
    ) -> None:
        """`store` is the folder that survives the process: a device's flash.

        `script` takes role and store in the place of the firmware's main.py.
        """
        folder = compiled_firmware() if engine == "unix" else FIRMWARE
        environment = dict(os.environ, MICROPYPATH=str(folder), PYTHONPATH=str(folder))
        if engine == "unix":
            command = [*micropython(), "-X", f"heapsize={heap}"]
        else:
            command = [sys.executable, "-S", "-u"]  # a device has no packages
        self.process = subprocess.Popen(
            [*command, str(script or folder / "main.py"), role, *([store] if store else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            bufsize=0,
            umask=UMASK,  # what it keeps holds its keys
            # Ctrl-C in a terminal is for the host, which ends its devices in order.
            start_new_session=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        super().__init__(self.process.stdout.fileno(), self.process.stdin.fileno())

    def _epitaph(self) -> str:
        """What the process printed as it died."""
        if self.process.stderr is None:
            return ""
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return ""
        last = bytes(self._pending) + self.process.stderr.read()
        return last.decode("utf-8", "replace").strip()

    def close(self) -> None:
        """End the link, then the process."""
        super().close()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()


class SerialTransport(_FileTransport):
    """A device behind a serial port, or a pty."""

    def __init__(self, port: str, baud_rate: int = 115200) -> None:
        try:
            self._port = serial.Serial(port, baud_rate, timeout=0, exclusive=True)
        except serial.SerialException as error:
            raise BenchError(str(error)) from error
        descriptor = self._port.fileno()
        os.set_blocking(descriptor, True)
        super().__init__(descriptor, descriptor)

    def close(self) -> None:
        """End the link and close the port."""
        super().close()
        self._port.close()


class TcpTransport(_FileTransport):
    """A device behind a TCP socket, `host:port`."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        try:
            self._socket = socket.create_connection((host, int(port)), timeout=10)
        except OSError as error:
            raise BenchError(f"{address}: {error}") from error
        self._socket.settimeout(None)
        super().__init__(self._socket.fileno(), self._socket.fileno())

    def close(self) -> None:
        """End the link and close the socket."""
        super().close()
        self._socket.close()


# The wheel's `micropython` imports all that a console script does before it calls this.
_RUN = (
    "import sys; sys.path.append({!r}); import micropython_run as unix; "
    "sys.exit(unix.run_main(['micropython', *sys.argv[1:]]))"
)


@cache
def micropython() -> tuple[str, ...]:
    """The words that start the Unix port: that of the wheel here, else the one on the PATH."""
    wheel = importlib.util.find_spec("micropython_run")
    if wheel is not None and wheel.origin is not None:
        return sys.executable, "-IS", "-c", _RUN.format(str(Path(wheel.origin).parent))
    found = shutil.which("micropython")
    if found is None:
        raise BenchError("no micropython beside this Python or on the PATH: run make first")
    return (found,)


def open_transport(role: str, engine: str, store: str | None = None) -> Transport:
    """A transport by engine name: unix, cpython, host:port, or the path of a serial port."""
    if engine in ("unix", "cpython"):
        return ProcessTransport(role, engine, store)
    host, _, port = engine.rpartition(":")
    if host and port.isdecimal():
        return TcpTransport(engine)
    if not Path(engine).exists():
        raise BenchError(f"no engine {engine}: not unix or cpython, no such port")
    return SerialTransport(engine)


def _octets(event: str, body: str) -> bytes:
    try:
        return bytes.fromhex(body)
    except ValueError:
        raise BenchError(f"{event}: not hexadecimal: {body[:80]}") from None


# Numbers have up to nine digits: so many users of a line may each begin with one of their own.
_NUMBERS = 10_000
# A line that comes back as it was sent is answered within so many seconds, or not at all.
_ECHO_PATIENCE = 2.0
_AT_REPL = (
    "the board is at its REPL: reset it (Ctrl-D there, its button, or mpremote connect PORT "
    "reset); what it gets it sends back"
)
_USERS = 90_000


class BenchClient:
    """Talks to one device: commands in, responses out; what else it says goes to `on_frame` (HAN
    frames) and `on_alert` (GBCS alerts).
    """

    def __init__(
        self,
        transport: Transport,
        on_frame: Callable[[bytes], None] | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        on_alert: Callable[[bytes], None] | None = None,
    ) -> None:
        self.transport = transport
        self.timeout = timeout
        self.on_frame = on_frame
        self.on_alert = on_alert
        # A line outlives its users: an answer that an earlier one did not wait for has another n.
        apart = not isinstance(transport, ProcessTransport)
        self._number = secrets.randbelow(_USERS) * _NUMBERS if apart else 0
        # An earlier user may have left the beginning of a line, which spoils the first of ours.
        self._fresh = apart
        self._sent = ""
        self._block = 0

    def __enter__(self) -> BenchClient:
        return self

    def __exit__(self, *details: object) -> None:
        self.transport.close()

    def control(self, verb: str, document: Any = None) -> dict[str, Any]:
        """Send a CTRL event and return its answer; BenchError with the device's words if not."""
        text = "" if document is None else json.dumps(document, separators=(",", ":"))
        number = self._send(f"CTRL:{verb}", len(text), text)
        event, body = self._answer(number)
        if event != "CTRL:OK":
            raise BenchError(f"{verb}: {body}")
        return self._document(verb, body)

    def _document(self, verb: str, body: str) -> dict[str, Any]:
        document: object = None
        with suppress(ValueError, RecursionError):
            document = json.loads(body or "{}")
        if not isinstance(document, dict):
            raise BenchError(f"{verb}: the answer is no JSON object: {body[:80]}")
        return cast("dict[str, Any]", document)

    def advance(self, seconds: int) -> None:
        """Let time pass, a day at most in one line: others on it have their turn in between."""
        while seconds > DAY:
            self.control("ADVANCE", {"seconds": DAY})
            seconds -= DAY
        self.control("ADVANCE", {"seconds": seconds})

    def link(self, block: int) -> dict[str, Any]:
        """Cut messages over `block` octets into blocks, both ways; with 0 all go whole."""
        answer = self.control("LINK", {"block": block})
        self._block = block
        return answer

    def respond(self, command: bytes) -> bytes:
        """The response to a GBCS command; Refusal where the device gives none."""
        if 0 < self._block < len(command):
            event, body = self._send_blocks(command)
        else:
            number = self._send("GBCS:DATA", len(command), command.hex().upper())
            event, body = self._answer(number)
        if event == "GBCS:DATA":
            return _octets(event, body)
        if event == "GBCS:NONE":
            raise Refusal(body)
        raise BenchError(body)

    def try_respond(self, command: bytes) -> bytes | None:
        """The response to a GBCS command, or None where the device gives none."""
        try:
            return self.respond(command)
        except Refusal:
            return None

    def frame(self, octets: bytes) -> None:
        """Deliver a HAN frame to the device."""
        number = self._send("ZCL:FRAME", len(octets), octets.hex().upper())
        event, body = self._answer(number)
        if event != "ZCL:OK":
            raise BenchError(body)

    def _send_blocks(self, command: bytes) -> tuple[str, str]:
        """Send a command in blocks; the answer to the last one."""
        event, body = "", ""
        for index, block in enumerate(gbt.split(command, self._block)):
            if index and event != "GBCS:BLOCK":
                break  # an error
            number = self._send("GBCS:BLOCK", len(block), block.hex().upper())
            event, body = self._answer(number)
        return event, body

    def _send(self, event: str, length: int, body: str) -> int:
        self._number += 1
        self._sent = f"{event}#{self._number}:{length}:{body}"
        self.transport.send(self._sent)
        return self._number

    def _answer(self, number: int) -> tuple[str, str]:
        """The answer to event `number`; what comes before it by itself is handed on.

        A response in blocks is joined, and returned as if it had come whole.
        """
        deadline = time.monotonic() + self.timeout
        noise = ""
        blocks = gbt.Assembler()
        while True:
            try:
                line = self.transport.receive(max(0.0, deadline - time.monotonic()))
            except BenchError as error:
                # A line that is no event may be the last output of a device that fails.
                raise BenchError(self._silence(str(error), noise)) from error
            if line.endswith(self._sent):  # the line comes back: something else reads it
                if ">>>" in line:
                    raise BenchError(_AT_REPL)
                deadline = min(deadline, time.monotonic() + _ECHO_PATIENCE)
                noise = _AT_REPL
                continue
            head, _, rest = line.partition("#")
            text, _, rest = rest.partition(":")
            if self._hand_on(head, rest):  # with a number of the device's own
                continue
            if self._fresh and head == "LOG:ERROR":
                self._fresh = False
                self.transport.send(self._sent)
            elif text == str(number) and head.partition(":")[0] in ("GBCS", "ZCL", "CTRL", "LOG"):
                self._fresh = False
                answer = self._joined(head, rest, blocks)
                if answer is not None:
                    return answer
            elif head == "LOG:ERROR":
                raise BenchError(rest.partition(":")[2])
            elif noise != _AT_REPL:
                noise = line.strip() or noise

    def _silence(self, what: str, noise: str) -> str:
        """Why no answer came, as far as the line tells."""
        if noise == _AT_REPL:
            return noise
        if noise:
            return f"{what}; it said: {noise}"
        if self._fresh and isinstance(self.transport, SerialTransport):
            return f"{what}: a board at its raw REPL says nothing; reset it"
        return what

    def _hand_on(self, head: str, rest: str) -> bool:
        """Give a line that the device says by itself to whom it is for; whether it is one."""
        takers = {"ZCL:FRAME": self.on_frame, "GBCS:ALERT": self.on_alert}
        if head not in takers:
            return False
        taker = takers[head]
        if taker is not None:
            taker(_octets(head, rest.partition(":")[2]))
        return True

    def _joined(self, head: str, rest: str, blocks: gbt.Assembler) -> tuple[str, str] | None:
        """An answer as a whole; None while blocks of it are to come."""
        length, _, body = rest.partition(":")
        whole = len(body) // 2 if head in ("GBCS:DATA", "GBCS:BLOCK") else len(body)
        if length != str(whole):
            raise BenchError(f"{head} broke off: {whole} of {length}")
        if head != "GBCS:BLOCK":
            return head, body
        block = _octets(head, body)
        if gbt.acknowledged(block) is not None:
            return head, body
        try:
            message = blocks.take(block)
        except DecodeError as error:
            raise BenchError(f"{head}: {error}") from error
        return None if message is None else ("GBCS:DATA", message.hex().upper())
