"""Rows of the table of `make bench`, and its JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

__all__ = ["FORMAT", "UNITS", "Figure", "Row", "document", "join", "schema"]

FORMAT = "smets-bench/1"
# Units, and how each is printed: from what value on, divided by what, digits, name.
UNITS = {
    "instructions": ((10_000, 1000, 1, "k instr."), (0, 1, 0, "instr.")),
    "us": ((1000, 1000, 3, "ms"), (0, 1, 3, "us")),
    "octets": ((0, 1, 0, "octets"),),
    "per second": ((0, 1, 0, "/s"),),
}


@dataclass(frozen=True)
class Figure:
    """A number with its unit, one of UNITS."""

    value: float
    unit: str

    def __str__(self) -> str:
        for least, divisor, digits, name in UNITS[self.unit]:
            if self.value >= least:
                return f"{self.value / divisor:,.{digits}f} {name}"
        raise ValueError(f"{self.value} {self.unit}: below 0")


# What a figure is of: an operation, and the role of a device or "".
Subject = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One line: what costs how much, on the emulated Cortex-M3 and on this machine."""

    what: str
    role: str
    cortex_m3: Figure | None
    this_machine: Figure | None


def join(cortex_m3: Mapping[Subject, Figure], this_machine: Mapping[Subject, Figure]) -> list[Row]:
    """The rows of both, all roles of one thing together."""
    subjects = dict.fromkeys((*this_machine, *cortex_m3))
    things = list(dict.fromkeys(what for what, _ in subjects))
    return [
        Row(what, role, cortex_m3.get((what, role)), this_machine.get((what, role)))
        for what, role in sorted(subjects, key=lambda each: things.index(each[0]))
    ]


def document(rows: Iterable[Row], firmware: str, machine: str) -> dict[str, Any]:
    """The JSON document (`schema`); `machine` says what this machine is."""

    def figure(found: Figure | None) -> dict[str, Any] | None:
        # Tenths are below what any of this repeats to.
        return found and {"value": round(found.value, 1), "unit": found.unit}

    return {
        "format": FORMAT,
        "firmware": firmware,
        "machine": machine,
        "rows": [
            {
                "what": row.what,
                "role": row.role or None,
                "cortex_m3": figure(row.cortex_m3),
                "this_machine": figure(row.this_machine),
            }
            for row in rows
        ],
    }


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `document`."""
    file = resources.files("host_tools.schemas").joinpath("bench.schema.json")
    return json.loads(file.read_text(encoding="utf-8"))
