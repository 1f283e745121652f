# engines: cpython unix
# The GBCS message: MAC header, grouping header with all forms of other-information, signature.
import sys
from hashlib import sha256

from testkit import Skip, raises
from vectors import (
    DEVICE,
    SUPPLIER,
    Opened,
    command,
    counter_octets,
    gas_read,
    grouping,
    h,
    length,
    mac,
    octets,
    protect,
    secret,
    signing_key,
    string,
)

from smets.codec import DecodeError
from smets.crypto import kdf
from smets.crypto.gcm import Gcm
from smets.gbcs import message
from smets.parts import Encrypted, Parts

COUNTER = counter_octets(1000)


def refused(data):
    with raises(DecodeError) as caught:
        message.parse(data)
    return caught.error


def authenticated(parts, other=b"", date_time=b""):
    header = message.Header(message.RESPONSE, COUNTER, DEVICE, SUPPLIER, 0x0074)
    header.other = other
    header.date_time = date_time
    key = kdf.derive(secret(SUPPLIER), DEVICE, message.RESPONSE, COUNTER, SUPPLIER)
    return message.Authenticated(header, parts, Gcm(key, DEVICE + bytes(4)))


def parts_of(*pieces):
    parts = Parts()
    for piece in pieces:
        parts.add(piece)
    return parts


def test_fields_of_a_read():
    data = gas_read(0x0074)
    parsed = message.parse(data)
    assert parsed.cra == message.COMMAND
    assert bytes(parsed.counter) == COUNTER
    assert bytes(parsed.originator) == SUPPLIER
    assert bytes(parsed.target) == DEVICE
    assert bytes(parsed.date_time) == b""
    assert parsed.code == 0x0074
    assert bytes(parsed.party) == bytes(parsed.party_counter) == bytes(parsed.certificate) == b""
    assert bytes(parsed.payload[:3]) == h("010901")
    assert bytes(parsed.signature) == b""
    assert bytes(parsed.mac) == data[-12:]
    assert bytes(parsed.authenticated) == data[13:-12]
    assert bytes(parsed.signed) == data[14:-13]


def test_offsets_of_the_facts():
    """spec: CRA at 0F, counter 10, originator 19, target 22, date-time 2A."""
    data = gas_read(0x0074)
    assert (data[0x0E], data[0x0F]) == (9, 1)
    assert data[0x10:0x18] == COUNTER
    assert data[0x19:0x21] == SUPPLIER
    assert data[0x22:0x2A] == DEVICE
    assert data[0x2A:0x2E] == h("00020074")


def test_message_without_a_mac():
    """Responses to critical commands have a signature and begin with DF."""
    inner = grouping(0x006C, b"pp", cra=2)
    parsed = message.parse(inner + b"\x40" + bytes(range(64)))
    assert bytes(parsed.mac) == b""
    assert bytes(parsed.signature) == bytes(range(64))
    assert bytes(parsed.signed) == inner[1:]
    assert parsed.cra == message.RESPONSE


def test_signed_command():
    parsed = message.parse(command(0x006C, b"abc", sign=True))
    assert len(parsed.signature) == 64
    assert len(parsed.mac) == 12
    assert bytes(parsed.payload) == b"abc"


def test_every_form_of_other_information():
    """rtds: lengths 2, 10, 18, 26 and with a certificate 424 or 425."""
    party, counter = h("0102030405060708"), h("1112131415161718")
    for other, expected in (
        (b"", (b"", b"", b"")),
        (party, (party, b"", b"")),
        (party + counter, (party, counter, b"")),
        (party + counter + h("2122232425262728"), (party, counter, b"")),
        (party + counter + bytes(7), (party, counter, bytes(7))),
        (party + counter + bytes(406), (party, counter, bytes(406))),
    ):
        parsed = message.parse(command(0x0074, b"x", other=other))
        found = bytes(parsed.party), bytes(parsed.party_counter), bytes(parsed.certificate)
        assert found == expected
        assert parsed.code == 0x0074


def test_other_information_of_other_lengths_is_refused():
    for size in (0, 1, 3, 9, 11, 17):
        inner = h("df0901") + COUNTER + string(SUPPLIER) + string(DEVICE) + b"\x00"
        inner += string(bytes(size)) + b"\x01x\x00"
        error = refused(inner)
        assert error.offset == 30
        assert error.what == "other-information of %d octets" % size


def test_g09_date_time_of_a_command_is_parsed():
    """spec: zero-length or 12 octets."""
    stamp = h("07DF0101FF0000000080 0004")
    parsed = message.parse(command(0x0074, b"x", date_time=stamp))
    assert bytes(parsed.date_time) == stamp


