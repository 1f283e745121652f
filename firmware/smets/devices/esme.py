# ESME: an electricity meter, answering DLMS use cases from its objects. It measures energy and
# voltage by half hours of UTC; on the HAN it is an energy service interface.
from smets.devices.base import Device
from smets.gbcs import table_esme, use_cases
from smets.zcl import clusters, endpoints


class Esme(Device):
    """An electricity smart metering equipment."""

    name = "ESME"
    letter = use_cases.ESME
    tables = (table_esme.ROWS,)
    # Time passes for the register first: others ask it what was drawn.
    features = (
        "register",
        "clock",
        "tenancy",
        "logs",
        "events",
        "voltage",
        "profile_data",
        "prepayment",
        "device_log",
    )
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
