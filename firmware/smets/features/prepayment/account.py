# The account of a prepayment meter: balance, emergency credit, debts, and the state of the supply.
# Pure arithmetic on integers, thousandths of a penny; one record holds all of it.
from smets import record
from smets.compat import const
from smets.features.prepayment import policy, token
from smets.features.prepayment.codes import DUPLICATE, MAX_CREDIT_REACHED, VALUE_TOO_LARGE
from smets.record import I32, U8, U16, U32

# Payment mode as DLMS has it.
CREDIT = const(1)
PREPAYMENT = const(2)

# Supply, as SupplyStatus of the Metering cluster.
OFF = const(0)
ARMED = const(1)
ON = const(2)

# Why the supply is off.
BY_CREDIT = const(1)
BY_SUPPLIER = const(2)
BY_LOAD = const(3)  # armed by the load limit
BY_TAMPER = const(4)

# Emergency credit.
NONE = const(0)
AVAILABLE = const(1)
SELECTED = const(2)

# Credit status bits.
_OK, _LOW, _ENABLED, _AVAILABLE, _SELECTED, _IN_USE, _EXHAUSTED = 1, 2, 4, 8, 16, 32, 64

# Member, its kind and what it is in a new account, in the order of the record.
FIELDS = (
    ("mode", U8, CREDIT),
    ("supply", U8, ON),
    ("cause", U8, 0),
    ("emergency", U8, NONE),
    ("balance", I32, 0),
    ("emergency_left", I32, 0),  # of what was granted, while selected
    ("granted", I32, 0),
    ("arrears", I32, 0),  # the accumulated debt register
    ("debt1", I32, 0),
    ("debt2", I32, 0),
    ("debt3", I32, 0),  # recovered from payments
    ("rate1", U32, 0),  # recovered each period
    ("rate2", U32, 0),
    ("period1", U32, policy.DAY_S),
    ("period2", U32, policy.DAY_S),
    ("elapsed1", U32, 0),
    ("elapsed2", U32, 0),
    ("share", U16, 0),  # of a payment, policy.SHARE_OF parts
    ("cap", U32, 0xFFFF),  # pounds recovered from payments in each cap_period, at most
    ("cap_period", U32, 7 * policy.DAY_S),
    ("cap_start", U32, 0),
    ("cap_used", U32, 0),
    ("emergency_limit", I32, policy.EMERGENCY_LIMIT),
    ("emergency_threshold", I32, policy.EMERGENCY_THRESHOLD),
    ("low_credit", I32, policy.LOW_CREDIT),
    ("disablement", I32, policy.DISABLEMENT_THRESHOLD),
    ("max_credit", I32, policy.MAX_CREDIT),
    ("max_balance", I32, policy.MAX_BALANCE),
    ("rest", U16, 0),  # Wh times price that is less than a thousandth of a penny
    # The record was damaged, so that nobody knows which tokens were used: see policy.py.
    ("untrusted", U8, 0),
    ("passive1", U32, 0),  # rates that are set, not activated
    ("passive2", U32, 0),
)
_NUMBERS = len(FIELDS)
_MIN, _MAX = -0x80000000, 0x7FFFFFFF
_TOP_UPS = const(5)
_RECOVERIES = const(10)
_LATER = const(24)
_PAID = (U32, U32)

RECORD = record.Table(
    "prepayment",
    FIELDS
    + (
        ("supplier", record.octets(8), bytes(8)),  # whose counters these are
        ("counters", record.up_to(4 * policy.COUNTERS_KEPT), b""),
        ("top_ups", record.rows(_TOP_UPS, *_PAID), ()),
        ("recoveries", record.rows(_RECOVERIES, *_PAID), ()),
        # By the place of a member in this table, or the number of a calendar.
        ("next", record.rows(_LATER, U8, record.I64), ()),
        ("when", record.rows(_LATER, U8, U32), ()),
    ),
    "a new account that takes no tokens of the supplier until a bench sets it again",
)
CALENDARS = ("calendar", "special")
_CALENDARS_AT = const(0xF0)

# Members that a person or a state may set, and the range of each.
SETTABLE = {row[0]: row[1] for row in FIELDS[4:5] + FIELDS[7:15] + FIELDS[17:20]}
SETTABLE.update({row[0]: row[1] for row in FIELDS[22:28]})


def _place(name: str) -> int:
    # The number of a member or calendar in "next" and "when".
    if name in CALENDARS:
        return _CALENDARS_AT + CALENDARS.index(name)
    for place in range(_NUMBERS):
        if FIELDS[place][0] == name:
            return place
    raise ValueError(name)


