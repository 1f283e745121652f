"""The host's DLMS: A-XDR values, APDUs, protected data, names and units."""

import json

import pytest
from host_home import (
    ESME,
    OPERATOR,
    RING,
    SUPPLIER,
    access_response,
    answer,
    refused,
    text_of,
    uncovered,
    voltage_answer,
)

from host_tools.gbcs import axdr, crypto, dlms
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import decode
from host_tools.gbcs.reader import Reader


def test_a_dlms_answer_is_named_and_in_units():
    command, response = voltage_answer()
    message = decode(response, RING)
    assert message.protocol == "DLMS" and not message.failed and message.stamp is None
    texts = {node.name: node.text for node in message.tree.walk()}
    value = "data 0: (Phase[1])AverageRMSUnderVoltageCounter: value"
    assert texts[f"{value} [3/1-0:32.32.0.4/attribute 2]"] == "230.1 V (raw 2301)"
    assert texts["[48]"] == "2026-11-07T00:00:00Z: 278"
    period = next(text for name, text in texts.items() if name.startswith("data 5: "))
    assert period == "1800 s"
    assert message.dlms.results == [(1, 0)] * 6
    assert uncovered(message, len(response)) < 70
    request = decode(command, RING)
    assert [item.op for item in request.dlms.items] == ["get"] * 6
    selection = request.dlms.items[4].selection
    assert [item.type for item in selection.items] == [
        "structure",
        "double-long-unsigned",
        "double-long-unsigned",
        "array",
    ]
    assert "AverageRMSVoltageProfileDataLog" in text_of(request, "access 4")
    json.dumps(message.to_json())


def test_a_request_shows_units_that_no_scaler_gives():
    names = [f"#{n}" for n in range(11)]
    request = decode(OPERATOR.command("ECS29c", ESME, 1, dict.fromkeys(names, 230)), RING)
    texts = [node.text for node in request.dlms.nodes]
    assert texts[:5] == ["230 V", "230 V", "230 s", "230 V", "230 s"]
    with pytest.raises(TypeError, match="the payload is DLMS, not GBZ"):
        _ = request.gbz
    with pytest.raises(TypeError, match="the payload is GBZ, not DLMS"):
        _ = decode(SUPPLIER.command("GCS13a", ESME, 1)).dlms


def test_octets_of_12_that_are_no_date_stay_octets():
    value = axdr.read(Reader(b"\x09\x0c" + b"\x41" * 12), "x")
    assert dlms.simple_text(value) == "41" * 12 + ' "AAAAAAAAAAAA" (octet-string, 12)'
    text = axdr.read(Reader(b"\x09\x03abc"), "x")
    assert dlms.simple_text(text) == '616263 "abc" (octet-string, 3)'


def test_dlms_results_are_read_by_name():
    command = OPERATOR.command("ECS29e", ESME, 9)
    nothing = {"type": "null-data", "value": None}
    payload = access_response(9, (nothing, nothing), [(3, 1), (3, 250)])
    message = decode(answer(command, payload), RING)
    assert text_of(message, "result 0") == "action: hardware-fault (1)"
    assert text_of(message, "result 1") == "action: other-reason (250)"
    assert message.to_json()["content"]["results"][1] == {"op": "action", "result": 250}


VALUES = [
    {"type": "null-data", "value": None},
    {"type": "dont-care", "value": None},
    {"type": "boolean", "value": True},
    {"type": "boolean", "value": False},
    {"type": "bit-string", "value": "010"},
    {"type": "bit-string", "value": "0" * 12 + "1"},
    {"type": "double-long", "value": -5},
    {"type": "double-long-unsigned", "value": 5},
    {"type": "octet-string", "value": "00FF"},
    {"type": "visible-string", "value": "text"},
    {"type": "utf8-string", "value": "\u00a3"},
    {"type": "bcd", "value": "12"},
    {"type": "integer", "value": -1},
    {"type": "long", "value": -2},
    {"type": "unsigned", "value": 3},
    {"type": "long-unsigned", "value": 4},
    {"type": "long64", "value": -6},
    {"type": "long64-unsigned", "value": 7},
    {"type": "enum", "value": 8},
    {"type": "float32", "value": "3F800000"},
    {"type": "float64", "value": "3FF0000000000000"},
    {"type": "date-time", "value": "07EA0B06FF091E00008000FF"},
    {"type": "date", "value": "07EA0B06FF"},
    {"type": "time", "value": "091E0000"},
    {"type": "array", "value": [{"type": "enum", "value": 1}, {"type": "enum", "value": 2}]},
    {"type": "structure", "value": []},
    {"type": "compact-array", "element_type": "long", "value": [1, -1]},
    {"type": "compact-array", "element_type": {"array": [2, "boolean"]}, "value": [[True, False]]},
    {
        "type": "compact-array",
        "element_type": {"structure": ["octet-string", {"structure": ["bit-string", "enum"]}]},
        "value": [["", ["1", 3]], ["AB", ["", 4]]],
    },
    {"type": "compact-array", "element_type": "unsigned", "value": []},
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value["type"])
def test_every_axdr_type_is_read_and_written_alike(value):
    raw = axdr.encode(value)
    reader = Reader(raw)
    got = axdr.read(reader, "value")
    assert got.to_json() == value and not reader.left
    assert got.length == len(raw) and got.shape.startswith(value["type"])
    node = dlms.value_node("x", got, Reader(raw))
    assert node.text
    for length in range(len(raw)):
        with pytest.raises(DecodeError):
            axdr.read(Reader(raw[:length]), "value")


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("07", "0x07 is not an A-XDR type"),
        ("04 03 E1", "unused bits of a bit-string are not 0"),
        ("01 03 00", "3 elements cannot be in 1 octets"),
        ("13 00 00", None),
        ("13 00 01 00", "rows of this type take no octets"),
        ("13 01 FFFF 00 01 00", "the elements of an array take no octets"),
        ("13 13 00", "0x13 is not a type of a compact-array"),
        ("13 12 01 00", "2 octets needed, 1 left"),
        ("01 01" * 30, "nested more than 24 deep"),
        ("13" + "02 01" * 30, "type nested more than 24 deep"),
        ("13 01 FFFF 01 FFFF 11 02 0000", "65535 elements cannot be in 2 octets"),
    ],
)
def test_malformed_axdr_is_refused(octets, text):
    reader = Reader(bytes.fromhex(octets.replace(" ", "")))
    if text is None:
        assert axdr.read(reader, "value").value == []
        return
    with pytest.raises(DecodeError, match=text):
        axdr.read(reader, "value")
        raise reader.faults[0]  # what does not keep the rest from being read


