# GSME: a simulated gas meter that answers the gas use cases itself, and reports to its GPF.
from smets.devices.tunnelled import Tunnelled
from smets.gbcs import table_gas, table_proxy, use_cases
from smets.zcl import clusters, endpoints


class Gsme(Tunnelled):
    """A gas meter that feeds a GPF."""

    name = "GSME"
    letter = use_cases.GSME
    tables = (table_gas.ROWS, table_proxy.ROWS)
    # Time passes for the register first; the report tells what all before it have done.
    features = (
        "gas_defaults",
        "gas_register",
        "event_log",
        "gas_settings",
        "gas_dated",
        "gas_account",
        "gas_logs",
        "gas_network",
        "gas_valve",
        "gas_clock",
        "gas_display",
        "gas_reports",
        "events",
        "device_log",
        "tunnel_client",
    )
    tunnel_by = "tunnel_client"
    stamped_by = "gas_reports"
    dated_by = "gas_dated"
    endpoints = {endpoints.METER: (endpoints.METERING_DEVICE, (clusters.METERING,), ())}
