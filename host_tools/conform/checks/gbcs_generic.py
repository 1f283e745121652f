"""GBCS as it was: a device refuses what is not genuine, not for it, or of the wrong party."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host_tools.conform.bench import Bench
from host_tools.conform.model import Evidence, Finding, Severity, check
from host_tools.conform.probe import Notes
from host_tools.example import EUIS, GAS_STATE
from host_tools.gbcs import crypto
from host_tools.gbcs.header import Header
from host_tools.gbcs.message import decode
from host_tools.gbcs.times import iso_2000
from host_tools.remote import seal

_ROLES = ("esme", "gsme", "gpf")
# A read, and a critical command without parameters, for each role.
_READS = {"esme": "ECS26b", "gsme": "GCS13a", "gpf": "GCS13a"}
_CRITICAL = {"esme": "ECS09", "gsme": "GCS06"}
_CLAUSE = "GBCS 4.3, 6, 7.2: authentication, target, role and replay checks of commands"


def _begin(bench: Bench) -> None:
    state = {"clock": {"time": iso_2000(bench.start), "status": "reliable"}}
    bench.fresh(state if bench.role == "esme" else {**state, "zcl": GAS_STATE})


def _entry(
    name: str, title: str, stimulus: str, roles: tuple[str, ...] = _ROLES
) -> Callable[[Callable[[Bench, Notes], None]], Callable[[Bench, Notes], None]]:
    def enter(function: Callable[[Bench, Notes], None]) -> Callable[[Bench, Notes], None]:
        @check(
            f"GBCS-{name}",
            row="GBCS",
            title=title,
            roles=roles,
            source=_CLAUSE,
            evidence=Evidence.SPEC,
            severity=Severity.CRITICAL,
            use_case="ECS26b, GCS13a, ECS09, GCS06",
            stimulus=stimulus,
            expectation="no response, and the device answers the next genuine command",
            needs=("state",),
        )
        def run(bench: Bench) -> Finding:
            notes = Notes()
            _begin(bench)
            function(bench, notes)
            bench.ask(_READS[bench.role])  # raises where there is no genuine answer
            return notes.finding("refused, and still at service")

        return function

    return enter


def _refused(bench: Bench, notes: Notes, command: bytes, what: str) -> None:
    notes.expect(f"response to {what}", None, bench.send(command), command)


def build(
    bench: Bench,
    use_case: str,
    party: str = "supplier",
    mac_of: str = "access_control_broker",
    sign_as: str = "",
    cra: int = 1,
    originator: bytes = b"",
    code: int = 0,
    params: dict[str, Any] | None = None,
) -> bytes:
    """A command that was changed in one place, with a MAC that fits the change."""
    parties = bench.party(party).parties
    genuine = bench.command(use_case, params, party)
    message = decode(genuine)
    head = message.header
    header = Header(
        cra,
        head.counter,
        originator or head.originator,
        head.target,
        b"",
        code or head.message_code,
    )
    payload = genuine[head.content[0] : head.content[1]]
    key = parties.party(mac_of).ka_private
    secret = crypto.shared_secret(key, parties.device(head.target).ka_public)
    return seal(header, payload, secret, parties.party(sign_as).ds_private if sign_as else None)


@_entry("bit-flips", "A bit changed anywhere is noticed", "one bit changed in each octet in turn")
def bit_flips(bench: Bench, notes: Notes) -> None:
    """MAC header, grouping header, payload, MAC."""
    genuine = bench.command(_READS[bench.role])
    for at in range(len(genuine)):
        command = bytearray(genuine)
        command[at] ^= 1 << (at % 8)
        response = bench.send(bytes(command))
        if response is not None or at == len(genuine) - 1:
            notes.expect(f"response with octet {at} changed", None, response, bytes(command))


@_entry("truncated", "A message cut short or too long is refused", "each prefix; one octet more")
def truncated(bench: Bench, notes: Notes) -> None:
    """No prefix is a message."""
    genuine = bench.command(_READS[bench.role])
    for length in range(1, len(genuine)):
        if bench.send(genuine[:length]) is not None:
            _refused(bench, notes, genuine[:length], f"the first {length} octets")
    _refused(bench, notes, genuine + b"\x00", "an octet more")


@_entry("target", "A command for another device is refused", "a genuine command for a neighbour")
def target(bench: Bench, notes: Notes) -> None:
    """The target is not this device."""
    other = {"esme": "gpf", "gsme": "gpf", "gpf": "gsme"}[bench.role]
    device = bytes.fromhex(EUIS[other])
    command = bench.party().command(
        "GCS13a", device, bench.next_counter(), None, bench.stage.start
    )
    _refused(bench, notes, command, f"a command for the {other.upper()}")


@_entry("stranger", "A party that the device does not know is refused", "an unknown originator")
def stranger(bench: Bench, notes: Notes) -> None:
    """The MAC of the broker alone is not enough."""
    command = build(bench, _READS[bench.role], originator=bytes.fromhex("0253FFFFFFFFFFFF"))
    _refused(bench, notes, command, "an unknown party")


@_entry("mac-key", "Only the broker's MAC counts", "MAC made with the supplier's own key")
def mac_key(bench: Bench, notes: Notes) -> None:
    """GBCS: commands bear the access control broker's MAC."""
    command = build(bench, _READS[bench.role], mac_of="supplier")
    _refused(bench, notes, command, "the supplier's own MAC")


