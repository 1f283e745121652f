"""Counts of instructions against the committed ones: what moved by more than 5 % is told."""

from __future__ import annotations

import json

import pytest

from host_tools.emulators import count


@pytest.mark.parametrize(
    ("counted", "committed", "told"),
    [
        (1050, 1000, ""),
        (950, 1000, ""),
        (1051, 1000, "+5.1 %"),
        (940, 1000, "-6.0 %"),
        (1000, None, "new"),
    ],
)
def test_what_moved_is_told(counted: int, committed: int | None, told: str) -> None:
    assert count.change(counted, committed) == told


# At most so many instructions: those of before (docs/performance.md) over 8, 4, 8 and 3.5, and
# for commands what was promised.
MOST = {
    "P-256 key agreement": 9_800_000,
    "ECDSA signature": 8_000_000,
    "ECDSA verification": 12_300_000,
    "GCS13a command to response": 3_200_000,
    "AES-GCM, 1 KB sealed": 5_100_000,
    "the same command again": 300_000,
}


@pytest.mark.parametrize("label", MOST)
def test_no_committed_count_is_above_what_was_promised(label: str) -> None:
    committed = json.loads(count.COMMITTED.read_text("utf-8"))
    assert committed[label] <= MOST[label]


def test_every_operation_that_a_test_counts_has_a_committed_count() -> None:
    committed = json.loads(count.COMMITTED.read_text("utf-8"))
    assert set(count.QUICK) <= committed.keys()
    assert all(isinstance(each, int) and each > 0 for each in committed.values())
