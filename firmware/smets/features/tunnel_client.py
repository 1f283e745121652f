# The tunnel of a gas meter, which sleeps: it opens one to its hub, asks as it wakes for a command
# that waits (GET), and puts its response and its alerts in (PUT; gas_proxy.md 5).
from smets import clock
from smets.codec import Reader
from smets.compat import const
from smets.document import EUI
from smets.eui import parse_eui
from smets.features import tunnel
from smets.features.feature import Feature
from smets.zcl import client, endpoints, frame
from smets.zcl.clusters import TUNNELING
from smets.zcl.han_frame import PROFILE_ZDO

# project-choice: seconds between two wakes while there is no half hour of UTC, as for its reports.
# Alternative: it does not ask without a clock.
_WAKES = const(1800)


class TunnelClient(Feature):
    """Opens the tunnel, gets commands, puts responses and alerts."""

    inputs = {"chf": ("pair", EUI)}

    def __init__(self, device):
        super().__init__(device)
        self.messages = tunnel.Messages(device)
        self._chf = b""
        self._client: client.Client | None = None
        self._end: tunnel.End | None = None
        self._opening = False
        self._due = 0  # uptime before which a hub that refused is not asked again
        self._woken = False
        self._lost = False  # whether a tunnel was lost since the hub last answered
        self._last = 0  # uptime of the last wake

    def pair(self, eui: str):
        """Open a tunnel to the hub with this EUI-64."""
        self._chf = parse_eui(eui)
        self._client = client.Client(self.device, endpoints.METER)
        self._end = None
        self._opening = False
        self._due = 0
        self._woken = True

    @property
    def takes_alerts(self) -> bool:
        """Whether alerts go through the tunnel."""
        return self._client is not None

    # --- Waking ---------------------------------------------------------------------------------

    def half_hour(self, due: int):
        """See Feature: the meter wakes for its report."""
        self._woken = True

    def tick(self):
        """See Feature.

        project-choice: the meter asks with GET at each wake, as its mirror does not tell whether a
        message waits; alerts wake it. Alternatives: it asks where bit 21 of
        FunctionalNotificationFlags says so; alerts wait for the next wake.
        """
        if self._client is None:
            return
        uptime = self.device.uptime
        self._client.tick(uptime)
        if self.device.clock.status == clock.INVALID and uptime - self._last >= _WAKES:
            self._woken = True
        if not (self._woken or self.device.alerts):
            return
        end = self._end
        if end is None:
            self._open(self._client)
            return
        self._put_alerts(end)
        if self._woken:
            self._get(end)

    def _get(self, end):
        self._woken = False
        self._last = self.device.uptime
        end.send(tunnel.GET)

    def _put_alerts(self, end):
        for octets in self.messages.told():
            self.messages.say(end, tunnel.PUT + octets)

    # --- Opening --------------------------------------------------------------------------------

    def _open(self, asks):
        if self._opening or self.device.uptime < self._due:
            return
        self._opening = True
        search = client.Search(self._chf, TUNNELING, self._on_search)
        asks.ask(self.device.uptime, search)

    def _on_search(self, request, found):
        if not found or self._client is None:
            self._fail()
            return
        there = (self._chf, found[0])
        asked = client.Request(there, TUNNELING, tunnel.REQUEST, tunnel.request(), self._on_answer)
        self._client.ask(self.device.uptime, asked)

    def _on_answer(self, request, answer):
        if answer is None or not answer.cluster_specific:
            self._fail()
            return
        reader = Reader(answer.payload)
        number = reader.le(2, "tunnel")
        if reader.u8("status") != tunnel.OPENED:
            self._fail()
            return
        self._opening = False
        self._end = tunnel.End(self.device, request.to, endpoints.METER, number, False)
        self.messages.again(self._end)
        self._put_alerts(self._end)
        self._get(self._end)

    def _fail(self):
        self._opening = False
        self._due = self.device.uptime + tunnel.AGAIN

    # --- What comes -----------------------------------------------------------------------------

    def hear(self, frame_in) -> bool:
        """See Feature: an answer to a search."""
        if self._client is None or frame_in.profile != PROFILE_ZDO:
            return False
        return self._client.take(frame_in)

    def receive(self, frame_in) -> bool:
        """See Feature; DecodeError."""
        if frame_in.cluster != TUNNELING or self._client is None:
            return False
        told = frame.parse(frame_in.payload)
        if not told.from_server:
            return False
        if told.cluster_specific and told.command in (tunnel.DATA, tunnel.FAULT):
            reader = Reader(told.payload)
            number = reader.le(2, "tunnel")
            if self._end is None or not self._end.is_with(frame_in, number):
                self.device.ignore("stranger")
            elif told.command == tunnel.DATA:
                self._take(self._end, reader)
            else:  # the hub has lost it
                self._end = None
                self._woken = True
                self.messages.lost()
                if self._lost:  # the one before it, too
                    self._fail()
                self._lost = True
            return True
        return self._client.take(frame_in, told)

    def _take(self, end, reader):
        """GET-RESPONSE: how many wait, and a message where one did."""
        reader.literal(tunnel.GET_RESPONSE, "GET-RESPONSE")
        more = reader.u8("messages that wait")
        self._lost = False
        command = bytes(reader.view(reader.left(), "message"))
        if not command:
            return
        for octets in self.messages.answer(command):
            self.messages.say(end, tunnel.PUT + octets)
        self._put_alerts(end)
        if more:
            self._get(end)

    def summary(self) -> dict:
        """See Feature."""
        return {"tunnel": {"open": self._end is not None, "refused": self.messages.refused}}


FEATURE = TunnelClient
