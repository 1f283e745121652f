# What every device has: identity, clock, object models, a session with its remote parties.
# A role adds its tables and features; see esme.py, gsme.py, gpf.py.
from smets import clock, cosem_time
from smets.dlms.objects import Objects
from smets.zcl.server import Server


class Device:
    """A device without a role: `letter` and `tables` are those of smets.gbcs.use_cases."""

    name = ""
    letter = ""
    tables = ()

    def __init__(self):
        self.eui = b""
        self.clock = clock.Clock()
        self.zcl = Server()
        self.dlms = Objects()
        # Highest accepted originator counter of each party, for replay protection.
        self.counters = {}
        # HAN frames to send, oldest first (smets.ports.han.HanFrame).
        self.outbox = []

    def header_stamp(self, writer):
        """Write the 12-octet header date-time of a stamped response."""
        cosem_time.put(writer, self.clock.seconds, cosem_time.STATUS_NOT_SPECIFIED)

    def advance(self, seconds: int):
        """Let time pass; a role does here what falls due."""
        self.clock.advance(seconds)

    def receive(self, han_frame):
        """Take a HAN frame."""
