"""The user's own Schedule 11 (TS Applicability Tables) as CSV.

Columns: specification, version, gbcs, and dates (YYYY-MM-DD, empty: none given) in
installation_start, installation_end, maintenance_start, maintenance_end, gbcs_start, gbcs_end.
An end that is empty is open; a start that is empty is not known.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from host_tools.versions.names import SPECS, Version, VersionError, parse_version

__all__ = ["Entry", "Period", "Purpose", "TableError", "read_rows", "read_table"]

Period = tuple[date | None, date | None]


class TableError(Exception):
    """A CSV file is wrong; the text names file, line and fault."""


class Purpose(StrEnum):
    """The purpose of a device of the versions on a day."""

    INSTALLATION = "installation"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True)
class Entry:
    """A row: a specification with a GBCS version, and when."""

    line: int
    spec: str
    version: Version
    gbcs: Version
    installation: Period
    maintenance: Period
    applicability: Period

    def periods(self, purpose: Purpose) -> dict[str, Period]:
        """The periods that a day has to lie in, by name."""
        own = self.installation if purpose is Purpose.INSTALLATION else self.maintenance
        return {purpose.value: own, "GBCS applicability": self.applicability}


def read_rows(
    path: Path, needed: tuple[str, ...], known: tuple[str, ...]
) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers; TableError for columns that are wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = [name.strip().lower() for name in reader.fieldnames or []]
            for name in needed:
                if name not in names:
                    raise TableError(f"{path}: there is no column {name}")
            for name in names:
                if name not in known:
                    raise TableError(f"{path}: unknown column {name!r}")
            reader.fieldnames = names
            rows: list[tuple[int, dict[str, str]]] = []
            for row in reader:
                if None in row or None in row.values():
                    what = f"not {len(names)} columns"
                    raise TableError(f"{path}, line {reader.line_num}: {what}")
                cells = {name: value.strip() for name, value in row.items()}
                if any(cells.values()):
                    rows.append((reader.line_num, cells))
            return rows
    except (csv.Error, UnicodeDecodeError) as error:
        raise TableError(f"{path}: {error}") from error


_KEYS = ("specification", "version", "gbcs")
_DATES = tuple(
    f"{period}_{edge}"
    for period in ("installation", "maintenance", "gbcs")
    for edge in ("start", "end")
)


def read_table(path: Path) -> list[Entry]:
    """Read a table; TableError for a wrong one, OSError for a missing one."""
    entries: list[Entry] = []
    for line, row in read_rows(path, _KEYS, (*_KEYS, *_DATES)):
        try:
            spec = row["specification"].upper()
            if spec not in SPECS or spec == "GBCS":
                raise VersionError(f"{row['specification']!r} is no specification of a device")
            entries.append(
                Entry(
                    line,
                    spec,
                    parse_version(row["version"]),
                    parse_version(row["gbcs"]),
                    *(_period(row, name) for name in ("installation", "maintenance", "gbcs")),
                )
            )
        except (VersionError, ValueError) as error:
            raise TableError(f"{path}, line {line}: {error}") from error
    if not entries:
        raise TableError(f"{path}: there are no rows")
    return entries


def _period(row: dict[str, str], name: str) -> Period:
    start, end = (
        date.fromisoformat(text) if (text := row.get(f"{name}_{edge}", "")) else None
        for edge in ("start", "end")
    )
    if start is not None and end is not None and end < start:
        raise ValueError(f"the {name} period ends before it starts")
    return start, end
