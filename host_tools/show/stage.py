"""The stage of `smets run`: test keys, a home in virtual time, and how an exchange is shown."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from host_tools.bench import Refusal
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import from_seconds_2000, iso, seconds_2000
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.remote import RemoteParty, ResponseError
from host_tools.testkeys import HOME, make_home
from host_tools.testkeys import Home as HomeKeys

__all__ = ["EUIS", "Stage", "clock"]

SEED = "smets run"
# The virtual day on which everything happens: a Tuesday of the release's month.
START = datetime.fromisoformat("2022-11-01T10:10:00+00:00")
DISPLAYS = (("IHD", "02534D45545300B0"),)
EUIS = {kind.lower(): eui for kind, eui in (*HOME, *DISPLAYS)}


class Stage:
    """Holds what the scenes share, and counts what was verified."""

    def __init__(self, console: Console, engine: str = "unix", seed: int = 1) -> None:
        self.console = console
        self.engine = engine
        self.seed = seed
        self.keys: HomeKeys = make_home(seed=SEED)
        self.start = START
        self.verified = 0
        self.failed = 0
        self._counter = 1000

    def device_keys(self, role: str) -> dict[str, Any]:
        """KEYS.json of a device, its signing key included."""
        eui = EUIS[role]
        document = dict(self.keys.keys[eui])
        scalar = self.keys.signing[eui].private_numbers().private_value
        document["ds_private_key"] = f"{scalar:064x}"
        return document

    @contextmanager
    def home(self, **faults: Any) -> Generator[Home]:
        """A home whose virtual time begins at START; its devices end with the block."""
        with Home(Hub(self.seed, **faults), seconds_2000(START), self.engine) as home:
            yield home

    def party(self, role: str) -> RemoteParty:
        """A remote party that speaks to the devices."""
        return RemoteParty(self.keys.parties(), role)

    def exchange(
        self,
        home: Home,
        role: str,
        use_case: str,
        party: str = "supplier",
        params: dict[str, Any] | None = None,
        counter: int | None = None,
    ) -> Message | None:
        """Send a command to a device and verify the response; None where it is not genuine.

        `counter` is the originator counter, of a token; else the next one.
        """
        self._counter += 1
        remote = self.party(party)
        target = bytes.fromhex(EUIS[role])
        now = from_seconds_2000(home.now)
        command = remote.command(use_case, target, counter or self._counter, params, now)
        try:
            message = remote.verify(home.command(role, command), command)
        except (Refusal, DecodeError, ResponseError) as error:
            self.check(False, f"{use_case} to {role.upper()}: {error}")
            return None
        self.verified += 1
        return message

    def title(self, text: str) -> None:
        """Begin a scene."""
        self.console.rule(Text(text, style="bold"), align="left")

    def say(self, text: str) -> None:
        """A line of the story."""
        self.console.print(text, style="dim", highlight=False)

    def check(self, passed: bool, text: str) -> bool:
        """A line with a verdict; counts it."""
        if passed:
            self.verified += 1
        else:
            self.failed += 1
        mark = Text("ok    ", style="green") if passed else Text("FAILED", style="bold red")
        self.console.print(Text.assemble("  ", mark, " ", text))
        return passed


def clock(seconds: int) -> str:
    """A virtual time for people."""
    return iso(from_seconds_2000(seconds))
