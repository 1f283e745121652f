# Prepayment as a feature of an electricity meter: there is an account once a supplier, a PPMID or
# the bench has asked for one (meter.py). Until then all is read from the values of the state.
from smets.dlms import objects
from smets.features.feature import Feature
from smets.zcl.clusters import METERING, PREPAYMENT

# The payment mode to come (ECS02, ECS03) and the script table of the load switch (ECS42 to
# ECS44), and the token gateway (CS01a): with these a supplier makes a meter keep an account.
_ASK_FOR_ACCOUNT = (
    (objects.SET, objects.key("111/0-1:19.0.0.255/2")),
    (objects.ACTION, objects.key("9/0-0:10.0.106.255/1")),
    (objects.ACTION, objects.key("115/0-0:19.40.0.255/1")),
)
_ACCOUNT = "prepayment"


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
        "0-0:98.1",
        "0-0:99.98.0",
    )
    attributes = {
        PREPAYMENT: (
            0x0000,
            0x0001,
            0x0002,
            0x0003,
            0x0005,
            0x0010,
            0x0011,
            0x0021,
            0x0022,
            0x0031,
            0x0040,
            0x0211,
            0x0217,
            0x0221,
            0x0227,
            0x0231,
            0x0239,
        ),
        METERING: (0x0014,),
    }
    # SelectAvailableEmergencyCredit, ConsumerTopUp, LocalChangeSupply.
    commands = ((PREPAYMENT, 0, 0x00), (PREPAYMENT, 0, 0x04), (METERING, 0, 0x0C))
    inputs = {"prepayment": "configure"}
    records = (
        _ACCOUNT,
        "keypads",
        "events",
        "calendar",
        "calendar.next",
        "special",
        "special.next",
    )
    logs = ("prepaid",)

    def __init__(self, device):
        super().__init__(device)
        self.meter = None  # meter.Meter, once there is an account

    def restore(self):
        """See Feature: without its account the rest says nothing."""
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

    def load_attribute(self, cluster: int, attribute: int, value) -> bool:
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

    def half_hour(self, due: int):
        """See Feature."""
        if self.meter:
            self.meter.half_hour(due)

    def summary(self) -> dict:
        """See Feature."""
        return {"prepayment": self.meter.summary()} if self.meter else {}


FEATURE = Prepayment
