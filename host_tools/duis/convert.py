"""From the text of a request to the values of a command: numbers, dates, certificates.

Each conversion takes the text of what an XPath found (the element, where it has parts) and the
argument of its row. Values are integers, or text: hexadecimal for octets, 0 and 1 for bits.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from lxml import etree

from host_tools.duis.document import Element, local
from host_tools.duis.errors import DuisError
from host_tools.gbcs import times

__all__ = ["CONVERSIONS", "Found", "Value", "moment", "text_of"]

Value: TypeAlias = int | str
Found: TypeAlias = Element | str

_CANCEL = datetime(3000, 12, 31, tzinfo=UTC)  # "never": a command that was kept is taken back
_UTC_NEVER = 0xFFFFFFFF
_UTC_LAST = 0xFFFFFFFE  # of a range whose end is beyond 32 bits
_ANY_YEAR = 65535
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SPECIAL_DAYS = {"LastDayOfMonth": 0xFE, "SecondLastDayOfMonth": 0xFD}


def text_of(found: Found) -> str:
    """The text of an element or of an attribute, without blanks around it."""
    return (found if isinstance(found, str) else found.text or "").strip()


def moment(text: str) -> datetime:
    """An xs:dateTime as UTC; DuisError."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise DuisError(f"{text!r} is not a date and time") from None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _integer(found: Found, _: str) -> int:
    text = text_of(found)
    if not re.fullmatch(r"[+-]?\d{1,20}", text):
        raise DuisError(f"{text[:40]!r} is not a whole number")
    return int(text)


def _decimal(found: Found, digits: str) -> int:
    text = text_of(found)
    try:
        value = Decimal(text).scaleb(int(digits))
        whole = int(value)
    except (InvalidOperation, ValueError, OverflowError):
        raise DuisError(f"{text[:40]!r} is not a decimal number") from None
    if value != whole:
        raise DuisError(f"{text} has more than {digits} decimal places")
    return whole


def _map(found: Found, words: str) -> Value:
    text = text_of(found)
    text = {"1": "true", "0": "false"}.get(text, text) if "true=" in words else text
    table = dict(word.split("=") for word in words.split(","))
    if text not in table:
        raise DuisError(f"{text[:40]!r} is not one of {', '.join(table)}")
    value = table[text]
    # Bits stay text; their types say so.
    return value


def _octet(found: Found, _: str) -> str:
    value = _integer(found, "")
    if not 0 <= value <= 0xFF:
        raise DuisError(f"{value} does not fit an octet")
    return f"{value:02X}"


def _month(found: Found, later: str) -> str:
    return f"{(_integer(found, '') - 1 + int(later)) % 12 + 1:02X}"


def _utf8(found: Found, _: str) -> str:
    return text_of(found).encode().hex().upper()


def _hex(found: Found, _: str) -> str:
    text = text_of(found).replace("-", "")
    if not re.fullmatch("([0-9A-Fa-f]{2})*", text):
        raise DuisError(f"{text[:40]!r} is not hexadecimal")
    return text.upper()


def _day_octets(year: int, month: int, day: int, weekday: int) -> str:
    return (year.to_bytes(2, "big") + bytes((month, day, weekday))).hex().upper()


def _datetime(found: Found, _: str) -> str:
    when = moment(text_of(found))
    clock = bytes((when.hour, when.minute, when.second, 0)).hex()
    return (_day_octets(when.year, when.month, when.day, 0xFF) + clock + "8000ff").upper()


def _activation(found: Found, _: str) -> str:
    text = text_of(found)
    if not text:
        return times.NOW.hex()
    return times.NEVER.hex() if moment(text) >= _CANCEL else _datetime(found, "")


def _time(found: Found, _: str) -> str:
    text = text_of(found)
    parts = re.match(r"(\d\d):(\d\d):(\d\d)", text)
    if parts is None:
        raise DuisError(f"{text[:40]!r} is not a time of the day")
    return bytes((*map(int, parts.groups()), 0)).hex()


def _minutes(found: Found, _: str) -> int:
    clock = bytes.fromhex(_time(found, ""))
    return 60 * clock[0] + clock[1]


