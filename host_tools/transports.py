"""Transports of the bench link: they move text lines to a device and back.

The device at the other end is a MicroPython Unix port or CPython process on its standard streams,
a board on a serial port (or pty), a TCP socket, or a serial port on a network (RFC 2217).
"""

from __future__ import annotations

import importlib.util
import os
import selectors
import shutil
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import serial

from host_tools.compiled import FIRMWARE, compiled_firmware
from host_tools.console import reason
from host_tools.ports import open_serial, why
from host_tools.private import UMASK

__all__ = [
    "HEAP",
    "RFC2217",
    "BenchError",
    "ProcessTransport",
    "Rfc2217Transport",
    "SerialTransport",
    "Silence",
    "TcpTransport",
    "Transport",
    "micropython",
    "open_port",
    "open_transport",
]

# A Pico with frozen firmware leaves about 190 KB to data; on the Unix port the code of a meter
# lies on the heap, too, and gets another 320 KB. "w" scales both to the word size of this machine.
HEAP = "512wk"


class BenchError(Exception):
    """The link is gone or silent, or the device broke the protocol."""


class Silence(BenchError):
    """No line came in the time that was given; the link may be good."""


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


def _take_line(pending: bytearray) -> str | None:
    """Take the first line out of what was received; None while its end has not come."""
    end = pending.find(b"\n")
    if end < 0:
        return None
    line = pending[:end].decode("utf-8", "replace").rstrip("\r")
    del pending[: end + 1]
    return line


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
            line = _take_line(self._pending)
            if line is not None:
                return line
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise Silence(f"no line from the device within {timeout:g} s")
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
    """A device behind a serial port, or a pty; `name` is its path."""

    def __init__(self, port: str, baud_rate: int = 115200) -> None:
        self.name = port
        try:
            self._port = open_serial(port, timeout=0, baud_rate=baud_rate)
        except serial.SerialException as error:
            raise BenchError(f"{port}: {why(error)}") from error
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
            raise BenchError(f"{address}: {reason(error)}") from error
        self._socket.settimeout(None)
        super().__init__(self._socket.fileno(), self._socket.fileno())

    def close(self) -> None:
        """End the link and close the socket."""
        super().close()
        self._socket.close()


RFC2217 = "rfc2217://"
_TURN = 0.1  # seconds


class Rfc2217Transport:
    """A device at a serial port that is on a network, as ser2net serves it."""

    def __init__(self, url: str) -> None:
        """`rfc2217://host:port`, with `?speed=9600` for a port that is not at 115200 baud."""
        try:
            parts = urlsplit(url)
            speed = int(parse_qs(parts.query).get("speed", ["115200"])[0])
            # USB ports and ptys may have no modem lines to tell of.
            bare = f"{RFC2217}{parts.hostname}:{parts.port}?ign_set_control"
            self._port = serial.serial_for_url(bare, baudrate=speed, timeout=_TURN)
        except (serial.SerialException, ValueError, OSError) as error:
            raise BenchError(f"{url}: {reason(error)}") from error
        self._pending = bytearray()

    def send(self, line: str) -> None:
        """Send one line."""
        try:
            self._port.write(line.encode() + b"\n")
        except (serial.SerialException, OSError) as error:
            raise BenchError(f"the device is gone: {error}") from error

    def receive(self, timeout: float) -> str:
        """The next line."""
        deadline = time.monotonic() + timeout
        while True:
            line = _take_line(self._pending)
            if line is not None:
                return line
            try:
                self._pending += self._port.read(1)
                self._pending += self._port.read(self._port.in_waiting)
            except (serial.SerialException, OSError) as error:
                raise BenchError(f"the device is gone: {error}") from error
            if b"\n" not in self._pending and time.monotonic() > deadline:
                raise Silence(f"no line from the device within {timeout:g} s")

    def close(self) -> None:
        """End the link."""
        self._port.close()


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
    """A transport by engine name: unix, cpython, or what `open_port` takes."""
    if engine in ("unix", "cpython"):
        return ProcessTransport(role, engine, store)
    if not (_is_address(engine) or engine.startswith(RFC2217) or Path(engine).exists()):
        raise BenchError(f"no engine {engine}: not unix or cpython, no such port")
    return open_port(engine)


def open_port(port: str) -> Transport:
    """A transport to what is there: host:port, rfc2217://host:port, or a serial port's path."""
    if port.startswith(RFC2217):
        return Rfc2217Transport(port)
    if _is_address(port):
        return TcpTransport(port)
    if not Path(port).exists():
        raise BenchError(f"{port}: there is no such port")
    return SerialTransport(port)


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal()
