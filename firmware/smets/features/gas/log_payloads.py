# Payloads of what a gas meter publishes of its logs, as RTDS has them: to who reads them, and to
# the proxy as soon as there is a new row.
from smets.codec import Writer
from smets.compat import const

_REGISTERS_AT, _REGISTERS, _MONEY = const(8), const(54), const(24)
_TOU_AT = const(6)
_BLOCKS_AT = const(30)
# Snapshot payload types: time of use and blocks without billing; debt and credit.
_TYPE, _MONEY_TYPE = const(6), const(0)
_TIERS = const(4)
_TIERS_AND_BLOCKS = const(0x14)
_PAYMENT_DEBT = const(2)
_ONE = b"\x00\x01"  # command index 0 of 1


def publish(wanted, found: int, money: bool) -> bytes:
    """The payload that tells a row (its number, its octets), one of `found` in all."""
    sequence, row = wanted
    writer = Writer(80)
    writer.le(sequence & 0xFFFFFFFF, 4)
    writer.le(int.from_bytes(row[:4], "big"), 4)
    writer.u8(min(found, 0xFF))
    writer.put(_ONE)
    writer.le(int.from_bytes(row[4:8], "big"), 4)
    if money:
        writer.u8(_MONEY_TYPE)
        writer.put(row[len(row) - _MONEY :])
    else:
        registers = row[_REGISTERS_AT : _REGISTERS_AT + _REGISTERS]
        writer.u8(_TYPE)
        writer.put(registers[:_TOU_AT])
        writer.u8(_TIERS)
        writer.put(registers[_TOU_AT:_BLOCKS_AT])
        writer.u8(_TIERS_AND_BLOCKS)
        writer.put(registers[_BLOCKS_AT:])
    return bytes(writer.view())


def top_up_log(rows) -> bytes:
    """The payload that tells top-ups (UTC, amount, code), the oldest first."""
    writer = Writer(160)
    writer.put(_ONE)
    for when, amount, code in reversed(rows):  # rtds: newest first
        writer.u8(len(code))
        writer.put(code)
        writer.le(amount & 0xFFFFFFFF, 4)
        writer.le(when, 4)
    return bytes(writer.view())


def debt_log(rows) -> bytes:
    """The payload that tells payments (UTC, amount, what is left) of the debt that they pay."""
    writer = Writer(160)
    writer.put(_ONE)
    for when, amount, left in rows:
        writer.le(when, 4)
        writer.le(amount, 4)
        writer.u8(_PAYMENT_DEBT)
        writer.le(max(left, 0), 4)
    return bytes(writer.view())
