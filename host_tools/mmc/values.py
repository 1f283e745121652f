"""Conversions of single values: the texts of leaves. None leaves the element out.

A rule is a word and perhaps words after it, as the tables write it behind the colon.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias, cast

from host_tools.gbcs import times
from host_tools.mmc import asn1, choices, outline
from host_tools.mmc.wire import Item, Wire

Rule: TypeAlias = "Callable[[Item, str, Wire], str | None]"

_NEVER = "99991231235959Z"
_DAY = 86400
_EVERY_DAY = 0xFFFF  # SampleRequestInterval: once a day
_SWITCH_ACTIONS = {
    0x11: "On",
    0x12: "Off",
    0x20: "Revert to calendar control",
    0x00: "Entry relates to a Message from an HC ALCS",
}
_SCAN_TRIGGERS = (
    "RemotePartyCommand",
    "GSMERequest",
    "GSMEMissedItsCurfew",
    "GSMEMissingForTheLastDay",
    "CHDetectedMessageFailureProblems",
    "CHDetectedMessageRetryProblems",
    "SubGHzNon-GSMEDeviceRequest",
    "SMHANFormation",
)
# Billing Period Duration Type, upper nibble 2: the unit; months by their count.
_DAILY, _WEEKLY, _MONTHS = 0x21, 0x22, 0x23
_BY_MONTHS = {1: "Monthly", 3: "Quarterly", 6: "SixMonthly", 12: "Yearly"}


def decimal_text(value: Decimal) -> str:
    """A decimal number in plain digits, exact, without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def eui_text(value: bytes | str | int) -> str:
    """An EUI-64 as eight hyphenated octets; ValueError for what is no eight octets."""
    if isinstance(value, int):
        raw = value.to_bytes(8, "big")
    else:
        raw = bytes.fromhex(value) if isinstance(value, str) else value
    if len(raw) != 8:
        raise ValueError(f"{len(raw)} octets are no EUI-64")
    return "-".join(f"{octet:02X}" for octet in raw)


def code_name(code: int) -> str:
    """The words for an event or alert code."""
    return _names().get(code, choices.NO_NAME % code)


_held: dict[int, str] = {}


def _names() -> dict[int, str]:
    if not _held:
        for line in outline.text_of("codes").splitlines():
            code, _, name = line.partition(" ")
            _held[int(code, 16)] = name
    return _held


def number_of(value: Any) -> int | None:
    """A number, or the number that is written as 0x....; None for anything else."""
    if isinstance(value, str) and value.startswith("0x"):
        return int(value, 16)
    if isinstance(value, bytes) and len(value) == 1:
        return value[0]
    return value if isinstance(value, int) else None


def _int(item: Item, words: str, wire: Wire) -> str | None:
    number = number_of(item.value)
    return None if number is None else str(int(number))


def _bool(item: Item, words: str, wire: Wire) -> str | None:
    return "true" if item.value else "false"


def _octets(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return bytes.fromhex(value) if isinstance(value, str) else b""


def _text(item: Item, words: str, wire: Wire) -> str | None:
    value = item.value
    if isinstance(value, bytes):
        if words == "of the first 8 octets":
            value = value[:8]
        value = value.decode("ascii", "replace").rstrip("\0")
    if not isinstance(value, str):
        return None
    if words == "first 13":
        value = value[:13]
    elif words == "rest":
        value = value[13:]
    # What XML 1.0 has no character for cannot be written.
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in value) or None


def _map(item: Item, words: str, wire: Wire) -> str | None:
    key = item.value
    key = str(key).lower() if isinstance(key, bool) else str(key)
    for pair in words.split(","):
        name, _, text = pair.partition("=")
        if name == key and text == "count":
            wire.assumed.add("count")
            return choices.COUNT
        if name == key:
            return text
    return None


def _hex(item: Item, words: str, wire: Wire) -> str | None:
    return _octets(item.value).hex().upper() or None


def _hex_digits(digits: int) -> Rule:
    def convert(item: Item, words: str, wire: Wire) -> str | None:
        number = number_of(item.value)
        if number is None:
            return _octets(item.value).hex().upper()
        return f"{number:0{digits}X}"

    return convert


def _octet(item: Item, words: str, wire: Wire) -> str | None:
    raw = _octets(item.value)
    return str(raw[0]) if len(raw) == 1 else None


def _eui(item: Item, words: str, wire: Wire) -> str | None:
    value = item.value
    if words == "of the last 8 octets":
        value = value[-8:]
    elif words == "if HCALCS" and (len(value) != 8 or not any(value)):
        return None
    return eui_text(value)


def _base64(item: Item, words: str, wire: Wire) -> str | None:
    return base64.b64encode(_octets(item.value)).decode()


def _utc(item: Item, words: str, wire: Wire) -> str | None:
    value = item.value
    if not isinstance(value, int) or not 0 <= value < times.UTC_INVALID:
        return None
    return times.iso_2000(value)


