# The DLMS objects of the voltage measurement: GBCS mapping rows of ECS23, 25b, 26b, 29, 35e.
# Group C of an OBIS code is the phase: 32, 52 and 72 stand for L1, L2 and L3.
from smets.dlms import axdr, objects
from smets.dlms.profile import Profile
from smets.features.voltage import events, policy
from smets.ports.store_error import StoreError

# Group C to the phase; the rest of an OBIS code 1-0:C.D.E.F with an attribute to what it is.
_PHASES = {32: 0, 52: 1, 72: 2}
_VALUE, _UNIT, _RESET, _LOG, _PERIOD = range(5)
_OF_PHASE = {
    # class, D, E, F, attribute or method: (what, part of the phase, its name there, settable)
    (3, 32, 0, 4, 2): (_VALUE, "averages", "under_counter", False),
    (3, 32, 0, 4, 3): (_UNIT, "averages", "under_counter", False),
    (3, 32, 0, 4, 1): (_RESET, "averages", "under_counter", False),
    (3, 36, 0, 4, 2): (_VALUE, "averages", "over_counter", False),
    (3, 36, 0, 4, 3): (_UNIT, "averages", "over_counter", False),
    (3, 36, 0, 4, 1): (_RESET, "averages", "over_counter", False),
    (1, 31, 0, 4, 2): (_VALUE, "averages", "under_threshold", True),
    (1, 35, 0, 4, 2): (_VALUE, "averages", "over_threshold", True),
    (7, 24, 0, 255, 4): (_PERIOD, "", "period", True),
    (7, 24, 0, 255, 2): (_LOG, "", "", False),
}
# Class 71, 0-0:17.0.n.255: n 1 to 4 are extreme over, extreme under, sag, swell. The period is
# attribute 6 (min_over_threshold_duration) also where the threshold is one of too little.
_LIMITER = {4: "threshold", 6: "period"}
_POWER_LOG = objects.key("7/0-0:99.98.4.255/2")
# Mask || Actions to set, settings to read: ECS25b and ECS25b3, ECS25r2.
_SWITCHES = {
    objects.key("1/0-33:97.98.11.255/2"): ("alerting", True),
    objects.key("1/0-33:97.98.15.255/2"): ("alerting", False),
    objects.key("1/0-33:97.98.14.255/2"): ("logging", True),
    objects.key("1/0-33:97.98.18.255/2"): ("logging", False),
}

# structure{double-long-unsigned time, double-long-unsigned volts}
_VOLTS_ROW = b"\x02\x02\x06\x06"
# structure{double-long-unsigned time, long-unsigned code, double-long-unsigned information}
_EVENT_ROW = b"\x02\x03\x06\x12\x06"
# structure{integer 0, enum 255}: no scaler, no unit.
_NO_UNIT = b"\x02\x02\x0f\x00\x16\xff"
_ZERO = b"\x0f\x00"
_BIT_STRING_512 = b"\x04\x82\x02\x00"
_BIT_STRING_256 = b"\x04\x82\x01\x00"


def find(measurement, key):
    """The object of a key of a Measurement for dlms.Objects, or None.

    project-choice: an empty range of a log is an empty compact-array, the objects of a phase that
    the meter does not have are undefined (4), and a reset takes integer 0 only. Alternatives: a
    failure for an empty range; no access to the whole use case; any argument.
    """
    class_id = key[0] << 8 | key[1]
    if key[2] == 1 and key[3] == 0 and key[4] in _PHASES:
        row = _OF_PHASE.get((class_id, key[5], key[6], key[7], key[8]))
        if row is None:
            return None
        phase = _PHASES[key[4]]
        what, part, name, settable = row
        if what == _LOG:
            return Profile(measurement.slots[phase], _VOLTS_ROW, measurement.logs_changed)
        if phase >= measurement.meter.phases:
            return _Undefined()
        target = measurement.meter.phase[phase]
        if part:
            target = getattr(target, part)
        return _KINDS[what](measurement, target, name, settable)
    if class_id == 71 and key[2:6] == b"\x00\x00\x11\x00" and key[7] == 255:
        if 1 <= key[6] <= 4 and key[8] in _LIMITER:
            limiter = measurement.meter.limiters[key[6] - 1]
            return _Number(measurement, limiter, _LIMITER[key[8]], True)
        return None
    if key == _POWER_LOG:
        return Profile(measurement.event_slot, _EVENT_ROW, measurement.logs_changed)
    if key in _SWITCHES:
        name, masked = _SWITCHES[key]
        return (_Mask if masked else _Settings)(measurement, getattr(measurement.events, name))
    return None


class _Undefined(objects.Served):
    """An object of a phase that the meter does not have."""

    def get(self, start: int, end: int):
        """A result code."""
        return objects.OBJECT_UNDEFINED

    def set(self, data) -> int:
        """A result code."""
        return objects.OBJECT_UNDEFINED


