"""Boards in a home: what `--board ROLE=WHERE` means, who answers there, and how one comes back.

A board has an identity of its own where it has an EUI-64, and keys unless it is a display. It
keeps both. Any other board is given the test identity of the home's device of its role.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol

from host_tools.bench import HEAP, BenchClient, BenchError, open_port
from host_tools.example import START
from host_tools.gbcs.times import iso_2000, parse_iso, seconds_2000

__all__ = ["EMULATED", "VIRTUAL", "WHERE", "HomeBoard", "HomeBoards", "boards_of"]

VIRTUAL, EMULATED = "virtual", "emulated"
WHERE = f"a serial port, a pty, HOST:PORT, {VIRTUAL} or {EMULATED}"
# The roles of a home that a board can play, and those that are displays.
ROLES = ("esme", "gsme", "gpf", "ihd", "ppmid")
DISPLAYS = ("ihd", "ppmid")
# Seconds for an answer of a board in a home; one that is silent for longer counts as gone. The
# longest answers are those to a day of time, see docs/boards.md.
PATIENCE = 30.0
# So often a board that was just switched on is flashed: it may not listen yet.
_TRIES = 3
# Seconds for its first answer, in so many questions: a board that starts may overlook one.
_FIRST, _QUESTIONS = 5.0, 3
# Seconds between two looks for a board that is gone.
_LOOK = 0.5
# Seconds in which a board whose own time passes shows it.
_TICK = 1.3
# What a board of its own identity is not given: it has an account, or none.
_ITS_OWN = ("prepayment",)


class Hands(Protocol):
    """Hands at a virtual or emulated board."""

    port: str

    def power_on(self) -> None:
        """Give it power."""
        ...

    def power_off(self) -> None:
        """Cut its power."""
        ...

    def close(self) -> None:
        """End it."""
        ...


def boards_of(words: Iterable[str]) -> dict[str, str]:
    """WHERE by role of words ROLE=WHERE; ValueError names the word that is wrong."""
    found: dict[str, str] = {}
    for word in words:
        role, mark, where = word.partition("=")
        if not (mark and where):
            raise ValueError(f"--board {word}: not ROLE=WHERE, where WHERE is {WHERE}")
        if role not in ROLES:
            raise ValueError(f"--board {word}: {role} is not one of {', '.join(ROLES)}")
        if role in found:
            raise ValueError(f"--board {word}: the home has one {role.upper()}")
        if where in found.values() and where not in (VIRTUAL, EMULATED):
            raise ValueError(f"--board {word}: another role is there")
        found[role] = where
    return found


class HomeBoard:
    """One board of a home.

    `eui` is its own EUI-64, "" where the home gives it one. `ticks`: its time passes by itself.
    """

    def __init__(self, role: str, where: str) -> None:
        self.role = role
        self.where = where
        self.eui = ""
        self.ticks = False
        self.resets = False  # whether CTRL:RESET restarts it
        self.time: int | None = None  # of its clock when it was met, in seconds since 2000
        self.hands: Hands | None = None
        self._client: BenchClient | None = None  # before the home takes it
        self._search: _Search | None = None

    def __str__(self) -> str:
        return f"{self.role.upper()} ({self.where})"

    @property
    def port(self) -> str:
        """What its bench link is opened at."""
        return self.where if self.hands is None else self.hands.port

    # --- The first time --------------------------------------------------------------------------

    def start(self, folder: Path) -> None:
        """Start a virtual or emulated board in `folder` and flash it; BenchError."""
        if self.where not in (VIRTUAL, EMULATED):
            return
        from host_tools import boards, flash, install

        try:
            self.hands, name = _started(self.where, folder)
            made = install.build(
                self.role,
                boards.load(name),
                {"tick": False, "keep": True},
                installed=self.where == EMULATED,
            )
            for left in reversed(range(_TRIES)):
                try:
                    flash.flash(self.hands.port, made, boards.load(name))
                    break
                except flash.FlashError:
                    if not left:
                        raise
                    time.sleep(_FIRST)
        except (flash.FlashError, install.InstallError, boards.BoardError, _Missing) as error:
            raise BenchError(f"{self}: {error}") from error

    def meet(self) -> None:
        """Ask who is there, and what it has; BenchError where it cannot play its part."""
        try:
            self._client = self._opened(_FIRST, _QUESTIONS)
        except BenchError as error:
            raise BenchError(f"{self}: {error}") from error
        self._client.timeout = PATIENCE
        told = self._talk("QUERY", {"keys": True})
        if "eui" not in told:
            raise BenchError(f"{self}: its firmware does not tell its EUI-64: flash it again")
        if self.role in DISPLAYS or told.get("keys"):
            self.eui = told["eui"]
        self.time = _time_of(told)

    def take(self) -> BenchClient:
        """The client of a board that was met; it is the caller's from now on."""
        client, self._client = self._client, None
        if client is None:
            raise BenchError(f"{self}: it is not there")
        return client

    def begin_to_measure(self) -> None:
        """Begin to see whether its time passes by itself; it has a time for that."""
        if self.time is None:
            self._talk("CLOCK", {"time": iso_2000(_NO_TIME), "status": "reliable"})

    def end_of_measure(self) -> None:
        """See it; a board that had no time has none again."""
        now = _time_of(self._talk("QUERY"))
        self.ticks = now != (_NO_TIME if self.time is None else self.time)
        if self.time is None:
            self._talk("CLOCK", {"time": None, "status": "invalid"})
        else:
            self.time = now

    def _talk(self, verb: str, document: Any = None) -> dict[str, Any]:
        """A control event before the home has the client."""
        if self._client is None:
            raise BenchError(f"{self}: it is not there")
        try:
            return self._client.control(verb, document)
        except BenchError as error:
            raise BenchError(f"{self}: {error}") from error

    def _opened(self, timeout: float, questions: int) -> BenchClient:
        """A client of the board, after it has said that it plays its role."""
        client = BenchClient(open_port(self.port), timeout=timeout)
        try:
            told = self._hello(client, questions)
        except BaseException:
            client.transport.close()
            raise
        self.resets = "board" in told
        return client

    def _hello(self, client: BenchClient, questions: int) -> Mapping[str, Any]:
        try:
            told = client.control("HELLO")
        except BenchError as error:
            if questions <= 1 or "no line" not in str(error):
                raise
            return self._hello(client, questions - 1)
        if told.get("device") != self.role.upper():
            raise BenchError(f"it plays {told.get('device')}, not {self.role.upper()}")
        return told

    # --- What it is given ------------------------------------------------------------------------

    def given(
        self, state: dict[str, Any] | None, keys: dict[str, Any] | None, inputs: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None, dict[str, Any]]:
        """State, keys and inputs for it: with an identity of its own the time and its inputs."""
        if not self.eui:
            return state, keys, inputs
        clock = {name: value for name, value in (state or {}).items() if name == "clock"}
        return clock, None, {k: v for k, v in inputs.items() if k not in _ITS_OWN}

    # --- Gone, and back --------------------------------------------------------------------------

    def search(self) -> None:
        """Begin to look whether it comes back."""
        self._search = _Search(lambda: self._opened(_FIRST, 1))

    def problem(self) -> str:
        """Why what has come there is not the board, once; "" where nothing has."""
        return self._search.problem() if self._search else ""

    def found(self) -> BenchClient | None:
        """A client of the board where it has come back."""
        client = self._search.client if self._search else None
        if client is not None:
            self._search = None
            client.timeout = PATIENCE
        return client

    def close(self) -> None:
        """End the search, and what was started here."""
        if self._search is not None:
            self._search.close()
        if self._client is not None:
            self._client.transport.close()
        if self.hands is not None:
            self.hands.close()


