"""The firmware's cryptography against every MAC and signature of the RTDS vectors (rtds)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from outside import RTDS

from smets.crypto import ecdsa, gcm, kdf

pytestmark = pytest.mark.needs_rtds
OTHER_PAIR = "PCS"  # commands of a PPMID to a GSME: the key is of these two, and not public


@dataclass
class Message:
    """The parts of one message that a check needs."""

    name: str
    flag: int
    counter: bytes
    originator: bytes
    target: bytes
    known_party: bool  # no supplementary originator: the keys follow from the header alone
    signed: bytes
    authenticated: bytes
    signature: bytes
    mac: bytes


def length_at(octets: bytes, at: int) -> tuple[int, int]:
    """Return a length and where it ends."""
    first = octets[at]
    if first < 128:
        return first, at + 1
    end = at + 1 + (first & 127)
    return int.from_bytes(octets[at + 1 : end]), end


def parse(name: str, octets: bytes) -> Message:
    at = 0
    if octets[0] == 0xDD:
        size, at = length_at(octets, 7)
        assert at + size == len(octets), name
        assert octets[at : at + 5] == b"\x11\x00\x00\x00\x00", name
        at += 5
    protected = at > 0
    start = at
    assert octets[at : at + 2] == b"\xdf\x09", name
    counter = octets[at + 3 : at + 11]
    originator = octets[at + 12 : at + 20]
    target = octets[at + 21 : at + 29]
    flag = octets[at + 2]
    at += 29
    at += 1 + octets[at]
    other, at = length_at(octets, at)
    at += other
    size, at = length_at(octets, at)
    at += size
    signed = octets[start + 1 : at]
    signature = b""
    if at < len(octets):
        signature = octets[at + 1 : at + 1 + octets[at]]
        at += 1 + octets[at]
    mac = octets[at:]
    assert len(mac) == (12 if protected else 0), name
    authenticated = b"\x11" + bytes(5) + octets[start:at]
    known = other == 2
    return Message(
        name, flag, counter, originator, target, known, signed, authenticated, signature, mac
    )


def messages() -> Iterator[Message]:
    for path in sorted(RTDS.rglob("*.HEX")):
        yield parse(path.name, bytes.fromhex(path.read_text()))


def load_keys() -> dict[str, dict]:
    paths = sorted((RTDS / "keys").glob("*.json"))
    devices = [json.loads(path.read_text()) for path in paths]
    return {device["device_id"]: device for device in devices}


def secret_for(message: Message, devices: dict[str, dict]) -> bytes | None:
    """Return the shared secret of a MAC: the broker's in a command, else the recipient's."""
    command = message.flag == 1
    device = devices.get((message.target if command else message.originator).hex().upper(), {})
    for party in device.get("parties", []):
        if command:
            fits = party["role"] == "access_control_broker"
        else:
            fits = party["id"] == message.target.hex().upper()
        if fits and "shared_secret" in party:
            return bytes.fromhex(party["shared_secret"])
    return None


def test_macs():
    """rtds: MACs of the messages whose keys follow from the header alone."""
    devices = load_keys()
    checked = 0
    for message in messages():
        if not (message.mac and message.known_party) or message.name.startswith(OTHER_PAIR):
            continue
        secret = secret_for(message, devices)
        if secret is None:
            continue
        key = kdf.derive(secret, message.originator, message.flag, message.counter, message.target)
        iv = message.originator + bytes(4)
        assert gcm.mac(key, iv, message.authenticated) == message.mac, message.name
        wrong = kdf.derive(
            secret, message.originator, message.flag ^ 3, message.counter, message.target
        )
        assert gcm.mac(wrong, iv, message.authenticated) != message.mac, message.name
        checked += 1
    assert checked > 100


def test_signatures():
    """rtds: every signature of a party or device whose key is known."""
    public = {}
    for device in load_keys().values():
        public[device["device_id"]] = device["device_ds_public"]
        for party in device["parties"]:
            if "ds_public" in party:
                public[party["id"]] = party["ds_public"]
    checked = 0
    for message in messages():
        key = public.get(message.originator.hex().upper())
        if not message.signature or key is None:
            continue
        digest = ecdsa.sha256(message.signed)
        assert ecdsa.verify(bytes.fromhex(key), digest, message.signature), message.name
        other = digest[:31] + bytes([digest[31] ^ 1])
        assert not ecdsa.verify(bytes.fromhex(key), other, message.signature), message.name
        checked += 1
    assert checked > 100
