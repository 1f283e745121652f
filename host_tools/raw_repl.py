"""A board's raw REPL, by mpremote's serial transport, with types."""

from __future__ import annotations

import json
import termios
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, cast

import serial
from mpremote import transport as _transport  # pyright: ignore[reportMissingTypeStubs]
from mpremote import transport_serial as _serial  # pyright: ignore[reportMissingTypeStubs]

from host_tools.ports import open_serial, why

__all__ = ["GUARD", "ExecError", "RawRepl", "ReplError", "reset_to_main"]

# A board that a tool of ours has at its raw REPL starts its device again so many seconds after it
# last heard from the tool: it was killed, or its machine was switched off.
GUARD = 60.0

_TIMEOUT = 20.0
_AWAY = 2.0
_ENTER = 4.0
_TRIES = 3
# A device that runs answers CTRL:REPL within so many seconds; a board at its raw REPL never does.
_LEAVES = 0.4
# The guard on the board, a timer that resets it; _fg(0) stops it. Timers end with a soft reset.
_GUARD = """
import machine
def _fg(ms):
    global _ft
    try: _ft.deinit()
    except NameError: pass
    if ms:
        _ft = machine.Timer(-1)
        _ft.init(mode=machine.Timer.ONE_SHOT, period=ms, callback=lambda t: machine.reset())
"""
# Leave a program and the raw REPL, then a soft reset: main.py runs.
_TO_MAIN = b"\r\x03\x02\x04"


class ReplError(Exception):
    """The line is gone, or there is no REPL at its end."""


class ExecError(ReplError):
    """The board raised an exception; the text is its traceback."""

    @property
    def last(self) -> str:
        """What was raised: the last line."""
        return str(self).strip().rpartition("\n")[2]


class _Transport(Protocol):
    """The part of mpremote's SerialTransport that is used."""

    serial: Any

    def enter_raw_repl(self, soft_reset: bool = True, timeout_overall: float = 10) -> None: ...
    def exit_raw_repl(self) -> None: ...
    def exec_raw(self, command: str, timeout: float | None = 10) -> tuple[bytes, bytes]: ...
    def exec_raw_no_follow(self, command: str) -> None: ...
    def close(self) -> None: ...


# mpremote prints unexpected output of a board; here it goes into the error.
_printed = threading.local()


def _print(*values: object) -> None:
    _printed.text = " ".join(map(str, values))


setattr(_serial, "print", _print)  # noqa: B010

_LINE_ERRORS = (OSError, termios.error, serial.SerialException, _transport.TransportError)


def _open(port: str) -> _Transport:
    return cast(_Transport, _serial.SerialTransport(port, timeout=_TIMEOUT))


