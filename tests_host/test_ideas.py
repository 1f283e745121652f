"""Every test idea of the facts has its test: `_g42` or `_f07` in its name, evidence in its text.

The lists are numbered in the facts: tenancy (section G, 60), stamp of gas reads (section G, 44),
voltage (section F, 72). A test may serve several ideas.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LABELS = ("rtds", "spec", "project-choice")
TENANCY = {
    *(path.name for path in TESTS.glob("test_tenancy_*.py")),
    *(path.name for path in TESTS.glob("test_purge_*.py")),
    "test_logs.py",
    "test_display.py",
}
# name -> (pattern of the number in a test's name, how many there are, which files)
LISTS = {
    "tenancy": (r"_g(\d\d)", 60, lambda name: name in TENANCY),
    "stamp": (r"_g(\d\d)", 44, lambda name: name not in TENANCY),
    "voltage": (r"_f(\d\d)", 72, lambda name: True),
}


def functions_of(pattern, belongs):
    """number -> (file::name, text) of the tests that name it."""
    found = defaultdict(list)
    for path in sorted(TESTS.glob("test_*.py")):
        if not belongs(path.name):
            continue
        module = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for number in re.findall(pattern, node.name):
                    texts = [ast.get_docstring(part) or "" for part in (node, module)]
                    # A file may say once on what all of it stands.
                    text = texts[0] + (texts[1] if "evidence of the kind" in texts[1] else "")
                    found[int(number)].append((f"{path.name}::{node.name}", text))
    return found


@pytest.mark.parametrize("name", LISTS)
def test_every_idea_has_a_labelled_test(name):
    """No number is missing, none is beyond the list, and each says on what evidence it stands."""
    pattern, count, belongs = LISTS[name]
    found = functions_of(pattern, belongs)
    assert sorted(found) == list(range(1, count + 1))
    for number, functions in found.items():
        labelled = any(label in text for _, text in functions for label in LABELS)
        assert labelled, f"{name} {number}: no evidence label at {[at for at, _ in functions]}"
