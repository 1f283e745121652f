# PublishEventLog of a meter's own logs, loaded when GetEventLog comes: of a display the newest
# events, of a remote party all of a range, the oldest first (rtds CS10a).
from smets.codec import Reader, Writer
from smets.compat import const

_LOG_ID = const(0x03)
# Events in one answer on the HAN: what fits a frame.
_SHOWN = const(5)


def publish(entries, request, since: int) -> list:
    """PublishEventLog for the payload of GetEventLog: the newest entries that match.

    Entries before `since`, UTC seconds, are left out and not counted.
    """
    found, count, skip = _matching(entries, request, since)
    count = count or _SHOWN
    total = len(found)
    found.reverse()
    found = found[skip : skip + min(count, _SHOWN)]
    if not found:
        return []
    return [_written(found, total, len(found) << 4 | 1, _LOG_ID)]


def publish_all(entries, request) -> list:
    """PublishEventLog for a remote party; without a number of events it gets those that match."""
    found, count, skip = _matching(entries, request, 0)
    total = len(found)
    found = found[skip : skip + (count or total)]
    if not found:
        return []
    return [_written(found, total, 0, Reader(request).u8("log id") & 0x0F)]


def _matching(entries, request, since: int) -> tuple:
    """(entries of the event and range that are asked for, number of events, offset)."""
    reader = Reader(request, 1)
    event = reader.le(2, "event id")
    start = max(reader.le(4, "start"), since)
    end = reader.le(4, "end")
    found = []
    for row in entries:
        when = int.from_bytes(row[:4], "big")
        if event in (0, row[4] << 8 | row[5]) and start <= when <= (end or 0xFFFFFFFF):
            found.append(row)
    return found, reader.u8("number of events"), reader.le(2, "offset")


def _written(rows, total: int, control: int, log: int) -> bytes:
    writer = Writer(96)
    writer.le(total, 2)
    writer.put(b"\x00\x01")
    writer.u8(control)
    for row in rows:
        writer.u8(log)
        writer.le(row[4] << 8 | row[5], 2)
        writer.le(int.from_bytes(row[:4], "big"), 4)
        writer.put(row[6:] or b"\x00")
    return bytes(writer.view())
