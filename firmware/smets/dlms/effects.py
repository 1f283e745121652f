# What follows from setting or invoking an object that no feature serves, as tables (meter.md).
# A value that is set is kept as it is; here are those that are read at another place.
from smets import clock, cosem_time
from smets.codec import DecodeError, length_octets
from smets.compat import const
from smets.dlms import axdr, objects

# A line for each object with side effects. The table is text to save memory. A line holds
# the object, what is done, and places. "passive>active" copies; "/3" is another attribute of the
# same object; "~" stands for 9000/0-0:94.44.
#
# (none)    set to NOW, or to a time that has come, an activation attribute copies (meter.md B.1);
#           a date to come is kept as it is
# threshold the same, of a threshold that is active as an array of one
# account   the same, of the payment mode: the status of the active account stays
# copy      a method that copies: the debt recovery rates (ECS07)
# mask      Mask || Actions of the supplier (ECS25a, a1, a2, a3) change settings (ECS25r1)
# clear     a log is emptied (ECS15c)
# add, put  an amount, in a member of the balances and in an object of its own (ECS04a, 04b, 07)
# limit     unused emergency credit equals its limit (ECS04b)
# select    emergency credit is selected, whatever the money of a meter without an account (ECS09)
# control   an auxiliary controller is commanded: its log says it; a switch closes, opens (ECS47),
#           or a level holds for a period (ECS47a)
# limit-level  the same of a limit (ECS47e)
_FOLLOWS = """
20/0-0:13.0.0.255/10 /7>/3 /8>/4 /9>/5
20/0-0:13.0.1.255/10 /7>/3 /8>/4 /9>/5
9000/0-0:63.1.1.255/6 %s
113/0-0:19.20.0.255/7 /6>/5
113/0-0:19.20.4.255/7 /6>/5
113/0-0:19.20.5.255/7 /6>/5
111/0-1:19.0.0.255/13 account /2>111/0-0:19.0.0.255/2 /11>111/0-0:19.0.0.255/11
~0.3/6 /4>/2
~2.0/6 /4>/2
~2.10/6 /4>/2
~2.20/6 /4>/2
~128.2/6 /4>112/0-0:19.10.1.255/9
~128.3/6 /4>112/0-0:19.10.1.255/10
~128.6/6 /4>71/0-0:17.0.0.255/6
~128.7/6 /4>71/0-0:17.0.0.255/4
~128.8/6 /4>71/0-0:17.0.0.255/7
~128.9/6 /4>111/0-0:19.0.0.255/16
~128.12/6 /4>111/0-0:19.0.0.255/18
~128.13/6 /4>111/0-0:19.0.0.255/19
~128.22/6 threshold /4>21/0-0:16.0.1.255/2
~128.26/6 10/0-1:12.0.2.255/2>10/0-0:12.0.2.255/2
~128.28/6 10/0-1:12.0.1.255/2>10/0-0:12.0.1.255/2
~128.29/6 11/0-1:11.0.0.255/2>11/0-0:11.0.0.255/2
~128.30/6 11/0-1:11.0.1.255/2>11/0-0:11.0.1.255/2
~128.31/6 11/0-1:11.0.2.255/2>11/0-0:11.0.2.255/2
~128.35/6 11/0-1:11.0.3.255/2>11/0-0:11.0.3.255/2
113/0-0:19.20.1.255/2 copy /6>/5
113/0-0:19.20.2.255/2 copy /6>/5
1/0-30:97.98.11.255/2 mask 1/0-30:97.98.15.255/2
1/0-30:97.98.12.255/2 mask 1/0-30:97.98.16.255/2
1/0-30:97.98.13.255/2 mask 1/0-30:97.98.17.255/2
1/0-30:97.98.14.255/2 mask 1/0-30:97.98.18.255/2
7/0-17:99.98.2.255/1 clear /2
112/0-0:19.10.0.255/1 add 0 /2
112/0-0:19.10.0.255/2 put 0 /2
112/0-0:19.10.1.255/2 limit 1
112/0-0:19.10.1.255/3 select /8
112/0-0:19.10.2.255/2 put 2
113/0-0:19.20.1.255/4 add 3
113/0-0:19.20.2.255/4 add 4
113/0-0:19.20.3.255/4 add 5
9/0-0:10.0.103.255/1 control
9/0-0:10.0.107.255/1 limit-level
"""
_VALUES = "9000/0-0:94.44."
_BLOCK_THRESHOLDS = "21/0-0:16.1.1%d.255/2>21/0-0:16.0.1%d.255/2"
_BALANCES = "1/0-0:94.44.34.30/2"
_EMERGENCY_LIMIT = "112/0-0:19.10.1.255/9"
# Rows: time, what is commanded, outcome, id of the command on the home network (0: none).
_CONTROLLER_LOG = "7/0-17:99.98.2.255/2"
_CONTROLLER_ROW = b"\x02\x04\x06\x12\x16\x06"
_CONTROLLER_ROWS = const(100)
_CONTROLLERS = const(5)
_UNKNOWN, _SUCCEEDED, _FAILED = range(3)
# What ECS47 asks of a switch -> its output state: close, open. One that is reset (20) follows its
# calendar (features/controllers.py).
_SWITCHED = {0x11: b"\x03\xff", 0x12: b"\x03\x00"}

