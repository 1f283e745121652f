# What a display does on a change of tenancy where no published text decides.
# project-choice: each name of this module.

# --- Reading the attributes -------------------------------------------------------------------

# Values of ChangeofTenancyUpdateDate/Time 0x0200 that mean "no date": the default of the SE
# specification, and what a known GB communications hub answers instead.
# Alternative: only 0xFFFFFFFF; a zero would then clear nothing either, but count as a date.
NO_DATE = (0xFFFFFFFF, 0x00000000)

# Data types with which the date (0x0200) and the change control (0x0201) are accepted: their own
# first, then uint32, as which a common stack keeps them. Any other type is a failed read.
# Alternative: only the first of each.
DATE_TYPES = (0xE2, 0x23)
CONTROL_TYPES = (0x1B, 0x23)

# Change-control bits that must be set for a new date to clear anything. None: the date is the
# trigger, because the attribute is optional and a display that waits for a bit keeps old data.
# Alternative: 0x00000200 (clear IHD data - consumer).
CONTROL_NEEDED = 0x00000000

# Classes of data that are cleared whatever the change control says (bits as in `cleared`): a
# word with the supplier bit only clears the consumer's data as well, as a tenancy has changed.
# Alternatives: 0 (only what the word names), 0x00000600 (always everything).
ALWAYS_CLEARED = 0x00000200

# --- When to ask ------------------------------------------------------------------------------

# The published text says "query", with no interval. Seconds between reads of a display that is
# always on, and of one that sleeps (it also reads whenever it wakes).
# Alternatives: any; the interval is how long a display can miss a change.
POLL_S = 3600
POLL_SLEEPY_S = 86400

# Seconds until a request without an answer counts as failed; sub-GHz and sleepy links are slow.
# Alternative: any number.
TIMEOUT_S = 10

# Seconds until the next read after a failure; doubled each time up to the second figure.
# Alternative: any numbers.
RETRY_S = 30
RETRY_MAX_S = 3600

# Seconds until a meter that does not know the attribute is asked again: its firmware may be new.
# Alternative: never.
UNSUPPORTED_RETRY_S = 86400

# Least seconds between two reads of one meter, also in a storm of pushes. Alternative: 0.
READ_GAP_S = 5

# Pushes of one meter that are answered in ANSWER_WINDOW_S seconds; more are not answered.
# Alternative: answer all of them.
ANSWERS = 4
ANSWER_WINDOW_S = 10

# Whether a push that disables the default response (frame control 0x19) is still answered. ZCL has
# no answer on success then; a meter that sends until it is answered needs one. Alternative: False.
ANSWER_ALWAYS = True

# Seconds by which history that a meter sends may end after the display's own time: clocks differ.
# What ends later is not kept, since nothing older is taken after it. Alternative: any number.
AHEAD_S = 3600

# --- What is shown ----------------------------------------------------------------------------

# After a start or on waking no history is shown until its meter has been read: the tenancy may
# have changed meanwhile. A meter that does not know the attribute counts as read.
# Alternative: show what was visible before, and hide when the read says so.
HIDE_UNTIL_READ = True

# Seconds for which a read holds. When a meter stays silent longer, its history is hidden.
# Alternatives: for ever (a display out of reach keeps showing), or as long as POLL_S.
READ_HOLDS_S = 90000

# Whether a meter that answers the read with an error status (not authorised, hardware failure,
# timeout) has its history hidden until a read succeeds. Alternative: False, show it.
ERROR_HIDES = True

# Whether records are shown from a date on that is newer than the last cleared one, while the clock
# is invalid. The date may be still to come, so no record is known to belong to a tenancy.
# Alternative: True.
CLOCKLESS_SHOWS = False

# Whether a bucket (hour, day, week, month) that began before the date and ended after it is
# cleared. It holds consumption of the former tenant.
# Alternative: keep it, with the sum of both tenants.
STRADDLING_CLEARED = True

# Which of the meters' dates applies to data that belongs to both fuels (messages, settings,
# alarms): the later. Alternative: min, where two tenancies may differ for good.
SHARED_DATE = max

# Which meters must have been read before data of both fuels is shown. Alternative: any.
SHARED_READ = all

# --- What a date does -------------------------------------------------------------------------

# A date that moves back (the supplier corrected it) shows and keeps nothing older than the
# newest date that was ever applied. Alternative: True, records since the older date may come
# back from the meter's logs, which are restricted to it.
BACKWARD_REVEALS = False

# Whether a date in the future that falls due clears the data without another read of the meter.
# Alternative: False, wait for the read and hide meanwhile.
DUE_UNREAD = True

# Whether a display whose own record was damaged clears everything of a fuel up to now where its
# meter has no date or one still to come. An interrupted purge could not be told from none.
# Alternative: False, believe that nothing was to be done.
DAMAGED_CLEARS = True

# How often writing the intent to purge may fail before the purge begins without it. The purge
# empties a full flash, and a restart hides everything until the date is read again. Alternative:
# never begin without it.
INTENT_TRIES = 3


def kept(date: int, start: int, end: int) -> bool:
    """Whether a record of [start, end) belongs to the tenancy that began at `date`.

    STRADDLING_CLEARED has the alternatives.
    """
    return (start if STRADDLING_CLEARED else end - 1) >= date
