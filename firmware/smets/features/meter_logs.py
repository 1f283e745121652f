# Logs of an electricity meter that are made as time passes: daily read, daily consumption, billing
# (meter.md (c)); daily_logs.py has what is large.
from smets import clock, record
from smets.dlms import objects
from smets.features.feature import Feature
from smets.ports.store_error import StoreError

_BILLING = objects.key("22/0-0:15.0.0.255/4")
_DAILY_RESET = objects.key("22/0-0:15.1.0.255/4")
# The tariff and, of a meter without an account, the payment mode.
_TERMS = (
    "20/0-0:13.0.0.255/3",
    "20/0-0:13.0.0.255/4",
    "20/0-0:13.0.0.255/5",
    "113/0-0:19.20.0.255/5",
    "111/0-0:19.0.0.255/2",
)
_HALF_HOUR = 1800
_MADE_UP = 31  # days without power that get their rows
_RECORD = record.Table(
    "terms",
    (
        ("pending", record.U32, 0),
        ("day", record.U32, 0),
        ("half_hour", record.U32, 0, 2),  # the last one that ended
    ),
    "midnights and ends of billing periods without power before that have no rows",
)
_DAY = 86400


class MeterLogs(Feature):
    """Enters what the registers hold at midnight, and when the billing calendar says so."""

    objects = (
        "7/0-0:98.1.0.255/2",
        "7/0-0:98.1.1.255/2",
        "7/0-0:98.1.2.255/2",
        "7/0-0:98.1.9.255/2",
        "7/0-0:98.1.10.255/2",
        "7/0-0:99.1.3.255/2",
    )
    records = ("terms",)
    logs = (
        "billing",
        "billing2",
        "money",
        "change",
        "change2",
        "daily",
        "daily2",
        "export-day",
        "consumed",
    )

    def __init__(self, device):
        super().__init__(device)
        self._logs = None
        self._seen = []
        self._supplier = b""
        self._pending = 0  # UTC of a change that has no row yet
        self._day = 0  # the last midnight that has its rows
        self._half_hour = 0
        self.storage_errors = 0

    @property
    def made(self):
        """The logs themselves (daily_logs.DailyLogs)."""
        if self._logs is None:
            from smets.features.daily_logs import DailyLogs

            self._logs = DailyLogs(self.device)
        return self._logs

    def find(self, key: bytes, operation: str):
        """See Feature."""
        self.tick()
        return self.made.find(key)

    def _in_calendar(self, key: bytes, start: int, due: int) -> bool:
        octets = self.device.dlms.values.get(key)
        if octets is None or len(octets) < 3:
            return False
        from smets.features import billing_calendar

        return billing_calendar.falls_due(octets, start, due)

    def half_hour(self, due: int):
        """See Feature: the billing calendar, then the block counters begin anew."""
        self._catch_up(due - _HALF_HOUR)
        self._end(due - _HALF_HOUR, due)
        self._keep()

    def _end(self, start: int, due: int):
        """What a calendar has between UTC `start` and `due`, at most a day, and a day's end."""
        billed = self._in_calendar(_BILLING, start, due)
        if billed:
            self.made.bill(due)
        # Where the day ends, its row is made before the counters are reset.
        if due % _DAY == 0:
            self.made.end_day(due)
            self._day = due
        if billed or self._in_calendar(_DAILY_RESET, start, due):
            self.made.reset_counters()
        self._half_hour = due

    def restore(self):
        """See Feature."""
        self._seen = self._terms()
        held = self.stored(_RECORD)
        if held:
            self._pending, self._day, self._half_hour = held

    def _keep(self):
        try:
            self.device.keeper.write(_RECORD, (self._pending, self._day, self._half_hour))
        except StoreError:
            self.storage_errors += 1

    def tick(self):
        """See Feature: what has no row yet gets it, and what was missed without power."""
        self._catch_up(self.device.clock.seconds // _HALF_HOUR * _HALF_HOUR)

    def _catch_up(self, last: int):
        if self._pending:
            # Not with the command: a row cannot be taken back.
            pending, self._pending = self._pending, 0
            self.made.change(pending)
            self._keep()
        if self.restored and self.device.clock.status != clock.INVALID:
            self.restored = False
            if self._half_hour or self._day:
                self._make_up(last)

    def _make_up(self, last: int):
        """Make the rows of days without power, and of the part of one up to `last`."""
        start = max(self._half_hour, self._day, last - _MADE_UP * _DAY)
        while start < last:
            due = min(start // _DAY * _DAY + _DAY, last)
            self._end(start, due)
            start = due
        self._keep()

    def _terms(self) -> list:
        values = self.device.dlms.values
        account = self.device.feature("prepayment")
        found = [values.get(objects.key(text)) for text in _TERMS]
        return found + [account.meter.account.mode if account and account.meter else 0]

    def look(self, now: int):
        """Enter the registers where the payment mode or the tariff is another one since."""
        if self._changed():
            self.made.change(now)

    def _changed(self) -> bool:
        """Whether mode, tariff or supplier are others than they were when this was asked last."""
        terms = self._terms()
        keys = self.device.keys
        party = keys.first("supplier") if keys else None
        supplier = party.id if party else b""
        other = terms != self._seen or supplier != self._supplier != b""
        self._seen = terms
        self._supplier = supplier or self._supplier
        return other

    def commanded(self, code: int, done: bool):
        """See Feature: that there is a change is kept with the command, its row comes then."""
        own = self.device.clock
        if own.status == clock.INVALID:
            return
        self.tick()
        before = self._seen, self._supplier
        if self._changed():
            self.device.keeper.undo(self._forget, before)
            self._pending = own.seconds
            self._keep()

    def _forget(self, before: tuple):
        self._seen, self._supplier = before
        self._pending = 0

    def summary(self) -> dict:
        """See Feature."""
        return {"logs": {"storage_errors": self._logs.storage_errors}} if self._logs else {}


FEATURE = MeterLogs
