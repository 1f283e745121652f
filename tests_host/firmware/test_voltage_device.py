# engines: cpython unix
# The measurement in the meter: virtual time, alerts, power cuts, and energy by half hours.
import gc

from testkit import raises, tmpdir
from vectors import h
from voltage_meter import (
    START,
    Meter,
    dlu,
    limiters,
    log,
    over_counter,
    over_threshold,
    period,
    under_counter,
)

from smets import clock
from smets.clock import INVALID, RELIABLE, UNRELIABLE
from smets.dlms.objects import Buffer
from smets.ports.store import Store

ECS22A, ECS22C = 0x0036, 0x0038
FIRST = START + 600  # the next half hour


def steady(mv, *events):
    """Mains at `mv` with events."""
    return {"phases": 1, "waves": [{"mv": mv, "events": [list(event) for event in events]}]}


def quiet(meter):
    """Limiters that no voltage of a test reaches for long enough."""
    for key in limiters()[1::2]:
        meter.device.dlms.load(key, dlu(900000))


def test_default_mains_have_230_volts_on_three_phases():
    """project-choice: what a meter measures that was not described."""
    meter = Meter()
    meter.device.advance(600 + 3 * 1800 + 5)
    for phase in range(3):
        assert meter.entries(phase) == [(FIRST + 1800 * n, 230) for n in (1, 2, 3)]
    assert meter.device.alerts == []
    summary = meter.device.summary()["voltage"]
    assert summary["entries"] == [3, 3, 3] and summary["events"] == 0


def test_f01_power_up_is_followed_by_a_whole_half_hour():
    """spec: from the bench as from the engine; steps of time do not matter."""
    for step in (1, 7, 600, 3000):
        meter = Meter(phases=1)
        passed = 0
        while passed < 5400:
            length = min(step, 5400 - passed)
            meter.device.advance(length)
            passed += length
        assert [stamp for stamp, _v in meter.entries()] == [FIRST + 1800, FIRST + 3600], step
        meter = None
        gc.collect()


def test_mains_can_change_while_it_is_measured():
    """project-choice: other mains, the same measurement; another meter keeps its settings."""
    meter = Meter()
    device = meter.device
    device.feature("voltage").configure(steady(230000))
    device.dlms.load(period(0), dlu(600))
    device.advance(600 + 300)
    device.feature("voltage").configure(steady(200000))
    device.advance(300)
    assert meter.entries() == [(FIRST + 600, 216)], "the root of the mean square of both"
    # Readings with noise come one by one; with polyphase mains measurement begins again.
    device.feature("voltage").configure({"phases": 1, "waves": [{"mv": 240000, "noise": 300}]})
    device.advance(600)
    assert meter.entries() == [(FIRST + 600, 216), (FIRST + 1200, 240)]
    device.feature("voltage").configure({})
    assert device.feature("voltage").measurement.meter.phases == 1, "as before"
    device.feature("voltage").configure({"phases": 3})
    assert [phase.period for phase in device.feature("voltage").measurement.meter.phase] == [
        600,
        1800,
        1800,
    ]
    device.advance(600 + 600)
    assert meter.entries()[2:] == [(FIRST + 2400, 230)] and meter.entries(1) == []
    with raises(ValueError):
        device.feature("voltage").configure({"phases": 2})
    assert device.feature("voltage").measurement.meter.phases == 3


def test_descriptions_that_are_none():
    meter = Meter()
    for wrong in (
        {"phases": 2},
        {"waves": [{"mv": -1}]},
        {"waves": [{"volts": 230}]},
        {"waves": [{"mv": "230"}]},
        {"waves": {}},
        {"waves": [5]},
        {"waves": [{"events": 5}]},
        {"waves": [{"events": [[]]}]},
        {"waves": [{"events": [["sag", 0, 5]]}]},
        {"waves": [{"events": [["brownout", 0, 5]]}]},
        {"waves": [{"harmonics": [[3]]}]},
        {"sampler": "crystal"},
        {"sampler": "rp2"},
        {"ampere": 5},
    ):
        with raises(ValueError):
            meter.device.registry.give("inputs", {"voltage": wrong})
    meter.device.advance(600 + 1800)
    assert meter.entries() == [(FIRST + 1800, 230)]
    # Samples of the waveform, one by one.
    meter.device.feature("voltage").configure({"sampler": "sim", "phases": 1, "rate_mhz": 1000000})
    meter.device.dlms.load(period(0), dlu(1))
    meter.device.clock.set(FIRST + 7190, RELIABLE)
    meter.device.advance(12)
    assert [volts for _stamp, volts in meter.entries()] == [230, 230, 230]


