"""Services of the DCC through the gateway: a customer's number, local responses, images, coverage.

9.1, 8.6, 8.13, 11.1, 11.4 and 12.1. Where the schemas of DUIS are at hand, each document is
valid under DUIS 5.4 and MMC 5.4.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from dcc_bench import (
    DCC,
    DEVICES,
    HOME,
    OPERATOR,
    OTHER,
    SUPPLIER,
    Here,
    bench,
    code,
    dashed,
    load,
    payload,
    text,
    with_pre_command,
)

from host_tools.bench import BenchClient
from host_tools.dcc import choices
from host_tools.dcc.inventory import Device
from host_tools.dcc.to_dcc import ToDcc
from host_tools.duis import command
from host_tools.gbcs.message import decode
from host_tools.mmc import batch, correlate, records, schema
from host_tools.srv.variants import all_variants

RING = HOME.ring()
IMAGE = base64.b64encode(b"an image").decode()
NOBODY = "02534D45545300EE"
# Devices that are only in the inventory, with their type and state.
KNOWN = {
    "02534D45545300B4": ("PPMID", "Commissioned"),
    "02534D45545300B5": ("PPMID", "Pending"),
    "02534D45545300B6": ("ESME", "Pending"),
}
PPMID, NEW_PPMID, NEW_ESME = KNOWN


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A gateway with links to an ESME and a GSME; the GPF has none."""
    with bench(tmp_path_factory.mktemp("services"), ("esme", "gsme")) as found:
        for eui, (kind, status) in KNOWN.items():
            found.gateway.inventory.add(
                Device(bytes.fromhex(eui), kind, status), datetime.now(UTC)
            )
        yield found


def posted(one, after, count=1):
    return [one.read(octets) for octets in one.listener.wait(after + count)[after:]]


def to_dcc(one, service, values, by=SUPPLIER):
    return one.ask("D", one.request(service, DCC, values, by=by))


def status(one, eui):
    named = {"DeviceID": dashed(eui)}
    return text(to_dcc(one, "8.2", named), "Device/DeviceStatus")


# ---- 9.1


@pytest.mark.parametrize(("role", "use_case"), [("esme", "ECS50"), ("gsme", "GCS36")])
def test_a_customer_is_told_the_number_that_the_user_is_told(one, role, use_case):
    """The device gets four digits, the same ones that CINMessage has; the answer makes MMC."""
    seen = len(one.listener.got)
    asked = one.request("9.1", role, by=OTHER)
    assert code(one.ask("S", asked)) == "I99"
    (response,) = posted(one, seen)
    assert code(response) == "I0"
    number = text(response, "CINMessage/CustomerIdentificationNumber")
    assert len(number) == 4 and number.isdecimal()
    sent = one.devices[role].commands[-1]
    assert number.encode() in sent  # neither command is encrypted
    message = decode(sent, RING)
    assert not message.failed and message.use_case.id == use_case
    assert message.header.originator == bytes.fromhex(DCC)
    assert message.header.supplementary_party == bytes.fromhex(OTHER)
    answer = decode(base64.b64decode(text(response, "CINMessage/GBCSPayload")), RING)
    assert all(check.passed for check in answer.checks)
    taken, told = [result for result in judged(one) if result.request_id == name_of(asked)]
    assert (taken.status, told.status) == ("acknowledged", correlate.ANSWERED)
    assert not told.problem
    assert told.made.element == "RequestCustomerIdentificationNumberRsp" and told.made.success


def name_of(request):
    return request.partition(b"RequestID>")[2].partition(b"<")[0].decode()


def judged(one):
    """What Parse and Correlate makes of the gateway's log."""
    path = schema.path()
    options = batch.Options(RING, schema.load(path) if path else None)
    return list(batch.run([], records.read([one.folder / "dcc.sqlite"]), options))


def test_a_number_is_for_other_users(one):
    before = len(one.devices["esme"].commands)
    assert code(one.ask("S", one.request("9.1", "esme"))) == "E2"
    assert len(one.devices["esme"].commands) == before


# ---- 8.13


