"""Keys of devices and remote parties: KEYS.json, PARTIES.json, and the ring the decoder asks.

KEYS.json describes one device as `smets respond` wants it; PARTIES.json (from `smets keygen`)
holds remote parties with their private keys and the devices' public keys. Both are validated
against the schemas of `host_tools.schemas` before anything is taken from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.eui import parse_eui
from host_tools.gbcs import crypto
from host_tools.schemas import SchemaProblem, parse_document, validate

__all__ = [
    "BROKER",
    "DeviceKeys",
    "Device",
    "KeyRing",
    "Parties",
    "Party",
    "PrivateParty",
    "SchemaProblem",
    "load_keys",
    "load_parties",
    "validate",
]

T = TypeVar("T")

BROKER = "access_control_broker"


@dataclass(frozen=True)
class Party:
    """A remote party as a device knows it.

    A shared secret stands in for the key agreement. A party without a key agreement key
    (recovery, WAN provider) only signs; `prepayment_...` is a supplier's pair for top-ups.
    """

    id: bytes
    role: str
    ka_public: ec.EllipticCurvePublicKey | None = None
    ds_public: ec.EllipticCurvePublicKey | None = None
    shared_secret: bytes | None = field(default=None, repr=False)
    prepayment_ka_public: ec.EllipticCurvePublicKey | None = None
    prepayment_shared_secret: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class DeviceKeys:
    """KEYS.json: one device and its remote parties."""

    device_id: bytes
    parties: tuple[Party, ...]
    private_key: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    ka_public: ec.EllipticCurvePublicKey | None = None
    ds_public: ec.EllipticCurvePublicKey | None = None
    type: str | None = None  # GPF, ...


@dataclass(frozen=True)
class PrivateParty:
    """A remote party with its private keys (PARTIES.json), as far as its role has them."""

    id: bytes
    role: str
    ka_private: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    ds_private: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    prepayment_private: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)

    @property
    def agreement_key(self) -> ec.EllipticCurvePrivateKey:
        """Its private key for key agreement; KeyError where it has none."""
        if self.ka_private is None:
            raise KeyError(f"{self.role} {self.id.hex().upper()} has no key agreement key")
        return self.ka_private

    @property
    def signing_key(self) -> ec.EllipticCurvePrivateKey:
        """Its private key for signatures; KeyError where it has none."""
        if self.ds_private is None:
            raise KeyError(f"{self.role} {self.id.hex().upper()} has no signing key")
        return self.ds_private


@dataclass(frozen=True)
class Device:
    """A device as its remote parties know it (PARTIES.json)."""

    id: bytes
    type: str
    ka_public: ec.EllipticCurvePublicKey
    ds_public: ec.EllipticCurvePublicKey | None = None


@dataclass(frozen=True)
class Parties:
    """PARTIES.json: remote parties with private keys, and the devices they speak to."""

    parties: tuple[PrivateParty, ...]
    devices: tuple[Device, ...]

    def party(self, who: str) -> PrivateParty:
        """The party of a role name, or with an EUI-64 in hex; KeyError says what there is."""
        eui: bytes | None = None
        with suppress(ValueError):
            eui = parse_eui(who)
        for party in self.parties:
            if who.lower() == party.role or eui == party.id:
                return party
        known = ", ".join(f"{party.role} ({party.id.hex().upper()})" for party in self.parties)
        raise KeyError(f"no party {who!r}; there are: {known}")

    def device(self, eui: bytes) -> Device:
        """The device of an EUI-64; KeyError says what there is."""
        for device in self.devices:
            if device.id == eui:
                return device
        known = ", ".join(device.id.hex().upper() for device in self.devices)
        raise KeyError(f"no device {eui.hex().upper()}; there are: {known}")


def _point(entry: dict[str, Any], member: str) -> ec.EllipticCurvePublicKey | None:
    text = entry.get(member)
    return None if text is None else crypto.public_from_point(bytes.fromhex(text))


def _octets(entry: dict[str, Any], member: str) -> bytes | None:
    return bytes.fromhex(entry[member]) if member in entry else None


def _scalar(entry: dict[str, Any], member: str) -> ec.EllipticCurvePrivateKey | None:
    text = entry.get(member)
    return None if text is None else crypto.private_from_scalar(int(text, 16))


def keys_from(document: object) -> DeviceKeys:
    """KEYS.json values to keys; raises SchemaProblem."""
    validate(document, "keys")
    root = cast("dict[str, Any]", document)
    private = _scalar(root, "private_key")
    ka_public = _point(root, "device_ka_public")
    if private is not None:
        ka_public = private.public_key()
    parties = tuple(
        Party(
            bytes.fromhex(entry["id"]),
            entry["role"],
            _point(entry, "ka_public"),
            _point(entry, "ds_public"),
            _octets(entry, "shared_secret"),
            _point(entry, "prepayment_ka_public"),
            _octets(entry, "prepayment_shared_secret"),
        )
        for entry in root["parties"]
    )
    device = bytes.fromhex(root["device_id"])
    ds_public = _point(root, "device_ds_public")
    return DeviceKeys(device, parties, private, ka_public, ds_public, root.get("device"))


def parties_from(document: object) -> Parties:
    """PARTIES.json values to keys; raises SchemaProblem."""
    validate(document, "parties")
    root = cast("dict[str, Any]", document)
    parties = tuple(
        PrivateParty(
            bytes.fromhex(entry["id"]),
            entry["role"],
            _scalar(entry, "ka_private"),
            _scalar(entry, "ds_private"),
            _scalar(entry, "prepayment_ka_private"),
        )
        for entry in root["parties"]
    )
    devices = tuple(
        Device(
            bytes.fromhex(entry["id"]),
            entry["type"],
            crypto.public_from_point(bytes.fromhex(entry["ka_public"])),
            _point(entry, "ds_public"),
        )
        for entry in root["devices"]
    )
    return Parties(parties, devices)


def load_keys(path: Path) -> DeviceKeys:
    """Read KEYS.json; raises OSError or SchemaProblem, which name the file."""
    return _read(path, keys_from)


def load_parties(path: Path) -> Parties:
    """Read PARTIES.json; raises OSError or SchemaProblem, which name the file."""
    return _read(path, parties_from)


def _read(path: Path, taken: Callable[[object], T]) -> T:
    try:
        return taken(parse_document(path.read_bytes()))
    except SchemaProblem as error:
        raise SchemaProblem(error.path, error.what, str(path)) from None


class KeyRing:
    """The keys given to the decoder: shared secrets, signing keys, roles, device types."""

    def __init__(self) -> None:
        self._secrets: dict[frozenset[bytes], bytes] = {}
        self._private: dict[bytes, ec.EllipticCurvePrivateKey] = {}
        self._public: dict[bytes, ec.EllipticCurvePublicKey] = {}
        self._ds_public: dict[bytes, ec.EllipticCurvePublicKey] = {}
        self._devices: dict[bytes, str | None] = {}
        self._roles: dict[bytes, str] = {}
        self._brokers: list[bytes] = []

    @classmethod
    def load(cls, paths: Iterable[Path]) -> KeyRing:
        """A ring of KEYS.json and PARTIES.json files, told apart by their members.

        Raises OSError, or SchemaProblem whose text begins with the file's name.
        """
        ring = cls()
        for path in paths:
            try:
                document = parse_document(path.read_bytes())
                if isinstance(document, dict) and "devices" in cast("dict[str, Any]", document):
                    ring.add_parties(parties_from(cast("object", document)))
                else:
                    ring.add_device(keys_from(cast("object", document)))
            except SchemaProblem as error:
                raise SchemaProblem(error.path, error.what, str(path)) from None
        return ring

    def add_device(self, keys: DeviceKeys) -> None:
        """Take in the keys of a device."""
        self._devices[keys.device_id] = keys.type or self._devices.get(keys.device_id)
        if keys.private_key is not None:
            self._private[keys.device_id] = keys.private_key
        if keys.ka_public is not None:
            self._public[keys.device_id] = keys.ka_public
        if keys.ds_public is not None:
            self._ds_public[keys.device_id] = keys.ds_public
        for party in keys.parties:
            self._add_role(party.id, party.role)
            if party.shared_secret is not None:
                self._secrets[frozenset((keys.device_id, party.id))] = party.shared_secret
            if party.ka_public is not None:
                self._public.setdefault(party.id, party.ka_public)
            if party.ds_public is not None:
                self._ds_public.setdefault(party.id, party.ds_public)

    def add_parties(self, parties: Parties) -> None:
        """Take in remote parties and the devices they know."""
        for party in parties.parties:
            self._add_role(party.id, party.role)
            if party.ka_private is not None:
                self._private[party.id] = party.ka_private
                self._public[party.id] = party.ka_private.public_key()
            if party.ds_private is not None:
                self._ds_public[party.id] = party.ds_private.public_key()
        for device in parties.devices:
            self._devices[device.id] = device.type
            self._public.setdefault(device.id, device.ka_public)
            if device.ds_public is not None:
                self._ds_public.setdefault(device.id, device.ds_public)

    def _add_role(self, party: bytes, role: str) -> None:
        self._roles.setdefault(party, role)
        if role == BROKER and party not in self._brokers:
            self._brokers.append(party)

    def set_device_type(self, device: bytes, kind: str) -> None:
        """Say what a device is (ESME, GSME, GPF, ...)."""
        self._devices[device] = kind

    def device_type(self, device: bytes) -> str | None:
        """What a device is, if that was given."""
        return self._devices.get(device)

    def is_device(self, eui: bytes) -> bool:
        """Whether the EUI-64 is that of a device."""
        return eui in self._devices

    def role(self, party: bytes) -> str | None:
        """The role of a remote party."""
        return self._roles.get(party)

    def of_role(self, role: str) -> tuple[bytes, ...]:
        """The remote parties of a role, in the order in which they came."""
        return tuple(party for party, its in self._roles.items() if its == role)

    @property
    def brokers(self) -> tuple[bytes, ...]:
        """The access control brokers, whose key makes the MAC of a Command."""
        return tuple(self._brokers)

    def secret(self, one: bytes, other: bytes) -> bytes | None:
        """Z of a pair, given or agreed (and kept); None if the keys are not here."""
        pair = frozenset((one, other))
        known = self._secrets.get(pair)
        if known is None:
            for private, public in ((one, other), (other, one)):
                if private in self._private and public in self._public:
                    known = crypto.shared_secret(self._private[private], self._public[public])
                    self._secrets[pair] = known
                    break
        return known

    def ds_public(self, eui: bytes) -> ec.EllipticCurvePublicKey | None:
        """The key that verifies the signatures of a party or device."""
        return self._ds_public.get(eui)
