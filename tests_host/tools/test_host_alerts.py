"""The host's decoder: alerts of both protocols, and ASN.1 content."""

import pytest
from host_home import ESME, GSME, RING, SUPPLIER, alert, answer, component, refused, text_of

from host_tools.gbcs import dlms_names
from host_tools.gbcs.message import decode

ALERT_TIME = (846806400).to_bytes(4, "big")  # 2026-11-01T00:00:00Z


def test_a_gbz_alert_without_and_with_a_body():
    plain = b"\x01\x09\x00\x81\x45" + ALERT_TIME
    message = decode(alert(0x1000, plain), RING)
    assert (message.gbz.alert_code, message.gbz.alert_time) == (0x8145, 846806400)
    assert text_of(message, "alert time") == "2026-11-01T00:00:00Z"
    assert message.checks[0].name == "signature" and message.checks[0].passed
    assert "1 trailing octets after the GBZ alert" in refused(alert(0x1000, plain + b"\0"))
    one = plain[:2] + b"\x01" + plain[3:]
    frame = component(1, 0x0709, b"\x09\x00\x02\x08")
    message = decode(alert(0x1000, one + frame), RING)
    assert message.gbz.frames[0].name == "Clear Event Log Response"
    body = bytes.fromhex("006F 00000000000010E1 0705 01 0B".replace(" ", ""))
    message = decode(alert(0x00CD, one + b"\x0e" + body), RING)
    assert text_of(message, "body") == "GCS05, counter 4321: Prepayment Set Maximum Credit Limit"
    assert message.to_json()["content"]["alert_body"] == body.hex().upper()


def test_a_dlms_alert_names_what_it_is_about():
    time = bytes.fromhex("07EA0B06FF091E00008000FF")
    body = bytes.fromhex("001A 000000000000004D 0014 00000D0002FF 09".replace(" ", ""))
    payload = b"\x0f\x20\x00\x0b\xb8\x00\x02\x03\x12\x8f\x67\x09\x0c" + time
    message = decode(alert(0x00CC, payload + b"\x09\x13" + body, ESME), RING)
    assert text_of(message, "alertCode") == "0x8F67"
    assert text_of(message, "timeStamp").startswith("2026-11-06T09:30:00Z")
    expected = "ECS02, counter 77: class 20 0-0:13.0.2.255 attribute 9"
    assert text_of(message, "content") == expected
    assert dlms_names.future_dated_text(b"\x12\x34" + bytes(8)) == "12340000000000000000"
    unknown = b"\xff\xff" + bytes(8) + bytes.fromhex("0705017F")
    assert dlms_names.future_dated_text(unknown) == "0xFFFF, counter 0: Prepayment command 0x7F"


def test_asn1_is_read_as_a_tree_with_the_names_of_its_fields():
    command = SUPPLIER.command(
        "GCS28",
        GSME,
        4,
        {
            "validityIntervalStart": "2026-11-06T09:30:00Z",
            "validityIntervalEnd": "2026-11-06T10:30:00Z",
        },
    )
    request = decode(command, RING)
    assert request.protocol == "ASN.1"
    assert request.content == [
        {"validityIntervalStart": "20261106093000Z"},
        {"validityIntervalEnd": "20261106103000Z"},
    ]
    reply = bytes.fromhex("3014180F") + b"20261106093000Z" + bytes.fromhex("020102")
    message = decode(answer(command, reply), RING)
    assert text_of(message, "deviceTime") == "2026-11-06T09:30:00Z (GeneralizedTime)"
    assert text_of(message, "deviceTimeStatus") == "2 (INTEGER)"
    assert [(check.name, check.passed) for check in message.checks] == [("signature", True)]


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("0500", "NULL"),
        ("30030101FF", "True (BOOLEAN)"),
        ("06082A8648CE3D030107", "1.2.840.10045.3.1.7 (OBJECT IDENTIFIER)"),
        ("03020780", "1 (BIT STRING)"),
        ("030B00" + "AA" * 10, "AA" * 10 + " (BIT STRING)"),
        ("0C02C2A3", "\u00a3 (UTF8String)"),
        ("0A0105", "5 (ENUMERATED)"),
        ("02021000", "4096 (0x1000) (INTEGER)"),
        ("8001AA", "AA ([0])"),
        ("A003020101", "[0] of 1"),
        ("3100", "SET of 0"),
        ("30820003020101", "SEQUENCE of 1"),  # a length of this form occurs in real messages
    ],
)
def test_der_elements(octets, text):
    command = SUPPLIER.command("CS04B", GSME, 4, {"otherDeviceEntityIdentifier": "00" * 8})
    message = decode(answer(command, bytes.fromhex(octets)), RING)
    assert any(node.text == text for node in message.tree.walk())


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("0501AA", "NULL with octets"),
        ("0200", "INTEGER without octets"),
        ("3004010200FF", "BOOLEAN of 2 octets"),
        ("0600", "OBJECT IDENTIFIER cut off"),
        ("0601FF", "OBJECT IDENTIFIER cut off"),
        ("0300", "wrong count of unused bits"),
        ("030208FF", "wrong count of unused bits"),
        ("1801FF", "GeneralizedTime is not text"),
        ("1F01", "tag numbers above 30 do not occur"),
        ("0580", "length octet 0x80 is not valid"),
        ("0585", "length octet 0x85 is not valid"),
        ("3003020101AA", "1 trailing octets after the ASN.1 content"),
        ("3004020101", "SEQUENCE: 4 octets needed, 3 left"),
        ("1003020101", "SEQUENCE is not constructed"),
        ("2203020101", "INTEGER is constructed"),
        ("A080" * 3, "length octet 0x80 is not valid"),
        ("".join(f"A0{2 * n:02X}" for n in range(40, -1, -1)), "nested more than 32 deep"),
    ],
)
def test_malformed_der_is_refused(octets, text):
    command = SUPPLIER.command("CS04B", GSME, 4, {"otherDeviceEntityIdentifier": "00" * 8})
    assert text in refused(answer(command, bytes.fromhex(octets)))
