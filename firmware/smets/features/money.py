# Amounts of money: all of them are kept and shown in thousandths of a penny (10**-5 pounds).
from smets.compat import const

# project-choice: digits after the point of amounts in pounds where a meter does not serve
# PriceTrailingDigit; 5 (thousandths of pence) in all RTDS vectors. Alternative: no amount.
DIGITS = const(5)


def amount(value: int, digits: int) -> int:
    """Thousandths of a penny of a value in pounds with so many digits after the point, rounded."""
    if digits <= DIGITS:
        return value * 10 ** (DIGITS - digits)
    drop = 10 ** (digits - DIGITS)
    return (value + drop // 2) // drop


def priced(value: int, trailing) -> int:
    """The same by an attribute PriceTrailingDigit (bits 4 to 7), or by None."""
    return amount(value, DIGITS if trailing is None else trailing >> 4)
