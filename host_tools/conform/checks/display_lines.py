"""What a display does on its HAN, seen from there alone: `ZCL:FRAME` is all that these need.

The bench plays the meters. A push of a tenancy date makes a display ask, at any time.
"""

from __future__ import annotations

from collections.abc import Callable

from host_tools.conform.dut import Dut
from host_tools.conform.meters import NO_DATE, Meter, Meters
from host_tools.conform.model import Blocked, Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes
from host_tools.conform.words import text
from host_tools.gbcs.zcl_ids import (
    CHANGE_OF_TENANCY_UPDATE_DATE_TIME,
    CONSUMER_TOP_UP,
    CONSUMER_TOP_UP_RESPONSE,
    DEVICE_MANAGEMENT,
    LOCAL_CHANGE_SUPPLY,
    METERING,
    PREPAYMENT,
    PRICE,
    SELECT_AVAILABLE_EMERGENCY_CREDIT,
    TIME,
)
from host_tools.gbcs.zcl_table import cluster_name
from host_tools.han.frame import PROFILE_SMART_ENERGY, Frame

_DISPLAYS = ("ihd", "ppmid")
_SOON, _WHILE = 20, 120  # seconds
_FRAMES = "ZCL of Smart Energy 1.2a (evidence/frames.md#{})"
_FORM = _FRAMES.format("general-commands")
_SECURED = "Smart Energy 1.2a, security (evidence/tenancy.md#link-key)"
_MALFORMED = "ZCL of Smart Energy 1.2a (evidence/tenancy.md#frames-that-are-not-well-formed)"
_BY_HAND = "GBCS 4.0, PECS01 to PECS03 (evidence/prepayment.md#pecs-use-cases)"
_NO_TEXT = "no text was found (evidence/tenancy.md#when-displays-ask-and-what-they-clear)"
_FROM_SERVER = 0x08
_SPECIFIC = 0x03
_FEW = 10
_READ, _DEFAULT = 0x00, 0x0B
# The commands of a PPMID that only its user may cause.
_ACTS = (
    (PREPAYMENT, CONSUMER_TOP_UP),
    (PREPAYMENT, SELECT_AVAILABLE_EMERGENCY_CREDIT),
    (METERING, LOCAL_CHANGE_SUPPLY),
)


def _entry(
    name: str,
    title: str,
    stimulus: str,
    expectation: str,
    source: str = _FORM,
    roles: tuple[str, ...] = _DISPLAYS,
    alternatives: tuple[str, ...] = (),
    severity: Severity = Severity.MAJOR,
    row: str = "SECMP0056",
) -> Callable[[Callable[[Meters, Notes], Finding | None]], Callable[[Meters, Notes], object]]:
    """Enter a check that has nothing but frames; one with alternatives is a choice."""

    def enter(
        function: Callable[[Meters, Notes], Finding | None],
    ) -> Callable[[Meters, Notes], object]:
        @check(
            f"{row}-display-{name}",
            row=row,
            title=title,
            roles=roles,
            source=source,
            evidence=Evidence.PROJECT_CHOICE if alternatives else Evidence.SPEC,
            severity=severity,
            family=Family.HAN,
            stimulus=stimulus,
            expectation=expectation,
            needs=("han",),
            alternatives=alternatives,
            since="IHDTS 4.4, PPMIDTS 4.5" if row == "SECMP0056" else "",
        )
        def run(dut: Dut) -> Finding:
            meters = Meters(dut)
            if not dut.black_box:
                meters.play(_SOON)
            notes = Notes()
            return function(meters, notes) or notes.finding(expectation)

        return function

    return enter


def publish(
    date: int = NO_DATE, sequence: int = 0x31, control: int = 0x09, event: int = 0
) -> bytes:
    """A PublishChangeOfTenancy."""
    octets = bytes((control, sequence, 0x00)) + bytes(4) + event.to_bytes(4, "little") + b"\x00"
    return octets + date.to_bytes(4, "little") + bytes(4)


