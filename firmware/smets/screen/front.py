# The front of a display: its keys go to the navigator, its pages to the screen when they change.
from binascii import crc32

from smets.compat import const
from smets.screen.buttons import Navigator
from smets.screen.canvas import Canvas
from smets.screen.layout import LAYOUTS
from smets.screen.pages import draw
from smets.screen.view import view_of

# Milliseconds between two looks at the device, and without a key until the first page is back.
_REFRESH_MS = const(1000)
_IDLE_MS = const(60000)


class Front:
    """Shows a display (smets.devices.display.Display) on a screen (smets.ports.screen)."""

    def __init__(self, display, screen, buttons=None):
        """`buttons` (smets.screen.buttons.Buttons) are polled; a host may press keys too."""
        self.layout = LAYOUTS["%dx%d" % (screen.width, screen.height)]
        self.canvas = Canvas(screen.width, screen.height, screen.mono)
        self.navigator = Navigator()
        self.view = None
        self._display = display
        self._screen = screen
        self._buttons = buttons
        self._due = 0
        self._idle = 0
        self._shown = None  # check value of what the panel shows

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
            del feature("tenancy_display").notices[:]
        request, self.navigator.request = self.navigator.request, None
        if request is not None:
            try:
                getattr(feature("requests"), request[0])(*request[1])
            except ValueError:
                pass  # another request is under way: its answer comes first

    def tick(self, passed: int) -> bool:
        """`passed` milliseconds went by; whether the panel was given a new picture."""
        if self._buttons is not None:
            for key in self._buttons.poll(passed):
                self.press(key)
        self._due -= passed
        self._idle += passed
        if self._due > 0:
            return False
        self._due = _REFRESH_MS
        if self._idle >= _IDLE_MS:
            self._idle = 0
            self.navigator.home()
        self.view = view_of(self._display, self.view)
        self.navigator.settle(self.view, self.layout)
        page, part = self.navigator.page, self.navigator.part
        draw(self.canvas, self.layout, self.view, page, part)
        check = crc32(self.canvas.octets)
        if check == self._shown:
            return False
        self._shown = check if self._screen.show(self.canvas) else None
        return True
