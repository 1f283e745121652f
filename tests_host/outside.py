"""pytest plugin: the data from outside the clone that some tests need, and whether they run.

A test that needs some carries the mark of it, and runs where the data are. `--outside=without`
leaves all such tests out (`make test`), `--outside=only` runs no others (`make test-data`). A run
ends with a line about what it left out.
"""

import os
from pathlib import Path
from typing import NamedTuple

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"
# A variable that is empty counts as unset.
RTDS = Path(os.environ.get("RTDS_DIR") or _SHARED / "rtds")
DUIS = Path(os.environ.get("DUIS_DIR") or _SHARED / "duis")
JUDGE = Path(os.environ.get("DUIS_SIGN_JAR") or _SHARED / "duis" / "tool.jar")
CLIENTS = Path(os.environ.get("DCC_CLIENTS") or _SHARED / "duis" / "node_modules")
CASES = RTDS.parent / "cases"
USE_CASES = RTDS.parent / "spec" / "use_cases.json"


class Kind(NamedTuple):
    """Data of one kind; they are there if `proof` is."""

    what: str
    proof: Path
    where: str


KINDS = {
    "needs_rtds": Kind("RTDS vectors", RTDS / "index.csv", "RTDS_DIR"),
    "needs_facts": Kind("The use cases' facts", USE_CASES, "RTDS_DIR/../spec/use_cases.json"),
    "needs_cases": Kind("Messages of public reports", CASES, "RTDS_DIR/../cases"),
    "needs_duis": Kind("DUIS schemas and PKI", DUIS / "xsd", "DUIS_DIR"),
    "needs_clients": Kind(
        "The DCC's clients in JavaScript", CLIENTS / "@smartdcc" / "duis-parser", "DCC_CLIENTS"
    ),
    "needs_judge": Kind("The classes of the DCC's XML signing tool", JUDGE, "DUIS_SIGN_JAR"),
}
CHOICES = ("with", "without", "only")
_LEFT_OUT = "smets_outside"  # what a worker of xdist tells
_left_out = pytest.StashKey[dict[str, set[str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --outside."""
    parser.addoption(
        "--outside",
        choices=CHOICES,
        default="with",
        help="tests that need data from outside the clone: run with the others, not, or alone",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks."""
    config.stash[_left_out] = {mark: set() for mark in KINDS}
    for mark, kind in KINDS.items():
        config.addinivalue_line("markers", f"{mark}: {kind.what}, from {kind.where}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not asked for, or cannot run here."""
    asked = config.getoption("outside", "with")
    kept, left = [], []
    for item in items:
        marks = [mark for mark in KINDS if item.get_closest_marker(mark)]
        there = all(KINDS[mark].proof.exists() for mark in marks)
        wanted = there and asked != "without" if marks else asked != "only"
        (kept if wanted else left).append(item)
        for mark in marks if not wanted else ():
            # One function is one test, however many vectors it is run with.
            config.stash[_left_out][mark].add(item.nodeid.partition("[")[0])
    items[:] = kept
    if left:
        config.hook.pytest_deselected(items=left)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the controller of xdist what was left out."""
    if hasattr(session.config, "workeroutput"):
        left = session.config.stash[_left_out]
        session.config.workeroutput[_LEFT_OUT] = {mark: sorted(left[mark]) for mark in left}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take what a worker tells; each has collected all tests."""
    told = getattr(node, "workeroutput", {}).get(_LEFT_OUT, {})
    for mark, names in told.items():
        node.config.stash[_left_out][mark].update(names)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in a line for each kind what did not run."""
    for mark, names in config.stash[_left_out].items():
        if names:
            kind = KINDS[mark]
            here = "are" if kind.proof.exists() else "are not"
            terminalreporter.write_line(
                f"{kind.what} {here} here ({kind.where}): "
                f"{len(names)} tests of them run with make test-data"
            )
