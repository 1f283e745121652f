# The account as remote parties and displays see it: DLMS objects and attributes, as tables.
# GBCS mapping rows of ECS02-04, 07-09, 19, 20, 21b, 26a, 35a, 42-45, 82, and CS01a.
from smets.compat import const
from smets.dlms import objects
from smets.features import money
from smets.zcl import attributes, types
from smets.zcl.clusters import METERING, PREPAYMENT

# A-XDR tags.
_LONG = const(0x05)
_ULONG = const(0x06)
_UWORD = const(0x12)
_SIZES = {0x05: 4, 0x06: 4, 0x12: 2, 0x16: 1}

# Attributes of one number: key -> (A-XDR tag, member of the account, what stands before it).
NUMBERS = {
    "112/0-0:19.10.0.255/2": (_LONG, "balance", b""),
    "112/0-0:19.10.1.255/2": (_LONG, "emergency_remaining", b""),
    "112/0-0:19.10.2.255/2": (_LONG, "arrears", b""),
    "113/0-0:19.20.1.255/8": (_ULONG, "period1", b""),
    "113/0-0:19.20.2.255/8": (_ULONG, "period2", b""),
    "113/0-0:19.20.3.255/13": (_UWORD, "share", b""),
    "9000/0-0:94.44.2.10/2": (_LONG, "max_credit", b""),
    "9000/0-0:94.44.2.20/2": (_LONG, "max_balance", b""),
    "21/0-0:16.0.1.255/2": (_LONG, "disablement", b"\x01\x01"),
    "111/0-0:19.0.0.255/16": (_LONG, "low_credit", b""),
    "111/0-0:19.0.0.255/18": (_UWORD, "cap", b""),
    "111/0-0:19.0.0.255/19": (_LONG, "cap_period", b""),
    "112/0-0:19.10.1.255/9": (_LONG, "emergency_limit", b""),
    "112/0-0:19.10.1.255/10": (_LONG, "emergency_threshold", b""),
}
# Objects that a supplier sets at once.
SET_NOW = ("period1", "period2", "share", "max_balance")
# Values that a supplier sets for later: those keys, and those of their times.
NEXT = {
    "9000/0-0:94.44.2.10/4": (_LONG, "max_credit"),
    "9000/0-0:94.44.2.20/4": (_LONG, "max_balance"),
    "9000/0-0:94.44.128.22/4": (_LONG, "disablement"),
    "9000/0-0:94.44.128.9/4": (_LONG, "low_credit"),
    "9000/0-0:94.44.128.12/4": (_UWORD, "cap"),
    "9000/0-0:94.44.128.13/4": (_LONG, "cap_period"),
    "9000/0-0:94.44.128.2/4": (_LONG, "emergency_limit"),
    "9000/0-0:94.44.128.3/4": (_LONG, "emergency_threshold"),
}
WHEN = {
    "9000/0-0:94.44.2.10/6": "max_credit",
    "9000/0-0:94.44.2.20/6": "max_balance",
    "9000/0-0:94.44.128.22/6": "disablement",
    "9000/0-0:94.44.128.9/6": "low_credit",
    "9000/0-0:94.44.128.12/6": "cap",
    "9000/0-0:94.44.128.13/6": "cap_period",
    "9000/0-0:94.44.128.2/6": "emergency_limit",
    "9000/0-0:94.44.128.3/6": "emergency_threshold",
    "9000/0-0:94.44.128.28/6": "calendar",
    "9000/0-0:94.44.128.31/6": "special",
    "111/0-1:19.0.0.255/13": "mode",
}
CALENDARS_NEXT = {"10/0-1:12.0.1.255/2": "calendar", "11/0-1:11.0.2.255/2": "special"}
CALENDARS = {"10/0-0:12.0.1.255/2": "calendar", "11/0-0:11.0.2.255/2": "special"}
# Credit and charge configuration, passive and active: it is copied with the payment mode.
CONFIGURATION = ("111/0-1:19.0.0.255/11", "111/0-0:19.0.0.255/11")
MODE = "111/0-0:19.0.0.255/2"
MODE_NEXT = "111/0-1:19.0.0.255/2"
RATES = ("113/0-0:19.20.1.255/5", "113/0-0:19.20.2.255/5")
RATES_NEXT = ("113/0-0:19.20.1.255/6", "113/0-0:19.20.2.255/6")
BALANCES = "1/0-0:94.44.34.30/2"
BALANCE_MEMBERS = ("balance", "emergency_remaining", "arrears", "debt1", "debt2", "debt3")
SWITCH = "70/0-0:96.3.10.255/3"
DAILY_LOG = "7/0-0:98.1.8.255/2"
TOP_UPS = "7/0-0:98.1.5.255/2"
RECOVERIES = "7/0-0:98.1.4.255/2"
# Methods: key -> what Remote does with it.
METHODS = {
    "115/0-0:19.40.0.255/1": "enter",
    "112/0-0:19.10.0.255/1": "adjust",
    "112/0-0:19.10.0.255/2": "balance",
    "112/0-0:19.10.1.255/2": "emergency",
    "112/0-0:19.10.2.255/2": "arrears",
    "112/0-0:19.10.1.255/3": "select",
    "113/0-0:19.20.1.255/2": "rate1",
    "113/0-0:19.20.2.255/2": "rate2",
    "113/0-0:19.20.1.255/4": "debt1",
    "113/0-0:19.20.2.255/4": "debt2",
    "113/0-0:19.20.3.255/4": "debt3",
    "9/0-0:10.0.106.255/1": "switch",
}

