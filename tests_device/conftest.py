"""Options and fixtures of the tests that run on boards: see README.md here."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import places
import pytest
import rig as rigs

from host_tools.bench import BenchClient

pytest_plugins = ["outside"]
SEED = "SMETS_TEST_SEED"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what says which boards, and how much."""
    group = parser.getgroup("boards")
    group.addoption(
        "--port", action="append", default=[], help="serial port of a board; may be repeated"
    )
    group.addoption(
        "--board",
        default="virtual",
        help="what the boards are, a folder of boards/; virtual and emulated ones need no --port",
    )
    group.addoption(
        "--place", default="", help="the board is this target of labgrid's --lg-env, not at a port"
    )
    group.addoption(
        "--exchanges", type=int, default=1000, help="exchanges after which memory is looked at"
    )
    group.addoption("--unplugs", type=int, default=100, help="times that the cable is pulled")
    group.addoption(
        "--modules",
        choices=("core", "all"),
        default="core",
        help="files of tests_host that run on the board",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register what the tests here are marked with."""
    config.addinivalue_line(
        "markers", "needs(*features): skipped on a board whose board.py says that it lacks one"
    )
    config.addinivalue_line("markers", "rack: the short suite that a rack of boards runs")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on each board; all tests of one board in a row."""
    if "rig" in metafunc.fixturenames:
        ports = metafunc.config.getoption("--port") or [metafunc.config.getoption("--place")]
        name = metafunc.config.getoption("--board")
        names = [Path(port).name or name for port in ports]
        metafunc.parametrize("rig", ports, ids=names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def rig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[rigs.Rig]:
    """A board at a port, else a virtual or emulated one."""
    port, name = request.param, request.config.getoption("--board")
    place = request.config.getoption("--place")
    if place:
        there = places.bridge(request.getfixturevalue("env"), place)
        yield rigs.Rig(name, there.port)
        there.close()
        return
    if port:
        yield rigs.Rig(name, port)
        return
    folder = tmp_path_factory.mktemp("board")
    try:
        made = rigs.virtual(folder) if name == "virtual" else rigs.emulated(name, folder)
    except Exception as error:  # of any emulator: without a board there is nothing to test
        pytest.exit(f"no board: {error}", returncode=2)
    with made.hands:
        yield made
        assert not getattr(made.hands, "crashes", ()), "the board's process crashed"


@pytest.fixture(autouse=True)
def _needed(request: pytest.FixtureRequest) -> None:
    """Skip what the board cannot do."""
    marker = request.node.get_closest_marker("needs")
    if marker is not None:
        request.getfixturevalue("rig").needs(*marker.args)


@pytest.fixture
def gpf(rig: rigs.Rig) -> Iterator[BenchClient]:
    """A gas proxy that knows nothing yet, behind its bench link."""
    rig.start("gpf")
    with rig.client() as client:
        client.control("FORGET")
        client.control("LOG", {"clear": True})
        yield client


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of all draws of a run; SMETS_TEST_SEED repeats one."""
    value = int(os.environ.get(SEED, "0")) or random.SystemRandom().randrange(1, 1 << 32)
    print(f"\n{SEED}={value}")
    return value


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is tested."""
    ports = config.getoption("--port")
    return f"board: {config.getoption('--board')}" + (f" at {', '.join(ports)}" if ports else "")
