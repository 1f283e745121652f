"""The decoder says what is there: one part that cannot be read hides only itself."""

import io
import json
import struct
import time

import pytest
from host_home import (
    ESME,
    GPF,
    GSME,
    RING,
    SUPPLIER,
    access_response,
    alert,
    answer,
    component,
    gas_answer,
    gbz,
    record,
    rtds_message,
    rtds_rows,
    text_of,
)
from typer import Typer
from typer.testing import CliRunner

from host_tools import terminal
from host_tools.commands import parse, schema
from host_tools.gbcs import times, zcl
from host_tools.gbcs.header import Header, add_mac_header
from host_tools.gbcs.message import decode, examine
from host_tools.gbcs.render import render
from host_tools.schemas import SchemaProblem, parse_document, validate

APP = Typer()
for module in (parse, schema):
    module.register(APP)
RUN = CliRunner()
STAMP_2022 = bytes.fromhex("07E60B01FF0A1E00008000FF")


def run(*arguments, text=None):
    return RUN.invoke(APP, ["parse", *map(str, arguments)], input=text)


def shown(message):
    """All that the tree of a message shows, a field a line."""
    return "\n".join(f"{node.name}  {node.text}" for node in message.tree.walk())


# DLMS bodies after alert code and time stamp: message code, octets, count, what must be shown.
TIME = "090C07E60B01FF0A1E00008000FF"
DLMS_BODIES = [
    (0x1001, 0x8002, "", 2, []),
    (0x1000, 0x8F30, "", 2, []),
    (
        0x00CC,
        0x8F66,
        "0913 001A 000000000000004D 0014 00000D0002FF 09",
        3,
        [
            "messageCode  0x001A ECS02",
            "originatorCounter  77",
            "cosemClassID  20 Activity calendar",
            "cosemInstanceID  0-0:13.0.2.255",
            "cosemAttributeIndex  9",
        ],
    ),
    (0x00CE, 0x8F72, "0920" + "A5" * 32, 3, ["calculatedManufacturerHash  A5A5"]),
    (0x00F0, 0x81A0, "0902 0005", 3, ["otherInfo  0005"]),
    (
        0x0067,
        0x8F36,
        "090C07E60B01FF091E00008000FF 090C07E60B01FF091F00008000FF",
        4,
        ["outageStart  2022-11-01T09:30:00Z", "outageEnd  2022-11-01T09:31:00Z"],
    ),
    (
        0x0120,
        0x8F85,
        "090A 0012 00000000000186A0",
        3,
        ["messageCode  0x0012", "originatorCounter  100000"],
    ),
    (
        0x0121,
        0x8F86,
        f"1115 {TIME} {TIME} 1102",
        6,
        ["controllerNumberAndState  21", "start  2022-11-01T10:30:00Z", "level  2"],
    ),
    (0x0122, 0x8F87, "1115 1102", 4, ["controllerNumberAndState  21", "level  2"]),
    (0x0123, 0x8F88, "0C05" + b'{"a"}'.hex(), 3, ['content  {"a"}']),
    (
        0x0018,
        0x8F12,
        f"0203 {TIME} 09080011223344556677 0101 0202 090802534D4554530100 0900",
        3,
        [
            "backupDateTime  2022-11-01T10:30:00Z",
            "extendedPANID  0011223344556677",
            "entityIdentifier  02534D4554530100",
            "hashOfTrustCentreLinkKey  empty",
        ],
    ),
    (0x0110, 0x8F20, "090802534D4554530100", 3, ["entityIdentifier  02534D4554530100"]),
    (0x0111, 0x8F26, "0202 042000000001 090100", 3, ["channelMask", "channelPage  00"]),
    (0x0112, 0x8F28, "0202 090100 090100", 3, ["content  structure of 2"]),
    (
        0x0113,
        0x8F2A,
        "020F" + "042000000001" * 4 + "120001 120001 1101 120001 1101 1101 120001 1101"
        "120001 120001 120001",
        3,
        ["configuration  structure of 15"],
    ),
    (
        0x0114,
        0x8F2C,
        "0919 0011223344556677 8899AABBCCDDEEFF 01 00000000000003E8",
        3,
        ["originator  0011223344556677", "CRA flag  Command", "originatorCounter  1000"],
    ),
    (0x0115, 0x8F2D, "090802534D4554530100", 3, ["entityIdentifier  02534D4554530100"]),
    # Of a form that nobody has told: octets and types, no refusal.
    (0x1001, 0x8002, "1107", 3, ["[2]  7 (unsigned)"]),
    (0x00CC, 0x8F66, "0903 AABBCC", 3, ["content  AABBCC (octet-string, 3)"]),
    (0x7777, 0x8FFF, "0203 1101 1102 1103", 3, ["[2]  structure of 3"]),
]


