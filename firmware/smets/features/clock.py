# The clock object of an electricity meter: ECS70 says in which interval the time must lie, sets
# the clock and reads it.
from smets import cosem_time
from smets.codec import DecodeError, Writer
from smets.compat import const
from smets.dlms import axdr, objects
from smets.features.feature import Feature
from smets.gbcs import policy

_TIME = const(2)
_PRESET = const(5)  # a method; 4 is the status, and the method that sets the clock
_DATE = b"\x09\x0c"  # an octet string of a date-time
# Three dates: the preset time, of which nothing is specified, and the interval.
_INTERVAL = b"\x02\x03" + _DATE + b"\xff" * 9 + b"\x80\x00\xff" + _DATE
_START = const(18)  # where the first date of the interval begins
_END = const(32)


class Clock(Feature, objects.Served):
    """Serves time and status of the device's clock, and sets it (meter.md (d))."""

    objects = ("8/0-0:1.0.0.255/2", "8/0-0:1.0.0.255/4", "8/0-0:1.0.0.255/5")
    _member = 0  # attribute or method that was found
    _interval = None  # (start, end), once it is preset
    _told = None  # what came of setting the clock, until it is read

    def find(self, key: bytes, operation: str):
        """See Feature."""
        self._member = key[8]
        return self

    def get(self, start: int, end: int):
        """See Served."""
        own = self.device.clock
        if start >= 0:
            return objects.READ_WRITE_DENIED
        if self._member == _TIME:
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
            if self._member == _PRESET:
                data = bytes(data)
                if data.startswith(_INTERVAL):
                    start = cosem_time.parse(data[_START : _END - len(_DATE)])
                    self._interval = (start, cosem_time.parse(data[_END:]))
            elif interval:
                self._told = self.device.clock.confirm(
                    interval, policy.time_confirmed, self.device.store
                )
        except DecodeError:
            pass
        done = self._interval or self._told is not None
        return objects.SUCCESS if done else objects.OTHER_REASON

    def load(self, value):
        """See Served. The clock of a state says what time it is."""


FEATURE = Clock
