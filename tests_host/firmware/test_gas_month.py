"""`make gas-month` for some days: it passes, tells what they cost, and sees what is wrong."""

from __future__ import annotations

import re

import gas_month
import pytest


def test_some_days(capsys: pytest.CaptureFixture[str]) -> None:
    """issue: a valve that closes at zero credit, opened by a token at the PPMID; the figures."""
    assert gas_month.main(2) == 0
    told = capsys.readouterr().out
    closed = re.search(r"2 days, \d+ m3 of gas: the valve closed (\d+) times, (\d+) tokens", told)
    assert closed and int(closed[1]) == int(closed[2]) > 0, told
    figures = re.search(r"(\S+) wake-ups, (\d+) frames sent and (\d+) taken", told)
    assert figures and 48 <= float(figures[1]) <= gas_month.MOST[0], told
    assert 48 < int(figures[2]) + int(figures[3]) <= gas_month.MOST[1], told


def test_another_charge_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is its own: a meter with another charge than what was meant fails."""
    made = gas_month.tariff

    def other(blocks: bool, prices: list[int], charge: int = 0) -> list[gas_month.Item]:
        return made(blocks, prices, charge + 5)

    monkeypatch.setattr(gas_month, "tariff", other)
    with pytest.raises(AssertionError, match="credit"):
        gas_month.main(2)
