"""The devices that are fuzzed: a home with keys, and links that tell what nobody declared."""

from __future__ import annotations

import json
import linecache
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from host_tools.testkeys import make_home
from smets import bench, devices
from smets.document import DocumentError
from smets.ports.store import Store

EUIS = {
    "esme": "02534D45545300A0",
    "gsme": "02534D45545300A1",
    "chf": "02534D45545300A2",
    "gpf": "02534D45545300A3",
    "ppmid": "02534D45545300A4",
    "ihd": "02534D45545300A5",
}
# An IHD speaks to no remote party.
_KEYED = [(role.upper(), eui) for role, eui in EUIS.items() if role != "ihd"]
HOME = make_home(_KEYED, seed="fuzz")
PARTIES = HOME.parties()
RING = HOME.ring()
ROLES = ("esme", "gsme", "gpf", "chf", "ihd", "ppmid")
DISPLAYS = ("ihd", "ppmid")
NOW = "2022-11-01T10:10:00Z"


class Finding(Exception):
    """The device did what it must not do."""


class Link(bench.BenchLink):
    """A bench link that keeps what was written, and fails for what nobody declares."""

    def __init__(self, role: str, store: Store | None) -> None:
        self.lines: list[str] = []
        self._line = ""
        self.count = 0  # of what it was sent
        self.heard: list[Any] = []  # HAN frames of the device that nobody has answered
        super().__init__(devices.build(role, store), self._take)

    def _take(self, text: str) -> None:
        self._line += text
        if text.endswith("\n"):
            self.lines.append(self._line)
            self._line = ""

    def _text(self, event: str, number: int, text: str) -> None:
        if event == "LOG:ERROR":
            self.refused(sys.exc_info()[1], text)
        super()._text(event, number, text)

    def refused(self, error: BaseException | None, text: str) -> None:
        """Fail for a refusal in words that are Python's and not the firmware's."""
        if not isinstance(error, (bench.LineError, DocumentError, bench.DecodeError)):
            raise Finding(f"{type(error).__name__}: {text}") from error
        cause = error.__context__
        if cause is not None and str(cause) and str(cause) in text and not _said(cause):
            raise Finding(f"refused in Python's words: {text}") from error

    def _unexpected(self, kind: str, error: Exception) -> None:
        raise Finding(f"{kind}: {type(error).__name__}: {error}") from error

    def send(self, kind: str, body: str, octets: int = -1) -> list[str]:
        """A line; what it was answered with, HAN frames and alerts before the answer."""
        self.lines.clear()
        self.line(f"{kind}#1:{len(body) if octets < 0 else octets}:{body}")
        if self._line or not self.lines:
            raise Finding(f"no whole answer: {self.lines}{self._line}")
        return list(self.lines)

    def ask(self, verb: str, document: Any) -> list[str]:
        """A CTRL line."""
        return self.send("CTRL:" + verb, json.dumps(document))

    def must(self, verb: str, document: Any) -> None:
        """A CTRL line that has to be taken."""
        answer = self.ask(verb, document)[-1]
        if not answer.startswith("CTRL:OK"):
            raise Finding(f"{verb}: {answer}")

    def look(self, screen: int = 0) -> None:
        """The device still tells what it is, and a display still draws each of its pages."""
        self.must("QUERY", {})
        if screen and self.device.shows:
            self.must("SCREEN", {"panel": "128x64", "press": screen * ["next"], "passed": 2000})


def _said(error: BaseException) -> bool:
    """Whether the innermost place of an exception is a raise statement: words of the firmware."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return line.strip().startswith("raise ")


class Living:
    """Devices that live for `life` inputs each; `history` is what the last one was sent."""

    def __init__(self, life: int, keep: bool = False) -> None:
        self._life = life
        self._keep = keep
        self._links: dict[str, tuple[Link, list[bytes], str]] = {}
        self.history: list[bytes] = []

    def link(self, role: str, data: bytes) -> Link:
        """The device of a role, which gets this input."""
        known = self._links.get(role)
        if known is None or len(known[1]) >= self._life:
            if known is not None:
                shutil.rmtree(known[2], ignore_errors=True)
            folder = tempfile.mkdtemp(prefix="smets-fuzz-", dir=".")
            stores = self._keep or role in DISPLAYS
            known = (
                begin(role, Store(str(Path(folder, "store"))) if stores else None),
                [],
                folder,
            )
            self._links[role] = known
        link, self.history, _ = known
        self.history.append(data)
        link.count += 1
        return link


def begin(role: str, store: Store | None) -> Link:
    """A device of a role with keys, a clock, and its neighbours."""
    link = Link(role, store)
    if EUIS[role] in HOME.keys:
        link.must("KEYS", HOME.keys[EUIS[role]])
    link.must("CLOCK", {"time": NOW, "status": "reliable"})
    if role in DISPLAYS:
        for fuel, meter in (("electricity", "esme"), ("gas", "gpf")):
            link.must("SET", {"pair": {"fuel": fuel, "eui": EUIS[meter]}})
    elif role == "gpf":
        link.must("SET", {"gsme": EUIS["gsme"]})
    elif role == "gsme":
        link.must("SET", {"gpf": EUIS["gpf"]})
    elif role == "esme":
        link.must("SET", {"draw": 500, "prepayment": {"mode": "prepayment", "balance": 100000}})
    return link
