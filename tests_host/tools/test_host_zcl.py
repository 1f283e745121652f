"""The host's GBZ and ZCL: components, frames of every kind, data types, values in units."""

import json

import pytest
from host_home import (
    CONSUMPTION,
    GPF,
    GSME,
    RING,
    STAMP,
    SUPPLIER,
    answer,
    component,
    encrypted,
    gbz,
    nodes,
    record,
    refused,
    text_of,
)

from host_tools.gbcs import zcl, zcl_fields, zcl_table, zcl_types
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import decode
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node

PRICE = b"\x08\x00\x01" + record(0x0617, 0x18, 0x50, 1) + record(0x0616, 0x21, 826, 2)
FAILED = b"\xc0"


def test_money_is_scaled_by_the_trailing_digit_of_the_same_message():
    command = SUPPLIER.command("GCS14", GPF, 3)
    balance = b"\x08\x01\x01" + record(0x0005, 0x2B, -1, 4) + record(0x0002, 0x2B, 750000, 4)
    balance += b"\x01\x00" + FAILED + record(0x0231, 0x23, 4200, 4)
    payload = gbz(component(0, 0x0700, PRICE), encrypted(3, 0x0705, balance, command))
    message = decode(answer(command, payload, STAMP), RING)
    assert text_of(message, "0x0002 EmergencyCreditRemaining") == "7.50000 GBP (raw 750000)"
    assert text_of(message, "0x0005 AccumulatedDebt") == "-0.00001 GBP (raw -1)"
    assert text_of(message, "0x0231 DebtAmount#3") == "0.04200 GBP (raw 4200)"
    assert text_of(message, "0x0001 CreditRemaining") == "HARDWARE_FAILURE 0xC0"
    item = message.gbz.frames[1].attribute(0x0001)
    assert (item.status, item.type, item.value) == (0xC0, None, None)


@pytest.mark.parametrize(
    ("currency", "unit"),
    [
        (record(0x0616, 0x21, 978, 2), "EUR"),
        (record(0x0616, 0x21, 36, 2), "ISO 36"),
        (b"", "currency units"),
    ],
)
def test_prices_have_the_currency_of_the_message(currency, unit):
    command = SUPPLIER.command("GCS21f", GSME, 3)
    frame = b"\x08\x00\x01" + record(0x0617, 0x18, 0x50, 1) + currency
    frame += record(0x0301, 0x23, 25000, 4)
    message = decode(answer(command, gbz(component(1, 0x0700, frame))), RING)
    assert text_of(message, "0x0301 StandingCharge") == f"0.25000 {unit} (raw 25000)"


def test_a_quantity_without_its_scale_stays_raw():
    command = SUPPLIER.command("GCS13a", GSME, 3)
    frame = CONSUMPTION[:3] + b"\x02\x03" + FAILED + CONSUMPTION[10:]
    message = decode(answer(command, gbz(encrypted(3, 0x0702, frame, command)), STAMP), RING)
    assert text_of(message, "0x0000 CurrentSummationDelivered").startswith("8123456 (raw: ")
    frame = CONSUMPTION[:-6] + b"\xff" * 6
    message = decode(answer(command, gbz(encrypted(3, 0x0702, frame, command)), STAMP), RING)
    assert text_of(message, "0x0000 CurrentSummationDelivered") == "no value (all ones)"
    command = SUPPLIER.command("GCS60a", GSME, 3)
    bill = b"\x08\x00\x01" + record(0x0A00, 0x23, 99, 4)
    balance = b"\x08\x01\x01" + record(0x0001, 0x2B, 1234567, 4)
    payload = gbz(component(0, 0x0702, bill), component(1, 0x0705, balance))
    message = decode(answer(command, payload, STAMP), RING)
    assert text_of(message, "0x0001 CreditRemaining") == "1234567 (int32)"


def test_a_failed_component_is_a_default_response_in_clear():
    command = SUPPLIER.command("GCS14", GPF, 3)
    payload = gbz(component(0, 0x0700, PRICE), component(1, 0x0705, b"\x08\x01\x0b\xff\x01"))
    message = decode(answer(command, payload, STAMP), RING)
    assert message.gbz.frames[1].default_response == (0xFF, 0x01)
    assert text_of(message, "status") == "FAILURE 0x01"
    second = message.to_json()["content"]["components"][1]["frame"]
    assert second["default_response"] == {"command": "0xFF", "status": "0x01"}


