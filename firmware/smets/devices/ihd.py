# IHD: an in-home display, mains powered, that polls its meters and shows what they say.
from smets.devices.display import Display


class Ihd(Display):
    """An in-home display (IHDTS: Type 2 device)."""

    name = "IHD"
