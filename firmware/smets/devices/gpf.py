# GPF: mirrors the gas meter, stamps what it answers, serves the mirror to the HAN.
# Part of a communications hub; its clock is the hub's.
from smets import clock
from smets.devices import endpoints
from smets.devices.base import Device
from smets.features import gas_mirror, stamp
from smets.gbcs import table_gas, use_cases
from smets.zcl import frame


class Gpf(Device):
    """A Gas Proxy Function."""

    name = "GPF"
    letter = use_cases.GPF
    tables = (table_gas.ROWS,)

    def __init__(self):
        super().__init__()
        self.mirror = gas_mirror.GasMirror(self.zcl, self.clock)
        self.gsme = b""  # EUI-64 of the paired meter; reports of others are ignored

    def header_stamp(self, writer):
        """The stamp of the last committed update."""
        stamp.put(writer, stamp.GPF, self.mirror.stamp)

    def receive(self, han_frame):
        """Take a HAN frame: a report of the gas meter, or a read of a display."""
        super().receive(han_frame)
        if han_frame.destination_endpoint != endpoints.MIRROR or han_frame.source != self.gsme:
            return
        request = frame.parse(han_frame.payload)
        if request.from_server and request.command == frame.REPORT_ATTRIBUTES:
            self.mirror.report(han_frame.cluster, request)

    def restart(self):
        """After a power cut: no update yet, so the stamp is invalid (facts E.3, 4)."""
        self.mirror.abort()
        self.mirror.stamp = stamp.Stamp(stamp.GPF, clock.UTC_INVALID, clock.INVALID)
        self.zcl.attributes.clear()
        self.mirror.show_stamp()
