# The meters that a display is paired with: where their clusters are, and what they are asked.
from smets.codec import Reader
from smets.compat import const
from smets.document import EUI
from smets.eui import parse_eui
from smets.features.feature import Feature
from smets.features.readings import Readings
from smets.features.tenancy import cleared, policy
from smets.zcl import clusters, endpoints, frame, typed, types
from smets.zcl.client import Client, Read, Search, refusal
from smets.zcl.han_frame import PROFILE_ZDO

# Seconds until a search without an answer is sent again.
_SEARCH_AGAIN = const(30)
_SEARCHED = (clusters.DEVICE_MANAGEMENT, clusters.METERING, clusters.TIME)
FUELS = {"electricity": cleared.ELECTRICITY, "gas": cleared.GAS}
_NAMES = ("electricity", "gas")
# Types of the Device Log (CS03): an ESME, and the GPF for its gas meter.
_TYPES = ((1, cleared.ELECTRICITY), (3, cleared.GAS))

# What `values` gives for an attribute that the meter does not have.
GONE = ("gone",)


class Meter:
    """A paired meter: its address, where its clusters are, what was read, what comes next."""

    def __init__(self, fuel: int, eui: bytes):
        self.fuel = fuel
        self.eui = eui
        self.found = {}  # cluster -> endpoint
        self.search_due = {}  # cluster -> uptime of the next search
        self.readings = Readings()
        self.poll_due = 0
        self.history_due = 0


class Pairing(Feature):
    """At most one electricity and one gas meter, and the requests that wait for their answers."""

    inputs = {
        "pair": ("pair", {"fuel": _NAMES, "eui": EUI}),
        "unpair": ("unpair", _NAMES),
    }

    def __init__(self, device):
        super().__init__(device)
        self.client = Client(device, endpoints.DISPLAY)
        self.meters = {}  # fuel -> Meter
        self._followed = []  # entries of the Device Log

    def pair(self, meter: dict):
        """{"fuel": "electricity" or "gas", "eui": 16 hexadecimal digits}."""
        self._pair(FUELS[meter["fuel"]], parse_eui(meter["eui"]))

    def _pair(self, fuel: int, eui: bytes):
        self._leave(fuel)
        self.meters[fuel] = Meter(fuel, eui)
        self._rules.machine.meter(fuel, int.from_bytes(eui, "big"))
        self._search()

    def unpair(self, fuel: str):
        """Forget the meter of a fuel."""
        self._leave(FUELS[fuel])

    def _follow(self, entries: list):
        """Pair with the meters that have joined the Device Log, and leave those that have left."""
        before = self._followed
        self._followed = entries
        for kind, fuel in _TYPES:
            joined = [entry[0] for entry in entries if entry[1] == kind]
            held = self.meters[fuel].eui if fuel in self.meters else b""
            new = [eui for eui in joined if (eui, kind) not in before]
            if new and held not in new:
                self._pair(fuel, new[-1])
            elif (held, kind) in before and held not in joined:
                self._leave(fuel)
                if joined:
                    self._pair(fuel, joined[-1])

    def paired(self) -> list:
        """(name of its fuel, Meter) of each meter."""
        return [(name, self.meters[FUELS[name]]) for name in FUELS if FUELS[name] in self.meters]

    @property
    def _rules(self):
        return self.device.feature("tenancy_display")

    def _leave(self, fuel: int):
        self._rules.client.leave(fuel)
        meter = self.meters.pop(fuel, None)
        if meter:
            self.client.forget(meter.eui)

    # --- Discovery -----------------------------------------------------------------------------

    def _search(self):
        uptime = self.device.uptime
        for meter in self.meters.values():
            for cluster in _SEARCHED:
                if cluster in meter.found or uptime < meter.search_due.get(cluster, 0):
                    continue
                meter.search_due[cluster] = uptime + _SEARCH_AGAIN
                self.ask(Search(meter.eui, cluster, self._on_search))

    def _on_search(self, request, found):
        meter = self._meter_at(request.to[0])
        if meter is None or found is None:
            return
        cluster = request.cluster
        uptime = self.device.uptime
        if found:
            meter.found[cluster] = found[0]
            if cluster == clusters.DEVICE_MANAGEMENT:
                self._rules.client.join(uptime, meter.fuel, meter.eui, found[0])
            return
        # The meter has no such cluster: older firmware, asked again when it may have been updated.
        meter.search_due[cluster] = uptime + policy.UNSUPPORTED_RETRY_S
        if cluster == clusters.DEVICE_MANAGEMENT:
            self._rules.client.absent(meter.fuel, meter.eui)

    def _meter_at(self, eui: bytes):
        for meter in self.meters.values():
            if meter.eui == eui:
                return meter
        return None

    # --- Requests ------------------------------------------------------------------------------

    def ask(self, request):
        """Send a request (zcl.client.Request) to a meter."""
        self.client.ask(self.device.uptime, request)

    def read(self, meter, cluster: int, attributes, done, retries: int = 0):
        """Read attributes of a meter; `done` is as zcl.client.Request has it, see `values`."""
        request = Read((meter.eui, meter.found[cluster]), cluster, attributes, done)
        request.retries = retries
        self.ask(request)

    def answered(self, request, answer):
        """The meter that has answered a request; None where it did not, or refuses."""
        if answer is None or refusal(answer) is not None:
            return None
        return self._meter_at(request.to[0])

    def values(self, cluster: int, answer):
        """(attribute, value) of all that an answer tells of a cluster; DecodeError.

        A value of another type than the attribute's is not available: None.
        """
        reader = Reader(answer.payload)
        while reader.left():
            attribute = reader.le(2, "attribute id")
            if reader.u8("status") != frame.SUCCESS:
                yield attribute, GONE
                continue
            type_id = reader.u8("data type")
            octets = types.read_value(reader, type_id)
            if not typed.fits(cluster, attribute, type_id):
                self.device.ignore("type")
            yield attribute, typed.read(cluster, attribute, type_id, octets)

    # --- See Feature ---------------------------------------------------------------------------

    def tick(self):
        """See Feature."""
        log = self.device.feature("device_log")
        if log and log.entries is not self._followed:
            self._follow(log.entries)
        if self.device.awake:
            self.client.tick(self.device.uptime)
            self._search()

    def busy(self) -> bool:
        """See Feature: an answer is waited for."""
        return self.client.busy

    def hear(self, frame_in) -> bool:
        """See Feature: an answer to a search."""
        return frame_in.profile == PROFILE_ZDO and self.client.take(frame_in)

    def receive(self, frame_in) -> bool:
        """See Feature: a display has no server, so all else is an answer of a meter."""
        bulletin = self.device.feature("bulletin")
        if not self.client.take(frame_in) and not (bulletin and bulletin.told(frame_in)):
            self.device.ignore("unasked")
        return True


FEATURE = Pairing
