# engines: cpython unix
# GBZ: components of a command, what a use case permits, and the response components.
from planted import plant_command
from testkit import raises
from vectors import gas_payload, gbz, h, read_frame

from smets.codec import DecodeError
from smets.crypto.gcm import Gcm
from smets.features.registry import Registry
from smets.gbcs import gbz as engine
from smets.gbcs import table_gas, table_proxy, use_cases
from smets.zcl import frame, types
from smets.zcl.server import Server

TABLES = (table_gas.ROWS, table_proxy.ROWS)
KEY = bytes(range(16))
IV = bytes(12)


class Body:
    """A use case with a body alone."""

    def __init__(self, body):
        self.body = body


def use_case(code, device=use_cases.GPF):
    return use_cases.find(TABLES, code, device)


def cipher():
    return Gcm(KEY, IV)


def server():
    made = Server(Registry())
    made.set(0x0702, 0x0302, types.UINT24, 100)
    made.set(0x0702, 0x0301, types.UINT24, 7)
    made.set(0x0702, 0x0300, types.ENUM8, 1)
    made.set(0x0702, 0x0000, types.UINT48, 54321)
    made.set(0x0702, 0x0A00, types.UINT32, 999)
    made.set(0x0700, 0x0617, types.BITMAP8, 0x30)
    made.set(0x0700, 0x0616, types.UINT16, 978)
    for attribute in (0x0005, 0x0002, 0x0001):
        made.set(0x0705, attribute, types.INT32, -attribute)
    for attribute in (0x0231, 0x0211, 0x0221):
        made.set(0x0705, attribute, types.UINT32, attribute)
    return made


def answer(payload, case, store):
    return engine.execute(engine.prepare(payload, case), store, cipher)


def refused(payload):
    with raises(DecodeError) as caught:
        engine.parse(payload)
    return caught.error.offset, caught.error.what


def opened(component):
    """Plaintext of an encrypted component's content."""
    assert component[:2] == b"\x00\x00" or component[0] == 0
    assert int.from_bytes(component[5:7], "big") == len(component) - 7
    ciphered = component[7:]
    assert ciphered[:5] == h("3100000000")
    gcm = cipher()
    gcm.update_aad(b"\x31")
    plain = bytearray(len(ciphered) - 17)
    gcm.decrypt_into(ciphered[5:-12], plain)
    assert gcm.tag(12) == ciphered[-12:]
    return bytes(plain)


def split(payload):
    """(control, cluster, content) of each component."""
    assert payload[:2] == h("0109")
    found = []
    at = 3
    for _ in range(payload[2]):
        size = int.from_bytes(payload[at + 3 : at + 5], "big")
        cluster = int.from_bytes(payload[at + 1 : at + 3], "big")
        found.append((payload[at], cluster, payload[at + 5 : at + 5 + size]))
        at += 5 + size
    assert at == len(payload)
    return found


def test_components_of_a_command():
    calls = engine.parse(gas_payload(0x0075))
    assert [c.cluster for c in calls] == [0x0700, 0x0705]
    assert [c.request.sequence for c in calls] == [0, 1]
    assert bytes(calls[0].request.payload) == h("17061606")
    assert [c.from_date_time for c in calls] == [None, None]


def test_from_date_time_stands_before_the_frame():
    """spec: high nibble 1 of the extended header control."""
    payload = gbz((0x0705, h("01000A"), 0x1C374A80))
    assert payload == h("0109 01 11 0705 0007 1C374A80 01000A")
    call = engine.parse(payload)[0]
    assert call.from_date_time == 0x1C374A80
    assert call.request.command == 0x0A


def test_from_date_time_needs_its_four_octets():
    assert refused(h("0109 01 11 0705 0003 01000A")) == (8, "From Date Time: 1 octets missing")


