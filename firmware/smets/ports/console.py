# Console port: the bench link's lines over a board's own REPL stream (USB serial or UART).
# A line is bounded. A longer one is dropped up to the next line end and reported.
import sys

from smets.compat import BLANKS, const

# Results of `LineBuffer.take`.
NOTHING = const(0)  # the line goes on
LINE = const(1)  # `text` has a line that is not empty
LONG = const(2)  # a line was longer than the limit and is gone
NOISE = const(3)  # a line was not text and is gone
INTERRUPT = const(4)  # Ctrl-C was asked for

_CTRL_C = const(3)
_CR = const(13)
_LF = const(10)


class LineBuffer:
    """Collects octets into lines that CR or LF ends; never holds more than `limit` octets.

    Ctrl-C counts at the start of a line (mpremote sends CR, Ctrl-C) or twice in a row. Elsewhere
    it is an octet like any other, so that noise on the line hardly ever stops the device.
    """

    def __init__(self, limit: int):
        self.text = ""
        self._octets = bytearray(limit)
        self._length = 0
        self._last = _LF

    def take(self, octet: int) -> int:
        """Take one octet; returns what it completes."""
        last = self._last
        self._last = octet
        if octet == _CTRL_C and last in (_CR, _LF, _CTRL_C):
            self._length = 0
            self._last = _LF
            return INTERRUPT
        length = self._length
        if octet == _CR or octet == _LF:
            self._length = 0
            return self._end(length) if length else NOTHING
        if length < len(self._octets):
            self._octets[length] = octet
        # One beyond the limit says "too long", however long it gets.
        self._length = min(length, len(self._octets)) + 1
        return NOTHING

    def _end(self, length) -> int:
        if length > len(self._octets):
            return LONG
        try:
            self.text = str(memoryview(self._octets)[:length], "utf-8").strip(BLANKS)
        except UnicodeError:
            return NOISE
        return LINE if self.text else NOTHING


class Console:
    """The stream that the board's REPL uses, octet by octet without blocking longer than asked."""

    def __init__(self):
        self._in = getattr(sys.stdin, "buffer", sys.stdin)
        self._out = sys.stdout
        self._octet = bytearray(1)
        self._other = None
        try:
            import select

            self._poll = select.poll()
            self._poll.register(sys.stdin, select.POLLIN)
        except ImportError:
            # QEMU's port: reading waits, and nothing else has to be done meanwhile.
            self._poll = None
        try:
            from micropython import kbd_intr

            self._kbd_intr = kbd_intr
        except ImportError:
            self._kbd_intr = lambda char: None

    def listen(self, wanted: bool):
        """Take Ctrl-C as an octet (`wanted`), or let it interrupt what runs."""
        self._kbd_intr(-1 if wanted else _CTRL_C)

    def also(self, stream):
        """Let `wait` end early when another stream has something to read."""
        if self._poll is not None:
            self._poll.register(stream, 1)  # POLLIN
            self._other = stream

    def wait(self, ms: int) -> bool:
        """Whether an octet comes within `ms` milliseconds."""
        if self._poll is None:
            return True
        ready = self._poll.poll(ms)
        # Of two the other one may be alone.
        return len(ready) > 1 or bool(ready) and ready[0][0] is not self._other

    def read(self) -> int:
        """The next octet; -1 at the end of the stream."""
        count = self._in.readinto(self._octet)  # pyright: ignore[reportAttributeAccessIssue]
        return self._octet[0] if count else -1

    def write(self, text: str):
        """Send text, a piece with each call, so that a long answer need not be in memory whole."""
        self._out.write(text)
