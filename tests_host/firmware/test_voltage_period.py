# engines: cpython unix
from array import array

from testkit import raises, tmpdir

from smets.clock import INVALID, RELIABLE, UNIX_TO_2000, UNRELIABLE, to_seconds
from smets.features.ring import FileRegion, RamRegion
from smets.features.voltage import policy
from smets.features.voltage.consumption import HalfHourly
from smets.features.voltage.events import PowerEvents
from smets.features.voltage.meter import LOG_REGION, VoltageMeter
from smets.features.voltage.period import PeriodEngine
from smets.features.voltage.timing import Timeline

DAY = to_seconds(2015, 6, 1, 0, 0, 0)
MISSING = -1


def at(hour, minute=0, second=0, day=DAY):
    """UTC seconds of a time of day."""
    return day + hour * 3600 + minute * 60 + second


class Readings:
    """A sampler of readings in mV, as far as VoltageMeter needs one."""

    def __init__(self, phases=1, rate_mhz=1000):
        self.stride = phases
        self.rate_mhz = rate_mhz
        self.uv = 1000
        self.readings = True


class Rig:
    """A meter in virtual time. `regions` survive a power cut."""

    def __init__(self, start, ms=0, period=1800, phases=1, rate_mhz=1000, status=RELIABLE):
        if phases == 1:
            self.regions = [RamRegion(LOG_REGION)]
        else:
            path = tmpdir()
            self.regions = [
                FileRegion("%s/l%d" % (path, phase), LOG_REGION) for phase in range(phases)
            ]
        self.event_region = RamRegion(4096)
        self.rate = rate_mhz
        self.status = status
        self.now = start  # UTC seconds, and milliseconds
        self.ms = ms
        self.alerts = []
        self.energy = []  # half-hourly entries (stamp, Wh)
        self.watts = 1000
        self.power_up()
        for phase in self.meter.phase:
            phase.set_period(period)

    def power_up(self):
        sampler = Readings(len(self.regions), self.rate)
        self.events = PowerEvents(self.event_region, self.alert)
        self.meter = VoltageMeter(sampler, self.regions, self.events)
        newest = self.energy[-1][0] if self.energy else 0
        self.consumption = HalfHourly(self.entry, 0, newest)

    def alert(self, code, seconds):
        self.alerts.append((code, seconds))

    def entry(self, stamp, energy):
        self.energy.append((stamp, energy))

    def feed(self, length, *mv):
        """One chunk of `length` ms; MISSING for what is not measured."""
        phases = len(self.regions)
        count = max(length * self.rate // 1000000, 1)
        codes = array("i", mv * (phases // len(mv)) * count)
        there = mv != (MISSING,)
        self.meter.feed(self.now, self.ms, self.status, length, codes, 0, count if there else 0)
        energy = self.watts * length // 3600
        self.consumption.feed(self.now, self.ms, self.status, length, energy)
        self.pass_time(length)

    def pass_time(self, length):
        self.ms += length
        self.now += self.ms // 1000
        self.ms %= 1000

    def until(self, seconds, *mv, ms=0, chunk=60000):
        """Feed constant voltages (230 V if not given) up to a UTC time."""
        left = (seconds - self.now) * 1000 + ms - self.ms
        assert left >= 0, "time goes forward"
        while left:
            length = min(left, chunk)
            self.feed(length, *(mv or (230000,)))
            left -= length

    def step(self, seconds, ms=0):
        """The clock is adjusted."""
        self.pass_time(seconds * 1000 + ms)

    def cut(self, seconds, ms=0):
        """Power is away until a UTC time; of the settings only the period is kept."""
        periods = [phase.period for phase in self.meter.phase]
        self.now, self.ms = seconds, ms
        self.power_up()
        for phase, period in zip(self.meter.phase, periods):
            phase.set_period(period)

    def entries(self, phase=0):
        """(stamp, volts) of a phase's log, oldest first."""
        found = []
        for row in self.meter.phase[phase].log.select().chunks(8):
            found.append((int.from_bytes(row[:4], "big"), int.from_bytes(row[4:], "big")))
        return found

    def stamps(self, phase=0):
        return [stamp for stamp, _volts in self.entries(phase)]


def times(first, last, period):
    return list(range(first, last + 1, period))


def test_f01_power_up_at_ten_past_ten():
    """spec: commences on the hour or half past, whichever comes first; stamped at the end."""
    rig = Rig(at(10, 10))
    rig.until(at(11, 1))
    assert rig.entries() == [(at(11), 230)]


def test_f02_power_up_on_the_boundary():
    """spec"""
    rig = Rig(at(10, 30))
    rig.until(at(11))
    assert rig.entries() == [(at(11), 230)]


def test_f03_power_up_a_millisecond_away():
    """spec: 10:29:59.999 and 10:30:00.001."""
    for start, ms, first in ((at(10, 29, 59), 999, at(11)), (at(10, 30), 1, at(11, 30))):
        rig = Rig(start, ms)
        rig.until(at(12))
        assert rig.stamps()[0] == first, (start, ms)


def test_f04_ten_minutes():
    """spec"""
    rig = Rig(at(10, 10), period=600)
    rig.until(at(11))
    assert rig.stamps() == [at(10, 40), at(10, 50), at(11)]


def test_f05_one_minute_starts_at_the_half_hour_too():
    """spec, in its literal reading; the grid reading would begin at 10:02."""
    rig = Rig(at(10, 1), period=60)
    rig.until(at(10, 33))
    assert rig.stamps() == [at(10, 31), at(10, 32), at(10, 33)]


def test_f06_an_hour_from_half_past():
    """spec, in its literal reading: 11:30, 12:30; the grid reading gives 12:00."""
    rig = Rig(at(10, 10), period=3600)
    rig.until(at(13))
    assert rig.stamps() == [at(11, 30), at(12, 30)]


def test_f07_a_period_that_does_not_divide_half_an_hour():
    """project-choice: it runs on and meets the half hours every 3.5 h."""
    rig = Rig(at(10, 30), period=420)
    rig.until(at(14))
    stamps = rig.stamps()
    assert stamps[:5] == [at(10, 37), at(10, 44), at(10, 51), at(10, 58), at(11, 5)]
    assert stamps[-1] == at(14) and len(stamps) == 30


def test_f08_thirty_seconds():
    """rtds sets 30: accepted, 60 entries a half hour, each half hour stamped."""
    rig = Rig(at(10, 10))
    assert rig.meter.phase[0].set_period(30), "accepted"
    rig.until(at(11, 30))
    stamps = rig.stamps()
    assert stamps == times(at(10, 30, 30), at(11, 30), 30), "every 30 s"
    assert len([s for s in stamps if at(10, 30) < s <= at(11)]) == 60
    assert at(11) in stamps and at(11, 30) in stamps


def test_f09_a_day():
    """spec, in its literal reading."""
    rig = Rig(at(10, 10), period=86400, rate_mhz=100)
    rig.until(at(35), chunk=600000)
    assert rig.stamps() == [at(34, 30)]


def test_f10_joins_with_the_half_hourly_consumption():
    """spec: both are stamped with the end of the same half hours."""
    rig = Rig(at(10, 10), rate_mhz=100)
    rig.until(at(34, 30))
    assert len(rig.energy) == 48, "half hours"
    assert [stamp for stamp, _energy in rig.energy] == rig.stamps()
    assert {energy for _stamp, energy in rig.energy} <= {499, 500}, "1 kW for half an hour"


def test_f17_interruption_with_the_meter_alive():
    """spec: 0 V is data."""
    rig = Rig(at(10, 30))
    rig.until(at(11), 0)
    rig.until(at(11, 15))
    rig.until(at(11, 30), 0)
    assert rig.entries() == [(at(11), 0), (at(11, 30), 163)]


def test_f19_three_percent_missing():
    """project-choice (95 %): the entry is there and its value unaffected."""
    rig = Rig(at(10, 30))
    for _ in range(18):
        rig.feed(97000, 230000)
        rig.feed(3000, MISSING)
    assert rig.entries() == [(at(11), 230)]


def test_f20_ten_percent_missing():
    """project-choice: no entry; the next half hour has one."""
    rig = Rig(at(10, 30))
    for _ in range(18):
        rig.feed(90000, 230000)
        rig.feed(10000, MISSING)
    rig.until(at(11, 30))
    assert rig.entries() == [(at(11, 30), 230)]


def test_f20_the_limit_itself():
    """project-choice: 95 % suffice."""
    for missing, expected in ((90, [at(11)]), (91, [])):
        rig = Rig(at(10, 30))
        rig.feed((1800 - missing) * 1000, 230000)
        rig.feed(missing * 1000, MISSING)
        assert rig.stamps() == expected, missing


def test_f21_everything_missing():
    """spec: no entry, no count, no alert."""
    rig = Rig(at(10, 30))
    rig.meter.phase[0].averages.under_threshold = 300
    rig.until(at(11, 30), MISSING)
    averages = rig.meter.phase[0].averages
    assert rig.entries() == [] and rig.alerts == []
    assert averages.under_counter == averages.over_counter == 0


def test_f21_single_readings_missing():
    """spec: a read error of one phase is missing in that phase alone, and never 0."""
    rig = Rig(at(10, 30), phases=3)
    values = array("i", (230000, MISSING, 231000))
    for _ in range(1800):
        rig.meter.feed(rig.now, 0, RELIABLE, 1000, values, 0, 1)
        rig.pass_time(1000)
    assert rig.entries(0) == [(at(11), 230)]
    assert rig.entries(1) == []
    assert rig.entries(2) == [(at(11), 231)]


def test_f22_a_burst_in_the_low_part_is_not_filled():
    """spec: missing samples are not replaced by the last value."""
    rig = Rig(at(10, 30))
    rig.until(at(10, 50), 230000)
    rig.until(at(10, 51), MISSING)
    rig.until(at(11), 200000)
    # 1200 s at 230 V, 540 s at 200 V; with 60 s of 230 V more it would be 221.
    assert rig.entries() == [(at(11), 221)]
    sums = rig.meter.phase[0].sums
    rig = Rig(at(10, 30))
    rig.until(at(10, 45), 230000)
    rig.until(at(10, 46), MISSING)
    rig.until(at(10, 59), 0)
    assert rig.meter.phase[0].sums.count() == 900 + 780, "what was measured"
    rig.until(at(11), 0)
    # sqrt(230**2 * 900 / 1740) = 165.4; filled up with 230 V it would be 168.
    assert rig.entries() == [(at(11), 165)] and sums.count() == 0


def test_f23_forward_step_over_a_boundary():
    """project-choice: within 10 s the grid stays."""
    rig = Rig(at(9, 50))
    rig.until(at(10, 29, 57))
    rig.step(5)
    rig.until(at(11, 1))
    assert rig.stamps() == [at(10, 30), at(11)]


def test_f23_a_step_goes_over_whole_periods():
    """project-choice: a period in which no time passed has no entry."""
    rig = Rig(at(10, 30), period=2)
    rig.until(at(10, 30, 5), chunk=1000)
    rig.step(6)
    rig.until(at(10, 30, 14), chunk=1000)
    found = [stamp - at(10, 30) for stamp in rig.stamps()]
    assert found == [2, 4, 6, 12, 14], found


def test_f24_backward_step_after_a_boundary():
    """project-choice: no second entry of one stamp."""
    rig = Rig(at(10, 10))
    rig.until(at(11, 0, 2))
    rig.step(-5)
    rig.until(at(11, 31))
    assert rig.stamps() == [at(11), at(11, 30)]


def test_f24_steps_while_it_waits_for_the_first_boundary():
    """project-choice"""
    rig = Rig(at(10, 29, 55))
    rig.until(at(10, 29, 58))
    rig.step(4)
    rig.until(at(11))
    assert rig.stamps() == [at(11)], "forward"
    rig = Rig(at(10, 29, 55))
    rig.until(at(10, 29, 58))
    rig.step(-9)
    rig.until(at(11))
    assert rig.stamps() == [at(11)], "backward"


def test_f25_forward_step_of_45_minutes():
    """project-choice: the running period is dropped, measurement commences again."""
    rig = Rig(at(10, 10))
    rig.until(at(10, 40))
    rig.step(45 * 60)
    rig.until(at(12, 1))
    assert rig.stamps() == [at(12)]


def test_f26_backward_step_of_two_hours():
    """project-choice: stamps only rise; nothing else is recorded meanwhile either."""
    rig = Rig(at(10, 10))
    rig.until(at(12, 10))
    before = rig.entries()
    averages = rig.meter.phase[0].averages
    rig.step(-2 * 3600)
    rig.until(at(12), 300000)
    assert rig.entries() == before, "nothing new"
    assert not [code for code, _time in rig.alerts if code < 0x8010], "no alert of averages"
    assert averages.over_counter == 0, "nothing counted"
    rig.until(at(13))
    stamps = rig.stamps()
    assert stamps == times(at(11), at(13), 1800), stamps


def test_f27_ten_seconds_and_eleven():
    """project-choice: 10 s keep the grid, more does not, either way."""
    for step, expected in (
        (10, [at(11), at(11, 30)]),
        (11, [at(11, 30)]),
        (-10, [at(11), at(11, 30)]),
        (-11, [at(11, 30)]),
    ):
        rig = Rig(at(10, 30))
        rig.until(at(10, 40))
        rig.step(step)
        rig.until(at(11, 30))
        assert rig.stamps() == expected, step


def test_f28_leap_second():
    """spec: time stamps have no leap seconds; 2017-01-01T00:00:00Z is 536544000."""
    end = to_seconds(2017, 1, 1, 0, 0, 0)
    assert end == 536544000 == 0x1FFB0300, "stamp"
    rig = Rig(end - 1800)
    rig.until(end - 1)
    rig.feed(1000, 230000)  # 23:59:59
    # 23:59:60: the clock shows the same second, or the next one, a second time.
    rig.step(-1)
    rig.feed(1000, 230000)
    rig.until(end + 1800)
    assert rig.entries() == [(end, 230), (end + 1800, 230)]
    rig = Rig(end - 1800)
    rig.until(end - 1, ms=500)
    rig.step(-1)
    rig.until(end, ms=0)
    assert rig.entries() == [(end, 230)]
    assert rig.meter.phase[0].elapsed == 0, "a new period"


def test_f28_length_of_the_period_with_the_leap_second():
    """spec: 1801 s of it are measured."""
    lengths = []

    class Engine(PeriodEngine):
        def close_period(self, stamp):
            lengths.append(self.elapsed)
            return True

    end = to_seconds(2017, 1, 1, 0, 0, 0)
    engine = Engine()
    engine.advance(end - 1800, 0, RELIABLE, 1799000)
    engine.advance(end - 1, 0, RELIABLE, 999)
    engine.advance(end - 1, 0, RELIABLE, 1000)  # the leap second, shown as 23:59:59
    engine.advance(end, 0, RELIABLE, 1800000)
    assert lengths == [1800999, 1800000]


def test_f29_start_of_summer_time():
    """spec: UTC alone; 2024-03-31."""
    day = to_seconds(2024, 3, 31, 0, 0, 0)
    rig = Rig(day, rate_mhz=100)
    rig.until(day + 86400, chunk=600000)
    stamps = rig.stamps()
    assert len(stamps) == 48 and stamps == times(day + 1800, day + 86400, 1800)
    for stamp in (765160200, 765162000, 765163800):
        assert stamp in stamps, stamp


def test_f30_end_of_summer_time():
    """spec: UTC alone; 2024-10-27."""
    day = to_seconds(2024, 10, 27, 0, 0, 0)
    rig = Rig(day - 1800, rate_mhz=100)
    rig.until(day + 86400, chunk=600000)
    stamps = rig.stamps()
    assert stamps[0] == day and len(stamps) == 49 == len(set(stamps)), "no stamp twice"
    for stamp in (783302400, 783304200, 783306000):
        assert stamp in stamps, stamp


def test_f31_invalid_clock_at_power_up():
    """project-choice: no periods; extreme, sag and swell detection works meanwhile."""
    rig = Rig(0, status=INVALID)
    rig.meter.limiters[3].set_period(30)
    rig.until(600)
    rig.until(700, 260000, chunk=1000)
    assert [code for code, _time in rig.alerts] == [0x8024], "swell"
    rig.until(37 * 60)
    assert rig.entries() == []
    rig.now, rig.status = at(10, 47), RELIABLE
    rig.until(at(11, 31))
    assert rig.stamps() == [at(11, 30)]


def test_f31_clock_that_becomes_invalid():
    """project-choice: the running period is dropped."""
    rig = Rig(at(10, 10))
    rig.until(at(10, 40))
    rig.status = INVALID
    rig.until(at(10, 41))
    rig.status = RELIABLE
    rig.until(at(11, 30))
    assert rig.stamps() == [at(11, 30)]


def test_f32_unreliable_clock_and_its_correction():
    """project-choice: corrected by 3 s the log goes on, by 40 s measurement commences again."""
    for step, expected in (
        (3, [at(10, 30), at(11), at(11, 30)]),
        (40, [at(10, 30), at(11, 30)]),
        (-3, [at(10, 30), at(11), at(11, 30)]),
        (-40, [at(10, 30), at(11, 30)]),
    ):
        rig = Rig(at(10))
        rig.until(at(10, 20))
        rig.status = UNRELIABLE
        rig.until(at(10, 50))
        rig.step(step)
        rig.status = RELIABLE
        rig.until(at(11, 30))
        assert rig.stamps() == expected, step


def test_f34_epochs():
    """spec: clocks that count from 1970 and from 2000 give the same log."""
    logs = []
    since_2000 = at(10, 10)
    since_1970 = since_2000 + 946684800
    for start in (since_2000, since_1970 - UNIX_TO_2000):
        rig = Rig(start)
        rig.until(at(12))
        logs.append(bytearray(256))
        rig.regions[0].read_into(0, logs[-1])
    assert logs[0] == logs[1] and logs[0][4:8] == at(11).to_bytes(4, "big")
    for moment in (at(10, 10), at(10, 30), at(23, 59, 59)):
        since_1970 = policy.first_start(moment + UNIX_TO_2000, 0, 1800)
        assert since_1970 == policy.first_start(moment, 0, 1800) + UNIX_TO_2000, moment


def test_f35_end_of_the_seconds_counter():
    """project-choice: a period that would end after 2136-02-07T06:28:15Z has no entry."""
    last = 0xFFFFFFFF // 1800 * 1800
    rig = Rig(last - 1800, rate_mhz=100)
    rig.until(last + 3600)
    assert rig.stamps() == [last]


def test_f36_power_cut():
    """project-choice: what was measured before the cut is dropped; nothing is flagged."""
    rig = Rig(at(10))
    rig.until(at(10, 45))
    rig.cut(at(10, 52))
    rig.until(at(11, 30))
    assert rig.entries() == [(at(10, 30), 230), (at(11, 30), 230)]


def test_f37_restored_on_the_boundary():
    """spec"""
    rig = Rig(at(10))
    rig.until(at(10, 45))
    rig.cut(at(11))
    rig.until(at(11, 30))
    assert rig.stamps() == [at(10, 30), at(11, 30)]


def test_f38_cut_a_millisecond_after_the_boundary():
    """spec: the entry is there."""
    rig = Rig(at(10))
    rig.until(at(10, 30), ms=1, chunk=1001)
    rig.cut(at(10, 31))
    assert rig.entries() == [(at(10, 30), 230)]


def test_f39_cut_for_a_hundred_days():
    """spec: nothing is filled in afterwards."""
    rig = Rig(at(10))
    rig.until(at(10, 45))
    later = at(10, 50) + 100 * 86400
    rig.cut(later)
    rig.until(later + 2400)
    assert rig.stamps() == [at(10, 30), later + 2400]


def test_f40_ten_restarts_in_half_an_hour():
    """spec"""
    rig = Rig(at(10, 30))
    for minute in range(31, 51, 2):
        rig.until(at(10, minute))
        rig.cut(at(10, minute + 1))
    rig.until(at(11, 30))
    assert rig.stamps() == [at(11, 30)]


def test_f41_period_changed():
    """project-choice: the running period is dropped, old entries stay."""
    rig = Rig(at(10))
    rig.until(at(10, 40))
    assert rig.meter.phase[0].set_period(600), "accepted"
    assert rig.meter.phase[0].period == 600
    rig.until(at(11, 20))
    assert rig.stamps() == [at(10, 30), at(11, 10), at(11, 20)]


def test_f42_period_set_to_what_it_is():
    """project-choice: nothing restarts."""
    rig = Rig(at(10, 10))
    rig.until(at(10, 40))
    assert rig.meter.phase[0].set_period(1800), "accepted"
    rig.until(at(11))
    assert rig.stamps() == [at(11)]


def test_f44_period_of_zero():
    """project-choice: refused, and nothing changes."""
    rig = Rig(at(10, 10))
    rig.until(at(10, 40))
    assert not rig.meter.phase[0].set_period(0), "refused"
    assert not rig.meter.phase[0].set_period(0x100000000), "refused"
    rig.until(at(11))
    assert rig.stamps() == [at(11)] and rig.meter.phase[0].period == 1800
    with raises(ValueError):
        PeriodEngine(0)


def test_f45_the_longest_period():
    """project-choice: accepted; its end does not overflow."""
    rig = Rig(at(10, 10), rate_mhz=100)
    assert rig.meter.phase[0].set_period(0xFFFFFFFF)
    rig.until(at(14))
    assert rig.entries() == []
    assert rig.meter.phase[0].next_boundary() == at(10, 30) + 0xFFFFFFFF
    assert rig.meter.phase[0].set_period(600)
    assert rig.meter.phase[0].next_boundary() == 0, "idle"
    rig.until(at(14, 10))
    assert rig.stamps() == [at(14, 10)]


def test_f46_a_period_each_phase():
    """spec (the object is per phase): own cadences from one start."""
    rig = Rig(at(10, 10), phases=3, rate_mhz=100)
    for phase, period in enumerate((600, 900, 1800)):
        assert rig.meter.phase[phase].set_period(period)
    rig.until(at(11, 30), 230000, 231000, 232000)
    for phase, period in enumerate((600, 900, 1800)):
        expected = times(at(10, 30) + period, at(11, 30), period)
        assert rig.stamps(phase) == expected, phase
        assert rig.entries(phase)[0][1] == 230 + phase, phase


def test_f72_ticks_wrap_during_a_period():
    """spec: ticks wrap after 12.4 days, the time line does not notice."""
    timeline = Timeline()
    ticks = (1 << 30) - 500
    assert timeline.poll(ticks, at(10), 0) == 0
    for passed in (100, 900, 1000):
        ticks = ticks + passed & 0x3FFFFFFF
        assert timeline.poll(ticks, at(10, 0, 1), 0) == passed, "wraps at 2**30"
    ticks = (1 << 62) - 10  # as on a 64-bit port
    assert timeline.poll(ticks, at(10, 0, 2), 0) == ((1 << 62) - 10 - 1500 + (1 << 30)) % (1 << 30)
    assert timeline.poll(20, at(10, 0, 2), 0) == 30


def test_timeline_finds_the_start_of_seconds():
    """project-choice: a clock without milliseconds is at the end of its second until it moves."""
    true = at(10, 29, 58) * 1000 + 300
    timeline = Timeline()
    ticks = 0
    seen = []
    for _ in range(40):
        timeline.poll(ticks, true // 1000)
        error = (timeline.seconds * 1000 + timeline.ms) - true
        seen.append(error)
        ticks += 70
        true += 70
    assert seen[0] == 699, "nothing known yet"
    assert -70 < min(seen[-15:]) <= max(seen[-15:]) < 70, seen  # within a poll
    # The clock is set forward, and back: the second is right at once, its phase soon.
    for jump in (3600000, -7200000):
        true += jump
        for _ in range(30):
            ticks += 70
            true += 70
            timeline.poll(ticks, true // 1000)
            assert timeline.seconds == true // 1000, jump
        error = (timeline.seconds * 1000 + timeline.ms) - true
        assert -70 < error < 70, (jump, error)


def test_timeline_follows_a_clock_that_drifts():
    """project-choice: the ticks may be slow or fast by 1 %, the second is always the clock's."""
    for rate in (99, 101):
        timeline = Timeline()
        for poll in range(400):
            true = at(10) * 1000 + poll * 100
            timeline.poll(poll * rate, true // 1000)
            assert timeline.seconds == true // 1000, (rate, poll)
            if poll > 20:
                # a poll, and what a second drifts by
                assert abs(timeline.ms - true % 1000) <= 110, (rate, poll)


def test_boundary_samples_belong_to_the_period_that_starts():
    """spec: [start, end), to the sample."""
    rig = Rig(at(10, 30), rate_mhz=1000000)  # 1,000 samples a second
    # A chunk of 2 s about 11:00:00 with 2,000 samples, the 1,001st taken at 11:00:00.000.
    rig.meter.feed(at(10, 30), 0, RELIABLE, 1799000, array("i", (0,)), 0, 0)
    codes = array("i", [1000] * 1000 + [2000] * 1000)
    rig.meter.feed(at(10, 59, 59), 0, RELIABLE, 2000, codes, 0, 2000)
    sums = rig.meter.phase[0].sums
    assert sums.count() == 1000 and sums.squares() == 1000 * 2000 * 2000
    # 7 samples in 10 ms: those at 0, 1.43, 2.86 and 4.29 ms are before 5 ms.
    phase = rig.meter.phase[0]
    phase.set_period(60)
    rig.meter.feed(at(11, 0, 59), 995, RELIABLE, 10, array("i", [1, 2, 3, 4, 50, 60, 70]), 0, 7)
    rig.meter.feed(at(11, 1), 5, RELIABLE, 1738995 + 10 * 1000 - 9995, codes, 0, 0)
    rig.meter.feed(at(11, 30), 5 + 5 - 10, RELIABLE, 59995, codes, 0, 0)
    rig.meter.feed(at(11, 30, 59), 995, RELIABLE, 10, array("i", [1, 2, 3, 4, 50, 60, 70]), 0, 7)
    assert sums.count() == 3 and sums.squares() == 50 * 50 + 60 * 60 + 70 * 70


def test_chunks_under_a_millisecond():
    rig = Rig(at(10, 30))
    codes = array("i", [1000] * 3)
    rig.meter.feed(at(10, 30), 0, RELIABLE, 1, codes, 0, 1)
    rig.meter.feed(at(10, 30), 1, RELIABLE, 0, codes, 0, 3)
    assert rig.meter.phase[0].sums.count() == 4
    rig.consumption.feed(at(10, 30), 0, RELIABLE, 1, 5000)
    rig.consumption.feed(at(10, 30), 1, RELIABLE, 0, 5000)
    assert rig.consumption.register == 10


class Failing(RamRegion):
    """A medium that refuses to write for a while."""

    fails = 0

    def write(self, offset, data):
        if self.fails:
            self.fails -= 1
            raise OSError(5)
        super().write(offset, data)


def test_medium_that_fails_for_a_while():
    """The entry is written when the medium is back, once, with the value of its period."""
    for failing, lost in (("log", 0), ("events", 1)):
        rig = Rig(at(10, 30))
        if failing == "log":
            rig.regions[0] = region = Failing(LOG_REGION)
        else:
            rig.event_region = region = Failing(4096)
        rig.power_up()
        for limiter in rig.meter.limiters:
            limiter.set_period(86400)
        rig.until(at(10, 59, 59), 260000)
        region.fails = 1 if failing == "events" else 3
        errors = 0
        for _ in range(5):
            try:
                rig.feed(1000, 260000)
            except OSError:
                errors += 1
                rig.pass_time(1000)  # the time of the chunk that failed
        assert errors == (3 if failing == "log" else 1), failing
        rig.until(at(11, 30), 230000)
        assert rig.entries() == [(at(11), 260), (at(11, 30), 230)], failing
        assert rig.meter.phase[0].averages.over_counter == 1, failing
        assert [code for code, _time in rig.alerts] == [0x8002, 0x8085], failing
        assert len(rig.events.log) == 2 - lost, failing


class StartAtOnce(PeriodEngine):
    """The behaviour before MP085A, for comparison: periods start when the meter does."""

    def __init__(self, period):
        super().__init__(period)
        self.stamps = []

    def first_start(self, seconds, ms):
        return seconds + (ms > 0)

    def close_period(self, stamp):
        self.stamps.append(stamp)
        return True


def test_a_meter_that_starts_at_once_is_told_apart():
    """spec: the checks above fail on a meter that does not align."""
    engine = StartAtOnce(1800)
    engine.advance(at(10, 10), 0, RELIABLE, 2 * 3600 * 1000)
    assert engine.stamps == [at(10, 40), at(11, 10), at(11, 40), at(12, 10)]


def test_consumption_adds_up_and_survives_nothing_it_should_not():
    """project-choice: rules as for the voltage; the register loses nothing."""
    rig = Rig(at(10, 10))
    rig.watts = 333
    rig.until(at(12))
    assert [stamp for stamp, _energy in rig.energy] == [at(11), at(11, 30), at(12)]
    total = sum(energy for _stamp, energy in rig.energy)
    assert abs(total - 333 * 3 // 2) <= 1, "entries add up to the register"
    rig.cut(at(12, 10))
    rig.until(at(13))
    assert [stamp for stamp, _energy in rig.energy] == [at(11), at(11, 30), at(12), at(13)]
    # A chunk over a boundary is shared out by time.
    shares = []
    half = HalfHourly(lambda stamp, energy: shares.append(energy))
    half.feed(at(10, 30), 0, RELIABLE, 3600000, 1000000)
    assert shares == [500, 500] and half.register == 1000
