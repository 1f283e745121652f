"""Every folder of `boards/` has data, a frozen build, and a page about the tests that were run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host_tools import boards

FIRMWARE = boards.BOARDS.parent / "firmware"
# Sections that the README of a board must have.
SUBJECTS = ("wir", "flash", "heap", "limit", "measured|run")
NAMES = boards.names()


def frozen(manifest: Path) -> list[Path]:
    """The folders of the packages that a manifest freezes; its ports' own parts are left out."""
    found: list[Path] = []

    def include(path: str) -> None:
        if not path.startswith("$("):
            found.extend(frozen((manifest.parent / path).resolve()))

    def package(name: str, base_path: str = ".", opt: int = 0) -> None:
        assert 0 <= opt <= 3, "mpy-cross has -O0 to -O3"
        found.append((manifest.parent / base_path / name).resolve())

    def other(*values: Any, **options: Any) -> None:
        if "base_path" in options:
            assert (manifest.parent / options["base_path"] / values[0]).is_file()

    known: dict[str, Callable[..., None]] = {
        "include": include,
        "package": package,
        "module": other,
        "freeze": other,
    }
    exec(compile(manifest.read_text(encoding="utf-8"), str(manifest), "exec"), dict(known))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_board_py_is_data(name: str) -> None:
    """Nothing but assignments of constants to upper-case names."""
    tree = ast.parse((boards.BOARDS / name / "board.py").read_text(encoding="utf-8"))
    for node in tree.body:
        assert isinstance(node, ast.Assign), ast.dump(node)
        (target,) = node.targets
        assert isinstance(target, ast.Name) and target.id.lstrip("_").isupper()
        calls = [each for each in ast.walk(node.value) if isinstance(each, ast.Call)]
        assert not calls, f"{name}: board.py calls something"
    assert boards.load(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_the_frozen_build_has_all_of_the_firmware(name: str) -> None:
    """The package is frozen once, from this checkout."""
    assert frozen(boards.BOARDS / name / "manifest.py") == [FIRMWARE / "smets"]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_what_is_to_be_said(name: str) -> None:
    """Wiring, flashing, heap, limits, what was run; where there are pins, a warning of mains."""
    text = (boards.BOARDS / name / "README.md").read_text(encoding="utf-8")
    for subject in SUBJECTS:
        assert re.search(subject, text, re.IGNORECASE), f"{name}: nothing about {subject}"
    board = boards.load(name)
    if "sampler" in board.pins or "metering_ic" in board.pins:
        assert "Isolated low-voltage source only" in text
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (boards.BOARDS / name / link).exists(), f"{name}: no {link}"
