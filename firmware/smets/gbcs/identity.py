# What CTRL:QUERY {"keys": true} tells of the keys of a device: check values of public keys only.
# A check value is the first 8 octets of a SHA-256, in hexadecimal.
from binascii import hexlify
from hashlib import sha256

from smets.crypto import p256


def told(keys) -> dict:
    """`ka` and `ds`, the check values of the device's own public keys, and `parties`.

    A party has `id`, `role` and `check`, over its public keys for key agreement, signatures and
    top-ups, in this order. What is not there is left out. The public keys of the device follow
    from the private ones that it holds, a second of work each on a board.
    """
    answer: dict = {"parties": [_party(party) for party in keys.parties]}
    if keys.private_key:
        answer["ka"] = _check(p256.public_key(keys.private_key))
    if keys.ds_private_key:
        answer["ds"] = _check(p256.public_key(keys.ds_private_key))
    return answer


def _party(party) -> dict:
    public = (party.ka_public or b"") + (party.ds_public or b"") + (party.prepayment_public or b"")
    return {"id": _hex(party.id), "role": party.role, "check": _check(public)}


def _check(public: bytes) -> str:
    return _hex(sha256(public).digest()[:8])


def _hex(octets) -> str:
    return hexlify(octets).decode().upper()
