"""Parameters of a command under construction: given by loose names, each used, none forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from host_tools.gbcs import times
from host_tools.gbcs.tree import Json


class ParameterError(Exception):
    """A parameter is missing, unknown, or of the wrong kind."""


def plain(name: str) -> str:
    """A name without case and punctuation, so that `Issuer Event ID` may be IssuerEventID."""
    return re.sub(r"[^a-z0-9#\[\]]", "", name.lower())


class Parameters:
    """Values by name; `take` finds one by any alias, `finish` refuses what is left over."""

    def __init__(self, values: Mapping[str, Json], now: datetime) -> None:
        self._values = {plain(name): (name, value) for name, value in values.items()}
        if len(self._values) != len(values):
            raise ParameterError("two parameters with the same name")
        self._used: set[str] = set()
        self._known: dict[str, None] = {}
        self.now = now

    def find(self, aliases: Iterable[str], ask: bool = True) -> Json | None:
        """The value of the first alias that was given, or None; `ask` lists it as a parameter."""
        names = list(aliases)
        if ask:
            self._known[names[0]] = None
        for name in names:
            key = plain(name)
            if key in self._values:
                self._used.add(key)
                return self._values[key][1]
        return None

    def take(self, aliases: Iterable[str], kind: str) -> Json:
        """The value of the first alias that was given; ParameterError if none was."""
        names = list(aliases)
        value = self.find(names)
        if value is None:
            raise self.missing(names[0], kind)
        return value

    def missing(self, name: str, kind: str) -> ParameterError:
        """The error of a value that was not given; names what was given in vain, as a typo is."""
        vain = [repr(given) for key, (given, _) in self._values.items() if key not in self._used]
        hint = f"; of no use so far: {', '.join(vain)}" if vain else ""
        return ParameterError(f"parameter {name!r} is missing ({kind}){hint}")

    def finish(self) -> None:
        """Raise ParameterError if a given parameter was never asked for."""
        for key, (name, _) in self._values.items():
            if key not in self._used:
                known = ", ".join(repr(item) for item in self._known) or "none"
                raise ParameterError(f"no parameter {name!r} here; there are: {known}")


def number(value: Json, name: str) -> int:
    """An integer given as such or as decimal or 0x text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            pass
    raise ParameterError(f"{name}: {value!r} is not an integer")


def moment(value: Json, name: str) -> datetime:
    """A UTC time given as ISO 8601 text."""
    if not isinstance(value, str):
        raise ParameterError(f"{name}: {value!r} is not a UTC time")
    try:
        return times.parse_iso(value)
    except ValueError as error:
        raise ParameterError(f"{name}: {error}") from None


def utc_seconds(value: Json, name: str) -> int:
    """Seconds since 2000 given as ISO 8601 text, as a number, or as `now` (0) or `never`."""
    special = {"now": 0, "never": times.UTC_INVALID}
    if isinstance(value, str) and value in special:
        return special[value]
    if isinstance(value, str) and "T" in value:
        seconds = times.seconds_2000(moment(value, name))
        if not 0 <= seconds <= times.UTC_INVALID:
            raise ParameterError(f"{name}: {value} is outside 2000 to 2136")
        return seconds
    return number(value, name)


def cosem(value: Json, name: str) -> bytes:
    """A 12-octet date-time given as ISO 8601 text, as hex, or as `now` or `never`."""
    special = {"now": times.NOW, "never": times.NEVER}
    if isinstance(value, str) and value in special:
        return special[value]
    if isinstance(value, str) and "T" not in value:
        raw = octets(value, name)
        if len(raw) != 12:
            raise ParameterError(f"{name}: a date-time has 12 octets, not {len(raw)}")
        return raw
    return times.encode_cosem(moment(value, name))


def octets(value: Json, name: str) -> bytes:
    """Octets given as hex digits (0x before them is allowed)."""
    if isinstance(value, str):
        try:
            return bytes.fromhex(value.removeprefix("0x"))
        except ValueError:
            pass
    raise ParameterError(f"{name}: {value!r} is not hex")


def from_text(text: str) -> Json:
    """A command line value: JSON objects and lists are read, anything else stays text."""
    if text[:1] in ("{", "["):
        try:
            return cast("Json", json.loads(text))
        except json.JSONDecodeError as error:
            raise ParameterError(f"{text!r} is not JSON: {error.msg}") from None
    return text