@_entry("not-a-command", "A response or an alert is no command", "CRA flag 02 and 03, MAC right")
def not_a_command(bench: Bench, notes: Notes) -> None:
    """CRA flag 01 is a command."""
    for cra in (2, 3):
        _refused(bench, notes, build(bench, _READS[bench.role], cra=cra), f"CRA flag {cra:02}")


@_entry("no-use-case", "An unknown message code is refused", "message code 0FFF, MAC right")
def no_use_case(bench: Bench, notes: Notes) -> None:
    """No such use case."""
    _refused(bench, notes, build(bench, _READS[bench.role], code=0x0FFF), "code 0FFF")


@_entry(
    "role", "A party without the role is refused", "a network operator where only suppliers may"
)
def role(bench: Bench, notes: Notes) -> None:
    """GBCS role tables: GCS14 and ECS12 are the supplier's, GCS13a at a GSME as well."""
    use_case = {"gsme": "GCS13a", "gpf": "GCS14", "esme": "ECS12"}[bench.role]
    params = {"restrictDataDateTime": iso_2000(bench.start)} if bench.role == "esme" else None
    command = bench.command(use_case, params, "network_operator")
    _refused(bench, notes, command, f"{use_case} of a network operator")
    if bench.role == "gpf":
        allowed = bench.command("GCS13a", party="network_operator")
        notes.expect("GCS13a answered", True, bench.send(allowed) is not None, allowed)


@_entry(
    "signature",
    "A critical command needs its originator's signature",
    "a wrong signature, none, and one bit of it changed; the MAC right",
    ("esme", "gsme"),
)
def signature(bench: Bench, notes: Notes) -> None:
    """The broker cannot speak for the supplier."""
    use_case = _CRITICAL[bench.role]
    _refused(bench, notes, build(bench, use_case, sign_as="network_operator"), "another's")
    _refused(bench, notes, build(bench, use_case), "no signature")
    good = build(bench, use_case, sign_as="supplier")
    notes.expect("its own signature answered", True, bench.send(good) is not None, good)


@_entry(
    "replay",
    "A critical command is carried out once",
    "the command again; a genuine one with a lower counter; the same counter",
    ("esme", "gsme"),
)
def replay(bench: Bench, notes: Notes) -> None:
    """The originator counter only rises."""
    use_case = _CRITICAL[bench.role]
    first = bench.command(use_case, counter=5000)
    notes.expect("the first answered", True, bench.send(first) is not None, first)
    _refused(bench, notes, first, "the same again")
    for counter in (4999, 5000, 1):
        command = bench.command(use_case, counter=counter)
        _refused(bench, notes, command, f"counter {counter}")
    later = bench.command(use_case, counter=5001)
    notes.expect("a higher counter answered", True, bench.send(later) is not None, later)


@_entry(
    "replay-power",
    "A power cut does not open the door to replay",
    "a critical command; power away and back; the same again",
    ("esme", "gsme"),
)
def replay_power(bench: Bench, notes: Notes) -> None:
    """The counter is kept in flash."""
    command = bench.command(_CRITICAL[bench.role])
    notes.expect("answered", True, bench.send(command) is not None, command)
    bench.cut_power()
    _refused(bench, notes, command, "the same after a power cut")


@_entry("header-date", "A command with another length of date-time is refused", "lengths 5 and 13")
def header_date(bench: Bench, notes: Notes) -> None:
    """Date-time is absent, or 12 octets."""
    parties = bench.party().parties
    genuine = bench.command(_READS[bench.role])
    head = decode(genuine).header
    payload = genuine[head.content[0] : head.content[1]]
    key = parties.party("access_control_broker").ka_private
    secret = crypto.shared_secret(key, parties.device(head.target).ka_public)
    for length in (5, 13):
        header = Header(
            1, bench.next_counter(), head.originator, head.target, bytes(length), head.message_code
        )
        _refused(
            bench, notes, seal(header, payload, secret, None), f"{length} octets of date-time"
        )


@check(
    "GBCS-repeated-read",
    row="GBCS",
    title="The same read again, a register having changed",
    roles=("gsme", "gpf"),
    source="RTDS 4.5.0: a fresh answer would use key and IV twice (evidence.md#keys)",
    evidence=Evidence.PROJECT_CHOICE,
    use_case="GCS13a",
    stimulus="GCS13a; another register value; the same GCS13a octet for octet",
    expectation="the first response again",
    needs=("state",),
    alternatives=("the first response again", "refused", "a fresh response"),
)
def repeated_read(bench: Bench) -> Finding:
    """Key and IV follow from the counter."""
    _begin(bench)
    command = bench.command("GCS13a")
    first = bench.send(command)
    bench.control("STATE", {"zcl": {"0x0702": {"0x0000": {"type": "0x25", "value": 9}}}})
    second = bench.send(command)
    seen = "same" if second == first else "none" if second is None else "fresh"
    names: dict[object, str] = {
        "same": "the first response again",
        "none": "refused",
        "fresh": "a fresh response",
    }
    return Notes().choice(names, seen, "answer to the repeated read")
