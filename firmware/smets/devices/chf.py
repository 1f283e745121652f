# CHF: the communications hub function, with its Device Log, its logs and its alerts.
from smets.devices.base import Device
from smets.features import tunnel
from smets.gbcs import table_chf, use_cases
from smets.zcl import clusters, endpoints


class Chf(Device):
    """A communications hub function."""

    name = "CHF"
    letter = use_cases.CHF
    tables = (table_chf.ROWS,)
    features = ("event_log", "hub_log", "distribution", "hub_causes", "tunnels")
    endpoints = {
        tunnel.HUB: (endpoints.ESI_DEVICE, (clusters.TUNNELING,), (clusters.TUNNELING,)),
    }
