# Voltage settings and counters that must survive a power cut, as one record.
# The caller keeps it in its store: old or new, never a mixture. Logs keep themselves.
from smets import record
from smets.compat import const
from smets.features.voltage import events

_PHASES = const(3)
_LIMITERS = const(8)
_OVER = const(1)
_UNDER = const(2)

RECORD = record.Table(
    "voltage",
    (
        # threshold, period
        ("limiters", record.rows(_LIMITERS, record.U32, record.U32), ()),
        # Stamp of the newest entry that the counters have counted, period, two thresholds, two
        # counters, flags.
        ("phases", record.rows(_PHASES, *(6 * (record.U32,) + (record.U8,))), ()),
        ("alerting", record.octets(events.SWITCH_OCTETS), bytes(events.SWITCH_OCTETS)),
        ("logging", record.octets(events.SWITCH_OCTETS), bytes(events.SWITCH_OCTETS)),
    ),
    "settings of a new meter, counters from zero; the logs stay",
)


def save(meter) -> list:
    """The values of the record of a VoltageMeter."""
    phases = []
    for phase in meter.phase:
        averages = phase.averages
        flags = (_OVER if averages.was_over else 0) | (_UNDER if averages.was_under else 0)
        thresholds = averages.over_threshold, averages.under_threshold
        counters = averages.over_counter, averages.under_counter
        phases.append((phase.log.newest, phase.period) + thresholds + counters + (flags,))
    return [
        [(limiter.threshold, limiter.period) for limiter in meter.limiters],
        phases,
        bytes(meter.events.alerting.octets),
        bytes(meter.events.logging.octets),
    ]


def load(meter, values: list):
    """Take values that `save` gave of as many phases; else ValueError, and no change."""
    limiters, phases, alerting, logging = values
    if len(limiters) != len(meter.limiters) or len(phases) != len(meter.phase):
        raise ValueError("phases")
    if not all(row[1] for row in phases):
        raise ValueError("period")
    for limiter, row in zip(meter.limiters, limiters):
        limiter.set_threshold(row[0])
        limiter.set_period(row[1])
    for phase, row in zip(meter.phase, phases):
        averages = phase.averages
        phase.set_period(row[1])
        averages.over_threshold, averages.under_threshold = row[2], row[3]
        averages.over_counter, averages.under_counter = row[4], row[5]
        averages.was_over = row[6] & _OVER != 0
        averages.was_under = row[6] & _UNDER != 0
    meter.events.alerting.octets[:] = alerting
    meter.events.logging.octets[:] = logging
