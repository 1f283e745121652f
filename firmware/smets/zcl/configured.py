# Cluster commands that set something, as templates: their fields, and what attribute each sets.
# Fields: octets of an unsigned number; i and octets of a signed one; d a UTC time from which it
# holds (0: now); s an octet string with its length; what follows * repeats to the end.
# "=NAME" is the attribute that a field sets, one of the command's cluster where none is named;
# "~value" is the value that leaves it as it is. "> name" is the function of
# features/gas_effects.py that does what the command does beyond that.
from smets.codec import DecodeError, Reader
from smets.zcl import attributes, clusters, commands, types
from smets.zcl.clusters import (
    CALENDAR,
    DEVICE_MANAGEMENT,
    MESSAGING,
    METERING,
    PREPAYMENT,
    PRICE,
)

FROM_CLIENT = 0
FROM_SERVER = 8  # the direction bit of a frame control

# (cluster, direction bit) -> command -> fields. GBCS mapping tables of the use cases named.
TEMPLATES = {
    (PRICE, FROM_SERVER): {
        # GCS01a and GCS01b
        commands.PUBLISH_TARIFF_INFORMATION: (
            "4 4 4 d 1 s 1 1 1=TARIFF_UNIT_OF_MEASURE 2=CURRENCY 1=PRICE_TRAILING_DIGIT "
            "4=STANDING_CHARGE 1 3=THRESHOLD_MULTIPLIER 3=THRESHOLD_DIVISOR > as_sent"
        ),
        commands.PUBLISH_PRICE_MATRIX: "4 4 d 4 1 1 1 * 1 4 > prices",
        commands.PUBLISH_BLOCK_THRESHOLDS: "4 4 d 4 1 1 1 1 * 6 > thresholds",
        # GCS23
        commands.PUBLISH_CONVERSION_FACTOR: (
            "4 d 4=CONVERSION_FACTOR 1=CONVERSION_FACTOR_TRAILING_DIGIT"
        ),
        commands.PUBLISH_CALORIFIC_VALUE: (
            "4 d 4=CALORIFIC_VALUE 1=CALORIFIC_VALUE_UNIT 1=CALORIFIC_VALUE_TRAILING_DIGIT"
        ),
        # GCS25a
        commands.PUBLISH_BLOCK_PERIOD: "4 4 4 3 1 1 1 1 > as_sent",
        commands.PUBLISH_BILLING_PERIOD: "4 4 4 3 1 1 > billing",
    },
    (METERING, FROM_CLIENT): {
        # GCS32 and GCS39
        commands.CHANGE_SUPPLY: "4 4 4 d 1 1 > supply",
        # GCS24 and GCS24a
        commands.SET_SUPPLY_STATUS: (
            "4 1=SUPPLY_TAMPER_STATE~3 1=SUPPLY_DEPLETION_STATE~3 1 1 > as_sent"
        ),
        commands.SET_UNCONTROLLED_FLOW_THRESHOLD: (
            "4 4 2=UNCONTROLLED_FLOW_THRESHOLD 1=UNCONTROLLED_FLOW_THRESHOLD_UNIT_OF_MEASURE "
            "2=UNCONTROLLED_FLOW_MULTIPLIER 2=UNCONTROLLED_FLOW_DIVISOR "
            "1=FLOW_STABILISATION_PERIOD 2=FLOW_MEASUREMENT_PERIOD"
        ),
    },
    # GCS07
    (MESSAGING, FROM_SERVER): {commands.DISPLAY_MESSAGE: "4 1 d 2 s > message"},
    (PREPAYMENT, FROM_CLIENT): {
        # GCS06 and PCS02
        commands.SELECT_AVAILABLE_EMERGENCY_CREDIT: "4 1 > emergency",
        # GCS04
        commands.CHANGE_DEBT: "4 s i4 1 1 4 2 1 i4 2 > debt",
        # GCS05
        commands.EMERGENCY_CREDIT_SETUP: (
            "4 d 4=EMERGENCY_CREDIT_LIMIT 4=EMERGENCY_CREDIT_THRESHOLD"
        ),
        commands.SET_LOW_CREDIT_WARNING_LEVEL: "4=LOW_CREDIT_WARNING_LEVEL",
        commands.SET_MAXIMUM_CREDIT_LIMIT: "4 4 d 4=MAX_CREDIT_LIMIT 4=MAX_CREDIT_PER_TOP_UP",
        commands.SET_OVERALL_DEBT_CAP: "4 4 d i4=OVERALL_DEBT_CAP",
        # GCS40a to GCS40d
        commands.CREDIT_ADJUSTMENT: "4 d 1 i4 > credit",
        # GCS02 and GCS03
        commands.CHANGE_PAYMENT_MODE: (
            "4 4 d 2=PAYMENT_CONTROL_CONFIGURATION i4=CUT_OFF_VALUE~-1"
        ),
    },
    # GCS01a and GCS05
    (CALENDAR, FROM_SERVER): {
        commands.PUBLISH_CALENDAR: "4 4 4 d 1 1 s 1 1 1",
        commands.PUBLISH_DAY_PROFILE: "4 4 4 1 1 1 1 1 * 2 1",
        commands.PUBLISH_WEEK_PROFILE: "4 4 4 1 1 1 1 1 1 1 1",
        commands.PUBLISH_SEASONS: "4 4 4 1 1 * 4 1",
        commands.PUBLISH_SPECIAL_DAYS: "4 4 4 d 1 1 1 1 * 4 1",
    },
    (DEVICE_MANAGEMENT, FROM_SERVER): {
        # GCS44
        commands.PUBLISH_CHANGE_OF_SUPPLIER: (
            "4 4 1 4 d 4 s=PROVIDER_NAME s=PROVIDER_CONTACT_DETAILS"
        ),
        # GCS11
        commands.REQUEST_NEW_PASSWORD_RESPONSE: "4 d 2 1 s > privacy",
        # GCS41 and GCS36
        commands.UPDATE_SITE_ID: "4 d 4 s=METERING.SITE_ID",
        commands.UPDATE_CIN: "4 d 4 s=METERING.CUSTOMER_ID_NUMBER",
        # GCS20
        commands.SET_EVENT_CONFIGURATION: "4 d 1 1 1 * 2 > events",
    },
}


