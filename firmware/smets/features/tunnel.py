# The Tunneling cluster, which carries GBCS messages between a hub and the devices of its home (ZSE
# 1.4 D.6; gas_proxy.md 5). The device that opens a tunnel is its client: the hub for devices that
# are awake, a gas meter for itself, which then asks for what waits (GET, GET-RESPONSE, PUT).
from smets.codec import Writer
from smets.compat import const
from smets.zcl import frame
from smets.zcl.clusters import TUNNELING
from smets.zcl.han_frame import HanFrame

HUB = const(3)  # endpoint of the hub
# Commands from the client.
REQUEST = const(0x00)
CLOSE = const(0x01)
TRANSFER = const(0x02)
CLIENT_FAULT = const(0x03)
# Commands from the server.
RESPONSE = const(0x00)
DATA = const(0x01)
FAULT = const(0x02)
# RequestTunnel: GB-HGRP, no manufacturer, no flow control.
PROTOCOL = const(6)
_MANUFACTURER = const(0xFFFF)
# Octets of the longest transfer.
MOST = const(1500)
# Status of RequestTunnelResponse.
OPENED = const(0)
BUSY = const(1)
NO_MORE = const(2)
OTHER_PROTOCOL = const(3)
NO_FLOW_CONTROL = const(4)
# Status of TransferDataError.
NO_SUCH = const(0)
WRONG_DEVICE = const(1)
# Seconds until a server that is busy is asked again.
AGAIN = const(180)
# project-choice: seconds after which what was said has come, where no TransferDataError did.
# Alternative: each transfer asks for a Default Response.
_FAULT_WITHIN = const(11)
# project-choice: octets that are kept so long, to be said again into another tunnel; of more the
# oldest are not. Alternative: any other size.
_KEPT = const(4096)
# First octet of what goes through the tunnel of a gas meter.
GET = b"\x01"
GET_RESPONSE = b"\x02"
PUT = b"\x03"


def request() -> bytes:
    """The payload of RequestTunnel."""
    writer = Writer(6)
    writer.u8(PROTOCOL)
    writer.le(_MANUFACTURER, 2)
    writer.u8(0)
    writer.le(MOST, 2)
    return bytes(writer.view())


def opened(reader, number: int) -> bytes:
    """The payload of RequestTunnelResponse to a RequestTunnel; its status is the third octet."""
    protocol = reader.u8("protocol")
    reader.skip(2, "manufacturer")
    flow = reader.u8("flow control")
    reader.skip(2, "longest transfer")
    reader.finish("RequestTunnel")
    status = OPENED
    if protocol != PROTOCOL:
        status = OTHER_PROTOCOL
    elif flow:
        status = NO_FLOW_CONTROL
    return answered(number if status == OPENED else 0xFFFF, status)


def answered(number: int, status: int) -> bytes:
    """The payload of RequestTunnelResponse."""
    writer = Writer(5)
    writer.le(number, 2)
    writer.u8(status)
    writer.le(MOST, 2)
    return bytes(writer.view())


def reply(device, frame_in, told, command: int, payload: bytes):
    """Answer a frame of a client, whose ZCL frame is `told`, with a command of the server."""
    control = frame.CLUSTER_SPECIFIC | frame.SERVER_TO_CLIENT | frame.NO_DEFAULT_RESPONSE
    octets = frame.header(control, told.sequence, command, payload)
    device.outbox.append(frame_in.reply(octets))


def fault(device, frame_in, told, number: int):
    """Answer a transfer of a server: its client has no such tunnel."""
    payload = number.to_bytes(2, "little") + bytes((NO_SUCH,))
    control = frame.CLUSTER_SPECIFIC | frame.NO_DEFAULT_RESPONSE
    octets = frame.header(control, told.sequence, CLIENT_FAULT, payload)
    device.outbox.append(frame_in.reply(octets))


def default(device, frame_in, told, status: int):
    """Answer it with a Default Response, where it is a refusal or one is asked for."""
    if status or told.wants_default_response:
        device.outbox.append(frame_in.reply(frame.default_response(told, status)))