@pytest.mark.parametrize("tag", ["0A", "0C"])
def test_text_that_is_no_utf8_keeps_its_octets(tag):
    raw = bytes.fromhex(f"{tag} 03 C2A3FF")
    value = axdr.read(Reader(raw), "value")
    assert value.value == {"hex": "C2A3FF"} and axdr.encode(value.to_json()) == raw
    shown = dlms.simple_text(value)
    assert "hex C2A3FF" in shown and 'Latin-1 "\u00c2\u00a3\u00ff"' in shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "is not"),
        ({"type": "real", "value": 1}, "'real' is not an A-XDR type"),
        ({"type": "unsigned", "value": 256}, "256 does not fit unsigned"),
        ({"type": "unsigned", "value": True}, "True is not an integer"),
        ({"type": "octet-string", "value": 5}, "5 is not the text of a octet-string"),
        ({"type": "date", "value": "00"}, "date has 5 octets, not 1"),
        ({"type": "array", "value": 5}, "the value of array is not a list"),
        ({"type": "compact-array", "element_type": "enum", "value": 5}, "is not a list"),
        ({"type": "compact-array", "element_type": "real", "value": []}, "is not an A-XDR type"),
        ({"type": "compact-array", "element_type": 5, "value": []}, "5 is not an element_type"),
        (
            {"type": "compact-array", "element_type": {"structure": ["enum"]}, "value": [[1, 2]]},
            "does not have the 1 elements",
        ),
    ],
)
def test_values_that_are_no_axdr_are_refused(value, text):
    with pytest.raises(ValueError, match=text):
        axdr.encode(value)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ("DA2000000900 00 01 00 00", "1 data, but 0 results"),
        ("DA2000000900 00 00 01 0400", "result 0: choice 4"),
        ("D92000000900 01 06", "access specification 0: choice 6"),
        ("D92000000900 01 01000101000100FFFF02 00", "1 accesses, but 0 data"),
        ("DA20000009 0C07EA0D06FF091E0000800004", "APDU date-time: month 13 is out of range"),
        ("DA2000000900 00 00 00 00", "1 trailing octets after Access-Response"),
        ("0F2000000900", "type of body: 1 octets needed"),
    ],
)
def test_malformed_apdus_are_refused(payload, text):
    command = OPERATOR.command("ECS29e", ESME, 9)
    assert text in refused(answer(command, bytes.fromhex(payload.replace(" ", ""))))


def protected_answer(command, ring_secret=None, spoil=False):
    asked = decode(command).header
    secret = RING.secret(ESME, asked.originator) if ring_secret is None else ring_secret
    register = {"type": "double-long-unsigned", "value": 1234}
    unit = {
        "type": "structure",
        "value": [{"type": "integer", "value": 0}, {"type": "enum", "value": 30}],
    }
    one = {"type": "structure", "value": [register, unit, register, unit, register]}
    plaintext = axdr.encode({"type": "structure", "value": [one]})
    key = crypto.derive_key(secret, ESME, crypto.ENCRYPTION, asked.counter, asked.originator)
    ciphered = bytearray(crypto.encrypt(key, ESME, plaintext))
    ciphered[-1] ^= spoil
    parts = [b"\x04" + asked.counter.to_bytes(8, "big"), ESME, asked.originator, b"", b"\x02"]
    octets = [{"type": "octet-string", "value": part.hex()} for part in parts]
    agreed = {"type": "structure", "value": [{"type": "enum", "value": 2}, octets[4]]}
    inner = {"type": "structure", "value": [*octets[:4], agreed]}
    entry = {"type": "structure", "value": [{"type": "enum", "value": 2}, inner]}
    cipher = {"type": "octet-string", "value": bytes(ciphered).hex()}
    block = {"type": "structure", "value": [{"type": "array", "value": [entry]}, cipher]}
    return answer(command, access_response(11, (block,), [(3, 0)]))


def test_protected_data_is_opened_and_named():
    command = SUPPLIER.command("ECS17b", ESME, 11)
    message = decode(protected_answer(command), RING)
    assert [(check.name, check.passed) for check in message.checks][1] == (
        "protected data 0",
        True,
    )
    assert text_of(message, "active_import_value") == "1234 Wh (raw 1234)"
    assert text_of(message, "reactive_import_value") == "1234 Wh (raw 1234)"
    assert message.to_json()["protected"][0]["type"] == "structure"
    hidden = decode(protected_answer(command))
    assert hidden.checks[1].passed is None and hidden.to_json()["protected"] == [None]
    spoilt = decode(protected_answer(command, spoil=True), RING)
    assert [check.name for check in spoilt.failed] == ["protected data 0"]
