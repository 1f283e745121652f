"""A fleet of devices as CSV, judged device by device.

Columns: device_id, type, specification, gbcs, and if wanted firmware. The specification is as DCC
systems print it ("CHTS V1.6") or the number alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from host_tools.versions.matrix import Answer, Judgement, judge
from host_tools.versions.names import DEVICE_SPECS, VersionError, parse_spec, parse_version
from host_tools.versions.table import Entry, Purpose, TableError, read_rows

__all__ = ["Judged", "judge_fleet"]

_NEEDED = ("device_id", "type", "specification", "gbcs")


@dataclass(frozen=True)
class Judged:
    """A device of the fleet with what was found."""

    line: int
    device_id: str
    type: str
    specification: str
    gbcs: str
    answer: Answer

    @property
    def is_violation(self) -> bool:
        """Whether known facts contradict it."""
        return self.answer.judgement is Judgement.CONTRADICTED


def judge_fleet(
    path: Path,
    table: list[Entry] | None = None,
    on: date | None = None,
    purpose: Purpose = Purpose.MAINTENANCE,
) -> list[Judged]:
    """Judge every device of a file; TableError for one that cannot be read.

    A device whose versions cannot be read is unknown, and the rest are judged all the same.
    """
    judged: list[Judged] = []
    seen: dict[str, int] = {}
    for line, row in read_rows(path, _NEEDED, (*_NEEDED, "firmware")):
        eui = row["device_id"]
        if not eui:
            raise TableError(f"{path}, line {line}: there is no device_id")
        key = eui.upper().replace("-", "")
        if key in seen:
            raise TableError(f"{path}, line {line}: {eui} is in line {seen[key]}, too")
        seen[key] = line
        kind = row["type"].upper()
        answer = _answer(kind, row, table, on, purpose)
        judged.append(Judged(line, eui, kind, row["specification"], row["gbcs"], answer))
    return judged


def _answer(
    kind: str,
    row: dict[str, str],
    table: list[Entry] | None,
    on: date | None,
    purpose: Purpose,
) -> Answer:
    if kind not in DEVICE_SPECS:
        return Answer(Judgement.UNKNOWN, f"no device type {row['type']!r}")
    text = row["specification"]
    try:
        named, spec = parse_spec(text) if text[:1].isalpha() else ("", parse_version(text))
        gbcs = parse_version(row["gbcs"])
    except VersionError as error:
        return Answer(Judgement.UNKNOWN, str(error))
    return judge(kind, spec, gbcs, table=table, on=on, purpose=purpose, named=named)
