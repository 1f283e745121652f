"""What is known of each board: the data of `boards/<name>/board.py`, checked as it is read."""

from __future__ import annotations

import runpy
from dataclasses import dataclass, field, fields
from typing import Any

from host_tools.places import BOARDS

__all__ = ["ARCHITECTURES", "BOARDS", "Board", "BoardError", "load", "names"]

# MicroPython's native architectures in the order of their numbers (py/persistentcode.h).
ARCHITECTURES = (
    "",
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
    "rv64imc",
)


class BoardError(Exception):
    """There is no such board, or its data is wrong; the text says what."""


@dataclass(frozen=True)
class Board:
    """One board.

    title      what it is called in full
    arch       machine code that viper and native functions become (mpy-cross -march), "" for none
    heap       octets that MicroPython leaves to Python there
    word       octets of a word there: objects and tables are made of words
    watchdog   as smets.ports.watchdog takes it, or None
    pins       what of ours is connected where: signal -> pin
    ports      which of our ports it has: sampler, han, screen -> implementation; of han all that
               it can have, the usual one first
    prepare    code that its REPL runs before firmware can be started there, where it cannot
               be flashed
    lacks      what tests need and it does not have -> reason, which they give when they skip
    emulated   whether all its figures were measured under emulation only
    """

    title: str
    arch: str
    heap: int
    word: int = 4
    watchdog: dict[str, Any] | None = None
    pins: dict[str, Any] = field(default_factory=dict[str, Any])
    ports: dict[str, str] = field(default_factory=dict[str, str])
    prepare: str = ""
    lacks: dict[str, str] = field(default_factory=dict[str, str])
    emulated: bool = True
    name: str = ""


def names() -> list[str]:
    """The names of all boards."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.py"))


def load(name: str) -> Board:
    """The board of a name; BoardError names what is wrong."""
    path = BOARDS / name / "board.py"
    if name not in names():
        raise BoardError(f"no board {name}: there are {', '.join(names())}")
    known = {field.name for field in fields(Board)} - {"name"}
    data = {
        key.lower(): value
        for key, value in runpy.run_path(str(path)).items()
        if key.isupper() and not key.startswith("_")
    }
    if set(data) - known:
        raise BoardError(f"{path}: unknown {', '.join(sorted(set(data) - known))}")
    try:
        board = Board(**data, name=name)
    except TypeError as error:
        raise BoardError(f"{path}: {error}") from error
    if board.arch not in ARCHITECTURES:
        raise BoardError(f"{path}: ARCH {board.arch!r} is not one of {', '.join(ARCHITECTURES)}")
    if board.heap <= 0 or board.word not in (4, 8):
        raise BoardError(f"{path}: HEAP is {board.heap!r}, WORD {board.word!r}")
    return board
