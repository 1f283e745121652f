"""What a PPMID asks of its ESME when it is told to: the requests, their answers, its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from host_tools.conform.dut import Dut
from host_tools.conform.meters import Meters
from host_tools.conform.model import Blocked, Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes
from host_tools.conform.words import text
from host_tools.gbcs.zcl_ids import (
    CONSUMER_TOP_UP,
    CONSUMER_TOP_UP_RESPONSE,
    DEVICE_MANAGEMENT,
    LOCAL_CHANGE_SUPPLY,
    METERING,
    PREPAYMENT,
    SELECT_AVAILABLE_EMERGENCY_CREDIT,
)

_DIGITS = "73941656880950804485"
_PAYLOADS = (
    "RTDS 4.5.0, NA_PCS01 and NA_PCS02; GBCS 4.0, PECS01 to PECS03 "
    "(evidence/prepayment.md#commands-of-a-ppmid, evidence/prepayment.md#pecs-use-cases)"
)
_NOT_FOUND = "no text was found (evidence/prepayment.md#what-a-ppmid-keeps-and-repeats)"
_NEEDS = ("state", "han", "inputs", "clock")
_SOON = 120
_FIRST = ("the tenancy first", "something else first")
_ACCEPTED = (0x00, 0x10, 0x11, 0x12)
_TOP_UP = bytes((PREPAYMENT >> 8, PREPAYMENT & 0xFF, CONSUMER_TOP_UP))
_EMERGENCY = bytes((PREPAYMENT >> 8, PREPAYMENT & 0xFF, SELECT_AVAILABLE_EMERGENCY_CREDIT))
_SUPPLY = bytes((METERING >> 8, METERING & 0xFF, LOCAL_CHANGE_SUPPLY))


def entry(
    name: str,
    title: str,
    stimulus: str,
    expectation: str,
    evidence: Evidence = Evidence.SPEC,
    alternatives: tuple[str, ...] = (),
    use_case: str = "",
    severity: Severity = Severity.MAJOR,
    source: str = _PAYLOADS,
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[[Dut], Finding]], Callable[[Dut], Finding]]:
    """Enter a check of a PPMID that has found its meters."""
    return check(
        f"GBCS-ppmid-{name}",
        row="GBCS",
        title=title,
        roles=("ppmid",),
        source=source,
        evidence=evidence,
        severity=severity,
        family=Family.HAN,
        stimulus=stimulus,
        expectation=expectation,
        use_case=use_case,
        needs=(*_NEEDS, *needs),
        alternatives=alternatives,
    )


def found(dut: Dut) -> Meters:
    """A PPMID that has read its meters."""
    meters = Meters(dut)
    meters.play(_SOON)
    return meters


def act(meters: Meters, what: bytes, **action: Any) -> list[str]:
    """Make the PPMID do something; the frames of that command that it sent to the ESME."""
    before = len(meters.esme.asked)
    meters.dut.control("ACT", action)
    meters.play(10)
    return [text(sent[5:]) for sent in meters.esme.asked[before:] if _is(sent, what)]


def _is(sent: bytes, what: bytes) -> bool:
    """Whether octets (cluster, frame control, sequence, command, ...) are a command's."""
    return sent[:2] == what[:2] and sent[2] & 0x0F == 0x01 and sent[4] == what[2]


def requests(meters: Meters) -> dict[str, Any]:
    """What the PPMID tells of its requests; Blocked where it does not."""
    summary = cast("dict[str, Any]", meters.dut.control("QUERY").get("summary") or {})
    told = summary.get("requests")
    if not isinstance(told, dict):
        raise Blocked("the device does not tell of its requests (CTRL:QUERY, summary.requests)")
    return cast("dict[str, Any]", told)


def last(meters: Meters) -> dict[str, Any]:
    """The last request as it stands."""
    told = requests(meters).get("last")
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def one_request(dut: Dut, notes: Notes, what: bytes, payload: str, **action: Any) -> Meters:
    """Make the PPMID send one request, and check that it sent this one, once."""
    meters = found(dut)
    sent = act(meters, what, **action)
    notes.expect("requests to the ESME", [payload], sent, f"CTRL:ACT {action}")
    return meters


