"""Certificates of the vectors' own authority, with the fields that GBCS 12.4 asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha1

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type  # pyright: ignore[reportPrivateUsage]
from cryptography.x509.oid import NameOID

from host_tools.gbcs import crypto

__all__ = ["AUTHORITY", "issue", "key_identifier"]

AUTHORITY = bytes.fromhex("02534D45545300CA")
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_END = datetime(2036, 1, 1, tzinfo=UTC)


def key_identifier(key: ec.EllipticCurvePublicKey) -> bytes:
    """0100 and the last 60 bits of SHA-1 (RFC 5280, 4.2.1.2, method 2)."""
    tail = sha1(crypto.point_of(key), usedforsecurity=False).digest()[-8:]
    return bytes([0x40 | tail[0] & 0x0F]) + tail[1:]


def issue(
    owner: bytes,
    role: str,
    usage: str,
    key: ec.EllipticCurvePublicKey,
    authority: ec.EllipticCurvePrivateKey,
) -> bytes:
    """The DER of a certificate: `role` is the octet of the OU in hex, `usage` a key usage.

    `usage` is digitalSignature, keyAgreement or keyCertSign. The signature follows from the keys.
    """
    usages = {"digital_signature": False, "key_agreement": False, "key_cert_sign": False}
    usages[
        {
            "digitalSignature": "digital_signature",
            "keyAgreement": "key_agreement",
            "keyCertSign": "key_cert_sign",
        }[usage]
    ] = True
    subject = [
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role),
        x509.NameAttribute(
            NameOID.X500_UNIQUE_IDENTIFIER, b"\x00" + owner, _type=_ASN1Type.BitString
        ),
    ]
    serial = int.from_bytes(key_identifier(key), "big")
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Z1")]))
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .serial_number(serial)
        .public_key(key)
        .add_extension(
            x509.KeyUsage(
                **usages,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier(key_identifier(key)), critical=False)
    )
    made = builder.sign(authority, hashes.SHA256(), ecdsa_deterministic=True)
    return made.public_bytes(Encoding.DER)
