# Cluster commands that set something, as templates: their fields, and what attribute each sets.
# Fields: octets of an unsigned number; i and octets of a signed one; d a UTC time from which it
# holds (0: now); s an octet string with its length; what follows * repeats to the end.
# "=Name" is the attribute that a field sets, "~value" the value that leaves it as it is.
from smets.codec import DecodeError, Reader
from smets.zcl import types
from smets.zcl.clusters import (
    ATTRIBUTES,
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
    (PRICE, FROM_SERVER, 0x02): "4 d 4=ConversionFactor 1=ConversionFactorTrailingDigit",
    (PRICE, FROM_SERVER, 0x03): (
        "4 d 4=CalorificValue 1=CalorificValueUnit 1=CalorificValueTrailingDigit"
    ),
    # GCS01a and GCS01b, PublishTariffInformation, PublishPriceMatrix, PublishBlockThresholds
    (PRICE, FROM_SERVER, 0x04): (
        "4 4 4 d 1 s 1 1 1=TariffUnitofMeasure 2=Currency 1=PriceTrailingDigit 4=StandingCharge 1 "
        "3=ThresholdMultiplier 3=ThresholdDivisor"
    ),
    (PRICE, FROM_SERVER, 0x05): "4 4 d 4 1 1 1 * 1 4",
    (PRICE, FROM_SERVER, 0x06): "4 4 d 4 1 1 1 1 * 6",
    # GCS25a, PublishBillingPeriod
    (PRICE, FROM_SERVER, 0x09): "4 4 4 3 1 1",
    # GCS32 and GCS39, ChangeSupply
    (METERING, FROM_CLIENT, 0x0B): "4 4 4 d 1 1",
    # GCS24 and GCS24a, SetSupplyStatus, SetUncontrolledFlowThreshold
    (METERING, FROM_CLIENT, 0x0D): "4 1=SupplyTamperState~3 1=SupplyDepletionState~3 1 1",
    (METERING, FROM_CLIENT, 0x0E): (
        "4 4 2=UncontrolledFlowThreshold 1=UncontrolledFlowThresholdUnitofMeasure "
        "2=UncontrolledFlowMultiplier 2=UncontrolledFlowDivisor 1=FlowStabilisationPeriod "
        "2=FlowMeasurementPeriod"
    ),
    # GCS07, DisplayMessage
    (MESSAGING, FROM_SERVER, 0x00): "4 1 d 2 s",
    # GCS04, ChangeDebt
    (PREPAYMENT, FROM_CLIENT, 0x02): "4 s i4 1 1 4 2 1 i4 2",
    # GCS05: emergency credit, low credit warning level, maximum credit, overall debt cap
    (PREPAYMENT, FROM_CLIENT, 0x03): "4 d 4=EmergencyCreditLimit 4=EmergencyCreditThreshold",
    (PREPAYMENT, FROM_CLIENT, 0x09): "4=LowCreditWarningLevel",
    (PREPAYMENT, FROM_CLIENT, 0x0B): "4 4 d 4=MaxCreditLimit 4=MaxCreditPerTopUp",
    (PREPAYMENT, FROM_CLIENT, 0x0C): "4 4 d i4=OverallDebtCap",
    # GCS40a to GCS40d, CreditAdjustment
    (PREPAYMENT, FROM_CLIENT, 0x05): "4 d 1 i4",
    # GCS02 and GCS03, ChangePaymentMode
    (PREPAYMENT, FROM_CLIENT, 0x06): "4 4 d 2=PaymentControlConfiguration i4=CutOffValue~-1",
    # GCS01a and GCS05, PublishCalendar and its parts
    (CALENDAR, FROM_SERVER, 0x00): "4 4 4 d 1 1 s 1 1 1",
    (CALENDAR, FROM_SERVER, 0x01): "4 4 4 1 1 1 1 1 * 2 1",
    (CALENDAR, FROM_SERVER, 0x02): "4 4 4 1 1 1 1 1 1 1 1",
    (CALENDAR, FROM_SERVER, 0x03): "4 4 4 1 1 * 4 1",
    (CALENDAR, FROM_SERVER, 0x04): "4 4 4 d 1 1 1 1 * 4 1",
    # GCS44, PublishChangeofSupplier
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x01): "4 4 1 4 d 4 s=ProviderName s=ProviderContactDetails",
    # GCS11, RequestNewPasswordResponse
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x02): "4 d 2 1 s",
    # GCS41, UpdateSiteID; GCS36, UpdateCIN
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x03): "4 d 4 s=SiteID",
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x06): "4 d 4 s=CustomerIDNumber",
    # GCS20, SetEventConfiguration
    (DEVICE_MANAGEMENT, FROM_SERVER, 0x04): "4 d 1 1 1 * 2",
}

# Values of a date that cancel what is pending (facts F.1).
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

    def attributes(self):
        """Yield (cluster, attribute, type, value) of each attribute that the command sets."""
        for name, value in self._named:
            cluster, attribute, type_id = place(name)
            yield cluster, attribute, type_id, value


def place(name: str) -> tuple:
    """(cluster, attribute, type) of an attribute by its name; ValueError."""
    for cluster, rows in ATTRIBUTES.items():
        for row in rows:
            if row[2] == name:
                return cluster, row[0], row[1]
    raise ValueError("attribute " + name)
