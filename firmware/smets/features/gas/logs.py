# Logs that a gas meter makes as time passes (meter.md (c)): daily reads at midnight, billing data
# at the end of a billing period and with a new tariff, mode or supplier, half hours of gas.
# gas/log_rows.py has the rows, gas/log_reads.py answers GCS15b to e, GCS16a, GCS16b and GCS17.
from smets import clock, record
from smets.compat import const
from smets.features.feature import Feature
from smets.features.gas import billing
from smets.ports.store_error import StoreError
from smets.zcl import commands, snapshots
from smets.zcl.clusters import METERING, PREPAYMENT

_HALF_HOUR = const(1800)
_DAY = const(86400)
_MADE_UP = const(31)  # days without power that get their rows
_ROW = const(86)  # octets of the longest row
_RECORD = record.Table(
    "gas-logs",
    (
        ("half_hour", record.U32, 0),  # the last one that ended
        ("pending", record.up_to(_ROW), b""),  # a row that is not in its log yet
        ("terms", record.octets(16), bytes(16)),  # check values of what a change is told by
        ("supplier", record.octets(8), bytes(8)),
    ),
    "midnights without power before that have no rows, nor has a change that has none yet",
)


class GasLogs(Feature):
    """Enters registers and account when a day or a billing period ends, or terms change."""

    commands = (
        (METERING, 0, commands.GET_SNAPSHOT),
        (METERING, 0, commands.GET_SAMPLED_DATA),
        (PREPAYMENT, 0, commands.GET_PREPAY_SNAPSHOT),
        (PREPAYMENT, 0, commands.GET_TOP_UP_LOG),
        (PREPAYMENT, 0, commands.GET_DEBT_REPAYMENT_LOG),
    )
    records = ("gas-logs",)
    logs = ("gas-daily", "gas-daily-money", "gas-billing", "gas-change", "gas-profile")

    def __init__(self, device):
        super().__init__(device)
        self._rows = None
        self._half_hour = 0
        self._pending = b""
        self._terms = b""
        self._supplier = bytes(8)
        self._looked = ()  # what terms were when they were looked at last
        self._paid = None  # the newest top-up and the debt payments that the proxy was told of
        self.storage_errors = 0

    @property
    def rows(self):
        """The logs themselves (log_rows.LogRows)."""
        if self._rows is None:
            from smets.features.gas.log_rows import LogRows

            self._rows = LogRows(self.device)
        return self._rows

    @property
    def account(self):
        """The account, whose top-ups and debt payments are logs, too."""
        return self.device.feature("gas_account").account

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self._half_hour, self._pending, self._terms, self._supplier = held
        else:
            self._terms = self._present()

    def _values(self) -> tuple:
        return (self._half_hour, self._pending, self._terms, self._supplier)

    def _take(self, values: tuple):
        self._half_hour, self._pending, self._terms, self._supplier = values
        self._looked = ()

    def _keep(self):
        try:
            self.device.keeper.write(_RECORD, self._values())
        except StoreError:
            self.storage_errors += 1

    # --- Time -----------------------------------------------------------------------------------

    def half_hour(self, due: int):
        """See Feature: a half hour of gas, the billing calendar, a daily read."""
        self.tick()
        rows = self.rows
        rows.add_half_hour(due)
        if billing.ends(self.device, due - _HALF_HOUR, due):
            self._bill(due, due % _DAY == 0)
        elif due % _DAY == 0:
            rows.add_day(due)
        self._half_hour = due
        self._keep()

    def _bill(self, due: int, midnight: bool):
        """A billing period ended; the row of a day is made before block counters begin anew."""
        self.rows.bill(due)
        if midnight:
            self.rows.add_day(due)
        register = self.device.feature("gas_register")
        try:
            register.change(register.reset_blocks)
        except StoreError:
            self.storage_errors += 1

    def tick(self):
        """See Feature: what has no row yet gets it, and what was missed without power."""
        self._tell_payments()
        if self._pending:
            # Not with the command: a row cannot be taken back.
            self.rows.add("gas-change", self._pending)
            self._pending = b""
            self._keep()
        if self.restored and self.device.clock.status != clock.INVALID:
            self.restored = False
            now = self.device.clock.seconds
            if self._half_hour:
                self._make_up(now)
            self.look(now)

    def _make_up(self, now: int):
        last = now // _HALF_HOUR * _HALF_HOUR
        start = max(self._half_hour, last - _MADE_UP * _DAY)
        while start < last:
            due = min(start // _DAY * _DAY + _DAY, last)
            midnight = due % _DAY == 0
            if billing.ends(self.device, start, due):
                self._bill(due, midnight)
            elif midnight:
                self.rows.add_day(due)
            start = self._half_hour = due
        self._keep()

    # --- Terms ----------------------------------------------------------------------------------

    def _present(self) -> bytes:
        from smets.features.gas import terms

        return terms.check_values(self.device)

    def _causes(self) -> int:
        """What has changed since this was asked last, as causes of a snapshot."""
        from smets.features.gas import terms

        present = terms.check_values(self.device)
        causes = terms.causes(self._terms, present)
        self._terms = present
        supplier = self._party()
        if supplier and supplier != self._supplier:
            if any(self._supplier):
                causes |= snapshots.SUPPLIER
            self._supplier = supplier
        return causes

    def _party(self) -> bytes:
        """The EUI-64 of the supplier whose keys are here; no octets without one."""
        keys = self.device.keys
        party = keys.first("supplier") if keys else None
        return bytes(party.id) if party else b""

    def look(self, now: int):
        """Enter the registers where tariff, payment mode or supplier are others since."""
        before = self._values()
        causes = self._causes()
        if causes:
            self.rows.add("gas-change", self.rows.snapshot(now, causes))
        if self._values() != before:
            self._keep()

    def commanded(self, code: int, done: bool):
        """See Feature: the row of a change is kept with the command, and entered then."""
        own = self.device.clock
        if own.status == clock.INVALID:
            return
        self.tick()
        # Most commands set nothing, and reading all terms takes long.
        mode = self.device.feature("gas_account").account.mode
        looked = (self.device.settings.changes, mode, self._party())
        if looked == self._looked:
            return
        before = self._values()
        causes = self._causes()
        if causes:
            self._pending = self.rows.snapshot(own.seconds, causes)
        if self._values() != before:
            self.device.keeper.undo(self._take, before)
            self._keep()
        self._looked = looked

    def _tell_payments(self):
        """Publish what was paid since this was asked last to the proxy."""
        held = self.account
        newest = held.top_ups[-1] if held.top_ups else None
        if self._paid is not None and newest == self._paid[0]:
            return
        before, self._paid = self._paid, (newest, held.recoveries)
        reports = self.device.feature("gas_reports")
        if before is None or not reports.gpf:
            return
        from smets.features.gas import log_payloads

        told = log_payloads.top_up_log(held.top_ups)
        reports.publish(PREPAYMENT, commands.PUBLISH_TOP_UP_LOG, told)
        payments = [row for row in held.recoveries if row not in before[1]]
        if payments:
            told = log_payloads.debt_log(payments)
            reports.publish(PREPAYMENT, commands.PUBLISH_DEBT_LOG, told)

    # --- What others read -----------------------------------------------------------------------

    def execute(self, call):
        """See Feature: a log as it is, unless a state tells it."""
        self.tick()
        from smets.features.gas import log_reads

        return log_reads.execute(self, call)

    def summary(self) -> dict:
        """See Feature."""
        errors = self.storage_errors + (self._rows.storage_errors if self._rows else 0)
        return {"logs": {"storage_errors": errors}}


FEATURE = GasLogs
