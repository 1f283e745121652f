"""docs/choices.md is what `make choices` writes: each choice that the firmware makes, by name."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from host_tools import choices

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware" / "smets"
PAGE = (ROOT / "docs" / "choices.md").read_text(encoding="utf-8")

POLICY = '''\
# What a toaster does where no text decides. project-choice: each name of this module.
from smets.compat import const

_SLOT = const(2)

# Seconds of toasting. Alternative: any.
TOAST_S = const(0x5A)

# Slices that fit, and that are thick.
SLICES = _SLOT | 4
THICK = (1, 2)  # thumbs


def ready(seconds):
    """Whether toast is ready, by time alone. Alternative: by colour."""
    # A remark.
    return seconds >= TOAST_S


class Toaster:
    """No choice."""

    def eject(self):
        """No choice either."""
'''
PLAIN = '''\
# A kettle.

# project-choice: degrees at which it stops. Alternative: 95.
_BOILS = 100
# No choice.
_FILLS = 2


class Kettle:
    """A kettle."""

    def whistle(self, tones):
        """Whistle; project-choice.

        Two tones at most. Alternative: any number.
        """
        return tones[:2]
'''


def rows(text: str, path: str = "kitchen.py") -> dict[str, tuple[str, str]]:
    """Name to value and reason, as the generator reads them."""
    return {each.name: (each.value, each.reason) for each in choices.read(path, text).choices}


def test_the_page_is_what_the_sources_say() -> None:
    """A changed value, rule or comment of the firmware changes the page."""
    assert choices.page(choices.read_all()) == PAGE, "run `make choices`"


def listed() -> list[tuple[str, str, str]]:
    """Module, name and value of each row of the page that has a constant."""
    found = []
    module = ""
    for line in PAGE.splitlines():
        if line.startswith("### `"):
            module = line[5:-1]
        row = re.match(r"\| `([\w.]+)` \| `(.*?)` \| ", line)
        if row:
            found.append((module, row[1], row[2].replace("\\|", "|")))
    return found


@pytest.mark.parametrize(("module", "name", "value"), listed())
def test_a_listed_value_is_that_of_the_running_code(module: str, name: str, value: str) -> None:
    """The page's literals are the values that the modules have when they are imported."""
    loaded = importlib.import_module("smets." + module.removesuffix(".py").replace("/", "."))
    real = loaded
    for part in name.split("."):
        real = getattr(real, part)
    try:
        expected = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        assert not isinstance(real, int) or ";" in value or "." in value, f"{name} is no literal"
        return
    assert real == expected


def test_every_choice_has_its_alternatives() -> None:
    """Each reason names an alternative, or the constant that does."""
    bare = [
        f"{module.path}: {choice.name}"
        for module in choices.read_all()
        for choice in module.choices
        if not re.search(r"[Aa]lternative|; see `\w+`\.", choice.reason)
    ]
    assert not bare


def test_every_label_has_a_row() -> None:
    """No module that has a label is missing from the page."""
    for file in FIRMWARE.rglob("*.py"):
        if "project-choice" in file.read_text(encoding="utf-8"):
            assert f"\n### `{file.relative_to(FIRMWARE).as_posix()}`\n" in PAGE


def test_every_public_name_of_a_labelled_module_is_a_choice() -> None:
    """Constants have their value as it is written, functions what they say."""
    read = rows(POLICY)
    assert list(read) == ["TOAST_S", "SLICES", "THICK", "ready()"]
    assert read["TOAST_S"] == ("0x5A", "Seconds of toasting. Alternative: any.")
    assert read["SLICES"] == ("_SLOT | 4; _SLOT = 2", "Slices that fit, and that are thick.")
    assert read["THICK"] == ("(1, 2)", "Slices that fit, and that are thick. Thumbs")
    assert read["ready()"][1] == "Whether toast is ready, by time alone. Alternative: by colour."
    module = choices.read("kitchen.py", POLICY)
    assert module.about == "What a toaster does where no text decides."


def test_elsewhere_only_what_is_labelled_is_a_choice() -> None:
    """A label stands above a constant, or in a docstring."""
    read = rows(PLAIN)
    assert list(read) == ["_BOILS", "Kettle.whistle()"]
    assert read["_BOILS"] == ("100", "Degrees at which it stops. Alternative: 95.")
    assert read["Kettle.whistle()"][1] == ("Whistle. Two tones at most. Alternative: any number.")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("const(0x5A)", "const(0x5B)"),
        ("seconds >= TOAST_S", "seconds > TOAST_S"),
        ("def ready(seconds)", "def ready(seconds, colour=1)"),
        ("_SLOT = const(2)", "_SLOT = const(3)"),
        ("THICK = (1, 2)", "THICK = (1, 3)"),
        ("Alternative: any.", "Alternative: none."),
        ("by colour", "by smell"),
    ],
)
def test_a_change_of_code_or_comment_changes_the_page(old: str, new: str) -> None:
    """Each kind of change is noticed."""
    assert POLICY.count(old) == 1
    before = choices.page([choices.read("kitchen.py", POLICY)])
    assert choices.page([choices.read("kitchen.py", POLICY.replace(old, new))]) != before


def test_a_constant_that_a_rule_uses_is_part_of_the_rule() -> None:
    """The digest of a function changes with the constant that it names."""
    changed = rows(POLICY.replace("0x5A", "0x5B"))
    assert changed["ready()"][0] != rows(POLICY)["ready()"][0]


def test_layout_and_remarks_change_nothing() -> None:
    """A rule is its code: comments inside of it and blank lines are not."""
    changed = POLICY.replace("    # A remark.\n", "\n")
    assert rows(changed) == rows(POLICY)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# A module.\nimport os\n# project-choice: nothing follows.\n\nX = 1\n", 3),
        ("# A module.\ndef f():\n    # project-choice: inside.\n    return 1\n", 3),
        ('# A module.\nclass A:\n    """A.\n\n    project-choice: a class.\n    """\n', 5),
        ("# A module.\nx = [1]\n# project-choice: no name.\nx[0] = 2\n", 3),
    ],
)
def test_a_label_without_a_name_is_an_error(text: str, line: int) -> None:
    """The error names the file and the line of the label."""
    with pytest.raises(choices.ChoiceError, match=f"^kitchen.py:{line}: project-choice"):
        choices.read("kitchen.py", text)


def test_a_choice_without_a_reason_is_an_error() -> None:
    """Each name of a labelled module needs a comment."""
    with pytest.raises(choices.ChoiceError, match="LEVER has no comment"):
        choices.read("kitchen.py", POLICY + "\n\nLEVER = 1\n")


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make choices` runs this; without the name of a page it says how it is used."""
    target = tmp_path / "choices.md"
    assert choices.main([str(target)]) == 0
    assert target.read_text(encoding="utf-8") == PAGE
    assert choices.main([]) == 2
    assert "PAGE" in capsys.readouterr().err
