# engines: cpython unix
# The session: who may ask what, replays and repeats, refusals that change nothing.
from refusals import refused
from testkit import raises, tmpdir
from vectors import (
    BROKER,
    DEVICE,
    GCS09,
    GCS13A,
    GCS13B,
    GCS13C,
    GCS14,
    GCS60,
    GCS60A,
    OPERATOR,
    OTHER_SUPPLIER,
    STRANGER,
    SUPPLIER,
    Opened,
    access_request,
    command,
    counter_octets,
    gas_payload,
    gas_read,
    gbz,
    grouping,
    h,
    key,
    keys,
    let_sign,
    octets,
    protect,
    read_frame,
    records,
    secret,
    signing_key,
    tenancy_set,
)

from smets import clock, devices
from smets.features import stamp
from smets.gbcs import policy, session
from smets.gbcs.keys import Keys, Party
from smets.ports.store import Store
from smets.zcl import frame, types

NEW_YEAR = 0x1C374A80
READS = (GCS13A, GCS13B, GCS13C, GCS14, GCS60, GCS60A)
GCS04, GCS61, GCS36 = 0x006E, 0x00A0, 0x0083


def gas(role="gpf", store=None):
    """A session of a gas device that can answer every stamped read."""
    device = devices.build(role, store)
    device.eui = DEVICE
    device.clock.set(NEW_YEAR, clock.RELIABLE)
    if role == "gpf":
        device.feature("mirror").stamp = stamp.Stamp(stamp.GSME, NEW_YEAR - 60, clock.RELIABLE)
    for attribute in (0x0000, 0x0100, 0x0102, 0x0104, 0x0106, 0x0700, 0x0701, 0x0702, 0x0703):
        device.zcl.set(0x0702, attribute, types.UINT48, attribute)
    for attribute, type_id in ((0x0302, types.UINT24), (0x0301, types.UINT24)):
        device.zcl.set(0x0702, attribute, type_id, 1)
    device.zcl.set(0x0702, 0x0300, types.ENUM8, 1)
    device.zcl.set(0x0702, 0x0A00, types.UINT32, 4711)
    device.zcl.set(0x0700, 0x0617, types.BITMAP8, 0x30)
    device.zcl.set(0x0700, 0x0616, types.UINT16, 978)
    for attribute in (0x0005, 0x0002, 0x0001):
        device.zcl.set(0x0705, attribute, types.INT32, -1)
    for attribute in (0x0231, 0x0211, 0x0221):
        device.zcl.set(0x0705, attribute, types.UINT32, 77)
    return session.Session(device, keys())


def asked(made, code, counter=1000, originator=SUPPLIER):
    return Opened(octets(made.handle(gas_read(code, counter, originator))), originator)


def test_header_of_a_response():
    """rtds: counter echoed, ids exchanged, code repeated, CRA 02, MAC with the party's secret."""
    opened = asked(gas(), GCS13A, 0x0102030405060708)
    assert opened.counter == 0x0102030405060708
    assert (opened.originator, opened.target) == (DEVICE, SUPPLIER)
    assert (opened.code, opened.other, opened.signature) == (GCS13A, b"", b"")


def test_g03_g04_stamp_of_every_stamped_read():
    """rtds rows: the stamp stands in the header date-time of five use cases."""
    made = gas()
    for counter, code in enumerate((GCS13A, GCS13B, GCS13C, GCS14, GCS60A)):
        stamped = asked(made, code, counter)
        assert stamped.date_time == h("07DE0C1FFF173B0000800004"), "%04X" % code
    made.device.feature("mirror").stamp = stamp.Stamp(stamp.GPF, NEW_YEAR, clock.RELIABLE)
    for counter, code in enumerate((GCS13A, GCS13B, GCS13C, GCS14, GCS60A)):
        assert asked(made, code, 10 + counter).date_time == h("07DF0101FF00000000800000")


