# engines: cpython unix
# The settings of the voltage measurement, set as the network operator sets them. The octets of
# RTDS are compared in test_rtds.py.
import gc

from testkit import raises, tmpdir
from vectors import OPERATOR, SUPPLIER, h
from voltage_meter import (
    ALERT_MASK,
    ALERT_SETTINGS,
    ECS23,
    ECS23B,
    ECS25B,
    ECS25B3,
    ECS25R2,
    ECS26B,
    ECS29A,
    ECS29B,
    ECS29C,
    ECS29D,
    ECS29E,
    ECS29F,
    END_OF_TIME,
    LIMITS,
    LOG_MASK,
    LOG_SETTINGS,
    NO_UNIT,
    Meter,
    dlu,
    ecs23,
    ecs26,
    ecs29a,
    ecs29c,
    gets,
    limiters,
    limits_of,
    loaded,
    log,
    mask,
    over_counter,
    over_threshold,
    period,
    resets,
    sets,
    state_of,
    under_counter,
    under_threshold,
)

from smets.dlms import objects
from smets.dlms.objects import Buffer
from smets.gbcs.session import Refused
from smets.ports.store import Store, StoreError


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
    events = meter.device.feature("voltage").measurement.events
    assert events.alerting.allows(0x8002) and not events.alerting.allows(0x8003)
    assert not events.logging.allows(0x8006)
    # The settings themselves are read only, the mask is write only.
    model = meter.device.dlms
    assert model.set(ALERT_SETTINGS, data[0]) == objects.READ_WRITE_DENIED
    assert model.get(ALERT_MASK) == objects.READ_WRITE_DENIED
    with raises(Refused) as caught:
        meter.ask(ECS25B, [(2, ALERT_MASK, None, mask())], SUPPLIER)
    assert caught.error.reason == "role"


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
    meter.device.feature("voltage").configure({"phases": 3})
    _data, results = meter.ask(ECS23B, ecs23(phases=3))
    assert results == [0] * 18


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
    settings = bytes(meter.device.feature("voltage").measurement.events.alerting.octets)
    store.fails = True
    model = meter.device.dlms
    for item in [period(0), over_threshold(0), limiters()[0], limiters()[1]]:
        assert model.set(item, dlu(999)) == objects.HARDWARE_FAULT
    assert model.set(ALERT_MASK, mask((0x8002, 0))) == objects.HARDWARE_FAULT
    assert (state_of(meter), limits_of(meter)) == before
    assert bytes(meter.device.feature("voltage").measurement.events.alerting.octets) == settings
    assert meter.device.feature("voltage").measurement.storage_errors == 5
    store.fails = False
    assert model.set(period(0), dlu(999)) == objects.SUCCESS
