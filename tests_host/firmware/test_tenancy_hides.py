# engines: cpython unix
# A display of a new tenancy gets nothing of the former tenant: of each answer that the HAN can ask
# for, at ESME and GPF. What is planted before the date has a mark that no answer may hold.
from binascii import unhexlify as h

from smets import clock
from smets.devices.esme import Esme
from smets.devices.gpf import Gpf
from smets.zcl import frame, types
from smets.zcl.han_frame import HanFrame
from smets.zcl.server import Call

EUI = h("02534D45545300A3")
IHD = h("02534D45545300B0")
DAY = 86400
# A Thursday, noon. The tenancy began the day before at 9 o'clock.
NOW = clock.to_seconds(2022, 11, 24, 12, 0, 0)
DATE = NOW - DAY - 3 * 3600
MARK = 0x5A  # each octet of a value of the former tenant
NEW = 0x3C  # and of one of the new tenant
PRICE, METERING, PREPAYMENT, MESSAGING, EVENTS = 0x0700, 0x0702, 0x0705, 0x0703, 0x0709

# Attributes that tell of a span of time: cluster, ids, data type, days from the beginning of the
# span to NOW; more than 1.125 of them were before the date. Monday is three days and a half ago.
HISTORY = (
    (METERING, (0x0401, 0x0402, 0x0C01), types.UINT24, 0.5),
    (METERING, (0x0403, 0x0404, 0x0C03), types.UINT24, 1.5),
    (METERING, (0x0430, 0x0431), types.UINT24, 3.5),
    (METERING, tuple(range(0x0432, 0x043C)), types.UINT24, 10.5),
    (METERING, (0x0440, 0x0C40), types.UINT32, 23.5),
    (METERING, tuple(range(0x0442, 0x045C)), types.UINT32, 54.5),
    (METERING, (0x0409, 0x040F, 0x0414), types.UINT24, 999),  # spans that no device knows
    (PREPAYMENT, (0x051C, 0x051D), types.UINT48, 0.5),
    (PREPAYMENT, (0x051E, 0x051F), types.UINT48, 1.5),
    (PREPAYMENT, (0x0530, 0x0531), types.UINT48, 3.5),
    (PREPAYMENT, (0x0532, 0x053A), types.UINT48, 10.5),
    (PREPAYMENT, (0x0540, 0x055A), types.UINT48, 23.5),
) + tuple(
    [
        (cluster, (first + 2 * index, first + 2 * index + 1), kind, 2.5 + index)
        for cluster, first, kind in (
            (METERING, 0x0420, types.UINT24),
            (PREPAYMENT, 0x0520, types.UINT48),
        )
        for index in range(7)
    ]
)
# Values that have a time: cluster, attribute of the time, (attribute, data type) of the values.
TIMED = (
    (METERING, 0x0008, ((0x0002, types.UINT48),)),
    (METERING, 0x0009, ((0x0003, types.UINT48),)),
    (METERING, 0x0A01, ((0x0A00, types.UINT32),)),
    (METERING, 0x0A03, ((0x0A02, types.UINT32),)),
) + tuple(
    [
        (
            PREPAYMENT,
            at,
            ((at + 1, types.INT32), (at + 2, types.ENUM8), (at + 3, types.OCTET_STRING)),
        )
        for at in range(0x0100, 0x0150, 0x10)
    ]
)
# What tells of now stays as it is, whatever the date.
PRESENT = (
    (METERING, 0x0000, types.UINT48),
    (METERING, 0x0400, types.INT24),
    (PREPAYMENT, 0x0500, types.UINT8),
)


def value_of(kind, mark):
    """A value of a data type, each octet of which is the mark."""
    if kind == types.OCTET_STRING:
        return bytes((mark,)) * 6
    size = len(types.encode(kind, 0))
    return int.from_bytes(bytes((mark,)) * size, "big")


def device(role, date=DATE):
    made = role()
    made.eui = EUI
    made.clock.set(NOW, clock.RELIABLE)
    if date:
        made.feature("tenancy").put(date, 0x200)
    return made


def ask(made, endpoint, cluster, payload):
    made.receive(HanFrame(IHD, EUI, 3, endpoint, cluster, payload))
    answers = [each.payload for each in made.outbox]
    made.outbox.clear()
    return b"".join(answers)


