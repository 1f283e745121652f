# Clearing one fuel's history in bounded steps: the files first, then the flash they lay on.
# After a power cut it begins again; repeating its work does no harm.
from smets.ports.store_error import StoreError


class Purge:
    """Takes everything older than `date` out of the vault; `step` until it returns True.

    `classes` are change-control bits (see `cleared`); data of both fuels is cleared up to
    `shared_date`. A step changes one file, or overwrites one free block; `bound` is how many
    there are at most where nothing fails: one a file, and one a block of the file system.
    """

    def __init__(self, vault, fuel: int, classes: int, date: int, shared_date: int):
        self._vault = vault
        self._dates = (date, shared_date)
        self._names = vault.work(fuel, classes)
        vault.disk.end_fill()
        self.bound = len(self._names) + max(1, vault.disk.blocks)

    def step(self) -> bool:
        """Do a bounded part of the work; True when all of it is done.

        Raises StoreError when storage fails; the next step tries the same again.
        """
        if not self._names:
            return self._vault.disk.fill()
        name = self._names[-1]
        try:
            self._vault.expire(name, *self._dates)
        except StoreError:
            # The file cannot be read or written, so records that could stay go as well.
            self._vault.disk.remove(name)
        self._names.pop()
        return False
