"""Use cases in ASN.1: clock of a GSME, Device Log, security credentials."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Any, cast

from host_tools.conform.checks.gbcs_generic import build
from host_tools.conform.dut import Dut
from host_tools.conform.model import Evidence, Finding, Severity, check
from host_tools.conform.probe import Notes, refused
from host_tools.conform.words import text
from host_tools.gbcs import der
from host_tools.gbcs.crypto import point_of
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.tree import Json

_FACTS = {
    "clock": "set-clock",
    "clock-genuine": "set-clock",
    "clock-taken": "time-within-the-interval",
    "credentials": "credentials-of-the-device",
    "credentials-strange": "a-role-without-a-party",
    "device-log": "device-log-of-a-meter",
    "join-method": "codes-of-joining",
    "restore-log": "restoring-a-device-log",
}
_OTHER = "0011223344556677"
_PPMID = 5
_INTEGER, _BITS, _OCTETS, _SEQUENCE = 0x02, 0x03, 0x04, 0x30


def entry(
    name: str,
    title: str,
    roles: tuple[str, ...],
    use_case: str,
    srv: str,
    stimulus: str,
    expectation: str,
    evidence: Evidence = Evidence.SPEC,
    alternatives: tuple[str, ...] = (),
    severity: Severity = Severity.MAJOR,
    needs: tuple[str, ...] = ("state",),
) -> Callable[[Callable[[Dut], Finding]], Callable[[Dut], Finding]]:
    """Enter a check."""
    return check(
        f"GBCS-asn1-{name}",
        row="GBCS",
        title=title,
        roles=roles,
        source=f"GBCS 4.0 and RTDS 4.5.0, {use_case} (evidence/asn1.md#{_FACTS[name]})",
        evidence=evidence,
        severity=severity,
        stimulus=stimulus,
        expectation=expectation,
        srv=srv,
        use_case=use_case,
        needs=needs,
        alternatives=alternatives,
    )


def begin(dut: Dut) -> None:
    """A device at 10:10."""
    dut.ready({"clock": {"time": iso_2000(dut.start), "status": "reliable"}})


def content(message: Message) -> Json:
    """What an answer holds, its names left out."""
    return _plain(cast("Json", message.content))


def _plain(value: Json) -> Json:
    if not isinstance(value, list):
        return value
    return [_plain(item) for part in value for item in cast("dict[str, Json]", part).values()]


def ask(dut: Dut, use_case: str, party: str = "supplier", **params: Any) -> Json:
    """The content of the answer to a command."""
    return content(dut.ask(use_case, params, party)[2])


def digits(seconds: int) -> str:
    """A GeneralizedTime."""
    return iso_2000(seconds).translate({45: None, 58: None, 84: None})


def interval(dut: Dut, first: int, last: int) -> dict[str, Any]:
    """Parameters of GCS28: an interval by its distance from 10:10, in seconds."""
    return {
        "validityIntervalStart": iso_2000(dut.start + first),
        "validityIntervalEnd": iso_2000(dut.start + last),
    }


@entry(
    "clock",
    "The supplier sets a GSME's clock inside its interval, and no other",
    ("gsme",),
    "GCS28",
    "6.11, 8.1.1",
    "GCS28 with an interval that holds the meter's time, and one that does not",
    "status 0 (reliable) and a time of the interval; status 2 (unreliable) and the meter's own",
    Evidence.RTDS,
    severity=Severity.CRITICAL,
)
def set_clock(dut: Dut) -> Finding:
    """RTDS has both."""
    begin(dut)
    notes = Notes()
    outside = ask(dut, "GCS28", **interval(dut, 3600, 7200))
    notes.expect("an hour ahead", [digits(dut.start), 2], outside, "GCS28, 11:10 to 12:10")
    when, status = cast("list[Json]", ask(dut, "GCS28", **interval(dut, -600, 600)))
    inside = digits(dut.start - 600) <= str(when) <= digits(dut.start + 600)
    notes.expect("around its time: time in it, status", (True, 0), (inside, status), "GCS28")
    return notes.finding("set inside, left alone outside")


@entry(
    "clock-taken",
    "Which time of the interval a GSME takes",
    ("gsme",),
    "GCS28",
    "6.11, 8.1.1",
    "GCS28 with an interval that holds the meter's time",
    "the beginning of the interval",
    Evidence.PROJECT_CHOICE,
    ("the beginning of the interval", "its own time", "another"),
)
def clock_taken(dut: Dut) -> Finding:
    """RTDS answers with the beginning; the text was not available."""
    begin(dut)
    answer = cast("list[Json]", ask(dut, "GCS28", **interval(dut, -600, 600)))
    names: dict[object, str] = {
        digits(dut.start - 600): "the beginning of the interval",
        digits(dut.start): "its own time",
    }
    names.setdefault(answer[0], "another")
    return Notes().choice(names, answer[0], "deviceTime")


@entry(
    "clock-genuine",
    "A command in ASN.1 is refused unsigned, cut short, and the second time",
    ("gsme",),
    "GCS28",
    "6.11, 8.1.1",
    "GCS28 without a signature; with one time only; a genuine one twice",
    "an answer to the genuine one alone, once",
    severity=Severity.CRITICAL,
)
def clock_genuine(dut: Dut) -> Finding:
    """As any other critical command."""
    begin(dut)
    notes = Notes()
    unsigned = build(dut, "GCS28", params=interval(dut, -600, 600))
    refused(dut, notes, unsigned, "one without a signature")
    one = der.encode(_SEQUENCE, der.encode(0x18, digits(dut.start).encode()))
    short = dut.command("GCS28", {"payload": one.hex()})
    refused(dut, notes, short, "one with one time only")
    genuine = dut.command("GCS28", interval(dut, -600, 600))
    answered = [dut.send(genuine) is not None for _ in range(2)]
    notes.expect("twice", [True, False], answered, genuine)
    return notes.finding("once")


def join(dut: Dut, method: int, other: str = _OTHER) -> Json:
    """The joinResponseCode of CS03B."""
    params: dict[str, Any] = {
        "joinMethodAndRole": method,
        "otherDeviceEntityIdentifier": other,
        "otherDeviceType": _PPMID,
    }
    return ask(dut, "CS03B", **params)


def joined(dut: Dut) -> list[Json]:
    """The entries of the Device Log by CS07."""
    answer = cast("list[Json]", ask(dut, "CS07"))
    return cast("list[Json]", answer[1]) if len(answer) > 1 else []


@entry(
    "device-log",
    "A device that joins is in the Device Log until it is unjoined",
    ("gsme",),
    "CS03B, CS07, CS04B",
    "8.7.2, 8.9, 8.8.2",
    f"CS03B of a PPMID {_OTHER}, CS07, CS04B, CS07",
    "codes 0; an entry with identifier and type 5, then none",
    needs=("update",),
)
def device_log(dut: Dut) -> Finding:
    """Joined, told, unjoined."""
    begin(dut)
    notes = Notes()
    notes.expect("join", 0, join(dut, 2), "CS03B, method B")
    notes.expect("in the log", True, [_OTHER, _PPMID] in joined(dut), "CS07")
    left = ask(dut, "CS04B", otherDeviceEntityIdentifier=_OTHER)
    notes.expect("unjoin", 0, left, "CS04B")
    notes.expect("in the log", False, [_OTHER, _PPMID] in joined(dut), "CS07")
    return notes.finding("in, and out again")


@entry(
    "join-method",
    "A method that is not the use case's is refused with its code",
    ("gsme",),
    "CS03B",
    "8.7.2",
    "CS03B with joinMethodAndRole 3 (method C) and 9 (none)",
    "joinResponseCode 1 (invalidMessageCodeForJoinMethodAndRole), 2 (invalidJoinMethodAndRole)",
    needs=("update",),
)
def join_method(dut: Dut) -> Finding:
    """The names of the codes say it."""
    begin(dut)
    notes = Notes()
    notes.expect("method C", 1, join(dut, 3), "CS03B, 3")
    notes.expect("no method", 2, join(dut, 9), "CS03B, 9")
    return notes.finding("1, and 2")


@entry(
    "restore-log",
    "Each entry of a Device Log that is restored has its outcome",
    ("gpf",),
    "GCS59",
    "8.12.2",
    "GCS59 with two entries, by the access control broker",
    "both entries in their order, each with outcome 0",
    Evidence.RTDS,
)
def restore_log(dut: Dut) -> Finding:
    """A GPF that replaces another."""
    begin(dut)
    notes = Notes()
    devices: list[tuple[str, int]] = [
        (_OTHER[:-1] + str(index), kind) for index, kind in ((8, 1), (9, _PPMID))
    ]
    entries = [
        der.encode(_OCTETS, bytes.fromhex(name)) + der.encode(_INTEGER, bytes((kind,)))
        for name, kind in devices
    ]
    payload = der.encode(_SEQUENCE, b"".join(der.encode(_SEQUENCE, item) for item in entries))
    answer = ask(dut, "GCS59", "access_control_broker", payload=payload.hex())
    notes.expect("outcomes", [[[name, kind], 0] for name, kind in devices], answer, payload)
    return notes.finding("two outcomes")


@entry(
    "credentials",
    "A party that asks for the credentials learns whose keys the device trusts",
    ("esme", "gsme", "gpf"),
    "CS02a",
    "6.24.1",
    "CS02a by the access control broker, of supplier and broker",
    "of each the role, status 0, and cells with its identifier and the key's identifier",
    severity=Severity.CRITICAL,
    needs=(),
)
def credentials(dut: Dut) -> Finding:
    """The identifier of a key: 0100 and the last 60 bits of its SHA-1 (RFC 5280)."""
    begin(dut)
    notes = Notes()
    payload = credentials_request(2, 4)
    answer = ask(dut, "CS02a", "access_control_broker", payload=payload.hex())
    told = cast("list[list[Any]]", answer)
    for role, name in ((2, "supplier"), (4, "access_control_broker")):
        party = dut.party(name).parties.party(name)
        key = identifier(point_of(party.agreement_key.public_key()))
        row = next((item for item in told if item[:1] == [role]), list[Any]())
        notes.expect(f"{name}: status", [role, 0], row[:2], payload)
        cells = cast("list[list[Any]]", row[3]) if len(row) > 3 else []
        agreeing = [cell[1:3] for cell in cells if cell[0] == "00001"]
        notes.expect(f"{name}: key agreement", [[text(party.id), key]], agreeing)
    return notes.finding("both, with their keys")


def credentials_request(*roles: int) -> bytes:
    """The payload of CS02a from the broker."""
    cell = der.encode(_INTEGER, b"\x04") + der.encode(_BITS, b"\x03\x08")
    wanted = b"".join(der.encode(_INTEGER, bytes((role,))) for role in roles)
    return der.encode(_SEQUENCE, der.encode(_SEQUENCE, cell) + der.encode(_SEQUENCE, wanted))


def identifier(public: bytes) -> str:
    """A key's identifier in certificates."""
    tail = bytearray(sha1(public, usedforsecurity=False).digest()[-8:])
    tail[0] = 0x40 | tail[0] & 0x0F
    return text(tail)


@entry(
    "credentials-strange",
    "A role without a party is reported as missing",
    ("esme", "gsme", "gpf"),
    "CS02a",
    "6.24.1",
    "CS02a by the access control broker, of the recovery party (1)",
    "a row with role 1 and a status other than 0",
    Evidence.PROJECT_CHOICE,
    ("status 25", "another status", "left out", "success"),
    needs=(),
)
def credentials_strange(dut: Dut) -> Finding:
    """RTDS shows the status codes, but no case of this one."""
    begin(dut)
    payload = credentials_request(1)
    answer = ask(dut, "CS02a", "access_control_broker", payload=payload.hex())
    told = cast("list[list[Any]]", answer or [])
    row = next((item for item in told if item[:1] == [1]), None)
    seen = row[1] if row and len(row) > 1 else None
    names: dict[object, str] = {25: "status 25", None: "left out", 0: "success"}
    names.setdefault(seen, "another status")
    return Notes().choice(names, seen, "status of role 1")
