"""The commands of `make powercuts`: cut, and carried out where the flash has no room."""

import re

import command_cuts
import pytest
from test_power_cuts import MICROPYTHON, output

LINE = re.compile(r"(.+?) +(\d+) (cuts|times full)  (\d+) lost  (\d+) mixed")

pytestmark = pytest.mark.skipif(MICROPYTHON is None, reason="needs MicroPython's Unix port")


def test_a_command_is_one_whole() -> None:
    """Its counter, settings and records are old or new together, and memory is as the flash is."""
    text, status = output("command_cuts.py", "--core")
    found = [match.groups() for match in map(LINE.fullmatch, text.splitlines()) if match]
    names = sorted(made.name for made in command_cuts.OPERATIONS)
    for kind in ("cuts", "times full"):
        assert sorted(name for name, _, told, _, _ in found if told == kind) == names, text
    for name, count, kind, lost, mixed in found:
        assert int(count) >= 1 and (lost, mixed) == ("0", "0"), f"{name}, {kind}: {text}"
    assert status == 0
