"""What a check is and what comes of it: plain data, on which reports and schemas rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
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
    "NotClaimed",
    "NotJudged",
    "Outcome",
    "Result",
    "Severity",
    "Stop",
    "Verdict",
    "catalogue",
    "check",
    "where_to_look",
]


class Verdict(StrEnum):
    """What became of a check."""

    PASS = "pass"
    FAIL = "fail"
    OBSERVED = "observed"  # which alternative a device has; no text says which is right
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


@dataclass(frozen=True)
class Outcome:
    """A verdict with its reason."""

    verdict: Verdict
    text: str


class Stop(Exception):
    """Ends a check before it has a finding; the text says why, `verdict` what that makes of it.

    `cause` is what is behind it, where the text says more than that.
    """

    verdict = Verdict.BLOCKED

    def __init__(self, text: str, cause: str = "") -> None:
        super().__init__(text)
        self.cause = cause


class Blocked(Stop):
    """The check cannot be carried out: a control is missing, or what it presumes is not so."""


class NotClaimed(Stop):
    """The device does not claim what the check is about."""

    verdict = Verdict.NOT_APPLICABLE


class NotJudged(Stop):
    """What is known of the device's state is too little to judge any answer."""

    verdict = Verdict.NOT_RUN


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
    as_found: bool = False  # judges what a device in use holds: in black box only
    where_to_look: str = ""  # for who looks for the cause of a failure


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
    trace: dict[str, Any] | None = None  # see host_tools.conform.trace
    cause: str = ""  # what is behind the text, where that says more: see host_tools.conform.causes


# Every entry by id; the modules of host_tools.conform.checks fill it.
CATALOGUE: dict[str, Check] = {}


def where_to_look(entry: Check) -> str:
    """A line for who looks for the cause: the check's own, or what follows from its family."""
    return entry.where_to_look or _WHERE[entry.family]


# Where a cause is found, for checks that do not say it better.
_WHERE = {
    Family.SRV: "the decoded command and response in the trace, against the clause",
    Family.HAN: "the HAN frames in the trace: cluster, attribute, status and APS security",
    Family.INTERNAL: "the times at which the bench let time pass, set the clock or cut the power",
}


def catalogue() -> list[Check]:
    """Every entry, in order of id."""
    from host_tools.conform import checks

    for module in iter_modules(checks.__path__):
        import_module(f"{checks.__name__}.{module.name}")
    return [CATALOGUE[key] for key in sorted(CATALOGUE)]


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
    as_found: bool = False,
    where_to_look: str = "",
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
            as_found,
            where_to_look,
        )
        return function

    return enter
