"""A user's requests through the gateway to devices, and back to the user's listener."""

from __future__ import annotations

import base64
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
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
from host_tools.dcc.requests import Open
from host_tools.dcc.rules import Refused
from host_tools.duis import command, document
from host_tools.gbcs.message import decode
from host_tools.mmc import alerts

RING = HOME.ring()
NOW = datetime.now(UTC)
READS = {  # service, device, user -> the use case that the device carries out
    ("4.1.1", "gpf", SUPPLIER): "GCS13a",
    ("4.1.1", "gsme", SUPPLIER): "GCS13a",
    ("4.1.1", "esme", SUPPLIER): "ECS17b",
    ("4.3", "gpf", SUPPLIER): "GCS14",
    ("4.18", "gpf", SUPPLIER): "GCS60a",
    ("6.2.1", "esme", OPERATOR): "ECS26b",
}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    with bench(tmp_path_factory.mktemp("dcc")) as found:
        yield found


def posted(one, after, count=1):
    """What has come to the listener after so many."""
    return [one.read(octets) for octets in one.listener.wait(after + count)[after:]]


def response_to(one, answer, after):
    """What has come to the listener, after so many, of the request that was answered so."""
    name, count = text(answer, "RequestID"), 1
    while True:
        for root in posted(one, after, count):
            if root.findtext(".//{*}RequestID") == name:
                return root
        count += 1


def genuine(octets):
    message = decode(octets, RING)
    assert all(check.passed for check in message.checks)
    return message


# ---- What is asked of devices