def test_g07_g08_gcs60_has_no_stamp():
    """rtds: date-time length 0; the same payload as GCS60a."""
    made = gas()
    plain, stamped = asked(made, GCS60, 1), asked(made, GCS60A, 2)
    assert plain.date_time == b""
    assert plain.payload == stamped.payload
    assert (plain.code, stamped.code) == (0x008D, 0x012A)


def test_g24_gsme_stamps_with_its_own_clock():
    """rtds for reliable and unreliable, project-choice for invalid."""
    made = gas("gsme")
    assert asked(made, GCS13A, 1).date_time == h("07DF0101FF00000000800000")
    made.device.clock.set(NEW_YEAR + 9 * 3600, clock.UNRELIABLE)
    assert asked(made, GCS13A, 2).date_time == h("07DF0101FF09000000800002")
    made.device.clock.set(NEW_YEAR, clock.INVALID)
    assert asked(made, GCS13A, 3).date_time == h("FFFFFFFFFFFFFFFFFF800001")


def test_g32_g34_components_of_each_read():
    """rtds: clusters, frame controls, encryption and attribute order of section C."""
    made = gas()
    expected = {
        GCS13A: [(0x0702, 0x18, True, [0x0302, 0x0301, 0x0300, 0x0000])],
        GCS13B: [(0x0702, 0x18, True, [0x700, 0x701, 0x702, 0x703, 0x302, 0x301, 0x300])],
        GCS13C: [(0x0702, 0x18, True, [0x302, 0x301, 0x300, 0x100, 0x102, 0x104, 0x106])],
        GCS14: [
            (0x0700, 0x08, False, [0x0617, 0x0616]),
            (0x0705, 0x08, True, [0x0005, 0x0002, 0x0001, 0x0231, 0x0211, 0x0221]),
        ],
        GCS60: [(0x0702, 0x08, False, [0x0A00]), (0x0705, 0x08, False, [0x0001])],
    }
    expected[GCS60A] = expected[GCS60]
    for counter, code in enumerate(READS):
        found = []
        for sequence, part in enumerate(asked(made, code, counter).components()):
            cluster, octets_of, encrypted = part
            assert octets_of[1:3] == bytes((sequence, frame.READ_ATTRIBUTES_RESPONSE))
            found.append((cluster, octets_of[0], encrypted, records(octets_of)[1]))
        assert found == expected[code], "%04X" % code


def test_g44_lengths_of_the_largest_responses():
    """rtds: 133, 164, 164, 172 and 107 octets, told before the first octet leaves."""
    made = gas()
    lengths = []
    for counter, code in enumerate((GCS13A, GCS13B, GCS13C, GCS14, GCS60A)):
        lengths.append(made.handle(gas_read(code, counter)).length)
    assert lengths == [133, 164, 164, 172, 107]


def test_g36_operator_at_the_gpf():
    """spec (GBCS 4.0 roles): GCS13a and 13c are accepted, 13b, 14, 60 and 60a are refused."""
    made = gas()
    for counter, code in enumerate((GCS13A, GCS13C)):
        assert asked(made, code, counter, OPERATOR).target == OPERATOR
    for code in (GCS13B, GCS14, GCS60, GCS60A):
        refused(made, gas_read(code, 1, OPERATOR), "role")


def test_g37_operator_at_the_gsme():
    """spec: the GSME answers the supplier alone."""
    made = gas("gsme")
    for code in READS:
        refused(made, gas_read(code, 1, OPERATOR), "role")
        assert asked(made, code, code).code == code


def test_broker_has_no_role_of_its_own_here():
    made = gas()
    assert refused(made, gas_read(GCS13A, 1, BROKER), "role") == (
        "role: access_control_broker for GCS13a"
    )


