# The time of a display is that of its hub: it reads the Time cluster of a meter.
from smets import clock
from smets.compat import const
from smets.features.feature import Feature
from smets.features.pairing import GONE
from smets.features.tenancy.cleared import ELECTRICITY, GAS
from smets.zcl import attributes, clusters

_POLL = const(900)
# How often the time is asked for again without an answer: the next poll is long after it.
_RETRIES = const(1)
_ATTRIBUTES = (attributes.TIME, attributes.TIME_STATUS)


class HubTime(Feature):
    """Sets the clock; the gas proxy is part of the hub and is asked first."""

    def __init__(self, device):
        super().__init__(device)
        self._due = 0

    def tick(self):
        """See Feature."""
        device = self.device
        if not device.awake or device.uptime < self._due:
            return
        pairing = device.feature("pairing")
        for fuel in (GAS, ELECTRICITY):
            meter = pairing.meters.get(fuel)
            if meter and clusters.TIME in meter.found:
                self._due = device.uptime + _POLL
                pairing.read(meter, clusters.TIME, _ATTRIBUTES, self._on_values, _RETRIES)
                return

    def _on_values(self, request, answer):
        pairing = self.device.feature("pairing")
        if pairing.answered(request, answer) is None:
            return
        own = self.device.clock
        for attribute, value in pairing.values(clusters.TIME, answer):
            if value is GONE:
                continue
            if attribute == attributes.TIME:
                if value is None:
                    own.set(clock.UTC_INVALID, clock.INVALID)
                else:
                    own.set(value, clock.RELIABLE)
            elif attribute == attributes.TIME_STATUS and own.status == clock.RELIABLE:
                if value is None or not value & 1:
                    own.status = clock.UNRELIABLE  # the hub is not master of its time


FEATURE = HubTime
