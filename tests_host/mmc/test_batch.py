"""A batch of 10,000 answers: progress is told, and memory does not grow with the log."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import mmc_batch
import pytest


def run(count: int, folder: Path) -> tuple[str, float]:
    """What is said on the way, and the most memory in MiB."""
    keys = [word for path in mmc_batch.write(count, folder) for word in ("--keys", str(path))]
    words = [sys.executable, "-m", "host_tools", "pc", str(folder / "batch.log"), *keys]
    done = subprocess.run(
        [*words, "-o", str(folder / "out")],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
        env={"PATH": "", "DUIS_DIR": str(folder)},
    )
    assert len(list((folder / "out").iterdir())) == count
    assert f"{count} answered; {count} documents" in done.stdout
    memory = re.search(r"at most (\d+) MiB", done.stdout)
    assert memory
    return done.stderr, float(memory[1])


def test_a_small_batch(tmp_path: Path):
    said, memory = run(50, tmp_path)
    assert said == "" and memory < 200


@pytest.mark.slow
def test_ten_thousand_answers_in_the_memory_of_a_thousand(tmp_path: Path):
    _, small = run(1000, tmp_path / "small")
    said, large = run(10000, tmp_path / "large")
    assert [line.split()[2] for line in said.splitlines()] == [str(1000 * n) for n in range(1, 11)]
    assert large < 1.2 * small
