# GSME: a simulated gas meter that answers the gas use cases itself, and reports to its GPF.
from smets.devices.base import Device
from smets.gbcs import table_gas, use_cases
from smets.zcl import clusters, endpoints


class Gsme(Device):
    """A gas meter that feeds a GPF."""

    name = "GSME"
    letter = use_cases.GSME
    tables = (table_gas.ROWS,)
    features = ("gas_reports", "gas_settings", "events", "device_log")
    stamped_by = "gas_reports"
    endpoints = {endpoints.METER: (endpoints.METERING_DEVICE, (clusters.METERING,), ())}