def test_each_reason_is_counted():
    made = gas()
    refused(made, b"", "malformed")
    refused(made, response_like(), "not-a-command")
    refused(made, gas_read(GCS13A, target=STRANGER), "other-target")
    refused(made, command(0x7777, gas_payload(GCS13A)), "no-such-use-case")
    refused(made, gas_read(GCS13A, originator=STRANGER), "unknown-party")
    refused(made, wrong_mac(gas_read(GCS13A)), "bad-mac")
    refused(made, grouping(GCS13A, gas_payload(GCS13A)) + b"\x00", "no-mac")
    refused(made, gas_read(GCS14, originator=OPERATOR), "role")
    refused(made, command(GCS13A, gas_payload(GCS14)), "not-permitted")
    refused(made, command(GCS13A, b"\x01"), "malformed")
    assert made.refusals["malformed"] == 2
    assert sum(made.refusals.values()) == 10
    assert made.answered == 0


def response_like(cra=2):
    return command(GCS13A, gas_payload(GCS13A), cra=cra)


def wrong_mac(data):
    return data[:-1] + bytes((data[-1] ^ 1,))


def test_responses_and_alerts_are_no_commands():
    made = gas()
    for cra in (2, 3):
        refused(made, response_like(cra), "not-a-command")


def test_g13_command_mac_is_the_brokers():
    """spec: made with the supplier's key it is refused."""
    made = gas()
    data = command(GCS13A, gas_payload(GCS13A), key_secret=secret(SUPPLIER))
    refused(made, data, "bad-mac")
    data = command(GCS13A, gas_payload(GCS13A), key_secret=secret(BROKER))
    assert octets(made.handle(data))


def test_device_that_knows_no_broker_answers_nobody():
    made = gas()
    made.keys = Keys(DEVICE)
    made.keys.add(Party(SUPPLIER, "supplier", b"", None, secret(SUPPLIER)))
    assert made.keys.broker() is None
    refused(made, gas_read(GCS13A), "no-mac")


def test_g11_flipped_bits_get_no_response():
    """spec: one bit of each octet of a command; nothing is answered, nothing changes."""
    made = gas()
    data = gas_read(GCS13A)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        with raises(session.Refused):
            made.handle(changed)
    assert made.answered == 0
    assert sum(made.refusals.values()) == len(data)
    assert set(made.refusals) <= {
        "malformed",
        "not-a-command",
        "other-target",
        "unknown-party",
        "no-such-use-case",
        "bad-mac",
        "no-mac",
    }
    assert asked(made, GCS13A).code == GCS13A


def test_g42_cut_commands_get_no_response():
    """spec: every prefix, and a trailing octet."""
    made = gas()
    data = gas_read(GCS60A)
    for size in range(len(data)):
        refused(made, data[:size], "malformed")
    refused(made, data + b"\x00", "malformed")


def test_g42_date_time_of_5_or_13_octets_is_refused():
    """spec: the header's date-time has 0 or 12 octets."""
    made = gas()
    for size in (5, 13):
        data = command(GCS13A, gas_payload(GCS13A), date_time=bytes(size))
        refused(made, data, "malformed")


def test_g09_date_time_of_a_command_is_ignored():
    """project-choice: the response's stamp is unaffected."""
    data = command(GCS13A, gas_payload(GCS13A), date_time=h("07E40101FF00000000800004"))
    opened = Opened(octets(gas().handle(data)))
    assert opened.date_time == h("07DE0C1FFF173B0000800004")


def test_g10_flipped_clock_status_breaks_the_mac():
    """spec: each of its eight bits."""
    data = octets(gas().handle(gas_read(GCS13A)))
    at = 0x36
    assert data[at] == 0x04
    Opened(data)
    for bit in range(8):
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        with raises(AssertionError) as caught:
            Opened(bytes(changed))
        assert str(caught.error) == "MAC of the response"


def test_g06_g33_errors_are_stamped_all_the_same():
    """rtds: a failed attribute keeps its place; what follows gets FF 01 in clear."""
    made = gas()
    made.device.zcl.faults[0x0700] = {0x0617: frame.HARDWARE_FAILURE}
    opened = asked(made, GCS14)
    assert opened.date_time == h("07DE0C1FFF173B0000800004")
    parts = opened.components()
    assert parts[0] == (0x0700, h("080001 1706C0 160600 21 D203"), False)
    assert parts[1] == (0x0705, h("08010B FF01"), False)