def endpoint_of(made, cluster):
    for endpoint in sorted(made.endpoints):
        if cluster in made.endpoints[endpoint][1]:
            return endpoint
    return 0


def read(made, cluster, attribute):
    """(status, type, value octets) of an attribute, as a display gets it."""
    asked = b"\x00\x07\x00" + attribute.to_bytes(2, "little")
    answer = ask(made, endpoint_of(made, cluster), cluster, asked)
    assert answer[:5] == b"\x18\x07\x01" + attribute.to_bytes(2, "little"), (cluster, attribute)
    return answer[5], answer[6:7], answer[7:]


def short(seconds):
    return int(seconds).to_bytes(4, "little")


def entry(log, code, when, mark):
    return bytes((log,)) + code.to_bytes(2, "little") + short(when) + b"\x02" + bytes((mark, mark))


def log_of(entries, control):
    head = len(entries).to_bytes(2, "little") + b"\x00\x01" + bytes((control,))
    return head + b"".join(entries)


def event_log(made, start=0, end=0, number=0):
    """(total, entries as (code, time)) of what GetEventLog brings; None for NOT_FOUND."""
    payload = b"\x01\x09\x00\x03\x00\x00" + short(start) + short(end) + bytes((number, 0, 0))
    answer = ask(made, 1, EVENTS, payload)
    if answer[2] == 0x0B:
        assert answer[3:] == bytes((0x00, frame.NOT_FOUND)), answer
        return None
    assert answer[:3] == b"\x19\x09\x01", answer
    assert answer[5] == 0, "the first command"
    entries, at = [], 8
    while at < len(answer):
        code, when = (
            int.from_bytes(answer[at + first : at + last], "little")
            for first, last in ((1, 3), (3, 7))
        )
        entries.append((code, when))
        at += 8 + answer[at + 7]
    if answer[7]:
        assert answer[7] >> 4 == len(entries), "number of events in this answer"
    return int.from_bytes(answer[3:5], "little"), entries


def test_event_log_of_a_state():
    """spec: entries from the second of the date on, and counts of these alone."""
    times = (DATE - DAY, DATE - 1, DATE, DATE + 1)
    for role in (Esme, Gpf):
        for control in (0x00, 0x41):
            made = device(role)
            entries = [entry(3, 0x8101 + i, when, MARK) for i, when in enumerate(times)]
            made.zcl.published[(EVENTS, 0x01)] = [log_of(entries, control)]
            assert event_log(made) == (2, [(0x8103, DATE), (0x8104, DATE + 1)]), role.name
            made.zcl.published[(EVENTS, 0x01)] = [log_of([one], control) for one in entries[:2]]
            assert event_log(made) is None, "all of it older"
            made.feature("tenancy").put(NOW + 1, 0x200)
            assert event_log(made) is not None, "a date ahead hides nothing yet"


def test_many_events_of_a_state():
    """issue: a log of 32 entries as meters send it, with no number in the last octet."""
    made = device(Gpf)
    entries = [entry(3, 0x8100 + i, DATE - 16 + i, NEW) for i in range(32)]
    for control in (0x00, 0xF1):
        made.zcl.published[(EVENTS, 0x01)] = [log_of(entries, control)]
        payload = b"\x01\x09\x00\x03\x00\x00" + bytes(8) + b"\x00\x00\x00"
        answer = ask(made, 1, EVENTS, payload)
        assert answer[3:5] == b"\x10\x00" and answer[8:] == b"".join(entries[16:]), "16 of 32"
        assert answer[7] == (0xF1 if control else 0), "number of events, as far as it has room"


def test_event_log_of_an_account():
    """spec: the same of the log that a prepayment meter keeps; its supplier reads all of it."""
    made = device(Esme)
    meter = made.feature("prepayment").open()
    times = (DATE - DAY, DATE - 1, DATE, DATE + 1)
    for index, when in enumerate(times):
        meter.log(when, 0x8154 + index, b"\x01\x16")
    newer = [(0x8157, DATE + 1), (0x8156, DATE)]
    assert event_log(made) == (2, newer), "newest first"
    assert event_log(made, start=DATE - 2 * DAY) == (2, newer), "whatever is asked for"
    assert event_log(made, number=1) == (2, newer[:1]), "the total is of what is told"
    assert event_log(made, end=DATE - 1) is None, "nothing older"
    assert len(meter.events.entries) == 4, "the supplier's log is whole"
    made.feature("tenancy").put(0xFFFFFFFF, 0)
    assert event_log(made)[0] == 4, "without a date"


