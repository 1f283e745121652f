"""What a voltage log holds: entries of each phase, thresholds, events, half-hourly energy.

All times are UTC seconds since 2000. An entry is stamped with the end of its period.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from host_tools.gbcs import dlms_names
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import UTC_INVALID, iso_2000

__all__ = [
    "VOLTS",
    "WATT_HOURS",
    "Event",
    "Phase",
    "Series",
    "SeriesError",
    "from_messages",
    "from_state",
    "is_time",
]

VOLTS = range(1 << 16)
WATT_HOURS = range(1 << 64)

_PHASES = {32: 0, 52: 1, 72: 2}
_POWER_LOG = "0-0:99.98.4.255"
_IMPORT_LOG = "0-0:99.1.0.255"


def is_time(stamp: int) -> bool:
    """Whether a stamp is a time; a meter may hold other numbers, such as 0xFFFFFFFF."""
    return 0 <= stamp < UTC_INVALID


class SeriesError(Exception):
    """The input holds no voltage log, or a malformed one."""


@dataclass(frozen=True)
class Event:
    """An entry of the Power Event Log."""

    time: int
    code: int
    information: int = 0


@dataclass
class Phase:
    """One phase: entries by their stamps, and how it was configured where that is known."""

    entries: dict[int, int] = field(default_factory=dict[int, int])
    period: int | None = None
    over: int | None = None
    under: int | None = None
    over_count: int | None = None
    under_count: int | None = None

    def stamps(self) -> list[int]:
        """The stamps that are times, in order."""
        return sorted(stamp for stamp in self.entries if is_time(stamp))

    def seconds(self) -> int:
        """The measurement period; the most frequent distance of entries where it is not known."""
        if self.period:
            return self.period
        stamps = self.stamps()
        steps = Counter(b - a for a, b in zip(stamps, stamps[1:], strict=False))
        return (
            min(step for step, n in steps.items() if n == max(steps.values())) if steps else 1800
        )

    def gaps(self) -> list[tuple[int, int]]:
        """(from, to) of the times between entries that no entry covers."""
        period = self.seconds()
        stamps = self.stamps()
        pairs = zip(stamps, stamps[1:], strict=False)
        return [(a, b - period) for a, b in pairs if b - period > a]


@dataclass
class Series:
    """A voltage log of one meter."""

    phases: list[Phase] = field(default_factory=list[Phase])
    events: list[Event] = field(default_factory=list[Event])
    energy: dict[int, int] = field(default_factory=dict[int, int])  # Wh by stamp
    title: str = ""

    def phase(self, index: int) -> Phase:
        """The phase of an index from 0 to 2, made where it was not there yet."""
        while len(self.phases) <= index:
            self.phases.append(Phase())
        return self.phases[index]

    def span(self) -> tuple[int, int]:
        """From the start of the first period to the end of the last one; SeriesError if empty."""
        starts = [p.stamps()[0] - p.seconds() for p in self.phases if p.stamps()]
        ends = [p.stamps()[-1] for p in self.phases if p.stamps()]
        if not starts:
            raise SeriesError("there is no entry in the log")
        return min(starts), max(ends)

    def cut(self, start: int | None, end: int | None) -> Series:
        """The part whose stamps lie between two times, both included; None leaves an end open.

        Stamps that are no times are in no part.
        """
        first = 0 if start is None else start
        last = UTC_INVALID - 1 if end is None else min(end, UTC_INVALID - 1)
        cut = Series(title=self.title)
        cut.events = [event for event in self.events if first <= event.time <= last]
        cut.energy = {time: wh for time, wh in self.energy.items() if first <= time <= last}
        for phase in self.phases:
            entries = {time: v for time, v in phase.entries.items() if first <= time <= last}
            cut.phases.append(replace(phase, entries=entries))
        return cut

    def take(self, class_id: int, obis: str, attr: int, value: dict[str, Any]) -> bool:
        """Take an object's value in the notation of STATE.json; whether a log has such a one.

        Rows join those that are there already; SeriesError for two values of one stamp.
        """
        content = value.get("value")
        if class_id == 7 and attr == 2 and obis in (_POWER_LOG, _IMPORT_LOG):
            rows = _rows(content, obis)
            if obis == _POWER_LOG:
                events = Counter(self.events) | Counter(Event(*row[:3]) for row in rows)
                self.events = sorted(events.elements(), key=lambda e: e.time)
            else:
                _join(self.energy, rows, WATT_HOURS, "Wh")
            return True
        place = obis.replace("-", ".").replace(":", ".").split(".")
        if place[:2] != ["1", "0"] or int(place[2]) not in _PHASES:
            return False
        names = {
            (3, 32, 2): "under_count",
            (3, 36, 2): "over_count",
            (1, 31, 2): "under",
            (1, 35, 2): "over",
            (7, 24, 4): "period",
            (7, 24, 2): "entries",
        }
        name = names.get((class_id, int(place[3]), attr))
        if name is None:
            return False
        phase = self.phase(_PHASES[int(place[2])])
        if name == "entries":
            _join(phase.entries, _rows(content, obis), VOLTS, "V")
        elif isinstance(content, int):
            setattr(phase, name, content)
        else:
            raise SeriesError(f"{class_id}/{obis}/{attr} is not a number")
        return True

    def add(self, message: Message) -> str:
        """Take what a response tells; why that is nothing, or ""."""
        if message.header.cra != 2:
            return "not a response"
        if message.protocol != "DLMS":
            return "not of a meter for electricity"
        apdu = message.dlms
        rows = dlms_names.rows_for(message.use_case, len(apdu.data))
        told: list[bool] = []
        for row, value, (_, result) in zip(rows, apdu.data, apdu.results, strict=False):
            if result == 0 and row["op"] == "get":
                told.append(self.take(row["class"], row["obis"], row["attr"], value.to_json()))
        protected: list[dict[str, Any]] = [
            item for row in rows for item in row.get("protected", [])
        ]
        values = [item for block in message.protected if block.value for item in block.value.items]
        for item, value in zip(protected, values, strict=False):
            told.append(self.take(item["class"], item["obis"], item["attr"], value.to_json()))
        if not any(told):
            return "it has nothing of a voltage log that could be read"
        self.title = self.title or message.header.originator.hex().upper()
        return ""


def _join(known: dict[int, int], rows: list[list[int]], valid: range, unit: str) -> None:
    for stamp, value in (row[:2] for row in rows):
        when = iso_2000(stamp) if is_time(stamp) else str(stamp)
        if value not in valid:
            raise SeriesError(f"{when}: {value} {unit} is not from 0 to {valid[-1]}")
        if known.setdefault(stamp, value) != value:
            raise SeriesError(f"{when}: two values, {known[stamp]} and {value} {unit}")


def _rows(content: Any, obis: str) -> list[list[int]]:
    rows = cast("list[list[int]]", content)
    try:
        good = all(len(row) >= 2 and all(type(item) is int for item in row) for row in rows)
    except TypeError:
        good = False
    if not good:
        raise SeriesError(f"the rows of {obis} are not of numbers")
    return rows


def from_state(state: dict[str, Any]) -> Series:
    """The log of a STATE.json."""
    series = Series(title=str(state.get("device_eui", "")))
    for item in state.get("dlms", []):
        series.take(item["class"], item["obis"], item["attr"], item["value"])
    return series


def from_messages(messages: Iterable[Message], series: Series | None = None) -> Series:
    """The log that responses tell together (ECS23, 23b, 26b, 26k, 35e, 22b); others are left."""
    series = series or Series()
    for message in messages:
        series.add(message)
    return series
