# Codes of events and alerts of an electricity meter (GBCS table 16.2), by what they say; what a
# meter does with each is in alarms.py. Those of the voltage, of prepayment and of logs are there.
from smets.compat import const

CLOCK_ADJUSTED = const(0x8145)
CLOCK_NOT_ADJUSTED = const(0x8F0C)
OVER_LOAD_LIMIT = const(0x8F01)
LIMITED = const(0x8F33)  # supply disabled, then armed
RESTORED = const(0x8F34)  # supply enabled after that
INTERRUPTED = const(0x8F57)  # then one for each phase
OUTAGE = const(0x8F35)  # it is over; 3 minutes or more; then the same for each phase
LOCKED = const(0x81BE)  # supply disabled, then locked: tamper
SWITCH_FAILED = const(0x811A)  # of an auxiliary load
# The account: of each pair or row what it says when that begins, or is over.
LOW_CREDIT = const(0x810D)
ADDED_LOCALLY = const(0x810E)
EMERGENCY_AVAILABLE = const(0x8119)
EMERGENCY_SELECTED = const(0x81AB)
EMERGENCY_EXHAUSTED = const(0x81AA)
DEBT_COLLECTED = const(0x81A7)  # time debt 1, time debt 2, payment debt
DEBTS_COLLECTED = const(0x81A9)
DISABLED = const(0x8F0F)  # no credit
NOT_DISABLED = const(0x8F83)  # no credit, but a period of non-disablement
OUTAGE_LAST = const(0x8F3C)
BILLED = const(0x8F0A)
STATE_CHANGED = const(0x8F88)  # of an auxiliary proportional controller

# Message codes of alerts that tell more than a code and a time (alerts.md 3).
BILLED_ALERT = const(0x0061)
OUTAGE_ALERT = const(0x0067)
RECEIVED_ALERT = const(0x00CE)
WARNING_ALERT = const(0x00F0)
STATE_ALERT = const(0x0123)  # ECS200
