# UDP multicast as the radio of a board: Pico W and other boards with Wi-Fi, and processes of the
# Unix port, which meet on the loopback interface. One frame of link_frames is one datagram.
import socket

from smets.compat import const
from smets.ports.link_frames import LIMIT, Link, home_key, next_start

# A group for use inside of an organisation (RFC 2365), and a port that IANA has
# given to nobody.
_GROUP = "239.83.77.69"
_PORT = const(35769)

# Numbers of <linux/in.h>, which the Unix port takes; a board knows its own IP_ADD_MEMBERSHIP.
_IPPROTO_IP = const(0)
_IP_MULTICAST_IF = const(32)
_IP_ADD_MEMBERSHIP = const(35)


def open_radio(settings, machine):
    """The radio of a board; ValueError, KeyError if its settings make no sense.

    Members: `key` (32 hexadecimal digits, the same in the home), `group`, `port`; `ssid` and
    `password` of a Wi-Fi network; without it, `interface`: the address of one that is up.
    """
    key = home_key(settings)
    wlan = None
    if "ssid" in settings:
        import network

        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        wlan.connect(settings["ssid"], settings.get("password", ""))
    group, port = settings.get("group", _GROUP), settings.get("port", _PORT)
    interface = settings.get("interface", "127.0.0.1")
    return Link(Multicast(group, port, interface, wlan), key, next_start())


def _octets(address):
    octets = bytes(int(part) for part in address.split("."))
    if len(octets) != 4:
        raise ValueError("no IPv4 address: " + address)
    return octets


class Multicast:
    """The medium of link_frames.Link over a socket, which is made when there is a network."""

    limit = LIMIT
    stream = None  # the loop looks each 10 ms
    patience = 60  # ms: both boards look each 10 ms, and an access point holds multicast back

    def __init__(self, group: str, port: int, interface: str, wlan=None):
        self.counts = {"frames": 0, "failed": 0}
        self._group = _octets(group)
        self._interface = _octets(interface)
        self._to = socket.getaddrinfo(group, port)[0][-1]
        self._here = socket.getaddrinfo("0.0.0.0", port)[0][-1]
        self._wlan = wlan
        self._socket = None
        self._waited = 0

    @property
    def ready(self) -> bool:
        """Whether there is a network, and this board is in the group."""
        return self._socket is not None

    def pass_time(self, ms: int):
        """Let time pass: join the group once there is a network, and again after it was lost."""
        self._waited -= ms
        up = self._wlan is None or self._wlan.isconnected()
        if self._socket is not None and not up:
            self._leave()
        elif self._socket is None and up and self._waited <= 0:
            self._waited = 1000
            self._join()

    def _join(self):
        udp = None
        try:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setblocking(False)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.bind(self._here)
            own = self._interface
            if self._wlan is not None:
                own = _octets(self._wlan.ifconfig()[0])
            else:
                udp.setsockopt(_IPPROTO_IP, _IP_MULTICAST_IF, own)
            join = getattr(socket, "IP_ADD_MEMBERSHIP", _IP_ADD_MEMBERSHIP)
            udp.setsockopt(_IPPROTO_IP, join, self._group + own)
        except OSError:
            self.counts["failed"] += 1
            if udp is not None:
                udp.close()
            return
        self._socket = udp

    def _leave(self):
        self._socket.close()  # pyright: ignore[reportOptionalMemberAccess]
        self._socket = None

    def receive(self) -> bytes | None:
        """The next datagram, or None."""
        if self._socket is None:
            return None
        try:
            octets = self._socket.recv(LIMIT + 1)
        except OSError:
            return None
        if octets:
            self.counts["frames"] += 1
        return octets or None

    def send(self, octets: bytes, urgent: bool) -> bool:
        """Send a frame as a datagram; False without a network."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(octets, self._to)
        except OSError:
            self.counts["failed"] += 1
            return False
        return True
