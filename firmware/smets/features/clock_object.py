# The clock object of an electricity meter, loaded when it is asked for: ECS70 says in which
# interval the time must lie, sets the clock and reads it.
from smets import clock, cosem_time
from smets.codec import DecodeError, Writer
from smets.compat import const
from smets.dlms import axdr, objects
from smets.features import codes
from smets.gbcs import policy

_TIME = const(2)
_PRESET = const(5)  # a method; 4 is the status, and the method that sets the clock
_DATE = b"\x09\x0c"  # an octet string of a date-time
# Three dates: the preset time, of which nothing is specified, and the interval.
_INTERVAL = b"\x02\x03" + _DATE + b"\xff" * 9 + b"\x80\x00\xff" + _DATE
_START = const(18)  # where the first date of the interval begins
_END = const(32)


class ClockObject(objects.Served):
    """Serves time and status of the device's clock, and sets it (meter.md (d))."""

    def __init__(self, device):
        self._device = device
        self.member = 0  # the attribute or method that is meant
        self._interval = None  # (start, end), once it is preset
        self._told = None  # what came of setting the clock, until it is read

    def get(self, start: int, end: int):
        """See Served."""
        own = self._device.clock
        if start >= 0:
            return objects.READ_WRITE_DENIED
        if self.member == _TIME:
            writer = Writer(cosem_time.SIZE)
            cosem_time.put(writer, own.seconds, cosem_time.STATUS_NOT_SPECIFIED)
            return _DATE + bytes(writer.view())
        status = own.status if self._told is None else self._told
        self._told = None
        return bytes((axdr.UNSIGNED, status))

    def invoke(self, data) -> int:
        """See Served."""
        interval = self._interval
        self._interval = self._told = None
        try:
            if self.member == _PRESET:
                data = bytes(data)
                if data.startswith(_INTERVAL):
                    start = cosem_time.parse(data[_START : _END - len(_DATE)])
                    self._interval = (start, cosem_time.parse(data[_END:]))
            elif interval:
                self._told = self._confirm(interval)
        except DecodeError:
            pass
        done = self._interval or self._told is not None
        return objects.SUCCESS if done else objects.OTHER_REASON

    def _confirm(self, interval: tuple) -> int:
        device = self._device
        hub = device.feature("hub_clock")
        if hub and hub.follows():
            return hub.confirm(interval)
        status = device.clock.confirm(interval, policy.time_confirmed, device.store)
        if hub and status != clock.INVALID:
            reliable = status == clock.RELIABLE
            hub.tell(codes.CLOCK_ADJUSTED if reliable else codes.CLOCK_NOT_ADJUSTED)
        return status

    def fits(self, value, further: bool = False):
        """See Served: whatever it is, it is not taken."""

    def load(self, value):
        """See Served. The clock of a state says what time it is."""
