"""A remote party: builds commands with MAC and signature, and verifies what devices answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.gbcs import build_asn1, build_dlms, build_gbz, crypto
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import MAC_LENGTH, Header, add_mac_header
from host_tools.gbcs.message import Message, decode, examine
from host_tools.gbcs.params import ParameterError, Parameters, octets
from host_tools.gbcs.tree import Json
from host_tools.gbcs.use_cases import UseCase, by_name
from host_tools.keys import BROKER, KeyRing, Parties

__all__ = [
    "ParameterError",
    "RemoteParty",
    "ResponseError",
    "build_command",
    "needed_parameters",
    "seal",
    "verify_response",
]


class ResponseError(Exception):
    """A response is not a genuine answer to the command: why."""


def seal(
    header: Header,
    payload: bytes,
    secret: bytes | None,
    signing_key: ec.EllipticCurvePrivateKey | None,
) -> bytes:
    """A message of header and payload: signed and MACed with the keys that are given.

    `secret` is Z of the pair that makes the MAC. With neither it is an unsigned pre-command.
    """
    grouped = header.encode(payload)
    signature = b"\x00"
    if signing_key is not None:
        signature = b"\x40" + crypto.sign(signing_key, grouped[1:])
    elif secret is None:
        return grouped
    protected = grouped + signature
    if secret is None:
        return protected
    key = crypto.derive_key(secret, header.originator, header.cra, header.counter, header.target)
    mac = crypto.mac_of(key, header.originator, protected)
    return add_mac_header(protected, mac[:MAC_LENGTH])


def needed_parameters(use_case: UseCase) -> list[str]:
    """The parameters that a command of this use case needs."""
    if "gbz" in use_case.table:
        return build_gbz.needed(use_case)
    if "dlms" in use_case.table:
        return build_dlms.needed(use_case)
    return build_asn1.needed(use_case)


def _payload(use_case: UseCase, header: Header, parameters: Parameters) -> bytes:
    whole = parameters.find(["payload"], ask=False)
    if whole is not None:
        return octets(whole, "payload")
    if "gbz" in use_case.table:
        return build_gbz.build(use_case, parameters)
    if "dlms" in use_case.table:
        return build_dlms.build(use_case, header, parameters)
    return build_asn1.build(use_case, header, parameters)


def build_command(  # noqa: PLR0913 - the parts of a command
    use_case: UseCase | str,
    *,
    parties: Parties,
    originator: str,
    target: bytes,
    counter: int,
    params: Mapping[str, Json] | None = None,
    now: datetime | None = None,
    supplementary: tuple[bytes, int | None] | None = None,
    certificate: bytes | None = None,
) -> bytes:
    """A complete command: grouping header, payload, signature when critical, MAC by the broker.

    `originator` is a role or an EUI-64 in hex; `supplementary` names the party an access control
    broker asks for, with its counter; `certificate` is that party's key agreement certificate.
    `now` stands in wherever the use case wants the current time. Raises ParameterError for
    parameters, KeyError for a use case, party or device that is not there.
    """
    row = by_name(use_case) if isinstance(use_case, str) else use_case
    if row.code is None or row.kind != "remote_party":
        raise ParameterError(f"{row.id} is no command of a remote party")
    if not 0 <= counter < 1 << 64:
        raise ParameterError(f"counter {counter} is not a 64-bit number")
    sender = parties.party(originator)
    party, party_counter = supplementary or (None, None)
    header = Header(
        1,
        counter,
        sender.id,
        target,
        b"",
        row.code,
        supplementary_party=party,
        supplementary_counter=party_counter,
        certificate=certificate,
    )
    parameters = Parameters(params or {}, now or datetime.now(UTC))
    payload = _payload(row, header, parameters)
    parameters.finish()
    broker = parties.party(BROKER)
    secret = crypto.shared_secret(broker.agreement_key, parties.device(target).ka_public)
    return seal(header, payload, secret, sender.signing_key if row.critical else None)


def verify_response(response: bytes, command: bytes, ring: KeyRing) -> Message:
    """Decode a response and make sure that it answers the command and is genuine.

    Raises DecodeError if it is malformed, ResponseError if it is not the answer, or if its MAC,
    signature or an encrypted part is wrong or cannot be checked with the keys.
    """
    asked = examine(command, ring).header  # what it asks may be wrong, and is the device's to say
    message = decode(response, ring)
    got = message.header
    if got.cra != 2:
        article = "an" if got.kind == "Alert" else "a"
        raise ResponseError(f"it is {article} {got.kind}, not a Response")
    if got.message_code != asked.message_code:
        what = f"message code 0x{got.message_code:04X}, asked was 0x{asked.message_code:04X}"
        raise ResponseError(what)
    if got.counter != asked.counter:
        raise ResponseError(f"counter {got.counter}, asked was {asked.counter}")
    if got.originator != asked.target:
        raise ResponseError(f"from {got.originator.hex().upper()}, not from the device asked")
    if got.target != asked.originator:
        raise ResponseError(f"to {got.target.hex().upper()}, not to the party that asked")
    if got.supplementary_party != asked.supplementary_party:
        raise ResponseError("another supplementary remote party than asked")
    for check in message.checks:
        if not check.passed:
            detail = f": {check.reason}" if check.reason else ""
            raise ResponseError(f"{check.name} {check.word}{detail}")
    return message


@dataclass(frozen=True)
class RemoteParty:
    """One remote party of PARTIES.json, by role or EUI-64, speaking to devices."""

    parties: Parties
    who: str

    @cached_property
    def ring(self) -> KeyRing:
        """The keys to verify with."""
        ring = KeyRing()
        ring.add_parties(self.parties)
        return ring

    @property
    def id(self) -> bytes:
        """The party's EUI-64."""
        return self.parties.party(self.who).id

    def command(
        self,
        use_case: UseCase | str,
        device: bytes,
        counter: int,
        params: Mapping[str, Json] | None = None,
        now: datetime | None = None,
    ) -> bytes:
        """A command to a device: see `build_command`."""
        return build_command(
            use_case,
            parties=self.parties,
            originator=self.who,
            target=device,
            counter=counter,
            params=params,
            now=now,
        )

    def verify(self, response: bytes, command: bytes) -> Message:
        """The decoded response, if it is a genuine answer: see `verify_response`."""
        return verify_response(response, command, self.ring)

    def is_genuine(self, response: bytes, command: bytes) -> bool:
        """Whether the response is well-formed and a genuine answer."""
        try:
            self.verify(response, command)
        except (DecodeError, ResponseError):
            return False
        return True
