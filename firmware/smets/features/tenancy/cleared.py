# The data of a household that a display keeps, and the part that a change of tenancy clears.
# Bits: change control 0x0201, bits 9 and 10 (SE table of change-control bits).
from smets.compat import const

ELECTRICITY = const(0)
GAS = const(1)
SHARED = const(2)

CONSUMER = const(0x00000200)  # bit 9: clear IHD data - consumer
SUPPLIER = const(0x00000400)  # bit 10: clear IHD data - supplier

# Kinds of storage: buckets of time, a few dated entries, a whole file.
SERIES = const(0)
ENTRIES = const(1)
EXPORT = const(2)

PROFILE = const(0)
DAYS = const(1)
WEEKS = const(2)
MONTHS = const(3)
BALANCES = const(4)
TOP_UPS = const(5)
DEBTS = const(6)
BILLING = const(7)
CUSTOMER = const(8)
TARIFF = const(9)
PROVIDER = const(10)
MESSAGES = const(11)
ALARMS = const(12)
SETTINGS = const(13)
SERVICE_LOG = const(14)
EXPORTS = const(15)

# One row an item, its number is the row: name, kind, per fuel, bits that clear it, capacity
# (records of a series, entries, files), reason. Series are as long as the logs of the meters.
# The published text says "all data belonging to the previous occupier": the rows are a project
# choice. Data of the premises (MPAN, MPRN, meter serial, time zone) is not kept at all.
_BOTH = const(0x00000600)
ITEMS = (
    ("half-hour profile", SERIES, True, CONSUMER, 19056, "shows when someone was at home"),
    ("days", SERIES, True, CONSUMER, 731, "Daily Consumption Log, restricted by the meter too"),
    ("weeks", SERIES, True, CONSUMER, 6, "Cumulative and Historical Value Store"),
    ("months", SERIES, True, CONSUMER, 14, "Cumulative and Historical Value Store"),
    ("balances", ENTRIES, True, CONSUMER, 2, "credit and debt of a person, cached from the meter"),
    ("top-ups", ENTRIES, True, CONSUMER, 5, "payments and their codes (UTRN)"),
    ("debt payments", ENTRIES, True, CONSUMER, 10, "debts of a person"),
    ("billing", ENTRIES, True, CONSUMER, 13, "Billing Data Log, restricted by the meter too"),
    ("customer", ENTRIES, True, CONSUMER, 1, "Customer Identification Number: names the tenant"),
    ("tariff", ENTRIES, True, SUPPLIER, 1, "the contract's, read again from the meter"),
    ("supplier", ENTRIES, True, SUPPLIER, 1, "name and contact, read again from the meter"),
    ("messages", ENTRIES, False, _BOTH, 8, "written by the supplier to a person"),
    ("alarms", ENTRIES, False, CONSUMER, 16, "tell of credit, supply and habits"),
    ("settings", ENTRIES, False, CONSUMER, 1, "budget, target, PIN of the tenant"),
    ("service log", ENTRIES, False, CONSUMER, 16, "readings may be in it"),
    ("exports", EXPORT, False, CONSUMER, 4, "copies of all of the above"),
)


def clears(item: int, scope: int, classes: int) -> bool:
    """Whether a purge of `classes` (bits) clears an item; a scope is a fuel or SHARED."""
    row = ITEMS[item]
    return row[2] == (scope != SHARED) and bool(row[3] & classes)
