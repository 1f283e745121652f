# What follows from setting or invoking an object that no feature serves, as tables (meter.md).
# A value that is set is kept as it is; here are those that are read at another place.
from smets import clock, cosem_time
from smets.codec import DecodeError, Writer
from smets.dlms import axdr, objects

# Activation attribute -> (passive, active) pairs that it copies (meter.md B.1). Set to NOW, or to
# a time that has come, it copies at once. A date to come is kept as it is.
_ACTIVATE = {
    "20/0-0:13.0.0.255/10": (
        ("20/0-0:13.0.0.255/7", "20/0-0:13.0.0.255/3"),
        ("20/0-0:13.0.0.255/8", "20/0-0:13.0.0.255/4"),
        ("20/0-0:13.0.0.255/9", "20/0-0:13.0.0.255/5"),
    ),
    "20/0-0:13.0.1.255/10": (
        ("20/0-0:13.0.1.255/7", "20/0-0:13.0.1.255/3"),
        ("20/0-0:13.0.1.255/8", "20/0-0:13.0.1.255/4"),
        ("20/0-0:13.0.1.255/9", "20/0-0:13.0.1.255/5"),
    ),
    "9000/0-0:63.1.1.255/6": tuple(
        [("21/0-0:16.1.%d.255/2" % n, "21/0-0:16.0.%d.255/2" % n) for n in range(11, 19)]
    ),
    "113/0-0:19.20.0.255/7": (("113/0-0:19.20.0.255/6", "113/0-0:19.20.0.255/5"),),
    "113/0-0:19.20.4.255/7": (("113/0-0:19.20.4.255/6", "113/0-0:19.20.4.255/5"),),
    "113/0-0:19.20.5.255/7": (("113/0-0:19.20.5.255/6", "113/0-0:19.20.5.255/5"),),
    "111/0-1:19.0.0.255/13": (
        ("111/0-1:19.0.0.255/2", "111/0-0:19.0.0.255/2"),
        ("111/0-1:19.0.0.255/11", "111/0-0:19.0.0.255/11"),
    ),
    "9000/0-0:94.44.0.3/6": (("9000/0-0:94.44.0.3/4", "9000/0-0:94.44.0.3/2"),),
    "9000/0-0:94.44.2.0/6": (("9000/0-0:94.44.2.0/4", "9000/0-0:94.44.2.0/2"),),
    "9000/0-0:94.44.2.10/6": (("9000/0-0:94.44.2.10/4", "9000/0-0:94.44.2.10/2"),),
    "9000/0-0:94.44.2.20/6": (("9000/0-0:94.44.2.20/4", "9000/0-0:94.44.2.20/2"),),
    "9000/0-0:94.44.128.2/6": (("9000/0-0:94.44.128.2/4", "112/0-0:19.10.1.255/9"),),
    "9000/0-0:94.44.128.3/6": (("9000/0-0:94.44.128.3/4", "112/0-0:19.10.1.255/10"),),
    "9000/0-0:94.44.128.6/6": (("9000/0-0:94.44.128.6/4", "71/0-0:17.0.0.255/6"),),
    "9000/0-0:94.44.128.7/6": (("9000/0-0:94.44.128.7/4", "71/0-0:17.0.0.255/4"),),
    "9000/0-0:94.44.128.8/6": (("9000/0-0:94.44.128.8/4", "71/0-0:17.0.0.255/7"),),
    "9000/0-0:94.44.128.9/6": (("9000/0-0:94.44.128.9/4", "111/0-0:19.0.0.255/16"),),
    "9000/0-0:94.44.128.12/6": (("9000/0-0:94.44.128.12/4", "111/0-0:19.0.0.255/18"),),
    "9000/0-0:94.44.128.13/6": (("9000/0-0:94.44.128.13/4", "111/0-0:19.0.0.255/19"),),
    "9000/0-0:94.44.128.22/6": (("9000/0-0:94.44.128.22/4", "21/0-0:16.0.1.255/2"),),
    "9000/0-0:94.44.128.26/6": (("10/0-1:12.0.2.255/2", "10/0-0:12.0.2.255/2"),),
    "9000/0-0:94.44.128.28/6": (("10/0-1:12.0.1.255/2", "10/0-0:12.0.1.255/2"),),
    "9000/0-0:94.44.128.29/6": (("11/0-1:11.0.0.255/2", "11/0-0:11.0.0.255/2"),),
    "9000/0-0:94.44.128.30/6": (("11/0-1:11.0.1.255/2", "11/0-0:11.0.1.255/2"),),
    "9000/0-0:94.44.128.31/6": (("11/0-1:11.0.2.255/2", "11/0-0:11.0.2.255/2"),),
    "9000/0-0:94.44.128.35/6": (("11/0-1:11.0.3.255/2", "11/0-0:11.0.3.255/2"),),
}
# Mask || Actions of the supplier (ECS25a, a1, a2, a3) -> the settings that it changes (ECS25r1).
_MASKS = {
    "1/0-30:97.98.11.255/2": "1/0-30:97.98.15.255/2",
    "1/0-30:97.98.12.255/2": "1/0-30:97.98.16.255/2",
    "1/0-30:97.98.13.255/2": "1/0-30:97.98.17.255/2",
    "1/0-30:97.98.14.255/2": "1/0-30:97.98.18.255/2",
}
# reset -> (counter that becomes 0, where the time of it stands) (ECS28b, ECS57).
_RESETS = {
    "3/0-0:94.44.42.255/1": ("3/0-0:94.44.42.255/2", ""),
    "4/1-0:1.6.0.255/1": ("4/1-0:1.6.0.255/2", "1/0-0:94.44.5.1/2"),
    "4/1-0:1.6.1.255/1": ("4/1-0:1.6.1.255/2", "1/0-0:94.44.5.0/2"),
    "4/1-0:2.6.0.255/1": ("4/1-0:2.6.0.255/2", "1/0-0:94.44.5.2/2"),
}
# reset of a log (ECS15a, ECS15c) -> its buffer.
_CLEARS = {
    "7/0-0:99.98.0.255/1": "7/0-0:99.98.0.255/2",
    "7/0-17:99.98.2.255/1": "7/0-17:99.98.2.255/2",
}
# activate_passive_unit_charge (ECS07).
_RATES = {
    "113/0-0:19.20.1.255/2": (("113/0-0:19.20.1.255/6", "113/0-0:19.20.1.255/5"),),
    "113/0-0:19.20.2.255/2": (("113/0-0:19.20.2.255/6", "113/0-0:19.20.2.255/5"),),
}
# Amounts: method -> (member of BALANCES, whether it adds, an object of its own) (ECS04a, 04b, 07).
_BALANCES = "1/0-0:94.44.34.30/2"
_RESET_EMERGENCY = "112/0-0:19.10.1.255/2"
_EMERGENCY_LIMIT = "112/0-0:19.10.1.255/9"
_AMOUNTS = {
    "112/0-0:19.10.0.255/1": (0, True, "112/0-0:19.10.0.255/2"),
    "112/0-0:19.10.0.255/2": (0, False, "112/0-0:19.10.0.255/2"),
    _RESET_EMERGENCY: (1, False, ""),
    "112/0-0:19.10.2.255/2": (2, False, ""),
    "113/0-0:19.20.1.255/4": (3, True, ""),
    "113/0-0:19.20.2.255/4": (4, True, ""),
    "113/0-0:19.20.3.255/4": (5, True, ""),
}
# Scripts of the tariff: reset of the block counters (ECS05), in the registers of ECS17e: after
# eight registers of each of four blocks come its eight counters.
_TARIFF_SCRIPTS = "9/0-0:10.0.100.255/1"
_RESET_COUNTERS = b"\x12\x00\x63"
_BLOCK_REGISTERS = "1/0-0:94.44.34.2/2"
_ARRAY_64 = b"\x02\x01\x01\x40"
_GROUP = 8 * 5  # octets of eight double-long-unsigned

