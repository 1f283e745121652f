# Values that a display read from a meter and shows now. They are not stored.
# A purge drops it with everything else of the former tenant.
from smets import clock
from smets.features.tenancy.cleared import ELECTRICITY, GAS
from smets.zcl.clusters import METERING, PREPAYMENT, PRICE

# What is asked of each meter: cluster -> attributes, few enough for one frame.
_MONEY = (
    PREPAYMENT,
    (0x0000, 0x0001, 0x0002, 0x0003, 0x0005, 0x0211, 0x0221, 0x0231),
)
_PRICES = (PRICE, (0x0301, 0x0400, 0x0617))
POLLED = {
    ELECTRICITY: (
        (METERING, (0x0000, 0x0014, 0x0207, 0x0300, 0x0301, 0x0302, 0x0400)),
        _MONEY,
        _PRICES,
    ),
    GAS: ((METERING, (0x0000, 0x0007, 0x0014, 0x0300, 0x0301, 0x0302)), _MONEY, _PRICES),
}

# Values that mean "not available": all bits one (signed types: the most negative value).
_INVALID = {0x20: 0xFF, 0x21: 0xFFFF, 0x22: 0xFFFFFF, 0x23: 0xFFFFFFFF, 0x30: 0xFF}
_INVALID.update({0x25: 0xFFFFFFFFFFFF, 0x2A: -0x800000, 0x2B: -0x80000000})
_INVALID.update({0x18: 0xFF, 0x19: 0xFFFF, 0xE2: clock.UTC_INVALID})


class Readings:
    """Attribute values of one meter, by cluster and attribute; None where not available."""

    def __init__(self):
        self._values = {}
        self.seconds = clock.UTC_INVALID  # UTC of the last reading

    def take(self, cluster: int, attribute: int, type_id: int, value, now: int):
        """A value was read at UTC `now`."""
        if value == _INVALID.get(type_id, None):
            value = None
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
        multiplier = self.get(METERING, 0x0301)
        divisor = self.get(METERING, 0x0302)
        if not multiplier or not divisor:
            return None
        return raw * multiplier * 1000 // divisor
