# The clock of a gas meter and the hub's: compared each day, and set by a supplier (GCS28), who
# says between which times the hub's must lie. The hub's time is that of the GPF, which is part of
# it; it is asked for as the meter wakes (meter.md (d)).
from smets import clock
from smets.codec import Reader, Writer
from smets.compat import const
from smets.features.feature import Feature
from smets.zcl import attributes, clusters, endpoints, frame
from smets.zcl.han_frame import HanFrame

_DAY = const(86400)
_ADJUSTED = const(0x8145)
_NOT_ADJUSTED = const(0x81C6)
_OUTSIDE = const(0x8F0C)
# What a difference to the hub may be, in seconds, for the meter to adjust by itself (HON 26).
_TOLERANCE = const(10)
# project-choice: seconds without a comparison after which a clock is unreliable. Alternatives: a
# day; never, which leaves a drifting clock reliable.
UNCOMPARED_S = const(2 * _DAY)
# TimeStatus: the hub is master of its time.
_MASTER = const(1)


class GasClock(Feature):
    """What the hub's clock showed last, and what follows from it for the meter's own."""

    alerts = ((_OUTSIDE, _OUTSIDE), (_ADJUSTED, _ADJUSTED), (_NOT_ADJUSTED, _NOT_ADJUSTED))

    def __init__(self, device):
        super().__init__(device)
        self._heard = None  # (hub's time, own uptime then)
        self._since = 0  # uptime of the last comparison
        self._sequence = 0
        self._asked = -1  # sequence number that an answer must have

    def hub(self):
        """The hub's time now by what was heard last, UTC seconds; None where nothing was."""
        if self._heard is None:
            return None
        return self._heard[0] + self.device.uptime - self._heard[1]

    # --- Asking ---------------------------------------------------------------------------------

    def woken(self, gpf: bytes):
        """The meter is awake for its report: ask the hub for the time, where that is due."""
        own = self.device.clock
        waited = self.device.uptime - self._since
        if own.status == clock.RELIABLE and waited > UNCOMPARED_S:
            own.status = clock.UNRELIABLE
        fresh = self._heard is not None and self.device.uptime - self._heard[1] < _DAY
        if fresh and own.status == clock.RELIABLE:
            return
        self._asked = self._sequence = (self._sequence + 1) & 0xFF
        writer = Writer(4)
        writer.le(attributes.TIME, 2)
        writer.le(attributes.TIME_STATUS, 2)
        request = frame.header(
            frame.NO_DEFAULT_RESPONSE, self._asked, frame.READ_ATTRIBUTES, bytes(writer.view())
        )
        self.device.outbox.append(
            HanFrame(self.device.eui, gpf, endpoints.METER, endpoints.ESI, clusters.TIME, request)
        )

    def receive(self, frame_in) -> bool:
        """See Feature: the hub's answer."""
        if frame_in.cluster != clusters.TIME:
            return False
        answer = frame.parse(frame_in.payload)
        if not answer.from_server or answer.cluster_specific:
            return False
        if answer.command != frame.READ_ATTRIBUTES_RESPONSE:
            return False
        gpf = self.device.feature("gas_reports").gpf
        if frame_in.source != gpf or answer.sequence != self._asked:
            self.device.ignore("stranger")
            return True
        self._asked = -1
        reader = Reader(answer.payload)
        told = {}
        while reader.left():
            attribute = reader.le(2, "attribute id")
            if reader.u8("status") == frame.SUCCESS:
                size = 4 if attribute == attributes.TIME else 1
                reader.u8("data type")
                told[attribute] = reader.le(size, "value")
        seconds = told.get(attributes.TIME, clock.UTC_INVALID)
        if seconds < clock.UTC_INVALID and told.get(attributes.TIME_STATUS, 0) & _MASTER:
            self._heard = (seconds, self.device.uptime)
            self._compare(seconds)
        return True

    def _compare(self, hub: int):
        """The daily check: a small difference is made up for, a larger one is not.

        A meter without a time has nothing to compare; only a supplier sets its clock.
        """
        own = self.device.clock
        if own.status == clock.INVALID:
            return
        self._since = self.device.uptime
        if -_TOLERANCE <= own.seconds - hub <= _TOLERANCE:
            own.set(hub, clock.RELIABLE)
        elif own.status == clock.RELIABLE:
            own.status = clock.UNRELIABLE
            self.device.feature("event_log").enter(_NOT_ADJUSTED)

    # --- Set Clock ------------------------------------------------------------------------------

    def confirm(self, interval, alone) -> int:
        """GCS28: the hub's time is taken where it lies in an interval (start, end), UTC seconds.

        Returns the status of the clock. `alone(start, end, own)` gives the time for a meter that
        has no hub to ask, and whose own clock stands for that of the hub; project-choice.
        Alternative: without a hub the clock is never set.
        """
        device = self.device
        own = device.clock
        start, end = interval
        hub = self.hub()
        if hub is None and not device.feature("gas_reports").gpf and own.status != clock.INVALID:
            if start <= own.seconds <= end:
                hub = alone(start, end, own.seconds)
        if device.store:
            device.store.undo(lambda before: own.set(*before), (own.seconds, own.status))
        if hub is not None and start <= hub <= end:
            own.set(hub, clock.RELIABLE)
            self._since = device.uptime
            device.feature("event_log").enter(_ADJUSTED)
            return clock.RELIABLE
        if own.status != clock.INVALID:
            own.status = clock.UNRELIABLE
        device.feature("event_log").secure(_OUTSIDE)
        self._tell()
        return own.status

    def _tell(self):
        from smets.features import gas_alert

        gas_alert.critical(self.device, _OUTSIDE)


FEATURE = GasClock
