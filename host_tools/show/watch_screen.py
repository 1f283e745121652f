"""A display's screen in a terminal, with its keys; elsewhere one picture."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from host_tools.screen_link import ScreenLink
from host_tools.screens import picture_of
from host_tools.show.live import ONE_HIGH, ONE_WIDE, PANEL, braille, framed
from host_tools.terminal import Console

__all__ = ["LEAVE", "PANEL", "KeyReader", "print_once", "watch"]

# Seconds between two looks at a screen whose keys nobody presses.
_LOOK: Final = 0.25
_HELP: Final = "← → pages, Enter OK, q leaves"
# Signals that end the watching; the terminal is put in order first.
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

LEAVE: Final = "leave"
# What a terminal sends for the keys: arrows in either of their modes, Enter, q.
_WORDS: Final = {b"\r": "ok", b"\n": "ok", b"q": LEAVE, b"Q": LEAVE} | {
    b"\x1b" + mode + letter: key
    for mode in (b"[", b"O")
    for letter, key in ((b"C", "next"), (b"B", "next"), (b"D", "back"), (b"A", "back"))
}
_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~])")
_BEGUN: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?")


class KeyReader:
    """Makes keys of the octets of a terminal; a sequence may come in pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, octets: bytes) -> list[str]:
        """The keys (screen_link.KEYS, LEAVE) that were pressed; others are passed over."""
        rest = self._rest + octets
        keys: list[str] = []
        while rest:
            found = _SEQUENCE.match(rest)
            if found is None and _BEGUN.fullmatch(rest):
                break  # the rest of it comes later
            word = found[0] if found else rest[:1]
            rest = rest[len(word) :]
            if word in _WORDS:
                keys.append(_WORDS[word])
        self._rest = rest
        return keys


class _Left(Exception):
    """A signal asks to leave."""


@contextmanager
def _signals() -> Generator[list[int]]:
    """Raise _Left at the first signal, and pass over others until the terminal is in order."""
    came: list[int] = []

    def leave(number: int, _frame: Any) -> None:
        came.append(number)
        if len(came) == 1:
            raise _Left

    before = [(number, signal.signal(number, leave)) for number in _SIGNALS]
    try:
        yield came
    except _Left:
        pass
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def _keys_at_once(terminal: int) -> Generator[None]:
    """Let a terminal give keys without echo as they are pressed; Ctrl-C stays a signal.

    Ctrl-Z and Ctrl-\\ are no signals meanwhile: they would leave the terminal as it is now.
    """
    before = termios.tcgetattr(terminal)
    modes = termios.tcgetattr(terminal)
    modes[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
    for character in (termios.VSUSP, termios.VQUIT):
        modes[6][character] = bytes([os.fpathconf(terminal, "PC_VDISABLE")])
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    try:
        termios.tcsetattr(terminal, termios.TCSANOW, modes)
        yield
    finally:
        with suppress(termios.error):  # a terminal that is gone needs no order
            # Keys that were pressed too late are not for the shell.
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _picture(console: Console, title: str, screen: ScreenLink) -> RenderableType:
    width, height = console.size
    if width < ONE_WIDE or height < ONE_HIGH + 1:
        needed = f"{ONE_WIDE} by {ONE_HIGH + 1}"
        return Text(f"{title}: the terminal is {width} by {height}, it needs {needed}")
    frame = framed(picture_of(screen.answer), title, screen.answer["page"])
    return Group(frame, Text(_HELP, style="dim", no_wrap=True))


def watch(console: Console, title: str, screen: ScreenLink) -> int:
    """Follow a screen of PANEL in a terminal until q, Ctrl-C or a signal; the exit status.

    The terminal is as it was before in every case. BenchError where the device goes away.
    """
    terminal = sys.stdin.fileno()
    reader = KeyReader()
    live = Live(console=console, auto_refresh=False, screen=True)
    with _signals() as came, _keys_at_once(terminal), live:
        pressed: list[str] = []
        size = None
        while LEAVE not in pressed:
            if screen.look(pressed) or pressed or console.size != size:
                size = console.size
                live.update(_picture(console, title, screen), refresh=True)
            pressed = []
            if select.select([terminal], [], [], _LOOK)[0]:
                octets = os.read(terminal, 1024)
                pressed = reader.take(octets) if octets else [LEAVE]
    # Ctrl-C is how one leaves; another signal is told as a shell does.
    return 0 if not came or came[0] == signal.SIGINT else 128 + came[0]


def print_once(console: Console, title: str, screen: ScreenLink) -> None:
    """Print what a screen of PANEL shows now."""
    screen.look()
    console.print(f"{title}, page {screen.answer['page']}", highlight=False)
    for line in braille(picture_of(screen.answer)):
        console.print(line, no_wrap=True, overflow="ignore", crop=False, highlight=False)