_NEVER = b"\x09\x0c" + b"\xff" * 9 + b"\x80\x00\xff"
_NOW = b"\x09\x0c" + bytes(9) + b"\x80\x00\xff"
_SELECTED = b"\x16\x02"  # credit_status of the Blue Book: selected
_BITS_512 = b"\x04\x82\x02\x00"
_BITS_256 = b"\x04\x82\x01\x00"
_SWITCHES = const(32)  # octets of 256 bits
_MODE_SIZE = const(6)  # structure{enum, enum}
_AMOUNT_SIZE = const(5)  # a double-long
_SCRIPT_SIZE = const(3)  # a long-unsigned
_BALANCES_SIZE = const(32)  # structure of six of them


def of(object_key):
    """What follows from a key: a function(kept, data) -> result, or None.

    `kept` (dlms.kept.Kept) has `value(key)`, `put(key, octets)` and `clock`.
    """
    text = objects.describe(object_key).replace(_VALUES, "~")
    at = _FOLLOWS.find("\n" + text + " ")
    if at < 0:
        return None
    at += len(text) + 2
    places = _FOLLOWS[at : _FOLLOWS.find("\n", at)].split()
    act = _ACTS.get(places[0], _activate)
    if act is not _activate:
        places.pop(0)
    elif places[0] == "%s":
        places = [_BLOCK_THRESHOLDS % (n, n) for n in range(1, 9)]
    return lambda kept, data: act(kept, object_key, bytes(data), places)


def _place(object_key, text: str) -> bytes:
    """The key of a place; "/3" is an attribute of the object itself."""
    return object_key[:-1] + bytes((int(text[1:]),)) if text[0] == "/" else objects.key(text)


def _copy(kept, object_key, data, pairs) -> int:
    result = objects.OTHER_REASON  # there is nothing to activate
    for pair in pairs:
        passive, _, active = pair.partition(">")
        value = kept.value(_place(object_key, passive))
        if value is not None:
            kept.put(_place(object_key, active), value)
        # ECS08 sets one of its objects at once, and has its activation attribute all the same.
        if value is not None or kept.value(_place(object_key, active)) is not None:
            result = objects.SUCCESS
    return result


def activate(kept, object_key) -> bool:
    """The date of an activation attribute has come: passive becomes active; whether it could.

    An object of a feature is none of those here: the feature activates it.
    """
    follows = of(object_key)
    if follows and kept.value(object_key) is not None:
        return follows(kept, _NOW) == objects.SUCCESS
    return True


def _activate(kept, object_key, data, pairs, copy=_copy) -> int:
    kept.put(object_key, data)
    if kept.dated:
        kept.dated.forget(object_key)
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
            if kept.dated:
                kept.dated.wait(object_key, data[2:])
            return objects.SUCCESS
    return copy(kept, object_key, data, pairs)


def _threshold(kept, object_key, data, pairs) -> int:
    return _activate(kept, object_key, data, pairs, _copy_as_array)


def _copy_as_array(kept, object_key, data, pairs) -> int:
    passive, _, active = pairs[0].partition(">")
    value = kept.value(_place(object_key, passive))
    if value is None:
        return objects.OTHER_REASON
    kept.put(_place(object_key, active), b"\x01\x01" + value)
    return objects.SUCCESS


def _account(kept, object_key, data, pairs) -> int:
    return _activate(kept, object_key, data, pairs, _copy_account)


def _copy_account(kept, object_key, data, pairs) -> int:
    active = objects.key(pairs[0].partition(">")[2])
    before = kept.value(active)
    result = _copy(kept, object_key, data, pairs)
    mode = kept.value(active)
    if before is not None and mode is not None and len(before) == len(mode) == _MODE_SIZE:
        kept.put(active, bytes(mode[:4]) + bytes(before[4:]))
    return result


def _mask(kept, object_key, data, places) -> int:
    if data[:4] != _BITS_512 or len(data) != 4 + 2 * _SWITCHES:
        return objects.TYPE_UNMATCHED
    where = objects.key(places[0])
    before = kept.value(where)
    octets = bytearray(b"\xff" * _SWITCHES)
    if before is not None and len(before) == 4 + _SWITCHES:
        octets[:] = before[4:]
    for index in range(_SWITCHES):
        mask = data[4 + index]
        octets[index] = octets[index] & ~mask | data[4 + _SWITCHES + index] & mask
    kept.put(where, _BITS_256 + bytes(octets))
    return objects.SUCCESS