class RawRepl:
    """Runs code on a board. Use as a context manager, or call `close`.

    With `soft_reset` the board's memory is empty and main.py does not run. Every method raises
    ReplError when the line is gone. From then on the board is guarded (GUARD), if it has
    machine.Timer. With its `watchdog` (boards.Board) it is guarded on the way to the REPL, too.
    Without `guard` it never is: a board whose sleep takes no time would be reset at once.
    """

    def __init__(
        self,
        port: str,
        soft_reset: bool = True,
        watchdog: dict[str, Any] | None = None,
        guard: bool = True,
    ) -> None:
        _printed.text = ""
        self._guarded_at = 0.0
        stop = _watchdog_off(watchdog)
        if stop:
            _leave(port)
        deadline = time.monotonic() + _AWAY
        tries_left = _TRIES
        while True:
            try:
                self._transport = _open(port)
                if soft_reset and watchdog and stop:
                    # A soft reset ends the timer, so the watchdog takes its place meanwhile.
                    self._transport.enter_raw_repl(False, timeout_overall=_ENTER)
                    arm = f"import machine\nmachine.WDT(timeout={watchdog['ms']})"
                    self._transport.exec_raw(arm, timeout=_TIMEOUT)
                self._transport.enter_raw_repl(soft_reset, timeout_overall=_ENTER)
                # Without our function the guard is never armed.
                first = f"{_GUARD}{_armed(0)}" if guard else "import machine\n"
                self._transport.exec_raw(first + stop, timeout=_TIMEOUT)
                self._guarded_at = time.monotonic()
                return
            except _LINE_ERRORS as error:
                with suppress(AttributeError, *_LINE_ERRORS):
                    self._transport.close()
                # A port may be away for a moment: after a reset USB boards log on again. And a
                # board in the middle of a start may overlook Ctrl-C.
                if isinstance(error, _transport.TransportError) and _again(str(error)):
                    tries_left -= 1
                    ended = not tries_left
                else:
                    ended = time.monotonic() > deadline
                if ended:
                    raise ReplError(_told(port, error)) from error
            time.sleep(0.05)

    def __enter__(self) -> RawRepl:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def exec(self, code: str, timeout: float = _TIMEOUT) -> str:
        """What the code prints; ExecError with its traceback, `timeout` seconds of silence."""
        try:
            if timeout > _TIMEOUT or time.monotonic() - self._guarded_at > GUARD / 4:
                longer = max(0.0, timeout - _TIMEOUT)
                self._transport.exec_raw(_armed(longer), timeout=_TIMEOUT)
                # A longer time than usual holds for this code only.
                self._guarded_at = time.monotonic() if timeout <= _TIMEOUT else 0.0
            output, error = self._transport.exec_raw(code, timeout=timeout)
        except _LINE_ERRORS as problem:
            raise ReplError(f"the line is gone: {why(problem)}") from problem
        if error:
            raise ExecError(error.decode("utf-8", "replace").strip())
        return output.decode("utf-8", "replace").replace("\r\n", "\n")

    def start(self, code: str) -> None:
        """Start a program and close; its output waits for the next one who opens the port.

        It may reset the board, so that the line goes: that is no error here.
        """
        with suppress(*_LINE_ERRORS):
            self._transport.exec_raw(_armed(-GUARD), timeout=_TIMEOUT)
            self._transport.exec_raw_no_follow(code)
        self.close()

    def to_main(self) -> None:
        """Restart the board so that main.py runs, and close."""
        try:
            self._transport.exit_raw_repl()
            self._transport.serial.write(b"\x04")
            self._transport.serial.flush()
        except _LINE_ERRORS as error:
            raise ReplError(f"the line is gone: {why(error)}") from error
        finally:
            self.close()

    def to_friendly(self) -> None:
        """Leave the board at its friendly REPL, for a person and without the guard; close."""
        try:
            self._transport.exec_raw(_armed(-GUARD), timeout=_TIMEOUT)
            self._transport.exit_raw_repl()
        except _LINE_ERRORS as error:
            raise ReplError(f"the line is gone: {why(error)}") from error
        finally:
            self.close()

    def close(self) -> None:
        """Give the port back; the board stays at its raw REPL until the guard resets it."""
        with suppress(*_LINE_ERRORS):
            self._transport.close()


def _told(port: str, error: Exception) -> str:
    """Why a board did not come to its raw REPL. mpremote hides what the system said of a port."""
    if not Path(port).exists():
        return f"{port}: there is no such port"
    text = f"{why(error)} {_printed.text}".strip()
    return f"{port}: {text}: smets doctor {port} says why"


def _again(text: str) -> bool:
    """Whether a board may yet come to its raw REPL: it overlooked Ctrl-C, or was still talking."""
    return "raw repl" in text or "could not exec" in text


def _armed(longer: float) -> str:
    """Code that lets the guard wait for `longer` seconds more than usual; -GUARD stops it."""
    # Without a timer (AttributeError, ValueError), or without our function, there is no guard.
    return f"try: _fg({round(1000 * (GUARD + longer))})\nexcept Exception: pass\n"


def _watchdog_off(watchdog: dict[str, Any] | None) -> str:
    """Code that stops a board's watchdog; empty where none can be stopped."""
    if not watchdog or "timer" in watchdog:
        return ""
    if "off" in watchdog:
        address, value = watchdog["off"]
        return f"machine.mem32[{address}] = {value}\n"
    return f"machine.WDT(timeout={watchdog['ms']}).deinit()\n"


def _leave(port: str) -> None:
    """Ask a device that runs to leave for its REPL, guarded; others are left by Ctrl-C later."""
    body = json.dumps({"within": max(1, round(GUARD))})
    line = f"\nCTRL:REPL#1:{len(body)}:{body}\n".encode()
    with suppress(*_LINE_ERRORS), open_serial(port, timeout=0.05) as own:
        own.write(line)
        own.flush()
        said = b""
        deadline = time.monotonic() + _LEAVES
        done = b"CTRL:OK#1:"
        while done not in said and b">>>" not in said and time.monotonic() < deadline:
            said += own.read(256)
        # A friendly REPL has more to say of this line; none of it may come later.
        heard = time.monotonic()
        while said and done not in said and time.monotonic() < heard + _LEAVES:
            if own.read(256):
                heard = time.monotonic()


def reset_to_main(port: str) -> None:
    """Make a board run main.py, whatever it does now; ReplError without a port."""
    try:
        with open_serial(port, timeout=1) as line:
            line.write(_TO_MAIN)
            line.flush()
    except _LINE_ERRORS as error:
        raise ReplError(f"{port}: {why(error)}") from error