def test_malformed_payloads_name_the_offset():
    good = gas_payload(0x0074)
    for payload, offset, what in (
        (b"", 0, "GBZ profile: 1 octets missing"),
        (h("0209") + good[2:], 0, "GBZ profile: not 01"),
        (h("0104") + good[2:], 1, "GBZ profile: not 09"),
        (h("0109"), 2, "component count: 1 octets missing"),
        (h("010900"), 2, "no component"),
        (good[:2] + b"\x02" + good[3:], 3, "wrong last flag"),
        (good[:3] + b"\x00" + good[4:], 3, "wrong last flag"),
        (good[:3] + b"\x03" + good[4:], 3, "extended header control 03"),
        (good[:3] + b"\x21" + good[4:], 3, "extended header control 21"),
        (good[:6] + b"\x00\x0c" + good[8:], 8, "GBZ command: 1 octets missing"),
        (good[:6] + b"\x00\x0a" + good[8:], 18, "GBZ payload: 1 trailing octets"),
        (good + b"\x00", 19, "GBZ payload: 1 trailing octets"),
        (h("0109 01 01 0702 0002 0000"), 10, "command: 1 octets missing"),
        (h("0109 01 01 0702 0004 02000000"), 8, "frame control 02"),
        (h("0109 01 01 0702 0004 80000000"), 8, "frame control 80"),
    ):
        assert refused(payload) == (offset, what)


def test_each_shorter_payload_is_refused():
    for code in (0x0074, 0x0075, 0x012A):
        payload = gas_payload(code)
        for size in range(len(payload)):
            with raises(DecodeError):
                engine.parse(payload[:size])


def test_two_last_components_are_refused():
    payload = gas_payload(0x012A)
    assert refused(payload[:3] + b"\x01" + payload[4:])[1] == "wrong last flag"


def test_read_is_answered_encrypted_where_the_table_says_so():
    """spec: the Metering component of GCS13a, frame control 18."""
    found = split(answer(gas_payload(0x0074), use_case(0x0074), server()))
    assert [(control, cluster) for control, cluster, _ in found] == [(3, 0x0702)]
    content = found[0][2]
    assert content[:5] == h("0000 180001")
    assert len(content) == 2 + 3 + 2 + 17 + 29
    assert opened(content) == h("020300 22 640000 010300 22 070000 000300 30 01") + h(
        "000000 25 31D400000000"
    )


def test_g32_price_in_clear_and_prepayment_encrypted():
    """rtds: GCS14, component 1 encrypted with frame counter 0, sequence numbers repeated."""
    found = split(answer(gas_payload(0x0075), use_case(0x0075), server()))
    assert [(control, cluster) for control, cluster, _ in found] == [(0, 0x0700), (3, 0x0705)]
    assert found[0][2] == h("080001 170600 18 30 160600 21 D203")
    assert found[1][2][:5] == h("0000 080101")
    plain = opened(found[1][2])
    ids = [plain[at : at + 2] for at in range(0, 48, 8)]
    assert ids == [h("0500"), h("0200"), h("0100"), h("3102"), h("1102"), h("2102")]


def test_g35_negative_credit():
    """spec: CreditRemaining -1 is FFFFFFFF in int32 (2B); BillToDate stays uint32 (23)."""
    store = server()
    store.set(0x0702, 0x0A00, types.UINT32, 0xFFFFFFFF)
    found = split(answer(gas_payload(0x012A), use_case(0x012A), store))
    assert found[0] == (0, 0x0702, h("080001 000A00 23 FFFFFFFF"))
    assert found[1] == (1, 0x0705, h("080101 010000 2B FFFFFFFF"))


def test_g06_failed_attribute_in_its_place():
    """rtds: status C0 without type and value; the component is still encrypted."""
    store = server()
    store.faults[0x0702] = {0x0302: frame.HARDWARE_FAILURE}
    found = split(answer(gas_payload(0x0074), use_case(0x0074), store))
    assert found[0][0] == 3
    assert opened(found[0][2]) == h("0203C0 010300 22 070000 000300 30 01") + h(
        "000000 25 31D400000000"
    )