def _named(rows) -> dict:
    named = {}
    for place, value in rows:
        if place < _NUMBERS:
            named[FIELDS[place][0]] = value
        elif place - _CALENDARS_AT in range(len(CALENDARS)):
            named[CALENDARS[place - _CALENDARS_AT]] = value
    return named


def fits(name: str, value) -> bool:
    """Whether a settable member can have a value."""
    low, high = record.ends(SETTABLE[name])
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


class Account:
    """All of it; `pack` and `unpack` are its record, which is old or new after a power cut."""

    # Members, as of FIELDS; named here for readers and checkers.
    mode = supply = cause = emergency = balance = emergency_left = granted = arrears = 0
    debt1 = debt2 = debt3 = rate1 = rate2 = period1 = period2 = elapsed1 = elapsed2 = 0
    share = cap = cap_period = cap_start = cap_used = emergency_limit = emergency_threshold = 0
    low_credit = disablement = max_credit = max_balance = rest = 0
    untrusted = passive1 = passive2 = 0

    record = RECORD  # the table of its record

    def __init__(self):
        for name, _, value in FIELDS:
            setattr(self, name, value)
        self.supplier = bytes(8)  # whose counters these are
        self.counters = token.Used()
        self.top_ups = []  # (UTC, amount), oldest first
        self.recoveries = []  # (UTC, amount) of debt recovered from payments
        self.next = {}  # member -> value that a supplier has set for later
        self.when = {}  # member or calendar -> UTC from which that holds
        # Whether the supply must not be disabled for credit now; not part of the record.
        self.protected = False

    def pack(self) -> bytes:
        """The record."""
        values: list = []
        for name, kind, _ in FIELDS:
            low, high = record.ends(kind)
            values.append(min(max(getattr(self, name), low), high))
        values += [self.supplier, self.counters.octets, self.top_ups, self.recoveries]
        for later in (self.next, self.when):
            values.append([(_place(name), later[name]) for name in sorted(later)])
        return RECORD.pack(values)

    def unpack(self, octets: bytes):
        """Read a record. On record.RecordError nothing has changed."""
        self.take(self.record.unpack(octets))

    def take(self, values: list):
        """Take the values of a record up."""
        for row, value in zip(FIELDS, values):
            setattr(self, row[0], value)
        self.supplier, counters, self.top_ups, self.recoveries, later, when = values[_NUMBERS:]
        self.counters = token.Used(counters)
        self.next, self.when = _named(later), _named(when)

    # --- What it is ----------------------------------------------------------------------------

    @property
    def prepaid(self) -> bool:
        """Whether the meter is in prepayment mode."""
        return self.mode == PREPAYMENT

    @property
    def in_use(self) -> bool:
        """Whether emergency credit is being spent."""
        return self.emergency == SELECTED and self.balance <= self.disablement

    @property
    def exhausted(self) -> bool:
        """Whether there is no credit left, neither own nor emergency."""
        spent = self.emergency != SELECTED or self.emergency_left <= 0
        return self.prepaid and self.balance <= self.disablement and spent

    @property
    def emergency_remaining(self) -> int:
        """Emergency credit that is left, or that could be activated."""
        return self.emergency_left if self.emergency == SELECTED else self.emergency_limit

    def status(self) -> int:
        """CreditStatus; 0 bits that do not apply."""
        if not self.prepaid:
            return _OK
        bits = _ENABLED if self.emergency_limit > 0 else 0
        low = self.balance < self.low_credit
        bits |= _LOW if low else _OK
        if self.emergency == AVAILABLE:
            bits |= _AVAILABLE
        if self.emergency == SELECTED:
            bits |= _SELECTED
            if self.in_use and not self.exhausted:
                bits |= _IN_USE
        if self.exhausted:
            bits |= _EXHAUSTED
        return bits

    # --- What happens to it ---------------------------------------------------------------------

    def settle(self):
        """Bring emergency credit and supply in line with the money; project-choice.

        The supply is off without credit at the disablement threshold. When there is credit again
        it is armed, not on. Alternative: on at once.
        """
        if not self.prepaid:
            self.emergency = NONE
        elif self.emergency != SELECTED:
            low = self.balance <= self.emergency_threshold and self.emergency_limit > 0
            self.emergency = AVAILABLE if low else NONE
        elif self.emergency_left >= self.granted and self.balance > self.emergency_threshold:
            self.emergency = NONE  # paid back
        if self.exhausted:
            if self.supply != OFF and not self.protected:
                self.supply, self.cause = OFF, BY_CREDIT
        elif self.supply == OFF and self.cause == BY_CREDIT:
            self.supply, self.cause = ARMED, 0

    def consume(self, energy: int, price: int):
        """Charge for energy (Wh) at a price of a kWh."""
        self.rest += energy * price
        self.charge(self.rest // 1000)
        self.rest %= 1000

    def charge(self, amount: int):
        """Take an amount from the balance or, once that is used up, from the emergency credit."""
        if self.emergency == SELECTED and self.prepaid:
            own = max(self.balance - self.disablement, 0)
            lent = min(max(amount - own, 0), self.emergency_left)
            self.emergency_left -= lent
            amount -= lent
        self.balance = max(self.balance - amount, _MIN)

    def owe(self, amount: int):
        """A standing charge, or a debt that is due."""
        if policy.ARREARS_IN_EMERGENCY and (self.in_use or self.exhausted):
            self.arrears = min(self.arrears + amount, _MAX)
        else:
            self.charge(amount)

    def recover(self, seconds: int):
        """Recover the debts that are paid off over time."""
        for n in "12":
            period, rate = getattr(self, "period" + n), getattr(self, "rate" + n)
            debt = getattr(self, "debt" + n)
            if not (period and rate and debt > 0):
                continue
            times, rest = divmod(getattr(self, "elapsed" + n) + seconds, period)
            setattr(self, "elapsed" + n, rest)
            part = min(times * rate, debt)
            setattr(self, "debt" + n, debt - part)
            self.owe(part)

    def add(self, amount: int, now: int):
        """Add a payment, in an order of its own; project-choice.

        It recovers payment-based debt first (its share, up to the cap), then the accumulated
        debt, then emergency credit, and adds the rest to the balance. Alternative: emergency
        credit first.
        """
        left = amount - self._recover_payment(amount, now)
        part = min(left, max(self.arrears, 0))
        self.arrears -= part
        left -= part
        if self.emergency == SELECTED:
            part = min(left, self.granted - self.emergency_left)
            self.emergency_left += part
            left -= part
        self.balance = min(self.balance + left, _MAX)
        self.top_ups = (self.top_ups + [(now, amount)])[-_TOP_UPS:]

    def _recover_payment(self, amount: int, now: int) -> int:
        if self.cap_period and now - self.cap_start >= self.cap_period:
            self.cap_start, self.cap_used = now, 0
        room = max(self.cap * 100000 - self.cap_used, 0)
        part = min(amount * self.share // policy.SHARE_OF, max(self.debt3, 0), room)
        if part > 0:
            self.debt3 -= part
            self.cap_used += part
            self.recoveries = (self.recoveries + [(now, part)])[-_RECOVERIES:]
        return part

    def refusal(self, taken, supplier: bytes):
        """Why a genuine token cannot be taken, as a result type; None where it can."""
        if self.used(supplier).has(taken.counter):
            return DUPLICATE
        if taken.value > self.max_credit:
            return VALUE_TOO_LARGE
        if self.balance + taken.value > self.max_balance:
            return MAX_CREDIT_REACHED
        return None

    def used(self, supplier: bytes):
        """The counters of a supplier's tokens that were used."""
        return self.counters if supplier == self.supplier else token.Used()

    def top_up(self, taken, supplier: bytes, now: int):
        """Take a token that has no refusal; project-choice.

        The counters kept are those of one supplier: another supplier's token replaces them.
        Alternative: counters for each supplier.
        """
        self.counters, self.supplier = self.used(supplier), supplier
        self.counters.add(taken.counter)
        self.add(taken.value, now)
        self.settle()

    def select(self) -> bool:
        """Activate emergency credit; whether it is active now."""
        if self.emergency == AVAILABLE and self.prepaid:
            self.emergency = SELECTED
            self.emergency_left = self.granted = self.emergency_limit
            self.settle()
        return self.emergency == SELECTED

    def enable(self) -> bool:
        """Close the switch at home if it is armed; whether the supply is on now."""
        if self.supply == ARMED and not self.exhausted:
            self.supply, self.cause = ON, 0
        return self.supply == ON

    @property
    def limited(self) -> bool:
        """Whether the supply is armed because of the load limit."""
        return self.supply == ARMED and self.cause == BY_LOAD

    def limit(self) -> bool:
        """Arm the supply because of the load; whether that could be done."""
        if self.supply != ON:
            return False
        self.supply, self.cause = ARMED, BY_LOAD
        return True

    def lock(self) -> bool:
        """Disable the supply after unauthorised access; a supplier's command ends that."""
        self.supply, self.cause = OFF, BY_TAMPER
        return True

    def unlimit(self) -> bool:
        """Enable the supply again after the load; whether that could be done."""
        if self.exhausted and not self.protected:
            return False
        self.supply, self.cause = ON, 0
        return True

    def switch(self, supply: int) -> bool:
        """Switch the supply as the supplier asks; whether that could be done."""
        if supply == ON and self.exhausted and not self.protected:
            return False
        self.supply = supply
        self.cause = BY_SUPPLIER if supply == OFF else 0
        self.settle()
        return True
