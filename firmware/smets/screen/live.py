# The panel and the keys of a board: they show what CTRL:SCREEN tells, and it tells what they show.
# Called over and over by the loop (runtime.py), which waits for a piece of a picture at most.
from binascii import crc32

from smets.compat import const
from smets.ports.open_screen import open_keys, open_screen
from smets.ports.screen import ScreenError
from smets.screen import alerts
from smets.screen.buttons import NONE, Buttons
from smets.screen.canvas import Canvas

# project-choice: the light goes off after so many ms without a key. Alternative: it stays on.
LIGHT_MS = const(120000)
# A panel that does not answer is tried again after so many ms.
AGAIN_MS = const(5000)
_NOTICES = const(0x10000)  # the first bit after those of alerts
# How long the loop may listen to the console: keys are looked at in between.
_POLL_MS = const(10)


def open_live(settings, device, tell):
    """The panel that `panel` of a device.json names, with its `keys`; None where that fails.

    `tell(text)` is called with what is wrong: a device works without a panel, and without keys.
    """
    try:
        if not device.shows:
            raise ScreenError("%s has no screen" % device.name)
        live = Live(open_screen(settings["panel"]), tell)
    except Exception as error:  # a driver is another's code, and a chip
        tell("no panel: %s" % (str(error) or error.__class__.__name__))
        return None
    try:
        if "keys" in settings:
            live.buttons = Buttons(open_keys(settings["keys"], settings["panel"]))
    except Exception as error:
        tell("no keys: %s" % (str(error) or error.__class__.__name__))
    return live


class Live:
    """A panel (smets.ports.screen.Screen) and its keys, for as long as the power is on."""

    def __init__(self, screen, tell):
        """`tell(text)` is called when the panel stops answering."""
        self.name = "%dx%d" % (screen.width, screen.height)
        self.canvas = Canvas(screen.width, screen.height, screen.mono)
        self.buttons: Buttons | None = None
        self.lit = True
        self.wait = 0  # ms that the loop may wait before it comes again
        self.screen = screen
        self._tell = tell
        view = memoryview(self.canvas.octets)
        size = len(view) // screen.pieces
        self._pieces = [view[at : at + size] for at in range(0, len(view), size)]
        self._shown = [-1] * screen.pieces  # check values of what the panel shows
        self._check = -1  # that of the picture which is being sent, or was
        self._next = 0  # the piece to look at next; as many as there are: none
        self._away = 0  # ms until a panel that does not answer is tried again
        self._told = False  # whether that was told
        self._rest = 0  # ms until a picture that failed is drawn again
        self._dark_in = LIGHT_MS
        self._alerts = 0  # a bit each of those that there were

    def told(self) -> str:
        """Members of the answer to CTRL:SCREEN."""
        return ', "lit": %s, "answers": %s' % (
            "true" if self.lit else "false",
            "false" if self._away else "true",
        )

    def wake(self):
        """Switch the light on, for LIGHT_MS from now."""
        self._dark_in = LIGHT_MS
        if not self.lit:
            self.lit = True
            self.screen.light(True)

    def rest(self):
        """Let some time go by: what was to be shown has failed."""
        self._rest = AGAIN_MS
        self.wait = _POLL_MS

    def pump(self, link, passed: int) -> bool:
        """`passed` ms went by: take a key, draw what is due, send a piece; whether a key came.

        The picture is that of `link.screen()`. Nothing here waits, and where nothing is due
        nothing is taken of the heap.
        """
        if self._rest > 0:
            self._rest -= passed
            return False
        front = link.screen().front
        key = self.buttons.poll(passed) if self.buttons else NONE
        if key != NONE:
            # A key in the dark is for the light.
            if self.lit:
                front.press(key)
            self.wake()
        if front.tick(passed):
            self._attend(front.view)
        if self.lit:
            self._dark_in -= passed
            if self._dark_in <= 0:
                self.lit = False
                self.screen.light(False)
        if front.check != self._check:
            self._check = front.check
            self._next = 0
        self._send(passed)
        return key != NONE

    def _attend(self, shown):
        """Let there be light where something new is for a person's attention."""
        now = 0
        for kind, fuel in alerts.find(shown):
            now |= 1 << 2 * kind + (fuel.fuel if fuel else 0)
        for scope in shown.notices:
            now |= _NOTICES << scope
        if now & ~self._alerts:
            self.wake()
        self._alerts = now

    def _send(self, passed: int):
        """Send the next piece that the panel does not show."""
        self.wait = _POLL_MS
        if self._away > 0:
            self._away -= passed
            if self._away > 0:
                return
            self._forget()
        while self._next < len(self._pieces):
            piece = self._next
            check = crc32(self._pieces[piece])
            if check != self._shown[piece]:
                self._shown[piece] = check
                self._pass_on(piece)
                return
            self._next += 1

    def _pass_on(self, piece: int):
        if self.screen.send(self.canvas, piece):
            self._next = piece + 1
            self.wait = 0
            self._told = False
            return
        if not self._told:
            self._told = True
            self._tell("the panel does not answer")
        self._away = AGAIN_MS

    def _forget(self):
        """What the panel shows is not known any more."""
        self._away = 0
        self._next = 0
        for piece in range(len(self._shown)):
            self._shown[piece] = -1
