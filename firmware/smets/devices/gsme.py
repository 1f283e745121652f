# GSME: a simulated gas meter. Registers, its own clock, a report to its GPF each half hour.
# It answers the gas use cases itself, stamped with its own clock (clock_status bit 2 clear).
from smets import clock
from smets.compat import const
from smets.devices import endpoints
from smets.devices.base import Device
from smets.eui import parse_eui
from smets.features import gas_report, stamp
from smets.gbcs import table_gas, use_cases
from smets.zcl import clusters, types
from smets.zcl.han_frame import HanFrame

# GBCS recommends that the mirror is updated each 30 minutes.
REPORT_PERIOD = const(1800)
# Clusters that a report carries, in order; the last frame says "complete".
_REPORTED = (clusters.BASIC, clusters.PRICE, clusters.PREPAYMENT, clusters.METERING)
# Octets of attributes in one frame: what an 802.15.4 frame with APS security has room for.
_ROOM = const(56)


class Gsme(Device):
    """A gas meter that feeds a GPF."""

    name = "GSME"
    letter = use_cases.GSME
    tables = (table_gas.ROWS,)
    endpoints = {endpoints.METER: (endpoints.METERING_DEVICE, (clusters.METERING,), ())}

    def __init__(self, store=None):
        super().__init__(store)
        self.gpf = b""  # EUI-64 of the paired GPF
        # A meter from before the release sends no ReadingSnapShotTime.
        self.sends_time = True
        self._sequence = 0
        self._waited = 0  # seconds since the last report, while the clock is invalid
        # Gas drawn: register steps a report period (unit of CurrentSummationDelivered).
        self.draw = 0
        self.inputs = {"gpf": self.pair, "sends_time": self.set_sends_time, "draw": self.set_draw}

    def pair(self, eui: str):
        """Report to the GPF with this EUI-64 (16 hexadecimal digits)."""
        self.gpf = parse_eui(eui)

    def set_sends_time(self, value: bool):
        """Whether reports carry ReadingSnapShotTime."""
        self.sends_time = bool(value)

    def set_draw(self, value: int):
        """Gas drawn each half hour, in register steps."""
        self.draw = int(value)

    def header_stamp(self, writer):
        """Own clock, own status."""
        own = stamp.Stamp(stamp.GSME, self.clock.seconds, self.clock.status)
        stamp.put(writer, stamp.GSME, own)

    def summary(self) -> dict:
        """See Device."""
        return {"register": self.zcl.get(clusters.METERING, 0x0000)}

    def advance(self, seconds: int):
        """Let time pass, reporting at each half hour of UTC that comes by."""
        if self.clock.status == clock.INVALID:
            # Without a valid clock there is no half hour to report at: count from power-up.
            self._count_up(seconds)
        for _ in clock.half_hours(self.clock, seconds):
            self._draw()
            self.push()

    def _count_up(self, seconds):
        self._waited += seconds
        while self._waited >= REPORT_PERIOD:
            self._waited -= REPORT_PERIOD
            self._draw()
            self.push()

    def _draw(self):
        register = self.zcl.get(clusters.METERING, 0x0000)
        if register is not None and self.draw:
            total = (register + self.draw) % (1 << 48)
            self.zcl.set(clusters.METERING, 0x0000, types.UINT48, total)

    def push(self):
        """Queue one whole report to the GPF; without a GPF nothing is sent."""
        if not self.gpf:
            return
        for cluster in _REPORTED:
            self._push_cluster(cluster, cluster == _REPORTED[-1])

    def _push_cluster(self, cluster, last):
        batch = []
        room = _ROOM
        values = self.zcl.attributes.get(cluster, {})
        for attribute in sorted(values):
            if attribute == gas_report.READING_SNAPSHOT_TIME and cluster == clusters.METERING:
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
                time = self.clock.seconds
                if self.clock.status != clock.RELIABLE:
                    # The attribute has no status: unreliable time is not passed on.
                    time = clock.UTC_INVALID
                octets = bytes((types.UTC_TIME,)) + types.encode(types.UTC_TIME, time)
                batch.append((gas_report.READING_SNAPSHOT_TIME, octets))
            batch.append((gas_report.ATTRIBUTE_REPORTING_STATUS, bytes((types.ENUM8, 1))))
        if batch:
            self._send(cluster, batch)

    def _send(self, cluster, batch):
        self._sequence = (self._sequence + 1) & 0xFF
        payload = gas_report.report(batch, self._sequence)
        self.outbox.append(
            HanFrame(self.eui, self.gpf, endpoints.METER, endpoints.MIRROR, cluster, payload)
        )
