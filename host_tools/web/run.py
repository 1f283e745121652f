"""`smets home --web` from its start to its clean end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from host_tools.bench import BenchError
from host_tools.han.framelog import LogWriter
from host_tools.han.hub import Hub
from host_tools.web.feed import Feed
from host_tools.web.html import page
from host_tools.web.server import Server, check_address
from host_tools.web.world import World

__all__ = ["INTERRUPTED", "show"]

# Exit status after a signal: 128 and its number, as of a shell.
INTERRUPTED = 128


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
    say: Callable[[str], None],
) -> int:
    """Serve a home until a signal, its end or its failure; the exit status.

    BenchError where the devices do not start, ServerError where the port is not available.
    """
    check_address(address)
    signals: list[int] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="smets-")))
        writer = None
        if log is not None:
            writer = LogWriter(stack.enter_context(log.open("w", encoding="ascii")))
        world = World(folder, Feed(), hub, engine, seed, speed, log=writer, until=until)
        server = Server(world.feed, page(speed), world.ask, port)
        stack.callback(server.close)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda signum, _frame: signals.append(signum))
        stack.callback(world.close)
        try:
            if not signals:
                world.start()
        except BenchError:
            # A Ctrl-C reaches the devices as well.
            if not signals:
                raise
        if not signals:
            say(f"The home is at {server.url} (this machine only). Ctrl-C ends it.")
        while not signals and not world.ended.wait(0.2):
            pass
        if not signals and world.failed:
            say(f"smets home: the home has stopped: {world.failed}")
            return 2
    return INTERRUPTED + signals[0] if signals else 0
