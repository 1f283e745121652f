# The gas meter's side of the mirror: a report of all attributes to the GPF each half hour of UTC.
# Stamped responses have the meter's own time.
from smets import clock
from smets.compat import const
from smets.document import BOOLEAN, EUI
from smets.eui import parse_eui
from smets.features import gas_report, stamp
from smets.features.feature import Feature
from smets.zcl import attributes, clusters, endpoints, frame, types
from smets.zcl.han_frame import HanFrame

# GBCS recommends that the mirror is updated each 30 minutes.
REPORT_PERIOD = const(1800)
# Clusters that a report carries, in order; the last frame says "complete".
_REPORTED = (clusters.BASIC, clusters.PRICE, clusters.PREPAYMENT, clusters.METERING)
# Octets of attributes in one frame: what an 802.15.4 frame with APS security has room for.
_ROOM = const(56)
_PUBLISHED = frame.SERVER_TO_CLIENT | frame.CLUSTER_SPECIFIC | frame.NO_DEFAULT_RESPONSE


class GasReports(Feature):
    """Own clock, a report to the GPF."""

    inputs = {
        "gpf": ("pair", EUI),
        "sends_time": ("set_sends_time", BOOLEAN),
    }

    def __init__(self, device):
        super().__init__(device)
        self.gpf = b""  # EUI-64 of the paired GPF
        # A meter from before the release sends no ReadingSnapShotTime.
        self.sends_time = True
        self._sequence = 0
        self._waited = 0  # seconds since the last report, while the clock is invalid

    def pair(self, eui: str):
        """Report to the GPF with this EUI-64 (16 hexadecimal digits)."""
        self.gpf = parse_eui(eui)

    def set_sends_time(self, value: bool):
        """Whether reports carry ReadingSnapShotTime."""
        self.sends_time = value

    def receive(self, frame_in) -> bool:
        """See Feature: what the proxy wants, now that the meter is awake."""
        if frame_in.source != self.gpf or frame_in.source_endpoint != endpoints.MIRROR:
            return False
        from smets.features.gas import notified

        return notified.receive(self.device, frame_in)

    def header_stamp(self, writer):
        """See Feature: own clock, own status."""
        own = self.device.clock
        stamp.put(writer, stamp.GSME, stamp.Stamp(stamp.GSME, own.seconds, own.status))

    def half_hour(self, due: int):
        """See Feature."""
        self.push()

    def pass_time(self, seconds: int):
        """See Feature: without a valid clock there is no half hour, so count from power-up."""
        if self.device.clock.status != clock.INVALID:
            return
        self._waited += seconds
        while self._waited >= REPORT_PERIOD:
            self._waited -= REPORT_PERIOD
            self.push()

    def push(self):
        """Queue one whole report to the GPF; without a GPF nothing is sent.

        The meter is awake for it, and asks what it has to ask before.
        """
        if not self.gpf:
            return
        own = self.device.feature("gas_clock")
        if own:
            own.woken(self.gpf)
        for cluster in _REPORTED:
            self._push_cluster(cluster, cluster == _REPORTED[-1])

    def _push_cluster(self, cluster, last):
        batch = []
        room = _ROOM
        zcl = self.device.zcl
        served = self.device.registry.attributes_of(cluster)
        for attribute in sorted(set(zcl.attributes.get(cluster, {})) | served):
            if attribute == attributes.READING_SNAPSHOT_TIME and cluster == clusters.METERING:
                continue
            octets = zcl.octets(cluster, attribute)
            if octets is None:
                continue
            if room < len(octets) + 2 and batch:
                self._send(cluster, batch)
                batch = []
                room = _ROOM
            batch.append((attribute, octets))
            room -= len(octets) + 2
        if last:
            if self.sends_time:
                time = self.device.clock.seconds
                if self.device.clock.status != clock.RELIABLE:
                    # The attribute has no status: unreliable time is not passed on.
                    time = clock.UTC_INVALID
                octets = bytes((types.UTC_TIME,)) + types.encode(types.UTC_TIME, time)
                batch.append((attributes.READING_SNAPSHOT_TIME, octets))
            batch.append((attributes.ATTRIBUTE_REPORTING_STATUS, bytes((types.ENUM8, 1))))
        if batch:
            self._send(cluster, batch)

    def _send(self, cluster, batch):
        self._sequence = (self._sequence + 1) & 0xFF
        self._put(cluster, gas_report.report(batch, self._sequence))

    def publish(self, cluster: int, command: int, payload: bytes):
        """Queue what a log has got anew to the GPF; without a GPF nothing is sent."""
        if self.gpf:
            self._sequence = (self._sequence + 1) & 0xFF
            self._put(cluster, frame.header(_PUBLISHED, self._sequence, command, payload))

    def _put(self, cluster: int, payload: bytes):
        self.device.outbox.append(
            HanFrame(
                self.device.eui, self.gpf, endpoints.METER, endpoints.MIRROR, cluster, payload
            )
        )


FEATURE = GasReports
