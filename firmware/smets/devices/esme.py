# ESME: an electricity meter, answering DLMS use cases from its objects.
# On the HAN it is an energy service interface with metering and prepayment beside it.
from smets.devices import endpoints
from smets.devices.base import Device
from smets.features.logs import Logs
from smets.features.tenancy_server import TenancyServer
from smets.gbcs import table_esme, use_cases
from smets.zcl import clusters


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
            ),
            (),
        )
    }

    def __init__(self, store=None):
        super().__init__(store)
        self.tenancy = TenancyServer(self)
        self.logs = Logs(self, self.tenancy.hidden_before)
