# What prepayment does where no published text decides.
# project-choice: each name of this module.
from smets.compat import const

# --- The token (UTRN) ---------------------------------------------------------------------------

# UTRN counters that are remembered, as GBCS asks. A token whose counter is lower than all of a
# full cache counts as used: after a hundred newer ones it would be new again. The cache is that
# of one supplier; a new supplier's begins empty, and the old tokens fail their MAC. One guess is
# made for a counter of which ten bits are known. Alternatives: take what the cache has forgotten;
# keep the cache through a change of supplier.
COUNTERS_KEPT = const(100)

# Tokens in a row that are not valid until the keypad that sent them is locked, and for how many
# seconds. A token that was used before does not end the row. Alternatives: 0 s (never locked);
# locked until the supplier opens it.
KEYPAD_TRIES = const(10)
KEYPAD_LOCK_S = const(600)
# How many keypads have their wrong tokens counted at a time. Where there are more, a paired device
# takes the place of one that is not paired. Otherwise the keypad with the fewest wrong tokens
# gives up its place, if it is not locked. A paired keypad never gives its place to one that is not
# paired. A keypad without a place is answered as if it were locked. Alternative: one lock for all
# keypads, with which any device of the home locks out the others.
KEYPADS = const(16)


# --- Damaged records ---------------------------------------------------------------------------

# Whether a token is taken by an account that was damaged: nobody knows which tokens were used. A
# bench that sets a member of the account (CTRL:SET) answers for them; a new supplier's tokens are
# of another key, but the account no longer knows who its supplier was. Alternative: True.
TOKENS_AFTER_DAMAGE = False

# Whether a damaged calendar of non-disablement keeps the supply on, until it is set again.
# Alternative: False, as without a calendar.
CALENDAR_DAMAGED = True

# --- A new account ------------------------------------------------------------------------------

# Emergency credit, the balance from which it is available, and the balance below which credit is
# called low. Alternative: any amounts; the supplier sets them (ECS08).
EMERGENCY_LIMIT = const(500000)
EMERGENCY_THRESHOLD = const(100000)
LOW_CREDIT = const(200000)
# The balance at which the supply is disabled in prepayment mode. Alternative: any amount.
DISABLEMENT_THRESHOLD = const(0)
# The largest value of one token, and the largest balance that a top-up may lead to. Alternative:
# any amounts; the supplier sets them (ECS08).
MAX_CREDIT = const(10000000)
MAX_BALANCE = const(25000000)

# --- Charges ------------------------------------------------------------------------------------

# Charged for each half hour as it ends, the standing charge at midnight UTC, where there is power
# then. Alternatives: local midnight; days without power are charged afterwards.
DAY_S = const(86400)

# While emergency credit is in use, or no credit is left, standing charge and debt recovery add
# to the accumulated debt. Alternative: they go on lowering the balance.
ARREARS_IN_EMERGENCY = True

# The unit of the share of a payment that recovers debt: 5000 in RTDS is a half. Alternative: 100,
# a percentage.
SHARE_OF = const(10000)

# --- Answers ------------------------------------------------------------------------------------

# Result of a top-up that leaves the supply off, armed, on. Alternative for the last: 0x10, with
# which the supply is enabled.
ACCEPTED = (0x11, 0x12, 0x00)

# Whether the supplier's top-up (CS01a) is taken in credit mode, as a payment in advance. RTDS
# answers it with success without saying the mode. Alternative: False.
TOP_UP_IN_CREDIT_MODE = True
# Result of a top-up typed at a meter in credit mode, or of one without a supplier's key or out of
# storage. Alternative in credit mode: take it, as a payment in advance.
NO_TOP_UP = const(0x03)

# Event codes of the event log for a HAN command that was actioned, or was not. RTDS has them with
# the message codes of PCS01 and PCS02 as other information. Alternative: no entry.
ACTIONED = const(0x8154)
NOT_ACTIONED = const(0x8155)

# Whether the meter obeys any device until it was told its PPMID, by the bench or by a device that
# joined (CS03). Then other devices get NOT_AUTHORIZED, and their tokens are not looked at.
# Alternative: False, the meter obeys none until then.
ANYONE_UNTIL_TOLD = True

# Scripts of the load switch that begin and end a period of non-disablement, as the calendar of
# RTDS calls them. Times are UTC. Alternative: local time.
PROTECT_SCRIPT = const(32)
UNPROTECT_SCRIPT = const(33)
