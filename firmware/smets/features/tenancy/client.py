# The querying client of Device Management 0x0708 on a display: asks ESME and GPF for the tenancy.
# Reads are the authority; what is pushed (PublishChangeOfTenancy, reports) only makes it read.
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.features.tenancy import policy
from smets.features.tenancy.peer import Peer, records
from smets.zcl import attributes, clusters, commands, frame, types
from smets.zcl.client import Read, refusal
from smets.zcl.han_frame import APS_SECURED, BROADCAST, GROUP, PROFILE_SE

_DATE = attributes.CHANGE_OF_TENANCY_UPDATE_DATE_TIME
_CONTROL = attributes.PROPOSED_TENANCY_CHANGE_CONTROL
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
    `client` is the table of the display's requests (zcl.client.Client), APS secured.
    """

    def __init__(self, machine, client, sleepy: bool = False):
        """`sleepy`: the display sleeps between reads, and calls `wake` when it wakes."""
        self._machine = machine
        self._client = client
        self._poll = policy.POLL_SLEEPY_S if sleepy else policy.POLL_S
        self._peers = {}
        self._held = {}  # fuel -> time of the last read that told what the tenancy is
        self._now = 0
        self.counters = [0] * 9

    # --- Meters ---------------------------------------------------------------------------------

    def join(self, now: int, fuel: int, eui: bytes, endpoint: int):
        """A meter was paired, or found again at a start or when the link is back: it is read.

        `endpoint` is that which Match Descriptor gave for input cluster 0x0708. A known meter's
        history stays visible meanwhile, unless it has not been read.
        """
        self._now = now
        self.leave(fuel)
        self._machine.meter(fuel, int.from_bytes(eui, "big"))
        self._peers[fuel] = Peer(fuel, (eui, endpoint))
        self._peers[fuel].due = now

    def absent(self, fuel: int, eui: bytes):
        """Match Descriptor found no cluster 0x0708 on a paired meter: firmware without tenancy.

        Discovery is to be repeated after policy.UNSUPPORTED_RETRY_S.
        """
        self._machine.meter(fuel, int.from_bytes(eui, "big"))
        self.leave(fuel)
        self._held[fuel] = self._now
        self._machine.unsupported(fuel)

    def leave(self, fuel: int):
        """A meter is no longer paired, or has to be found again; it is no longer asked.

        Its history is hidden when the last read is policy.READ_HOLDS_S old.
        """
        peer = self._peers.pop(fuel, None)
        if peer:
            self._client.cancel(peer.request)

    def wake(self, now: int):
        """The display wakes: no history is shown until each meter has been read."""
        for peer in self._peers.values():
            self._machine.unread(peer.fuel)
            if peer.request and now >= peer.request.deadline:
                self._client.cancel(peer.request)
                peer.request = None
            self._soon(peer, now)

    @property
    def waiting(self) -> bool:
        """Whether a read is due now, or its answer is waited for."""
        return any(peer.request or self._now >= peer.due for peer in self._peers.values())

    def next_due(self) -> int | None:
        """Uptime of the next thing to do, for a display that sleeps; None without meters."""
        times = [
            peer.request.deadline if peer.request else peer.due for peer in self._peers.values()
        ]
        return min(times) if times else None

    # --- Time -----------------------------------------------------------------------------------

    def tick(self, now: int):
        """Send the reads that are due."""
        self._now = now
        for fuel in list(self._held):
            if now - self._held[fuel] >= policy.READ_HOLDS_S:
                del self._held[fuel]
                self._machine.unread(fuel)
        for peer in self._peers.values():
            if peer.request is None and now >= peer.due:
                self._read(peer, now)

    def _read(self, peer: Peer, now: int):
        peer.sent = now
        peer.again = False
        self.counters[READS] += 1
        to = peer.to
        peer.request = Read(to, clusters.DEVICE_MANAGEMENT, (_DATE, _CONTROL), self._on_answer)
        peer.request.timeout = policy.TIMEOUT_S
        self._client.ask(now, peer.request)

    def _soon(self, peer: Peer, now: int):
        """Read as soon as the gap between two reads allows, or once more after one under way."""
        if peer.request:
            peer.again = True
        else:
            peer.due = now if peer.sent is None else max(now, peer.sent + policy.READ_GAP_S)

    def _finish(self, peer: Peer, now: int, delay: int):
        peer.request = None
        peer.due = now + delay
        if peer.again:
            self._soon(peer, now)

    def _retry(self, peer: Peer, now: int):
        self.counters[FAILURES] += 1
        delay = policy.RETRY_S << min(peer.failures, 16)
        peer.failures += 1
        self._finish(peer, now, min(delay, policy.RETRY_MAX_S))

    # --- Frames ---------------------------------------------------------------------------------

    def receive(self, now: int, frame_in) -> bool:
        """A HanFrame; whether it was one for this client. Nothing is raised for bad frames."""
        if frame_in.profile != PROFILE_SE or frame_in.cluster != clusters.DEVICE_MANAGEMENT:
            return False
        self._now = now
        peer = self._peer((frame_in.source, frame_in.source_endpoint))
        if frame_in.flags & (BROADCAST | GROUP):
            self.counters[BROADCASTS] += 1
        elif peer is None:
            self.counters[STRANGERS] += 1
        elif not frame_in.flags & APS_SECURED:
            self.counters[SECURITY] += 1
        else:
            try:
                self._take(peer, now, frame_in)
            except DecodeError:
                self.counters[MALFORMED] += 1
        return True

    def _peer(self, to: tuple) -> Peer | None:
        for peer in self._peers.values():
            if peer.to == to:
                return peer
        return None

    def _take(self, peer: Peer, now: int, frame_in):
        message = frame.parse(frame_in.payload)
        # A client's attributes have the same ids and mean something else: the server's side only.
        if message.frame_control & frame.MANUFACTURER or not message.from_server:
            self.counters[IGNORED] += 1
        elif message.cluster_specific:
            self._on_command(peer, now, message)
        elif message.command == frame.REPORT_ATTRIBUTES:
            self._on_report(peer, now, message)
        elif not self._client.take(frame_in, message):
            self.counters[IGNORED] += 1

    def _on_answer(self, request, answer):
        peer = self._peer(request.to)
        if peer is None or peer.request is not request:
            return
        if answer is None:
            self._retry(peer, request.deadline)
            return
        now = self._now
        status = refusal(answer)
        if status is None:
            status, date, control = _tenancy(answer.payload)
            if status == frame.SUCCESS:
                self._machine.seen(peer.fuel, date, control)
                self._confirmed(peer, now, self._poll)
                return
        if status in _OLD:
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
        if message.command != commands.PUBLISH_CHANGE_OF_TENANCY:
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
        reply = frame.default_response(message, status)
        self._client.send(peer.to, clusters.DEVICE_MANAGEMENT, reply)


def _tenancy(payload) -> tuple:
    """(status, date, change control) of a read; a control that is missing is 0. DecodeError."""
    found = records(payload)
    status, kind, date = found.get(_DATE, (frame.FAILURE, 0, 0))
    if status == frame.SUCCESS and kind not in policy.DATE_TYPES:
        status = frame.FAILURE
    known, kind, control = found.get(_CONTROL, (frame.FAILURE, 0, 0))
    if known != frame.SUCCESS or kind not in policy.CONTROL_TYPES:
        control = 0
    return status, date, control
