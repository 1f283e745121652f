# Prepayment as a feature of an electricity meter: there is an account once a supplier, a PPMID or
# the bench has asked for one (meter.py). Until then all is read from the values of the state.
from smets.dlms import objects
from smets.document import check
from smets.features import codes
from smets.features.feature import Feature
from smets.zcl import attributes, commands
from smets.zcl.clusters import METERING, PREPAYMENT

# The payment mode to come (ECS02, ECS03) and the script table of the load switch (ECS42 to
# ECS44), and the token gateway (CS01a): with these a supplier makes a meter keep an account.
_ASK_FOR_ACCOUNT = (
    (objects.SET, objects.key("111/0-1:19.0.0.255/2")),
    (objects.ACTION, objects.key("9/0-0:10.0.106.255/1")),
    (objects.ACTION, objects.key("115/0-0:19.40.0.255/1")),
)
_ACCOUNT = "prepayment"


def _check_account(value, path):
    from smets.features.prepayment import meter

    check(value, meter.form(), path)


class Prepayment(Feature):
    """The account of the meter, what it serves (served.py) and what changes it."""

    objects = (
        "0-0:10.0.106",
        "0-0:16.0.1",
        "0-0:19",
        "0-1:19.0.0",
        "0-0:12.0.1",
        "0-0:11.0.2",
        "0-1:12.0.1",
        "0-1:11.0.2",
        "0-0:94.44.2.10",
        "0-0:94.44.2.20",
        "0-0:94.44.128",
        "0-0:94.44.34.30",
        "0-0:96.3.10",
        "7/0-0:98.1.4.255/2",
        "7/0-0:98.1.5.255/2",
        "7/0-0:98.1.8.255/2",
    )
    attributes = {
        PREPAYMENT: (
            attributes.PAYMENT_CONTROL_CONFIGURATION,
            attributes.CREDIT_REMAINING,
            attributes.EMERGENCY_CREDIT_REMAINING,
            attributes.CREDIT_STATUS,
            attributes.ACCUMULATED_DEBT,
            attributes.EMERGENCY_CREDIT_LIMIT,
            attributes.EMERGENCY_CREDIT_THRESHOLD,
            attributes.MAX_CREDIT_LIMIT,
            attributes.MAX_CREDIT_PER_TOP_UP,
            attributes.LOW_CREDIT_WARNING_LEVEL,
            attributes.CUT_OFF_VALUE,
            attributes.DEBT_AMOUNT_1,
            attributes.DEBT_RECOVERY_AMOUNT_1,
            attributes.DEBT_AMOUNT_2,
            attributes.DEBT_RECOVERY_AMOUNT_2,
            attributes.DEBT_AMOUNT_3,
            attributes.DEBT_RECOVERY_TOP_UP_PERCENTAGE_3,
        ),
        METERING: (attributes.SUPPLY_STATUS,),
    }
    commands = (
        (PREPAYMENT, 0, commands.SELECT_AVAILABLE_EMERGENCY_CREDIT),
        (PREPAYMENT, 0, commands.CONSUMER_TOP_UP),
        (METERING, 0, commands.LOCAL_CHANGE_SUPPLY),
    )
    inputs = {"prepayment": ("configure", _check_account)}
    records = (
        _ACCOUNT,
        "keypads",
        "calendar",
        "calendar.next",
        "special",
        "special.next",
    )
    logs = ("prepaid",)
    alerts = (
        (codes.LOW_CREDIT, codes.ADDED_LOCALLY),
        (codes.EMERGENCY_AVAILABLE, codes.EMERGENCY_AVAILABLE),
        (codes.DEBT_COLLECTED, codes.EMERGENCY_SELECTED),
        (codes.DISABLED, codes.DISABLED),
        (codes.NOT_DISABLED, codes.NOT_DISABLED),
    )

    def __init__(self, device):
        super().__init__(device)
        self.meter = None  # meter.Meter, once there is an account

    def restore(self):
        """See Feature: without the account the other records are useless."""
        self.restored = self.restored and _ACCOUNT in self.device.store.names()
        if self.restored:
            self.open()

    def open(self):
        """The account; it begins with what a state has said of it."""
        if self.meter is None:
            from smets.features.prepayment.meter import Meter

            self.meter = Meter(self.device)
        return self.meter

    def configure(self, description: dict):
        """Keep an account, and set members of it; see meter.Meter.configure."""
        self.open().configure(description)

    def find(self, key: bytes, operation: str):
        """See Feature."""
        if self.meter is None and (operation, key) not in _ASK_FOR_ACCOUNT:
            return None
        return self.open().remote.find(key)

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        return self.meter.attributes.octets(cluster, attribute) if self.meter else None

    def fits_attribute(self, cluster: int, attribute: int, value: int):
        """See Feature."""
        if self.meter:
            self.meter.attributes.check(cluster, attribute, value)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature."""
        if self.meter is None:
            return False
        self.meter.attributes.load(cluster, attribute, value)
        return True

    def execute(self, call):
        """See Feature: a PPMID may ask for these, a remote party reads what a state says."""
        if not call.from_han:
            return None
        return self.open().actions.act(call, self.device.asking)

    def pass_time(self, seconds: int):
        """See Feature."""
        if self.meter:
            self.meter.actions.keypads.pass_time(seconds)

    def commanded(self, code: int, done: bool):
        """See Feature."""
        if self.meter:
            self.meter.tell()

    def tick(self):
        """See Feature."""
        if self.meter:
            self.meter.tell()

    def half_hour(self, due: int):
        """See Feature."""
        if self.meter:
            self.meter.half_hour(due)

    def summary(self) -> dict:
        """See Feature."""
        return {"prepayment": self.meter.summary()} if self.meter else {}


FEATURE = Prepayment
