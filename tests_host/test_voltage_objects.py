# engines: cpython unix
# The DLMS objects of the voltage measurement, asked as remote parties ask them: order, types,
# ranges, results, roles. The octets of RTDS are compared in test_rtds.py.
import gc

from testkit import raises, tmpdir
from vectors import BROKER, OPERATOR, SUPPLIER, access_request, command, h
from voltage_meter import (
    ALERT_MASK,
    ALERT_SETTINGS,
    END_OF_TIME,
    LOG_MASK,
    LOG_SETTINGS,
    POWER_LOG,
    Meter,
    dlu,
    ecs23,
    ecs26,
    gets,
    limiters,
    log,
    over_counter,
    over_threshold,
    period,
    resets,
    rows,
    sets,
    under_counter,
    under_threshold,
    values,
)

from smets.dlms import objects
from smets.dlms.objects import Buffer
from smets.gbcs.session import Refused
from smets.ports.store import Store, StoreError

ECS23, ECS23B, ECS26B, ECS26K = 0x0039, 0x00BC, 0x003C, 0x00C6
ECS29A, ECS29B, ECS29C, ECS29D, ECS29E, ECS29F = 0x0045, 0x00AE, 0x00D1, 0x00D2, 0x00D3, 0x00D4
ECS25B, ECS25B3, ECS25R2, ECS35E = 0x00B0, 0x00ED, 0x00EF, 0x00B9

NO_UNIT = h("0202 0F00 16FF")
LIMITS = (290, 11, 170, 12, 210, 13, 250, 14)


def loaded(meter, *pairs):
    for item, value in pairs:
        meter.device.dlms.load(item, dlu(value))


def ecs29c(seconds=600, under=205, over=262, limits=LIMITS):
    pairs = [(under_threshold(0), under), (over_threshold(0), over), (period(0), seconds)]
    return sets(*(pairs + list(zip(limiters(), limits))))


def ecs29a(seconds=600):
    pairs = [(period(0), seconds)] + list(zip(limiters(), LIMITS))
    pairs += [(over_threshold(0), 262), (under_threshold(0), 205)]
    return sets(*pairs) + resets()


def state_of(meter, phase=0):
    """(period, thresholds, counters) of a phase."""
    made = meter.device.supply.meter.phase[phase]
    found = made.averages
    thresholds = (found.over_threshold, found.under_threshold)
    return (made.period,) + thresholds + (found.over_counter, found.under_counter)


def limits_of(meter):
    found = []
    for limiter in meter.device.supply.meter.limiters:
        found += [limiter.threshold, limiter.period]
    return tuple(found)


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


def test_f61_settings_with_and_without_a_reset():
    """spec: ECS29a resets the counters, ECS29c does not; the log stays in both cases."""
    meter = Meter()
    loaded(meter, (under_counter(0), 5), (over_counter(0), 6))
    meter.fill(0, 3)
    data, results = meter.ask(ECS29C, ecs29c(0x0E11))
    assert results == [0] * 11 and data == [b"\x00"] * 11
    assert state_of(meter) == (0x0E11, 262, 205, 6, 5)
    assert limits_of(meter) == LIMITS
    data, results = meter.ask(ECS29A, ecs29a(30))
    assert results == [0] * 13 and data == [b"\x00"] * 13
    assert state_of(meter) == (30, 262, 205, 0, 0)
    assert len(meter.entries()) == 3
    data, results = meter.ask(ECS23, ecs23())
    assert data[0] == data[2] == dlu(0) and data[5] == dlu(30)


def test_f61_f68_resets_alone():
    """spec: ECS29e resets L1, ECS29f each of the six counters; log and thresholds stay."""
    meter = Meter()
    for phase in range(3):
        loaded(meter, (under_counter(phase), 5), (over_counter(phase), 6))
        meter.fill(phase, 2)
    before = [state_of(meter, phase) for phase in range(3)]
    _data, results = meter.ask(ECS29E, resets())
    assert results == [0, 0]
    assert state_of(meter) == before[0][:3] + (0, 0)
    assert [state_of(meter, phase) for phase in (1, 2)] == before[1:]
    _data, results = meter.ask(ECS29F, resets(3))
    assert results == [0] * 6
    for phase in range(3):
        assert state_of(meter, phase) == before[phase][:3] + (0, 0)
        assert len(meter.entries(phase)) == 2


def test_reset_takes_integer_0_only():
    """project-choice"""
    meter = Meter()
    loaded(meter, (under_counter(0), 5))
    element = (3, under_counter(0, 1), None, b"\x0f\x01")
    _data, results = meter.ask(ECS29E, [element])
    assert results == [objects.OTHER_REASON] and state_of(meter)[4] == 5


