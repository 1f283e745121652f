# engines: cpython unix
from array import array

from testkit import Skip, raises, tmpdir

from smets.features.voltage import rms
from smets.ports.open_sampler import open_sampler
from smets.ports.sampler import Sampler, SamplerError
from smets.ports.sampler_replay import Recording, ReplaySampler
from smets.ports.sampler_sim import SimReadings, SimSampler, sine


class Sink:
    """Keeps what a sampler delivers: lengths, numbers of frames, and each phase's samples."""

    def __init__(self, sampler):
        self.sampler = sampler
        self.chunks = []
        self.phases = [array("i") for _ in range(sampler.phases)]

    def take(self, length, codes, start, count):
        self.chunks.append((length, count))
        for index in range(count):
            at = start + index * self.sampler.stride
            for phase in range(self.sampler.phases):
                self.phases[phase].append(codes[at + phase])

    def poll(self, passed, times=1):
        for _ in range(times):
            self.sampler.poll(passed, self.take)
        return self

    def volts(self, phase=0):
        sums = rms.Accumulator()
        for code in self.phases[phase]:
            sums.add(1, code - 2048, (code - 2048) ** 2)
        return sums.volts(self.sampler.uv)

    def time(self):
        return sum(length for length, _count in self.chunks)


def test_sine():
    assert sine(0) == 0 and sine(1 << 20) == 16384 and sine(2 << 20) == 0
    assert sine(3 << 20) == -16384 and sine(1 << 22) == 0
    assert sine((1 << 22) // 12) == 8192, "30 degrees"
    assert sine((1 << 22) // 8) == 11585, "45 degrees"
    for step in range(0, 1 << 20, 9973):
        value = sine(step)
        assert value == sine((2 << 20) - step) == -sine((2 << 20) + step), step
        # sin**2 + cos**2 = 1, to what 14 bits resolve
        square = value * value + sine(step + (1 << 20)) ** 2
        assert abs(square - (1 << 28)) < 3 * 16384, step


def test_waveform_is_the_same_on_every_engine():
    """project-choice: samples are a function of the description alone."""
    wave = {
        "mv": 231234,
        "mhz": 49870,
        "harmonics": ((3, 50), (5, 20)),
        "offset": -7,
        "noise": 3,
        "seed": 42,
    }
    sink = Sink(SimSampler((wave,), 1, 4000000)).poll(37, 27)
    assert len(sink.phases[0]) == 3996
    check = 0
    for code in sink.phases[0]:
        check = (check * 31 + code) % 65521
    assert check == 55400, check


def test_amplitude_frequency_and_phases():
    sink = Sink(SimSampler(({}, {"mv": 240000}, {"mv": 220000}), 3, 1000000)).poll(1000)
    assert len(sink.phases[0]) == 1000
    for phase, volts in enumerate((230, 240, 220)):
        assert sink.volts(phase) == volts, phase
    # L2 lags L1 by a third of a turn: what L1 does at 20 / 3 ms later.
    rising = []
    for phase in range(3):
        codes = sink.phases[phase]
        rising.append([i for i in range(1, 1000) if codes[i - 1] < 2048 <= codes[i]])
    assert rising[0][10] - rising[0][9] == 20, "50 Hz"
    assert abs((rising[1][10] - rising[0][10]) % 20 - 7) <= 1, "L2"
    assert abs((rising[2][10] - rising[0][10]) % 20 - 13) <= 1, "L3"


def test_frequency_does_not_drift():
    sampler = SimSampler(({"mhz": 49999, "noise": 0},), 1, 1000000, frames=500)
    assert len(Sink(sampler).poll(500).phases[0]) == 500
    # 49.999 Hz at 1,000 samples a second repeats after 1,000,000 samples.
    step = 49999 * (1 << 22) // 1000000
    assert sampler._step == [step] and sampler._rest == [49999 * (1 << 22) % 1000000]
    for _ in range(8):
        sampler.fill(500)
    turns = 4500 * 49999 * (1 << 22) // 1000000 % (1 << 22)
    assert abs(sampler._phase[0] - turns) <= 1, "after 4,500 samples"


def test_events():
    """Sags, swells, interruptions and dropouts as described, to the millisecond."""
    wave = {
        "events": (
            ("sag", 100, 200, 800),
            ("interruption", 300, 400),
            ("dropout", 500, 540),
            ("swell", 600, 700, 1100),
        )
    }
    sampler = SimSampler((wave,), 1, 4000000)
    levels = []
    counts = []
    for _ in range(8):
        sink = Sink(sampler).poll(50, 2)
        assert sink.time() == 100
        levels.append(sink.volts())
        counts.append(len(sink.phases[0]))
    assert counts == [400, 400, 400, 400, 400, 240, 400, 400], counts
    assert levels == [230, 184, 230, 0, 230, 230, 253, 230], levels


def test_dropout_in_the_middle_of_a_poll():
    wave = {"events": (("dropout", 10, 15),)}
    sink = Sink(SimSampler((wave,), 1, 4000000)).poll(40)
    assert sink.chunks == [(10, 40), (5, 0), (25, 100)]


def test_slow_rates_and_fractions():
    """Frames that are not whole in a poll come in a later one."""
    sampler = SimSampler(({},), 1, 333000)
    sink = Sink(sampler).poll(4, 250)
    assert len(sink.phases[0]) == 333 and sink.time() == 1000


def test_codes_are_clipped():
    sink = Sink(SimSampler(({"mv": 500000},), 1, 4000000)).poll(100)
    assert min(sink.phases[0]) == 0 and max(sink.phases[0]) == 4095


def test_readings():
    waves = ({"mv": 230000}, {"events": (("dropout", 2000, 3500),)}, {"harmonics": ((3, 100),)})
    sink = Sink(SimReadings(waves, 3, 1000)).poll(700, 6)
    assert sink.chunks == [(1000, 1)] * 4
    assert list(sink.phases[0]) == [230000] * 4
    assert list(sink.phases[1]) == [230000, -1, -1, 230000]
    assert list(sink.phases[2]) == [231147] * 4
    one = Sink(SimReadings(({"events": (("interruption", 0, 9999),), "noise": 5},), 1, 3000))
    one.poll(1000)
    assert [count for _length, count in one.chunks] == [1, 1, 1]
    assert all(0 <= value <= 5 for value in one.phases[0])
    wide = Sink(SimReadings(({"mv": 240000},), 3, 1000)).poll(1000)
    assert [list(values) for values in wide.phases] == [[240000]] * 3


def test_descriptions_that_are_wrong():
    for waves, phases in (
        (({"volts": 230},), 1),
        (({"events": (("surge", 0, 1),)},), 1),
        (({}, {}), 3),
        (({},), 2),
    ):
        with raises(SamplerError):
            SimSampler(waves, phases)
    with raises(SamplerError):
        SimSampler(({},), 1, 4000000, frames=4)


class Both(Sink):
    """Keeps what it is given, and records it."""

    def __init__(self, sampler, path):
        super().__init__(sampler)
        self.recording = Recording(path, sampler)

    def take(self, length, codes, start, count):
        super().take(length, codes, start, count)
        self.recording.take(length, codes, start, count)


def test_recording_and_replay():
    """The readings of a sampler come back, dropouts included."""
    for phases in (1, 3):
        path = tmpdir() + "/mains.smr"
        wave = {"noise": 9, "events": (("dropout", 100, 130), ("dropout", 200, 201))}
        original = Both(SimSampler((wave,), phases, 1000000), path).poll(50, 10)
        original.recording.close()
        replay = ReplaySampler(path, frames=64)
        assert (replay.phases, replay.rate_mhz, replay.uv) == (phases, 1000000, 250000)
        played = Sink(replay).poll(7, 80)
        assert played.phases == original.phases and len(played.phases[0]) == 469
        assert played.time() == 560, "the time after the end is there, without samples"
        gaps = sum(length for length, count in played.chunks if count == 0)
        assert 85 <= gaps <= 95, gaps
        replay.close()


def test_replay_in_a_loop():
    path = tmpdir() + "/loop.smr"
    source = SimSampler(({},), 1, 1000000)
    recording = Recording(path, source)
    source.poll(30, recording.take)
    recording.close()
    once = list(Sink(ReplaySampler(path)).poll(30).phases[0])
    assert len(once) == 30
    looped = Sink(ReplaySampler(path, True)).poll(25, 6)
    assert list(looped.phases[0]) == once * 5
    slow = ReplaySampler(path, True)
    slow.rate_mhz = 100000
    assert Sink(slow).poll(3, 10).chunks[:4] == [(3, 0), (3, 0), (3, 0), (3, 1)]
    empty = tmpdir() + "/empty.smr"
    Recording(empty, source).close()
    assert Sink(ReplaySampler(empty, True)).poll(25).chunks == [(25, 0)]


def test_files_that_are_no_recordings():
    path = tmpdir() + "/bad"
    for header in (
        b"",
        b"SMR1",
        b"SMR2" + bytes(12),
        b"SMR1\2" + bytes(11),
        b"SMR1\1" + bytes(11),
    ):
        with open(path, "wb") as file:
            file.write(header)
        with raises(SamplerError):
            ReplaySampler(path)
    with raises(SamplerError):
        Recording(path, SimReadings())


def test_samplers_by_name():
    sampler = open_sampler({"sampler": "sim", "phases": 3, "waves": [{}]})
    assert isinstance(sampler, SimSampler) and sampler.phases == 3
    readings = open_sampler({"sampler": "sim-readings"})
    assert isinstance(readings, SimReadings) and readings.readings
    path = tmpdir() + "/x.smr"
    Recording(path, sampler).close()
    assert isinstance(open_sampler({"sampler": "replay", "path": path}), ReplaySampler)
    with raises(SamplerError):
        open_sampler({"sampler": "crystal ball"})
    assert Sink(Sampler()).poll(5).chunks == [(5, 0)], "without a source nothing is measured"


def test_samplers_of_boards_need_their_board():
    try:
        import machine
    except ImportError:
        machine = None
    if hasattr(machine, "SPI"):
        raise Skip("this is a board")
    for kind in ("rp2", "atm90e32"):
        try:
            open_sampler({"sampler": kind})
        except (ImportError, AttributeError):
            continue
        raise AssertionError(kind)
