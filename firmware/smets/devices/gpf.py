# GPF: mirrors the gas meter, stamps what it answers, serves the mirror to the HAN.
# Part of a communications hub; its clock is the hub's.
from smets.devices.base import Device
from smets.gbcs import table_proxy, use_cases
from smets.zcl import clusters, endpoints


class Gpf(Device):
    """A Gas Proxy Function."""

    name = "GPF"
    letter = use_cases.GPF
    tables = (table_proxy.ROWS,)
    features = (
        "mirror",
        "tenancy",
        "event_log",
        "logs",
        "gas_history",
        "time",
        "events",
        "device_log",
        "gpf_backup",
        "tap_off",
    )
    stamped_by = "mirror"
    dated_by = "tap_off"
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
