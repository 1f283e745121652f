# What a gas meter shows on its own display (meter.md E.6): the message of the supplier, who it is,
# the number of the customer, the account; and the PIN that hides what is the household's own.
from smets import clock, record
from smets.codec import Reader
from smets.compat import const
from smets.document import refuse
from smets.features.feature import Feature
from smets.zcl import attributes, commands, kept
from smets.zcl.clusters import DEVICE_MANAGEMENT, MESSAGING, METERING, PREPAYMENT

_MESSAGE = kept.key(kept.COMMAND, MESSAGING, commands.DISPLAY_MESSAGE)
_SINCE = kept.key(kept.COMMAND, MESSAGING, commands.DISPLAY_MESSAGE, 1)  # gas_effects.SINCE
_UNTIL_REPLACED = const(0xFFFF)  # a duration in minutes
_MINUTE = const(60)
_DIGITS = const(4)
# Member of the summary, cluster, attribute, whether the PIN hides it.
# project-choice: the PIN hides what tells of the household: its message, its number, its account.
# Anybody reads the index, the MPRN and whom to call. Alternative: it hides all but the index.
SHOWN = (
    ("register", METERING, attributes.CURRENT_SUMMATION_DELIVERED, False),
    ("mprn", METERING, attributes.SITE_ID, False),
    ("supplier", DEVICE_MANAGEMENT, attributes.PROVIDER_NAME, False),
    ("contact", DEVICE_MANAGEMENT, attributes.PROVIDER_CONTACT_DETAILS, False),
    ("cin", METERING, attributes.CUSTOMER_ID_NUMBER, True),
    ("credit", PREPAYMENT, attributes.CREDIT_REMAINING, True),
)
# project-choice: seconds for which the right PIN shows all; it does not outlast the power.
# Alternative: until the consumer ends it.
OPEN_FOR = const(120)
# project-choice: so many wrong PINs in a row, and none is taken for so many seconds. Alternative:
# any number may be tried.
WRONG_PINS = const(3)
REFUSED_FOR = const(300)

_RECORD = record.Table(
    "gas-display",
    (("pin", record.up_to(_DIGITS), b""),),  # empty where nothing is protected
    "no PIN protects the display",
)


def check_pin(value, path: str):
    """Compare a value with a PIN of four digits; DocumentError."""
    digits = value if isinstance(value, str) else ""
    if len(digits) != _DIGITS or not all("0" <= char <= "9" for char in digits):
        refuse(path, value, "a PIN of four digits")


class GasDisplay(Feature):
    """Shows (`summary`), hides behind a PIN that the consumer sets and the supplier removes."""

    actions = {
        "set_pin": ("set_pin", check_pin),
        "pin": ("unlock", check_pin),
        "display": ("leave", ("lock",)),
    }
    records = ("gas-display",)

    def __init__(self, device):
        super().__init__(device)
        self.protection = b""  # the PIN; no octets without one
        self._until = 0  # uptime up to which the display is open
        self._wrong = 0  # PINs in a row
        self._refused = 0  # uptime up to which no PIN is taken

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self.protection = held[0]

    def _keep(self, pin: bytes):
        """Change the PIN; StoreError, and it is as it was."""
        keeper = self.device.keeper
        keeper.write(_RECORD, (pin,))
        keeper.undo("protection", self.protection, self)
        self.protection = pin

    # --- The PIN --------------------------------------------------------------------------------

    @property
    def hidden(self) -> bool:
        """Whether the PIN hides the household's own now."""
        return bool(self.protection) and self.device.uptime >= self._until

    def set_pin(self, digits: str):
        """The consumer protects the display; one who has not opened it cannot: ValueError."""
        if self.hidden:
            raise ValueError("the display is locked")
        self._keep(digits.encode())
        self._until = 0

    def unlock(self, digits: str):
        """The consumer enters the PIN; ValueError where it is not the one, or not taken now."""
        uptime = self.device.uptime
        if uptime < self._refused:
            raise ValueError("no PIN is taken now")
        if not self.protection:
            raise ValueError("no PIN was set")
        if digits.encode() != self.protection:
            self._wrong += 1
            if self._wrong >= WRONG_PINS:
                self._wrong = 0
                self._refused = uptime + REFUSED_FOR
            raise ValueError("wrong PIN")
        self._wrong = 0
        self._until = uptime + OPEN_FOR

    def leave(self, what: str):
        """The consumer leaves the display."""
        self._until = 0

    def unprotect(self):
        """The supplier ends the protection (GCS11); StoreError."""
        self._keep(b"")

    # --- The message ----------------------------------------------------------------------------

    def message(self):
        """The supplier's message that is shown now, or None.

        It ends with its duration, counted from its start or, without one, from when it came.

        project-choice: one that came while the clock was invalid is shown until it is replaced.
        Alternative: its duration counts from when the clock is set.
        """
        settings = self.device.settings
        octets = settings.get(_MESSAGE)
        if octets is None:
            return None
        reader = Reader(octets)
        reader.skip(5, "number, control")
        start = reader.le(4, "start") or int.from_bytes(settings.get(_SINCE) or b"", "big")
        minutes = reader.le(2, "duration")
        own = self.device.clock
        ends = start and minutes != _UNTIL_REPLACED and own.status != clock.INVALID
        if ends and own.seconds >= start + minutes * _MINUTE:
            return None
        return bytes(reader.view(reader.u8("length"), "message")) or None

    # --- What it shows --------------------------------------------------------------------------

    def summary(self) -> dict:
        """See Feature: all that is shown; None is not shown."""
        hidden = self.hidden
        shown: dict = {"locked": hidden, "protected": bool(self.protection)}
        message = self.message()
        shown["message"] = None if hidden or message is None else _text(message)
        for name, cluster, attribute, personal in SHOWN:
            value = self.device.zcl.get(cluster, attribute)
            if isinstance(value, (bytes, bytearray, memoryview)):
                value = _text(bytes(value)) or None
            shown[name] = None if hidden and personal else value
        return {"display": shown}


def _text(octets: bytes) -> str:
    """Octets of a supplier as a display has them: what is no ASCII is a question mark."""
    return "".join([chr(octet) if 0x20 <= octet < 0x7F else "?" for octet in octets])


FEATURE = GasDisplay
