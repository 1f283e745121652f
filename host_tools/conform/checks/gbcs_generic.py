"""GBCS as it was: a device refuses what is not genuine, not for it, or of the wrong party."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host_tools.conform.dut import Dut
from host_tools.conform.model import Evidence, Finding, Severity, check
from host_tools.conform.probe import Notes, answered, presume, refused
from host_tools.example import EUIS, GAS_STATE
from host_tools.gbcs import crypto
from host_tools.gbcs.header import Header
from host_tools.gbcs.message import decode
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_ids import METERING, key, values
from host_tools.remote import seal

_ROLES = ("esme", "gsme", "gpf")
# A read, and a critical command without parameters, for each role.
_READS = {"esme": "ECS26b", "gsme": "GCS13a", "gpf": "GCS13a"}
_CRITICAL = {"esme": "ECS09", "gsme": "GCS06"}
_CHECKED = "authentication-before-execution"
_FACTS = {
    "header-date": ("grouping-header", _CHECKED),
    "mac-key": ("the-brokers-key-in-a-mac", _CHECKED),
    "not-a-command": ("grouping-header", _CHECKED),
    "replay": ("replay-protection",),
    "replay-power": ("replay-protection",),
    "role": ("roles-of-remote-parties", _CHECKED),
    "signature": ("signature-of-critical-messages", _CHECKED),
    "stranger": ("roles-of-remote-parties", _CHECKED),
    "truncated": ("form-of-a-message", _CHECKED),
}


def _begin(dut: Dut) -> None:
    state = {"clock": {"time": iso_2000(dut.start), "status": "reliable"}}
    dut.ready(state if dut.role == "esme" else {**state, "zcl": GAS_STATE})


def _source(name: str) -> str:
    facts = [f"evidence/messages.md#{fact}" for fact in _FACTS.get(name, (_CHECKED,))]
    return f"GBCS 4.0, 4.3, 6 and 7.2 ({', '.join(facts)})"


def _entry(
    name: str,
    title: str,
    stimulus: str,
    roles: tuple[str, ...] = _ROLES,
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[[Dut, Notes], None]], Callable[[Dut, Notes], None]]:
    def enter(
        function: Callable[[Dut, Notes], None],
    ) -> Callable[[Dut, Notes], None]:
        @check(
            f"GBCS-{name}",
            row="GBCS",
            title=title,
            roles=roles,
            source=_source(name),
            evidence=Evidence.SPEC,
            severity=Severity.CRITICAL,
            use_case="ECS26b, GCS13a, ECS09, GCS06",
            stimulus=stimulus,
            expectation="no response, and the device answers the next genuine command",
            needs=needs,
        )
        def run(dut: Dut) -> Finding:
            notes = Notes()
            _begin(dut)
            presume(dut, _READS[dut.role])
            function(dut, notes)
            dut.ask(_READS[dut.role])  # raises where there is no genuine answer
            return notes.finding("refused, and still at service")

        return function

    return enter


def build(
    dut: Dut,
    use_case: str,
    party: str = "supplier",
    mac_of: str = "access_control_broker",
    sign_as: str = "",
    cra: int = 1,
    originator: bytes = b"",
    target: bytes = b"",
    code: int = 0,
    params: dict[str, Any] | None = None,
) -> bytes:
    """A command that was changed in one place, with a MAC that fits the change."""
    parties = dut.party(party).parties
    genuine = dut.command(use_case, params, party)
    message = decode(genuine)
    head = message.header
    header = Header(
        cra,
        head.counter,
        originator or head.originator,
        target or head.target,
        b"",
        code or head.message_code,
    )
    payload = genuine[head.content[0] : head.content[1]]
    key = parties.party(mac_of).agreement_key
    secret = crypto.shared_secret(key, parties.device(head.target).ka_public)
    return seal(header, payload, secret, parties.party(sign_as).signing_key if sign_as else None)


@_entry("bit-flips", "A bit changed anywhere is noticed", "one bit changed in each octet in turn")
def bit_flips(dut: Dut, notes: Notes) -> None:
    """MAC header, grouping header, payload, MAC."""
    genuine = dut.command(_READS[dut.role])
    for at in range(len(genuine)):
        command = bytearray(genuine)
        command[at] ^= 1 << (at % 8)
        response = dut.send(bytes(command))
        if response is not None or at == len(genuine) - 1:
            notes.expect(f"response with octet {at} changed", None, response, bytes(command))


@_entry("truncated", "A message cut short or too long is refused", "each prefix; one octet more")
def truncated(dut: Dut, notes: Notes) -> None:
    """No prefix is a message."""
    genuine = dut.command(_READS[dut.role])
    for length in range(1, len(genuine)):
        if dut.send(genuine[:length]) is not None:
            refused(dut, notes, genuine[:length], f"the first {length} octets")
    refused(dut, notes, genuine + b"\x00", "an octet more")


@_entry("target", "A command for another device is refused", "a genuine command for a neighbour")
def target(dut: Dut, notes: Notes) -> None:
    """The target is not this device."""
    other = {"esme": "gpf", "gsme": "gpf", "gpf": "gsme"}[dut.role]
    if dut.black_box:
        # The neighbour's keys are not here, so the MAC is one that this device would find right.
        neighbour = bytes.fromhex(dut.eui)[:-1] + bytes((int(dut.eui, 16) & 0xFF ^ 1,))
        command = build(dut, _READS[dut.role], target=neighbour)
    else:
        device = bytes.fromhex(EUIS[other])
        command = dut.party().command("GCS13a", device, dut.next_counter(), None, dut.stage.start)
    refused(dut, notes, command, f"a command for the {other.upper()}")


@_entry("stranger", "A party that the device does not know is refused", "an unknown originator")
def stranger(dut: Dut, notes: Notes) -> None:
    """The MAC of the broker alone is not enough."""
    command = build(dut, _READS[dut.role], originator=bytes.fromhex("0253FFFFFFFFFFFF"))
    refused(dut, notes, command, "an unknown party")


@_entry("mac-key", "Only the broker's MAC counts", "MAC made with the supplier's own key")
def mac_key(dut: Dut, notes: Notes) -> None:
    """GBCS: commands bear the access control broker's MAC."""
    command = build(dut, _READS[dut.role], mac_of="supplier")
    refused(dut, notes, command, "the supplier's own MAC")


