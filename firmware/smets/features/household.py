# What a supplier leaves at an electricity meter for the household (meter.md E.6): a message, its
# name and number, the customer's number, the MPAN, thresholds of power, the privacy PIN; told to
# displays of the home.
from smets import clock, record
from smets.codec import Writer
from smets.compat import const
from smets.dlms import objects
from smets.document import BOOLEAN
from smets.features.feature import Feature
from smets.ports.store_error import StoreError
from smets.zcl import attributes, commands, frame, types
from smets.zcl.clusters import DEVICE_MANAGEMENT, MESSAGING, METERING

_MESSAGE = objects.key("1/0-2:96.13.1.255/2")
_PIN = objects.key("1/0-0:94.44.3.1/2")
_THRESHOLDS = objects.key("21/0-0:16.0.0.255/2")
_OCTETS = const(0x09)
_MPAN = const(13)  # the first of two
# project-choice: where the record is damaged a PIN protects, whether or not one did: the supplier
# can end that. Alternative: none does.
_RECORD = record.Table(
    "privacy-pin",
    (("on", record.U8, 0),),
    "what the meter shows is protected by a PIN until ECS14 ends it",
)
# (cluster, attribute) -> the object that holds its octets.
_TEXTS = {
    (METERING, attributes.SITE_ID): "1/0-0:94.44.34.11/2",
    (METERING, attributes.CUSTOMER_ID_NUMBER): "1/0-3:96.13.1.255/2",
    (DEVICE_MANAGEMENT, attributes.PROVIDER_NAME): "9000/0-0:96.13.1.255/2",
    (DEVICE_MANAGEMENT, attributes.PROVIDER_CONTACT_DETAILS): "9000/0-0:96.13.0.255/2",
}


class Household(Feature):
    """Reads the objects that use cases set, and tells the home of a new message."""

    objects = ("1/0-0:94.44.3.1/2",)
    attributes = {
        METERING: (attributes.SITE_ID, attributes.CUSTOMER_ID_NUMBER),
        DEVICE_MANAGEMENT: (
            attributes.PROVIDER_NAME,
            attributes.PROVIDER_CONTACT_DETAILS,
            attributes.LOW_MEDIUM_THRESHOLD,
            attributes.MEDIUM_HIGH_THRESHOLD,
        ),
    }
    commands = ((MESSAGING, 0, commands.GET_LAST_MESSAGE),)
    texts = True
    inputs = {"privacy_pin": ("set_pin", BOOLEAN)}
    records = ("privacy-pin",)

    def __init__(self, device):
        super().__init__(device)
        self._message = None  # the one that the home was told
        self._since = 0  # when that was
        self._number = 0
        self.pin = False  # whether a PIN protects what the meter shows
        self._held = False  # whether the store knows that

    def restore(self):
        """See Feature: what was there before was told before."""
        self._message = self.device.dlms.values.get(_MESSAGE)
        if self.restored:
            # What a state says of the attributes is given to them again all the same.
            self.restored = False
            self._held = True
            try:
                held = self.device.keeper.read(_RECORD)
            except StoreError:
                held = (1,)  # it was reported
            self.pin = bool(held and held[0])

    def set_pin(self, on: bool):
        """The consumer protects what the meter shows with a PIN, or no longer; StoreError.

        Inputs that come again after a power cut are older than what was kept.
        """
        if not (self._held and self.device.registry.replaying):
            keeper = self.device.keeper
            keeper.write(_RECORD, (int(on),))
            keeper.undo("pin", self.pin, self)
            self.pin = on

    # --- Messages -------------------------------------------------------------------------------

    def tick(self):
        """See Feature: a message that a command has left."""
        message = self.device.dlms.values.get(_MESSAGE)
        if message is None or message == self._message:
            return
        self._message = message
        own = self.device.clock
        self._since = own.seconds if own.status != clock.INVALID else 0
        self._number += 1
        announce = self.device.feature("announce")
        if announce:
            announce.tell(MESSAGING, commands.DISPLAY_MESSAGE, self._display())

    def _display(self) -> bytes:
        """DisplayMessage: until it is replaced."""
        text = bytes((self._message or b"")[2:])
        writer = Writer(12 + len(text))
        writer.le(self._number, 4)
        writer.u8(0)
        writer.le(self._since, 4)
        writer.le(0xFFFF, 2)
        writer.u8(len(text))
        writer.put(text)
        return bytes(writer.view())

    def execute(self, call):
        """See Feature: GetLastMessage."""
        if not call.from_han:
            return None
        self.tick()
        message = self._message
        if message is None or len(message) < 3 or self._since < self._hidden():
            return frame.NOT_FOUND
        call.reply_command = commands.DISPLAY_MESSAGE
        return [self._display()]

    def _hidden(self) -> int:
        return self.device.registry.hidden_before()

    # --- Attributes and the PIN -----------------------------------------------------------------

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        values = self.device.dlms.values
        text = _TEXTS.get((cluster, attribute))
        if text:
            octets = values.get(objects.key(text))
            if octets is None or octets[0] != _OCTETS:
                return None
            octets = bytes(octets[2:])
            if attribute == attributes.SITE_ID:
                octets = octets[:_MPAN]
            return bytes((types.OCTET_STRING,)) + types.encode(types.OCTET_STRING, octets)
        array = values.get(_THRESHOLDS)
        if array is None or bytes(array[:3]) != b"\x01\x02\x06":
            return None
        at = 3 if attribute == attributes.LOW_MEDIUM_THRESHOLD else 8
        value = int.from_bytes(bytes(array[at : at + 4]), "big")
        return bytes((types.UINT32,)) + types.encode(types.UINT32, value)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature: what a state says stands."""
        return False

    def find(self, key: bytes, operation: str):
        """See Feature: setting it ends the protection by a PIN (ECS14)."""
        return _Pin(self) if operation == objects.SET else None

    def summary(self) -> dict:
        """See Feature."""
        return {"privacy_pin": self.pin}


class _Pin(objects.Served):
    def __init__(self, owner: Household):
        self._owner = owner

    def set(self, data) -> int:
        """See Served."""
        if objects.unmatched(data, _OCTETS):
            return objects.TYPE_UNMATCHED
        try:
            self._owner.set_pin(False)
        except StoreError:
            return objects.HARDWARE_FAULT
        return objects.SUCCESS


FEATURE = Household
