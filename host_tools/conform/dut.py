"""The device under test as a check sees it: made new, seeded, driven, asked.

The reference devices are processes of our own firmware; any other device is behind the bench
link's line protocol. What a device cannot do is not in `capabilities`, and checks that need it
are blocked, with why.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from host_tools import fragments
from host_tools.bench import BenchClient, BenchError, ProcessTransport, Refusal, Transport
from host_tools.conform.capabilities import CAPABILITIES
from host_tools.conform.link_faults import LinkFaults
from host_tools.conform.model import Blocked
from host_tools.conform.trace import Trace
from host_tools.example import EUIS, ExampleHome
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import from_seconds_2000, iso, seconds_2000
from host_tools.han.frame import Frame, FrameError, from_octets, to_octets
from host_tools.keys import KeyRing
from host_tools.remote import RemoteParty

__all__ = ["MEANS", "NEW_DEVICE", "POWER_CUT", "Dut"]

# What the bench does besides the link, as a trace has it.
NEW_DEVICE, POWER_CUT = "a new device: its flash is empty", "power away and back"

_HOUR = 3600
# How each capability is had.
MEANS = {
    "state": "CTRL:FORGET, KEYS and STATE",
    "clock": "CTRL:CLOCK and ADVANCE, or --clock-command",
    "han": "ZCL:FRAME, and the home's addresses in DUT.json",
    "inputs": "CTRL:SET",
    "power": "a process of our own, or --power-command",
    "update": "leave to change the device: not --without update",
    "real": "--real SECONDS",
}


class Dut:
    """One device under test; `fresh` begins each check with a device that knows nothing."""

    black_box = False  # whether the device is taken as it is

    def __init__(
        self,
        role: str,
        connect: Callable[[], Transport],
        stage: ExampleHome,
        capabilities: frozenset[str] = frozenset(CAPABILITIES),
        timeout: float = 10.0,
        faults: LinkFaults | None = None,
    ) -> None:
        """`connect` opens the link again: at the start, and after power was given back.

        `faults` gets each line, too.
        """
        self.role = role
        self.eui = EUIS[role]
        self.capabilities = capabilities
        self.stage = stage
        self._connect = connect
        self._timeout = timeout
        self._counter = 1000
        self.reason = ""  # of the last refusal, in the device's words
        self.trace = Trace()
        self.faults = faults or LinkFaults()
        self.heard: list[Frame] = []
        self.client = self._open()

    def close(self) -> None:
        """End the link."""
        self.client.transport.close()

    def _hear(self, octets: bytes) -> None:
        try:
            self.heard.append(from_octets(octets))
        except FrameError as error:
            raise BenchError(f"the device sent no HAN frame: {error}") from error

    def need(self, *names: str) -> None:
        """Blocked unless the device can do all of these."""
        missing = [name for name in names if name not in self.capabilities]
        if missing:
            means = " and ".join(f"{name} control ({MEANS[name]})" for name in missing)
            raise Blocked(f"the device under test has no {means}")

    def control(self, verb: str, document: Any = None) -> dict[str, Any]:
        """A control of the bench link; Blocked where the device refuses it."""
        try:
            return self.client.control(verb, document)
        except BenchError as error:
            raise Blocked(f"{verb}: {error}") from error

    def fresh(self, state: dict[str, Any] | None = None, **inputs: Any) -> None:
        """Make the device new and give it the keys of the example home, a state and inputs.

        A process of our own that cannot do that is replaced by another one.
        """
        self.need("state")
        try:
            # Its keys are test keys: its flash is spared.
            self.control("FORGET", {"store": True, "overwrite": False})
        except Blocked:
            if not self._new_flash():
                raise
        self.heard.clear()
        own = {"device": self.role.upper(), "device_eui": self.eui}
        fragments.load(self.control, {**own, **(state or {})}, self._keys())
        if inputs:
            self.set_inputs(**inputs)

    def ready(self, state: dict[str, Any] | None = None, **inputs: Any) -> None:
        """Begin a check that also serves a device as it is; here as `fresh`."""
        self.fresh(state, **inputs)

    def address(self, role: str) -> int:
        """The EUI-64 of a device of the home."""
        return int(EUIS[role], 16)

    @property
    def ring(self) -> KeyRing:
        """The keys that open what the device says."""
        return self.stage.keys.ring()

    def now(self) -> int:
        """The time at which a check that lets no time pass is, UTC seconds since 2000."""
        return self.start

    @property
    def claimed(self) -> frozenset[str] | None:
        """The use cases that the device claims; None where it claims none by name."""
        return None

    @property
    def patience(self) -> float:
        """Seconds of real time for what takes time; 0 where the bench lets time pass."""
        return 0.0

    @property
    def real(self) -> int:
        """Seconds that a check in real time may take."""
        return 0

    def greet(self) -> dict[str, Any]:
        """What the device says of itself; BenchError where it does not answer."""
        return self.client.control("HELLO")

    def set_inputs(self, **inputs: Any) -> None:
        """Set simulation inputs of the device."""
        self.need("inputs")
        self.control("SET", inputs)

    def _keys(self) -> dict[str, Any] | None:
        """The device's keys; an IHD talks to no remote party and has none."""
        return self.stage.device_keys(self.role) if self.eui in self.stage.keys.keys else None

    def _new_flash(self) -> bool:
        """Start a process of our own again with an empty flash; False for another device."""
        transport = self.client.transport
        if not isinstance(transport, ProcessTransport):
            return False
        role, folder = cast("list[str]", transport.process.args)[-2:]
        if role != self.role or not Path(folder).is_dir():
            return False
        transport.close()
        shutil.rmtree(folder)
        Path(folder).mkdir()
        self.trace.bench(NEW_DEVICE)
        self._reopen()
        return True

    def _reopen(self) -> None:
        self.client = self._open()

    def _open(self) -> BenchClient:
        client = BenchClient(self._connect(), self._hear, self._timeout)
        client.on_line = self._line
        self.faults.reopened()
        return client

    def _line(self, way: str, text: str) -> None:
        self.trace.line(way, text)
        self.faults.line(way, text)

    def set_clock(self, moment: datetime | int, status: str = "reliable") -> None:
        """Set the device's clock (UTC)."""
        self.need("clock")
        when = from_seconds_2000(moment) if isinstance(moment, int) else moment
        self.control("CLOCK", {"time": iso(when), "status": status})

    def advance(self, seconds: int) -> None:
        """Let time pass for the device, an hour at most in one line."""
        self.need("clock")
        while seconds > 0:
            self.control("ADVANCE", {"seconds": min(seconds, _HOUR)})
            seconds -= _HOUR

    def cut_power(self) -> None:
        """Take power away and give it back; what the device keeps in flash stays.

        A process of our own is told its identity again: only a board keeps what was loaded.
        """
        self.need("power")
        self.trace.bench(POWER_CUT)
        self.client.transport.close()
        self._reopen()
        self.heard.clear()
        fragments.load(self.control, {"device_eui": self.eui}, self._keys())

    def party(self, role: str = "supplier") -> RemoteParty:
        """A remote party that the device knows."""
        return self.stage.party(role)

    def next_counter(self) -> int:
        """An originator counter higher than any before."""
        self._counter += 1
        return self._counter

    def command(
        self,
        use_case: str,
        params: dict[str, Any] | None = None,
        party: str = "supplier",
        counter: int | None = None,
        now: datetime | None = None,
    ) -> bytes:
        """A command for the device."""
        return self.party(party).command(
            use_case,
            bytes.fromhex(self.eui),
            self.next_counter() if counter is None else counter,
            params,
            now or self.stage.start,
        )

    def send(self, command: bytes) -> bytes | None:
        """The response, or None where the device gives none; `reason` then has its words."""
        self.reason = ""
        try:
            return self.client.respond(command)
        except Refusal as refusal:
            self.reason = str(refusal)
            return None

    def ask(
        self,
        use_case: str,
        params: dict[str, Any] | None = None,
        party: str = "supplier",
        counter: int | None = None,
    ) -> tuple[bytes, bytes, Message]:
        """Send a command that must be answered: (command, response, decoded and verified).

        Raises what host_tools.remote raises for an answer that is not genuine, and BenchError
        for none.
        """
        command = self.command(use_case, params, party, counter)
        response = self.send(command)
        if response is None:
            why = f": the device says {self.reason}" if self.reason else ""
            raise BenchError(f"no response to {use_case}{why}")
        return command, response, self.party(party).verify(response, command)

    def deliver(self, frame: Frame) -> list[Frame]:
        """Give the device a HAN frame; returns the frames it sends meanwhile."""
        self.need("han")
        self.heard.clear()
        self.client.frame(to_octets(frame))
        return list(self.heard)

    @property
    def start(self) -> int:
        """The time at which checks begin, UTC seconds since 2000."""
        return seconds_2000(self.stage.start)
