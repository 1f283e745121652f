"""Runs test files of tests_host on a board, function by function."""

from __future__ import annotations

from dataclasses import dataclass, field

import modules
from engines import Result, parse_events

from host_tools.raw_repl import ExecError, RawRepl, ReplError

# Code that prints what a board's MicroPython is.
PROBE = """
import gc, json, sys

lacks = []
for name in ("time", "select", "cryptolib", "asyncio", "smets"):
    try:
        __import__(name)
    except ImportError:
        lacks.append(name)
said = {
    "version": sys.implementation[1][:3],
    "machine": sys.implementation._machine,
    "arch": sys.implementation._mpy >> 10 & 15,
    "heap": gc.mem_free() + gc.mem_alloc(),
    "lacks": lacks,
    "single": 16777217.0 == 16777216.0,
}
print(json.dumps(said))
"""


@dataclass
class Selection:
    """The tests that run on a board, and why others do not.

    `without` has reasons by `file` or `file.function`; `only` has functions of files of which
    the others do not run.
    """

    files: list[str]
    without: dict[str, str] = field(default_factory=dict)
    only: dict[str, list[str]] = field(default_factory=dict)

    def items(self) -> list[tuple[str, str]]:
        """Pairs of file and function."""
        return [
            (name, function)
            for name in self.files
            for function in self.only.get(name) or modules.functions(name)
        ]

    def reason(self, name: str, function: str) -> str:
        """Why this does not run here, or nothing."""
        return self.without.get(name) or self.without.get(f"{name}.{function}") or ""

    def names(self, name: str) -> list[str]:
        """The functions of a file that run."""
        return [f for n, f in self.items() if n == name and not self.reason(n, f)]

    def library(self, arch: str) -> dict[str, bytes]:
        """The test modules, and what they import of their folder, as .mpy files."""
        needed = {each for name in self.files for each in modules.needed(name)}
        return {f"{name}.mpy": modules.compiled(name, arch) for name in needed}


class FileRuns:
    """The results of files on one board; a file runs when its first result is asked for."""

    def __init__(self, board, selection: Selection, setup: str, timeout: float) -> None:
        """`setup` is code that makes the test modules known to the board."""
        self._board = board
        self._selection = selection
        self._setup = setup
        self._timeout = timeout
        self._results: dict[str, dict[str, Result]] = {}

    def result(self, name: str, function: str) -> Result:
        """How a function ended."""
        if name not in self._results:
            names = self._selection.names(name)
            self._results[name] = self._run(name, names)
        return self._results[name][function]

    def _run(self, name: str, names: list[str]) -> dict[str, Result]:
        lines: list[str] = []
        left = list(names)
        while left:
            function = left[0]
            try:
                with RawRepl(self._board.port) as repl:
                    repl.exec(self._setup)
                    while left:
                        function = left.pop(0)
                        lines.append(self._one(repl, name, function))
            except ReplError as error:
                # The board hangs, or is gone: the others run after a power cut.
                lines.append(_failure(function, error))
                left = [other for other in left if other != function]
                self._board.power_off()
                self._board.power_on()
        return parse_events("".join(lines), names, "the board ended")

    def _one(self, repl: RawRepl, name: str, function: str) -> str:
        code = f"run_device_tests.run({name!r}, [{function!r}])"
        try:
            return repl.exec(code, timeout=self._timeout)
        except ExecError as error:
            return _failure(function, error)


def _failure(function: str, error: Exception) -> str:
    """A failure in the words of run_device_tests."""
    return f"RUN {function}\nTRACEBACK {function}\n{error}\nEND {function}\nFAIL {function}\n"
