# engines: cpython unix
# The server side of clusters: attributes with their status, commands, what a state publishes.
from planted import plant, plant_command
from testkit import raises

from smets.codec import DecodeError, Writer
from smets.features.registry import Registry
from smets.zcl import attributes, clusters, frame, published, server, types

METERING = clusters.METERING


def made():
    made = server.Server(Registry())
    made.set(METERING, 0x0302, types.UINT24, 1000)
    made.set(METERING, 0x0300, types.ENUM8, 1)
    made.set(METERING, 0x0308, types.OCTET_STRING, b"abc")
    return made


def read(store, payload, cluster=METERING):
    writer = Writer(8)
    status = store.read(cluster, payload, writer)
    return status, bytes(writer.view())


def call(cluster, request, reply_command=frame.DEFAULT_RESPONSE, index=0, count=1):
    made = server.Call(cluster, frame.parse(request))
    made.reply_command = reply_command
    made.index = index
    made.count = count
    return made


def test_read_keeps_the_order_asked_for():
    """rtds: response order is request order."""
    status, records = read(made(), b"\x00\x03\x02\x03")
    assert status == frame.SUCCESS
    assert records == b"\x00\x03\x00\x30\x01\x02\x03\x00\x22\xe8\x03\x00"


def test_attribute_asked_for_twice_is_given_twice():
    assert read(made(), b"\x00\x03\x00\x03")[1] == b"\x00\x03\x00\x30\x01" * 2


def test_g06_failed_attribute_keeps_its_place_without_type_and_value():
    """rtds: id and status C0 alone; the others are still returned."""
    store = made()
    store.faults[METERING] = {0x0302: frame.HARDWARE_FAILURE}
    status, records = read(store, b"\x02\x03\x00\x03")
    assert status == frame.HARDWARE_FAILURE
    assert records == b"\x02\x03\xc0\x00\x03\x00\x30\x01"


def test_first_failure_is_the_status_of_the_read():
    store = made()
    store.faults[METERING] = {0x0300: frame.NOT_AUTHORIZED}
    status, records = read(store, b"\x02\x03\xee\xee\x00\x03")
    assert status == frame.UNSUPPORTED_ATTRIBUTE
    assert records == b"\x02\x03\x00\x22\xe8\x03\x00\xee\xee\x86\x00\x03\x7e"


def test_unknown_cluster_has_no_attributes():
    status, records = read(made(), b"\x00\x00", 0x0777)
    assert (status, records) == (frame.UNSUPPORTED_ATTRIBUTE, b"\x00\x00\x86")


def test_empty_and_odd_requests_are_refused():
    for payload in (b"", b"\x00", b"\x00\x03\x02"):
        with raises(DecodeError) as caught:
            read(made(), payload)
        assert caught.error.what == "attribute ids cut short"


def test_values_come_back():
    store = made()
    assert store.get(METERING, 0x0302) == 1000
    assert store.get(METERING, 0x0308) == b"abc"
    assert store.get(METERING, 0x9999) is None
    assert store.get(0x0001, 0x0302) is None
    assert store.status(METERING, 0x0302) == frame.SUCCESS
    assert store.status(METERING, 0x9999) == frame.UNSUPPORTED_ATTRIBUTE


def test_value_that_does_not_fit_leaves_the_old_one():
    store = made()
    with raises(ValueError):
        store.set(METERING, 0x0302, types.UINT24, 1 << 24)
    assert store.get(METERING, 0x0302) == 1000


def test_attribute_of_a_feature():
    """It is worked out when it is read, unless a state has said what it is."""
    store = made()
    served = {0x0007: b"\xe2\x01\x00\x00\x00", 0x0008: None}
    plant(
        store.registry,
        attributes={METERING: tuple(served)},
        attribute=lambda cluster, attribute: served[attribute],
    )
    assert store.get(METERING, 0x0007) == 1 and store.serves(METERING, 0x0007)
    assert read(store, b"\x07\x00")[1] == b"\x07\x00\x00\xe2\x01\x00\x00\x00"
    assert store.get(METERING, 0x0008) is None
    assert read(store, b"\x08\x00") == (server.ABSENT, b"\x08\x00\x86")
    store.load(METERING, 0x0007, types.UTC_TIME, 2)
    assert store.get(METERING, 0x0007) == 2


