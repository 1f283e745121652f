# engines: cpython unix
from test_voltage_period import MISSING, Rig, at
from testkit import raises

from smets.features.ring import RamRegion
from smets.features.voltage import codes, policy, settings
from smets.features.voltage.averages import AverageMonitor
from smets.features.voltage.events import PowerEvents, Switches


class Monitor(AverageMonitor):
    """One phase's averages, whose reports are kept."""

    def __init__(self, over=253, under=216, phases=1, phase=0):
        self.reports = []
        super().__init__(phases, phase, self.keep)
        self.over_threshold = over
        self.under_threshold = under

    def keep(self, code, stamp):
        self.reports.append((code, stamp))

    def take(self, *volts):
        for index, value in enumerate(volts):
            self.evaluate(value, index + 1)
        return self.reports


def codes_of(alerts):
    return [code for code, _time in alerts]


def test_table_of_codes():
    """spec: GBCS alert names."""
    expected = {
        codes.AVERAGE_OVER: (0x8002, 0x8085),
        codes.AVERAGE_UNDER: (0x8006, 0x8089),
        codes.EXTREME_OVER: (0x8020, 0x808D),
        codes.SWELL: (0x8024, 0x8091),
        codes.EXTREME_UNDER: (0x8028, 0x8095),
        codes.SAG: (0x802C, 0x8099),
    }
    assert len(expected) == len(codes.CONDITIONS)
    every = set()
    for condition, (entry, back) in expected.items():
        assert codes.entry_code(condition, 1, 0) == entry, condition
        assert codes.return_code(condition, 1, 0) == back, condition
        for phase in range(3):
            assert codes.entry_code(condition, 3, phase) == entry + 1 + phase, condition
            assert codes.return_code(condition, 3, phase) == back + 1 + phase, condition
        every |= set(range(entry, entry + 4)) | set(range(back, back + 4))
    assert len(every) == 48, "no code twice"
    assert codes.describe(0x8002) == "average RMS over voltage"
    assert codes.describe(0x802E) == "RMS voltage sag, L2"
    assert codes.describe(0x8090) == "RMS extreme over voltage ended, L3"
    assert codes.describe(0x8F35) == ""


def test_f54_averages_across_the_over_threshold():
    """spec: alerts where an average crosses; project-choice: every period beyond it counts."""
    monitor = Monitor()
    assert monitor.take(252, 254, 255, 252) == [(0x8002, 2), (0x8085, 4)]
    assert monitor.over_counter == 2 and monitor.under_counter == 0


def test_f54_averages_across_the_under_threshold():
    """spec, as above."""
    monitor = Monitor()
    assert monitor.take(216, 215, 214, 216, 215) == [(0x8006, 2), (0x8089, 4), (0x8006, 5)]
    assert monitor.under_counter == 3 and monitor.over_counter == 0


def test_f54_counting_crossings():
    """project-choice: the other reading of the counter is one function away."""
    assert policy.counts is policy.count_every
    policy.counts = policy.count_crossing
    try:
        monitor = Monitor()
        monitor.take(252, 254, 255, 252, 260)
        assert monitor.over_counter == 2
    finally:
        policy.counts = policy.count_every


def test_f55_exactly_the_threshold():
    """project-choice: strict, both ways."""
    monitor = Monitor()
    assert monitor.take(253, 216) == []
    assert monitor.over_counter == monitor.under_counter == 0
    assert monitor.take(254, 253) == [(0x8002, 1), (0x8085, 2)], "not above any more"


def test_f56_first_average_ever():
    """project-choice: what was before counts as within limits."""
    assert Monitor().take(254) == [(0x8002, 1)]
    assert Monitor().take(215) == [(0x8006, 1)]
    assert Monitor().take(230) == []


def test_f57_thresholds_the_wrong_way_round():
    """rtds sets over 126 and under 96; over 96, under 126 is independent, too."""
    monitor = Monitor(over=96, under=126)
    assert monitor.take(110) == [(0x8002, 1), (0x8006, 1)]
    assert monitor.over_counter == monitor.under_counter == 1


def test_f58_threshold_lowered():
    """spec: not continuously monitored; evaluated at the next period end."""
    rig = Rig(at(10, 30))
    rig.until(at(11, 10))
    rig.meter.phase[0].averages.over_threshold = 229
    rig.until(at(11, 29, 59))
    assert rig.alerts == []
    rig.until(at(11, 30))
    assert rig.alerts == [(0x8002, at(11, 30))]


