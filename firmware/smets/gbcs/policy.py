# Choices of the GBCS session where the text was not to be had, or leaves room.
# Every check that rests on one of these is labelled project-choice.
from smets.compat import const

# A read repeated octet for octet (facts D.4): the response echoes the command's counter, so a
# fresh answer would reuse the key and the IV of the first, and leak the difference of the two
# plaintexts. The last responses are therefore kept and sent again as they were. Alternatives: a
# fresh answer each time (0 kept: what the format allows), or refusing counters that do not
# increase (which would refuse RTDS, where different reads share a counter). Updates are never
# answered from here: they are carried out again, or refused where replay protection applies.
REPEATS_KEPT = const(4)
# A response longer than this is not kept: a repeat of it is carried out again, and counted as
# `counter_reused`. It bounds the memory that repeats can take.
REPEAT_OCTETS = const(400)

# Set Clock of the GSME (GCS28): a device whose time lies in the interval takes the interval's
# beginning as the time, as the RTDS answer has it. Alternatives: keep its own time, or take that
# of the communications hub, which is not part of a command.


def time_taken(start: int, end: int, own: int) -> int:
    """UTC seconds that the clock is set to; all arguments are UTC seconds since 2000."""
    return start


# Entries of a Device Log (CS03, GCS59): a GPF or a meter pairs with a handful of devices.
DEVICE_LOG_ENTRIES = const(16)
# Whether a device can be unjoined while the Device Log is empty: a state has no log, and RTDS
# answers success. Alternative: otherDeviceNotInDeviceLog.
UNKNOWN_DEVICES_CAN_LEAVE = True
