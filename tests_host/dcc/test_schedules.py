"""Schedules of the gateway: what is refused when one is made, and how its runs go."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dcc_bench import DCC, DEVICES, OPERATOR, OTHER, SUPPLIER, bench, code, dashed, text
from lxml import etree

from host_tools.dcc import choices
from host_tools.dcc.inventory import Device
from host_tools.duis.document import request as read_request

DAY = datetime.now(UTC).date() + timedelta(days=1)
RUN = datetime(DAY.year, DAY.month, DAY.day, 1, tzinfo=UTC)
READ = "DSPRetrieveImportDailyReadLog"
TIME = "ScheduleExecutionStartTime"


@pytest.fixture
def one(tmp_path):
    """A gateway whose devices have no links: what waits stays."""
    with bench(tmp_path, ()) as found:
        yield found


def period(name, **told):
    found = {"StartDateOffset": "-1", "StartTime": "00:00:00Z", "EndDateOffset": "0"}
    found |= {"EndTime": "00:00:00Z", **told}
    return {f"{name}/{item}": value for item, value in found.items()}


def schedule(service="4.6.1", asked=None, role="esme", **told):
    return {
        "ScheduleFrequency": "Daily",
        "ScheduleStartDate": str(DAY),
        TIME: "01:00:00Z",
        "DSPScheduledServiceReference": ".".join(service.split(".")[:2]),
        "DSPScheduledServiceReferenceVariant": service,
        "DeviceID": dashed(DEVICES.get(role, role)),
        **(period(READ) if asked is None else asked),
        **told,
    }


def make(one, values, by=SUPPLIER):
    return one.ask("D", one.request("5.1", DCC, values, by=by))


def waiting(one):
    """What goes to devices: service and counter."""
    rows = one.gateway.store.rows(
        "SELECT service, counter, device FROM requests WHERE command != x''"
    )
    return [(service, int.from_bytes(counter, "big"), eui) for service, counter, eui in rows]


def unchecked(one):
    """The gateway without a schema."""
    one.gateway.known = replace(one.gateway.known, schema=None)


# ---- Times


@pytest.mark.parametrize("midnight", ["24:00:00Z", "24:00:00", "24:00:00.00Z"])
def test_24_00_00_is_the_next_midnight(one, midnight):
    made = make(one, schedule(asked=period(READ, EndTime=midnight), **{TIME: midnight}))
    assert code(made) == "I0"
    run = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(days=1)
    (due,) = one.gateway.schedules.due(run)
    assert due.moment == run
    body = due.request(1).body
    assert (
        body.findtext("ReadLogPeriod/EndDateTime")
        == f"{run + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    )
    one.gateway.pass_time(run)
    assert len(waiting(one)) == 1


def test_a_schedule_that_cannot_run_stops_no_other(one):
    """Such as one of an older gateway; it runs no more, and its user is told."""
    assert code(make(one, schedule())) == code(make(one, schedule())) == "I0"
    bad = "UPDATE schedules SET details = replace(details, ?, ?) WHERE id = 1"
    one.gateway.store.run(bad, b"<EndTime>00", b"<EndTime>99")
    one.gateway.pass_time(RUN)
    assert len(waiting(one)) == 1
    (told,) = one.listener.wait(1)
    assert code(one.read(told)) == choices.BAD_SCHEDULE
    one.gateway.store.run("UPDATE schedules SET details = replace(details, 'Daily', 'Never')")
    one.gateway.pass_time(RUN + timedelta(days=2))
    assert one.gateway.schedules.due(RUN + timedelta(days=9)) == []


def test_no_fault_ends_the_clock(one, monkeypatch, caplog):
    """Of a run: its user is told; of anything else: the next look comes."""
    make(one, schedule())
    monkeypatch.setattr(one.gateway.broker, "make", lambda *_: 1 // 0)
    with caplog.at_level(logging.ERROR):
        one.gateway.pass_time(RUN)
    assert "ZeroDivisionError" in caplog.text
    assert code(one.read(one.listener.wait(1)[0])) == choices.FAULT
    looks = []
    monkeypatch.setattr(one.gateway, "pass_time", lambda now: looks.append(now) or 1 // 0)
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while len(looks) < 2 and datetime.now(UTC) < deadline:
        one.gateway._ended.wait(0.1)
    assert len(looks) >= 2


# ---- What is no schedule


def test_a_schedule_is_refused_as_its_request_would_be(one):
    network = period("DSPReadNetworkData")
    export = period("DSPReadExportProfileData")
    cases = {
        "role": (schedule(), OPERATOR, "E2"),
        "no role that the matrix names": (schedule("4.6.1"), OTHER, "E2"),
        "type": (schedule("4.8.3", export, "gpf"), SUPPLIER, "E11"),
        "device": (schedule(role="02534D45545300EE"), SUPPLIER, "E19"),
        "another request": (schedule("4.6.1", network), SUPPLIER, choices.NOT_VALID),
        "another reference": (
            schedule(DSPScheduledServiceReference="4.8"),
            SUPPLIER,
            choices.NOT_VALID,
        ),
        "its end": (schedule(ScheduleEndDate="2020-01-01"), SUPPLIER, choices.BAD_SCHEDULE),
    }
    told = {name: code(make(one, values, by)) for name, (values, by, _) in cases.items()}
    assert told == {name: wanted for name, (_, _, wanted) in cases.items()}
    assert one.gateway.store.row("SELECT count(*) FROM schedules")[0] == 0


def test_without_a_schema_a_schedule_that_is_none_is_refused(one):
    unchecked(one)
    cases = [
        schedule(ScheduleFrequency="Never"),
        schedule(ScheduleStartDate="2026-13-01"),
        schedule(asked={}),
        schedule(asked=period(READ, StartDateOffset="99999999999")),
        schedule(asked=period(READ, StartDateOffset="x")),
        schedule(DSPScheduledServiceReferenceVariant="7.3"),
    ]
    assert {code(make(one, values)) for values in cases} == {choices.BAD_SCHEDULE}
    for number in ("x", "9" * 30, "-1"):
        asked = one.request("5.2", DCC, {"DSPScheduleID": number})
        assert code(one.ask("D", asked)) == choices.NO_SCHEDULE["5.2"]
    asked = one.request("5.3", DCC, {"DeviceID": "x"})
    assert code(one.ask("D", asked)) == choices.NO_SCHEDULE["5.3"]


# ---- Runs


def test_a_run_that_is_refused_is_told(one):
    number = text(make(one, schedule()), "DSPScheduleID")
    esme = bytes.fromhex(DEVICES["esme"])
    one.gateway.store.run("UPDATE devices SET supplier = ? WHERE eui = ?", bytes(8), esme)
    one.gateway.pass_time(RUN)
    told = one.read(one.listener.wait(1)[0])
    assert code(told) == "E4" and number == "1" and not waiting(one)
    assert text(told, "ServiceReferenceVariant") == "4.6.1"
    # The next day it may.
    one.gateway.store.run("UPDATE devices SET supplier = NULL")
    one.gateway.pass_time(RUN + timedelta(days=1))
    assert len(waiting(one)) == 1


def test_schedules_of_one_moment_have_counters_of_their_own(one):
    """One user and device; another device has its own."""
    profile = period("DSPReadActiveImportProfileData")
    for values in (schedule(), schedule("4.8.1", profile), schedule("4.8.1", profile, "gsme")):
        assert code(make(one, values)) == "I0"
    one.gateway.pass_time(RUN)
    least = int(RUN.timestamp() * 1000)
    esme, gsme = (bytes.fromhex(DEVICES[role]) for role in ("esme", "gsme"))
    assert waiting(one) == [
        ("4.6.1", least, esme),
        ("4.8.1", least + 1, esme),
        ("4.8.1", least, gsme),
    ]


# ---- Requests that are at odds with themselves


def swapped(one, service, name, values, role=DCC):
    """A request of a service whose body is another's."""
    asked = one.request(service, role, values)
    own = etree.QName(read_request(asked).root.find("{*}Body")[0]).localname
    return one.signed(asked.replace(b"sr:" + own.encode(), b"sr:" + name.encode()))


