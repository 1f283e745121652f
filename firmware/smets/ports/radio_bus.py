# A wire between boards as the radio of each: UARTs on RS-485, or on one wire that is pulled up.
# A frame is octets and their CRC-32 between two C0, with the escapes of SLIP (RFC 1055).
from binascii import crc32

from smets.compat import const
from smets.ports.link_frames import LIMIT, Link, awaits_answer, home_key, next_start

_END = b"\xc0"
_BAUDRATE = const(115200)
_RAW = const(640)  # octets: twice the longest frame, as all of them may be escaped
_TURN_MS = const(20)  # within this a board answers: it looks at its UART each 10 ms at least

# A board speaks after a quiet of this many ms, and of up to seven slots more. Who was spoken to
# has the turn: its answer, and its next frame to who spoke, do not wait, and others do.
_QUIET_MS = const(8)
_SLOT_MS = const(4)
# Sends of a frame that collided, before the link takes it as lost.
_COLLISIONS = const(8)


def open_radio(settings, machine):
    """The bus of a board; ValueError, KeyError if its settings make no sense.

    Members: `key` (32 hexadecimal digits, the same in the home), `pins` (`uart`, `tx`, `rx`,
    `enable` of an RS-485 driver; `echo`: a board hears itself), `baudrate`.
    """
    pins = settings["pins"]
    baudrate = settings.get("baudrate", _BAUDRATE)
    options = {"baudrate": baudrate, "timeout": 0, "rxbuf": 1024, "txbuf": _RAW}
    for name in ("tx", "rx"):
        if name in pins:
            options[name] = machine.Pin(pins[name])
    enable = None
    if "enable" in pins:
        enable = machine.Pin(pins["enable"], machine.Pin.OUT, value=0)
    uart = machine.UART(pins["uart"], **options)
    bus = Bus(uart, baudrate, enable, settings.get("echo", pins.get("echo", False)))
    return Link(bus, home_key(settings), next_start())


class Bus:
    """The medium of link_frames.Link over a UART whose `readinto` and `write` never wait."""

    limit = LIMIT
    ready = True

    def __init__(self, uart, baudrate: int, enable=None, echo: bool = False):
        self.counts = {"frames": 0, "broken": 0, "collisions": 0}
        self.patience = _TURN_MS + 2 * _ms(LIMIT, baudrate)
        self.stream = uart
        self._baudrate = baudrate
        self._enable = enable
        self._hears_itself = echo
        self._raw = bytearray(_RAW)
        self._view = memoryview(self._raw)
        self._end = 0
        self._quiet = 0  # ms without an octet; below 0 while this board sends
        self._wanted = _QUIET_MS  # ms of quiet before the next frame
        self._echo = b""  # the frame that is to be heard back
        self._again = b""  # the frame that collided
        self._tries = 0
        self._random = 1

    def pass_time(self, ms: int):
        """Let time pass; what collided goes out again."""
        self._quiet += ms
        if self._echo and self._quiet > _TURN_MS and not self._fill():
            self.counts["collisions"] += 1
            self._tries += 1
            if self._tries < _COLLISIONS:
                self._again = self._echo
                self._wanted = _QUIET_MS + self._draw(8 << self._tries) * _SLOT_MS
            self._echo = b""
        if self._again and self._quiet >= self._wanted:
            again, self._again = self._again, b""
            self._write(again)

    def receive(self) -> bytes | None:
        """The next frame with a good CRC that is not this board's own, or None."""
        self._fill()
        view = self._view
        while True:
            at = self._raw.find(_END, 0, self._end)
            if at < 0:
                if self._end == _RAW:
                    self.counts["broken"] += 1
                    self._end = 0
                return None
            octets = bytes(view[:at])
            left = self._end - at - 1
            view[:left] = view[at + 1 : self._end]
            self._end = left
            if not octets:
                continue
            octets = octets.replace(b"\xdb\xdc", _END).replace(b"\xdb\xdd", b"\xdb")
            if len(octets) < 5 or crc32(octets[:-4]).to_bytes(4, "big") != octets[-4:]:
                self.counts["broken"] += 1
                continue
            octets = octets[:-4]
            if octets == self._echo:
                self._echo = b""
                continue
            self.counts["frames"] += 1
            if awaits_answer(octets):
                self._quiet = -_TURN_MS
            return octets

    def send(self, octets: bytes, urgent: bool) -> bool:
        """Send a frame, without waiting for a quiet line if `urgent`; False where it is busy."""
        if self._fill() or self._echo or self._again:
            return False
        if not urgent and self._quiet < self._wanted:
            return False
        for octet in octets[1:14]:  # number and source: no two boards draw the same
            self._random = (self._random * 31 + octet) % 65521
        self._wanted = _QUIET_MS + self._draw(8) * _SLOT_MS
        self._tries = 0
        self._write(octets)
        return True

    def _write(self, octets):
        framed = octets + crc32(octets).to_bytes(4, "big")
        framed = framed.replace(b"\xdb", b"\xdb\xdd").replace(_END, b"\xdb\xdc")
        framed = _END + framed + _END
        enable = self._enable
        if enable is not None:
            enable.value(1)
        self.stream.write(framed)
        self._quiet = min(self._quiet, 0) - _ms(len(framed), self._baudrate)
        if enable is not None:
            self.stream.flush()  # the driver is on until the last bit has left
            enable.value(0)
            self._quiet = 0
        if awaits_answer(octets):
            self._quiet -= _TURN_MS
        if self._hears_itself:
            self._echo = octets

    def _fill(self):
        count = self.stream.readinto(self._view[self._end :]) or 0
        self._end += count
        if count and self._quiet > 0:
            self._quiet = 0
        return count

    def _draw(self, below):
        self._random = (self._random * 75 + 74) % 65537
        return self._random % below


def _ms(octets, baudrate):
    """How long octets take, in ms."""
    return octets * 10000 // baudrate + 1
