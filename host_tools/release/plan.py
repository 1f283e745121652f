"""The timeline of the release: events, gates, how many days are left, rules of working days.

All of it is a plan. An event that has only a month gets its day from the user, or has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

import holidays
from icalendar import Calendar
from icalendar import Event as Entry

__all__ = ["Event", "Finding", "PlanError", "calendar", "events", "facts", "judge", "next_gate"]

Json = dict[str, Any]
_DAY = timedelta(days=1)


class PlanError(ValueError):
    """What of a plan cannot be: one line."""


@cache
def facts() -> Json:
    """The plan as data."""
    text = resources.files(__package__ or "").joinpath("plan.json").read_text(encoding="utf-8")
    return json.loads(text)


@dataclass(frozen=True)
class Event:
    """An event: `first` and `last` are its day, or the days of its month."""

    id: str
    what: str
    who: str
    first: date
    last: date
    gate: bool = False

    @property
    def when(self) -> str:
        """Its day, or its month."""
        return self.first.isoformat() if self.first == self.last else f"{self.first:%Y-%m}"

    def state(self, today: date) -> str:
        """What it is on a day: past, today, how many days and working days are left."""
        if self.last < today:
            return "past"
        if self.first <= today:
            return "today" if self.first == self.last else "this month"
        days = (self.first - today).days
        return f"in {days} days, {working_days(today, self.first)} of them working days"


def _event(row: Json, number: int) -> Event:
    text: str = row["on"]
    if len(text) == 10:
        first = last = date.fromisoformat(text)
    else:
        first = date.fromisoformat(f"{text}-01")
        last = (first + timedelta(days=31)).replace(day=1) - _DAY
    name = row.get("id", f"event-{number}")
    return Event(name, row["what"], row["who"], first, last, row.get("gate", False))


def events(days: Mapping[str, date] | None = None) -> list[Event]:
    """All events in the order of their days; `days` gives some their day. PlanError."""
    found = [_event(row, number) for number, row in enumerate(facts()["events"], 1)]
    known = {event.id for event in found}
    for name in days or {}:
        if name not in known:
            named = sorted(name for name in known if not name.startswith("event-"))
            raise PlanError(f"no event {name!r}; there are: {', '.join(named)}")
    dated = [
        replace(event, first=days[event.id], last=days[event.id])
        if days and event.id in days
        else event
        for event in found
    ]
    return sorted(dated, key=lambda event: (event.last, event.first))


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_working_day(day: date) -> bool:
    """Monday to Friday, and no bank holiday of England."""
    return day.weekday() < 5 and day not in _bank_holidays(day.year)


def working_days(after: date, until: date) -> int:
    """How many working days are after one day, up to and with another."""
    span = (until - after).days
    return sum(is_working_day(after + number * _DAY) for number in range(1, span + 1))


def before(day: date, count: int) -> date:
    """The working day that is so many working days before a day."""
    while count:
        day -= _DAY
        count -= is_working_day(day)
    return day


def next_gate(today: date, known: list[Event]) -> Event | None:
    """The next gate that is not past."""
    return next((event for event in known if event.gate and event.last >= today), None)


@dataclass(frozen=True)
class Finding:
    """A rule of working days: when something is due, and whether its event is in time.

    `kept` is None where the plan has only months.
    """

    text: str
    due: date | None
    kept: bool | None


def judge(known: list[Event]) -> list[Finding]:
    """Each rule against the events."""
    named = {event.id: event for event in known}
    found: list[Finding] = []
    for rule in facts()["rules"]:
        event, later = named[rule["event"]], named[rule["before"]]
        text = f"{event.what}: {rule['working_days']} working days before: {later.what}"
        if later.first != later.last:
            found.append(Finding(f"{text} (a day of {later.when}: --date)", None, None))
            continue
        due = before(later.first, rule["working_days"])
        kept = None
        if event.first > due or event.last <= due:
            kept = event.last <= due
        found.append(Finding(f"{text} ({later.when})", due, kept))
    return found


def calendar(known: list[Event]) -> bytes:
    """The events as iCalendar (RFC 5545): whole days, or the days of a month."""
    whole: Any = Calendar()
    whole.add("prodid", "-//smets//release//EN")
    whole.add("version", "2.0")
    stamp = date(2021, 11, 23)  # of the plan, so that the same plan gives the same octets
    for event in known:
        entry: Any = Entry()
        entry.add("uid", f"{facts()['release'].replace(' ', '-').lower()}-{event.id}@smets")
        entry.add("dtstamp", _midnight(stamp))
        entry.add("dtstart", event.first)
        entry.add("dtend", event.last + _DAY)
        entry.add("summary", f"{event.what} ({event.who})")
        entry.add("description", facts()["status"])
        if event.gate:
            entry.add("categories", ["gate"])
        whole.add_component(entry)
    return whole.to_ical()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
