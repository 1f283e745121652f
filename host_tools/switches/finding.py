"""A dormant switch that was found, and the words that give one away by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Finding", "suspicious"]

# What CR4465 is about: rows of a release, and the usual words for switching them.
_ROW = r"(secmp|mp|cr)_?\d{2,4}[a-z]?"
_TURN = r"(enable|disable|use|allow|skip|with|without|no|old|new)d?"
_WORDS = re.compile(
    r"feature_?(switch|flag|toggle)|kill_?switch|"
    r"(^|_)(legacy|experimental|dormant|obsolete|deprecated|backdoor)(_|$)|"
    rf"(^|_){_TURN}_{_ROW}(_|$)|(^|_){_ROW}_(on|off|enabled|disabled|active)(_|$)",
    re.IGNORECASE,
)
_BARE = re.compile(rf"^{_ROW}$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]")


@dataclass(frozen=True, order=True)
class Finding:
    """A switch: the file it is in (of the project, or an image), its form, its name."""

    where: str
    form: str
    name: str
    line: int = 0
    what: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What an entry of the allow-list names: lines move."""
        return self.where, self.form, self.name

    def __str__(self) -> str:
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{place}: {self.form} {self.name!r}{f': {self.what}' if self.what else ''}"


def suspicious(name: str, on_device: bool = True) -> bool:
    """Whether a name is that of a feature switch, in any of the usual spellings.

    On a device the bare number of a row is one, too; the tools of the host report by rows.
    """
    plain = _CAMEL.sub("_", name)
    return bool(_WORDS.search(plain) or (on_device and _BARE.search(plain)))
