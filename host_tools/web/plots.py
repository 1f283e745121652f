"""The two plots of the view: the voltage log as read, and how old the gas value is."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final, cast

from host_tools.gbcs.message import Message
from host_tools.gbcs.times import parse_iso, seconds_2000
from host_tools.voltage.codes import code_name
from host_tools.voltage.series import Series, from_messages

__all__ = ["SPAN", "Plots"]

# Seconds that the plots look back.
SPAN: Final = 2 * 86400
_AVERAGES: Final = SPAN // 1800
_EVENTS: Final = 40
# Seconds between two points of the stamp's age at least.
_STEP: Final = 300


class Plots:
    """Keeps the newest points; times are UTC seconds since 2000."""

    def __init__(self) -> None:
        self._averages: deque[tuple[int, int]] = deque(maxlen=_AVERAGES)
        self._events: deque[tuple[int, int]] = deque(maxlen=_EVENTS)
        self._ages: deque[tuple[int, int, str, str]] = deque(maxlen=2 * SPAN // _STEP)
        self._limits: tuple[int | None, int | None] = (None, None)
        self._kind: tuple[str, str] | None = None

    @property
    def newest(self) -> int:
        """The stamp of the newest average, or 0."""
        return self._averages[-1][0] if self._averages else 0

    def voltage(self, message: Message) -> None:
        """Take what a response says of averages or thresholds."""
        series = from_messages([message], Series())
        for phase in series.phases[:1]:
            newer = [item for item in sorted(phase.entries.items()) if item[0] > self.newest]
            self._averages.extend(newer)
            over, under = self._limits
            self._limits = (phase.over or over, phase.under or under)

    def event(self, when: int, code: int) -> None:
        """Take an event of the mains."""
        self._events.append((when, code))

    def age(self, now: int, stamp: Mapping[str, Any] | None) -> None:
        """Take the stamp (summary of a GPF) as it is at `now`."""
        if stamp is None:
            return
        point = _point(now, stamp)
        last = self._ages[-1] if self._ages else None
        if last is None:
            self._ages.append(point)
            return
        since, age, *kind = last
        moved = point[1] != age + now - since or list(point[2:]) != kind
        update = now - point[1]
        if moved and point[1] >= 0 and age >= 0 and update > since:
            # The age grew until the update came, and fell: both ends are drawn.
            self._ages.append((update, age + update - since, *last[2:]))
            self._ages.append((update, 0, *point[2:]))
        if moved or now - since >= _STEP:
            self._ages.append(point)

    def changed(self, stamp: Mapping[str, Any] | None) -> str:
        """The text for a stamp whose source or status changed; "" for another."""
        if stamp is None:
            return ""
        kind, before = (str(stamp["source"]), str(stamp["status"])), self._kind
        self._kind = kind
        if before is None or before == kind:
            return ""
        return f"The stamp of gas values is {_words(kind)} now; it was {_words(before)}."

    def voltage_document(self) -> dict[str, Any]:
        """For the page."""
        since = self.newest - SPAN
        return {
            "over": self._limits[0],
            "under": self._limits[1],
            "points": list(self._averages),
            "events": [
                [when, f"{code:04X} {code_name(code)}".strip()]
                for when, code in self._events
                if when >= since
            ],
        }

    def stamp_document(self, now: int, stamp: Mapping[str, Any] | None) -> dict[str, Any]:
        """For the page."""
        points = [point for point in self._ages if point[0] >= now - SPAN]
        shown = _point(now, stamp) if stamp is not None else None
        return {"points": points, "now": shown, "span": SPAN}


def _words(kind: tuple[str, str]) -> str:
    source, status = kind
    return status if status == "invalid" else f"{status} and by the clock of the {source}"


def _point(now: int, stamp: Mapping[str, Any]) -> tuple[int, int, str, str]:
    """(time, age in seconds or -1, source, status)."""
    when = cast("str | None", stamp.get("time"))
    age = -1 if when is None else now - seconds_2000(parse_iso(when))
    return now, age, str(stamp["source"]), str(stamp["status"])
