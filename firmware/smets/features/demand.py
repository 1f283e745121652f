# Maximum demand (meter.md E.3): the highest half-hour average of import, of import in the window
# that the network operator sets, and of export; each with its time, and when it was reset.
from smets import clock, cosem_time, record
from smets.codec import DecodeError, Writer
from smets.dlms import objects
from smets.features.feature import Feature
from smets.features.quantities import EXPORT, IMPORT, SECONDARY
from smets.ports.store_error import StoreError
from smets.zcl import attributes, types
from smets.zcl.clusters import METERING

# OBIS code of a register -> its place below.
_REGISTERS = ("1-0:1.6.0.255", "1-0:1.6.1.255", "1-0:2.6.0.255")
_RESETS = ("1/0-0:94.44.5.1/2", "1/0-0:94.44.5.0/2", "1/0-0:94.44.5.2/2")
_WINDOW = objects.key("10/0-0:12.0.0.255/2")
_START, _END = 1, 2  # scripts of the window
_VALUE, _SCALE, _TIME = 2, 3, 5  # attributes; the last is the capture time
_WATTS = b"\x02\x02\x0f\x00\x16\x1b"
_INTEGER = 0x0F  # the tag of reset(data)
_HALF_HOUR = 1800
# project-choice: the home reads maximum demand by the attributes of the standard, in W like the
# power, and when it was; not that of the window, for which there is no attribute. Alternative: a
# remote party alone reads it. Attribute -> its register, and whether it is a time.
_AT_HOME = {
    attributes.CURRENT_MAX_DEMAND_DELIVERED: (0, False),
    attributes.CURRENT_MAX_DEMAND_DELIVERED_TIME: (0, True),
    attributes.CURRENT_MAX_DEMAND_RECEIVED: (2, False),
    attributes.CURRENT_MAX_DEMAND_RECEIVED_TIME: (2, True),
}
_RECORD = record.Table(
    "demand",
    tuple(
        [
            (name + str(n), record.U32, 0)
            for n in range(len(_REGISTERS))
            for name in ("value", "at", "reset")
        ]
    ),
    "maximum demand begins at zero",
)


