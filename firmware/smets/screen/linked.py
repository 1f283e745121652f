# A display's screen behind the bench link (CTRL:SCREEN): a host presses the keys, and is given
# the pixels where it does not have them yet. Nothing is drawn before a host asks.
from binascii import crc32, hexlify

from smets.compat import const
from smets.document import ANYTHING
from smets.ports.screen import Screen
from smets.screen.buttons import KEYS
from smets.screen.canvas import PALETTE
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


class _Panel(Screen):
    """A panel that is wherever the host is."""

    def __init__(self, layout):
        self.width, self.height, self.mono = layout.width, layout.height, layout.mono
        self.octets = b""
        self.digest = 0

    def show(self, canvas) -> bool:
        self.octets = canvas.octets
        self.digest = crc32(canvas.octets)
        return True


class LinkedScreen:
    """The screen of a display (smets.devices.display.Display), for a host to look at."""

    def __init__(self, display, panel: str = "240x135"):
        """`panel` is a name of layout.LAYOUTS."""
        self.name = panel
        self._panel = _Panel(LAYOUTS[panel])
        self._front = Front(display, self._panel)
        self._front.tick(0)

    def take(self, keys, passed: int):
        """Press keys (names of buttons.KEYS), then let `passed` ms pass.

        These are the milliseconds of the person at the keys, which virtual time does not hurry.
        """
        for key in keys:
            self._front.press(KEYS.index(key))
            self._front.tick(0)
        self._front.tick(passed)

    def answer(self, seen) -> list:
        """Pieces of the answer, JSON when joined; without pixels where their check is `seen`.

        Strings and memoryviews: the latter stand for their octets in hexadecimal.
        """
        panel, navigator = self._panel, self._front.navigator
        head = '{"panel": "%s", "page": "%s", "part": %d, "check": %d' % (
            self.name,
            navigator.page,
            navigator.part + 1,
            panel.digest,
        )
        if seen == panel.digest:
            return [head + "}"]
        if not panel.mono:
            head += ', "palette": "' + "".join(["%02x%02x%02x" % rgb for rgb in PALETTE]) + '"'
        view = memoryview(panel.octets)
        pieces = [view[at : at + _CHUNK] for at in range(0, len(view), _CHUNK)]
        return [head + ', "pixels": "'] + pieces + ['"}']


def length(pieces) -> int:
    """Characters of an answer."""
    return sum([len(one) if isinstance(one, str) else 2 * len(one) for one in pieces])


def text(piece) -> str:
    """A piece as it is written."""
    return piece if isinstance(piece, str) else hexlify(piece).decode()
