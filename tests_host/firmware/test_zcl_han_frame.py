# engines: cpython unix
# The HAN frame as octets: version, flags, addresses, endpoints, profile, cluster, payload.
from testkit import raises
from vectors import h

from smets.codec import DecodeError
from smets.zcl import han_frame

SOURCE = h("025ECA0000000001")
DESTINATION = h("025ECA0000000003")
OCTETS = h("01 01 025ECA0000000001 025ECA0000000003 01 02 0109 0702 1801 0A")


def test_frame_to_octets():
    frame = han_frame.HanFrame(SOURCE, DESTINATION, 1, 2, 0x0702, h("18010A"))
    assert frame.encode() == OCTETS


def test_octets_to_frame():
    frame = han_frame.parse(OCTETS)
    assert (frame.source, frame.destination) == (SOURCE, DESTINATION)
    assert (frame.source_endpoint, frame.destination_endpoint) == (1, 2)
    assert (frame.profile, frame.cluster) == (0x0109, 0x0702)
    assert frame.flags == han_frame.APS_SECURED
    assert frame.payload == h("18010A")
    assert frame.encode() == OCTETS


def test_every_header_field_has_its_place():
    octets = h("01 07 1122334455667788 8877665544332211 F1 02 0000 8005")
    frame = han_frame.parse(octets)
    assert frame.flags == han_frame.APS_SECURED | han_frame.BROADCAST | han_frame.GROUP
    assert frame.source == h("1122334455667788")
    assert frame.destination == h("8877665544332211")
    assert (frame.source_endpoint, frame.destination_endpoint) == (0xF1, 2)
    assert (frame.profile, frame.cluster) == (han_frame.PROFILE_ZDO, 0x8005)
    assert frame.payload == b""
    assert frame.encode() == octets


def test_each_shorter_header_is_refused():
    for size in range(24):
        with raises(DecodeError) as caught:
            han_frame.parse(OCTETS[:size])
        assert "missing" in caught.error.what
    assert han_frame.parse(OCTETS[:24]).payload == b""


def test_other_versions_are_refused():
    for version in (0, 2, 0xFF):
        with raises(DecodeError) as caught:
            han_frame.parse(bytes((version,)) + OCTETS[1:])
        assert (caught.error.offset, caught.error.what) == (0, "HAN frame version: not 01")


def test_reply_goes_back_where_the_frame_came_from():
    reply = han_frame.parse(OCTETS).reply(b"\x08\x01\x0b")
    assert (reply.source, reply.destination) == (DESTINATION, SOURCE)
    assert (reply.source_endpoint, reply.destination_endpoint) == (2, 1)
    assert (reply.profile, reply.cluster) == (0x0109, 0x0702)
    assert reply.flags == han_frame.APS_SECURED
    assert reply.payload == b"\x08\x01\x0b"


def test_reply_is_never_a_broadcast():
    for flags in range(8):
        frame = han_frame.HanFrame(SOURCE, DESTINATION, 1, 2, 0x000A, b"", flags=flags)
        assert frame.reply(b"").flags == flags & han_frame.APS_SECURED
