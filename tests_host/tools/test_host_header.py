"""The host's decoder: headers, the place of every field, and what becomes of spoilt octets."""

import json

import pytest
from host_home import (
    CONSUMPTION,
    GPF,
    GSME,
    OPERATOR,
    RING,
    STAMP,
    SUPPLIER,
    answer,
    component,
    gas_answer,
    gbz,
    nodes,
    refused,
    text_of,
    uncovered,
    voltage_answer,
)
from hypothesis import given
from hypothesis import strategies as st

from host_tools.gbcs import crypto
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import Header, add_mac_header
from host_tools.gbcs.message import decode
from host_tools.gbcs.reader import Reader, encode_length
from host_tools.gbcs.render import render
from host_tools.remote import seal


def test_a_command_is_decoded_with_the_place_of_every_field():
    command = SUPPLIER.command("GCS13a", GPF, 1000)
    message = decode(command, RING)
    assert message.header == Header(
        1, 1000, SUPPLIER.id, GPF, b"", 0x0074, start=13, content=(0x2F, 0x42)
    )
    assert message.use_case.id == "GCS13a" and message.protocol == "GBZ"
    places = {node.name: node.offset for node in message.tree.walk()}
    # The offsets of the layout table: CRA 0x0F, counter 0x10, date-time 0x2A, message code 0x2C.
    assert places["CRA flag"] == 0x0F and places["originator counter"] == 0x10
    assert places["date-time"] == 0x2A and places["message code"] == 0x2C
    assert places["signature"] == 0x42 and places["MAC"] == 0x43
    assert [item.id for item in message.gbz.frames[0].attributes] == [0x302, 0x301, 0x300, 0]
    assert [(check.name, check.passed) for check in message.checks] == [("MAC", True)]


def test_an_answer_is_verified_decrypted_and_shown_in_units():
    _, response = gas_answer()
    message = decode(response, RING)
    assert [(c.name, c.passed) for c in message.checks] == [("MAC", True), ("component 0", True)]
    assert text_of(message, "0x0000 CurrentSummationDelivered") == "8123.456 m\u00b3 (raw 8123456)"
    assert text_of(message, "0x0300 UnitofMeasure") == "m\u00b3 (1)"
    assert message.stamp.to_json() == {
        "isFromGSME": True,
        "ClockStatus": "reliable",
        "source": "GSME",
        "time": "2026-11-06T09:30:00Z",
        "octets": STAMP.hex().upper(),
        "responder": "GPF",
        "malformed": None,
        "remark": None,
    }


def test_without_keys_nothing_is_opened_and_nothing_fails():
    _, response = gas_answer()
    message = decode(response)
    assert [check.passed for check in message.checks] == [None, None] and not message.failed
    assert message.gbz.components[0].frame is None and message.gbz.components[0].opened is None
    assert nodes(message, "ciphertext")[0].note == "no key"


def test_every_octet_of_a_message_is_shown_once():
    _, response = gas_answer()
    assert uncovered(decode(response, RING), len(response)) <= 17


PARTY = bytes.fromhex("02534D4554530300")


@pytest.mark.parametrize("length", [2, 10, 18, 26])
def test_every_form_of_other_information_is_read(length):
    """spec: message code, supplementary party, its counter, supplementary originator counter."""
    facts = {
        "supplementary_party": PARTY if length >= 10 else None,
        "supplementary_counter": 7 if length >= 18 else None,
        "supplementary_originator_counter": 8 if length >= 26 else None,
    }
    command = SUPPLIER.command("GCS13a", GPF, 1)
    response = answer(command, gbz(component(1, 0x0702, bytes.fromhex("08000BFF01"))), **facts)
    message = decode(response, RING)
    head = message.header
    assert head.supplementary_party == facts["supplementary_party"]
    assert head.supplementary_counter == facts["supplementary_counter"]
    assert head.supplementary_originator_counter == facts["supplementary_originator_counter"]
    assert text_of(message, "other information") == f"{length} octets"
    assert message.checks[0].passed
    json.dumps(message.to_json())