class _Number(objects.Served):
    """A double-long-unsigned attribute: a member of something in the meter."""

    def __init__(self, measurement, target, name: str, settable: bool):
        self._measurement = measurement
        self._target = target
        self._name = name
        self._settable = settable

    def get(self, start: int, end: int):
        """The value as A-XDR; it has no rows to select."""
        if start >= 0:
            return objects.READ_WRITE_DENIED
        return b"\x06" + getattr(self._target, self._name).to_bytes(4, "big")

    def set(self, data) -> int:
        """Set it; a result code."""
        return self._take(data) if self._settable else objects.READ_WRITE_DENIED

    def fits(self, value, further: bool = False):
        """See Served."""
        if objects.unmatched(value, axdr.DOUBLE_LONG_UNSIGNED) or len(value) != 5:
            raise ValueError("not a value of this object")

    def load(self, data):
        """Take it from a state; StoreError."""
        if self._take(data) == objects.HARDWARE_FAULT:
            raise StoreError(None)

    def _take(self, data) -> int:
        if objects.unmatched(data, axdr.DOUBLE_LONG_UNSIGNED) or len(data) != 5:
            return objects.TYPE_UNMATCHED
        before = getattr(self._target, self._name)
        if not self._put(int.from_bytes(data[1:], "big")):
            return policy.IMPOSSIBLE_VALUE
        if not self._measurement.keep(self._put, before):
            self._put(before)
            return objects.HARDWARE_FAULT
        return objects.SUCCESS

    def _put(self, value: int) -> bool:
        setter = getattr(self._target, "set_" + self._name, None)
        if setter is None:
            setattr(self._target, self._name, value)
            return True
        return setter(value) is not False


class _Period(_Number):
    """The measurement period of a phase."""

    def fits(self, value, further: bool = False):
        """See Served."""
        super().fits(value)
        if not policy.accepts_period(int.from_bytes(value[1:], "big")):
            raise ValueError("not a period that can be set")


class _Unit(_Number):
    """The scaler_unit of a counter."""

    def get(self, start: int, end: int):
        """The value as A-XDR."""
        return objects.READ_WRITE_DENIED if start >= 0 else _NO_UNIT

    def fits(self, value, further: bool = False):
        """See Served."""
        if bytes(value) != _NO_UNIT:
            raise ValueError("a counter has no scaler and no unit")

    def load(self, data):
        """See Served: it is what it always is."""


class _Reset(_Number):
    """The reset method of a counter."""

    def get(self, start: int, end: int):
        """A method has no value."""
        return objects.OBJECT_UNDEFINED

    def invoke(self, data) -> int:
        """Set the counter to 0; a result code."""
        if bytes(data) != _ZERO:
            return objects.OTHER_REASON
        return self._take(b"\x06\0\0\0\0")

    def fits(self, value, further: bool = False):
        """A method is no part of a state."""
        raise ValueError("a method has no value")


_KINDS = {_VALUE: _Number, _UNIT: _Unit, _RESET: _Reset, _PERIOD: _Period}


class _Settings(objects.Served):
    """Switches as they are read: a bit-string(256)."""

    def __init__(self, measurement, switches):
        self._measurement = measurement
        self._switches = switches

    def get(self, start: int, end: int):
        """The settings as A-XDR."""
        if start >= 0:
            return objects.READ_WRITE_DENIED
        return _BIT_STRING_256 + bytes(self._switches.octets)

    def fits(self, value, further: bool = False):
        """See Served."""
        if bytes(value[:4]) != _BIT_STRING_256 or len(value) != 4 + events.SWITCH_OCTETS:
            raise ValueError("not a bit-string of 256 bits")

    def load(self, data):
        """Take the settings of a state; StoreError."""
        before = bytes(self._switches.octets)
        self._put(data[4:])
        if not self._measurement.keep(self._put, before):
            self._put(before)
            raise StoreError(None)

    def _put(self, octets):
        self._switches.octets[:] = octets


class _Mask(_Settings):
    """Switches as they are set: a bit-string(512), Mask || Actions."""

    def get(self, start: int, end: int):
        """The last value is not kept."""
        return objects.READ_WRITE_DENIED

    def set(self, data) -> int:
        """Set where the mask has a 1; a result code."""
        if bytes(data[:4]) != _BIT_STRING_512 or len(data) != 4 + 2 * events.SWITCH_OCTETS:
            return objects.TYPE_UNMATCHED
        before = bytes(self._switches.octets)
        self._switches.apply(data[4:])
        if not self._measurement.keep(self._put, before):
            self._put(before)
            return objects.HARDWARE_FAULT
        return objects.SUCCESS

    def fits(self, value, further: bool = False):
        """Refuse: a state does not hold the last value."""
        raise ValueError("load the settings, not the mask")
