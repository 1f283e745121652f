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
_LEFT, _RIGHT = 64, 28
_DAY = 86400
# Points beyond these add nothing that can be seen.
_MOST_POINTS = 400
_MOST_ROWS = 24


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
    """Collects SVG elements on a horizontal axis of time."""

    def __init__(self, first: float, last: float, height: int, label: str) -> None:
        self.first = first
        self.span = max(last - first, 1)
        self.height = height
        self.label = label
        self.parts: list[str] = []

    def x(self, when: float) -> float:
        return round(_LEFT + (when - self.first) / self.span * (_WIDTH - _LEFT - _RIGHT), 1)

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self.parts.append(f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')

    def dot(self, kind: str, x: float, y: float, title: str) -> None:
        # Good is round and bad is square: not by colour alone.
        shape = (
            f'<rect class="bad" x="{x - 5}" y="{y - 5}" width="10" height="10">'
            if kind == "bad"
            else f'<circle class="{kind}" cx="{x}" cy="{y}" r="4">'
        )
        end = "</rect>" if kind == "bad" else "</circle>"
        self.parts.append(f"{shape}<title>{escape(title)}</title>{end}")

    def text(self, x: float, y: float, text: str, anchor: str = "start") -> None:
        self.parts.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>')

    def svg(self) -> Markup:
        head = f'<svg role="img" viewBox="0 0 {_WIDTH} {self.height}" aria-label="'
        return Markup(f'{head}{escape(self.label)}">{"".join(self.parts)}</svg>')


def _voltage(series: dict[str, Any]) -> Picture:
    period = int(series["period"])
    entries = [(int(when), float(value)) for when, value in series["points"]]
    points = entries[:_MOST_POINTS]
    if period < 1 or not points:
        raise ValueError
    unit = str(series.get("unit", "V"))
    first = min(when for when, _ in points) // period * period
    last = -(-max(when for when, _ in points) // period) * period
    values = [value for _, value in points]
    low, high = min(values), max(values)
    off = [when for when, _ in entries if when % period]
    label = f"{len(entries)} entries from {_time(first, date=True)}, {len(off)} off the grid"
    if len(entries) > len(points):
        label += f", the first {len(points)} drawn"
    canvas = _Canvas(first, last, 200, f"Voltage log: {label}")

    def y(value: float) -> float:
        return round(160 - (value - low) / ((high - low) or 1) * 130, 1)

    ticks = range(first, last + 1, period)
    step = max(1, len(ticks) // 60)
    named = max(1, -(-len(ticks) // 8))
    for number, tick in enumerate(ticks):
        if number % step == 0:
            canvas.line("grid", canvas.x(tick), 20, canvas.x(tick), 170)
        if number % named == 0:
            canvas.text(canvas.x(tick), 188, _time(tick)[:5], "middle")
    for value in {low, high}:
        canvas.text(_LEFT - 10, y(value) + 4, f"{value:g} {unit}", "end")
    path = " ".join(f"{canvas.x(when)},{y(value)}" for when, value in points)
    canvas.parts.append(f'<polyline class="curve" points="{path}"/>')
    for when, value in points:
        kind = "bad" if when % period else "good"
        canvas.dot(kind, canvas.x(when), y(value), f"{_time(when, date=True)}: {value:g} {unit}")
    return f"Voltage log against the grid of {period} s (UTC): {label}", canvas.svg()


def _stamps(series: list[dict[str, Any]]) -> Picture:
    rows = [(dict(item), int(item["read"])) for item in series][:_MOST_ROWS]
    times = [read for _, read in rows]
    times += [int(item["stamp"]) for item, _ in rows if item.get("stamp") is not None]
    edge = (max(times) - min(times)) * 0.05 + 1
    canvas = _Canvas(min(times) - edge, max(times) + edge, 34 * len(rows) + 34, "")
    ages: list[str] = []
    for number, (item, read) in enumerate(rows):
        y = 34 * number + 34
        canvas.text(0, y + 4, str(item["label"])[:9])
        canvas.dot("read", canvas.x(read), y, f"read at {_time(read, date=True)}")
        said = f"{item.get('status', '')}, {item.get('source', '')}".strip(", ")
        if item.get("stamp") is None:
            canvas.text(canvas.x(read) - 10, y - 8, f"no time; {said}", "end")
            ages.append(f"{item['label']} no time")
            continue
        stamp = int(item["stamp"])
        kind = "good" if stamp <= read else "bad"
        canvas.line("age", canvas.x(stamp), y, canvas.x(read), y)
        canvas.dot(kind, canvas.x(stamp), y, f"true at {_time(stamp, date=True)}")
        age = f"{read - stamp} s old" if kind == "good" else f"{stamp - read} s after the read"
        middle = (canvas.x(stamp) + canvas.x(read)) / 2
        canvas.text(round(middle, 1), y - 8, f"{age}, {said}" if said else age, "middle")
        ages.append(f"{item['label']} {age}")
    bottom = canvas.height - 4
    canvas.text(canvas.x(min(times)), bottom, _time(min(times)), "middle")
    canvas.text(canvas.x(max(times)), bottom, _time(max(times)), "middle")
    canvas.label = f"Age of stamps when read: {', '.join(ages)}"
    return "Age of the stamp when the value was read (UTC)", canvas.svg()


def _tenancy(series: dict[str, Any]) -> Picture:
    start = int(series["start"])
    sides = {
        name: [(int(when), str(label)) for when, label in series[name]][:_MOST_POINTS]
        for name in ("before", "after")
    }
    times = [start, *(when for side in sides.values() for when, _ in side)]
    edge = (max(times) - min(times)) * 0.05 + 1
    canvas = _Canvas(min(times) - edge, max(times) + edge, 140, "")
    kept = 0
    for number, (name, records) in enumerate(sides.items()):
        y = 50 + 45 * number
        canvas.text(0, y + 4, name)
        canvas.line("grid", _LEFT, y, _WIDTH - _RIGHT, y)
        for when, label in records:
            stale = name == "after" and when < start
            kept += stale
            title = f"{label}, {_time(when, date=True)}"
            canvas.dot("bad" if stale else "good", canvas.x(when), y, title)
    canvas.line("start", canvas.x(start), 24, canvas.x(start), 112)
    anchor = "end" if canvas.x(start) > _WIDTH / 2 else "start"
    canvas.text(canvas.x(start), 16, f"tenancy starts {_time(start, date=True)}", anchor)
    edges = {min(times), max(times)}
    for when in edges:
        canvas.text(
            canvas.x(when), 132, _time(when, date=max(edges) - min(edges) >= _DAY), "middle"
        )
    numbers = {name: len(records) for name, records in sides.items()}
    canvas.label = (
        f"Records before: {numbers['before']}, after: {numbers['after']}, "
        f"of those older than the tenancy: {kept}"
    )
    return f"Records before and after the change of tenancy (UTC). {canvas.label}", canvas.svg()
