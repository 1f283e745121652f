# What energy and a day cost, from the attributes of the Price cluster that the meter serves.
# Amounts in thousandths of a penny, by PriceTrailingDigit; nothing is charged that has no price.
from smets.compat import const
from smets.zcl.clusters import PRICE

_DIGITS = const(5)  # where a meter serves no PriceTrailingDigit, as in all RTDS vectors
_PRICES = (0x0400, 0x0410, 0x0401, 0x0420)


def _amount(zcl, attribute: int) -> int:
    value = zcl.get(PRICE, attribute)
    if not isinstance(value, int) or value in (0xFFFFFFFF,):
        return 0
    trailing = zcl.get(PRICE, 0x0617)
    digits = trailing >> 4 if isinstance(trailing, int) else _DIGITS
    if digits <= _DIGITS:
        return value * 10 ** (_DIGITS - digits)
    drop = 10 ** (digits - _DIGITS)
    return (value + drop // 2) // drop


def price(zcl) -> int:
    """The active price of a kWh: of the first block of the only rate; 0 where there is none."""
    for attribute in _PRICES:
        value = _amount(zcl, attribute)
        if value:
            return value
    return 0


def standing_charge(zcl) -> int:
    """The standing charge of a day."""
    return _amount(zcl, 0x0301)
