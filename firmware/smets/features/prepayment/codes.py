# Numbers of prepayment on the HAN that both sides need: message codes, results.
from smets.compat import const

# The supplier's top-up.
CS01A = const(0x0007)
# GBCS has no message for a PPMID's requests to an ESME, only codes for the event log.
PECS01 = const(0x0116)
PECS02 = const(0x0117)
PECS03 = const(0x0118)

# Result types of a top-up; 0x10 to 0x12: accepted, the supply is on, off, armed.
ACCEPTED = (0x00, 0x10, 0x11, 0x12)
INVALID = const(0x01)
DUPLICATE = const(0x02)
ERROR = const(0x03)
MAX_CREDIT_REACHED = const(0x04)
KEYPAD_LOCK = const(0x05)
VALUE_TOO_LARGE = const(0x06)

DIGITS = const(20)  # of a UTRN

# Requests of a PPMID, and states of a request.
TOP_UP = const(0)
EMERGENCY = const(1)
SUPPLY = const(2)
WAITING = const(0)
ANSWERED = const(1)
NO_ANSWER = const(2)
NO_METER = const(3)