def test_g42_date_time_of_other_lengths_is_refused():
    """spec: the header's date-time has 0 or 12 octets."""
    for size in (1, 5, 11, 13):
        error = refused(grouping(0x0074, b"x", date_time=bytes(size)) + b"\x00")
        assert (error.offset, error.what) == (29, "date-time of %d octets" % size)


def check_ciphered_service_lengths(sizes):
    shortest = len(command(0x0074, b"")) - 8
    for size, prefix in sizes:
        for payload in range(max(size - shortest - 4, 0), size - shortest + 1):
            data = command(0x0074, bytes(payload))
            inner = len(data) - 7 - len(length(size))
            if inner == size:
                break
        else:
            raise AssertionError("no payload gives %d" % size)
        assert data[7 : 7 + len(prefix)] == prefix
        assert data[7 + len(prefix)] == 0x11
        parsed = message.parse(data)
        assert len(parsed.payload) == payload
        assert bytes(parsed.authenticated[:2]) == b"\xdf\x09"


def test_g31_ciphered_service_length_at_each_form():
    """spec: 127 is 7F, 128 is 81 80, 255 is 81 FF, 256 is 82 01 00; offsets move by one or two."""
    check_ciphered_service_lengths(
        ((127, b"\x7f"), (128, b"\x81\x80"), (255, b"\x81\xff"), (256, b"\x82\x01\x00"))
    )


def test_g31_ciphered_service_length_of_three_and_four_octets():
    """spec: 65535 is 82 FF FF, 65536 is 83 01 00 00."""
    if sys.implementation.name != "cpython":
        raise Skip("the messages need more than the heap of a board")
    check_ciphered_service_lengths(((65535, b"\x82\xff\xff"), (65536, b"\x83\x01\x00\x00")))


def test_built_lengths_at_each_form():
    for payload in (0, 62, 63, 64, 127, 128, 189, 190, 191, 255, 256, 300):
        data = octets(authenticated(parts_of(bytes(payload))))
        assert len(Opened(data).payload) == payload
        assert message.parse(data).payload == bytes(payload)


def test_g42_each_shorter_message_is_refused():
    """rtds cut short: DecodeError at each prefix."""
    other = h("0102030405060708 1112131415161718")
    for data in (
        gas_read(0x0074),
        command(0x0074, b"abc", other=other),
        command(0x0074, b"abc", date_time=bytes(12)),
        grouping(0x006C, b"abc") + b"\x40" + bytes(64),
    ):
        message.parse(data)
        for size in range(len(data)):
            error = refused(data[:size])
            assert 0 <= error.offset <= size


def test_g42_trailing_octets_are_refused():
    """rtds with more behind it. The error names where the message does not fit.

    With a MAC that is the length of the ciphered service, behind DD and six octets; with a
    signature it is the first octet behind it.
    """
    signed = grouping(0x006C, b"abc") + b"\x40" + bytes(64)
    for data, at in ((gas_read(0x0074), 7), (signed, len(signed))):
        for more in (b"\x00", b"\xdd", bytes(12), bytes(64)):
            error = refused(data + more)
            assert error.offset == at, (error.what, len(more))


