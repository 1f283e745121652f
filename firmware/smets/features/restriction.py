# Data that a change of tenancy (ECS12, GCS09) hides from the HAN: logs, history before the date.
# The legal text was not available. project-choice: each name of this module.
from smets import clock
from smets.compat import const

# Stored and served date that stands for "none": ZigBee UTC invalid (SE 1.4a default).
# Alternative: 0, as a hub in the field has it.
NONE = const(0xFFFFFFFF)

# The control word that an ESME serves. ECS12 carries none; GCS09 always carries this one (clear
# IHD data, consumer). Alternative: leave 0x0201 unsupported on the ESME.
ESME_CHANGE_CONTROL = const(0x00000200)

# Whether GetChangeOfTenancy tells a date that has passed. It is answered with a Publish
# while the date is ahead, and with NOT_FOUND afterwards, as the stacks in the field do. Reading
# 0x0200 always works. Alternative: True, a Publish for any date.
GET_ANSWERS_PAST_DATES = False

# Whether an older IssuerEventID stops GCS09. It does not: GBCS says that the command is executed
# on receipt. Alternative: ZSE's rule, by which an older event is ignored.
OLDER_EVENTS_IGNORED = False


def hidden_before(date: int, own_clock) -> int:
    """UTC seconds before which logs give the HAN nothing; 0 where nothing is hidden.

    A date ahead hides nothing yet, since until then the data belongs to the tenant who reads
    it. Without a valid clock the date is taken as reached. Alternative: hide from receipt on.
    """
    if date in (NONE, 0):
        return 0
    if own_clock.status != clock.INVALID and own_clock.seconds < date:
        return 0
    return date


def hidden_unknown(own_clock) -> int:
    """The same where the record of the date is damaged, so the owner of the data is unknown.

    project-choice: everything up to now is hidden, at each moment, until a date is set again.
    Alternative: hide what was there when the damage was found, which a restart would forget.
    """
    return own_clock.seconds if own_clock.status != clock.INVALID else NONE
