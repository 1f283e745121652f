"""A view from its start to its clean end, for `smets home --web` and `smets screen --web`."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, Protocol

from host_tools.bench import BenchError
from host_tools.example import EUIS
from host_tools.han.framelog import LogWriter
from host_tools.han.hub import Hub
from host_tools.home_boards import HomeBoards
from host_tools.web.feed import Feed
from host_tools.web.html import page
from host_tools.web.server import Server, check_address
from host_tools.web.world import World

__all__ = ["INTERRUPTED", "Shown", "serve", "show"]

# Exit status after a signal: 128 and its number, as of a shell.
INTERRUPTED = 128


class Shown(Protocol):
    """What a view shows; it may end by itself."""

    feed: Feed
    ended: Event
    failed: str  # why it ended by itself, "" where nothing was wrong

    def start(self) -> None:
        """Begin; BenchError where that is not possible."""
        ...

    def close(self) -> None:
        """End."""
        ...

    def ask(self, what: Mapping[str, Any]) -> str:
        """Do what a page asks; see server.Server."""
        ...


def serve(  # noqa: PLR0913 - what a page is served with
    shown: Shown,
    text: str,
    port: int,
    say: Callable[[str], None],
    name: str,
    option: str = "--port",
) -> int:
    """Serve a page until a signal, or the end of what it shows; the exit status.

    `text` is the page, `name` what is shown and by which command: "smets home: the home",
    `option` is what chooses the port.
    BenchError where it does not start, ServerError where the port is not available.
    """
    signals: list[int] = []
    command, _, what = name.partition(": ")
    with ExitStack() as stack:
        server = Server(shown.feed, text, shown.ask, port, option=option)
        stack.callback(server.close)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda signum, _frame: signals.append(signum))
        stack.callback(shown.close)
        try:
            if not signals:
                shown.start()
        except BenchError:
            # A Ctrl-C reaches the devices as well.
            if not signals:
                raise
        if not signals:
            what_is = f"{what[0].upper()}{what[1:]} is at {server.url}"
            say(f"{what_is} (this machine only). Ctrl-C ends it.")
        while not signals and not shown.ended.wait(0.2):
            pass
        if not signals and shown.failed:
            say(f"{command}: {what} has stopped: {shown.failed}")
            return 2
    return INTERRUPTED + signals[0] if signals else 0


def show(  # noqa: PLR0913 - what a view is started with
    hub: Hub,
    *,
    engine: str,
    seed: int,
    speed: int,
    port: int,
    address: str,
    until: int | None,
    log: Path | None,
    boards: Mapping[str, str],
    real: bool,
    say: Callable[[str], None],
) -> int:
    """Serve a home until a signal, its end or its failure; the exit status.

    `boards` are the places of boards by role; `real` allows those whose time passes by itself.

    BenchError where the devices do not start, ServerError where the port is not available.
    """
    check_address(address)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="smets-")))
        writer = None
        if log is not None:
            writer = LogWriter(stack.enter_context(log.open("w", encoding="ascii")))
        joined = stack.enter_context(HomeBoards(boards, folder))
        for board in joined.by_role.values():
            say(f"{board} starts.")
        joined.open(EUIS, real)
        world = World(
            folder, Feed(), hub, engine, seed, speed, log=writer, until=until, boards=joined
        )
        text = page(speed, world.offer)
        return serve(world, text, port, say, "smets home: the home")