@pytest.mark.parametrize(("code", "alert_code", "body", "count", "wanted"), DLMS_BODIES)
def test_dlms_alerts_of_every_form_are_read(code, alert_code, body, count, wanted):
    head = b"\x0f\x20\x00\x0b\xb8\x00\x02" + bytes([count]) + b"\x12"
    payload = head + alert_code.to_bytes(2, "big") + bytes.fromhex(TIME + body.replace(" ", ""))
    message = decode(alert(code, payload, ESME), RING)
    text = shown(message)
    assert f"alertCode  0x{alert_code:04X}" in text
    assert "timeStamp  2022-11-01T10:30:00Z" in text
    for line in wanted:
        assert line in text, (line, text)
    assert run(alert(code, payload, ESME).hex()).exit_code == 0


GBZ_BODIES = [
    (0x1000, 0x8F30, "", 0, []),
    (
        0x00CD,
        0x8F66,
        "0E 006F 00000000000010E1 0705 01 0B",
        1,
        [
            "messageCode  0x006F GCS05",
            "originatorCounter  4321",
            "clusterID  0x0705 Prepayment",
            "frameControl  0x01",
            "commandIdentifier  0x0B",
        ],
    ),
    (0x00CF, 0x8F72, "0920" + "5A" * 32, 1, ["calculatedManufacturerHash  5A5A"]),
    (0x00F2, 0x81A0, "0005", 1, ["otherInfo  0x0005"]),
    (0x00F2, 0x81A0, "000501", 1, ["body  000501"]),
    (0x1001, 0x8145, "DEADBEEF", 1, ["body  DEADBEEF (not of a form that is known)"]),
    (0x7777, 0x8FFF, "01", 1, ["body  01"]),
    (0x1000, 0x8145, "01 0709 0004 09000208", 1, ["Clear Event Log Response"]),
]


@pytest.mark.parametrize(("code", "alert_code", "body", "count", "wanted"), GBZ_BODIES)
def test_gbz_alerts_of_every_form_are_read(code, alert_code, body, count, wanted):
    head = b"\x01\x09" + bytes([count]) + alert_code.to_bytes(2, "big")
    payload = head + (720786600).to_bytes(4, "big") + bytes.fromhex(body.replace(" ", ""))
    message = decode(alert(code, payload), RING)
    text = shown(message)
    assert f"alert code  0x{alert_code:04X}" in text
    assert "alert time  2022-11-03T10:30:00Z" in text
    for line in wanted:
        assert line in text, (line, text)


@pytest.mark.needs_rtds
def test_the_vectors_are_all_read():
    rows = rtds_rows()
    for row in rows:
        message = examine(rtds_message(row))
        assert not message.faults, (row["file"], message.faults)
        assert message.envelope.pre_command == (row["kind"] == "precommand"), row["file"]
        assert "not of a form" not in shown(message), row["file"]
    assert sum(row["kind"] == "alert" for row in rows) > 0


@pytest.mark.parametrize("minutes", [-840, -120, -1, 0, 60, 720])
def test_a_deviation_is_applied_wherever_a_time_is(minutes):
    """Blue Book: the deviation leads from local time to UTC."""
    local = bytes.fromhex("07EA0B06FF172D0000")
    octets = local + minutes.to_bytes(2, "big", signed=True)
    total = 23 * 60 + 45 + minutes
    day, rest = divmod(total, 1440)
    expected = f"2026-11-{6 + day:02d}T{rest // 60:02d}:{rest % 60:02d}:00Z"
    message = decode(gas_answer(octets + b"\x04")[1], RING)
    assert message.stamp.to_json()["time"] == expected
    assert text_of(message, "date-time").startswith(expected)
    command = SUPPLIER.command("ECS52", ESME, 5)
    value = {"type": "octet-string", "value": (octets + b"\x80").hex()}
    assert expected in shown(decode(answer(command, access_response(5, [value])), RING))


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        ("07E60C1FFF173B3C008000", "second 60"),
        ("07E60C1FFF183B00008000", "hour 24"),
        ("07E6021EFF173B00008000", "2022-02-30 is not a date"),
        ("07E70D01FF000000008000", "month 13"),
        ("07E70101FF000000007FFF", "deviation 32767"),
        ("0000010100000000008000", "day of week 0"),
        ("FFFE0101FF000000008000", "is not a date"),
    ],
)
def test_an_impossible_time_is_shown_and_hides_nothing(octets, what):
    response = gas_answer(bytes.fromhex(octets) + b"\0")[1]
    result = run(response.hex(), "--json")
    assert result.exit_code == 2 and what in result.stderr
    told = json.loads(result.stdout)
    assert told["content"]["components"][0]["cluster"] == "0x0702"
    assert told["timestamp"]["time"] is None and what in told["timestamp"]["malformed"]
    assert told["timestamp"]["ClockStatus"] == "invalid"
    assert what in told["faults"][0]["what"]
    assert "malformed" in run(response.hex()).stdout


