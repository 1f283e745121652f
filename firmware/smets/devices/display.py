# Common to IHD and PPMID: they find their meters, poll them, keep a history, and
# keep the tenancy rules. Everything runs on `advance`; nothing waits for an answer.
import sys

from smets import clock
from smets.codec import Reader
from smets.compat import const
from smets.devices.base import Device
from smets.eui import parse_eui
from smets.features.consumption_logs import DAILY, PROFILE
from smets.features.readings import POLLED, Readings
from smets.features.tenancy import cleared, machine, policy
from smets.features.tenancy.client import TenancyClient
from smets.features.tenancy.vault import Vault
from smets.ports.disk import Disk
from smets.ports.store_error import StoreError
from smets.zcl import attributes, clusters, commands, endpoints, frame, typed, types
from smets.zcl.client import Client, Read, Request, Search, refusal

_TIME_POLL = const(900)
_HISTORY_POLL = const(1800)
# Seconds until a search without an answer is sent again.
_SEARCH_AGAIN = const(30)
# How often the time is asked for again without an answer: the next poll is long after it.
_TIME_RETRIES = const(1)
# Purge steps in one `advance`, so that a long purge never keeps the radio waiting.
_STEPS = const(8)
# Days and half hours of history asked for in one request: what fits one fragmented answer.
_SAMPLES = const(24)
_TIME_ATTRIBUTES = (attributes.TIME, attributes.TIME_STATUS)
_FUELS = {"electricity": cleared.ELECTRICITY, "gas": cleared.GAS}
_HAN_CLUSTERS = (
    clusters.TIME,
    clusters.METERING,
    clusters.PRICE,
    clusters.PREPAYMENT,
    clusters.MESSAGING,
    clusters.DEVICE_MANAGEMENT,
)


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


