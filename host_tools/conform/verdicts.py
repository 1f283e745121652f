"""The one place where what a device did becomes a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from host_tools.bench import Unsent
from host_tools.conform.dut import Dut
from host_tools.conform.model import Check, Evidence, Outcome, Result, Stop, Verdict
from host_tools.conform.words import in_words

__all__ = ["conclude", "run", "scope"]


def scope(
    entry: Check,
    role: str,
    why_not: str = "",
    left_out: Outcome | None = None,
    black_box: bool = False,
) -> Outcome | None:
    """Why an entry is not carried out for this role, these claims or this selection, if so."""
    if role not in entry.roles:
        return Outcome(Verdict.NOT_APPLICABLE, f"no check of {role.upper()}")
    if why_not:
        return Outcome(Verdict.NOT_APPLICABLE, why_not)
    if entry.as_found and not black_box:
        return Outcome(Verdict.NOT_APPLICABLE, "is for a device as it is found (--black-box)")
    return left_out


def conclude(
    entry: Check, dut: Dut, tolerances: Mapping[str, str] | None = None, limit: float = 0.0
) -> Result:
    """Carry a check out: every end of it, also a device that breaks it, is a result.

    A check that lasts longer than `limit` seconds (0: any time) was cut off, and says so.
    """
    started = time.monotonic()
    dut.trace.begin()
    result = _carry_out(entry, dut)
    if not result.exchanges:
        last = dut.trace.exchange(entry.expectation)
        result.exchanges = [last] if last is not None else []
    result.seconds = time.monotonic() - started
    if 0 < limit <= result.seconds:
        result.text = f"cut off after {limit:g} s; {result.text}"
        if result.verdict is Verdict.OBSERVED:
            # Nobody knows what would have been seen in the end.
            result.verdict, result.alternative = Verdict.BLOCKED, None
    reference = (tolerances or {}).get(entry.id)
    if result.verdict is Verdict.FAIL and reference:
        result.verdict, result.tolerance = Verdict.TOLERATED, reference
    return result


def _carry_out(entry: Check, dut: Dut) -> Result:
    chosen = entry.evidence is Evidence.PROJECT_CHOICE
    try:
        dut.need(*entry.needs)
        finding = entry.run(dut)
    except Stop as stop:
        return Result(entry, stop.verdict, str(stop), cause=stop.cause)
    except Unsent as error:
        return Result(entry, Verdict.BLOCKED, str(error))
    except Exception as error:  # a result comes of anything that a device does
        # A choice fails no device, and without an answer no alternative was seen.
        verdict = Verdict.BLOCKED if chosen else Verdict.FAIL
        return Result(entry, verdict, in_words(error))
    result = Result(entry, Verdict.PASS, finding.text, finding.exchanges, data=finding.data)
    if chosen:
        result.verdict = Verdict.OBSERVED
        result.alternative = finding.alternative
        if finding.alternative is None:
            result.alternative = "as the reference" if finding.passed else "another"
        result.text = f"{finding.text} (alternative seen: {result.alternative})"
    elif not finding.passed:
        result.verdict = Verdict.FAIL
    return result


def run(
    entries: list[Check],
    dut: Dut,
    tolerances: Mapping[str, str] | None = None,
    applies: Callable[[Check], str] = lambda _: "",
) -> Iterator[Result]:
    """Yield a result for each entry, on a link that is there.

    `tolerances` maps check ids to the user's references; `applies` says why a check does not
    apply to the claimed versions, or nothing.
    """
    for entry in entries:
        outside = scope(entry, dut.role, applies(entry), black_box=dut.black_box)
        if outside is not None:
            yield Result(entry, outside.verdict, outside.text)
        else:
            yield conclude(entry, dut, tolerances)
