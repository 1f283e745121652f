"""Use cases by message code and by name: titles, targets, roles, and the objects they access."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from host_tools.data import load

STAMPED = frozenset({0x0074, 0x00B8, 0x00B6, 0x0075, 0x012A})  # GCS13a, 13b, 13c, 14, 60a


@dataclass(frozen=True)
class UseCase:
    """A use case of GBCS 4.0 or later; `table` is its row with the command templates."""

    id: str
    code: int | None
    title: str
    kind: str
    critical: bool
    targets: tuple[str, ...]
    roles: tuple[str, ...]
    table: dict[str, Any]

    @property
    def stamped(self) -> bool:
        """Whether responses carry the time stamp of SECMP0015."""
        return self.code in STAMPED


@cache
def _all() -> tuple[UseCase, ...]:
    return tuple(
        UseCase(
            row["id"],
            None if row["code"] is None else int(row["code"], 16),
            row["title"],
            row["kind"],
            bool(row["critical"]),
            tuple(row["targets"]),
            tuple(row["roles"]),
            row,
        )
        for row in load("use_cases")["use_cases"]
    )


@cache
def _by_code() -> dict[int, UseCase]:
    return {item.code: item for item in _all() if item.code is not None}


def by_code(code: int) -> UseCase | None:
    """The use case of a message code."""
    return _by_code().get(code)


def by_name(name: str) -> UseCase:
    """The use case of a name such as GCS13a (case does not matter); KeyError says what is near."""
    wanted = name.lower()
    for item in _all():
        if item.id.lower() == wanted:
            return item
    near = get_close_matches(name.upper(), names(), 5, 0.7)
    hint = f"; near: {', '.join(near)}" if near else ""
    raise KeyError(f"no use case {name!r}{hint}")


def names() -> list[str]:
    """All use case names."""
    return [item.id for item in _all()]
