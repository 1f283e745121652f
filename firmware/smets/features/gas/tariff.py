# The tariff of a gas meter: which tier or block is counted, its price, and kWh of gas (meter.md
# B.6). All of it stands in attributes of the Price cluster and in what GCS01a has published.
from smets import clock
from smets.compat import const
from smets.features import money
from smets.zcl import attributes, commands, frame
from smets.zcl.clusters import METERING, PRICE

TIERS = const(4)
_BLOCK = const(1)  # charging scheme of PublishTariffInformation
_NEXT = const(0x10)
_NO_THRESHOLD = 0xFFFFFFFFFFFF


class Tariff:
    """What a step of the register is counted as, and costs."""

    def __init__(self, device):
        """`device` has zcl and settings."""
        self._zcl = device.zcl
        self._settings = device.settings
        self.tier = 1
        self._told = None  # what PublishTariffInformation said, and whether there are blocks
        self._blocks = False

    def _get(self, cluster: int, attribute: int, default: int) -> int:
        value = self._zcl.get(cluster, attribute)
        return value if isinstance(value, int) and value else default

    def begin(self, now: int) -> int:
        """The tier at UTC `now` holds from now on; returns until when it does at least."""
        self.tier = 1
        if not self._settings.values:
            return clock.UTC_INVALID
        from smets.features.gas import calendar

        tier, until = calendar.at(self._settings, calendar.TARIFF, now)
        self.tier = tier if 1 <= tier <= TIERS else 1
        return until

    @property
    def blocks(self) -> bool:
        """Whether gas is counted by blocks, not by tiers."""
        if not self._settings.values:
            return False
        from smets.zcl import kept

        where = kept.key(kept.COMMAND, PRICE, commands.PUBLISH_TARIFF_INFORMATION)
        told = self._settings.values.get(where)
        if told is not self._told:
            from smets.zcl import configured

            self._told = told
            row = configured.template(
                PRICE, frame.SERVER_TO_CLIENT, commands.PUBLISH_TARIFF_INFORMATION
            )
            # Tariff type in the low nibble, charging scheme in the high one.
            self._blocks = configured.Fields(row or "", told).values[4] >> 4 == _BLOCK
        return self._blocks

    def limits(self) -> list:
        """Register steps at which the next blocks begin.

        project-choice: the thresholds are in cubic metres by their own multiplier and divisor, and
        are rounded up to whole steps of the register. Alternative: they are in kWh.
        """
        found = []
        scale = self._get(PRICE, attributes.THRESHOLD_MULTIPLIER, 1) * self._get(
            METERING, attributes.DIVISOR, 1
        )
        steps = self._get(PRICE, attributes.THRESHOLD_DIVISOR, 1) * self._get(
            METERING, attributes.MULTIPLIER, 1
        )
        for index in range(TIERS - 1):
            limit = self._zcl.get(PRICE, attributes.BLOCK1_THRESHOLD + index)
            if limit is not None and limit != _NO_THRESHOLD:
                found.append(-(-limit * scale // steps))
        return found

    def price(self, block: int) -> int:
        """The price of a kWh, 10^-5 pound: of a block from 0, or of the tier."""
        attribute = attributes.NO_TIER_BLOCK1_PRICE + block
        if not self.blocks:
            attribute = attributes.TIER1_BLOCK1_PRICE + _NEXT * (self.tier - 1)
        return self._amount(attribute)

    def standing_charge(self) -> int:
        """The price of a day, 10^-5 pound."""
        return self._amount(attributes.STANDING_CHARGE)

    def _amount(self, attribute: int) -> int:
        value = self._zcl.get(PRICE, attribute)
        if value is None or value == 0xFFFFFFFF:
            return 0
        return money.priced(value, self._zcl.get(PRICE, attributes.PRICE_TRAILING_DIGIT))

    def energy(self) -> tuple:
        """(numerator, denominator) of mWh in a register step.

        kWh = m3 x conversion factor x calorific value (MJ/m3) / 3.6.
        """
        top = self._get(METERING, attributes.MULTIPLIER, 1) * 10**7
        below = 36 * self._get(METERING, attributes.DIVISOR, 1)
        for value, digit in (
            (attributes.CONVERSION_FACTOR, attributes.CONVERSION_FACTOR_TRAILING_DIGIT),
            (attributes.CALORIFIC_VALUE, attributes.CALORIFIC_VALUE_TRAILING_DIGIT),
        ):
            top *= self._get(PRICE, value, 1)
            below *= 10 ** ((self._zcl.get(PRICE, digit) or 0) >> 4)
        return top, below
