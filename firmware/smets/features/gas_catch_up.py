# What a proxy has missed of its gas meter's logs, it asks for when the meter has reported again:
# half hours, snapshots, top-ups, debt payments (GBCS 10.4.2). What comes so fills logs alone: the
# mirror and its stamp are those of the report. Loaded when something was missed.
from smets import clock
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.features import gas_snapshots
from smets.zcl import commands, endpoints, frame, notification
from smets.zcl.clusters import METERING, PREPAYMENT
from smets.zcl.han_frame import HanFrame
from smets.zcl.samples import PROFILE

_HALF_HOUR = const(1800)
_DAY = const(86400)
_FLAGS = frame.CLUSTER_SPECIFIC | frame.NO_DEFAULT_RESPONSE
_TOP_UPS, _RECOVERIES, _PAYMENT_DEBT = const(5), const(10), const(2)
_INVALID = const(0xFFFFFF)
_FOUND = const(8)  # TotalSnapshotsFound in a snapshot
# project-choice: half hours of one request: what fits a frame. Alternative: all at once.
_SAMPLES = const(24)
# project-choice: seconds that a half hour of a meter may end after the hub's clock: each has a
# clock of its own. Alternative: none, though the newest half hour is then refused at times.
_APART = const(60)
# project-choice: answers to reports that no meter acts on, after which nothing more is asked for:
# a day of half hours. Alternative: for ever, a frame each half hour.
_TRIES = const(48)
_STEP, _NUMBERS = const(96), const(63)  # of sequence numbers

# What is asked for: flag word, its bit, cluster, command, the command that answers.
_ROWS = (
    (
        notification.FUNCTIONAL,
        notification.GET_SAMPLED_DATA,
        METERING,
        commands.GET_SAMPLED_DATA,
        commands.GET_SAMPLED_DATA_RESPONSE,
    ),
    (
        notification.FUNCTIONAL,
        notification.GET_SNAPSHOT,
        METERING,
        commands.GET_SNAPSHOT,
        commands.PUBLISH_SNAPSHOT,
    ),
    (
        notification.FLAGS4,
        notification.GET_PREPAY_SNAPSHOT,
        PREPAYMENT,
        commands.GET_PREPAY_SNAPSHOT,
        commands.PUBLISH_PREPAY_SNAPSHOT,
    ),
    (
        notification.FLAGS4,
        notification.GET_TOP_UP_LOG,
        PREPAYMENT,
        commands.GET_TOP_UP_LOG,
        commands.PUBLISH_TOP_UP_LOG,
    ),
    (
        notification.FLAGS4,
        notification.GET_DEBT_REPAYMENT_LOG,
        PREPAYMENT,
        commands.GET_DEBT_REPAYMENT_LOG,
        commands.PUBLISH_DEBT_LOG,
    ),
)
_HALF_HOURS, _REGISTERS, _MONEY, _CREDITS = range(4)


