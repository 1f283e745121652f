# The account of a gas meter as a feature: kept through power cuts, charged each half hour, changed
# by commands and tokens, served as attributes; the valve follows it (meter.md E.1, E.5).
from smets import clock
from smets.codec import Reader, Writer
from smets.compat import const
from smets.features import gas_alert
from smets.features.feature import Feature
from smets.features.gas.account import RECORD, GasAccount
from smets.features.prepayment import account, codes
from smets.ports.store_error import StoreError
from smets.zcl import attributes, commands, frame, types
from smets.zcl.clusters import METERING, PREPAYMENT

_HALF_HOUR = const(1800)
_DAY = const(86400)
# Message codes of top-ups.
CS01B = const(0x0097)
PCS01 = const(0x009B)
# PaymentControlConfiguration: prepayment; suspended while the supply is off; not suspended while
# emergency credit is used. A new meter is in credit mode.
_PREPAYMENT = const(0x0002)
_SUSPENDED_OFF = const(0x0400)
_NOT_SUSPENDED_EMERGENCY = const(0x0800)
_NEW_MODE = const(0x0C94)
# What is live: attribute -> (type, member of the account).
_LIVE = {
    (PREPAYMENT, attributes.CREDIT_REMAINING): (types.INT32, "balance"),
    (PREPAYMENT, attributes.EMERGENCY_CREDIT_REMAINING): (types.INT32, "emergency_remaining"),
    (PREPAYMENT, attributes.CREDIT_STATUS): (types.BITMAP8, "status"),
    (PREPAYMENT, attributes.ACCUMULATED_DEBT): (types.INT32, "arrears"),
    (PREPAYMENT, attributes.DEBT_AMOUNT_1): (types.UINT32, "debt1"),
    (PREPAYMENT, attributes.DEBT_AMOUNT_2): (types.UINT32, "debt2"),
    (PREPAYMENT, attributes.DEBT_AMOUNT_3): (types.UINT32, "debt3"),
    (METERING, attributes.BILL_TO_DATE_DELIVERED): (types.UINT32, "bill"),
    (METERING, attributes.SUPPLY_STATUS): (types.ENUM8, "supply"),
}
# What a supplier configures, and the member that follows it.
_CONFIGURED = {
    attributes.OVERALL_DEBT_CAP: (types.INT32, "cap_amount"),
    attributes.EMERGENCY_CREDIT_LIMIT: (types.UINT32, "emergency_limit"),
    attributes.EMERGENCY_CREDIT_THRESHOLD: (types.UINT32, "emergency_threshold"),
    attributes.MAX_CREDIT_LIMIT: (types.UINT32, "max_balance"),
    attributes.MAX_CREDIT_PER_TOP_UP: (types.UINT32, "max_credit"),
    attributes.LOW_CREDIT_WARNING_LEVEL: (types.UINT32, "low_credit"),
    attributes.CUT_OFF_VALUE: (types.INT32, "disablement"),
    attributes.DEBT_RECOVERY_AMOUNT_1: (types.UINT32, "rate1"),
    attributes.DEBT_RECOVERY_AMOUNT_2: (types.UINT32, "rate2"),
    attributes.DEBT_RECOVERY_TOP_UP_PERCENTAGE_3: (types.UINT16, "share"),
}
_FREQUENCIES = {
    attributes.DEBT_RECOVERY_FREQUENCY_1: "period1",
    attributes.DEBT_RECOVERY_FREQUENCY_2: "period2",
}
_PERIODS = (3600, 86400)  # hourly, daily
_OWN = tuple(_CONFIGURED) + tuple(_FREQUENCIES) + (attributes.PAYMENT_CONTROL_CONFIGURATION,)
_MAX = const(0x7FFFFFFF)