@pytest.mark.parametrize(
    ("octets", "text", "what"),
    [
        ("07EA0B06FF0937000080 00FF", "2026-11-06T09:37:00Z", ""),
        ("07EA0D06FF0937000080 00FF", "2026-13-06 09:55:00 (malformed: month 13", "month 13"),
        ("07EA0B0609 0937000080 00FF", "(malformed: day of week 9", "day of week 9"),
        ("07EA0B06FF0937000003 85FF", "(malformed: deviation 901", "deviation 901"),
        ("07EA0B1FFF0937000080 00FF", "(malformed: 2026-11-31 is not", "2026-11-31 is not a date"),
        ("00000B06090937000003 85FF", "0000-11-06 09:55:00 (malformed: day of", "day of week 9"),
        ("FFFFFEFEFF0200000080 00FF", "****-[begin of daylight saving]-[last day] 02:00:00", ""),
        ("FFFFFDFDFF0200000080 00FF", "****-[end of daylight saving]-[last day but one]", ""),
    ],
)
def test_a_date_time_in_a_value_says_what_it_is(octets, text, what):
    """Where the use case has a date-time for certain, an impossible one is a fault: status 2."""
    text = text.replace("09:37:00Z", "09:55:00Z")
    value = octets.replace(" ", "")
    command = SUPPLIER.command("ECS12", ESME, 1, {"restrictDataDateTime: value": value})
    result = run(command.hex())
    assert text in result.stdout and result.exit_code == (2 if what else 0), result.stderr
    assert what in result.stderr and ("restrictDataDateTime" in result.stderr) == bool(what)


@pytest.mark.parametrize(
    ("octets", "is_date"),
    [
        ("07EA0B06090937000080 00FF", True),
        ("07EA0B06FF0937000003 85FF", True),
        ("07EA0D06FF0937000080 00FF", True),
        ("07EA0D06090937000080 00FF", False),
        ("00000B06090937000080 00FF", False),
        ("54656C6C206D65207768 7921", False),
    ],
)
def test_octets_that_may_be_a_date_are_one_if_one_part_is_wrong_at_most(octets, is_date):
    assert ("malformed" in times.likely_text(bytes.fromhex(octets))) == is_date


@pytest.mark.parametrize("year", range(1970, 2137, 3))
def test_years_of_the_field_are_read_and_written(year):
    moment = times.parse_iso(f"{year}-02-03T04:05:06Z")
    assert times.cosem_date_time(times.encode_cosem(moment)).text() == times.iso(moment)
    shown_as = times.utc_text(times.seconds_2000(moment))
    assert shown_as == (times.iso(moment) if year >= 2000 else str(times.seconds_2000(moment)))


@pytest.mark.parametrize("number", [1 << 63, (1 << 64) - 1, 1667298600000, 0, 0xFFFFFFFF + 1])
def test_log_stamps_of_another_size_are_numbers(number):
    log = {
        "type": "compact-array",
        "element_type": {"structure": ["long64-unsigned", "double-long-unsigned"]},
        "value": [[number, 5]],
    }
    command = SUPPLIER.command(
        "ECS22b", ESME, 7, {"from": "2026-11-06T00:00:00Z", "to": "2026-11-07T00:00:00Z"}
    )
    message = decode(answer(command, access_response(7, [log])), RING)
    assert f"[0]  {number}, 5" in shown(message)


