"""A run against one device: it always ends in a result for every entry, whatever the device does.

A device may be absent, silent, slow, talk nonsense without end, or go away in the middle.
`host_tools.conform.verdicts` gives verdicts; this watches that a run gets to its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from threading import Timer
from typing import Any

from host_tools.bench import ProcessTransport
from host_tools.conform.capabilities import CHECK_LIMIT
from host_tools.conform.model import Check, Outcome, Result, Verdict
from host_tools.conform.verdicts import conclude, scope
from host_tools.conform.watch import WatchingBench
from host_tools.console import reason

__all__ = ["Session"]

_AGAIN = 0.25


class Session:
    """The link to a device under test and its state of health."""

    def __init__(
        self,
        role: str,
        make: Callable[[], WatchingBench],
        timeout: float = 10.0,
        limit: float = CHECK_LIMIT,
        black_box: bool = False,
    ) -> None:
        """Connects by `make` and says hello; `dead` tells why where that fails."""
        self.role = role
        self.hello: dict[str, Any] = {}
        self.dead = ""
        self._black_box = black_box
        self._limit = limit
        self._timeout = timeout
        self._dut: WatchingBench | None = None
        self._make = make
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
            self.hello = dict(self._dut.greet()) or self.hello
            who = str(self.hello.get("device", self.role)).lower()
            self.dead = "" if who == self.role else f"the device says that it is {who.upper()}"
        except Exception as error:
            self.dead = f"the device does not answer: {reason(error)}"
            self._linger()
        finally:
            watch.cancel()

    def _linger(self) -> None:
        """Wait as long again: an answer that is only late is told from none."""
        if self._dut is not None:
            self._dut.faults.gave_up()
            with suppress(Exception):
                self._dut.client.listen(self._timeout)

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
        left_out: Mapping[str, Outcome] | None = None,
    ) -> Iterator[Result]:
        """Yield a result for every entry; `left_out` has the outcome of those not carried out."""
        tolerances, left_out = tolerances or {}, left_out or {}
        for entry in entries:
            outside = scope(
                entry, self.role, why_not(entry), left_out.get(entry.id), self._black_box
            )
            if outside is None and (self.dead or self._dut is None):
                outside = Outcome(Verdict.BLOCKED, self.dead)
            if outside is not None:
                yield Result(entry, outside.verdict, outside.text)
            elif self._dut is not None:
                yield self._judge_one(entry, self._dut, tolerances)

    def _judge_one(
        self, entry: Check, dut: WatchingBench, tolerances: Mapping[str, str]
    ) -> Result:
        dut.begin()
        watch = Timer(self._limit, self._cut)
        watch.start()
        try:
            result = conclude(entry, dut, tolerances, self._limit)
        finally:
            watch.cancel()
        result.data = {**dut.series(), **result.data}
        result.trace = dut.trace.to_json(dut.ring)
        if result.verdict not in (Verdict.PASS, Verdict.OBSERVED):
            self._look_after(dut)
        return result

    def _look_after(self, dut: WatchingBench) -> None:
        """See whether the device still answers; if not, try with a new link for a while.

        A board that restarted takes its port away, and gives it back when it has started.
        """
        try:
            dut.greet()
        except Exception:
            deadline = time.monotonic() + self._timeout
            self._connect()
            while self.dead and time.monotonic() < deadline:
                time.sleep(_AGAIN)
                self._connect()
