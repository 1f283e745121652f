"""Whether a specification and a GBCS version go together: valid, unknown or contradicted.

Without a table of the user's own this rests on the plan of the release; no date is ever guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from host_tools.versions.names import DEVICE_SPECS, Version, parse_version
from host_tools.versions.table import Entry, Purpose

__all__ = ["Answer", "Judgement", "differing_octets", "judge", "planned"]

Json = dict[str, Any]


class Judgement(StrEnum):
    """What is known about a pair of versions."""

    VALID = "valid"
    UNKNOWN = "unknown"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Answer:
    """A judgement, and what it rests on."""

    judgement: Judgement
    why: str


@cache
def _data(name: str) -> Json:
    text = resources.files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
    return json.loads(text)


def planned() -> Json:
    """The matrix of the release as planned, with later facts."""
    return _data("matrix.json")


def differing_octets(use_case: str, gbcs: Version) -> dict[str, str | None]:
    """What differs by GBCS version in a use case: the value of each item, None where not known.

    Only the two versions whose tables were read, and those after them, are known: not GBCS 3.3,
    which lies between.
    """
    found: dict[str, str | None] = {}
    for row in _data("gbcs_bytes.json")["differences"]:
        if row["use_case"] == use_case:
            versions = sorted(
                (parse_version(text), value) for text, value in row["values"].items()
            )
            (old, before), (new, after) = versions
            found[row["item"]] = after if gbcs >= new else before if gbcs == old else None
    return found


def judge(
    device: str,
    spec: Version,
    gbcs: Version,
    *,
    table: list[Entry] | None = None,
    on: date | None = None,
    purpose: Purpose = Purpose.MAINTENANCE,
    named: str = "",
) -> Answer:
    """Judge a device type with its versions.

    `named` is the specification that the device itself names, `table` the user's Schedule 11,
    `on` the day that matters and `purpose` what happens on it. KeyError for an unknown type.
    """
    name = DEVICE_SPECS[device]
    if named and named != name:
        why = f"{device} is made to {name}, not to {named}"
        return Answer(Judgement.CONTRADICTED, why)
    if table is not None:
        return _by_table(name, spec, gbcs, table, on, purpose)
    return _by_plan(name, spec, gbcs, on)


def _by_plan(name: str, spec: Version, gbcs: Version, on: date | None) -> Answer:
    data = planned()
    status = data["status"]
    rows = [
        row
        for row in data["matrix"]
        if row["spec"] == name and parse_version(row["version"]) == spec
    ]
    if not rows:
        why = f"{name} {spec} is not in the matrix of this release ({status})"
        return Answer(Judgement.UNKNOWN, why)
    wanted = parse_version(rows[0]["gbcs"])
    if gbcs < wanted:
        why = f"{name} {spec} goes with GBCS {wanted}, not with the earlier {gbcs} ({status})"
        return Answer(Judgement.CONTRADICTED, why)
    if gbcs > wanted:
        seen = str(gbcs) in data["gbcs_seen"]
        why = f"{name} {spec} is planned with GBCS {wanted}; " + (
            f"nothing read says whether it goes with {gbcs}"
            if seen
            else f"GBCS {gbcs} is in no source that was read"
        )
        return Answer(Judgement.UNKNOWN, why)
    if on is not None:
        why = f"{name} {spec} with GBCS {gbcs} is {status}; its dates are not known: give a table"
        return Answer(Judgement.UNKNOWN, why)
    return Answer(Judgement.VALID, f"{name} {spec} with GBCS {gbcs}: {status}")


def _by_table(
    name: str,
    spec: Version,
    gbcs: Version,
    table: list[Entry],
    on: date | None,
    purpose: Purpose,
) -> Answer:
    rows = [entry for entry in table if (entry.spec, entry.version) == (name, spec)]
    if not rows:
        return Answer(Judgement.UNKNOWN, f"the table has no row of {name} {spec}")
    pairs = [entry for entry in rows if entry.gbcs == gbcs]
    if not pairs:
        others = ", ".join(sorted({str(entry.gbcs) for entry in rows}))
        why = f"the table has {name} {spec} with GBCS {others}, not with {gbcs}"
        return Answer(Judgement.CONTRADICTED, why)
    if on is None:
        where = ", ".join(f"line {entry.line}" for entry in pairs)
        return Answer(Judgement.VALID, f"{name} {spec} with GBCS {gbcs}: {where} of the table")
    answers = [_on(entry, on, purpose) for entry in pairs]
    for judgement in (Judgement.VALID, Judgement.UNKNOWN):
        for answer in answers:
            if answer.judgement is judgement:
                return answer
    return answers[0]


def _on(entry: Entry, on: date, purpose: Purpose) -> Answer:
    """Whether a row covers a day: each of its two periods has to."""
    unknown = ""
    for what, (start, end) in entry.periods(purpose).items():
        where = f"line {entry.line}: {what} period"
        if start is not None and on < start:
            return Answer(Judgement.CONTRADICTED, f"{where} starts on {start}, after {on}")
        if end is not None and on > end:
            return Answer(Judgement.CONTRADICTED, f"{where} ended on {end}, before {on}")
        if start is None:
            unknown = unknown or f"{where} has no start date"
    if unknown:
        return Answer(Judgement.UNKNOWN, unknown)
    return Answer(Judgement.VALID, f"line {entry.line} of the table covers {on} for {purpose}")
