"""One display for the view: its screen is looked at all the time, a page presses its keys."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event, Lock, Thread
from typing import Any

from host_tools.bench import BenchClient, BenchError
from host_tools.screen_link import PANELS, ScreenLink
from host_tools.web.feed import Feed, screen_topic
from host_tools.web.server import RATE, Busy, asked_key

__all__ = ["OneScreen"]


class OneScreen:
    """The screen of the display behind a bench link, as the feed of a page."""

    def __init__(self, client: BenchClient, role: str) -> None:
        """`role` is one of screen_link.PANELS."""
        self.feed = Feed()
        self.failed = ""  # why it ended by itself
        self.ended = Event()
        self._role = role
        self._screen = ScreenLink(client.control, PANELS[role])
        self._lock = Lock()  # one line at a time is with the device
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to look; BenchError where there is nothing to see."""
        self._look([])
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def ask(self, what: Mapping[str, Any]) -> str:
        """Press the key that a page asks for. ValueError or Busy where it was not pressed."""
        if what.get("do") != "key":
            raise ValueError("do: not one of key")
        _, key = asked_key(what, (self._role,))
        if self.ended.is_set():
            raise Busy("the display does not answer")
        try:
            self._look([key])
        except BenchError as error:
            self._fail(error)
            raise Busy(f"the display does not answer: {error}") from error
        return f"{self._role.upper()}: {key}"

    def _look(self, press: list[str]) -> None:
        with self._lock:
            if self._screen.look(press):
                self.feed.put(*screen_topic(self._role, self._screen.answer))

    def _run(self) -> None:
        while not self._stop.wait(1 / RATE) and not self.ended.is_set():
            try:
                self._look([])
            except BenchError as error:
                self._fail(error)

    def _fail(self, error: BenchError) -> None:
        self.failed = self.failed or str(error)
        self.feed.put("stopped", self.failed)
        self.ended.set()
