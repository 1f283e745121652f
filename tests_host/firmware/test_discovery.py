# engines: cpython unix
# Endpoint discovery: requests and answers octet by octet, tables, refusals, seeded noise (spec).
import random

from vectors import h

from smets.codec import Reader
from smets.devices import build
from smets.zcl import clusters, discovery, han_frame
from smets.zcl.han_frame import HanFrame

DISPLAY = h("0013A200 4052AA01")
PROXY = h("0013A200 4052BB02")
METERING = clusters.METERING
MANAGEMENT = clusters.DEVICE_MANAGEMENT
TABLE = {
    3: (0x0500, (clusters.TIME, MANAGEMENT), ()),
    2: (0x0501, (METERING,), (clusters.TIME,)),
    9: (0xC105, 0x0001, (METERING,), ()),
}


def asked(cluster, payload, flags=0):
    return HanFrame(DISPLAY, PROXY, 0, 0, cluster, h(payload), han_frame.PROFILE_ZDO, flags)


def answered(cluster, payload, flags=0, table=TABLE):
    return discovery.answer(PROXY, table, asked(cluster, payload, flags))


def test_match_request_octets():
    request = discovery.match_request(DISPLAY, PROXY, 0x21, 0x0109, (METERING,), (MANAGEMENT,))
    assert request.payload == h("21 02BB 0901 01 0207 01 0807")
    assert (request.cluster, request.profile, request.flags) == (0x0006, 0x0000, 0)
    assert (request.source, request.destination) == (DISPLAY, PROXY)
    assert (request.source_endpoint, request.destination_endpoint) == (0, 0)


def test_match_is_answered_with_every_endpoint_that_has_a_cluster():
    reply = answered(0x0006, "21 02BB 0901 02 0207 0807 00")
    assert (reply.cluster, reply.payload) == (0x8006, h("21 00 02BB 02 02 03"))
    assert (reply.source, reply.destination, reply.flags) == (PROXY, DISPLAY, 0)
    assert (reply.profile, reply.source_endpoint, reply.destination_endpoint) == (0, 0, 0)
    assert discovery.parse_match_response(reply) == (0x21, (2, 3))


def test_match_by_output_cluster_and_by_any_profile():
    assert answered(0x0006, "01 02BB 0901 00 01 0A00").payload == h("01 00 02BB 01 02")
    assert answered(0x0006, "01 02BB FFFF 01 0207 00").payload == h("01 00 02BB 02 02 09")
    assert answered(0x0006, "01 02BB 05C1 01 0207 00").payload == h("01 00 02BB 01 09")


def test_no_match_is_said_to_one_who_asks_this_device():
    reply = answered(0x0006, "21 02BB 0901 01 0007 00")
    assert reply.payload == h("21 00 02BB 00")
    assert discovery.parse_match_response(reply) == (0x21, ())
    assert answered(0x0006, "21 02BB 0901 01 0207 00", table={}).payload == h("21 89 02BB 00")


def test_a_question_to_each_node_is_answered_by_those_that_match():
    for interest in ("FFFF", "FDFF"):
        reply = answered(0x0006, "21 " + interest + " 0901 01 0207 00", han_frame.BROADCAST)
        assert reply.payload == h("21 00 02BB 01 02")
        assert reply.destination == DISPLAY, "the answer goes to the asker alone"
        assert answered(0x0006, "21 " + interest + " 0901 01 0007 00") is None
    assert answered(0x0006, "21 02BB 0901 01 0007 00", han_frame.BROADCAST) is None


def test_address_of_another_node():
    for cluster in (0x0004, 0x0005, 0x0006):
        reply = answered(cluster, "21 3412 0901 01 0207 00")
        assert reply.payload == h("21 81 3412 00"), cluster
    assert answered(0x0005, "21 FFFF").payload == h("21 81 FFFF 00")


def test_active_endpoints():
    request = discovery.active_request(DISPLAY, PROXY, 0x07)
    assert (request.cluster, request.payload) == (0x0005, h("07 02BB"))
    reply = discovery.answer(PROXY, TABLE, request)
    assert (reply.cluster, reply.payload) == (0x8005, h("07 00 02BB 03 02 03 09"))
    assert discovery.parse_active_response(reply) == (7, (2, 3, 9))


