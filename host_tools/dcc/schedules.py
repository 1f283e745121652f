"""Schedules that the DCC keeps for users (5.1 to 5.3), and the requests that they become."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from lxml import etree

from host_tools.dcc import choices
from host_tools.dcc.answers import element
from host_tools.dcc.rules import Refused, reference_of
from host_tools.dcc.store import Store, milliseconds, moment_of
from host_tools.duis import document
from host_tools.duis.document import SR, Element, Request, local
from host_tools.duis.new import VERSION
from host_tools.eui import parse_eui
from host_tools.mmc.duis import identity

__all__ = ["Due", "Schedules"]

_MONTHS = {"Monthly": 1, "Quarterly": 3, "Half-Yearly": 6, "Yearly": 12}
_DAYS = {"Daily": 1, "Weekly": 7}
# The elements of a schedule that are not the request itself.
_FRAME = {
    "ScheduleFrequency",
    "ScheduleStartDate",
    "ScheduleEndDate",
    "ScheduleExecutionStartTime",
    "KAPublicSecurityCredential",
    "DSPScheduledServiceReference",
    "DSPScheduledServiceReferenceVariant",
    "DeviceID",
}
_MOST = 99  # schedules in one answer (schema)
_MOST_DIGITS = 18  # of an id that the store may have
# What may be put into a schedule (duis.md section 3).
_SCHEDULED = {
    *("4.6.1", "4.6.2", "4.8.1", "4.8.2", "4.8.3", "4.10", "4.12.1", "4.12.2"),
    *("4.14", "4.15", "4.16", "4.17", "14.1"),
}


_NO_DATES = (ValueError, OverflowError, KeyError)  # what dates and frequencies that are none give
_MIDNIGHT = re.compile(r"24(:00:00(?:\.0+)?)")


@dataclass(frozen=True)
class Due:
    """A run of a schedule: whose it is, and when it was to be."""

    schedule: int
    user: bytes
    device: bytes
    service: str
    details: bytes
    moment: datetime

    def request(self, counter: int) -> Request:
        """The request that it makes; Refused where its dates make none."""
        body = etree.fromstring(self.details)
        try:
            return _request(self.user, self.device, self.service, body, self.moment, counter)
        except _NO_DATES as error:
            raise Refused(choices.BAD_SCHEDULE, f"its dates: {error}") from None


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])  # a time zone of a date says nothing here


def _at(day: date, text: str) -> datetime:
    """A time of XML on a day, in UTC; its 24:00:00 is the midnight after the day."""
    text = text.strip().replace("Z", "+00:00")
    if _MIDNIGHT.match(text):
        day, text = day + timedelta(days=1), _MIDNIGHT.sub(r"00\1", text)
    found = time.fromisoformat(text)
    found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return datetime.combine(day, found).astimezone(UTC)


def _later(start: date, frequency: str, number: int) -> date:
    """The date of the run of a number; the last day of a month where it has no such day."""
    if frequency in _DAYS:
        return start + timedelta(days=_DAYS[frequency] * number)
    months = start.month - 1 + _MONTHS[frequency] * number
    year, month = start.year + months // 12, months % 12 + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def next_run(schedule: Element, after: datetime) -> datetime | None:
    """The first run of a schedule after a time; None after its end. Its names have no prefix."""
    start = _day(schedule.findtext("ScheduleStartDate") or "")
    end = schedule.findtext("ScheduleEndDate")
    at = schedule.findtext("ScheduleExecutionStartTime") or "00:00:00Z"
    frequency = schedule.findtext("ScheduleFrequency") or ""
    number = 0
    if frequency in _DAYS:
        number = max(0, (after.date() - start).days // _DAYS[frequency] - 1)
    while True:
        day = _later(start, frequency, number)
        if end is not None and day > _day(end):
            return None
        run = _at(day, at)
        if run > after:
            return run
        number += 1


class Schedules:
    """The schedules of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self,
        user: bytes,
        device: bytes,
        body: Element,
        now: datetime,
        tried: Callable[[Request, datetime], object],
    ) -> int:
        """Keep a schedule; its id. Refused for dates that are none, and as `tried` its runs."""
        service = body.findtext("DSPScheduledServiceReferenceVariant") or ""
        if service not in _SCHEDULED:
            raise Refused(choices.BAD_SCHEDULE, f"{service} is not for a schedule")
        if body.findtext("DSPScheduledServiceReference") != reference_of(service):
            raise Refused(choices.NOT_VALID, f"its service reference is not that of {service}")
        end = body.findtext("ScheduleEndDate")
        try:
            run = next_run(body, now - timedelta(seconds=1))
            if end is not None and _day(end) < _day(body.findtext("ScheduleStartDate") or ""):
                raise Refused(choices.BAD_SCHEDULE, "it ends before it begins")
        except _NO_DATES as error:
            raise Refused(choices.BAD_SCHEDULE, f"its dates: {error}") from None
        first = Due(0, user, device, service, etree.tostring(body), run or now)
        tried(first.request(milliseconds(first.moment)), now)
        return self._store.run(
            "INSERT INTO schedules (user, device, service, details, next) VALUES (?, ?, ?, ?, ?)",
            user,
            device,
            service,
            etree.tostring(body),
            None if run is None else milliseconds(run),
        )

    def _chosen(self, user: bytes, body: Element) -> list[tuple[int, bytes]]:
        number, device = body.findtext("DSPScheduleID"), body.findtext("DeviceID")
        if number is not None:
            if not number.strip().isdecimal() or len(number) > _MOST_DIGITS:
                return []
            found = self._store.rows(
                "SELECT id, details FROM schedules WHERE user = ? AND id = ?", user, int(number)
            )
        else:
            try:
                eui = parse_eui(device or "")
            except ValueError:
                return []
            found = self._store.rows(
                "SELECT id, details FROM schedules WHERE user = ? AND device = ? ORDER BY id",
                user,
                eui,
            )
        return found[:_MOST]

    def read(self, user: bytes, body: Element) -> list[tuple[int, Element]]:
        """A user's schedules by id or device; Refused where there is none."""
        found = self._chosen(user, body)
        if not found:
            raise Refused(choices.NO_SCHEDULE["5.2"], "there is no such schedule")
        return [(number, etree.fromstring(details)) for number, details in found]

    def delete(self, user: bytes, body: Element) -> None:
        """End schedules; Refused where there is none."""
        found = self._chosen(user, body)
        if not found:
            raise Refused(choices.NO_SCHEDULE["5.3"], "there is no such schedule")
        for number, _ in found:
            self._store.run("DELETE FROM schedules WHERE id = ?", number)

    def due(self, now: datetime) -> list[Due]:
        """The runs whose time has come; those that were missed are one run."""
        rows = self._store.rows(
            "SELECT id, user, device, service, details, next FROM schedules WHERE next <= ?",
            milliseconds(now),
        )
        return [
            Due(number, user, device, service, details, moment_of(run))
            for number, user, device, service, details, run in rows
        ]

    def advance(self, due: Due, now: datetime) -> None:
        """Let a schedule wait for its next run; one that has none by its dates runs no more."""
        try:
            run = next_run(etree.fromstring(due.details), now)
        except _NO_DATES:
            run = None
        self._store.run(
            "UPDATE schedules SET next = ? WHERE id = ?",
            None if run is None else milliseconds(run),
            due.schedule,
        )

    def counter(self, due: Due) -> int:
        """The counter of a run: it rises for each user and device."""
        least = milliseconds(due.moment)
        return self._store.counter(due.user + due.device, least)


