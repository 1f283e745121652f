"""What a bench has of a device that it cannot seed: its public keys, the parties' credentials.

Certificates and keys are taken as people have them: PEM or DER, as the test PKI of the DCC has
them (role in OU, EUI-64 in the unique identifier), or the PARTIES.json of `smets keygen`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from host_tools.eui import parse_eui
from host_tools.gbcs import crypto
from host_tools.keys import BROKER, Device, Parties, PrivateParty, parties_from
from host_tools.schemas import SchemaProblem, parse_document

__all__ = ["DutFile", "read_dut", "read_parties"]

# remotePartyRole in the OU of a certificate, in hexadecimal (SEC certificate policies).
_ROLES = {
    "00": "root",
    "01": "recovery",
    "02": "supplier",
    "03": "network_operator",
    "04": BROKER,
    "05": "transitional_cos",
    "06": "wan_provider",
    "07": "issuing_authority",
    "08": "load_controller",
}
_SUFFIXES = (".pem", ".crt", ".cer", ".der", ".key", ".p8")
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_KEYS = ("ka_public", "ds_public")
_HOME = ("esme", "gsme", "gpf", "ihd", "ppmid")
_MEMBERS = (
    "device",
    "id",
    *_KEYS,
    "ka_certificate",
    "ds_certificate",
    "home",
    "parties",
    "counter",
)


class _InFile(SchemaProblem):
    """A problem of a file of keys, which it names."""

    def __init__(self, what: str, path: Path) -> None:
        super().__init__((), what, str(path))


@dataclass(frozen=True)
class DutFile:
    """DUT.json: the device under test, and who it shares its home with."""

    role: str  # lower case
    id: bytes
    ka_public: ec.EllipticCurvePublicKey | None
    ds_public: ec.EllipticCurvePublicKey | None
    home: dict[str, bytes] = field(default_factory=dict[str, bytes])  # EUI-64 by role
    parties: dict[str, bytes] = field(default_factory=dict[str, bytes])  # where a role has several
    counter: int | None = None  # the bench counts on from it


def read_dut(path: Path) -> DutFile:
    """Read DUT.json; SchemaProblem that names member and file, or OSError."""
    try:
        return _dut(parse_document(path.read_bytes()), path.parent)
    except _InFile:
        raise
    except SchemaProblem as error:
        raise SchemaProblem(error.path, error.what, str(path)) from None


def _dut(document: object, folder: Path) -> DutFile:
    if not isinstance(document, dict):
        raise SchemaProblem((), "is not an object")
    members = cast("dict[str, object]", document)
    for name in members:
        if name not in _MEMBERS:
            raise SchemaProblem((name,), f"unknown; known are {', '.join(_MEMBERS)}")
    role = str(members.get("device", "")).lower()
    if role not in _HOME:
        raise SchemaProblem(("device",), f"is not one of {', '.join(_HOME)}")
    counter = members.get("counter")
    if counter is not None and (not isinstance(counter, int) or not 0 <= counter < 1 << 63):
        raise SchemaProblem(("counter",), "is not a whole number from 0 to 2^63 - 1")
    return DutFile(
        role,
        _eui(members.get("id"), "id"),
        _public(members, "ka", folder),
        _public(members, "ds", folder),
        _euis(members, "home", _HOME),
        _euis(members, "parties", tuple(_ROLES.values())),
        counter,
    )


def _eui(value: object, *where: str) -> bytes:
    try:
        return parse_eui(value if isinstance(value, str) else "")
    except ValueError as error:
        raise SchemaProblem(
            where, f"is not an EUI-64 of 16 hexadecimal digits: {value}"
        ) from error


def _euis(members: dict[str, object], name: str, known: tuple[str, ...]) -> dict[str, bytes]:
    value = members.get(name, {})
    if not isinstance(value, dict):
        raise SchemaProblem((name,), "is not an object of roles and EUI-64s")
    found: dict[str, bytes] = {}
    for role, eui in cast("dict[str, object]", value).items():
        if role not in known:
            raise SchemaProblem((name, role), f"is not one of {', '.join(known)}")
        found[role] = _eui(eui, name, role)
    return found


def _public(
    members: dict[str, object], usage: str, folder: Path
) -> ec.EllipticCurvePublicKey | None:
    point, file = members.get(f"{usage}_public"), members.get(f"{usage}_certificate")
    if point is not None:
        try:
            return crypto.public_from_point(bytes.fromhex(str(point)))
        except ValueError as error:
            raise SchemaProblem((f"{usage}_public",), str(error)) from error
    if file is None:
        return None
    path = folder / str(file)
    found = list(_certificates(path.read_bytes(), path))
    if len(found) != 1:
        raise SchemaProblem((f"{usage}_certificate",), f"{path} has {len(found)} certificates")
    return _point_key(found[0], path)


def _point_key(certificate: x509.Certificate, path: Path) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise _InFile("the certificate's key is not one of P-256", path)
    return key


def _certificates(data: bytes, path: Path) -> Iterator[x509.Certificate]:
    try:
        blocks = [match for match in _BLOCK.finditer(data) if match[1] == b"CERTIFICATE"]
        for block in blocks:
            yield x509.load_pem_x509_certificate(block[0])
        if not _BLOCK.search(data):
            yield x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise _InFile("is no certificate (PEM or DER)", path) from error


def read_parties(folder: Path, dut: DutFile) -> Parties:
    """The parties of a folder with their private keys, and the device; SchemaProblem or OSError.

    A certificate without its key is passed over; a key needs its certificate.
    """
    if not folder.is_dir():
        raise SchemaProblem((), "is not a folder", str(folder))
    certificates: list[tuple[x509.Certificate, Path]] = []
    keys: dict[bytes, tuple[ec.EllipticCurvePrivateKey, Path]] = {}
    parties: list[PrivateParty] = []
    devices: list[Device] = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json":
            known = _json(path)
            parties += known.parties
            devices += known.devices
        elif path.suffix in _SUFFIXES:
            data = path.read_bytes()
            key = _private(data, path)
            if key is not None:
                keys[crypto.point_of(key.public_key())] = key, path
            if key is None or b"BEGIN CERTIFICATE" in data:
                certificates += [(item, path) for item in _certificates(data, path)]
    parties += _paired(certificates, keys)
    return Parties(tuple(_chosen(parties, dut, folder)), (_device(devices, dut),))


def _json(path: Path) -> Parties:
    try:
        return parties_from(parse_document(path.read_bytes()))
    except SchemaProblem as error:
        raise SchemaProblem(error.path, error.what, str(path)) from None


def _private(data: bytes, path: Path) -> ec.EllipticCurvePrivateKey | None:
    """The private key in a file; None where it has none."""
    pem = [match for match in _BLOCK.finditer(data) if match[1].endswith(b"PRIVATE KEY")]
    try:
        if pem:
            key = load_pem_private_key(pem[0][0], None)
        elif _BLOCK.search(data) or path.suffix not in (".key", ".p8", ".der"):
            return None
        else:
            key = load_der_private_key(data, None)
    except TypeError as error:
        raise _InFile("the key has a password: give one without", path) from error
    except ValueError as error:
        if path.suffix == ".der":
            return None
        raise _InFile("is no private key (PEM or DER)", path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise _InFile("the key is not one of P-256", path)
    return key


def _paired(
    certificates: list[tuple[x509.Certificate, Path]],
    keys: dict[bytes, tuple[ec.EllipticCurvePrivateKey, Path]],
) -> list[PrivateParty]:
    found: dict[bytes, PrivateParty] = {}
    used: set[bytes] = set()
    for certificate, path in certificates:
        point = crypto.point_of(_point_key(certificate, path))
        if point not in keys:
            continue
        used.add(point)
        identifier, role = _subject(certificate, path)
        party = found.get(identifier, PrivateParty(identifier, role))
        key = keys[point][0]
        if _signs(certificate, path):
            party = replace(party, ds_private=key)
        elif "prepay" in path.stem.lower():
            party = replace(party, prepayment_private=key)
        else:
            party = replace(party, ka_private=key)
        found[identifier] = party
    for point, (_, path) in keys.items():
        if point not in used:
            raise _InFile("the key is of no certificate in this folder", path)
    return list(found.values())


def _subject(certificate: x509.Certificate, path: Path) -> tuple[bytes, str]:
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    names = certificate.subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER)
    role = _ROLES.get(str(units[0].value)) if units else None
    if role is None or not names:
        what = "names no role (OU) and EUI-64 (unique identifier) of a remote party"
        raise _InFile(f"the subject {what}", path)
    value = names[0].value
    octets = value if isinstance(value, bytes) else value.encode("latin-1")
    # A bit string: an octet that counts unused bits comes first.
    return octets[-8:], role


def _signs(certificate: x509.Certificate, path: Path) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise _InFile("the certificate has no key usage", path) from error
    return usage.digital_signature or usage.key_cert_sign


def _chosen(parties: list[PrivateParty], dut: DutFile, folder: Path) -> Iterator[PrivateParty]:
    """One party a role: that of DUT.json where there are several."""
    roles: dict[str, list[PrivateParty]] = {}
    for party in parties:
        roles.setdefault(party.role, []).append(party)
    for role, several in roles.items():
        wanted = dut.parties.get(role)
        fit = [party for party in several if wanted in (None, party.id)]
        if len(fit) != 1:
            euis = ", ".join(sorted(party.id.hex().upper() for party in several))
            what = f"there are several with the role {role} ({euis})"
            raise SchemaProblem(("parties", role), f"{what}: say which, in DUT.json", str(folder))
        yield fit[0]
    if BROKER not in roles or roles[BROKER][0].ka_private is None:
        what = f"there is no key agreement key of the {BROKER}, which makes the MAC of commands"
        raise SchemaProblem((), what, str(folder))


def _device(devices: list[Device], dut: DutFile) -> Device:
    known = next((item for item in devices if item.id == dut.id), None)
    ka_public = dut.ka_public or (known.ka_public if known else None)
    if ka_public is None:
        raise SchemaProblem(("ka_public",), "DUT.json has neither this nor ka_certificate")
    ds_public = dut.ds_public or (known.ds_public if known else None)
    return Device(dut.id, dut.role.upper(), ka_public, ds_public)
