"""Signed reports: whose a report is, and that not one octet of it was changed.

The signature is a member of the report. It is over the canonical JSON of all other members: names
sorted, no spaces, UTF-8, as `canonical` writes it. The file itself has to be laid out as
`report.as_json` does, so that a changed space is noticed, too. Keys are P-256 (ECDSA over SHA-256)
or Ed25519.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from host_tools.conform.report import as_json, validate_report
from host_tools.schemas import SchemaProblem, parse_document

__all__ = [
    "Checked",
    "KeyProblem",
    "canonical",
    "check_file",
    "digest",
    "fingerprint",
    "private_key",
    "public_key",
    "sign",
]

Json = dict[str, Any]
_Private = EllipticCurvePrivateKey | Ed25519PrivateKey
_Public = EllipticCurvePublicKey | Ed25519PublicKey
_P256, _ED25519 = "ECDSA-P256-SHA256", "Ed25519"


class KeyProblem(ValueError):
    """A file has no key that signs reports; the text names the file and says why."""


@dataclass(frozen=True)
class Checked:
    """What is known of a report's file: `wrong` is why it is not as it was signed, or nothing."""

    document: Json
    hash: str  # SHA-256 of the file
    signer: str  # fingerprint of the key that is in it; empty where it is not signed
    wrong: str


def canonical(document: Json) -> bytes:
    """The octets that are signed: every member but the signature."""
    members = {name: value for name, value in document.items() if name != "signature"}
    text = json.dumps(
        members, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def digest(document: Json) -> str:
    """SHA-256 of the report's file as `report.as_json` writes it, in hexadecimal."""
    return sha256(as_json(document).encode()).hexdigest()


def fingerprint(public: bytes) -> str:
    """How a key is named: SHA-256 of its SubjectPublicKeyInfo, in hexadecimal."""
    return sha256(public).hexdigest()


def private_key(path: Path) -> _Private:
    """The key that signs, of a PEM file without password; KeyProblem, or OSError."""
    data = path.read_bytes()
    try:
        key = load_pem_private_key(data, None)
    except TypeError:
        raise KeyProblem(f"{path}: the key has a password; a key without one is needed") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem(f"{path}: is no private key as PEM") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    raise KeyProblem(f"{path}: is neither a P-256 nor an Ed25519 key")


def public_key(path: Path) -> bytes:
    """SubjectPublicKeyInfo of a PEM file: public key, certificate or private key; KeyProblem."""
    data = path.read_bytes()
    try:
        if b"CERTIFICATE" in data:
            return _spki(x509.load_pem_x509_certificate(data).public_key())
        if b"PRIVATE KEY" in data:
            return _spki(private_key(path).public_key())
        return _spki(load_pem_public_key(data))
    except KeyProblem:
        raise
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem(f"{path}: is no public key or certificate as PEM") from None


def _spki(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def sign(document: Json, key: _Private) -> Json:
    """The report with a signature; one that it had is replaced."""
    data = canonical(document)
    if isinstance(key, Ed25519PrivateKey):
        algorithm, value = _ED25519, key.sign(data)
    else:
        algorithm, value = _P256, key.sign(data, ECDSA(SHA256()))
    signature = {
        "algorithm": algorithm,
        "public_key": b64encode(_spki(key.public_key())).decode(),
        "value": b64encode(value).decode(),
    }
    others = {name: each for name, each in document.items() if name != "signature"}
    return {**others, "signature": signature}


def check_file(path: Path, wanted: bytes | None = None) -> Checked:
    """Judge the file of a report, signed by `wanted` (SubjectPublicKeyInfo) where that is given.

    SchemaProblem where it is no report at all; OSError where it cannot be read.
    """
    data = path.read_bytes()
    try:
        document = parse_document(data)
        validate_report(document)
    except SchemaProblem as error:
        raise SchemaProblem(error.path, error.what, str(path)) from None
    report = cast("Json", document)
    signature = report.get("signature")
    signer = fingerprint(_decoded(signature["public_key"])) if signature else ""
    wrong = _wrong(report, data, wanted)
    return Checked(report, sha256(data).hexdigest(), signer, wrong)


def _wrong(report: Json, data: bytes, wanted: bytes | None) -> str:
    signature = report.get("signature")
    if signature is None:
        return "" if wanted is None else "the report is not signed"
    if not _holds(report, signature):
        return "the report is not as it was signed: its signature does not hold"
    if as_json(report).encode() != data:
        return "the file is not as it was written: its layout was changed"
    if wanted is not None and _decoded(signature["public_key"]) != wanted:
        return "the report is signed with another key"
    return ""


def _decoded(text: str) -> bytes:
    """Octets of base64; none where it is not exactly what an encoder writes."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if b64encode(data).decode() == text else b""


def _holds(report: Json, signature: Json) -> bool:
    data, value = canonical(report), _decoded(signature["value"])
    try:
        key = load_der_public_key(_decoded(signature["public_key"]))
        if isinstance(key, Ed25519PublicKey) and signature["algorithm"] == _ED25519:
            key.verify(value, data)
            return True
        if isinstance(key, EllipticCurvePublicKey) and signature["algorithm"] == _P256:
            key.verify(value, data, ECDSA(SHA256()))
            return True
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        pass
    return False
