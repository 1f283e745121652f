# SAPC: a standalone auxiliary proportional controller, as far as its parties and its limits go.
from smets.devices.base import Device
from smets.gbcs import table_sapc, use_cases


class Sapc(Device):
    """A standalone auxiliary proportional controller."""

    name = "SAPC"
    letter = use_cases.SAPC
    tables = (table_sapc.ROWS,)
    features = ("event_log", "limits", "unsupported")
