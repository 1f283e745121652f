# engines: cpython unix
# Amounts of money: pounds with some digits after the point, in thousandths of a penny.
from smets.features import money


def test_digits_after_the_point():
    """spec: PriceTrailingDigit, bits 4 to 7: where the point of a price in pounds stands."""
    for value, trailing, expected in (
        (28620, 0x50, 28620),  # 28.620 p
        (12345, 0x30, 1234500),  # 12.345 pounds
        (7, 0x00, 700000),
        (286, 0x4F, 2860),  # the bits below say nothing of the point
        (28620000, 0x80, 28620),
        (0, 0xF0, 0),
        (-5, 0x20, -5000),
    ):
        assert money.priced(value, trailing) == expected, value


def test_rounding():
    """project: to the nearest thousandth of a penny, a half upwards."""
    for value, expected in (
        (2862049, 28620),
        (2862050, 28621),
        (2862149, 28621),
        (50, 1),
        (49, 0),
    ):
        assert money.amount(value, 7) == expected, value
    assert money.amount(-50, 7) == 0 and money.amount(-51, 7) == -1


def test_without_the_attribute():
    """project-choice: thousandths of a penny, as in all RTDS vectors."""
    assert money.priced(28620, None) == 28620 and money.DIGITS == 5
