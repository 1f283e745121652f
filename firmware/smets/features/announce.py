# What an electricity meter tells the displays of the home by itself: events, prices, messages.
# They are those that have asked it something since it started.
from smets.compat import const
from smets.features.feature import Feature
from smets.zcl import clusters, commands, endpoints, frame
from smets.zcl.han_frame import HanFrame

# project-choice: so many displays are told; one that asks when there are more takes the place of
# the one that was first. A meter has no bindings here. Alternative: all of its Device Log.
LISTENERS = const(4)
_EVENT_LOG = const(0x03)
_TO_HOME = const(0x01)  # event control: report to the home
# From the server, and no answer is wanted.
_CONTROL = frame.CLUSTER_SPECIFIC | frame.SERVER_TO_CLIENT | frame.NO_DEFAULT_RESPONSE


class Announce(Feature):
    """Tells each display that listens."""

    def __init__(self, device):
        super().__init__(device)
        self.listeners = []  # (EUI-64, endpoint)
        self._sequence = 0

    def receive(self, frame_in) -> bool:
        """See Feature: who asks listens from now on."""
        who = (frame_in.source, frame_in.source_endpoint)
        if who not in self.listeners:
            self.listeners = self.listeners[1 - LISTENERS :] + [who]
        return False

    def tell(self, cluster: int, command: int, payload: bytes):
        """Send a command of a server cluster to all."""
        device = self.device
        for eui, endpoint in self.listeners:
            self._sequence = (self._sequence + 1) & 0xFF
            octets = frame.header(_CONTROL, self._sequence, command, payload)
            device.outbox.append(
                HanFrame(device.eui, eui, endpoints.ESI, endpoint, cluster, octets)
            )

    def event(self, code: int, when: int):
        """PublishEvent: an event of UTC `when`."""
        if self.listeners:
            payload = bytes((_EVENT_LOG, code & 0xFF, code >> 8)) + when.to_bytes(4, "little")
            payload += bytes((_TO_HOME, 0))
            self.tell(clusters.EVENTS, commands.PUBLISH_EVENT, payload)


FEATURE = Announce
