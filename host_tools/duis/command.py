"""A request becomes a command: which use case, who sends it, its header, payload, keys."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from host_tools.duis import payload
from host_tools.duis.convert import CONVERSIONS
from host_tools.duis.document import Request, local
from host_tools.duis.errors import DuisError
from host_tools.duis.rows import Row, all_rows, by_name
from host_tools.duis.values import Facts, Scope
from host_tools.gbcs import crypto, use_cases
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import MAC_LENGTH, Envelope, Header, add_mac_header
from host_tools.gbcs.header import read as read_header
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node
from host_tools.keys import BROKER, KeyRing, Parties

__all__ = [
    "ACB",
    "COS",
    "SIGNED",
    "Device",
    "Plan",
    "dcc_parties",
    "envelope",
    "mac",
    "plan",
    "select",
    "sign",
    "signed_content",
]

# The DCC's own parties where no keys name them (RequestID of requests to the DCC; GBCS originators
# of 6.21, 6.23, 8.5): those of the project's test keys.
ACB = bytes.fromhex("02534D4554530002")
COS = bytes.fromhex("02534D4554530004")
_COS_ROLE = "transitional_cos"
_CRITICAL, SIGNED = 4, (5, 6, 7)  # command variants
_TO_DCC = 8
_AGREEMENT = "KAPublicSecurityCredentials"


@dataclass(frozen=True)
class Device:
    """What the DCC knows of the target beside the request.

    `type` is ESME, GSME, ... ("" if not known), `old` that its GBCS is an earlier one, `poly` and
    `twin` that it is a polyphase or a twin element meter, `role` is that of the user, such as
    network_operator, `given` what else the DCC fills in.
    """

    type: str = ""
    role: str = ""
    old: bool = False
    poly: bool = False
    twin: bool = False
    given: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Plan:
    """A command before its keys: `signer` is who signs it, None for one with a MAC alone.

    `user_signs` says that it is a pre-command, which goes back to the user to be signed.
    `instructions` is how many parts of it wait for a later time, 0 where none does.
    """

    row: Row
    mode: str
    header: Header
    payload: bytes
    signer: bytes | None
    instructions: int = 0

    @property
    def user_signs(self) -> bool:
        """Whether the user signs it, and not the DCC."""
        return self.signer is not None and self.mode == "direct"

    @property
    def pre_command(self) -> bytes:
        """Grouping header and payload."""
        return self.header.encode(self.payload)


def select(request: Request, device: Device, name: str = "") -> Row:
    """The row of a request, or the named one; DuisError says what is missing to decide."""
    if name:
        try:
            row = by_name(name)
        except KeyError as error:
            raise DuisError(str(error.args[0])) from None
        if local(request.body) not in row.requests:
            raise DuisError(f"{row.name} is made of {', '.join(row.requests)}")
        return row
    body = local(request.body)
    known = [row for row in all_rows() if body in row.requests]
    known = [row for row in known if request.service in row.services]
    if not known:
        raise DuisError(f"no use case is known for {body} of {request.service}")
    found = [row for row in known if not device.type or device.type in row.targets]
    if not found:
        kinds = sorted({target for row in known for target in row.targets})
        raise DuisError(f"{body} is for {', '.join(kinds)}, not for {device.type}")
    scope = Scope(request.body, Facts(0, b"", b"", datetime.now(UTC)))
    found = [row for row in found if scope.holds(row.when)]
    if any(row.old == device.old for row in found):
        found = [row for row in found if row.old == device.old]
    if any(row.poly == device.poly for row in found):
        found = [row for row in found if row.poly == device.poly]
    if device.role:
        found = [row for row in found if row.role in ("", device.role)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DuisError(f"{body} has none of what its use cases are told apart by")
    names = ", ".join(f"{row.name} ({'/'.join(row.targets)})" for row in found)
    raise DuisError(
        f"several use cases fit: {names}: say the device type, the role or the use case"
    )


def plan(
    request: Request,
    device: Device,
    *,
    now: datetime,
    dcc_counter: int | None = None,
    name: str = "",
    broker: bytes = ACB,
    cos: bytes = COS,
) -> Plan:
    """The command of a request, without its keys.

    `dcc_counter` is the counter of the DCC's party where that one sends, else milliseconds since
    1970 as of `now`; so is a counter 0 of the request. DuisError says what does not fit.
    """
    if request.variant == _TO_DCC:
        raise DuisError(f"{local(request.body)} is for the DCC itself (command variant 8)")
    if request.variant in SIGNED:
        raise DuisError("it is a signed pre-command, which has its command already")
    row = select(request, device, name)
    milliseconds = int(now.timestamp() * 1000)
    counter = request.counter or milliseconds
    mode = row.mode(request.service)
    certificate = request.body.find(_AGREEMENT)
    if mode == "direct" and certificate is not None:
        mode = "broker"  # the device does not know the user, and learns its key with the command
    own = milliseconds if dcc_counter is None else dcc_counter
    sender = {"direct": request.originator, "cos": cos}.get(mode, broker)
    by_broker = mode == "broker"
    agreement = None
    if by_broker and certificate is not None:
        agreement = bytes.fromhex(str(CONVERSIONS["certificate"](certificate, "")))
    header = Header(
        1,
        counter if mode == "direct" else own,
        sender,
        request.target,
        b"",
        row.code,
        supplementary_party=request.originator if by_broker else None,
        supplementary_counter=counter if by_broker else None,
        certificate=agreement,
    )
    facts = Facts(
        header.counter, request.originator, request.target, now, device.given, device.twin
    )
    scope = Scope(request.body, facts)
    content = payload.build(row, scope)
    later = payload.instructions(row, scope) if _later(request) else 0
    use_case = use_cases.by_code(row.code)
    critical = use_case is not None and use_case.critical
    if mode == "direct" and critical != (request.variant == _CRITICAL):
        wanted = "4" if critical else "1, 2 or 3"
        raise DuisError(f"{row.name} has command variant {wanted}, not {request.variant}")
    return Plan(row, mode, header, content, sender if critical else None, later)


def _later(request: Request) -> bool:
    """Whether a request has a time at which it is carried out; the year 3000 takes one back."""
    text = request.body.findtext("ExecutionDateTime")
    return text is not None and not text.startswith("3000-")


def signed_content(request: Request) -> bytes:
    """The signed pre-command that a request of variant 5, 6 or 7 carries; DuisError."""
    text = request.body.findtext("GBCSPayload") if request.variant in SIGNED else None
    if text is None:
        raise DuisError("it carries no signed pre-command (command variant 5, 6 or 7)")
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise DuisError("its GBCSPayload is not base64") from None
    split = envelope(data)
    if not split.signature:
        raise DuisError("its pre-command is not signed")
    head = split.header
    if (head.originator, head.target) != (request.originator, request.target):
        raise DuisError("its pre-command is of another originator or target than its RequestID")
    if request.counter and head.counter != request.counter:
        raise DuisError(f"its pre-command has counter {head.counter}, not {request.counter}")
    return data


def envelope(data: bytes) -> Envelope:
    """A message split into header, payload, signature and MAC; DuisError."""
    reader = Reader(data)
    try:
        split = read_header(reader, Node("message", 0, len(data)))
    except DecodeError as error:
        raise DuisError(f"no GBCS message: {error}") from None
    if reader.faults:
        raise DuisError(f"no GBCS message: {reader.faults[0]}")
    return split


def sign(pre_command: bytes, parties: Parties, who: str = "") -> bytes:
    """A pre-command with the signature of its originator; `who` must be that party, if given.

    DuisError for what is no pre-command, or of another party; KeyError where there is no key.
    """
    split = envelope(pre_command)
    if not split.pre_command:
        raise DuisError("it is signed or has a MAC already")
    if split.header.cra != 1:
        raise DuisError(f"it is a {split.header.kind}, not a Command")
    originator = split.header.originator.hex()
    party = parties.party(who or originator)
    if party.id != split.header.originator:
        raise DuisError(f"its originator is {originator.upper()}, not {party.id.hex().upper()}")
    return pre_command + b"\x40" + crypto.sign(party.signing_key, split.signed_part)


def mac(protected: bytes, ring: KeyRing, broker: bytes) -> bytes:
    """The command of what is signed, or of a pre-command that none signs: the broker's MAC.

    DuisError where the ring has no secret of broker and device.
    """
    split = envelope(protected)
    if split.mac:
        raise DuisError("it has a MAC already")
    head = split.header
    whole = protected + b"\x00" if split.pre_command else protected
    secret = ring.secret(broker, head.target)
    if secret is None:
        pair = f"{broker.hex().upper()} and {head.target.hex().upper()}"
        raise DuisError(f"the keys have no secret of {pair}")
    key = crypto.derive_key(secret, head.originator, head.cra, head.counter, head.target)
    return add_mac_header(whole, crypto.mac_of(key, head.originator, whole)[:MAC_LENGTH])


def dcc_parties(ring: KeyRing, parties: Parties | None) -> tuple[bytes, bytes]:
    """EUI-64s of the broker and of the transitional CoS party: those of the keys, or the DCC's."""
    cos = [party.id for party in parties.parties if party.role == _COS_ROLE] if parties else []
    cos = [*cos, *ring.of_role(_COS_ROLE)]
    own = [party.id for party in parties.parties if party.role == BROKER] if parties else []
    return ([*own, *ring.brokers] or [ACB])[0], (cos or [COS])[0]
