# A display's screen behind the bench link (CTRL:SCREEN): a host presses the keys, and is given
# the pixels where it does not have them yet. It is the board's panel (live.py) where there is one,
# else one that is wherever the host is: then nothing is drawn before a host asks.
from binascii import hexlify

from smets.compat import const
from smets.document import ANYTHING
from smets.screen.buttons import KEYS
from smets.screen.canvas import PALETTE, Canvas
from smets.screen.front import Front
from smets.screen.layout import LAYOUTS

# Octets of one piece of an answer: the 16 KB of a colour canvas are never held a second time.
_CHUNK = const(240)
# Keys in one line, and the longest time in ms that one line lets pass at the keys.
_MOST_KEYS = const(32)
_LONGEST_MS = const(3600000)
# The form of CTRL:SCREEN (smets/document.py).
FORM = {
    "panel?": tuple(sorted(LAYOUTS)),
    "press?": [KEYS, _MOST_KEYS],
    "passed?": (0, _LONGEST_MS),
    "seen?": ANYTHING,
}


class LinkedScreen:
    """The screen of a display (smets.devices.display.Display), for a host to look at."""

    def __init__(self, display, panel: str = "240x135", live=None, own=None):
        """`panel` is a name of layout.LAYOUTS; `live` (live.Live) is the board's own, if any.

        `own` is the screen of that one, where this is another panel beside it.
        """
        self.name = panel
        self._display = display
        self._live = live
        self._own = own
        self._beside = None
        layout = LAYOUTS[panel]
        if live is not None and own is None:
            canvas = live.canvas
        else:
            canvas = Canvas(layout.width, layout.height, layout.mono)
        self.front = Front(display, layout, canvas, own.front.navigator if own else None)
        self.front.tick(0)

    def beside(self, panel: str):
        """The page of the board's panel as another one shows it: its keys lead both."""
        if self._beside is None or self._beside.name != panel:
            self._beside = None
            self._beside = LinkedScreen(self._display, panel, self._live, self)
        return self._beside

    def take(self, keys, passed: int):
        """Press keys (names of buttons.KEYS), then let `passed` ms pass.

        These are the milliseconds of the person at the keys, which virtual time does not hurry.
        """
        for key in keys:
            self.front.press(KEYS.index(key))
            self.front.tick(0)
        if keys and self._live:
            self._live.wake()
            if self._own:
                self._own.front.follow()
        self.front.tick(passed)

    def answer(self, seen) -> list:
        """Pieces of the answer, JSON when joined; without pixels where their check is `seen`.

        Strings and memoryviews: the latter stand for their octets in hexadecimal.
        """
        front, navigator = self.front, self.front.navigator
        head = '{"panel": "%s", "page": "%s", "part": %d, "check": %d' % (
            self.name,
            navigator.page,
            navigator.part + 1,
            front.check,
        )
        if self._live:
            head += self._live.told()
        if seen == front.check:
            return [head + "}"]
        if not front.canvas.mono:
            head += ', "palette": "' + "".join(["%02x%02x%02x" % rgb for rgb in PALETTE]) + '"'
        view = memoryview(front.canvas.octets)
        pieces = [view[at : at + _CHUNK] for at in range(0, len(view), _CHUNK)]
        return [head + ', "pixels": "'] + pieces + ['"}']


def length(pieces) -> int:
    """Characters of an answer."""
    return sum([len(one) if isinstance(one, str) else 2 * len(one) for one in pieces])


def text(piece) -> str:
    """A piece as it is written."""
    return piece if isinstance(piece, str) else hexlify(piece).decode()
