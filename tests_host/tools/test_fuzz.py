"""The fuzzer itself: each target finds a planted fault, and what it leaves shows it again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def fuzz(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the fuzzer in a folder of its own; without atheris inputs are random."""
    places = (TESTS.parent / "firmware", TESTS, TESTS.parent)
    return subprocess.run(
        [sys.executable, "-m", "fuzz.run", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("target", ["han", "commands", "decoder", "link"])
def test_a_planted_fault_is_found(target: str, tmp_path: Path) -> None:
    """issue: each target finds a fault of its kind; without it the same inputs find nothing."""
    done = fuzz(tmp_path, "--child", target, "--time", "60", "--plant")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Planted" in done.stderr, done.stderr[-2000:]
    again = fuzz(tmp_path, "--replay", target, str(tmp_path / "found"), "--plant")
    assert again.returncode == 1 and "Planted" in again.stderr, again.stderr[-2000:]
    again = fuzz(tmp_path, "--replay", target, str(tmp_path / "found"))
    assert again.returncode == 0 and again.stdout == "no finding\n", again.stderr[-2000:]


def test_a_target_that_tries_nothing_fails(tmp_path: Path) -> None:
    """issue: the exit status is not 0 where the count is."""
    done = fuzz(tmp_path, "--target", "decoder", "--time", "0")
    assert done.returncode == 1, done.stdout
    assert "NOTHING TRIED" in done.stdout, done.stdout
