# GPF: mirrors the gas meter, stamps what it answers, serves the mirror to the HAN.
# Part of a communications hub; its clock is the hub's.
from smets import clock
from smets.devices import endpoints
from smets.devices.base import Device
from smets.eui import parse_eui
from smets.features import event_logs, gas_mirror, stamp
from smets.features.logs import Logs
from smets.features.tenancy_server import TenancyServer
from smets.gbcs import table_gas, use_cases
from smets.zcl import clusters, frame

_SUMMATION = 0x0000


class Gpf(Device):
    """A Gas Proxy Function."""

    name = "GPF"
    letter = use_cases.GPF
    tables = (table_gas.ROWS,)
    endpoints = {
        endpoints.ESI: (
            endpoints.ESI_DEVICE,
            (
                clusters.TIME,
                clusters.PRICE,
                clusters.MESSAGING,
                clusters.CALENDAR,
                clusters.DEVICE_MANAGEMENT,
                clusters.EVENTS,
            ),
            (),
        ),
        endpoints.MIRROR: (
            endpoints.METERING_DEVICE,
            (clusters.BASIC, clusters.METERING, clusters.PREPAYMENT),
            (clusters.METERING,),
        ),
    }

    def __init__(self, store=None):
        super().__init__(store)
        self.mirror = gas_mirror.GasMirror(self.zcl, self.clock)
        self.gsme = b""  # EUI-64 of the paired meter; reports of others are ignored
        self.tenancy = TenancyServer(self)
        self.logs = Logs(self, self.tenancy.hidden_before)
        self.serve_time()
        event_logs.attach(self.zcl)
        self.inputs = {"gsme": self.pair}

    def pair(self, eui: str):
        """Take reports of the gas meter with this EUI-64 (16 hexadecimal digits)."""
        self.gsme = parse_eui(eui)

    def summary(self) -> dict:
        """See Device: the mirrored register, its stamp, updates so far."""
        own = self.mirror.stamp
        told = {
            "register": self.zcl.get(clusters.METERING, _SUMMATION),
            "updates": self.mirror.commits,
            "tenancy": self.tenancy.told(),
            "stamp": {
                "source": stamp.SOURCE_NAMES[own.source],
                "status": clock.STATUS_NAMES[own.status],
            },
        }
        if own.status != clock.INVALID:
            told["stamp"]["time"] = clock.format_iso(own.seconds)
        return told

    def header_stamp(self, writer):
        """The stamp of the last committed update."""
        stamp.put(writer, stamp.GPF, self.mirror.stamp)

    def take(self, frame_in):
        """A report of the gas meter, or what a display asks."""
        if frame_in.destination_endpoint == endpoints.MIRROR:
            request = frame.parse(frame_in.payload)
            if gas_mirror.is_update(frame_in.cluster, request):
                if frame_in.source != self.gsme:
                    self.ignore("stranger")
                elif self.mirror.report(frame_in.cluster, request):
                    self._log()
                return
        super().take(frame_in)

    def _log(self):
        """Enter the register of a committed update in the logs, at its half hour."""
        when = self.mirror.stamp
        register = self.zcl.get(clusters.METERING, _SUMMATION)
        if not isinstance(register, int) or when.status == clock.INVALID:
            return
        if when.seconds % 1800 == 0:
            self.logs.record(when.seconds, register)
