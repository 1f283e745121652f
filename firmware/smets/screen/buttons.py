# Page navigation: three keys (next, back, OK) that buttons, a touch or a host press.
# OK goes through the parts of a page, and confirms a notice.
from smets.compat import const
from smets.screen.pages import pages

NEXT = const(0)
BACK = const(1)
OK = const(2)
KEYS = ("next", "back", "ok")

# Milliseconds for which an input must be steady; for which a key is held until it repeats.
_STEADY_MS = const(30)
_REPEAT_MS = const(600)


class Navigator:
    """Which page and which part of it is shown. Pages come and go with the view."""

    def __init__(self):
        self.page = "now"
        self.part = 0

    def settle(self, shown, layout):
        """Stay on a page that exists; a notice goes before all others until it is confirmed."""
        found = pages(shown, layout)
        names = [name for name, _ in found]
        if shown.notices:
            self.page, self.part = "notice", 0
        elif self.page not in names or self.page == "notice":
            self.page, self.part = "now", 0
        self.part = min(self.part, found[names.index(self.page)][1] - 1)

    def press(self, key: int, shown, layout) -> bool:
        """A key was pressed; whether that confirms the notice on the screen."""
        self.settle(shown, layout)
        found = pages(shown, layout)
        index = [name for name, _ in found].index(self.page)
        if self.page == "notice":
            return key == OK
        if key == OK:
            self.part = (self.part + 1) % found[index][1]
            return False
        index = (index + (1 if key == NEXT else -1)) % len(found)
        self.page, self.part = found[index][0], 0
        return False

    def home(self):
        """Back to the first page, after a time without a key."""
        self.page, self.part = "now", 0


class Buttons:
    """Keys on pins that read 0 while pressed: debounced, repeating while held."""

    def __init__(self, pins):
        """`pins` are called for their level: next, back, OK."""
        self._pins = pins
        self._since = [0] * len(pins)  # milliseconds that a pin has been down
        self._due = [_STEADY_MS] * len(pins)  # and at which it counts

    def poll(self, passed: int) -> list:
        """The keys pressed in the `passed` milliseconds since the last poll."""
        keys = []
        for key, pin in enumerate(self._pins):
            if pin():
                self._since[key] = 0
                self._due[key] = _STEADY_MS
                continue
            self._since[key] += passed
            if self._since[key] >= self._due[key]:
                self._due[key] = self._since[key] + _REPEAT_MS
                keys.append(key)
        return keys
