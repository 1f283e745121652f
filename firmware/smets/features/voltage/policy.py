# Choices of voltage measurement that no available text settles.
# project-choice: each name of this module.
from smets.clock import INVALID
from smets.compat import const

# A period starts where UTC seconds are a multiple of this ("on the hour or half past the hour",
# MP085A). 2000-01-01 is itself a multiple, so seconds since 2000 need no offset. UTC, never local
# time: GB offsets are whole hours, so both clocks agree on these instants. Alternative:
# local time.
BOUNDARY_S = const(1800)

# The period of a new meter, in seconds. The networks expect half an hour; no text gives a default.
# Alternative: 600, as one maker ships it.
DEFAULT_PERIOD_S = const(1800)

# A clock that moves by up to this keeps the grid: the running period is shorter or longer by the
# step. Beyond it the running period is dropped and measurement commences again.
# GBCS keeps a meter within 10 s of its hub (alert 8145 up to there, 8F0C beyond).
# Alternatives: re-commence at every step; never re-commence.
LARGEST_STEP_MS = const(10000)

# Valid samples a period needs, in percent of those it should have; below it leaves a gap, as an
# entry has no field that could say "partial". Alternatives: 100; 0 (always write); 50.
MIN_COVERAGE_PERCENT = const(95)

# Window of one RMS value for extreme, sag and swell: 10 cycles of 50 Hz (IEC 61000-4-30).
# Alternative: half a cycle. A sampler slower than this gives one window a reading.
WINDOW_MS = const(200)

# Sub-second part to assume where the clock gives whole seconds and no change of them was seen yet:
# the end of that second, so that a period never starts inside one. Alternative: 0.
UNKNOWN_MS = const(999)

# Largest counter and time stamp (double-long-unsigned). A counter stays there (alternative: it
# wraps to 0); a period that would end later than 2136-02-07T06:28:15Z gets no entry.
MAX_U32 = const(0xFFFFFFFF)

# Thresholds (V) and debounce periods (s) of a new meter: 230 V +10 % / -6 %, and +-20 % for the
# extreme ones. The networks' agreed values (ENA EREC M30, annexes) were not available.
# Alternative: any values; the network operator sets them (ECS29).
DEFAULT_OVER_V = const(253)
DEFAULT_UNDER_V = const(216)
DEFAULT_LIMITERS = ((276, 30), (184, 30), (207, 30), (253, 30))

# Phases of a meter whose phases were not described. RTDS asks one device the single-phase use
# cases, which are those of L1, and the polyphase ones. Alternative: 1, with L2 and L3 undefined.
DEFAULT_PHASES = const(3)

# Result of a set to an impossible value (a measurement period of 0): other-reason. Alternatives:
# read-write-denied (3), type-unmatched (12).
IMPOSSIBLE_VALUE = const(250)

# otherInformation of a voltage event in the Power Event Log. Alternatives: the voltage; the phase.
OTHER_INFORMATION = const(0)

# All alerts and logging on in a new meter; codes outside 0x80nn have no switch and always pass.
# Alternative: alerts off until the network operator enables them.
DEFAULT_SWITCH_OCTET = const(0xFF)


def first_start(seconds: int, ms: int, period: int) -> int:
    """UTC second at which a measurement that commences at (seconds, ms) starts its first period.

    The next half-hour boundary, the present instant included; `period` (s) plays no part.
    Alternative, for a `period` that divides 1800: the next multiple of it.
    """
    if ms:
        seconds += 1
    return -(-seconds // BOUNDARY_S) * BOUNDARY_S


def usable(status: int) -> bool:
    """Whether periods run on a clock of this status (smets.clock).

    An unreliable clock goes on counting; the step that corrects it decides. Alternative: reliable
    only. Extreme, sag and swell detection needs no clock and always runs.
    """
    return status != INVALID


def keeps_grid(step_ms: int) -> bool:
    """Whether a clock step of so many ms, either way, leaves the running period alone.

    LARGEST_STEP_MS has the alternatives.
    """
    return -LARGEST_STEP_MS <= step_ms <= LARGEST_STEP_MS


def accepts_period(period: int) -> bool:
    """Whether a measurement period (s) can be set: 1 to 4294967295. 0 is refused, nothing changes.

    Alternatives: 0 stops capture; an upper bound; only divisors of 1800 (RTDS sets 30).
    """
    return 1 <= period <= MAX_U32


def restarts(old: int, new: int) -> bool:
    """Whether setting the period drops the running one. The same value again changes nothing.

    Entries of the old period stay in the log: a network operator's data does not vanish.
    Alternatives: finish the running period; restart also for the same value.
    """
    return old != new


def accepts_stamp(stamp: int, newest: int) -> bool:
    """Whether a period that ends at `stamp` is recorded, `newest` being the newest entry's stamp.

    Stamps only rise, so after a clock went back nothing is recorded (no entry, count or alert)
    until it has passed the newest entry. Alternative: a log that is not monotonic.
    """
    return newest < stamp <= MAX_U32


def covered(samples: int, elapsed_ms: int, rate_mhz: int) -> bool:
    """Whether `samples` of one phase suffice for `elapsed_ms` at `rate_mhz` samples per 1000 s.

    Elapsed time is that of the monotonic clock: a period cut short by a clock step is not short
    of samples. Alternative: the time of the device's clock.
    """
    return samples > 0 and samples * 100000000 >= MIN_COVERAGE_PERCENT * elapsed_ms * rate_mhz


def count_every(now: bool, before: bool) -> bool:
    """A counter goes up for every period whose average is beyond the threshold; see `counts`."""
    return now


def count_crossing(now: bool, before: bool) -> bool:
    """A counter goes up only where the average crosses the threshold; see `counts`."""
    return now and not before


# The words "counting the number of such occurrences" allow both. Alternative: count_crossing.
counts = count_every


def code_offset(phases: int, phase: int) -> int:
    """Which code of a group of four a phase (0 to 2) raises: the generic one, or L1 to L3.

    A polyphase meter raises the code of the phase only. Alternative: the generic code as well.
    """
    return 0 if phases == 1 else phase + 1