def test_loading_an_attribute_of_a_feature():
    """It takes the value, and the one of before a power cut only if it has nothing newer."""
    for restored, expected in ((False, [1, 2]), (True, [2])):
        store = made()
        seen = []

        def take(cluster, attribute, value, seen=seen):
            seen.append(value)
            return True

        feature = plant(store.registry, attributes={METERING: (0x0007,)}, load_attribute=take)
        feature.restored = restored
        store.registry.replaying = True
        store.load(METERING, 0x0007, types.UTC_TIME, 1)
        store.registry.replaying = False
        store.load(METERING, 0x0007, types.UTC_TIME, 2)
        assert seen == expected and store.get(METERING, 0x0007) is None
        with raises(ValueError):
            store.load(METERING, 0x0007, types.UTC_TIME, 1 << 32)


def test_lone_request_gets_all_that_is_published():
    store = made()
    store.published[(METERING, 0x06)] = [b"one", b"two"]
    assert store.execute(call(METERING, b"\x01\x00\x06", 0x06)) == [b"one", b"two"]


def test_nth_request_gets_the_nth_payload():
    """rtds: GCS15b asks twice and gets one snapshot each."""
    store = made()
    store.published[(METERING, 0x06)] = [b"one", b"two"]
    for index, expected in ((0, [b"one"]), (1, [b"two"]), (2, frame.NOT_FOUND)):
        request = call(METERING, b"\x01\x00\x06", 0x06, index, 3)
        assert store.execute(request) == expected


def test_nothing_published_is_not_found():
    """rtds: NOT_FOUND 8B, which is no failure of the message."""
    assert made().execute(call(METERING, b"\x01\x00\x06", 0x06)) == frame.NOT_FOUND


def test_command_fault_comes_past_the_published():
    store = made()
    store.command_faults[(METERING, 0x06)] = frame.HARDWARE_FAILURE
    assert store.execute(call(METERING, b"\x01\x00\x06", 0x06)) == frame.HARDWARE_FAILURE
    store.published[(METERING, 0x06)] = [b"one"]
    assert store.execute(call(METERING, b"\x01\x00\x06", 0x06, 0, 2)) == [b"one"]
    assert store.execute(call(METERING, b"\x01\x00\x06", 0x06, 1, 2)) == frame.HARDWARE_FAILURE


def test_command_fault_of_several_shows_at_the_second():
    """rtds: of equal commands in one message the second fails."""
    store = made()
    store.command_faults[(0x0707, 0x01)] = frame.HARDWARE_FAILURE
    for index, expected in ((0, frame.SUCCESS), (1, frame.HARDWARE_FAILURE), (2, frame.SUCCESS)):
        request = call(0x0707, b"\x09\x00\x01x", frame.DEFAULT_RESPONSE, index, 3)
        assert store.execute(request) == expected


def test_handler_takes_its_command_in_its_direction_only():
    store = made()
    seen = []

    def execute(asked):
        seen.append(asked)
        return [b"x"]

    plant_command(store.registry, 0x0708, frame.SERVER_TO_CLIENT, 0x00, execute)
    request = call(0x0708, b"\x09\x00\x00")
    assert store.execute(request) == [b"x"]
    assert seen == [request]
    store.execute(call(0x0708, b"\x01\x00\x00"))
    assert len(seen) == 1


def test_command_fault_stands_before_the_handler():
    store = made()
    seen = []
    plant_command(store.registry, 0x0708, frame.SERVER_TO_CLIENT, 0x00, seen.append)
    store.command_faults[(0x0708, 0x00)] = frame.HARDWARE_FAILURE
    assert store.execute(call(0x0708, b"\x09\x00\x00")) == frame.HARDWARE_FAILURE
    assert seen == []


