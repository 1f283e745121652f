# GPF: mirrors the gas meter, stamps what it answers, serves the mirror to the HAN.
# Part of a communications hub; its clock is the hub's.
from smets.devices.base import Device
from smets.gbcs import table_gas, use_cases
from smets.zcl import clusters, endpoints


class Gpf(Device):
    """A Gas Proxy Function."""

    name = "GPF"
    letter = use_cases.GPF
    tables = (table_gas.ROWS,)
    features = ("mirror", "tenancy", "logs", "time", "events", "device_log")
    stamped_by = "mirror"
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
