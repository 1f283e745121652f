# The screen port: a panel that shows a canvas. One module a driver, chosen by name.
# What is drawn does not depend on it: see smets.screen.


class ScreenError(Exception):
    """A screen that cannot be set up; the text says what is wrong, without any data."""


class Screen:
    """What every screen offers: its size, and whether it is mono (then canvases must be)."""

    width = 0
    height = 0
    mono = False

    def show(self, canvas) -> bool:
        """Show a canvas of this size; False where the panel does not answer: try again later."""
        raise NotImplementedError

    def light(self, on: bool):
        """Switch the light (or the pixels that make it) on or off; the picture stays."""
        raise NotImplementedError

    def check(self, canvas):
        """ScreenError unless a canvas fits this panel."""
        if (canvas.width, canvas.height, canvas.mono) != (self.width, self.height, self.mono):
            raise ScreenError("canvas of another panel")


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
