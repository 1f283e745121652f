"""pytest plugin: a test file that starts with `# engines: cpython unix` runs on both engines.

Each of its functions becomes two items. `[cpython]` runs in this process, where coverage sees it.
`[unix]` runs under MicroPython's Unix port with a heap like that of a Pico: one process a file,
started at its first such item for the functions that are selected.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import testkit

from host_tools.bench import micropython
from host_tools.compiled import compiled_firmware

MARKER = "# engines: cpython unix"
# What 192 KB are on a 32-bit board, and the rest for the code of meters, which a board has in its
# flash (docs/boards.md); the emulated Pico's tests have its real heap. A collection here finds
# words of the stack that look like addresses, other ones in each process, so the largest file
# (two meters in test_asn1) has a tenth more than the 312 K words that it passes with.
HEAP = "352wk"
TIMEOUT = int(os.environ.get("SMETS_TEST_TIMEOUT", "300"))  # seconds for one file on the Unix port
TESTS = Path(__file__).resolve().parent
EVENT = re.compile(r"(RUN|PASS|FAIL|SKIP|HEAP|TRACEBACK|END) (test_\w+)(?:: | |$)(.*)")


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Take over the files that start with the marker line; pytest collects the others itself."""
    with module_path.open(encoding="utf-8") as file:
        if file.readline().rstrip() == MARKER:
            return DeviceModule.from_parent(parent, path=module_path)
    return None


class DeviceModule(pytest.Module):
    """A test file for both engines."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield each function once for each engine."""
        for function in super().collect():
            if not isinstance(function, pytest.Function):
                raise self.CollectError(f"{function.name}: both engines run plain functions only")
            name = function.name
            yield CPythonItem.from_parent(self, name=f"{name}[cpython]", callobj=function.obj)
            yield UnixItem.from_parent(self, name=f"{name}[unix]", function=function)

    def setup(self) -> None:
        """Make the directory under which each engine has its own."""
        super().setup()
        self.scratch = tempfile.TemporaryDirectory(prefix="smets-test-")
        self.unix_results: dict[str, Result] | None = None

    def teardown(self) -> None:
        """Remove what the tests of this file wrote."""
        self.scratch.cleanup()
        super().teardown()

    def scratch_for(self, engine: str) -> str:
        """Return the directory that SMETS_TEST_TMP names on an engine."""
        path = Path(self.scratch.name, engine)
        path.mkdir(exist_ok=True)
        return str(path)

    def unix_result(self, name: str) -> "Result":
        """Return how a function ended; the first call runs all the selected ones."""
        if self.unix_results is None:
            names = [
                item.function.name
                for item in self.session.items
                if isinstance(item, UnixItem) and item.parent is self
            ]
            self.unix_results = run_on_unix(self.path, names, self.scratch_for("unix"))
        return self.unix_results[name]


class CPythonItem(pytest.Function):
    """A function that runs in this process."""

    def runtest(self) -> None:
        """Run it; a test that cannot run here says so as it does on a device."""
        os.environ["SMETS_TEST_TMP"] = self.parent.scratch_for("cpython")
        try:
            super().runtest()
        except testkit.Skip as reason:
            raise pytest.skip.Exception(str(reason), _use_item_location=True) from None


class UnixItem(pytest.Item):
    """A function that runs under MicroPython's Unix port."""

    fixturenames = ()  # plugins look for it in what is a function for pytest

    def __init__(self, *, function: pytest.Function, **kwargs) -> None:
        super().__init__(**kwargs)
        self.function = function

    def runtest(self) -> None:
        """Report what the run of the whole file said about this function."""
        result = self.parent.unix_result(self.function.name)
        if result.output:
            self.add_report_section("call", "device output", "\n".join(result.output))
        self.user_properties += result.heap.items()
        if result.status == "SKIP":
            raise pytest.skip.Exception(result.text, _use_item_location=True)
        if result.status != "PASS":
            raise DeviceFailure(result.text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo) -> object:
        """Show what happened on the device, not in the harness."""
        if isinstance(excinfo.value, DeviceFailure):
            return f"On MicroPython's Unix port:\n{excinfo.value}"
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the function stands."""
        path, line, _ = self.function.reportinfo()
        return path, line, self.name


class DeviceFailure(Exception):
    """A test failed on the device; the text is its traceback."""


@dataclass
class Result:
    """How one function ended on a device."""

    status: str = ""
    text: str = ""
    output: list[str] = field(default_factory=list)
    heap: dict[str, int] = field(default_factory=dict)


def run_on_unix(path: Path, names: list[str], scratch: str) -> dict[str, Result]:
    """Run functions of a file in one process of the Unix port with a small heap.

    The firmware is compiled beforehand, as that of a board is.
    """
    runner = TESTS / "run_device_tests.py"
    command = [*micropython(), "-X", f"heapsize={HEAP}", runner, path.stem, *names]
    search = f"{path.parent}:{TESTS}:{compiled_firmware()}:.frozen"
    try:
        done = subprocess.run(
            command,
            env=os.environ | {"MICROPYPATH": search, "SMETS_TEST_TMP": scratch},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=False,
        )
        output, end = done.stdout, f"ended with status {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output, end = error.stdout or b"", f"was stopped after {TIMEOUT} s"
    return parse_events(output.decode(errors="replace"), names, f"micropython {end}")


def parse_events(output: str, names: list[str], end: str) -> dict[str, Result]:
    """Return the result of each function from what `run_device_tests.py` printed.

    A function without a result has failed: in it the process ended, or it never began.
    """
    results = {name: Result() for name in names}
    current, inside = "", False  # the function that runs; whether its traceback is being printed
    for line in output.splitlines():
        event = EVENT.search(line)
        kind, name, rest = event.groups() if event else ("", "", "")
        if kind == "RUN":
            current, inside = name, False
        elif not current:
            continue
        elif name == current and kind in ("TRACEBACK", "END"):
            inside = kind == "TRACEBACK"
        elif name == current and kind == "HEAP":
            pairs = (pair.split("=") for pair in rest.split())
            results[name].heap = {f"heap_{key}": int(value) for key, value in pairs}
            current = ""
        elif name == current:
            results[name].status = kind
            results[name].text += rest
        elif inside:
            results[current].text += line + "\n"
        else:
            results[current].output.append(line)
    tail = "\n".join(output.splitlines()[-30:])
    for name, result in results.items():
        if not result.status:
            where = "here" if name == current else f"in {current or 'the import of the file'}"
            result.text += f"{end} {where}; its last output:\n{tail}\n"
    return results
