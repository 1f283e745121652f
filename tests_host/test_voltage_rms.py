# engines: cpython unix
from array import array

from testkit import Skip

from smets.features.voltage import rms
from smets.ports.sampler_sim import SimSampler

SMALL = 1 << 30  # 31-bit small integers reach from -SMALL to SMALL - 1


def accumulate(codes, times=1, stride=1, phase=0, fold=rms.fold):
    """Sums of a buffer of codes that is fed `times` times."""
    sums = rms.Accumulator()
    block = array("i", (0, 0))
    frames = len(codes) // stride
    for _ in range(times):
        at = 0
        while at < frames:
            count = min(rms.BLOCK, frames - at)
            fold(codes, phase + at * stride, stride, count, block)
            sums.add(count, block[0], block[1])
            at += count
    return sums


def sampled(wave, frames, rate=4000, uv=250000):
    """Codes of a described wave."""
    sampler = SimSampler((wave,), 1, rate * 1000, uv, frames)
    sampler.fill(frames)
    return sampler.codes


def millivolts(wave, frames, rate=4000, uv=250000, times=1):
    return accumulate(sampled(wave, frames, rate, uv), times).millivolts(uv)


def reading(*values):
    sums = rms.Accumulator()
    for value in values:
        sums.add_reading(value)
    return sums


def test_machine_code_and_its_twin_agree():
    codes = array("H")
    seed = 1
    for index in range(1024):
        seed = (seed * 75 + 74) % 65537
        # Noise over all 16 bits: what is above the 12 of a code is not part of it.
        codes.append((0, 4095, 2048, 0xFFFF, seed & 0xFFFF)[index % 5])
    for start, stride, count in ((0, 1, 255), (3, 1, 1), (0, 4, 255), (2, 3, 200), (7, 1, 0)):
        expected = [0, 0]
        for index in range(count):
            x = (codes[start + index * stride] & 0xFFF) - 2048
            expected[0] += x
            expected[1] += x * x
        for fold in (rms.fold, rms.fold_python):
            out = array("i", (-1, -1))
            fold(codes, start, stride, count, out)
            assert list(out) == expected, (fold, start, stride, count)


class Small:
    """An integer that fails as soon as a result would not be a 31-bit small integer."""

    def __init__(self, value):
        assert -SMALL <= value < SMALL, "%d is no small integer" % value
        self.value = value

    def __add__(self, other):
        return Small(self.value + int_of(other))

    __radd__ = __add__

    def __sub__(self, other):
        return Small(self.value - int_of(other))

    def __mul__(self, other):
        return Small(self.value * int_of(other))

    def __and__(self, other):
        return Small(self.value & int_of(other))

    def __rshift__(self, other):
        return Small(self.value >> int_of(other))

    def __lshift__(self, other):
        return Small(self.value << int_of(other))


def int_of(value):
    return value.value if isinstance(value, Small) else value


def test_no_step_of_the_block_loop_leaves_small_integers():
    """spec: sums within 31-bit small integers, however long the period."""
    block = [0, 0]
    for code in (0, 4095, 2048):
        rms.fold_python([Small(code)] * 255, 0, 1, 255, block)
        sums = rms.Accumulator()
        full = (1 << 29) - 1  # the fullest words there can be
        for name in ("_n0", "_s0", "_q0", "_q1"):
            setattr(sums, name, Small(full))
        before = int_of(sums._q0) + (int_of(sums._q1) << 29)
        sums.add(Small(255), block[0], block[1])
        after = int_of(sums._q0) + (int_of(sums._q1) << 29) + (int_of(sums._q2) << 58)
        assert after - before == int_of(block[1]), code
        assert int_of(sums._n0) + (int_of(sums._n1) << 29) == full + 255, code
        assert int_of(sums._s0) + (int_of(sums._s1) << 29) == full + int_of(block[0]), code
    for value in (0, 1, 1023, 1024, 655350, rms.MAX_READING):
        sums = rms.Accumulator()
        sums._n0 = sums._q0 = sums._q1 = Small(full)
        sums.add_reading(Small(value))
        after = int_of(sums._q0) + (int_of(sums._q1) << 29) + (int_of(sums._q2) << 58)
        assert after - ((1 << 58) - 1) == value * value, value


