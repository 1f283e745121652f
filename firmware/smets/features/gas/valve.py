# What happens at a gas meter itself: the consumer opens the valve, too much flows then, somebody
# tampers with it, its battery runs down (meter.md E.1).
from smets import record
from smets.compat import const
from smets.features import gas_alert
from smets.features.feature import Feature
from smets.features.prepayment import account
from smets.ports.store_error import StoreError
from smets.zcl import attributes, types
from smets.zcl.clusters import METERING

# Events.
_DONE_HERE = const(0x8161)
_NOT_DONE_HERE = const(0x8162)
_TAMPERED = const(0x81BE)
_TOO_MUCH = const(0x81BF)
_BATTERY_LOW = const(0x8F1F)
_TAMPERS = {"cover": 0x8F74, "battery_cover": 0x8F73, "tilt": 0x81C3}
_LOCKED = const(0)  # Supply Tamper State, Supply Depletion State
_NO_LIMIT = const(0xFFFF)

# project-choice: days that a new battery lasts, and that are left when it counts as low.
# Alternative: any numbers; the battery of a board is not measured.
BATTERY_DAYS = const(3650)
BATTERY_LOW = const(180)

_RECORD = record.Table(
    "gas-valve",
    (("days", record.U16, BATTERY_DAYS), ("left", record.U32, 0)),
    "the battery counts as new",
)


class GasValve(Feature):
    """Acts at the meter, and what follows from them."""

    attributes = {METERING: (attributes.REMAINING_BATTERY_LIFE_IN_DAYS,)}
    actions = {
        "valve": ("act", ("open",)),
        "tamper": ("tamper", tuple(sorted(_TAMPERS))),
    }
    inputs = {"battery": ("set_battery", (0, 0xFFFF))}
    records = ("gas-valve",)
    alerts = (
        (_TAMPERED, _TOO_MUCH),
        (_BATTERY_LOW, _BATTERY_LOW),
        (0x8F73, 0x8F74),
        (0x81C3, 0x81C3),
    )

    def __init__(self, device):
        super().__init__(device)
        self.days = BATTERY_DAYS
        self._left = 0  # seconds until the flow behind a valve that was opened is judged
        self.storage_errors = 0

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self.days, self._left = held

    def _keep(self):
        try:
            self.device.keeper.write(_RECORD, (self.days, self._left))
        except StoreError:
            self.storage_errors += 1

    def _get(self, attribute: int) -> int:
        value = self.device.zcl.get(METERING, attribute)
        return value if isinstance(value, int) else 0

    # --- The consumer ---------------------------------------------------------------------------

    def act(self, what: str):
        """The consumer opens the valve, which must be armed."""
        money = self.device.feature("gas_account")
        try:
            done = money.do(money.account.enable)
        except StoreError:
            done = False
        self.device.feature("event_log").enter(_DONE_HERE if done else _NOT_DONE_HERE)
        if done and self._get(attributes.UNCONTROLLED_FLOW_THRESHOLD) != _NO_LIMIT:
            settle = self._get(attributes.FLOW_STABILISATION_PERIOD)  # tenths of a second
            self._left = -(-settle // 10) + self._get(attributes.FLOW_MEASUREMENT_PERIOD) or 1
            self._keep()

    def pass_time(self, seconds: int):
        """See Feature: judge the flow once it has been measured."""
        if not self._left:
            return
        self._left = max(self._left - seconds, 0)
        if self._left:
            return
        self._keep()
        if self._flows_too_much():
            self._switch(account.ARMED, _TOO_MUCH)

    def _flows_too_much(self) -> bool:
        """Whether more flows than the supplier lets (cubic metres an hour)."""
        flow = 2 * self.device.feature("gas_register").flows * self._get(attributes.MULTIPLIER)
        limit = self._get(attributes.UNCONTROLLED_FLOW_THRESHOLD)
        limit *= self._get(attributes.UNCONTROLLED_FLOW_MULTIPLIER)
        below = self._get(attributes.UNCONTROLLED_FLOW_DIVISOR) or 1
        return flow * below > limit * (self._get(attributes.DIVISOR) or 1)

    def _switch(self, supply: int, code: int):
        money = self.device.feature("gas_account")
        try:
            if money.do(lambda: money.account.switch(supply)):
                gas_alert.tell(self.device, code)
        except StoreError:
            self.storage_errors += 1

    # --- Tamper and battery ---------------------------------------------------------------------

    def tamper(self, what: str):
        """Somebody opens a cover, or tilts the meter."""
        code = _TAMPERS[what]
        if code >> 8 == 0x8F:
            self.device.feature("event_log").secure(code)
        gas_alert.tell(self.device, code)
        self._lock(attributes.SUPPLY_TAMPER_STATE, _TAMPERED)

    def _lock(self, attribute: int, code: int):
        """Close the valve where the supplier wants that; only the supplier arms it again."""
        held = self.device.feature("gas_account").account
        closed = held.supply == account.OFF and held.cause == account.BY_SUPPLIER
        if self._get(attribute) == _LOCKED and not closed:
            self._switch(account.OFF, code)

    def set_battery(self, days: int):
        """Days that the battery lasts."""
        self.days = days
        self._keep()

    def midnight(self, due: int):
        """See Feature: a day less."""
        if not self.days:
            return
        self.days -= 1
        self._keep()
        if self.days == BATTERY_LOW:
            self.device.feature("event_log").enter(_BATTERY_LOW)
            gas_alert.tell(self.device, _BATTERY_LOW)
        if not self.days:
            self._lock(attributes.SUPPLY_DEPLETION_STATE, _BATTERY_LOW)

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        return bytes((types.UINT16,)) + types.encode(types.UINT16, self.days)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature."""
        self.set_battery(value & 0xFFFF)
        return True


FEATURE = GasValve
