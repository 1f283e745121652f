# engines: cpython unix
# The DLMS objects of the voltage measurement, asked as remote parties ask them: order, types,
# ranges, results, roles. The octets of RTDS are compared in test_rtds.py.

from testkit import raises
from vectors import BROKER, OPERATOR, SUPPLIER, access_request, command, h
from voltage_meter import (
    ALERT_MASK,
    ALERT_SETTINGS,
    ECS23,
    ECS23B,
    ECS26B,
    ECS26K,
    ECS29A,
    ECS29C,
    ECS29E,
    ECS35E,
    END_OF_TIME,
    LIMITS,
    NO_UNIT,
    POWER_LOG,
    Meter,
    dlu,
    ecs23,
    ecs26,
    ecs29a,
    ecs29c,
    gets,
    limiters,
    loaded,
    log,
    mask,
    over_counter,
    over_threshold,
    period,
    resets,
    rows,
    state_of,
    under_counter,
    under_threshold,
    values,
)

from smets.dlms import objects
from smets.dlms.objects import Buffer
from smets.gbcs.session import Refused


def test_f53_operational_data_of_one_phase():
    """spec: the octets of ECS23, element by element, the header's date-time with them."""
    meter = Meter()
    loaded(meter, (under_counter(0), 14), (over_counter(0), 0x01020304), (period(0), 900))
    meter.device.dlms.load(under_counter(0, 3), NO_UNIT)
    meter.fill(0, 3, 1000, 900)
    data, results = meter.ask(ECS23, ecs23())
    assert results == [0] * 6
    assert data[:4] == [dlu(14), NO_UNIT, dlu(0x01020304), NO_UNIT]
    expected = "13 0202 06 06 18 000003E8 00000000 0000076C 00000001 00000AF0 00000002"
    assert data[4] == h(expected)
    assert data[5] == dlu(900)
    assert meter.opened.date_time == h("07E6 03 07 FF 14 32 00 00 8000 FF")
    assert meter.opened.other == b"" and meter.opened.signature == b""


def test_operational_data_of_three_phases():
    """spec: ECS23b is the sequence of ECS23 for L1, L2, L3."""
    meter = Meter()
    for phase in range(3):
        loaded(meter, (under_counter(phase), phase + 1), (over_counter(phase), phase + 11))
        loaded(meter, (period(phase), 600 * (phase + 1)))
        meter.fill(phase, phase + 1)
    data, results = meter.ask(ECS23B, ecs23(phases=3))
    assert results == [0] * 18
    for phase in range(3):
        six = data[6 * phase : 6 * phase + 6]
        assert six[:4] == [dlu(phase + 1), NO_UNIT, dlu(phase + 11), NO_UNIT]
        assert len(values(six[4])) == phase + 1
        assert six[5] == dlu(600 * (phase + 1))


def test_configuration():
    """spec: ECS26b and ECS26k: limiters, over before under of L1, under before over of L2, L3."""
    meter = Meter()
    loaded(meter, *zip(limiters(), LIMITS))
    for phase in range(3):
        loaded(meter, (over_threshold(phase), 260 + phase), (under_threshold(phase), 200 + phase))
    data, results = meter.ask(ECS26B, ecs26())
    assert results == [0] * 10 and meter.opened.date_time == b""
    assert data == [dlu(value) for value in LIMITS + (260, 200)]
    data, results = meter.ask(ECS26K, ecs26(3))
    assert results == [0] * 14
    assert data == [dlu(value) for value in LIMITS + (260, 200, 201, 261, 202, 262)]


def test_f47_f48_range_includes_both_ends():
    """spec"""
    meter = Meter()
    meter.fill(0, 10, 2000, 10)
    for start, end, expected in (
        (2030, 2050, (3, 4, 5)),
        (2029, 2051, (3, 4, 5)),
        (2031, 2049, (4,)),
        (0, 2000, (0,)),
        (2090, END_OF_TIME, (9,)),
    ):
        data, results = meter.ask(ECS23, gets((log(0), start, end)))
        assert results == [0]
        assert [volts for _time, volts in values(data[0])] == list(expected), (start, end)


def test_f49_f50_nothing_in_the_range():
    """project-choice: an empty compact-array, and success."""
    meter = Meter()
    for filled in (False, True):
        if filled:
            meter.fill(0, 10, 2000, 10)
        for start, end in ((2050, 2040), (2051, 2059), (5000, 6000)):
            data, results = meter.ask(ECS23, gets((log(0), start, end)))
            assert results == [0] and data == [h("13 0202 06 06 00")]
    data, results = meter.ask(ECS35E, gets((POWER_LOG, 0, END_OF_TIME)))
    assert results == [0] and data == [h("13 0203 061206 00")]