def _asked(meter: Meter) -> list[Frame]:
    """The reads of the tenancy date at a meter."""
    wanted = CHANGE_OF_TENANCY_UPDATE_DATE_TIME.to_bytes(2, "little")
    found: list[Frame] = []
    for frame in meter.frames:
        body = frame.payload
        ids = [body[at : at + 2] for at in range(3, len(body), 2)]
        read = len(body) > 3 and not body[0] & _SPECIFIC and body[2] == _READ
        if frame.cluster == DEVICE_MANAGEMENT and read and wanted in ids:
            found.append(frame)
    return found


def _defaults(meters: Meters) -> list[bytes]:
    """The Default Responses that the ESME got."""
    octets = [frame.payload for frame in meters.esme.frames]
    general = [one for one in octets if len(one) > 3 and not one[0] & _SPECIFIC]
    return [one for one in general if one[2] == _DEFAULT]


def _provoke(meters: Meters, role: str = "esme", event: int = 1) -> list[Frame]:
    """Push a date, so that it is read: the reads; Blocked where there is none."""
    meter = meters.esme if role == "esme" else meters.gpf
    before = len(_asked(meter))
    meters.tell(role, publish(meters.now - 86400, event=event, sequence=0x40 + event))
    meters.play(_WHILE)
    found = _asked(meter)[before:]
    if not found:
        what = "the display does not ask when its meter tells a date"
        raise Blocked(f"{what}, as this check presumes", what)
    return found


def _serves_on(meters: Meters, notes: Notes) -> None:
    """The display takes the next good push up."""
    before = len(_asked(meters.esme))
    meters.tell("esme", publish(meters.now - 86400, 0x60, event=9))
    meters.play(_WHILE)
    notes.expect("asks after the next good push", True, len(_asked(meters.esme)) > before)


@_entry(
    "told",
    "A push of the date, by the meter of each fuel",
    "PublishChangeOfTenancy of the ESME, then of the GPF",
    "both are asked",
    _NO_TEXT,
    alternatives=(
        "both are asked",
        "the ESME alone is asked",
        "the GPF alone is asked",
        "none is",
    ),
)
def told(meters: Meters, notes: Notes) -> Finding:
    """The date may come at any time."""
    seen: list[bool] = []
    for role, meter in (("esme", meters.esme), ("gpf", meters.gpf)):
        before = len(_asked(meter))
        meters.tell(role, publish(meters.now - 86400, event=2))
        meters.play(_WHILE)
        seen.append(len(_asked(meter)) > before)
    names: dict[object, str] = {
        (True, True): "both are asked",
        (True, False): "the ESME alone is asked",
        (False, True): "the GPF alone is asked",
        (False, False): "none is",
    }
    return notes.choice(names, tuple(seen), "reads of 0x0200 after a push")


@_entry(
    "read-form",
    "Its read of the date is a Read Attributes of a client",
    "PublishChangeOfTenancy of the ESME",
    "frame control of a general command to the server, command 00, whole attribute ids",
)
def read_form(meters: Meters, notes: Notes) -> None:
    """What a meter of any maker understands."""
    for frame in _provoke(meters):
        body = frame.payload
        notes.expect("frame control", 0x00, body[0] & ~0x10, body)
        notes.expect("octets of attribute ids, odd ones", 0, (len(body) - 3) % 2)
        notes.expect("profile", PROFILE_SMART_ENERGY, frame.profile)


@_entry(
    "secured",
    "What a display asks has APS security",
    "PublishChangeOfTenancy of the ESME; all frames of Smart Energy clusters",
    "APS security on each",
    _SECURED,
    severity=Severity.CRITICAL,
)
def secured(meters: Meters, notes: Notes) -> None:
    """A meter drops what has none."""
    _provoke(meters)
    clear = [frame for frame in meters.frames if not frame.aps_security]
    notes.expect("requests in clear", [], [cluster_name(frame.cluster) for frame in clear])