def test_g33_component_after_a_failed_one():
    """rtds: Default Response FF 01, frame control 08, in clear where GCS14 would encrypt."""
    store = server()
    store.faults[0x0700] = {0x0617: frame.HARDWARE_FAILURE}
    found = split(answer(gas_payload(0x0075), use_case(0x0075), store))
    assert found[0] == (0, 0x0700, h("080001 1706C0 160600 21 D203"))
    assert found[1] == (1, 0x0705, h("08010B FF01"))


def test_unsupported_attribute_fails_the_components_behind_it():
    store = server()
    del store.attributes[0x0702][0x0A00]
    found = split(answer(gas_payload(0x012A), use_case(0x012A), store))
    assert found[0] == (0, 0x0702, h("080001 000A86"))
    assert found[1] == (1, 0x0705, h("08010B FF01"))


def test_is_failure():
    """rtds: NOT_FOUND lets later components go on."""
    assert [s for s in (0, 1, 0x7E, 0x86, 0x8B, 0xC0) if engine.is_failure(s)] == [
        1,
        0x7E,
        0x86,
        0xC0,
    ]


def test_failed_command_is_echoed_and_the_next_is_not_carried_out():
    store = server()
    seen = []
    plant_command(store.registry, 0x0705, 0, 0x03, lambda call: frame.INVALID_VALUE)
    plant_command(store.registry, 0x0705, 0, 0x0C, seen.append)
    payload = gbz((0x0705, h("010003")), (0x0705, h("01010C")))
    found = split(answer(payload, use_case(0x006F, use_cases.GSME), store))
    assert found == [(0, 0x0705, h("08000B 0387")), (1, 0x0705, h("08010B FF01"))]
    assert seen == []


def test_default_response_of_a_server_command():
    """rtds: frame control 00 answers 09."""
    store = server()
    plant_command(store.registry, 0x0708, 8, 0x00, lambda call: frame.SUCCESS)
    payload = gbz((0x0708, h("090500") + bytes(17)))
    found = split(answer(payload, use_case(0x0072), store))
    assert found == [(1, 0x0708, h("00050B 0000"))]


def test_default_response_that_departs_from_the_rule():
    """rtds: GCS20r ERROR answers 09 with 08."""
    store = server()
    plant_command(store.registry, 0x0708, 8, 0x05, lambda call: frame.HARDWARE_FAILURE)
    payload = gbz((0x0708, h("090005")))
    found = split(answer(payload, use_case(0x00F1, use_cases.GSME), store))
    assert found == [(1, 0x0708, h("08000B 05C0"))]


def test_wish_for_no_default_response_is_permitted():
    store = server()
    plant_command(store.registry, 0x0708, 8, 0x00, lambda call: frame.SUCCESS)
    found = split(answer(gbz((0x0708, h("190500") + bytes(17))), use_case(0x0072), store))
    assert found == [(1, 0x0708, h("10050B 0000"))]


def test_several_responses_to_one_request_repeat_its_sequence_number():
    """rtds: day profiles; one request component, many response components."""
    store = server()
    store.published[(0x0707, 0x01)] = [b"one", b"two", b"three"]
    payload = gbz((0x0707, h("010701")))
    found = split(answer(payload, Body("0707 01.01>19.01"), store))
    assert found == [
        (0, 0x0707, h("190701") + b"one"),
        (0, 0x0707, h("190701") + b"two"),
        (1, 0x0707, h("190701") + b"three"),
    ]


def test_frame_counter_counts_encrypted_components():
    """rtds: 0 for the first encrypted component, one more for each."""
    store = server()
    store.published[(0x0702, 0x06)] = [b"one", b"two"]
    body = Body("0702 01.06>19.06e; 0702 00.00>08.01 0300")
    payload = gbz((0x0702, h("010006")), (0x0702, read_frame(1, 0x0300)), (0x0702, h("010206")))
    found = split(answer(payload, body, store))
    assert [control for control, _, _ in found] == [2, 0, 3]
    assert [content[:2] for _, _, content in found] == [h("0000"), h("0801"), h("0001")]
    assert opened(found[0][2]) == b"one"
    assert opened(found[2][2]) == b"two"