@pytest.mark.parametrize("case", READS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_read_is_acknowledged_and_its_response_posted(one, case):
    service, role, user = case
    seen = len(one.listener.got)
    asked = one.request(service, role, by=user)
    answer = one.ask("S", asked)
    assert code(answer) == "I99" and text(answer, "ServiceReferenceVariant") == service
    (response,) = posted(one, seen)
    assert code(response) == "I0"
    assert text(response, "RequestID") == f"{dashed(user)}:{dashed(DEVICES[role])}:{one.counter}"
    message = genuine(payload(response))
    assert message.use_case.id == READS[case]
    answering = text(response, "ResponseID").rpartition(":")
    assert int(answering[2]) == message.header.counter
    assert answering[0] == f"{dashed(DEVICES[role])}:{dashed(user)}"


def test_a_critical_request_is_transformed_signed_and_sent(one):
    seen = len(one.listener.got)
    assert code(one.critical("7.3", "esme")) == "I99"
    (response,) = posted(one, seen)
    assert code(response) == "I0"
    message = genuine(payload(response))
    assert message.use_case.id == "ECS44" and message.header.counter == one.counter
    sent = decode(one.devices["esme"].commands[-1], RING)
    assert all(check.passed for check in sent.checks) and sent.header.counter == one.counter


def test_a_pre_command_that_another_signed_goes_nowhere(one):
    first = one.request("7.3")
    pre_command = base64.b64decode(text(one.ask("T", first), "PreCommand/GBCSPayload"))
    signed = bytearray(command.sign(pre_command, HOME.parties()))
    signed[-1] ^= 1
    before = len(one.devices["esme"].commands)
    answer = one.ask("S", one.signed(with_pre_command(first, bytes(signed))))
    assert code(answer) == choices.NOT_MADE
    read = one.request("4.1.1")  # and one of another service
    fine = command.sign(pre_command, HOME.parties())
    other = one.signed(with_pre_command(first, fine).replace(b">7.3<", b">7.2<"))
    assert code(one.ask("S", other)) == choices.NOT_MADE
    assert code(one.ask("S", read)) == "I99"
    one.listener.wait(1)
    time.sleep(0.05)
    assert len(one.devices["esme"].commands) <= before + 1


def test_local_delivery(one):
    """Variant 2 comes back; variant 3 goes to the device, too."""
    before = len(one.devices["gpf"].commands)
    answer = one.ask("D", one.request("4.1.1", "gpf", variant=2))
    assert code(answer) == "I0"
    local = base64.b64decode(text(answer, "LocalCommand/GBCSPayload"))
    assert decode(local, RING).use_case.id == "GCS13a"
    assert len(one.devices["gpf"].commands) == before
    seen = len(one.listener.got)
    answer = one.ask("S", one.request("4.1.1", "gpf", variant=3))
    local = base64.b64decode(text(answer, "LocalCommand/GBCSPayload"))
    posted(one, seen)
    assert one.devices["gpf"].commands[before:] == [local]


def test_through_the_broker(one):
    """What the broker itself reads has its own counter, which rises."""
    seen = len(one.listener.got)
    for _ in range(2):
        answer = one.ask("S", one.request("6.24.1", "esme", {"RemotePartyRole": "Supplier"}))
        assert code(answer) == "I99"
    posted(one, seen, 2)
    sent = [decode(octets, RING).header for octets in one.devices["esme"].commands]
    own = [head.counter for head in sent if head.originator == bytes.fromhex(DCC)]
    assert len(own) >= 2 and own == sorted(set(own))


def test_a_command_for_later_waits_and_is_taken_back(one):
    when = (NOW + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S.00Z")
    dated = {"ExecutionDateTime": when}
    before = len(one.devices["gpf"].commands)
    assert code(one.ask("S", one.request("4.1.1", "gpf", dated))) == "I99"
    waiting = "SELECT count(*) FROM requests WHERE state = 'waiting'"
    assert one.gateway.store.row(waiting)[0] == 1
    assert len(one.devices["gpf"].commands) == before
    undone = {"ExecutionDateTime": "3000-12-31T00:00:00Z"}
    assert code(one.ask("S", one.request("4.1.1", "gpf", undone))) == "I99"
    assert one.gateway.store.row(waiting)[0] == 0
    seen = len(one.listener.got)
    assert code(one.ask("S", one.request("4.1.1", "gpf", dated))) == "I99"
    one.gateway.store.run("UPDATE requests SET due = since WHERE state = 'waiting'")
    one.gateway.pass_time(datetime.now(UTC))
    assert code(posted(one, seen)[0]) == "I0"
    assert len(one.devices["gpf"].commands) == before + 1


# ---- Refusals

REFUSED = {
    "role": ("E2", "S", {"service": "4.3", "by": OPERATOR}),
    "type": ("E11", "S", {"service": "4.1.4", "role": "esme"}),
    "variant": ("E12", "S", {"service": "4.1.1", "variant": 5}),
    "critical, not to be transformed": ("E12", "S", {"service": "7.3", "variant": 1}),
    "place": ("E13", "T", {"service": "4.1.1"}),
    "place of the DCC's": ("E13", "S", {"service": "8.2", "role": DCC}),
    "device": ("E19", "S", {"service": "4.1.1", "role": "02534D45545300EE"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_is_refused_by_its_code(one, name):
    wanted, service, what = REFUSED[name]
    values = {"DeviceID": dashed(DEVICES["gpf"])} if what["service"] == "8.2" else {}
    before = {role: len(device.commands) for role, device in one.devices.items()}
    answer = one.ask(service, one.request(values=values, **what))
    assert code(answer) == wanted
    assert {role: len(device.commands) for role, device in one.devices.items()} == before


def test_who_changed_it_or_did_not_sign_it(one):
    good = one.request("4.1.1", "gpf")
    changed = good.replace(b">4.1.1<", b">4.1.2<").replace(
        b"ImportRegisters", b"ImportTOUMatrices"
    )
    assert changed != good
    unsigned = good[: good.index(b"<ds:Signature")] + b"</sr:Request>"
    for data in (changed, unsigned):
        status, octets = one.post("S", data)
        wanted = (choices.NOT_SIGNED, choices.NOT_VALID)  # the schema wants a signature, too
        assert status == 200 and code(one.read(octets)) in wanted


def test_one_request_id_is_one_request(one):
    """The same document again has the same answer; another one is refused; one command is sent."""
    first = one.request("4.1.1", "gpf")
    other = one.request("4.3", "gpf", counter=one.counter)
    before, seen = len(one.devices["gpf"].commands), len(one.listener.got)
    answer = one.post("S", first)
    assert one.post("S", first) == answer
    assert code(one.ask("S", other)) == choices.SAME_ID
    posted(one, seen)
    assert one.post("S", first) == answer
    assert len(one.devices["gpf"].commands) == before + 1


def test_two_clients_with_the_same_counter_at_once(one):
    first = one.request("4.1.1", "gpf")
    both = [first, one.request("4.3", "gpf", counter=one.counter)]
    before, seen = len(one.devices["gpf"].commands), len(one.listener.got)
    codes = []
    threads = [Thread(target=lambda data=data: codes.append(one.ask("S", data))) for data in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(code, codes)) == [choices.SAME_ID, "I99"]
    posted(one, seen)
    assert len(one.devices["gpf"].commands) == before + 1


def test_a_device_of_another_or_out_of_use(one):
    gpf = bytes.fromhex(DEVICES["gpf"])
    store = one.gateway.store
    store.run("UPDATE devices SET supplier = ? WHERE eui = ?", bytes(8), gpf)
    assert code(one.ask("S", one.request("4.1.1", "gpf"))) == "E4"
    store.run("UPDATE devices SET supplier = ? WHERE eui = ?", bytes.fromhex(SUPPLIER), gpf)
    for status in ("Suspended", "Decommissioned"):
        store.run("UPDATE devices SET status = ? WHERE eui = ?", status, gpf)
        assert code(one.ask("S", one.request("4.1.1", "gpf"))) == "E5"
    store.run("UPDATE devices SET status = 'Commissioned' WHERE eui = ?", gpf)


def test_a_device_that_does_not_answer_or_is_not_there(one, monkeypatch):
    seen = len(one.listener.got)
    one.devices["gsme"].answers = False
    try:
        one.ask("S", one.request("4.1.1", "gsme"))
        assert code(posted(one, seen)[0]) == "E21"
    finally:
        one.devices["gsme"].answers = True
    line = one.gateway.lines.pop(bytes.fromhex(DEVICES["gsme"]))
    try:
        assert code(one.ask("S", one.request("4.1.1", "gsme"))) == "I99"
        later = datetime.now(UTC) + timedelta(seconds=choices.LINK_PATIENCE_S + 1)
        one.gateway.pass_time(datetime.now(UTC))
        assert len(one.listener.got) == seen + 1
        one.gateway.pass_time(later)
        assert code(posted(one, seen, 2)[1]) == "E20"
    finally:
        one.gateway.lines[line.device] = line


def with_counter(octets):
    """A response with another counter."""
    start = octets.index(b"\xdf\x09\x02") + 3
    return octets[:start] + bytes(8) + octets[start + 8 :]


WRONG = {
    "an earlier response": lambda earlier, _: earlier,
    "the command": lambda _, command: command,
    "no message": lambda *_: bytes(20),
    "another counter": lambda earlier, _: with_counter(earlier),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_response_to_the_command_is_not_passed_on(one, monkeypatch, name):
    """Such as an old one again: its user is told E21, and no other party's answer."""
    seen = len(one.listener.got)
    one.ask("S", one.request("4.1.1", "esme"))
    earlier = payload(posted(one, seen)[0])
    esme, receive = one.devices["esme"], one.devices["esme"].receive

    def said(timeout):
        line = receive(timeout)
        if not line.startswith("GBCS:DATA#"):
            return line
        octets = WRONG[name](earlier, esme.commands[-1])
        return f"{line.split(':')[0]}:{line.split(':')[1]}:{len(octets)}:{octets.hex().upper()}"

    monkeypatch.setattr(esme, "receive", said)
    one.ask("S", one.request("4.1.1", "esme", by=OPERATOR))
    told = posted(one, seen + 1)[0]
    assert code(told) == "E21" and told.find(".//{*}GBCSPayload") is None


def test_a_response_that_is_damaged_is_for_its_user_to_see(one, monkeypatch):
    seen = len(one.listener.got)
    esme, receive = one.devices["esme"], one.devices["esme"].receive

    def said(timeout):
        line = receive(timeout)
        return line[:-2] + f"{int(line[-2:], 16) ^ 1:02X}" if "DATA#" in line else line

    monkeypatch.setattr(esme, "receive", said)
    one.ask("S", one.request("4.1.1", "esme"))
    told = posted(one, seen)[0]
    assert code(told) == "I0" and decode(payload(told), RING).failed


@pytest.mark.parametrize("ended", ["decommissioned", "deleted"])
def test_what_waits_is_not_sent_to_a_device_that_went_out_of_use(one, ended):
    gpf = bytes.fromhex(DEVICES["gpf"])
    seen, before = len(one.listener.got), len(one.devices["gpf"].commands)
    when = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for _ in range(2):
        asked = one.request("4.1.1", "gpf", {"ExecutionDateTime": when})
        assert code(one.ask("S", asked)) == "I99"
    named = {"DeviceID": dashed(DEVICES["gpf"])}
    end = {"decommissioned": ("8.3", named), "deleted": ("8.4", {**named, "DeleteDevice": ""})}
    assert code(to_dcc(one, *end[ended])) == "I99"
    one.gateway.store.run("UPDATE requests SET due = since WHERE state = 'waiting'")
    one.gateway.pass_time(datetime.now(UTC))
    try:
        assert [code(told) for told in posted(one, seen, 2)] == ["E5", "E5"]
        assert len(one.devices["gpf"].commands) == before
    finally:
        one.gateway.store.run("DELETE FROM devices WHERE eui = ?", gpf)
        one.gateway.inventory.add(Device(gpf, "GPF", "Commissioned"), NOW)


def test_a_request_that_is_refused_is_in_the_log(one, caplog):
    """With its answer, and the reason on stderr; nothing of what its user did not sign."""
    log = "SELECT document FROM messages ORDER BY id DESC LIMIT 2"
    asked = one.request("4.1.4", "esme")
    status, answer = one.post("S", asked)
    assert status == 200 and code(one.read(answer)) == "E11"
    assert [row[0] for row in one.gateway.store.rows(log)] == [answer, asked]
    assert "E11: 4.1.4 is not for a ESME" in caplog.text
    unsigned = asked[: asked.index(b"<ds:Signature")] + b"</sr:Request>"
    one.post("S", unsigned)
    one.post("S", one.request("4.3", "gpf", counter=one.counter + 1, by=OTHER))
    assert code(one.ask("S", one.request("4.1.1", "gpf"))) == "I99"
    found = [row[0] for row in one.gateway.store.rows("SELECT document FROM messages")]
    assert unsigned not in found


# ---- The listener


@pytest.mark.parametrize("alert_code", [-0x80, 0x18F67])
def test_an_alert_whose_code_is_none_is_not_passed_on(one, monkeypatch, alert_code):
    sent = one.devices["esme"].commands[-1]
    alarms = "SELECT count(*) FROM messages WHERE instr(document, 'DeviceAlertMessage')"
    known, refused = one.gateway.store.row(alarms), one.gateway.refused["alert"]
    monkeypatch.setattr(alerts, "code_and_time", lambda _: (alert_code, None))
    one.gateway.alert(sent)
    assert one.gateway.refused["alert"] == refused + 1
    assert one.gateway.store.row(alarms) == known


def test_a_listener_that_is_down_gets_all_in_order(one, monkeypatch):
    monkeypatch.setattr(choices, "FIRST_RETRY_S", 0.02)
    seen = len(one.listener.got)
    one.listener.status = 503
    ids = []
    for _ in range(3):
        ids.append(text(one.ask("S", one.request("4.1.1", "gpf")), "RequestID"))
    time.sleep(0.1)
    assert len(one.listener.got) == seen
    one.listener.status = 204
    assert [text(root, "RequestID") for root in posted(one, seen, 3)] == ids


def test_an_alert_goes_to_its_user(one):
    """A sag that the device notices; its alert is for the network operator."""
    meter = Here("esme")
    client = BenchClient(meter)
    found = []
    client.on_alert = found.append
    load("esme")(client)
    wave = {"mv": 241000, "events": [["sag", 0, 60000, 850]]}
    client.control("SET", {"voltage": {"phases": 1, "waves": [wave]}})
    client.control("ADVANCE", {"seconds": 120})
    assert found
    seen = len(one.listener.got)
    one.devices["esme"].say(f"GBCS:ALERT#7:{len(found[0])}:{found[0].hex().upper()}")
    (alert,) = posted(one, seen)
    head = decode(found[0], RING).header
    assert head.target == bytes.fromhex(OPERATOR)
    assert payload(alert) == found[0]
    assert bytes.fromhex(text(alert, "DeviceAlertMessage/AlertCode")) in found[0]
    assert text(alert, "ResponseID") == (
        f"{dashed(DEVICES['esme'])}:{dashed(OPERATOR)}:{head.counter}"
    )


def test_a_dated_command_is_told_of_when_it_is_carried_out(one):
    """ECS02 for a time in an hour: answered at once, and each part when its time has come."""
    seen = len(one.listener.got)
    when = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    one.critical("1.6", "esme", {"ExecutionDateTime": when, "Credit": ""})
    name = text(posted(one, seen)[0], "RequestID")
    meter = one.devices["esme"]
    meter.send('CTRL:ADVANCE#9:16:{"seconds":7200}')
    total = int(text(posted(one, seen, 2)[1], "TotalCommandInstructions"))
    told = posted(one, seen, 1 + total)[1:]
    assert total >= 1
    for number, root in enumerate(told, 1):
        assert text(root, "RequestID") == name and code(root) == "I0"
        assert text(root, "FutureDatedAlertCode") == "8F66"
        assert int(text(root, "InstructionNumber")) == number
        assert int(text(root, "TotalCommandInstructions")) == total
        assert decode(payload(root), RING).header.message_code == 0x00CC
    time.sleep(0.3)
    assert len(one.listener.got) == seen + 1 + total


# ---- What is asked of the DCC


def to_dcc(one, service, values, by=SUPPLIER):
    return one.ask("D", one.request(service, DCC, values, by=by))


def test_the_inventory(one):
    hub = "02534D45545300C0"
    told = {
        "DeviceID": dashed(hub),
        "DeviceManufacturer": "AB01",
        "DeviceModel": "010A030B",
        "DeviceType": "CHF",
    }
    named = {"DeviceID": dashed(hub)}
    assert code(to_dcc(one, "8.2", named)) == "E19"
    assert code(to_dcc(one, "12.2", told)) == "I99"
    assert code(to_dcc(one, "12.2", told)) == choices.KNOWN_DEVICE
    found = to_dcc(one, "8.2", named)
    assert code(found) == "I0" and text(found, "Device/DeviceStatus") == "Pending"
    assert text(found, "Device/DeviceModel") == "010A030B"
    new = {**named, "UpdateDeviceDetails/FirmwareVersion": "0000002A"}
    assert code(to_dcc(one, "8.4", new)) == "I99"
    found = to_dcc(one, "8.2", named)
    assert text(found, "Device/DeviceFirmwareVersion") == "0000002A"
    assert text(found, "Device/DeviceModel") == "010A030B"
    wrong = {**named, "UpdateDeviceStatusExceptCH": "Pending"}
    assert code(to_dcc(one, "8.4", wrong)) == "E11"
    assert code(to_dcc(one, "8.3", named)) == "I99"
    assert text(to_dcc(one, "8.2", named), "Device/DeviceStatus") == "Decommissioned"
    assert code(to_dcc(one, "8.4", {**named, "DeleteDevice": ""})) == "I99"
    assert code(to_dcc(one, "8.2", named)) == "E19"


def test_a_hub_comes_with_its_gas_proxy(one):
    """12.2 names it: a device of its own, which 8.2 shows beside the hub."""
    hub, gpf = "02534D45545300C1", "02534D45545300C2"
    told = {
        "DeviceID": dashed(hub),
        "DeviceManufacturer": "AB01",
        "DeviceModel": "010A030B",
        "DeviceType": "CHF",
    }
    same = to_dcc(one, "12.2", {**told, "AssociatedGPFDeviceID": dashed(hub)})
    assert code(same) == choices.NOT_VALID
    esme = {**told, "AssociatedGPFDeviceID": dashed(DEVICES["esme"])}
    assert code(to_dcc(one, "12.2", esme)) == choices.KNOWN_DEVICE
    assert one.gateway.inventory.find(bytes.fromhex(hub)) is None
    assert code(to_dcc(one, "12.2", {**told, "AssociatedGPFDeviceID": dashed(gpf)})) == "I99"
    for eui in (hub, gpf):
        found = to_dcc(one, "8.2", {"DeviceID": dashed(eui)})
        devices = {
            (item.findtext("{*}DeviceID"), item.findtext("{*}DeviceType"))
            for item in found.iter("{*}Device")
        }
        assert devices == {(dashed(hub), "CHF"), (dashed(gpf), "GPF")}
    assert (
        code(to_dcc(one, "8.4", {"DeviceID": dashed(gpf), "DeleteDevice": ""}, OPERATOR)) == "E4"
    )
    for eui in (hub, gpf):
        assert code(to_dcc(one, "8.4", {"DeviceID": dashed(eui), "DeleteDevice": ""})) == "I99"


def test_a_new_supplier_takes_a_device_over(one, monkeypatch):
    """6.23 comes from who is not its supplier yet, and is so once the device has done it."""
    gateway, esme = one.gateway, bytes.fromhex(DEVICES["esme"])
    asked = document.request(one.request("4.1.1", "esme"))
    change = replace(asked, service="6.23")
    store = gateway.store
    store.run("UPDATE devices SET supplier = ? WHERE eui = ?", bytes(8), esme)
    try:
        monkeypatch.setattr(gateway.broker, "make", lambda *_: "made")
        monkeypatch.setattr("host_tools.dcc.rules.check_device", lambda *_: None)
        with pytest.raises(Refused, match="another party's"):
            gateway._made(asked, "supplier", NOW)
        assert gateway._made(change, "supplier", NOW) == "made"
        user = bytes.fromhex(SUPPLIER)
        taken = Open(0, user, esme, 1, "6.23", b"", None, None, None)
        monkeypatch.setattr(gateway, "_success", lambda *_: False)
        gateway._carried_out(taken, b"")
        assert gateway.inventory.known(esme).supplier == bytes(8)
        monkeypatch.setattr(gateway, "_success", lambda *_: True)
        gateway._carried_out(taken, b"")
        assert gateway.inventory.known(esme).supplier == user
    finally:
        store.run("UPDATE devices SET supplier = NULL WHERE eui = ?", esme)


def test_a_device_is_commissioned_joins_and_leaves(one):
    """What a device has carried out changes the inventory; what it refused does not."""
    esme, ppmid = DEVICES["esme"], "02534D45545300A4"
    to_dcc(
        one,
        "12.2",
        {
            "DeviceID": dashed(ppmid),
            "DeviceManufacturer": "AB01",
            "DeviceModel": "010A030B",
            "DeviceType": "PPMID",
        },
    )
    store = one.gateway.store
    store.run("UPDATE devices SET status = 'Pending' WHERE eui = ?", bytes.fromhex(esme))
    seen = len(one.listener.got)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    time_set = {"CurrentDateTime": now, "TolerancePeriod": "10"}
    named = {"request": "CommissionDeviceSynchroniseClock"}
    answer = one.critical("8.1.1", "esme", time_set, **named)
    assert code(answer) == "I99" and code(response_to(one, answer, seen)) == "I0"
    status = "SELECT status FROM devices WHERE eui = ?"
    assert store.row(status, bytes.fromhex(esme))[0] == "Commissioned"

    def around(eui):
        found = to_dcc(one, "8.2", {"DeviceID": dashed(eui)})
        return {item.text for item in found.iter("{*}DeviceID")}

    assert around(esme) == {dashed(esme)}
    seen = len(one.listener.got)
    other = {"OtherDeviceID": dashed(ppmid)}
    answer = one.critical("8.7.1", "esme", other, request="JoinServiceCritical")
    assert code(answer) == "I99" and code(response_to(one, answer, seen)) == "I0"
    assert around(esme) == around(ppmid) == {dashed(esme), dashed(ppmid)}
    answer = one.critical("8.8.1", "esme", other, request="UnjoinServiceCritical")
    assert code(answer) == "I99" and code(response_to(one, answer, seen)) == "I0"
    assert around(esme) == {dashed(esme)}


def test_a_schedule(one):
    day = datetime.now(UTC).date()
    asked = {
        "ScheduleFrequency": "Daily",
        "ScheduleStartDate": str(day + timedelta(days=1)),
        "ScheduleExecutionStartTime": "01:00:00Z",
        "DSPScheduledServiceReference": "4.6",
        "DSPScheduledServiceReferenceVariant": "4.6.1",
        "DeviceID": dashed(DEVICES["esme"]),
        "DSPRetrieveImportDailyReadLog/StartDateOffset": "-1",
        "DSPRetrieveImportDailyReadLog/StartTime": "00:00:00.00Z",
        "DSPRetrieveImportDailyReadLog/EndDateOffset": "0",
        "DSPRetrieveImportDailyReadLog/EndTime": "00:00:00.00Z",
    }
    made = to_dcc(one, "5.1", asked)
    assert code(made) == "I0"
    number = text(made, "DSPScheduleID")
    read = to_dcc(one, "5.2", {"DSPScheduleID": number})
    assert text(read, "DSPScheduleDetails/ScheduleFrequency") == "Daily"
    assert code(to_dcc(one, "5.2", {"DSPScheduleID": number}, by=OPERATOR)) == "E050201"
    seen = len(one.listener.got)
    run = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC).replace(hour=1)
    one.gateway.pass_time(run)
    one.gateway.pass_time(run)  # one run
    one.gateway.store.run("UPDATE requests SET due = 0 WHERE state = 'waiting'")
    one.gateway.pass_time(run)
    (response,) = posted(one, seen)
    assert text(response, "DSPScheduledMessage/DSPScheduleID") == number
    assert genuine(payload(response)).use_case.id == "ECS21a"
    assert text(response, "RequestID").endswith(f":{int(run.timestamp() * 1000)}")
    next_run = one.gateway.store.row("SELECT next FROM schedules WHERE id = ?", int(number))[0]
    assert next_run == int((run + timedelta(days=1)).timestamp() * 1000)
    assert code(to_dcc(one, "5.3", {"DSPScheduleID": number})) == "I99"
    assert code(to_dcc(one, "5.3", {"DSPScheduleID": number})) == "E050301"


def test_the_log_is_in_the_file(one):
    """Each document that came from a user and went to one."""
    reader = sqlite3.connect(one.folder / "dcc.sqlite")
    found = [row[0] for row in reader.execute("SELECT document FROM messages")]
    reader.close()
    assert set(one.listener.got) <= set(found)
    assert sum(b"<sr:Request " in octets for octets in found) > 10
