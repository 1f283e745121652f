# Sums over a log whose rows are days: the UTC of the end, then numbers of four octets.
from smets.compat import const

DAY = const(86400)
_UNKNOWN = const(0xFFFFFFFF)


def total(log, start: int, end: int, place: int) -> int:
    """Sum of the numbers at octet `place` of the whole days from UTC `start` to `end`.

    -1 where one of them is not known; OSError.
    """
    missing = (end - start) // DAY
    found = 0
    sequence, oldest = log.head(), log.oldest()
    while missing > 0 and sequence > oldest:
        sequence -= 1
        row = log.load(sequence)
        if row is None:
            log.lost()
            continue
        ended = int.from_bytes(row[:4], "big")
        if ended <= start:
            break
        if ended <= end:
            value = int.from_bytes(row[place : place + 4], "big")
            if value == _UNKNOWN:
                return -1
            found += value
            missing -= 1
    return -1 if missing > 0 else found
