"""A picture of a voltage log: averages, thresholds, events, gaps, on a grid of half hours."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from host_tools.gbcs.times import from_seconds_2000
from host_tools.voltage.codes import code_name, code_phase
from host_tools.voltage.series import Event, Phase, Series
from host_tools.voltage.surface import PngSurface, Surface, SvgSurface

__all__ = ["draw", "png", "svg"]

_WIDTH = 1200
_LEFT, _RIGHT = 64, 112
_TOP = 64
_PANEL, _BETWEEN = 250, 62
_LANE = 40  # of a panel: markers and codes of events
_ENERGY = 90
_LEGEND_LINE = 18

_INK, _SOFT, _FRAME = "#20252c", "#5c6773", "#9aa5b1"
_GRID, _GRID_BOLD = "#e8ecf1", "#c9d2dc"
_GAP = "#f3e7d3"
_AVERAGE, _OVER, _UNDER, _BACK = "#1f5fa8", "#c0262d", "#b36b00", "#2e7d46"
_BAR = "#8fb3a3"

_HALF_HOUR, _HOUR, _DAY = 1800, 3600, 86400
# Distances of grid lines and of labels: half hours, as long as they can be told apart.
_STEPS = (_HALF_HOUR, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 7 * _DAY, 28 * _DAY)
_GRID_PIXELS, _LABEL_PIXELS = 6, 64


@dataclass(frozen=True)
class _Axes:
    """Where times and values lie in a panel."""

    start: int
    end: int
    low: int
    high: int
    top: float
    height: float
    step: int  # from value to value of the scale
    lane: int = 0  # above the values

    def x(self, time: float) -> float:
        share = (time - self.start) / max(self.end - self.start, 1)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        height = self.height - self.lane
        return self.top + self.lane + height * (self.high - value) / (self.high - self.low)


def svg(series: Series) -> bytes:
    """The picture as SVG; SeriesError if there is no entry."""
    surface = SvgSurface(_WIDTH, _height(series), _title(series))
    return draw(series, surface)


def png(series: Series) -> bytes:
    """The picture as PNG; SeriesError if there is no entry."""
    return draw(series, PngSurface(_WIDTH, _height(series)))


def draw(series: Series, surface: Surface) -> bytes:
    """Draw a log and return the octets of the picture's file; SeriesError if there is no entry."""
    start, end = series.span()
    surface.rect(0, 0, _WIDTH, _height(series), "#ffffff")
    surface.text(_LEFT, 26, _title(series), 17, _INK)
    top = float(_TOP)
    for index, phase in enumerate(series.phases):
        low, high, step = _range(phase)
        lane = _LANE if _events_of(series, index) else 12
        axes = _Axes(start, end, low, high, top, _PANEL, step, lane)
        name = f"L{index + 1}" if len(series.phases) > 1 else ""
        _draw_phase(surface, axes, phase, name, _events_of(series, index))
        top += _PANEL + _BETWEEN
    if series.energy:
        high = max(max(series.energy.values()), 1)
        _draw_energy(surface, _Axes(start, end, 0, high, top, _ENERGY, high), series.energy)
        top += _ENERGY + _BETWEEN
    _draw_legend(surface, series, top - 18)
    return surface.finish()


def _height(series: Series) -> int:
    panels = len(series.phases) * (_PANEL + _BETWEEN)
    panels += _ENERGY + _BETWEEN if series.energy else 0
    return _TOP + panels + _LEGEND_LINE * len(_legend(series))


def _title(series: Series) -> str:
    start, end = (from_seconds_2000(time) for time in series.span())
    meter = f" of {series.title}" if series.title else ""
    return f"Average RMS voltage{meter}, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def _events_of(series: Series, index: int) -> list[Event]:
    start, end = series.span()
    return [
        event
        for event in series.events
        if start <= event.time <= end and code_phase(event.code) in (None, index + 1)
    ]