def fast_bench(phases=1, **kwargs):
    """10 readings a second, so that a window is 200 ms; limiters as in the issue's tests."""
    rig = Rig(at(10, 0, 1), phases=phases, rate_mhz=10000, **kwargs)
    for limiter, volts in zip(rig.meter.limiters, (287, 180, 207, 253)):
        limiter.set_threshold(volts)
        limiter.set_period(30)
    return rig


def play(rig, length, *mv):
    """`length` ms in chunks of a fifth of a second."""
    while length:
        part = min(length, 200)
        rig.feed(part, *mv)
        length -= part


def test_f59_swell_is_debounced_both_ways():
    """spec: beyond the threshold, and back, for longer than the period."""
    rig = fast_bench()
    play(rig, 29800, 260000)
    play(rig, 5000, 230000)
    play(rig, 30000, 260000)
    assert rig.alerts == [], "29.8 s and exactly 30 s"
    play(rig, 200, 260000)
    assert codes_of(rig.alerts) == [0x8024], "longer than 30 s"
    play(rig, 60000, 260000)
    assert codes_of(rig.alerts) == [0x8024], "once"
    play(rig, 29000, 230000)
    play(rig, 1000, 260000)
    play(rig, 30000, 230000)
    assert codes_of(rig.alerts) == [0x8024], "not back for long enough"
    play(rig, 200, 230000)
    assert codes_of(rig.alerts) == [0x8024, 0x8091]


def test_f59_exactly_the_threshold_is_neither():
    """project-choice: strict, compared as mean squares in mV."""
    for mv, expected in ((253000, []), (253001, [0x8024]), (207000, []), (206999, [0x802C])):
        rig = fast_bench()
        play(rig, 31000, mv)
        assert codes_of(rig.alerts) == expected, mv


def test_f60_extreme_over_voltage_inside_a_swell():
    """spec: independent of each other."""
    rig = fast_bench()
    play(rig, 20000, 260000)
    play(rig, 40000, 290000)
    play(rig, 20000, 260000)
    assert codes_of(rig.alerts) == [0x8024, 0x8020]
    play(rig, 20000, 260000)
    assert codes_of(rig.alerts) == [0x8024, 0x8020, 0x808D]
    play(rig, 31000, 230000)
    assert codes_of(rig.alerts) == [0x8024, 0x8020, 0x808D, 0x8091]
    assert rig.alerts[0][1] == at(10, 0, 31) and rig.alerts[1][1] == at(10, 0, 51)


def test_f60_extreme_under_voltage_inside_a_sag():
    """spec"""
    rig = fast_bench()
    rig.meter.limiters[1].set_period(10)
    play(rig, 31000, 150000)
    assert codes_of(rig.alerts) == [0x8028, 0x802C]
    play(rig, 31000, 190000)
    assert codes_of(rig.alerts) == [0x8028, 0x802C, 0x8095]
    play(rig, 31000, 230000)
    assert codes_of(rig.alerts) == [0x8028, 0x802C, 0x8095, 0x8099]


def test_period_of_zero_seconds():
    """project-choice: one window suffices."""
    rig = fast_bench()
    rig.meter.limiters[3].set_period(0)
    play(rig, 200, 260000)
    play(rig, 200, 230000)
    assert codes_of(rig.alerts) == [0x8024, 0x8091]


def test_time_without_samples_holds_the_timers():
    """project-choice: it neither counts nor resets."""
    rig = fast_bench()
    play(rig, 20000, 260000)
    play(rig, 20000, MISSING)
    play(rig, 10000, 260000)
    assert rig.alerts == []
    play(rig, 200, 260000)
    assert codes_of(rig.alerts) == [0x8024]


def test_settings_of_limiters_act_at_once():
    """project-choice: from the next window on."""
    rig = fast_bench()
    play(rig, 10000, 240000)
    rig.meter.limiters[3].set_threshold(235)
    rig.meter.limiters[3].set_period(5)
    play(rig, 5000, 240000)
    assert rig.alerts == []
    play(rig, 200, 240000)
    assert codes_of(rig.alerts) == [0x8024]
    rig.meter.limiters[3].set_threshold(245)
    play(rig, 5200, 240000)
    assert codes_of(rig.alerts) == [0x8024, 0x8091]


