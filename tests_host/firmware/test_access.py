# engines: cpython unix
# Access-Request and Access-Response, and the objects behind them.
from planted import plant, plant_object
from testkit import raises
from vectors import access_request, h, key, octets, range_descriptor

from smets.codec import DecodeError
from smets.dlms import access, objects
from smets.dlms.objects import Buffer, Objects
from smets.features.registry import Registry

GET, SET, ACTION, SELECTIVE = 1, 2, 3, 4
ONE = key(1, (0, 0, 96, 1, 0, 255), 2)
TWO = key(1, (0, 0, 96, 1, 1, 255), 2)
THREE = key(9, (0, 0, 10, 0, 100, 255), 1)
LOG = key(7, (1, 0, 99, 1, 0, 255), 2)
BODY = (
    "g1/0-0:96.1.0.255/2 g1/0-0:96.1.1.255/2 s1/0-0:96.1.0.255/2:09 "
    "s1/0-0:96.1.1.255/2 a9/0-0:10.0.100.255/1:12 l7/1-0:99.1.0.255/2"
)
NULL = b"\x00"
COUNTER = 1000


class Case:
    """A use case with a body alone."""

    def __init__(self, body=BODY):
        self.body = body


def get(object_key):
    return (GET, object_key, None, NULL)


def put(object_key, data):
    return (SET, object_key, None, data)


def act(object_key, data):
    return (ACTION, object_key, None, data)


def select(object_key, start, end):
    return (SELECTIVE, object_key, range_descriptor(start, end), NULL)