class CatchUp:
    """One request at a time, from the first flag to the last answer."""

    def __init__(self, mirror, history):
        """`history.missed` is the UTC of the last report before what is missing."""
        self._mirror = mirror
        self._device = mirror.device
        self._history = history
        self._left = list(range(len(_ROWS)))  # what is still to be asked for
        self._queue = []  # what the meter has asked for, now that it is awake
        self._asked = -1  # sequence number that an answer must have
        self._number = 0
        self._tries = 0
        self._offset = 0  # of the next snapshot
        self._rows = []  # snapshots that have come
        logs = self._device.feature("logs")
        # Half hours are in memory, and gone with the power.
        self._from = history.missed // _HALF_HOUR * _HALF_HOUR if logs.profile.count else 0

    def remind(self):
        """The meter has reported, and is awake: tell it by its flags.

        project-choice: a report is answered so only while something is missing. Alternative: each
        report, also by no flags, which keeps the radio of a meter on batteries on for longer.
        """
        self._tries += 1
        # What broke off begins anew: the meter's logs have moved on.
        self._queue = []
        self._rows = []
        self._offset = 0
        self._asked = -1
        if self._tries > _TRIES:
            self._end()
            return
        flags = [0, 0, 0, 0]
        for kind in self._left:
            flags[_ROWS[kind][0]] |= _ROWS[kind][1]
        told = notification.response(flags[notification.FUNCTIONAL], flags[notification.FLAGS4])
        self._send(METERING, _FLAGS, notification.MIRROR_REPORT_ATTRIBUTE_RESPONSE, told)

    def _send(self, cluster: int, control: int, command: int, payload: bytes) -> int:
        # Far from what the meter numbers its own frames with: no answer is taken for one of them.
        self._number = (self._number + 1) & _NUMBERS
        sequence = (self._mirror.sequence + _STEP + self._number) & 0xFF
        octets = frame.header(control, sequence, command, payload)
        self._device.outbox.append(
            HanFrame(
                self._device.eui,
                self._mirror.gsme,
                endpoints.MIRROR,
                endpoints.METER,
                cluster,
                octets,
            )
        )
        return sequence

    # --- Frames of the meter --------------------------------------------------------------------

    def receive(self, cluster: int, request) -> bool:
        """Take a frame of the meter; False where it is nothing of that."""
        if not request.from_server:
            return False
        notified = request.command == notification.GET_NOTIFIED_MESSAGE
        if cluster == METERING and request.cluster_specific and notified:
            self._notified(Reader(request.payload))
            return True
        if self._asked < 0 or request.sequence != self._asked:
            return False
        kind = self._queue[0]
        row = _ROWS[kind]
        if cluster != row[2]:
            return False
        if request.cluster_specific:
            if request.command != row[4]:
                return False
            self._answered(kind, Reader(request.payload))
        elif request.command == frame.DEFAULT_RESPONSE:
            self._done(kind)  # there is no more of it
        else:
            return False
        return True

    def _notified(self, reader):
        try:
            reader.expect(notification.SCHEME, "notification scheme")
            word = reader.le(2, "flag word")
            bits = reader.le(4, "flags")
            reader.finish("GetNotifiedMessage")
        except DecodeError:
            self._mirror.malformed += 1
            return
        idle = not self._queue
        for kind in self._left:
            asked = _ROWS[kind][0] == word and _ROWS[kind][1] & bits
            if asked and kind not in self._queue:
                self._queue.append(kind)
        if idle:
            self._next()

    def _answered(self, kind: int, reader):
        self._tries = 0
        try:
            if kind == _HALF_HOURS:
                more = self._take_samples(reader)
            elif kind in (_REGISTERS, _MONEY):
                more = self._take_snapshot(kind, reader)
            else:
                more = self._take_payments(kind, reader)
        except DecodeError:
            self._mirror.malformed += 1
            more = False
        if more:
            self._next()
        else:
            self._done(kind)

    def _done(self, kind: int):
        """All of a kind is there."""
        if self._rows:
            self._history.snapshots.merge(self._rows)
        self._rows = []
        self._offset = 0
        self._left.remove(kind)
        self._queue.remove(kind)
        if self._left:
            self._next()
        else:
            self._end()

    def _end(self):
        self._mirror.catching = None
        self._history.caught_up()

    # --- Requests and answers -------------------------------------------------------------------

    def _next(self):
        self._asked = -1
        if not self._queue:
            return
        kind: int = self._queue[0]
        _, _, cluster, command, _ = _ROWS[kind]
        if kind == _HALF_HOURS:
            payload = PROFILE.to_bytes(2, "little") + self._from.to_bytes(4, "little")
            payload += b"\x00" + _SAMPLES.to_bytes(2, "little")
        elif kind in (_REGISTERS, _MONEY):
            payload = self._history.missed.to_bytes(4, "little") + b"\xff\xff\xff\xff"
            payload += bytes((self._offset,)) + b"\xff\xff\xff\xff"
        else:
            # All until now; a meter without a clock is asked for all, too.
            own = self._device.clock
            now = own.seconds if own.status != clock.INVALID else clock.UTC_INVALID
            payload = now.to_bytes(4, "little")
            payload += bytes((_TOP_UPS,) if kind == _CREDITS else (_RECOVERIES, _PAYMENT_DEBT))
        self._asked = self._send(cluster, frame.CLUSTER_SPECIFIC, command, payload)

    def _limit(self) -> int:
        """UTC after which no half hour can end; 0 where no clock tells it.

        Without a valid clock of the hub it is the meter's own time, as it was told last.
        """
        known = self._device.clock
        if known.status == clock.INVALID:
            known = self._mirror.stamp
        if known.status == clock.INVALID:
            return 0
        return min(known.seconds + _APART, clock.UTC_INVALID - 1)

    def _take_samples(self, reader) -> bool:
        """Half hours into the log, and the days that are whole by them.

        All of an answer is checked before the first sample of it is written.
        """
        reader.expect(PROFILE, "SampleID")
        reader.u8("SampleID")
        start = reader.le(4, "SampleStartTime")
        reader.u8("SampleType")
        period = reader.le(2, "SampleRequestInterval")
        count = reader.le(2, "NumberOfSamples")
        if count > _SAMPLES or reader.left() != 3 * count:
            raise DecodeError(reader.pos, "number of samples")
        ahead = start + count * _HALF_HOUR > self._limit()
        if period != _HALF_HOUR or start % _HALF_HOUR or start < self._from or ahead:
            raise DecodeError(reader.pos, "not the half hours asked for")
        logs = self._device.feature("logs")
        for index in range(count):
            end = start + (index + 1) * _HALF_HOUR
            value = reader.le(3, "sample")
            if value != _INVALID:
                logs.profile.fill(end, value)
        self._from = start + count * _HALF_HOUR
        day = start // _DAY * _DAY
        while day + _DAY <= self._from:
            logs.fill_day(day)
            day += _DAY
        return count == _SAMPLES

    def _take_snapshot(self, kind: int, reader) -> bool:
        """Keep a snapshot for `merge`; whether there are more."""
        read = gas_snapshots.registers if kind == _REGISTERS else gas_snapshots.money
        self._rows.append(read(reader)[:3])
        self._offset += 1
        return self._offset < reader.data[_FOUND]

    def _take_payments(self, kind: int, reader) -> bool:
        held = self._history.snapshots
        if kind == _CREDITS:
            held.pay(gas_snapshots.top_ups(reader), held.recoveries)
        else:
            held.pay(held.top_ups, gas_snapshots.recoveries(reader))
        return False
