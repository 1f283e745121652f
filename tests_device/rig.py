"""A board on the bench: its data, its serial port, and the hands that pull its cables."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from host_tools import boards, flash, install
from host_tools.bench import BenchClient, BenchError, SerialTransport
from host_tools.raw_repl import ExecError, RawRepl
from host_tools.virtual_board import VirtualBoard

# Where tests of modules lie on a board, with the firmware if that is not frozen.
LIBRARY = "/t"
# Where they write (modules.program).
SCRATCH = "/tmp"
# Octets that a library may take, each of its files in blocks of 4 KB.
ROOM = 700 << 10
# Blocks of a virtual board's flash: what some tests import is the modules of all roles, more than
# any board has without the frozen image.
BLOCKS = 512


class Rig:
    """One board under test.

    `hands` is the virtual or emulated board, whose power and cable tests may cut; None for a
    real one, of which they know the port only.
    """

    def __init__(self, name: str, port: str, hands: Any = None) -> None:
        self.board = boards.load(name)
        self.port = port
        self.hands = hands
        self.guard = True  # whether the raw REPL resets a board whose host is gone
        self.settings: dict[str, Any] = {}  # of the install that runs
        self._frozen: bool | None = None
        self._running = False
        self._library = True  # Whether there may be one on the board.
        self._flashed: dict[str, bytes] = {}  # images of the flash of a virtual board

    # --- What it can do --------------------------------------------------------------------------

    def needs(self, *features: str) -> None:
        """Skip the test where the board lacks one of these, with the reason of its board.py."""
        for feature in features:
            if feature in self.board.lacks:
                pytest.skip(f"{self.board.name} lacks {feature}: {self.board.lacks[feature]}")
        if "hands" in features and self.hands is None:
            pytest.skip("nobody here can pull the cables of a real board")

    @property
    def flashes(self) -> bool:
        """Whether it has a file system that lasts, and runs main.py from it."""
        return "flash" not in self.board.lacks

    @property
    def frozen(self) -> bool:
        """Whether our firmware is in its firmware."""
        if self._frozen is None:
            with self.repl() as repl:
                try:
                    version = repl.exec("import smets; print(smets.__version__)").strip()
                except ExecError:
                    version = ""
            assert version in ("", install.firmware_version()), f"firmware {version} is frozen"
            self._frozen = bool(version)
        return self._frozen

    # --- Firmware --------------------------------------------------------------------------------

    def build(self, role: str, **settings: Any) -> install.Install:
        """The install of a role, with the clock at rest unless `tick` is given."""
        return install.build(role, self.board, {"tick": False, **settings}, installed=self.frozen)

    def start(self, role: str, **settings: Any) -> None:
        """See to it that the board plays a role; an install that is there is not sent again."""
        wanted = {"role": role, "tick": False, **settings}
        if self._running and self.settings == wanted:
            return
        if self.flashes:
            self._install(role, settings)
        else:
            keep = "power" not in self.board.lacks
            with self.repl() as repl:
                repl.start(
                    "from smets import runtime\n"
                    f"runtime.run({ {'board': self.board.name, 'keep': keep, **wanted}!r})"
                )
            self._wait()
        self.settings = wanted
        self._running = True

    def _install(self, role: str, settings: dict[str, Any]) -> None:
        """Flash an install; a virtual board gets the flash that it had after the first time."""
        known = json.dumps([role, settings], sort_keys=True)
        if known in self._flashed:
            self.hands.power_off()
            self.hands.image.write_bytes(self._flashed[known])
            self.hands.power_on()
            self._library = False
            self._wait()
            return
        self._remove_library()
        self._make_room()
        flash.flash(self.port, self.build(role, **settings), self.board)
        if self.board.name == "virtual" and self.hands is not None:
            self._flashed[known] = self.hands.image.read_bytes()

    def _wait(self) -> None:
        flash.hello(self.port, restart=self.flashes)

    @contextmanager
    def client(self, timeout: float = 60) -> Iterator[BenchClient]:
        """The bench link of the role that was started."""
        assert self._running, "start a role first"
        with BenchClient(SerialTransport(self.port), timeout=timeout) as client:
            yield client

    def repl(self) -> RawRepl:
        """The board's raw REPL with an empty memory; the role runs no more."""
        self._running = False
        repl = RawRepl(self.port, guard=self.guard)
        if self.board.prepare:
            repl.exec(self.board.prepare)
        return repl

    # --- Hands -----------------------------------------------------------------------------------

    def power_cycle(self) -> None:
        """Cut the power and give it back; the role that was started runs again."""
        self.needs("hands", "power")
        self.hands.power_off()
        self.hands.power_on()
        self._restarted()

    def reset(self) -> None:
        """Reset the board as its pin does: by hand, or by the device's own reset."""
        if self.hands is not None and "power" not in self.board.lacks:
            self.power_cycle()
            return
        with self.client(timeout=2) as client, pytest.raises(BenchError):
            client.control("RESET")
        self._restarted()

    def _restarted(self) -> None:
        if self._running and not self.flashes:
            self._running = False
            settings = dict(self.settings)
            self.start(settings.pop("role"), **settings)
        else:
            self._wait()
            self._running = True

    def unplug(self, seconds: float = 0.0) -> None:
        """Pull the cable and plug it in again; the board keeps its power."""
        self.needs("hands")
        self.hands.unplug()
        time.sleep(seconds)
        self.hands.plug()

    @property
    def boots(self) -> int:
        """How often an emulated or virtual board started; 0 of a real one."""
        return getattr(self.hands, "boots", 0) + getattr(self.hands, "resets", 0)

    # --- Modules on the board --------------------------------------------------------------------

    def library(self, files: dict[str, bytes], names: frozenset[str]) -> None:
        """Put these files into LIBRARY, and these modules with their imports unless frozen."""
        wanted = dict(files)
        if not self.frozen:
            wanted |= install.compiled(install.needed_by(names), self.board.arch)
        with self.repl() as repl:
            board = flash.Files(repl, flash.Report())
            if board.free() < ROOM and self.flashes:
                self._remove(board, *(f"/{slot}" for slot in flash.SLOTS))
                board.remove("/slot")
            self._library = True
            board.fill(LIBRARY, wanted, alone=board.free() < ROOM)

    def _remove_library(self) -> None:
        """Give an install the room of two slots: a library and its scratch may hold it."""
        if self._library:
            with self.repl() as repl:
                self._remove(flash.Files(repl, flash.Report()), LIBRARY, SCRATCH)
            self._library = False

    def _make_room(self) -> None:
        """A Pico has no room for two installs of an ESME: it is flashed as a new board then."""
        with self.repl() as repl:
            board = flash.Files(repl, flash.Report())
            self._remove(board, "/state")
            if board.free() < ROOM + (64 << 10):
                self._remove(board, *(f"/{slot}" for slot in flash.SLOTS))
                board.remove("/slot")

    def _remove(self, board: flash.Files, *folders: str) -> None:
        for folder in folders:
            board.fill(folder, {})

    def script(self, code: str, timeout: float = 120) -> str:
        """The output of code that finds the modules of LIBRARY."""
        with self.repl() as repl:
            return repl.exec(f"import sys\nsys.path.insert(0, {LIBRARY!r})\n{code}", timeout)


def virtual(folder: Path) -> Rig:
    """A rig of a virtual board."""
    board = VirtualBoard(folder, blocks=BLOCKS)
    return Rig("virtual", board.port, board)


def emulated(name: str, folder: Path) -> Rig:
    """A rig of an emulated board."""
    from host_tools import emulators

    # A Pico's own time while it is busy: it may be faster than one here.
    board = emulators.start(name, folder, **({"pace": "busy"} if name == "rpi_pico" else {}))
    rig = Rig(name, board.port, board)
    # Its minute may be over here in some seconds, while a long test works.
    rig.guard = name != "rpi_pico"
    return rig