def test_events_without_a_time():
    """spec: an event that was logged without a clock may be older, so it is hidden."""
    made = device(Esme)
    made.feature("prepayment").open().log(0, 0x8154, b"")
    assert event_log(made) is None


def test_damaged_date_hides_everything_up_to_now():
    """project-choice: see restriction.hidden_unknown."""
    made = device(Gpf)
    made.feature("tenancy").damaged = True
    entries = [entry(3, 0x8101, NOW - 1, MARK)]
    made.zcl.published[(EVENTS, 0x01)] = [log_of(entries, 0)]
    made.zcl.set(METERING, 0x0401, types.UINT24, 77)
    assert event_log(made) is None
    assert read(made, METERING, 0x0401)[2] == b"\xff\xff\xff", "today's consumption began before"


def check_history(made, seen):
    """`seen(days)`: whether a span that began so many days ago is told."""
    for cluster, attributes, kind, ago in HISTORY:
        for attribute in attributes:
            if made.zcl.serves(cluster, attribute):
                continue  # it works them out: test_consumption_logs.py
            value = value_of(kind, MARK)
            made.zcl.set(cluster, attribute, kind, value)
            status, found, octets = read(made, cluster, attribute)
            wanted = types.encode(kind, value) if seen(ago) else b"\xff" * len(octets)
            told = (status, found, octets)
            assert told == (0, bytes((kind,)), wanted), (cluster, attribute, told)


def test_spans_of_time():
    """spec: a day, week or month that began before the date is not available."""
    for role in (Esme, Gpf):
        check_history(device(role), lambda ago: ago < 1.125)
        check_history(device(role, 0), lambda ago: True)
        check_history(device(role, NOW - 4 * DAY), lambda ago: ago <= 3.5)
        check_history(device(role, NOW + 1), lambda ago: True)
        made = device(role)
        made.clock.set(0xFFFFFFFF, clock.INVALID)
        check_history(made, lambda ago: False)


def test_values_with_a_time():
    """spec: top-ups, demands and bills from before the date are not available."""
    for role in (Esme, Gpf):
        for when, seen in ((DATE - 1, False), (DATE, True), (None, False)):
            made = device(role)
            for cluster, time, values in TIMED:
                if when is not None:
                    made.zcl.set(cluster, time, types.UTC_TIME, when)
                    wanted = short(when) if seen else b"\xff\xff\xff\xff"
                    assert read(made, cluster, time)[2] == wanted, "the time itself"
                for attribute, kind in values:
                    value = value_of(kind, MARK)
                    made.zcl.set(cluster, attribute, kind, value)
                    found = read(made, cluster, attribute)
                    none = b"\x00\x00\x00\x80" if kind == types.INT32 else b"\xff" * len(found[2])
                    wanted = types.encode(kind, value) if seen else none
                    assert found == (0, bytes((kind,)), wanted), (cluster, attribute, found)
                    assert made.zcl.get(cluster, attribute) == value, "a remote party has it"


def test_what_tells_of_now_stays():
    """spec: registers, demand and settings are no history."""
    for role in (Esme, Gpf):
        for cluster, attribute, kind in PRESENT:
            made = device(role)
            made.zcl.set(cluster, attribute, kind, value_of(kind, NEW))
            found = read(made, cluster, attribute)
            assert found == (0, bytes((kind,)), types.encode(kind, value_of(kind, NEW)))


def test_a_type_without_such_a_value():
    """project-choice: without a value for "not available" the attribute is unsupported."""
    made = device(Gpf)
    made.zcl.set(METERING, 0x0432, 0x08, MARK)
    assert read(made, METERING, 0x0432) == (frame.UNSUPPORTED_ATTRIBUTE, b"", b"")


def snapshot(when, mark):
    return bytes((mark,)) * 4 + short(when) + b"\x02\x00\x01" + bytes((mark,)) * 8


