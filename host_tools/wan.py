"""The WAN side of a home's hub: what remote parties send and get through it.

A command for the hub itself or for its Gas Proxy Function, which is a part of it, is given to that
function; others go through the tunnels that the hub has to its devices (`firmware/smets/features/
tunnels.py`). Each device still answers on its own bench link.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host_tools.bench import BenchError
from host_tools.gbcs import gbt
from host_tools.gbcs.message import decode
from host_tools.home import Home
from host_tools.remote import RemoteParty

__all__ = ["TYPES", "Wan"]

# Device types of the CHF Device Log (CCS01).
TYPES = {"esme": 0, "gsme": 1, "hcalcs": 13, "ihd": 128, "ppmid": 132, "gpf": 254}
# Functions of the hub itself.
_OWN = ("chf", "gpf")
_BLOCK = 0xE0
_JOINING_S = 600

Json = dict[str, Any]


class Wan:
    """Messages of remote parties to the devices of a home that has a CHF."""

    def __init__(self, home: Home, passing: Callable[[bytes], None] | None = None) -> None:
        """`came`: what devices have said to remote parties, oldest first.

        `passing` gets each message between remote parties and the gas meter, in both directions,
        in place of the home's GPF, which taps off what it needs.
        """
        self.home = home
        self._passing = passing or home.pass_by
        self.came: list[bytes] = []
        self._blocks: gbt.Assembler | None = None
        home.devices["chf"].client.on_alert = self._take

    def join(self, role: str, broker: RemoteParty, counter: int) -> None:
        """Add a device to the hub's log (CCS01), let it join, and tell it its hub.

        BenchError where the hub refuses it.
        """
        device = self.home.devices[role]
        hub = self.home.devices["chf"]
        eui = bytes.fromhex(device.eui)
        params = {"payload": _added(eui, TYPES[role], counter).hex()}
        command = broker.command("CCS01", bytes.fromhex(hub.eui), counter, params)
        response = self.home.command("chf", command)
        content = response[slice(*broker.verify(response, command).header.content)]
        if content[-5::2] != bytes(3):
            raise BenchError(f"the hub does not add {role}")
        key = eui.hex().upper() * 2
        hub.control("ACT", {"joined": {"eui": device.eui, "link_key": key}})
        if role in ("esme", "gsme", "hcalcs"):
            device.control("SET", {"chf": hub.eui})
        self.home.settle()

    def send(self, message: bytes) -> None:
        """Give the hub a command of a remote party; BenchError where it cannot take it."""
        target = decode(message).header.target.hex().upper()
        for role in _OWN:
            device = self.home.devices.get(role)
            if device is not None and device.eui == target:
                self.came.append(self.home.command(role, message))
                return
        self._pass(target, message)
        told = {"message": message.hex().upper()}
        self.home.devices["chf"].control("ACT", {"relay": told})
        self.home.settle()

    def exchange(self, message: bytes, seconds: int = 1800, step: int = 60) -> bytes:
        """Send a command, and let time pass until its response comes; BenchError without one."""
        asked = decode(message).header
        self.send(message)
        end = self.home.now + seconds
        while True:
            for octets in self.came:
                told = decode(octets).header
                if (told.cra, told.counter, told.originator, told.target) == (
                    2,
                    asked.counter,
                    asked.target,
                    asked.originator,
                ):
                    self.came.remove(octets)
                    return octets
            if self.home.now >= end:
                raise BenchError(f"no response within {seconds} s")
            self.home.advance(min(step, end - self.home.now))

    def _take(self, octets: bytes) -> None:
        """A message, or a block of one that is too long for a transfer."""
        if octets[:1] != bytes((_BLOCK,)):
            self._hear(octets)
            return
        self._blocks = self._blocks or gbt.Assembler()
        whole = self._blocks.take(octets)
        if whole is not None:
            self._blocks = None
            self._hear(whole)

    def _hear(self, message: bytes) -> None:
        self.came.append(message)
        self._pass(decode(message).header.originator.hex().upper(), message)

    def _pass(self, eui: str, message: bytes) -> None:
        """Show a message to or from a device where that is the gas meter."""
        meter = self.home.devices.get("gsme")
        if meter is not None and meter.eui == eui:
            self._passing(message)


def _added(eui: bytes, kind: int, counter: int) -> bytes:
    """An Access-Request: register_device, then the timeout and that devices may join."""
    log = bytes.fromhex("006800001E0300FF")
    elements = b"".join(bytes((choice,)) + log + bytes((at,)) for choice, at in _ELEMENTS)
    code = bytes.fromhex("0910") + eui + eui  # any install code
    row = bytes.fromhex("02040908") + eui + bytes.fromhex("1601") + code + bytes((0x16, kind))
    data = row + b"\x12" + _JOINING_S.to_bytes(2, "big") + bytes.fromhex("03FF")
    head = bytes.fromhex("D920") + counter.to_bytes(8, "big")[5:] + b"\x00"
    return head + b"\x03" + elements + b"\x03" + data


# Choice of the request (action, set) and attribute or method.
_ELEMENTS = ((3, 1), (2, 3), (2, 2))
