"""What differs between expected and observed: octets by octets, else text by words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Difference", "Part", "difference"]

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}\s?){4,}")
# More octets than any GBCS message has are not aligned, but compared place by place.
_ALIGN_LIMIT = 6000


@dataclass(frozen=True)
class Part:
    """A run of octets or words; `changed` where the other side has something else."""

    text: str
    changed: bool


@dataclass(frozen=True)
class Difference:
    """Both sides in parts, and a sentence about the first difference (empty: there is none)."""

    expected: list[Part]
    observed: list[Part]
    sentence: str
    octets: bool = False  # both sides are octets


def _octets(text: str) -> bytes | None:
    return bytes.fromhex(text) if _HEX.fullmatch(text.strip()) else None


def difference(expected: str, observed: str) -> Difference:
    """Compare; two texts that are both hexadecimal are compared as octets."""
    left, right = _octets(expected), _octets(observed)
    if left is None or right is None:
        # An expectation in words is not the text of an answer, so nothing is marked.
        return Difference([Part(expected, False)], [Part(observed, False)], "")
    if left == right:
        return Difference([Part(_hex(left), False)], [Part(_hex(right), False)], "", True)
    return Difference(*_parts(left, right), _sentence(left, right), True)


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()


def _parts(left: bytes, right: bytes) -> tuple[list[Part], list[Part]]:
    sides: tuple[list[Part], list[Part]] = ([], [])
    if max(len(left), len(right)) > _ALIGN_LIMIT:
        start = next(
            (i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]),
            min(len(left), len(right)),
        )
        blocks = [("equal", 0, start, 0, start), ("replace", start, len(left), start, len(right))]
    else:
        blocks = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    for tag, a, b, c, d in blocks:
        for side, data in zip(sides, (left[a:b], right[c:d]), strict=True):
            if data:
                side.append(Part(_hex(data), tag != "equal"))
    return sides


def _sentence(left: bytes, right: bytes) -> str:
    shared = min(len(left), len(right))
    at = next((i for i in range(shared) if left[i] != right[i]), shared)
    lengths = f"; {len(left)} octets expected, {len(right)} observed" * (len(left) != len(right))
    if at == shared:
        what = "ends there" if len(left) > len(right) else "goes on there"
        return f"First difference at octet {at} (0x{at:02X}): observed {what}{lengths}."
    return (
        f"First difference at octet {at} (0x{at:02X}): "
        f"expected {left[at]:02X}, observed {right[at]:02X}{lengths}."
    )
