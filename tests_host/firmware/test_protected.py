# engines: cpython unix
# Data protection, class 30 method 1: attributes read together and encrypted.
from testkit import raises
from vectors import (
    DEVICE,
    SUPPLIER,
    access_request,
    counter_octets,
    h,
    key,
    octets,
    secret,
    string,
)

from smets.codec import DecodeError
from smets.crypto import gcm, kdf
from smets.dlms import access, objects, protected
from smets.dlms.objects import Buffer, Objects

COUNTER = counter_octets(1000)
PROTECTION = key(30, (0, 0, 43, 2, 8, 255), 1)
VALUE = key(1, (0, 0, 94, 44, 34, 10), 2)
LOG = key(7, (0, 0, 98, 1, 0, 255), 2)
BODY = "p30/0-0:43.2.8.255/1>1/0-0:94.44.34.10/2,7/0-0:98.1.0.255/2"

FROM = h("07DF0101FF00000000 8000FF")
TO = h("07DF0102FF00000000 8000FF")
OPEN = h("FFFFFFFFFFFFFFFFFF 8000FF")


class Exchange:
    """The asking party, as the session tells it to the engine."""

    counter = key_counter = COUNTER
    originator = SUPPLIER
    target = DEVICE
    reply_party = SUPPLIER

    def cipher(self):
        return gcm.Gcm(
            kdf.derive(secret(SUPPLIER), DEVICE, 4, COUNTER, SUPPLIER), DEVICE + bytes(4)
        )


class Case:
    """A use case with a body alone."""

    body = BODY


def wanted(object_key, limits=None):
    """structure{class, OBIS, attribute, data index, structure{enum type, restriction}}."""
    head = h("0205 12") + object_key[:2] + h("0906") + object_key[2:8] + h("0F") + object_key[8:]
    head += h("120000 0202 16")
    if limits is None:
        return head + h("00 00")
    return head + h("01 0202 090C") + limits[0] + h("090C") + limits[1]


def parameters(originator, target, counter=COUNTER):
    """array(1){structure{enum 2, structure(5){transaction, ids, key information}}}."""
    return (
        h("0101 0202 1602 0205 0909 04")
        + counter
        + b"\x09"
        + string(originator)
        + b"\x09"
        + string(target)
        + h("0900 0202 1602 0202 090102 0900")
    )


def request(*items):
    """The whole argument of the method."""
    head = h("0202 01") + bytes((len(items),)) + b"".join(items)
    return head + parameters(SUPPLIER, DEVICE)


def parse(data):
    return protected.parse(data, Exchange())


def refused(data):
    with raises(DecodeError) as caught:
        parse(data)
    return caught.error.offset, caught.error.what


def model():
    made = Objects()
    made.values[VALUE] = h("0202 06 00000001 1105")
    buffer = Buffer(h("0202 06 11"))
    for seconds in (0x1C374A80 - 1, 0x1C374A80, 0x1C374A80 + 86400, 0x1C374A80 + 86401):
        buffer.append(seconds.to_bytes(4, "big") + b"\x09")
    made.values[LOG] = buffer
    return made


def answer(data, store=None):
    payload = access_request([(3, PROTECTION, None, data)])
    exchange = Exchange()
    prepared = access.prepare(payload, Case, exchange)
    return octets(access.execute(prepared, store or model(), exchange))


def opened(response):
    """The plaintext of the protected block of an Access-Response; its frame is checked."""
    head = h("DA 200003E8 0000 01")
    assert response[: len(head)] == head
    assert response[-3:] == h("01 0300")
    block = response[len(head) : -3]
    start = h("0202") + parameters(DEVICE, SUPPLIER) + b"\x09"
    assert block[: len(start)] == start
    at = len(start)
    size = block[at]
    at += 1
    if size >= 0x80:
        size, at = int.from_bytes(block[at : at + size - 0x80], "big"), at + size - 0x80
    ciphered = block[at:]
    assert len(ciphered) == size
    assert ciphered[:5] == h("3100000000")
    key_of_parts = kdf.derive(secret(SUPPLIER), DEVICE, 4, COUNTER, SUPPLIER)
    return gcm.open_sealed(
        key_of_parts, DEVICE + bytes(4), b"\x31", ciphered[5:-12], ciphered[-12:]
    )


def test_objects_that_a_request_wants():
    items = parse(request(wanted(VALUE), wanted(LOG, (FROM, TO))))
    assert [(item.key, item.start, item.end) for item in items] == [
        (VALUE, -1, -1),
        (LOG, 0x1C374A80, 0x1C374A80 + 86400),
    ]


def test_open_limits():
    """spec: all FF on a side leaves the range open there."""
    items = parse(request(wanted(LOG, (OPEN, OPEN)), wanted(LOG, (FROM, OPEN))))
    assert [(item.start, item.end) for item in items] == [
        (0, 0xFFFFFFFF),
        (0x1C374A80, 0xFFFFFFFF),
    ]


def test_answer_is_encrypted_whole():
    """rtds: the list of attributes as a structure, in the order asked for."""
    response = answer(request(wanted(VALUE), wanted(LOG, (OPEN, OPEN))))
    rows = b"".join(model().values[LOG].rows)
    assert opened(response) == h("0202 0202 06 00000001 1105") + h("13 0202 06 11 14") + rows


def test_date_range_is_inclusive():
    response = answer(request(wanted(LOG, (FROM, TO))))
    assert opened(response) == h("0201 13 0202 06 11 0A 1C374A80 09 1C389C00 09")