def template(cluster: int, side: int, command: int):
    """The template of a command of a side (a direction bit), or None where it sets nothing."""
    return TEMPLATES.get((cluster, side), {}).get(command)


# Values of a date that cancel what is pending (RTDS: GBCS 4.0 templates).
CANCELS = (0xFFFFFFFF, 0xFFFFFFFE)


class Fields:
    """A payload taken apart by its template; DecodeError where it does not fit."""

    def __init__(self, template: str, payload):
        """`values` in order, those that repeat included; `date` 0 where there is none.

        `effect` is the name of the function that the template names, or "".
        """
        template, _, effect = template.partition(" > ")
        self.effect = effect
        head, _, group = template.partition("*")
        reader = Reader(payload)
        self.values = []
        self.date = 0
        self._named = []  # (name, what leaves it, value)
        for kind in head.split():
            value = self._read(reader, kind)
            if kind == "d":
                self.date = value
        self.repeated = len(self.values)  # where what repeats begins
        group = group.split()
        while group and reader.left():
            for kind in group:
                self._read(reader, kind)
        reader.finish("command")

    def _read(self, reader, kind):
        kind, _, name = kind.partition("=")
        if kind == "s":
            value = types.read_value(reader, types.OCTET_STRING)
            if value is None:
                raise DecodeError(reader.pos, "no string")
        elif kind[0] == "i":
            value = types.read_value(reader, types.INT8 - 1 + int(kind[1:]))
        else:
            value = reader.le(4 if kind == "d" else int(kind), "field")
        self.values.append(value)
        if name:
            name, _, leaves = name.partition("~")
            if not leaves or int(leaves) != value:
                self._named.append((name, value))
        return value

    def settings(self, cluster: int):
        """Yield (cluster, attribute, value) of what the command sets, `cluster` being its own."""
        for name, value in self._named:
            of, _, name = name.rpartition(".")
            yield getattr(clusters, of) if of else cluster, getattr(attributes, name), value