@_entry(
    "own-address",
    "A display asks from its own address, and no group",
    "PublishChangeOfTenancy of the ESME; all frames to meters",
    "its EUI-64 as the source; neither broadcast nor group",
)
def own_address(meters: Meters, notes: Notes) -> None:
    """Unicast, as Smart Energy has it."""
    _provoke(meters)
    sources = {f"{frame.source:016X}" for frame in meters.frames}
    notes.expect("sources", [meters.dut.eui], sorted(sources))
    spread = [frame for frame in meters.frames if frame.broadcast or frame.group]
    notes.expect("to all or to a group", 0, len(spread))


@_entry(
    "sequence",
    "Requests have sequence numbers of their own",
    "three PublishChangeOfTenancy of the ESME",
    "no two requests running have the same ZCL sequence number",
    _FRAMES.format("sequence-numbers"),
)
def sequence(meters: Meters, notes: Notes) -> None:
    """An answer is found by it."""
    for event in (3, 4, 5):
        _provoke(meters, event=event)
    # A Default Response has the number of what it answers.
    requests = [
        frame.payload
        for frame in meters.frames
        if len(frame.payload) > 2
        and not (frame.payload[0] & 1 == 0 and frame.payload[2] == _DEFAULT)
    ]
    numbers = [payload[1] for payload in requests]
    same = [new for old, new in zip(numbers, numbers[1:], strict=False) if old == new]
    notes.expect("numbers twice running", [], same)


@_entry(
    "told-in-clear",
    "A date that comes without APS security is not taken up",
    "PublishChangeOfTenancy of the ESME without APS security; then a good one",
    "no read; a read after the good one",
    _SECURED,
    severity=Severity.CRITICAL,
)
def told_in_clear(meters: Meters, notes: Notes) -> None:
    """Anyone on the HAN could have sent it."""
    before = len(_asked(meters.esme))
    meters.tell("esme", publish(meters.now - 86400, event=6), secured=False)
    meters.play(_SOON)
    notes.expect("reads after a push in clear", 0, len(_asked(meters.esme)) - before)
    _serves_on(meters, notes)


@_entry(
    "told-short",
    "A date cut short is not taken up, and stops nothing",
    "each beginning of PublishChangeOfTenancy; then a whole one",
    "no read; a read after the whole one",
    _MALFORMED,
)
def told_short(meters: Meters, notes: Notes) -> None:
    """Malformed input."""
    whole = publish(meters.now - 86400, event=8)
    before = len(_asked(meters.esme))
    for length in range(3, len(whole) - 4):
        meters.tell("esme", whole[:length])
    meters.play(_SOON)
    notes.expect("reads after beginnings", 0, len(_asked(meters.esme)) - before)
    _serves_on(meters, notes)


@_entry(
    "runts",
    "Frames that are no ZCL frame stop nothing",
    "payloads of 0, 1 and 2 octets on four clusters; then PublishChangeOfTenancy",
    "no answer; a read after the push",
    _MALFORMED,
)
def runts(meters: Meters, notes: Notes) -> None:
    """Malformed input."""
    clusters = (DEVICE_MANAGEMENT, METERING, PREPAYMENT, TIME)
    before = len(_defaults(meters))
    for cluster in clusters:
        for payload in (b"", b"\x09", b"\x09\x01"):
            meters.tell("esme", payload, cluster=cluster)
    meters.play(_SOON)
    notes.expect("answers", before, len(_defaults(meters)))
    _serves_on(meters, notes)


@_entry(
    "unasked-answer",
    "An answer to nothing is not answered",
    "a Read Attributes Response with a date, and a Default Response, that nobody asked for",
    "no frame in return; a read after the next push",
    _FRAMES.format("default-response"),
)
def unasked_answer(meters: Meters, notes: Notes) -> None:
    """Two devices that answer each other's answers never end."""
    head = CHANGE_OF_TENANCY_UPDATE_DATE_TIME.to_bytes(2, "little")
    date = (meters.now - 86400).to_bytes(4, "little")
    before = len(_defaults(meters))
    for payload in (b"\x08\xee\x01" + head + b"\x00\xe2" + date, b"\x08\xef\x0b\x00\x00"):
        meters.tell("esme", payload)
    meters.play(_SOON)
    notes.expect("Default Responses", 0, len(_defaults(meters)) - before)
    _serves_on(meters, notes)


