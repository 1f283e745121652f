"""Voltage logs as CSV: a row for each time stamp, a column for each phase.

Lines that begin with # before the head tell how each phase was configured. Times are UTC; a stamp
that is no time is its number, an empty cell an entry that is missing. A table that was written is
read to the same log again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from host_tools.console import cell, plain
from host_tools.gbcs.times import from_seconds_2000, iso, parse_iso, seconds_2000
from host_tools.voltage.codes import code_name
from host_tools.voltage.series import VOLTS, WATT_HOURS, Event, Series, SeriesError, is_time

__all__ = ["read_table", "write_table"]

# The code in hexadecimal, its name, and a number where there is one.
_EVENT = re.compile(r"([0-9A-Fa-f]{4})(?: .*?)??(?: \((-?[0-9]{1,20})\))?")
_FACTS = ("period", "over", "under", "over_count", "under_count")
_PHASES = ("L1", "L2", "L3")


def write_table(series: Series) -> str:
    """The log as CSV text."""
    out = io.StringIO()
    out.write(
        "# voltage log; times are UTC, an entry is stamped with the end of its period; V, Wh\n"
    )
    if series.title:
        out.write(f"# meter {plain(series.title)}\n")
    for name, phase in zip(_PHASES, series.phases, strict=False):
        known = [(fact, getattr(phase, fact)) for fact in _FACTS]
        facts = " ".join(f"{fact}={value}" for fact, value in known if value is not None)
        out.write(f"# {name} {facts}".rstrip() + "\n")
    names = _PHASES[: len(series.phases)]
    energy = ("import_wh",) if series.energy else ()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("time", *names, *energy, "events"))
    events: dict[int, list[Event]] = {}
    for event in series.events:
        events.setdefault(event.time, []).append(event)
    times: set[int] = set(events) | set(series.energy)
    for phase in series.phases:
        times.update(phase.entries)
    for time in sorted(times):
        cells: list[Any] = [phase.entries.get(time, "") for phase in series.phases]
        if series.energy:
            cells.append(series.energy.get(time, ""))
        cells.append(cell("; ".join(_event_text(event) for event in events.get(time, []))))
        stamp = iso(from_seconds_2000(time)) if is_time(time) else str(time)
        writer.writerow((cell(stamp), *cells))
    return out.getvalue()


def _event_text(event: Event) -> str:
    name = code_name(event.code)
    information = f" ({event.information})" if event.information else ""
    return f"{event.code:04X}" + (f" {name}" if name else "") + information


def read_table(text: str) -> Series:
    """The log of a CSV text that `write_table` made; SeriesError names the line."""
    series = Series()
    lines = text.splitlines()
    number = 0
    while number < len(lines) and (lines[number].startswith("#") or not lines[number].strip()):
        _read_facts(series, lines[number].lstrip("# ").split(), number + 1)
        number += 1
    rows = csv.reader(lines[number:])
    head: list[str] = next(rows, list[str]())
    columns = [name for name in head[1:] if name in _PHASES]
    if head[:1] != ["time"] or not columns or columns != list(_PHASES[: len(columns)]):
        raise SeriesError(f"line {number + 1}: a voltage table begins with the columns time,L1")
    series.phase(len(columns) - 1)
    lines_of: dict[int, int] = {}
    for row in rows:
        line = number + rows.line_num
        if not row:
            continue
        try:
            if len(row) != len(head):
                raise ValueError(f"{len(row)} cells, expected {len(head)}: {', '.join(head)}")
            cells = dict(zip(head, row, strict=True))
            time = _stamp(cells["time"])
            if time in lines_of:
                raise ValueError(f"{cells['time']} is on line {lines_of[time]}, too")
            lines_of[time] = line
            _read_row(series, time, cells)
        except ValueError as error:
            raise SeriesError(f"line {line}: {error}") from None
    return series


def _stamp(text: str) -> int:
    if re.fullmatch("'?-?[0-9]{1,20}", text):
        stamp = int(text.lstrip("'"))
        if not is_time(stamp):
            return stamp  # what a meter held in place of a time
    time = seconds_2000(parse_iso(text))
    if not is_time(time):
        raise ValueError(f"{text} is outside 2000-01-01T00:00:00Z to 2136-02-07T06:28:14Z")
    return time


def _whole(name: str, text: str, valid: range) -> int:
    if not re.fullmatch("-?[0-9]{1,20}", text):
        raise ValueError(f"{name}: {text!r} is not a whole number")
    if int(text) not in valid:
        raise ValueError(f"{name}: {text} is not from 0 to {valid[-1]}")
    return int(text)


def _read_facts(series: Series, words: list[str], line: int) -> None:
    if words[:1] == ["meter"] and len(words) == 2:
        series.title = words[1]
    if not words or words[0] not in _PHASES:
        return
    phase = series.phase(_PHASES.index(words[0]))
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name not in _FACTS or not value.isdecimal():
            raise SeriesError(f"line {line}: {word} is not one of {', '.join(_FACTS)}")
        setattr(phase, name, int(value))


def _read_row(series: Series, time: int, cells: dict[str, str]) -> None:
    for name, phase in zip(_PHASES, series.phases, strict=False):
        if cells[name]:
            phase.entries[time] = _whole(name, cells[name], VOLTS)
    if cells.get("import_wh"):
        series.energy[time] = _whole("import_wh", cells["import_wh"], WATT_HOURS)
    for text in _texts(cells.get("events", "").lstrip("'").split("; ")):
        event = _EVENT.fullmatch(text)
        if not event:
            raise ValueError(f"events: {text!r} does not begin with the four digits of a code")
        series.events.append(Event(time, int(event[1], 16), int(event[2] or 0)))


def _texts(parts: Iterable[str]) -> list[str]:
    return [part for part in parts if part]
