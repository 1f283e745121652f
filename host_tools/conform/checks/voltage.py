"""MP085A: when averaging periods of the voltage begin and end, and what is logged of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from host_tools.conform.dut import Dut
from host_tools.conform.model import Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes, log_rows
from host_tools.conform.words import SUCCESS, AccessResult, LogEntry
from host_tools.gbcs.times import iso_2000

HALF_HOUR = 1800
NETWORK = "network_operator"
SOURCE = "MP085A, page of the SEC (evidence/voltage.md#beginning-of-periods)"
_WINTER_TIME = 783_302_400  # 2024-10-27T01:00:00Z
_DESIGN = "no text was found (evidence/voltage.md#periods-that-no-text-has)"
NEEDS = ("state", "clock")


def begin(dut: Dut, at: int | None = None, **inputs: Any) -> int:
    """A meter that starts at a time (10:10, unless `at` says otherwise); returns that time."""
    dut.fresh(None, **inputs)
    when = dut.start if at is None else at
    dut.set_clock(when)
    return when


def settings(period: int, over: int = 253, under: int = 216, phases: int = 1) -> dict[str, int]:
    """Parameters of ECS29c; with three phases of ECS29d."""
    names: dict[str, int] = {}
    for phase in range(1, phases + 1):
        names[f"(Phase[{phase}])AverageRMSUnderVoltageThreshold"] = under
        names[f"(Phase[{phase}])AverageRMSOverVoltageThreshold"] = over
        names[f"(Phase[{phase}])AverageRMSVoltageMeasurementPeriod"] = period
    for kind, volts in (("Extreme Over", 276), ("Extreme Under", 184)):
        names[f"RMS{kind.replace(' ', '')}VoltageThreshold"] = volts
        names[f"RMS{kind.replace(' ', '')}VoltageMeasurementPeriod"] = 30
    for kind, volts in (("Sag", 207), ("Swell", 253)):
        names[f"RMSVoltage{kind}Threshold"] = volts
        names[f"RMSVoltage{kind}MeasurementPeriod"] = 30
    return names


def set_period(dut: Dut, period: int, **thresholds: int) -> list[int]:
    """Set the measurement period; the results in order of the elements."""
    _, _, message = dut.ask(
        "ECS29c", cast("dict[str, Any]", settings(period, **thresholds)), NETWORK
    )
    return [AccessResult(code) for _, code in message.dlms.results]


def window(first: int, last: int) -> dict[str, Any]:
    """Parameters of a range read."""
    return {"from": iso_2000(first), "to": iso_2000(last)}


class Voltage:
    """What ECS23 tells: counters, log, period."""

    def __init__(self, dut: Dut, first: int = 0, last: int = 0) -> None:
        """Read with a window, by default 60 days either side of the start."""
        span = window(first or dut.start - 60 * 86400, last or dut.start + 60 * 86400)
        self.command, _, message = dut.ask("ECS23", span, NETWORK)
        data = message.dlms.data
        self.under, self.over = cast(int, data[0].value), cast(int, data[2].value)
        self.rows = [
            LogEntry(row[0], row[1]) for row in cast("list[list[int]]", data[4].value or [])
        ]
        self.period = cast(int, data[5].value)

    @property
    def stamps(self) -> list[str]:
        """The times of the log."""
        return [iso_2000(stamp) for stamp, _ in self.rows]


def times(first: int, count: int, step: int = HALF_HOUR) -> list[str]:
    """Times on a grid."""
    return [iso_2000(first + index * step) for index in range(count)]


def proven(
    name: str,
    title: str,
    stimulus: str,
    expectation: str,
    needs: tuple[str, ...] = NEEDS,
    source: str = SOURCE,
    severity: Severity = Severity.MAJOR,
    evidence: Evidence = Evidence.SPEC,
) -> Callable[[Callable[[Dut, Notes], None]], Callable[[Dut, Notes], None]]:
    """Enter a check of an ESME's voltage that rests on text or bytes."""

    def enter(
        function: Callable[[Dut, Notes], None],
    ) -> Callable[[Dut, Notes], None]:
        @check(
            f"MP085A-{name}",
            row="MP085A",
            title=title,
            roles=("esme",),
            source=source,
            evidence=evidence,
            severity=severity,
            family=Family.INTERNAL,
            srv="4.10",
            use_case="ECS23",
            stimulus=stimulus,
            expectation=expectation,
            needs=needs,
            since="ESMETS 5.2",
        )
        def run(dut: Dut) -> Finding:
            notes = Notes()
            function(dut, notes)
            return notes.finding(expectation)

        return function

    return enter