def _cosem_datetime(item: Item, words: str, wire: Wire) -> str | None:
    raw = _octets(item.value)
    moment = times.cosem_date_time(raw).moment if len(raw) == 12 else None
    return None if moment is None else times.iso(moment)


def _cosem_time(item: Item, words: str, wire: Wire) -> str | None:
    raw = _octets(item.value)
    if len(raw) != 4 or raw[0] > 23 or raw[1] > 59 or raw[2] > 59:
        return None
    return f"{raw[0]:02d}:{raw[1]:02d}:{raw[2]:02d}Z"


def _minutes(item: Item, words: str, wire: Wire) -> str | None:
    if not isinstance(item.value, int) or not 0 <= item.value < 24 * 60:
        return None
    return f"{item.value // 60:02d}:{item.value % 60:02d}:00Z"


def time_of(text: object) -> str | None:
    """A GeneralizedTime as xs:dateTime; None for what is no time, or means never."""
    try:
        if text == _NEVER:
            return None
        return times.iso(datetime.strptime(str(text), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC))
    except ValueError:
        return None


def _generalized_time(item: Item, words: str, wire: Wire) -> str | None:
    return time_of(item.value)


def _plain_date(item: Item, words: str, wire: Wire) -> str | None:
    raw = _octets(item.value)
    if len(raw) != 5 or raw[:2] == b"\xff\xff" or raw[2] > 12 or raw[3] > 31:
        return None
    return f"{int.from_bytes(raw[:2], 'big'):04d}-{raw[2]:02d}-{raw[3]:02d}"


def _gas(item: Item, words: str, wire: Wire) -> str | None:
    if not isinstance(item.value, int):
        return None
    places = words.split() or ["0x0702/0x0301", "0x0702/0x0302"]
    factor, divisor = (wire.first(place) for place in places)
    if factor is None and divisor is None:
        factor, divisor = 1, choices.GAS_DIVISOR
        wire.assumed.add("gas")
    if not isinstance(factor, int) or not isinstance(divisor, int) or not divisor:
        return None
    return decimal_text(Decimal(item.value) * factor / divisor)


def _digits(item: Item, words: str, wire: Wire) -> str | None:
    digits = wire.first(words)
    if not isinstance(item.value, int) or not isinstance(digits, int):
        return None
    return decimal_text(Decimal(item.value).scaleb(-(digits >> 4)))


def _hundredths(item: Item, words: str, wire: Wire) -> str | None:
    return decimal_text(Decimal(item.value).scaleb(-2)) if isinstance(item.value, int) else None


def _minus(item: Item, words: str, wire: Wire) -> str | None:
    return str(-(item.value >> 4))


def _bit(item: Item, words: str, wire: Wire) -> str | None:
    number, _, pairs = words.partition(" ")
    return _map(Item(item.value >> int(number) & 1), pairs, wire)


def _range(item: Item, words: str, wire: Wire) -> str | None:
    bounds, _, less = words.partition(" minus ")
    first, last = (int(part) for part in bounds.split(".."))
    if not isinstance(item.value, int) or not first <= item.value <= last:
        return None
    return str(item.value - int(less or 0))


def _empty(item: Item, words: str, wire: Wire) -> str | None:
    """An element without content where the condition holds."""
    number = int(words.rpartition(" ")[2])
    value = int.from_bytes(item.value, "big") if isinstance(item.value, bytes) else item.value
    if words.startswith("if low octet"):
        value &= 0xFF
    elif words.startswith("if bit"):
        value, number = value >> number & 1, 1
    elif words.startswith("if high nibble"):
        value >>= 4
    return "" if value == number else None


def _part(shift: int, mask: int, less: int = 0) -> Rule:
    def convert(item: Item, words: str, wire: Wire) -> str | None:
        return str((item.value >> shift & mask) - less)

    return convert


def _switch_action(item: Item, words: str, wire: Wire) -> str | None:
    return _SWITCH_ACTIONS.get(item.value & 0xFF)


def _sample_time(item: Item, words: str, wire: Wire) -> str | None:
    samples = item.above
    response = samples.above if samples is not None else None
    if response is None:
        return None
    fields = cast("dict[str, Any]", response.value)
    start, interval = fields["SampleStartTime"], fields["SampleRequestInterval"]
    interval = _DAY if interval == _EVERY_DAY else interval
    wire.assumed.add("sample")
    number = item.number if choices.SAMPLE_TIME_IS_END else item.number - 1
    return times.iso_2000(start + number * interval)


def _code_text(item: Item, words: str, wire: Wire) -> str | None:
    code = number_of(item.value)
    wire.assumed.add("text")
    return None if code is None else code_name(code)


