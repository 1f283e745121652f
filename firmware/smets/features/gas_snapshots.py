# The logs of its meter at a GPF, from what the meter publishes (GBCS 10.4.2): daily reads, billing
# data, top-ups and debt payments. Loaded when the first comes, or somebody asks.
from smets import clock, record
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.features.gas.log_rows import Rows
from smets.features.prepayment.codes import DIGITS
from smets.ports.store_error import StoreError
from smets.record import I32, U32
from smets.zcl import attributes, commands, types
from smets.zcl.clusters import METERING, PREPAYMENT
from smets.zcl.snapshots import GENERAL

# Snapshot payload "block tier information set, delivered, no billing": what gas meters publish.
_TYPE, _MONEY_TYPE = const(6), const(0)
_FOUR = const(4)  # tiers, and blocks
_MONEY = const(24)
_HEAD = const(8)  # of a row: UTC, causes
_TOP_UPS, _RECOVERIES = const(5), const(10)
# project-choice: rows of billing data: twelve of ends of billing periods and twelve of other
# changes, as the meter has them. Alternative: twelve of both.
_BILLS = const(24)
# Attributes of Metering from here on, up to the block counters, say how registers are read; what
# there is before and after changes with time.
_FORMATTING = attributes.UNIT_OF_MEASURE
_BLOCKS = attributes.CURRENT_NO_TIER_BLOCK1_SUMMATION_DELIVERED
# project-choice: a meter's time further ahead of a valid clock of the hub is not kept: rows of the
# future would stand in the way of those that do come. Alternative: keep it.
_AHEAD = const(3600)
_PAYMENTS = record.Table(
    "gas-payments",
    (
        ("top_ups", record.rows(_TOP_UPS, U32, I32, record.octets(DIGITS)), ()),
        ("recoveries", record.rows(_RECOVERIES, U32, U32, U32), ()),
    ),
    "top-ups and debt payments are not told until the meter publishes others",
)


class Snapshots(Rows):
    """Rows of the meter: registers and money apart, as they come. Also what log_reads.py reads."""

    logs = {
        "gas-days-read": (31, _HEAD + 54),
        "gas-days-paid": (31, _HEAD + _MONEY),
        "gas-bills": (_BILLS, _HEAD + 54),
        "gas-balances": (_BILLS, _HEAD + _MONEY),
    }

    def __init__(self, device):
        super().__init__(device)
        held = None
        try:
            held = device.keeper.read(_PAYMENTS)
        except StoreError:
            pass  # it was reported
        self.top_ups, self.recoveries = [list(rows) for rows in held or ((), ())]

    @property
    def rows(self):
        """See log_reads.execute."""
        return self

    @property
    def account(self):
        """See log_reads.execute."""
        return self

    def kinds(self, money: bool) -> tuple:
        """See log_rows.LogRows."""
        return (
            ("gas-days-paid" if money else "gas-days-read", GENERAL),
            ("gas-balances" if money else "gas-bills", ~GENERAL),
        )

    def _fits(self, seconds: int) -> bool:
        return not _is_ahead(self.device, seconds) and seconds != clock.UTC_INVALID

    def _name(self, causes: int, octets: bytes) -> str:
        return self.kinds(len(octets) == _MONEY)[0 if causes & GENERAL else 1][0]

    def merge(self, rows: list):
        """Keep snapshots (UTC, causes, octets) of one sort that came late, among those held."""
        found = {}
        for seconds, causes, octets in rows:
            if self._fits(seconds):
                row = seconds.to_bytes(4, "big") + causes.to_bytes(4, "big") + octets
                found.setdefault(self._name(causes, octets), []).append(row)
        for name in found:
            try:
                self._merge(name, found[name])
            except OSError:
                self.storage_errors += 1
            self.release(name)

    def _merge(self, name: str, rows: list):
        log = self.slot(name).open()
        held = []
        for sequence in range(log.oldest(), log.head()):
            row = log.load(sequence)
            if row is not None:
                held.append(bytes(row))
        heads = [row[:_HEAD] for row in held]
        rows = [row for row in rows if row[:_HEAD] not in heads]
        rows.sort()
        if not rows:
            return
        if held and rows[0][:4] < held[-1][:4]:
            # The log is written anew: all of it is asked for again after a power cut meanwhile.
            self.device.feature("gas_history").miss(0)
            self.slot(name).renew()
            log = self.slot(name).open()
            rows = sorted(held + rows)[-self.logs[name][0] :]
        for row in rows:
            log.append(row)

    def enter(self, seconds: int, causes: int, octets: bytes):
        """Keep a snapshot of UTC `seconds`; one that is older than those that there are is not."""
        if not self._fits(seconds):
            return
        name = self._name(causes, octets)
        head = seconds.to_bytes(4, "big") + causes.to_bytes(4, "big")
        try:
            log = self.slot(name).open()
            newest = self.newest(name)
            if newest is None or (newest[:4] <= head[:4] and newest != head):
                log.append(head + octets)
        except OSError:
            self.storage_errors += 1
        self.release(name)

    def pay(self, top_ups: list, recoveries: list):
        """Keep top-ups and debt payments, oldest first."""
        self.top_ups, self.recoveries = top_ups[-_TOP_UPS:], recoveries[-_RECOVERIES:]
        try:
            self.device.keeper.write(_PAYMENTS, (self.top_ups, self.recoveries))
        except StoreError:
            self.storage_errors += 1


def _is_ahead(device, seconds: int) -> bool:
    own = device.clock
    return own.status != clock.INVALID and seconds > own.seconds + _AHEAD


