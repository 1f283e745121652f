# What the links between boards share (bus, UDP, ESP-NOW): frames that are sealed, numbered,
# answered, and sent again until they are. docs/links.md has their octets. This is not ZigBee.
#
# A medium has `limit` (octets of its longest frame), `ready`, `patience` (ms until an answer is
# late), `pass_time(ms)`, `receive()` (the next frame that came whole, or None), `send(octets,
# urgent)` (False: the line is busy), `stream` (what to wait for, or None) and `counts`. It may
# lose, double and reorder frames.
from binascii import unhexlify

from smets.compat import const
from smets.crypto import CryptoError, ccm
from smets.crypto.aes import Aes
from smets.ports.store import Store
from smets.ports.store_error import StoreError
from smets.zcl.han_frame import BROADCAST, GROUP, HanFrame

# Octets of the longest payload, as on an XBee link, and around it.
PAYLOAD = const(255)
OVERHEAD = const(33)
LIMIT = const(PAYLOAD + OVERHEAD)

_DATA = const(0x10)
_ANSWER = const(0x11)
_HEAD = const(22)  # kind, number (5), source (8), destination (8)
_DATA_HEAD = const(29)  # and flags, endpoints, profile (2), cluster (2)
_ANSWER_END = const(27)  # or the number that is answered
_COUNT_MAX = const(0xFFFFFF)
_ALL = b"\xff\xff\xff\xff\xff\xff\xff\xff"

# Frames under way, one a destination, so that none overtakes another. What waits
# for a display that sleeps takes one of them.
_WINDOW = const(6)
_BURST = const(8)  # frames that `pump` takes at a time
_BACKLOG = const(32)  # frames that wait in a device
_ANSWERS = const(8)  # that wait for a quiet line
_PEERS = const(16)
# A frame to all goes out so often, as ZigBee's network layer does: nobody answers.
_BROADCASTS = const(3)
# A frame is given up after so many ms, as a parent's for a child that sleeps is
# (host_tools/han/hub.py). Times between two sends double, this often at most.
_HOLD_MS = const(120000)
_DOUBLINGS = const(6)
_EAGER = const(3)  # sends after which a frame goes again when its destination is heard


def awaits_answer(octets) -> bool:
    """Whether a frame is for one device, which will answer."""
    return octets[0] == _DATA and len(octets) > _HEAD and not octets[_HEAD] & (BROADCAST | GROUP)


def home_key(settings) -> bytes:
    """The key of the home; ValueError unless it has 32 hexadecimal digits."""
    key = unhexlify(settings["key"])
    if len(key) != 16:
        raise ValueError("key: not 32 hexadecimal digits")
    return key


def next_start(folder: str = "/state/link") -> bytes:
    """The number of this start of the board (2 octets), above all before; b"" if none is kept."""
    try:
        store = Store(folder, folder.rpartition("/")[0])
        try:
            last = store.get("start")
        except StoreError:
            return b""  # it cannot be read: a number could be used twice under one key
        number = int.from_bytes(last or b"\x00\x00", "big") + 1
        if number > 0xFFFF:
            return b""
        start = number.to_bytes(2, "big")
        store.put("start", start)
    except StoreError:
        return b""
    return start


