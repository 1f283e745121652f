"""What a check is and what comes of it: plain data, on which reports and schemas rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host_tools.conform.dut import Dut

__all__ = [
    "CATALOGUE",
    "Blocked",
    "Check",
    "Evidence",
    "Exchange",
    "Family",
    "Finding",
    "Result",
    "Severity",
    "Verdict",
    "check",
]


class Verdict(StrEnum):
    """What became of a check."""

    PASS = "pass"
    FAIL = "fail"
    TOLERATED = "tolerated"  # fails, and the user gave a reference why that is accepted
    NOT_APPLICABLE = "not-applicable"  # to this role, or these claimed versions
    NOT_RUN = "not-run"  # left out by selection, or the run ended before it
    BLOCKED = "blocked"  # the device under test or its link cannot do what it needs


class Evidence(StrEnum):
    """What a check rests on."""

    RTDS = "rtds"
    SPEC = "spec"
    PROJECT_CHOICE = "project-choice"


class Family(StrEnum):
    """The three families of the assurance scheme."""

    SRV = "srv"  # driven by service requests over the remote-party link
    HAN = "non-srv"  # use cases that no service request drives
    INTERNAL = "internal"  # clock, power, period boundaries, by controls of the bench link


class Severity(StrEnum):
    """How much a failure matters to a release."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


class Blocked(Exception):
    """Raised by a check that cannot be carried out; the text says why."""


@dataclass(frozen=True)
class Exchange:
    """One stimulus with what was expected and what came, as text or upper-case hexadecimal."""

    stimulus: str
    expected: str
    observed: str


@dataclass
class Finding:
    """What the function of a check returns.

    A `project-choice` check sets `alternative` to the name of the alternative that was seen, and
    can never fail a device.
    """

    passed: bool
    text: str
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    alternative: str | None = None
    data: dict[str, Any] = field(default_factory=dict[str, Any])  # for pictures: series of points


@dataclass(frozen=True)
class Check:
    """A catalogue entry."""

    id: str
    row: str  # SECMP0015, SECMP0056, MP085A, MP078, MP099, MP143 or GBCS
    title: str
    roles: tuple[str, ...]
    source: str  # clause or source of the expectation
    evidence: Evidence
    severity: Severity
    family: Family
    stimulus: str
    expectation: str
    run: Callable[[Dut], Finding] = field(repr=False, compare=False)
    srv: str = ""
    use_case: str = ""
    needs: tuple[str, ...] = ()  # capabilities: state, clock, power, han, ...
    alternatives: tuple[str, ...] = ()  # of a project-choice, the reference's own first
    since: str = ""  # specification version from which it applies, such as "GBCS 4.2"


@dataclass
class Result:
    """A check with its verdict."""

    check: Check
    verdict: Verdict
    text: str
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    alternative: str | None = None
    tolerance: str | None = None  # the user's reference
    seconds: float = 0.0
    data: dict[str, Any] = field(default_factory=dict[str, Any])


# Every entry by id; the modules of host_tools.conform.checks fill it.
CATALOGUE: dict[str, Check] = {}


def check(
    check_id: str,
    *,
    row: str,
    title: str,
    roles: tuple[str, ...],
    source: str,
    evidence: Evidence,
    stimulus: str,
    expectation: str,
    severity: Severity = Severity.MAJOR,
    family: Family = Family.SRV,
    srv: str = "",
    use_case: str = "",
    needs: tuple[str, ...] = (),
    alternatives: tuple[str, ...] = (),
    since: str = "",
) -> Callable[[Callable[[Dut], Finding]], Callable[[Dut], Finding]]:
    """Enter a function in the catalogue; ids are unique."""

    def enter(
        function: Callable[[Dut], Finding],
    ) -> Callable[[Dut], Finding]:
        if check_id in CATALOGUE:
            raise ValueError(f"check {check_id} is there already")
        CATALOGUE[check_id] = Check(
            check_id,
            row,
            title,
            roles,
            source,
            evidence,
            severity,
            family,
            stimulus,
            expectation,
            function,
            srv,
            use_case,
            needs,
            alternatives,
            since,
        )
        return function

    return enter
