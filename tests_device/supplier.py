"""Commands that the tests send as a supplier, and the answers of a device, octet by octet."""

from __future__ import annotations

from functools import cache
from typing import Any

from host_tools import fragments, testkeys
from host_tools.bench import BenchClient, ProcessTransport
from host_tools.remote import RemoteParty

HOME = testkeys.make_home(seed="tests_device")
SUPPLIER = RemoteParty(HOME.parties(), "supplier")
OPERATOR = RemoteParty(HOME.parties(), "network_operator")
EUIS = {kind.lower(): eui for kind, eui in testkeys.HOME}

TIME = "2026-11-06T10:00:00Z"
GAS: dict[str, dict[str, dict[str, Any]]] = {
    "0x0702": {
        "0x0000": {"type": "0x25", "value": 4_567_890},
        "0x0300": {"type": "0x30", "value": 1},
        "0x0301": {"type": "0x22", "value": 1},
        "0x0302": {"type": "0x22", "value": 1000},
    },
    "0x0705": {"0x0001": {"type": "0x2B", "value": 1_234_000}},
}


def state(role: str) -> dict[str, Any]:
    """STATE.json of a device in use."""
    document: dict[str, Any] = {
        "device": role.upper(),
        "clock": {"time": TIME, "status": "reliable"},
        "zcl": GAS,
    }
    if role == "gpf":
        document["stamp"] = {"source": "GSME", "time": TIME, "status": "reliable"}
    return document


def load(client: BenchClient, role: str) -> None:
    """Give a device its keys and its state."""
    fragments.load(client.control, state(role), HOME.keys[EUIS[role]])


def new_meter(client: BenchClient) -> None:
    """Make an electricity meter new: its keys, one phase, 10:07:13."""
    keys = HOME.keys[EUIS["esme"]]
    client.control("FORGET", {"store": True, "overwrite": False})
    for party in keys["parties"]:
        client.control("KEYS", {"device_id": keys["device_id"], "parties": [party]})
    client.control("KEYS", {"private_key": keys["private_key"]})
    client.control("SET", {"voltage": {"phases": 1}})
    client.control("CLOCK", {"time": "2026-11-06T10:07:13Z", "status": "reliable"})


def command(role: str, counter: int, use_case: str = "GCS13a", **params: Any) -> bytes:
    """A command to a device of this home."""
    return SUPPLIER.command(use_case, bytes.fromhex(EUIS[role]), counter, params or None)


@cache
def expected(role: str, asked: bytes) -> bytes:
    """The answer of the same firmware on CPython, whose tests hold it against RTDS."""
    with BenchClient(ProcessTransport(role, "cpython")) as client:
        load(client, role)
        return client.respond(asked)


def exchange(client: BenchClient, role: str, counter: int, use_case: str = "GCS13a") -> bytes:
    """One exchange; the answer is genuine by the host's own decoder, or an assertion fails."""
    asked = command(role, counter, use_case)
    answer = client.respond(asked)
    SUPPLIER.verify(answer, asked)
    return answer