def test_a_supplementary_party_is_the_one_a_component_is_encrypted_for():
    """rtds: the supplementary party stands for the recipient, its originator counter for ours."""
    command = SUPPLIER.command("GCS13a", GPF, 5)
    secret = RING.secret(GPF, OPERATOR.id)
    key = crypto.derive_key(secret, GPF, crypto.ENCRYPTION, 99, OPERATOR.id)
    ciphered = crypto.encrypt(key, GPF, CONSUMPTION[3:])
    body = bytes(2) + CONSUMPTION[:3] + len(ciphered).to_bytes(2, "big") + ciphered
    response = answer(
        command,
        gbz(component(3, 0x0702, body)),
        supplementary_party=OPERATOR.id,
        supplementary_counter=4,
        supplementary_originator_counter=99,
    )
    assert [check.passed for check in decode(response, RING).checks] == [True, True]


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (b"\x74", "message code: 2 octets needed, 1 left"),
        (b"\x00\x74\x01", "supplementary remote party id: 8 octets needed, 1 left"),
        (b"\x00\x74" + bytes(15), "supplementary remote party counter: 8 octets needed, 7 left"),
        (b"\x00\x74" + bytes(24), "other-information: not an X.509 certificate"),
        (b"\x00\x74" + bytes(400), "other-information: not an X.509 certificate"),
    ],
)
def test_other_information_of_another_form_is_refused(other, text):
    command = SUPPLIER.command("GCS13a", GPF, 1)
    content = command[0x2F:0x42]
    head = Header(1, 1, SUPPLIER.id, GPF, b"", 0x74).encode(b"")[:-4]
    grouped = head + encode_length(len(other)) + other + encode_length(len(content)) + content
    assert text in refused(add_mac_header(grouped + b"\0", bytes(12)))
    assert "supplementary originator counter: 8 octets needed, 6 left" in refused(
        answer(command, content, supplementary_party=GPF, certificate=bytes(14))
    )


@pytest.mark.parametrize(
    ("offset", "value", "text"),
    [
        (0x00, 0xDE, "offset 0x00 (0): 0xDE begins no message"),
        (0x03, 0x01, "offset 0x03 (3): length of recipient in the MAC header is 0x01"),
        (0x06, 0x01, "offset 0x06 (6): key-info of the MAC header is 0x01"),
        (0x07, 0x46, "offset 0x07 (7): ciphered-service length is 70, but 71 octets follow"),
        (0x07, 0x80, "offset 0x07 (7): ciphered-service length: length octet 0x80 is not valid"),
        (0x08, 0x31, "offset 0x08 (8): security control is 0x31, expected 0x11"),
        (0x0C, 0x01, "offset 0x09 (9): invocation counter of the MAC header is not 0"),
        (0x0D, 0xDE, "offset 0x0D (13): general-signing tag is 0xDE"),
        (0x0E, 0x08, "offset 0x0E (14): transaction-id length is 0x08"),
        (0x0F, 0x04, "offset 0x0F (15): CRA flag 4, expected 1, 2 or 3"),
        (0x0F, 0x00, "offset 0x0F (15): CRA flag 0"),
        (0x18, 0x07, "offset 0x18 (24): length of originator is 0x07"),
        (0x21, 0x09, "offset 0x21 (33): length of target is 0x09"),
        (0x2A, 0x05, "offset 0x2A (42): date-time length 5, expected 0 or 12"),
        (0x2A, 0x0D, "offset 0x2A (42): date-time length 13, expected 0 or 12"),
        (0x2E, 0x7F, "offset 0x2E (46): content length is 127, but 32 octets follow"),
        (0x2E, 0x00, "offset 0x2F (47): signature length 1, expected 0 or 64"),
        (0x30, 0x0A, "offset 0x2F (47): GBZ profile 0x010A, expected 0x0109"),
        (0x31, 0x00, "offset 0x31 (49): a GBZ payload without components"),
        (0x31, 0x02, "offset 0x32 (50): component 0 of 2 is marked last"),
        (0x32, 0x00, "offset 0x32 (50): component 0 of 1 is not marked last"),
        (0x32, 0x81, "offset 0x32 (50): component 0: control 0x81 has unknown bits"),
        (
            0x32,
            0x13,
            "offset 0x32 (50): component 0: an encrypted component has no from-date-time",
        ),
        (0x36, 0x0C, "offset 0x37 (55): component 0: 12 octets needed, 11 left"),
        (0x36, 0x0A, "offset 0x40 (64): attribute id: 2 octets needed, 1 left"),
        (0x37, 0x02, "offset 0x37 (55): ZCL frame type 2 is reserved"),
        (0x39, 0x0C, "offset 0x3D (61): 5 trailing octets after Discover Attributes"),
        (0x42, 0x01, "offset 0x42 (66): signature length 1, expected 0 or 64"),
        (0x42, 0x40, "offset 0x43 (67): signature: 64 octets needed, 12 left"),
    ],
)
def test_an_error_names_the_octet_and_what_is_wrong(offset, value, text):
    command = bytearray(SUPPLIER.command("GCS13a", GPF, 1000))
    command[offset] = value
    assert text in refused(bytes(command))