def test_a_wrong_tag_fails_although_the_mac_is_right():
    command = SUPPLIER.command("GCS13a", GPF, 3)
    payload = bytearray(gbz(encrypted(3, 0x0702, CONSUMPTION, command)))
    payload[-1] ^= 1
    message = decode(answer(command, bytes(payload), STAMP), RING)
    assert [(c.name, c.passed) for c in message.checks] == [("MAC", True), ("component 0", False)]
    assert [check.name for check in message.failed] == ["component 0"]
    assert nodes(message, "tag")[0].note == "INVALID"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({5: 1}, "additional header control is 0x01"),
        ({6: 1}, "component 0: frame counter 1, expected 0"),
        ({12: 0x30}, "security control of ciphered information is 0x30"),
        ({16: 1}, "invocation counter of ciphered information is not 0"),
        ({11: 0x2D}, "1 trailing octets after ciphered information"),
        ({11: 0x2F}, "ciphered information: 47 octets needed, 46 left"),
        ({11: 0x10, 4: 0x17}, "11 octets cannot hold the tag"),
    ],
)
def test_the_header_of_an_encrypted_component_is_checked(change, text):
    command = SUPPLIER.command("GCS13a", GPF, 3)
    part = bytearray(encrypted(3, 0x0702, CONSUMPTION, command))
    for place, value in change.items():
        part[place] = value
    part = part[: 5 + int.from_bytes(part[3:5], "big")]
    assert text in refused(answer(command, gbz(bytes(part)), STAMP))


def test_encrypted_components_are_counted():
    command = SUPPLIER.command("GCS13a", GPF, 3)
    parts = [encrypted(2 + (n == 2), 0x0702, CONSUMPTION, command, n) for n in range(3)]
    message = decode(answer(command, gbz(*parts), STAMP), RING)
    assert [item.frame_counter for item in message.gbz.components] == [0, 1, 2]
    assert all(check.passed for check in message.checks) and len(message.checks) == 4
    found = refused(answer(command, gbz(parts[0], parts[0], parts[2]), STAMP))
    assert "component 1: frame counter 0, expected 1" in found


def test_a_malformed_plaintext_is_placed_in_the_plaintext():
    command = SUPPLIER.command("GCS13a", GPF, 3)
    response = answer(command, gbz(encrypted(3, 0x0702, CONSUMPTION[:-1], command)), STAMP)
    found = refused(response)
    assert "of the plaintext of component 0: 0x0000 CurrentSummationDelivered" in found
    assert "6 octets needed, 5 left" in found


def test_a_from_date_time_is_read():
    command = SUPPLIER.command("GCS15e", GSME, 1, {"from": "2026-11-01T00:00:00Z", "to": "never"})
    message = decode(command, RING)
    part = message.gbz.components[0]
    assert text_of(message, "from date-time") == "2026-11-01T00:00:00Z"
    assert part.to_json()["from_date_time"] == part.from_date_time == 846806400
    assert part.frame.fields == {"Latest End Time": 0xFFFFFFFF, "Number of Records": 5}


# Frames: cluster, octets, name, and what the fields show.
FRAMES = [
    (0x0708, "002100 0002 0102", "Read Attributes", "0x0200 ChangeofTenancyUpdateDateTime"),
    (0x0708, "182101 000200E200010203", "Read Attributes Response", "2001-08-07T01:29:36Z (UTC)"),
    (0x0708, "182101 0102001B00020000", "Read Attributes Response", "0x00000200 (map32)"),
    (0x0708, "002402 0002E200000000", "Write Attributes", "2000-01-01T00:00:00Z (UTC)"),
    (0x0708, "002403 0002E200000000", "Write Attributes Undivided", "0x0200"),
    (0x0708, "002405 0002E200000000", "Write Attributes No Response", "0x0200"),
    (0x0708, "182404 880002", "Write Attributes Response", "READ_ONLY 0x88"),
    (0x0708, "182404 00", "Write Attributes Response", "SUCCESS 0x00"),
    (0x0708, "002306 000002E23C00100E05000000", "Configure Reporting", "3600 s, on a change of 5"),
    (0x0708, "002306 000001300100FF00", "Configure Reporting", "every 1 to 255 s"),
    (0x0708, "002306 0100023C00", "Configure Reporting", "expected at least every 60 s"),
    (0x0708, "182307 8C000002", "Configure Reporting Response", "UNREPORTABLE_ATTRIBUTE 0x8C"),
    (0x0708, "182307 00", "Configure Reporting Response", "SUCCESS 0x00"),
    (0x0702, "18220A FEFF3001", "Report Attributes", "AttributeReportingStatus 1 (enum8)"),
    (0x0708, "18250B 008B", "Default Response", "NOT_FOUND 0x8B"),
    (0x0708, "00260C 0000 10", "Discover Attributes", "Maximum 16"),
    (0x0708, "18260D 01 0002E2", "Discover Attributes Response", "UpdateDateTime: UTC"),
    (0x0708, "012500", "Get Change of Tenancy", "0x00"),
    (0x0702, "053412070A AABB", "", "AABB (command not in the table)"),
    (0x07FF, "010000 01", "", "01 (command not in the table)"),
]