def test_attribute_tables_are_sound():
    """Ids unique in a cluster and in order of the wire's types; every type can be encoded."""
    for cluster, by_type in attributes.by_type().items():
        seen = []
        for type_id, ids in by_type.items():
            assert types.is_known(type_id), "%04X" % cluster
            for attribute in ids:
                assert attributes.type_of(cluster, attribute) == type_id, attribute
            seen.extend(ids)
        assert len(set(seen)) == len(seen), "%04X" % cluster


def test_what_no_table_has_is_of_no_type():
    assert attributes.type_of(METERING, 0xEEEE) is None
    assert attributes.type_of(0xEEEE, 0x0000) is None
    assert attributes.type_of(METERING, 0x0007) == 0xE2, "ReadingSnapShotTime"


def test_published_payloads_by_template():
    """spec: PublishBillingPeriod, ClearEventLogResponse; seasons take four octets as they are."""
    assert published.encode(clusters.PRICE, 0x09, [1, 2, 3, 4, 5, 6]) == (
        b"\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\x05\x06"
    )
    assert published.encode(clusters.EVENTS, 0x02, [7]) == b"\x07"
    leaves = [1, 2, 3, 4, 5, b"\x01\x02\x03\x04", 9, b"\x05\x06\x07\x08", 8]
    assert published.encode(clusters.CALENDAR, 0x03, leaves) == (
        b"\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\x05\x01\x02\x03\x04\x09\x05\x06\x07\x08\x08"
    )


def test_published_strings_and_signed_values():
    leaves = [1, 1, b"code", -5, 6]
    assert published.encode(clusters.PREPAYMENT, 0x05, leaves) == (
        b"\x01\x01\x04code\xfb\xff\xff\xff\x06\0\0\0"
    )


def test_repeating_group_may_be_absent():
    assert published.encode(clusters.PREPAYMENT, 0x05, [0, 0]) == b"\x00\x00"


def test_published_values_that_do_not_fit():
    for cluster, command, leaves, what in (
        (0x0702, 0xEE, [], "no response EE of cluster 0702 is known"),
        (clusters.EVENTS, 0x02, [], "0 values, expected 1"),
        (clusters.EVENTS, 0x02, [1, 2], "2 values, expected 1"),
        (clusters.PREPAYMENT, 0x05, [1, 1, b"x"], "3 values, expected 5"),
        (clusters.EVENTS, 0x02, [256], "256 does not fit type 20"),
        (clusters.EVENTS, 0x02, [b"x"], "not an integer"),
        (clusters.CALENDAR, 0x03, [1, 2, 3, 4, 5, b"\x01\x02\x03", 9], "not 4 octets"),
        (clusters.CALENDAR, 0x03, [1, 2, 3, 4, 5, 7, 9], "not 4 octets"),
    ):
        with raises(ValueError) as caught:
            published.encode(cluster, command, leaves)
        assert str(caught.error) == what


def _octets_of(kind):
    """Octets of the value that stands for a kind of field."""
    if kind in ("s", "t"):
        return 5
    return int(kind[1:] if kind[0] == "h" else kind[-1])


def test_every_template_can_be_encoded():
    rows = []
    for cluster, templates in published.TEMPLATES.items():
        rows += [(cluster, command, template) for command, template in templates.items()]
    for cluster, command, template in rows:
        head, _, group = template.partition("*")
        head, _, tail = head.partition("?")
        kinds = head.split() + tail.split() + group.split() + group.split()
        sizes = [_octets_of(kind) for kind in kinds]
        leaves = []
        for kind, size in zip(kinds, sizes):
            leaves.append(b"abcd" if kind in ("s", "t") else bytes(size) if kind[0] == "h" else 1)
        payload = published.encode(cluster, command, leaves)
        assert len(payload) == sum(sizes), "%04X %02X" % (cluster, command)
