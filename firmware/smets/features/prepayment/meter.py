# Prepayment of an ESME: the account kept through power cuts, charged each half hour, changed by a
# PPMID (actions.py) and by the supplier (remote.py), and served on the HAN (attributes.py).
from smets import clock, record
from smets.codec import Writer
from smets.compat import const
from smets.dlms import objects
from smets.document import EUI, check
from smets.eui import parse_eui
from smets.features.keeper import Slot
from smets.features.prepayment import account, calendar, news, policy
from smets.features.prepayment.account import Account
from smets.features.prepayment.actions import Actions
from smets.features.prepayment.attributes import Attributes
from smets.features.prepayment.remote import Remote
from smets.features.prepayment.tariff import price, standing_charge
from smets.ports.store_error import StoreError

_MODES = ("credit", "prepayment")  # from account.CREDIT up
_SUPPLIES = ("off", "armed", "on")
_EMERGENCY = ("none", "available", "selected")
_DAILY_ENTRIES = const(31)
_DAILY_WIDTH = const(28)
_HALF_HOUR = const(1800)


def _check_ppmids(value, path):
    check(value, EUI if isinstance(value, str) else [EUI], path)


def form() -> dict:
    """The form (smets/document.py) of what a bench may set."""
    made: dict = {name + "?": record.ends(kind) for name, kind in account.SETTABLE.items()}
    made.update({"mode?": _MODES, "supply?": _SUPPLIES, "ppmid?": _check_ppmids})
    return made


