# Exact RMS of ADC codes or of RMS readings: integer sums, mean removed, rounded once to volts.
# Every value up to a full window fits a 31-bit small integer, so that sampling allocates nothing.
from smets.compat import const
from smets.integers import isqrt

# Most squares of a 12-bit code about mid-scale whose sum stays below 2**30.
BLOCK = const(255)
# Most samples of a window.
LONGEST_WINDOW = const(16384)

_CODE = const(0xFFF)  # an ADC code is 12 bits, offset binary
_MID = const(2048)
_BITS = const(29)  # of one word of a sum: two words and a carry still fit 30 bits
_WORD = const(0x1FFFFFFF)


def fold_python(codes, start: int, stride: int, count: int, out):
    """Sum `count` (up to 255) 12-bit codes, `stride` items apart, from `codes[start]` on.

    out[0] becomes their sum about mid-scale, out[1] that of their squares: small integers.
    """
    total = 0
    squares = 0
    end = start + count * stride
    while start < end:
        x = (codes[start] & _CODE) - _MID
        total += x
        squares += x * x
        start += stride
    out[0] = total
    out[1] = squares


try:
    # Machine code where the port has a viper emitter; the tests hold the two equal.
    from smets.features.voltage.rms_viper import fold
except (ImportError, SyntaxError):
    fold = fold_python


class Accumulator:
    """Number, sum and sum of squares of one phase's samples, exact up to 2**87.

    Sums are kept as words of 29 bits. They add over any split of a period, so 200 ms, 30 s and
    30 min share one definition: the root of the mean square (the alternative, the mean of RMS
    values, differs by under 1 V unless the supply is interrupted).
    """

    def __init__(self):
        self.clear()

    def clear(self):
        """Forget all samples."""
        self._n0 = self._n1 = 0
        self._s0 = self._s1 = 0
        self._q0 = self._q1 = self._q2 = 0

    def add(self, count: int, total: int, squares: int):
        """Add a block as `fold` gives it; each argument below 2**30 in size. Allocates nothing."""
        low = self._n0 + count
        self._n0 = low & _WORD
        self._n1 += low >> _BITS
        low = self._s0 + total
        self._s0 = low & _WORD
        self._s1 += low >> _BITS
        low = self._q0 + (squares & _WORD)
        self._q0 = low & _WORD
        self._carry((squares >> _BITS) + (low >> _BITS))

    def add_reading(self, value: int):
        """Add one RMS reading, 0 to 0xFFFFF. Such readings have no mean to remove; do not mix."""
        high = value >> 10
        low = value & 1023
        # value**2 = high**2 << 20 + high * low << 11 + low**2, a word at a time
        square = high * high
        cross = high * low
        word = ((square & 0x1FF) << 20) + ((cross & 0x3FFFF) << 11)
        carry = (square >> 9) + (cross >> 18) + (word >> _BITS)
        word = (word & _WORD) + self._q0
        carry += word >> _BITS
        word = (word & _WORD) + low * low
        self._q0 = word & _WORD
        self._carry(carry + (word >> _BITS))
        word = self._n0 + 1
        self._n0 = word & _WORD
        self._n1 += word >> _BITS

    def _carry(self, high: int):
        high += self._q1
        self._q1 = high & _WORD
        self._q2 += high >> _BITS

    def count(self) -> int:
        """Number of samples."""
        return (self._n1 << _BITS) + self._n0

    def total(self) -> int:
        """Sum of the samples about mid-scale."""
        return (self._s1 << _BITS) + self._s0

    def squares(self) -> int:
        """Sum of their squares."""
        return (((self._q2 << _BITS) + self._q1) << _BITS) + self._q0

    def spread(self) -> int:
        """n * sum of squares - square of the sum: the variance times n squared."""
        return self.count() * self.squares() - self.total() ** 2

    def volts(self, uv: int) -> int:
        """RMS in whole volts, rounded once, half up; `uv` is microvolts a unit, count is not 0.

        Half up is a choice (no text gives the rounding): 229.5 V is 230, 229.49 V is 229.
        """
        return self.scaled(uv, 1000000)

    def millivolts(self, uv: int) -> int:
        """RMS in millivolts, for calibration and displays; never round this one again to volts."""
        return self.scaled(uv, 1000)

    def scaled(self, uv: int, unit: int) -> int:
        """RMS in units of `unit` microvolts, rounded once, half up."""
        doubled = isqrt(4 * self.spread() * uv * uv) // (self.count() * unit)
        return (doubled + 1) // 2


class Limit:
    """What the samples of a window must exceed to be above some voltage, made ready for `exceeds`.

    It stands for an integer L: count * count * variance > L is the question, and equal to
    sum of squares about the mean > (L + remainder of the mean ** 2) // count.
    """

    def __init__(self, volts: int, uv: int, count: int, over: bool):
        """Threshold of `volts` at `uv` microvolts a unit, for windows of `count` samples.

        Exact: with `over` a window exceeds the limit if and only if its mean square is greater
        than the threshold's; without, if and only if it is not less.
        """
        wanted = volts * volts * 1000000000000 * count * count
        scale = uv * uv
        value = wanted // scale if over else -(-wanted // scale) - 1
        quotient = value // count
        self.high = min(quotient >> _BITS, _WORD)  # no window comes to more
        self.low = quotient & _WORD
        self.rest = value % count


class Window(Accumulator):
    """Sums of a window of up to 16,384 samples, which are compared without allocation."""

    def __init__(self):
        super().__init__()
        self._high = self._low = 0  # words of the sum of squares about the rounded mean
        self._rest = 0  # square of what the rounding left

    def centre(self):
        """Call when the window is full, before `exceeds`."""
        count = self._n0
        total = (self._s1 << _BITS) + self._s0
        mean = total // count
        rest = total - count * mean
        # Less mean * (total + rest), in words: mean has 12 bits and a sign, the other 27.
        factor = total + rest
        upper = mean * (factor >> 14)
        low = self._q0 - ((upper & 0x7FFF) << 14) - mean * (factor & 0x3FFF)
        self._high = self._q1 - (upper >> 15) + (low >> _BITS)
        self._low = low & _WORD
        self._rest = rest * rest

    def exceeds(self, limit: Limit) -> bool:
        """Whether the window's RMS is above a limit made for its number of samples."""
        low = limit.low + (limit.rest + self._rest) // self._n0
        high = limit.high + (low >> _BITS)
        return self._high > high or (self._high == high and self._low > low & _WORD)
