"""The causes of a report as its page shows them: with their checks, and where to look.

`host_tools.conform.causes` finds the causes of failures and blocks; here what is tolerated follows
them, and what only the bench lacks stands last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from host_tools.conform.causes import key, lacks

__all__ = ["Group", "groups"]

Json = dict[str, Any]

# Kinds of causes, in the order of the page; "link" is what is wrong with the link itself.
_KINDS = ("link", "fail", "blocked", "tolerated", "lacking")
_SEVERITIES = ("critical", "major", "minor")
_LONGEST = 160


@dataclass(frozen=True)
class Group:
    """Checks with one cause; the most severe first, whose `severity` and place are the group's."""

    verdict: str  # fail, blocked, tolerated; "link" has no checks
    text: str
    ids: list[str]
    severity: str = ""
    where: str = ""


def _group(verdict: str, text: str, checks: list[Json]) -> Group:
    first = text.partition("\n")[0]
    short = first if len(first) <= _LONGEST else f"{first[: _LONGEST - 3]}..."
    if not checks:
        return Group(verdict, short, [])
    checks.sort(key=lambda check: (_SEVERITIES.index(check["severity"]), check["id"]))
    worst = checks[0]
    ids = [check["id"] for check in checks]
    return Group(verdict, short, ids, worst["severity"], worst["where_to_look"])


def groups(document: Json) -> list[Group]:
    """The groups of a report: failures before blocks, and the severe before the many."""
    by_id = {result["id"]: result for result in cast("list[Json]", document["results"])}
    found: list[tuple[str, Group]] = []
    for cause in cast("list[Json]", document.get("causes", [])):
        kind = "lacking" if lacks(cause["text"]) else cause["kind"]
        checks = [by_id[name] for name in cause["checks"] if name in by_id]
        found.append((kind, _group(cause["kind"], cause["text"], checks)))
    tolerated: dict[str, list[Json]] = {}
    for result in by_id.values():
        if result["verdict"] == "tolerated":
            tolerated.setdefault(key(result["text"]), []).append(result)
    for checks in tolerated.values():
        found.append(("tolerated", _group("tolerated", checks[0]["text"], checks)))
    found.sort(key=lambda item: (_KINDS.index(item[0]), *_rank(item[1])))
    return [group for _, group in found]


def _rank(group: Group) -> tuple[int, int, str]:
    severity = _SEVERITIES.index(group.severity) if group.severity else 0
    return severity, -len(group.ids), group.text