class Demand(Feature, objects.Served):
    """Nine numbers: of each register its value in W, its time and that of its last reset."""

    objects = _RESETS + tuple(
        ["4/" + code + "/" + attribute for code in _REGISTERS for attribute in "1235"]
    )
    attributes = {METERING: tuple(_AT_HOME)}
    records = ("demand",)

    def __init__(self, device):
        super().__init__(device)
        self.held = [0] * (3 * len(_REGISTERS))
        self.storage_errors = 0
        self._import = self._export = 0  # Wh in this half hour
        self._key = b""

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self.held = list(held)

    # --- Time -----------------------------------------------------------------------------------

    def pass_time(self, seconds: int):
        """See Feature."""
        counted = self.device.feature("register").counted
        self._import += counted[IMPORT] + counted[SECONDARY]
        self._export += counted[EXPORT]

    def half_hour(self, due: int):
        """See Feature."""
        drawn = 2 * self._import, 2 * self._export
        self._import = self._export = 0
        held = list(self.held)
        for place, power in ((0, drawn[0]), (1, drawn[0]), (2, drawn[1])):
            if power > max(held[3 * place], self._told(place)):
                if place != 1 or self._in_window(due - _HALF_HOUR):
                    held[3 * place : 3 * place + 2] = min(power, 0xFFFFFFFF), due
        if held != self.held:
            try:
                self._keep(held)
            except StoreError:
                self.storage_errors += 1
                self.held = held  # it is kept with the next one

    def _in_window(self, now: int) -> bool:
        octets = self.device.dlms.values.get(_WINDOW)
        if octets is None:
            return False
        from smets.features.prepayment import calendar

        return calendar.last_script(octets, None, now, (_START, _END)) == _START

    def _told(self, place: int) -> int:
        """What a state has said of a value, W."""
        octets = self._state(place, _VALUE)
        return int.from_bytes(octets[1:], "big") if octets else 0

    def _state(self, place: int, attribute: int) -> bytes:
        """What a state has said of an attribute of a register; empty where it said nothing."""
        key = objects.key("4/%s/%d" % (_REGISTERS[place], attribute))
        return bytes(self.device.dlms.values.get(key) or b"")

    def _keep(self, held: list):
        """Keep the numbers, which take the place of those of a state; StoreError."""
        self.device.keeper.write(_RECORD, held)
        self.device.keeper.undo(self._be, self.held)
        values = self.device.dlms.values
        for place, code in enumerate(_REGISTERS):
            if held[3 * place : 3 * place + 2] != self.held[3 * place : 3 * place + 2]:
                for attribute in "25":
                    values.pop(objects.key("4/%s/%s" % (code, attribute)), None)
            if held[3 * place + 2] != self.held[3 * place + 2]:
                values.pop(objects.key(_RESETS[place]), None)
        self.held = held

    def _be(self, held: list):
        self.held = held

    # --- See Served -----------------------------------------------------------------------------

    def find(self, key: bytes, operation: str):
        """See Feature: what a state says stands until it is another value, or reset."""
        registry = self.device.registry
        if operation == objects.LOAD and not (registry.replaying and self.restored):
            return None
        if operation == objects.GET and key in self.device.dlms.values:
            return None
        self._key = bytes(key)
        return self

    def get(self, start: int, end: int):
        """See Served."""
        if start >= 0:
            return objects.READ_WRITE_DENIED
        text = objects.describe(self._key)
        if text in _RESETS:
            return _time(self.held[3 * _RESETS.index(text) + 2])
        place = _REGISTERS.index(text[2:-2])
        attribute = self._key[8]
        if attribute == _VALUE:
            return b"\x06" + self.held[3 * place].to_bytes(4, "big")
        return _WATTS if attribute == _SCALE else _time(self.held[3 * place + 1])

    def attribute(self, cluster: int, attribute: int):
        """See Feature: what a remote party reads, also of a state; without a time, invalid."""
        place, timed = _AT_HOME[attribute]
        if not timed:
            value = self._told(place) if self._state(place, _VALUE) else self.held[3 * place]
            return bytes((types.UINT48,)) + types.encode(types.UINT48, value)
        seconds = self.held[3 * place + 1] or clock.UTC_INVALID
        told = self._state(place, _TIME)
        if told:
            try:
                seconds = cosem_time.parse(told[2:])
            except DecodeError:
                seconds = clock.UTC_INVALID
        return bytes((types.UTC_TIME,)) + types.encode(types.UTC_TIME, seconds)

    def invoke(self, data) -> int:
        """See Served: reset a register (ECS57)."""
        if len(data) != 2 or objects.unmatched(data, _INTEGER):
            return objects.TYPE_UNMATCHED
        place = _REGISTERS.index(objects.describe(self._key)[2:-2])
        own = self.device.clock
        held = list(self.held)
        held[3 * place : 3 * place + 2] = 0, 0
        if own.status != clock.INVALID:
            held[3 * place + 2] = own.seconds
        values = self.device.dlms.values
        try:
            self._keep(held)
        except StoreError:
            return objects.HARDWARE_FAULT
        for attribute in "25":
            values.pop(objects.key("4/%s/%s" % (_REGISTERS[place], attribute)), None)
        return objects.SUCCESS


def _time(seconds: int) -> bytes:
    """A date-time of UTC seconds; of 0, one that is not specified."""
    writer = Writer(cosem_time.SIZE)
    if seconds:
        cosem_time.put(writer, seconds, 0)
    else:
        cosem_time.put_not_specified(writer, cosem_time.STATUS_NOT_SPECIFIED)
    return b"\x09\x0c" + bytes(writer.view())


FEATURE = Demand
