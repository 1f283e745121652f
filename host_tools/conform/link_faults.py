"""What goes wrong on the bench link itself, line by line: no check asks for it, each suffers.

A report tells it before all verdicts, since it explains many of them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from host_tools.conform.trace import TO_DEVICE
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.header import read
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node

__all__ = ["LinkFaults"]

_LINE = re.compile(r"([A-Z]+:[A-Z]+)#(\d{1,10}):(\d{1,7}):(.*)", re.DOTALL)
_OCTETS = ("GBCS:DATA", "GBCS:BLOCK", "GBCS:ALERT", "ZCL:FRAME")
# What a device says by itself, with numbers of its own.
_UNASKED = ("ZCL:FRAME", "GBCS:ALERT")
# The answers of each kind of line; LOG:ERROR answers all.
_ANSWERS = {
    "GBCS:DATA": ("GBCS:DATA", "GBCS:NONE", "GBCS:BLOCK"),
    "GBCS:BLOCK": ("GBCS:DATA", "GBCS:NONE", "GBCS:BLOCK"),
    "GBCS:PASS": ("GBCS:OK",),
    "ZCL:FRAME": ("ZCL:OK",),
}
_SHOWN = 60  # characters of an example
_KEPT = 5000  # lines to the device that are remembered


@dataclass
class _Sent:
    """A line to the device."""

    head: str
    at: float
    counter: int | None  # of a command
    answered: bool = False
    given_up: bool = False


def _counter(octets: str) -> int | None:
    """The originator counter of a message; None where it cannot be read."""
    try:
        reader = Reader(bytes.fromhex(octets))
        return read(reader, Node("message", 0, len(octets) // 2)).header.counter
    except (ValueError, DecodeError):
        return None


class LinkFaults:
    """Counts the faults of a link over all of a run, and over links that are opened again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent: dict[str, _Sent] = {}
        self._last: _Sent | None = None
        self._seen: dict[str, tuple[int, str]] = {}  # what: how often, the first example
        self._lines = 0
        self._silent = 0
        self._slowest = 0.0

    def line(self, way: str, text: str) -> None:
        """Look at a line, in the order in which they go."""
        found = _LINE.fullmatch(text)
        if way == TO_DEVICE:
            self._put(found)
        elif found is None:
            self._note("lines that are no event of the bench link", text)
        else:
            self._take(found, text)

    def reopened(self) -> None:
        """The link is a new one: nothing that was asked before is waited for."""
        self._last = None

    def gave_up(self) -> None:
        """The bench no longer waits for the answer to its last line."""
        if self._last is not None and not self._last.answered:
            self._last.given_up = True
            self._silent += 1
        self._last = None

    def _put(self, found: re.Match[str] | None) -> None:
        self.gave_up()
        if found is None:
            return
        head, number, _, body = found.groups()
        if number in self._sent and not self._sent[number].answered:
            self._silent -= self._sent[number].given_up  # the first line of a link, sent again
        counter = _counter(body) if head == "GBCS:DATA" else None
        self._last = _Sent(head, self._clock(), counter)
        self._sent[number] = self._last
        self._lines += 1
        if len(self._sent) > _KEPT:
            del self._sent[next(iter(self._sent))]

    def _take(self, found: re.Match[str], text: str) -> None:
        head, number, length, body = found.groups()
        octets = head in _OCTETS
        if octets and re.fullmatch("[0-9A-Fa-f]*", body) is None:
            self._note(f"{head} lines that are not hexadecimal", text)
        elif int(length) * (1 + octets) != len(body):
            has = len(body) // 2 if octets else len(body)
            self._note("lines with another length than they say", f"{text}: {has} of {length}")
        elif head == "CTRL:OK" and not _is_document(body):
            self._note("CTRL:OK lines without a JSON object", text)
        if head in _UNASKED:
            return
        asked = self._sent.get(number)
        if asked is None:
            self._note("answers to lines that were never sent", text)
        elif asked.answered and head != "GBCS:BLOCK":
            self._note("lines that are answered twice", text)
        elif head != "LOG:ERROR" and head not in _ANSWERS.get(asked.head, (head,)):
            self._note(f"answers of another kind ({head} to {asked.head})", text)
        else:
            self._fits(asked, head, body, text)
        if asked is not None:
            asked.answered = True

    def _fits(self, asked: _Sent, head: str, body: str, text: str) -> None:
        """An answer to a line; it may be late, or that to another command."""
        if asked.given_up:
            self._silent -= 1
            self._slowest = max(self._slowest, self._clock() - asked.at)
            self._note("answers that come late, after the bench gave up (--timeout)", text)
        if head == "GBCS:DATA" and asked.counter is not None:
            counter = _counter(body)
            others = (sent for sent in self._sent.values() if sent.counter == counter)
            if counter is not None and counter != asked.counter and any(others):
                told = f"counter {counter} to a command with {asked.counter}"
                self._note("responses swapped: each answers another command", told)

    def _note(self, what: str, example: str) -> None:
        count, first = self._seen.get(what, (0, example))
        self._seen[what] = (count + 1, first)

    def told(self) -> list[str]:
        """A sentence for each kind of fault, the most frequent first."""
        self.gave_up()
        found: list[str] = []
        for what, (count, first) in sorted(self._seen.items(), key=lambda item: -item[1][0]):
            shown = first if len(first) <= _SHOWN else f"{first[: _SHOWN // 2]}...{first[-20:]}"
            slow = f", up to {self._slowest:.1f} s" if "come late" in what else ""
            found.append(f"{what}: {count}{slow}, the first: {shown}")
        if self._silent > 0:
            found.append(f"no answer to {self._silent} of {self._lines} lines")
        return found


def _is_document(body: str) -> bool:
    try:
        return isinstance(json.loads(body or "{}"), dict)
    except (ValueError, RecursionError):
        return False