@_entry("not-a-command", "A response or an alert is no command", "CRA flag 02 and 03, MAC right")
def not_a_command(dut: Dut, notes: Notes) -> None:
    """CRA flag 01 is a command."""
    for cra in (2, 3):
        refused(dut, notes, build(dut, _READS[dut.role], cra=cra), f"CRA flag {cra:02}")


@_entry("no-use-case", "An unknown message code is refused", "message code 0FFF, MAC right")
def no_use_case(dut: Dut, notes: Notes) -> None:
    """No such use case."""
    refused(dut, notes, build(dut, _READS[dut.role], code=0x0FFF), "code 0FFF")


@_entry(
    "role", "A party without the role is refused", "a network operator where only suppliers may"
)
def role(dut: Dut, notes: Notes) -> None:
    """GBCS role tables: GCS14 and ECS12 are the supplier's, GCS13a at a GSME as well."""
    use_case = {"gsme": "GCS13a", "gpf": "GCS14", "esme": "ECS12"}[dut.role]
    params = {"restrictDataDateTime": iso_2000(dut.start)} if dut.role == "esme" else None
    command = dut.command(use_case, params, "network_operator")
    refused(dut, notes, command, f"{use_case} of a network operator")
    if dut.role == "gpf":
        allowed = dut.command("GCS13a", party="network_operator")
        answered(dut, notes, allowed, "GCS13a of a network operator")


@_entry(
    "signature",
    "A critical command needs its originator's signature",
    "a wrong signature, none, and one bit of it changed; the MAC right",
    ("esme", "gsme"),
    ("update",),
)
def signature(dut: Dut, notes: Notes) -> None:
    """The broker cannot speak for the supplier."""
    use_case = _CRITICAL[dut.role]
    refused(dut, notes, build(dut, use_case, sign_as="network_operator"), "another's")
    refused(dut, notes, build(dut, use_case), "no signature")
    good = build(dut, use_case, sign_as="supplier")
    answered(dut, notes, good, "a command with its own signature")


@_entry(
    "replay",
    "A critical command is carried out once",
    "the command again; a genuine one with a lower counter; the same counter",
    ("esme", "gsme"),
    ("update",),
)
def replay(dut: Dut, notes: Notes) -> None:
    """The originator counter only rises."""
    use_case = _CRITICAL[dut.role]
    used = dut.next_counter()
    first = dut.command(use_case, counter=used)
    answered(dut, notes, first, "the first")
    refused(dut, notes, first, "the same again")
    for counter in (used - 1, used, 1):
        command = dut.command(use_case, counter=counter)
        refused(dut, notes, command, f"counter {counter}")
    later = dut.command(use_case)
    answered(dut, notes, later, "a higher counter")


@_entry(
    "replay-power",
    "A power cut does not open the door to replay",
    "a critical command; power away and back; the same again",
    ("esme", "gsme"),
    ("update", "power"),
)
def replay_power(dut: Dut, notes: Notes) -> None:
    """The counter is kept in flash."""
    command = dut.command(_CRITICAL[dut.role])
    answered(dut, notes, command, "the command")
    dut.cut_power()
    refused(dut, notes, command, "the same after a power cut")


@_entry("header-date", "A command with another length of date-time is refused", "lengths 5 and 13")
def header_date(dut: Dut, notes: Notes) -> None:
    """Date-time is absent, or 12 octets."""
    parties = dut.party().parties
    genuine = dut.command(_READS[dut.role])
    head = decode(genuine).header
    payload = genuine[head.content[0] : head.content[1]]
    key = parties.party("access_control_broker").agreement_key
    secret = crypto.shared_secret(key, parties.device(head.target).ka_public)
    for length in (5, 13):
        header = Header(
            1, dut.next_counter(), head.originator, head.target, bytes(length), head.message_code
        )
        refused(dut, notes, seal(header, payload, secret, None), f"{length} octets of date-time")


@check(
    "GBCS-repeated-read",
    row="GBCS",
    title="The same read again, a register having changed",
    roles=("gsme", "gpf"),
    source="no text was found (evidence/messages.md#two-answers-to-one-counter)",
    evidence=Evidence.PROJECT_CHOICE,
    use_case="GCS13a",
    stimulus="GCS13a; another register value; the same GCS13a octet for octet",
    expectation="the first response again",
    needs=("state",),
    alternatives=("the first response again", "refused", "a fresh response"),
)
def repeated_read(dut: Dut) -> Finding:
    """Key and IV follow from the counter."""
    _begin(dut)
    command = dut.command("GCS13a")
    first = dut.send(command)
    dut.control(
        "STATE", {"zcl": {key(METERING): values(METERING, {"CurrentSummationDelivered": 9})}}
    )
    second = dut.send(command)
    seen = "same" if second == first else "none" if second is None else "fresh"
    names: dict[object, str] = {
        "same": "the first response again",
        "none": "refused",
        "fresh": "a fresh response",
    }
    return Notes().choice(names, seen, "answer to the repeated read")
