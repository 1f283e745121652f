# PPMID: a prepayment meter interface device; a display that sleeps and can act on its meter.
from smets.devices.display import Display


class Ppmid(Display):
    """A prepayment meter interface device (PPMIDTS: Type 1 device).

    Its radio sleeps, and wakes by itself: then the tenancy is read before anything else, and no
    history is shown until it was. Time and purges go on while it sleeps.
    """

    name = "PPMID"
    # As a literal: an install (host_tools/install.py) has the modules of what is named here.
    features = (
        "pairing",
        "tenancy_display",
        "hub_time",
        "polling",
        "sampled_data",
        "requests",
        "sleep",
    )
