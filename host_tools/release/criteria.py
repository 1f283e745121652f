"""The 10 operational and 7 testing criteria: what conformance reports say of them.

The text of most criteria is not public; these, and whatever no report can tell, need a person, who
says it in a file (docs/release.md). Nothing is met for want of evidence.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from host_tools.conform.compare import compare_reports
from host_tools.release.plan import facts

__all__ = ["MET", "NOT_MET", "PERSON", "Criterion", "Said", "SaidError", "decide", "evaluate"]

Json = dict[str, Any]
MET, NOT_MET, PERSON = "met", "not met", "needs a person"
_MEMBERS = {"criteria", "severities", "plans", "thresholds"}


class SaidError(ValueError):
    """What is wrong with the file of what people say: one line."""


@dataclass(frozen=True)
class Criterion:
    """A criterion, its status and what that rests on."""

    id: str
    what: str
    status: str
    why: str
    owner: str = ""


@dataclass(frozen=True)
class Said:
    """What people say: criteria, severities of checks that fail, plans for them, thresholds."""

    criteria: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    severities: dict[str, int] = field(default_factory=dict[str, int])
    plans: dict[str, str] = field(default_factory=dict[str, str])
    thresholds: dict[str, int] = field(default_factory=dict[str, int])

    @classmethod
    def load(cls, path: Path) -> Said:
        """Read such a file; OSError, or SaidError which names it."""
        try:
            document = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise SaidError(f"{path}: not JSON: {error}") from None
        try:
            return cls._taken(document)
        except SaidError as error:
            raise SaidError(f"{path}: {error}") from None

    @classmethod
    def _taken(cls, document: Any) -> Said:
        if not isinstance(document, dict):
            raise SaidError("not an object")
        members = cast("Json", document)
        for name, value in members.items():
            if name not in _MEMBERS or not isinstance(value, dict):
                raise SaidError(f"{name!r} is not an object of {', '.join(sorted(_MEMBERS))}")
        said = cls(**members)
        for name, entry in said.criteria.items():
            if name not in identifiers() or not isinstance(cast("object", entry), dict):
                raise SaidError(f"criteria: no criterion {name!r}")
            if entry.get("status") not in (MET, NOT_MET, PERSON):
                raise SaidError(f"criteria: {name}: status is {MET}, {NOT_MET} or {PERSON}")
        for name, value in said.severities.items():
            if value not in (1, 2, 3, 4, 5):
                raise SaidError(f"severities: {name}: not 1 to 5")
        for name, value in said.thresholds.items():
            if name not in ("3", "4", "5") or not isinstance(cast("object", value), int):
                raise SaidError(f"thresholds: {name}: a number for 3, 4 or 5")
        return said


def identifiers() -> list[str]:
    """O1 to O10, T1 to T7."""
    counts = facts()["criteria"]
    return [
        f"{letter}{number}"
        for letter, name in (("O", "operational"), ("T", "testing"))
        for number in range(1, counts[name] + 1)
    ]


Reports = Sequence[Json]


def _failed(reports: Reports) -> list[str]:
    return [
        item["id"] for report in reports for item in report["results"] if item["verdict"] == "fail"
    ]


def _exit(reports: Reports, before: Reports, said: Said) -> tuple[str, str]:
    verdicts = Counter(report["verdict"] for report in reports)
    text = ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items()))
    if verdicts["fail"]:
        return NOT_MET, f"reports: {text}"
    return (MET if set(verdicts) == {"pass"} else PERSON), f"reports: {text}"


def _regression(reports: Reports, before: Reports, said: Said) -> tuple[str, str]:
    roles = {report["identity"]["role"]: report for report in before}
    missing = sorted({report["identity"]["role"] for report in reports} - set(roles))
    if missing:
        return PERSON, f"no report from before for {', '.join(missing)}"
    worse = [
        change.id
        for report in reports
        for change in compare_reports(roles[report["identity"]["role"]], report).of("regression")
    ]
    if worse:
        return NOT_MET, f"{len(worse)} regressions: {', '.join(worse[:5])}"
    return MET, f"no check of {len(reports)} reports is worse than before"


def _severe(reports: Reports, before: Reports, said: Said) -> tuple[str, str]:
    failed = _failed(reports)
    severe = [name for name in failed if said.severities.get(name, 9) <= 2]
    if severe:
        return NOT_MET, f"of severity 1 or 2: {', '.join(severe[:5])}"
    unknown = [name for name in failed if name not in said.severities]
    if unknown:
        return PERSON, f"{len(unknown)} checks fail without a severity: {', '.join(unknown[:5])}"
    return MET, f"{len(failed)} checks fail, none of severity 1 or 2"


def _planned(reports: Reports, before: Reports, said: Said) -> tuple[str, str]:
    failed = _failed(reports)
    if not failed:
        return MET, "no check fails"
    if any(name not in said.severities for name in failed) or not said.thresholds:
        return PERSON, "severities and thresholds are not given"
    numbers = Counter(str(said.severities[name]) for name in failed)
    above = [s for s in "345" if numbers[s] > said.thresholds.get(s, 0)]
    without = [name for name in failed if name not in said.plans]
    if above or without:
        why = [f"severity {s}: {numbers[s]}, allowed {said.thresholds.get(s, 0)}" for s in above]
        why += [f"no plan for {name}" for name in without[:5]]
        return NOT_MET, "; ".join(why)
    return MET, f"{len(failed)} checks fail, within the thresholds, each with a plan"


def _aligned(reports: Reports, before: Reports, said: Said) -> tuple[str, str]:
    versions = {
        (report["identity"]["tool_version"], report["identity"]["vector_set"])
        for report in reports
    }
    if len(versions) > 1:
        return NOT_MET, "the reports are of different tools or vectors"
    tool, vectors = next(iter(versions))
    return (
        PERSON,
        f"all reports: tool {tool}, vectors {vectors}; the DCC's environment is not seen",
    )


_RULES: dict[str, Callable[[Reports, Reports, Said], tuple[str, str]]] = {
    "T2": _exit,
    "T3": _regression,
    "T5": _severe,
    "T6": _planned,
    "T7": _aligned,
}


def evaluate(reports: Reports, before: Reports, said: Said) -> list[Criterion]:
    """Every criterion. What reports show to be not met stays so, whatever a person says."""
    known: dict[str, str] = facts()["criteria"]["known"]
    out: list[Criterion] = []
    for name in identifiers():
        entry = said.criteria.get(name, {})
        what = entry.get("what") or known.get(name, "(its text is not public)")
        status, why = PERSON, "no report can tell"
        if name in _RULES and reports:
            status, why = _RULES[name](reports, before, said)
        elif name in _RULES:
            why = "no report is given"
        if entry and status != NOT_MET:
            status, why = entry["status"], entry.get("evidence") or "said without evidence"
        out.append(Criterion(name, what, status, why, entry.get("owner", "")))
    return out


def decide(found: Sequence[Criterion]) -> str:
    """Go, no go, or how many criteria are open."""
    if any(item.status == NOT_MET for item in found):
        return "no go"
    open_ones = sum(item.status == PERSON for item in found)
    return f"open: {open_ones} criteria need a person" if open_ones else "go"
