# The screen port: a panel that shows a canvas. One module a driver; open_screen.py chooses one.
# The drawing does not depend on it: see smets.screen.


class ScreenError(Exception):
    """A screen that cannot be set up; the text says what is wrong, without any data."""


class Screen:
    """The members of every screen: its size, and whether it is mono (then canvases must be)."""

    width = 0
    height = 0
    mono = False
    # A canvas is sent in so many pieces, rows of equal height from the top: a bench link and a
    # watchdog wait for one of them only.
    pieces = 1

    def send(self, canvas, piece: int) -> bool:
        """Show a piece of a canvas of this size; False where the panel does not answer.

        A panel that did not answer has to be sent all pieces before it shows one.
        """
        raise NotImplementedError

    def show(self, canvas) -> bool:
        """Show a whole canvas; False where the panel does not answer: try again later."""
        for piece in range(self.pieces):
            if not self.send(canvas, piece):
                return False
        return True

    def light(self, on: bool):
        """Switch the light (or the pixels that make it) on or off; the picture stays."""
        raise NotImplementedError

    def check(self, canvas):
        """ScreenError unless a canvas fits this panel."""
        if (canvas.width, canvas.height, canvas.mono) != (self.width, self.height, self.mono):
            raise ScreenError("canvas of another panel")