def test_range_without_rows_is_an_empty_array():
    later = h("07E00101FF00000000 8000FF")
    response = answer(request(wanted(LOG, (later, OPEN))))
    assert opened(response) == h("0201 13 0202 06 11 00")


def test_same_object_twice():
    response = answer(request(wanted(VALUE), wanted(VALUE)))
    assert opened(response) == h("0202") + 2 * h("0202 06 00000001 1105")


def test_large_answer_streams_with_long_lengths():
    store = model()
    buffer = Buffer(h("0202 06 11"))
    for index in range(600):
        buffer.append(index.to_bytes(4, "big") + b"\x09")
    store.values[LOG] = buffer
    plain = opened(answer(request(wanted(LOG, (OPEN, OPEN))), store))
    assert plain[:11] == h("0201 13 0202 06 11 820BB8 00")
    assert len(plain) == 10 + 5 * 600


def test_ciphered_length_at_each_form():
    for size in (93, 94, 100, 105, 106, 107, 220, 233, 234, 235, 236, 300):
        store = model()
        store.values[VALUE] = b"\x09" + string(bytes(size))
        assert opened(answer(request(wanted(VALUE)), store))[-size:] == bytes(size)


def test_log_without_a_restriction_is_denied():
    """A profile buffer is readable by a range alone: read-write-denied."""
    assert answer(request(wanted(LOG))) == h("DA 200003E8 0000 01 00 01 0303")


def test_result_of_the_first_object_that_cannot_be_given():
    store = model()
    del store.values[VALUE]
    response = answer(request(wanted(LOG, (OPEN, OPEN)), wanted(VALUE)), store)
    assert response == h("DA 200003E8 0000 01 00 01 030B")
    store.faults[("get", LOG)] = objects.HARDWARE_FAULT
    response = answer(request(wanted(LOG, (OPEN, OPEN)), wanted(VALUE)), store)
    assert response == h("DA 200003E8 0000 01 00 01 0301")


def test_fault_of_the_method():
    """rtds: the ERROR vectors fail the method itself."""
    store = model()
    store.faults[("action", PROTECTION)] = objects.HARDWARE_FAULT
    assert answer(request(wanted(VALUE)), store) == h("DA 200003E8 0000 01 00 01 0301")


def test_object_that_the_use_case_does_not_hold():
    other = key(3, (1, 0, 1, 8, 0, 255), 2)
    with raises(access.NotPermitted) as caught:
        answer(request(wanted(VALUE), wanted(other)))
    assert str(caught.error) == "3/1-0:1.8.0.255/2"


def test_request_is_refused_at_each_octet():
    """Only the class, OBIS code and attribute, and the dates, may be other than they are."""
    data = request(wanted(VALUE), wanted(LOG, (FROM, TO)))
    assert len(parse(data)) == 2
    first = 4
    second = first + len(wanted(VALUE))
    free = set()
    for start in (first, second):
        free |= set(range(start + 3, start + 5)) | set(range(start + 7, start + 13))
        free.add(start + 14)
    dates = set(range(second + 26, second + 38)) | set(range(second + 40, second + 52))
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x40
        if at in free:
            assert len(parse(bytes(changed))) == 2, at
        elif at in dates:
            try:
                parse(bytes(changed))
            except DecodeError as error:
                assert error.offset >= second
        else:
            assert refused(bytes(changed))[0] <= len(data), at


def test_each_shorter_request_is_refused():
    data = request(wanted(VALUE), wanted(LOG, (FROM, TO)))
    for size in range(len(data)):
        refused(data[:size])
    assert refused(data + b"\x00") == (len(data), "protected request: 1 trailing octets")


def test_transaction_and_parties_are_those_of_the_command():
    head = h("0202 0101") + wanted(VALUE)
    good = parameters(SUPPLIER, DEVICE)
    assert len(parse(head + good)) == 1
    for bad, what in (
        (parameters(SUPPLIER, DEVICE, counter_octets(1001)), "transaction-id: not E8"),
        (parameters(DEVICE, DEVICE), "protection parties: not 05"),
        (parameters(SUPPLIER, SUPPLIER), "protection parties: not 00"),
        (good.replace(h("1602 0205"), h("1601 0205")), "protection parameters: not 02"),
        (good.replace(h("0909 04"), h("0909 02")), "protection parameters: not 04"),
    ):
        assert refused(head + bad)[1] == what


def test_restrictions_of_another_kind():
    plain = wanted(VALUE)
    for kind in (2, 3, 0x16, 0xFF):
        data = request(plain[:-2] + bytes((kind,)) + b"\x00")
        assert refused(data) == (4 + len(plain) - 2, "restriction type %d" % kind)
    assert refused(request(plain[:-1] + b"\x01"))[1] == "restriction: not 00"


def test_restriction_limits_are_refused_where_they_stand():
    second = 4 + len(wanted(LOG, (FROM, TO))) - 12
    for limit, offset in (
        (h("07DF0D01FF000000008000FF"), 2),
        (h("07DF0120FF000000008000FF"), 3),
        (h("07DF0101FF180000008000FF"), 5),
    ):
        assert refused(request(wanted(LOG, (FROM, limit))))[0] == second + offset


def test_count_of_objects_is_checked():
    data = request(wanted(VALUE))
    refused(data[:3] + b"\x00" + data[4:])
    refused(data[:3] + b"\x02" + data[4:])
    refused(data[:3] + b"\x83\xff\xff\xff" + data[4:])