def model():
    made = Objects(Registry())
    made.values[ONE] = h("1105")
    made.values[TWO] = h("090301 02 03")
    buffer = Buffer(h("0202 06 12"))
    for seconds in (1000, 2800, 4600):
        buffer.append(seconds.to_bytes(4, "big") + (seconds // 100).to_bytes(2, "big"))
    made.values[LOG] = buffer
    return made


def answer(elements, store=None, body=BODY, options=0x20):
    payload = access_request(elements, COUNTER, options)
    request = access.prepare(payload, Case(body), None)
    return octets(access.execute(request, store or model(), None))


def response(data, results, options=0x20):
    """DA, long-invoke-id, no date-time, no specification; then the data and the results."""
    head = h("DA") + bytes((options,)) + COUNTER.to_bytes(3, "big") + h("0000")
    count = len(results)
    return head + bytes((count,)) + data + bytes((count,)) + b"".join(results)


def refused(payload):
    with raises(DecodeError) as caught:
        access.parse(payload)
    return caught.error.offset, caught.error.what


def not_permitted(elements, body=BODY):
    with raises(access.NotPermitted) as caught:
        access.prepare(access_request(elements), Case(body), None)
    return str(caught.error)


def test_fields_of_a_request():
    request = access.parse(access_request([get(ONE), put(TWO, h("1105")), select(LOG, 1, 2)]))
    assert request.invoke_id == h("200003E8")
    assert [element.choice for element in request.elements] == [GET, SET, SELECTIVE]
    assert [element.key for element in request.elements] == [ONE, TWO, LOG]
    assert [bytes(element.data) for element in request.elements] == [NULL, h("1105"), NULL]
    assert [element.selection for element in request.elements] == [None, None, (1, 2)]


def test_gets_are_answered_in_order():
    """rtds: results follow the data, one choice and one result code each."""
    assert answer([get(TWO), get(ONE)]) == response(h("0903010203 1105"), [h("0100"), h("0100")])


def test_invoke_id_is_echoed():
    assert answer([get(ONE)], options=0x40)[:5] == h("DA 400003E8")


def test_set_keeps_the_octets_and_answers_null():
    store = model()
    assert answer([put(ONE, h("0902ABCD"))], store) == response(NULL, [h("0200")])
    assert store.values[ONE] == h("0902ABCD")
    assert answer([get(ONE)], store) == response(h("0902ABCD"), [h("0100")])


def test_action_is_handed_to_its_method():
    store = model()
    seen = []

    def taken(data):
        seen.append(bytes(data))
        return results.pop(0)

    results = [objects.SUCCESS, objects.HARDWARE_FAULT]
    plant_object(store.registry, "9/0-0:10.0.100.255/1", action=taken)
    assert answer([act(THREE, h("120007"))], store) == response(NULL, [h("0300")])
    assert seen == [h("120007")]
    assert answer([act(THREE, h("120007"))], store) == response(NULL, [h("0301")])


def test_action_without_a_method_succeeds():
    assert answer([act(THREE, h("120007"))]) == response(NULL, [h("0300")])


def test_value_of_another_type_is_unmatched():
    """spec: Data-Access-Result 12; the value stays, the setter is not asked."""
    store = model()
    seen = []
    plant_object(store.registry, "1/0-0:96.1.0.255/2", set=seen.append)
    for data in (h("1105"), h("0A0141"), h("00")):
        assert answer([put(ONE, data)], store) == response(NULL, [h("020C")])
    assert store.values[ONE] == h("1105")
    assert seen == []
    assert answer([act(THREE, h("1105"))], store) == response(NULL, [h("030C")])


def test_type_unmatched_stops_what_follows():
    store = model()
    assert answer([put(ONE, h("1105")), put(TWO, h("1106"))], store) == response(
        NULL + NULL, [h("020C"), h("02FA")]
    )
    assert store.values[TWO] == h("0903010203")


def test_feature_decides_what_is_set():
    """The value beside it stays as it was."""
    store = model()
    results = [objects.OTHER_REASON, objects.SUCCESS]
    plant_object(store.registry, "1/0-0:96.1.0.255/2", set=lambda data: results.pop(0))
    assert answer([put(ONE, h("0900"))], store) == response(NULL, [h("02FA")])
    assert answer([put(ONE, h("0900"))], store) == response(NULL, [h("0200")])
    assert store.values[ONE] == h("1105")


def test_object_of_a_feature_is_refused_what_it_does_not_do():
    store = model()
    plant(store.registry, objects=("0-0:96.1",), find=lambda key, operation: objects.Served())
    for element, result in (
        (get(TWO), h("0103")),
        (put(TWO, h("1105")), h("0203")),
    ):
        assert answer([element], store) == response(NULL, [result])
    with raises(ValueError):
        store.load(TWO, h("1105"))
    assert store.values[TWO] == h("0903010203")


def test_break_at_the_first_error():
    """rtds: the first failing element has its code, every later one 250 other-reason."""
    store = model()
    store.faults[("get", TWO)] = objects.HARDWARE_FAULT
    elements = [get(ONE), get(TWO), get(ONE), put(ONE, h("0900"))]
    assert answer(elements, store) == response(
        h("1105 00 00 00"), [h("0100"), h("0101"), h("01FA"), h("02FA")]
    )
    assert store.values[ONE] == h("1105")


def test_no_break_where_the_option_is_clear():
    """spec: processing option bit 5 of the long-invoke-id."""
    store = model()
    store.faults[("get", TWO)] = objects.HARDWARE_FAULT
    elements = [get(TWO), get(ONE), put(ONE, h("0900"))]
    assert answer(elements, store, options=0x00) == response(
        h("00 1105 00"), [h("0101"), h("0100"), h("0200")], 0x00
    )
    assert store.values[ONE] == h("0900")


def test_faults_of_each_operation():
    for operation, element, choice in (
        ("get", get(ONE), b"\x01"),
        ("set", put(ONE, h("0900")), b"\x02"),
        ("action", act(THREE, h("120001")), b"\x03"),
    ):
        store = model()
        store.faults[(operation, element[1])] = objects.READ_WRITE_DENIED
        assert answer([element], store) == response(NULL, [choice + b"\x03"])
        assert store.values[ONE] == h("1105")


def test_object_without_a_value_is_unavailable():
    store = model()
    del store.values[ONE]
    assert answer([get(ONE)], store) == response(NULL, [h("010B")])


def test_selection_by_range_is_inclusive():
    """spec (GBCS mapping rows 620, 641): from and to belong to it."""
    rows = {1000: h("000003E8 000A"), 2800: h("00000AF0 001C"), 4600: h("000011F8 002E")}
    for start, end, chosen in (
        (0, 0xFFFFFFFF, (1000, 2800, 4600)),
        (1000, 4600, (1000, 2800, 4600)),
        (1001, 4599, (2800,)),
        (2800, 2800, (2800,)),
        (0, 999, ()),
        (4601, 0xFFFFFFFF, ()),
        (4600, 1000, ()),
    ):
        data = h("13 0202 06 12") + bytes((6 * len(chosen),)) + b"".join(rows[n] for n in chosen)
        assert answer([select(LOG, start, end)]) == response(data, [h("0100")])


def test_times_from_the_upper_half_of_32_bits():
    store = model()
    store.values[LOG].append(h("FFFFFFFE 0001"))
    found = answer([select(LOG, 0x80000000, 0xFFFFFFFF)], store)
    assert found == response(h("13 0202 06 12 06 FFFFFFFE 0001"), [h("0100")])


def test_log_at_each_length_form():
    for count in (21, 22, 42, 43, 300):
        store = model()
        buffer = Buffer(h("0202 06 12"))
        for index in range(count):
            buffer.append(index.to_bytes(4, "big") + b"\x00\x01")
        store.values[LOG] = buffer
        found = answer([select(LOG, 0, 0xFFFFFFFF)], store)
        size = 6 * count
        form = (
            bytes((size,)) if size < 128 else b"\x81" + bytes((size,)) if size < 256 else b"\x82"
        )
        assert found[13 : 13 + len(form)] == form
        assert len(found) > size


def test_log_needs_a_selection_and_a_value_takes_none():
    """spec: read-write-denied."""
    body = "g7/1-0:99.1.0.255/2 l1/0-0:96.1.0.255/2"
    assert answer([get(LOG)], body=body) == response(NULL, [h("0103")])
    assert answer([select(ONE, 0, 1)], body=body) == response(NULL, [h("0103")])


def test_elements_that_the_use_case_does_not_hold():
    other = key(3, (1, 0, 1, 8, 0, 255), 2)
    for elements, what in (
        ([get(other)], "3/1-0:1.8.0.255/2"),
        ([get(ONE), get(other)], "3/1-0:1.8.0.255/2"),
        ([act(ONE, NULL)], "1/0-0:96.1.0.255/2"),
        ([put(LOG, NULL)], "7/1-0:99.1.0.255/2"),
        ([get(LOG)], "7/1-0:99.1.0.255/2"),
        ([get(ONE[:8] + b"\x03")], "1/0-0:96.1.0.255/3"),
    ):
        assert not_permitted(elements) == what


def test_nothing_is_carried_out_where_one_element_is_not_permitted():
    store = model()
    with raises(access.NotPermitted):
        answer([put(ONE, h("0900")), act(ONE, NULL)], store)
    assert store.values[ONE] == h("1105")


def test_malformed_requests_name_the_offset():
    good = access_request([get(ONE), put(TWO, h("1105"))])
    # 0 D9, 1 invoke id, 5 date-time, 6 count, 7 and 17 specifications, 27 count, 28 and 29 data
    for payload, offset, what in (
        (b"", 0, "Access-Request: 1 octets missing"),
        (b"\xda" + good[1:], 0, "Access-Request: not D9"),
        (good[:5] + b"\x01" + good[6:], 5, "date-time: not 00"),
        (good[:6] + b"\x00" + good[7:], 6, "no specification"),
        (good[:6] + b"\x03" + good[7:], 28, "attribute: 6 octets missing"),
        (good[:7] + b"\x00" + good[8:], 7, "specification 00"),
        (good[:7] + b"\x05" + good[8:], 7, "specification 05"),
        (good[:27] + b"\x01" + good[28:], 27, "data count differs from the specification count"),
        (good[:28] + h("1101 1105"), 28, "data for a get"),
        (good[:28] + h("7E"), 28, "unknown data tag 7E"),
        (good + b"\x00", 31, "Access-Request: 1 trailing octets"),
    ):
        assert refused(payload) == (offset, what)


def test_each_shorter_request_is_refused():
    for elements in (
        [get(ONE), put(TWO, h("0202 1105 0902ABCD"))],
        [select(LOG, 1, 2), act(THREE, h("120001"))],
    ):
        payload = access_request(elements)
        access.parse(payload)
        for size in range(len(payload)):
            with raises(DecodeError):
                access.parse(payload[:size])


def test_selection_other_than_a_range_is_refused_at_each_octet():
    payload = access_request([select(LOG, 1, 2)])
    start = 18
    assert payload[17] == 1
    descriptor = range_descriptor(1, 2)
    assert payload[start : start + len(descriptor)] == descriptor
    assert refused(payload[:17] + b"\x02" + payload[18:]) == (17, "access selector: not 01")
    free = (0x15, 0x16, 0x17, 0x18, 0x1A, 0x1B, 0x1C, 0x1D)  # the two times
    for at in range(len(descriptor)):
        changed = bytearray(payload)
        changed[start + at] ^= 0x01
        if at in free:
            assert access.parse(bytes(changed)).elements[0].selection != (1, 2)
        else:
            assert refused(bytes(changed))[0] >= start


def test_selection_is_refused_where_it_stands():
    payload = bytearray(access_request([select(LOG, 1, 2)]))
    payload[18 + 5] ^= 0x01  # the class of the restricting object
    assert refused(bytes(payload)) == (18 + 5, "range descriptor: not 00")


def test_selected_values_are_all():
    descriptor = range_descriptor(1, 2)[:-1] + b"\x01\x11\x01"
    elements = [(SELECTIVE, LOG, descriptor, NULL)]
    assert refused(access_request(elements))[1] == "selected values: not 00"


def test_deep_data_is_refused():
    payload = access_request([put(TWO, b"\x02\x01" * 40 + NULL)])
    assert refused(payload)[1] == "data nested too deep"


def test_many_elements():
    assert len(answer([get(ONE)] * 150)) == 7 + 2 + 2 * 150 + 2 + 2 * 150


def test_gbz_payload_is_not_an_access_request():
    assert refused(h("0109010107020005000000000A")) == (0, "Access-Request: not D9")


def test_keys_as_text():
    """class/A-B:C.D.E.F/attribute."""
    assert objects.key("1/0-0:96.1.0.255/2") == ONE
    assert objects.key("9000/0-0:94.44.128.22/4") == h("2328 00005E2C8016 04")
    assert objects.describe(h("2328 00005E2C8016 04")) == "9000/0-0:94.44.128.22/4"
    for text in (
        "",
        "1",
        "1/0-0:96.1.0.255",
        "1/0-0:96.1.0/2",
        "1/0-0:96.1.0.255.1/2",
        "1/0-0:96.1.0.256/2",
        "1/0-0:96.1.0.-1/2",
        "65536/0-0:96.1.0.255/2",
        "1/0-0:96.1.0.255/256",
        "1/0.0.96.1.0.255/2",
        "x/0-0:96.1.0.255/2",
    ):
        with raises(ValueError):
            objects.key(text)


def test_loading_a_value():
    """A feature gets what it serves; all else is kept."""
    store = Objects(Registry())
    seen = []
    plant_object(store.registry, "1/0-0:96.1.0.255/2", load=seen.append)
    store.load(ONE, h("1105"))
    assert seen == [h("1105")] and ONE not in store.values
    store.load(TWO, h("1106"))
    assert store.values[TWO] == h("1106")


def test_loading_again_what_a_feature_has_restored():
    """A feature that restored something has what is newer; the others get the state again."""
    for restored in (False, True):
        store = Objects(Registry())
        seen = []
        feature = plant_object(
            store.registry, "1/0-0:96.1.0.255/2", load=seen.append, extend=seen.append
        )
        feature.restored = restored
        store.registry.replaying = True
        store.load(ONE, h("1105"))
        store.load(TWO, h("1106"))
        rows = Buffer(h("0202 06 12"))
        store.append(ONE, rows)
        assert seen == ([] if restored else [h("1105"), rows])
        assert store.values == {TWO: h("1106")}
        store.registry.replaying = False
        store.load(ONE, h("1107"))
        assert seen[-1] == h("1107"), "a state that is loaded now"


def test_unmatched_types():
    assert objects.unmatched(b"", 0x09)
    assert objects.unmatched(h("1105"), 0x09)
    assert not objects.unmatched(h("0900"), 0x09)


def test_restriction_limits():
    """spec: all of the date and time FF leaves the range open on that side."""
    assert objects.parse_limit(h("FFFFFFFFFFFFFFFFFF8000FF"), 77) == 77
    assert objects.parse_limit(h("FFFFFFFFFFFFFFFFFF000000"), 77) == 77
    assert objects.parse_limit(h("07DF0101FF000000008000FF"), 77) == 0x1C374A80
    for data in (h("FFFFFFFFFFFFFFFF008000FF"), h("07DF01FFFF000000008000FF"), bytes(11), b""):
        with raises(DecodeError):
            objects.parse_limit(data, 77)
