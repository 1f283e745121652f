# engines: cpython unix
# The session of an electricity meter: repeats, long responses, what time an answer tells.
from testkit import raises
from vectors import (
    DEVICE,
    GCS13A,
    OPERATOR,
    SUPPLIER,
    Opened,
    access_request,
    command,
    gas_payload,
    h,
    key,
    keys,
    octets,
    range_descriptor,
)

from smets import clock, devices
from smets.dlms.objects import Buffer
from smets.gbcs import policy, session

NEW_YEAR = 0x1C374A80


def esme():
    device = devices.build("esme")
    device.eui = DEVICE
    device.clock.set(NEW_YEAR, clock.RELIABLE)
    return session.Session(device, keys())


def test_one_counter_for_two_commands_is_counted():
    """rtds shares a counter between different reads: answered where nothing is encrypted."""
    made = esme()
    load_log(made, 2)
    element = (4, CONTROLLER_LOG, range_descriptor(0, 0xFFFFFFFF), b"\x00")
    for count, end in enumerate((0xFFFFFFFF, 0xFFFFFFFE)):
        element = (4, CONTROLLER_LOG, range_descriptor(0, end), b"\x00")
        made.handle(command(0x00BA, access_request([element])))
        assert made.counter_reused == count


def test_long_responses_are_not_kept():
    """project-choice: a repeat of a long response is carried out again, and counted."""
    made = esme()
    load_log(made, 200)
    element = (4, CONTROLLER_LOG, range_descriptor(0, 0xFFFFFFFF), b"\x00")
    data = command(0x00BA, access_request([element]))
    first = octets(made.handle(data))
    assert len(first) > policy.REPEAT_OCTETS
    assert octets(made.handle(data)) == first
    assert made.counter_reused == 1
    assert made.answered == 2


CONTROLLER_LOG = key(7, (0, 17, 99, 98, 2, 255), 2)


def load_log(made, rows):
    buffer = Buffer(h("0202 06 06"))
    for index in range(rows):
        buffer.append(index.to_bytes(4, "big") + bytes(4))
    made.device.dlms.values[CONTROLLER_LOG] = buffer


def test_dated_response_has_the_device_time_without_a_status():
    """rtds: ECS17a and others carry 8000 FF."""
    made = esme()
    energy = key(3, (1, 0, 2, 8, 0, 255), 2)
    made.device.dlms.load(energy, h("06 00003039"))
    data = command(0x0026, access_request([(1, energy, None, b"\x00")]), originator=OPERATOR)
    opened = Opened(octets(made.handle(data)), OPERATOR)
    assert opened.date_time == h("07DF0101FF000000008000FF")
    assert opened.payload == h("DA 200003E8 0000 01 06 00003039 01 0100")
    made.device.clock.set(clock.UTC_INVALID, clock.INVALID)
    data = command(0x0026, access_request([(1, energy, None, b"\x00")]), 2, OPERATOR)
    assert Opened(octets(made.handle(data)), OPERATOR).date_time == h("FF" * 9 + "8000FF")


def test_payload_of_the_other_protocol_is_refused():
    """A GBZ payload for an electricity meter."""
    made = esme()
    for code in (0x0026, 0x0027, 0x0022, 0x0036):
        for originator in (SUPPLIER, OPERATOR):
            data = command(code, gas_payload(GCS13A), originator=originator)
            with raises(session.Refused) as caught:
                made.handle(data)
            assert caught.error.reason in ("malformed", "role")
    assert made.refusals["malformed"] == 5
