# The clock of an electricity meter as a feature; clock_object.py has what is large.
from smets.compat import const
from smets.features.feature import Feature

_BASE = const(9)  # what the clock is based on: a value that is kept


class Clock(Feature):
    """Time and its status as a DLMS object, and setting it by ECS70."""

    objects = ("0-0:1.0.0.255",)
    _object = None

    def find(self, key: bytes, operation: str):
        """See Feature."""
        if key[8] == _BASE:
            return None
        if self._object is None:
            from smets.features.clock_object import ClockObject

            self._object = ClockObject(self.device)
        self._object.member = key[8]
        return self._object


FEATURE = Clock
