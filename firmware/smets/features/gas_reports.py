# The gas meter's side of the mirror: a register that gas is drawn through, and a report of all
# attributes to the GPF each half hour of UTC. Stamped responses have the meter's own time.
from smets import clock
from smets.compat import const
from smets.document import BOOLEAN, EUI
from smets.eui import parse_eui
from smets.features import gas_report, stamp
from smets.features.feature import Feature
from smets.zcl import attributes, clusters, endpoints, types
from smets.zcl.han_frame import HanFrame

# GBCS recommends that the mirror is updated each 30 minutes.
REPORT_PERIOD = const(1800)
# Clusters that a report carries, in order; the last frame says "complete".
_REPORTED = (clusters.BASIC, clusters.PRICE, clusters.PREPAYMENT, clusters.METERING)
# Octets of attributes in one frame: what an 802.15.4 frame with APS security has room for.
_ROOM = const(56)


class GasReports(Feature):
    """Registers, own clock, a report to the GPF."""

    inputs = {
        "gpf": ("pair", EUI),
        "sends_time": ("set_sends_time", BOOLEAN),
        "draw": ("set_draw", (0, 0x7FFFFFFF)),
    }

    def __init__(self, device):
        super().__init__(device)
        self.gpf = b""  # EUI-64 of the paired GPF
        # A meter from before the release sends no ReadingSnapShotTime.
        self.sends_time = True
        # Gas drawn: register steps a report period (unit of CurrentSummationDelivered).
        self.draw = 0
        self._sequence = 0
        self._waited = 0  # seconds since the last report, while the clock is invalid

    def pair(self, eui: str):
        """Report to the GPF with this EUI-64 (16 hexadecimal digits)."""
        self.gpf = parse_eui(eui)

    def set_sends_time(self, value: bool):
        """Whether reports carry ReadingSnapShotTime."""
        self.sends_time = value

    def set_draw(self, value: int):
        """Gas drawn each half hour, in register steps."""
        self.draw = value

    def header_stamp(self, writer):
        """See Feature: own clock, own status."""
        own = self.device.clock
        stamp.put(writer, stamp.GSME, stamp.Stamp(stamp.GSME, own.seconds, own.status))

    def summary(self) -> dict:
        """See Feature."""
        return {
            "register": self.device.zcl.get(
                clusters.METERING, attributes.CURRENT_SUMMATION_DELIVERED
            )
        }

    def half_hour(self, due: int):
        """See Feature."""
        self._draw()
        self.push()

    def pass_time(self, seconds: int):
        """See Feature: without a valid clock there is no half hour, so count from power-up."""
        if self.device.clock.status != clock.INVALID:
            return
        self._waited += seconds
        while self._waited >= REPORT_PERIOD:
            self._waited -= REPORT_PERIOD
            self._draw()
            self.push()

    def _draw(self):
        register = self.device.zcl.get(clusters.METERING, attributes.CURRENT_SUMMATION_DELIVERED)
        if register is not None and self.draw:
            total = (register + self.draw) % (1 << 48)
            self.device.zcl.set(
                clusters.METERING, attributes.CURRENT_SUMMATION_DELIVERED, types.UINT48, total
            )

    def push(self):
        """Queue one whole report to the GPF; without a GPF nothing is sent."""
        if not self.gpf:
            return
        for cluster in _REPORTED:
            self._push_cluster(cluster, cluster == _REPORTED[-1])

    def _push_cluster(self, cluster, last):
        batch = []
        room = _ROOM
        values = self.device.zcl.attributes.get(cluster, {})
        for attribute in sorted(values):
            if attribute == attributes.READING_SNAPSHOT_TIME and cluster == clusters.METERING:
                continue
            octets = values[attribute]
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
        payload = gas_report.report(batch, self._sequence)
        self.device.outbox.append(
            HanFrame(
                self.device.eui, self.gpf, endpoints.METER, endpoints.MIRROR, cluster, payload
            )
        )


FEATURE = GasReports