def test_g38_repeated_read_gets_the_same_octets():
    """project-choice: never the same key and IV for another plaintext."""
    made = gas()
    data = gas_read(GCS13A)
    first = octets(made.handle(data))
    made.device.zcl.set(0x0702, 0x0000, types.UINT48, 99999)
    assert octets(made.handle(data)) == first
    assert octets(made.handle(bytearray(data))) == first
    assert made.counter_reused == 0
    second = asked(made, GCS13A, 1001)
    assert second.octets != first
    assert records(second.components()[0][1])[0][0x0000] == h("25 9F8601000000")


def test_a_repeat_is_answered_before_its_mac_is_checked():
    """project: no arithmetic for octets that were checked; any other octet is checked."""
    made = gas()
    data = gas_read(GCS13A)
    first = octets(made.handle(data))
    made._check_mac = made._check_signature = None  # called, they would fail
    assert octets(made.handle(data)) == first
    del made._check_mac, made._check_signature
    wrong = bytearray(data)
    wrong[-1] ^= 1
    refused(made, wrong, "bad-mac")


def test_a_repeat_is_checked_again_with_other_credentials():
    """project: who lost its key gets nothing, not even what it got before."""
    made = gas()
    data = gas_read(GCS13A)
    octets(made.handle(data))
    broker = made.keys.broker()
    made.keys.add(Party(broker.id, broker.role, b"", None, bytes(32)))
    refused(made, data, "bad-mac")
    made.keys.remove(bytes(SUPPLIER))
    refused(made, data, "unknown-party")


def test_repeats_are_kept_to_a_number():
    """project-choice: the oldest would be carried out again, if it were not encrypted."""
    made = gas()
    firsts = [octets(made.handle(gas_read(GCS13A, n))) for n in range(policy.REPEATS_KEPT + 1)]
    assert len(set(firsts)) == len(firsts)
    made.device.zcl.set(0x0702, 0x0000, types.UINT48, 99999)
    for counter in range(1, policy.REPEATS_KEPT + 1):
        assert octets(made.handle(gas_read(GCS13A, counter))) == firsts[counter]
    answered = made.answered
    refused(made, gas_read(GCS13A, 0), "key-used")
    assert made.answered == answered


def test_no_key_encrypts_twice():
    """spec: the key follows from the counter, the IV never changes: no other plaintext under it.

    Whatever is read with it, whether the device restarted, and however many reads came between;
    counters may come out of order, and another party has keys of its own.
    """
    from testkit import tmpdir

    from smets.gbcs import streams
    from smets.ports.store import Store

    path = tmpdir() + "/s"
    made = gas(store=Store(path))
    asked(made, GCS13A, 1000)
    for code in (GCS13B, GCS13C, GCS14):
        refused(made, gas_read(code, 1000), "key-used")
    asked(made, GCS13A, 1000, OPERATOR)
    asked(made, GCS13B, 999)
    made = gas(store=Store(path))
    refused(made, gas_read(GCS13A, 1000), "key-used")
    refused(made, gas_read(GCS14, 999), "key-used")
    asked(made, GCS13A, 998)
    for counter in range(1001, 1001 + streams.KEPT):
        asked(made, GCS13A, counter)
    refused(made, gas_read(GCS13B, 1000), "key-used")
    refused(made, gas_read(GCS13B, 5), "key-used")
    asked(made, GCS13B, 5000)


def test_update_is_carried_out_each_time():
    """project-choice: updates without replay protection are never answered from a copy."""
    made = gas()
    data = command(GCS09, tenancy_set(NEW_YEAR))
    first = octets(made.handle(data))
    assert Opened(first).components() == [(0x0708, h("00000B 0000"), False)]
    made.device.feature("tenancy").put(5, 0)
    assert octets(made.handle(data)) == first
    assert made.device.feature("tenancy").date == NEW_YEAR
    assert made.counter_reused == 1


def test_g41_tenancy_update_is_not_stamped():
    """rtds: GCS09 from the same GPF has no date-time."""
    opened = Opened(octets(gas().handle(command(GCS09, tenancy_set(NEW_YEAR)))))
    assert (opened.code, opened.date_time) == (GCS09, b"")