def _request(  # noqa: PLR0913 - what there is of a run
    user: bytes, device: bytes, service: str, body: Element, due: datetime, counter: int
) -> Request:
    """The request of a run: as the user would send it, its counter that of `Schedules.counter`.

    project-choice, since who asks for what is scheduled is not public. Alternative: the access
    control broker for the user, which devices take for few use cases.
    """
    root = etree.Element(f"{{{SR}}}Request", {"schemaVersion": VERSION}, nsmap={"sr": SR})
    header = element(root, "Header")
    element(header, "RequestID", identity(user, device, counter))
    element(header, "CommandVariant", "1")
    element(header, "ServiceReference", reference_of(service))
    element(header, "ServiceReferenceVariant", service)
    asked = next((item for item in body if local(item) not in _FRAME), None)
    if asked is None:
        raise Refused(choices.BAD_SCHEDULE, "it asks for nothing")
    made = element(element(root, "Body"), local(asked).removeprefix("DSP"))
    if len(asked):
        period = element(made, "ReadLogPeriod")
        for which in ("Start", "End"):
            offset = int(asked.findtext(f"{which}DateOffset") or 0)
            day = due.date() + timedelta(days=offset)
            moment = _at(day, asked.findtext(f"{which}Time") or "00:00:00Z")
            element(period, f"{which}DateTime", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    certificate = body.findtext("KAPublicSecurityCredential")
    if certificate is not None:
        element(made, "KAPublicSecurityCredentials", certificate)
    return document.request(etree.tostring(root))


def add_to(parent: Element, number: int, schedule: Element) -> None:
    """Write a schedule as DSPSchedules of an answer."""
    schedules = element(parent, "DSPSchedules")
    element(schedules, "DSPScheduleID", str(number))
    _copy(element(schedules, "DSPScheduleDetails"), schedule)


def _copy(parent: Element, plain: Element) -> None:
    """The children of an element without namespace, in that of DUIS."""
    for item in plain:
        _copy(element(parent, local(item), item.text), item)
