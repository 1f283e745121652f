# The rows of the logs of a gas meter (gas/logs.py) and where they are kept. A snapshot is UTC (4
# octets), causes (4), nine registers of 6 and six amounts of 4, of which a daily log has one kind.
from smets.compat import const
from smets.features.keeper import Slot
from smets.zcl import commands
from smets.zcl.clusters import METERING, PREPAYMENT
from smets.zcl.snapshots import END_OF_BILLING_PERIOD, GENERAL

_REGISTERS, _MONEY = const(54), const(24)
_HEAD = const(8)
# project-choice: half hours of gas kept, and one more that they are reckoned from: 31 days take
# 24 KB of flash. Alternative: 13 months (19,056), as GSMETS has.
HALF_HOURS = const(1488)

# Name -> rows, octets of one. Of the debts and top-ups the account keeps ten and five itself.
LOGS = {
    "gas-daily": (31, _HEAD + _REGISTERS),
    "gas-daily-money": (31, _HEAD + _MONEY),
    "gas-billing": (12, _HEAD + _REGISTERS + _MONEY),
    "gas-change": (12, _HEAD + _REGISTERS + _MONEY),
    "gas-profile": (HALF_HOURS + 1, 8),
}


class Rows:
    """Logs by name; one is open only while it is used, since a heap is small."""

    logs: dict = {}

    def __init__(self, device):
        self.device = device
        self._slots = {}
        self.storage_errors = 0

    def slot(self, name: str) -> Slot:
        """Where a log is."""
        slot = self._slots.get(name)
        if slot is None:
            rows, width = self.logs[name]
            slot = self._slots[name] = Slot(self.device.keeper, name, rows, width)
        return slot

    def release(self, name: str):
        """A log is not read any more: what a store has need not be in memory."""
        if self.device.keeper.stores:
            self.slot(name).close()

    def newest(self, name: str):
        """UTC and causes, 8 octets, of the newest row of a log; None without one. OSError."""
        log = self.slot(name).open()
        newest = log.load(log.head() - 1) if log.head() else None
        return bytes(newest[:_HEAD]) if newest else None


class LogRows(Rows):
    """What a gas meter enters."""

    logs = LOGS

    def kinds(self, money: bool) -> tuple:
        """(log, causes of its rows) that a snapshot of registers or of money is looked for in."""
        return (
            ("gas-daily-money" if money else "gas-daily", GENERAL),
            ("gas-billing", END_OF_BILLING_PERIOD),
            ("gas-change", ~(GENERAL | END_OF_BILLING_PERIOD)),
        )

    def add(self, name: str, row: bytes):
        """Enter a row; a failure is counted. One that a power cut left there is not entered again.

        Time and causes tell whether it is the same. The proxy hears of it, too.
        """
        try:
            log = self.slot(name).open()
            if self.newest(name) != row[:_HEAD]:
                log.append(row)
                self._publish(log.head() - 1, row)
        except OSError:
            self.storage_errors += 1
        self.release(name)

    def _publish(self, sequence: int, row: bytes):
        reports = self.device.feature("gas_reports")
        if len(row) == _HEAD or not reports.gpf:  # a half hour is in the next report
            return
        from smets.features.gas import log_payloads

        if len(row) != _HEAD + _MONEY:
            told = log_payloads.publish((sequence, row), 1, False)
            reports.publish(METERING, commands.PUBLISH_SNAPSHOT, told)
        if len(row) != _HEAD + _REGISTERS:
            told = log_payloads.publish((sequence, row), 1, True)
            reports.publish(PREPAYMENT, commands.PUBLISH_PREPAY_SNAPSHOT, told)

    def snapshot(self, now: int, causes: int) -> bytes:
        """A row of registers and money at UTC `now`."""
        return self._head(now, causes) + self._registers() + self._money()

    def bill(self, due: int):
        """A billing period ended at UTC `due`."""
        self.add("gas-billing", self.snapshot(due, END_OF_BILLING_PERIOD))

    def add_day(self, due: int):
        """A day of UTC ended at `due`."""
        head = self._head(due, GENERAL)
        self.add("gas-daily", head + self._registers())
        if self.device.feature("gas_account").account.prepaid:
            self.add("gas-daily-money", head + self._money())

    def add_half_hour(self, due: int):
        """The total at the end of a half hour of UTC."""
        total = self.device.feature("gas_register").counters[0] & 0xFFFFFFFF
        self.add("gas-profile", due.to_bytes(4, "big") + total.to_bytes(4, "big"))

    def _head(self, now: int, causes: int) -> bytes:
        return now.to_bytes(4, "big") + causes.to_bytes(4, "big")

    def _registers(self) -> bytes:
        octets = b""
        for counter in self.device.feature("gas_register").counters:
            octets += (counter & 0xFFFFFFFFFFFF).to_bytes(6, "little")
        return octets

    def _money(self) -> bytes:
        """Accumulated debt, debts 1 to 3, emergency credit, credit: as a snapshot has them."""
        held = self.device.feature("gas_account").account
        octets = b""
        for amount in (
            held.arrears,
            held.debt1,
            held.debt2,
            held.debt3,
            held.emergency_remaining,
            held.balance,
        ):
            octets += (amount & 0xFFFFFFFF).to_bytes(4, "little")
        return octets
