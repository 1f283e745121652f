"""Codes of voltage and supply events (GBCS alert codes) and the phase that each is about."""

from __future__ import annotations

__all__ = ["code_name", "code_of", "code_phase"]

# Each row: first code, what happened; four codes in a row are the generic one, L1, L2, L3.
_CONDITIONS = (
    (0x8002, "average RMS over voltage"),
    (0x8006, "average RMS under voltage"),
    (0x8020, "RMS extreme over voltage"),
    (0x8024, "RMS voltage swell"),
    (0x8028, "RMS extreme under voltage"),
    (0x802C, "RMS voltage sag"),
    (0x8085, "average RMS over voltage ended"),
    (0x8089, "average RMS under voltage ended"),
    (0x808D, "RMS extreme over voltage ended"),
    (0x8091, "RMS voltage swell ended"),
    (0x8095, "RMS extreme under voltage ended"),
    (0x8099, "RMS voltage sag ended"),
)
_SUPPLY = {0x8F35: "supply restored", 0x8F36: "supply restored after 3 minutes or more"}


def code_name(code: int) -> str:
    """The meaning of an event code, without its phase; "" for a code that is not of the supply."""
    for first, name in _CONDITIONS:
        if first <= code < first + 4:
            return name
    if 0x8F37 <= code <= 0x8F3C:
        return "supply restored, one phase"
    if 0x8F57 <= code <= 0x8F5A:
        return "supply interrupted"
    return _SUPPLY.get(code, "")


def code_of(name: str, phase: int = 0) -> int:
    """The code of an event on a phase, 1 to 3, or without one; KeyError for an unknown name."""
    return {what: first for first, what in _CONDITIONS}[name] + phase


def code_phase(code: int) -> int | None:
    """The phase that a code is about, 1 to 3; None for one of the whole meter."""
    for first, _ in _CONDITIONS:
        if first < code < first + 4:
            return code - first
    return None
