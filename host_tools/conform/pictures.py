"""Pictures of what a check saw, as inline SVG.

A check hands over series in `Finding.data`; times are UTC seconds since 2000. Shapes:

- `voltage`: {"period": seconds, "unit": "V", "points": [[time, value], ...]}: a log of averages,
  drawn against the grid of periods (the half hours), entries off the grid marked;
- `stamps`: [{"label": text, "read": time, "stamp": time or null, "status": text,
  "source": text}, ...]: how old a value was when it was read;
- `tenancy`: {"start": time, "before": [[time, label], ...], "after": [[time, label], ...]}: the
  records a device held before and after a change of tenancy.

Series of another shape are not drawn; the numbers are in the JSON document in any case.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from host_tools.gbcs.times import from_seconds_2000

__all__ = ["Picture", "pictures"]

Picture = tuple[str, Markup]

_WIDTH = 720
_LEFT, _RIGHT = 76, 34
_TOP, _AXIS = 22, 40  # above the first row; below the last one, for two lines of times
_DAY = 86400
# Points beyond these add nothing that can be seen.
_MOST_POINTS = 400
_MOST_ROWS = 24
_SMALL_FROM = 80  # points of a log that are drawn small, or they would lie over each other
# Distances of lines of time in seconds, and how many there are at most.
_STEPS = (1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 43200, _DAY, 2 * _DAY, 7 * _DAY)
_MOST_TICKS = 8


def pictures(data: dict[str, Any]) -> list[Picture]:
    """(caption, SVG) for each series of a known shape."""
    found: list[Picture] = []
    for name, draw in (("voltage", _voltage), ("stamps", _stamps), ("tenancy", _tenancy)):
        if name in data:
            try:
                found.append(draw(data[name]))
            except (KeyError, TypeError, ValueError, IndexError, OverflowError):
                continue
    return found


def _time(seconds: int, *, date: bool = False) -> str:
    return from_seconds_2000(seconds).strftime("%d %b %H:%M" if date else "%H:%M:%S")


class _Canvas:
    """Collects SVG elements on a horizontal axis of time, which goes from edge to edge."""

    def __init__(self, first: float, last: float, height: int, label: str) -> None:
        self.first = first
        self.last = max(last, first + 1)
        self.height = height
        self.bottom = height - _AXIS
        self.label = label
        self.parts: list[str] = []

    def x(self, when: float) -> float:
        share = (when - self.first) / (self.last - self.first)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self.parts.append(f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')

    def area(self, kind: str, x1: float, x2: float) -> None:
        """A band over the whole height between two places."""
        size = f'width="{round(max(x2 - x1, 0), 1)}" height="{self.bottom - 6}"'
        self.parts.append(f'<rect class="{kind}" x="{x1}" y="6" {size}></rect>')

    def dot(self, kind: str, x: float, y: float, title: str, radius: float = 4) -> None:
        # Good is round and bad is square: not by colour alone.
        shape = (
            f'<rect class="bad" x="{x - 5}" y="{y - 5}" width="10" height="10">'
            if kind == "bad"
            else f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius:g}">'
        )
        end = "</rect>" if kind == "bad" else "</circle>"
        self.parts.append(f"{shape}<title>{escape(title)}</title>{end}")

    def text(self, x: float, y: float, text: str, anchor: str = "start") -> None:
        self.parts.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>')

    def times(self, least: int = 1) -> None:
        """Lines of time, at least this far apart, their times below, and below those the dates."""
        span = self.last - self.first
        wide = (step for step in _STEPS if step >= least and span / step <= _MOST_TICKS)
        step = next(wide, -int(-span // (_MOST_TICKS * 7 * _DAY)) * 7 * _DAY)
        step = -(-step // least) * least  # a grid of ten minutes has no line each quarter
        bottom = self.bottom
        if step >= _DAY:
            self.height = bottom + 24  # there is but one line of text
        dated = ""
        for tick in range(int(-(-self.first // step) * step), int(self.last) + 1, step):
            x = self.x(tick)
            self.line("grid", x, 6, x, bottom)
            date, time = _time(tick, date=True)[:6], _time(tick)
            if step < _DAY:
                self.text(x, bottom + 16, time if step < 60 else time[:5], "middle")
            if date != dated:
                self.text(x, bottom + (32 if step < _DAY else 16), date, "middle")
            dated = date

    def svg(self) -> Markup:
        head = f'<svg role="img" viewBox="0 0 {_WIDTH} {self.height}" aria-label="'
        return Markup(f'{head}{escape(self.label)}">{"".join(self.parts)}</svg>')


def _levels(low: float, high: float) -> list[float]:
    """Round values from below the lowest to above the highest, six or fewer."""
    low, high = (low - 1, high + 1) if low == high else (low, high)
    step = 1.0
    while (high - low) / step > 4:
        # 1, 2, 5, 10, 20, ...
        step *= 2.5 if str(step).startswith("2") else 2
    first = low // step
    return [step * (first + index) for index in range(int(-(-high // step) - first) + 1)]


def _voltage(series: dict[str, Any]) -> Picture:
    period = int(series["period"])
    entries = [(int(when), float(value)) for when, value in series["points"]]
    points = entries[:_MOST_POINTS]
    if period < 1 or not points:
        raise ValueError
    unit = str(series.get("unit", "V"))
    first = min(when for when, _ in points) // period * period
    last = -(-max(when for when, _ in points) // period) * period
    off = [when for when, _ in entries if when % period]
    noun = "entry" if len(entries) == 1 else "entries"
    label = f"{len(entries)} {noun} from {_time(first, date=True)}, {len(off)} off the grid"
    if len(entries) > len(points):
        label += f", the first {len(points)} drawn"
    edge = (last - first) * 0.02 or period / 2
    canvas = _Canvas(first - edge, last + edge, 240, f"Voltage log: {label}")
    canvas.times(period)
    levels = _levels(min(value for _, value in points), max(value for _, value in points))
    bottom = canvas.bottom

    def y(value: float) -> float:
        share = (value - levels[0]) / (levels[-1] - levels[0])
        return round(bottom - share * (bottom - _TOP), 1)

    for level in levels:
        canvas.line("grid", _LEFT, y(level), _WIDTH - _RIGHT, y(level))
        canvas.text(_LEFT - 8, y(level) + 4, f"{level:g} {unit}", "end")
    # A line joins what follows each other; where periods are missing there is none.
    runs: list[list[str]] = []
    before = None
    for when, value in points:
        if before is None or when - before > 1.5 * period:
            runs.append([])
        runs[-1].append(f"{canvas.x(when)},{y(value)}")
        before = when
    for run in runs:
        canvas.parts.append(f'<polyline class="curve" points="{" ".join(run)}"/>')
    radius = 4 if len(points) < _SMALL_FROM else 2
    for when, value in points:
        kind = "bad" if when % period else "good"
        title = f"{_time(when, date=True)}: {value:g} {unit}"
        canvas.dot(kind, canvas.x(when), y(value), title, radius)
    return f"Voltage log against the grid of {period} s (UTC): {label}", canvas.svg()


def _stamps(series: list[dict[str, Any]]) -> Picture:
    rows = [(dict(item), int(item["read"])) for item in series][:_MOST_ROWS]
    times = [read for _, read in rows]
    times += [int(item["stamp"]) for item, _ in rows if item.get("stamp") is not None]
    edge = (max(times) - min(times)) * 0.05 + 1
    canvas = _Canvas(min(times) - edge, max(times) + edge, 34 * len(rows) + _TOP + _AXIS, "")
    canvas.times()
    ages: list[str] = []
    for number, (item, read) in enumerate(rows):
        y = 34 * number + _TOP + 14
        canvas.text(8, y + 4, str(item["label"])[:9])
        said = f"{item.get('status', '')}, {item.get('source', '')}".strip(", ")
        if item.get("stamp") is None:
            canvas.dot("read", canvas.x(read), y, f"read at {_time(read, date=True)}")
            _beside(canvas, read, y, f"no time; {said}")
            ages.append(f"{item['label']} no time")
            continue
        stamp = int(item["stamp"])
        kind = "good" if stamp <= read else "bad"
        canvas.line("age", canvas.x(stamp), y, canvas.x(read), y)
        canvas.dot("read", canvas.x(read), y, f"read at {_time(read, date=True)}")
        canvas.dot(kind, canvas.x(stamp), y, f"true at {_time(stamp, date=True)}")
        age = f"{read - stamp} s old" if kind == "good" else f"{stamp - read} s after the read"
        _beside(canvas, (stamp + read) / 2, y, f"{age}, {said}" if said else age)
        ages.append(f"{item['label']} {age}")
    canvas.label = f"Age of stamps when read: {', '.join(ages)}"
    return "Age of the stamp (dot) when the value was read (ring), UTC", canvas.svg()


def _beside(canvas: _Canvas, when: float, y: float, text: str) -> None:
    """A text above a place, within the picture."""
    x = canvas.x(when)
    half = len(text) * 3.4  # half of its width, at 12 px
    anchor = "start" if x - half < _LEFT else "end" if x + half > _WIDTH - 4 else "middle"
    canvas.text({"start": _LEFT, "end": _WIDTH - 4}.get(anchor, x), y - 9, text, anchor)


def _tenancy(series: dict[str, Any]) -> Picture:
    start = int(series["start"])
    sides = {
        name: [(int(when), str(label)) for when, label in series[name]][:_MOST_POINTS]
        for name in ("before", "after")
    }
    times = [start, *(when for side in sides.values() for when, _ in side)]
    edge = (max(times) - min(times)) * 0.03 + 1
    canvas = _Canvas(min(times) - edge, max(times) + edge, 170, "")
    canvas.area("past", _LEFT, canvas.x(start))
    canvas.times()
    kept = 0
    for number, (name, records) in enumerate(sides.items()):
        y = 56 + 44 * number
        canvas.text(8, y + 4, name)
        canvas.line("grid", _LEFT, y, _WIDTH - _RIGHT, y)
        for when, label in records:
            stale = name == "after" and when < start
            kept += stale
            title = f"{label}, {_time(when, date=True)}"
            canvas.dot("bad" if stale else "good", canvas.x(when), y, title, 5)
    canvas.line("start", canvas.x(start), 6, canvas.x(start), canvas.bottom)
    anchor = "end" if canvas.x(start) > _WIDTH / 2 else "start"
    said = f"tenancy starts {_time(start, date=True)}"
    canvas.text(canvas.x(start) + (-6 if anchor == "end" else 6), _TOP, said, anchor)
    numbers = {name: len(records) for name, records in sides.items()}
    canvas.label = (
        f"Records before: {numbers['before']}, after: {numbers['after']}, "
        f"of those older than the tenancy: {kept}"
    )
    return f"Records before and after the change of tenancy (UTC). {canvas.label}", canvas.svg()