@entry(
    "top-up",
    "The token is sent to the ESME as ConsumerTopUp",
    f"top-up with {_DIGITS}",
    "0x0705 command 04, once: 02 14 and the 20 digits",
    use_case="PECS01",
    severity=Severity.CRITICAL,
)
def top_up(dut: Dut) -> Finding:
    """PECS01."""
    notes = Notes()
    payload = "0214" + text(_DIGITS.encode())
    one_request(dut, notes, _TOP_UP, payload, top_up=_DIGITS)
    return notes.finding("sent once")


@entry(
    "emergency",
    "Emergency credit is asked for as SelectAvailableEmergencyCredit",
    "emergency credit",
    "0x0705 command 00, once: issue time 0, originating device 02",
    use_case="PECS02",
)
def emergency(dut: Dut) -> Finding:
    """PECS02."""
    notes = Notes()
    one_request(dut, notes, _EMERGENCY, "0000000002", emergency_credit=True)
    return notes.finding("sent once")


@entry(
    "supply",
    "The supply is asked for as LocalChangeSupply, on",
    "enable the supply",
    "0x0702 command 0C, once: 02",
    use_case="PECS03",
)
def supply(dut: Dut) -> Finding:
    """PECS03: only "on" can succeed."""
    notes = Notes()
    one_request(dut, notes, _SUPPLY, "02", enable_supply=True)
    return notes.finding("sent once")


@entry(
    "results",
    "Each result type of a top-up is reported as it is",
    "ConsumerTopUpResponse with ResultType 00 to 06 and 10 to 12",
    "accepted for 00 and 10 to 12 alone; value and credit as the meter gave them",
    use_case="PECS01",
    severity=Severity.CRITICAL,
    source=(
        "GBCS 4.0, PECS01; RTDS 4.5.0, NA_PCS01 "
        "(evidence/prepayment.md#result-types, evidence/prepayment.md#consumertopupresponse)"
    ),
)
def results(dut: Dut) -> Finding:
    """The consumer is told whether there is credit."""
    notes = Notes()
    meters = found(dut)
    for kind in (*range(7), 0x10, 0x11, 0x12):
        good = kind in _ACCEPTED
        value = 2_025_000 if good else 0
        body = bytes((kind,)) + value.to_bytes(4, "little")
        body += b"\x02" + (4_525_000).to_bytes(4, "little")
        meters.answer(_TOP_UP, CONSUMER_TOP_UP_RESPONSE, body)
        act(meters, _TOP_UP, top_up=_DIGITS)
        told = last(meters)
        seen = tuple(told.get(name) for name in ("result", "accepted", "value", "balance"))
        notes.expect(f"ResultType {kind:02X}", (kind, good, value, 4_525_000), seen)
    return notes.finding("10 result types")


@entry(
    "refused",
    "A request that the meter refuses is not reported as done",
    "Default Responses to PECS02 and PECS03 with status 01, then 00",
    "accepted for status 00 alone",
    use_case="PECS02, PECS03",
    source=(
        "ZCL of Smart Energy 1.2a; RTDS 4.5.0, NA_PCS02 "
        "(evidence/prepayment.md#a-status-other-than-success)"
    ),
)
def refused(dut: Dut) -> Finding:
    """Status of ZCL."""
    notes = Notes()
    meters = found(dut)
    for what, action in ((_EMERGENCY, "emergency_credit"), (_SUPPLY, "enable_supply")):
        for status in (1, 0):
            meters.answer(what, None, bytes((what[2], status)))
            act(meters, what, **{action: True})
            told = last(meters).get("accepted")
            notes.expect(f"{action}, status {status:02}: accepted", not status, told)
    return notes.finding("as the meter said")


