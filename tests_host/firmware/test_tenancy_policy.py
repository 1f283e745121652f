"""The choices of the tenancy clients."""

import re
from pathlib import Path

from smets.features.tenancy import policy

TESTS = Path(__file__).resolve().parents[1]
TENANCY = TESTS.parent / "firmware/smets/features/tenancy"


def _constants():
    """Name and comment above of each constant of policy.py."""
    comment = []
    found = {}
    for line in (TENANCY / "policy.py").read_text().splitlines():
        name = re.match(r"([A-Z_]+) = ", line)
        if line.startswith("# ") and not line.startswith("# ---"):
            comment.append(line)
        elif name:
            found[name[1]] = " ".join(comment)
        else:
            comment = []
    return found


def test_every_choice_is_used_and_explained():
    """project-choice: a constant that nothing reads is no choice, one without reason no help."""
    readers = [*TENANCY.glob("*.py"), *TENANCY.parent.glob("*.py")]
    used = "".join(path.read_text() for path in readers)
    constants = _constants()
    assert len(constants) > 20
    assert set(constants) == {name for name in dir(policy) if name.isupper()}
    for name, comment in constants.items():
        own = name == "STRADDLING_CLEARED"  # the function next to it reads it
        assert own or f"policy.{name}" in used, name
        assert len(comment) > 40, name


def test_kept():
    """project-choice: a bucket belongs to the tenancy in which all of it lies."""
    assert policy.kept(100, 100, 130) and not policy.kept(100, 99, 130)
    assert not policy.kept(100, 70, 100) and policy.kept(0, 1, 2)