def chosen(
    name: str, title: str, stimulus: str, alternatives: tuple[str, ...], *more: str
) -> Callable[[Callable[[Dut], Finding]], Callable[[Dut], Finding]]:
    """Enter a check of a choice that no text settles; `more` are needs."""
    return check(
        f"MP085A-{name}",
        row="MP085A",
        title=title,
        roles=("esme",),
        source=_DESIGN,
        evidence=Evidence.PROJECT_CHOICE,
        family=Family.INTERNAL,
        srv="4.10",
        use_case="ECS23",
        stimulus=stimulus,
        expectation=alternatives[0],
        needs=(*NEEDS, *more),
        alternatives=alternatives,
        since="ESMETS 5.2",
    )


@proven(
    "first-period",
    "The first period begins at the half hour, not at power-up",
    "power-up at 10:10, half-hour periods; the log at 11:40",
    "entries 11:00 and 11:30, none at 10:30, 10:40 or 11:10",
    severity=Severity.CRITICAL,
)
def first_period(dut: Dut, notes: Notes) -> None:
    """The core of MP085A."""
    now = begin(dut)
    dut.advance(5400)
    seen = Voltage(dut)
    notes.expect("entries", times(now + 3000, 2), seen.stamps, seen.command)


@proven(
    "on-the-boundary",
    "A meter that starts on the half hour measures from there",
    "power-up at 10:30:00; the log at 11:00:00",
    "one entry, 11:00:00: the end of its period",
)
def on_the_boundary(dut: Dut, notes: Notes) -> None:
    """Whichever occurs first includes the present instant."""
    now = begin(dut, dut.start + 1200)
    dut.advance(HALF_HOUR)
    notes.expect("entries", times(now + HALF_HOUR, 1), Voltage(dut).stamps)


@proven(
    "end-stamps",
    "Entries bear the end of their period",
    "power-up at 10:10, 15 V less from 10:30 to 11:00; the log at 11:40",
    "the lower voltage stands at 11:00",
    needs=(*NEEDS, "inputs"),
    source="GBCS 4.0, mapping rows 552, 613 (evidence/voltage.md#end-of-the-period)",
    severity=Severity.CRITICAL,
)
def end_stamps(dut: Dut, notes: Notes) -> None:
    """Stamps of the start would move all values by half an hour."""
    sag = ["sag", 1_200_000, 3_000_000, 935]
    now = begin(dut, voltage={"phases": 1, "waves": [{"mv": 230000, "events": [sag]}]})
    dut.advance(5400)
    seen = Voltage(dut)
    expected = [(iso_2000(now + 3000), 215), (iso_2000(now + 4800), 230)]
    notes.expect(
        "entries", expected, list(zip(seen.stamps, (v for _, v in seen.rows), strict=True))
    )


@proven(
    "ten-minutes",
    "Shorter periods begin at the half hour as well",
    "period 600 s set at 10:10; the log at 11:05",
    "entries 10:40, 10:50, 11:00",
)
def ten_minutes(dut: Dut, notes: Notes) -> None:
    """Multiples of ten minutes, from the half hour on."""
    now = begin(dut)
    notes.expect("results", [SUCCESS] * 11, set_period(dut, 600))
    dut.advance(3300)
    seen = Voltage(dut)
    notes.expect("entries", times(now + 1800, 3, 600), seen.stamps)
    notes.expect("period", 600, seen.period)


