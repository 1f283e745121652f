"""docs/first-board.md: it has ten steps, and they work on a virtual board."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_tools.bench import BenchClient, open_port
from host_tools.virtual_board import VirtualBoard
from tests_device.first_board import PAGE, rewritten, steps, walk

# The page is for a Pico with the frozen image; this board gets the modules.
CHANGES = {"rpi_pico": "virtual", " --installed": ""}


def test_the_page_has_ten_steps_with_commands_and_what_they_print():
    """Ten headings; each command has an output, but for the one that writes a file."""
    found = list(steps(PAGE.read_text(encoding="utf-8")))
    headings = [line for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    assert [heading.split()[1] for heading in headings[:10]] == [f"{n}." for n in range(1, 11)]
    assert [step.command.split()[0] for step in found if step.command] == (
        ["smets"] * 2 + ["echo"] + ["smets"] * 4
    )
    assert all(
        bool(step.printed) == step.command.startswith("smets") for step in found if step.command
    )
    assert [step.hands for step in found if step.hands] == ["power", "next", "power"]


def test_a_page_is_rewritten_with_what_was_printed():
    """What a command printed takes the place of what stood there; the rest stays."""
    page = "## 1. A\n\n```console\n$ one\nold\n$ two\n```\nend\n"
    found = [(step, 0, ["new", step.command]) for step in steps(page)]
    assert rewritten(page, found) == (
        "## 1. A\n\n```console\n$ one\nnew\none\n$ two\nnew\ntwo\n```\nend\n"
    )
    assert found[0][0].alike(["old"]) and not found[0][0].alike(["new"])


@pytest.mark.slow
def test_the_steps_on_a_virtual_board(tmp_path: Path):
    """Each command ends as the page says; at the end the display has its identity and is alive."""
    with VirtualBoard(tmp_path / "board") as board:

        def power() -> None:
            board.power_off()
            board.power_on()

        def next_page() -> None:
            # A virtual board has no pins for keys.
            with BenchClient(open_port(board.port)) as client:
                client.control("SCREEN", {"press": ["next"]})

        hands = {"power": power, "next": next_page}
        printed: list[str] = []
        for step, status, printed in walk(board.port, tmp_path, hands, CHANGES):
            assert status == step.status, (step.command, printed)
        text = "\n".join(printed)
    assert "IHD" in text and "02534D45545300C7" in text and "bad " not in text