class End:
    """One end of a tunnel: who is at the other one, and what is sent to it."""

    def __init__(  # noqa: PLR0913 - both ends, and the last sequence number
        self, device, there: tuple, here: int, number: int, serves: bool, sequence: int = 0
    ):
        """`there` is (EUI-64, endpoint), `here` the own endpoint; `serves`: the server's end.

        Its frames have the sequence numbers after `sequence`.
        """
        self._device = device
        self.there = there
        self.here = here
        self.number = number
        self._serves = serves
        self._sequence = sequence

    def send(self, octets: bytes, confirmed: bool = False) -> int:
        """TransferData; its sequence number.

        `confirmed`: a Default Response is to say that it came.
        """
        control = frame.CLUSTER_SPECIFIC
        if not confirmed:
            control |= frame.NO_DEFAULT_RESPONSE
        command = TRANSFER
        if self._serves:
            control, command = control | frame.SERVER_TO_CLIENT, DATA
        self._sequence = (self._sequence + 1) & 0xFF
        payload = self.number.to_bytes(2, "little") + octets
        framed = frame.header(control, self._sequence, command, payload)
        eui, endpoint = self.there
        self._device.outbox.append(
            HanFrame(self._device.eui, eui, self.here, endpoint, TUNNELING, framed)
        )
        return self._sequence

    def is_with(self, frame_in, number: int) -> bool:
        """Whether a frame comes from the other end of the tunnel of this number."""
        return number == self.number and self.there == (
            frame_in.source,
            frame_in.source_endpoint,
        )


class Messages:
    """What a device says through its tunnel: answers to commands, and alerts."""

    def __init__(self, device):
        self._device = device
        self._own = None
        self._said = []  # (uptime up to which a fault may come, transfer), oldest first
        self._lost = []  # transfers for which one came
        self.unsent = 0  # alerts without a key of who gets them
        self.refused = 0

    @property
    def _session(self):
        """The session with remote parties; None without keys.

        One apart from that of the bench link: they share counters, and what was carried out.
        """
        if self._own is None and self._device.keys is not None:
            from smets.gbcs.session import Session

            self._own = Session(self._device, self._device.keys)
        return self._own

    def say(self, end, octets: bytes):
        """Transfer octets; they are kept while a fault may come."""
        now = self._device.uptime
        said = [each for each in self._said if each[0] > now]
        said.append((now + _FAULT_WITHIN, octets))
        while sum([len(each[1]) for each in said]) > _KEPT:
            said.pop(0)
        self._said = said
        end.send(octets)

    def lost(self):
        """The other end has no such tunnel: what was said goes into the next one."""
        now = self._device.uptime
        self._lost = [each[1] for each in self._said if each[0] > now]
        self._said = []

    def again(self, end):
        """There is another tunnel: say what was lost."""
        lost, self._lost = self._lost, []
        for octets in lost:
            self.say(end, octets)

    def answer(self, command: bytes) -> list:
        """What a command is answered, as transfers; none where it is refused."""
        session = self._session
        if session is None:
            self.refused += 1
            return []
        from smets.gbcs.session import Refused

        session.keep_time()
        try:
            return list(_transfers(session.handle(command)))
        except Refused:
            self.refused += 1
            return []

    def told(self) -> list:
        """The alerts that wait, as transfers."""
        found = []
        session = self._session
        alerts = self._device.alerts
        while session and alerts:
            from smets.crypto import CryptoError
            from smets.gbcs import alert
            from smets.ports.store_error import StoreError

            own = self._device.own_counter
            try:
                found += _transfers(alert.message_of(session.keys, own, alerts[0]))
            except StoreError:
                break  # they wait: a counter that is not kept could be used twice
            except CryptoError:
                self.unsent += 1
            alerts.pop(0)
        return found


def _transfers(message):
    """A message (`length`, `chunks()`) whole or, where it is too long, in blocks."""
    from smets.gbcs import gbt

    if message.length > gbt.LIMIT:
        for apdu in gbt.Blocks(message).apdus():
            yield bytes(apdu)
        return
    yield b"".join([bytes(chunk) for chunk in message.chunks()])
