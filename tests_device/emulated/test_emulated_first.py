"""The ten steps of docs/first-board.md on the emulated Pico, its panel included."""

from __future__ import annotations

from pathlib import Path

from first_board import hands_at, walk
from test_emulated_panel import DATA, NAME, agree, client_of

from host_tools import glass

# What the panel shows after a step.
PAGES = {6: "now", 7: "now", 8: "now", 9: "electricity", 10: "now"}


def test_the_ten_steps(board_of, tmp_path: Path) -> None:
    """Each command prints what the page says; the panel shows the meter, then its gas."""
    pico = board_of(NAME, tmp_path / "pico", pace="busy", trace=True)
    seen = glass.glass_of("st7789", DATA.pins["st7789"])
    hands = hands_at(pico, DATA.pins["keys"])
    shown: list[int] = []
    done = []
    for step, status, printed in walk(pico.port, tmp_path, hands):
        assert status == step.status, (step.command, printed)
        assert step.alike(printed), (step.command, printed)
        done.append(step.number)
        if step.number >= 6:
            with client_of(pico) as client:
                agree(pico, seen, client, PAGES[step.number])
                shown.append(step.number)
                told = client.control("QUERY")["summary"]
            if step.number in (8, 9):
                # What the panel shows came from the meters of the home.
                assert told["electricity"]["register"] and told["gas"]["register"]
    assert sorted(set(done)) == [4, 6, 7, 8, 9, 10]
    assert sorted(set(shown)) == sorted(PAGES)
