# Voltage settings and counters that must survive a power cut, as one record of octets.
# The caller keeps it in its store: old or new, never a mixture. Logs keep themselves.
import struct

from smets.compat import const
from smets.features.voltage import events

_LIMITER = ">II"  # threshold, period
_PHASE = ">IIIIIB"  # period, two thresholds, two counters, flags
_OVER = const(1)
_UNDER = const(2)


def save(meter) -> bytes:
    """The record of a VoltageMeter."""
    parts = []
    for limiter in meter.limiters:
        parts.append(struct.pack(_LIMITER, limiter.threshold, limiter.period))
    for phase in meter.phase:
        averages = phase.averages
        flags = (_OVER if averages.was_over else 0) | (_UNDER if averages.was_under else 0)
        thresholds = averages.over_threshold, averages.under_threshold
        counters = averages.over_counter, averages.under_counter
        parts.append(struct.pack(_PHASE, phase.period, *(thresholds + counters + (flags,))))
    parts.append(bytes(meter.events.alerting.octets))
    parts.append(bytes(meter.events.logging.octets))
    return b"".join(parts)


def load(meter, record):
    """Take a record that `save` made for as many phases; else ValueError, and no change."""
    limiter_size = struct.calcsize(_LIMITER)
    phase_size = struct.calcsize(_PHASE)
    phases_at = limiter_size * len(meter.limiters)
    switches_at = phases_at + phase_size * len(meter.phase)
    if len(record) != switches_at + 2 * events.SWITCH_OCTETS:
        raise ValueError("length")
    rows = [
        struct.unpack_from(_PHASE, record, phases_at + phase_size * index)
        for index in range(len(meter.phase))
    ]
    if not all(row[0] for row in rows):
        raise ValueError("period")
    for index, limiter in enumerate(meter.limiters):
        threshold, period = struct.unpack_from(_LIMITER, record, limiter_size * index)
        limiter.set_threshold(threshold)
        limiter.set_period(period)
    for phase, row in zip(meter.phase, rows):
        averages = phase.averages
        phase.set_period(row[0])
        averages.over_threshold, averages.under_threshold = row[1], row[2]
        averages.over_counter, averages.under_counter = row[3], row[4]
        averages.was_over = row[5] & _OVER != 0
        averages.was_under = row[5] & _UNDER != 0
    middle = switches_at + events.SWITCH_OCTETS
    meter.events.alerting.octets[:] = record[switches_at:middle]
    meter.events.logging.octets[:] = record[middle:]
