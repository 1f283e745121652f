# What prepayment does where no published text decides.
# project-choice: each name of this module.
from smets.compat import const
from smets.crypto.gcm import Gcm
from smets.crypto.kdf import derive

# --- The token (UTRN) ---------------------------------------------------------------------------

# Thousandths of a penny of one step of a token's value, by its value class: pennies, ten pence,
# pounds. A class beyond them is not valid. Alternative: pennies only, up to 81.91 pounds.
VALUE_STEPS = (1000, 10000, 100000)

# The octet that keeps a token's key apart from those of messages (1 to 4). Alternative: any.
TOKEN_KEY = const(0x54)

# UTRN counters that are remembered, as GBCS asks; a token below all of a full list is too old.
COUNTERS_KEPT = const(100)

# Tokens in a row that are not valid until the keypad is locked, and for how many seconds.
# Alternatives: 0 s (never locked); locked until the supplier opens it.
KEYPAD_TRIES = const(10)
KEYPAD_LOCK_S = const(600)


def token_tag(secret: bytes, supplier: bytes, meter: bytes, head: bytes) -> bytes:
    """The 4 octets that make a token genuine: the test token of this project.

    The token cryptography of GBCS was not to be had. Ours is 20 digits: 19 of a number of 63
    bits, and a Luhn check digit. The number is value class (2 bits), value in steps of the class
    (13), counter (16), tag (32). The tag is the beginning of the AES-128-GCM tag over the first
    31 bits as `head` (4 octets, big-endian, a zero bit first; as additional data), IV supplier's
    EUI-64 and zeros, under the key derived as for a message from supplier to meter with the ECDH
    `secret` of both, transaction 09, TOKEN_KEY, and eight zero octets.
    """
    gcm = Gcm(derive(secret, supplier, TOKEN_KEY, bytes(8), meter), supplier + bytes(4))
    gcm.update_aad(head)
    return gcm.tag()[:4]


# --- A new account ------------------------------------------------------------------------------

# Emergency credit, the balance from which it is available, and below which credit is called low.
EMERGENCY_LIMIT = const(500000)
EMERGENCY_THRESHOLD = const(100000)
LOW_CREDIT = const(200000)
# The balance at which the supply is disabled in prepayment mode.
DISABLEMENT_THRESHOLD = const(0)
# The largest value of one token, and the largest balance that a top-up may lead to.
MAX_CREDIT = const(10000000)
MAX_BALANCE = const(25000000)

# --- Charges ------------------------------------------------------------------------------------

# Charged for each half hour as it ends, the standing charge at midnight UTC. Alternative: local
# midnight.
DAY_S = const(86400)

# While emergency credit is in use, or no credit is left, standing charge and debt recovery add
# to the accumulated debt. Alternative: they go on lowering the balance.
ARREARS_IN_EMERGENCY = True

# Parts in which the share of a payment that recovers debt is told (5000 of RTDS: a half).
SHARE_OF = const(10000)

# --- Answers ------------------------------------------------------------------------------------

# Result of a top-up that leaves the supply off, armed, on. Alternative for the last: 0x10, with
# which the supply is enabled.
ACCEPTED = (0x11, 0x12, 0x00)

# Result of a top-up of a meter in credit mode, without a supplier's key, or out of storage.
# Alternative in credit mode: take it, as a payment in advance.
NO_TOP_UP = const(0x03)

# Event codes of the event log for a HAN command that was actioned, or was not: RTDS has them with
# the message codes of PCS01 and PCS02 as other information.
ACTIONED = const(0x8154)
NOT_ACTIONED = const(0x8155)

# Whether a device of which the meter was not told that it is a PPMID is obeyed. With a PPMID
# told, others get NOT_AUTHORIZED. Alternative: False, obey nobody until one is told.
ANYONE_UNTIL_TOLD = True

# Script of the load switch that begins a period of non-disablement, and that ends it: the two
# that the calendar of RTDS calls. Times are UTC. Alternative: local time.
PROTECT_SCRIPT = const(32)
UNPROTECT_SCRIPT = const(33)
