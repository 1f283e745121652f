"""XML signing credentials: certificates of users and of the DCC, their roles, and until when.

A set is a file of the project's own form (docs/duis.md):

    {"authorities": ["ca.pem"],
     "certificates": [{"file": "user.pem", "key": "user.key"},
                      {"file": "dcc-old.pem", "until": "2026-12-01T00:00:00Z"},
                      {"file": "dcc-new.pem", "from": "2026-11-01T00:00:00Z"}],
     "roles": {"201": ["Response"]},
     "decimal_ou": false}

Several credentials of a role hold at once: `from` and `until` are the window in which one is used,
within its validity; after `until` it is retired. `pinned` takes a certificate without a chain.
`roles` adds roles to the two that are known: what documents each may sign.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.duis.errors import DuisError
from host_tools.gbcs.times import iso, parse_iso

__all__ = ["DSP_XML_SIGN", "XML_SIGN", "Credential", "Credentials", "eui_of", "name_of"]

XML_SIGN, DSP_XML_SIGN = 135, 137  # SMKI remote party roles
_SIGNS = {XML_SIGN: ("Request",), DSP_XML_SIGN: ("Response",)}
_NAMES = {XML_SIGN: "xmlSign", DSP_XML_SIGN: "dSPXmlSign"}
_OU = x509.NameOID.ORGANIZATIONAL_UNIT_NAME
_MEMBERS = {"file", "key", "from", "until", "pinned"}
_LARGEST = 1 << 20


def name_of(role: int) -> str:
    """A role in words."""
    return _NAMES.get(role, f"role {role}")


def eui_of(certificate: x509.Certificate) -> bytes | None:
    """The EUI-64 of the subject, None where it has none."""
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.X500_UNIQUE_IDENTIFIER)
    if len(found) != 1 or not isinstance(found[0].value, bytes):
        return None
    value = found[0].value
    return value[1:] if len(value) == 9 and value[0] == 0 else value  # a BIT STRING's first octet


@dataclass(frozen=True)
class Credential:
    """A certificate, with its private key where it is ours, and the window in which it is used."""

    file: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | None = None
    begin: datetime | None = None
    until: datetime | None = None
    pinned: bool = False

    @property
    def eui(self) -> bytes | None:
        """The EUI-64 of the subject, None where it has none."""
        return eui_of(self.certificate)

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """Its P-256 key; DuisError for another."""
        key = self.certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise DuisError(f"{self.file}: not a P-256 key")
        return key

    def role(self, decimal: bool = False) -> int:
        """The role that OU says in two hexadecimal digits; where `decimal`, also in decimal ones.

        DuisError for anything else.
        """
        units = [str(item.value) for item in self.certificate.subject.get_attributes_for_oid(_OU)]
        if len(units) == 1:
            if re.fullmatch("[0-9A-Fa-f]{2}", units[0]):
                return int(units[0], 16)
            if re.fullmatch("1[0-9]{2}|2[0-4][0-9]|25[0-5]", units[0]):
                if decimal:
                    return int(units[0])
                raise DuisError(
                    f"{self.file}: OU {units[0]} is a decimal role, which is not taken"
                )
        raise DuisError(f"{self.file}: no role in OU {', '.join(units) or 'at all'}")

    def check_time(self, now: datetime) -> None:
        """DuisError where it is not valid now, not yet used, or retired."""
        first = self.certificate.not_valid_before_utc
        last = self.certificate.not_valid_after_utc
        if not first <= now <= last:
            raise DuisError(f"{self.file}: valid from {iso(first)} to {iso(last)}, not {iso(now)}")
        if self.begin and now < self.begin:
            raise DuisError(f"{self.file}: used from {iso(self.begin)} on")
        if self.until and now >= self.until:
            raise DuisError(f"{self.file}: retired since {iso(self.until)}")

    def in_use(self, now: datetime) -> bool:
        """Whether it is valid and within its window."""
        try:
            self.check_time(now)
        except DuisError:
            return False
        return True


@dataclass(frozen=True)
class Credentials:
    """A set of credentials, authorities that issue them, and what roles sign."""

    items: tuple[Credential, ...]
    authorities: tuple[x509.Certificate, ...] = ()
    roles: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: dict(_SIGNS))
    decimal_ou: bool = False

    @classmethod
    def load(cls, path: Path) -> Credentials:
        """Read a set; OSError, or DuisError which names the file."""
        with path.open("rb") as file:
            data = file.read(_LARGEST)
        try:
            document = json.loads(data)
            return cls._taken(document, path.parent)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DuisError(f"{path}: {error}") from None

    @classmethod
    def _taken(cls, document: Any, folder: Path) -> Credentials:
        if not isinstance(document, dict):
            raise DuisError("not an object with certificates")
        root = cast("dict[str, Any]", document)
        unknown = set(root) - {"authorities", "certificates", "roles", "decimal_ou"}
        if unknown or not isinstance(root.get("certificates"), list):
            what = f"unknown member {sorted(unknown)[0]!r}" if unknown else "no certificates"
            raise DuisError(what)
        roles = {int(role): tuple(signs) for role, signs in root.get("roles", {}).items()}
        for role, signs in roles.items():
            if not set(signs) <= {"Request", "Response"} or not 0 <= role <= 255:
                raise DuisError(f"roles: {role} signs Request, Response, or both")
        return cls(
            tuple(_credential(entry, folder) for entry in root["certificates"]),
            tuple(_certificate(folder / name) for name in root.get("authorities", [])),
            {**_SIGNS, **roles},
            bool(root.get("decimal_ou", False)),
        )

    def with_serial(self, serial: int) -> Credential:
        """The one credential of a serial number; DuisError."""
        found = [item for item in self.items if item.certificate.serial_number == serial]
        if len(found) != 1:
            what = "no credential has" if not found else f"{len(found)} credentials have"
            raise DuisError(f"{what} serial number {serial}")
        return found[0]

    def signer(self, kind: str, eui: bytes | None, now: datetime) -> Credential:
        """Who signs a document: the newest credential with a key, of a role that may, in use.

        A request is signed by its originator. DuisError where there is none.
        """
        fits = [
            item
            for item in self.items
            if item.key is not None
            and (eui is None or item.eui == eui)
            and kind in self.roles.get(item.role(self.decimal_ou), ())
        ]
        used = [item for item in fits if item.in_use(now)]
        if not used:
            whose = f" of {eui.hex('-').upper()}" if eui else ""
            more = "" if not fits else f", only {len(fits)} that are retired or out of date"
            raise DuisError(f"no credential{whose} with a key signs a {kind} now{more}")
        return max(used, key=lambda item: item.certificate.not_valid_before_utc)

    def check(self, item: Credential, kind: str, now: datetime) -> int:
        """The role of a credential that may sign such a document now; DuisError says why not."""
        role = item.role(self.decimal_ou)
        if kind not in self.roles.get(role, ()):
            raise DuisError(f"{item.file}: {name_of(role)} signs no {kind}")
        item.check_time(now)
        _check_usage(item)
        if not item.pinned:
            self._check_chain(item, now)
        return role

    def _check_chain(self, item: Credential, now: datetime) -> None:
        forged = False
        for authority in self.authorities:
            try:
                item.certificate.verify_directly_issued_by(authority)
            except (ValueError, TypeError, InvalidSignature) as error:
                forged = forged or isinstance(error, InvalidSignature)
                continue
            if not authority.not_valid_before_utc <= now <= authority.not_valid_after_utc:
                raise DuisError(f"{item.file}: the certificate of its authority is out of date")
            _check_authority(item, authority)
            return
        why = "its authority's signature is wrong" if forged else "no authority here has issued it"
        raise DuisError(f"{item.file}: {why}")


def _check_authority(item: Credential, authority: x509.Certificate) -> None:
    try:
        basic = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        basic = None
    if basic is None or not basic.ca:
        raise DuisError(f"{item.file}: issued by what is no authority (CA)")


def _check_usage(item: Credential) -> None:
    try:
        usage = item.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise DuisError(f"{item.file}: it does not say what its key is for") from None
    if not usage.digital_signature:
        raise DuisError(f"{item.file}: its key is not for signatures")


def _certificate(path: Path) -> x509.Certificate:
    with path.open("rb") as file:
        data = file.read(_LARGEST)
    try:
        return x509.load_pem_x509_certificate(data)
    except ValueError:
        raise DuisError(f"{path.name}: not a certificate (PEM)") from None


def _key(path: Path, certificate: x509.Certificate) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        raise DuisError(f"{path.name}: not a private key (PEM without a password)") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise DuisError(f"{path.name}: not a P-256 key")
    if key.public_key() != certificate.public_key():
        raise DuisError(f"{path.name}: not the key of its certificate")
    return key


def _credential(entry: Any, folder: Path) -> Credential:
    if not isinstance(entry, dict):
        raise DuisError("a certificate is an object with file")
    members = cast("dict[str, Any]", entry)
    unknown = set(members) - _MEMBERS
    if unknown or not isinstance(members.get("file"), str):
        what = f"unknown member {sorted(unknown)[0]!r}" if unknown else "no file"
        raise DuisError(f"certificates: {what}")
    certificate = _certificate(folder / members["file"])
    moments = {
        name: parse_iso(str(members[name])).astimezone(UTC) if name in members else None
        for name in ("from", "until")
    }
    return Credential(
        members["file"],
        certificate,
        _key(folder / members["key"], certificate) if "key" in members else None,
        moments["from"],
        moments["until"],
        bool(members.get("pinned", False)),
    )
