# The front of a display: keys go to its navigator, its page is drawn on a canvas when that is due.
from binascii import crc32

from smets.compat import const
from smets.screen.buttons import Navigator
from smets.screen.pages import draw
from smets.screen.view import view_of

# Milliseconds between two looks at the device, and without a key until the first page is back.
_REFRESH_MS = const(1000)
_IDLE_MS = const(60000)


class Front:
    """What a display (smets.devices.display.Display) shows, for all who look at it."""

    def __init__(self, display, layout, canvas, navigator=None):
        """`layout` is one of layout.LAYOUTS, `canvas` of its size.

        `navigator` is that of another front, which goes back to the first page for both.
        """
        self.layout = layout
        self.canvas = canvas
        self.navigator = navigator or Navigator()
        self.view = None
        self.check = 0  # CRC-32 of the canvas
        self._display = display
        self._due = 0
        self._idle = 0
        self._leads = navigator is None

    def press(self, key: int):
        """A key of smets.screen.buttons was pressed; the screen follows at the next tick."""
        self._idle = 0
        self._due = 0
        if self.view is None:
            return
        feature = self._display.feature
        sleep = feature("sleep")
        if sleep:
            sleep.key()
        if self.navigator.press(key, self.view, self.layout):
            feature("tenancy_display").confirm()
        request, self.navigator.request = self.navigator.request, None
        if request is not None:
            try:
                getattr(feature("requests"), request[0])(*request[1])
            except ValueError:
                pass  # another request is under way: its answer comes first

    def follow(self):
        """A key was pressed at another front with this navigator."""
        self._idle = 0
        self._due = 0

    def tick(self, passed: int) -> bool:
        """`passed` milliseconds went by; whether the display was looked at, and drawn."""
        self._due -= passed
        self._idle += passed
        if self._due > 0:
            return False
        self._due = _REFRESH_MS
        if self._leads and self._idle >= _IDLE_MS:
            self._idle = 0
            self.navigator.home()
        self.view = view_of(self._display, self.view)
        self.navigator.settle(self.view, self.layout)
        draw(self.canvas, self.layout, self.view, self.navigator.page, self.navigator.part)
        self.check = crc32(self.canvas.octets)
        return True
