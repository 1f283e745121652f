"""The lists of test ideas and the tests of each: `python tests_host/ideas.py` writes the page.

A test says in its name which ideas it is: `test_g58_...` of the tenancy or the time stamp (by its
file), `test_f01_f02_...` of the voltage. Its docstring starts with the label of its evidence.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs/ideas.md"
LABELS = ("rtds", "spec", "project-choice")
MARKER = "# engines: cpython unix"
TENANCY_FILES = re.compile(r"test_(tenancy_\w+|purge_\w+|consumption_logs|display|ppmid_home)$")

# List, title, letter in the names of its tests, how many ideas it has.
LISTS = (
    ("tenancy", "Change of tenancy", "g", 60),
    ("stamp", "Time stamp of the GPF", "g", 44),
    ("voltage", "Voltage", "f", 72),
)

# Ideas that no test on the Unix port carries, and why.
CPYTHON_ONLY: dict[tuple[str, int], str] = {
    ("stamp", 1): "the vectors lie outside the project; the codecs have their own tests on both.",
    ("stamp", 2): "the host tools build commands, no device does.",
    ("stamp", 40): "it judges the host's reader.",
    ("stamp", 43): "the vectors from which it starts lie outside the project.",
    ("voltage", 33): "MicroPython knows no time zone.",
}


@dataclass(frozen=True)
class Test:
    """One test function that carries numbers of ideas."""

    file: str
    name: str
    label: str
    both_engines: bool


def belongs(stem: str, letter: str) -> str:
    """Return the list to which the numbers with this letter in a test file belong."""
    if letter == "f":
        return "voltage"
    return "tenancy" if TENANCY_FILES.match(stem) else "stamp"


def collect() -> dict[str, dict[int, list[Test]]]:
    """Return list -> number -> its tests, in the order of the files."""
    found: dict[str, dict[int, list[Test]]] = {name: {} for name, *_ in LISTS}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            numbers = re.match(r"test((?:_[gf]\d\d)+)_", node.name)
            if numbers is None:
                continue
            words = re.split(r"[^\w-]", ast.get_docstring(node) or "", maxsplit=1)
            test = Test(path.stem, node.name, words[0], text.startswith(MARKER))
            for letter, number in re.findall(r"_([gf])(\d\d)", numbers[1]):
                found[belongs(path.stem, letter)].setdefault(int(number), []).append(test)
    return found


def page() -> str:
    """Return docs/ideas.md."""
    found = collect()
    lines = [
        "# Ideas for tests, and their tests",
        "",
        "The ideas for tests of the tenancy, the time stamp and the voltage are numbered. A",
        "test has the number in its name, after `g` or `f`; its docstring begins with the label",
        "of its evidence (rtds, spec, project-choice). `python tests_host/ideas.py` writes this",
        "page, and `tests_host/tools/test_ideas.py` checks it. Each idea runs on CPython and on",
        "MicroPython's Unix port, unless its row says why not. [evidence.md](evidence.md) has",
        "the facts and their sources.",
    ]
    for name, title, _, count in LISTS:
        lines += ["", f"## {title}", "", "| idea | label | tests |", "| --- | --- | --- |"]
        for number in range(1, count + 1):
            tests = found[name].get(number, [])
            labels = ", ".join(sorted({test.label for test in tests}))
            cells = "<br>".join(f"`{test.file}::{test.name}`" for test in tests)
            reason = CPYTHON_ONLY.get((name, number))
            note = f"<br>CPython only: {reason}" if reason else ""
            lines.append(f"| {number} | {labels} | {cells}{note} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
