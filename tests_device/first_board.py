"""Does the ten steps of docs/first-board.md, as somebody would who reads the page.

A command of the page is a line that begins with `$ ` in a block of type console; what follows it
is what it printed. Comments beside the blocks say what hands do meanwhile, and an exit status
other than 0. As a program it does the steps on the emulated Pico and writes what was printed into
the page: `make first-board`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["PAGE", "PORT", "Step", "hands_at", "steps", "walk"]

REPO = Path(__file__).resolve().parents[1]
PAGE = REPO / "docs" / "first-board.md"
# The name that the board's port has on the page.
PORT = "/dev/ttyACM0"
_TIMEOUT = 300.0
HELD = 300  # ms that a key is held, less than until it repeats
# What is another figure each time: times, sizes, builds, versions of a commit.
_CHANGING = re.compile(r"\b(?:[0-9a-f]{8,}|\d+(?:\.\d+)*)\b")


@dataclass
class Step:
    """A line of the page that is carried out: a command, or what hands do."""

    number: int  # of the heading above it
    hands: str = ""
    command: str = ""
    printed: list[str] = field(default_factory=list[str])
    status: int = 0

    def alike(self, printed: list[str]) -> bool:
        """Whether that is what the page says, but for figures that change."""
        return [_CHANGING.sub("#", line) for line in printed] == [
            _CHANGING.sub("#", line) for line in self.printed
        ]


def steps(text: str) -> Iterator[Step]:
    """Yield what the page has one do, in order."""
    number, status, block = 0, 0, False
    current: Step | None = None
    for line in text.splitlines():
        if heading := re.match(r"## (\d+)\. ", line):
            number = int(heading[1])
        elif hands := re.fullmatch(r"<!-- hands: (.+) -->", line):
            yield Step(number, hands=hands[1])
        elif told := re.fullmatch(r"<!-- status: (\d+) -->", line):
            status = int(told[1])
        elif line == "```console":
            block = True
        elif block and line == "```":
            if current:
                yield current
            current, block, status = None, False, 0
        elif block and line.startswith("$ "):
            if current:
                yield current
            current = Step(number, command=line[2:], status=status)
        elif block and current:
            current.printed.append(line)


def walk(
    port: str,
    folder: Path,
    hands: Mapping[str, Callable[[], None]],
    changes: Mapping[str, str] | None = None,
) -> Iterator[tuple[Step, int, list[str]]]:
    """Do the steps with the board at `port`; yields each command, its status, what it printed.

    `hands` does what the page has hands do; `changes` are made in the words of the commands, for
    a board of another kind.
    """
    environment = dict(os.environ, COLUMNS="200", TERM="dumb")
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment["PYTHONPATH"] = str(REPO)
    for step in steps(PAGE.read_text(encoding="utf-8")):
        if step.hands:
            hands[step.hands]()
            continue
        command = step.command
        for word, other in (changes or {}).items():
            command = command.replace(word, other)
        done = subprocess.run(
            ["bash", "-c", command.replace(PORT, port)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,  # progress goes to standard error
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        said = done.stdout + ("" if done.returncode == step.status else done.stderr)
        printed = said.replace(port, PORT).splitlines()
        yield step, done.returncode, [line.rstrip() for line in printed]


def rewritten(text: str, walked: list[tuple[Step, int, list[str]]]) -> str:
    """The page with what its commands printed."""
    outputs = iter(walked)
    lines: list[str] = []
    block = False
    for line in text.splitlines():
        if line == "```console":
            block = True
        elif line == "```":
            block = False
        if not block or line == "```console" or line.startswith("$ "):
            lines.append(line)
        if block and line.startswith("$ "):
            lines += next(outputs)[2]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Do the steps on the emulated Pico and write what they printed into the page."""
    from host_tools import boards
    from host_tools.emulators import EmulatedPico

    keys = boards.load("rpi_pico").pins["keys"]
    with (
        tempfile.TemporaryDirectory() as folder,
        EmulatedPico(Path(folder) / "pico", pace="busy", trace=True) as pico,
    ):
        done = list(walk(pico.port, Path(folder), hands_at(pico, keys)))
    for step, status, printed in done:
        print(f"{step.number}. $ {step.command}", *printed, sep="\n")
        if status != step.status:
            sys.exit(f"status {status} instead of {step.status}: the page stays as it was")
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), done), encoding="utf-8")


def hands_at(pico: Any, keys: Mapping[str, int]) -> dict[str, Callable[[], None]]:
    """Hands at an emulated Pico: what they can do, by name."""

    def power() -> None:
        pico.power_off()
        pico.power_on()

    def next_page() -> None:
        pico.press(keys["next"], HELD)

    return {"power": power, "next": next_page}


if __name__ == "__main__":
    main()