@pytest.mark.parametrize(("cluster", "octets", "name", "text"), FRAMES)
def test_frames_of_every_kind_are_read(cluster, octets, name, text):
    frame, node = zcl.read_frame(bytes.fromhex(octets.replace(" ", "")), cluster)
    assert frame.name == name
    shown = " | ".join(f"{item.name} {item.text}" for item in node.walk())
    assert text in shown, shown
    json.dumps(frame.to_json())
    assert node.text == f"{zcl_table.cluster_name(cluster)} {name}".strip()


def test_a_cut_frame_is_refused_at_the_cut():
    data = bytes.fromhex("092500") + bytes(8) + b"\x00\x00\x01\x02\x03\x00\x02\x00\x00"
    frame, _ = zcl.read_frame(data, 0x0708)
    assert frame.fields["Proposed Tenancy Change Control"] == 0x0200
    for length in range(len(data)):
        with pytest.raises(DecodeError) as caught:
            zcl.read_frame(data[:length], 0x0708)
        assert caught.value.offset <= length
    with pytest.raises(DecodeError, match="1 trailing octets after Publish Change of Tenancy"):
        zcl.read_frame(data + b"\0", 0x0708)


def test_octets_without_meaning_may_follow_a_price_but_no_more():
    price = b"\x19\x00\x00" + bytes(4) + b"\0" + bytes(23)
    frame, node = zcl.read_frame(price + bytes(19), 0x0700)
    assert frame.name == "Publish Price" and node.find("ignored").length == 19
    with pytest.raises(DecodeError, match="20 octets after Publish Price"):
        zcl.read_frame(price + bytes(20), 0x0700)


# One value of each command with a payload of its own form.
PAYLOADS = [
    (0x0700, True, 0x05, {"Price Matrix Sub-payload": [{"Tier/Block ID": 1, "Price": 7}]}),
    (
        0x0700,
        True,
        0x06,
        {
            "Block Threshold Sub-payload": [
                {"Tier/Number of Block Thresholds": 2, "Block Thresholds": [5, 6]},
                {"Tier/Number of Block Thresholds": 0x11, "Block Thresholds": [9]},
            ]
        },
    ),
    (
        0x0702,
        True,
        0x06,
        {
            "SnapshotSub-Payload": {
                "CurrentSummationDelivered": 1,
                "Number of Tiers in Use": 2,
                "TierSummation": [3, 4],
                "Number of Tiers and Block Thresholds in Use": 0x12,
                "TierBlockSummation": [5, 6],
            }
        },
    ),
    (0x0702, True, 0x07, {"NumberOfSamples": 2, "Samples": [0xFFFFFF, 0]}),
    (
        0x0705,
        True,
        0x05,
        {"Top Up Payload": [{"Top Up Code": "12", "Top Up Amount": -5, "Top Up Time": 6}]},
    ),
    (
        0x0705,
        True,
        0x06,
        {
            "Debt Payload": [
                {
                    "Collection Time": 1,
                    "Amount Collected": 2,
                    "Debt Type": 3,
                    "Outstanding Debt": 4,
                }
            ]
        },
    ),
    (
        0x0707,
        True,
        0x01,
        {
            "Total Number of Schedule Entries": 1,
            "Day Schedule Entries": [{"Start Time": 360, "Price Tier": 2}],
        },
    ),
    (
        0x0707,
        True,
        0x03,
        {"Season Entry": [{"Season Start Date": "7E0B06FF", "Week ID Ref": 1}]},
    ),
    (0x0708, False, 0x04, {"Event Configuration Payload": []}),
    (
        0x0708,
        True,
        0x04,
        {
            "Event Configuration Payload": {
                "Number of Events": 2,
                "Event IDs": ["0x8110", "0x8F01"],
            }
        },
    ),
    (
        0x0709,
        True,
        0x01,
        {
            "Log Payload": {
                "Number of Events / Log Payload Control": 0,
                "entries": [
                    {"Log ID": 3, "Event ID": "0x8F1F", "Event Time": 5, "Event Data": "AB"}
                ],
            }
        },
    ),
]


