# The querying client of Device Management 0x0708 on a display: asks ESME and GPF for the tenancy.
# Reads are the authority; what is pushed (PublishChangeOfTenancy, reports) only makes it read.
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.features.tenancy import policy
from smets.features.tenancy.peer import Peer, records
from smets.zcl import frame, types

PROFILE = const(0x0109)
CLUSTER = const(0x0708)

_DATE = const(0x0200)  # ChangeofTenancyUpdateDate/Time
_CONTROL = const(0x0201)  # ProposedTenancyChangeControl
_PUBLISH = const(0x00)  # PublishChangeOfTenancy, server to client
_PUBLISH_SIZE = const(17)
_CANCEL = const(0xFFFFFFFF)

# Counters, in `counters`.
READS = const(0)  # requests sent
FAILURES = const(1)  # reads without an answer or with an error
MALFORMED = const(2)  # frames that do not decode
IGNORED = const(3)  # frames that are not an answer to a request, or of no use to a client
SECURITY = const(4)  # frames without APS security
STRANGERS = const(5)  # frames of devices that are not a meter of this home
BROADCASTS = const(6)
PUSHES = const(7)
LIMITED = const(8)  # pushes that were not answered: too many

# Statuses that say that a meter's firmware is older than the attribute.
_OLD = (
    frame.UNSUPPORTED_ATTRIBUTE,
    frame.UNSUPPORTED_CLUSTER,
    frame.UNSUP_GENERAL_COMMAND,
    frame.UNSUP_CLUSTER_COMMAND,
)


