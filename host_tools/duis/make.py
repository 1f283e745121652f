"""From the files of a user to a command: what the commands of the command line share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from host_tools.duis import command, document
from host_tools.duis.errors import DuisError
from host_tools.gbcs.times import parse_iso
from host_tools.keys import KeyRing, Parties, SchemaProblem, load_parties

__all__ = ["Made", "Wishes", "broker_mac", "make", "named", "signer_keys"]


@dataclass(frozen=True)
class Wishes:
    """What the caller says beside the request; see `command.Device` and `command.plan`."""

    device: command.Device = field(default_factory=command.Device)
    use_case: str = ""
    dcc_counter: int | None = None
    time: str = ""


@dataclass(frozen=True)
class Made:
    """What came out: `octets` are a pre-command where `unsigned`, else a command."""

    octets: bytes
    name: str
    mode: str
    unsigned: bool = False


def named(texts: Sequence[str], option: str) -> dict[str, str]:
    """NAME=VALUE of an option that is repeated; ValueError."""
    out: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise ValueError(f"{option} {text}: expected NAME=VALUE")
        if name in out:
            raise ValueError(f"{option} {name} is given twice")
        out[name] = value
    return out


def signer_keys(files: Sequence[Path]) -> Parties:
    """The parties of the files that hold some; what is KEYS.json is passed over."""
    parties: list[Parties] = []
    for path in files:
        try:
            parties.append(load_parties(path))
        except SchemaProblem:
            KeyRing.load([path])  # a file of the other kind, or it raises
    everybody = tuple(party for item in parties for party in item.parties)
    return Parties(everybody, tuple(device for item in parties for device in item.devices))


def _known(request: document.Request, wishes: Wishes, ring: KeyRing) -> command.Device:
    """The device as the caller says, else as the keys tell its type and the user's role."""
    said = wishes.device
    return command.Device(
        said.type or ring.device_type(request.target) or "",
        said.role or ring.role(request.originator) or "",
        said.old,
        said.poly,
        said.twin,
        said.given,
    )


def make(path: Path, files: Sequence[Path], wishes: Wishes, whole: bool = False) -> Made:
    """The pre-command or command of the request in a file.

    `files` are KEYS.json and PARTIES.json. `whole` signs as the user, too, so that a command comes
    out in any case. DuisError, KeyError, OSError, SchemaProblem.
    """
    request = document.request(document.read(path))
    ring = KeyRing.load(files)
    parties = signer_keys(files)
    broker, cos = command.dcc_parties(ring, parties)
    if request.variant in command.SIGNED:
        signed = command.signed_content(request)
        return Made(command.mac(signed, ring, broker), "", "direct")
    plan = command.plan(
        request,
        _known(request, wishes, ring),
        now=parse_iso(wishes.time) if wishes.time else datetime.now(UTC),
        dcc_counter=wishes.dcc_counter,
        name=wishes.use_case,
        broker=broker,
        cos=cos,
    )
    content = plan.pre_command
    if plan.user_signs and not whole:
        return Made(content, plan.row.name, plan.mode, unsigned=True)
    if not files:
        raise DuisError("--keys is needed for the broker's MAC")
    if plan.signer is not None:
        content = command.sign(content, parties, plan.signer.hex())
    return Made(command.mac(content, ring, broker), plan.row.name, plan.mode)


def broker_mac(signed: bytes, files: Sequence[Path], parties: Parties) -> bytes:
    """A signed pre-command as the DCC sends it to the device; DuisError."""
    ring = KeyRing.load(files)
    return command.mac(signed, ring, command.dcc_parties(ring, parties)[0])