@_entry(
    "disabled-default",
    "A push that wants no Default Response of success",
    "PublishChangeOfTenancy with the disable-default-response bit",
    "answered all the same",
    f"{_NO_TEXT[:-1]}, evidence/frames.md#default-response)",
    alternatives=("answered all the same", "not answered"),
)
def disabled_default(meters: Meters, notes: Notes) -> Finding:
    """ZCL has no answer then; a meter that sends until it is answered needs one."""
    before = len(_defaults(meters))
    meters.tell("esme", publish(meters.now - 86400, control=0x19, event=10))
    meters.play(_SOON)
    good = [octets for octets in _defaults(meters)[before:] if octets[-1] == 0]
    names: dict[object, str] = {True: "answered all the same", False: "not answered"}
    return notes.choice(names, bool(good), "Default Response of success")


@_entry(
    "unknown-command",
    "A command that Device Management does not have",
    "command 7F of cluster 0x0708 of the ESME, with a Default Response wanted",
    "nothing",
    _NO_TEXT,
    alternatives=("nothing", "Default Response UNSUP_CLUSTER_COMMAND"),
)
def unknown_command(meters: Meters, notes: Notes) -> Finding:
    """ZCL has an answer for it; a client may drop what it does not know."""
    before = len(meters.esme.frames)
    meters.tell("esme", b"\x09\x71\x7f")
    meters.play(_SOON)
    after = [frame for frame in meters.esme.frames[before:] if frame.payload[1:2] == b"\x71"]
    seen = text(after[0].payload[2:]) if after else "none"
    names: dict[object, str] = {
        "none": "nothing",
        "0B7F81": "Default Response UNSUP_CLUSTER_COMMAND",
    }
    return notes.choice(names, seen, "answer to an unknown command")


def _few(meters: Meters, notes: Notes, event: int) -> Finding:
    number = len(_provoke(meters, event=event))
    names: dict[object, str] = {True: "few reads", False: "many reads"}
    return notes.choice(names, number <= _FEW, f"{number} reads")


@_entry(
    "no-such-attribute",
    "A meter without the attribute",
    "0x0200 unsupported at the ESME; PublishChangeOfTenancy; two minutes",
    "few reads",
    _NO_TEXT,
    alternatives=("few reads", "many reads"),
)
def no_such_attribute(meters: Meters, notes: Notes) -> Finding:
    """A home with an old meter has one link, too."""
    meters.esme.status = 0x86
    return _few(meters, notes, 12)


@_entry(
    "silent-meter",
    "A meter that does not answer",
    "the ESME is silent; PublishChangeOfTenancy; two minutes",
    "few reads",
    _NO_TEXT,
    alternatives=("few reads", "many reads"),
)
def silent_meter(meters: Meters, notes: Notes) -> Finding:
    """Retries are few."""
    meters.esme.silent = True
    return _few(meters, notes, 13)


@_entry(
    "no-server",
    "A read of the tenancy date at the display",
    "Read Attributes 0x0200 of Device Management, sent to the display by the ESME",
    "no date",
    _NO_TEXT,
    alternatives=("no date", "a date"),
)
def no_server(meters: Meters, notes: Notes) -> Finding:
    """The attribute is the meters': a display is a client of the cluster."""
    before = len(meters.esme.frames)
    head = CHANGE_OF_TENANCY_UPDATE_DATE_TIME.to_bytes(2, "little")
    meters.tell("esme", b"\x00\x72\x00" + head)
    meters.play(_SOON)
    good = b"\x01" + head + b"\x00"
    dates = [frame for frame in meters.esme.frames[before:] if frame.payload[2:6] == good]
    names: dict[object, str] = {False: "no date", True: "a date"}
    return notes.choice(names, bool(dates), "answer to a read of 0x0200")


