# Choices of the GBCS session where the text was not available, or leaves room.
# project-choice: each name of this module.
from smets.compat import const

# Responses that are kept for reads repeated octet for octet. The response echoes the command's
# counter, so a fresh answer would reuse the key and the IV of the first. The last responses are
# therefore kept and sent again as they were; an older one is carried out again where nothing of
# it is encrypted, else refused (streams.py). Alternative: 0 kept, every repeat of an encrypted
# read refused. Updates are never answered from here: they are carried out again, or refused where
# replay protection applies.
REPEATS_KEPT = const(4)
# A response longer than this is not kept: a repeat of it is carried out again, and counted as
# `counter_reused`. It bounds the memory that repeats can take. Alternative: any number of octets.
REPEAT_OCTETS = const(400)


def time_taken(start: int, end: int, own: int) -> int:
    """UTC seconds that GCS28 sets a clock without a hub to; arguments are UTC seconds since 2000.

    A device whose own time lies in the interval takes the interval's beginning, as the RTDS
    answer has it. Alternative: it keeps its own time. With a hub its time is taken.
    """
    return start


def time_confirmed(start: int, end: int, own: int) -> int:
    """UTC seconds that ECS70 sets the clock to; all arguments are UTC seconds since 2000.

    A device whose own time lies in the interval keeps it, as the RTDS answer has it, and its
    clock is reliable. Alternatives: as `time_taken`.
    """
    return own


# What a device's own counter leaps by where both records of it are damaged: more than it can have
# sent. Alternative: no alert until a bench's FORGET.
ALERT_COUNTER_LEAP = const(0x1000000)

# Whether the parties of a bench's KEYS are trusted where the record of replaced credentials is
# damaged: some of them may have been replaced because their keys were known. Alternative: True.
TRUSTED_AFTER_DAMAGE = False

# Whether a replacement (CS02b) that a certificate of the command's own path has signed is believed
# by a device without an anchor: its KEYS hold neither a root nor an issuing authority. With one
# the path must lead to it. Alternative: False, refuse it.
PATH_WITHOUT_ANCHOR = True

# So many roles CS02a and CS02f may ask of at once: there are fewer, and each is told with all its
# keys. Alternative: any number, as far as the answer fits the heap and 64 KB.
ROLES_ASKED = const(16)

# Whether a device can be unjoined while the Device Log is empty: a state has no log, and RTDS
# answers success. Alternative: otherDeviceNotInDeviceLog.
UNKNOWN_DEVICES_CAN_LEAVE = True
