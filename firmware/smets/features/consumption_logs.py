# Profile Data Log and Daily Consumption Log: a register turned into half hours and days.
# Read as GetSampledData (SampleID 0 and 1), as history attributes, and as DLMS profile rows.
from smets import clock
from smets.codec import Reader, Writer
from smets.compat import const
from smets.features.feature import Feature
from smets.zcl import attributes, commands, frame, types
from smets.zcl.clusters import METERING
from smets.zcl.samples import DAILY, DAILY_INTERVAL, PROFILE

_HALF_HOUR = const(1800)
_DAY = const(86400)
_INVALID = const(0xFFFFFF)
_DAILY_ENTRIES = const(731)
_PAGE = const(128)  # samples of one allocation
# project-choice: half hours kept; 31 days on a development board. Alternative: 19,056 (13 months),
# 57 KB, as CHTS asks.
_PROFILE_ENTRIES = const(1488)


class Samples:
    """A ring of uint24 samples of one length; a sample that was not taken is FFFFFF."""

    def __init__(self, period: int, entries: int):
        """`period` in seconds; the ring takes 3 octets an entry, page by page as it fills."""
        self.period = period
        self.entries = entries
        self._pages: list = [None] * -(-entries // _PAGE)
        self.end = 0  # end of the newest sample, UTC seconds; 0 before the first
        self.count = 0

    def append(self, end: int, value: int):
        """Take the sample that ends at `end`; those missing before it stay invalid."""
        if end <= self.end:
            return
        missing = (end - self.end) // self.period - 1 if self.end else 0
        for index in range(min(missing, self.entries)):
            self._put(end - (min(missing, self.entries) - index) * self.period, _INVALID)
        self._put(end, min(value, _INVALID - 1) if value != _INVALID else value)

    def fill(self, end: int, value: int):
        """Take a sample that came late: what was taken in time stays."""
        back = (self.end - end) // self.period + 1
        if back < 1:
            self.append(end, value)
        elif back <= self.entries and self.at(end) == _INVALID:
            newest, count = self.end, max(self.count, back)
            self._put(end, min(value, _INVALID - 1))
            self.end, self.count = newest, count

    def _put(self, end, value):
        number, at = divmod((end // self.period) % self.entries, _PAGE)
        page = self._pages[number]
        if page is None:
            page = self._pages[number] = bytearray(b"\xff" * (3 * _PAGE))
        page[3 * at : 3 * at + 3] = value.to_bytes(3, "big")
        self.end = end
        self.count = min(self.count + 1, self.entries)

    def start(self) -> int:
        """Start of the oldest sample."""
        return self.end - self.count * self.period

    def at(self, end: int) -> int:
        """The sample that ends at `end`, or FFFFFF."""
        if not self.start() < end <= self.end:
            return _INVALID
        number, at = divmod((end // self.period) % self.entries, _PAGE)
        page = self._pages[number]
        if page is None:
            return _INVALID  # between samples that came late and those taken in time
        return int.from_bytes(page[3 * at : 3 * at + 3], "big")

    def clear(self):
        """Forget every sample."""
        self._pages = [None] * len(self._pages)
        self.end = 0
        self.count = 0


# History attributes: every second id from the first on, two to eight whole days back, one to five
# weeks, one to thirteen months. The one of yesterday stands alone.
# Low octet of the attribute of this day, which a meter has or has not.
_TODAY = attributes.CURRENT_DAY_CONSUMPTION_DELIVERED & 0xFF
_DAYS = attributes.PREVIOUS_DAY_2_CONSUMPTION_DELIVERED
_WEEKS = attributes.PREVIOUS_WEEK_CONSUMPTION_DELIVERED
_MONTHS = attributes.PREVIOUS_MONTH_CONSUMPTION_DELIVERED


class Logs(Feature):
    """Both logs and the history attributes of one register."""

    attributes = {
        METERING: (attributes.PREVIOUS_DAY_CONSUMPTION_DELIVERED,)
        + tuple(range(_DAYS, _DAYS + 14, 2))
        + tuple(range(_WEEKS, _WEEKS + 10, 2))
        + tuple(range(_MONTHS, _MONTHS + 26, 2))
    }
    commands = ((METERING, 0, commands.GET_SAMPLED_DATA),)

    def __init__(self, device):
        super().__init__(device)
        self.profile = Samples(_HALF_HOUR, _PROFILE_ENTRIES)
        self.daily = Samples(_DAY, _DAILY_ENTRIES)
        self._half_hour = None  # (boundary, register there)
        self._midnight = None

    def record(self, seconds: int, register: int):
        """The register stood at `register` at the UTC half hour `seconds`."""
        self._half_hour = self._take(self.profile, self._half_hour, seconds, register)
        if seconds % _DAY == 0:
            self._midnight = self._take(self.daily, self._midnight, seconds, register)
            if self.daily.at(seconds) == _INVALID:
                self.fill_day(seconds - _DAY)  # its beginning came late

    def _take(self, samples, before, seconds, register):
        if before is not None and seconds - before[0] == samples.period:
            used = register - before[1]
            # A register that fell was changed or has begun again: nobody knows what was used.
            samples.append(seconds, _INVALID if used < 0 else used)
        return (seconds, register)

    def fill_day(self, start: int):
        """Sum up a day of UTC that was missing, once all its half hours are there."""
        total = 0
        for end in range(start + _HALF_HOUR, start + _DAY + _HALF_HOUR, _HALF_HOUR):
            value = self.profile.at(end)
            if value == _INVALID:
                return
            total += value
        self.daily.fill(start + _DAY, total)

    def execute(self, call):
        """See Feature: GetSampledData."""
        if (METERING, commands.GET_SAMPLED_DATA_RESPONSE) in self.device.zcl.published:
            return None
        if len(call.request.payload) != 9:
            return frame.MALFORMED_COMMAND
        reader = Reader(call.request.payload)
        log = reader.le(2, "SampleID")
        earliest = reader.le(4, "EarliestSampleTime")
        sample_type = reader.u8("SampleType")
        wanted = reader.le(2, "NumberOfSamples")
        samples = self.profile if log == PROFILE else self.daily if log == DAILY else None
        if samples is None or sample_type != 0:
            return frame.NOT_FOUND
        if call.from_han:
            earliest = max(earliest, self.device.registry.hidden_before())
        first = max(-(-earliest // samples.period) * samples.period, samples.start())
        number = min(wanted, (samples.end - first) // samples.period)
        if not samples.count or number <= 0:
            return frame.NOT_FOUND
        writer = Writer(11 + 3 * number)
        writer.le(log, 2)
        writer.le(first, 4)
        writer.u8(0)
        writer.le(DAILY_INTERVAL if log == DAILY else _HALF_HOUR, 2)
        writer.le(number, 2)
        for index in range(number):
            writer.le(samples.at(first + (index + 1) * samples.period), 3)
        return [bytes(writer.view())]

    def attribute(self, cluster: int, attribute: int) -> bytes:
        """See Feature: consumption of a day, week or month that is over."""
        kind, invalid = types.UINT24, _INVALID
        if attribute >= _MONTHS:
            kind, invalid = types.UINT32, 0xFFFFFFFF
        value = self._sum(attribute & 0xFF)
        return bytes((kind,)) + types.encode(kind, invalid if value < 0 else value)

    def _sum(self, low) -> int:
        """Consumption of a whole bucket; -1 where a day is missing or hidden, even in part."""
        from smets.features import history

        own = self.device.clock
        if own.status == clock.INVALID:
            return -1
        start, end = history.span(low, _TODAY, own.seconds)
        if start < self.device.registry.hidden_before() or start < 0:
            return -1
        total = 0
        for stamp in range(start + _DAY, end + _DAY, _DAY):
            value = self.daily.at(stamp)
            if value == _INVALID:
                return -1
            total += value
        return total


FEATURE = Logs