def test_carries_are_exact_around_powers_of_two():
    for exponent in (29, 30, 31, 32, 58, 60, 63, 64, 80):
        for nudge in (-2, -1, 0, 1):
            start = (1 << exponent) + nudge
            sums = rms.Accumulator()
            sums._q0 = start & 0x1FFFFFFF
            sums._q1 = start >> 29 & 0x1FFFFFFF
            sums._q2 = start >> 58
            sums.add(255, -522240, 255 << 22)
            assert sums.squares() == start + (255 << 22), (exponent, nudge)
            assert sums.total() == -522240, (exponent, nudge)
            sums.add_reading(rms.MAX_READING)
            assert sums.squares() == start + (255 << 22) + rms.MAX_READING**2, (exponent, nudge)
            assert sums.count() == 256, (exponent, nudge)


def test_sums_of_negative_totals():
    sums = rms.Accumulator()
    for _ in range(3000):
        sums.add(255, -522240, 1)
    assert sums.total() == -522240 * 3000, "sum"
    sums.add(255, 522240, 1)
    assert sums.total() == -522240 * 2999, "sum"


def test_isqrt():
    for root in (0, 1, 2, 3, 10, 229500, (1 << 31) - 1, (1 << 45) + 7):
        for value in (root * root - 1, root * root, root * root + 2 * root):
            if value >= 0:
                got = rms.isqrt(value)
                assert got * got <= value < (got + 1) * (got + 1), value


def test_f11_constant_voltage_rounded_once_half_up():
    """project-choice: half up."""
    for mv, volts in ((230000, 230), (229500, 230), (229490, 229), (229499, 229), (230499, 230)):
        assert reading(mv, mv, mv).volts(1000) == volts, mv
    # 229.4996 V in units of 0.1 mV: by way of millivolts it would become 230.
    sums = rms.Accumulator()
    for _ in range(3):
        sums.add_reading(229499)
        sums.add_reading(229500)
    assert sums.millivolts(1000) == 229500 and sums.volts(1000) == 229, "rounded twice"


def test_f11_sine_of_230_volts():
    codes = sampled({}, 4000)
    assert accumulate(codes).volts(250000) == 230, "230 V"
    # 80 different codes of 0.25 V steps: the quantisation does not average out.
    assert abs(accumulate(codes).millivolts(250000) - 230000) <= 15, "within 0.015 V"
    assert accumulate(sampled({"mv": 229450}, 4000)).volts(250000) == 229, "229.45 V"
    assert accumulate(sampled({"mv": 229550}, 4000)).volts(250000) == 230, "229.55 V"


def test_f12_root_of_the_mean_square_and_not_the_mean():
    """project-choice: halves of 230 V and 200 V give 216 (a mean of RMS values gives 215)."""
    assert reading(230000, 200000).volts(1000) == 216
    assert reading(216000, 253000).volts(1000) == 235


def test_f12b_half_the_period_interrupted():
    """project-choice: 163 (a mean of RMS values gives 115)."""
    assert reading(230000, 0).volts(1000) == 163


def test_f13_direct_current_offset_is_removed():
    """spec: the mean goes before the root is taken."""
    plain = accumulate(sampled({}, 800))
    shifted = accumulate(sampled({"offset": 50}, 800))
    assert shifted.total() - plain.total() == 50 * 800, "an offset of 50 codes"
    assert shifted.spread() == plain.spread(), "spread"
    assert shifted.volts(250000) == 230, "volts"


def test_f14_harmonics():
    """spec: 230 V with 10 % third harmonic is 231.15 V."""
    mv = millivolts({"harmonics": ((3, 100),)}, 4000)
    assert abs(mv - 231147) <= 15, mv


def test_f15_line_frequency():
    """spec: half an hour at 49.5 and 50.5 Hz within 0.01 V."""
    for mhz in (49500, 50000, 50500):
        # 2 s hold whole cycles at each; half an hour is 900 times that.
        codes = sampled({"mhz": mhz}, 800, rate=400)
        sums = rms.Accumulator()
        for _ in range(30):
            part = accumulate(codes)
            for _ in range(30):
                add_sums(sums, part.count(), part.total(), part.squares())
        assert sums.count() == 1800 * 400, "half an hour"
        assert abs(sums.millivolts(250000) - 230000) <= 10, mhz


