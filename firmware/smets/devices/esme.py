# ESME: an electricity meter, answering DLMS use cases from its objects.
from smets.devices.base import Device
from smets.gbcs import table_esme, use_cases


class Esme(Device):
    """An electricity smart metering equipment."""

    name = "ESME"
    letter = use_cases.ESME
    tables = (table_esme.ROWS,)
