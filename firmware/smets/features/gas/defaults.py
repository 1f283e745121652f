# What a new gas meter says of itself before anybody has set it: a meter without a state answers
# every read of its use cases.
from smets.features.feature import Feature
from smets.zcl import attributes, types
from smets.zcl.clusters import BASIC, METERING, PRICE

# project-choice: cubic metres in steps of a litre; the conversion factor and a calorific value as
# suppliers use them; no price, no threshold; pounds in thousandths of a penny; a supply that
# tamper and an empty battery leave as it is; a flow that is never too large. Alternative: any
# values, which a supplier sets (GCS01a, 23, 24a, 41) or a state tells.
VALUES = {
    BASIC: {
        attributes.HW_VERSION: (types.UINT8, 1),
        attributes.MANUFACTURER_NAME: (types.CHAR_STRING, b"smets"),
        attributes.MODEL_IDENTIFIER: (types.CHAR_STRING, b"GSME"),
    },
    PRICE: {
        attributes.THRESHOLD_MULTIPLIER: (types.UINT24, 1),
        attributes.THRESHOLD_DIVISOR: (types.UINT24, 1000),
        attributes.COMMODITY_TYPE: (types.ENUM8, 1),
        attributes.STANDING_CHARGE: (types.UINT32, 0),
        attributes.CONVERSION_FACTOR: (types.UINT32, 102264),
        attributes.CONVERSION_FACTOR_TRAILING_DIGIT: (types.BITMAP8, 0x50),
        attributes.CALORIFIC_VALUE: (types.UINT32, 395),
        attributes.CALORIFIC_VALUE_UNIT: (types.ENUM8, 1),
        attributes.CALORIFIC_VALUE_TRAILING_DIGIT: (types.BITMAP8, 0x10),
        attributes.TARIFF_UNIT_OF_MEASURE: (types.ENUM8, 0),
        attributes.CURRENCY: (types.UINT16, 826),
        attributes.PRICE_TRAILING_DIGIT: (types.BITMAP8, 0x50),
    },
    METERING: {
        attributes.CURRENT_METER_ID: (types.OCTET_STRING, bytes(4)),
        attributes.UNIT_OF_MEASURE: (types.ENUM8, 1),
        attributes.MULTIPLIER: (types.UINT24, 1),
        attributes.DIVISOR: (types.UINT24, 1000),
        attributes.SITE_ID: (types.OCTET_STRING, b""),
        attributes.SUPPLY_TAMPER_STATE: (types.ENUM8, 2),
        attributes.SUPPLY_DEPLETION_STATE: (types.ENUM8, 2),
        attributes.UNCONTROLLED_FLOW_THRESHOLD: (types.UINT16, 0xFFFF),
        attributes.UNCONTROLLED_FLOW_THRESHOLD_UNIT_OF_MEASURE: (types.ENUM8, 1),
        attributes.UNCONTROLLED_FLOW_MULTIPLIER: (types.UINT16, 1),
        attributes.UNCONTROLLED_FLOW_DIVISOR: (types.UINT16, 1),
        attributes.FLOW_STABILISATION_PERIOD: (types.UINT8, 0),
        attributes.FLOW_MEASUREMENT_PERIOD: (types.UINT16, 0),
    },
}
for _index in range(4):
    VALUES[PRICE][attributes.NO_TIER_BLOCK1_PRICE + _index] = (types.UINT32, 0)
    VALUES[PRICE][attributes.TIER1_BLOCK1_PRICE + 0x10 * _index] = (types.UINT32, 0)
for _index in range(3):
    VALUES[PRICE][attributes.BLOCK1_THRESHOLD + _index] = (types.UINT48, 0xFFFFFFFFFFFF)


class GasDefaults(Feature):
    """Values that nobody has set or told; who sets one sets a value that is kept."""

    attributes = {cluster: tuple(row) for cluster, row in VALUES.items()}
    texts = True

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        kind, value = VALUES[cluster][attribute]
        return bytes((kind,)) + types.encode(kind, value)


FEATURE = GasDefaults