def test_reserved_octets_of_the_mac_header():
    data = gas_read(0x0074)
    for at in list(range(1, 7)) + list(range(8, 13)):
        error = refused(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        assert error.offset == at


def test_fixed_lengths_of_the_grouping_header():
    data = gas_read(0x0074)
    for at in (0x0E, 0x18, 0x21):
        error = refused(data[:at] + bytes((data[at] - 1,)) + data[at + 1 :])
        assert error.offset == at


def test_cra_flags():
    data = bytearray(gas_read(0x0074))
    for cra in range(256):
        data[0x0F] = cra
        if 1 <= cra <= 3:
            assert message.parse(data).cra == cra
        else:
            error = refused(data)
            assert (error.offset, error.what) == (0x0F, "CRA flag %02X" % cra)


def test_signature_of_other_lengths_is_refused():
    inner = grouping(0x006C, b"abc")
    for size in (1, 63, 65, 128):
        assert refused(inner + string(bytes(size))).what == "signature of %d octets" % size


def test_ciphered_service_without_room_for_a_mac():
    assert refused(h("dd000000000000 0c 1100000000") + bytes(7)).what == "no room for the MAC"
    assert refused(h("dd000000000000 03 110000")).what.endswith("octets missing")


def test_ciphered_service_length_must_be_that_of_the_rest():
    data = gas_read(0x0074)
    for step in (-1, 1):
        error = refused(data[:7] + bytes((data[7] + step,)) + data[8:])
        assert (error.offset, error.what) == (7, "ciphered-service length %d" % (data[7] + step))


def test_empty_input_is_refused():
    assert refused(b"").what == "general-signing: 1 octets missing"


def test_parsed_members_are_views():
    data = bytearray(gas_read(0x0074))
    parsed = message.parse(data)
    data[0x2A + 4] = 0xAA
    assert parsed.authenticated[0x2A + 4 - 13] == 0xAA


def test_authenticated_message_is_as_told():
    """spec: DD, five empty fields, length, 11, counter 0, DF .. 00, MAC."""
    data = octets(authenticated(parts_of(b"payload")))
    inner = grouping(0x0074, b"payload", 1000, DEVICE, SUPPLIER, cra=2) + b"\x00"
    assert data == protect(inner, DEVICE, 2, 1000, SUPPLIER, secret(SUPPLIER))


def test_authenticated_message_with_stamp_and_other_information():
    stamp, other = h("07DF0101FF00000000800004"), h("0102030405060708 1112131415161718")
    data = octets(authenticated(parts_of(b"payload"), other, stamp))
    opened = Opened(data)
    assert (opened.date_time, opened.other, opened.payload) == (stamp, other, b"payload")


def test_payload_in_pieces_is_the_payload():
    whole = octets(authenticated(parts_of(b"abcdefgh" * 40)))
    pieces = parts_of(b"abcd", bytearray(b"efgh"), parts_of(b"abcdefgh" * 30, b"ab"))
    pieces.add(parts_of(b"cdefgh" + b"abcdefgh" * 8))
    assert pieces.length == 320
    assert octets(authenticated(pieces)) == whole


def test_encrypted_part_is_one_stream_with_its_tag():
    key, iv = bytes(range(16)), bytes(12)
    plain = bytes(range(200))
    sealed = Gcm(key, iv)
    sealed.update_aad(b"\x31")
    expected = bytearray(200)
    sealed.encrypt_into(plain, expected)
    cipher = Gcm(key, iv)
    cipher.update_aad(b"\x31")
    stream = Encrypted(parts_of(plain[:3], parts_of(plain[3:100]), plain[100:]), cipher, 12)
    assert stream.length == 212
    assert octets(stream) == bytes(expected) + sealed.tag(12)


def test_signed_message():
    """spec: what is signed is the header without DF, and the payload."""
    digests = []

    def sign(digest):
        digests.append(digest)
        return bytes(range(64))

    header = message.Header(message.RESPONSE, COUNTER, DEVICE, SUPPLIER, 0x006C)
    data = octets(message.Signed(header, parts_of(b"pay", b"load"), sign))
    inner = grouping(0x006C, b"payload", 1000, DEVICE, SUPPLIER, cra=2)
    assert data == inner + b"\x40" + bytes(range(64))
    assert digests == [sha256(inner[1:]).digest()]


def test_g12_mac_covers_the_five_empty_fields():
    """rtds: without the five zero octets of the MAC header the MAC is another one."""
    from smets.crypto import gcm

    inner = grouping(0x0074, b"x") + b"\x00"
    key = kdf.derive(secret(SUPPLIER), SUPPLIER, 1, COUNTER, DEVICE)
    right = mac(secret(SUPPLIER), SUPPLIER, 1, 1000, DEVICE, inner)
    assert right == gcm.mac(key, SUPPLIER + bytes(4), message.AAD_PREFIX, inner)
    assert right != gcm.mac(key, SUPPLIER + bytes(4), b"\x11", inner)


def test_g14_each_cra_flag_has_its_own_key():
    """spec: command, response, alert and encryption keys differ; the wrong one fails."""
    keys = [kdf.derive(secret(SUPPLIER), SUPPLIER, cra, COUNTER, DEVICE) for cra in (1, 2, 3, 4)]
    assert len(set(keys)) == 4
    inner = grouping(0x0074, b"x", 1000, DEVICE, SUPPLIER, cra=2) + b"\x00"
    for cra in (1, 3, 4):
        wrong = mac(secret(SUPPLIER), DEVICE, cra, 1000, SUPPLIER, inner)
        data = b"\xdd" + bytes(6) + string(b"\x11" + bytes(4) + inner + wrong)
        with raises(AssertionError) as caught:
            Opened(data)
        assert str(caught.error) == "MAC of the response"


def test_signing_keys_of_the_tests_are_their_own():
    assert signing_key(SUPPLIER) != signing_key(DEVICE)