def test_commands_learn_which_of_how_many_they_are():
    calls = []
    store = server()

    def execute(call):
        calls.append(call)
        return [b"x"]

    plant_command(store.registry, 0x0702, 0, 0x06, execute)
    body = Body("0702 01.06>19.06; 0705 01.07>19.01")
    payload = gbz((0x0702, h("010006"), 9), (0x0705, h("010107")), (0x0702, h("010206")))
    answer(payload, body, store)
    assert [(c.index, c.count, c.reply_command) for c in calls] == [(0, 2, 6), (1, 2, 6)]
    assert [c.from_date_time for c in calls] == [9, None]
    assert not calls[0].from_han


def not_permitted(payload, case):
    with raises(engine.NotPermitted) as caught:
        engine.prepare(payload, case)
    return str(caught.error)


def test_components_that_the_use_case_does_not_hold():
    case = use_case(0x0074)
    for payload, what in (
        (gbz((0x0705, read_frame(0, 0x0001))), "cluster 0705 command 00"),
        (gbz((0x0702, h("010000"))), "cluster 0702 command 00"),
        (gbz((0x0702, h("080000 0000"))), "cluster 0702 command 00"),
        (gbz((0x0702, h("000002 0000"))), "cluster 0702 command 02"),
        (gbz((0x0702, h("04000000 00 0000"))), "cluster 0702 command 00"),
        (gbz((0x0702, read_frame(0, 0x0302, 0x0400))), "attribute 0702.0400"),
        (gas_payload(0x012A), "attribute 0702.0A00"),
    ):
        assert not_permitted(payload, case) == what


def test_part_of_the_attributes_may_be_read():
    found = split(answer(gbz((0x0702, read_frame(9, 0x0300))), use_case(0x0074), server()))
    assert opened(found[0][2]) == h("000300 30 01")
    assert found[0][2][2:5] == h("180901")


def test_attribute_ids_cut_short_are_refused():
    with raises(DecodeError):
        engine.prepare(gbz((0x0702, h("000000 0203 01"))), use_case(0x0074))


def test_read_of_no_attribute_is_refused():
    payload = gbz((0x0702, h("000000")))
    with raises(DecodeError):
        answer(payload, use_case(0x0074), server())


def test_many_components():
    """The count is one octet; this many fit the heap of a board."""
    body = Body("0702 00.00>08.01 0300")
    payload = gbz(*[(0x0702, read_frame(n, 0x0300)) for n in range(40)])
    found = split(answer(payload, body, server()))
    assert len(found) == 40
    assert found[39] == (1, 0x0702, h("082701 000300 30 01"))


def test_dlms_payload_is_not_gbz():
    assert refused(h("D9 200003E8 00")) == (0, "GBZ profile: not 01")


def test_frame_counters_by_version():
    """spec: each encrypted component counts (GBCS 7.2.10), in GBCS 3.1 each kind of component."""
    from smets.gbcs import versions

    snapshot, prepaid = h("19 01 06 00"), h("19 02 01 00")
    replies = [(0x0702, snapshot, True), (0x0702, snapshot, True), (0x0705, h("08 02 0B"), False)]
    replies += [(0x0705, prepaid, True), (0x0705, prepaid, True)]
    assert versions.frame_counters(replies, False) == [0, 1, 0, 2, 3]
    assert versions.frame_counters(replies, True) == [0, 0, 0, 1, 1]
    assert [versions.is_old(name) for name in versions.VERSIONS] == [True, False, False, False]


def test_a_failure_of_gcs21k_by_version():
    """spec: the Default Response has frame control 08, in GBCS 3.1 it had 09."""
    row = use_case(0x00DA)
    made = server()
    made.command_faults[(0x0700, 0x0B)] = 0xC0
    payload = gbz((0x0700, h("01 05 0B 00000000 01 00")))
    for old, control in ((False, "08"), (True, "09")):
        made.old = old
        answer = engine.execute(engine.prepare(payload, row), made, cipher)
        assert answer[-5:] == h(control + "05 0B 0B C0")