class TenancyClient:
    """Reads 0x0200 and 0x0201 of each meter and tells the tenancy machine what they are.

    Times are seconds of uptime, which only ever grow; nothing here depends on UTC.
    `send(fuel, payload)` sends a ZCL frame to a meter's endpoint of cluster 0x0708, APS secured.
    """

    def __init__(self, machine, send, sleepy: bool = False):
        """`sleepy`: the display sleeps between reads, and calls `wake` when it wakes."""
        self._machine = machine
        self._send = send
        self._poll = policy.POLL_SLEEPY_S if sleepy else policy.POLL_S
        self._peers = {}
        self._held = {}  # fuel -> time of the last read that told what the tenancy is
        self._now = 0
        self._sequence = 0
        self.counters = [0] * 9

    # --- Meters ---------------------------------------------------------------------------------

    def join(self, now: int, fuel: int, address: int, endpoint: int):
        """A meter was paired, or found again at a start or when the link is back: it is read.

        `address` is its EUI-64, `endpoint` that which Match Descriptor gave for input cluster
        0x0708. A known meter's history stays visible meanwhile, unless it has not been read.
        """
        self._now = now
        self._machine.meter(fuel, address)
        self._peers[fuel] = Peer(fuel, address, endpoint)
        self._peers[fuel].due = now

    def absent(self, fuel: int, address: int):
        """Match Descriptor found no cluster 0x0708 on a paired meter: firmware without tenancy.

        Discovery is to be repeated after policy.UNSUPPORTED_RETRY_S.
        """
        self._machine.meter(fuel, address)
        self._peers.pop(fuel, None)
        self._held[fuel] = self._now
        self._machine.unsupported(fuel)

    def leave(self, fuel: int):
        """A meter is no longer paired, or is to be found anew: it is not asked any more.

        Its history is hidden when the last read is policy.READ_HOLDS_S old.
        """
        self._peers.pop(fuel, None)

    def wake(self, now: int):
        """The display wakes: no history is shown until each meter has been read."""
        for peer in self._peers.values():
            self._machine.unread(peer.fuel)
            if now >= peer.deadline:
                peer.sequence = -1
            self._soon(peer, now)

    @property
    def waiting(self) -> bool:
        """Whether a read is due now, or its answer is waited for."""
        return any(peer.sequence >= 0 or self._now >= peer.due for peer in self._peers.values())

    def next_due(self) -> int | None:
        """Uptime of the next thing to do, for a display that sleeps; None without meters."""
        times = [
            peer.deadline if peer.sequence >= 0 else peer.due for peer in self._peers.values()
        ]
        return min(times) if times else None

    # --- Time -----------------------------------------------------------------------------------

    def tick(self, now: int):
        """Send the reads that are due, and give up those without an answer."""
        self._now = now
        for fuel in list(self._held):
            if now - self._held[fuel] >= policy.READ_HOLDS_S:
                del self._held[fuel]
                self._machine.unread(fuel)
        for peer in self._peers.values():
            if peer.sequence >= 0 and now >= peer.deadline:
                self._retry(peer, now)
            if peer.sequence < 0 and now >= peer.due:
                self._read(peer, now)

    def _read(self, peer: Peer, now: int):
        self._sequence = (self._sequence + 1) & 0xFF
        peer.sequence = self._sequence
        peer.deadline = now + policy.TIMEOUT_S
        peer.sent = now
        peer.again = False
        self.counters[READS] += 1
        ids = _DATE.to_bytes(2, "little") + _CONTROL.to_bytes(2, "little")
        self._send(peer.fuel, frame.header(0, peer.sequence, frame.READ_ATTRIBUTES, ids))

    def _soon(self, peer: Peer, now: int):
        """Read as soon as the gap between two reads allows, or once more after one under way."""
        if peer.sequence >= 0:
            peer.again = True
        else:
            peer.due = now if peer.sent is None else max(now, peer.sent + policy.READ_GAP_S)

    def _finish(self, peer: Peer, now: int, delay: int):
        peer.sequence = -1
        peer.due = now + delay
        if peer.again:
            self._soon(peer, now)

    def _retry(self, peer: Peer, now: int):
        self.counters[FAILURES] += 1
        delay = policy.RETRY_S << min(peer.failures, 16)
        peer.failures += 1
        self._finish(peer, now, min(delay, policy.RETRY_MAX_S))

    # --- Frames ---------------------------------------------------------------------------------

    def receive(
        self,
        now: int,
        source: int,
        endpoint: int,
        profile: int,
        cluster: int,
        payload,
        secured: bool,
        broadcast: bool = False,
    ) -> bool:
        """A ZCL frame from `endpoint` of `source`; whether it was one for this client.

        `secured`: APS encrypted with the link key that is shared with the source. `broadcast`:
        not sent to this device alone (a group, too). Nothing is raised for bad frames.
        """
        if profile != PROFILE or cluster != CLUSTER:
            return False
        peer = self._peer(source, endpoint)
        if broadcast:
            self.counters[BROADCASTS] += 1
        elif peer is None:
            self.counters[STRANGERS] += 1
        elif not secured:
            self.counters[SECURITY] += 1
        else:
            try:
                self._take(peer, now, frame.parse(payload))
            except DecodeError:
                self.counters[MALFORMED] += 1
        return True

    def _peer(self, source: int, endpoint: int) -> Peer | None:
        for peer in self._peers.values():
            if peer.address == source and peer.endpoint == endpoint:
                return peer
        return None

    def _take(self, peer: Peer, now: int, message):
        # A client's attributes have the same ids and mean something else: the server's side only.
        if message.frame_control & frame.MANUFACTURER or not message.from_server:
            self.counters[IGNORED] += 1
        elif message.cluster_specific:
            self._on_command(peer, now, message)
        elif message.command == frame.READ_ATTRIBUTES_RESPONSE:
            self._on_response(peer, now, message)
        elif message.command == frame.DEFAULT_RESPONSE:
            self._on_default_response(peer, now, message)
        elif message.command == frame.REPORT_ATTRIBUTES:
            self._on_report(peer, now, message)
        else:
            self.counters[IGNORED] += 1

    def _on_response(self, peer: Peer, now: int, message):
        if message.sequence != peer.sequence:
            self.counters[IGNORED] += 1
            return
        found = records(message.payload)
        status, kind, date = found.get(_DATE, (frame.FAILURE, 0, 0))
        if status == frame.SUCCESS and kind not in policy.DATE_TYPES:
            status = frame.FAILURE
        if status in _OLD:
            self._outdated(peer, now)
        elif status != frame.SUCCESS:
            self._refused(peer, now)
        else:
            status, kind, control = found.get(_CONTROL, (frame.FAILURE, 0, 0))
            if status != frame.SUCCESS or kind not in policy.CONTROL_TYPES:
                control = 0
            self._machine.seen(peer.fuel, date, control)
            self._confirmed(peer, now, self._poll)

    def _on_default_response(self, peer: Peer, now: int, message):
        reader = Reader(message.payload)
        command = reader.u8("command")
        status = reader.u8("status")
        reader.finish("default response")
        if message.sequence != peer.sequence or command != frame.READ_ATTRIBUTES:
            self.counters[IGNORED] += 1
        elif status in _OLD:
            self._outdated(peer, now)
        else:
            self._refused(peer, now)

    def _outdated(self, peer: Peer, now: int):
        self._machine.unsupported(peer.fuel)
        self._confirmed(peer, now, policy.UNSUPPORTED_RETRY_S)

    def _confirmed(self, peer: Peer, now: int, delay: int):
        # What was pushed after the request may be newer than the answer: it goes on hiding until
        # the meter has been read once more.
        peer.failures = 0
        self._held[peer.fuel] = now
        if not peer.again:
            self._machine.confirm(peer.fuel)
        self._finish(peer, now, delay)

    def _refused(self, peer: Peer, now: int):
        self._retry(peer, now)
        self._held.pop(peer.fuel, None)
        self._machine.failed(peer.fuel)

    def _on_report(self, peer: Peer, now: int, message):
        reader = Reader(message.payload)
        while reader.left():
            attribute = reader.le(2, "attribute")
            kind = reader.u8("type")
            value = types.read_value(reader, kind)
            if attribute == _DATE and kind in policy.DATE_TYPES:
                self._machine.hint(peer.fuel, value)
        self.counters[PUSHES] += 1
        self._soon(peer, now)

    def _on_command(self, peer: Peer, now: int, message):
        if message.command != _PUBLISH:
            self.counters[IGNORED] += 1
            return
        self.counters[PUSHES] += 1
        if len(message.payload) != _PUBLISH_SIZE:
            self.counters[MALFORMED] += 1
            self._answer(peer, now, message, frame.MALFORMED_COMMAND)
            return
        reader = Reader(message.payload)
        identity = (reader.le(4, "provider"), reader.le(4, "issuer event"))
        reader.u8("tariff type")
        date = reader.le(4, "date")
        self._answer(peer, now, message, frame.SUCCESS)
        if date != _CANCEL:
            peer.publish = identity
            self._machine.hint(peer.fuel, date)
        elif peer.publish == identity:
            self._machine.withdraw(peer.fuel)
        elif peer.publish is not None:
            self.counters[IGNORED] += 1
            return
        self._soon(peer, now)

    def _answer(self, peer: Peer, now: int, message, status: int):
        if status == frame.SUCCESS and not (
            policy.ANSWER_ALWAYS or message.wants_default_response
        ):
            return
        if peer.window is None or now - peer.window >= policy.ANSWER_WINDOW_S:
            peer.window = now
            peer.answers = 0
        if peer.answers >= policy.ANSWERS:
            self.counters[LIMITED] += 1
            return
        peer.answers += 1
        self._send(peer.fuel, frame.default_response(message, status))