@pytest.fixture
def meter():
    """An ESME that no WAN reaches: it gets local commands alone."""
    client = BenchClient(Here("esme"))
    load("esme")(client)
    return client


def local_read(one, variant=2, role="esme", by=SUPPLIER):
    """A read for local delivery: its request and command."""
    asked = one.request("4.1.1", role, variant=variant, by=by)
    answer = one.ask("D" if variant == 2 else "S", asked)
    assert code(answer) == "I0"
    return asked, base64.b64decode(text(answer, "LocalCommand/GBCSPayload"))


def returned(one, octets, original=None, by=SUPPLIER):
    values = {"DeviceGBCSResponse": base64.b64encode(octets).decode()}
    if original is not None:
        values = {"OriginalRequestID": original, **values}
    return code(to_dcc(one, "8.13", values, by))


def test_a_local_response_counts_as_if_it_came_over_the_wan(one, meter):
    """Commissioning (8.1.1) by variants 4 and 6: the device is commissioned once 8.13 says so."""
    esme = bytes.fromhex(DEVICES["esme"])
    one.gateway.store.run("UPDATE devices SET status = 'Pending' WHERE eui = ?", esme)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    time_set = {"CurrentDateTime": now, "TolerancePeriod": "10"}
    named = {"request": "CommissionDeviceSynchroniseClock"}
    first = one.request("8.1.1", "esme", time_set, **named)
    pre_command = base64.b64decode(text(one.ask("T", first), "PreCommand/GBCSPayload"))
    done = with_pre_command(first, command.sign(pre_command, HOME.parties()))
    local = done.replace(b"CommandVariant>5<", b"CommandVariant>6<")
    answer = one.ask("D", one.signed(local))
    before, seen = len(one.devices["esme"].commands), len(one.listener.got)
    response = meter.respond(base64.b64decode(text(answer, "LocalCommand/GBCSPayload")))
    assert status(one, DEVICES["esme"]) == "Pending"
    assert returned(one, response, name_of(first)) == choices.RETURNED
    assert status(one, DEVICES["esme"]) == "Commissioned"
    # The user has it: it is not posted, and nothing went over the WAN.
    assert len(one.listener.got) == seen and len(one.devices["esme"].commands) == before
    assert returned(one, response, name_of(first)) == choices.NOT_LOCAL  # once


@pytest.mark.parametrize("named", [True, False], ids=["OriginalRequestID", "by its counter"])
def test_parse_and_correlate_finds_a_returned_response(one, meter, named):
    asked, octets = local_read(one)
    name = name_of(asked)
    found = [result.status for result in judged(one) if result.request_id == name]
    assert found == ["acknowledged", correlate.MISSING]
    assert returned(one, meter.respond(octets), name if named else None) == choices.RETURNED
    judgement = judged(one)
    taken, answer = [result for result in judgement if result.request_id == name]
    assert (taken.status, answer.status) == ("acknowledged", correlate.ANSWERED)
    assert answer.srv == "4.1.1" and answer.use_case == "ECS17b" and not answer.problem
    # Nor does the request that brought it wait for anything: the DCC has answered it.
    brought = [result.status for result in judgement if result.srv == "8.13"]
    assert brought and set(brought) <= {"acknowledged", correlate.REFUSED}


def changed(octets):
    return octets[:-1] + bytes([octets[-1] ^ 1])


