# CHF: the communications hub function, as far as its DLMS objects and its Device Log go.
from smets.devices.base import Device
from smets.gbcs import table_chf, use_cases


class Chf(Device):
    """A communications hub function."""

    name = "CHF"
    letter = use_cases.CHF
    tables = (table_chf.ROWS,)
    features = ("device_log",)