def test_trailing_octets_are_an_error():
    command, response = gas_answer()
    assert "ciphered-service length is 71, but 72 octets follow" in refused(command + b"\0")
    signed = SUPPLIER.command("GCS23", GSME, 1, {"ConversionFactor": 1, "CalorificValue": 2})
    default = gbz(component(1, 0x0700, bytes.fromhex("0000") + b"\x0b\x02\x00"))
    assert "1 trailing octets after the message" in refused(answer(signed, default) + b"\0")
    payload = gbz(component(1, 0x0702, bytes.fromhex("08000B0000"))) + b"\0"
    assert "1 trailing octets after the last GBZ component" in refused(answer(command, payload))
    long = gbz(component(1, 0x0702, bytes.fromhex("08000B000000")))
    assert "1 trailing octets after Default Response" in refused(answer(command, long))


def test_a_message_needs_a_signature_or_a_mac():
    command = SUPPLIER.command("GCS13a", GPF, 1000)
    grouped = command[13:0x42]
    assert "neither signature nor MAC" in refused(grouped + b"\0")
    assert "neither signature nor MAC" in refused(grouped)
    assert decode(grouped, unsigned=True).use_case.id == "GCS13a"
    assert decode(grouped + b"\0", unsigned=True).checks == []
    assert refused(b"") == "offset 0x00 (0): an empty message"
    header = Header(1, 1, SUPPLIER.id, GPF, b"", 0x74)
    assert "no content" in refused(seal(header, b"", bytes(32), None))


@pytest.mark.parametrize("rest", [127, 128, 255, 256, 65535, 65536])
def test_lengths_use_the_shortest_form(rest):
    """spec: 7F, 81 80, 81 FF, 82 01 00; every other form is refused."""
    shortest = encode_length(rest)
    assert Reader(shortest).length("x") == rest
    assert len(shortest) == 1 if rest < 128 else shortest[0] == 0x80 + len(shortest) - 1
    longer = bytes([0x80 + len(shortest[1:] or shortest) + (rest >= 128)])
    longer += bytes(rest >= 128) + (shortest[1:] or shortest)
    with pytest.raises(DecodeError, match="not in its shortest form"):
        Reader(longer).length("x")


def test_every_prefix_of_a_message_is_refused():
    command, response = gas_answer()
    signed = SUPPLIER.command("GCS23", GSME, 1, {"ConversionFactor": 1, "CalorificValue": 2})
    default = gbz(component(1, 0x0700, bytes.fromhex("00000B0200")))
    for data in (command, response, signed, answer(signed, default), voltage_answer()[1]):
        assert not decode(data, RING).failed
        for length in range(len(data)):
            refused(data[:length])


def test_every_flipped_bit_is_noticed():
    """No bit of a message can change without a DecodeError or a check that does not pass."""
    for data in gas_answer():
        for index in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[index // 8] ^= 0x80 >> index % 8
            try:
                message = decode(bytes(flipped), RING)
            except DecodeError:
                continue
            assert not all(check.passed for check in message.checks), index


@given(st.binary(max_size=120))
def test_noise_raises_nothing_but_decode_errors(noise):
    for data in (noise, b"\xdf\x09\x01" + noise, gas_answer()[0][:0x2F] + noise):
        with pytest.raises(DecodeError):
            decode(data, RING)


@given(st.data())
def test_spoiled_messages_raise_nothing_but_decode_errors(data):
    message = bytearray(data.draw(st.sampled_from([*gas_answer(), *voltage_answer()])))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode(bytes(message), RING)
    except DecodeError:
        return
    json.dumps(decoded.to_json())
    render(decoded)
