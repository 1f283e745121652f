# When something falls due by a single action schedule (class 22): times of dates with wildcards.
from smets import clock, cosem_time
from smets.codec import DecodeError, Reader

_DAY = 86400


def _entries(octets) -> list:
    """(seconds of the day, date) of each execution time; DecodeError."""
    reader = Reader(octets)
    reader.expect(1, "execution times")
    found = []
    for _ in range(reader.length("execution times")):
        reader.literal(b"\x02\x02\x09\x04", "execution time")
        time = bytes(reader.view(4, "time"))
        reader.literal(b"\x09\x05", "execution date")
        hour, minute, second = [0 if part == 0xFF else part for part in time[:3]]
        found.append((hour * 3600 + minute * 60 + second, bytes(reader.view(5, "date"))))
    return found


def falls_due(octets, start: int, end: int) -> bool:
    """Whether an execution time lies after UTC `start`, and at `end` or before it.

    Both are at most a day apart. What cannot be read is never due.
    """
    try:
        entries = _entries(octets)
    except DecodeError:
        return False
    for midnight in (end // _DAY * _DAY, end // _DAY * _DAY - _DAY):
        if midnight < 0:
            continue
        date = clock.from_seconds(midnight)[:3]
        weekday = cosem_time.weekday(midnight)
        for time, pattern in entries:
            that_day = cosem_time.in_date(pattern, date[0], date[1], date[2], weekday)
            if that_day and start < midnight + time <= end:
                return True
    return False