def test_f46_settings_of_three_phases():
    """spec: ECS29b and ECS29d: a period and two thresholds each phase, limiters in common."""
    meter = Meter()
    wanted = ((600, 261, 201), (900, 262, 202), (1800, 263, 203))
    pairs = [(period(phase), wanted[phase][0]) for phase in range(3)]
    pairs += list(zip(limiters(), LIMITS))
    pairs += [(over_threshold(0), 261), (under_threshold(0), 201)]
    for phase in (1, 2):
        pairs += [(under_threshold(phase), wanted[phase][2])]
        pairs += [(over_threshold(phase), wanted[phase][1])]
    _data, results = meter.ask(ECS29B, sets(*pairs) + resets(3))
    assert results == [0] * 23
    assert [state_of(meter, phase)[:3] for phase in range(3)] == list(wanted)
    pairs = []
    for phase in range(3):
        pairs += [(under_threshold(phase), 190 + phase), (over_threshold(phase), 270 + phase)]
    pairs += [(period(phase), 300) for phase in range(3)] + list(zip(limiters(), LIMITS))
    _data, results = meter.ask(ECS29D, sets(*pairs))
    assert results == [0] * 17
    for phase in range(3):
        assert state_of(meter, phase)[:3] == (300, 270 + phase, 190 + phase)


def test_f43_what_precedes_a_fault_stays_done():
    """spec: break on error; the period is set, the second limiter fails, the rest is 250."""
    meter = Meter()
    before = limits_of(meter)
    thresholds = state_of(meter)[1:3]
    meter.device.dlms.faults[(objects.SET, limiters()[2])] = objects.HARDWARE_FAULT
    data, results = meter.ask(ECS29A, ecs29a(420))
    assert results == [0, 0, 0, 1] + [250] * 9
    assert data == [b"\x00"] * 13
    assert state_of(meter)[0] == 420 and state_of(meter)[1:3] == thresholds
    assert limits_of(meter) == LIMITS[:2] + before[2:]
    meter.device.dlms.faults.clear()
    # A read that fails in the middle: what came before is told.
    meter.device.dlms.faults[(objects.GET, log(0))] = objects.HARDWARE_FAULT
    data, results = meter.ask(ECS23, ecs23())
    assert results == [0, 0, 0, 0, 1, 250]
    assert data[4:] == [b"\x00"] * 2 and data[1] == NO_UNIT


def test_f44_period_of_zero():
    """project-choice: refused with 250; the old one stays."""
    meter = Meter()
    _data, results = meter.ask(ECS29A, ecs29a(0))
    assert results == [250] * 13
    assert state_of(meter)[0] == 1800
    assert limits_of(meter) != LIMITS
    _data, results = meter.ask(ECS29C, ecs29c(0))
    assert results == [0, 0] + [250] * 9, "the thresholds precede the period, and stay"
    assert state_of(meter)[:3] == (1800, 262, 205)


def test_f45_largest_values():
    """spec: double-long-unsigned throughout."""
    meter = Meter()
    limits = (END_OF_TIME,) * 8
    _data, results = meter.ask(ECS29C, ecs29c(END_OF_TIME, END_OF_TIME, END_OF_TIME, limits))
    assert results == [0] * 11
    data, _results = meter.ask(ECS26B, ecs26())
    assert data == [dlu(END_OF_TIME)] * 10
    meter.device.advance(7200)
    assert meter.entries() == []


def test_values_of_another_type():
    """spec: type-unmatched, and nothing set."""
    meter = Meter()
    for data in (b"\x12\x00\x1e", b"\x05\x00\x00\x00\x1e", b"\x00"):
        _data, results = meter.ask(ECS29C, [(2, period(0), None, data)])
        assert results == [objects.TYPE_UNMATCHED]
    assert meter.device.dlms.set(period(0), b"\x06\x01") == objects.TYPE_UNMATCHED
    assert state_of(meter)[0] == 1800
    wrong = h("0482 0100") + bytes(32)
    _data, results = meter.ask(ECS25B, [(2, ALERT_MASK, None, wrong)])
    assert results == [objects.TYPE_UNMATCHED]


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


def test_f63_replay_after_a_restart():
    """spec: replay protection outlasts the power; so do settings (project-choice)."""
    path = tmpdir()
    meter = Meter(Store(path))
    _data, results = meter.ask(ECS29A, ecs29a(900), OPERATOR, 20)
    assert results == [0] * 13
    meter = None
    gc.collect()
    meter = Meter(Store(path))
    assert state_of(meter) == (900, 262, 205, 0, 0) and limits_of(meter) == LIMITS
    for counter in (19, 20):
        with raises(Refused) as caught:
            meter.ask(ECS29C, ecs29c(), OPERATOR, counter)
        assert caught.error.reason == "replay"
    _data, results = meter.ask(ECS29C, ecs29c(60), OPERATOR, 21)
    assert results == [0] * 11


def mask(*switches):
    """A bit-string(512) that sets (alert code, on) and leaves the others."""
    settings = bytearray(64)
    for code, on in switches:
        at = 31 - (code & 0xFF) // 8
        settings[at] |= 1 << (code & 7)
        if on:
            settings[32 + at] |= 1 << (code & 7)
    return h("04 820200") + bytes(settings)


