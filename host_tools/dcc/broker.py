"""The DCC as access control broker: a request becomes a command, or a pre-command for its user."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from host_tools.dcc import choices
from host_tools.dcc.inventory import Device, Inventory
from host_tools.dcc.rules import Refused
from host_tools.dcc.smki import AGREEMENT, KeyStore
from host_tools.dcc.store import Store
from host_tools.duis import command
from host_tools.duis.document import Request
from host_tools.duis.errors import DuisError
from host_tools.duis.rows import all_rows
from host_tools.eui import parse_eui
from host_tools.gbcs import crypto
from host_tools.keys import KeyRing, Parties
from host_tools.srv.variants import dated_by_dcc

__all__ = ["Broker", "Made"]

_CANCEL_YEAR = 3000
_CIN = "9.1"
_LIST = "8.11"
_OTHERS = ("8.7.1", "8.8.1")  # join, unjoin; those that are not critical are made here
_EUI = re.compile(b"\x04\x08(.{8})", re.DOTALL)  # an OCTET STRING of 8 octets, in DER


@dataclass(frozen=True)
class Made:
    """A command, or a pre-command where the user has to sign it.

    `due` is when the device gets it, `cancels` that it takes back what waits for its time; `cin`
    is the number that a customer is told (9.1), `other` the device that joins or leaves (8.7,
    8.8), `instructions` how many parts of it a device tells of when it carries them out later.
    """

    octets: bytes
    due: datetime
    cancels: bool = False
    cin: str | None = None
    other: bytes | None = None
    instructions: int = 0


class Broker:
    """Makes commands with the DCC's keys and what its inventory knows of a device."""

    def __init__(
        self,
        store: Store,
        inventory: Inventory,
        key_store: KeyStore,
        ring: KeyRing,
        parties: Parties,
    ) -> None:
        self._store = store
        self._inventory = inventory
        self._key_store = key_store
        self._ring = ring
        self._parties = parties
        self.acb, self.cos = command.dcc_parties(ring, parties)

    def role(self, user: bytes) -> str | None:
        """The role of a user."""
        return self._ring.role(user)

    def make(self, request: Request, device: Device, now: datetime) -> Made:
        """The command or pre-command of a request; Refused where none can be made."""
        try:
            if request.variant in command.SIGNED:
                octets = self._signed(request)
                return Made(octets, now, other=_other_of(octets, request.service))
            return self._planned(request, device, now)
        except (DuisError, KeyError, ValueError, OverflowError) as error:
            raise Refused(choices.NOT_MADE, str(error)) from None

    def _planned(self, request: Request, device: Device, now: datetime) -> Made:
        other = self._other(request)
        cin = f"{secrets.randbelow(10_000):04}" if request.service == _CIN else None
        known = command.Device(
            device.type,
            self._ring.role(request.originator) or "",
            poly=device.details.get("ESMEVariant", "").startswith("C"),
            twin=device.details.get("ESMEVariant", "").startswith("B"),
            given=self._given(other, cin),
        )
        due, cancels = self._date(request, now)
        own = self._store.counter(self.acb, int(now.timestamp() * 1000))
        plan = command.plan(
            request, known, now=now, dcc_counter=own, broker=self.acb, cos=self.cos
        )
        content = plan.pre_command
        if plan.user_signs:
            return Made(content, now, instructions=plan.instructions)
        if plan.signer is not None:
            content = command.sign(content, self._parties, plan.signer.hex())
        content = command.mac(content, self._ring, self.acb)
        return Made(content, due, cancels, cin, other, plan.instructions)

    def _other(self, request: Request) -> bytes | None:
        # 8.11 puts a device onto the hub's list, or takes it off.
        text = request.body.findtext("DeviceID" if request.service == _LIST else "OtherDeviceID")
        return None if text is None else parse_eui(text)

    def _given(self, other: bytes | None, cin: str | None) -> dict[str, str]:
        """What the DCC fills in: a number for the customer, what a device that joins is."""
        given = {"cin": cin} if cin else {}
        device = self._inventory.find(other) if other else None
        if device is not None:
            given["device-type"] = device.type
            certificate = self._key_store.certificate(device.eui, AGREEMENT)
            if certificate is not None:
                given["certificate"] = certificate.hex()
        return given

    @staticmethod
    def _date(request: Request, now: datetime) -> tuple[datetime, bool]:
        """When the device gets it, and whether it cancels; others carry their time within."""
        text = request.body.findtext("ExecutionDateTime")
        if text is None or request.service not in dated_by_dcc():
            return now, False
        if text.startswith(str(_CANCEL_YEAR)):
            return now, True
        return max(now, _utc(text)), False

    def _signed(self, request: Request) -> bytes:
        """The command of a signed pre-command: the user's signature and use case are checked."""
        data = command.signed_content(request)
        split = command.envelope(data)
        named = {row.code for row in all_rows() if request.service in row.services}
        if split.header.message_code not in named:
            raise DuisError(f"its pre-command is of no use case of {request.service}")
        key = self._ring.ds_public(request.originator)
        if key is None:
            raise DuisError("there is no key to verify its pre-command with")
        if not crypto.signature_valid(key, split.signed_part, split.signature):
            raise DuisError("the signature of its pre-command is wrong")
        return command.mac(data, self._ring, self.acb)


def _utc(text: str) -> datetime:
    """A time of XML (a fraction of a second, any zone or none, which is UTC); ValueError."""
    found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _other_of(octets: bytes, service: str) -> bytes | None:
    """The device that a signed command lets join or leave: the first EUI-64 of its content."""
    if service not in _OTHERS:
        return None
    content = command.envelope(octets).header.content
    found = _EUI.search(octets, *content)
    return found[1] if found else None
