"""The home of the vectors: four devices and their remote parties, with keys from a fixed seed."""

from __future__ import annotations

from functools import cache
from typing import Any

from host_tools.gbcs import crypto
from host_tools.keys import BROKER
from host_tools.testkeys import Home, make_home

__all__ = ["DEVICES", "PARTIES", "home", "keys_document", "secret"]

SEED = "smets vectors"
DEVICES = {
    "ESME": "02534D45545300A0",
    "GSME": "02534D45545300A1",
    "CHF": "02534D45545300A2",
    "GPF": "02534D45545300A3",
}
PARTIES = {
    BROKER: "02534D4554530002",
    "supplier": "02534D4554530100",
    "network_operator": "02534D4554530200",
    "transitional_cos": "02534D4554530300",
    "load_controller": "02534D4554530800",
}


@cache
def home() -> Home:
    """Devices and parties."""
    return make_home(tuple(DEVICES.items()), SEED, tuple(PARTIES.items()))


@cache
def secret(device: str, role: str) -> bytes:
    """The secret that a device (ESME, ...) and a party share."""
    parties = home().parties()
    public = parties.device(bytes.fromhex(DEVICES[device])).ka_public
    return crypto.shared_secret(parties.party(role).agreement_key, public)


def keys_document(device: str) -> dict[str, Any]:
    """KEYS.json of a device: with its private keys, and the secrets that they make."""
    document = home().keys[DEVICES[device]]
    parties = [
        {**party, "shared_secret": secret(device, party["role"]).hex()}
        if "ka_public" in party
        else party
        for party in document["parties"]
    ]
    supplier = next(party for party in parties if party["role"] == "supplier")
    supplier["prepayment_shared_secret"] = _top_up_secret(device).hex()
    return {**document, "parties": parties}


def _top_up_secret(device: str) -> bytes:
    parties = home().parties()
    private = parties.party("supplier").prepayment_private
    if private is None:
        raise LookupError("the supplier has no key for top-ups")
    public = parties.device(bytes.fromhex(DEVICES[device])).ka_public
    return crypto.shared_secret(private, public)