def test_f64_switches_are_set_by_mask_and_read_back():
    """spec: ECS25b, ECS25b3, ECS25r2; bit n, the least significant being 0, is code 80nn."""
    meter = Meter()
    _data, results = meter.ask(ECS25B, [(2, ALERT_MASK, None, mask((0x8002, 0), (0x80FF, 0)))])
    assert results == [0]
    _data, results = meter.ask(ECS25B3, [(2, LOG_MASK, None, mask((0x8006, 0)))])
    assert results == [0]
    data, results = meter.ask(ECS25R2, gets(ALERT_SETTINGS, LOG_SETTINGS))
    assert results == [0, 0]
    assert data[0] == h("04 820100") + b"\x7f" + b"\xff" * 30 + b"\xfb"
    assert data[1] == h("04 820100") + b"\xff" * 31 + b"\xbf"
    _data, results = meter.ask(ECS25B, [(2, ALERT_MASK, None, mask((0x8002, 1), (0x8003, 0)))])
    assert meter.ask(ECS25R2, gets(ALERT_SETTINGS))[0][0][-1] == 0xF7
    events = meter.device.supply.events
    assert events.alerting.allows(0x8002) and not events.alerting.allows(0x8003)
    assert not events.logging.allows(0x8006)
    # The settings themselves are read only, the mask is write only.
    model = meter.device.dlms
    assert model.set(ALERT_SETTINGS, data[0]) == objects.READ_WRITE_DENIED
    assert model.get(ALERT_MASK) == objects.READ_WRITE_DENIED
    with raises(Refused) as caught:
        meter.ask(ECS25B, [(2, ALERT_MASK, None, mask())], SUPPLIER)
    assert caught.error.reason == "role"


def test_f65_power_event_log_is_read():
    """spec: ECS35e: {time, code, otherInformation}, of 100 events the newest."""
    meter = Meter()
    events = meter.device.supply.events
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


def test_f69_meter_with_one_phase():
    """spec: one log; project-choice: the objects of L2 and L3 are undefined."""
    meter = Meter(phases=1)
    _data, results = meter.ask(ECS23, ecs23())
    assert results == [0] * 6
    _data, results = meter.ask(ECS23B, ecs23(phases=3))
    assert results == [0] * 6 + [objects.OBJECT_UNDEFINED] + [250] * 11
    _data, results = meter.ask(ECS29B, sets((period(1), 600)))
    assert results == [objects.OBJECT_UNDEFINED]
    _data, results = meter.ask(ECS29F, resets(2))
    assert results == [0, 0, objects.OBJECT_UNDEFINED, 250]
    assert meter.device.dlms.get(log(2), 0, 1) == objects.OBJECT_UNDEFINED
    assert meter.device.dlms.get(log(2)) == objects.OBJECT_UNDEFINED
    for item, value in ((period(1), dlu(5)), (log(1), Buffer(h("0202 0606")))):
        with raises(ValueError):
            meter.device.dlms.load(item, value)
    meter.device.set_voltage({"phases": 3})
    _data, results = meter.ask(ECS23B, ecs23(phases=3))
    assert results == [0] * 18


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
    for text in ("0047 0000110000FF 04", "0001 0021616263FF 02"):
        assert model.get(h(text)) == objects.OBJECT_UNAVAILABLE


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
    assert not meter.device.supply.events.alerting.allows(0x8002)


class Failing(Store):
    """A flash that refuses."""

    fails = False

    def put(self, name, data):
        if self.fails:
            raise StoreError(5)
        super().put(name, data)


def test_setting_that_cannot_be_stored():
    """project-choice: hardware-fault, and the old value stays in force."""
    store = Failing(tmpdir())
    meter = Meter(store)
    _data, results = meter.ask(ECS29C, ecs29c())
    assert results == [0] * 11
    before = state_of(meter), limits_of(meter)
    settings = bytes(meter.device.supply.events.alerting.octets)
    store.fails = True
    model = meter.device.dlms
    for item in [period(0), over_threshold(0), limiters()[0], limiters()[1]]:
        assert model.set(item, dlu(999)) == objects.HARDWARE_FAULT
    assert model.set(ALERT_MASK, mask((0x8002, 0))) == objects.HARDWARE_FAULT
    assert (state_of(meter), limits_of(meter)) == before
    assert bytes(meter.device.supply.events.alerting.octets) == settings
    assert meter.device.supply.storage_errors == 5
    store.fails = False
    assert model.set(period(0), dlu(999)) == objects.SUCCESS


def test_log_that_cannot_be_read():
    meter = Meter()

    class Broken:
        newest = 0

        def select(self, start, end):
            raise OSError(5)

    meter.device.supply.slots[0].log = Broken()
    _data, results = meter.ask(ECS23, gets((log(0), 0, 1)))
    assert results == [objects.HARDWARE_FAULT]