def test_f46_each_phase_at_its_own_period():
    """spec: all from the same half hour on."""
    meter = Meter()
    wanted = (600, 900, 1800)
    for phase in range(3):
        meter.device.dlms.load(period(phase), dlu(wanted[phase]))
    meter.device.advance(600 + 3600)
    for phase in range(3):
        stamps = [stamp for stamp, _volts in meter.entries(phase)]
        step = wanted[phase]
        assert stamps == list(range(FIRST + step, FIRST + 3601, step)), phase


def test_over_voltage_and_back():
    """spec: the counter, the Power Event Log and the alerts of a crossing and of the return."""
    meter = Meter()
    meter.device.feature("voltage").configure(steady(230000, ("swell", 600000, 2401000, 1200)))
    quiet(meter)
    meter.device.advance(600 + 3600)
    assert meter.entries() == [(FIRST + 1800, 276), (FIRST + 3600, 230)]
    assert meter.device.alerts == [(0x8002, FIRST + 1800), (0x8085, FIRST + 3600)]
    assert meter.device.feature("voltage").measurement.meter.phase[0].averages.over_counter == 1
    assert meter.device.summary()["voltage"]["alerts_waiting"] == 2


def test_alerts_that_wait_are_bounded():
    """project-choice: the newest hundred."""
    meter = Meter()
    measurement = meter.device.feature("voltage").measurement
    for index in range(130):
        measurement.events.record(0x8024 + index % 2, 1000 + index)
        measurement.events.flush()
    assert len(meter.device.alerts) == 100 and meter.device.alerts[0] == (0x8024, 1030)
    assert meter.device.summary()["voltage"]["alerts_dropped"] == 30


def test_f31_detection_without_a_clock():
    """project-choice: no periods, but sags and swells, of which no time is known."""
    meter = Meter()
    meter.device.clock.set(clock.UTC_INVALID, INVALID)
    meter.device.feature("voltage").configure(steady(200000))
    meter.device.advance(7200)
    assert meter.entries() == []
    assert meter.device.alerts == [(0x802C, clock.UTC_INVALID)]
    meter.device.clock.set(START, UNRELIABLE)
    meter.device.advance(2400)
    assert meter.entries() == [(FIRST + 1800, 200)]


def test_f36_power_cut():
    """spec: entries, counters and settings are there; the running period is not."""
    path = tmpdir()
    meter = Meter(Store(path))
    meter.device.feature("voltage").configure(steady(260000))
    quiet(meter)
    meter.device.advance(600 + 1800 + 700)
    assert meter.entries() == [(FIRST + 1800, 260)]
    meter = None
    gc.collect()
    meter = Meter(Store(path))
    measurement = meter.device.feature("voltage").measurement
    assert measurement.meter.phases == 1, "of which the record tells"
    assert meter.entries() == [(FIRST + 1800, 260)]
    assert measurement.meter.phase[0].averages.over_counter == 1
    assert measurement.meter.phase[0].averages.was_over
    assert len(measurement.events.log) == 1
    assert meter.device.alerts == []
    meter.device.clock.set(FIRST + 3000, RELIABLE)
    meter.device.feature("voltage").configure(steady(260000))
    meter.device.advance(600 + 1800)
    assert meter.entries() == [(FIRST + 1800, 260), (FIRST + 5400, 260)]
    assert measurement.meter.phase[0].averages.over_counter == 2
    assert meter.device.alerts == [], "it was over the threshold before"


def test_f38_power_cut_between_log_and_counters():
    """project-choice: an entry that was not counted when power went is counted at restart."""
    path = tmpdir()
    meter = Meter(Store(path))
    meter.device.feature("voltage").configure(steady(260000))
    quiet(meter)
    meter.device.advance(600 + 1790)
    keep = meter.device.feature("voltage").measurement.keep
    meter.device.feature("voltage").measurement.keep = lambda: (
        True
    )  # power goes before the counters are written
    meter.device.advance(15)
    assert meter.device.feature("voltage").measurement.meter.phase[0].averages.over_counter == 1
    assert keep != meter.device.feature("voltage").measurement.keep
    meter = None
    gc.collect()
    for restart in range(2):
        meter = Meter(Store(path))
        averages = meter.device.feature("voltage").measurement.meter.phase[0].averages
        assert averages.over_counter == 1 and averages.was_over, restart
        alerts = [] if restart else [(0x8002, FIRST + 1800)]
        assert meter.device.alerts == alerts, restart
        meter = None
        gc.collect()


