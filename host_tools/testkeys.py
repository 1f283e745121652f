"""Key pairs for a test home: devices, and the remote parties that speak to them.

Keys made from a seed are reproducible by anyone and so protect nothing: they are for tests only.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.gbcs import crypto
from host_tools.keys import DeviceKeys, KeyRing, Parties, keys_from, parties_from

NOTE = "Test keys made by smets keygen: they protect nothing."

PARTIES = (
    ("access_control_broker", "02534D4554530002"),
    ("supplier", "02534D4554530100"),
    ("network_operator", "02534D4554530200"),
)
# The key pairs of each role: those of the cells that a device has for it (GBCS 4.3.2.6). Who
# issues certificates signs. Others are in no cell, and get both.
PAIRS = {
    "recovery": ("ds",),
    "supplier": ("ka", "ds", "prepayment_ka"),
    "network_operator": ("ka", "ds"),
    "access_control_broker": ("ka",),
    "transitional_cos": ("ds",),
    "wan_provider": ("ds",),
    "load_controller": ("ka", "ds"),
    "root": ("ds",),
    "issuing_authority": ("ds",),
}
_BOTH = ("ka", "ds")
HOME = (
    ("ESME", "02534D45545300A0"),
    ("GSME", "02534D45545300A1"),
    ("GPF", "02534D45545300A3"),
    ("PPMID", "02534D45545300A4"),
)


@dataclass(frozen=True)
class Home:
    """Documents of a test home: KEYS.json by EUI-64, PARTIES.json, and device signing keys."""

    keys: dict[str, dict[str, Any]] = field(repr=False)
    parties_document: dict[str, Any] = field(repr=False)
    signing: dict[str, ec.EllipticCurvePrivateKey] = field(repr=False)

    def parties(self) -> Parties:
        """The remote parties with their private keys."""
        return parties_from(self.parties_document)

    def device_keys(self, eui: str) -> DeviceKeys:
        """The keys of one device."""
        return keys_from(self.keys[eui])

    def ring(self) -> KeyRing:
        """A key ring that opens and verifies everything in this home."""
        ring = KeyRing()
        ring.add_parties(self.parties())
        return ring


def _scalars(seed: str | None) -> Callable[[str], int]:
    def from_seed(label: str) -> int:
        for attempt in range(256):
            text = f"smets test key|{seed}|{label}|{attempt}"
            scalar = int.from_bytes(sha256(text.encode()).digest(), "big")
            if 1 <= scalar < crypto.ORDER:
                return scalar
        raise AssertionError("256 hashes in a row outside the range of P-256")

    def from_system(label: str) -> int:
        return 1 + secrets.randbelow(crypto.ORDER - 1)

    return from_system if seed is None else from_seed


def _point(key: ec.EllipticCurvePrivateKey) -> str:
    return crypto.point_of(key.public_key()).hex()


def make_home(
    devices: Sequence[tuple[str, str]] = HOME,
    seed: str | None = None,
    parties: Sequence[tuple[str, str]] = PARTIES,
) -> Home:
    """Make keys for (type, EUI-64 hex) devices and (role, EUI-64 hex) remote parties.

    A party has the key pairs of its role (PAIRS). With a `seed` the keys follow from it by
    SHA-256, else they come from the system.
    """
    scalar = _scalars(seed)

    def pair(eui: str, usage: str) -> ec.EllipticCurvePrivateKey:
        return crypto.private_from_scalar(scalar(f"{eui}|{usage}"))

    known: list[dict[str, str]] = []
    private: list[dict[str, str]] = []
    for role, eui in parties:
        held = {usage: pair(eui, usage) for usage in PAIRS.get(role, _BOTH)}
        public = {f"{usage}_public": _point(key) for usage, key in held.items()}
        known.append({"id": eui, "role": role, **public})
        secret = {f"{usage}_private": _hex(key) for usage, key in held.items()}
        private.append({"id": eui, "role": role, **secret, **public})
    keys: dict[str, dict[str, Any]] = {}
    signing: dict[str, ec.EllipticCurvePrivateKey] = {}
    listed: list[dict[str, str]] = []
    for kind, eui in devices:
        ka, signing[eui] = pair(eui, "ka"), pair(eui, "ds")
        keys[eui] = {
            "device_id": eui,
            "private_key": _hex(ka),
            "device_ka_public": _point(ka),
            "device_ds_public": _point(signing[eui]),
            "parties": known,
            "ds_private_key": _hex(signing[eui]),
        }
        public = {"ka_public": _point(ka), "ds_public": _point(signing[eui])}
        listed.append({"id": eui, "type": kind, **public})
    return Home(keys, {"note": NOTE, "parties": private, "devices": listed}, signing)


def _hex(key: ec.EllipticCurvePrivateKey) -> str:
    return f"{crypto.scalar_of(key):064x}"