def _clear(kept, object_key, data, places) -> int:
    where = _place(object_key, places[0])
    buffer = kept.value(where)
    if hasattr(buffer, "description"):
        kept.put(where, b"\x13" + buffer.description + b"\x00")
    return objects.SUCCESS


def _add(kept, object_key, data, places) -> int:
    return _amount(kept, object_key, data, places, True)


def _put(kept, object_key, data, places) -> int:
    return _amount(kept, object_key, data, places, False)


def _select(kept, object_key, data, places) -> int:
    kept.put(_place(object_key, places[0]), _SELECTED)
    return objects.SUCCESS


def _limit(kept, object_key, data, places) -> int:
    limit = kept.value(objects.key(_EMERGENCY_LIMIT))
    return _amount(kept, object_key, data if limit is None else limit, places, False)


def _amount(kept, object_key, data, places, adds) -> int:
    if objects.unmatched(data, axdr.DOUBLE_LONG) or len(data) != _AMOUNT_SIZE:
        return objects.TYPE_UNMATCHED
    balances = objects.key(_BALANCES)
    value = kept.value(balances)
    at = 2 + _AMOUNT_SIZE * int(places[0])
    if value is not None and len(value) == _BALANCES_SIZE and value[at] == axdr.DOUBLE_LONG:
        after = at + _AMOUNT_SIZE
        total = _total(value[at:after], data, adds)
        kept.put(balances, bytes(value[:at]) + total + bytes(value[after:]))
    if places[1:]:
        where = _place(object_key, places[1])
        kept.put(where, _total(kept.value(where), data, adds))
    return objects.SUCCESS


def _total(before, data, adds) -> bytes:
    if not adds or before is None or len(before) != _AMOUNT_SIZE:
        return bytes(data)
    total = int.from_bytes(before[1:], "big") + int.from_bytes(data[1:], "big")
    return bytes((axdr.DOUBLE_LONG,)) + (total & 0xFFFFFFFF).to_bytes(4, "big")


def _control(kept, object_key, data, places) -> int:
    # The upper octet is a sort and the number of a controller, the lower what it is to do. ECS47
    # has sort 0; the others tell a level, which holds for a period.
    if objects.unmatched(data, axdr.LONG_UNSIGNED) or len(data) != _SCRIPT_SIZE:
        return objects.TYPE_UNMATCHED
    if data[1] >> 4:
        return _level(kept, data, 0)
    outcome = _UNKNOWN
    state = _SWITCHED.get(data[2])
    if data[1] in kept.faulty:
        outcome = _FAILED
    elif state and 1 <= data[1] <= _CONTROLLERS:
        outcome = _SUCCEEDED
        kept.put(objects.key("70/0-%d:96.3.10.255/2" % data[1]), state)
    return _log(kept, data[1:], outcome)


def _limit_level(kept, object_key, data, places) -> int:
    if objects.unmatched(data, axdr.LONG_UNSIGNED) or len(data) != _SCRIPT_SIZE:
        return objects.TYPE_UNMATCHED
    return _level(kept, data, 1)


def _level(kept, data, kind: int) -> int:
    from smets.dlms import levels

    if not levels.known(data[1], data[2]):
        return objects.OTHER_REASON
    try:
        holds = levels.commanded(kept, data[1], data[2], kind)
    except DecodeError:
        return objects.OTHER_REASON
    outcome = _UNKNOWN if holds is None or kind else _SUCCEEDED if holds else _FAILED
    return _log(kept, data[1:], outcome)


def log_control(kept, controller: int, level: int, done: bool) -> int:
    """The level of a controller is set at its time: a row of the log; kept with the command."""
    return _log(kept, bytes((controller, level)), _SUCCEEDED if done else _FAILED)


def _log(kept, commanded, outcome: int) -> int:
    log = objects.key(_CONTROLLER_LOG)
    buffer = kept.value(log) or objects.Buffer(_CONTROLLER_ROW)
    if buffer.description != _CONTROLLER_ROW:
        return objects.OTHER_REASON
    row = kept.clock.seconds.to_bytes(4, "big") + commanded + bytes((outcome, 0, 0, 0, 0))
    rows = b"".join(buffer.rows[1 - _CONTROLLER_ROWS :] + [row])
    kept.put(log, b"\x13" + _CONTROLLER_ROW + length_octets(len(rows)) + rows)
    return objects.SUCCESS


_ACTS = {
    "control": _control,
    "limit-level": _limit_level,
    "threshold": _threshold,
    "account": _account,
    "copy": _copy,
    "mask": _mask,
    "clear": _clear,
    "add": _add,
    "put": _put,
    "limit": _limit,
    "select": _select,
}