# What is returned instead of the response, for which request: response code.
REFUSED = {
    "changed": (lambda _, response: changed(response), "own", choices.NO_RESPONSE),
    "the command": (lambda octets, _: octets, "own", choices.NO_RESPONSE),
    "no message": (lambda *_: b"\xdf\x09\x02", "own", choices.NO_RESPONSE),
    "empty": (lambda *_: b"", None, choices.NO_RESPONSE),
    "of another command": (lambda _, response: response, "another", choices.OTHER_RESPONSE),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_response_is_refused_and_changes_nothing(one, meter, name):
    make, original, wanted = REFUSED[name]
    other, _ = local_read(one)
    asked, octets = local_read(one)
    own = name_of(asked)
    names = {"own": own, "another": name_of(other), None: None}
    response = meter.respond(octets)
    assert returned(one, make(octets, response), names[original]) == wanted
    assert returned(one, response, own) == choices.RETURNED


@pytest.mark.parametrize("named", [True, False], ids=["OriginalRequestID", "by its counter"])
def test_a_response_to_another_user_is_not_taken(one, meter, named):
    """A network operator's local read, whose response a supplier brings."""
    asked, octets = local_read(one, by=OPERATOR)
    name = name_of(asked) if named else None
    assert returned(one, meter.respond(octets), name) == choices.NOT_LOCAL


def test_a_response_that_came_over_the_wan_is_not_returned(one):
    """The command of variant 1 was never local."""
    seen = len(one.listener.got)
    asked = one.request("4.1.1", "esme")
    one.ask("S", asked)
    (response,) = posted(one, seen)
    assert returned(one, payload(response), name_of(asked)) == choices.NOT_LOCAL


@pytest.mark.parametrize("expired", [False, True], ids=["waiting", "given up (E20)"])
def test_a_command_for_both_ways_is_done_once_its_response_is_returned(one, expired):
    """Variant 3 to a GPF whose link is down; E20 is told once at most."""
    client = BenchClient(Here("gpf"))
    load("gpf")(client)
    asked, octets = local_read(one, 3, "gpf")
    seen = len(one.listener.got)
    later = datetime.now(UTC) + timedelta(seconds=choices.LINK_PATIENCE_S + 1)
    if expired:
        one.gateway.pass_time(later)
        assert code(posted(one, seen)[0]) == "E20"
        seen += 1
    assert returned(one, client.respond(octets), name_of(asked)) == choices.RETURNED
    row = "SELECT state FROM requests WHERE device = ? AND counter = ?"
    counter = int(name_of(asked).rpartition(":")[2]).to_bytes(8, "big")
    assert one.gateway.store.row(row, bytes.fromhex(DEVICES["gpf"]), counter)[0] == "done"
    one.gateway.pass_time(later)
    assert len(one.listener.got) == seen


# ---- 8.6


def opting_in(eui, kind="ESME"):
    return {
        "DeviceID": dashed(eui),
        "DeviceType": kind,
        "MPxNs/ImportMPxN": "1312345678111",
        "MPxNs/ExportMPAN": "1312345678333",
        "OptInDate": "2026-02-01",
    }


def test_opting_in_gives_the_certificate_of_the_broker(one):
    esme = DEVICES["esme"]
    answer = to_dcc(one, "8.6", opting_in(esme))
    assert code(answer) == "I0" and text(answer, "DSPOptIn/DeviceID") == dashed(esme)
    octets = base64.b64decode(text(answer, "DSPBrokerSecurityCredentialsKeyAgreement"))
    key = x509.load_der_x509_certificate(octets).public_key()
    parties = HOME.parties_document["parties"]
    (wanted,) = [party["ka_public"] for party in parties if party["id"] == DCC]
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = key.public_numbers()
    assert f"{numbers.x:064x}{numbers.y:064x}" == wanted.lower()[-128:]
    found = to_dcc(one, "8.2", {"DeviceID": dashed(esme)})
    assert text(found, "ImportMPxN") == "1312345678111"
    assert text(found, "ExportMPAN") == "1312345678333"


def test_opting_in_another_device(one):
    assert code(to_dcc(one, "8.6", opting_in(NOBODY))) == "E19"
    assert code(to_dcc(one, "8.6", opting_in(DEVICES["esme"], "GSME"))) == choices.OPT_IN_TYPE


# ---- 11.1, 11.4

ESME, GSME = DEVICES["esme"], DEVICES["gsme"]
# Service, devices of the list: response code, lists of the warning.
UPDATES = [
    ("11.1", [ESME], "I99", {}),
    ("11.1", [ESME, GSME, ESME], "I99", {}),
    (
        "11.1",
        [ESME, NOBODY, PPMID, NEW_ESME, NEW_PPMID],
        "W110101",
        {
            "InvalidDeviceIDList": [NOBODY],
            "NotCommissionedDeviceIDList": [NEW_ESME],
            "NotApplicableFirmwareDeviceIDList": [PPMID, NEW_PPMID],
        },
    ),
    ("11.1", [NOBODY, PPMID], "E110101", {}),
    ("11.4", [PPMID], "I99", {}),
    ("11.4", [PPMID, NEW_PPMID], "W110401", {"NotCommissionedDeviceIDList": [NEW_PPMID]}),
    ("11.4", [ESME, PPMID], "W110401", {"NotApplicableFirmwareDeviceIDList": [ESME]}),
    ("11.4", [NEW_PPMID], "E110401", {}),
]


@pytest.mark.parametrize(("service", "devices", "wanted", "lists"), UPDATES)
def test_an_image_is_for_the_devices_that_may_have_it(one, service, devices, wanted, lists):
    answer = to_dcc(one, service, update(devices))
    assert code(answer) == wanted
    warnings = {"11.1": "DSPUpdateFirmwareWarning", "11.4": "DSPUpdatePPMIDFirmwareWarning"}
    found = answer.find(f".//{{*}}{warnings[service]}")
    told = {item.tag.partition("}")[2]: item.text for item in found} if lists else {}
    assert (found is not None) == bool(lists)
    assert told == {name: ",".join(map(dashed, euis)) for name, euis in lists.items()}


def update(devices, image=IMAGE):
    return {
        "FirmwareImage": image,
        "FirmwareVersion": "0000002A",
        "DeviceIDList": ",".join(map(dashed, devices)),
    }


def test_an_image_for_the_device_of_another(one):
    store, esme = one.gateway.store, bytes.fromhex(ESME)
    store.run("UPDATE devices SET supplier = ? WHERE eui = ?", bytes(8), esme)
    try:
        answer = to_dcc(one, "11.1", update([ESME, GSME]))
        assert code(answer) == "W110101" and text(answer, "InvalidDeviceIDList") == dashed(ESME)
    finally:
        store.run("UPDATE devices SET supplier = NULL WHERE eui = ?", esme)


def test_without_a_schema_a_response_that_is_no_base64_is_refused(one):
    known = one.gateway.known
    one.gateway.known = replace(known, schema=None)
    try:
        answer = to_dcc(one, "8.13", {"DeviceGBCSResponse": "\u00e9" * 20})
        assert code(answer) == choices.NOT_VALID
    finally:
        one.gateway.known = known


def test_an_update_without_an_image_or_by_a_network_operator(one):
    assert code(to_dcc(one, "11.1", update([ESME], ""))) == choices.NOT_VALID
    assert code(to_dcc(one, "11.1", update([ESME]), OPERATOR)) == "E2"


# ---- 12.1


@pytest.mark.parametrize(
    "asked",
    [
        {"UPRN": "123456"},
        {"PartialAddress/PostCode": "M22 0RR", "PartialAddress/AddressIdentifier": "1 A & B"},
    ],
    ids=["UPRN", "address"],
)
def test_coverage_is_told_with_its_question(one, asked):
    answer = to_dcc(one, "12.1", asked, OPERATOR)
    assert code(answer) == "I0"
    for path, wanted in asked.items():
        assert text(answer, f"DSPWANMatrix/Request/{path}") == wanted
    found = answer.findall(".//{*}DSPWANMatrixResponse")
    told = [[(item.tag.partition("}")[2], item.text) for item in each] for each in found]
    assert told == [
        [("CSPRegion", region), ("CSPRegionResponseCode", "I0"), *values.items()]
        for region, values in choices.WAN_MATRIX
    ]


def test_each_request_to_the_dcc_is_known(one):
    """The 16 of the request matrix."""
    wanted = {srv for srv, variant in all_variants().items() if not variant.for_device}
    gateway = one.gateway
    known = ToDcc(gateway.inventory, gateway.schedules, lambda: None, *[lambda *_: None] * 2)
    assert len(wanted) == 16 and known.services == wanted