def test_f61_reset_of_the_counters():
    """spec: log and thresholds stay."""
    rig = Rig(at(10, 30))
    rig.until(at(11), 260000)
    rig.until(at(11, 30), 200000)
    averages = rig.meter.phase[0].averages
    assert (averages.over_counter, averages.under_counter) == (1, 1)
    averages.reset_under_counter()
    assert (averages.over_counter, averages.under_counter) == (1, 0)
    averages.reset_over_counter()
    assert (averages.over_counter, averages.under_counter) == (0, 0)
    assert rig.entries() == [(at(11), 260), (at(11, 30), 200)]
    assert (averages.over_threshold, averages.under_threshold) == (253, 216)


def test_f62_counter_at_its_end():
    """project-choice: it stays there."""
    monitor = Monitor()
    monitor.over_counter = monitor.under_counter = 0xFFFFFFFE
    monitor.take(254, 254, 254, 215, 215, 215)
    assert monitor.over_counter == monitor.under_counter == 0xFFFFFFFF


def apply(switches, *settings_of_codes):
    """Settings as the DUIS request gives them: (code, on), as Mask || Actions."""
    mask = actions = 0
    for code, on in settings_of_codes:
        mask |= 1 << (code & 0xFF)
        actions |= on << (code & 0xFF)
    switches.apply(mask.to_bytes(32, "big") + actions.to_bytes(32, "big"))


def test_switches():
    """spec: bit n, the least significant being 0, is for 0x80nn."""
    switches = Switches()
    assert bytes(switches.octets) == b"\xff" * 32
    switches.apply(bytes(30) + b"\x06\0" + bytes(30) + b"\x04\0")
    assert switches.allows(0x800A) and not switches.allows(0x8009)
    assert bytes(switches.octets) == b"\xff" * 30 + b"\xfd\xff"
    apply(switches, (0x8000, 0), (0x80FF, 0), (0x8009, 1))
    assert bytes(switches.octets) == b"\x7f" + b"\xff" * 30 + b"\xfe"
    assert not switches.allows(0x8000) and not switches.allows(0x80FF)
    assert switches.allows(0x8009) and switches.allows(0x8F35), "no switch for 8Fxx"
    with raises(ValueError):
        switches.apply(bytes(63))


def test_f64_alert_off_but_logged_and_counted():
    """spec: ECS25b switches alerts, ECS25b3 logging."""
    rig = Rig(at(10, 30))
    apply(rig.events.alerting, (0x8002, 0))
    rig.until(at(11), 260000)
    assert 0x8002 not in codes_of(rig.alerts)
    assert logged(rig)[-1] == (at(11), 0x8002, 0)
    assert rig.meter.phase[0].averages.over_counter == 1
    apply(rig.events.alerting, (0x8085, 1))
    apply(rig.events.logging, (0x8085, 0))
    before = logged(rig)
    rig.until(at(11, 30), 230000)
    assert rig.alerts[-1] == (0x8085, at(11, 30)), "alerted"
    assert 0x8085 not in [code for _time, code, _other in logged(rig)], "not logged"
    assert logged(rig)[: len(before)] == before


def logged(rig):
    """(time, code, otherInformation) of the Power Event Log."""
    found = []
    for row in rig.events.log.select().chunks(10):
        found.append(
            (
                int.from_bytes(row[:4], "big"),
                int.from_bytes(row[4:6], "big"),
                int.from_bytes(row[6:], "big"),
            )
        )
    return found


def test_f65_power_event_log():
    """spec: {time, code, otherInformation}, 100 entries."""
    sent = []
    region = RamRegion(4096)
    events = PowerEvents(region, lambda code, time: sent.append((code, time)))
    for index in range(130):
        events.record(0x8002 + index % 2, 1000 + index)
    events.record(0x8F35, 2000, 0x01020304)
    events.record(0x8002, 0x1FFFFFFFF)
    log = PowerEvents(region, None).log
    rows = [bytes(row) for row in log.select().chunks(10)]
    assert len(rows) == 100 and len(sent) == 132
    assert rows[0] == (1032).to_bytes(4, "big") + b"\x80\x02\0\0\0\0"
    assert rows[98] == (2000).to_bytes(4, "big") + b"\x8f\x35\1\2\3\4"
    assert rows[99][:4] == b"\xff\xff\xff\xff", "no time beyond the last"


