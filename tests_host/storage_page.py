"""The files that docs/storage.md says a device keeps: which of its rows have none in a store."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "storage.md"


def rows() -> list[tuple[str, str]]:
    """(a file's name, the cell that it stands in) of the page's tables."""
    found: list[tuple[str, str]] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cell = line.split(" | ")[0].removeprefix("| ")
        if line.startswith("|"):
            # What begins with a tilde is there while something is written only.
            found += [(name, cell) for name in cell.split("`")[1::2] if name[0] not in ".~"]
    assert len(found) >= 26
    return found


def without(stored: Collection[str]) -> list[str]:
    """The cells of the page that have no file among those stored."""
    missing: list[str] = []
    for name, cell in rows():
        form = re.escape(name).replace("NAME", "[a-z0-9]+").replace("SNN", "s15")
        form = re.sub("0000[01]$", "0000[01]", form) + ("[0-9a-f]+" if name[-1] == "-" else "")
        if not any(re.fullmatch(form, each) for each in stored):
            missing.append(cell)
    return missing
