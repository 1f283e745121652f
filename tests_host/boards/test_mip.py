"""The package that mip installs is the firmware that is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools import boards, doctor, flash, install, mip
from host_tools.raw_repl import RawRepl
from host_tools.virtual_board import VirtualBoard

MPREMOTE = str(Path(sys.executable).with_name("mpremote"))


def test_the_package_names_every_module_once() -> None:
    """It is made by `make package`: a module that is new or gone shows here."""
    assert mip.differences() == [], "make package"
    document = json.loads(mip.PACKAGE.read_text(encoding="utf-8"))
    assert document["version"] == install.firmware_version()
    assert document["deps"] == []
    targets = [target for target, _ in document["urls"]]
    assert len(set(targets)) == len(targets) == len(install.modules())
    for target, url in document["urls"]:
        assert target == url
        assert (mip.PACKAGE.parent / url).is_file()
        assert target.startswith("smets/")


def test_what_differs_is_told(tmp_path: Path) -> None:
    """A module too many, one too few, another version, another order."""
    file = tmp_path / "package.json"
    assert len(mip.differences(file)) > 50
    text = mip.package()
    first, second = (f'["{path}", "{path}"]' for path in ("smets/clock.py", "smets/codec.py"))
    for wrong, told in (
        (text.replace(first, '["smets/gone.py", "smets/gone.py"]'), "smets/gone.py"),
        (text.replace(f"  {first},\n", ""), "smets/clock.py"),
        (text.replace('"version": "', '"version": "9'), '"version": "9'),
        (
            text.replace(first, "?").replace(second, first).replace("?", second),
            "the order of the lines",
        ),
    ):
        file.write_text(wrong, encoding="utf-8")
        assert told in "\n".join(mip.differences(file))
    file.write_text(text, encoding="utf-8")
    assert mip.differences(file) == []


def test_the_command_checks_and_says_so() -> None:
    """`make package` writes it; with --check nothing is written."""
    command = [sys.executable, "-m", "host_tools.mip", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "package.json is up to date\n")


@pytest.mark.slow
def test_a_board_runs_what_mip_installed(tmp_path: Path) -> None:
    """By mpremote's mip into /lib; a slot with modules comes before them, as a whole."""
    virtual = boards.load("virtual")
    made = install.build("chf", virtual, installed=True)
    assert set(made.files) == {"device.json"}
    # All roles as sources are more than the file system of a Pico holds, beside a slot even more.
    with VirtualBoard(tmp_path / "board", blocks=768) as board:
        with pytest.raises(flash.FlashError, match="no module named 'smets'"):
            flash.flash(board.port, made, virtual)
        command = [MPREMOTE, "connect", board.port, "mip", "install", str(mip.PACKAGE)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        assert done.stdout.count("Installing: /lib/smets/") == len(install.modules())
        report = flash.flash(board.port, made, virtual)
        assert report.hello is not None and report.hello["device"] == "CHF"
        assert report.sent == 2
        with RawRepl(board.port) as repl:
            repl.exec("with open('/lib/smets/__init__.py', 'w') as f: f.write('__version__ = 1')")
        with pytest.raises(flash.FlashError, match="firmware 1 is on the board, not"):
            flash.flash(board.port, install.build("gsme", virtual, installed=True), virtual)
        # Now /lib has a package that cannot run: nothing of it is taken beside a slot.
        whole = install.build("chf", virtual)
        report = flash.flash(board.port, whole, virtual)
        assert report.hello is not None and report.hello["build"] == whole.build
        found = {each.what: each for each in doctor.examine(board.port)}
        assert "the slot comes first" in found["lib"].text
        assert found["lib"].advice == "remove it: mpremote connect PORT fs rm -r :lib/smets"
        command = [MPREMOTE, "connect", board.port, "fs", "rm", "-r", ":lib/smets", "+", "reset"]
        subprocess.run(command, capture_output=True, timeout=300, check=True)
        assert flash.hello(board.port)["build"] == whole.build
        assert "lib" not in {each.what for each in doctor.examine(board.port)}
