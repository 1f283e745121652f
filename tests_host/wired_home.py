"""A home of virtual boards on one wire: what host_tools.home is with processes and a hub.

The boards carry their frames themselves. The host only moves their clocks, step by step, and
waits after each until nothing is under way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from host_tools import boards, flash, fragments, install
from host_tools.bench import HEAP, BenchClient, BenchError, SerialTransport
from host_tools.bus_line import BusLine
from host_tools.han.hub import Hub
from host_tools.home import Home, HomeDevice
from host_tools.virtual_board import VirtualBoard

KEY = "8D1F0C52A6B94E7733D0E1C2B4A59687"
PATIENCE = 60.0  # seconds of the clock on the wall that frames may take to arrive


class WiredHome(Home):
    """Boards of `roles` on `line`, flashed and waiting; `add` loads one, as Home's does."""

    def __init__(
        self, line: BusLine, now: int, folder: Path, roles: Iterable[str], **han: Any
    ) -> None:
        super().__init__(Hub(1), now)
        self.line = line
        self.boards: dict[str, VirtualBoard] = {}
        data = boards.load("virtual")
        settings = {"link": "bus", "key": KEY, "baudrate": line.baudrate, "echo": line.echo, **han}
        for index, role in enumerate(roles):
            unique = f"{index + 1:02X}" * 8
            self.boards[role] = VirtualBoard(folder / role, HEAP, unique, uart=line.attach())
        made = {
            role: install.build(role, data, {"tick": False, "han": settings})
            for role in self.boards
        }

        def put(role: str) -> None:
            flash.flash(self.boards[role].port, made[role], data)

        with ThreadPoolExecutor() as pool:
            list(pool.map(put, self.boards))

    def close(self) -> None:
        """Switch all boards off."""
        super().close()
        for board in self.boards.values():
            board.close()

    def add(
        self,
        role: str,
        eui: str,
        state: dict[str, Any] | None = None,
        keys: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        store: str | None = None,
    ) -> HomeDevice:
        """Load a board that has been flashed."""
        device = HomeDevice(role, eui, BenchClient(SerialTransport(self.boards[role].port)))
        fragments.load(device.control, state, keys)
        if inputs:
            device.control("SET", inputs)
        device.client.on_frame = self._refuse
        self.devices[role] = device
        self.settle()
        return device

    def _refuse(self, octets: bytes) -> None:
        raise BenchError(f"a frame came over the bench link: {octets.hex()}")

    def restart(self, role: str) -> None:
        """Cut a board's power and switch it on again: it comes back as it was loaded."""
        board = self.boards[role]
        self.devices[role].client.transport.close()
        board.power_off()
        board.power_on()
        deadline = time.monotonic() + PATIENCE
        while True:
            client = BenchClient(SerialTransport(board.port), timeout=2)
            try:
                client.control("HELLO")
            except BenchError:
                client.transport.close()
                assert time.monotonic() < deadline, board.crashes
            else:
                break
        client.timeout = 60
        self.devices[role].client = client

    def radio(self, role: str) -> dict[str, Any]:
        """What CTRL:RADIO of a board answers."""
        return self.devices[role].control("RADIO")

    def settle(self) -> None:
        """Wait until no board has a frame to send or to answer."""
        deadline = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 2:
            told = {role: self.radio(role) for role in self.devices}
            moved = sum(each["counts"]["received"] for each in told.values())
            waiting = any(each["joined"] and each["waiting"] for each in told.values())
            quiet = 0 if waiting or moved != self.frames else quiet + 1
            self.frames = moved
            if time.monotonic() > deadline:
                raise BenchError(f"the wire does not come to rest: {told}")
