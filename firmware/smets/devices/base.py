# Common to all devices: identity, clock, object models, a session with the remote parties.
# A role adds its tables and features; see esme.py, gsme.py, gpf.py.
from smets import clock, cosem_time
from smets.codec import DecodeError
from smets.compat import const
from smets.dlms.objects import Objects
from smets.features.registry import Registry
from smets.gbcs.counters import Counters
from smets.ports.store_error import StoreError
from smets.settings import Settings
from smets.zcl import han_frame
from smets.zcl.server import Server

_DAY = const(86400)
_HALF_HOUR = const(1800)
# project-choice: alerts that wait for a link; beyond it the oldest is dropped. Alternative: the
# newest is dropped.
_ALERTS = const(100)


def _held(store) -> list:
    """Names of the records and logs that a store holds."""
    if store is None:
        return []
    from smets.ports.store import LOGS

    try:
        # Files of a log have its name and a number.
        return store.names() + [name.rpartition(".")[0] for name in store.files(LOGS)]
    except StoreError:
        return []


class Device:
    """A device without a role: `letter` and `tables` are those of smets.gbcs.use_cases."""

    name = ""
    letter = ""
    tables = ()
    # Names of its features (features/catalogue.py), in the order in which time passes for them.
    features = ()
    # The feature that writes the stamp of stamped responses; "" for the device's own clock.
    stamped_by = ""
    # The feature that carries out what waits for its time.
    dated_by = "dated"
    # Whether the device has a screen.
    shows = False
    # Whether its radio is on.
    awake = True
    # endpoint -> (device id, server clusters, client clusters), what Match Descriptor finds.
    endpoints = {}

    def __init__(self, store=None):
        """`store` (smets.ports.store) keeps what must survive a power cut; None keeps nothing."""
        self.eui = b""
        self.uptime = 0  # seconds since the start, with all of the step that passes now
        self.keys = None  # smets.gbcs.keys.Keys, where the bench has loaded some
        self.store = store
        self.clock = clock.Clock()
        self.registry = Registry()
        self.zcl = Server(self.registry)
        self.dlms = Objects(self.registry, self.default_of)
        # What use cases set, where no feature gives it a meaning of its own.
        self.settings = Settings(store)
        self.zcl.keep_in(self.settings)
        self.dlms.keep_in(self.settings, self._kept)
        # Highest accepted originator counter of each party, for replay protection.
        self.counters = Counters(store)
        held = _held(store)
        # Commands that wait for their time (gbcs/postponed.py), and the first of these times:
        # None where the store is to be looked through.
        self.later = {}
        self.due = None if any(name.startswith("later-") for name in held) else clock.UTC_INVALID
        # HAN frames to send, oldest first (smets.zcl.han_frame.HanFrame).
        self.outbox = []
        self.asking = b""  # the device whose HAN frame is being taken
        # (alert code, UTC seconds, ...) of the alerts to send: see `alert`.
        self.alerts = []
        self.alerts_dropped = 0
        self.exchange = None  # gbcs.session.Exchange of the command being carried out
        # HAN frames not taken, by reason.
        self.ignored = {}

        self._keeper = self._own_counter = None
        # Those features that do something as time passes, and so on: most do not.
        self._ended = 0  # a half hour that was ended, and comes again
        self._passing = self._half_hourly = self._daily = self._ticking = self._polled = ()
        self._hearing = self._receiving = self._commanded = ()
        if self.features:
            self._begin(held)

    def _begin(self, held):
        """Make the features."""
        from smets.features import catalogue

        made = []
        for name in self.features:
            feature = catalogue.feature_of(name)(self)
            self.registry.add(name, feature)
            feature.restored = any(each in held for each in feature.records + feature.logs)
            made.append(feature)
        if self.store and any(feature.logs for feature in made):
            self.store.prepare()
        self._passing = catalogue.those_with(made, "pass_time")
        self._half_hourly = catalogue.those_with(made, "half_hour")
        self._daily = catalogue.those_with(made, "midnight")
        self._ticking = catalogue.those_with(made, "tick")
        self._polled = catalogue.those_with(made, "poll")
        self._hearing = catalogue.those_with(made, "hear")
        self._receiving = catalogue.those_with(made, "receive")
        self._commanded = catalogue.those_with(made, "commanded")
        for feature in catalogue.those_with(made, "restore"):
            feature.restore()

    def feature(self, name: str):
        """A feature of the device, or None."""
        return self.registry.features.get(name)

    def _kept(self):
        # Loaded when something is set.
        from smets.dlms.kept import Kept

        return Kept(self.dlms, self.settings, self.clock, self.feature("dated"))

    @property
    def own_counter(self):
        """The originator counter of what the device says by itself (gbcs/alert.py)."""
        if self._own_counter is None:
            from smets.gbcs.alert import AlertCounter

            self._own_counter = AlertCounter(self.store)
        return self._own_counter

    @property
    def keeper(self):
        """Where features keep records and logs (features/keeper.py), once one asks for it."""
        if self._keeper is None:
            from smets.features.keeper import Keeper

            self._keeper = Keeper(self.store)
        return self._keeper

    def alert(self, code: int, seconds: int, *signed):
        """Send an alert as soon as there is a link: to the party of its code, if nothing follows.

        `signed`: the role or, of a critical one, the EUI-64 of who gets it; then, of one with a
        message code of its own, that and the payload, and a party that its header names.
        """
        if len(self.alerts) >= _ALERTS:
            self.alerts.pop(0)
            self.alerts_dropped += 1
        self.alerts.append((code, seconds) + signed)

    def commanded(self, code: int, done: bool):
        """A command of a remote party was carried out, or not: see Feature."""
        for feature in self._commanded:
            feature.commanded(code, done)

    def start_alerts(self, number: int):
        """The next alert takes this originator counter; ValueError, StoreError."""
        self.own_counter.begin(number)

    def default_of(self, object_key):
        """What a DLMS object of a new device holds; None where it is unavailable."""
        return None

    def take_keys(self, keys):
        """The bench has loaded keys (smets.gbcs.keys.Keys)."""
        self.keys = keys

    def header_stamp(self, writer):
        """Write the 12-octet header date-time of a stamped response."""
        # Displays need neither this nor the server's answers; they have no room for it.
        if self.stamped_by:
            self.registry.features[self.stamped_by].header_stamp(writer)
        else:
            cosem_time.put(writer, self.clock.seconds, cosem_time.STATUS_NOT_SPECIFIED)

    def advance(self, seconds: int):
        """Let time pass: features do what falls due."""
        self.uptime += seconds
        before = self.clock.seconds
        for due in clock.half_hours(self.clock, seconds):
            self._pass(due - before)
            seconds -= due - before
            before = due
            self._end(due)
        self._pass(seconds)
        for feature in self._ticking:
            feature.tick()

    def _end(self, due: int):
        """A half hour ended at UTC `due`."""
        if due == self._ended:  # the clock was set back over it by a few seconds
            self._ended = 0
            return
        for feature in self._half_hourly:
            feature.half_hour(due)
        if due % _DAY == 0:
            for feature in self._daily:
                feature.midnight(due)

    def adjust(self, seconds: int):
        """Set the clock to a UTC time a few seconds off, and reliable: nothing is left out."""
        own = self.clock
        if seconds > own.seconds:
            for due in clock.half_hours(own, seconds - own.seconds):
                self._end(due)
        else:
            half_hour = own.seconds // _HALF_HOUR * _HALF_HOUR
            self._ended = half_hour if half_hour > seconds else self._ended
            own.seconds = seconds
        own.status = clock.RELIABLE

    def _pass(self, seconds: int):
        if seconds:
            for feature in self._passing:
                feature.pass_time(seconds)

    @property
    def live(self) -> bool:
        """Whether the device measures as real time passes, and has to be polled."""
        for feature in self._polled:
            if feature.live:
                return True
        return False

    def poll(self, ticks: int):
        """Take what was measured by now, `ticks` in ms: at least every 100 ms where `live`."""
        for feature in self._polled:
            feature.poll(ticks)

    def summary(self) -> dict:
        """A summary of the device for a host."""
        told = {}
        for feature in self.registry.features.values():
            members = feature.summary()
            for name in members:
                if name in told:
                    told[name].update(members[name])
                else:
                    told[name] = members[name]
        return told

    def receive(self, frame):
        """Take a HAN frame; answers go to `outbox`."""
        everybody = frame.flags & (han_frame.BROADCAST | han_frame.GROUP)
        if not everybody and self.eui and frame.destination != self.eui:
            self.ignore("other-device")
            return
        heard = False
        for feature in self._hearing:
            heard = feature.hear(frame) or heard
        if heard:
            return
        if frame.profile == han_frame.PROFILE_ZDO:
            self.discover(frame)
        elif everybody:
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
        for feature in self._receiving:
            if feature.receive(frame):
                return
        from smets.zcl import han_server

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
