"""A device behind a gateway, judged in black box: its commands go as DUIS over HTTP."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from dcc_bench import DEVICES, HOME, OPERATOR, SUPPLIER, bench, dashed, free_port, make_pki

from host_tools.bench import open_transport
from host_tools.conform.blackbox import BlackBox, Counters, Place
from host_tools.conform.credentials import read_dut, read_parties
from host_tools.conform.model import Verdict, catalogue
from host_tools.conform.verdicts import run
from host_tools.dcc.bridge import Bridge, Link, NotSent, request_of
from host_tools.duis import document
from host_tools.example import GAS_STATE
from host_tools.gbcs.message import decode
from host_tools.remote import RemoteParty

RING = HOME.ring()
NOW = datetime.now(UTC)
GPF, ESME = (bytes.fromhex(DEVICES[role]) for role in ("gpf", "esme"))
PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
# Use case, device, party -> the service that asks for it.
MADE = {
    ("GCS13a", GPF, "supplier"): "4.1.1",
    ("GCS14", GPF, "supplier"): "4.3",
    ("GCS60a", GPF, "supplier"): "4.18",
    ("ECS17b", ESME, "supplier"): "4.1.1",
    ("ECS26b", ESME, "network_operator"): "6.2.1",
    ("ECS35a", ESME, "supplier"): "6.13",
}


@pytest.mark.parametrize("case", MADE, ids=lambda case: case[0])
def test_a_command_is_the_request_that_makes_it(case):
    use_case, device, role = case
    party = RemoteParty(HOME.parties(), role)
    octets = party.command(use_case, device, 5, PERIOD if use_case == "ECS35a" else None, now=NOW)
    asked = document.request(request_of(octets, RING, NOW))
    assert asked.service == MADE[case] and asked.variant == 1
    whose = SUPPLIER if role == "supplier" else OPERATOR
    assert asked.identity == f"{dashed(whose)}:{dashed(device.hex())}:5"


def test_a_signed_command_is_carried():
    supplier = RemoteParty(HOME.parties(), "supplier")
    octets = supplier.command("ECS44", ESME, 7, {"SupplyState": 1}, now=NOW)
    asked = document.request(request_of(octets, RING, NOW))
    assert asked.service == "7.3" and asked.variant == 5
    assert asked.body.findtext("GBCSPayload")


def test_what_no_request_makes_is_not_sent():
    octets = RemoteParty(HOME.parties(), "supplier").command("GCS13a", GPF, 5, now=NOW)
    damaged = octets[:-1] + bytes([octets[-1] ^ 1])
    for wrong in (damaged, octets[:-20], b"", b"\x00" * 40):
        with pytest.raises(NotSent):
            request_of(wrong, RING, NOW)
    broker = RemoteParty(HOME.parties(), "access_control_broker")
    with pytest.raises(NotSent, match="own counter"):
        request_of(broker.command("GCS13a", GPF, 5, now=NOW), RING, NOW)


@contextmanager
def bridged(folder):
    """A gas proxy behind a gateway, and the bench link to it."""
    port = free_port()
    bridge = Bridge(f"http://127.0.0.1:{port}", RING, make_pki(folder))
    link = Link(bridge)
    state = {"device": "GPF", "zcl": GAS_STATE}
    try:
        with bench(folder, ("gpf",), port=port, url=bridge.url, state=state) as one:
            yield one, bridge, link
    finally:
        link.close()
        bridge.close()


def test_a_device_behind_the_gateway_is_judged(tmp_path):
    """Reads are judged on the device's own answers; what the DCC never sends is blocked."""
    documents = HOME.parties_document
    device = next(item for item in documents["devices"] if item["type"] == "GPF")
    dut = {"device": "GPF", "id": device["id"], "ka_public": device["ka_public"]}
    (tmp_path / "DUT.json").write_text(json.dumps(dut))
    (tmp_path / "parties").mkdir()
    (tmp_path / "parties" / "parties.json").write_text(json.dumps(documents))
    names = {
        "GBCS-read-GCS13a": Verdict.PASS,
        "GBCS-read-GCS14": Verdict.PASS,
        "GBCS-bit-flips": Verdict.BLOCKED,
    }
    entries = [entry for entry in catalogue() if entry.id in names]
    assert len(entries) == len(names)
    with bridged(tmp_path) as (one, bridge, link):
        told = read_dut(tmp_path / "DUT.json")
        parties = read_parties(tmp_path / "parties", told)
        place = Place(told, parties, Counters(tmp_path / "counters.json", told.id, None))
        box = BlackBox("gpf", lambda: open_transport("gpf", link.address), place, 30.0)
        try:
            results = {result.check.id: result for result in run(entries, box)}
        finally:
            box.close()
        sent = [decode(octets, RING) for octets in one.devices["gpf"].commands]
    verdicts = {name: result.verdict for name, result in results.items()}
    assert verdicts == names, {name: result.text for name, result in results.items()}
    assert {"GCS13a", "GCS14"} <= {message.use_case.id for message in sent}
    assert all(check.passed for message in sent for check in message.checks)
