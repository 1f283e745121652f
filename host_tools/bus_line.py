"""A wire for the UARTs of virtual boards: who speaks is heard by all others, faults included.

Octets take the time that they take at the wire's speed. Where two boards speak at once, nobody
hears either. Every link (sender, receiver) has a random stream of its own, derived from the seed.
"""

from __future__ import annotations

import contextlib
import os
import random
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

__all__ = ["BusLine"]

_END = 0xC0
_CHUNK = 4096


@dataclass
class _Tap:
    """One board's end of the wire."""

    ours: socket.socket
    board: socket.socket
    partial: bytearray = field(default_factory=bytearray)
    said: deque[tuple[float, bytes]] = field(default_factory=deque[tuple[float, bytes]])
    until: float = 0.0  # its last octet is on the wire so long
    spoiled: bool = False
    held: dict[int, bytes] = field(default_factory=dict[int, bytes])


class BusLine:
    """The wire. `loss`, `double` and `overtake` are probabilities for each frame and receiver.

    A lost frame arrives with an octet turned over, as noise does it. Counts: `frames` that boards
    sent, `lost`, `doubled`, `overtaken` (each for a receiver), `collisions` (frames). With `echo`
    a board hears itself, as on one wire that is pulled up. Use as a context manager, or `close`.
    """

    def __init__(
        self,
        seed: int,
        baudrate: int = 1_000_000,
        loss: float = 0.0,
        double: float = 0.0,
        overtake: float = 0.0,
        echo: bool = False,
    ) -> None:
        self.frames = self.lost = self.doubled = self.overtaken = self.collisions = 0
        self.last = 0.0  # time.monotonic() of the last octet
        self._seed = seed
        self.baudrate = baudrate
        self.echo = echo
        self._octet = 10 / baudrate
        self._rates = (loss, double, overtake)
        self._taps: list[_Tap] = []
        self._streams: dict[tuple[int, int], random.Random] = {}
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="bus line", daemon=True)
        self._thread.start()

    def __enter__(self) -> BusLine:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def attach(self) -> int:
        """A descriptor that is a UART on this wire, for a board; reading it never waits."""
        ours, board = socket.socketpair()
        ours.setblocking(False)
        board.setblocking(False)
        with self._lock:
            self._taps.append(_Tap(ours, board))
            self._selector.register(ours, selectors.EVENT_READ, len(self._taps) - 1)
        return board.fileno()

    def close(self) -> None:
        """Cut the wire."""
        self._closing = True
        self._thread.join()
        self._selector.close()
        for tap in self._taps:
            tap.ours.close()
            tap.board.close()

    def _run(self) -> None:
        while not self._closing:
            with self._lock:
                due = min((tap.said[0][0] for tap in self._taps if tap.said), default=None)
            wait = 0.05 if due is None else max(0.0, due - time.monotonic())
            events = self._selector.select(wait)
            with self._lock:
                for key, _ in events:
                    self._hear(key.data)
                self._deliver(time.monotonic())

    def _hear(self, index: int) -> None:
        """A board has spoken."""
        tap = self._taps[index]
        now = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            tap.partial += os.read(tap.ours.fileno(), _CHUNK)
        while (end := tap.partial.find(_END, 1)) > 0:
            frame = bytes(tap.partial[: end + 1])
            del tap.partial[: end + 1]
            self.frames += 1
            begins = max(now, tap.until)
            others = [other for other in self._taps if other is not tap and other.until > begins]
            tap.spoiled = bool(others) or (tap.spoiled and tap.until > now)
            for other in others:
                other.spoiled = True
            tap.until = begins + len(frame) * self._octet
            tap.said.append((tap.until, frame))
            if not others:
                # Its beginning tells the others that the wire is taken.
                self._send_all(index, bytes((_END,)))

    def _deliver(self, now: float) -> None:
        for index, tap in enumerate(self._taps):
            while tap.said and tap.said[0][0] <= now:
                frame = tap.said.popleft()[1]
                self.last = now
                if tap.spoiled:
                    self.collisions += 1
                    self._send_all(index, frame[1:3] + frame[-1:])
                else:
                    self._spread(index, tap, frame)
            if not tap.said:
                tap.spoiled = False

    def _send_all(self, index: int, octets: bytes) -> None:
        for other, tap in enumerate(self._taps):
            if other != index or self.echo:
                self._send(tap, octets)

    def _spread(self, index: int, tap: _Tap, frame: bytes) -> None:
        for other, target in enumerate(self._taps):
            if other == index:
                if self.echo:
                    self._send(target, frame)
                continue
            stream = self._streams.setdefault(
                (index, other), random.Random(f"{self._seed}/{index}/{other}")
            )
            lost, doubled, overtaken = (stream.random() < rate for rate in self._rates)
            if lost:
                self.lost += 1
                frame_there = frame[:9] + bytes((frame[9] ^ 0x10,)) + frame[10:]
                self._send(target, frame_there)
            elif overtaken and other not in tap.held:
                tap.held[other] = frame
                continue
            else:
                self._send(target, frame)
            if doubled and not lost:
                self.doubled += 1
                self._send(target, frame)
            late = tap.held.pop(other, b"")
            if late:
                self.overtaken += 1
                self._send(target, late)

    def _send(self, tap: _Tap, octets: bytes) -> None:
        # A board that does not read loses octets, as a UART does.
        with contextlib.suppress(BlockingIOError):
            tap.ours.send(octets)