class Meter:
    """The account of a meter, and everything that may be asked of it."""

    def __init__(self, device):
        """`device` has clock, zcl, dlms, keys, eui, keeper."""
        self.device = device
        self.keeper = keeper = device.keeper
        self.account = Account()
        self.storage_errors = 0
        self._due = []  # what has held since a half hour, until that is kept
        self.events = device.feature("event_log").events
        self.daily = Slot(keeper, "prepaid", _DAILY_ENTRIES, _DAILY_WIDTH)
        self.daily.open()
        self.actions = Actions(self)
        self.remote = Remote(self)
        self.attributes = Attributes(self)
        self.restored = self._restore()
        if self.restored:
            self.remote.restore()
        else:
            self.attributes.adopt()
            self.remote.adopt()
            self.account.settle()
        self.attributes.give_up()
        self.changed()
        self._seen = news.of(self.account)
        self.added = False  # whether credit was added locally since

    def tell(self):
        """Tell what has become of the account since the last time."""
        now = news.of(self.account)
        if now == self._seen and not self.added:
            return
        device = self.device
        self.keeper.undo(self._untell, (self._seen, list(device.alerts)))
        before, self._seen = self._seen, now
        if self.added:
            self.added = False
            news.alarms.happened(device, news.codes.ADDED_LOCALLY)
        news.tell(device, before, now)

    def _untell(self, told: tuple):
        self._seen, self.device.alerts = told

    def _restore(self) -> bool:
        """Read the account that is kept; False where there is none."""
        try:
            values = self.keeper.read(account.RECORD)
        except StoreError:
            self.account.untrusted = 1  # see policy.TOKENS_AFTER_DAMAGE
            return True
        if values is not None:
            self.account.take(values)
        return values is not None

    def log(self, seconds: int, code: int, information: bytes):
        """Enter an event in the event log."""
        try:
            self.events.add(seconds, code, information)
        except StoreError:
            self.storage_errors += 1

    def configure(self, description: dict):
        """Set members by name (account.SETTABLE), "mode" (credit, prepayment), "supply" (off,
        armed, on); "ppmid", an EUI-64 or a list of them. The description is of the `form`.

        After a restart the account has gone on since, and only "ppmid" is taken.
        """
        if "ppmid" in description:
            told = description["ppmid"]
            told = [told] if isinstance(told, str) else told
            self.actions.ppmids = [parse_eui(eui) for eui in told]
        if self.restored and self.device.registry.replaying:
            return
        before = self.account.pack()
        if any(name != "ppmid" for name in description):
            self.account.untrusted = 0
        for name, value in description.items():
            if name == "mode":
                self.account.mode = account.CREDIT + _MODES.index(value)
            elif name == "supply":
                self.account.supply = _SUPPLIES.index(value)
                self.account.cause = account.BY_SUPPLIER if value == "off" else 0
            elif name != "ppmid":
                setattr(self.account, name, value)
        self.commit(before)
        self._seen = news.of(self.account)  # a bench says how it is

    def activate(self, now: int):
        """Let what was set for later hold from its time on; StoreError."""
        before = self.account.pack()
        due = self.remote.activate(now)
        if due:
            self.commit(before)
            self.remote.activated(due)

    def commit(self, before: bytes):
        """Settle and keep the account. On StoreError it is as `before` (a record) again."""
        keeper = self.keeper
        self.account.settle()
        mark = keeper.begin()
        keeper.undo(self._take_back, (before, self.remote.changes()))
        try:
            self._write()
            keeper.commit()
        except StoreError:
            keeper.rollback(mark)
            self.storage_errors += 1
            raise
        self.remote.calendars_kept()
        self.changed()

    def _take_back(self, told: tuple):
        self.account.unpack(told[0])
        self.remote.take_back(told[1])
        self.changed()

    def _write(self):
        """Write the account and its calendars; StoreError."""
        self.remote.keep_calendars()
        self.keeper.put(account.RECORD.kind, self.account.pack())

    @property
    def supplied(self) -> bool:
        """Whether the supply is on."""
        return self.account.supply == account.ON

    def changed(self):
        """Tell the meter what the supply is now."""
        register = self.device.feature("register")
        if register:
            register.supply_changed(self.supplied)

    def half_hour(self, due: int):
        """A half hour ended at UTC `due`: charge for what was drawn in it."""
        register = self.device.feature("register")
        energy = max(register.ended, 0) if register else 0
        held = self.account
        midnight = due % policy.DAY_S == 0
        self._due += self.remote.activate(due)
        held.protected = calendar.protected(self.device.dlms.values, due) or (
            policy.CALENDAR_DAMAGED and self.remote.damaged
        )
        tariff = self.device.feature("tariff")
        if tariff and tariff.active:
            held.consume(1, tariff.ended)
            daily = tariff.standing_charge()
        else:
            held.consume(energy, price(self.device.zcl))
            daily = standing_charge(self.device.zcl)
        if midnight:
            held.owe(daily)
        held.recover(_HALF_HOUR)
        held.settle()
        keeper = self.keeper
        mark = keeper.begin()
        try:
            self._write()
            self.remote.activated(self._due)
            self.device.settings.commit()
            self.actions.keypads.keep()
            keeper.commit()
            self.remote.calendars_kept()
            self._due = []
        except StoreError:
            keeper.rollback(mark)  # it is kept with the next half hour
            self.remote.put_off()
            self.storage_errors += 1
        if midnight:
            try:
                self.daily.open().append(due.to_bytes(4, "big") + self.money())
            except OSError:
                self.storage_errors += 1
        self.changed()

    def now(self) -> int:
        """UTC seconds for a log; 0 without a valid clock."""
        own = self.device.clock
        return own.seconds if own.status != clock.INVALID else 0

    def money(self) -> bytes:
        """The six amounts of a log."""
        held = self.account
        writer = Writer(_DAILY_WIDTH)
        for value in (
            held.emergency_remaining,
            held.balance,
            held.debt3,
            held.debt1,
            held.debt2,
            held.arrears,
        ):
            writer.be(value & 0xFFFFFFFF, 4)
        return bytes(writer.view())

    def do(self, change, code: int = 0, message: int = 0) -> bool:
        """Make `change()` and keep it; False, without a change, where that returns False.

        With an event code it is entered in the event log, with the account or not at all.
        StoreError where the account cannot be kept; nothing changes then.
        """
        held = self.account
        before = held.pack()
        if not change():
            held.unpack(before)
            return False
        mark = self.keeper.begin()
        try:
            self.commit(before)
            if code:
                self.events.add(self.now(), code, message.to_bytes(2, "big"))
            self.keeper.commit()
        except StoreError:
            self.keeper.rollback(mark)
            raise
        return True

    def result(self, change) -> int:
        """As `do`, as a result code of DLMS."""
        try:
            return objects.SUCCESS if self.do(change) else objects.OTHER_REASON
        except StoreError:
            return objects.HARDWARE_FAULT

    def summary(self) -> dict:
        """A summary for people; amounts in thousandths of a penny."""
        held = self.account
        return {
            "mode": "prepayment" if held.prepaid else "credit",
            "balance": held.balance,
            "emergency_credit": held.emergency_remaining,
            "emergency": _EMERGENCY[held.emergency],
            "in_use": held.in_use and not held.exhausted,
            "debt": held.arrears + held.debt1 + held.debt2 + held.debt3,
            "supply": _SUPPLIES[held.supply],
            "tokens": len(held.counters),
            "takes_tokens": not held.untrusted,
            "storage_errors": self.storage_errors,
        }
