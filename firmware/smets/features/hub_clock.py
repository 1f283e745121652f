# The time of the hub, as an electricity meter knows it: asked for over the Time cluster, compared
# with the meter's own each day, and what ECS70 sets (meter.md (d)).
from smets import clock
from smets.codec import Reader
from smets.compat import const
from smets.document import EUI, TEXT
from smets.eui import parse_eui
from smets.features import codes
from smets.features.feature import Feature
from smets.zcl import attributes, clusters, endpoints, frame
from smets.zcl.han_frame import PROFILE_ZDO

_DAY = const(86400)
# Up to so many seconds a meter follows its hub by itself (meter.md (d), HON 26).
TOLERANCE = const(10)
# project-choice: seconds until a hub that did not answer is asked again. Alternative: any.
_AGAIN = const(1800)
_MASTER = const(0x01)  # of TimeStatus


class HubClock(Feature):
    """Follows the hub by up to ten seconds a day."""

    inputs = {"hub": ("configure", {"eui?": EUI, "time?": TEXT})}
    alerts = ((codes.CLOCK_NOT_ADJUSTED, codes.CLOCK_NOT_ADJUSTED),)

    def __init__(self, device):
        super().__init__(device)
        self._ahead = None  # seconds of the hub's time beyond the uptime
        self._due = 0
        self._eui = b""
        self._found = None  # endpoint of its Time cluster
        self._client = None

    def configure(self, description: dict):
        """{"eui": who serves the time, "time": what its clock shows now}; ValueError."""
        if "time" in description and not self.device.registry.replaying:
            self._ahead = clock.parse_iso(description["time"]) - self.device.uptime
        if "eui" in description:
            self._eui = parse_eui(description["eui"])
            self._found = None
            if self._client is None:
                from smets.zcl.client import Client

                self._client = Client(self.device, endpoints.ESI)
        self._due = self.device.uptime

    def follows(self) -> bool:
        """Whether there is a hub to follow; project-choice.

        Without one the time is the meter's own, and nothing is compared, since a bench has said
        it. Alternative: the clock is unreliable after a day.
        """
        return bool(self._eui) or self._ahead is not None

    def now(self):
        """The hub's time, UTC seconds since 2000; None where it could not be read."""
        return None if self._ahead is None else self.device.uptime + self._ahead

    # --- Reading it -----------------------------------------------------------------------------

    def tick(self):
        """See Feature."""
        uptime = self.device.uptime
        if self._client:
            self._client.tick(uptime)
        if not self.follows() or uptime < self._due:
            return
        self._due = uptime + _DAY
        if not self._client:
            self._compare()
        elif self._found is None:
            from smets.zcl.client import Search

            self._client.ask(uptime, Search(self._eui, clusters.TIME, self._on_search))
        else:
            self._read()

    def _read(self):
        from smets.zcl.client import Read

        asked = (attributes.TIME, attributes.TIME_STATUS)
        to = (self._eui, self._found)
        if self._client is not None:
            self._client.ask(self.device.uptime, Read(to, clusters.TIME, asked, self._on_values))

    def _on_search(self, request, found):
        if found:
            self._found = found[0]
            self._read()
        else:
            self._fail()

    def _on_values(self, request, answer):
        told = {}
        if answer is not None and answer.command == frame.READ_ATTRIBUTES_RESPONSE:
            reader = Reader(answer.payload)
            while reader.left():
                attribute = reader.le(2, "attribute id")
                if reader.u8("status") == frame.SUCCESS:
                    reader.u8("data type")
                    size = 4 if attribute == attributes.TIME else 1
                    told[attribute] = reader.le(size, "value")
        seconds = told.get(attributes.TIME, clock.UTC_INVALID)
        if seconds >= clock.UTC_INVALID or not told.get(attributes.TIME_STATUS, 0) & _MASTER:
            self._fail()
            return
        self._ahead = seconds - self.device.uptime
        self._compare()

    def _fail(self):
        """The hub's time cannot be read: a comparison is not possible."""
        self._ahead = None
        self._due = self.device.uptime + _AGAIN
        own = self.device.clock
        if own.status == clock.RELIABLE:
            own.status = clock.UNRELIABLE

    def hear(self, frame_in) -> bool:
        """See Feature: an answer to a search."""
        client = self._client
        return client is not None and frame_in.profile == PROFILE_ZDO and client.take(frame_in)

    def receive(self, frame_in) -> bool:
        """See Feature."""
        return self._client is not None and self._client.take(frame_in)

    # --- What follows ---------------------------------------------------------------------------

    def _compare(self):
        device = self.device
        own, hub = device.clock, self.now()
        if own.status == clock.INVALID:
            return
        if abs(hub - own.seconds) <= TOLERANCE:
            device.adjust(hub)
            return
        own.status = clock.UNRELIABLE
        self.tell(codes.CLOCK_NOT_ADJUSTED)

    def tell(self, code: int):
        """Log, and alert, what became of the clock."""
        from smets.features import alarms

        alarms.happened(self.device, code)

    def confirm(self, interval: tuple) -> int:
        """ECS70: where the hub's time lies in an interval the meter takes it; status to answer.

        Nothing is set where the hub's time is outside, or could not be read.
        """
        own, hub = self.device.clock, self.now()
        if hub is None:
            self._fail()
            return own.status
        if not interval[0] <= hub <= interval[1]:
            self.tell(codes.CLOCK_NOT_ADJUSTED)
            return own.status
        store = self.device.store
        if store:
            store.undo(lambda before: own.set(*before), (own.seconds, own.status))
        own.set(hub, clock.RELIABLE)
        self.tell(codes.CLOCK_ADJUSTED)
        return clock.RELIABLE


FEATURE = HubClock
