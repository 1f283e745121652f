# Profile Data Log and Daily Consumption Log: a register turned into half hours and days.
# Read as GetSampledData (SampleID 0 and 1), as history attributes, and as DLMS profile rows.
from smets import clock
from smets.codec import Reader, Writer
from smets.compat import const
from smets.zcl import frame, types
from smets.zcl.clusters import METERING

PROFILE = const(0)  # SampleID of the Profile Data Log, half hours
DAILY = const(1)  # SampleID of the Daily Consumption Log, days

GET_SAMPLED_DATA = const(0x08)
GET_SAMPLED_DATA_RESPONSE = const(0x07)

_HALF_HOUR = const(1800)
_DAY = const(86400)
_INVALID = const(0xFFFFFF)
# SampleRequestInterval FFFF stands for 24 hours (GCS61).
_DAILY_INTERVAL = const(0xFFFF)
_DAILY_ENTRIES = const(731)
_PAGE = const(128)  # samples of one allocation
# project-choice: half hours kept. CHTS asks 19,056 (13 months), 57 KB; a dev board keeps 31 days.
_PROFILE_ENTRIES = const(1488)

_WEEKS = const(6)
_MONTHS = const(14)


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
        # What lies within the samples was put there, page and all.
        return int.from_bytes(self._pages[number][3 * at : 3 * at + 3], "big")

    def clear(self):
        """Forget every sample."""
        self._pages = [None] * len(self._pages)
        self.end = 0
        self.count = 0


class Logs:
    """Both logs and the history attributes of one register."""

    def __init__(self, device, hidden_before):
        """`hidden_before()` is the time before which the HAN is given nothing."""
        self._device = device
        self._hidden_before = hidden_before
        self.profile = Samples(_HALF_HOUR, _PROFILE_ENTRIES)
        self.daily = Samples(_DAY, _DAILY_ENTRIES)
        self._half_hour = None  # (boundary, register there)
        self._midnight = None
        device.zcl.commands[(METERING, 0, GET_SAMPLED_DATA)] = self._get_sampled_data
        self._serve_history()

    def record(self, seconds: int, register: int):
        """The register stood at `register` at the UTC half hour `seconds`."""
        self._half_hour = self._take(self.profile, self._half_hour, seconds, register)
        if seconds % _DAY == 0:
            self._midnight = self._take(self.daily, self._midnight, seconds, register)

    def _take(self, samples, before, seconds, register):
        if before is not None and seconds - before[0] == samples.period:
            samples.append(seconds, register - before[1])
        return (seconds, register)

    def _get_sampled_data(self, call):
        if (METERING, GET_SAMPLED_DATA_RESPONSE) in self._device.zcl.published:
            return self._device.zcl.answer_published(call)
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
            earliest = max(earliest, self._hidden_before())
        first = max(-(-earliest // samples.period) * samples.period, samples.start())
        number = min(wanted, (samples.end - first) // samples.period)
        if not samples.count or number <= 0:
            return frame.NOT_FOUND
        writer = Writer(11 + 3 * number)
        writer.le(log, 2)
        writer.le(first, 4)
        writer.u8(0)
        writer.le(_DAILY_INTERVAL if log == DAILY else _HALF_HOUR, 2)
        writer.le(number, 2)
        for index in range(number):
            writer.le(samples.at(first + (index + 1) * samples.period), 3)
        return [bytes(writer.view())]

    def _serve_history(self):
        values = self._device.zcl.attributes.setdefault(METERING, {})
        values[0x0403] = self._attribute(types.UINT24, _days, 1)
        for back in range(2, 9):
            values[0x0420 + 2 * (back - 2)] = self._attribute(types.UINT24, _days, back)
        for back in range(1, _WEEKS):
            values[0x0430 + 2 * back] = self._attribute(types.UINT24, _weeks, back)
        for back in range(1, _MONTHS):
            values[0x0440 + 2 * back] = self._attribute(types.UINT32, _months, back)

    def _attribute(self, type_id, span, back):
        def octets():
            value = self._sum(span, back)
            if value < 0:
                value = 0xFFFFFFFF if type_id == types.UINT32 else _INVALID
            return bytes((type_id,)) + types.encode(type_id, value)

        return octets

    def _sum(self, span, back) -> int:
        """Consumption of a whole bucket; -1 where a day is missing or hidden, even in part."""
        own = self._device.clock
        if own.status == clock.INVALID:
            return -1
        start, end = span(own.seconds, back)
        if start < self._hidden_before() or start < 0:
            return -1
        total = 0
        for stamp in range(start + _DAY, end + _DAY, _DAY):
            value = self.daily.at(stamp)
            if value == _INVALID:
                return -1
            total += value
        return total


def _days(now: int, back: int) -> tuple:
    midnight = now // _DAY * _DAY
    return midnight - back * _DAY, midnight - (back - 1) * _DAY


def _weeks(now: int, back: int) -> tuple:
    # 2000-01-01 was a Saturday; weeks begin on Monday.
    monday = (now // _DAY + 5) // 7 * 7 - 5
    return (monday - 7 * back) * _DAY, (monday - 7 * (back - 1)) * _DAY


def _months(now: int, back: int) -> tuple:
    year, month = clock.from_seconds(now)[:2]
    index = year * 12 + month - 1 - back
    return _month_start(index), _month_start(index + 1)


def _month_start(index: int) -> int:
    if index < 24000:
        return -1
    return clock.to_seconds(index // 12, index % 12 + 1, 1, 0, 0, 0)
