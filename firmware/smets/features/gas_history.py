# Days, weeks and months of gas for displays: kWh (Metering 0C01 on) and cost (Prepayment 051C on),
# summed up from the kWh and the cost of the day that the meter reports (GBCS 10.4.2.10). What a
# state says of today stands until a report says something else; gas_days.py has the arithmetic.
# Also what the meter publishes of its logs (gas_snapshots.py).
from smets import record
from smets.compat import const
from smets.features.feature import Feature
from smets.ports.store_error import StoreError
from smets.zcl import attributes, commands, types
from smets.zcl.clusters import METERING, PREPAYMENT

# This day to eight days ago, this week to five weeks ago, this month to 13 months ago.
_TODAY = attributes.CURRENT_DAY_ALTERNATIVE_CONSUMPTION_DELIVERED
_COST_TODAY = attributes.CURRENT_DAY_COST_CONSUMPTION_DELIVERED
_ENERGY, _COST = const(4), const(8)
_WEEKS, _MONTHS, _END = const(0x30), const(0x40), const(0x5C)
# Rows of the log: end of a day, its kWh, its cost (10^-5 pound), each 4 octets; FFFFFFFF for what
# is not known. This month and the 13 before it.
_LOG = "gas-days"
_ROWS = const(434)
_WIDTH = const(12)
_NONE = const(0xFFFFFFFF)
_RECORD = record.Table(
    "gas-today",
    (
        ("time", record.U32, 0),
        ("energy", record.U32, _NONE),
        ("cost", record.U32, _NONE),
        ("missed", record.U32, _NONE, 2),
    ),
    "kWh and cost of this day are not available until the meter reports again",
)


def _ids(today: int) -> tuple:
    page = today >> 8 << 8
    return (
        (today, today + 2)
        + tuple(range(page | 0x20, page | 0x2E, 2))
        + tuple(range(page | _WEEKS, page | 0x3C, 2))
        + tuple(range(page | _MONTHS, page | _END, 2))
    )


class GasHistory(Feature):
    """Ends a day with its last report, keeps it, and sums days up."""

    attributes = {METERING: _ids(_TODAY), PREPAYMENT: _ids(_COST_TODAY)}
    commands = (
        (METERING, 0, commands.GET_SNAPSHOT),
        (PREPAYMENT, 0, commands.GET_PREPAY_SNAPSHOT),
        (PREPAYMENT, 0, commands.GET_TOP_UP_LOG),
        (PREPAYMENT, 0, commands.GET_DEBT_REPAYMENT_LOG),
    )
    records = ("gas-today", "gas-payments")
    logs = (_LOG, "gas-days-read", "gas-days-paid", "gas-bills", "gas-balances")
    # Cluster -> attribute of this day, its type, and where it stands in a row of the log.
    quantities = {
        METERING: (_TODAY, types.UINT24, _ENERGY),
        PREPAYMENT: (_COST_TODAY, types.UINT48, _COST),
    }

    def __init__(self, device):
        super().__init__(device)
        # UTC seconds of the last report, kWh and cost of its day (_NONE); no report yet.
        self.last = (0, _NONE, _NONE)
        # UTC of the last report before what is missing of the meter's logs; -1: nothing is.
        self.missed = -1
        self._opened = None
        self._snapshots = None
        self.storage_errors = 0

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self.last = tuple(held[:3])
            self.missed = -1 if held[3] == _NONE else held[3]

    # --- What the meter reports -----------------------------------------------------------------

    def book(self, stamp, report):
        """Take the kWh and the cost of the day of a report that was committed with `stamp`.

        `report`: cluster -> attribute -> type and value octets. What it lacks is not known.
        """
        from smets.features import gas_days

        gas_days.book(self, stamp, report)

    def keep(self, last: tuple):
        """Take what was reported last, and keep it."""
        self.last = last
        missed = _NONE if self.missed < 0 else self.missed
        try:
            self.device.keeper.write(_RECORD, last + (missed,))
        except StoreError:
            self.storage_errors += 1

    def miss(self, last: int):
        """What the meter's logs have since UTC `last` may be missing: kept until it is there."""
        if self.missed < 0 or last < self.missed:
            self.missed = last
            self.keep(self.last)

    def caught_up(self):
        """Nothing is missing any more, or it is given up."""
        self.missed = -1
        self.keep(self.last)

    def log(self):
        """The log of days; OSError."""
        if self._opened is None:
            self._opened = self.device.keeper.open(_LOG, _ROWS, _WIDTH)
        return self._opened

    @property
    def snapshots(self):
        """What the meter publishes of its logs (gas_snapshots.Snapshots)."""
        if self._snapshots is None:
            from smets.features import gas_snapshots

            self._snapshots = gas_snapshots.Snapshots(self.device)
        return self._snapshots

    def execute(self, call):
        """See Feature: the logs of the meter as it published them."""
        from smets.features.gas import log_reads

        return log_reads.execute(self.snapshots, call)

    # --- What displays read ---------------------------------------------------------------------

    def attribute(self, cluster: int, attribute: int) -> bytes:
        """See Feature; FF.. for what is not known, even in part."""
        from smets.features import gas_days

        return gas_days.value(self, cluster, attribute)

    def summary(self) -> dict:
        """See Feature."""
        errors = self._snapshots.storage_errors if self._snapshots else 0
        return {"logs": {"storage_errors": self.storage_errors + errors}}


FEATURE = GasHistory