def take(mirror, cluster: int, request) -> bool:
    """Take what a meter publishes; whether it moved the registers of its mirror.

    What is malformed is counted and changes nothing.
    """
    kept = mirror.device.feature("gas_history")
    reader = Reader(request.payload)
    try:
        if cluster == METERING:
            return _registers(mirror, kept, reader)
        _TAKES[request.command](kept, reader)
    except DecodeError:
        mirror.malformed += 1
    return False


def _head(reader, kind: int) -> tuple:
    reader.skip(4, "SnapshotID")
    seconds = reader.le(4, "SnapshotTime")
    reader.skip(3, "snapshot counts")
    causes = reader.le(4, "SnapshotCause")
    reader.expect(kind, "SnapshotPayloadType")
    return seconds, causes


def registers(reader) -> tuple:
    """PublishSnapshot: UTC, causes, 54 octets of a row, attribute -> octets; DecodeError."""
    seconds, causes = _head(reader, _TYPE)
    octets = bytearray(54)
    values = {}
    _read(reader, values, attributes.CURRENT_SUMMATION_DELIVERED, octets, 0)
    for tier in range(reader.u8("tiers in use")):
        place = attributes.CURRENT_TIER1_SUMMATION_DELIVERED + 2 * tier
        _read(reader, values, place, octets, tier, 1)
    reader.u8("thresholds in use")
    block = 0
    while reader.left():
        _read(reader, values, _BLOCKS + block, octets, block, 5)
        block += 1
    return seconds, causes, bytes(octets), values


def _registers(mirror, kept, reader) -> bool:
    seconds, causes, octets, values = registers(reader)
    if kept:
        kept.snapshots.enter(seconds, causes, octets)
    return _move(mirror, values, seconds)


def _move(mirror, values: dict, seconds: int) -> bool:
    """Take registers (attribute -> octets) of a snapshot of UTC `seconds`; project-choice.

    A snapshot that is not newer than the last update, or has no time, changes nothing, since it
    is older than the values; nor does one of the future. Alternative: stamp it with the time at
    which it came.
    """
    known = mirror.stamp.seconds if mirror.stamp.status != clock.INVALID else -1
    if not known < seconds < clock.UTC_INVALID or _is_ahead(mirror.device, seconds):
        return False
    before = mirror.moved[1] if mirror.stamp is mirror.moved[0] else ()
    if mirror.stamp is not mirror.moved[0]:
        mirror.reported = mirror.stamp
    mirror.commit({METERING: values}, seconds)
    mirror.moved = (mirror.stamp, tuple(values) + tuple(a for a in before if a not in values))
    mirror.show_stamp()
    return True


def all_of(moved, asked) -> bool:
    """Whether all that was asked for (Server.asked), and changes with time, is of `moved`."""
    for cluster, ids in asked:
        for at in range(0, len(ids) - 1, 2):
            attribute = ids[at] | ids[at + 1] << 8
            if cluster != METERING:
                if cluster == PREPAYMENT:
                    return False
            elif not _FORMATTING <= attribute < _BLOCKS and attribute not in moved:
                return False
    return True


def _read(reader, values: dict, attribute: int, octets, number: int, first: int = 0):
    """A register of its kind into the mirror's values, and into a row that has four of them.

    What a meter has beyond the four of GB is read over: other attributes follow there.
    """
    register = bytes(reader.view(6, "register"))
    if number < _FOUR:
        values[attribute] = bytes((types.UINT48,)) + register
        at = 6 * (first + number)
        octets[at : at + 6] = register


def money(reader) -> tuple:
    """Publish Prepay Snapshot: UTC, causes, 24 octets of a row; DecodeError."""
    seconds, causes = _head(reader, _MONEY_TYPE)
    octets = bytes(reader.view(_MONEY, "snapshot"))
    reader.finish("Publish Prepay Snapshot")
    return seconds, causes, octets


def top_ups(reader) -> list:
    """Publish Top Up Log: (UTC, amount, code), the oldest first; DecodeError."""
    reader.skip(2, "commands")
    rows = []
    while reader.left():
        code = bytes(reader.view(reader.u8("length of a code"), "code"))
        if len(code) != DIGITS:
            raise DecodeError(reader.pos, "not a code of %d digits" % DIGITS)
        amount = reader.le(4, "amount")
        if amount >> 31:
            amount -= 1 << 32
        rows.insert(0, (reader.le(4, "time"), amount, code))  # the newest comes first
    return rows


def recoveries(reader) -> list:
    """Publish Debt Log: (UTC, amount, what is left), the oldest first; DecodeError."""
    reader.skip(2, "commands")
    rows = []
    while reader.left():
        when, amount = reader.le(4, "time"), reader.le(4, "amount")
        reader.u8("debt type")
        rows.append((when, amount, reader.le(4, "debt left")))
    return rows


def _money(kept, reader):
    row = money(reader)
    if kept:
        kept.snapshots.enter(*row)


def _top_ups(kept, reader):
    rows = top_ups(reader)
    if kept:
        kept.snapshots.pay(rows, kept.snapshots.recoveries)


def _debts(kept, reader):
    rows = recoveries(reader)
    if kept:
        held = kept.snapshots
        newest = held.recoveries[-1][0] if held.recoveries else 0
        rows = [row for row in rows if row[0] >= newest and row not in held.recoveries]
        held.pay(held.top_ups, held.recoveries + rows)


_TAKES = {
    commands.PUBLISH_PREPAY_SNAPSHOT: _money,
    commands.PUBLISH_TOP_UP_LOG: _top_ups,
    commands.PUBLISH_DEBT_LOG: _debts,
}