# Events.
_LOW_CREDIT = const(0x810D)
_ADDED_LOCALLY = const(0x810E)
_EMERGENCY_AVAILABLE = const(0x8119)
_EMERGENCY_EXHAUSTED = const(0x81AA)
_EMERGENCY_ACTIVE = const(0x81AB)
_DEBT_PAID = (0x81A7, 0x81A8, 0x81A9)
_ARMED = const(0x8F32)
_LOCKED_OUT = const(0x81C5)
# Result of a token that is refused -> the code of the security log.
_REFUSED = {
    codes.INVALID: 0x8F63,
    codes.DUPLICATE: 0x8F51,
    codes.MAX_CREDIT_REACHED: 0x8F47,
    codes.VALUE_TOO_LARGE: 0x8F5B,
}


class Money(Feature):
    """The account, the valve, and everything that may be asked of them."""

    attributes = {
        PREPAYMENT: tuple([place[1] for place in _LIVE if place[0] == PREPAYMENT]) + _OWN,
        METERING: tuple([place[1] for place in _LIVE if place[0] == METERING]),
    }
    commands = ((PREPAYMENT, 0, commands.CONSUMER_TOP_UP),)
    records = (RECORD.kind, "keypads")
    alerts = (
        (_LOW_CREDIT, _ADDED_LOCALLY),
        (_EMERGENCY_AVAILABLE, _EMERGENCY_AVAILABLE),
        (_DEBT_PAID[0], _EMERGENCY_ACTIVE),
        (_LOCKED_OUT, _LOCKED_OUT),
        (_ARMED, _ARMED),
    )

    def __init__(self, device):
        super().__init__(device)
        self.account = GasAccount()
        self.storage_errors = 0
        self._tokens = None
        self._before = ()  # what the account was when it was told last

    @property
    def keeper(self):
        """Where the account is kept."""
        return self.device.keeper

    @property
    def tokens(self):
        """What takes tokens (prepayment/actions.py)."""
        if self._tokens is None:
            from smets.features.prepayment.actions import Actions

            self._tokens = Actions(self)
        return self._tokens

    def restore(self):
        """See Feature."""
        if self.restored:
            try:
                values = self.keeper.read(RECORD)
                if values:
                    self.account.take(values)
            except StoreError:
                self.account.untrusted = 1  # see policy.TOKENS_AFTER_DAMAGE
        self._follow()
        self._before = self._flags()

    # --- What it is -----------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether the valve is open."""
        return self.account.supply == account.ON

    def now(self) -> int:
        """UTC seconds for a log; 0 without a valid clock."""
        own = self.device.clock
        return own.seconds if own.status != clock.INVALID else 0

    def log(self, seconds: int, code: int, information: bytes):
        """Enter an event in the event log."""
        self.device.feature("event_log").enter(code, information, seconds)

    def _follow(self):
        """Let the account follow what is configured."""
        zcl, held = self.device.zcl, self.account
        for attribute, (_, name) in _CONFIGURED.items():
            octets = zcl.attributes.get(PREPAYMENT, {}).get(attribute)
            if octets is not None:
                value = types.read_value(Reader(octets, 1), octets[0])
                setattr(held, name, min(value, _MAX))
        for attribute, name in _FREQUENCIES.items():
            octets = zcl.attributes.get(PREPAYMENT, {}).get(attribute)
            if octets is not None:
                setattr(held, name, _PERIODS[octets[1] & 1])
        mode = zcl.get(PREPAYMENT, attributes.PAYMENT_CONTROL_CONFIGURATION)
        held.mode = account.PREPAYMENT if mode & _PREPAYMENT else account.CREDIT
        held.suspend_disabled = 1 if mode & _SUSPENDED_OFF else 0
        held.suspend_emergency = 0 if mode & _NOT_SUSPENDED_EMERGENCY else 1

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        held = self.account
        row = _LIVE.get((cluster, attribute)) or _CONFIGURED.get(attribute)
        if row:
            kind, name = row
            value = held.status() if name == "status" else getattr(held, name)
            if kind != types.INT32:
                value = max(value, 0)
        elif attribute in _FREQUENCIES:
            kind, value = types.ENUM8, _PERIODS.index(getattr(held, _FREQUENCIES[attribute]))
        else:
            kind, value = types.BITMAP16, _NEW_MODE
        return bytes((kind,)) + types.encode(kind, value)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature: it stands as it was told until the account, which takes it, changes."""
        row = _LIVE.get((cluster, attribute))
        if row and row[1] not in ("status", "emergency_remaining"):
            before = self.account.pack()
            most = account.ON if row[1] == "supply" else _MAX
            setattr(self.account, row[1], min(value, most))
            if row[1] == "supply":
                self.account.cause = account.BY_SUPPLIER if value == account.OFF else 0
            self._write(before)
        return False

    def assign(self, cluster: int, attribute: int, octets) -> bool:
        """See Feature: a command sets what is live."""
        row = _LIVE.get((cluster, attribute))
        if row is None:
            return False
        value = types.read_value(Reader(octets, 1), octets[0])
        self.change(lambda: setattr(self.account, row[1], value))
        return True

    # --- What changes it ------------------------------------------------------------------------

    def change(self, act):
        """Make a change and keep it; StoreError, and nothing has changed."""
        before = self.account.pack()
        act()
        self.commit(before)

    def commit(self, before: bytes):
        """Settle and keep the account. On StoreError it is as `before` (a record) again."""
        self.account.settle()
        self._write(before)
        self._changed()

    def _write(self, before: bytes):
        self.keeper.undo(self._take_back, before)
        try:
            self.keeper.put(RECORD.kind, self.account.pack())
        except StoreError:
            self.storage_errors += 1
            self._take_back(before)
            raise

    def _take_back(self, before: bytes):
        self.account.unpack(before)
        self._before = self._flags()

    def _changed(self):
        """What a state told no longer counts; tell of what became so."""
        for cluster, attribute in _LIVE:
            self.device.zcl.attributes.get(cluster, {}).pop(attribute, None)
        before, self._before = self._before, self._flags()
        for code in before:
            if code not in self._before and code in _DEBT_PAID:
                gas_alert.tell(self.device, code)
        for code in self._before:
            if code not in before and code not in _DEBT_PAID:
                gas_alert.tell(self.device, code)

    def _flags(self) -> tuple:
        """Codes of the events that tell of what is so now; of debts while they are not paid."""
        held = self.account
        found = []
        for debt, code in zip((held.debt1, held.debt2, held.debt3), _DEBT_PAID):
            if debt > 0:
                found.append(code)
        if held.supply == account.ARMED:
            found.append(_ARMED)
        if held.prepaid:
            if held.balance + held.emergency_remaining < held.low_credit:
                found.append(_LOW_CREDIT)
            if held.emergency == account.AVAILABLE:
                found.append(_EMERGENCY_AVAILABLE)
            if held.emergency == account.SELECTED:
                found.append(_EMERGENCY_ACTIVE)
                if held.emergency_left <= 0:
                    found.append(_EMERGENCY_EXHAUSTED)
        return tuple(found)

    def commanded(self, code: int, done: bool):
        """See Feature: what was configured holds from now on."""
        self.configured()

    def configured(self):
        """Something may have been configured; StoreError."""
        held = self.account
        before = held.numbers()
        self._follow()
        held.settle()
        now = held.numbers()
        if now != before:
            held.take_numbers(before)
            packed = held.pack()
            held.take_numbers(now)
            self._write(packed)
            self._changed()

    def half_hour(self, due: int):
        """See Feature: charge for what flowed in it, and for a day that ended."""
        held = self.account
        before = held.pack()
        register = self.device.feature("gas_register")
        held.protected = self._is_protected(due)
        held.charge(register.take_charge())
        if due % _DAY == 0:
            held.owe(register.tariff.standing_charge())
        held.recover(_HALF_HOUR)
        held.settle()
        if held.pack() == before:
            return
        try:
            self.keeper.put(RECORD.kind, held.pack())
        except StoreError:
            self.storage_errors += 1  # it is kept with the next half hour
        self._changed()

    def _is_protected(self, now: int) -> bool:
        if not self.device.settings.values:
            return False
        from smets.features.gas import calendar

        value, _ = calendar.at(self.device.settings, calendar.NON_DISABLEMENT, now)
        return value == 1

    def pass_time(self, seconds: int):
        """See Feature."""
        if self._tokens:
            self._tokens.keypads.pass_time(seconds)

    def do(self, change, code: int = 0, message: int = 0) -> bool:
        """Make `change()` and keep it; False, without a change, where that returns False.

        With an event code it is entered in the event log. StoreError where the account cannot be
        kept; nothing changes then.
        """
        before = self.account.pack()
        self._follow()
        self.account.settle()
        if not change():
            self.account.unpack(before)
            return False
        mark = self.keeper.begin()
        try:
            self.commit(before)
            if code:
                log = self.device.feature("event_log").events
                log.add(self.now(), code, message.to_bytes(2, "big"))
            self.keeper.commit()
        except StoreError:
            self.keeper.rollback(mark)
            raise
        return True

    # --- Commands -------------------------------------------------------------------------------

    def execute(self, call):
        """See Feature: ConsumerTopUp of a supplier (CS01b) or a PPMID (PCS01)."""
        zcl = self.device.zcl
        if (PREPAYMENT, commands.CONSUMER_TOP_UP_RESPONSE) in zcl.published:
            return None  # the state says
        payload = call.request.payload
        exchange = self.device.exchange
        if call.from_han or exchange is None:
            return frame.UNSUP_CLUSTER_COMMAND
        if len(payload) < 2 or payload[1] != len(payload) - 2:
            return frame.MALFORMED_COMMAND
        self.account.code = bytes(payload[2:])
        self.device.asking = exchange.originator
        if exchange.code == CS01B:
            result, value = self.tokens.enter(payload[2:], CS01B, exchange.counter)
        else:
            result, value = self.tokens.enter(payload[2:], 0)
        taken = result in codes.ACCEPTED
        exchange.failed = not taken
        if not taken:
            self._refused(result)
        elif exchange.code != CS01B:
            gas_alert.tell(self.device, _ADDED_LOCALLY)
        writer = Writer(10)
        writer.u8(result)
        writer.le(value if taken else 0xFFFFFFFF, 4)
        writer.u8(payload[0])
        writer.le(self.account.balance & 0xFFFFFFFF if taken else 0xFFFFFFFF, 4)
        return [bytes(writer.view())]

    def _refused(self, result: int):
        if result in _REFUSED:
            self.device.feature("event_log").secure(_REFUSED[result])
        elif result == codes.KEYPAD_LOCK:
            gas_alert.tell(self.device, _LOCKED_OUT)

    def switch(self, supply: int) -> bool:
        """Close or arm the valve as the supplier asks; whether that could be done. StoreError."""
        held = self.account
        if supply == account.ARMED and held.supply == account.ON:
            return True
        if supply == account.ARMED and held.exhausted and not held.protected:
            return False
        return self.do(lambda: held.switch(supply))

    def reset_balance(self, amount: int):
        """GCS40b: a new balance; emergency credit is as if none was ever used. StoreError.

        In GBCS 3.1 it stays as it is (gbcs/versions.py).
        """
        held = self.account

        def reset():
            held.balance = amount
            if not self.device.zcl.old:
                held.emergency = account.NONE
                held.emergency_left = held.granted = 0

        self.change(reset)

    def select(self) -> bool:
        """Activate emergency credit; whether it is active now. StoreError."""
        return self.do(self.account.select)

    def summary(self) -> dict:
        """See Feature; amounts in thousandths of a penny."""
        held = self.account
        return {
            "prepayment": {
                "mode": "prepayment" if held.prepaid else "credit",
                "balance": held.balance,
                "bill": held.bill,
                "emergency_credit": held.emergency_remaining,
                "debt": held.arrears + held.debt1 + held.debt2 + held.debt3,
                "supply": ("off", "armed", "on")[held.supply],
                "tokens": len(held.counters),
                "storage_errors": self.storage_errors,
            }
        }


FEATURE = Money
