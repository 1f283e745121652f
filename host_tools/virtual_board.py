"""A virtual board: MicroPython's Unix port behind a pty that behaves like a board's serial port.

The board's flash is an image file with littlefs on it, its processor a process. A thread stands
between that process and the host: it restarts the process where a chip would restart (soft reset,
`machine.reset()`, watchdog), turns Ctrl-C into an interrupt, and cuts cable or power when asked.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import selectors
import signal
import subprocess
import termios
import threading
import time
import tty
from pathlib import Path

from host_tools import boards
from host_tools.bench import BenchError, micropython
from host_tools.places import BOARDS
from host_tools.private import write_private

__all__ = ["BLOCKS", "BLOCK_SIZE", "PORT", "VirtualBoard"]

BLOCK_SIZE = 4096
# The file system of a Pico: 1408 KB.
BLOCKS = 352
# Name of the port in the board's folder: a link to the pty, which changes as on USB.
PORT = "port"

_SHIM = BOARDS / "virtual"
_CTRL_A = b"\x01"
_CTRL_B = b"\x02"
_CTRL_C = b"\x03"
_CTRL_D = b"\x04"
_PROMPT = b">>> "
_LOCKED = b"heap is locked"
_RAW_BANNER = b"raw REPL; CTRL-B to exit"
_REBOOT = b"MPY: soft reboot\r\n"
# What the host does not read is dropped after this long, as USB serial ports of boards do.
_PATIENCE = 0.5
_BACKLOG = 1 << 16
# After Ctrl-C, what the host types next waits for the REPL so long at most: the Unix port would
# forget it when its REPL begins, a chip has it in its buffer.
_REPL_WAIT = 10.0
# After Ctrl-D at the friendly REPL, what is typed next waits for the soft reset so long at most.
_RESET_WAIT = 0.3
# A heap as the Unix port reads it; "w" scales it to the word size of this machine.
_HEAP = re.compile(r"(\d{1,9})(w?)([km]?)", re.IGNORECASE)
_HEAP_SIZES = (16 << 10, 1 << 30)
# Only a Ctrl-C of a person or a tool counts: it begins a line, or there are two in a row.
_BEFORE_CTRL_C = b"\r\n\x03"
# Two interrupts in a row would end the Unix port; a chip's count as one.
_INTERRUPT_APART = 0.1


def _checked(heap: str) -> str:
    """The size of a heap, if the Unix port takes it: with another it would end at once."""
    found = _HEAP.fullmatch(heap)
    if not found:
        raise BenchError(f"heap {heap!r}: not a size such as 190k, 208wk or 1m")
    size = int(found[1]) << {"": 0, "k": 10, "m": 20}[found[3].lower()]
    if not _HEAP_SIZES[0] <= size <= _HEAP_SIZES[1]:
        raise BenchError(f"heap {heap!r}: not 16k to 1024m")
    return heap


class VirtualBoard:
    """One board; `port` is the path that a host opens as its serial port.

    `folder` holds the flash image and the port's link; a board made again on the same folder
    finds its files as after a power cut. `heap` is as -X heapsize takes it, 16 KB to 1 GB, that
    of board.py if empty (BenchError for another); `blocks` the size of a new image; `uart` the
    descriptor of what its UART 0 is wired to, where reading never waits (BusLine.attach).
    Use as a context manager, or call `close`.
    """

    def __init__(
        self,
        folder: Path,
        heap: str = "",
        unique_id: str = "01" * 8,
        blocks: int = BLOCKS,
        uart: int = -1,
    ) -> None:
        self.folder = folder
        self._uart = uart
        self.image = folder / "flash.img"
        self.port = str(folder / PORT)
        self.boots = 0
        self.bites = 0  # of the watchdog
        self.crashes: list[str] = []  # each unexpected end of the process, and its cause
        self._heap = _checked(heap) if heap else f"{boards.load('virtual').heap >> 10}k"
        self._id = unique_id
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._closing = False
        self._changes = 0  # of descriptors
        self._host = -1  # our end of the host's pty; -1 while unplugged
        self._host_slave = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._board = -1  # our end of the process's terminal
        self._control = -1
        self._control_text = b""
        self._to_host = bytearray()
        self._to_board = bytearray()
        self._stuck_since = 0.0
        self._deaf = False  # nobody reads at the host, so output for it is dropped at once
        self._last = b"\n"  # octet typed
        self._friendly = True  # the REPL that the host has asked for
        self._booting = False
        self._leaving = 0.0  # the time until which a soft reset is awaited; 0 for none
        self._typed = bytearray()  # by the host, while the board leaves its REPL or boots
        self._hold_until = 0.0
        self._interrupted_at = 0.0
        self._tail = b""
        self._raw = False
        self._silent: bytearray | None = None  # output of a boot into the raw REPL
        self._cut_in = 0  # flash operations until the power is cut, 0 for never
        self._watchdog = 0.0  # seconds, 0 while not armed
        self._bite_at = 0.0
        self._guarded_until = 0.0  # when a timer of the board resets it; 0 for none
        folder.mkdir(parents=True, exist_ok=True)
        if not self.image.exists():
            write_private(self.image, b"\xff" * (BLOCK_SIZE * blocks))
        self.plug()
        self.power_on()
        self._thread = threading.Thread(target=self._run, name="virtual board", daemon=True)
        self._thread.start()

    def __enter__(self) -> VirtualBoard:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    # --- Power and cable -------------------------------------------------------------------------

    def power_on(self) -> None:
        """Switch the power on; nothing happens where it is on."""
        with self._lock:
            if self._process is None:
                self._start(cause=1)
        self._wake()

    def power_off(self) -> None:
        """Cut the power, at once and wherever the board is; the cable stays plugged in."""
        with self._lock:
            self._stop()
            self._replug()
        self._wake()

    @property
    def powered(self) -> bool:
        """Whether the power is on: it is off after `power_off` and `machine.cut_power`."""
        return self._process is not None

    def unplug(self) -> None:
        """Pull the cable of a board that has another supply: the port is gone, the board runs."""
        with self._lock:
            if self._host < 0:
                return
            self._watch(self._host, 0)
            os.close(self._host)
            os.close(self._host_slave)
            self._host = self._host_slave = -1
            self._changes += 1
            self._to_host.clear()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.port)
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
            self._selector.register(self._host, selectors.EVENT_READ)
            link = self.folder / f".{PORT}"
            with contextlib.suppress(FileNotFoundError):
                link.unlink()
            link.symlink_to(os.ttyname(self._host_slave))
            link.replace(self.port)
        self._wake()

    def close(self) -> None:
        """Switch off and remove the port."""
        self._closing = True
        self._wake()
        self._thread.join()
        with self._lock:
            self._stop()
            self.unplug()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    # --- The process -----------------------------------------------------------------------------

    def _start(self, cause: int, raw: bool = False, main: bool = True) -> None:
        """Start the process; `raw` boots into the raw REPL, without main.py in any case."""
        board, terminal = pty.openpty()
        tty.setraw(terminal)
        # MicroPython clears all local modes while its REPL reads: this one tells the two apart.
        modes = termios.tcgetattr(terminal)
        modes[3] |= termios.ECHOK
        termios.tcsetattr(terminal, termios.TCSANOW, modes)
        control, control_of_board = os.pipe()
        start = "main" if main and not raw else "repl"
        arguments = [
            self.image,
            control_of_board,
            self._id,
            start,
            cause,
            self._cut_in,
            self._uart,
        ]
        self._process = subprocess.Popen(
            [
                *(*micropython(), "-X", f"heapsize={self._heap}", "-i", _SHIM / "boot.py"),
                *map(str, arguments),
            ],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            pass_fds=[each for each in (control_of_board, self._uart) if each >= 0],
            start_new_session=True,
            env=dict(os.environ, MICROPYPATH=str(_SHIM)),
        )
        os.close(terminal)
        os.close(control_of_board)
        os.set_blocking(board, False)
        os.set_blocking(control, False)
        self._board, self._control = board, control
        self._selector.register(board, selectors.EVENT_READ)
        self._selector.register(control, selectors.EVENT_READ)
        self._raw = raw
        self._silent = bytearray() if raw else None
        self._tail = b""
        self._booting = True
        self._friendly = not raw
        self._last = b"\n"
        self._interrupted_at = 0.0
        self.boots += 1

    def _stop(self) -> None:
        """End the process as a power cut does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for descriptor in (self._board, self._control):
            self._watch(descriptor, 0)
            os.close(descriptor)
        self._board = self._control = -1
        self._changes += 1
        self._control_text = b""
        self._to_board.clear()
        self._typed.clear()
        self._booting = False
        self._leaving = 0.0
        self._watchdog = 0.0
        self._guarded_until = 0.0
        self._hold_until = 0.0

    def _replug(self) -> None:
        """Remove and restore the port, as a chip on USB does when it restarts."""
        if self._host >= 0:
            self.unplug()
            self.plug()

    def _reset(self, cause: int) -> None:
        self._stop()
        self._replug()
        self._start(cause)

    def _soft_reset(self, raw: bool) -> None:
        typed = bytes(self._typed)
        # A chip's watchdog outlasts a soft reset, its timers do not.
        watchdog, bite_at = self._watchdog, self._bite_at
        self._stop()
        self._watchdog, self._bite_at = watchdog, bite_at
        self._to_host += _REBOOT
        self._start(4, raw)
        self._typed += typed

    # --- The thread ------------------------------------------------------------------------------

    def _wake(self) -> None:
        os.write(self._wake_write, b"\0")

    def _run(self) -> None:
        while not self._closing:
            events = self._selector.select(self._wait())
            with self._lock:
                changes = self._changes
                for key, mask in events:
                    # Later events belong to descriptors that the reset closed.
                    if changes == self._changes:
                        self._serve(key.fd, mask)
                self._pass_on()
                if self._watchdog and time.monotonic() > self._bite_at:
                    self.bites += 1
                    self._reset(3)
                if self._guarded_until and time.monotonic() > self._guarded_until:
                    self._reset(2)

    def _wait(self) -> float | None:
        times = [self._bite_at] if self._watchdog else []
        if self._leaving:
            times.append(self._leaving)
        if self._guarded_until:
            times.append(self._guarded_until)
        if self._to_board and self._hold_until:
            # Nothing tells when the REPL begins to read.
            times.append(time.monotonic() + 0.005)
        if self._to_host and self._host >= 0:
            times.append(self._stuck_since + _PATIENCE)
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _serve(self, descriptor: int, mask: int) -> None:
        if descriptor == self._wake_read:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, 4096)
        elif descriptor == self._host:
            if mask & selectors.EVENT_READ:
                self._read_host()
        elif descriptor == self._control:
            self._read_control()
        elif descriptor == self._board and mask & selectors.EVENT_READ:
            self._read_board()

    def _read_host(self) -> None:
        try:
            data = os.read(self._host, 4096)
        except OSError:
            return
        if self._process is None:
            return
        if self._booting or self._leaving:
            self._typed += data
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        """Take what the host typed."""
        assert self._process is not None
        asked = max(data.rfind(_CTRL_A), data.rfind(_CTRL_B))
        if asked >= 0:
            self._friendly = data[asked : asked + 1] == _CTRL_B
        before, leave, after = data.partition(_CTRL_D)
        if leave and self._friendly and _CTRL_C not in before and self._in_repl():
            # The soft reset would lose the rest; in a chip it stays in the buffer.
            self._to_board += before + leave
            self._flush_board()
            self._leaving = time.monotonic() + _RESET_WAIT
            self._typed += after
            return
        while data:
            before, interrupt, data = data.partition(_CTRL_C)
            self._to_board += before
            if not interrupt:
                self._last = before[-1:]
                break
            if self._interruptible():
                # A chip's receiver notices Ctrl-C before anything reads what came earlier.
                now = time.monotonic()
                if now - self._interrupted_at > _INTERRUPT_APART:
                    self._interrupted_at = now
                    self._process.send_signal(signal.SIGINT)
            else:
                self._to_board += interrupt
            self._flush_board()
            meant = (self._last + before)[-1:] in _BEFORE_CTRL_C
            self._last = interrupt
            if meant and not self._in_repl():
                self._hold_until = time.monotonic() + _REPL_WAIT

    def _booted(self) -> None:
        """The board's own code runs now."""
        if self._booting:
            self._booting = False
            typed, self._typed = bytes(self._typed), bytearray()
            self._take(typed)

    def _interruptible(self) -> bool:
        """Whether Ctrl-C is to interrupt the process, rather than to be an octet that it reads."""
        assert self._process is not None
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return False
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught.split()[1], 16) >> (signal.SIGINT - 1) & 1)

    def _in_repl(self) -> bool:
        return termios.tcgetattr(self._board)[3] == 0

    def _read_control(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._control_text += os.read(self._control, 4096)
        while b"\n" in self._control_text:
            word, _, self._control_text = self._control_text.partition(b"\n")
            verb, _, number = word.partition(b" ")
            if verb == b"main":
                self._booted()
            elif verb == b"arm":
                self._watchdog = int(number) / 1000
            elif verb == b"disarm":
                self._watchdog = 0.0
            elif verb == b"timer":
                self._guarded_until = time.monotonic() + int(number) / 1000 if int(number) else 0.0
                continue
            elif verb == b"left":
                self._cut_in = int(number)
            elif verb == b"reset":
                self._reset(2)
                return
            elif verb == b"soft":
                self._soft_reset(raw=False)
                return
            elif verb == b"cut":
                self._stop()
                self._replug()
                return
            self._bite_at = time.monotonic() + self._watchdog

    def _read_board(self) -> None:
        try:
            data = os.read(self._board, 4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended()
            return
        self._tail = (self._tail + data)[-64:]
        if self._silent is not None:
            self._silent += data
            if not self._silent.endswith(_PROMPT):
                return
            # The Unix port starts with the friendly REPL: leave it unseen for the raw one.
            data = bytes(self._silent[: max(0, self._silent.rfind(b"MicroPython "))])
            self._silent = None
            self._tail = b""
            self._to_board[:0] = _CTRL_A
        raw, friendly = self._tail.rfind(_RAW_BANNER), self._tail.rfind(_PROMPT)
        if max(raw, friendly) >= 0:
            self._raw = raw > friendly
            self._booted()
        if self._host >= 0:
            if not self._to_host:
                self._stuck_since = time.monotonic()
            self._to_host += data

    def _ended(self) -> None:
        """The process ended by itself: Ctrl-D at the REPL, else a crash."""
        assert self._process is not None
        status = self._process.wait()
        if status == 1 and _LOCKED in self._tail:
            # Ctrl-C while the Unix port collected garbage, which it does not survive: what the
            # program would have become is the REPL.
            self._stop()
            self._start(4, main=False)
            return
        if status != 0:
            self.crashes.append(f"status {status} after {self._tail!r}")
        self._soft_reset(self._raw)

    def _pass_on(self) -> None:
        """Move waiting octets in both directions."""
        if self._host >= 0 and self._to_host:
            try:
                sent = os.write(self._host, self._to_host)
                del self._to_host[:sent]
                self._stuck_since = time.monotonic()
                self._deaf = False
            except BlockingIOError:
                self._deaf = self._deaf or time.monotonic() - self._stuck_since > _PATIENCE
                if self._deaf:
                    self._to_host.clear()
        if self._leaving and time.monotonic() > self._leaving:
            self._leaving = 0.0
            typed, self._typed = bytes(self._typed), bytearray()
            self._take(typed)
        if self._hold_until and (self._board < 0 or self._in_repl()):
            self._hold_until = 0.0
        if time.monotonic() > self._hold_until:
            self._hold_until = 0.0
            self._flush_board()
        reading = selectors.EVENT_READ
        writing = selectors.EVENT_WRITE
        from_host = reading if len(self._to_board) < _BACKLOG else 0
        self._watch(self._host, from_host | (writing if self._to_host else 0))
        due = self._to_board and not self._hold_until
        from_board = reading if len(self._to_host) < _BACKLOG else 0
        self._watch(self._board, from_board | (writing if due else 0))

    def _flush_board(self) -> None:
        if self._board >= 0 and self._to_board:
            with contextlib.suppress(BlockingIOError):
                sent = os.write(self._board, self._to_board)
                del self._to_board[:sent]

    def _watch(self, descriptor: int, wanted: int) -> None:
        """Wait for these events of a descriptor from now on; 0 for none."""
        if descriptor < 0:
            return
        if descriptor not in self._selector.get_map():
            if wanted:
                self._selector.register(descriptor, wanted)
        elif wanted:
            self._selector.modify(descriptor, wanted)
        else:
            self._selector.unregister(descriptor)
