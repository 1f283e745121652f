"""Schedules that the DCC keeps for users (5.1 to 5.3), and the requests that they become."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from lxml import etree

from host_tools.dcc import choices
from host_tools.dcc.answers import element
from host_tools.dcc.rules import Refused
from host_tools.dcc.store import Store, moment_of
from host_tools.duis import document
from host_tools.duis.document import SR, Element, Request, local
from host_tools.duis.new import VERSION
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


@dataclass(frozen=True)
class Due:
    """A request that a schedule makes now."""

    schedule: int
    request: Request


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])  # a time zone of a date says nothing here


def _time(text: str) -> time:
    found = time.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


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
    at = _time(schedule.findtext("ScheduleExecutionStartTime") or "00:00:00Z")
    frequency = schedule.findtext("ScheduleFrequency") or ""
    number = 0
    if frequency in _DAYS:
        number = max(0, (after.date() - start).days // _DAYS[frequency] - 1)
    while True:
        day = _later(start, frequency, number)
        if end is not None and day > _day(end):
            return None
        run = datetime.combine(day, at).astimezone(UTC)
        if run > after:
            return run
        number += 1


class Schedules:
    """The schedules of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, user: bytes, device: bytes, body: Element, now: datetime) -> int:
        """Keep a schedule; its id. Refused for dates that are none."""
        service = body.findtext("DSPScheduledServiceReferenceVariant") or ""
        try:
            run = next_run(body, now - timedelta(seconds=1))
        except (ValueError, OverflowError) as error:
            raise Refused(choices.BAD_SCHEDULE, f"its dates: {error}") from None
        return self._store.run(
            "INSERT INTO schedules (user, device, service, details, next) VALUES (?, ?, ?, ?, ?)",
            user,
            device,
            service,
            etree.tostring(body),
            None if run is None else int(run.timestamp() * 1000),
        )

    def _chosen(self, user: bytes, body: Element) -> list[tuple[int, bytes]]:
        number, device = body.findtext("DSPScheduleID"), body.findtext("DeviceID")
        if number is not None:
            found = self._store.rows(
                "SELECT id, details FROM schedules WHERE user = ? AND id = ?", user, int(number)
            )
        else:
            eui = bytes.fromhex((device or "").replace("-", ""))
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
        """What is to be asked now; runs that were missed are one run. Within a change."""
        found: list[Due] = []
        rows = self._store.rows(
            "SELECT id, user, device, service, details, next FROM schedules WHERE next <= ?",
            int(now.timestamp() * 1000),
        )
        for number, user, device, service, details, due in rows:
            body = etree.fromstring(details)
            found.append(Due(number, _request(user, device, service, body, moment_of(due))))
            run = next_run(body, now)
            self._store.run(
                "UPDATE schedules SET next = ? WHERE id = ?",
                None if run is None else int(run.timestamp() * 1000),
                number,
            )
        return found


def _request(user: bytes, device: bytes, service: str, body: Element, due: datetime) -> Request:
    """The request of a run: as the user would send it, its counter the milliseconds of the run.

    project-choice, since who asks for what is scheduled is not public. Alternative: the access
    control broker for the user, which devices take for few use cases.
    """
    root = etree.Element(f"{{{SR}}}Request", {"schemaVersion": VERSION}, nsmap={"sr": SR})
    header = element(root, "Header")
    element(header, "RequestID", identity(user, device, int(due.timestamp() * 1000)))
    element(header, "CommandVariant", "1")
    element(header, "ServiceReference", ".".join(service.split(".")[:2]))
    element(header, "ServiceReferenceVariant", service)
    asked = next(item for item in body if local(item) not in _FRAME)
    made = element(element(root, "Body"), local(asked).removeprefix("DSP"))
    if len(asked):
        period = element(made, "ReadLogPeriod")
        for which in ("Start", "End"):
            offset = int(asked.findtext(f"{which}DateOffset") or 0)
            at = _time(asked.findtext(f"{which}Time") or "00:00:00Z")
            moment = datetime.combine(due.date() + timedelta(days=offset), at).astimezone(UTC)
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