@_entry(
    "told-twice",
    "The same push twice",
    "the same PublishChangeOfTenancy twice, octet for octet",
    "few reads",
    _NO_TEXT,
    alternatives=("few reads", "not read", "many reads"),
)
def told_twice(meters: Meters, notes: Notes) -> Finding:
    """A retry of the meter."""
    before = len(_asked(meters.esme))
    again = publish(meters.now - 86400, event=11)
    meters.tell("esme", again)
    meters.tell("esme", again)
    meters.play(_WHILE)
    number = len(_asked(meters.esme)) - before
    names: dict[object, str] = {1: "few reads", 0: "not read", 2: "many reads"}
    return notes.choice(names, 0 if not number else 1 + (number > 4), f"{number} reads")


@_entry(
    "no-request-by-itself",
    "A PPMID that nobody touches asks for no credit and no supply",
    "PublishChangeOfTenancy of both meters; all commands that the PPMID sends",
    "no ConsumerTopUp, SelectAvailableEmergencyCredit or LocalChangeSupply",
    _BY_HAND,
    ("ppmid",),
    severity=Severity.CRITICAL,
    row="GBCS",
)
def no_request_by_itself(meters: Meters, notes: Notes) -> None:
    """They change the account, or connect the supply."""
    _provoke(meters)
    _provoke(meters, "gpf")
    acts = [
        text(frame.payload)
        for frame in meters.frames
        if frame.payload[0] & _SPECIFIC == 1 and (frame.cluster, frame.payload[2]) in _ACTS
    ]
    notes.expect("requests", [], acts)


def _unasked(name: str, cluster: int, payload: bytes, what: str) -> None:
    @_entry(
        f"unasked-{name}",
        f"A {what} that nobody asked for is passed over",
        f"{what} of the ESME, twice; then PublishChangeOfTenancy",
        "no request in return; a read after the push",
        _BY_HAND,
        ("ppmid",),
        row="GBCS",
    )
    def run(meters: Meters, notes: Notes) -> None:
        before = len(meters.esme.frames)
        for number in (0x81, 0x82):
            octets = payload[:1] + bytes((number,)) + payload[1:]
            meters.tell("esme", octets, cluster=cluster)
        meters.play(_SOON)
        acts = [
            text(frame.payload)
            for frame in meters.esme.frames[before:]
            if frame.payload[0] & _SPECIFIC == 1 and (frame.cluster, frame.payload[2]) in _ACTS
        ]
        notes.expect("requests in return", [], acts)
        _serves_on(meters, notes)


def _well_formed(cluster: int) -> None:
    name = cluster_name(cluster)

    @_entry(
        f"asks-0x{cluster:04X}",
        f"What a display asks of {name} is asked of the server",
        "PublishChangeOfTenancy of both meters; two minutes of what the display sends",
        "from client to server, reads with whole attribute ids",
        row="GBCS",
    )
    def run(meters: Meters, notes: Notes) -> None:
        _provoke(meters)
        meters.play(_WHILE)
        seen = [frame for frame in meters.frames if frame.cluster == cluster]
        if not seen:
            raise Blocked(f"would need --real SECONDS: the display asked nothing of {name}")
        for frame in seen:
            body = frame.payload
            notes.expect("frame control's direction", 0, body[0] & _FROM_SERVER, body)
            if not body[0] & _SPECIFIC and body[2:3] == bytes((_READ,)):
                notes.expect("odd octets of attribute ids", 0, (len(body) - 3) % 2)


_unasked(
    "top-up",
    PREPAYMENT,
    bytes((0x19, CONSUMER_TOP_UP_RESPONSE, 0)) + bytes(9),
    "top-up response",
)
_unasked("supply", METERING, bytes((0x19, 0x0C)) + bytes(9), "supply status response")
_unasked(
    "refusal",
    PREPAYMENT,
    bytes((0x18, _DEFAULT, SELECT_AVAILABLE_EMERGENCY_CREDIT, 0x01)),
    "refusal of emergency credit",
)
for _cluster in (DEVICE_MANAGEMENT, METERING, PREPAYMENT, PRICE, TIME):
    _well_formed(_cluster)