# The clock of a board that has no time, while it is seen whether it passes.
_NO_TIME = seconds_2000(START)


class _Missing(Exception):
    """What an emulated board needs is not there."""


def _time_of(told: Mapping[str, Any]) -> int | None:
    return seconds_2000(parse_iso(told["time"])) if "time" in told else None


def _started(where: str, folder: Path) -> tuple[Hands, str]:
    """A virtual or emulated board, and the name of its kind."""
    if where == VIRTUAL:
        from host_tools.virtual_board import VirtualBoard

        # Room for the code of any role, which boards with a frozen build have in their flash.
        return VirtualBoard(folder, HEAP), "virtual"
    from host_tools.emulators import EmulatorError
    from host_tools.emulators.pico import EmulatedPico

    try:
        # Its own time while it is busy: the home does not wait for more.
        return EmulatedPico(folder, pace="busy"), "rpi_pico"
    except EmulatorError as error:
        raise _Missing(str(error)) from error


class _Search(Thread):
    """Tries to open a board again and again, until it is there."""

    def __init__(self, opened: Callable[[], BenchClient]) -> None:
        super().__init__(daemon=True)
        self.client: BenchClient | None = None
        self._opened = opened
        self._stop_asked = Event()
        self._problem = self._told = ""
        self.start()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                self.client = self._opened()
                return
            except BenchError as error:
                self._problem = str(error) if "it plays" in str(error) else self._problem
            self._stop_asked.wait(_LOOK)

    def problem(self) -> str:
        if self._problem == self._told:
            return ""
        self._told = self._problem
        return self._told

    def close(self) -> None:
        self._stop_asked.set()
        self.join()
        if self.client is not None:
            self.client.transport.close()


class HomeBoards:
    """The boards of a home by role; use as a context manager."""

    def __init__(self, where: Mapping[str, str], folder: Path) -> None:
        self.by_role = {role: HomeBoard(role, place) for role, place in where.items()}
        self._folder = folder

    def __enter__(self) -> HomeBoards:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all, and end those that were started here."""
        for board in self.by_role.values():
            board.close()

    def open(self, euis: Mapping[str, str], real: bool) -> None:
        """Start and meet all; BenchError where one is missing, or cannot be in this home.

        `euis` are those of the home by role. `real`: its time is that of the wall clock.
        """
        for board in self.by_role.values():
            board.start(self._folder / f"board-{board.role}")
            board.meet()
        self._measure()
        taken: dict[str, str] = {}
        for role, eui in euis.items():
            board = self.by_role.get(role)
            mine = board.eui if board and board.eui else eui
            if mine in taken:
                raise BenchError(f"{taken[mine].upper()} and {role.upper()} both are {mine}")
            taken[mine] = role
        for board in self.by_role.values():
            if board.ticks and not real:
                raise BenchError(
                    f"{board}: its time passes by itself: use --real, or flash it with --no-tick"
                )

    def _measure(self) -> None:
        """See whose time passes by itself; what was started here has the home's."""
        unknown = [board for board in self.by_role.values() if board.hands is None]
        for board in unknown:
            board.begin_to_measure()
        if unknown:
            time.sleep(_TICK)
        for board in unknown:
            board.end_of_measure()

    def latest(self, now: int) -> int:
        """The time at which the home begins: `now`, or a later one that a board has."""
        return max([now, *(board.time or 0 for board in self.by_role.values())])