def _range(phase: Phase) -> tuple[int, int, int]:
    """The lowest and highest volts of a panel, and the step of its scale that both are of."""
    known = [*phase.entries.values(), *(v for v in (phase.over, phase.under) if v is not None)]
    low, high = (min(known), max(known)) if known else (225, 235)
    step = 5
    while high - low > 9 * step:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2  # 5, 10, 20, 50, 100, ...
    return max((low - 2) // step * step, 0), -(-(high + 2) // step) * step, step


def _grid_step(axes: _Axes, pixels: float) -> int:
    each = (_WIDTH - _LEFT - _RIGHT) / max(axes.end - axes.start, 1)
    step = next((step for step in _STEPS if step * each >= pixels), _STEPS[-1])
    while step * each < pixels:
        step *= 2
    return step


def _multiples(start: int, end: int, step: int) -> range:
    return range(-(-start // step) * step, end + 1, step)


def _draw_grid(surface: Surface, axes: _Axes, labels: bool) -> None:
    bottom = axes.top + axes.height
    step, label_step = _grid_step(axes, _GRID_PIXELS), _grid_step(axes, _LABEL_PIXELS)
    for time in _multiples(axes.start, axes.end, step):
        bold = time % max(label_step, step) == 0
        ends = [(axes.x(time), axes.top), (axes.x(time), bottom)]
        surface.line(ends, _GRID_BOLD if bold else _GRID, 1)
    if not labels:
        return
    for time in _multiples(axes.start, axes.end, label_step):
        moment = from_seconds_2000(time)
        text = f"{moment:%H:%M}" if time % _DAY else f"{moment.day} {moment:%b}"
        surface.text(axes.x(time), bottom + 15, text, 11, _SOFT, "middle")


def _draw_frame(surface: Surface, axes: _Axes, unit: str) -> None:
    right, bottom = _WIDTH - _RIGHT, axes.top + axes.height
    corners = [(_LEFT, axes.top), (right, axes.top), (right, bottom), (_LEFT, bottom)]
    surface.line([*corners, corners[0]], _FRAME, 1)
    for value in range(axes.low, axes.high + 1, axes.step):
        surface.line([(_LEFT - 4, axes.y(value)), (_LEFT, axes.y(value))], _FRAME, 1)
        surface.text(_LEFT - 8, axes.y(value) + 4, f"{value} {unit}", 11, _SOFT, "end")


def _draw_phase(
    surface: Surface, axes: _Axes, phase: Phase, name: str, events: list[Event]
) -> None:
    surface.text(_LEFT, axes.top - 10, _describe(phase, name), 12, _SOFT)
    period = phase.seconds()
    for begin, finish in _gaps(axes, phase):
        left, width = axes.x(begin), axes.x(finish) - axes.x(begin)
        surface.rect(left, axes.top, width, axes.height, _GAP)
        if width > 34:
            surface.text(left + width / 2, axes.top + axes.height - 8, "gap", 11, _UNDER, "middle")
    _draw_grid(surface, axes, True)
    _draw_frame(surface, axes, "V")
    for word, value, colour in (("over", phase.over, _OVER), ("under", phase.under, _UNDER)):
        if value is not None:
            ends = [(float(_LEFT), axes.y(value)), (float(_WIDTH - _RIGHT), axes.y(value))]
            surface.line(ends, colour, 1.5, 6)
            surface.text(_WIDTH - _RIGHT + 8, axes.y(value) + 4, f"{word} {value} V", 12, colour)
    for run in _runs(phase, period):
        points: list[tuple[float, float]] = []
        for stamp in run:
            y = axes.y(phase.entries[stamp])
            points += [(axes.x(stamp - period), y), (axes.x(stamp), y)]
        surface.line(points, _AVERAGE, 2)
        for stamp in run:
            volts = phase.entries[stamp]
            colour = _beyond(phase, volts)
            if colour:
                ends = [(axes.x(stamp - period), axes.y(volts)), (axes.x(stamp), axes.y(volts))]
                surface.line(ends, colour, 3.5)
    _draw_events(surface, axes, events)


def _describe(phase: Phase, name: str) -> str:
    gaps = len(phase.gaps())
    words = [f"{len(phase.entries)} entries", f"{gaps} gap{'' if gaps == 1 else 's'}"]
    known = "" if phase.period else " (from the entries)"
    words.insert(0, f"period {phase.seconds()} s{known}")
    for word, count in (("over", phase.over_count), ("under", phase.under_count)):
        if count is not None:
            words.append(f"{word} voltage counter {count}")
    return (f"{name}: " if name else "") + ", ".join(words)


def _gaps(axes: _Axes, phase: Phase) -> list[tuple[int, int]]:
    """Where a phase has no entry, the ends of the picture included."""
    if not phase.entries:
        return [(axes.start, axes.end)]
    gaps = phase.gaps()
    first, last = min(phase.entries) - phase.seconds(), max(phase.entries)
    if first > axes.start:
        gaps.insert(0, (axes.start, first))
    if last < axes.end:
        gaps.append((last, axes.end))
    return gaps


def _runs(phase: Phase, period: int) -> list[list[int]]:
    """Stamps of entries that follow each other without a gap."""
    stamps = sorted(phase.entries)
    runs = [stamps[:1]] if stamps else []
    for before, stamp in pairwise(stamps):
        if stamp - period > before:
            runs.append([])
        runs[-1].append(stamp)
    return runs


def _beyond(phase: Phase, volts: int) -> str:
    if phase.over is not None and volts > phase.over:
        return _OVER
    if phase.under is not None and volts < phase.under:
        return _UNDER
    return ""


def _event_colour(code: int) -> str:
    name = code_name(code)
    if name.endswith("ended") or name.startswith("supply restored"):
        return _BACK
    return _UNDER if "under" in name or "sag" in name else _OVER


def _draw_events(surface: Surface, axes: _Axes, events: list[Event]) -> None:
    for event in events:
        x, y = axes.x(event.time), axes.top
        colour = _event_colour(event.code)
        surface.line([(x, y), (x, y + axes.height)], colour, 1, 3)
        surface.polygon([(x - 5, y), (x + 5, y), (x, y + 9)], colour)
    free = [0.0, 0.0]  # up to where the labels of each line reach
    for event in events:
        x, y = axes.x(event.time), axes.top
        line = next((line for line, until in enumerate(free) if x > until), None)
        if line is None:
            continue  # its marker stays, and the table lists all events
        left = x + 4 if x < _WIDTH - _RIGHT - 40 else x - 36
        surface.rect(left, y + 11 + 13 * line, 31, 13, "#ffffff")
        text = f"{event.code:04X}"
        surface.text(left + 2, y + 21 + 13 * line, text, 11, _event_colour(event.code))
        free[line] = x + 38


def _draw_energy(surface: Surface, axes: _Axes, energy: dict[int, int]) -> None:
    surface.text(_LEFT, axes.top - 10, "active import, Wh each half hour", 12, _SOFT)
    _draw_grid(surface, axes, True)
    for stamp, watt_hours in energy.items():
        if axes.start < stamp <= axes.end:
            left, right = axes.x(max(stamp - _HALF_HOUR, axes.start)), axes.x(stamp)
            top = axes.y(watt_hours)
            bar = max(right - left - 1, 0.5)
            surface.rect(left + 0.5, top, bar, axes.y(0) - top, _BAR)
    _draw_frame(surface, axes, "Wh")


def _legend(series: Series) -> list[str]:
    start, end = series.span()
    codes = sorted({event.code for event in series.events if start <= event.time <= end})
    texts: list[str] = []
    for code in codes:
        phase = code_phase(code)
        name = code_name(code) or "another event"
        texts.append(f"{code:04X} {name}" + (f", L{phase}" if phase else ""))
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + len(text) < 130:
            lines[-1] += "; " + text
        else:
            lines.append(text)
    return lines


def _draw_legend(surface: Surface, series: Series, top: float) -> None:
    for index, text in enumerate(_legend(series)):
        surface.text(_LEFT, top + _LEGEND_LINE * index, text, 12, _SOFT)
