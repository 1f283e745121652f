# The levels of auxiliary controllers, as their commands set them for a period (ECS47a, ECS47e).
# features/proportional.py carries out what waits here, and ends what holds.
from smets import clock, cosem_time
from smets.codec import DecodeError
from smets.compat import const
from smets.dlms import objects

KIND = b"P"  # of the settings: controller, LEVEL or LIMIT -> a row; empty where nothing is set
LEVEL, LIMIT = 0, 1
# A row: number of the command (1), WAITS or HOLDS (1), level in percent (1), start and end (4
# each, UTC seconds; clock.UTC_INVALID: until the next command).
WAITS, HOLDS = 0, 1
_MOST = const(100)
CONTROLLERS = const(5)
_PERIOD = "1/0-0:94.44.%d.%d/2"
_ANY = b"\xff" * 9
_AT_ONCE = bytes(9)
_STATE = "70/0-%d:96.3.10.255/2"
_ON, _OFF = b"\x03\xff", b"\x03\x00"


def known(controller: int, level: int) -> bool:
    """Whether there is such a controller, 11 to 15 an output and 21 to 25 an input, and level."""
    return controller >> 4 in (1, 2) and 1 <= controller & 15 <= CONTROLLERS and level <= _MOST


def row(number: int, state: int, level: int, start: int, end: int) -> bytes:
    """The octets of a row."""
    return bytes((number & 0xFF, state, level)) + start.to_bytes(4, "big") + end.to_bytes(4, "big")


def start_of(octets) -> int:
    """UTC seconds."""
    return int.from_bytes(octets[3:7], "big")


def end_of(octets) -> int:
    """UTC seconds; clock.UTC_INVALID: until the next command."""
    return int.from_bytes(octets[7:11], "big")


def switch(kept, controller: int, closed: bool):
    """An output is a switch as well: closed at every level but 0. Kept with the command."""
    if controller >> 4 == 1:
        kept.put(objects.key(_STATE % (controller & 15)), _ON if closed else _OFF)


def commanded(kept, controller: int, level: int, kind: int):
    """A command sets a level or a limit for the period that it has set.

    Returns whether it holds from now on, None where its time is to come or over; DecodeError for
    a start or an end that is no time. A command takes the place of the one before.

    project-choice: a start that is not specified is now, an end that is not is the next command;
    a period that is over, or empty, ends what holds and sets nothing.
    Alternative: both are refused.
    """
    own = kept.clock
    now = 0 if own.status == clock.INVALID else own.seconds
    first = 1 if kind == LEVEL else 3
    place = 116 + (controller & 15)
    start = _time(kept.value(objects.key(_PERIOD % (place, first))), now, now)
    end = _time(kept.value(objects.key(_PERIOD % (place, first + 1))), now, clock.UTC_INVALID)
    key = KIND + bytes((controller, kind))
    before = kept.settings.get(key)
    number = 1 + before[0] if before else 1
    if before and before[1] == HOLDS and kind == LEVEL:
        switch(kept, controller, False)
    if end <= start or end <= now:
        kept.settings.put(key, b"")
        return None
    waits = start > now or own.status == clock.INVALID
    failed = not waits and controller & 15 in kept.faulty and kind == LEVEL
    state = WAITS if waits else HOLDS
    kept.settings.put(key, b"" if failed else row(number, state, level, start, end))
    if waits:
        return None
    if kind == LEVEL and not failed:
        switch(kept, controller, level > 0)
    return not failed


def _time(octets, now: int, without: int) -> int:
    if octets is None or bytes(octets) == b"\x00" or bytes(octets[2:11]) == _ANY:
        return without
    if bytes(octets[2:11]) == _AT_ONCE:
        return now
    if len(octets) != 2 + cosem_time.SIZE:
        raise DecodeError(0, "no date-time")
    return cosem_time.parse(octets[2:])
