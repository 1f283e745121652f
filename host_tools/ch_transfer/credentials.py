"""Who signs a transfer: keys and certificates of the two parties.

A certificate names its party as those of the industry's PKI do: EUI-64 in the unique identifier,
role in OU in hex. The file that is given is trusted; its path to a root is not followed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.name import _ASN1Type  # pyright: ignore[reportPrivateUsage]
from cryptography.x509.oid import NameOID

from host_tools.ch_transfer.manifest import GIVER, TAKER, Manifest, dashed
from host_tools.ch_transfer.problems import TransferError

__all__ = ["ROLES", "Certificate", "make_party", "read_certificate", "read_key", "sign", "verify"]

# Who may own hubs in stock (remotePartyRole). Which of the SEC Parties that are was not published:
# suppliers order hubs; alternatives are network operators and other users, who are taken as well.
ROLES = {0x02: "supplier", 0x03: "network operator", 0x7F: "other user"}
_HALF = 32
_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Certificate:
    """What a certificate says of its party."""

    eui: bytes
    role: int
    key: ec.EllipticCurvePublicKey
    begins: datetime
    ends: datetime


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """A private key of P-256, PEM or DER without a password; TransferError or OSError."""
    data = path.read_bytes()
    try:
        load = load_pem_private_key if b"-----BEGIN" in data else load_der_private_key
        key = load(data, None)
    except (TypeError, ValueError):
        raise TransferError(f"{path}: is no private key without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise TransferError(f"{path}: the key is not one of P-256")
    return key


def read_certificate(path: Path) -> Certificate:
    """A party's certificate, PEM or DER; TransferError or OSError."""
    data = path.read_bytes()
    try:
        pem = b"-----BEGIN" in data
        certificate = (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(
            data
        )
        key = certificate.public_key()
        subject = certificate.subject
        names = subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER)
        units = subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise TransferError(f"{path}: the certificate has no key usage") from None
    except Exception:  # the library raises many kinds for octets that are no certificate
        raise TransferError(f"{path}: is no certificate (PEM or DER)") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise TransferError(f"{path}: the key is not one of P-256")
    if not usage.digital_signature:
        raise TransferError(f"{path}: the certificate is not one for signatures")
    try:
        value = names[0].value
        octets = value if isinstance(value, bytes) else value.encode("latin-1")
        role = int(str(units[0].value), 16)
    except (IndexError, ValueError):
        raise TransferError(f"{path}: the subject names no EUI-64 and role") from None
    if len(octets) not in (8, 9):  # a bit string: an octet that counts unused bits comes first
        raise TransferError(f"{path}: the unique identifier is no EUI-64")
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Certificate(octets[-8:], role, key, begins, ends)


def sign(manifest: Manifest, side: str, key: ec.EllipticCurvePrivateKey) -> Manifest:
    """The manifest with the signature of a side; a new one of the giver drops the taker's."""
    r, s = decode_dss_signature(key.sign(manifest.signed_part(side), ec.ECDSA(hashes.SHA256())))
    text = (r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")).hex().upper()
    kept = {} if side == GIVER else manifest.signatures
    return replace(manifest, signatures={**kept, side: text})


def verify(manifest: Manifest, certificates: list[Certificate]) -> None:
    """Raise TransferError unless both parties have signed, with certificates that were valid."""
    problems: list[str] = []
    for side, eui in ((GIVER, manifest.giver), (TAKER, manifest.taker)):
        who = f"{side} {dashed(eui)}"
        own = [item for item in certificates if item.eui == eui]
        if side not in manifest.signatures:
            problems.append(f"{who}: has not signed")
        elif not own:
            problems.append(f"{who}: no certificate was given")
        elif not any(item.role in ROLES for item in own):
            problems.append(f"{who}: a party of role {own[0].role:02X} owns no hubs")
        elif not any(_is_of(manifest, side, item) for item in own):
            problems.append(f"{who}: the signature is wrong")
        elif not any(
            item.begins <= manifest.date <= item.ends and _is_of(manifest, side, item)
            for item in own
        ):
            problems.append(f"{who}: the certificate is not valid at the date of the transfer")
    if problems:
        raise TransferError(problems)


def _is_of(manifest: Manifest, side: str, certificate: Certificate) -> bool:
    raw = bytes.fromhex(manifest.signatures[side])
    r, s = (int.from_bytes(half, "big") for half in (raw[:_HALF], raw[_HALF:]))
    try:
        octets = manifest.signed_part(side)
        certificate.key.verify(encode_dss_signature(r, s), octets, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, TransferError):
        return False
    return True


def make_party(eui: bytes, role: int, now: datetime | None = None) -> tuple[bytes, bytes]:
    """Private key and self-signed certificate (PEM both) of a party of a test."""
    began = datetime.now(UTC).replace(microsecond=0) if now is None else now
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "TEST"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{role:02X}"),
            x509.NameAttribute(
                NameOID.X500_UNIQUE_IDENTIFIER, b"\0" + eui, _type=_ASN1Type.BitString
            ),
        ]
    )
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began - timedelta(days=1))
        .not_valid_after(began + 10 * _YEAR)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, certificate.public_bytes(Encoding.PEM)
