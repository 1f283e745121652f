"""A test PKI of the project's own: an authority, XML signing certificates of users and of the DCC.

The forms are those of the SMKI as far as XML signing needs them: P-256, the role in OU, the EUI-64
in x500UniqueIdentifier, keyUsage digitalSignature. The keys are for tests only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type  # pyright: ignore[reportPrivateUsage]

from host_tools.duis.command import ACB
from host_tools.duis.credentials import DSP_XML_SIGN, XML_SIGN
from host_tools.gbcs import der
from host_tools.private import write_private

__all__ = ["Authority", "key_usage", "pem", "write"]

_YEARS = timedelta(days=3650)


_HARDWARE_NAME = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")  # hardwareModuleName (RFC 4108)
_HARDWARE = bytes((0x2A, 0x03, 0x04))  # 1.2.3.4: the type of hardware, which says nothing here


def key_usage(signs: bool = True, issues: bool = False, agrees: bool = False) -> x509.KeyUsage:
    """What a key is for: signatures, issuing certificates, key agreement."""
    return x509.KeyUsage(signs, False, False, False, agrees, issues, issues, False, False)


@dataclass(frozen=True)
class Authority:
    """An issuing authority, with its key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, name: str = "T1", begin: datetime | None = None) -> Authority:
        """A new one that signs itself, valid for ten years from `begin` (else from yesterday)."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "07"),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
            ]
        )
        start = begin or _yesterday()
        certificate = (
            _builder(subject, subject, key.public_key(), start, start + _YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage(signs=False, issues=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    def issue(
        self,
        eui: bytes,
        unit: str,
        begin: datetime | None = None,
        end: datetime | None = None,
        usage: x509.KeyUsage | None = None,
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """A certificate of a party with a new key; `unit` is the OU, such as 87."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self.certify(key.public_key(), eui, unit, begin, end, usage), key

    def certify(  # noqa: PLR0913 - what a certificate says
        self,
        public: ec.EllipticCurvePublicKey,
        eui: bytes,
        unit: str,
        begin: datetime | None = None,
        end: datetime | None = None,
        usage: x509.KeyUsage | None = None,
    ) -> x509.Certificate:
        """A certificate of a party for its key."""
        identity = x509.NameAttribute(
            x509.NameOID.X500_UNIQUE_IDENTIFIER, b"\x00" + eui, _type=_ASN1Type.BitString
        )
        subject = x509.Name(
            [x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, unit), identity]
        )
        start = begin or _yesterday()
        issuer = self.certificate.subject
        return (
            _builder(subject, issuer, public, start, end or start + _YEARS)
            .add_extension(usage or key_usage(), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def certify_device(
        self, public: ec.EllipticCurvePublicKey, eui: bytes, usage: x509.KeyUsage
    ) -> x509.Certificate:
        """A certificate of a device for its key: the EUI-64 is its hardware's serial number."""
        start = _yesterday()
        module = der.encode(0x30, der.encode(0x06, _HARDWARE) + der.encode(0x04, eui))
        names = x509.SubjectAlternativeName([x509.OtherName(_HARDWARE_NAME, module)])
        issuer = self.certificate.subject
        return (
            _builder(x509.Name([]), issuer, public, start, start + _YEARS)
            .add_extension(usage, critical=True)
            .add_extension(names, critical=True)
            .sign(self.key, hashes.SHA256())
        )


def _yesterday() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    begin: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def pem(item: x509.Certificate | ec.EllipticCurvePrivateKey) -> bytes:
    """The PEM of a certificate or of a private key."""
    if isinstance(item, x509.Certificate):
        return item.public_bytes(serialization.Encoding.PEM)
    return item.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write(folder: Path, users: Sequence[bytes], force: bool = False) -> list[Path]:
    """Make a PKI in a folder: an authority, a certificate of each user (EUI-64), one of the DCC.

    `credentials.json` is the set of them. ValueError where files are there, unless `force`.
    """
    authority = Authority.make()
    parties = [(eui, XML_SIGN, f"xml-sign-{eui.hex().upper()}") for eui in users]
    parties.append((ACB, DSP_XML_SIGN, f"dsp-xml-sign-{ACB.hex().upper()}"))
    files: dict[str, bytes] = {"ca.pem": pem(authority.certificate)}
    entries: list[dict[str, str]] = []
    for eui, role, name in parties:
        certificate, key = authority.issue(eui, f"{role:02X}")
        files[f"{name}.pem"], files[f"{name}.key"] = pem(certificate), pem(key)
        entries.append({"file": f"{name}.pem", "key": f"{name}.key"})
    document = {"authorities": ["ca.pem"], "certificates": entries}
    files["credentials.json"] = json.dumps(document, indent=1).encode() + b"\n"
    folder.mkdir(parents=True, exist_ok=True)
    paths = {folder / name: data for name, data in files.items()}
    existing = [path for path in paths if path.exists()]
    if existing and not force:
        raise ValueError(f"{existing[0]} exists: --force overwrites it")
    for path, data in paths.items():
        write_private(path, data)
    return sorted(paths)
