"""P-256 in machine code as a file (`make native`): on the Unix port, flashed, on a Pico's chip."""

import os
import subprocess
from pathlib import Path

import pytest

from host_tools import boards, flash, install
from host_tools.bench import micropython
from host_tools.raw_repl import RawRepl
from host_tools.virtual_board import VirtualBoard

TESTS = install.FIRMWARE.parent / "tests_host"
BUILT = install.BUILD / "native"
# n - 1 times the base point is its negative: the same x.
BASE_X = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
LARGEST = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"


@pytest.mark.parametrize("name", ["test_p256", "test_ecdsa", "test_p256_native"])
def test_on_the_unix_port(name: str) -> None:
    """All tests of P-256 and ECDSA pass with it, none is skipped."""
    made = BUILT / boards.load("unix").arch
    assert (made / install.NATIVE).exists(), "make native"
    paths = (made, install.FIRMWARE, TESTS, TESTS / "firmware")
    done = subprocess.run(
        [*micropython(), str(TESTS / "run_device_tests.py"), name],
        env=dict(os.environ, MICROPYPATH=":".join(map(str, paths))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("PASS") for line in lines) > 4
    assert not [line for line in lines if line.startswith(("FAIL", "SKIP"))], done.stdout


def test_flashed_with_a_role(tmp_path: Path) -> None:
    """The slot has it and the device takes it; a board with less heap gets none."""
    virtual = boards.load("virtual")
    made = install.build("chf", virtual)
    assert install.NATIVE in made.files
    assert install.native_files(virtual.arch, 1000) == {}
    with VirtualBoard(tmp_path) as board:
        flash.flash(board.port, made, virtual)
        assert flash.hello(board.port, restart=False)["device"] == "CHF"
        with RawRepl(board.port) as repl:
            repl.exec("import sys\nsys.path.insert(0, '/a')")
            path = repl.exec("from smets.crypto import p256\nprint(p256.native.__file__)")
            assert path.strip() == f"/a/{install.NATIVE}"


def test_on_the_chip_of_the_pico(board_of) -> None:
    """The file for a Cortex-M0+, beside the same code in the image."""
    board = board_of("rpi_pico")
    octets = (BUILT / boards.load("rpi_pico").arch / install.NATIVE).read_bytes()
    with RawRepl(board.port) as repl:
        repl.exec("file = open('/as_a_file.mpy', 'wb')")
        for at in range(0, len(octets), 256):
            repl.exec(f"file.write({octets[at : at + 256]!r})")
        repl.exec("file.close()\nimport as_a_file, smets_p256")
        call = f"multiply(bytes.fromhex('{LARGEST}'), b'').hex()"
        there, here = (
            repl.exec(f"print({module}.{call})", timeout=120).strip()
            for module in ("as_a_file", "smets_p256")
        )
        assert there == here and there[:64] == BASE_X
