"""docs/choices.md names every choice that the firmware makes where no text decides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
POLICIES = (
    "gbcs/policy.py",
    "features/restriction.py",
    "features/prepayment/policy.py",
    "features/sleep.py",
    "features/tenancy/policy.py",
    "features/voltage/policy.py",
)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_choice_is_listed(policy: str) -> None:
    """A constant of a policy module stands in the document with its value."""
    text = (ROOT / "docs" / "choices.md").read_text(encoding="utf-8")
    source = (ROOT / "firmware" / "smets" / policy).read_text(encoding="utf-8")
    names = re.findall(r"^([A-Z][A-Z0-9_]+) = (?:const\()?([^#\n]*?)\)?(?:  #.*)?$", source, re.M)
    assert names
    for name, _ in names:
        assert f"| `{name}` | `" in text, f"{name} of {policy} is not in docs/choices.md"
