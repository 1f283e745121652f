# ESME: an electricity meter, answering DLMS use cases from its objects.
# On the HAN it is an energy service interface with metering and prepayment beside it.
from smets.devices import endpoints
from smets.devices.base import Device, half_hours
from smets.features import event_logs
from smets.features.logs import Logs
from smets.features.tenancy_server import TenancyServer
from smets.gbcs import table_esme, use_cases
from smets.zcl import clusters, types


class Esme(Device):
    """An electricity smart metering equipment."""

    name = "ESME"
    letter = use_cases.ESME
    tables = (table_esme.ROWS,)
    endpoints = {
        endpoints.ESI: (
            endpoints.ESI_DEVICE,
            (
                clusters.BASIC,
                clusters.PRICE,
                clusters.METERING,
                clusters.MESSAGING,
                clusters.PREPAYMENT,
                clusters.CALENDAR,
                clusters.DEVICE_MANAGEMENT,
                clusters.EVENTS,
            ),
            (),
        )
    }

    def __init__(self, store=None):
        super().__init__(store)
        self.tenancy = TenancyServer(self)
        self.logs = Logs(self, self.tenancy.hidden_before)
        event_logs.attach(self.zcl)
        # Energy drawn each half hour, in register steps.
        self.draw = 0
        self.inputs = {"draw": self.set_draw}

    def set_draw(self, value: int):
        """Energy drawn each half hour, in register steps."""
        self.draw = int(value)

    def advance(self, seconds: int):
        """Let time pass; registers and logs move at each half hour of UTC."""
        for due in half_hours(self.clock, seconds):
            register = self.zcl.get(clusters.METERING, 0x0000)
            if isinstance(register, int):
                register = (register + self.draw) % (1 << 48)
                self.zcl.set(clusters.METERING, 0x0000, types.UINT48, register)
                self.logs.record(due, register)