def test_operator_sets_no_tenancy():
    made = gas()
    refused(made, command(GCS09, tenancy_set(NEW_YEAR), originator=OPERATOR), "role")
    assert made.device.feature("tenancy").date == 0xFFFFFFFF


def test_gsme_takes_no_gpf_command():
    made = gas("gsme")
    refused(made, command(GCS09, tenancy_set(NEW_YEAR)), "no-such-use-case")


def mprn(counter, originator=BROKER, payload=b"\x07\x08"):
    """GCS36: Send CIN, replay-protected, from the broker; kept as an attribute."""
    fields = bytes(12) + bytes((len(payload),)) + payload
    return command(GCS36, gbz((0x0708, h("090006") + fields)), counter, originator)


def cin(made):
    """The CIN that a gas meter was sent, or None."""
    return made.device.zcl.get(0x0702, 0x0311)


def test_replays_are_refused():
    """spec: a protected command needs a counter above the last accepted one of its sender."""
    made = gas("gsme")
    assert octets(made.handle(mprn(5)))
    assert cin(made) == h("0708")
    for counter in (5, 4, 0):
        refused(made, mprn(counter, payload=h("EEEE")), "replay")
    refused(made, mprn(5), "replay")
    assert cin(made) == h("0708")
    assert octets(made.handle(mprn(6, payload=h("0909"))))
    assert cin(made) == h("0909")


def test_counters_are_compared_as_64_bits():
    made = gas("gsme")
    for counter in (0xFF, 0x100, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFFFFFFFFFF):
        assert octets(made.handle(mprn(counter)))
    refused(made, mprn(0xFFFFFFFFFFFFFFFE), "replay")
    assert made.device.counters.get(BROKER) == b"\xff" * 8


def test_counters_belong_to_their_sender():
    made = gas("gsme")
    made.keys.add(Party(STRANGER, "access_control_broker", b"", None, secret(BROKER)))
    assert octets(made.handle(mprn(100)))
    made.keys.add(Party(STRANGER, "access_control_broker", b"", None, secret(STRANGER)))
    assert octets(made.handle(mprn(1, STRANGER)))
    refused(made, mprn(100), "replay")


def test_the_broker_is_the_party_that_came_first():
    """Of many of its role, whatever order a dict would have on the engine."""
    made = gas("gsme")
    for n in range(40):
        made.keys.add(Party(bytes([n]) + STRANGER[1:], "access_control_broker", b""))
        assert made.keys.broker().id == BROKER
    made.keys.add(Party(BROKER, "access_control_broker", b"", None, secret(BROKER)))
    assert made.keys.broker().id == BROKER, "replaced where it was"
    made.keys.remove(BROKER)
    assert made.keys.find(BROKER) is None and made.keys.broker().id[0] == 0
    assert made.keys.find(memoryview(made.keys.broker().id)) is made.keys.broker()


def test_reads_do_not_move_the_replay_counter():
    """rtds: reads have no replay protection; counters may fall."""
    made = gas("gsme")
    for counter in (1000, 1, 500):
        asked(made, GCS13A, counter)
    assert made.device.counters.get(SUPPLIER) is None


def test_refused_commands_do_not_move_the_replay_counter():
    made = gas("gsme")
    assert octets(made.handle(mprn(5)))
    refused(made, wrong_mac(mprn(9)), "bad-mac")
    refused(made, command(GCS36, gbz((0x0709, h("090006"))), 9, BROKER), "not-permitted")
    refused(made, command(GCS36, b"\x01\x09\x01", 9, BROKER), "malformed")
    refused(made, command(GCS36, access_request([]), 9, BROKER), "malformed")
    refused(made, mprn(9, SUPPLIER), "role")
    assert made.device.counters.get(BROKER) == counter_octets(5)
    assert cin(made) == h("0708")


