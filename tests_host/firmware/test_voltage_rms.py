# engines: cpython unix
from array import array

from testkit import Skip

from smets.features.voltage import rms
from smets.integers import isqrt
from smets.ports.sampler import MAX_READING
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

    def __floordiv__(self, other):
        return Small(self.value // int_of(other))

    def __gt__(self, other):
        return self.value > int_of(other)

    def __eq__(self, other):
        return self.value == int_of(other)


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
    for value in (0, 1, 1023, 1024, 655350, MAX_READING):
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
            sums.add_reading(MAX_READING)
            assert sums.squares() == start + (255 << 22) + MAX_READING**2, (exponent, nudge)
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
                got = isqrt(value)
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
    """spec: the root of the mean square."""
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
    for mv in (255000, 256000, 65535, 65536, 400000, MAX_READING):
        assert reading(mv, mv).volts(1000) == (mv + 500) // 1000, mv
        assert reading(mv).millivolts(1000) == mv, mv


def windows(count):
    """Sums of possible windows of `count` 12-bit samples: constant, square wave, noise."""
    yield 0, 0
    yield count * 2047, count * 2047 * 2047
    yield count * -2048, count * 2048 * 2048
    half = count // 2
    yield half * 2047 - (count - half) * 2048, half * 2047 * 2047 + (count - half) * 2048 * 2048
    seed = total = squares = 1
    for _ in range(count):
        seed = (seed * 75 + 74) % 65537
        x = seed % 4096 - 2048
        total += x
        squares += x * x
    yield total - 1, squares - 1


def test_limits_are_exact():
    """spec: the mean square is compared strictly, and without a root."""
    for count in (1, 7, 80, 800, rms.LONGEST_WINDOW):
        for total, squares in windows(count):
            spread = count * squares - total * total
            window = rms.Window()
            window._n0 = count
            window._s0, window._s1 = total & 0x1FFFFFFF, total >> 29
            window._q0, window._q1 = squares & 0x1FFFFFFF, squares >> 29
            window.centre()
            for uv in (1000, 199999, 250000):
                near = window.volts(uv)
                for volts in (0, near - 1, near, near + 1, 253, 0xFFFFFFFF):
                    if volts < 0:
                        continue
                    square = volts * volts * 10**12 * count * count
                    above = window.exceeds(rms.Limit(volts, uv, count, True))
                    assert above == (spread * uv * uv > square), (count, total, uv, volts)
                    below = not window.exceeds(rms.Limit(volts, uv, count, False))
                    assert below == (spread * uv * uv < square), (count, total, uv, volts)


def test_limits_at_the_last_unit():
    """spec: strict; the sum of squares alone decides, one more or one less."""
    for count, uv, volts in ((1, 1000, 253), (5, 1000, 207), (800, 250000, 253), (3, 7, 1)):
        for over in (True, False):
            scale = uv * uv
            wanted = volts * volts * 10**12 * count * count
            # The sums with total 0 that are just at, above and below the threshold.
            for squares in range(wanted // scale // count - 1, wanted // scale // count + 3):
                window = rms.Window()
                window._n0 = count
                window._q0, window._q1 = squares & 0x1FFFFFFF, squares >> 29
                window.centre()
                exceeds = window.exceeds(rms.Limit(volts, uv, count, over))
                spread = count * squares * scale
                assert exceeds == (spread > wanted if over else spread >= wanted), (count, over)


def test_windows_stay_within_small_integers():
    """spec: at the end of a window, too, nothing leaves 31-bit small integers."""
    for count in (1, 800, rms.LONGEST_WINDOW):
        for total, squares in windows(count):
            window = rms.Window()
            window._n0 = Small(count)
            window._s0, window._s1 = Small(total & 0x1FFFFFFF), Small(total >> 29)
            window._q0, window._q1 = Small(squares & 0x1FFFFFFF), Small(squares >> 29)
            window.centre()
            for volts in (0, 253, 0xFFFFFFFF):
                limit = rms.Limit(volts, 250000, count, True)
                expected = (count * squares - total * total) * 250000**2 > (
                    volts * volts * 10**12 * count * count
                )
                for name in ("high", "low", "rest"):
                    setattr(limit, name, Small(getattr(limit, name)))
                assert window.exceeds(limit) == expected, (count, total, volts)


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
