# The tunnel of a device that is awake: the hub opens it, puts commands in and gets what they are
# answered, and the device's alerts (gas_proxy.md 5).
from smets.codec import Reader
from smets.document import EUI
from smets.eui import parse_eui
from smets.features import tunnel
from smets.features.feature import Feature
from smets.zcl import frame
from smets.zcl.clusters import TUNNELING


class TunnelServer(Feature):
    """One tunnel, with the hub."""

    inputs = {"chf": ("pair", EUI)}

    def __init__(self, device):
        super().__init__(device)
        self.messages = tunnel.Messages(device)
        self._chf = b""
        self._end: tunnel.End | None = None
        self._number = 0

    def pair(self, eui: str):
        """Let nobody but the hub with this EUI-64 open the tunnel.

        project-choice: a device that was not told its hub lets any device open it, the last one
        that asks. What goes through is authenticated for itself. Alternative: nobody.
        """
        self._chf = parse_eui(eui)
        self._end = None

    @property
    def takes_alerts(self) -> bool:
        """Whether alerts go through the tunnel."""
        return self._end is not None

    def tick(self):
        """See Feature: alerts that wait."""
        end = self._end
        if end:
            for octets in self.messages.told():
                self.messages.say(end, octets)

    def receive(self, frame_in) -> bool:
        """See Feature; DecodeError."""
        if frame_in.cluster != TUNNELING:
            return False
        request = frame.parse(frame_in.payload)
        if request.from_server or not request.cluster_specific:
            return False
        reader = Reader(request.payload)
        if request.command == tunnel.REQUEST:
            self._open(frame_in, request, reader)
            return True
        number = reader.le(2, "tunnel")
        end = self._end
        ours = end is not None and end.is_with(frame_in, number)
        if request.command == tunnel.TRANSFER:
            if end is not None and ours:
                tunnel.default(self.device, frame_in, request, frame.SUCCESS)
                self.carry_out(end, bytes(reader.view(reader.left(), "data")))
            else:
                tunnel.reply(self.device, frame_in, request, tunnel.FAULT, _fault(number, end))
        elif request.command == tunnel.CLIENT_FAULT:
            if ours:  # alerts wait for another one
                self._end = None
                self.messages.lost()
        elif request.command == tunnel.CLOSE:
            if ours:
                self._end = None
            tunnel.default(
                self.device, frame_in, request, frame.SUCCESS if ours else frame.NOT_FOUND
            )
        else:
            tunnel.default(self.device, frame_in, request, frame.UNSUP_CLUSTER_COMMAND)
        return True

    def _open(self, frame_in, request, reader):
        if self._chf and frame_in.source != self._chf:
            tunnel.reply(
                self.device,
                frame_in,
                request,
                tunnel.RESPONSE,
                tunnel.answered(0xFFFF, tunnel.NO_MORE),
            )
            return
        number = (self._number + 1) & 0x7FFF
        told = tunnel.opened(reader, number)
        if told[2] == tunnel.OPENED:
            there = (frame_in.source, frame_in.source_endpoint)
            self._number = number
            self._end = tunnel.End(self.device, there, frame_in.destination_endpoint, number, True)
        tunnel.reply(self.device, frame_in, request, tunnel.RESPONSE, told)
        if told[2] == tunnel.OPENED:
            self.messages.again(self._end)

    def carry_out(self, end, command: bytes):
        """A message came through the tunnel: a command, which is answered."""
        for octets in self.messages.answer(command):
            self.messages.say(end, octets)
        self.tick()

    def summary(self) -> dict:
        """See Feature."""
        return {"tunnel": {"open": self._end is not None, "refused": self.messages.refused}}


def _fault(number: int, end) -> bytes:
    """TransferDataError: there is no such tunnel, or it is another device's."""
    wrong = end is not None and end.number == number
    status = tunnel.WRONG_DEVICE if wrong else tunnel.NO_SUCH
    return number.to_bytes(2, "little") + bytes((status,))


FEATURE = TunnelServer
