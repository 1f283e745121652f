"""The stage of `smets run`: test keys, a home in virtual time, and how an exchange is shown."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rich.text import Text

from host_tools.bench import Refusal
from host_tools.example import HUB_SEED, START, ExampleHome
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import from_seconds_2000, seconds_2000
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.remote import ResponseError
from host_tools.terminal import Console

__all__ = ["Stage"]


class Stage(ExampleHome):
    """Holds what the scenes share, and counts what was verified."""

    def __init__(self, console: Console, engine: str = "unix", seed: int = HUB_SEED) -> None:
        super().__init__()
        self.console = console
        self.engine = engine
        self.seed = seed
        self.verified = 0
        self.failed = 0
        self._counter = 1000

    @contextmanager
    def home(self, **faults: Any) -> Generator[Home]:
        """A home whose virtual time begins at START; its devices end with the block."""
        with Home(Hub(self.seed, **faults), seconds_2000(START), self.engine) as home:
            yield home

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
        target = bytes.fromhex(home.euis[role])
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
