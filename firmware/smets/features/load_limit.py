# Load limiting of an electricity meter (meter.md E.2): power above a threshold for a period is
# counted; where the supplier wants so the supply is armed then, and enabled after another period.
from smets import record
from smets.compat import const
from smets.dlms import objects
from smets.features import codes
from smets.features.feature import Feature
from smets.ports.store_error import StoreError

_COUNTER = objects.key("3/0-0:94.44.42.255/2")
_THRESHOLD = objects.key("71/0-0:17.0.0.255/4")  # W
_PERIOD = objects.key("71/0-0:17.0.0.255/6")  # s
_RESTORATION = objects.key("71/0-0:17.0.0.255/7")  # s
_STATE = objects.key("9000/0-0:94.44.0.3/2")  # whether the supply is switched
_RESET = b"\x0f\x00"
_U32 = b"\x06"
_NEVER = const(0x3FFFFFFF)  # seconds
_MOST = const(0xFFFFFFFF)
_RECORD = record.Table(
    "load-limit",
    (("counter", record.U32, 0), ("limited", record.U8, 0)),
    "the load limit counter begins at zero",
)


class LoadLimit(Feature, objects.Served):
    """Counts, switches and tells; time passes for it as the register counts."""

    objects = ("3/0-0:94.44.42.255/1", "3/0-0:94.44.42.255/2")
    records = ("load-limit",)
    alerts = ((codes.OVER_LOAD_LIMIT, codes.OVER_LOAD_LIMIT), (codes.LIMITED, codes.RESTORED))

    def __init__(self, device):
        super().__init__(device)
        self.counter = 0
        self.storage_errors = 0
        self._limited = 0  # whether the supply is armed because of the load
        self._over = False  # whether the power is above the threshold now
        self._told = False  # whether that was counted
        self._seconds = 0  # above the threshold or, where limited, without supply

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self.counter, self._limited = held

    def _keep(self):
        try:
            self.device.keeper.write(_RECORD, (self.counter, self._limited))
        except StoreError:
            self.storage_errors += 1

    def _number(self, key: bytes, default: int) -> int:
        octets = self.device.dlms.values.get(key)
        if octets is None or len(octets) != 5 or octets[0] != 6:  # noqa: PLR2004 - A-XDR
            return default
        return int.from_bytes(bytes(octets[1:]), "big")

    # --- Time -----------------------------------------------------------------------------------

    def begin(self, now: int) -> int:
        """Do what is due at UTC `now`, 0 without a time; the seconds to pass until the next."""
        if self._limited:
            left = self._number(_RESTORATION, 0) - self._seconds
            if left > 0 and self._armed():
                return left
            self._restore_supply(now)
        power = self.device.feature("register").powers()[0]
        self._over = power > self._number(_THRESHOLD, _MOST)
        if not self._over:
            self._seconds = 0
            self._told = False
            return _NEVER
        left = self._number(_PERIOD, 0) - self._seconds
        if left > 0 or self._told:
            return _NEVER if self._told else left
        self._limit(now)
        return max(self._number(_RESTORATION, 0), 1) if self._limited else _NEVER

    def passed(self, seconds: int):
        """So many seconds have passed since `begin`, no more than it said."""
        if self._over or self._limited:
            self._seconds += seconds

    def _armed(self) -> bool:
        return self.device.feature("prepayment").open().account.limited

    def _limit(self, now: int):
        self.counter = min(self.counter + 1, _MOST)
        self._told = True
        self._tell(codes.OVER_LOAD_LIMIT, now)
        state = self.device.dlms.values.get(_STATE)
        if state and state[-1]:
            meter = self.device.feature("prepayment").open()
            if self._do(meter, meter.account.limit):
                self._limited = 1
                self._over = False
                self._seconds = 0
                self._tell(codes.LIMITED, now)
        self._keep()

    def _restore_supply(self, now: int):
        meter = self.device.feature("prepayment").open()
        restored = meter.account.limited and self._do(meter, meter.account.unlimit)
        self._limited = self._seconds = 0
        self._told = False
        self._keep()
        if restored:
            self._tell(codes.RESTORED, now)

    def _do(self, meter, change) -> bool:
        try:
            return meter.do(change)
        except StoreError:
            self.storage_errors += 1
            return False

    def _tell(self, code: int, now: int):
        from smets.features import alarms

        alarms.happened(self.device, code, now or -1)

    # --- See Served -----------------------------------------------------------------------------

    def find(self, key: bytes, operation: str):
        """See Feature."""
        return self

    def get(self, start: int, end: int):
        """See Served."""
        return objects.READ_WRITE_DENIED if start >= 0 else _U32 + self.counter.to_bytes(4, "big")

    def fits(self, value, further: bool = False):
        """See Served."""
        if len(value) != 5 or value[:1] != _U32:  # noqa: PLR2004 - A-XDR
            raise ValueError("not a counter")

    def load(self, value):
        """See Served."""
        self._set(int.from_bytes(bytes(value[1:]), "big"))

    def _set(self, counter: int):
        self.device.keeper.write(_RECORD, (counter, self._limited))
        self.device.keeper.undo("counter", self.counter, self)
        self.counter = counter

    def invoke(self, data) -> int:
        """See Served: the counter becomes 0 (ECS28b)."""
        if bytes(data) != _RESET:
            return objects.TYPE_UNMATCHED
        try:
            self._set(0)
        except StoreError:
            return objects.HARDWARE_FAULT
        return objects.SUCCESS


FEATURE = LoadLimit
