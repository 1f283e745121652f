# What remote parties and the GPF read of the logs of a gas meter (GCS15b to e, GCS16a, GCS16b,
# GCS17, GCS18): payloads of responses, as RTDS has them.
from smets import alive
from smets.codec import Reader, Writer
from smets.compat import const
from smets.features.gas import log_payloads
from smets.features.gas.log_rows import HALF_HOURS
from smets.zcl import commands, frame
from smets.zcl.clusters import METERING, PREPAYMENT
from smets.zcl.samples import NETWORK, PROFILE

_HALF_HOUR = const(1800)
_OFTEN = const(255)  # rows, a power of 2 less 1, after which `alive.tell` is called
_INVALID = const(0xFFFFFF)  # a sample that was not taken
_PAYMENT_DEBT = const(2)
_ALL_DEBTS = const(0xFF)


def execute(logs, call):
    """A status, a list of payloads, or None where a state tells the log.

    `logs` has a `device`, the `rows` (log_rows.py) and the `account`, whose `top_ups` and
    `recoveries` are told: a gas meter, or its proxy.
    """
    command = call.request.command
    answer, length, read = _READS[call.cluster, command]
    if (call.cluster, answer) in logs.device.zcl.published:
        return None
    if len(call.request.payload) != length:
        return frame.MALFORMED_COMMAND
    since = 0
    if call.from_han:
        call.reply_command = answer
        since = logs.device.registry.hidden_before()
    try:
        return read(logs, call, Reader(call.request.payload), since) or frame.NOT_FOUND
    except OSError:
        return frame.HARDWARE_FAILURE


# --- Snapshots ----------------------------------------------------------------------------------


def _snapshot(logs, call, reader, since: int):
    start = max(reader.le(4, "earliest start"), since)
    end = reader.le(4, "latest end")
    offset = reader.u8("offset")
    causes = reader.le(4, "causes")
    money = call.cluster == PREPAYMENT
    found = 0
    wanted = None
    for name, cause in logs.rows.kinds(money):
        if not causes & cause:
            continue
        log = logs.rows.slot(name).open()
        for sequence in range(log.oldest(), log.head()):
            row = log.load(sequence)
            if row is None:
                log.lost()
                continue
            when = int.from_bytes(row[:4], "big")
            if start <= when <= end and int.from_bytes(row[4:8], "big") & causes:
                if found == offset:
                    wanted = (sequence, bytes(row))
                found += 1
        logs.rows.release(name)
    return [log_payloads.publish(wanted, found, money)] if wanted else None


# --- Samples ------------------------------------------------------------------------------------


def _samples(logs, call, reader, since: int):
    sort = reader.le(2, "SampleID")
    earliest = max(reader.le(4, "EarliestSampleTime"), since)
    if reader.u8("SampleType"):
        return None
    wanted = reader.le(2, "NumberOfSamples")
    if sort == NETWORK:
        return logs.device.feature("gas_network").read(earliest, wanted)
    return _profile(logs, earliest, wanted) if sort == PROFILE else None


def _profile(logs, earliest: int, wanted: int):
    """Half hours from the first that begins at UTC `earliest` or later; project-choice.

    A half hour without power or clock is FFFFFF. Alternative: 0, as no gas flowed then.
    """
    log = logs.rows.slot("gas-profile").open()
    wanted = min(wanted, HALF_HOURS)
    writer = None
    first = at = total = count = 0
    for sequence in range(log.oldest(), log.head()):
        if not sequence & _OFTEN:
            alive.tell()
        row = log.load(sequence)
        if row is None:
            log.lost()
            continue
        when = int.from_bytes(row[:4], "big")
        if when <= at:
            continue  # the clock was set back
        now = int.from_bytes(row[4:8], "big")
        if writer is None and at and at >= earliest:
            first = at
            writer = Writer(256)
            writer.le(PROFILE, 2)
            writer.le(first, 4)
            writer.u8(0)
            writer.le(_HALF_HOUR, 2)
            writer.le(0, 2)
        if writer is not None:
            while at + _HALF_HOUR < when and count < wanted:
                writer.le(_INVALID, 3)
                at += _HALF_HOUR
                count += 1
                total = -1
            if count >= wanted:
                break
            used = (now - total) & 0xFFFFFFFF
            # A register that fell was changed or has begun again: nobody knows what was used.
            writer.le(min(used, _INVALID) if total >= 0 else _INVALID, 3)
            count += 1
        at, total = when, now
    logs.rows.release("gas-profile")
    if not count or writer is None:
        return None
    payload = bytearray(writer.view())
    payload[9:11] = count.to_bytes(2, "little")
    return [bytes(payload)]


# --- The account --------------------------------------------------------------------------------


def _within(call, rows, end: int, number: int, since: int) -> list:
    """The newest rows of a log between the times of a command, oldest first."""
    start = max(call.from_date_time or 0, since)
    found = [row for row in rows if start <= row[0] <= end]
    return found[len(found) - min(number, len(found)) :]


def _top_ups(logs, call, reader, since: int):
    end = reader.le(4, "latest end")
    found = _within(call, logs.account.top_ups, end, reader.u8("number"), since)
    return [log_payloads.top_up_log(found)] if found else None


def _debts(logs, call, reader, since: int):
    end = reader.le(4, "latest end")
    number = reader.u8("number")
    if reader.u8("debt type") not in (_PAYMENT_DEBT, _ALL_DEBTS):
        return None
    found = _within(call, logs.account.recoveries, end, number, since)
    return [log_payloads.debt_log(found)] if found else None


# (cluster, command) -> the command that answers, octets of the request, what reads.
_READS = {
    (METERING, commands.GET_SNAPSHOT): (commands.PUBLISH_SNAPSHOT, 13, _snapshot),
    (METERING, commands.GET_SAMPLED_DATA): (commands.GET_SAMPLED_DATA_RESPONSE, 9, _samples),
    (PREPAYMENT, commands.GET_PREPAY_SNAPSHOT): (commands.PUBLISH_PREPAY_SNAPSHOT, 13, _snapshot),
    (PREPAYMENT, commands.GET_TOP_UP_LOG): (commands.PUBLISH_TOP_UP_LOG, 5, _top_ups),
    (PREPAYMENT, commands.GET_DEBT_REPAYMENT_LOG): (commands.PUBLISH_DEBT_LOG, 6, _debts),
}
