"""The remote parties of the tests that go over all use cases, and a device's keys of them."""

from __future__ import annotations

from vectors import BROKER, DEVICE, OPERATOR, SUPPLIER, secret, signing_key

from smets.crypto import p256

LOAD_CONTROLLER = bytes.fromhex("025ECA0000000801")
# By their names in the use cases: EUI and role.
PARTIES = {
    "Supplier": (SUPPLIER, "supplier"),
    "Network Operator": (OPERATOR, "network_operator"),
    "Access Control Broker": (BROKER, "access_control_broker"),
    "Load Controller": (LOAD_CONTROLLER, "load_controller"),
}


def _public(party: bytes) -> str:
    return p256.public_key(signing_key(party)).hex()


# The KEYS.json of the device.
KEYS = {
    "device_id": DEVICE.hex().upper(),
    "device_ka_public": _public(DEVICE),
    "device_ds_public": _public(DEVICE),
    "parties": [
        {
            "id": party.hex().upper(),
            "role": role,
            "ka_public": _public(party),
            "ds_public": _public(party),
            "shared_secret": secret(party).hex(),
            "prepayment_shared_secret": secret(party).hex(),
        }
        for party, role in PARTIES.values()
    ],
}
