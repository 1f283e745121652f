"""Names and numbers of technical specifications, as people and DCC systems write them."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["DEVICE_SPECS", "SPECS", "Version", "VersionError", "parse_spec", "parse_version"]

# The specification of each device type; the GPF is a part of the Communications Hub.
DEVICE_SPECS = {
    "ESME": "ESMETS",
    "GSME": "GSMETS",
    "GPF": "CHTS",
    "CHF": "CHTS",
    "IHD": "IHDTS",
    "PPMID": "PPMIDTS",
}
SPECS = ("GSMETS", "ESMETS", "IHDTS", "PPMIDTS", "CHTS", "GBCS")

_NUMBER = re.compile(r"[Vv]?\s*(\d{1,3})\.(\d{1,3})")
_NAMED = re.compile(r"([A-Za-z]+)\s*[Vv]?\s*(\d{1,3}\.\d{1,3})")


class VersionError(Exception):
    """A text is no version."""


class Version(NamedTuple):
    """A version; the parts are numbers, so 4.10 is later than 4.9."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def parse_version(text: str) -> Version:
    """A version from "4.2" or "V4.2"; raises VersionError."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise VersionError(f"{text!r} is no version such as 4.2")
    return Version(int(match[1]), int(match[2]))


def parse_spec(text: str) -> tuple[str, Version]:
    """A specification and its version from "CHTS V1.6" or "GBCS 4.2"; raises VersionError."""
    match = _NAMED.fullmatch(text.strip())
    if match is None or match[1].upper() not in SPECS:
        raise VersionError(
            f"{text!r} names no specification such as CHTS V1.6 ({', '.join(SPECS)})"
        )
    return match[1].upper(), parse_version(match[2])