def add_sums(sums, count, total, squares):
    """Add sums of any size, in squares as large as `add` takes."""
    sums.add(count, total, 0)
    while squares:
        part = min(squares, SMALL - 1)
        sums.add(0, 0, part)
        squares -= part


def test_f16_full_scale_for_a_day_at_4000_samples_a_second():
    """spec: a 12-bit square wave of 24 h: 345.6 million samples, 50.4 bits, exact."""
    sums = rms.Accumulator()
    block = array("i", (0, 0))
    high, low = array("H", [4095] * 200), array("H", [0] * 200)
    rms.fold(high, 0, 1, 200, block)
    up = block[0], block[1]
    rms.fold(low, 0, 1, 200, block)
    down = block[0], block[1]
    # Blocks as they come for the first 10 s; then the same sums, added as often as they come.
    for _ in range(100):
        sums.add(200, up[0], up[1])
        sums.add(200, down[0], down[1])
    ten_seconds = (up[1] + down[1]) * 100
    assert sums.squares() == ten_seconds, "10 s"
    for _ in range(359):
        add_sums(sums, 40000, (up[0] + down[0]) * 100, ten_seconds)
    # An hour was added. The next 22 are added at once, by the words that they come to.
    hour = sums.count(), sums.total(), sums.squares()
    assert hour == (14400000, -7200000, ten_seconds * 360), "an hour"
    for name, value in (("n", hour[0] * 23), ("s", hour[1] * 23), ("q", hour[2] * 23)):
        setattr(sums, "_%s0" % name, value & 0x1FFFFFFF)
        setattr(sums, "_%s1" % name, value >> 29)
    for _ in range(360):
        add_sums(sums, 40000, (up[0] + down[0]) * 100, ten_seconds)
    samples = 86400 * 4000
    assert sums.count() == samples, "samples"
    assert sums.squares() == samples // 2 * (2047 * 2047 + 2048 * 2048), "squares"
    assert sums.total() == -samples // 2, "sum"
    assert sums.squares() >> 50 == 1, "over 50 bits"
    # Half the swing of 4095 codes: 2047.5.
    assert sums.scaled(1000000, 1000) == 2047500, "RMS"


def test_f17_no_voltage_is_a_value():
    """spec: 0 V gives 0, not a gap."""
    assert accumulate(array("H", [2048] * 400)).volts(250000) == 0
    assert accumulate(array("H", [2090] * 400)).volts(250000) == 0, "only an offset"
    assert reading(0, 0).volts(1000) == 0


def test_f18_large_voltages_do_not_truncate():
    """spec: over 255 V and over 65,535 mV."""
    for mv in (255000, 256000, 65535, 65536, 400000, rms.MAX_READING):
        assert reading(mv, mv).volts(1000) == (mv + 500) // 1000, mv
        assert reading(mv).millivolts(1000) == mv, mv


def test_limits_are_exact():
    """spec: the mean square is compared strictly, without a root."""
    for uv, count in ((1000, 1), (250000, 800), (199999, 7)):
        for volts in (0, 1, 207, 253, 287):
            over = rms.limit(volts, uv, count, True)
            under = rms.limit(volts, uv, count, False)
            square = volts * volts * 10**12 * count * count
            for spread in (over - 1, over, over + 1, under - 1, under, under + 1):
                if spread >= 0:
                    assert (spread > over) == (spread * uv * uv > square), (uv, volts, spread)
                    assert (spread < under) == (spread * uv * uv < square), (uv, volts, spread)


def test_f70_a_million_samples_with_the_heap_locked():
    """spec: nothing is allocated in the block loop."""
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        raise Skip("CPython has no heap_lock")
    codes = sampled({}, 2000)
    sums = rms.Accumulator()
    block = array("i", (0, 0))
    heap_lock()
    try:
        run(500, 0, codes, sums, block, rms.fold)
        run(20, 0, codes, sums, block, rms.fold_python)
    finally:
        heap_unlock()
    assert sums.count() == 520 * 2000, "samples"
    assert sums.volts(250000) == 230, "volts"


def run(times, at, codes, sums, block, fold):
    while times:
        at = 0
        while at < 2000:
            fold(codes, at, 1, 250, block)
            sums.add(250, block[0], block[1])
            at += 250
        times -= 1