# Type, octets of "not available", octets of a value, and how that is shown (ZCL 2.6.2).
NON_VALUES = [
    *((0x20 + n, b"\xff" * (n + 1), b"\x07" + bytes(n), "7") for n in range(8)),
    *((0x28 + n, bytes(n) + b"\x80", b"\xff" * (n + 1), "-1") for n in range(8)),
    (0x10, b"\xff", b"\x01", "1"),
    (0x30, b"\xff", b"\x02", "2"),
    (0x31, b"\xff\xff", b"\x02\x00", "2"),
    (0x38, b"\x00\x7e", struct.pack("<e", 0.5), "0.5"),
    (0x39, b"\x00\x00\xc0\x7f", struct.pack("<f", -1.25), "-1.25"),
    (0x3A, b"\x00" * 6 + b"\xf8\x7f", struct.pack("<d", 1e100), "1e+100"),
    (0x41, b"\xff", b"\x01\x61", '"a"'),
    (0x42, b"\xff", b"\x02\xc2\xa3", '"\u00a3"'),
    (0x43, b"\xff\xff", b"\x01\x00\xff", "hex FF"),
    (0x44, b"\xff\xff", b"\x01\x00b", '"b"'),
    (0x48, b"\x20\xff\xff", b"\x20\x02\x00\x01\x02", "[1, 2] of uint8"),
    (0x4C, b"\xff\xff", b"\x02\x00\x20\x01\x42\x01a", '{1 (uint8), "a" (string)}'),
    (0x50, b"\x21\xff\xff", b"\x21\x01\x00\x01\x00", "[1] of uint16"),
    (0x51, b"\x21\xff\xff", b"\x21\x00\x00", "[] of uint16"),
    (0xE0, b"\xff" * 4, b"\x17\x3b\x3b\x00", "23:59:59.00"),
    (0xE1, b"\xff" * 4, b"\x7e\x0b\x06\x05", "2026-11-06"),
    (0xE2, b"\xff" * 4, bytes(4), "2000-01-01T00:00:00Z"),
    (0xE8, b"\xff\xff", b"\x02\x07", "1794"),
    (0xE9, b"\xff\xff", b"\x02\x07", "1794"),
    (0xF0, b"\xff" * 8, bytes(7) + b"\x01", "0100000000000000"),
]


def one_attribute(number, type_id, octets, manufacturer=b""):
    """A Read Attributes Response of the Metering cluster with one value, and one known after."""
    head = bytes([0x1C if manufacturer else 0x18]) + manufacturer + b"\0\x01"
    first = number.to_bytes(2, "little") + bytes([0, type_id]) + octets
    return head + first + record(0x0300, 0x30, 1, 1)


@pytest.mark.parametrize(("type_id", "nothing", "something", "text"), NON_VALUES)
def test_each_zcl_type_has_its_not_available(type_id, nothing, something, text):
    frame, node = zcl.read_frame(one_attribute(0x0400, type_id, nothing), 0x0702)
    assert node.children[-2].text.startswith("no value")
    told = frame.to_json()["attributes"]
    assert told[0]["value"] is None and told[1]["value"] == 1, "what follows is read"
    frame, node = zcl.read_frame(one_attribute(0x0400, type_id, something), 0x0702)
    assert node.children[-2].text.startswith(text), node.children[-2].text
    assert frame.to_json()["attributes"][0]["value"] not in (None, "")


@pytest.mark.parametrize("type_id", [*range(0x08, 0x10), *range(0x18, 0x20)])
def test_all_ones_of_data_and_bitmaps_mean_all_bits(type_id):
    frame, node = zcl.read_frame(
        one_attribute(0x0400, type_id, b"\xff" * (type_id % 8 + 1)), 0x702
    )
    assert "no value" not in node.children[-2].text
    assert frame.attributes[0].known == (1 << 8 * (type_id % 8 + 1)) - 1


def test_money_that_is_not_there_is_no_amount():
    price = b"\x08\x00\x01" + record(0x0617, 0x18, 0x50, 1) + record(0x0301, 0x23, 0xFFFFFFFF, 4)
    balance = b"\x08\x01\x01" + record(0x0001, 0x2B, -(1 << 31), 4)
    payload = gbz(component(0, 0x0700, price), component(1, 0x0705, balance))
    text = shown(decode(answer(SUPPLIER.command("GCS14", GPF, 3), payload), RING))
    assert "42949" not in text and "21474" not in text and text.count("no value") == 2