@proven(
    "thirty-seconds",
    "A period of 30 s is accepted",
    "ECS29c with the period of RTDS, at 10:10; the log at 10:32",
    "success; entries each 30 s from 10:30:30",
    source="RTDS 4.5.0, ECS29a to ECS29d (evidence/voltage.md#length-of-a-period)",
    evidence=Evidence.RTDS,
)
def thirty_seconds(dut: Dut, notes: Notes) -> None:
    """A range check that refuses 30 fails RTDS."""
    now = begin(dut)
    notes.expect("results", [SUCCESS] * 11, set_period(dut, 30))
    dut.advance(1320)
    notes.expect("entries", times(now + 1230, 4, 30), Voltage(dut).stamps)


@proven(
    "joins-consumption",
    "Voltage and consumption of a half hour bear the same time",
    "power-up at 10:10; five hours; both logs",
    "the same times in ECS22b and ECS23",
    source="MP085A, page of the SEC; GBCS 4.0, mapping rows 609, 613, 616 "
    "(evidence/voltage.md#alignment-with-consumption)",
    severity=Severity.CRITICAL,
)
def joins_consumption(dut: Dut, notes: Notes) -> None:
    """The join key is the time."""
    begin(dut)
    dut.advance(5 * 3600)
    span = window(dut.start, dut.start + 86400)
    _, _, message = dut.ask("ECS22b", span)
    consumption = [iso_2000(row[0]) for row in log_rows(message)]
    seen = Voltage(dut).stamps
    notes.expect("times", consumption, seen)
    notes.expect("how many", 9, len(seen))


@proven(
    "utc",
    "The grid is UTC: a change to winter time moves nothing",
    "power-up 2024-10-26T23:40Z; 26 hours",
    "52 entries, half an hour apart, no time twice",
    source="GBCS 4.0, mapping row 675 (evidence/voltage.md#utc)",
)
def utc(dut: Dut, notes: Notes) -> None:
    """British summer time ends at 01:00 UTC."""
    now = begin(dut, _WINTER_TIME - 80 * 60)
    dut.advance(26 * 3600)
    seen = Voltage(dut, now, now + 2 * 86400)
    first = (now // HALF_HOUR + 2) * HALF_HOUR
    count = (now + 26 * 3600 - first) // HALF_HOUR + 1
    notes.expect("entries", times(first, count), seen.stamps)


@proven(
    "inclusive",
    "Both ends of a range are part of it",
    "four entries; reads from the second to the third, and of the second alone",
    "two entries, one entry",
    source="GBCS 4.0, 9.1.6 (evidence/logs.md#ends-of-a-range)",
)
def inclusive(dut: Dut, notes: Notes) -> None:
    """Selective access by range."""
    now = begin(dut) + 3000
    dut.advance(9000)
    both = Voltage(dut, now + HALF_HOUR, now + 2 * HALF_HOUR)
    notes.expect("second to third", times(now + HALF_HOUR, 2), both.stamps)
    one = Voltage(dut, now + HALF_HOUR, now + HALF_HOUR)
    notes.expect("second alone", times(now + HALF_HOUR, 1), one.stamps)


@proven(
    "capacity",
    "The log holds 4,320 entries, the oldest goes first",
    "period 60 s; 4,325 periods",
    "4,320 entries, the newest and none of the first five",
    source="GBCS 4.0, ECS23 (evidence/voltage.md#size-of-the-log)",
)
def capacity(dut: Dut, notes: Notes) -> None:
    """90 days of half hours."""
    now = begin(dut, dut.start + 1200)
    set_period(dut, 60)
    dut.advance(4325 * 60)
    seen = Voltage(dut)
    notes.expect("how many", 4320, len(seen.rows))
    ends = seen.stamps[:1] + seen.stamps[-1:]
    notes.expect("oldest, newest", [iso_2000(now + 360), iso_2000(now + 4325 * 60)], ends)