@pytest.mark.parametrize(("cluster", "from_server", "number", "given"), PAYLOADS)
def test_cluster_payloads_are_read_and_written_alike(cluster, from_server, number, given):
    command = zcl_table.command(cluster, from_server, number)
    values = {name: given.get(name, _simple(kind)) for name, kind in command.fields}
    raw = zcl_fields.write_fields(command.fields, values)
    frame, _ = zcl.read_frame(bytes([9 if from_server else 1, 0, number]) + raw, cluster)
    assert frame.fields == values and frame.name == command.name
    for name in values:
        short = {key: value for key, value in values.items() if key != name}
        with pytest.raises(ValueError, match=f"{name} is missing"):
            zcl_fields.write_fields(command.fields, short)


def _simple(kind):
    return "AB" if kind in ("octstr", "charstr") else 3


def _reads(fields, count):
    reader = Reader(bytes(count))
    try:
        zcl_fields.read_fields(reader, fields, Node("x", 0, 0))
    except DecodeError:
        return False
    return not reader.left


def test_every_command_of_the_table_has_types_that_can_be_read():
    seen = 0
    for cluster in range(0x0700, 0x070A):
        for side in (True, False):
            for number in range(16):
                command = zcl_table.command(cluster, side, number)
                if command is not None:
                    seen += 1
                    assert any(_reads(command.fields, count) for count in range(64)), command
    assert seen > 50
    assert zcl_table.status_name(0x99) == "status 0x99"
    assert zcl_table.attribute(0x0702, 0x0BAD) == ("", None)


@pytest.mark.parametrize(
    ("name", "value", "octets"),
    [
        ("bool", 1, "01"),
        ("map16", 0x1234, "3412"),
        ("uint24", 0x010203, "030201"),
        ("uint48", 54321, "31D400000000"),
        ("int24", -2, "FEFFFF"),
        ("int32", -1, "FFFFFFFF"),
        ("enum8", 3, "03"),
        ("enum16", 3, "0300"),
        ("octstr", {"hex": "00FF"}, "0200FF"),
        ("string", "abcd", "0461626364"),
        ("string", None, "FF"),
        ("octstr16", "a", "010061"),
        ("string16", None, "FFFF"),
        ("UTC", 846806400, "803D7932"),
        ("date", 0xFF060B7E, "7E0B06FF"),
        ("EUI64", 0x02534D45545300A3, "A3005354454D5302"),
    ],
)
def test_zcl_values_are_read_and_written_alike(name, value, octets):
    type_id = zcl_types.TYPE_IDS[name]
    raw = bytes.fromhex(octets)
    assert zcl_types.write(type_id, value) == raw
    reader = Reader(raw)
    assert zcl_types.read(reader, type_id, name) == value and not reader.left
    assert zcl_types.text(type_id, value)
    with pytest.raises(DecodeError):
        zcl_types.read(Reader(raw[:-1]), type_id, name)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("uint8", 256, "does not fit uint8"),
        ("int8", -129, "does not fit int8"),
        ("uint8", "1", "is not an integer"),
        ("uint8", True, "is not an integer"),
        ("octstr", 5, "neither text nor"),
        ("octstr", {"hex": "0"}, "neither text nor"),
        ("octstr", "x" * 255, "too many"),
        ("key128", {"hex": "00" * 16}, "cannot be written"),
    ],
)
def test_values_that_do_not_fit_are_refused(name, value, text):
    with pytest.raises(ValueError, match=text):
        zcl_types.write(zcl_types.TYPE_IDS[name], value)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("event", "8F1F", "not an event code"),
        ("event", 5, "not an event code"),
        ("hexstr", "0", "not octets in hex"),
        ("date", "7E0B06", "a date is 4 octets"),
        ({"of": "uint8"}, 5, "x: is not a list"),
        ({"record": []}, [], "x: is not a record"),
        ({"list": [["y", "uint8"]]}, [5], "x: is not a record"),
        ({"list": [["y", "uint8"]]}, [{"y": 256}], "x: y: 256 does not fit"),
    ],
)
def test_fields_that_do_not_fit_are_refused(kind, value, text):
    with pytest.raises(ValueError, match=text):
        zcl_fields.write_fields([["x", kind]], {"x": value})


def test_odd_zcl_types():
    assert zcl_types.type_name(0x49) == "type 0x49"
    with pytest.raises(DecodeError, match="data type 0x49 is not a known ZCL type"):
        zcl_types.read(Reader(b"\x00"), 0x49, "x")
    key = zcl_types.read(Reader(bytes(16)), 0xF1, "key")
    assert key == {"hex": "00" * 16} and zcl_types.text(0xF1, key).startswith("hex ")
    assert zcl_types.date_text(bytes.fromhex("FFFFFFFF")) == "****-**-**"
    assert zcl_types.date_text(bytes.fromhex("7E0B0605")) == "2026-11-06 (day 5 of the week)"