@pytest.mark.parametrize(
    "digit", [b"\x27" + b"\xff" * 7 + b"\x7f", b"\x18\xff", b"\x2b" + b"\x80" * 4]
)
def test_a_trailing_digit_of_any_size_is_no_trouble(digit):
    price = b"\x08\x00\x01\x17\x06\x00" + digit + record(0x0301, 0x23, 25, 4)
    message = decode(
        answer(SUPPLIER.command("GCS21f", GSME, 3), gbz(component(1, 0x0700, price))), RING
    )
    assert "0x0301 StandingCharge" in shown(message)


def test_an_attribute_of_a_manufacturer_has_no_name_and_no_unit_of_the_standard():
    octets = one_attribute(0x0000, 0x25, (1).to_bytes(6, "little"), b"\x34\x12")
    frame, node = zcl.read_frame(octets, 0x0702)
    assert node.children[-2].name == "0x0000 of manufacturer 0x1234"
    told = frame.to_json()
    assert told["manufacturer"] == "0x1234"
    assert told["attributes"][0] == {
        "id": "0x0000",
        "name": "",
        "status": "0x00",
        "manufacturer": "0x1234",
        "type": "0x25",
        "value": 1,
    }
    payload = gbz(component(1, 0x0702, octets))
    text = shown(decode(answer(SUPPLIER.command("GCS13a", GPF, 3), payload), RING))
    assert "CurrentSummationDelivered" not in text and "raw" not in text


# General commands: octets, name, and what must be shown.
GENERAL = [
    ("000608 000000", "Read Reporting Configuration", "reports that are sent"),
    ("000608 010000", "Read Reporting Configuration", "reports that are received"),
    ("180609 86000000", "Read Reporting Configuration Response", "UNSUPPORTED_ATTRIBUTE 0x86"),
    (
        "180609 0000000025 0A00 3C00 010000000000",
        "Read Reporting Configuration Response",
        "10 to 60",
    ),
    ("180609 00010000 3C00", "Read Reporting Configuration Response", "at least every 60 s"),
    ("00070E 0000 02 0100 0200", "Read Attributes Structured", "CurrentSummationDelivered[1][2]"),
    ("00070F 0000 10 20 05", "Write Attributes Structured", "5 (uint8), add to the set"),
    ("180710 00", "Write Attributes Structured Response", "SUCCESS"),
    ("180710 88 0000 01 0300", "Write Attributes Structured Response", "READ_ONLY 0x88"),
    ("000911 0010", "Discover Commands Received", "Maximum  16"),
    ("180912 01 000104", "Discover Commands Received Response", "Commands  0, 1, 4"),
    ("000913 0010", "Discover Commands Generated", "Start Command  0"),
    ("180914 00 09", "Discover Commands Generated Response", "Discovery Complete  0"),
    ("000915 0000 10", "Discover Attributes Extended", "Maximum  16"),
    (
        "180916 01 0000 25 05",
        "Discover Attributes Extended Response",
        "readable, reportable (0x05)",
    ),
    ("000917 0102", "", "0102 (command not in the table)"),
    ("0009FE", "", "no octets (command not in the table)"),
]


@pytest.mark.parametrize(("octets", "name", "text"), GENERAL)
def test_all_general_commands_are_named_with_their_fields(octets, name, text):
    frame, node = zcl.read_frame(bytes.fromhex(octets.replace(" ", "")), 0x0702)
    assert frame.name == name
    told = "\n".join(f"{item.name}  {item.text}" for item in node.walk())
    assert text in told, told
    assert "no value" not in told
    json.dumps(frame.to_json())


def test_a_type_that_nobody_knows_hides_only_what_follows_in_its_frame():
    bad = b"\x18\x00\x01" + record(0x0300, 0x30, 1, 1) + b"\x02\x80\x00\x5f\x01\x02"
    good = b"\x18\x01\x01" + record(0x0301, 0x22, 1, 3)
    payload = gbz(component(0, 0x0702, bad), component(1, 0x0702, good))
    response = answer(SUPPLIER.command("GCS13a", GPF, 3), payload)
    message = examine(response, RING)
    text = shown(message)
    assert "0x0300 UnitofMeasure  m\u00b3 (1)" in text and "0x0301 Multiplier  1" in text
    assert "not read  0280005F0102 (0x8002: data type 0x5F is not a known ZCL type)" in text
    assert [fault.offset for fault in message.faults] == [text_offset(message, "not read") + 4]
    assert run(response.hex()).exit_code == 2


