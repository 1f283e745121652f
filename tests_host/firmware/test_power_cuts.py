"""The core of `make powercuts`, which the Unix port runs; and that it sees loss and mixture."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import power_cuts
import pytest
import storage_page

from host_tools.compiled import compiled_firmware

TESTS = Path(__file__).resolve().parents[1]
MICROPYTHON = shutil.which("micropython", path=Path(sys.executable).parent)
LINE = re.compile(r"(.+?) +(\d+) cuts  (\d+) lost  (\d+) mixed")

pytestmark = pytest.mark.skipif(MICROPYTHON is None, reason="needs MicroPython's Unix port")


def output(script: str, *arguments: str) -> tuple[str, int]:
    """What a script of this folder says on the Unix port, and its exit status."""
    search = f"{TESTS}:{TESTS / 'firmware'}:{compiled_firmware()}:.frozen"
    command = [str(MICROPYTHON), "-X", "heapsize=4M", str(TESTS / script), *arguments]
    done = subprocess.run(
        command,
        env=os.environ | {"MICROPYPATH": search},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + done.stderr, done.returncode


def run(script: str, *arguments: str) -> dict[str, tuple[int, int, int]]:
    """Run a script of this folder; (cuts, lost, mixed) of each operation."""
    return counted(*output(script, *arguments))


def counted(text: str, status: int) -> dict[str, tuple[int, int, int]]:
    """(cuts, lost, mixed) of each operation in what such a script says."""
    found = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        if match:
            cuts, lost, mixed = (int(number) for number in match.groups()[1:])
            found[match.group(1)] = cuts, lost, mixed
    assert found, text
    assert any(lost or mixed for _, lost, mixed in found.values()) == (status != 0), text
    return found


def test_every_operation_at_some_of_its_cuts() -> None:
    """Writes torn half way, at every second point: nothing is lost or mixed."""
    text, status = output("power_cuts.py", "--core")
    found = counted(text, status)
    stored = [line for line in text.splitlines() if line.startswith("stored: ")][0].split()[1:]
    assert not storage_page.without(stored), stored
    assert sorted(found) == sorted(made.name for made in power_cuts.OPERATIONS)
    for name, (cuts, lost, mixed) in found.items():
        assert cuts >= 3 and (lost, mixed) == (0, 0), name


def test_loss_and_mixture_are_seen() -> None:
    """Records that are removed before they are written, or written one after the other."""
    found = run("power_cuts_faulty.py")
    assert found["careless"][1] > 0
    assert found["apart"][1] == 0 and found["apart"][2] > 0


def test_an_operation_that_overtakes_another() -> None:
    """The last one is there, the one before it is not, unless a sync lies between."""
    for sync in (False, True):
        flash = power_cuts.Unordered(16, 4)
        flash.cut, flash.torn = 3, 3
        flash.writeblocks(0, b"first", 0)
        flash.writeblocks(1, b"second", 0)
        if sync:
            flash.ioctl(3, 0)
        with pytest.raises(power_cuts.PowerCut):
            flash.writeblocks(2, b"third", 0)
        assert bytes(flash.memory[0][:5]) == b"first" and bytes(flash.memory[2][:5]) == b"third"
        assert (bytes(flash.memory[1][:6]) == b"second") == sync
