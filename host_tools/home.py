"""A home: device processes joined by the hub, in virtual time.

Nothing in it runs on the wall clock: `advance` lets seconds pass for every device, carries what
they send across the hub, and comes back when the air is quiet again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from host_tools import fragments
from host_tools.bench import BenchClient, BenchError, open_transport
from host_tools.han.frame import Frame, FrameError, from_octets, to_octets
from host_tools.han.framelog import LogWriter
from host_tools.han.hub import Hub
from host_tools.roles import SLEEPY

__all__ = ["Home", "HomeDevice"]

# Virtual time begins here: 2000-01-01 in Unix milliseconds, for frame logs.
_EPOCH_MS = 946_684_800_000
# Exchanges that one moment may bring before it counts as a storm.
_ROUNDS = 1000


@dataclass
class HomeDevice:
    """One device of the home."""

    role: str
    eui: str
    client: BenchClient
    sent: list[Frame] = field(default_factory=list[Frame])

    def control(self, verb: str, document: Any = None) -> dict[str, Any]:
        """A bench link control event."""
        return self.client.control(verb, document)


class Home:
    """Devices, the hub between them, and the time (seconds since 2000) that they share."""

    def __init__(self, hub: Hub, now: int, engine: str = "unix", log: LogWriter | None = None):
        self.hub = hub
        self.now = now
        self.engine = engine
        self.log = log
        self.devices: dict[str, HomeDevice] = {}
        self.frames = 0
        self._watchers: list[Callable[[Frame], None]] = []

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """End every device process."""
        for device in self.devices.values():
            device.client.transport.close()
        self.devices.clear()

    def watch(self, watcher: Callable[[Frame], None]) -> None:
        """Hand every frame that a device sends to `watcher`."""
        self._watchers.append(watcher)

    def add(
        self,
        role: str,
        eui: str,
        state: dict[str, Any] | None = None,
        keys: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        store: str | None = None,
    ) -> HomeDevice:
        """Start a device process, load it and put it on the hub."""
        client = BenchClient(open_transport(role, self.engine, store))
        device = HomeDevice(role, eui, client)
        client.on_frame = partial(self._heard, device)
        self.devices[role] = device
        self.hub.attach(int(eui, 16), sleepy=role in SLEEPY)
        if self.log is not None:
            self.log.device(int(eui, 16), role)
        fragments.load(client.control, state, keys)
        if inputs:
            client.control("SET", inputs)
        self.settle()
        return device

    def remove(self, role: str) -> None:
        """Take a device off the hub and end its process, as pulling its plug would."""
        device = self.devices.pop(role)
        self.hub.detach(int(device.eui, 16))
        device.client.transport.close()

    def _heard(self, device: HomeDevice, octets: bytes) -> None:
        try:
            frame = from_octets(octets)
        except FrameError as error:
            raise BenchError(f"{device.role} sent no HAN frame: {error}") from error
        device.sent.append(frame)
        self.frames += 1

    @property
    def now_ms(self) -> int:
        """The time in milliseconds since 2000."""
        return self.now * 1000

    def advance(self, seconds: int, step: int = 10, paused: Iterable[str] = ()) -> None:
        """Let time pass in steps, for every device but the `paused` ones."""
        end = self.now + seconds
        while self.now < end:
            passed = min(step, end - self.now)
            self.now += passed
            for device in list(self.devices.values()):
                if device.role not in paused:
                    device.client.advance(passed)
            self.settle()

    def settle(self) -> None:
        """Carry frames until none is due at this moment."""
        for _ in range(_ROUNDS):
            self._collect()
            due = self.hub.due(self.now_ms)
            if not due:
                return
            for eui, frame in due:
                self._deliver(eui, frame)
        raise BenchError(f"the home does not come to rest at {self.now}: a storm of frames")

    def _collect(self) -> None:
        for device in self.devices.values():
            sent, device.sent = device.sent, []
            for frame in sent:
                if self.log is not None:
                    self.log.frame(_EPOCH_MS + self.now_ms, frame)
                for watcher in self._watchers:
                    watcher(frame)
                self.hub.submit(frame, self.now_ms)

    def _deliver(self, eui: int, frame: Frame) -> None:
        for device in self.devices.values():
            if int(device.eui, 16) == eui:
                device.client.frame(to_octets(frame))
                return

    def command(self, role: str, message: bytes) -> bytes:
        """Give a device a GBCS command; its response (bench.Refusal where there is none)."""
        response = self.devices[role].client.respond(message)
        self.settle()
        return response
