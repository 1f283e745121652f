"""The firmware's cryptography by `cryptography`: a fuzzer has tens of thousands of messages.

Only speed changes: keys, MACs, tags and signatures are the real ones, and other tests hold the
firmware's own cryptography against the same library.
"""

from __future__ import annotations

import gc

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from smets.crypto import CryptoError, ecdsa, p256
from smets.crypto import gcm as firmware_gcm

_CURVE = ec.SECP256R1()
_DIGEST = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


class Gcm:
    """smets.crypto.gcm.Gcm, as far as messages need it."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._encryptor = Cipher(algorithms.AES(bytes(key)), modes.GCM(bytes(iv))).encryptor()
        self._aad = b""
        self._tag = b""

    def update_aad(self, data: bytes) -> None:
        self._encryptor.authenticate_additional_data(bytes(data))

    def encrypt_into(self, data: bytes, out: memoryview) -> None:
        out[: len(data)] = self._encryptor.update(bytes(data))

    def tag(self, length: int = 12) -> bytes:
        if not self._tag:
            self._encryptor.finalize()
            self._tag = self._encryptor.tag
        return self._tag[:length]


def mac(key: bytes, iv: bytes, *parts: bytes) -> bytes:
    made = Gcm(key, iv)
    for part in parts:
        made.update_aad(part)
    return made.tag()


def _public(point: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, bytes(point))
    except ValueError as error:
        raise CryptoError(str(error)) from None


def verify(public: bytes, digest: bytes, signature: bytes, _holder: object = None) -> bool:
    numbers = [int.from_bytes(signature[at : at + 32], "big") for at in (0, 32)]
    try:
        _public(public).verify(utils.encode_dss_signature(*numbers), digest, _DIGEST)
    except InvalidSignature:
        return False
    return True


def sign(private: bytes, digest: bytes) -> bytes:
    key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVE)
    numbers = utils.decode_dss_signature(key.sign(digest, _DIGEST))
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def shared_secret(private: bytes, public: bytes) -> bytes:
    key = ec.derive_private_key(int.from_bytes(private, "big"), _CURVE)
    return key.exchange(ec.ECDH(), _public(public))


def install() -> None:
    """Put these in the place of the firmware's, and let nothing ask for a collection."""
    gc.collect = lambda generation=2: 0
    firmware_gcm.Gcm, firmware_gcm.mac = Gcm, mac
    ecdsa.verify, ecdsa.sign = verify, sign
    p256.shared_secret = shared_secret
