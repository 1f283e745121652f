"""The five devices of the view: how each is plugged in, at first or after a power cut.

What a device keeps by itself is not given to it again: its account, its logs, its history, its
tenancy date and its counters are in its store. Given again is what a real one would measure or
has from its makers: the register's counter, the keys, and the time of the clock's battery.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from host_tools.bench import BenchError, ProcessTransport
from host_tools.example import ELECTRICITY_STATE, GAS_STATE
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_ids import CURRENT_SUMMATION_DELIVERED, METERING, key
from host_tools.home import BoardLost, Home, HomeDevice
from host_tools.show.stage import Stage
from host_tools.show.tenancy import PREPAYMENT

__all__ = ["NAMES", "ROLES", "cut", "plug_in"]

NAMES: Final = {
    "esme": "Electricity meter",
    "gsme": "Gas meter",
    "gpf": "Gas proxy (in the hub)",
    "ihd": "In-home display",
    "ppmid": "Prepayment display",
}
ROLES: Final = tuple(NAMES)


def _state(
    role: str, eui: str, time: str, register: int | None, clock_lost: bool
) -> dict[str, Any]:
    state: dict[str, Any] = {"device": role.upper()}
    if role in ("ihd", "ppmid"):
        return state | {"device_eui": eui}
    state["clock"] = {"time": time, "status": "reliable"}
    if clock_lost:
        state["clock"] = {"time": None, "status": "invalid"}
    if role != "gpf":
        state["zcl"] = deepcopy(ELECTRICITY_STATE if role == "esme" else GAS_STATE)
        if register is not None:
            state["zcl"][key(METERING)][key(CURRENT_SUMMATION_DELIVERED)]["value"] = register
    return state


def plug_in(
    stage: Stage,
    home: Home,
    role: str,
    folder: Path,
    *,
    register: int | None = None,
    clock_lost: bool = False,
) -> HomeDevice:
    """Start a device on its store in `folder`; `register` is where its counter stands."""
    store = folder / role
    first = not store.exists()
    store.mkdir(exist_ok=True)
    inputs: dict[str, Any] = {}
    if role == "esme":
        account = {"prepayment": {**PREPAYMENT, "ppmid": home.euis["ppmid"]}}
        inputs = {"voltage": {"phases": 1}} | (account if first else {})
    elif role == "gpf":
        inputs = {"gsme": home.euis["gsme"]}
    elif role == "gsme":
        inputs = {"gpf": home.euis["gpf"], "sends_time": True}
    display = role in ("ihd", "ppmid")
    device = home.add(
        role,
        home.euis[role],
        _state(role, home.euis[role], iso_2000(home.now), register, clock_lost),
        None if display else stage.device_keys(role),
        inputs,
        str(store),
    )
    if display:
        home.pair(device)
    return device


def cut(home: Home, role: str) -> None:
    """Take a device's power away: it gets no chance to put anything in order."""
    device = home.devices[role]
    if device.board is not None and device.board.hands is not None:
        device.board.hands.power_off()
        home.lose(BoardLost(device, BenchError("its power is cut")))
        return
    transport = device.client.transport
    if isinstance(transport, ProcessTransport):
        transport.process.kill()
    home.remove(role)
