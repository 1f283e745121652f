"""Values in units, where the message says which: m3, kWh, money, registers with a scaler."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from host_tools.gbcs import zcl
from host_tools.gbcs.axdr import Value
from host_tools.gbcs.zcl_ids import (
    CURRENCY,
    DIVISOR,
    METERING,
    MULTIPLIER,
    PREPAYMENT,
    PRICE,
    PRICE_TRAILING_DIGIT,
    STANDING_CHARGE,
    UNIT_OF_MEASURE,
)
from host_tools.gbcs.zcl_table import attribute_id

UINT48 = 0x25

ZCL_UNITS = {0x00: "kWh", 0x01: "m\N{SUPERSCRIPT THREE}"}
CURRENCIES = {826: "GBP", 978: "EUR"}

# Prepayment attributes that are amounts of money (GBCS scales them by PriceTrailingDigit).
_MONEY = {
    attribute_id(PREPAYMENT, name)
    for name in (
        "CreditRemaining",
        "EmergencyCreditRemaining",
        "AccumulatedDebt",
        "OverallDebtCap",
        "EmergencyCreditLimit",
        "EmergencyCreditThreshold",
        "MaxCreditLimit",
        "MaxCreditPerTopUp",
        "LowCreditWarningLevel",
        "CutOffValue",
        "DebtAmount#1",
        "DebtRecoveryAmount#1",
        "DebtAmount#2",
        "DebtRecoveryAmount#2",
        "DebtAmount#3",
    )
}
# The attribute sets of Price that hold prices: the upper octet of their ids.
_PRICE_SETS = (4, 5)

DLMS_UNITS = {
    1: "a",
    2: "months",
    3: "weeks",
    4: "d",
    5: "h",
    6: "min",
    7: "s",
    10: "currency units",
    13: "m\N{SUPERSCRIPT THREE}",
    27: "W",
    28: "VA",
    29: "var",
    30: "Wh",
    31: "VAh",
    32: "varh",
    33: "A",
    35: "V",
    44: "Hz",
    255: "",
}


def decimal_text(value: int, exponent: int) -> str:
    """value * 10**exponent without loss, in plain digits."""
    return f"{Decimal(value).scaleb(exponent):f}"


def _number(frame: zcl.Frame, attribute_id: int) -> int | None:
    item = frame.attribute(attribute_id)
    value = item.known if item is not None else None
    return value if isinstance(value, int) else None


def annotate_zcl(frames: Iterable[zcl.Frame]) -> None:
    """Write quantities into the nodes of metering and money attributes."""
    known = list(frames)
    for frame in known:
        if frame.cluster == METERING:
            _annotate_metering(frame)
    digit = currency = None
    for frame in known:
        if frame.cluster == PRICE:
            digit = _trailing_digit(frame) if digit is None else digit
            currency = _number(frame, CURRENCY) if currency is None else currency
    if digit is None:
        return
    unit = "currency units" if currency is None else CURRENCIES.get(currency, f"ISO {currency}")
    for frame in known:
        for item in frame.attributes:
            if _is_money(frame.cluster, item) and isinstance(item.known, int) and item.node:
                amount = decimal_text(item.known, -(digit >> 4))
                item.node.text = f"{amount} {unit} (raw {item.known})"


def _trailing_digit(frame: zcl.Frame) -> int | None:
    # The high four bits of an octet; a value of another size says nothing.
    digit = _number(frame, PRICE_TRAILING_DIGIT)
    return digit if digit is not None and 0 <= digit <= 0xFF else None


def _is_money(cluster: int, item: zcl.Attribute) -> bool:
    if item.manufacturer is not None:
        return False
    if cluster == PREPAYMENT:
        return item.id in _MONEY
    return cluster == PRICE and (item.id == STANDING_CHARGE or item.id >> 8 in _PRICE_SETS)


def _annotate_metering(frame: zcl.Frame) -> None:
    unit = _number(frame, UNIT_OF_MEASURE)
    item = frame.attribute(UNIT_OF_MEASURE)
    if item is not None and item.node is not None and unit is not None:
        item.node.text = f"{ZCL_UNITS.get(unit, 'reserved')} ({unit})"
    multiplier, divisor = _number(frame, MULTIPLIER), _number(frame, DIVISOR)
    for item in frame.attributes:
        if item.type != UINT48 or not isinstance(item.value, int) or item.node is None:
            continue
        if item.manufacturer is not None:
            continue
        if item.known is None:
            item.node.text = "no value (all ones)"
        elif unit is None or multiplier is None or not divisor:
            item.node.text = f"{item.value} (raw: unit, multiplier or divisor not in this answer)"
        else:
            quantity = Decimal(item.value * multiplier) / divisor
            shown = ZCL_UNITS.get(unit, f"of unit {unit}")
            item.node.text = f"{quantity:f} {shown} (raw {item.value})"


def scaler_unit(value: Value) -> tuple[int, int] | None:
    """The scaler and unit of a {integer, enum} structure, else None."""
    kinds = [item.type for item in value.items]
    if value.type != "structure" or kinds != ["integer", "enum"]:
        return None
    scaler, unit = (item.value for item in value.items)
    return (scaler, unit) if isinstance(scaler, int) and isinstance(unit, int) else None


def scaled_text(value: int, scaler: int, unit: int) -> str:
    """A register value in its unit."""
    return f"{decimal_text(value, scaler)} {DLMS_UNITS.get(unit, f'(unit {unit})')}".rstrip()
