"""`smets bench`: what operations cost on a board, here on the virtual one."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import board_costs, boards, flash, install
from host_tools.cli import app
from host_tools.raw_repl import RawRepl
from host_tools.virtual_board import VirtualBoard

DATA = boards.load("virtual")


def test_a_board_is_measured_and_goes_on_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table with every figure; the device answers again, and nothing stays on its flash."""
    monkeypatch.setattr(board_costs, "_LONG", 1000)
    with VirtualBoard(tmp_path) as board:
        made = install.build("gpf", DATA, {"tick": False, "label": "measured"})
        flash.flash(board.port, made, DATA)
        done = CliRunner().invoke(app, ["bench", "--port", board.port])
        assert done.exit_code == 0, done.output
        rows = {line.strip("│ ").split("│")[0].strip() for line in done.output.splitlines()}
        wanted = {
            *(
                "P-256 key agreement",
                "ECDSA verification",
                "MAC of a GCS13a command, with its key",
            ),
            *("GCS13a command to response", "voltage samples a second"),
            "free heap, the above loaded",
        }
        assert wanted <= rows, done.output
        assert flash.hello(board.port)["device"] == "GPF"
        with RawRepl(board.port) as repl:
            assert flash.Files(repl, flash.Report()).tree(board_costs.FOLDER) == {}
            costs, free = board_costs.measure(repl, DATA)
    assert free > 100_000
    by_label = {cost.label: cost.value for cost in costs}
    assert all(value > 0 for value in by_label.values())
    # Two multiplications of points against some AES blocks.
    assert by_label["ECDSA verification"] > by_label["MAC of a GCS13a command, with its key"]


def test_what_cannot_be_measured_is_named() -> None:
    """No port: exit status 1; no such board: 2."""
    done = CliRunner().invoke(app, ["bench", "--port", "/no/port"])
    assert done.exit_code == 1 and "/no/port" in done.output
    done = CliRunner().invoke(app, ["bench", "--port", "/no/port", "--board", "toaster"])
    assert done.exit_code == 2 and "'toaster' is not one of" in done.output
