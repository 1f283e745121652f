# The Time cluster from the device's clock, as a hub serves it to its displays.
from smets import clock
from smets.features.feature import Feature
from smets.zcl import attributes, types
from smets.zcl.clusters import TIME

# Bits of TimeStatus.
_MASTER = 0x01
_SUPERSEDING = 0x08


class TimeServer(Feature):
    """Serves Time and TimeStatus."""

    attributes = {TIME: (attributes.TIME, attributes.TIME_STATUS)}

    def attribute(self, cluster: int, attribute: int) -> bytes:
        """See Feature."""
        own = self.device.clock
        if attribute == attributes.TIME:
            seconds = clock.UTC_INVALID if own.status == clock.INVALID else own.seconds
            return bytes((types.UTC_TIME,)) + types.encode(types.UTC_TIME, seconds)
        # Master only while the time is reliable.
        master = _MASTER if own.status == clock.RELIABLE else 0
        return bytes((types.BITMAP8, _SUPERSEDING | master))


FEATURE = TimeServer
