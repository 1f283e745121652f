"""Runs catalogue entries against a device under test; each ends in a result, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules

from host_tools.conform import checks
from host_tools.conform.dut import Dut
from host_tools.conform.model import (
    CATALOGUE,
    Blocked,
    Check,
    Evidence,
    Finding,
    Result,
    Verdict,
)

__all__ = ["catalogue", "run"]


def catalogue() -> list[Check]:
    """Every entry, in order of id."""
    for module in iter_modules(checks.__path__):
        import_module(f"{checks.__name__}.{module.name}")
    return [CATALOGUE[key] for key in sorted(CATALOGUE)]


def run(
    entries: list[Check],
    dut: Dut,
    tolerances: dict[str, str] | None = None,
    applies: Callable[[Check], str] = lambda _: "",
) -> Iterator[Result]:
    """Yield a result for each entry.

    `tolerances` maps check ids to the user's references; `applies` says why a check does not
    apply to the claimed versions, or nothing.
    """
    for entry in entries:
        started = time.monotonic()
        result = _run_one(entry, dut, applies(entry))
        result.seconds = time.monotonic() - started
        reference = (tolerances or {}).get(entry.id)
        if result.verdict is Verdict.FAIL and reference:
            result.verdict = Verdict.TOLERATED
            result.tolerance = reference
        yield result


def _run_one(entry: Check, dut: Dut, why_not: str) -> Result:
    if dut.role not in entry.roles:
        return Result(entry, Verdict.NOT_APPLICABLE, f"not for a {dut.role.upper()}")
    if why_not:
        return Result(entry, Verdict.NOT_APPLICABLE, why_not)
    try:
        dut.need(*entry.needs)
        finding = entry.run(dut)
    except Blocked as reason:
        return Result(entry, Verdict.BLOCKED, str(reason))
    except Exception as error:  # a result comes of anything that a device does
        text = f"{type(error).__name__}: {error}"
        if entry.evidence is Evidence.PROJECT_CHOICE:
            return Result(entry, Verdict.BLOCKED, text)  # no alternative was seen
        finding = Finding(False, text)
    if entry.evidence is Evidence.PROJECT_CHOICE:
        seen = finding.alternative or ("as the reference" if finding.passed else "another")
        text = f"{finding.text} (alternative seen: {seen})"
        return Result(entry, Verdict.PASS, text, finding.exchanges, seen, data=finding.data)
    verdict = Verdict.PASS if finding.passed else Verdict.FAIL
    return Result(
        entry, verdict, finding.text, finding.exchanges, finding.alternative, data=finding.data
    )