def test_update_without_a_key_for_its_answer_is_not_carried_out():
    """Refused means that nothing has changed: the answer's key is agreed first."""
    made = gas()
    made.keys.add(Party(SUPPLIER, "supplier", b"\x04" + bytes(64)))
    refused(made, command(GCS09, tenancy_set(NEW_YEAR)), "no-key")
    assert made.device.feature("tenancy").date == 0xFFFFFFFF
    made = gas("gsme")
    made.keys.private_key = bytes(31) + b"\x01"
    made.keys.add(Party(SUPPLIER, "supplier", b"\x04" + bytes(64)))
    refused(made, command(0x0073, gbz((0x0708, h("090002")))), "no-key")
    assert made.device.counters.get(SUPPLIER) is None


def debt(counter=1000, sign=True, originator=SUPPLIER, target=DEVICE):
    """GCS04, Manage Debt: critical, replay-protected."""
    payload = gbz((0x0705, h("010002") + bytes(24)))
    return command(GCS04, payload, counter, originator, target, sign=sign)


def signed_gsme():
    made = gas("gsme")
    let_sign(made.keys)
    return made


def test_critical_command_is_answered_with_a_signature():
    """spec: no MAC header, signature over the header without DF and the payload."""
    from hashlib import sha256

    from smets.crypto import ecdsa, p256

    made = signed_gsme()
    data = octets(made.handle(debt()))
    opened = Opened(data)
    assert not opened.authenticated
    assert opened.components() == [(0x0705, h("08000B 0200"), False)]
    public = p256.public_key(signing_key(DEVICE))
    assert ecdsa.verify(public, sha256(data[1:-65]).digest(), data[-64:])
    assert made.device.counters.get(SUPPLIER) == counter_octets(1000)


def test_critical_command_that_is_not_signed_right():
    made = signed_gsme()
    refused(made, debt(sign=False), "no-signature")
    good = debt()
    inner = good[14:-12]  # behind DD, six octets, a length of two and five octets
    flipped = inner[:-1] + bytes((inner[-1] ^ 1,))
    data = protect(flipped, SUPPLIER, 1, 1000, DEVICE, secret(BROKER))
    refused(made, data, "bad-signature")
    made.keys.find(SUPPLIER).ds_public = None
    refused(made, good, "no-signature")
    made.keys.find(SUPPLIER).ds_public = b"\x04" + bytes(64)
    refused(made, good, "no-key")
    assert made.device.counters.get(SUPPLIER) is None


def test_signature_of_another_party():
    made = signed_gsme()
    let_sign(made.keys, OTHER_SUPPLIER)
    made.keys.find(OTHER_SUPPLIER).ds_public = made.keys.find(SUPPLIER).ds_public
    refused(made, debt(originator=OTHER_SUPPLIER), "bad-signature")


def test_signature_where_none_belongs():
    data = command(GCS13A, gas_payload(GCS13A), sign=True)
    refused(gas(), data, "unexpected-signature")


def test_without_a_signing_key_the_signature_is_zeros():
    """A bench with public keys only: everything but the signature is exact."""
    made = signed_gsme()
    made.keys.ds_private_key = None
    assert Opened(octets(made.handle(debt()))).signature == bytes(64)


def test_payload_of_the_other_protocol_is_refused():
    """A DLMS payload for a gas meter."""
    made = gas()
    for code in READS:
        data = command(code, access_request([(1, key(1, (0, 0, 96, 1, 0, 255), 2), None, b"\0")]))
        refused(made, data, "malformed")
    for payload in (b"", b"\xd9", b"\x01", b"\x30\x00"):
        refused(gas(), command(GCS13A, payload), "malformed")


PARTY_COUNTER = h("00000000000000C8")


def log_read(other, counter=7):
    payload = gbz((0x0702, h("010008 0100 00000000 00 0100")))
    return command(GCS61, payload, counter, BROKER, other=other)


def logging_gpf():
    made = gas()
    made.device.zcl.published[(0x0702, 0x07)] = [h("0100 00000000 00 FFFF 0000")]
    return made