_NEVER = b"\x09\x0c" + b"\xff" * 9 + b"\x80\x00\xff"
_NOW = b"\x09\x0c" + bytes(9) + b"\x80\x00\xff"
_ZERO = b"\x06\x00\x00\x00\x00"
_BITS_512 = b"\x04\x82\x02\x00"
_BITS_256 = b"\x04\x82\x01\x00"
_SWITCHES = 32  # octets of 256 bits

_BY_KEY = {}


def of(object_key):
    """What follows from a key: a function(kept, data) -> result, or None.

    `kept` (dlms.kept.Kept) has `value(key)`, `put(key, octets)` and `clock`.
    """
    if not _BY_KEY:
        for table, act in (
            (_ACTIVATE, _activate),
            (_MASKS, _mask),
            (_RESETS, _reset),
            (_CLEARS, _clear),
            (_RATES, _copy),
            (_AMOUNTS, _amount),
        ):
            for text in table:
                _BY_KEY[objects.key(text)] = (act, table[text])
        _BY_KEY[objects.key(_TARIFF_SCRIPTS)] = (_tariff_script, None)
    found = _BY_KEY.get(object_key)
    if found is None:
        return None
    return lambda kept, data: found[0](kept, object_key, bytes(data), found[1])


def _copy(kept, object_key, data, pairs) -> int:
    for passive, active in pairs:
        value = kept.value(objects.key(passive))
        if value is not None:
            kept.put(objects.key(active), value)
    return objects.SUCCESS


