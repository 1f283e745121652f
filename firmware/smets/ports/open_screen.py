# Which screen a board has: chosen by the name in its configuration, and imported then.
from smets.ports.screen import ScreenError


def open_screen(config: dict):
    """The screen that a board's configuration names under "screen"; None for a board without one.

    "st7789" or "ssd1306"; further keys as in `from_config` of its module. ScreenError if unknown.
    """
    kind = config.get("screen")
    if kind is None:
        return None
    if kind == "st7789":
        from smets.ports.screen_st7789 import from_config as made
    elif kind == "ssd1306":
        from smets.ports.screen_ssd1306 import from_config as made
    else:
        raise ScreenError("unknown screen")
    options = {key: value for key, value in config.items() if key != "screen"}
    return made(**options)