def test_supplementary_party_gets_the_encrypted_parts():
    """rtds (GCS61 for a named supplier): MAC for the sender, encryption for the party."""
    made = logging_gpf()
    other = OTHER_SUPPLIER + PARTY_COUNTER
    opened = Opened(octets(made.handle(log_read(other))), BROKER)
    assert (opened.target, opened.other) == (BROKER, other)
    parts = opened.components(OTHER_SUPPLIER)
    assert parts[0][1:] == (h("190007 0100 00000000 00 FFFF 0000"), True)


def test_broker_for_a_named_party():
    """spec (GBCS 7.2.7): the broker carries a read for a party that it names."""
    made = logging_gpf()
    opened = Opened(octets(made.handle(log_read(SUPPLIER))), BROKER)
    assert opened.other == SUPPLIER


def test_supplementary_party_without_a_key_is_refused():
    made = logging_gpf()
    refused(made, log_read(STRANGER + PARTY_COUNTER), "no-key")


def test_supplementary_party_with_a_certificate():
    """spec: the key of a party the device does not know comes with the command."""
    from smets.crypto import gcm, kdf, p256

    made = logging_gpf()
    made.keys.private_key = signing_key(DEVICE)
    public = p256.public_key(signing_key(STRANGER))
    certificate = bytes(40) + h("034200") + public + bytes(30)
    other = STRANGER + PARTY_COUNTER + certificate
    data = octets(made.handle(log_read(other)))
    opened = Opened(data, BROKER)
    agreed = p256.shared_secret(signing_key(STRANGER), p256.public_key(signing_key(DEVICE)))
    # Its counter is not one of the device's: the device's own counts, in the answer and the key.
    assert opened.counter == 7 and opened.other == STRANGER + PARTY_COUNTER + counter_octets(1)
    part = kdf.derive(agreed, DEVICE, 4, counter_octets(1), STRANGER)
    payload = opened.payload
    ciphered = payload[-(9 + 2 + 17) :]
    assert ciphered[:5] == h("3100000000")
    plain = gcm.open_sealed(part, DEVICE + bytes(4), b"\x31", ciphered[5:-12], ciphered[-12:])
    assert plain == h("0100 00000000 00 FFFF 0000")


def test_answers_to_a_party_that_is_not_known_never_share_a_key():
    """spec: its counter may be anything, so the device's own rises from answer to answer."""
    from smets.crypto import p256

    path = tmpdir() + "/s"
    public = p256.public_key(signing_key(STRANGER))
    other = STRANGER + PARTY_COUNTER + bytes(40) + h("034200") + public + bytes(30)
    seen = []
    for _ in range(2):
        made = logging_gpf()
        made.device.store = Store(path)
        made.keys.private_key = signing_key(DEVICE)
        for counter in (7, 8, 9, 7):
            opened = Opened(octets(made.handle(log_read(other, counter=counter))), BROKER)
            assert opened.other[:16] == STRANGER + PARTY_COUNTER
            seen.append(opened.other[16:])
    # The fourth of each is the first again, octet for octet: its answer is kept.
    assert seen[3] == seen[0] and seen[7] == seen[4]
    assert len(set(seen)) == 6
    assert not [name for name in Store(path).names() if name[:6] == "stream"], "no room is taken"
    assert opened.counter == 7 and max(seen[:4]) < min(seen[4:]), "through a restart"


def test_certificate_without_a_usable_key_is_refused():
    made = logging_gpf()
    made.keys.private_key = signing_key(DEVICE)
    point = b"\x04" + bytes(64)
    for certificate in (
        bytes(100),
        h("03420004") + bytes(10),
        bytes(20) + h("034200") + point,
        h("034200") + point,
    ):
        refused(made, log_read(STRANGER + PARTY_COUNTER + certificate), "no-key")
    made.keys.private_key = None
    refused(made, log_read(STRANGER + PARTY_COUNTER + h("034200") + point), "no-key")


