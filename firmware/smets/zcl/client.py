# The client side of a device: its requests that wait for answers, all in one table.
# An answer has the sequence number of its request, and comes from where that was sent to
# (ZCL 2.4.1.4; ZigBee specification 2.4.2.8 for a search).
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.zcl import discovery, frame
from smets.zcl.han_frame import PROFILE_SE, PROFILE_ZDO, HanFrame

# Requests that wait at one time; more push out the one that would be given up first.
LIMIT = const(32)


class Request:
    """A command to the server side of a cluster, and the function that gets its outcome.

    `to` is (EUI-64, endpoint). `done(request, answer)` gets the frame (zcl.frame.Frame) that
    answers, or None when the request is given up. It returns False where more of the answer is
    still to come, and may raise DecodeError; the request goes on waiting then.
    """

    # Seconds after which it is given up (an answer at ten is in time), and how often it is sent
    # again before.
    timeout = 11
    retries = 0

    def __init__(self, to: tuple, cluster: int, command: int, payload: bytes, done):
        self.to = to
        self.cluster = cluster
        self.command = command
        self.payload = payload
        self.done = done
        self.sequence = 0  # of the last time it was sent
        self.deadline = 0  # uptime at which that is given up
        self.tries = 0

    def build(self, source: bytes, endpoint: int) -> HanFrame:
        """The frame to send, from an endpoint of the device `source`."""
        eui, there = self.to
        return HanFrame(source, eui, endpoint, there, self.cluster, self.octets())

    def octets(self) -> bytes:
        """The ZCL frame."""
        control = frame.CLUSTER_SPECIFIC
        return frame.header(control, self.sequence, self.command, self.payload)

    def fits(self, answer, message) -> bool:
        """Whether a HanFrame with its sequence number answers it; `message` is its ZCL frame.

        DecodeError for a Default Response that is malformed.
        """
        if answer.profile != PROFILE_SE or answer.cluster != self.cluster:
            return False
        if message.command == frame.DEFAULT_RESPONSE and not message.cluster_specific:
            return _told(message)[0] == self.command
        return self.answered_by(message)

    def answered_by(self, message) -> bool:
        """Whether a frame is the answer to its command."""
        return message.cluster_specific


class Read(Request):
    """Read Attributes of one cluster."""

    def __init__(self, to: tuple, cluster: int, attributes, done):
        ids = b"".join([attribute.to_bytes(2, "little") for attribute in attributes])
        super().__init__(to, cluster, frame.READ_ATTRIBUTES, ids, done)

    def octets(self) -> bytes:
        """See Request."""
        return frame.header(0, self.sequence, self.command, self.payload)

    def answered_by(self, message) -> bool:
        """See Request."""
        return not message.cluster_specific and message.command == frame.READ_ATTRIBUTES_RESPONSE


class Search(Request):
    """Match Descriptor: which endpoints of a device serve a cluster; the answer is their tuple."""

    def __init__(self, eui: bytes, cluster: int, done):
        super().__init__((eui, 0), cluster, 0, b"", done)

    def build(self, source: bytes, endpoint: int) -> HanFrame:
        """See Request."""
        clusters = (self.cluster,)
        return discovery.match_request(source, self.to[0], self.sequence, PROFILE_SE, clusters)

    def fits(self, answer, message) -> bool:
        """See Request."""
        return answer.profile == PROFILE_ZDO


class Client:
    """The requests of one endpoint of a device (`eui`, `outbox`). Times are seconds of uptime."""

    def __init__(self, device, endpoint: int):
        self._device = device
        self._endpoint = endpoint
        self._waiting = {}  # sequence -> Request
        self._sequence = 0

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for."""
        return bool(self._waiting)

    def ask(self, now: int, request: Request):
        """Send a request, and keep it until it is answered or given up."""
        if len(self._waiting) >= LIMIT:
            self._give_up(min(self._waiting.values(), key=lambda row: row.deadline))
        while True:
            self._sequence = (self._sequence + 1) & 0xFF
            if self._sequence not in self._waiting:
                break
        request.sequence = self._sequence
        request.deadline = now + request.timeout
        request.tries += 1
        self._waiting[request.sequence] = request
        self._device.outbox.append(request.build(self._device.eui, self._endpoint))

    def send(self, to: tuple, cluster: int, payload: bytes):
        """Send a ZCL frame that asks for nothing."""
        eui, endpoint = to
        self._device.outbox.append(
            HanFrame(self._device.eui, eui, self._endpoint, endpoint, cluster, payload)
        )

    def tick(self, now: int):
        """Send again, or give up, what has waited for long enough."""
        for request in list(self._waiting.values()):
            if now < request.deadline or not self.holds(request):
                continue
            if request.tries <= request.retries:
                self.cancel(request)
                self.ask(now, request)
            else:
                self._give_up(request)

    def holds(self, request) -> bool:
        """Whether a request waits for its answer."""
        return request is not None and self._waiting.get(request.sequence) is request

    def cancel(self, request):
        """Stop waiting for a request, without telling its owner."""
        if self.holds(request):
            del self._waiting[request.sequence]

    def forget(self, eui: bytes):
        """Give up what waits for a device that is no longer a peer."""
        for request in list(self._waiting.values()):
            if request.to[0] == eui:
                self._give_up(request)

    def _give_up(self, request):
        if self.holds(request):
            del self._waiting[request.sequence]
            request.done(request, None)

    def take(self, answer, message=None) -> bool:
        """Take a HanFrame; whether it belongs to a request. DecodeError where it is malformed.

        `message` is its ZCL frame where the caller has parsed it.
        """
        if answer.profile == PROFILE_ZDO:
            found = discovery.parse_match_response(answer)
            if found is None:
                return False
            sequence, message = found
        else:
            message = message or frame.parse(answer.payload)
            if not message.from_server or message.frame_control & frame.MANUFACTURER:
                return False
            if answer.destination_endpoint != self._endpoint:
                return False
            sequence = message.sequence
        request = self._waiting.get(sequence)
        if request is None or request.to != (answer.source, answer.source_endpoint):
            return False
        if not request.fits(answer, message):
            return False
        if request.done(request, message) is not False:
            self.cancel(request)
        return True


def refusal(answer):
    """The status of a Default Response; None for any other answer."""
    if answer.cluster_specific or answer.command != frame.DEFAULT_RESPONSE:
        return None
    return _told(answer)[1]


def _told(answer) -> tuple:
    if len(answer.payload) != 2:
        raise DecodeError(len(answer.payload), "default response")
    reader = Reader(answer.payload)
    return reader.u8("command"), reader.u8("status")
