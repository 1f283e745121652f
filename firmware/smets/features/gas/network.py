# The network data log of a gas meter: GCS31 starts four hours of samples, GCS18 reads them.
from smets import clock, record
from smets.codec import Reader, Writer
from smets.compat import const
from smets.features.feature import Feature
from smets.ports.store_error import StoreError
from smets.zcl import commands, frame
from smets.zcl.clusters import METERING
from smets.zcl.samples import NETWORK

# What GCS31 asks for, and the room for it (use_cases.json; meter.md): seconds of one, samples.
_INTERVAL = const(360)
_SAMPLES = const(41)
_WIDTH = const(3)
_INVALID = const(0xFFFFFF)  # a sample that was not taken
_STEP_S = const(10)  # seconds that a clock is moved by and remains reliable
_NEVER = const(0xFFFFFFFF)
_NOT_STARTED = const(0xFFFF)  # SampleID where no session could start
_RECORD = record.Table(
    "gas-network",
    (
        ("start", record.U32, 0),  # UTC of the first sample; 0 without a session
        ("samples", record.up_to(_SAMPLES * _WIDTH), b""),  # little-endian, as they are read
    ),
    "no samples are there until GCS31 comes again",
)


class GasNetwork(Feature):
    """A session of samples of what flows."""

    commands = ((METERING, 0, commands.START_SAMPLING),)
    records = ("gas-network",)

    def __init__(self, device):
        super().__init__(device)
        self._start = 0
        self._samples = b""
        self._total = None  # what the register was when the sample began; None where not known
        self._elapsed = 0  # seconds since then
        self.storage_errors = 0

    def restore(self):
        """See Feature: the sample that a power cut fell into is not known."""
        held = self.stored(_RECORD)
        if held:
            self._take(held)

    def _values(self) -> tuple:
        return (self._start, self._samples)

    def _take(self, values: tuple):
        self._start, self._samples = values
        self._total = None

    def _mark(self):
        """A sample begins now."""
        self._total = self.device.feature("gas_register").counters[0]
        self._elapsed = 0

    def next(self) -> int:
        """UTC at which the sample at hand ends."""
        taken = len(self._samples) // _WIDTH
        if not self._start or taken >= _SAMPLES:
            return _NEVER
        return self._start + (taken + 1) * _INTERVAL

    def carry_out(self, now: int, seconds=0):
        """Take the samples that have ended by UTC `now`, `seconds` after the last call.

        What nobody counted is FFFFFF. project-choice: a sample is what flowed in the six minutes
        from its time on, so that 41 take four hours and six minutes. Alternative: in those before
        its time, the first being 0.
        """
        self._elapsed += seconds
        due = self.next()
        if now < due:
            return
        while due <= now:
            value = _INVALID
            if due == now and self._total is not None:
                value = self._used()
            self._samples += value.to_bytes(_WIDTH, "little")
            self._total = None
            if due == now:
                self._mark()
            due = self.next()
        try:
            self.device.keeper.write(_RECORD, self._values())
        except StoreError:
            self.storage_errors += 1

    def _used(self) -> int:
        used = self.device.feature("gas_register").counters[0] - self._total
        set_since = abs(self._elapsed - _INTERVAL) > _STEP_S
        return used if 0 <= used < _INVALID and not set_since else _INVALID

    def execute(self, call):
        """See Feature: StartSampling; nothing where a state tells the answer.

        project-choice: GCS31 during a session begins a new one. Alternative: SampleID FFFF, and
        the session goes on.
        """
        place = (METERING, commands.START_SAMPLING_RESPONSE)
        if place in self.device.zcl.published:
            return None
        payload = call.request.payload
        if len(payload) != 13:
            return frame.MALFORMED_COMMAND
        reader = Reader(payload)
        reader.skip(4, "Issuer Event ID")
        asked = (
            reader.le(4, "StartSampling Time"),
            reader.u8("SampleType"),
            reader.le(2, "SampleRequest Interval"),
            reader.le(2, "MaxNumberof Samples"),
        )
        own = self.device.clock
        if asked != (0, 0, _INTERVAL, _SAMPLES) or own.status == clock.INVALID:
            return [_NOT_STARTED.to_bytes(2, "little")]
        try:
            self.begin(own.seconds)
        except StoreError:
            return frame.HARDWARE_FAILURE
        return [NETWORK.to_bytes(2, "little")]

    def begin(self, now: int):
        """Begin a session at UTC `now`. On StoreError all is as before."""
        before = self._values()
        self._start, self._samples = now, b""
        self._mark()
        self.device.keeper.undo(self._take, before)
        try:
            self.device.keeper.write(_RECORD, self._values())
        except StoreError:
            self._take(before)
            raise

    def read(self, earliest: int, wanted: int):
        """The samples from UTC `earliest` on, at most `wanted`, as a payload; None without any."""
        passed = max(0, -(-(earliest - self._start) // _INTERVAL))
        found = self._samples[passed * _WIDTH :][: wanted * _WIDTH]
        if not found:
            return None
        writer = Writer(11 + len(found))
        writer.le(NETWORK, 2)
        writer.le(self._start + passed * _INTERVAL, 4)
        writer.u8(0)
        writer.le(_INTERVAL, 2)
        writer.le(len(found) // _WIDTH, 2)
        writer.put(found)
        return [bytes(writer.view())]

    def summary(self) -> dict:
        """See Feature."""
        return {"network": {"samples": len(self._samples) // _WIDTH}}


FEATURE = GasNetwork
