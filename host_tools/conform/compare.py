"""What changed between two reports: evidence of regression for a release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Change", "Comparison", "compare_reports"]

Json = dict[str, Any]

_GOOD = ("pass", "tolerated", "observed")
_ABSENT = "absent"


@dataclass(frozen=True)
class Change:
    """A check whose result changed; `kind` is regression, improvement or change."""

    id: str
    before: str
    after: str
    kind: str
    text: str


@dataclass(frozen=True)
class Comparison:
    """All changes, what differs in the identity, and how many checks did not change."""

    identity: list[str]
    changes: list[Change]
    same: int

    def of(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind == kind]


def compare_reports(before: Json, after: Json) -> Comparison:
    """Compare two report documents.

    A check that was good (or whose alternative was observed) and no longer is (fails, is blocked,
    not run or gone) is a regression; one that failed or was blocked and is now good is an
    improvement.
    """
    left = {result["id"]: result for result in before["results"]}
    right = {result["id"]: result for result in after["results"]}
    changes: list[Change] = []
    same = 0
    for name in [*left, *(name for name in right if name not in left)]:
        change = _compare(name, left.get(name), right.get(name))
        if change is None:
            same += 1
        else:
            changes.append(change)
    order = ("regression", "improvement", "change")
    changes.sort(key=lambda change: (order.index(change.kind), change.id))
    return Comparison(_identity(before, after), changes, same)


def _compare(name: str, old: Json | None, new: Json | None) -> Change | None:
    before = old["verdict"] if old else _ABSENT
    after = new["verdict"] if new else _ABSENT
    seen = [one["alternative"] if one else None for one in (old, new)]
    text = new["text"] if new else "this check is no longer there"
    if before == after:
        if seen[0] == seen[1]:
            return None
        return Change(name, before, after, "change", f"alternative: {seen[0]}, now {seen[1]}")
    if before in _GOOD and after not in (*_GOOD, "not-applicable"):
        kind = "regression"
    elif before == "pass" and after == "tolerated":
        # A check that passed and now fails is a regression, also where somebody tolerates it.
        kind = "regression"
    elif after in _GOOD and before in ("fail", "blocked", "tolerated"):
        kind = "improvement"
    elif after == "fail":
        kind = "regression"
    else:
        kind = "change"
    return Change(name, before, after, kind, text)


def _identity(before: Json, after: Json) -> list[str]:
    lines: list[str] = []
    for name, old in before["identity"].items():
        new = after["identity"][name]
        if old != new:
            lines.append(f"{name}: {old or 'none'}, now {new or 'none'}")
    return lines
