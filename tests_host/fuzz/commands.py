"""Genuine commands changed anywhere and authenticated again, to meters, proxy and hub.

What a device carries out without a refusal, the host reads. A device refuses more than the host:
the host shows whatever has a form, a device takes what is of the use case.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any, NamedTuple

from fuzz.devices_under import EUIS, PARTIES, Finding, Living, begin
from fuzz.source import Source
from host_tools.gbcs import crypto, use_cases
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import Header
from host_tools.gbcs.message import decode
from host_tools.gbcs.params import ParameterError
from host_tools.keys import BROKER
from host_tools.remote import RemoteParty, needed_parameters, seal
from smets.gbcs.session import Refused

_METERS = ("ESME", "GSME", "GPF", "CHF")
_ROLES = ("supplier", "network_operator", "access_control_broker")
_GUESSES = {"from": "2022-10-01T00:00:00Z", "to": "2022-11-02T00:00:00Z"}


class Command(NamedTuple):
    """A genuine command and what it is made of."""

    role: str
    use_case: str
    octets: bytes
    header: Header
    payload: bytes
    signer: Any


@functools.cache
def genuine() -> tuple[Command, ...]:
    """Each use case that can be built without being told its values, of each party that may."""
    made: list[Command] = []
    for name in use_cases.names():
        use_case = use_cases.by_name(name)
        for role in [target.lower() for target in use_case.targets if target in _METERS]:
            for party in PARTIES.parties:
                if party.role not in _senders(use_case):
                    continue
                octets = _build(RemoteParty(PARTIES, party.role), use_case, role)
                if octets is None:
                    continue
                message = decode(octets)
                head = message.header
                signed = message.envelope.signature
                signer = PARTIES.party(head.originator.hex()).ds_private if signed else None
                payload = octets[slice(*head.content)]
                made.append(Command(role, name, octets, head, payload, signer))
    return tuple(made)


def _senders(use_case: use_cases.UseCase) -> list[str]:
    names = [str(name).lower().replace(" ", "_") for name in use_case.table.get("roles", [])]
    return names if set(names) & set(_ROLES) else ["supplier"]


def _build(party: RemoteParty, use_case: use_cases.UseCase, role: str) -> bytes | None:
    params: dict[str, Any] = {name: _GUESSES.get(name, 1) for name in needed_parameters(use_case)}
    for guess in (
        params,
        dict.fromkeys(params, "2022-11-01T00:00:00Z"),
        dict.fromkeys(params, "00" * 12),
    ):
        try:
            made = party.command(use_case.id, bytes.fromhex(EUIS[role]), 1000, guess)
            decode(made)
        except (ParameterError, DecodeError, ValueError):
            continue
        return made
    return None


def again(source: Source, command: Command, counter: int) -> bytes:
    """A command changed in places, its lengths made right, authenticated again."""
    # Protected parts name the transaction, too.
    told = command.header.counter.to_bytes(8, "big")
    payload = bytearray(command.payload.replace(told, counter.to_bytes(8, "big")))
    for _ in range(source.number(0, 6)):
        at = source.number(0, len(payload)) if payload else 0
        what = source.number(0, 3)
        if what == 0 and at < len(payload):
            payload[at] = source.number(0, 255)
        elif what == 1 and at < len(payload):
            payload[at] ^= 1 << source.number(0, 7)
        elif what == 2:
            payload[at : at + source.number(0, 4)] = source.octets(source.number(0, 4))
        else:
            del payload[at : at + source.number(0, 8)]
    head = replace(command.header, counter=counter)
    return seal(head, bytes(payload), secret_with_broker(command.role), command.signer)


@functools.cache
def secret_with_broker(role: str) -> bytes:
    """What the MAC of a command to a device is made with."""
    public = PARTIES.device(bytes.fromhex(EUIS[role])).ka_public
    return crypto.shared_secret(PARTIES.party(BROKER).agreement_key, public)


def octets_of(response: Any) -> bytes:
    """A response of a session as octets."""
    return b"".join(bytes(chunk) for chunk in response.chunks())


@functools.cache
def responses() -> tuple[bytes, ...]:
    """What devices answer to the genuine commands."""
    made: list[bytes] = []
    links = {role: begin(role, None) for role in ("esme", "gsme", "gpf", "chf")}
    for count, command in enumerate(genuine()):
        sent = again(Source(b""), command, 5000 + count)
        try:
            made.append(octets_of(links[command.role].session.handle(sent)))
        except Refused:
            continue
    return tuple(made)


class Commands:
    """A changed command; what the device takes, the host reads, and each answer."""

    def __init__(self) -> None:
        self.living = Living(100)
        genuine()

    def __call__(self, data: bytes) -> None:
        """One input: one command."""
        source = Source(data)
        command = source.pick(genuine())
        link = self.living.link(command.role, data)
        sent = again(source, command, 1000 + link.count)
        try:
            answer = octets_of(link.session.handle(sent))
        except Refused:
            answer = b""
        if answer:
            _compare(command.use_case, sent, answer)
        link.device.outbox.clear()
        link.device.alerts.clear()
        if link.count % 16 == 0:
            link.look()


def _compare(use_case: str, sent: bytes, answer: bytes) -> None:
    """Fail where the host cannot read the answer, or a command that was taken as a whole."""
    try:
        told = decode(answer).to_json()["content"]
    except DecodeError as error:
        raise Finding(f"{use_case}: the host refuses the answer: {error}") from error
    try:
        decode(sent)
    except DecodeError as error:
        # A device keeps a date that no feature of it looks at as it was sent: octets of 12.
        if not _refusal(told) and "out of range" not in str(error):
            raise Finding(f"{use_case}: the device took what the host refuses: {error}") from error


def _refusal(told: Any) -> bool:
    """Whether a decoded answer holds a status or a result other than success."""
    if isinstance(told, list):
        return any(_refusal(item) for item in told)
    if not isinstance(told, dict):
        return False
    if told.get("status", "0x00") not in ("0x00", 0) or told.get("result", 0) not in (0, None):
        return True
    return any(_refusal(item) for item in told.values())
