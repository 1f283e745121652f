"""The home behind the view: one thread that lets time pass, does what is asked, and tells a feed.

Only that thread talks to the devices. What a page asks waits in a short queue until it is done.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, Final

from host_tools.bench import BenchError
from host_tools.example import START
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import decode
from host_tools.gbcs.times import iso_2000, seconds_2000
from host_tools.gbcs.zcl_ids import METERING, key
from host_tools.han.describe import describe
from host_tools.han.frame import Frame
from host_tools.han.framelog import LogWriter
from host_tools.han.hub import Hub
from host_tools.home import BoardLost, Home, HomeDevice
from host_tools.home_boards import HomeBoards
from host_tools.screen_link import PANELS, ScreenLink
from host_tools.show.stage import Stage
from host_tools.show.voltage import event_of
from host_tools.terminal import Console
from host_tools.voltage.codes import code_name
from host_tools.web import mains
from host_tools.web.cards import card, kept
from host_tools.web.feed import Feed, screen_topic
from host_tools.web.offer import ACTS, SPEEDS, devices_of, offer_of
from host_tools.web.plots import Plots
from host_tools.web.plugs import ROLES, cut, plug_in
from host_tools.web.server import RATE, Busy, asked_key

__all__ = ["World"]

_HALF_HOUR: Final = 1800
# Steps of time that nobody watches: before the view, and after an act.
_PAST_STEP: Final = 600
_AHEAD_STEP: Final = 20
# Frames that are decoded for the page in one update; the others are counted.
_MOST_FRAMES: Final = 12
# Seconds for which the power is cut; until a display has asked everything again; of a sag in the
# next half hour; until every display has asked for a tenancy (an IHD does so once an hour).
_CUT: Final = 300
_SETTLED: Final = 180
_SAG: Final = 900
_TENANCY: Final = 3660
# Seconds between two questions to a display what it holds: it counts a long history for that.
_GLANCE: Final = 2.0
# Seconds of real time that a board may take to start.
_BOOT: Final = 30.0
# Days that may pass at once.
_MOST_DAYS: Final = 31
# Requests that may wait, and seconds until one is given up.
_WAITING: Final = 16
_PATIENCE: Final = 30.0
# Real time that counts as passed between two rounds at most, in seconds.
_LONGEST: Final = 1.0


class _Request:
    """A request of a page, and its outcome."""

    def __init__(self, what: Mapping[str, Any]) -> None:
        self.what = what
        self.done = Event()
        self.said = ""
        self.problem: Exception | None = None


class _WebStage(Stage):
    """A stage that keeps the last thing that went wrong, and prints nothing."""

    def __init__(self, engine: str, seed: int) -> None:
        super().__init__(Console(quiet=True), engine, seed)
        self.wrong = ""

    def check(self, passed: bool, text: str) -> bool:
        if not passed:
            self.wrong = text
        return super().check(passed, text)


class World:
    """A home of five devices, its time, and its feed."""

    def __init__(  # noqa: PLR0913 - what a home is made from
        self,
        folder: Path,
        feed: Feed,
        hub: Hub,
        engine: str = "unix",
        seed: int = 1,
        speed: int = 60,
        past: int = 2 * 86400,
        log: LogWriter | None = None,
        until: int | None = None,
        boards: HomeBoards | None = None,
    ) -> None:
        """`past` seconds pass as fast as they can before the view begins at `speed`.

        The world ends by itself after `until` further seconds. `boards` have been opened; where
        the time of one passes by itself, there is no past, and no other speed than real time.
        """
        self.feed = feed
        self.speed = speed
        self.failed = ""  # why it ended by itself
        self._folder = folder
        self._stage = _WebStage(engine, seed)
        self._ring = self._stage.keys.ring()
        self.home = Home(hub, seconds_2000(START), engine, log, boards)
        self.home.on_board = self._board
        self.offer = offer_of(self.home)
        if self.offer.live:
            self.speed, past = 1, 0
        self._until = None if until is None else self.home.now + past + until
        self._ahead = self._quick = self.home.now + past
        self._why = "some days pass, so that there is something to see" if past else ""
        self._acts_done = 0
        self._later: list[tuple[int, Callable[[], None]]] = []
        self._off: dict[str, dict[str, Any]] = {}  # devices without power: what they held
        self._clock_lost = False
        self._sag_until = 0
        self._owed = 0.0
        self._looked = time.monotonic()
        self._frames: deque[tuple[int, Frame]] = deque(maxlen=_MOST_FRAMES)
        self._sent = dict.fromkeys(ROLES, 0)
        self._passed = 0  # frames since the last update
        self._serial = 0
        self._screens: dict[str, ScreenLink] = {}
        self._arrived = False  # whether the time has just passed that an act needs
        self._glanced: dict[str, tuple[float, dict[str, Any]]] = {}
        self._last: dict[str, dict[str, Any]] = {}
        self._notices: dict[str, bool] = {}
        self.plots = Plots()
        self._requests: Queue[_Request] = Queue(_WAITING)
        self._stop = Event()
        self.ended = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._names = {int(eui, 16): role.upper() for role, eui in self.home.euis.items()}
        self._acts: dict[str, Callable[[Mapping[str, Any]], str]] = {
            "speed": self._set_speed,
            "key": self._key,
            "tenancy": self._tenancy,
            "clock": self._clock,
            "cut": self._cut,
            "sag": self._sag,
            "pass": self._pass_days,
            "reset": self._reset,
        }
        for name in ACTS:
            if name not in self.offer.acts:
                del self._acts[name]

    # --- From other threads --------------------------------------------------------------------

    def start(self) -> None:
        """Plug the devices in and let time pass; BenchError where they do not start."""
        try:
            for role in ("gpf", "gsme", "esme", "ihd", "ppmid"):
                self._plug_in(role)
        except BaseException:
            self.home.close()
            raise
        self.home.watch(self._seen)
        self._thread.start()

    def close(self) -> None:
        """End the home and every process of it."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.home.close()

    def ask(self, what: Mapping[str, Any]) -> str:
        """Do what a page asks; says what was done. ValueError or Busy where nothing was."""
        name = what.get("do")
        if name not in self._acts:
            raise ValueError(f"do: not one of {', '.join(self._acts)}")
        request = _Request(what)
        try:
            self._requests.put_nowait(request)
        except Full:
            raise Busy("too much is waiting to be done already") from None
        patient = time.monotonic() + _PATIENCE
        while not request.done.wait(0.2):
            if self.ended.is_set() or time.monotonic() > patient:
                raise Busy("the home does not answer")
        if request.problem is not None:
            raise request.problem
        return request.said

    # --- The thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        self._looked = time.monotonic()
        try:
            self._say("home", f"Five devices start: {devices_of(self.offer)}.")
            while not self._stop.is_set():
                begun = time.monotonic()
                self.home.look_for_boards()
                with self.home.going_on():
                    self._pass(begun)
                with self.home.going_on():
                    self._publish()
                if self._until is not None and self.home.now >= self._until:
                    return
                self._serve(begun + 1 / RATE)
        except (BenchError, OSError) as error:
            # A Ctrl-C reaches the devices as well: then they are gone because they should be.
            if not self._stop.wait(1.0):
                self.failed = str(error)
                self.feed.put("stopped", self.failed)
        finally:
            self.ended.set()
            self._give_up()

    def _give_up(self) -> None:
        while True:
            try:
                request = self._requests.get_nowait()
            except Empty:
                return
            request.problem = Busy("the home has stopped")
            request.done.set()

    def _serve(self, until: float) -> None:
        """Do what is asked until a time of the real clock."""
        while not self._stop.is_set():
            try:
                request = self._requests.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return
            try:
                request.said = self._acts[request.what["do"]](request.what)
            except (ValueError, Busy) as error:
                request.problem = error
            except BoardLost as lost:
                self.home.lose(lost)
                request.problem = Busy(str(lost))
            except BaseException:
                request.problem = Busy("the home has stopped")
                raise
            finally:
                request.done.set()

    def _pass(self, now: float) -> None:
        """Let as much time pass as is due, or as fits between two updates."""
        home = self.home
        passed, self._looked = min(now - self._looked, _LONGEST), now
        self._owed += self.speed * passed
        if home.now < self._ahead:
            self._owed = 0.0
        end = max(self._ahead, home.now + int(self._owed))
        if self._until is not None:
            end = min(end, self._until)
        step = SPEEDS[self.speed]
        if home.now < self._ahead:
            step = _PAST_STEP if home.now < self._quick else _AHEAD_STEP
        begun = home.now
        while home.now < end and not self._stop.is_set():
            self._slice(end, step)
            if time.monotonic() > now + 1 / RATE:
                break
        self._owed = min(max(self._owed - (home.now - begun), 0.0), 1.0 * self.speed)
        if home.now >= self._ahead and self._why:
            self._why = ""
            self._arrived = True

    def _slice(self, end: int, step: int) -> None:
        """Some time, not beyond a half hour or what is to be done later."""
        home = self.home
        boundary = (home.now // _HALF_HOUR + 1) * _HALF_HOUR
        due = [when for when, _ in self._later]
        until = min(end, boundary, home.now + 10 * step, *due)
        home.advance(until - home.now, step)
        if "gpf" in home.devices:
            self._look("gpf")
            self.plots.age(home.now, self._last["gpf"]["stamp"])
        if home.now == boundary:
            self._half_hour()
        ripe = [what for when, what in self._later if when <= home.now]
        self._later = [one for one in self._later if one[0] > home.now]
        for what in ripe:
            with self.home.going_on():
                what()

    def _half_hour(self) -> None:
        """A period of every log has ended: read the voltage, and draw something else."""
        if "esme" in self.home.devices and "sag" in self.offer.acts:
            self._read_voltage()
        self._drive()

    def _drive(self) -> None:
        now = self.home.now
        for role, inputs in (
            ("esme", {"voltage": mains.wave(now, self._sag_until)}),
            ("esme", {"draw": mains.electricity(now)}),
            ("gsme", {"draw": mains.gas(now)}),
        ):
            if role in self.home.devices:
                self.home.devices[role].control("SET", inputs)
        if "esme" in self.home.devices:
            metering = {"zcl": {key(METERING): mains.demand(now)}}
            self.home.devices["esme"].control("STATE", metering)

    def _read_voltage(self) -> None:
        """The network operator reads what is new in the log (ECS23)."""
        ranged = {"from": self.plots.newest + 1, "to": self.home.now}
        exchange = self._stage.exchange
        message = exchange(self.home, "esme", "ECS23", "network_operator", ranged)
        if message is None:
            self._say("operator", f"ECS23 failed: {self._stage.wrong}")
        else:
            self.plots.voltage(message)

    def _alert(self, octets: bytes) -> None:
        """An alert to the network operator: genuine ones are told."""
        try:
            message = decode(octets, self._ring)
            genuine = message.checks and all(check.passed for check in message.checks)
            code, when = event_of(message)
        except (DecodeError, AssertionError, IndexError, ValueError) as error:
            self._say("operator", f"an alert of the ESME is not readable: {error}")
            return
        words = f"alert {code:04X}, {code_name(code) or 'another event'}"
        verified = "its MAC is genuine" if genuine else "its MAC is wrong"
        self._say("operator", f"The ESME sends {words}, of {iso_2000(when)}; {verified}.")
        if genuine:
            self.plots.event(when, code)

    # --- Devices -------------------------------------------------------------------------------

    def _plug_in(self, role: str) -> None:
        held = self._off.pop(role, {})
        device = plug_in(
            self._stage,
            self.home,
            role,
            self._folder,
            register=held.get("register"),
            clock_lost=role == "gsme" and self._clock_lost,
        )
        self._taken(device)

    def _taken(self, device: HomeDevice) -> None:
        """A device is there, for the first time or again."""
        role = device.role
        self._screens.pop(role, None)
        self._glanced.pop(role, None)
        if role == "esme":
            device.client.on_alert = self._alert
            if "sag" in self.offer.acts:
                self._thresholds()
        if role in ("esme", "gsme"):
            self._drive()

    def _board(self, role: str, text: str) -> None:
        """A board is gone, or is back."""
        self._say("board", f"{text}.")
        if role in self.home.devices:
            with self.home.going_on():
                self._taken(self.home.devices[role])

    def _thresholds(self) -> None:
        message = self._stage.exchange(self.home, "esme", "ECS26b", "network_operator")
        if message is not None:
            self.plots.voltage(message)

    def _look(self, role: str) -> dict[str, Any]:
        """A device's own words of itself (QUERY); the summary is kept."""
        told = self.home.devices[role].control("QUERY")
        self._last[role] = told["summary"]
        return told

    def _glance(self, role: str) -> dict[str, Any]:
        """The result of `_look`; seldom that of a display, which counts its history for it."""
        now = time.monotonic()
        when, told = self._glanced.get(role, (0.0, {}))
        if role not in PANELS or self._arrived or now - when >= _GLANCE:
            told = self._look(role)
            self._glanced[role] = now, told
        return told

    def _seen(self, frame: Frame) -> None:
        self._passed += 1
        self._frames.append((self.home.now, frame))
        role = self._names.get(frame.source, "").lower()
        if role in self._sent:
            self._sent[role] += 1

    # --- What a page asks ----------------------------------------------------------------------

    def _set_speed(self, what: Mapping[str, Any]) -> str:
        speed = what.get("speed")
        speeds = self.offer.speeds
        if type(speed) is not int or speed not in speeds:
            raise ValueError(f"speed: not one of {', '.join(str(one) for one in speeds)}")
        self.speed = speed
        self._owed = 0.0
        return "Time stands still." if not speed else f"{speed} s of the home pass each second."

    def _key(self, what: Mapping[str, Any]) -> str:
        role, key = asked_key(what, PANELS)
        self._needs(role)
        self._show(role, [key])
        self.home.settle()
        return f"{role.upper()}: {key}"

    @contextmanager
    def _act(self) -> Generator[None]:
        """An act that lets time pass ahead; one at a time."""
        if self.home.now < self._ahead:
            raise Busy(f"wait: {self._why}")
        yield
        self._acts_done += 1
        self._publish()

    def _needs(self, *roles: str) -> None:
        """Busy where one of these devices is not there."""
        for role in roles:
            if role in self.home.lost and role not in self._off:
                raise Busy(f"the board of the {role.upper()} is gone")
            if role not in self.home.devices:
                raise Busy(f"the {role.upper()} has no power")

    def _go_ahead(self, seconds: int, why: str) -> None:
        if self.offer.live:
            return  # time cannot be hurried
        self._ahead = self.home.now + seconds
        self._why = why

    def _to_half_hour(self, further: int = 10) -> int:
        """Seconds until a little after the next half hour."""
        return _HALF_HOUR - self.home.now % _HALF_HOUR + further

    def _tenancy(self, what: Mapping[str, Any]) -> str:
        with self._act():
            self._needs("esme", "gpf")
            date = iso_2000(self.home.now)
            for role, use_case, params in (
                ("esme", "ECS12", {"restrictDataDateTime": date}),
                ("gpf", "GCS09", {"Implementation Date/Time": date}),
            ):
                if self._stage.exchange(self.home, role, use_case, params=params) is None:
                    raise Busy(f"the supplier's command was not answered: {self._stage.wrong}")
            text = f"The supplier sets a new tenancy from {date} at ESME (ECS12) and GPF (GCS09)."
            self._say("supplier", f"{text} Both answers are genuine.")
            self._go_ahead(_TENANCY, "an hour passes, in which both displays ask their meters")
        return text

    def _clock(self, what: Mapping[str, Any]) -> str:
        with self._act():
            self._needs("gsme")
            gsme = self.home.devices["gsme"]
            self._clock_lost = not self._clock_lost
            if self._clock_lost:
                gsme.control("CLOCK", {"time": None, "status": "invalid"})
                text = "The gas meter loses its clock: its reports carry no time from now on."
                self._go_ahead(_HALF_HOUR + 60, "half an hour passes until the gas meter reports")
            else:
                time_now = {"time": iso_2000(self.home.now), "status": "reliable"}
                gsme.control("CLOCK", time_now)
                text = "The gas meter has its time again."
                self._go_ahead(self._to_half_hour(), "time passes until the gas meter reports")
            self._say("gas", text)
        return text

    def _cut(self, what: Mapping[str, Any]) -> str:
        device = what.get("device", "mains")
        choices = (*(("mains",) if self.offer.mains else ()), *self.offer.cuts)
        if device not in choices:
            raise ValueError(f"device: not one of {', '.join(choices)}")
        with self._act():
            roles = self.offer.mains if device == "mains" else (str(device),)
            self._needs(*roles)
            for role in roles:
                self._off[role] = kept(role, self._look(role)["summary"])
                cut(self.home, role)
            held = {role: dict(self._off[role]) for role in roles}
            names = ", ".join(role.upper() for role in roles)
            text = f"The power is cut: {names} off, the processes killed."
            self._say("power", text)
            self._later.append((self.home.now + _CUT, lambda: self._restore(roles, held)))
            why = "five minutes pass without power, and three until all is read again"
            self._go_ahead(_CUT + _SETTLED, why)
        return text

    def _restore(self, roles: tuple[str, ...], held: dict[str, dict[str, Any]]) -> None:
        for role in sorted(roles, key=("gpf", "gsme", "esme", "ihd", "ppmid").index):
            board = self.home.boards.get(role)
            if board is None or board.hands is None:
                self._plug_in(role)
                continue
            self._off.pop(role)
            board.hands.power_on()
            self.home.wait_for_board(role, _BOOT)
        names = ", ".join(role.upper() for role in roles)
        self._say("power", f"The power is back after {_CUT // 60} minutes: {names} start again.")
        self._later.append((self.home.now + _SETTLED - 10, lambda: self._compare(held)))

    def _compare(self, held: dict[str, dict[str, Any]]) -> None:
        """Report what a device holds after a restart, and what it held before."""
        for role, before in held.items():
            if role not in self.home.devices:
                continue
            after = kept(role, self._look(role)["summary"])
            words = [
                f"{name} {value}" if after.get(name) == value else f"{name} {value}, now {now}"
                for name, value in before.items()
                if value is not None and (now := after.get(name)) is not None
            ]
            lost = [name for name, value in before.items() if value is not None]
            lost = [name for name in lost if after.get(name) is None]
            text = f"{role.upper()} still has {', '.join(words) or 'nothing to keep'}."
            self._say("power", text + (f" Not yet back: {', '.join(lost)}." if lost else ""))

    def _sag(self, what: Mapping[str, Any]) -> str:
        with self._act():
            self._needs("esme")
            now = self.home.now
            # Into the next half hour, which is a whole one whatever happened in this one.
            until = now + self._to_half_hour(_SAG)
            self._sag_until = until
            self._drive()
            volts = mains.voltage(now) * mains.SAG_PERMILLE // 1_000_000
            text = f"The voltage sags to {volts} V until {iso_2000(until)[11:16]}."
            self._say("power", text)
            seconds = self._to_half_hour() + _HALF_HOUR
            self._go_ahead(seconds, "time passes until the voltage log has the average of it")
        return text

    def _pass_days(self, what: Mapping[str, Any]) -> str:
        days = what.get("days", 1)
        if type(days) is not int or not 1 <= days <= _MOST_DAYS:
            raise ValueError(f"days: not from 1 to {_MOST_DAYS}")
        with self._act():
            text = "A day passes." if days == 1 else f"{days} days pass."
            self._say("home", text)
            self._go_ahead(86400 * days, text[0].lower() + text[1:-1])
            self._quick = self._ahead
        return text

    def _reset(self, what: Mapping[str, Any]) -> str:
        role = what.get("role")
        if role not in self.offer.resets:
            raise ValueError(f"role: not one of {', '.join(self.offer.resets) or 'no boards'}")
        self._needs(str(role))
        self.home.restart(str(role))
        return f"The {str(role).upper()} restarts."

    # --- Telling -------------------------------------------------------------------------------

    def _say(self, kind: str, text: str) -> None:
        row = {"time": iso_2000(self.home.now), "kind": kind, "text": text}
        self.feed.append("log", [row])

    def _publish(self) -> None:
        home = self.home
        cards: list[dict[str, Any]] = []
        for role in ROLES:
            told = self._glance(role) if role in home.devices else None
            cards.append(card(role, told, self._sent[role], self._where(role)))
        for role in PANELS:
            if role in home.devices:
                self._show(role, [])
            else:
                self._screens.pop(role, None)
                self.feed.put(f"screen_{role}", None)
        stamp = self._last.get("gpf", {}).get("stamp") if "gpf" in home.devices else None
        told = self.plots.changed(stamp)
        if told:
            self._say("gas", told)
        self._arrived = False
        self._tell_notices()
        self._tell_frames()
        self.feed.put("devices", cards)
        self.feed.put("voltage", self.plots.voltage_document())
        self.feed.put("stamp", self.plots.stamp_document(home.now, stamp))
        self.feed.put(
            "home",
            {
                "time": iso_2000(home.now),
                "speed": self.speed,
                "busy": self._why if home.now < self._ahead else "",
                "acts": self._acts_done,
                "clockLost": self._clock_lost,
                "frames": home.frames,
                "verified": self._stage.verified,
            },
        )

    def _where(self, role: str) -> str:
        """Where the board of a role is to be found, while it is gone; "" for what has no power."""
        gone = role in self.home.lost and role not in self._off
        return self.home.boards[role].where if gone else ""

    def _tell_notices(self) -> None:
        """Say when a display begins to show that data was cleared."""
        for role in PANELS:
            noticed = bool(self._last.get(role, {}).get("notices"))
            if noticed and not self._notices.get(role):
                self._say("display", f"The {role.upper()} has cleared what was of the old tenant.")
            self._notices[role] = noticed

    def _tell_frames(self) -> None:
        """The newest frames in words; how many others there were between."""
        shown = list(self._frames)
        self._frames.clear()
        skipped, self._passed = self._passed - len(shown), 0
        rows: list[dict[str, Any]] = []
        for when, frame in shown:
            told = describe(frame, self._names)
            self._serial += 1
            rows.append(
                {
                    "n": self._serial,
                    "time": iso_2000(when)[11:19],
                    "from": told.source,
                    "to": told.destination,
                    "cluster": told.cluster,
                    "command": told.command,
                    "carries": told.carries,
                    "octets": told.octets,
                    "wrong": told.wrong,
                    "skipped": 0,
                }
            )
        if rows:
            rows[0]["skipped"] = skipped
        self.feed.append("frames", rows)

    def _show(self, role: str, press: list[str]) -> None:
        """Press keys of a display and tell its pixels where they have changed."""
        if role not in self._screens:
            self._screens[role] = ScreenLink(self.home.devices[role].control, PANELS[role])
        if self._screens[role].look(press):
            self.feed.put(*screen_topic(role, self._screens[role].answer))
