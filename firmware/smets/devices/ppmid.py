# PPMID: a prepayment meter interface device; a display that may sleep and can act on its meters.
from smets.devices.display import Display


class Ppmid(Display):
    """A prepayment meter interface device (PPMIDTS: Type 1 device)."""

    name = "PPMID"
    sleepy = True
