# The consumption of past days and half hours, from the logs of the meters into a display's vault.
from smets import clock
from smets.codec import Reader
from smets.compat import const
from smets.features.feature import Feature
from smets.features.tenancy import cleared, policy
from smets.ports.store_error import StoreError
from smets.zcl import clusters, commands, samples
from smets.zcl.client import Request

_POLL = const(1800)
# Days and half hours that are asked for in one request: what fits one fragmented answer.
_SAMPLES = const(24)
# SampleID, what its samples are, minutes of one, SampleRequestInterval.
_LOGS = (
    (samples.DAILY, cleared.DAYS, 1440, samples.DAILY_INTERVAL),
    (samples.PROFILE, cleared.PROFILE, 30, 1800),
)


class SampledData(Feature):
    """Asks for what is missing, and keeps it."""

    def __init__(self, device):
        super().__init__(device)
        self._pairing = device.feature("pairing")
        self._rules = device.feature("tenancy_display")

    def tick(self):
        """See Feature: nothing is asked for that may not be seen."""
        device = self.device
        if device.awake:
            for meter in self._pairing.meters.values():
                if device.uptime >= meter.history_due:
                    if self._rules.machine.visible_from(meter.fuel) is not None:
                        self._ask(meter)

    def _ask(self, meter):
        now = self.device.clock.utc()
        if clusters.METERING not in meter.found or now is None:
            return
        if meter.readings.scale(0) is None:
            return  # the size of a register step has to be known first
        meter.history_due = self.device.uptime + _POLL
        to = (meter.eui, meter.found[clusters.METERING])
        for log, item, minutes, _ in _LOGS:
            period = minutes * 60
            newest = self._rules.vault.series.newest(meter.fuel, item)
            missing = newest + period if newest else 0
            payload = (
                log.to_bytes(2, "little")
                + max(missing, now - _SAMPLES * period, 0).to_bytes(4, "little")
                + b"\x00"
                + _SAMPLES.to_bytes(2, "little")
            )
            command = commands.GET_SAMPLED_DATA
            self._pairing.ask(Request(to, clusters.METERING, command, payload, self._on_samples))

    def _on_samples(self, request, answer):
        meter = self._pairing.answered(request, answer)
        if meter is None:
            return
        reader = Reader(answer.payload)
        log = reader.le(2, "SampleID")
        start = reader.le(4, "SampleStartTime")
        kind = reader.u8("SampleType")
        interval = reader.le(2, "SampleRequestInterval")
        count = reader.le(2, "NumberOfSamples")
        known = [row for row in _LOGS if row[0] == log and row[3] == interval]
        if kind or not known:
            self.device.ignore("samples")
            return
        _, item, minutes, _ = known[0]
        end = start + count * minutes * 60
        if start % (minutes * 60) or end > self.device.clock.seconds + policy.AHEAD_S:
            self.device.ignore("samples")  # not of a whole half hour or day, or of days to come
            return
        rows = []
        for index in range(count):
            value = reader.le(3, "sample")
            value = None if value == 0xFFFFFF else meter.readings.scale(value)
            rows.append((start + index * minutes * 60, minutes, value, None))
        reader.finish("samples")
        try:
            self._rules.vault.series.extend(meter.fuel, item, rows)
        except StoreError:
            self.device.ignore("storage")  # asked for again at the next poll

    def counted(self, fuel: int, item) -> tuple:
        """(how many records, start of the oldest): there are more than a heap has room for."""
        count, oldest = 0, clock.UTC_INVALID
        for row in self._rules.vault.series.records(fuel, item):
            count += 1
            oldest = min(oldest, row[0])
        return count, oldest

    def summary(self) -> dict:
        """See Feature: how much of each fuel may be seen."""
        shown = {}
        for name, meter in self._pairing.paired():
            days, first_day = self.counted(meter.fuel, cleared.DAYS)
            halves, first_half = self.counted(meter.fuel, cleared.PROFILE)
            oldest = clock.iso_or_none(min(first_day, first_half))
            shown[name] = {"days": days, "half_hours": halves, "oldest": oldest}
        return shown


FEATURE = SampledData
