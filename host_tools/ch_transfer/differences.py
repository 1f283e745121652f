"""What differs between two inventories, such as before and after a transfer."""

from __future__ import annotations

from collections.abc import Iterator

from host_tools.ch_transfer.inventory import Inventory, Row
from host_tools.ch_transfer.manifest import dashed

__all__ = ["differences"]


def differences(before: Inventory, after: Inventory) -> Iterator[tuple[str, str, str, str]]:
    """(hub, what, before, after) for each value that differs; an empty text where it is absent."""
    old = {row.hub.chf: row for row in before.rows()}
    new = {row.hub.chf: row for row in after.rows()}
    for chf in sorted(old.keys() | new.keys()):
        first, second = _values(old.get(chf)), _values(new.get(chf))
        for what in ("gpf", "owner", "status"):
            if first.get(what, "") != second.get(what, ""):
                yield dashed(chf), what, first.get(what, ""), second.get(what, "")


def _values(row: Row | None) -> dict[str, str]:
    if row is None:
        return {}
    return {"gpf": dashed(row.hub.gpf), "owner": dashed(row.owner), "status": row.status}