def _activate(kept, object_key, data, pairs) -> int:
    kept.put(object_key, data)
    if data == _NEVER:
        return objects.SUCCESS
    if data != _NOW:
        if data[:2] != _NOW[:2]:
            return objects.TYPE_UNMATCHED
        try:
            due = cosem_time.parse(data[2:])
        except DecodeError:
            return objects.OTHER_REASON
        if kept.clock.status == clock.INVALID or due > kept.clock.seconds:
            return objects.SUCCESS
    if object_key == objects.key("9000/0-0:94.44.128.22/6"):
        return _copy_threshold(kept, pairs[0])
    return _copy(kept, object_key, data, pairs)


def _copy_threshold(kept, pair) -> int:
    """The active disablement threshold is an array of one."""
    value = kept.value(objects.key(pair[0]))
    if value is not None:
        kept.put(objects.key(pair[1]), b"\x01\x01" + value)
    return objects.SUCCESS


def _mask(kept, object_key, data, settings) -> int:
    if data[:4] != _BITS_512 or len(data) != 4 + 2 * _SWITCHES:
        return objects.TYPE_UNMATCHED
    where = objects.key(settings)
    before = kept.value(where)
    octets = bytearray(_SWITCHES)
    if before is not None and len(before) == 4 + _SWITCHES:
        octets[:] = before[4:]
    for index in range(_SWITCHES):
        mask = data[4 + index]
        octets[index] = octets[index] & ~mask | data[4 + _SWITCHES + index] & mask
    kept.put(where, _BITS_256 + bytes(octets))
    return objects.SUCCESS


def _reset(kept, object_key, data, places) -> int:
    counter, when = places
    kept.put(objects.key(counter), _ZERO)
    if when and kept.clock.status != clock.INVALID:
        writer = Writer(cosem_time.SIZE)
        cosem_time.put(writer, kept.clock.seconds, 0)
        kept.put(objects.key(when), b"\x09\x0c" + bytes(writer.view()))
    return objects.SUCCESS


def _clear(kept, object_key, data, text) -> int:
    where = objects.key(text)
    buffer = kept.value(where)
    if hasattr(buffer, "description"):
        kept.put(where, b"\x13" + buffer.description + b"\x00")
    return objects.SUCCESS


def _amount(kept, object_key, data, places) -> int:
    member, adds, text = places
    if objects.unmatched(data, axdr.DOUBLE_LONG) or len(data) != 5:
        return objects.TYPE_UNMATCHED
    if object_key == objects.key(_RESET_EMERGENCY):
        # Emergency credit that nothing is owed of is as much as its limit (meter.md E.5).
        data = kept.value(objects.key(_EMERGENCY_LIMIT)) or data
    balances = objects.key(_BALANCES)
    value = kept.value(balances)
    at = 2 + 5 * member
    if value is not None and len(value) == 32 and value[at] == axdr.DOUBLE_LONG:
        total = _total(value[at : at + 5], data, adds)
        kept.put(balances, bytes(value[:at]) + total + bytes(value[at + 5 :]))
    if text:
        where = objects.key(text)
        kept.put(where, _total(kept.value(where), data, adds))
    return objects.SUCCESS


def _total(before, data, adds) -> bytes:
    if not adds or before is None or len(before) != 5:
        return bytes(data)
    total = int.from_bytes(before[1:], "big") + int.from_bytes(data[1:], "big")
    return bytes((axdr.DOUBLE_LONG,)) + (total & 0xFFFFFFFF).to_bytes(4, "big")


def _tariff_script(kept, object_key, data, places) -> int:
    where = objects.key(_BLOCK_REGISTERS)
    value = kept.value(where)
    if data == _RESET_COUNTERS and value is not None and bytes(value[:4]) == _ARRAY_64:
        octets = bytearray(value)
        for block in range(4):
            at = len(_ARRAY_64) + (2 * block + 1) * _GROUP
            octets[at : at + _GROUP] = _ZERO * 8
        kept.put(where, bytes(octets))
    return objects.SUCCESS
