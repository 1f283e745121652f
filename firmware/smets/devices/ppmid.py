# PPMID: a prepayment meter interface device; a display that sleeps and can act on its meter.
from smets.devices.display import Display
from smets.gbcs import use_cases
from smets.zcl import clusters, endpoints


class Ppmid(Display):
    """A prepayment meter interface device (PPMIDTS: Type 1 device).

    Its radio sleeps, and wakes by itself: then the tenancy is read before anything else, and no
    history is shown until it was. Time and purges go on while it sleeps.
    """

    name = "PPMID"
    letter = use_cases.PPMID
    # As a literal: an install (host_tools/install.py) has the modules of what is named here.
    features = (
        "pairing",
        "tenancy_display",
        "hub_time",
        "polling",
        "bulletin",
        "sampled_data",
        "requests",
        "device_log",
        "firmware",
        "sleep",
    )
    endpoints = {1: (endpoints.DISPLAY_DEVICE, (clusters.TUNNELING,), Display.endpoints[1][2])}

    def take(self, frame):
        """See Device. The tunnel is loaded when the hub opens it: a Pico has no more room."""
        if frame.cluster != clusters.TUNNELING:
            super().take(frame)
        else:
            from smets.features.ppmid_tunnel import of

            of(self).receive(frame)
