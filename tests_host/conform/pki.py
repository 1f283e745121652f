"""A test PKI in the form that people have: PEM certificates, keys in PKCS#8 (DER or PEM)."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

USAGES = {"ds": "digital_signature", "ka": "key_agreement"}
PARTIES = {
    "supplier": ("02", "02534D4554010001"),
    "network_operator": ("03", "02534D4554020001"),
    "access_control_broker": ("04", "02534D4554000001"),
}


def certificate(subject, key, usage, issuer_key):
    """A certificate with a key usage, of an issuer as the test PKI names it."""
    none = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
         "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    now = datetime.now(UTC)
    issuer = [
        x509.NameAttribute(NameOID.COMMON_NAME, "T1"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "07"),
    ]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(x509.Name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.KeyUsage(**{**none, USAGES[usage]: True}), critical=True)
        .sign(issuer_key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


def party_subject(unit, eui):
    """A remote party: EUI-64 as a bit string whose first octet counts unused bits."""
    identifier = b"\x00" + bytes.fromhex(eui)
    return [
        x509.NameAttribute(NameOID.COMMON_NAME, "TEST"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        x509.NameAttribute(
            NameOID.X500_UNIQUE_IDENTIFIER, identifier, _type=x509.name._ASN1Type.BitString
        ),
    ]


def octets(key, form="der", password=None):
    """A private key in PKCS#8."""
    encoding = Encoding.DER if form == "der" else Encoding.PEM
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(encoding, PrivateFormat.PKCS8, how)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def make(folder, parties=PARTIES):
    """Write certificates and keys of parties; their private keys by (role, usage)."""
    folder.mkdir(exist_ok=True)
    issuer = new_key()
    found = {}
    for role, (unit, eui) in parties.items():
        for usage in USAGES:
            if (role, usage) == ("access_control_broker", "ds"):
                continue
            key = found[role, usage] = new_key()
            name = f"T1-{role}-{usage}"
            pem = certificate(party_subject(unit, eui), key, usage, issuer)
            (folder / f"{name}.pem").write_bytes(pem)
            (folder / f"{name}.key").write_bytes(octets(key, "der" if usage == "ka" else "pem"))
    (folder / "issuing.pem").write_bytes(
        certificate([x509.NameAttribute(NameOID.COMMON_NAME, "T1")], issuer, "ds", issuer)
    )
    (folder / "README.txt").write_text("not a key")
    return found
