# The account of a gas meter: that of prepayment/account.py, with a bill in credit mode, debts that
# are suspended as the payment mode says, and top-ups with their codes.
from smets import record
from smets.compat import const
from smets.features.prepayment import account
from smets.features.prepayment.account import OFF, Account
from smets.features.prepayment.codes import DIGITS
from smets.record import I32, U8, U32

_TOP_UPS = const(5)
_RECOVERIES = const(10)
_WEEK = const(7 * 86400)
_BILL_MAX = 0xFFFFFFFF
_MAX = const(0x7FFFFFFF)
_SHARE_OF = const(10000)

RECORD = record.Table(
    "gas-account",
    account.FIELDS
    + (
        ("bill", U32, 0),  # what is owed in credit mode
        ("suspend_emergency", U8, 0),
        ("suspend_disabled", U8, 0),
        ("cap_amount", U32, _MAX),  # recovered from payments in a week, at most
        ("supplier", record.octets(8), bytes(8)),
        ("counters", record.up_to(400), b""),
        ("top_ups", record.rows(_TOP_UPS, U32, I32, record.octets(DIGITS)), ()),
        ("recoveries", record.rows(_RECOVERIES, U32, U32, U32), ()),
    ),
    "a new account that takes no tokens of the supplier until a bench sets it again",
)
_NUMBERS = len(account.FIELDS) + 4


class GasAccount(Account):
    """Money and valve; amounts in thousandths of a penny."""

    record = RECORD

    def __init__(self):
        super().__init__()
        self.bill = self.suspend_emergency = self.suspend_disabled = 0
        self.cap_amount = _MAX
        self.code = bytes(DIGITS)  # of the token that is taken

    def pack(self) -> bytes:
        """See Account."""
        values: list = []
        for name, kind, _ in RECORD.fields[:_NUMBERS]:
            low, high = record.ends(kind)
            values.append(min(max(getattr(self, name), low), high))
        values += [self.supplier, self.counters.octets, self.top_ups, self.recoveries]
        return RECORD.pack(values)

    def numbers(self) -> list:
        """The numbers of the record, as they are: cheaper to compare than records."""
        return [getattr(self, row[0]) for row in RECORD.fields[:_NUMBERS]]

    def take_numbers(self, values):
        """Take numbers of the record up."""
        for row, value in zip(RECORD.fields, values):
            setattr(self, row[0], value)

    def take(self, values: list):
        """See Account."""
        from smets.features.prepayment import token

        self.take_numbers(values[:_NUMBERS])
        self.supplier, counters, self.top_ups, self.recoveries = values[_NUMBERS:]
        self.counters = token.Used(counters)

    def charge(self, amount: int):
        """See Account; in credit mode the bill rises."""
        if self.prepaid:
            super().charge(amount)
        else:
            self.bill = min(self.bill + amount, _BILL_MAX)

    def owe(self, amount: int):
        """A charge or debt; where suspended it adds to the accumulated debt (meter.md E.5)."""
        suspended = self.suspend_emergency and self.in_use and not self.exhausted
        if suspended or self.suspend_disabled and self.supply == OFF and self.prepaid:
            self.arrears = min(self.arrears + amount, _MAX)
        else:
            self.charge(amount)

    def recover(self, seconds: int):
        """See Account; project-choice.

        Only a meter in prepayment mode recovers debts. Alternative: in credit mode they are added
        to the bill at their rates.
        """
        if self.prepaid:
            super().recover(seconds)

    def add(self, amount: int, now: int):
        """See Account."""
        super().add(amount, now)
        self.top_ups[-1] = self.top_ups[-1] + (self.code,)

    def _recover_payment(self, amount: int, now: int) -> int:
        week = sum([row[1] for row in self.recoveries if now - row[0] < _WEEK])
        room = max(self.cap_amount - week, 0)
        part = min(amount * self.share // _SHARE_OF, max(self.debt3, 0), room)
        if part > 0:
            self.debt3 -= part
            self.recoveries = (self.recoveries + [(now, part, self.debt3)])[-_RECOVERIES:]
        return part
