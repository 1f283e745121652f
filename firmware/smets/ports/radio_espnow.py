# ESP-NOW as the radio of a board: ESP32 boards hear each other without an access point. One frame
# of link_frames is one message to all; answers and repeats are link_frames' own, since those of
# ESP-NOW would need the MAC address of each peer. It was never run on a board: docs/links.md.
from smets.compat import const
from smets.ports.link_frames import Link, home_key, next_start

_ALL = b"\xff\xff\xff\xff\xff\xff"
_LIMIT = const(250)  # octets of a message
_BUFFER = const(2112)  # octets: eight messages of that length
# The Wi-Fi channel of a home that is told none.
_CHANNEL = const(6)


def open_radio(settings, machine):
    """The radio of a board; ValueError, KeyError if its settings make no sense.

    Members: `key` (32 hexadecimal digits, the same in the home), `channel` (1 to 13).
    """
    key = home_key(settings)
    channel = settings.get("channel", _CHANNEL)
    if not 1 <= channel <= 13:
        raise ValueError("channel: not 1 to 13")
    import espnow  # pyright: ignore[reportMissingImports]
    import network

    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.disconnect()  # an access point would have a channel of its own
    wlan.config(channel=channel)
    return Link(EspNow(espnow.ESPNow()), key, next_start())


class EspNow:
    """The medium of link_frames.Link over espnow.ESPNow, whose Wi-Fi interface is active."""

    limit = _LIMIT
    ready = True
    stream = None  # the loop looks each 10 ms
    patience = 40  # ms: both boards look each 10 ms

    def __init__(self, radio):
        self.counts = {"frames": 0, "failed": 0}
        self._radio = radio
        radio.config(rxbuf=_BUFFER)  # takes effect at the next start of the radio
        self._begin()

    def _begin(self):
        self._radio.active(False)
        self._radio.active(True)
        self._radio.add_peer(_ALL)

    def pass_time(self, ms: int):
        """Let time pass."""

    def receive(self) -> bytes | None:
        """The next message, or None."""
        try:
            octets = self._radio.recv(0)[1]
        except OSError:
            self.counts["failed"] += 1
            return None
        except ValueError:  # its buffer is in disorder, and would stay so
            self.counts["failed"] += 1
            self._begin()
            return None
        if octets:
            self.counts["frames"] += 1
        return octets

    def send(self, octets: bytes, urgent: bool) -> bool:
        """Send a frame; False where the radio's buffers are full."""
        try:
            self._radio.send(_ALL, octets, False)
        except OSError:
            self.counts["failed"] += 1
            return False
        return True
