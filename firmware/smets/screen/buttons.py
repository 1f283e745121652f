# Page navigation: three keys (next, back, OK) that buttons, a touch or a host press.
# OK goes through the parts of a page, and confirms a notice.
from smets.compat import const
from smets.features.prepayment.codes import DIGITS
from smets.screen import page_act
from smets.screen.pages import pages

NEXT = const(0)
BACK = const(1)
OK = const(2)
NONE = const(-1)
KEYS = ("next", "back", "ok")

# Milliseconds for which an input must be steady; for which a key is held until it repeats.
_STEADY_MS = const(30)
_SAMPLES = const(2)  # the same while a page is drawn, which takes a Pico up to 150 ms
_REPEAT_MS = const(600)


class Navigator:
    """Which page and which part of it is shown. Pages come and go with the view.

    On the pages of page_act OK begins and confirms; `request` is then what a PPMID has to do: the
    name of a method and its arguments.
    """

    def __init__(self):
        self.page = "now"
        self.part = 0
        self.request = None
        self._entry = None  # digits entered so far, ASCII
        self._choice = 0
        self._confirm = False

    def settle(self, shown, layout):
        """Stay on a page that exists; a notice goes before all others until it is confirmed."""
        found = pages(shown, layout)
        names = [name for name, _ in found]
        if shown.notices:
            self.page, self.part = "notice", 0
        elif self.page not in names or self.page == "notice":
            self.page, self.part = "now", 0
        self.part = min(self.part, found[names.index(self.page)][1] - 1)
        if self.page != "top-up":
            self._entry = None
        if not (page_act.offered(shown, self.page) or page_act.unknown(shown, self.page)):
            self._confirm = False
        shown.entry, shown.choice, shown.confirm = self._entry, self._choice, self._confirm

    def press(self, key: int, shown, layout) -> bool:
        """A key was pressed; whether that confirms the notice on the screen."""
        self.settle(shown, layout)
        found = pages(shown, layout)
        index = [name for name, _ in found].index(self.page)
        if self.page == "notice":
            return key == OK
        if self._acts(key, shown):
            return False
        if key == OK:
            self.part = (self.part + 1) % found[index][1]
            return False
        index = (index + (1 if key == NEXT else -1)) % len(found)
        self.page, self.part = found[index][0], 0
        self._confirm = False
        return False

    def _acts(self, key: int, shown) -> bool:
        """Whether a key belongs to what is done on this page."""
        if self._entry is not None:
            self._enter(key, self._entry)
        elif key != OK or self.page not in ("top-up", "emergency", "supply"):
            return False
        elif self.page == "top-up":
            self._entry, self._choice = bytearray(), 0
        elif self._confirm:
            self._confirm = False
            method = "emergency_credit" if self.page == "emergency" else "enable_supply"
            self.request = (method, ())
        else:
            self._confirm = page_act.offered(shown, self.page)
        return True

    def _enter(self, key: int, entry: bytearray):
        """A key while a number is entered."""
        whole = len(entry) == DIGITS
        if whole and key == OK:
            self.request = ("top_up", (bytes(entry),))
            self._entry = None
        elif whole:
            self._delete(entry)
        elif key != OK:
            self._choice = (self._choice + (1 if key == NEXT else -1)) % page_act.CHOICES
        elif self._choice == page_act.DELETE:
            if entry:
                self._delete(entry)
            else:
                self._entry = None
        else:
            entry.append(0x30 + self._choice)
            self._choice = 0

    def _delete(self, entry: bytearray):
        """Take the last digit away; it is offered again."""
        self._choice = entry[-1] - 0x30
        self._entry = entry[:-1]

    def home(self):
        """Back to the first page, after a time without a key."""
        self.page, self.part = "now", 0


class Buttons:
    """Keys on pins that read 0 while pressed: debounced; next and back repeat while held."""

    def __init__(self, pins):
        """`pins` are called for their level: next, back, OK."""
        self._pins = pins
        self._since = [0] * len(pins)  # milliseconds that a pin has been down
        self._due = [_STEADY_MS] * len(pins)  # and at which it counts; -1: no more
        self._seen = [0] * len(pins)  # samples since the last poll in which it was down

    def sample(self):
        """Look at the pins while work keeps `poll` from being called. Takes no memory."""
        for key in range(len(self._pins)):
            if not self._pins[key]():
                self._seen[key] += 1

    def poll(self, passed: int) -> int:
        """A key that was pressed in the `passed` milliseconds since the last poll; NONE.

        Of several keys the others come with the next polls. One that was down in two samples and
        is up again counts, too. Takes no memory.
        """
        pressed = NONE
        for key in range(len(self._pins)):
            if self._pins[key]():
                if self._seen[key] >= _SAMPLES and self._due[key] == _STEADY_MS:
                    if pressed != NONE:
                        continue
                    pressed = key
                self._seen[key] = 0
                self._since[key] = 0
                self._due[key] = _STEADY_MS
                continue
            self._seen[key] = 0
            self._since[key] += passed
            if pressed == NONE and 0 <= self._due[key] <= self._since[key]:
                # A held OK would confirm what it has asked for.
                self._due[key] = -1 if key == OK else self._since[key] + _REPEAT_MS
                pressed = key
        return pressed
