# Change of tenancy at the meter side: the date that ECS12 or GCS09 sets, served to the HAN.
# Device Management 0x0200, 0x0201 on the ESI endpoint; executed on receipt, past or future.
from smets import clock, cosem_time, record
from smets.codec import DecodeError, Reader, Writer
from smets.compat import const
from smets.dlms import objects
from smets.features import restriction
from smets.features.feature import Feature
from smets.ports.store_error import StoreError
from smets.zcl import attributes, commands, frame, types
from smets.zcl.clusters import DEVICE_MANAGEMENT

# restrictDataDateTime, mapping row 75.
DATE_OBJECT = "1/0-0:94.44.3.2/2"

_RECORD = record.Table(
    "tenancy",
    (
        ("date", record.U32, restriction.NONE),
        ("control", record.U32, 0),
        ("provider", record.U32, 0),
        ("issuer_event", record.U32, 0),
    ),
    "all that is older than now is hidden, until a date is set (restriction.hidden_unknown)",
)
_PUBLISH_SIZE = const(17)
_OCTET_STRING_12 = b"\x09\x0c"


class TenancyServer(Feature):
    """The date, its control word and the command it came with; kept through power cuts."""

    objects = (DATE_OBJECT,)
    attributes = {
        DEVICE_MANAGEMENT: (
            attributes.CHANGE_OF_TENANCY_UPDATE_DATE_TIME,
            attributes.PROPOSED_TENANCY_CHANGE_CONTROL,
        )
    }
    commands = (
        (DEVICE_MANAGEMENT, 0, commands.GET_CHANGE_OF_TENANCY),
        (DEVICE_MANAGEMENT, frame.SERVER_TO_CLIENT, commands.PUBLISH_CHANGE_OF_TENANCY),
    )
    records = ("tenancy",)

    def __init__(self, device):
        super().__init__(device)
        self.date = restriction.NONE
        self.control = 0
        self.provider = 0
        self.issuer_event = 0
        self.damaged = False  # the record is, so the date is unknown

    def restore(self):
        """See Feature."""
        if not self.device.store:
            return
        try:
            values = _RECORD.read(self.device.store)
        except StoreError:
            self.damaged = True
            return
        if values is not None:
            self.date, self.control, self.provider, self.issuer_event = values

    def hidden_before(self) -> int:
        """See Feature."""
        if self.damaged:
            return restriction.hidden_unknown(self.device.clock)
        return restriction.hidden_before(self.date, self.device.clock)

    def hides(self, cluster: int, attribute: int) -> bool:
        """See Feature."""
        since = self.hidden_before()
        if not since:
            return False
        from smets.features import history

        own = self.device.clock
        now = own.seconds if own.status != clock.INVALID else -1
        start = history.begins(self.device.zcl, now, cluster, attribute)
        return start is not None and start < since

    def summary(self) -> dict:
        """See Feature: the date as ISO 8601, or None."""
        none = self.date in (restriction.NONE, 0)
        return {"tenancy": None if none else clock.format_iso(self.date)}

    def put(self, date: int, control: int, provider: int = 0, issuer_event: int = 0):
        """Store and serve a date; an identical one costs no flash write.

        Raises StoreError where it cannot be stored; the old date then stays in force.
        """
        values = (date, control, provider, issuer_event)
        old = (self.date, self.control, self.provider, self.issuer_event)
        if values == old and not self.damaged:
            return
        if self.device.store:
            _RECORD.write(self.device.store, values)
            self.device.store.undo(self._take, old + (self.damaged,))
        self._take(values + (False,))

    def _take(self, values: tuple):
        self.date, self.control, self.provider, self.issuer_event, self.damaged = values

    def attribute(self, cluster: int, attribute: int) -> bytes:
        """See Feature."""
        if attribute == attributes.PROPOSED_TENANCY_CHANGE_CONTROL:
            return bytes((types.BITMAP32,)) + types.encode(types.BITMAP32, self.control)
        return bytes((types.UTC_TIME,)) + types.encode(types.UTC_TIME, self.date)

    def fits_attribute(self, cluster: int, attribute: int, value: int):
        """See Feature."""
        types.encode(types.UINT32, value)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature; StoreError."""
        if attribute == attributes.PROPOSED_TENANCY_CHANGE_CONTROL:
            self.put(self.date, value, self.provider, self.issuer_event)
        else:
            self.put(value, self.control, self.provider, self.issuer_event)
        return True

    def execute(self, call):
        """See Feature."""
        return self._publish(call) if call.request.from_server else self._get(call)

    def _publish(self, call) -> int:
        """PublishChangeOfTenancy from the remote party (GCS09)."""
        if call.from_han:
            return frame.NOT_AUTHORIZED
        if len(call.request.payload) != _PUBLISH_SIZE:
            return frame.MALFORMED_COMMAND
        reader = Reader(call.request.payload)
        provider = reader.le(4, "ProviderID")
        issuer_event = reader.le(4, "IssuerEventID")
        reader.u8("TariffType")
        date = reader.le(4, "ImplementationDateTime")
        control = reader.le(4, "ProposedTenancyChangeControl")
        if date == 0:
            return frame.INVALID_VALUE  # "now" is not a date that a display could act on
        if restriction.OLDER_EVENTS_IGNORED and issuer_event < self.issuer_event:
            return frame.SUCCESS
        if date == restriction.NONE:
            # A cancellation: of the tenancy it names, and of no other.
            if (provider, issuer_event) != (self.provider, self.issuer_event):
                return frame.SUCCESS
            control = 0
        try:
            self.put(date, control, provider, issuer_event)
        except StoreError:
            return frame.HARDWARE_FAILURE
        return frame.SUCCESS

    def _get(self, call):
        """GetChangeOfTenancy of a display."""
        pending = self.date != restriction.NONE and self.device.clock.seconds < self.date
        if not pending and not (restriction.GET_ANSWERS_PAST_DATES and self.control):
            return frame.NOT_FOUND
        writer = Writer(_PUBLISH_SIZE)
        writer.le(self.provider, 4)
        writer.le(self.issuer_event, 4)
        writer.u8(0)
        writer.le(self.date, 4)
        writer.le(self.control, 4)
        return [bytes(writer.view())]

    # --- The object that ECS12 sets ------------------------------------------------------------

    def find(self, key: bytes, operation: str):
        """See Feature."""
        return self if operation in (objects.SET, objects.LOAD) else None

    def set(self, data) -> int:
        """Set of restrictDataDateTime."""
        try:
            self.load(data)
        except ValueError:
            return objects.OTHER_REASON
        except StoreError:
            return objects.HARDWARE_FAULT
        return objects.SUCCESS

    def fits(self, value, further: bool = False):
        """See Served."""
        _date(value)

    def load(self, octets):
        """See Served; ValueError."""
        self.put(_date(octets), restriction.ESME_CHANGE_CONTROL)


def _date(octets) -> int:
    """UTC seconds of an octet string that is a date-time; ValueError."""
    if bytes(octets[:2]) != _OCTET_STRING_12:
        raise ValueError("not an octet-string of 12 octets")
    try:
        return cosem_time.parse(octets[2:])
    except DecodeError as error:
        raise ValueError(str(error))


FEATURE = TenancyServer
