# The price of energy and of a day, from the attributes of the Price cluster that the meter serves.
# Amounts in thousandths of a penny; what has no price is not charged.
from smets.features import money
from smets.zcl import attributes
from smets.zcl.clusters import PRICE

# Of the first two blocks and tiers.
_PRICES = (
    attributes.NO_TIER_BLOCK1_PRICE,
    attributes.TIER1_BLOCK1_PRICE,
    attributes.NO_TIER_BLOCK1_PRICE + 1,
    attributes.TIER1_BLOCK1_PRICE + 16,
)


def _amount(zcl, attribute: int) -> int:
    value = zcl.get(PRICE, attribute)
    if value is None or value == 0xFFFFFFFF:
        return 0
    return money.priced(value, zcl.get(PRICE, attributes.PRICE_TRAILING_DIGIT))


def price(zcl) -> int:
    """The active price of a kWh: of the first block of the only rate; 0 without one."""
    for attribute in _PRICES:
        value = _amount(zcl, attribute)
        if value:
            return value
    return 0


def standing_charge(zcl) -> int:
    """The standing charge of a day."""
    return _amount(zcl, attributes.STANDING_CHARGE)
