"""The firmware on an emulated Cortex-M3: 31-bit integers, single floats, no time, no select."""

import json

import modules
import pytest
from device_files import PROBE, FileRuns, Selection

from host_tools import boards, roles
from host_tools.emulators import count
from host_tools.emulators.romfs import make_image
from host_tools.performance import cortex_m3, programs
from host_tools.raw_repl import RawRepl

NAME = "qemu_mps2_an385"
DATA = boards.load(NAME)
TIMEOUT = 240.0  # seconds for one test function

_FILL = "a purge on flash takes longer than the test waits: it overwrites what is free"
SELECTION = Selection(
    modules.files(),
    without={
        "test_purge_size.test_g42_purge_of_full_logs_on_littlefs": "needs a file of 1408 KB",
        "test_radio_udp": "the port has no sockets and no module time",
        "test_display.test_one_fuel_only": _FILL,
        "test_display.test_change_of_tenancy_clears_both_fuels": _FILL,
    },
)
SETUP = """
import os
import sys

import psram

psram.mount_rom("/rom", {size})
psram.mount_files("/files")
sys.path.append("/rom")
import run_device_tests
import testkit


def tmpdir():
    try:
        testkit._remove("/files/d")
    except OSError:
        pass
    os.mkdir("/files/d")
    return "/files/d"


testkit.tmpdir = tmpdir
"""


@pytest.fixture(scope="module")
def runs(boards_of, tmp_path_factory):
    """A board whose PSRAM has the test modules, compiled."""
    image = tmp_path_factory.mktemp("rom") / "tests.romfs"
    size = make_image(SELECTION.library(DATA.arch), image)
    return FileRuns(boards_of(NAME, rom=image), SELECTION, SETUP.format(size=size), TIMEOUT)


@pytest.fixture(scope="module")
def board(boards_of):
    """A board as it comes."""
    return boards_of(NAME)


@pytest.mark.parametrize(("name", "function"), SELECTION.items())
def test_core(runs, name, function, record_property):
    """A test of tests_host, through the UART of the board."""
    reason = SELECTION.reason(name, function)
    if reason:
        pytest.skip(reason)
    result = runs.result(name, function)
    print("\n".join(result.output))
    for key, value in result.heap.items():
        record_property(key, value)
    if result.status == "SKIP":
        pytest.skip(result.text)
    assert result.status == "PASS", result.text


def test_reasons_are_of_tests_that_exist():
    known = {f"{name}.{function}" for name, function in SELECTION.items()}
    assert set(SELECTION.without) <= known | set(SELECTION.files)


def test_what_the_port_is(board):
    """board.py says what this build of MicroPython has, and what it lacks."""
    with RawRepl(board.port) as repl:
        said = json.loads(repl.exec(PROBE))
    assert said["version"] == [1, 25, 0] and "Cortex-M3" in said["machine"]
    assert said["single"], "floats have 24 bits"
    assert said["lacks"] == ["time", "select", "asyncio"]
    assert {"time", "select"} < set(DATA.lacks)
    assert boards.ARCHITECTURES.index(DATA.arch) <= said["arch"], "or it loads no machine code"
    assert 0.95 < said["heap"] / DATA.heap <= 1.0


def test_files_last_until_the_power_goes(board):
    """LACKS["power"]: files outlive a soft reset and no power cut."""
    with RawRepl(board.port) as repl:
        repl.exec(DATA.prepare + "with open('a', 'w') as file:\n    file.write('kept')")
    with RawRepl(board.port) as repl:
        assert repl.exec(DATA.prepare + "print(open('a').read())").strip() == "kept"
    board.power_off()
    assert not board.powered
    board.power_on()
    with RawRepl(board.port) as repl:
        repl.exec(DATA.prepare + "import os")
        assert repl.exec("print(os.listdir('/'))").strip() == "[]"


def test_reset_and_cable(board):
    with RawRepl(board.port) as repl:
        repl.exec("x = 1")
    board.unplug()
    board.plug()
    with RawRepl(board.port, soft_reset=False) as repl:
        assert repl.exec("print(x)").strip() == "1", "a cable that is pulled out resets nothing"
    with RawRepl(board.port) as repl:
        assert repl.exec("print('x' in globals())").strip() == "False"


def test_table_of_make_bench():
    """Each operation that is committed, and all roles from nothing to their first answer."""
    found = cortex_m3.measure()
    committed = json.loads(count.COMMITTED.read_text("utf-8"))
    operations = {programs.subject(label, 1, "instructions")[0] for label in committed}
    assert {subject for subject in found if not subject[1]} == operations
    for role in roles.ROLES:
        parts = [found[what, role].value for what in ("import", "build")]
        assert found["start-up", role].value >= sum(parts)
        # Of 242 KB, with the code in the image.
        assert 20_000 < found["live heap", role].value < 100_000, role
        assert found["code (.mpy)", role].value > 100_000, role


def test_instruction_counts_repeat(tmp_path):
    """Two boards, started one after the other, count the same within 1 %."""
    first, second = (count.measure_all(tmp_path / name, only=count.QUICK) for name in "ab")
    assert set(first) == set(count.QUICK)
    for label, instructions in first.items():
        assert instructions > 1000, label
        assert abs(second[label] - instructions) * 100 <= instructions, label
