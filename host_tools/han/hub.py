"""A hub that joins HAN devices and injects faults: pure logic in virtual time.

Every link (source, destination) has its own random stream, derived from the seed, and every
frame on it takes a fixed number of draws. So the fate of the n-th frame of a link does not depend
on how devices interleave, and raising one fault rate does not reshuffle the others.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field, replace
from typing import Final

from host_tools.han.frame import Frame

REORDER_HOLD_MS: Final = 500  # longest wait of a frame picked to be overtaken
# How long a parent keeps a frame for a child that sleeps, and how long a child that has sent
# something goes on asking for what waits: our PPMID wakes each minute and waits 10 s for answers.
PARENT_HOLDS_MS: Final = 120_000
CHILD_ASKS_MS: Final = 10_000
_ODD_TAIL: Final = b"\x00\xff\x5a"  # appended by the corruption that makes a payload too long


@dataclass(slots=True)
class Statistics:
    """Counts of one hub; ``offered + duplicated == delivered + lost + dropped + in_flight``."""

    seed: int
    submitted: int = 0  # frames given to the hub
    offered: int = 0  # deliveries these ask for, after broadcast expansion
    delivered: int = 0
    lost: int = 0  # by the loss fault
    duplicated: int = 0  # extra copies
    delayed: int = 0  # deliveries with a delay above the lowest one
    reordered: int = 0  # deliveries that a later frame of the same link overtook
    corrupted: int = 0
    unrouted: int = 0  # unicast frames to an EUI-64 that is not attached
    dropped: int = 0  # destination detached, or asleep too long, while the frame was on its way
    waited: int = 0  # frames that a parent kept for a child asleep
    in_flight: int = 0

    def __str__(self) -> str:
        """One line, seed first, so that a run can be repeated from its print-out."""
        return (
            f"seed {self.seed}: {self.submitted} submitted, {self.offered} offered, "
            f"{self.delivered} delivered, {self.lost} lost, {self.duplicated} duplicated, "
            f"{self.delayed} delayed, {self.reordered} reordered, {self.corrupted} corrupted, "
            f"{self.unrouted} unrouted, {self.dropped} dropped, {self.in_flight} in flight"
        )


@dataclass(order=True, slots=True)
class _Delivery:
    due_ms: int
    order: int  # submission order settles ties
    destination: int = field(compare=False)
    frame: Frame = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


@dataclass(slots=True)
class _Link:
    stream: random.Random
    last_due_ms: int = 0  # a link is first in, first out unless a frame is reordered
    held: _Delivery | None = None  # waits to be overtaken


class Hub:
    """Joins devices by EUI-64 and loses, doubles, delays, reorders and corrupts their frames.

    ``loss``, ``duplicate``, ``reorder`` and ``corrupt`` are probabilities from 0 to 1 per
    delivery; ``delay`` is the (lowest, highest) transit time in milliseconds. Corruption changes
    the payload only and keeps the APS security flag: it stands for a faulty peer, as a MIC would
    stop a frame that the air changed.
    """

    def __init__(
        self,
        seed: int,
        loss: float = 0.0,
        duplicate: float = 0.0,
        delay: tuple[int, int] = (0, 0),
        reorder: float = 0.0,
        corrupt: float = 0.0,
    ) -> None:
        """Raise ValueError for a probability outside 0..1 or a negative or reversed delay."""
        for name, rate in (
            ("loss", loss),
            ("duplicate", duplicate),
            ("reorder", reorder),
            ("corrupt", corrupt),
        ):
            if not 0.0 <= rate <= 1.0:
                raise ValueError(f"{name} must be from 0 to 1")
        if not 0 <= delay[0] <= delay[1]:
            raise ValueError("delay must be (lowest, highest) milliseconds, not negative")
        self._loss = loss
        self._duplicate = duplicate
        self._delay = delay
        self._reorder = reorder
        self._corrupt = corrupt
        self._attached: dict[int, None] = {}  # a dict keeps the order of attachment
        self._awake_until: dict[int, int] = {}  # of the children that sleep
        self._parked: dict[int, list[_Delivery]] = {}
        self._links: dict[tuple[int, int], _Link] = {}
        self._queue: list[_Delivery] = []
        self._order = 0
        self._statistics = Statistics(seed)

    @property
    def statistics(self) -> Statistics:
        """A copy of the counts so far, with the seed."""
        return replace(self._statistics)

    @property
    def attached(self) -> tuple[int, ...]:
        """The EUI-64s of the devices on the network, in order of attachment."""
        return tuple(self._attached)

    def attach(self, eui: int, sleepy: bool = False) -> None:
        """Put a device on the network; attaching it again changes nothing.

        Frames for a `sleepy` one wait at its parent until it polls, which it does while it waits
        for an answer: for CHILD_ASKS_MS after each frame that it sends. PARENT_HOLDS_MS old, a
        frame is given up.
        """
        self._attached[eui] = None
        if sleepy:
            self._awake_until.setdefault(eui, -1)
            self._parked.setdefault(eui, [])

    def detach(self, eui: int) -> None:
        """Take a device off the network: frames on their way to it are dropped when due."""
        self._attached.pop(eui, None)
        self._awake_until.pop(eui, None)
        parked = len(self._parked.pop(eui, ()))
        self._statistics.in_flight -= parked
        self._statistics.dropped += parked

    def submit(self, frame: Frame, now_ms: int) -> None:
        """Take a frame that a device sends at ``now_ms``.

        A broadcast or group frame goes to every attached device but its source. The source need
        not be attached, so that a test can forge one.
        """
        counts = self._statistics
        counts.submitted += 1
        self._polled(frame.source, now_ms)
        if frame.broadcast or frame.group:
            targets = [eui for eui in self._attached if eui != frame.source]
        elif frame.destination in self._attached:
            targets = [frame.destination]
        else:
            targets = []
            counts.unrouted += 1
        for destination in targets:
            counts.offered += 1
            self._send(frame, destination, now_ms)

    def due(self, now_ms: int) -> list[tuple[int, Frame]]:
        """Take out what is due by ``now_ms``: (destination EUI-64, frame), in order of arrival."""
        counts = self._statistics
        arrived: list[tuple[int, Frame]] = []
        while self._queue and self._queue[0].due_ms <= now_ms:
            delivery = heapq.heappop(self._queue)
            if delivery.cancelled:
                continue
            link = self._link(delivery.frame.source, delivery.destination)
            if link.held is delivery:
                link.held = None  # nothing overtook it in time
            if now_ms > self._awake_until.get(delivery.destination, now_ms):
                self._parked[delivery.destination].append(delivery)
                counts.waited += 1
                continue
            counts.in_flight -= 1
            if delivery.destination in self._attached:
                counts.delivered += 1
                arrived.append((delivery.destination, delivery.frame))
            else:
                counts.dropped += 1
        return arrived

    def next_due(self) -> int | None:
        """The time in milliseconds at which the next frame arrives, or None when none is due."""
        while self._queue and self._queue[0].cancelled:
            heapq.heappop(self._queue)
        return self._queue[0].due_ms if self._queue else None

    def _polled(self, child: int, now_ms: int) -> None:
        """A child that sleeps has sent something: what waits for it is due now."""
        if child not in self._awake_until:
            return
        self._awake_until[child] = now_ms + CHILD_ASKS_MS
        parked, self._parked[child] = self._parked[child], []
        for delivery in parked:
            if delivery.due_ms + PARENT_HOLDS_MS < now_ms:
                self._statistics.in_flight -= 1
                self._statistics.dropped += 1
            else:
                delivery.due_ms = now_ms
                heapq.heappush(self._queue, delivery)

    def _link(self, source: int, destination: int) -> _Link:
        key = (source, destination)
        link = self._links.get(key)
        if link is None:
            name = f"{self._statistics.seed}/{source:016X}/{destination:016X}"
            link = self._links[key] = _Link(random.Random(name))
        return link

    def _send(self, frame: Frame, destination: int, now_ms: int) -> None:
        counts = self._statistics
        link = self._link(frame.source, destination)
        draw = link.stream.random
        lost = draw() < self._loss
        doubled = draw() < self._duplicate
        reordered = draw() < self._reorder
        transits = (self._transit(draw()), self._transit(draw()))
        corrupted = draw() < self._corrupt
        how, where, which = draw(), draw(), draw()
        if doubled:
            counts.duplicated += 1
        if corrupted and frame.payload and (doubled or not lost):
            frame = replace(frame, payload=_damage(frame.payload, how, where, which))
            counts.corrupted += 1
        if lost:
            counts.lost += 1
        else:
            self._schedule(link, frame, destination, now_ms + transits[0], reordered)
        if doubled:  # a copy of a lost frame still arrives, as a retry would
            self._schedule(link, frame, destination, now_ms + max(transits), False)
        counts.delayed += (not lost and transits[0] > self._delay[0]) + (
            doubled and max(transits) > self._delay[0]
        )

    def _schedule(
        self, link: _Link, frame: Frame, destination: int, due_ms: int, hold: bool
    ) -> None:
        self._statistics.in_flight += 1
        due_ms = max(due_ms, link.last_due_ms)
        if hold and link.held is None:
            link.held = self._push(due_ms + REORDER_HOLD_MS, destination, frame)
            return
        link.last_due_ms = due_ms
        self._push(due_ms, destination, frame)
        held = link.held
        if held is not None and due_ms < held.due_ms and frame is not held.frame:
            held.cancelled = True
            link.held = None
            # Right behind the frame that overtook it, but no earlier than its own transit allows.
            link.last_due_ms = max(due_ms, held.due_ms - REORDER_HOLD_MS)
            self._push(link.last_due_ms, destination, held.frame)
            self._statistics.reordered += 1

    def _push(self, due_ms: int, destination: int, frame: Frame) -> _Delivery:
        self._order += 1
        delivery = _Delivery(due_ms, self._order, destination, frame)
        heapq.heappush(self._queue, delivery)
        return delivery

    def _transit(self, fraction: float) -> int:
        lowest, highest = self._delay
        return lowest + int(fraction * (highest - lowest + 1))


def _damage(payload: bytes, how: float, where: float, which: float) -> bytes:
    """Flip one bit (half of the cases), cut the payload short or add octets (a quarter each)."""
    position = int(where * len(payload))
    if how < 0.5:
        changed = bytearray(payload)
        changed[position] ^= 1 << int(which * 8)
        return bytes(changed)
    if how < 0.75:
        return payload[:position]
    return payload + _ODD_TAIL[: 1 + int(which * len(_ODD_TAIL))]
