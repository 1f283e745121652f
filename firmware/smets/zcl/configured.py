# Cluster commands that set something, as templates: their fields, and what attribute each sets.
# Fields: octets of an unsigned number; i and octets of a signed one; d a UTC time from which it
# holds (0: now); s an octet string with its length; what follows * repeats to the end.
# "=NAME" is the attribute that a field sets, one of the command's cluster where none is named;
# "~value" is the value that leaves it as it is.
from smets.codec import DecodeError, Reader
from smets.zcl import attributes, clusters, types
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

# (cluster, direction bit, command) -> fields. GBCS mapping tables of the use cases named.
TEMPLATES = {
    # GCS25a, PublishBlockPeriod
    (PRICE, FROM_SERVER, 0x01): "4 4 4 3 1 1 1 1",
    # GCS23, PublishConversionFactor and PublishCalorificValue
    (PRICE, FROM_SERVER, 0x02): "4 d 4=CONVERSION_FACTOR 1=CONVERSION_FACTOR_TRAILING_DIGIT",
    (PRICE, FROM_SERVER, 0x03): (
        "4 d 4=CALORIFIC_VALUE 1=CALORIFIC_VALUE_UNIT 1=CALORIFIC_VALUE_TRAILING_DIGIT"
    ),
    # GCS01a and GCS01b, PublishTariffInformation, PublishPriceMatrix, PublishBlockThresholds
    (PRICE, FROM_SERVER, 0x04): (
        "4 4 4 d 1 s 1 1 1=TARIFF_UNIT_OF_MEASURE 2=CURRENCY 1=PRICE_TRAILING_DIGIT "
        "4=STANDING_CHARGE 1 3=THRESHOLD_MULTIPLIER 3=THRESHOLD_DIVISOR"
    ),
    (PRICE, FROM_SERVER, 0x05): "4 4 d 4 1 1 1 * 1 4",
    (PRICE, FROM_SERVER, 0x06): "4 4 d 4 1 1 1 1 * 6",
    # GCS25a, PublishBillingPeriod
    (PRICE, FROM_SERVER, 0x09): "4 4 4 3 1 1",
    # GCS32 and GCS39, ChangeSupply
    (METERING, FROM_CLIENT, 0x0B): "4 4 4 d 1 1",
    # GCS24 and GCS24a, SetSupplyStatus, SetUncontrolledFlowThreshold
    (METERING, FROM_CLIENT, 0x0D): "4 1=SUPPLY_TAMPER_STATE~3 1=SUPPLY_DEPLETION_STATE~3 1 1",
    (METERING, FROM_CLIENT, 0x0E): (
        "4 4 2=UNCONTROLLED_FLOW_THRESHOLD 1=UNCONTROLLED_FLOW_THRESHOLD_UNIT_OF_MEASURE "
        "2=UNCONTROLLED_FLOW_MULTIPLIER 2=UNCONTROLLED_FLOW_DIVISOR 1=FLOW_STABILISATION_PERIOD "
        "2=FLOW_MEASUREMENT_PERIOD"
    ),
    # GCS07, DisplayMessage
    (MESSAGING, FROM_SERVER, 0x00): "4 1 d 2 s",
    # GCS04, ChangeDebt
    (PREPAYMENT, FROM_CLIENT, 0x02): "4 s i4 1 1 4 2 1 i4 2",
    # GCS05: emergency credit, low credit warning level, maximum credit, overall debt cap
    (PREPAYMENT, FROM_CLIENT, 0x03): "4 d 4=EMERGENCY_CREDIT_LIMIT 4=EMERGENCY_CREDIT_THRESHOLD",
    (PREPAYMENT, FROM_CLIENT, 0x09): "4=LOW_CREDIT_WARNING_LEVEL",
    (PREPAYMENT, FROM_CLIENT, 0x0B): "4 4 d 4=MAX_CREDIT_LIMIT 4=MAX_CREDIT_PER_TOP_UP",
    (PREPAYMENT, FROM_CLIENT, 0x0C): "4 4 d i4=OVERALL_DEBT_CAP",
    # GCS40a to GCS40d, CreditAdjustment
    (PREPAYMENT, FROM_CLIENT, 0x05): "4 d 1 i4",
    # GCS02 and GCS03, ChangePaymentMode
    (PREPAYMENT, FROM_CLIENT, 0x06): "4 4 d 2=PAYMENT_CONTROL_CONFIGURATION i4=CUT_OFF_VALUE~-1",
    # GCS01a and GCS05, PublishCalendar and its parts
    (CALENDAR, FROM_SERVER, 0x00): "4 4 4 d 1 1 s 1 1 1",
    (CALENDAR, FROM_SERVER, 0x01): "4 4 4 1 1 1 1 1 * 2 1",
    (CALENDAR, FROM_SERVER, 0x02): "4 4 4 1 1 1 1 1 1 1 1",
    (CALENDAR, FROM_SERVER, 0x03): "4 4 4 1 1 * 4 1",
    (CALENDAR, FROM_SERVER, 0x04): "4 4 4 d 1 1 1 1 * 4 1",
    # GCS44, PublishChangeofSupplier
    (
        DEVICE_MANAGEMENT,
        FROM_SERVER,
        0x01,
    ): "4 4 1 4 d 4 s=PROVIDER_NAME s=PROVIDER_CONTACT_DETAILS",
    # GCS11, RequestNewPasswordResponse
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x02): "4 d 2 1 s",
    # GCS41, UpdateSiteID; GCS36, UpdateCIN
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x03): "4 d 4 s=METERING.SITE_ID",
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x06): "4 d 4 s=METERING.CUSTOMER_ID_NUMBER",
    # GCS20, SetEventConfiguration
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x04): "4 d 1 1 1 * 2",
}

# Values of a date that cancel what is pending (RTDS: GBCS 4.0 templates).
CANCELS = (0xFFFFFFFF, 0xFFFFFFFE)


class Fields:
    """A payload taken apart by its template; DecodeError where it does not fit."""

    def __init__(self, template: str, payload):
        """`values` in order, those that repeat included; `date` 0 where there is none."""
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
