"""From the rows of the release to requirements, checks and evidence, and back.

The requirements are in `facts/requirements.toml`. `python -m host_tools.conform.traceability docs`
(`make traceability`) writes docs/traceability.md and the pages of the evidence.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, cast

from host_tools.conform import evidence_pages
from host_tools.conform.evidence import Fact, FactError, cited, documents, facts, read_table
from host_tools.conform.model import Check, Evidence, Result, catalogue

__all__ = ["Requirement", "facts_of", "main", "matrix", "page", "requirement_of", "requirements"]

Json = dict[str, Any]

_INTRODUCTION = """\
# Traceability

What each row of the release asks of a device, which checks of the
[conformance catalogue](conformance.md) judge it, and on which [evidence](evidence.md) they rest;
then the same from the evidence's side. A check that rests on `rtds` or `spec` passes or fails; one
of a `project-choice` is only observed, and its alternatives are listed.

`make traceability` writes this page from the catalogue. The report of a device
(`smets conform --json`, `--html`) has the same table with the verdicts of that device.
"""


@dataclass(frozen=True)
class Requirement:
    """What a row asks of a device; without a row it is one of every row."""

    id: str
    row: str
    asks: str
    checks: tuple[str, ...]  # patterns of ids


@cache
def requirements() -> tuple[Requirement, ...]:
    """Every requirement, in the order of their table."""
    found = cast("dict[str, Json]", read_table("requirements"))
    return tuple(
        Requirement(name, each["row"], each["asks"], tuple(each["checks"]))
        for name, each in found.items()
    )


def requirement_of(check: Check) -> Requirement | None:
    """The requirement that a check judges; the first whose row and patterns fit, or none."""
    for each in requirements():
        if each.row in ("", check.row) and any(fnmatchcase(check.id, one) for one in each.checks):
            return each
    return None


def facts_of(check: Check) -> list[Fact]:
    """The facts that a check cites; none where its source names one that is not there.

    The tests hold the catalogue's citations to what exists: a report is made in any case.
    """
    try:
        return cited(check.source)
    except FactError:
        return []


def _fact(fact: Fact, checks: list[str]) -> Json:
    known = documents()
    return {
        "key": fact.key,
        "heading": fact.heading,
        "states": fact.states,
        "confidence": fact.confidence,
        "seen": [f"{known[name].title} ({name}), {section}" for name, section in fact.seen],
        "checks": checks,
    }


def matrix(results: Sequence[Result]) -> Json:
    """The table of a report, both ways: by requirement with its verdicts, and by fact."""
    by_requirement: dict[tuple[str, str], Json] = {}
    resting: dict[str, list[str]] = {}
    order = {each.id: number for number, each in enumerate(requirements())}
    for result in results:
        check = result.check
        found = requirement_of(check)
        name, asks = (found.id, found.asks) if found else ("", "no requirement is assigned")
        entry = by_requirement.setdefault(
            (check.row, name),
            {"row": check.row, "requirement": name, "asks": asks, "verdicts": {}, "checks": []},
        )
        resting_on = [fact.key for fact in facts_of(check)]
        entry["checks"].append(
            {
                "id": check.id,
                "evidence": str(check.evidence),
                "facts": resting_on,
                "verdict": str(result.verdict),
            }
        )
        for key in resting_on:
            resting.setdefault(key, []).append(check.id)
    for entry in by_requirement.values():
        entry["verdicts"] = dict(Counter(each["verdict"] for each in entry["checks"]))
    ordered = sorted(by_requirement.values(), key=lambda each: order.get(each["requirement"], 999))
    return {
        "requirements": ordered,
        "facts": [_fact(fact, resting[key]) for key, fact in facts().items() if key in resting],
    }


def _link(fact: Fact) -> str:
    return f"[{fact.heading}]({fact.key})"


def _verdicts(check: Check) -> str:
    if check.evidence is Evidence.PROJECT_CHOICE:
        return f"observed: {' / '.join(check.alternatives)}".replace("|", "\\|")
    return "pass, fail"


def page(entries: Iterable[Check] | None = None) -> str:
    """docs/traceability.md, of the whole catalogue."""
    checks = catalogue() if entries is None else list(entries)
    lines = [_INTRODUCTION, "## By row of the release\n"]
    row = ""
    for each in requirements():
        own = [check for check in checks if requirement_of(check) == each]
        if not own:
            continue
        if each.row != row:
            row = each.row
            lines.append(f"### {row}\n")
        lines.append(f"**{each.id}**: {each.asks}\n")
        lines.append("| check | devices | label | evidence | verdicts |\n|---|---|---|---|---|")
        for check in own:
            roles = ", ".join(role.upper() for role in check.roles)
            rests = ", ".join(_link(fact) for fact in cited(check.source))
            cells = (f"`{check.id}`", roles, str(check.evidence), rests, _verdicts(check))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    lines.append("## By evidence\n")
    lines.append("| fact | confidence | checks |\n|---|---|---|")
    for fact in facts().values():
        own = [check.id for check in checks if fact in cited(check.source)]
        names = ", ".join(f"`{name}`" for name in own)
        lines.append(f"| {_link(fact)} | {fact.confidence} | {names or 'the firmware alone'} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the pages into the folder that is named."""
    if len(arguments) != 1:
        print("python -m host_tools.conform.traceability DOCS", file=sys.stderr)
        return 2
    docs = Path(arguments[0])
    try:
        evidence_pages.write(docs)
        (docs / "traceability.md").write_text(page(), encoding="utf-8")
    except (FactError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