def test_the_body_is_that_of_the_service(one):
    unchecked(one)
    named = {"DeviceID": dashed(DEVICES["esme"])}
    asked = [
        ("D", swapped(one, "8.3", "ReadInventory", named)),
        ("D", swapped(one, "8.4", "ReadInventory", named)),
        ("D", swapped(one, "12.2", "ReadInventory", {"DeviceID": dashed("02534D45545300EE")})),
        ("S", swapped(one, "4.1.1", "ReadSupplyStatus", {}, "esme")),
        ("S", one.signed(one.request("4.1.1").replace(b"Reference>4.1<", b"Reference>4.2<"))),
        ("D", one.request("8.4", DCC, named)),
    ]
    assert [code(one.ask(*each)) for each in asked] == [choices.NOT_VALID] * len(asked)
    device = one.gateway.inventory.find(bytes.fromhex(DEVICES["esme"]))
    assert device is not None and device.status == "Commissioned"
    assert one.gateway.inventory.find(bytes.fromhex("02534D45545300EE")) is None


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "never"]
)
def test_a_date_beyond_all_dates_is_refused(one, moment):
    unchecked(one)
    asked = one.request("4.1.1", "gpf", {"ExecutionDateTime": moment})
    assert code(one.ask("S", asked)) == choices.NOT_MADE


def test_a_fault_of_the_gateway_is_answered(one, monkeypatch, caplog):
    monkeypatch.setattr(one.gateway.broker, "make", lambda *_: 1 // 0)
    asked = one.request("4.1.1", "gpf")
    with caplog.at_level(logging.ERROR):
        assert code(one.ask("S", asked)) == choices.FAULT
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    assert code(one.ask("S", asked)) == "I99"  # nothing of it was kept


def test_each_number_of_a_device_finds_it(one):
    numbers = {
        "ImportMPxN": "1312345678111",
        "SecondaryImportMPAN": "1312345678222",
        "ExportMPAN": "1312345678333",
    }
    esme = bytes.fromhex(DEVICES["esme"])
    one.gateway.inventory.add(Device(esme, "", "", details=numbers), datetime.now(UTC))
    for number in numbers.values():
        found = one.ask("D", one.request("8.2", DCC, {"MPxN": number}))
        assert code(found) == "I0" and text(found, "Device/DeviceID") == dashed(DEVICES["esme"])
