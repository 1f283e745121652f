# What every device has: identity, clock, object models, a session with its remote parties.
# A role adds its tables and features; see esme.py, gsme.py, gpf.py.
from smets import clock, cosem_time
from smets.codec import DecodeError
from smets.dlms.objects import Objects
from smets.gbcs.counters import Counters
from smets.gbcs.device_log import DeviceLog
from smets.zcl import clusters, han_frame, han_server, types
from smets.zcl.server import Server


class Device:
    """A device without a role: `letter` and `tables` are those of smets.gbcs.use_cases."""

    name = ""
    letter = ""
    tables = ()
    # Whether the device measures as real time passes, and has to be polled.
    live = False
    # Whether the device has a screen.
    shows = False
    # endpoint -> (device id, server clusters, client clusters), what Match Descriptor finds.
    endpoints = {}

    def __init__(self, store=None):
        """`store` (smets.ports.store) keeps what must survive a power cut; None keeps nothing."""
        self.eui = b""
        self.keys = None  # smets.gbcs.keys.Keys, where the bench has loaded some
        self.store = store
        self.clock = clock.Clock()
        self.zcl = Server()
        self.dlms = Objects()
        # Highest accepted originator counter of each party, for replay protection.
        self.counters = Counters(store)
        self.joined = DeviceLog(store)
        # HAN frames to send, oldest first (smets.zcl.han_frame.HanFrame).
        self.outbox = []
        self.exchange = None  # gbcs.session.Exchange of the command being carried out
        self.asking = b""  # the device whose HAN frame is being taken
        # (alert code, UTC seconds) of the alerts to send to the network operator.
        self.alerts = []
        # HAN frames not taken, by reason.
        self.ignored = {}

    def take_keys(self, keys):
        """The bench has loaded keys (smets.gbcs.keys.Keys)."""
        self.keys = keys

    def header_stamp(self, writer):
        """Write the 12-octet header date-time of a stamped response."""
        cosem_time.put(writer, self.clock.seconds, cosem_time.STATUS_NOT_SPECIFIED)

    def advance(self, seconds: int):
        """Let time pass; a role does here what falls due."""
        self.clock.advance(seconds)

    def poll(self, ticks: int):
        """Take what was measured by now, `ticks` in ms: at least every 100 ms where `live`."""

    def summary(self) -> dict:
        """What a person would want to know of the device, for a host that asks."""
        return {}

    def serve_time(self):
        """Serve the Time cluster from the device's clock."""
        values = self.zcl.attributes.setdefault(clusters.TIME, {})
        values[0x0000] = self._time
        values[0x0001] = self._time_status

    def _time(self) -> bytes:
        invalid = self.clock.status == clock.INVALID
        seconds = clock.UTC_INVALID if invalid else self.clock.seconds
        return bytes((types.UTC_TIME,)) + types.encode(types.UTC_TIME, seconds)

    def _time_status(self) -> bytes:
        # Superseding, and master only while the time is reliable.
        return bytes((types.BITMAP8, 0x09 if self.clock.status == clock.RELIABLE else 0x08))

    def receive(self, frame):
        """Take a HAN frame; answers go to `outbox`."""
        if frame.profile == han_frame.PROFILE_ZDO:
            self.discover(frame)
        elif frame.flags & (han_frame.BROADCAST | han_frame.GROUP):
            self.ignore("broadcast")
        elif not frame.flags & han_frame.APS_SECURED:
            self.ignore("unsecured")
        elif frame.profile != han_frame.PROFILE_SE:
            self.ignore("profile")
        elif frame.destination_endpoint not in self.endpoints:
            self.ignore("endpoint")
        else:
            try:
                self.take(frame)
            except DecodeError:
                self.ignore("malformed")

    def ignore(self, reason: str):
        """Count a HAN frame that is not taken."""
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def take(self, frame):
        """Take a frame for one of the device's own endpoints; may raise DecodeError."""
        self.asking = frame.source
        served = self.endpoints[frame.destination_endpoint][1]
        reply = han_server.answer(self.zcl, served, frame.cluster, frame.payload)
        if reply is not None:
            self.outbox.append(frame.reply(reply))

    def discover(self, frame):
        """Answer a ZDO request: which endpoints match."""
        from smets.zcl import discovery

        reply = discovery.answer(self.eui, self.endpoints, frame)
        if reply is not None:
            self.outbox.append(reply)