def test_f52_other_ways_to_the_buffer_are_refused():
    """spec: selective access by range, all columns, and nothing else."""
    meter = Meter()
    meter.fill(0, 3)
    with raises(Refused) as caught:
        meter.ask(ECS23, gets(log(0)))
    assert caught.error.reason == "not-permitted"
    whole = gets((log(0), 0, END_OF_TIME))[0]
    data = access_request([whole], 1)
    at = data.find(b"\x01\x02\x04\x02\x04")  # the selector, and the range descriptor
    assert at > 0 and data[-4:-2] == b"\x01\x00"
    for wrong in (
        data[:at] + b"\x02" + data[at + 1 :],
        data[:-4] + b"\x01\x01\x12\x00\x01" + data[-2:],
    ):
        with raises(Refused) as caught:
            meter.session.handle(command(ECS23, wrong, 1, OPERATOR))
        assert caught.error.reason == "malformed"
    # By itself the object refuses a plain get, too; other attributes have nothing to select.
    model = meter.device.dlms
    assert model.get(log(0)) == objects.READ_WRITE_DENIED
    assert model.get(POWER_LOG) == objects.READ_WRITE_DENIED
    for item in (period(0), under_counter(0, 3), ALERT_SETTINGS, limiters()[0]):
        assert model.get(item, 0, 5) == objects.READ_WRITE_DENIED
        assert len(model.get(item)) > 4


def test_f63_roles_and_replay():
    """spec: supplier, broker and operator read; the operator alone sets, and not twice."""
    meter = Meter()
    for party in (SUPPLIER, BROKER, OPERATOR):
        for code, elements in ((ECS23, ecs23()), (ECS23B, ecs23(phases=3)), (ECS26B, ecs26())):
            _data, results = meter.ask(code, elements, party)
            assert results == [0] * len(elements)
    for party in (SUPPLIER, BROKER):
        for code, elements in ((ECS29C, ecs29c()), (ECS29E, resets()), (ECS29A, ecs29a())):
            with raises(Refused) as caught:
                meter.ask(code, elements, party)
            assert caught.error.reason == "role"
    assert state_of(meter)[0] == 1800
    for counter, accepted in ((5, True), (5, False), (4, False), (6, True)):
        data = command(ECS29C, access_request(ecs29c(), counter), counter, OPERATOR)
        if accepted:
            assert meter.session.handle(data).length > 100
            continue
        with raises(Refused) as caught:
            meter.session.handle(data)
        assert caught.error.reason == "replay", counter


def test_f65_power_event_log_is_read():
    """spec: ECS35e: {time, code, otherInformation}, of 100 events the newest."""
    meter = Meter()
    events = meter.device.feature("voltage").measurement.events
    for index in range(130):
        events.record(0x8024 + index % 2, 5000 + index, index)
        events.flush()
    data, results = meter.ask(ECS35E, gets((POWER_LOG, 0, END_OF_TIME)), SUPPLIER)
    found = rows(data[0], 10)
    assert results == [0] and len(found) == 100
    assert found[0] == (5030).to_bytes(4, "big") + h("8024 0000001E")
    assert found[99] == (5129).to_bytes(4, "big") + h("8025 00000081")
    data, _results = meter.ask(ECS35E, gets((POWER_LOG, 5128, 5128)))
    assert len(rows(data[0], 10)) == 1


def test_what_has_no_value_and_what_is_no_method():
    meter = Meter()
    model = meter.device.dlms
    for item in (period(0), ALERT_SETTINGS, log(0)):
        assert model.invoke(item, h("0F00")) == objects.OBJECT_UNDEFINED
    assert model.get(under_counter(0, 1)) == objects.OBJECT_UNDEFINED
    for item in (under_counter(0), under_counter(0, 3)):
        assert model.set(item, dlu(5)) == objects.READ_WRITE_DENIED
    assert model.set(log(0), dlu(5)) == objects.READ_WRITE_DENIED
    # Neighbours that the measurement does not serve are left to a state.
    model.load(h("0001 0100200700FF 02"), dlu(7))
    assert model.get(h("0001 0100200700FF 02")) == dlu(7)
    assert model.get(h("0001 0021616263FF 02")) == objects.OBJECT_UNAVAILABLE


def test_states_that_do_not_fit():
    meter = Meter()
    model = meter.device.dlms
    for item, value in (
        (period(0), dlu(0)),
        (period(0), b"\x12\x00\x05"),
        (under_counter(0, 3), h("0202 0FFF 16FF")),
        (under_counter(0, 1), b"\x0f\x00"),
        (ALERT_SETTINGS, h("04 820200") + bytes(64)),
        (ALERT_MASK, mask()),
        (log(0), Buffer(h("0202 0612"))),
        (log(0), dlu(5)),
        (POWER_LOG, Buffer(h("0202 0606"))),
    ):
        with raises(ValueError):
            model.load(item, value)
    with raises(ValueError):
        model.append(log(0), Buffer(h("0202 0612")))
    model.append(period(0), dlu(77))
    assert state_of(meter)[0] == 77
    model.load(ALERT_SETTINGS, h("04 820100") + bytes(32))
    assert not meter.device.feature("voltage").measurement.events.alerting.allows(0x8002)


def test_log_that_cannot_be_read():
    meter = Meter()

    class Broken:
        newest = 0

        def select(self, start, end):
            raise OSError(5)

    meter.device.feature("voltage").measurement.slots[0].log = Broken()
    _data, results = meter.ask(ECS23, gets((log(0), 0, 1)))
    assert results == [objects.HARDWARE_FAULT]
