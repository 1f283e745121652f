"""What emulated boards share: a process that is the chip, and a pty that is its serial port."""

from __future__ import annotations

import contextlib
import os
import pty
import selectors
import socket
import subprocess
import threading
import time
import tty
from pathlib import Path

from host_tools.private import UMASK

__all__ = ["BUILD", "EmulatedBoard", "EmulatorError"]

BUILD = Path(__file__).resolve().parents[2] / "build"
# Name of the port in the board's folder: a link to the pty, which changes when it is plugged in.
PORT = "port"

_CHUNK = 4096
_BACKLOG = 1 << 16
# What the host does not read is dropped after this long, as a board's USB serial does.
_PATIENCE = 2.0


class EmulatorError(Exception):
    """The emulator or the firmware for it is not there, or it does not start."""


class EmulatedBoard:
    """One board; `port` is the path that a host opens as its serial port.

    `folder` holds the port's link and whatever the board keeps without power; a board made again
    on the same folder finds that as after a power cut. Use as a context manager, or call `close`.
    """

    # Whether the port goes away with the power, as that of a chip on USB does.
    usb = False
    # Whether the emulator's standard streams are the serial line; else it takes and gives words.
    on_streams = False
    # Descriptors that the emulator gets beside its line.
    inherited: tuple[int, ...] = ()

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = str(folder / PORT)
        self.boots = 0
        self.messages = ""  # what the emulator said about the last run
        self._lock = threading.RLock()
        self._wake_read, self._wake_write = os.pipe()
        self._closing = False
        self._host = self._host_slave = -1  # the pty; -1 while unplugged
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None  # our end of the board's serial line
        self._errors = folder / "emulator.log"
        self._to_host = bytearray()
        self._to_board = bytearray()
        self._stuck_since = 0.0
        self.plug()
        try:
            self.power_on()
        except BaseException:
            self.unplug()
            raise
        self._thread = threading.Thread(target=self._run, name="emulated board", daemon=True)
        self._thread.start()

    def __enter__(self) -> EmulatedBoard:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    # --- Power and cable -------------------------------------------------------------------------

    def power_on(self) -> None:
        """Switch the power on; nothing happens where it is on."""
        with self._lock:
            if self._process is None:
                self._start()
        self._wake()

    def power_off(self) -> None:
        """Cut the power, at once and wherever the board is; the cable stays plugged in."""
        with self._lock:
            self._stop()
        self._wake()

    kill = power_off

    @property
    def powered(self) -> bool:
        """Whether the board has power."""
        return self._process is not None

    def wait(self, timeout: float) -> int:
        """Wait until the board is off, for `timeout` seconds at most; the process's status."""
        with self._lock:
            process = self._process
        if process is None:
            raise EmulatorError("the board is off")
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise EmulatorError(f"the board is still on after {timeout:g} s") from None
        self.power_off()
        return status

    def unplug(self) -> None:
        """Pull the cable of a board that has another supply: the port is gone, the board runs."""
        with self._lock:
            if self._host < 0:
                return
            os.close(self._host)
            os.close(self._host_slave)
            self._host = self._host_slave = -1
            self._to_host.clear()
            Path(self.port).unlink(missing_ok=True)
        self._wake()

    def plug(self) -> None:
        """Plug the cable in: a new pty at the same path."""
        with self._lock:
            if self._host >= 0:
                return
            self._host, self._host_slave = pty.openpty()
            # Raw, and held open, so that nothing is echoed between one terminal and the next.
            tty.setraw(self._host_slave)
            os.set_blocking(self._host, False)
            link = self.folder / f".{PORT}"
            link.unlink(missing_ok=True)
            link.symlink_to(os.ttyname(self._host_slave))
            link.replace(self.port)
        self._wake()

    def replug(self) -> None:
        """Pull the cable, if it is plugged in, and plug it in again."""
        with self._lock:
            if self._host >= 0:
                self.unplug()
                self.plug()

    def close(self) -> None:
        """Switch off and remove the port."""
        if self._closing:
            return
        self._closing = True
        self._wake()
        self._thread.join()
        self.power_off()
        self.unplug()
        os.close(self._wake_read)
        os.close(self._wake_write)

    # --- For kinds of board ------------------------------------------------------------------

    def command(self, line: int) -> list[str]:
        """The emulator's command; descriptor `line` is the board's serial line."""
        raise NotImplementedError

    def told(self, line: str) -> None:
        """The emulator printed a line."""

    def ended(self, status: int) -> bool:
        """The emulator ended by itself: whether the board starts again."""
        return False

    # --- The process -----------------------------------------------------------------------------

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs, self._errors.open("wb") as errors:
            streams = theirs.fileno() if self.on_streams else subprocess.PIPE
            self._process = subprocess.Popen(
                ["nice", *self.command(theirs.fileno())],
                stdin=streams,
                stdout=streams,
                stderr=errors,
                pass_fds=[theirs.fileno(), *self.inherited],
                start_new_session=True,
                bufsize=0,
                umask=UMASK,  # its flash holds its keys
            )
        self._line = ours
        self.boots += 1

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        self.messages = self._errors.read_text(encoding="utf-8", errors="replace")
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        if self._line is not None:
            self._line.close()
            self._line = None
        self._to_board.clear()
        if self.usb:
            self.replug()

    def say(self, text: str) -> None:
        """Tell the emulator something on its standard input."""
        with self._lock:
            if self._process is None or self._process.stdin is None:
                raise EmulatorError("the board is off")
            self._process.stdin.write(text.encode() + b"\n")

    # --- The thread ------------------------------------------------------------------------------

    def _wake(self) -> None:
        os.write(self._wake_write, b"\0")

    def _run(self) -> None:
        while not self._closing:
            with selectors.DefaultSelector() as selector:
                with self._lock:
                    self._watch(selector)
                    patience = _PATIENCE if self._to_host else None
                selector.select(patience)
            with self._lock:
                self._listen()
                self._move()

    def _watch(self, selector: selectors.BaseSelector) -> None:
        selector.register(self._wake_read, selectors.EVENT_READ)
        reading, writing = selectors.EVENT_READ, selectors.EVENT_WRITE
        from_host = reading if len(self._to_board) < _BACKLOG else 0
        from_board = reading if len(self._to_host) < _BACKLOG else 0
        wanted = from_host | (writing if self._to_host else 0)
        if self._host >= 0 and wanted:
            selector.register(self._host, wanted)
        if self._process is not None and self._process.stdout is not None:
            selector.register(self._process.stdout, reading)
        wanted = from_board | (writing if self._to_board else 0)
        if self._line is not None and wanted:
            selector.register(self._line, wanted)

    def _listen(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        os.set_blocking(self._process.stdout.fileno(), False)
        for line in (self._process.stdout.read() or b"").decode(errors="replace").splitlines():
            self.told(line)

    def _move(self) -> None:
        """Move what can be moved, in both directions; nothing here waits."""
        with contextlib.suppress(BlockingIOError):
            os.set_blocking(self._wake_read, False)
            os.read(self._wake_read, _CHUNK)
        if self._host >= 0:
            if len(self._to_board) < _BACKLOG:
                with contextlib.suppress(OSError):
                    data = os.read(self._host, _CHUNK)
                    if self._line is not None:
                        self._to_board += data
            self._to_the_host()
        if self._line is None:
            return
        if self._to_board:
            with contextlib.suppress(OSError):
                del self._to_board[: self._line.send(self._to_board)]
        if len(self._to_host) < _BACKLOG:
            self._from_the_board(self._line)

    def _from_the_board(self, line: socket.socket) -> None:
        try:
            data = line.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
        elif self._host >= 0:
            if not self._to_host:
                self._stuck_since = time.monotonic()
            self._to_host += data
            self._to_the_host()

    def _to_the_host(self) -> None:
        if not self._to_host:
            return
        try:
            del self._to_host[: os.write(self._host, self._to_host)]
            self._stuck_since = time.monotonic()
        except OSError:
            if time.monotonic() - self._stuck_since > _PATIENCE:
                self._to_host.clear()

    def _end(self) -> None:
        """The board's end of the line is closed: its process ends, or is about to."""
        assert self._process is not None
        status = self._process.wait()
        self._stop()
        if self.ended(status):
            self._start()
