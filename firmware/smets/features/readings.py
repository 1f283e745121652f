# Values that a display read from a meter and shows now. They are not stored.
# A purge drops them with everything else of the former tenant.
from smets import clock
from smets.features.tenancy.cleared import ELECTRICITY, GAS
from smets.zcl import attributes
from smets.zcl.clusters import METERING, PREPAYMENT, PRICE

# Readings that are no attributes: the active price of a kWh, thousandths of a penny, and the label
# of its rate.
ACTIVE_PRICE = -1
RATE = -2
# Reads of each meter: cluster -> attributes, few enough for one frame.
_MONEY = (
    PREPAYMENT,
    (
        attributes.PAYMENT_CONTROL_CONFIGURATION,
        attributes.CREDIT_REMAINING,
        attributes.EMERGENCY_CREDIT_REMAINING,
        attributes.CREDIT_STATUS,
        attributes.ACCUMULATED_DEBT,
        attributes.DEBT_AMOUNT_1,
        attributes.DEBT_AMOUNT_2,
        attributes.DEBT_AMOUNT_3,
    ),
)
_PRICES = (
    PRICE,
    (
        attributes.STANDING_CHARGE,
        attributes.NO_TIER_BLOCK1_PRICE,
        attributes.PRICE_TRAILING_DIGIT,
    ),
)
_SCALE = (attributes.UNIT_OF_MEASURE, attributes.MULTIPLIER, attributes.DIVISOR)
POLLED = {
    ELECTRICITY: (
        (
            METERING,
            (
                attributes.CURRENT_SUMMATION_DELIVERED,
                attributes.SUPPLY_STATUS,
                attributes.AMBIENT_CONSUMPTION_INDICATOR,
            )
            + _SCALE
            + (attributes.INSTANTANEOUS_DEMAND,),
        ),
        _MONEY,
        _PRICES,
    ),
    GAS: (
        (
            METERING,
            (
                attributes.CURRENT_SUMMATION_DELIVERED,
                attributes.READING_SNAPSHOT_TIME,
                attributes.SUPPLY_STATUS,
            )
            + _SCALE,
        ),
        _MONEY,
        _PRICES,
    ),
}


class Readings:
    """Attribute values of one meter, by cluster and attribute; None where not available."""

    def __init__(self):
        self._values = {}
        self.seconds = clock.UTC_INVALID  # UTC of the last reading

    def take(self, cluster: int, attribute: int, value, now: int):
        """A value was read at UTC `now`; None where it is not available."""
        self._values[(cluster, attribute)] = value
        self.seconds = now

    def drop(self, cluster: int, attribute: int):
        """Note that the meter does not have the value, or no longer has it."""
        self._values.pop((cluster, attribute), None)

    def get(self, cluster: int, attribute: int):
        """The last value, or None."""
        return self._values.get((cluster, attribute))

    def clear(self):
        """Forget everything."""
        self._values.clear()
        self.seconds = clock.UTC_INVALID

    def scaled(self, cluster: int, attribute: int):
        """A quantity in thousandths of its unit (Wh, dm3), by multiplier and divisor; or None."""
        raw = self.get(cluster, attribute)
        return None if raw is None else self.scale(raw)

    def scale(self, raw: int):
        """Register steps in thousandths of the unit; None until the meter has told its scale."""
        multiplier = self.get(METERING, attributes.MULTIPLIER)
        divisor = self.get(METERING, attributes.DIVISOR)
        if not multiplier or not divisor:
            return None
        return raw * multiplier * 1000 // divisor
