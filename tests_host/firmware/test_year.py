"""`make year` for some days: it passes, and it tells what is wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import year_commands

from host_tools.bench import micropython
from host_tools.compiled import compiled_firmware

HOST = Path(__file__).resolve().parents[1]


def live(commands: str, folder: Path, days: int) -> tuple[int, str]:
    """The exit status of some days, and what was printed."""
    flash = folder / "flash"
    flash.mkdir()
    told = folder / "commands"
    told.write_text(commands, "utf-8")
    path = f"{HOST}:{HOST / 'firmware'}:{compiled_firmware()}:.frozen"
    done = subprocess.run(
        [*micropython(), "-X", "heapsize=512wk", HOST / "year.py", told, flash, str(days)],
        env={"MICROPYPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_some_days(capsys, tmp_path):
    """A cut in each six days or so; another price than that of the model is seen."""
    year_commands.main()
    commands = capsys.readouterr().out
    status, told = live(commands, tmp_path, 13)
    assert status == 0 and "13 days, 624 half hours, 2 power cuts" in told, told
    price = f"{year_commands.PRICES[4]:04x}"
    assert commands.count(price) >= 1
    (tmp_path / "other").mkdir()
    status, told = live(commands.replace(price, "2af9"), tmp_path / "other", 8)
    assert status == 1 and "AssertionError" in told, told