def test_state_that_is_loaded_again_after_a_restart():
    """project-choice: the runtime loads what was loaded once; what happened since stays."""
    path = tmpdir()
    buffer = Buffer(h("0202 0606"))
    buffer.append(START.to_bytes(4, "big") + (231).to_bytes(4, "big"))
    meter = Meter(Store(path))
    for restart in range(2):
        meter.device.registry.replaying = restart == 1
        meter.device.dlms.load(log(0), buffer)
        meter.device.dlms.append(log(0), Buffer(h("0202 0606")))
        meter.device.dlms.load(under_counter(0), dlu(40))
        meter.device.feature("voltage").configure(steady(200000))
        meter.device.registry.replaying = False
        quiet(meter)
        if not restart:
            meter.device.advance(600 + 1800)
        assert meter.entries() == [(START, 231), (FIRST + 1800, 200)]
        phase = meter.device.feature("voltage").measurement.meter.phase[0]
        assert phase.averages.under_counter == 41
        meter = None
        gc.collect()
        meter = Meter(Store(path))


def test_record_that_does_not_fit():
    """project-choice: defaults where the kept settings are damaged or another firmware's."""
    path = tmpdir()
    store = Store(path)
    store.put("voltage", bytes(121))
    meter = Meter(store)
    assert meter.device.feature("voltage").measurement.meter.phase[0].period == 1800
    with open(path + "/voltage", "wb") as file:
        file.write(b"damaged")
    assert Meter(store).device.feature("voltage").measurement.meter.phases == 3


def test_medium_that_fails_is_counted():
    """project-choice: the meter goes on, and reports it."""
    meter = Meter(phases=1)
    slot = meter.device.feature("voltage").measurement.slots[0]

    class Failing:
        newest = 0

        def append(self, row):
            raise OSError(28)

        def __len__(self):
            return 0

    meter.device.feature("voltage").measurement.meter.phase[0].log = Failing()
    meter.device.advance(600 + 1800)
    assert meter.device.summary()["voltage"]["storage_errors"] >= 1
    meter.device.feature("voltage").measurement.meter.phase[0].log = slot.log
    meter.device.advance(1800)
    assert [stamp for stamp, _volts in meter.entries()][-1] == FIRST + 3600


def test_loaded_log_goes_on():
    """project-choice: stamps only rise, so nothing is logged up to the newest that was loaded."""
    meter = Meter()
    buffer = Buffer(h("0202 0606"))
    for stamp in (FIRST, FIRST + 1800):
        buffer.append(stamp.to_bytes(4, "big") + (1).to_bytes(4, "big"))
    meter.device.dlms.load(log(0), buffer)
    meter.device.dlms.load(over_threshold(0), dlu(229))
    meter.device.dlms.load(over_counter(0), dlu(0xFFFFFFFE))
    meter.device.advance(600 + 5400)
    assert [volts for _stamp, volts in meter.entries()] == [1, 1, 230, 230]
    assert (
        meter.device.feature("voltage").measurement.meter.phase[0].averages.over_counter
        == 0xFFFFFFFF
    )


def test_live_sampler_is_polled():
    """project-choice: real samplers measure in real time, whatever the bench lets pass."""
    from smets.features.voltage import measurement as module

    meter = Meter()
    assert not meter.device.live
    meter.device.poll(5)
    before, module._LIVE = module._LIVE, ("sim-readings",)
    try:
        meter.device.feature("voltage").configure({"sampler": "sim-readings", "phases": 1})
    finally:
        module._LIVE = before
    assert meter.device.live
    own = meter.device.clock
    own.set(FIRST + 1790, RELIABLE)
    meter.device.dlms.load(period(0), dlu(60))
    ticks = 0x3FFFF000
    for second in range(1, 130):
        own.advance(1)
        meter.device.poll(ticks + 1000 * second)
    meter.device.feature("voltage").measurement.pass_time(3600)
    assert [stamp for stamp, _volts in meter.entries()] == [FIRST + 1860]