def text_offset(message, name):
    """Where the first field of that name begins."""
    return message.tree.find(name).offset


def test_an_element_that_cannot_be_read_leaves_those_before_it():
    command = SUPPLIER.command("ECS52", ESME, 5)
    payload = b"\xda\x20\x00\x00\x05\x00\x00\x02" + b"\x11\x2a" + b"\xee\x01\x02"
    message = examine(answer(command, payload), RING)
    assert "42 (unsigned)" in shown(message)
    assert "not read  EE0102 (data 1: 0xEE is not an A-XDR type)" in shown(message)
    assert message.checks[0].passed


def test_rows_before_a_row_that_is_cut_are_shown():
    command = SUPPLIER.command("ECS52", ESME, 5)
    log = bytes.fromhex("13 0202 0606 0A 00000001 00000002 0000".replace(" ", ""))
    payload = b"\xda\x20\x00\x00\x05\x00\x00\x02" + log + b"\x11\x07" + b"\x02\x01\x00\x01\x00"
    message = examine(answer(command, payload), RING)
    assert "[0]  1, 2" in shown(message) and "not read  0000 (no row" in shown(message)
    assert "7 (unsigned)" in shown(message) and len(message.faults) == 1


@pytest.mark.parametrize(
    ("octets", "wanted"),
    [
        ("3009 0200 020105 1802FF20", ["not read", "5 (INTEGER)", "hex FF20"]),
        ("3005 020105 0209", ["5 (INTEGER)", "not read  0209"]),
        ("3014 180F3230323631333036303933303030 5A 020105", ["malformed: no time", "5 (INTEGER)"]),
        ("020105 FF", ["5 (INTEGER)", "not read  FF"]),
    ],
)
def test_der_that_is_partly_wrong_is_partly_read(octets, wanted):
    command = SUPPLIER.command("CS04B", GSME, 4, {"otherDeviceEntityIdentifier": "00" * 8})
    message = examine(answer(command, bytes.fromhex(octets.replace(" ", ""))), RING)
    for text in wanted:
        assert text in shown(message), shown(message)
    assert message.faults


def test_the_message_of_a_supplier_is_text():
    for use_case, device, name, value in (
        ("GCS07", GSME, "Message", "Top up \u00a35"),
        ("ECS10", ESME, "SupplierMessage", "text:Top up \u00a35"),
    ):
        command = SUPPLIER.command(use_case, device, 1, {name: value})
        assert '"Top up \u00a35"' in run(command.hex()).stdout


def test_every_octet_of_a_message_may_be_anything():
    """No octet makes the decoder end in another error than its own, or lose the header."""
    _, response = gas_answer()
    for place in range(0x2F, len(response) - 13):
        for value in (0x00, 0x7F, 0x80, 0xFF):
            changed = bytearray(response)
            changed[place] = value
            result = run(bytes(changed).hex(), "--json")
            assert result.exit_code in (0, 2), (place, value, result.exception)


@pytest.mark.parametrize(
    "content",
    [
        b"\x02\x01\x05" * 100_000,
        b"\x30\x03\x02\x01\x05" * 20_000,
        b"\x04\x00" * 30_000,
    ],
)
def test_an_asn1_message_of_any_size_takes_little_time(content):
    payload = b"\x30\x83" + len(content).to_bytes(3, "big") + content
    header = Header(2, 1, bytes(8), bytes(8), b"", 0x0010)
    octets = add_mac_header(header.encode(payload) + b"\0", bytes(12))
    start = time.process_time()
    message = examine(octets)
    terminal.Console(file=io.StringIO()).print(render(message))
    assert time.process_time() - start < 5
    assert "more than 2000 elements" in message.faults[0].what


def test_a_document_nested_too_deeply_is_told():
    for depth in (100, 300, 5000, 100_000):
        value = '{"type":"array","value":[' * depth + "]}" * depth
        item = f'{{"class":1,"obis":"0-0:1.0.0.255","attr":2,"value":{value}}}'
        text = f'{{"device":"ESME","dlms":[{item}]}}'
        start = time.process_time()
        with pytest.raises(SchemaProblem):
            validate(parse_document(text.encode()), "state")
        assert time.process_time() - start < 2