# Answers that a state may hold: cluster, response, a payload of a time with a mark.
PUBLISHED = (
    (METERING, 0x06, snapshot),
    (METERING, 0x07, lambda when, mark: b"\0\0" + short(when) + h("0008070100") + bytes((mark,))),
    (PREPAYMENT, 0x01, snapshot),
    (PREPAYMENT, 0x05, lambda when, mark: b"\x00\x01\x02" + bytes((mark,)) * 6 + short(when)),
    (PREPAYMENT, 0x06, lambda when, mark: b"\x00\x01" + short(when) + bytes((mark,)) * 9),
    (PRICE, 0x09, lambda when, mark: bytes((mark,)) * 8 + short(when) + bytes(5)),
    (MESSAGING, 0x00, lambda when, mark: bytes(4) + b"\0" + short(when) + bytes((mark,)) * 4),
    (EVENTS, 0x01, lambda when, mark: log_of([entry(3, 0x8101, when, mark)], 0x10)),
)
# What may be asked: no payload, and the requests of logs for everything that there is.
ASKED = (
    b"",
    h("0000000000000000000000"),  # GetEventLog of any log
    h("0300000000000000000000000000")[:14],
    h("03" + "00" * 13),
    h("0000" + "00000000" + "00" + "FF00"),  # GetSampledData
    h("00000000" + "FFFFFFFF" + "00" + "FFFFFFFF"),  # GetSnapshot, GetPrepaySnapshot
    h("FFFFFFFF" + "00" + "FFFFFFFF"),
    h("FFFFFFFF" + "FF"),  # GetTopUpLog
    h("FFFFFFFF" + "FF" + "02"),  # GetDebtLog
    h("00"),
)


def everything(made):
    """What a display gets that asks for all there is: (octets with MARK, octets with NEW)."""
    marks = [0, 0]
    for endpoint in made.endpoints:
        for cluster in made.endpoints[endpoint][1]:
            for command in range(0x20):
                for payload in ASKED:
                    answer = ask(made, endpoint, cluster, bytes((1, 2, command)) + payload)
                    for index, mark in enumerate((MARK, NEW)):
                        marks[index] += bytes((mark, mark)) in answer
            for first in range(0, 0x1000, 32):
                asked = b"".join([(first + i).to_bytes(2, "little") for i in range(32)])
                answer = ask(made, endpoint, cluster, h("000200") + asked)
                for index, mark in enumerate((MARK, NEW)):
                    marks[index] += bytes((mark, mark)) in answer
    return marks


def planted(role, date, before):
    """A device that holds in every place something of the former tenant, and of the new one."""
    made = device(role, date)
    for cluster, command, payload in PUBLISHED:
        made.zcl.published[(cluster, command)] = [payload(before, MARK), payload(NOW - 60, NEW)]
    for cluster, attributes, kind, _ in HISTORY:
        for attribute in attributes[-1:]:
            if not made.zcl.serves(cluster, attribute):
                made.zcl.set(cluster, attribute, kind, value_of(kind, MARK))
    for cluster, time, values in TIMED:
        made.zcl.set(cluster, time, types.UTC_TIME, before)
        for attribute, kind in values:
            made.zcl.set(cluster, attribute, kind, value_of(kind, MARK))
    return made


def test_no_answer_holds_anything_of_the_former_tenant():
    """spec: all commands of all clusters, all attributes; the date is the only difference."""
    for role in (Esme, Gpf):
        # All that began before: the tenancy began a minute ago.
        old, new = everything(planted(role, NOW - 120, NOW - 121))
        assert old == 0 and new > 0, (role.name, old, new)
        old, _ = everything(planted(role, 0, NOW - 121))
        assert old > 10, "without a date the same questions bring it"


def test_snapshots_are_counted_as_they_are_told():
    """issue: the number of snapshots found tells how long others have lived there."""
    for role in (Esme, Gpf):
        for cluster, command, asked in ((METERING, 0x06, 0x06), (PREPAYMENT, 0x01, 0x07)):
            made = device(role)
            times = (DATE - 2, DATE - 1, DATE)
            payloads = [snapshot(when, NEW) for when in times]
            made.zcl.published[(cluster, command)] = payloads
            answer = ask(
                made, endpoint_of(made, cluster), cluster, bytes((1, 2, asked)) + ASKED[5]
            )
            assert answer[3:7] == bytes((NEW,)) * 4 and answer[11] == 1, "one is found"
            call = Call(cluster, frame.parse(bytes((1, 2, asked)) + ASKED[5]))
            call.reply_command = command
            assert made.zcl.execute(call) == payloads, "a remote party gets them as they are"