def test_secrets_are_agreed_once_and_kept():
    """spec: Z is the x-coordinate of the device's key and the party's."""
    from smets.crypto import CryptoError, p256

    ring = Keys(DEVICE, signing_key(DEVICE))
    party = Party(SUPPLIER, "supplier", p256.public_key(signing_key(SUPPLIER)))
    ring.add(party)
    agreed = ring.secret(party)
    assert agreed == p256.shared_secret(
        signing_key(SUPPLIER), p256.public_key(signing_key(DEVICE))
    )
    ring.private_key = None
    assert ring.secret(party) is agreed
    with raises(CryptoError):
        ring.agree(party.ka_public)
    with raises(CryptoError):
        ring.secret(Party(OPERATOR, "network_operator", party.ka_public))


def test_keys_replace_a_party_of_the_same_id():
    ring = keys()
    assert ring.find(STRANGER) is None
    ring.add(Party(SUPPLIER, "network_operator", b""))
    assert ring.find(SUPPLIER).role == "network_operator"
    assert ring.find(memoryview(SUPPLIER)).id == SUPPLIER


def test_party_of_an_unknown_role_may_nothing():
    made = gas()
    for role in ("unknown", "nobody"):
        made.keys.add(Party(STRANGER, role, b"", None, secret(STRANGER)))
        refused(made, gas_read(GCS13A, originator=STRANGER), "role")


def test_command_that_exhausts_the_memory_is_refused():
    """A device with a small heap says no and goes on."""
    made = gas()

    def exhausted(call):
        raise MemoryError

    made.device.feature("tenancy").execute = exhausted
    refused(made, command(GCS09, tenancy_set(NEW_YEAR)), "no-memory")
    assert asked(made, GCS13A).code == GCS13A


def test_ppmid_speaks_for_itself():
    """rtds (PCS02): the MAC of a PPMID's command is made with its own secret."""
    made = gas("gsme")
    made.keys.add(Party(STRANGER, "ppmid", b"", None, secret(STRANGER)))
    made.device.zcl.load(0x0705, 0x0000, types.BITMAP16, 2)  # prepayment, and no credit
    payload = gbz((0x0705, h("010000") + bytes(5)))
    data = command(0x0090, payload, originator=STRANGER, key_secret=secret(STRANGER))
    opened = Opened(octets(made.handle(data)), STRANGER)
    assert opened.components() == [(0x0705, h("08000B 0000"), False)]
    refused(made, command(0x0090, payload, 2, STRANGER), "bad-mac")
    refused(made, gas_read(GCS13A, originator=STRANGER), "bad-mac")


def test_many_read_components_of_one_command():
    made = gas()
    payload = gbz(*[(0x0702, read_frame(n, 0x0302, 0x0000)) for n in range(12)])
    parts = Opened(octets(made.handle(command(GCS13A, payload)))).components()
    assert len(parts) == 12
    assert all(encrypted for _, _, encrypted in parts)
    assert [part[1][1] for part in parts] == list(range(12))


def test_store_keeps_the_replay_counter():
    """A restart forgets no counter; a counter that cannot be kept is not accepted."""
    from smets.gbcs.counters import Counters
    from smets.ports.store import Store

    store = Store(tmpdir() + "/s")
    made = gas("gsme")
    made.device.counters = Counters(store)
    assert octets(made.handle(mprn(5)))
    assert [store.get(name) for name in store.names()] == [b"\x01" + counter_octets(5)]
    after = gas("gsme")
    after.device.counters = Counters(store)
    refused(after, mprn(5), "replay")
    assert octets(after.handle(mprn(6)))


def test_counter_that_cannot_be_kept_is_refused():
    """The flash says no: the command is not carried out, and may come again."""
    from smets.gbcs.counters import Counters
    from smets.ports.store import StoreError

    class Full:
        def get(self, name):
            return None

        def put(self, name, data):
            raise StoreError("full")

    made = gas("gsme")
    made.device.counters = Counters(Full())
    refused(made, mprn(5), "storage")
    assert cin(made) is None
    assert made.device.counters.get(BROKER) is None
    made.device.counters = Counters()
    assert octets(made.handle(mprn(5)))
