# The screen port: a panel that shows a canvas. One module a driver; open_screen.py chooses one.
# The drawing does not depend on it: see smets.screen.


class ScreenError(Exception):
    """A screen that cannot be set up; the text says what is wrong, without any data."""


class Screen:
    """The members of every screen: its size, and whether it is mono (then canvases must be)."""

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
