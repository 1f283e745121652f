# The error of a failing storage. It is apart from the store, which not every device loads.
from smets.compat import const

IO = const(5)  # EIO
DAMAGED = const(74)  # EBADMSG


class StoreError(Exception):
    """Storage failed: `errno` is that of the file system, or 74 (EBADMSG) for a damaged record."""

    def __init__(self, errno: int | None):
        self.errno = errno or IO
        super().__init__(self.errno)

    @property
    def damaged(self) -> bool:
        """The record is there, but its check value is wrong: its content is unknown."""
        return self.errno == DAMAGED
