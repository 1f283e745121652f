"""Conversions that make several elements of one value: dates, lists of bits, alert settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from lxml import etree

from host_tools.mmc.values import eui_text, number_of
from host_tools.mmc.wire import Item
from host_tools.mmc.xml import Element, sub

# Fills an element that is there; False leaves it out again.
Block: TypeAlias = "Callable[[Element, Item, str], bool]"

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DATE = ("Year", "Month", "DayOfMonth", "DayOfWeek")
_LAST_DAYS = {0xFE: "LastDayOfMonth", 0xFD: "SecondLastDayOfMonth"}
_LEAST_YEAR = 2014  # of the schema

# The codes that the schema has an element for, without the octet before them (GBCS 16, Table of
# alerts that a supplier, or a network operator, may turn on and off).
_SUPPLIER = "0D 0E 19 45 54 55 61 62 68 83 A0-B3 B8-BE C0 C1 C4-C6"
_ALERTS = {
    0x81: (("SupplierESMECommon", _SUPPLIER),),
    0x80: (("NetworkOperatorESMECommon", "14 15"),),
}
_GAS = "0D 0E 19 45 54 55 61 62 68 83 84 A0 A1 A4-B6 B9 BA BC-C0 C2-C6"
# Bits of a gas meter's event configuration.
_GAS_BITS = (("WANAlert", 0x08), ("HANAlert", 0x10), ("EventLog", 0x03), ("Alarm", 0x40))

# The first five of 32 bits are the band, with the first channel of it.
_BANDS = {
    0b11100: ("Lower", 0),
    0b11101: ("Lower", 27),
    0b11110: ("Lower", 35),
    0b11111: ("Upper", 0),
}
_CHANNELS = 27
_BY_MONTHS = {1: "Yearly", 2: "SixMonthly", 4: "Quarterly"}


def _codes(text: str) -> list[int]:
    found: list[int] = []
    for word in text.split():
        first, _, last = word.partition("-")
        found += range(int(first, 16), int(last or first, 16) + 1)
    return found


def _date_part(parent: Element, name: str, value: int | None, prefix: str = "") -> None:
    if value is None:
        sub(parent, f"{prefix}NonSpecified{name}")
    else:
        sub(parent, f"Specified{name}", str(value))


def _cosem_date(element: Element, item: Item, words: str) -> bool:
    raw = item.value
    if not isinstance(raw, bytes) or len(raw) not in (5, 12):
        return False
    # The start of a season is a date-time, whose time means nothing.
    year = int.from_bytes(raw[:2], "big")
    values = (None if year == 0xFFFF else year, *(None if x == 0xFF else x for x in raw[2:5]))
    if values[0] is not None and values[0] < _LEAST_YEAR:
        return False
    for name, value in zip(_DATE, values, strict=True):
        part = sub(element, name)
        if name == "DayOfMonth" and value in _LAST_DAYS:
            sub(part, _LAST_DAYS[value])
        else:
            _date_part(part, name, value)
    return True


def _zigbee_date(element: Element, item: Item, words: str) -> bool:
    raw = bytes.fromhex(item.value) if isinstance(item.value, str) else b""
    if len(raw) != 4:
        return False
    values = [None if octet == 0xFF else octet for octet in raw]
    values[0] = None if values[0] is None else 1900 + values[0]
    for name, value in zip(_DATE, values, strict=True):
        part = sub(element, f"Gas{name}WithWildcards")
        _date_part(part, name, value, "Gas" if name == "DayOfMonth" else "")
    return True


def _weekdays(element: Element, item: Item, words: str) -> bool:
    for name, bit in zip(_DAYS, item.value, strict=False):
        if bit == "1":
            sub(sub(element, "DayOfWeekApplicability"), "DayOfWeekID", name)
    return True


def _special_days(element: Element, item: Item, words: str) -> bool:
    for number, bit in enumerate(item.value, 1):
        if bit == "1":
            sub(sub(element, "SpecialDayApplicability"), "SpecialDayID", str(number))
    return True


def _special_days_index(element: Element, item: Item, words: str) -> bool:
    parent = element.getparent()
    if parent is not None:
        for number, bit in enumerate(item.value, 1):
            if bit == "1":
                made = etree.Element(element.tag)
                made.set(words, str(number))
                element.addprevious(made)
    return False  # each bit has made an element of its own


def _billing_dates(element: Element, item: Item, words: str) -> bool:
    dates = [row[1] for row in item.value if len(row[1]) == 5]
    if not dates:
        return False
    month, day, weekday = dates[0][2:5]
    if month != 0xFF and len(dates) in _BY_MONTHS:
        made = sub(element, _BY_MONTHS[len(dates)])
        sub(made, "DayOfMonth", str(day))
        sub(made, "BillingPeriodStartMonth", str(month))
    elif day != 0xFF:
        sub(element, "Monthly", str(day))
    elif weekday != 0xFF:
        sub(element, "Weekly", str(weekday))
    else:
        sub(element, "Daily")
    return True


def _alcs_type(element: Element, item: Item, words: str) -> bool:
    raw = item.value
    if not isinstance(raw, bytes) or len(raw) != 8:
        return False
    sub(element, "HCALCS" if any(raw) else "ALCS", eui_text(raw) if any(raw) else None)
    return True


def _alert_bits(element: Element, item: Item, words: str) -> bool:
    high = int(words, 16)
    bits = item.value
    if isinstance(bits, bytes):
        bits = "".join(f"{octet:08b}" for octet in bits)
    if len(bits) != 256:
        return False
    for name, codes in _ALERTS[high]:
        group = sub(element, name)
        for code in _codes(codes):
            word = "Enable" if bits[255 - code] == "1" else "Disable"
            sub(group, f"x{high:02X}{code:02X}", word)
    return True


def _gas_alerts(element: Element, item: Item, words: str) -> bool:
    entries = cast("list[dict[str, Any]]", item.value)
    given = {number_of(entry["Event ID"]): entry["Event Configuration"] for entry in entries}
    for code in (0x8100 + low for low in _codes(_GAS)):
        if code in given:
            group = sub(element, f"x{code:04X}")
            for name, mask in _GAS_BITS:
                sub(group, name, "Enable" if given[code] & mask else "Disable")
    return True


def _set_channels(raw: Any) -> tuple[str, list[int]]:
    """The band of 32 bits, and the channels that are set; ("", []) for no band."""
    if isinstance(raw, bytes):
        number = int.from_bytes(raw[:4], "big")
    else:
        number = int(raw, 2) if isinstance(raw, str) else raw
    band, first = _BANDS.get(number >> _CHANNELS, ("", 0))
    return band, [first + bit for bit in range(_CHANNELS) if band and number >> bit & 1]


def _channels(element: Element, item: Item, words: str) -> bool:
    for channel in _set_channels(item.value)[1]:
        sub(element, f"Channel{channel}")
    return True


def _channel(element: Element, item: Item, words: str) -> bool:
    band, channels = _set_channels(item.value)
    if len(channels) != 1:
        return False
    sub(sub(element, f"Operating{band}BandSubGHzChannel"), f"Channel{channels[0]}")
    return True


BLOCKS: dict[str, Block] = {
    "cosem_date": _cosem_date,
    "zigbee_date": _zigbee_date,
    "weekdays": _weekdays,
    "special_days": _special_days,
    "special_days_index": _special_days_index,
    "billing_dates": _billing_dates,
    "alcs_type": _alcs_type,
    "alert_bits": _alert_bits,
    "gas_alerts": _gas_alerts,
    "channels": _channels,
    "channel": _channel,
}
