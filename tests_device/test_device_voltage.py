"""MP085A on a board: the first voltage period starts at the half hour, not at power-up."""

from __future__ import annotations

from typing import Any

import pytest
import supplier
from rig import Rig

from host_tools import install

DAY = {"from": "2026-11-06T00:00:00Z", "to": "2026-11-07T00:00:00Z"}
WEEK = {"from": "2026-11-06T00:00:00Z", "to": "2026-11-13T00:00:00Z"}
# Seconds since 2000 of 2026-11-06T11:00:00Z, the end of the first whole half hour.
ELEVEN = 847_278_000


def start(rig: Rig, **settings: Any) -> None:
    """An electricity meter, where it fits."""
    try:
        rig.start("esme", **settings)
    except install.InstallError as error:
        pytest.skip(str(error))


def test_the_first_period_starts_at_the_half_hour(rig: Rig) -> None:
    """spec: commenced at 10:07:13, so the first entry is that of 10:30 to 11:00."""
    start(rig)
    with rig.client() as client:
        supplier.new_meter(client)
        seen: list[int] = []
        for seconds in (0, 1366, 1, 1799, 1, 1800):
            client.control("ADVANCE", {"seconds": seconds})
            seen.append(client.control("QUERY")["summary"]["voltage"]["entries"][0])
        assert seen == [0, 0, 0, 0, 1, 2], "10:07:13, 10:29:59, 10:30, 10:59:59, 11:00, 11:30"
        asked = supplier.OPERATOR.command("ECS23", bytes.fromhex(supplier.EUIS["esme"]), 1, DAY)
        message = supplier.OPERATOR.verify(client.respond(asked), asked)
    rows = [value.value for value in message.dlms.data if value.type == "compact-array"]
    assert rows == [[[ELEVEN, 230], [ELEVEN + 1800, 230]]]


@pytest.mark.needs("watchdog", "flash")
def test_work_may_take_longer_than_the_watchdog_waits(rig: Rig) -> None:
    """A day of half hours into five logs, a long log read back, signatures: no reset, no restart.

    The watchdog bites after 2 s here; a Pico takes longer for each of these.
    """
    assert rig.board.watchdog is not None
    start(rig, watchdog={**rig.board.watchdog, "ms": 2000})
    boots = rig.boots
    with rig.client() as client:
        client.control("LOG", {"clear": True})
        supplier.new_meter(client)
        client.control("ADVANCE", {"seconds": 86_400})
        asked = supplier.OPERATOR.command("ECS23", bytes.fromhex(supplier.EUIS["esme"]), 1, WEEK)
        message = supplier.OPERATOR.verify(client.respond(asked), asked)
        rows = [value.value for value in message.dlms.data if value.type == "compact-array"]
        assert len(rows[0]) == 47, "10:30 to 10:00"
        assert client.control("LOG") == {"restarts": 0, "log": []}
    assert rig.boots == boots
