"""The sequences of `make living`, one by one; on MicroPython where slow tests run."""

from __future__ import annotations

from pathlib import Path

import pytest
from living_table import KEPT, LIVES, PARTS, REFUSED, totals, tried, tried_gas


@pytest.mark.parametrize("engine", ["cpython", pytest.param("unix", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, part in PARTS.items() for name in part[1]]
)
def test_sequence(role: str, name: str, engine: str, tmp_path: Path) -> None:
    """issue: set, time, read on a device without a state; at a proxy through power cuts."""
    _, sequences, begin, _ = PARTS[role]
    meter = begin(engine, tmp_path) if role == "GPF" else begin(engine)
    try:
        sequences[name][1](meter)
    finally:
        meter.close()


def test_what_no_sequence_shows() -> None:
    """issue: kept only, or refused with a reason."""
    assert tried("ECS10")[0] == KEPT
    assert tried("ECS12") == (REFUSED, "result 250"), "a date without a meaning"
    assert tried_gas("GCS07", "GSME")[0] == KEPT
    assert tried_gas("GCS21k", "GPF") == (REFUSED, "status 8B"), "of a new proxy"


def test_totals() -> None:
    """issue: the README carries them."""
    rows = [("ECS10", KEPT, ""), ("ECS12", REFUSED, ""), ("ECS24", LIVES, ""), ("E", LIVES, "")]
    assert totals(rows, "ESME").startswith("4 use cases of an ESME in DLMS")
    assert totals(rows, "GPF").endswith("a GPF in GBZ: 2 live, 1 are kept only, 1 are refused")