@entry(
    "log",
    "What a PPMID keeps of its requests",
    "PECS01, PECS02 and PECS03, each answered",
    "an entry for what was asked and one for the answer, under 0116, 0117, 0118",
    Evidence.PROJECT_CHOICE,
    ("asked and answered, under its message code", "another log", "no log"),
    use_case="PECS01, PECS02, PECS03",
    source=_NOT_FOUND,
)
def log(dut: Dut) -> Finding:
    """Its own log."""
    meters = found(dut)
    meters.answer(_TOP_UP, CONSUMER_TOP_UP_RESPONSE, b"\x01" + bytes(4) + b"\x02" + bytes(4))
    meters.answer(_EMERGENCY, None, b"\x00\x00")
    meters.answer(_SUPPLY, None, b"\x0c\x00")
    act(meters, _TOP_UP, top_up=_DIGITS)
    act(meters, _EMERGENCY, emergency_credit=True)
    act(meters, _SUPPLY, enable_supply=True)
    rows = cast("list[list[int]]", requests(meters).get("log") or [])
    seen = tuple((row[1], row[2]) for row in rows if len(row) > 2)
    asked = tuple((code, state) for code in (0x0116, 0x0117, 0x0118) for state in (0, 1))
    names: dict[object, str] = {asked: "asked and answered, under its message code"}
    names.setdefault((), "no log")
    names.setdefault(seen, "another log")
    return Notes().choice(names, seen, "message codes and states")


@entry(
    "no-answer",
    "What a PPMID does when the meter does not answer",
    "top-up, and a meter that stays silent for five minutes",
    "it gives up, and sends the token once",
    Evidence.PROJECT_CHOICE,
    ("gives up, sent once", "sent again", "waits"),
    use_case="PECS01",
    source=_NOT_FOUND,
)
def no_answer(dut: Dut) -> Finding:
    """A token may have been taken although the answer was lost."""
    meters = found(dut)
    sent = len(act(meters, _TOP_UP, top_up=_DIGITS))
    before = len(meters.esme.asked)
    meters.play(300)
    again = sum(_is(item, _TOP_UP) for item in meters.esme.asked[before:])
    waits = last(meters).get("state") == "waiting"
    names: dict[object, str] = {(1, 0, False): "gives up, sent once"}
    seen = (sent, again, waits)
    names.setdefault(seen, "sent again" if sent + again > 1 else "waits")
    return Notes().choice(names, seen, "sent, sent again, still waiting")


@entry(
    "wakes",
    "A PPMID that wakes reads the tenancy before anything else",
    "ten minutes of sleeping and waking",
    "of what is sent to the ESME after sleep the first is a read of 0x0200",
    Evidence.PROJECT_CHOICE,
    _FIRST,
    source="no text was found (evidence/tenancy.md#when-displays-ask-and-what-they-clear)",
    severity=Severity.CRITICAL,
)
def wakes(dut: Dut) -> Finding:
    """SECMP0056 at a sleepy device."""
    notes = Notes()
    meters = found(dut)
    wakings = 0
    asleep = sleeps(meters)
    for _ in range(60):
        before = len(meters.esme.asked)
        meters.play(10)
        heard = meters.esme.asked[before:]
        if asleep and heard:
            wakings += 1
            first = (int.from_bytes(heard[0][:2], "big"), text(heard[0][5:7]))
            notes.expect("the first that is sent", (DEVICE_MANAGEMENT, "0002"), first)
        asleep = sleeps(meters)
    if not wakings:
        raise Blocked("it did not sleep and wake in ten minutes: a PPMID may, but need not")
    finding = notes.finding(f"woke {wakings} times, the tenancy first")
    finding.alternative = _FIRST[0 if finding.passed else 1]
    return finding


def sleeps(meters: Meters) -> bool:
    """Whether its radio is off; Blocked where it does not tell."""
    summary = cast("dict[str, Any]", meters.dut.control("QUERY").get("summary") or {})
    if "awake" not in summary:
        raise Blocked("the device does not tell whether it is awake (CTRL:QUERY, summary.awake)")
    return not summary["awake"]
