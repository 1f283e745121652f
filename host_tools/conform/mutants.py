"""`make mutants`: seeds each fault in a copy of the firmware and judges that with the catalogue.

A fault is caught when exactly the checks fail that its table names (or, being project-choice,
report another alternative than that of the reference). Prints the table; the exit status is 1
when a fault is not caught as it should be.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from rich.table import Table

from host_tools import transports as link
from host_tools.bench import ProcessTransport, Transport
from host_tools.compiled import FIRMWARE
from host_tools.conform.dut import Dut
from host_tools.conform.faults import Fault, fit, read_faults, seed
from host_tools.conform.model import Check, Evidence, Result, Verdict, catalogue
from host_tools.conform.verdicts import run
from host_tools.example import ExampleHome
from host_tools.terminal import Console

__all__ = ["FAULTS", "judge", "main", "noticed"]

FAULTS = Path(__file__).parents[2] / "tests_host" / "mutants"
# Checks that take seconds; they are run for the faults that they are to catch only.
_SLOW = frozenset(
    (
        "MP085A-capacity",
        "MP085A-utc",
        "SECMP0056-log",
        "SECMP0056-future-hides",
        "GBCS-bit-flips",
        "GBCS-truncated",
    )
)


def noticed(result: Result) -> bool:
    """Whether a check speaks against the device, or saw another alternative."""
    if result.check.evidence is Evidence.PROJECT_CHOICE:
        expected = result.check.alternatives[0]
        return result.verdict is not Verdict.OBSERVED or result.alternative != expected
    return result.verdict is not Verdict.PASS


def _relevant(fault: Fault | None, role: str) -> list[Check]:
    """The checks of the rows that a fault touches, and the first two of each other row."""
    own = [entry for entry in catalogue() if role in entry.roles and not entry.as_found]
    wanted = fault.caught if fault else frozenset[str]()
    touched = {entry.row for entry in own if entry.id in wanted}
    found: list[Check] = []
    for entry in own:
        others = sum(known.row == entry.row for known in found)
        relevant = entry.row in touched or others < 2
        if entry.id in wanted or (relevant and entry.id not in _SLOW):
            found.append(entry)
    return found


def judge(fault: Fault | None, role: str, entries: list[Check] | None = None) -> dict[str, str]:
    """Run the checks of a role on firmware with a fault; what was noticed, by id."""
    if entries is None:
        entries = _relevant(fault, role)
    with TemporaryDirectory(prefix="smets-mutant-") as folder:
        copy = Path(folder) / "firmware"
        flash = Path(folder) / "flash"
        flash.mkdir()
        seed(fault, FIRMWARE, copy)

        def connect() -> Transport:
            return ProcessTransport(role, "cpython", str(flash))

        with mock.patch.object(link, "FIRMWARE", copy):
            dut = Dut(role, connect, ExampleHome())
            try:
                results = list(run(entries, dut))
            finally:
                dut.close()
    return {result.check.id: result.text for result in results if noticed(result)}


def _judge(fault: Fault) -> dict[str, str]:
    return judge(fault, fault.role)


def main(names: list[str]) -> int:
    """Judge all faults, or those named; returns the exit status."""
    faults = [fault for fault in read_faults(FAULTS) if not names or fault.name in names]
    for fault in faults:
        fit(fault, FIRMWARE)
    table = Table(title=f"{len(faults)} seeded faults", title_justify="left", box=None)
    for column in ("fault", "role", "caught by", ""):
        table.add_column(column, overflow="fold")
    wrong: list[str] = []
    with ProcessPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        for fault, seen in zip(faults, pool.map(_judge, faults), strict=True):
            missed = sorted(fault.caught - set(seen))
            false = sorted(set(seen) - fault.caught)
            good = bool(fault.caught) and not missed and not false
            verdict = "ok" if good else f"missed {missed}, false {false}"
            table.add_row(fault.name, fault.role, ", ".join(sorted(seen)), verdict)
            if not good:
                wrong.append(fault.name)
                said = "; ".join(f"{name}: {seen[name][:80]}" for name in false)
                print(f"{fault.name}: missed {missed}; false {false} {said}", file=sys.stderr)
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    print(f"{len(faults) - len(wrong)} of {len(faults)} faults caught by exactly their checks")
    return 1 if wrong or not faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
