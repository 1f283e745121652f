"""A month of the home with its view open: what memory it takes, and how often a page is told.

The figures are those of the stream that a page gets; that of this process is its resident set.
A month passes first: by then every log of half hours is full (31 days), and so are the caches.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Final, cast

from host_tools.bench import ProcessTransport
from host_tools.han.hub import Hub
from host_tools.web.feed import Feed
from host_tools.web.html import page
from host_tools.web.plugs import ROLES
from host_tools.web.server import RATE, Server
from host_tools.web.world import World

__all__ = ["Look", "Reader", "chromium", "live_through", "look"]

_WARM_UP: Final = 32  # days
_DAYS: Final = 30
# After each day some minutes go by more slowly, so that the PPMID sleeps and wakes, too.
_SLOWLY: Final = 1.0
# Growth that does not count. Of a device: what `smets soak` allows. Of a process: what the
# allocators of the engine and of CPython keep for themselves, whatever the time.
_SLACK: Final = 2048
_SLACK_RESIDENT: Final = 4096  # KB
# Of the page in Chromium: octets of its heap, and nodes of its document.
_SLACK_PAGE: Final = 1 << 20
_SLACK_NODES: Final = 2000


class Reader:
    """A page that looks on: reads the stream, keeps the latest of each topic, and counts."""

    def __init__(self, port: int) -> None:
        self.updates = self.octets = self.frames = 0
        self.known: dict[str, Any] = {}
        self._changed = Condition()
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._socket.sendall(f"GET /events HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    self.octets += len(line)
                    if line.startswith(b"data: "):
                        self._take(json.loads(line[6:]))
        except (OSError, ValueError):
            pass
        with self._changed:
            self.known.setdefault("stopped", "the stream has ended")
            self._changed.notify_all()

    def _take(self, update: dict[str, Any]) -> None:
        with self._changed:
            self.updates += 1
            self.frames += len(update.pop("frames", []))
            update.pop("log", None)
            self.known |= update
            self._changed.notify_all()

    def settled(self, acts: int) -> None:
        """Wait until so many acts are done and the time that they need is over."""

        def there() -> bool:
            home = cast("dict[str, Any]", self.known.get("home", {"busy": "not yet", "acts": 0}))
            return "stopped" in self.known or (not home["busy"] and home["acts"] >= acts)

        with self._changed:
            self._changed.wait_for(there)
            if "stopped" in self.known:
                raise RuntimeError(f"the home has stopped: {self.known['stopped']}")

    def close(self) -> None:
        """Close the page."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@contextmanager
def chromium(url: str) -> Generator[Callable[[], Figures] | None]:
    """The page in a real Chromium, where there is one: gives its heap and its DOM's size."""
    found = shutil.which("chromium")
    if found is None:
        yield None
        return
    from playwright.sync_api import sync_playwright

    from host_tools.web.picture import CHROMIUM_FLAGS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_FLAGS))
        tab = browser.new_page()
        tab.goto(url)
        session = cast(Any, tab.context.new_cdp_session(tab))
        session.send("Performance.enable")

        def figures() -> Figures:
            session.send("HeapProfiler.collectGarbage")
            metrics = cast(
                "list[dict[str, Any]]", session.send("Performance.getMetrics")["metrics"]
            )
            told = {item["name"]: int(item["value"]) for item in metrics}
            return told["JSHeapUsedSize"], told["Nodes"]

        yield figures
        browser.close()


Figures = tuple[int, int]
Look = dict[str, Figures]


def look(world: World, reader: Reader) -> Look:
    """By device: octets of heap in use, and KB resident; of "server" the latter only."""
    gc.collect()
    found: Look = {}
    for card in reader.known["devices"]:
        transport = world.home.devices[card["role"]].client.transport
        assert isinstance(transport, ProcessTransport)
        found[card["role"]] = (int(card["memory"]), _resident(transport.process.pid))
    found["server"] = (0, _resident(os.getpid()))
    return found


def _resident(process: int) -> int:
    text = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", text)
    assert found is not None
    return int(found[1])


def live_through(
    world: World, reader: Reader, days: int, acts: int = 0, slowly: float = _SLOWLY
) -> int:
    """Let days pass, a little of each as a page's 10 minutes a second; the acts done so far."""
    for _ in range(days):
        world.ask({"do": "speed", "speed": 600})
        time.sleep(slowly)
        world.ask({"do": "speed", "speed": 0})
        world.ask({"do": "pass", "days": 1})
        acts += 1
        reader.settled(acts)
    return acts


def main(days: int = _DAYS, warm_up: int = _WARM_UP) -> int:
    """Print the figures; 1 where something grew, or came more often than it may."""
    with tempfile.TemporaryDirectory(prefix="smets-") as folder:
        world = World(Path(folder), Feed(), Hub(1), speed=0, past=warm_up * 86400)
        server = Server(world.feed, page(0), world.ask)
        try:
            world.start()
            with chromium(server.url) as figures:
                good = _month(world, Reader(server.port), figures, days, warm_up)
        finally:
            world.close()
            server.close()
    return int(not good)


def _month(
    world: World, reader: Reader, figures: Callable[[], Figures] | None, days: int, warm_up: int
) -> bool:
    reader.settled(0)
    acts = live_through(world, reader, 1)
    before, updates, octets = look(world, reader), reader.updates, reader.octets
    frames, shown, begun = reader.known["home"]["frames"], reader.frames, time.monotonic()
    page_before = figures() if figures else (0, 0)
    live_through(world, reader, days, acts)
    took = time.monotonic() - begun
    after, page_after = look(world, reader), figures() if figures else (0, 0)
    reader.close()
    updates, octets = reader.updates - updates, reader.octets - octets
    print(
        f"{days} days in {took:.0f} s after {warm_up + 1} days before them; "
        f"{reader.known['home']['frames'] - frames} HAN frames, {reader.frames - shown} shown"
    )
    rate = updates / took
    print(
        f"{updates} updates, {rate:.1f} a second (at most {RATE}), {octets // updates} octets each"
    )
    good = _judge(before, after) and rate <= RATE
    if figures is None:
        print("page    not opened: no chromium here (Debian's package chromium)")
        return good
    heap, nodes = (new - old for new, old in zip(page_after, page_before, strict=True))
    print(
        f"page    in Chromium: heap {page_before[0]} octets before, {page_after[0]} after "
        f"({heap:+d}); {page_before[1]} nodes before, {page_after[1]} after ({nodes:+d})"
    )
    return good and heap <= _SLACK_PAGE and nodes <= _SLACK_NODES


def _judge(before: Look, after: Look) -> bool:
    good = True
    for name in (*ROLES, "server"):
        heap, resident = (after[name][at] - before[name][at] for at in (0, 1))
        words = f"resident {before[name][1]} KB before, {after[name][1]} KB after ({resident:+d})"
        if before[name][0]:
            told = f"{before[name][0]} octets before, {after[name][0]} after ({heap:+d})"
            words = f"heap in use {told}; {words}"
        print(f"{name.upper() if name in ROLES else name:<7} {words}")
        good = good and heap <= _SLACK and resident <= _SLACK_RESIDENT
    return good


if __name__ == "__main__":
    sys.exit(main(*(int(text) for text in sys.argv[1:3])))
