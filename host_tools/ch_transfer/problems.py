"""What is wrong with a transfer, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["MOST_TOLD", "TransferError"]

MOST_TOLD = 20  # problems that an error tells


class TransferError(Exception):
    """A manifest, a credential or an inventory is not as it has to be; nothing was changed."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        told = "; ".join(self.problems[:MOST_TOLD])
        more = len(self.problems) - MOST_TOLD
        super().__init__(f"{told}; and {more} more" if more > 0 else told)