# Attributes on the HAN: cluster, id -> type, member.
ATTRIBUTES = {
    (PREPAYMENT, attributes.PAYMENT_CONTROL_CONFIGURATION): (types.BITMAP16, "control"),
    (PREPAYMENT, attributes.CREDIT_REMAINING): (types.INT32, "balance"),
    (PREPAYMENT, attributes.EMERGENCY_CREDIT_REMAINING): (types.INT32, "emergency_remaining"),
    (PREPAYMENT, attributes.CREDIT_STATUS): (types.BITMAP8, "status"),
    (PREPAYMENT, attributes.ACCUMULATED_DEBT): (types.INT32, "arrears"),
    (PREPAYMENT, attributes.EMERGENCY_CREDIT_LIMIT): (types.UINT32, "emergency_limit"),
    (PREPAYMENT, attributes.EMERGENCY_CREDIT_THRESHOLD): (types.UINT32, "emergency_threshold"),
    (PREPAYMENT, attributes.MAX_CREDIT_LIMIT): (types.UINT32, "max_balance"),
    (PREPAYMENT, attributes.MAX_CREDIT_PER_TOP_UP): (types.UINT32, "max_credit"),
    (PREPAYMENT, attributes.LOW_CREDIT_WARNING_LEVEL): (types.UINT32, "low_credit"),
    (PREPAYMENT, attributes.CUT_OFF_VALUE): (types.INT32, "disablement"),
    (PREPAYMENT, attributes.DEBT_AMOUNT_1): (types.UINT32, "debt1"),
    (PREPAYMENT, attributes.DEBT_RECOVERY_AMOUNT_1): (types.UINT32, "rate1"),
    (PREPAYMENT, attributes.DEBT_AMOUNT_2): (types.UINT32, "debt2"),
    (PREPAYMENT, attributes.DEBT_RECOVERY_AMOUNT_2): (types.UINT32, "rate2"),
    (PREPAYMENT, attributes.DEBT_AMOUNT_3): (types.UINT32, "debt3"),
    (PREPAYMENT, attributes.DEBT_RECOVERY_TOP_UP_PERCENTAGE_3): (types.UINT16, "share"),
    (METERING, attributes.SUPPLY_STATUS): (types.ENUM8, "supply"),
}

# Control state of the load switch for a supply that is off, armed, on.
CONTROL_STATES = (0, 2, 1)

_BY_KEY = {}


def name_of(key):
    """The text of a key that is served, or None."""
    if not _BY_KEY:
        tables = (NUMBERS, NEXT, WHEN, METHODS, RATES, RATES_NEXT, CALENDARS_NEXT, CALENDARS)
        singles = (
            MODE,
            MODE_NEXT,
            BALANCES,
            SWITCH,
            DAILY_LOG,
            TOP_UPS,
            RECOVERIES,
        )
        for table in tables + (singles,):
            for text in table:
                _BY_KEY[objects.key(text)] = text
    return _BY_KEY.get(key)


def number(tag: int, value: int) -> bytes:
    """A number in A-XDR."""
    size = _SIZES[tag]
    return bytes((tag,)) + (value & (1 << 8 * size) - 1).to_bytes(size, "big")


def parse_number(octets, tag: int):
    """The value of a number in A-XDR, or None where it is not of that type."""
    if len(octets) != 1 + _SIZES[tag] or octets[0] != tag:
        return None
    value = int.from_bytes(bytes(octets[1:]), "big")
    if tag == _LONG and value >> 31:
        value -= 1 << 32
    return value


def rate(amount: int) -> bytes:
    """A unit charge of an amount each period (structure of GBCS ECS07, ECS26a)."""
    scale = 5
    while amount > 0x7FFF and scale > 0:
        amount //= 10  # a long has room for 0.32 pounds in thousandths of a penny
        scale -= 1
    return (
        b"\x02\x03\x02\x02\x0f\x00\x0f"
        + bytes((-scale & 0xFF,))
        + b"\x02\x03\x12\x00\x00\x09\x06\x00\x00\x00\x00\x00\x00\x0f\x00"
        + b"\x01\x01\x02\x02\x09\x00\x10"
        + amount.to_bytes(2, "big")
    )


_RATE_SIZE = const(32)


def parse_rate(octets):
    """The amount of a unit charge, thousandths of a penny, or None."""
    octets = bytes(octets)
    if len(octets) != _RATE_SIZE or octets[:7] != b"\x02\x03\x02\x02\x0f\x00\x0f":
        return None
    scale = octets[7] - 0x100 if octets[7] & 0x80 else octets[7]
    amount = int.from_bytes(octets[30:], "big")
    if octets[29] != 0x10 or amount & 0x8000 or not -8 <= scale <= 0:
        return None
    return money.amount(amount, -scale)