def test_f66_one_phase_lost():
    """spec: the codes of the phase alone."""
    rig = Rig(at(10, 30), phases=3)
    rig.until(at(10, 40), 230000)
    rig.until(at(11), 230000, 0, 230000)
    assert rig.entries(0) == rig.entries(2) == [(at(11), 230)]
    assert rig.entries(1) == [(at(11), 133)]
    found = codes_of(rig.alerts)
    assert sorted(found) == [0x8008, 0x802A, 0x802E], found


def test_f67_limiters_are_common_to_all_phases():
    """spec: one threshold for all; the code of the phase."""
    rig = fast_bench(phases=3)
    play(rig, 31000, 230000, 230000, 290000)
    assert sorted(codes_of(rig.alerts)) == [0x8023, 0x8027]
    rig.meter.limiters[0].set_threshold(225)
    play(rig, 31000, 230000, 230000, 290000)
    assert sorted(codes_of(rig.alerts)) == [0x8021, 0x8022, 0x8023, 0x8027]


def test_f68_counters_are_per_phase():
    """spec"""
    rig = Rig(at(10, 30), phases=3)
    rig.until(at(11), 260000, 230000, 200000)
    counters = [(p.averages.over_counter, p.averages.under_counter) for p in rig.meter.phase]
    assert counters == [(1, 0), (0, 0), (0, 1)]
    for phase in rig.meter.phase:
        phase.averages.reset_over_counter()
        phase.averages.reset_under_counter()
    assert all(p.averages.over_counter == 0 == p.averages.under_counter for p in rig.meter.phase)


def test_f69_twin_element_is_one_phase():
    """spec: one mains voltage, one log, the generic codes."""
    rig = Rig(at(10, 30))
    rig.until(at(11), 260000)
    assert len(rig.meter.phase) == 1
    assert sorted(codes_of(rig.alerts)) == [0x8002, 0x8024]


def test_alerts_of_averages_carry_the_end_of_the_period():
    """project-choice"""
    rig = Rig(at(10, 30))
    for limiter in rig.meter.limiters:
        limiter.set_period(86400)
    rig.until(at(11), 260000)
    rig.until(at(11, 30), 230000)
    assert rig.alerts == [(0x8002, at(11)), (0x8085, at(11, 30))]
    assert logged(rig) == [(at(11), 0x8002, 0), (at(11, 30), 0x8085, 0)]


def test_settings_survive_a_power_cut():
    """project-choice: also whether the last average was beyond a threshold: no alert twice."""
    rig = Rig(at(10, 30), phases=3)
    apply(rig.events.alerting, (0x8003, 0))
    apply(rig.events.logging, (0x8004, 0))
    rig.meter.phase[1].set_period(600)
    rig.meter.limiters[2].set_threshold(199)
    rig.meter.limiters[2].set_period(7)
    rig.meter.phase[2].averages.under_threshold = 231
    rig.until(at(11), 260000, 230000, 230000)
    record = settings.save(rig.meter)
    assert [len(part) for part in record] == [4, 3, 32, 32], "limiters, phases, switches"
    rig.cut(at(11, 1))
    settings.load(rig.meter, record)
    assert settings.save(rig.meter) == record
    assert [phase.period for phase in rig.meter.phase] == [1800, 600, 1800]
    assert (rig.meter.limiters[2].threshold, rig.meter.limiters[2].period) == (199, 7)
    averages = rig.meter.phase[0].averages
    assert averages.over_counter == 1 and averages.was_over
    assert rig.meter.phase[2].averages.was_under
    del rig.alerts[:]
    rig.until(at(12), 260000, 230000, 230000)
    assert not [code for code in codes_of(rig.alerts) if code < 0x8010], "crossed before"
    assert averages.over_counter == 2


def test_settings_that_do_not_fit():
    rig = Rig(at(10))
    record = settings.save(rig.meter)
    limiters, phases, alerting, logging = record
    for wrong in (
        [limiters[:-1], phases, alerting, logging],
        [limiters, phases + phases, alerting, logging],
        [limiters, [(phases[0][0], 0) + phases[0][2:]], alerting, logging],
    ):
        with raises(ValueError):
            settings.load(rig.meter, wrong)
        assert settings.save(rig.meter) == record