class Display(Device):
    """A display of one home: at most one electricity and one gas meter."""

    endpoints = {endpoints.DISPLAY: (endpoints.DISPLAY_DEVICE, (), _HAN_CLUSTERS)}
    inputs = {"pair": "pair", "unpair": "unpair"}
    shows = True
    sleepy = False
    # Seconds between polls: SMETS2 6.3.4 asks for electricity each 10 s; gas changes each half
    # hour.
    polls = {cleared.ELECTRICITY: 10, cleared.GAS: 600}

    def __init__(self, store=None):
        super().__init__(store)
        if store is None:
            raise ValueError("a display needs a store")
        # Desktop file systems have no blocks of ours to overwrite: see ports.disk.Disk.
        flash = sys.platform not in ("linux", "darwin", "win32")
        self.vault = Vault(
            Disk(store.path + "/history", flash),
            on_damage=lambda name, why: store.report("history/" + name, why),
        )
        self.tenancy = machine.Tenancy(store, self.vault, self._on_tenancy)
        self.client = Client(self, endpoints.DISPLAY)
        self.tenancy_client = TenancyClient(self.tenancy, self.client, self.sleepy)
        self.meters = {}
        self.uptime = 0
        self.notices = []  # scopes whose data was cleared for a new tenancy, until confirmed
        self._time_due = 0

    # --- Pairing and discovery -----------------------------------------------------------------

    def pair(self, meter: dict):
        """{"fuel": "electricity" or "gas", "eui": 16 hexadecimal digits}."""
        fuel = _FUELS[meter["fuel"]]
        eui = parse_eui(meter["eui"])
        self._leave(fuel)
        self.meters[fuel] = Meter(fuel, eui)
        self.tenancy.meter(fuel, int.from_bytes(eui, "big"))
        self._search()

    def unpair(self, fuel: str):
        """Forget the meter of a fuel."""
        self._leave(_FUELS[fuel])

    def _leave(self, fuel: int):
        self.tenancy_client.leave(fuel)
        meter = self.meters.pop(fuel, None)
        if meter:
            self.client.forget(meter.eui)

    def _search(self):
        for meter in self.meters.values():
            for cluster in (clusters.DEVICE_MANAGEMENT, clusters.METERING, clusters.TIME):
                if cluster in meter.found or self.uptime < meter.search_due.get(cluster, 0):
                    continue
                meter.search_due[cluster] = self.uptime + _SEARCH_AGAIN
                self.client.ask(self.uptime, Search(meter.eui, cluster, self._on_search))

    def _on_search(self, request, found):
        meter = self._meter_at(request.to[0])
        if meter is None or found is None:
            return
        cluster = request.cluster
        if found:
            meter.found[cluster] = found[0]
            if cluster == clusters.DEVICE_MANAGEMENT:
                self.tenancy_client.join(self.uptime, meter.fuel, meter.eui, found[0])
            return
        # The meter has no such cluster: older firmware, asked again when it may have been updated.
        meter.search_due[cluster] = self.uptime + policy.UNSUPPORTED_RETRY_S
        if cluster == clusters.DEVICE_MANAGEMENT:
            self.tenancy_client.absent(meter.fuel, meter.eui)

    # --- Time ----------------------------------------------------------------------------------

    def advance(self, seconds: int):
        """Let time pass: ask what is due, and go on with a purge."""
        super().advance(seconds)
        self.uptime += seconds
        self.client.tick(self.uptime)
        self._search()
        self.tenancy_client.tick(self.uptime)
        self._purge()
        if self.uptime >= self._time_due:
            self._ask_time()
        for meter in self.meters.values():
            if self.uptime >= meter.poll_due:
                self._poll(meter)
            if (
                self.uptime >= meter.history_due
                and self.tenancy.visible_from(meter.fuel) is not None
            ):
                self._ask_history(meter)

    def key(self):
        """A person pressed a key of the display."""

    def utc(self):
        """UTC seconds since 2000, or None while the clock is not to be trusted."""
        return None if self.clock.status == clock.INVALID else self.clock.seconds

    def _purge(self) -> bool:
        """Some steps of a purge; whether there is more to do."""
        for _ in range(_STEPS):
            if not self.tenancy.step(self.utc()):
                return False
        return True

    def _ask_time(self):
        for fuel in (cleared.GAS, cleared.ELECTRICITY):
            meter = self.meters.get(fuel)
            if meter and clusters.TIME in meter.found:
                self._time_due = self.uptime + _TIME_POLL
                self._read(meter, clusters.TIME, _TIME_ATTRIBUTES, _TIME_RETRIES)
                return

    def _poll(self, meter):
        if clusters.METERING in meter.found:
            meter.poll_due = self.uptime + self.polls[meter.fuel]
            for cluster, attributes in POLLED[meter.fuel]:
                # Prices are on the energy service interface, the rest beside the metering.
                beside = clusters.TIME if cluster == clusters.PRICE else clusters.METERING
                if beside not in meter.found:
                    beside = clusters.METERING
                meter.found[cluster] = meter.found[beside]
                self._read(meter, cluster, attributes)

    def _read(self, meter, cluster, attributes, retries=0):
        to = (meter.eui, meter.found[cluster])
        request = Read(to, cluster, attributes, self._on_values)
        request.retries = retries
        self.client.ask(self.uptime, request)

    def _ask_history(self, meter):
        if clusters.METERING not in meter.found or self.utc() is None:
            return
        if meter.readings.scale(0) is None:
            return  # what a step of the register is has to be known first
        meter.history_due = self.uptime + _HISTORY_POLL
        for log, item, period in (
            (DAILY, cleared.DAYS, 86400),
            (PROFILE, cleared.PROFILE, 1800),
        ):
            newest = self.vault.series.newest(meter.fuel, item)
            missing = newest + period if newest else 0
            earliest = max(missing, self.clock.seconds - _SAMPLES * period, 0)
            payload = (
                log.to_bytes(2, "little")
                + earliest.to_bytes(4, "little")
                + b"\x00"
                + _SAMPLES.to_bytes(2, "little")
            )
            to = (meter.eui, meter.found[clusters.METERING])
            command = commands.GET_SAMPLED_DATA
            request = Request(to, clusters.METERING, command, payload, self._on_history)
            self.client.ask(self.uptime, request)

    # --- Frames --------------------------------------------------------------------------------

    def discover(self, frame_in):
        """A ZDO frame: an answer to a search, or a search of others."""
        if not self.client.take(frame_in):
            super().discover(frame_in)

    def receive(self, frame_in):
        """Take a HAN frame; those of Device Management go to the tenancy client."""
        if self.tenancy_client.receive(self.uptime, frame_in):
            self._purge()
        else:
            super().receive(frame_in)

    def take(self, frame_in):
        """An answer of a meter."""
        if not self.client.take(frame_in):
            self.ignore("unasked")

    def _meter_at(self, eui: bytes):
        for meter in self.meters.values():
            if meter.eui == eui:
                return meter
        return None

    def _on_values(self, request, answer):
        meter = self._meter_at(request.to[0])
        if answer is None or meter is None or refusal(answer) is not None:
            return
        cluster = request.cluster
        reader = Reader(answer.payload)
        while reader.left():
            attribute = reader.le(2, "attribute id")
            if reader.u8("status") != frame.SUCCESS:
                meter.readings.drop(cluster, attribute)
                continue
            type_id = reader.u8("data type")
            octets = types.read_value(reader, type_id)
            if not typed.fits(cluster, attribute, type_id):
                self.ignore("type")
            value = typed.read(cluster, attribute, type_id, octets)
            if cluster == clusters.TIME:
                self._on_time(attribute, value)
            else:
                meter.readings.take(cluster, attribute, value, self.clock.seconds)

    def _on_time(self, attribute, value):
        if attribute == attributes.TIME:
            if value is None:
                self.clock.set(clock.UTC_INVALID, clock.INVALID)
            else:
                self.clock.set(value, clock.RELIABLE)
        elif attribute == attributes.TIME_STATUS and self.clock.status == clock.RELIABLE:
            if value is None or not value & 1:
                self.clock.status = clock.UNRELIABLE  # the hub is not master of its time

    def _on_history(self, request, answer):
        meter = self._meter_at(request.to[0])
        if answer is None or meter is None or refusal(answer) is not None:
            return
        reader = Reader(answer.payload)
        log = reader.le(2, "SampleID")
        start = reader.le(4, "SampleStartTime")
        kind = reader.u8("SampleType")
        interval = reader.le(2, "SampleRequestInterval")
        count = reader.le(2, "NumberOfSamples")
        known = _LOGS.get(log)
        if known is None or kind or interval not in known[2]:
            self.ignore("samples")
            return
        item, minutes = known[:2]
        end = start + count * minutes * 60
        if start % (minutes * 60) or end > self.clock.seconds + policy.AHEAD_S:
            self.ignore("samples")  # of no half hour or day, or of days to come
            return
        rows = []
        for index in range(count):
            value = reader.le(3, "sample")
            value = None if value == 0xFFFFFF else meter.readings.scale(value)
            rows.append((start + index * minutes * 60, minutes, value, None))
        reader.finish("samples")
        try:
            self.vault.series.extend(meter.fuel, item, rows)
        except StoreError:
            self.ignore("storage")  # asked for again at the next poll

    # --- Tenancy -------------------------------------------------------------------------------

    def _on_tenancy(self, event, scope, date):
        if event == machine.HIDDEN:
            for meter in self.meters.values():
                if scope in (meter.fuel, cleared.SHARED):
                    meter.readings.clear()
        elif event == machine.APPLIED and scope not in self.notices:
            self.notices.append(scope)

    def _counted(self, fuel: int, item):
        """(how many records, start of the oldest): there are more than a heap has room for."""
        count, oldest = 0, clock.UTC_INVALID
        for row in self.vault.series.records(fuel, item):
            count += 1
            oldest = min(oldest, row[0])
        return count, oldest

    def summary(self) -> dict:
        """The content of the screen for a host, without hidden data."""
        shown = {}
        for name in _FUELS:
            fuel = _FUELS[name]
            meter = self.meters.get(fuel)
            if meter is None:
                continue
            seen, intent, applied = self.tenancy.dates(fuel)
            days, first_day = self._counted(fuel, cleared.DAYS)
            halves, first_half = self._counted(fuel, cleared.PROFILE)
            oldest = min(first_day, first_half)
            shown[name] = row = {
                "days": days,
                "half_hours": halves,
                "oldest": _iso(oldest),
                "tenancy": _STATES[self.tenancy.state(fuel)],
                "date_seen": _iso(seen),
                "applied": _iso(applied),
                "purging": _iso(intent),
            }
            for word, cluster, attribute in _SHOWN:
                row[word] = meter.readings.get(cluster, attribute)
            row["as_of"] = _iso(row["as_of"])
        shown["notices"] = list(self.notices)
        return shown


# SampleID -> what its samples are, minutes of one, and SampleRequestInterval: seconds, or FFFF for
# a day (GCS61).
_LOGS = {
    PROFILE: (cleared.PROFILE, 30, (1800,)),
    DAILY: (cleared.DAYS, 1440, (0xFFFF,)),
}
# What `summary` has of a meter's readings.
_SHOWN = (
    ("register", clusters.METERING, attributes.CURRENT_SUMMATION_DELIVERED),
    ("as_of", clusters.METERING, attributes.READING_SNAPSHOT_TIME),
    ("balance", clusters.PREPAYMENT, attributes.CREDIT_REMAINING),
    ("emergency_credit", clusters.PREPAYMENT, attributes.EMERGENCY_CREDIT_REMAINING),
    ("credit_status", clusters.PREPAYMENT, attributes.CREDIT_STATUS),
    ("supply", clusters.METERING, attributes.SUPPLY_STATUS),
)
_STATES = ("absent", "unread", "waiting", "purging", "pending", "clear")


def _iso(seconds):
    if seconds is None or seconds >= clock.UTC_INVALID:
        return None
    return clock.format_iso(seconds)
