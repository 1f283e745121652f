# What counts for a meter, and is kept as one record: the registers of electricity and of gas.
from smets.features.feature import Feature
from smets.ports.store_error import StoreError


class Counted(Feature):
    """Registers that are kept with each change, and with each half hour.

    A subclass has `table`, the record.Table of its record, `_values()`, the values of it, and
    `_take(values)`, which takes them up again.
    """

    table = None

    def __init__(self, device):
        super().__init__(device)
        self.storage_errors = 0
        self._unkept = 0  # seconds

    def _values(self):
        """The values of the record now."""

    def _take(self, values):
        """Take values up."""

    def change(self, act, *arguments):
        """Call `act`, which changes registers, and keep them. On StoreError they are as before."""
        before = self._values()
        act(*arguments)
        keeper = self.device.keeper
        keeper.undo(self._take, before)
        try:
            keeper.write(self.table, self._values())
        except StoreError:
            self._take(before)
            raise

    def keep(self):
        """Keep the registers now, or with the next half hour where the store fails."""
        self._unkept = 0
        try:
            self.device.keeper.write(self.table, self._values())
        except StoreError:
            self.storage_errors += 1