class Link:
    """A link as the radio of a board: runtime.py calls `pump` and `status`.

    `key` is that of the home (16 octets), `start` what next_start returns. Nothing that comes in
    raises: it is counted in `errors` by reason, and `fault` has the last one in words.
    """

    def __init__(self, medium, key: bytes, start: bytes):
        self.counts = {
            "sent": 0, "delivered": 0, "received": 0, "repeats": 0, "duplicates": 0, "given up": 0,
        }  # fmt: skip
        self.errors = {}
        self.fault = "" if start else "the number of this start is not kept: nothing is sent"
        self.stream = medium.stream
        self._medium = medium
        self._aes = Aes(key)
        self._start = start
        self._count = 0
        self._eui = b""
        self._left = 0  # frames in the device
        self._flight = []  # [frame, number, sends, ms until the next one, age in ms]
        self._answers = []  # (source, number) of frames to be answered
        self._turn = b""  # who has just spoken to this device: what goes back does not wait
        self._heard = {}  # EUI-64 -> highest numbers of frames to this device, to all
        self._random = 1

    def status(self) -> dict:
        """The answer to CTRL:RADIO."""
        return {
            "joined": bool(self._eui and self._start and self._medium.ready),
            "counts": self.counts,
            "line": self._medium.counts,
            "errors": self.errors,
            "fault": self.fault,
            "waiting": len(self._flight) + len(self._answers) + self._left,
        }

    def pump(self, device, passed: int):
        """Carry HAN frames between the medium and a device, `passed` ms having passed."""
        medium, outbox = self._medium, device.outbox
        if device.eui != self._eui:
            self._be(device.eui)
        medium.pass_time(passed)
        self._turn = b""
        for entry in self._flight:
            entry[3] -= passed
            entry[4] += passed
        for _ in range(_BURST):
            octets = medium.receive()
            if octets is None:
                break
            frame = self._take(octets, device.awake)
            self._say()
            if frame is not None:
                device.receive(frame)
        while len(outbox) > _BACKLOG:
            outbox.pop(0)
            self.counts["given up"] += 1
        if self._eui and self._start:
            self._load(outbox)
            self._say()
            self._send_due()
        self._left = len(outbox)

    # --- Out -----------------------------------------------------------------------------------

    def _be(self, eui):
        self._eui = eui
        self._flight.clear()
        self._answers.clear()
        self._random = sum(eui[index] * (index + 1) for index in range(len(eui)))

    def _load(self, outbox):
        """Take frames whose destinations have none under way."""
        at = 0
        while at < len(outbox) and len(self._flight) < _WINDOW and self._start:
            frame = outbox[at]
            for entry in self._flight:
                if entry[0].destination == frame.destination:
                    at += 1
                    break
            else:
                outbox.pop(at)
                octets = len(frame.payload)
                if octets > self._medium.limit - OVERHEAD:
                    self._error("too long", "payload of %d octets" % octets)
                elif frame.source != self._eui:
                    self._error("source is not this device")
                else:
                    self._flight.append([frame, self._number(), 0, 0, 0])

    def _send_due(self):
        for entry in list(self._flight):
            frame, number, sends, wait, age = entry
            everybody = frame.flags & (BROADCAST | GROUP)
            if wait > 0:
                continue
            if everybody and sends == _BROADCASTS:
                self._flight.remove(entry)
                continue
            if age >= _HOLD_MS:
                self._flight.remove(entry)
                self.counts["given up"] += 1
                continue
            head = b"".join(
                (
                    bytes((_DATA,)),
                    number,
                    frame.source,
                    frame.destination,
                    bytes((frame.flags, frame.source_endpoint, frame.destination_endpoint)),
                    frame.profile.to_bytes(2, "big"),
                    frame.cluster.to_bytes(2, "big"),
                )
            )
            if not self._put(head, frame.payload, frame.destination == self._turn and not sends):
                return  # the line is busy
            self.counts["repeats" if sends else "sent"] += 1
            patience = self._medium.patience
            entry[2] = sends + 1
            entry[3] = (patience << min(sends, _DOUBLINGS)) + self._draw(patience)

    def _say(self):
        """Send the answers that wait."""
        while self._answers and self._start:
            source, number = self._answers[0]
            head = bytes((_ANSWER,)) + self._number() + self._eui + source + number
            if not self._put(head, b"", True):
                return
            self._answers.pop(0)

    def _put(self, head, payload, urgent):
        sealed = ccm.seal(self._aes, head[6:14] + head[1:6], head, payload)
        return self._medium.send(head + sealed, urgent)

    def _number(self):
        """The next number: two frames with one number would show each other's content."""
        self._count += 1
        number = self._start + self._count.to_bytes(3, "big")
        if self._count == _COUNT_MAX:
            self._start = b""  # nothing is sent any more
            self.fault = "all numbers of this start are used: restart the board"
        return number

    def _draw(self, below):
        """A random number that other boards do not draw at the same time."""
        self._random = (self._random * 75 + 74) % 65537
        return self._random % below

    # --- In ------------------------------------------------------------------------------------

    def _take(self, octets, awake):
        """Take a frame; returns the HAN frame for the device, if it holds one that is new."""
        kind, own = octets[0], self._eui
        least = _ANSWER_END if kind == _ANSWER else _DATA_HEAD
        if kind not in (_DATA, _ANSWER) or len(octets) < least + ccm.MIC:
            self._error("other frame")
            return None
        source, destination = bytes(octets[6:14]), bytes(octets[14:22])
        if source == own or not awake or not own:
            return None  # heard back, or while the radio is off
        for entry in self._flight:
            if entry[0].destination == source and entry[2] >= _EAGER:
                entry[3] = 0  # it is awake again
        everybody = kind == _DATA and octets[22] & (BROADCAST | GROUP)
        if destination != own and not everybody:
            return None
        head = bytes(octets[:least])
        try:
            payload = ccm.open_sealed(self._aes, head[6:14] + head[1:6], head, octets[least:])
        except CryptoError:
            self._error("wrong key")
            return None
        self._turn = source
        if kind == _ANSWER:
            self._answered(source, head[_HEAD:])
            return None
        if not self._new(source, head[1:6], 1 if everybody else 0):
            return None
        self.counts["received"] += 1
        return HanFrame(
            source,
            destination,
            head[23],
            head[24],
            head[27] << 8 | head[28],
            payload,
            head[25] << 8 | head[26],
            head[22],
        )

    def _new(self, source, number, which):
        """Whether a frame is no duplicate; a frame for this device alone is answered."""
        last = self._heard.get(source)
        if last is None:
            if len(self._heard) >= _PEERS:
                self._error("too many peers")
                return False
            last = self._heard[source] = [b"", b""]
        if number[:2] < last[which][:2]:
            # Of before its last start: recorded and sent again, or its board forgot its number.
            self._error("earlier start")
            return False
        if not which:
            if len(self._answers) >= _ANSWERS:
                self._answers.pop(0)
            self._answers.append((source, number))
        if number <= last[which]:
            self.counts["duplicates"] += 1
            return False
        last[which] = number
        return True

    def _answered(self, source, number):
        for entry in self._flight:
            if entry[1] == number and entry[0].destination == source:
                self._flight.remove(entry)
                self.counts["delivered"] += 1
                return

    def _error(self, reason, detail=""):
        self.errors[reason] = self.errors.get(reason, 0) + 1
        self.fault = reason + ": " + detail if detail else reason