def _parts(found: Found) -> tuple[int, int, int, int]:
    """Year, month, day, weekday of a date element; what it does not specify is all ones."""
    if isinstance(found, str):
        raise DuisError("a date is an element")
    out = {"Year": 0xFFFF, "Month": 0xFF, "DayOfMonth": 0xFF, "DayOfWeek": 0xFF}
    for part in found:
        which = local(part).removeprefix("Gas").removesuffix("WithWildcards")
        for chosen in part:
            name = local(chosen)
            if name in _SPECIAL_DAYS:
                out[which] = _SPECIAL_DAYS[name]
            elif text_of(chosen) in _DAYS:
                out[which] = _DAYS.index(text_of(chosen)) + 1
            elif not name.startswith("NonSpecified"):
                out[which] = _integer(chosen, "")
    if max(out["Month"], out["DayOfMonth"], out["DayOfWeek"]) > 0xFF or out["Year"] > 0xFFFF:
        raise DuisError("a part of a date is too large")
    return out["Year"], out["Month"], out["DayOfMonth"], out["DayOfWeek"]


def _date(found: Found, _: str) -> str:
    return _day_octets(*_parts(found))


def _date12(found: Found, _: str) -> str:
    return _date(found, "") + "000000008000FF"


def _day(found: Found, _: str) -> str:
    text = text_of(found)
    parts = re.fullmatch(r"(\d{4,5})-(\d\d)-(\d\d)(Z|[+-]\d\d:\d\d)?", text)
    if parts is None:
        raise DuisError(f"{text[:40]!r} is not a date")
    year, month, day = (int(part) for part in parts.groups()[:3])
    if year != _ANY_YEAR:
        try:
            date(year, month, day)
        except ValueError as error:
            raise DuisError(f"{text}: {error}") from None
    return _day_octets(year, month, day, 0xFF)


def _zdate(found: Found, _: str) -> str:
    year, month, day, weekday = _parts(found)
    short = 0xFF if year == 0xFFFF else year - 1900
    if not 0 <= short <= 0xFF:
        raise DuisError(f"the year {year} does not fit a ZigBee date")
    return bytes((short, month, day, weekday)).hex().upper()


def _utc(found: Found, _: str) -> int:
    seconds = times.seconds_2000(moment(text_of(found)))
    if seconds < 0:
        raise DuisError(f"{text_of(found)} is before 2000")
    return min(seconds, _UTC_LAST)


def _utc_activation(found: Found, never: str) -> int:
    text = text_of(found)
    if not text:
        return 0
    if moment(text) >= _CANCEL:
        return int(never) if never else _UTC_NEVER
    return _utc(found, "")


def _generalized(found: Found, _: str) -> str:
    when = moment(text_of(found))
    if when >= _CANCEL:
        return "99991231235959Z"
    return when.strftime("%Y%m%d%H%M%SZ")


def _weekdays(found: Found, _: str) -> str:
    if isinstance(found, str):
        raise DuisError("days of the week are elements")
    named = {text_of(item) for item in found.iter(etree.Element)}
    return "".join("1" if name in named else "0" for name in _DAYS)


def _certificate(found: Found, _: str) -> str:
    text = "".join(text_of(found).split())
    try:
        return base64.b64decode(text, validate=True).hex().upper()
    except (binascii.Error, ValueError):
        raise DuisError("a certificate is not base64") from None


def _samples(found: Found, interval: str) -> int:
    if isinstance(found, str):
        raise DuisError("a period is an element")
    begin, end = (moment(found.findtext(f"{name}DateTime") or "") for name in ("Start", "End"))
    return (end - begin) // timedelta(seconds=int(interval)) + 1


def _channels(found: Found, argument: str) -> str:
    """Bits of a prefix, then one for each channel, the highest first."""
    prefix, first, count = argument.split(",")
    if isinstance(found, str):
        raise DuisError("channels are elements")
    numbers = {int(name[7:]) for item in found if (name := local(item)).startswith("Channel")}
    begin = int(first)
    listed = range(begin + int(count) - 1, begin - 1, -1)
    return prefix + "".join("1" if number in numbers else "0" for number in listed)


CONVERSIONS: dict[str, Callable[[Found, str], Value]] = {
    "int": _integer,
    "decimal": _decimal,
    "map": _map,
    "octet": _octet,
    "month": _month,
    "text": _utf8,
    "string": lambda found, _: text_of(found),
    "hex": _hex,
    "datetime": _datetime,
    "activation": _activation,
    "time": _time,
    "minutes": _minutes,
    "date": _date,
    "date12": _date12,
    "day": _day,
    "zdate": _zdate,
    "utc": _utc,
    "utcact": _utc_activation,
    "gentime": _generalized,
    "weekdays": _weekdays,
    "certificate": _certificate,
    "samples": _samples,
    "channels": _channels,
}
ABSENT_MEANS = frozenset(("activation", "utcact"))  # no time: at once
