# Messages that pass through a hub (tunnels.py), and what it knows of a device that they are for.
from smets.codec import DecodeError
from smets.features import tunnel

_BLOCK = b"\xe0"  # General-Block-Transfer (gbcs/gbt.py)


def text_of_octets(value, path: str):
    """Check a message in hexadecimal, of any length; DocumentError."""
    from smets.document import octets_of

    octets_of(value, path, len(value) // 2 if isinstance(value, str) else -1)


def data_of(reader) -> bytes:
    """What a transfer carries; DecodeError where it is longer than a tunnel allows."""
    if reader.left() > tunnel.MOST:
        raise DecodeError(reader.pos, "over %d octets" % tunnel.MOST)
    return bytes(reader.view(reader.left(), "data"))


def parse_passing(octets: bytes):
    """A message; None for a block of a longer one; DecodeError."""
    from smets.gbcs import message

    return None if octets[:1] == _BLOCK else message.parse(octets)


class Peer:
    """A device that is awake: its tunnel, what waits for it, what was sent last."""

    def __init__(self, kind: int):
        self.kind = kind
        self.end = None  # what the device says comes from there
        self.sends = False  # whether messages go there, too: not once one was not confirmed
        self.opening = False
        self.due = 0  # uptime before which it is not asked for a tunnel
        self.waits = []  # (message code, octets)
        self.sent = None  # one that the device may not have had
        self.sequence = 0  # of the transfer that it was sent in
        self.until = 0  # uptime up to which it may say that it has
        self.lost = 0  # tunnels that were lost since it said that it had something
