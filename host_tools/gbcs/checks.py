"""Verification of a message with a key ring: MAC, signature, keys of encrypted parts."""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.gbcs import crypto
from host_tools.gbcs.gbz import Opener
from host_tools.gbcs.header import Envelope, Header
from host_tools.gbcs.tree import Json
from host_tools.keys import KeyRing


@dataclass(frozen=True)
class Check:
    """One verification: `passed` is None where it could not be made, and `reason` says why."""

    name: str
    passed: bool | None
    reason: str = ""

    @property
    def word(self) -> str:
        """valid, INVALID or not checked."""
        return {True: "valid", False: "INVALID", None: "not checked"}[self.passed]

    def to_json(self) -> Json:
        """The check in JSON values."""
        return {"name": self.name, "passed": self.passed, "reason": self.reason}


def _name(eui: bytes, ring: KeyRing) -> str:
    role = ring.role(eui) or ring.device_type(eui)
    return f"{eui.hex().upper()} ({role})" if role else eui.hex().upper()


def mac_pairs(header: Header, ring: KeyRing) -> list[tuple[bytes, bytes]]:
    """The pairs whose shared secret may have made the MAC.

    A Command from a remote party is MACed by the access control broker, whatever the originator
    is; everything else by originator and target.
    """
    if header.cra != 1 or ring.is_device(header.originator):
        return [(header.originator, header.target)]
    return [(broker, header.target) for broker in ring.brokers]


def check_mac(envelope: Envelope, ring: KeyRing) -> Check | None:
    """Verify the MAC; None if the message has none."""
    if not envelope.mac:
        return None
    header = envelope.header
    pairs = mac_pairs(header, ring)
    if not pairs:
        return Check("MAC", None, "no access control broker among the keys")
    passed: bool | None = None
    reason = ""
    for one, other in pairs:
        secret = ring.secret(one, other)
        reason = f"{_name(one, ring)} x {_name(other, ring)}"
        if secret is None:
            reason = f"no keys for {reason}"
            continue
        key = crypto.derive_key(
            secret, header.originator, header.cra, header.counter, header.target
        )
        passed = crypto.mac_valid(key, header.originator, envelope.mac_part, envelope.mac)
        if passed:
            break
    return Check("MAC", passed, reason)


def check_signature(envelope: Envelope, ring: KeyRing) -> Check | None:
    """Verify the signature with the originator's key; None if the message has none."""
    if not envelope.signature:
        return None
    originator = envelope.header.originator
    if not any(envelope.signature):
        # A device of this project without a signing key (docs/state.md).
        return Check("signature", False, f"not signed: 64 zeros of {_name(originator, ring)}")
    public = ring.ds_public(originator)
    if public is None:
        return Check("signature", None, f"no signing key of {_name(originator, ring)}")
    passed = crypto.signature_valid(public, envelope.signed_part, envelope.signature)
    return Check("signature", passed, _name(originator, ring))


def component_opener(header: Header, ring: KeyRing) -> Opener | None:
    """What opens the encrypted components of a device's message, or None without the key.

    A supplementary remote party, where named, is the recipient of the encrypted part, and the
    supplementary originator counter, where given, takes the counter's place.
    """
    recipient = header.supplementary_party or header.target
    counter = header.supplementary_originator_counter
    if counter is None:
        counter = header.counter
    secret = ring.secret(header.originator, recipient)
    if secret is None:
        return None
    return opener(secret, header.originator, counter, recipient)


def opener(secret: bytes, originator: bytes, counter: int, recipient: bytes) -> Opener:
    """An opener with the encryption key of one message."""
    key = crypto.derive_key(secret, originator, crypto.ENCRYPTION, counter, recipient)

    def open_part(ciphertext: bytes, tag: bytes) -> bytes | None:
        return crypto.decrypt(key, originator, ciphertext, tag)

    return open_part
