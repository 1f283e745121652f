"""GBCS cryptography for the host, on the `cryptography` library (GBCS 4.3, 8.2, 8.4; SP 800-56A).

Suite 1: P-256 key agreement, SHA-256 single-step KDF, AES-128-GCM with 12-octet tags,
ECDSA P-256/SHA-256 as r || s.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALGORITHM_ID = bytes.fromhex("60857406080300")  # AES-GCM-128
TAG_LENGTH = 12
COMMAND, RESPONSE, ALERT, ENCRYPTION = 1, 2, 3, 4  # the octet before the counter in the KDF
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256

_CURVE = ec.SECP256R1()


def private_from_scalar(scalar: int) -> ec.EllipticCurvePrivateKey:
    """The private key of a scalar 1..n-1; ValueError outside that range."""
    return ec.derive_private_key(scalar, _CURVE)


def public_from_point(point: bytes) -> ec.EllipticCurvePublicKey:
    """A public key from an uncompressed point 04 || X || Y; ValueError if not on P-256."""
    if len(point) != 65 or point[0] != 4:
        raise ValueError("not an uncompressed P-256 point (04 and 64 octets)")
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """The uncompressed point 04 || X || Y of a public key."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def scalar_of(key: ec.EllipticCurvePrivateKey) -> int:
    """The scalar of a private key."""
    return key.private_numbers().private_value


def shared_secret(private: ec.EllipticCurvePrivateKey, public: ec.EllipticCurvePublicKey) -> bytes:
    """Z: the x-coordinate of the ECDH point, 32 octets."""
    return private.exchange(ec.ECDH(), public)


def derive_key(secret: bytes, originator: bytes, kind: int, counter: int, target: bytes) -> bytes:
    """The AES-128 key of one message: SHA-256(1 || Z || OtherInfo), first 16 octets.

    `kind` is COMMAND, RESPONSE, ALERT or ENCRYPTION; `originator` and `target` are EUI-64s.
    """
    transaction = b"\x09" + bytes([kind]) + counter.to_bytes(8, "big")
    info = ALGORITHM_ID + originator + transaction + target
    return sha256(b"\x00\x00\x00\x01" + secret + info).digest()[:16]


def _gcm(key: bytes, originator: bytes, tag: bytes | None) -> Cipher[modes.GCM]:
    # The invocation counter is 0 in every message and every component.
    nonce = originator + bytes(4)
    return Cipher(algorithms.AES(key), modes.GCM(nonce, tag, min_tag_length=TAG_LENGTH))


def mac_of(key: bytes, originator: bytes, protected: bytes) -> bytes:
    """The 12-octet MAC over `protected` (empty plaintext; the AAD is 11 || 00*5 || protected)."""
    encryptor = _gcm(key, originator, None).encryptor()
    encryptor.authenticate_additional_data(b"\x11" + bytes(5) + protected)
    encryptor.finalize()
    return encryptor.tag[:TAG_LENGTH]


def mac_valid(key: bytes, originator: bytes, protected: bytes, mac: bytes) -> bool:
    """Compare a MAC in constant time."""
    return hmac.compare_digest(mac_of(key, originator, protected), mac)


def encrypt(key: bytes, originator: bytes, plaintext: bytes) -> bytes:
    """Ciphered information of a component: 31 || 00000000 || ciphertext || tag."""
    encryptor = _gcm(key, originator, None).encryptor()
    encryptor.authenticate_additional_data(b"\x31")
    ciphertext = encryptor.update(plaintext) + encryptor.finalize()
    return b"\x31" + bytes(4) + ciphertext + encryptor.tag[:TAG_LENGTH]


def decrypt(key: bytes, originator: bytes, ciphertext: bytes, tag: bytes) -> bytes | None:
    """The plaintext, or None if the tag is wrong."""
    decryptor = _gcm(key, originator, tag).decryptor()
    decryptor.authenticate_additional_data(b"\x31")
    try:
        return decryptor.update(ciphertext) + decryptor.finalize()
    except InvalidTag:
        return None


def sign(private: ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    """ECDSA over `signed` (grouping header without its DF tag, and payload) as r || s.

    The nonce follows from key and message (RFC 6979), so that a message can be made again.
    """
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = utils.decode_dss_signature(private.sign(signed, algorithm))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signature_valid(public: ec.EllipticCurvePublicKey, signed: bytes, signature: bytes) -> bool:
    """Verify a 64-octet r || s signature."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        encoded = utils.encode_dss_signature(r, s)
        public.verify(encoded, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
