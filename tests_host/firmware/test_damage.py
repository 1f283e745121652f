"""One flipped octet in anything stored prevents no start and is told; `make damage` flips each."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import damage
import pytest
import storage_page

from host_tools.compiled import FIRMWARE, compiled_firmware

TESTS = Path(__file__).resolve().parents[1]
MICROPYTHON = shutil.which("micropython", path=Path(sys.executable).parent)
LINE = re.compile(r"(\w+) +(\d+) octets +(\d+) folders  (\d+) failed starts  (\d+) untold")
# Every n-th octet of what a role has stored, but of fillings one in 16: each file is hit.
STEPS = {"gsme": 23, "gpf": 23, "chf": 23, "sapc": 23, "esme": 211, "ihd": 61, "ppmid": 61}


def command(engine: str) -> tuple[list[str], dict[str, str]]:
    """What runs a script on an engine, and its environment."""
    if engine == "cpython":
        return [sys.executable], {"PYTHONPATH": f"{FIRMWARE}:{TESTS}"}
    if MICROPYTHON is None:
        pytest.skip("needs MicroPython's Unix port")
    search = f"{TESTS}:{compiled_firmware()}:.frozen"
    return [MICROPYTHON, "-X", "heapsize=4M"], {"MICROPYPATH": search}


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize("role", list(STEPS))
def test_flipped_octets(role: str, engine: str, tmp_path: Path) -> None:
    """No start fails, and every damage is in the log and the summary."""
    start, environment = command(engine)
    done = subprocess.run(
        [*start, str(TESTS / "damage.py"), role, str(tmp_path / "stored"), str(STEPS[role])],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    match = LINE.match(done.stdout)
    assert match, done.stdout + done.stderr
    assert int(match.group(2)) >= 20
    assert int(match.group(3)) >= 5
    assert match.groups()[3:] == ("0", "0"), done.stdout
    assert done.returncode == 0


def test_something_of_all_that_a_device_keeps_is_damaged(tmp_path: Path) -> None:
    """issue: every row of docs/storage.md has a file that a device of some role has stored."""
    stored = set()
    for role in STEPS:
        damage.furnish(role, str(tmp_path / role))
        folder = tmp_path / role
        stored |= {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert not storage_page.without(stored), sorted(stored)
