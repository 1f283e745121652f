"""A home: device processes and boards joined by the hub, in virtual time.

Nothing in it runs on the wall clock: `advance` lets seconds pass for every device, carries what
they send across the hub, and comes back when the air is quiet again. Only a board whose own time
passes is not told of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from host_tools import fragments
from host_tools.bench import BenchClient, BenchError, open_transport
from host_tools.example import ELECTRICITY_STATE, EUIS, GAS_STATE
from host_tools.gbcs.times import iso_2000, parse_iso, seconds_2000
from host_tools.gbcs.zcl_ids import CURRENT_SUMMATION_DELIVERED, METERING, key
from host_tools.han.frame import Frame, FrameError, from_octets, to_octets
from host_tools.han.framelog import LogWriter
from host_tools.han.hub import Hub
from host_tools.home_boards import DISPLAYS, HomeBoard, HomeBoards
from host_tools.roles import SLEEPY

__all__ = ["BoardLost", "Home", "HomeDevice"]

# Virtual time begins here: 2000-01-01 in Unix milliseconds, for frame logs.
_EPOCH_MS = 946_684_800_000
# Exchanges that one moment may bring before it counts as a storm.
_ROUNDS = 1000

_HALF_HOUR = 1800
_METERS = ("esme", "gsme")
# Seconds between two looks at whether a board has been found.
_GLANCE = 0.1

Json = dict[str, Any]


class BoardLost(BenchError):
    """A board is gone, silent or talks nonsense: the home can go on without it."""

    def __init__(self, device: HomeDevice, cause: BenchError) -> None:
        super().__init__(f"{device.board}: {cause}")
        self.device = device
        self.cause = str(cause)


@dataclass
class HomeDevice:
    """One device of the home; `board` where it is one, else it is a process."""

    role: str
    eui: str
    client: BenchClient
    board: HomeBoard | None = None
    sent: list[Frame] = field(default_factory=list[Frame])
    # For a board that comes back: what it was loaded with, where a meter's register stood last.
    loaded: tuple[Json | None, Json | None, Json] = (None, None, {})
    register: int | None = None

    def control(self, verb: str, document: Any = None) -> dict[str, Any]:
        """A bench link control event; BoardLost where that fails at a board."""
        with self.asked():
            return self.client.control(verb, document)

    def advance(self, seconds: int) -> None:
        """Let time pass; a board whose own time passes is only listened to."""
        with self.asked():
            if self.board is not None and self.board.ticks:
                self.client.control("HELLO")
            else:
                self.client.advance(seconds)

    @contextmanager
    def asked(self) -> Generator[None]:
        """Tell an error of a board from one of a process."""
        try:
            yield
        except BenchError as error:
            if self.board is None:
                raise
            raise BoardLost(self, error) from error


class Home:
    """Devices, the hub between them, and the time (seconds since 2000) that they share.

    A board that is lost is in `lost` until it is back; `on_board(role, text)` hears of both.
    """

    def __init__(
        self,
        hub: Hub,
        now: int,
        engine: str = "unix",
        log: LogWriter | None = None,
        boards: HomeBoards | None = None,
    ):
        """`boards` have been opened; the home begins at the latest of their times."""
        self.hub = hub
        self.now = now if boards is None else boards.latest(now)
        self.engine = engine
        self.log = log
        self.boards = {} if boards is None else boards.by_role
        own = {role: board.eui for role, board in self.boards.items() if board.eui}
        self.euis: dict[str, str] = {**EUIS, **own}
        self.devices: dict[str, HomeDevice] = {}
        self.lost: dict[str, HomeDevice] = {}
        self.on_board: Callable[[str, str], None] = lambda _role, _text: None
        self.frames = 0
        self._watchers: list[Callable[[Frame], None]] = []

    def __enter__(self) -> Home:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """End every device process, and let go of the boards."""
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
        state: Json | None = None,
        keys: Json | None = None,
        inputs: Json | None = None,
        store: str | None = None,
    ) -> HomeDevice:
        """Start a device process, or take the board of the role; load it, put it on the hub.

        A board of its own identity is given the time and its inputs only.
        """
        board = self.boards.get(role)
        loaded = (state, keys, inputs or {})
        if board is None:
            client = BenchClient(open_transport(role, self.engine, store))
        else:
            client = board.take()
            loaded = board.given(*loaded)
        device = HomeDevice(role, eui, client, board, loaded=loaded)
        self._join(device)
        if self.log is not None:
            self.log.device(int(eui, 16), role)
        self._load(device)
        self.settle()
        return device

    def pair(self, device: HomeDevice) -> None:
        """Pair a display with both meters of the home."""
        for fuel, meter in (("electricity", "esme"), ("gas", "gpf")):
            device.control("SET", {"pair": {"fuel": fuel, "eui": self.euis[meter]}})
        self.settle()

    def remove(self, role: str) -> None:
        """Take a device off the hub and end its process, as pulling its plug would."""
        device = self.devices.pop(role)
        self.hub.detach(int(device.eui, 16))
        device.client.transport.close()

    def _join(self, device: HomeDevice) -> None:
        device.client.on_frame = partial(self._heard, device)
        if device.role == "gsme":
            device.client.on_alert = self.pass_by
        if self.log is not None:
            device.client.on_line = partial(self._note_line, self.log, int(device.eui, 16))
        self.devices[device.role] = device
        self.hub.attach(int(device.eui, 16), sleepy=device.role in SLEEPY)

    def _load(self, device: HomeDevice) -> None:
        state, keys, inputs = device.loaded
        fragments.load(device.control, state, keys)
        if inputs:
            device.control("SET", inputs)

    # --- Boards that go and come back ------------------------------------------------------------

    def lose(self, lost: BoardLost) -> None:
        """Go on without a board, and look for it."""
        device = lost.device
        if self.devices.get(device.role) is not device or device.board is None:
            return  # known already
        self.remove(device.role)
        self.lost[device.role] = device
        device.board.search()
        self.on_board(device.role, f"{device.board} is gone: {lost.cause}")

    def restart(self, role: str) -> None:
        """Restart a board as its reset pin does; it is gone until it is back."""
        device = self.devices[role]
        with device.asked():
            device.client.restart()
        self.lose(BoardLost(device, BenchError("it restarts, as it was asked to")))

    def wait_for_board(self, role: str, seconds: float) -> None:
        """Wait so long at most, in real time, for a board to come back."""
        deadline = time.monotonic() + seconds
        while role in self.lost and time.monotonic() < deadline:
            self.look_for_boards()
            time.sleep(_GLANCE)

    def look_for_boards(self) -> None:
        """Take boards that have come back."""
        for role, device in list(self.lost.items()):
            board = device.board
            assert board is not None
            problem = board.problem()
            if problem:
                self.on_board(role, f"{board}: {problem}; it is not taken")
            client = board.found()
            if client is None:
                continue
            del self.lost[role]
            again = replace(device, client=client, sent=[])
            self._join(again)
            try:
                how = self._back(again)
            except BoardLost as lost:
                self.lose(lost)
            else:
                self.on_board(role, f"{board} is back: {how}")

    def _back(self, device: HomeDevice) -> str:
        """Bring a board that was gone up to now; says how it comes back."""
        state, keys, inputs = device.loaded
        told = device.control("QUERY", {"keys": True})
        if told.get("eui", "") not in ("", device.eui):
            raise BoardLost(device, BenchError(f"another board answers, {told['eui']}"))
        if not told.get("eui") or (keys is not None and "keys" not in told):
            if keys is None and device.role not in DISPLAYS:
                raise BoardLost(device, BenchError("it has lost its keys"))
            how = "it had kept nothing, and is loaded again"
            clock = {"clock": {"time": iso_2000(self.now), "status": "reliable"}}
            state = {**(state or {}), **(clock if "clock" in (state or {}) else {})}
            fragments.load(device.control, state, keys)
        else:
            how = self._on_time(device, told)
            inputs = {name: value for name, value in inputs.items() if name != "prepayment"}
        if inputs:
            device.control("SET", inputs)
        if device.role in DISPLAYS:
            self.pair(device)
        return how

    def _on_time(self, device: HomeDevice, told: Json) -> str:
        """A board with its clock has kept its power: its time has passed. Else it is told it."""
        if "time" in told and device.board is not None:
            behind = self.now - seconds_2000(parse_iso(told["time"]))
            if not device.board.ticks and behind > 0:
                with device.asked():
                    device.client.advance(behind)
            return "it had its power all the time"
        if device.role not in DISPLAYS:  # these have their time from the hub
            device.control("CLOCK", {"time": iso_2000(self.now), "status": "reliable"})
        if device.register is not None:  # a real meter measures on from its counter
            device.control("STATE", {"zcl": _register(device.role, device.register)})
        return "it has started again"

    def _note_registers(self) -> None:
        """Note where the registers of meters on boards stand."""
        for device in list(self.devices.values()):
            if device.board is not None and device.role in _METERS:
                with self.going_on():
                    told = device.control("QUERY")
                    device.register = told["summary"].get("register", device.register)

    def _note_line(self, log: LogWriter, eui: int, direction: str, line: str) -> None:
        log.bench_line(_EPOCH_MS + self.now_ms, eui, direction, line)

    # --- Time and frames -------------------------------------------------------------------------

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
            if self.lost:
                self.look_for_boards()
            passed = min(step, end - self.now)
            self.now += passed
            for device in list(self.devices.values()):
                if device.role not in paused:
                    with self.going_on():
                        device.advance(passed)
            self.settle()
            if self.boards and self.now // _HALF_HOUR != (self.now - passed) // _HALF_HOUR:
                self._note_registers()

    @contextmanager
    def going_on(self) -> Generator[None]:
        """Go on where a board is lost."""
        try:
            yield
        except BoardLost as lost:
            self.lose(lost)

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
        for device in list(self.devices.values()):
            if int(device.eui, 16) == eui:
                with self.going_on(), device.asked():
                    device.client.frame(to_octets(frame))
                return

    def command(self, role: str, message: bytes) -> bytes:
        """Give a device a GBCS command; its response (bench.Refusal where there is none)."""
        device = self.devices[role]
        if role == "gsme":
            self.pass_by(message)
        with device.asked():
            response = device.client.respond(message)
        if role == "gsme":
            self.pass_by(response)
        self.settle()
        return response

    def pass_by(self, message: bytes) -> None:
        """Show the proxy what passes between a remote party and the gas meter."""
        proxy = self.devices.get("gpf")
        if proxy is not None:
            with self.going_on(), proxy.asked():
                proxy.client.pass_by(message)


def _register(role: str, value: int) -> Json:
    """The register of a meter as a state has it."""
    metering = (ELECTRICITY_STATE if role == "esme" else GAS_STATE)[key(METERING)]
    number = key(CURRENT_SUMMATION_DELIVERED)
    return {key(METERING): {number: {**metering[number], "value": value}}}
