# The voltage measurement of a device: a sampler, its meter, what is kept, and alerts to send.
# ESMETS 5.7.5.7 to 5.7.5.9, 5.7.5.25; MP085A. The DLMS objects of it are in objects.py.
from smets.clock import INVALID
from smets.compat import const
from smets.features.keeper import Slot
from smets.features.voltage import events, policy, settings
from smets.features.voltage.meter import LOG_ENTRIES, LOG_WIDTH, VoltageMeter
from smets.features.voltage.steady import OrderedEvents, SteadyMeter
from smets.features.voltage.timing import Recorder
from smets.ports.open_sampler import open_sampler
from smets.ports.sampler import SamplerError
from smets.ports.store_error import StoreError

_TICKS = const(0x3FFFFFFF)
_LONGEST = const(86400)  # seconds fed at once: ticks wrap after 12.4 days
_OF_AVERAGES = (
    "over_threshold",
    "under_threshold",
    "over_counter",
    "under_counter",
    "was_over",
    "was_under",
)
# Samplers that measure as real time passes; all others give the samples of virtual time.
_LIVE = ("rp2", "atm90e32")


class Measurement:
    """The measurement of the mains voltage by an electricity meter."""

    def __init__(self, device):
        """`device` has `clock`, `keeper` and `alert(code, seconds)`."""
        self._device = device
        self._keeper = keeper = device.keeper
        self.slots = [
            Slot(keeper, "volts%d" % (index + 1), LOG_ENTRIES, LOG_WIDTH) for index in range(3)
        ]
        self.event_slot = Slot(keeper, "power", events.LOG_ENTRIES, events.LOG_WIDTH)
        self.events = OrderedEvents(self.event_slot.open(), device.alert)
        self.storage_errors = 0
        self.live = False
        self._sampler = None
        self._ticks = 0
        self._kept: list | None = None
        try:
            kept = keeper.read(settings.RECORD)
        except StoreError:
            kept = None  # it was reported
        # A record holds a row a phase.
        self.configure({"phases": len(kept[1]) if kept else policy.DEFAULT_PHASES})
        if kept:
            self._restore(kept)

    def configure(self, description: dict):
        """Measure what is described: {"sampler", "phases", "waves", ...}, see ports/sampler*.py.

        Without "sampler" the mains are simulated in virtual time, 230 V where nothing else is
        said, with the phases that the meter has. Settings, counters and logs stay; with as many
        phases and samples of the same kind measurement goes on, else it commences again.
        ValueError for what this device cannot do.
        """
        old = getattr(self, "meter", None)
        if old and "phases" not in description and "sampler" not in description:
            description = dict(description)
            description["phases"] = old.phases
        sampler = _open(description)
        kind = SteadyMeter if getattr(sampler, "steady", False) else VoltageMeter
        parameters = (sampler.phases, sampler.uv, sampler.rate_mhz, sampler.readings)
        if (
            old is None
            or not isinstance(old, kind)
            or parameters != (old.phases, old.uv, old.rate_mhz, old.readings)
            or old.stride != sampler.stride
        ):
            for slot in self.slots[sampler.phases :]:
                slot.close()
            logs = [slot.open() for slot in self.slots[: sampler.phases]]
            self.meter = kind(sampler, logs, self.events)
            if old is not None:
                _carry_over(old, self.meter)
        self.live = description.get("sampler") in _LIVE
        self._sampler = sampler
        self._recorder = Recorder(sampler, self.meter)
        if not self.live:
            self._recorder.poll(self._ticks, *self._now(0))

    def pass_time(self, seconds: int):
        """Virtual time passed, up to what the device's clock shows now."""
        if self.live:
            return
        while seconds:
            passed = min(seconds, _LONGEST)
            seconds -= passed
            self._ticks = (self._ticks + 1000 * passed) & _TICKS
            self._measure(self._ticks, *self._now(seconds, passed))

    def poll(self, ticks: int):
        """Real time passed, up to `ticks` in ms: call at least every 100 ms where `live`."""
        if self.live:
            self._ticks = ticks & _TICKS
            self._measure(self._ticks, *self._now(0)[:2])

    def _now(self, ahead: int, passed: int = 0):
        """(UTC seconds, status, ms) of the clock, `ahead` seconds before what it shows."""
        clock = self._device.clock
        if clock.status == INVALID:
            # It stands still. What happens now is not dated.
            return clock.seconds + passed, clock.status, 0
        return clock.seconds - ahead, clock.status, 0

    def _measure(self, ticks, seconds, status, ms=-1):
        try:
            self._recorder.poll(ticks, seconds, status, ms)
            self.events.flush()
        except OSError:
            self.storage_errors += 1
        self.keep()

    def keep(self, restore=None, value=None) -> bool:
        """Store settings and counters if they have changed; False if that fails.

        `restore(value)` takes the change back, where a command is given up that made it.

        project-choice: they are one record. An entry that was logged, but not counted when the
        power went, is counted at the restart. Alternative: counters that may miss an entry.
        """
        if not self._keeper.stores:
            return True
        values = settings.save(self.meter)
        if not self._changed(values):
            return True
        try:
            self._keeper.write(settings.RECORD, values)
        except StoreError:
            self.storage_errors += 1
            return False
        if restore:
            self._keeper.undo(restore, value)
        self._keeper.undo("_kept", self._kept, self)
        self._kept = values
        return True

    def _changed(self, values) -> bool:
        """Whether more has changed than the newest entries, which the logs keep."""
        kept = self._kept
        if kept is None or values[0] != kept[0] or values[2:] != kept[2:]:
            return True
        return [row[1:] for row in values[1]] != [row[1:] for row in kept[1]]

    def _restore(self, kept):
        """Restore the kept settings; count what was logged after they were written."""
        try:
            settings.load(self.meter, kept)
        except ValueError:
            return
        self._kept = kept
        for row, phase in zip(kept[1], self.meter.phase):
            # Only the last entry can have been logged and not counted.
            for entry in phase.log.select(row[0] + 1).chunks(LOG_WIDTH):
                volts = int.from_bytes(entry[4:8], "big")
                phase.averages.evaluate(volts, int.from_bytes(entry[:4], "big"))
        self.events.flush()
        self.keep()

    def logs_changed(self):
        """A state was loaded into a log: the meter goes on from there."""
        self.events.log = self.event_slot.open()
        for slot, phase in zip(self.slots, self.meter.phase):
            phase.log = slot.open()
            phase.newest = slot.open().newest

    def summary(self) -> dict:
        """Entries of each log, alerts that wait, failures to store."""
        return {
            "entries": [len(phase.log) for phase in self.meter.phase],
            "events": len(self.events.log),
            "alerts_waiting": len(self._device.alerts),
            "alerts_dropped": self._device.alerts_dropped,
            "storage_errors": self.storage_errors,
        }


def _carry_over(old, new):
    """Give a meter the settings and counters of another, phase by phase."""
    for before, limiter in zip(old.limiters, new.limiters):
        limiter.set_threshold(before.threshold)
        limiter.set_period(before.period)
    for before, phase in zip(old.phase, new.phase):
        phase.set_period(before.period)
        for name in _OF_AVERAGES:
            setattr(phase.averages, name, getattr(before.averages, name))


def _open(description):
    """The sampler of a description of the form supply_form.py; ValueError if it cannot be had."""
    try:
        if "sampler" in description:
            return open_sampler(description)
        if any(wave.get("noise") for wave in description.get("waves", ())):
            from smets.ports.sampler_sim import SimReadings as made
        else:
            from smets.ports.sampler_steady import SteadyReadings as made
        return made(**description)
    except SamplerError as error:
        raise ValueError(str(error))
    except (ImportError, OSError):
        # Hardware or a recording that this device does not have.
        raise ValueError("this device has no such sampler")
