"""A run against one device: it always ends in a result for every entry, whatever the device does.

A device may be absent, silent, slow, talk nonsense without end, or go away in the middle. The
runner gives verdicts; this watches that it gets to its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from threading import Timer
from typing import Any

from host_tools.bench import ProcessTransport, Transport
from host_tools.conform.model import Check, Evidence, Result, Verdict
from host_tools.conform.runner import run
from host_tools.conform.vectors import NOT_CLAIMED, NOT_JUDGED
from host_tools.conform.watch import WatchingBench
from host_tools.example import ExampleHome

__all__ = ["Session"]

# One check may take this long; then its link is cut and the next one begins on a new link.
CHECK_LIMIT = 120.0
_AGAIN = 0.25
_ERRORS = ("BenchError:", "DecodeError:", "ResponseError:")


class Session:
    """The link to a device under test and its state of health."""

    def __init__(
        self,
        role: str,
        connect: Callable[[], Transport],
        stage: ExampleHome,
        capabilities: frozenset[str],
        timeout: float = 10.0,
        limit: float = CHECK_LIMIT,
    ) -> None:
        """Connects and says hello; `dead` tells why where that fails."""
        self.role = role
        self.hello: dict[str, Any] = {}
        self.dead = ""
        self._limit = limit
        self._timeout = timeout
        self._dut: WatchingBench | None = None
        self._make = lambda: WatchingBench(role, connect, stage, capabilities, timeout)
        self._connect()

    def close(self) -> None:
        """End the link."""
        if self._dut is not None:
            with suppress(Exception):
                self._dut.close()
            self._dut = None

    def _connect(self) -> None:
        """A new link; what goes wrong, from no port to no JSON, is kept as `dead`."""
        self.close()
        watch = Timer(self._limit, self._cut)
        watch.start()
        try:
            self._dut = self._make()
            self.hello = dict(self._dut.client.control("HELLO")) or self.hello
            who = str(self.hello.get("device", self.role)).lower()
            self.dead = "" if who == self.role else f"the device says that it is {who.upper()}"
        except Exception as error:
            self.dead = f"the device does not answer: {error}"
        finally:
            watch.cancel()

    def _cut(self) -> None:
        if self._dut is None:
            return
        transport = self._dut.client.transport
        if isinstance(transport, ProcessTransport):
            transport.process.kill()
        else:
            transport.close()

    def judge(
        self,
        entries: list[Check],
        tolerances: Mapping[str, str] | None = None,
        why_not: Callable[[Check], str] = lambda _: "",
        left_out: Mapping[str, str] | None = None,
    ) -> Iterator[Result]:
        """Yield a result for every entry; `left_out` says which are not run, and why."""
        tolerances = tolerances or {}
        left_out = left_out or {}
        for entry in entries:
            reason = left_out.get(entry.id)
            if self.role not in entry.roles:
                word = f"no check of {self.role.upper()}"
                yield Result(entry, Verdict.NOT_APPLICABLE, word)
            elif why_not(entry):
                yield Result(entry, Verdict.NOT_APPLICABLE, why_not(entry))
            elif reason is not None:
                claimed = not reason.startswith(NOT_CLAIMED)
                yield Result(entry, Verdict.NOT_RUN if claimed else Verdict.NOT_APPLICABLE, reason)
            elif self.dead or self._dut is None:
                yield Result(entry, Verdict.BLOCKED, self.dead)
            else:
                yield self._judge_one(entry, self._dut, tolerances)

    def _judge_one(
        self, entry: Check, dut: WatchingBench, tolerances: Mapping[str, str]
    ) -> Result:
        started = time.monotonic()
        dut.begin()
        watch = Timer(self._limit, self._cut)
        watch.start()
        try:
            result = next(run([entry], dut, dict(tolerances)))
        except Exception as error:  # an answer that no check foresaw
            what = f"the answers cannot be made sense of: {type(error).__name__}: {error}"
            result = Result(entry, Verdict.FAIL, what)
            if entry.id in tolerances:
                result.verdict, result.tolerance = Verdict.TOLERATED, tolerances[entry.id]
        finally:
            watch.cancel()
        result.seconds = time.monotonic() - started
        result.data = {**dut.series(), **result.data}
        if result.seconds >= self._limit:
            result.text = f"cut off after {self._limit:g} s; {result.text}"
        if result.text.startswith(NOT_CLAIMED):
            result.verdict = Verdict.NOT_APPLICABLE
        elif result.text.startswith(NOT_JUDGED):
            result.verdict = Verdict.NOT_RUN
        elif entry.evidence is Evidence.PROJECT_CHOICE and (
            result.verdict is not Verdict.PASS or result.text.startswith(_ERRORS)
        ):
            # Such a check fails no device, and without an answer it saw no alternative.
            result.verdict, result.alternative = Verdict.BLOCKED, None
        if result.verdict is not Verdict.PASS:
            self._look_after(dut)
        return result

    def _look_after(self, dut: WatchingBench) -> None:
        """See whether the device still answers; if not, try with a new link for a while.

        A board that restarted takes its port away, and gives it back when it has started.
        """
        try:
            dut.client.control("HELLO")
        except Exception:
            deadline = time.monotonic() + self._timeout
            self._connect()
            while self.dead and time.monotonic() < deadline:
                time.sleep(_AGAIN)
                self._connect()