def test_simple_descriptor():
    request = discovery.simple_request(DISPLAY, PROXY, 0x08, 2)
    assert (request.cluster, request.payload) == (0x0004, h("08 02BB 02"))
    reply = discovery.answer(PROXY, TABLE, request)
    assert reply.payload == h("08 00 02BB 0C 02 0901 0105 00 01 0207 01 0A00")
    assert discovery.parse_simple_response(reply) == (
        8,
        (2, 0x0109, 0x0501, (METERING,), (clusters.TIME,)),
    )
    for endpoint, status in ((4, 0x83), (240, 0x83), (0, 0x82), (241, 0x82)):
        refused = discovery.answer(
            PROXY, TABLE, discovery.simple_request(DISPLAY, PROXY, 9, endpoint)
        )
        assert refused.payload == bytes((9, status)) + h("02BB 00")
        assert discovery.parse_simple_response(refused) == (9, ())


def test_other_frames_are_not_taken():
    assert answered(0x0002, "21 02BB") is None
    frame = asked(0x0005, "21 02BB")
    frame.destination_endpoint = 1
    assert discovery.answer(PROXY, TABLE, frame) is None
    frame = asked(0x0005, "21 02BB")
    frame.profile = han_frame.PROFILE_SE
    assert discovery.answer(PROXY, TABLE, frame) is None
    reply = answered(0x0005, "21 02BB")
    assert discovery.parse_match_response(reply) is None
    assert discovery.answer(DISPLAY, TABLE, reply) is None, "an answer is not a question"
    reply.profile = han_frame.PROFILE_SE
    assert discovery.parse_active_response(reply) is None


def test_every_shorter_payload_is_ignored():
    full = {0x0004: "21 02BB 02", 0x0005: "21 02BB", 0x0006: "21 02BB 0901 01 0207 01 0A00"}
    for cluster in full:
        payload = h(full[cluster])
        for size in range(len(payload)):
            frame = asked(cluster, "")
            frame.payload = payload[:size]
            assert discovery.answer(PROXY, TABLE, frame) is None, (cluster, size)
    parsers = (
        (0x8004, discovery.parse_simple_response, "21 00 02BB 0C 02 0901 0105 00 01 0207 01 0A00"),
        (0x8005, discovery.parse_active_response, "21 00 02BB 02 01 02"),
        (0x8006, discovery.parse_match_response, "21 00 02BB 02 01 02"),
    )
    for cluster, parse, text in parsers:
        payload = h(text)
        for size in range(len(payload)):
            frame = asked(cluster, "")
            frame.payload = payload[:size]
            assert parse(frame) is None, (cluster, size)
        frame.payload = payload
        assert parse(frame)[0] == 0x21


def test_random_payloads_never_raise():
    random.seed(20221103)
    answers = 0
    for _ in range(1500):
        count = random.getrandbits(4)
        payload = bytes([random.choice((0, 1, 2, 7, 9, 0xBB, 0xFF)) for _ in range(count)])
        cluster = random.choice((4, 5, 6, 0x8004, 0x8005, 0x8006))
        frame = HanFrame(DISPLAY, PROXY, 0, 0, cluster, payload, han_frame.PROFILE_ZDO, 0)
        reply = discovery.answer(PROXY, TABLE, frame)
        if reply is not None:
            answers += 1
            reader = Reader(reply.payload)
            assert reader.u8("sequence") == payload[0]
            assert reader.u8("status") in (0, 0x81, 0x82, 0x83)
        for parse in (
            discovery.parse_match_response,
            discovery.parse_active_response,
            discovery.parse_simple_response,
        ):
            found = parse(frame)
            assert found is None or found[0] == payload[0]
    assert answers > 100, "the noise must reach the builders"


def test_a_display_finds_the_endpoints_of_a_proxy():
    proxy = build("gpf")
    proxy.eui = PROXY
    for cluster, endpoint in ((MANAGEMENT, 1), (METERING, 2)):
        proxy.receive(discovery.match_request(DISPLAY, PROXY, 5, 0x0109, (cluster,)))
        found = discovery.parse_match_response(proxy.outbox.pop())
        assert found == (5, (endpoint,)), cluster
