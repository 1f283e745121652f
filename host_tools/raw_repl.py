"""A board's raw REPL, by mpremote's serial transport, with types."""

from __future__ import annotations

import termios
import threading
import time
from contextlib import suppress
from typing import Any, Protocol, cast

import serial
from mpremote import transport as _transport  # pyright: ignore[reportMissingTypeStubs]
from mpremote import transport_serial as _serial  # pyright: ignore[reportMissingTypeStubs]

__all__ = ["ExecError", "RawRepl", "ReplError", "reset_to_main"]

_TIMEOUT = 20.0
_AWAY = 2.0
_ENTER = 4.0
_TRIES = 3
# Leave a program and the raw REPL, then a soft reset: main.py runs.
_TO_MAIN = b"\r\x03\x02\x04"


class ReplError(Exception):
    """The line is gone, or there is no REPL at its end."""


class ExecError(ReplError):
    """The board raised an exception; the text is its traceback."""


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
    ReplError when the line is gone.
    """

    def __init__(self, port: str, soft_reset: bool = True) -> None:
        _printed.text = ""
        deadline = time.monotonic() + _AWAY
        tries_left = _TRIES
        while True:
            try:
                self._transport = _open(port)
                self._transport.enter_raw_repl(soft_reset, timeout_overall=_ENTER)
                return
            except _LINE_ERRORS as error:
                with suppress(AttributeError, *_LINE_ERRORS):
                    self._transport.close()
                # A port may be away for a moment: after a reset USB boards log on again. And a
                # board in the middle of a start may overlook Ctrl-C.
                if isinstance(error, _transport.TransportError) and "raw repl" in str(error):
                    tries_left -= 1
                    ended = not tries_left
                else:
                    ended = time.monotonic() > deadline
                if ended:
                    raise ReplError(f"{port}: {error} {_printed.text}".strip()) from error
            time.sleep(0.05)

    def __enter__(self) -> RawRepl:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def exec(self, code: str, timeout: float = _TIMEOUT) -> str:
        """What the code prints; ExecError with its traceback, `timeout` seconds of silence."""
        try:
            output, error = self._transport.exec_raw(code, timeout=timeout)
        except _LINE_ERRORS as problem:
            raise ReplError(f"the line is gone: {problem}") from problem
        if error:
            raise ExecError(error.decode("utf-8", "replace").strip())
        return output.decode("utf-8", "replace").replace("\r\n", "\n")

    def start(self, code: str) -> None:
        """Start a program and close; its output waits for the next one who opens the port.

        It may reset the board, so that the line goes: that is no error here.
        """
        with suppress(*_LINE_ERRORS):
            self._transport.exec_raw_no_follow(code)
        self.close()

    def to_main(self) -> None:
        """Restart the board so that main.py runs, and close."""
        try:
            self._transport.exit_raw_repl()
            self._transport.serial.write(b"\x04")
            self._transport.serial.flush()
        except _LINE_ERRORS as error:
            raise ReplError(f"the line is gone: {error}") from error
        finally:
            self.close()

    def close(self) -> None:
        """Give the port back; the board stays at its raw REPL."""
        with suppress(*_LINE_ERRORS):
            self._transport.close()


def reset_to_main(port: str) -> None:
    """Make a board run main.py, whatever it does now; ReplError without a port."""
    try:
        with serial.Serial(port, 115200, timeout=1, exclusive=True) as line:
            line.write(_TO_MAIN)
            line.flush()
    except _LINE_ERRORS as error:
        raise ReplError(f"{port}: {error}") from error