def _charge_table(item: Item, words: str, wire: Wire) -> str | None:
    """Rows {credit, charge, bits} of the account: what is collected from which credit."""
    rows: dict[tuple[int, int], str] = {}
    for credit, charge, bits in item.value:
        rows[credit[4], charge[4]] = bits
    if words == "disabled":
        return "true" if rows.get((0, 1)) == "110" else "false"
    if words == "emergency":
        return "true" if (2, 1) in rows else "false"
    return "Credit" if set(rows) == {(0, 0), (0, 4), (0, 5)} else "Prepayment"


def _billing_period(item: Item, words: str, wire: Wire) -> str | None:
    fields = cast("dict[str, Any]", item.value)
    kind = fields.get("Billing Period Duration Type")
    if kind in (_DAILY, _WEEKLY):
        return "Daily" if kind == _DAILY else "Weekly"
    return _BY_MONTHS.get(fields.get("Billing Period Duration", 0)) if kind == _MONTHS else None


def _clock_status(item: Item, words: str, wire: Wire) -> str | None:
    return "invalid" if item.value & 1 else "unreliable" if item.value & 2 else "reliable"


def _controller_type(item: Item, words: str, wire: Wire) -> str | None:
    value = _octets(item.value)
    if not value or value == b"\xff":
        return "APC" if value else "None"
    return "HCALCS" if any(value) else "ALCS"


def _json(item: Item, words: str, wire: Wire) -> str | None:
    try:
        found: Any = json.loads(
            _octets(item.value) if isinstance(item.value, bytes) else item.value
        )
    except (ValueError, TypeError):
        return None
    value = cast("dict[str, Any]", found).get(words) if isinstance(found, dict) else None
    return str(value) if isinstance(value, int) else None


def _scan_trigger(item: Item, words: str, wire: Wire) -> str | None:
    raw = _octets(item.value)
    return _SCAN_TRIGGERS[raw[-1]] if raw and raw[-1] < len(_SCAN_TRIGGERS) else None


def _device_type(item: Item, words: str, wire: Wire) -> str | None:
    known = isinstance(item.value, int) and 0 <= item.value < len(asn1.DEVICE_TYPES)
    return asn1.DEVICE_TYPES[item.value] if known else None


def _asn1_status(item: Item, words: str, wire: Wire) -> str | None:
    return asn1.status_name(wire.message.header.message_code, item.value)


def _role(item: Item, words: str, wire: Wire) -> str | None:
    return asn1.ROLES.get(item.value)


def _cell_type(item: Item, words: str, wire: Wire) -> str | None:
    usage = item.value.get("usage")
    return (
        "KeyAgreementTopUp" if usage == "KeyAgreement" and item.value.get("prepayment") else usage
    )


def _slice(item: Item, words: str, wire: Wire) -> str | None:
    """Octets a to b of an octet string, in hexadecimal, or as a number."""
    bounds, _, form = words.partition(" ")
    first, _, last = bounds.partition("-")
    raw = _octets(item.value)[int(first) : int(last or first) + 1]
    if not raw:
        return None
    return str(int.from_bytes(raw, "big")) if form == "number" else raw.hex().upper()


RULES: dict[str, Rule] = {
    "": _int,
    "money": _int,
    "bool": _bool,
    "string": _text,
    "text": _text,
    "map": _map,
    "hex": _hex,
    "hex4": _hex_digits(4),
    "hex8": _hex_digits(8),
    "octet": _octet,
    "octets": _slice,
    "eui": _eui,
    "base64": _base64,
    "utc": _utc,
    "cosem_datetime": _cosem_datetime,
    "cosem_time": _cosem_time,
    "cosem_plain_date": _plain_date,
    "minutes": _minutes,
    "generalized_time": _generalized_time,
    "gas": _gas,
    "digits": _digits,
    "hundredths": _hundredths,
    "minus": _minus,
    "bit": _bit,
    "range": _range,
    "empty": _empty,
    "high": _part(8, 0xFF),
    "low": _part(0, 0xFF, 0x80),
    "bits": _part(8, 0x0F),
    "nibble": _part(0, 0x0F),
    "switch number": _part(8, 0xFF),
    "switch action": _switch_action,
    "sample_time": _sample_time,
    "code_text": _code_text,
    "charge_table": _charge_table,
    "billing_period": _billing_period,
    "clock_status": _clock_status,
    "controller_type": _controller_type,
    "json": _json,
    "scan_trigger": _scan_trigger,
    "device_type": _device_type,
    "asn1_status": _asn1_status,
    "role": _role,
    "cell_type": _cell_type,
}


def convert(item: Item, rule: str, wire: Wire) -> str | None:
    """The text of a value by a rule; None where the element is left out."""
    if rule in RULES:
        return RULES[rule](item, "", wire)
    if rule.startswith("const "):
        return rule.removeprefix("const ")
    word, _, words = rule.partition(" ")
    return RULES[word](item, words, wire)
