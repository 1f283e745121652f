# engines: cpython unix
# ZCL frames: header, reserved bits, Default Response.
from testkit import raises

from smets.codec import DecodeError
from smets.zcl import frame


def test_profile_wide_frame():
    parsed = frame.parse(b"\x00\x05\x00\x02\x03\x01\x03")
    assert (parsed.frame_control, parsed.manufacturer) == (0, 0)
    assert (parsed.sequence, parsed.command) == (5, frame.READ_ATTRIBUTES)
    assert bytes(parsed.payload) == b"\x02\x03\x01\x03"
    assert not parsed.cluster_specific
    assert not parsed.from_server
    assert parsed.wants_default_response


def test_bits_of_the_frame_control():
    """spec: ZCL 2.4.1.1."""
    parsed = frame.parse(b"\x19\x07\x06")
    assert parsed.cluster_specific
    assert parsed.from_server
    assert not parsed.wants_default_response
    assert bytes(parsed.payload) == b""


def test_manufacturer_code():
    parsed = frame.parse(b"\x04\x34\x12\x09\x01\xaa")
    assert (parsed.manufacturer, parsed.sequence, parsed.command) == (0x1234, 9, 1)
    assert bytes(parsed.payload) == b"\xaa"


def test_reserved_bits_and_frame_types_are_refused():
    for control in range(256):
        octets = bytes((control,)) + bytes(4)
        if control & 0xE2:
            with raises(DecodeError) as caught:
                frame.parse(octets)
            assert caught.error.offset == 0
            assert caught.error.what == "frame control %02X" % control
        else:
            assert frame.parse(octets).frame_control == control


def test_each_shorter_frame_is_refused():
    for octets in (b"\x00\x01\x02", b"\x04\x34\x12\x09\x01"):
        assert frame.parse(octets).payload is not None
        for size in range(len(octets)):
            with raises(DecodeError) as caught:
                frame.parse(octets[:size])
            assert "missing" in caught.error.what


def test_built_frames_parse_back():
    octets = frame.header(0x18, 200, frame.REPORT_ATTRIBUTES, b"abc")
    assert octets == b"\x18\xc8\x0aabc"
    parsed = frame.parse(octets)
    assert bytes(parsed.payload) == b"abc"
    assert frame.header(0x01, 1, 2) == b"\x01\x01\x02"


def test_default_response_goes_the_other_way():
    """rtds: frame control 08 to a client's command, 00 to a server's; sequence repeated."""
    for control, expected in ((0x00, 0x08), (0x01, 0x08), (0x08, 0x00), (0x09, 0x00)):
        request = frame.parse(bytes((control, 0x21, 0x06)))
        octets = frame.default_response(request, frame.NOT_FOUND)
        assert octets == bytes((expected, 0x21, frame.DEFAULT_RESPONSE, 0x06, 0x8B))


def test_default_response_keeps_the_wish_for_none():
    request = frame.parse(b"\x11\x01\x00")
    assert frame.default_response(request, 0)[0] == 0x18


def test_default_response_may_name_another_command():
    """rtds: a component that was not carried out gets command FF, FAILURE."""
    request = frame.parse(b"\x00\x03\x00")
    octets = frame.default_response(request, frame.FAILURE, 0xFF)
    assert octets == b"\x08\x03\x0b\xff\x01"
    assert frame.default_response(request, frame.FAILURE, 0)[3] == 0


def test_status_codes():
    """spec: ZCL 2.6.3."""
    assert (frame.SUCCESS, frame.FAILURE, frame.NOT_AUTHORIZED) == (0, 1, 0x7E)
    assert (frame.UNSUPPORTED_ATTRIBUTE, frame.NOT_FOUND) == (0x86, 0x8B)
    assert frame.HARDWARE_FAILURE == 0xC0
