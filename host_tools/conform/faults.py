"""Seeded faults: firmware that is wrong in one place, and the checks that must notice.

They patch a temporary copy, never the firmware itself; each text stands there exactly once.
tests_host/mutants holds them, one TOML table a fault.
"""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

__all__ = ["Fault", "FaultError", "fit", "read_faults", "seed"]


class FaultError(Exception):
    """A fault that does not fit the firmware."""


@dataclass(frozen=True)
class Fault:
    """A fault of one role: `edits` are (file under firmware/smets, old text, new text)."""

    name: str
    role: str
    what: str
    edits: tuple[tuple[str, str, str], ...]
    caught: frozenset[str]  # the checks that must fail, or report another alternative


def read_faults(folder: Path) -> list[Fault]:
    """Every fault of the TOML files in a folder."""
    found: list[Fault] = []
    for path in sorted(folder.glob("*.toml")):
        for name, row in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found.append(_fault(name, cast("dict[str, Any]", row)))
    names = [fault.name for fault in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FaultError(f"there twice: {', '.join(twice)}")
    return found


def _fault(name: str, row: dict[str, Any]) -> Fault:
    edits = row.get("edits") or [row]
    return Fault(
        name,
        row["role"],
        row["what"],
        tuple((edit["file"], edit["old"], edit["new"]) for edit in edits),
        frozenset(row.get("caught", [])),
    )


def fit(fault: Fault, firmware: Path) -> None:
    """FaultError unless the firmware has each text once, and is Python after each change.

    A text that begins with an indentation begins a line.
    """
    for name, old, new in fault.edits:
        text = (firmware / "smets" / name).read_text(encoding="utf-8")
        number = text.count(old)
        if number != 1:
            raise FaultError(f"{fault.name}: {name} has the text {number} times: {old}")
        if old.startswith(" ") and f"\n{old}" not in text:
            raise FaultError(f"{fault.name}: {name} has the text further to the right: {old}")
        try:
            compile(text.replace(old, new), name, "exec")
        except SyntaxError as error:
            raise FaultError(f"{fault.name}: {name} is no Python with {new}: {error}") from error


def seed(fault: Fault | None, firmware: Path, copy: Path) -> None:
    """Make a copy of the firmware with the fault; FaultError where a text is not there once."""
    shutil.copytree(firmware, copy)
    if fault is None:
        return
    fit(fault, firmware)
    for name, old, new in fault.edits:
        path = copy / "smets" / name
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(old, new), encoding="utf-8")
