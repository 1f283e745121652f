# The settings of an XBee 3 module at start, register by register, and the steps that set them.
# Digi XBee 3 Zigbee RF Module User Guide (90001539), "AT commands".
#
# A lab link only: the devices of a real GB HAN join with the certificates of CBKE (key
# establishment cluster 0x0800), which an XBee 3 does not do. Here all modules share one
# preconfigured link key, and "APS encryption" is that with the trust centre's link key.
from smets.compat import const
from smets.ports import xbee_api

_SECRET = b"KY"  # cannot be read back
_MODE = b"AP"
_UNKNOWN = const(0xFFFE)  # 16-bit address
_LARGEST_PAYLOAD = const(255)
_JOINED = const(0)  # AI
_LEFT = const(0xFF)  # AI while the module searches

_ANSWER_MS = const(1000)  # a module answers within
_TRIES = const(3)
_PAUSE_MS = const(5000)  # until the set-up is tried again
_REFRESH_MS = const(10000)  # between questions whether a network is joined


def registers(pan: bytes, key: bytes, forms: bool = False, escaped: bool = True) -> tuple:
    """The table (register, value) of a lab network.

    `pan` is its extended PAN identifier (8 octets), `key` its link key (16 octets, not zero);
    one module `forms` the network, the others join it.
    """
    return (
        # API mode: 2 with escapes, 1 without. A module in transparent mode (0) hears none of this.
        (_MODE, b"\x02" if escaped else b"\x01"),
        # API options. Bit 0: received frames as 0x91, with endpoints, cluster and profile.
        # Bit 1: Match, Simple Descriptor and Active Endpoint requests come to us; without it the
        # module would answer them itself, with the endpoints of its own application.
        (b"AO", b"\x03"),
        # Stack profile 2: ZigBee PRO, as Smart Energy has it. The same in the whole network.
        (b"ZS", b"\x02"),
        # Device role: 1 forms a network and is its trust centre, 0 joins one.
        (b"CE", b"\x01" if forms else b"\x00"),
        # Extended PAN identifier: only a network of this identifier is formed or joined.
        (b"ID", pan),
        # Encryption: network layer security for everything; APS encryption needs it.
        (b"EE", b"\x01"),
        # Encryption options: bit 1, a centralized trust centre, the same in the whole network.
        # NK, the network key, stays 0: the trust centre makes a random one.
        (b"EO", b"\x02"),
        # Preconfigured link key. Not readable: written when another register had to be.
        (_SECRET, key),
    )


class Setup:
    """Sets a module up, one command at a time, and knows what it told about itself.

    A register is written only where it differs, since a change makes the module leave its
    network; `renew` writes them all once. `error(reason, detail)` is told what goes wrong.
    """

    def __init__(self, sender, table, error, renew: bool = False):
        self.address = b""  # EUI-64 of the module: SH, SL
        self.network = _UNKNOWN  # its 16-bit address: MY
        self.payload = 0  # octets of the largest unicast: NP
        self.association = _LEFT  # AI
        self.ready = False
        self.rewritten = 0  # times that registers were written
        self.late = 0  # answers to what was not asked any more
        self._sender = sender
        self._table = table
        self._error = error
        self._renew = renew
        self._steps = None
        self._asked = None  # (kind of frame, register, value) that waits for its answer
        self._number = 0  # of the command in its run, which is its frame identifier
        self._tries = 0
        self._waited = _PAUSE_MS

    @property
    def joined(self) -> bool:
        """Whether the module is set up and in a network."""
        return self.ready and self.association == _JOINED

    def restart(self, pause: int = _PAUSE_MS):
        """Set the module up again, after `pause` ms."""
        self.ready = False
        self._steps = self._asked = None
        self._waited = _PAUSE_MS - pause

    def refresh(self, left: bool = False):
        """Ask again for values of the network; `left` tells that there is no network now."""
        if self.ready:
            if left:
                self.association = _LEFT
            self._begin(self._refresh())

    def answer(self, data):
        """Take an answer (0x88 data)."""
        number, name, status, value = xbee_api.at_response(data)
        if self._asked is None or number != self._number or name != self._asked[1]:
            # Of a command that was asked again, or asked before the module restarted.
            self.late += 1
        elif status:
            self._error("AT refused", "%s: status %02X" % (str(name, "utf-8"), status))
            self.restart()
        else:
            self._step(value)

    def go_on(self, passed: int):
        """Send what is due, `passed` ms having passed; may raise OSError of the transport."""
        if not self._sender.flush():
            return  # a module that holds its line is not late
        self._waited += passed
        if self._asked is not None:
            if self._tries and self._waited < _ANSWER_MS:
                return
            if self._tries >= _TRIES:
                self._error("no answer", "to AT " + str(self._asked[1], "utf-8"))
                self.restart()
                return
        elif not self.ready:
            if self._waited < _PAUSE_MS:
                return
            self._begin(self._configure())
        elif self.joined or self._waited < _REFRESH_MS:
            return
        else:
            self._begin(self._refresh())
        self._tries += 1
        self._waited = 0
        kind, name, value = self._asked  # pyright: ignore[reportGeneralTypeIssues]
        self._sender.command(kind, self._number, name, value)

    def _begin(self, steps):
        self._steps = steps
        self._number = 0
        self._step(None)

    def _step(self, value):
        self._asked = None
        self._tries = 0
        try:
            self._asked = self._steps.send(value)  # pyright: ignore[reportOptionalMemberAccess]
            self._number += 1
        except StopIteration:
            self._steps = None
            self._waited = 0
            self.ready = True

    def _configure(self):
        """The steps at start: yields commands, is sent what each answer holds."""
        yield xbee_api.AT_COMMAND, _MODE, dict(self._table)[_MODE]
        # That came first, without reading, so that frames get through in either mode: it and its
        # answer, with frame identifier 1, hold no octet that is ever escaped.
        different = []
        for name, value in self._table:
            if name not in (_MODE, _SECRET):
                now = yield xbee_api.AT_COMMAND, name, b""
                # Modules add and drop leading zeros as they like.
                if self._renew or now.lstrip(b"\x00") != value.lstrip(b"\x00"):
                    different.append(name)
        if different:
            self.rewritten += 1
            self._renew = False
            for name, value in self._table:
                if name == _SECRET or name in different:
                    yield xbee_api.AT_QUEUED, name, value
            yield xbee_api.AT_COMMAND, b"AC", b""
            yield xbee_api.AT_COMMAND, b"WR", b""
        address = b""
        for name in (b"SH", b"SL"):
            value = yield xbee_api.AT_COMMAND, name, b""
            address += (b"\x00\x00\x00\x00" + value)[-4:]
        self.address = address
        yield from self._refresh()

    def _refresh(self):
        """The steps that ask for what changes with the network."""
        value = yield xbee_api.AT_COMMAND, b"MY", b""
        self.network = int.from_bytes(value[-2:], "big")
        value = yield xbee_api.AT_COMMAND, b"NP", b""
        self.payload = min(int.from_bytes(value[-2:], "big"), _LARGEST_PAYLOAD)
        value = yield xbee_api.AT_COMMAND, b"AI", b""
        self.association = value[-1] if value else _LEFT
