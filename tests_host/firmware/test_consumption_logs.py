# engines: cpython unix
# Profile Data Log, Daily Consumption Log and history of a meter, and what tenancy hides of them.
from binascii import unhexlify as h

from smets import clock
from smets.devices.esme import Esme
from smets.devices.gpf import Gpf
from smets.features import consumption_logs
from smets.zcl import frame
from smets.zcl.clusters import METERING
from smets.zcl.server import Call

MONDAY = clock.to_seconds(2022, 10, 31, 0, 0, 0)
DAY = 86400


def filled(days=3, start=MONDAY, role=Gpf):
    """A meter that has logged whole days, one litre more each half hour than the one before."""
    device = role()
    device.clock.set(start, clock.RELIABLE)
    register = 0
    for index in range(days * 48 + 1):
        device.clock.seconds = start + index * 1800
        device.feature("logs").record(device.clock.seconds, register)
        register += index + 1
    return device


def sampled(device, log, earliest, wanted=100, han=True, sample_type=0):
    payload = log.to_bytes(2, "little") + earliest.to_bytes(4, "little")
    payload += bytes((sample_type,)) + wanted.to_bytes(2, "little")
    call = Call(METERING, frame.parse(b"\x01\x00\x08" + payload))
    call.from_han = han
    call.reply_command = 7
    result = device.zcl.execute(call)
    if isinstance(result, int):
        return result
    data = result[0]
    count = int.from_bytes(data[9:11], "little")
    assert len(data) == 11 + 3 * count, "uint24 each"
    start = int.from_bytes(data[2:6], "little")
    return start, [int.from_bytes(data[11 + 3 * i : 14 + 3 * i], "little") for i in range(count)]


def attribute(device, number):
    return device.zcl.get(METERING, number)


def test_samples_of_the_profile():
    """spec: SampleID 0, half hours, oldest first."""
    device = filled(1)
    assert sampled(device, 0, MONDAY, 4) == (MONDAY, [1, 2, 3, 4]), "from the start"
    assert sampled(device, 0, MONDAY + 1) == (MONDAY + 1800, list(range(2, 49))), "rounded up"
    assert sampled(device, 0, MONDAY + DAY) == frame.NOT_FOUND, "nothing yet"
    assert sampled(device, 0, 0, 1) == (MONDAY, [1]), "not before the oldest"


def test_daily_samples():
    """spec: SampleID 1, whole UTC days, interval FFFF."""
    device = filled(2)
    first, second = sum(range(1, 49)), sum(range(49, 97))
    assert sampled(device, 1, MONDAY) == (MONDAY, [first, second]), "two days"
    call = Call(METERING, frame.parse(h("010008" + "0100" + "00000000" + "00" + "0100")))
    assert device.zcl.execute(call)[0][7:9] == b"\xff\xff", "interval"


def test_requests_that_find_nothing():
    """spec: NOT_FOUND for other logs, MALFORMED_COMMAND for another length."""
    device = filled(1)
    assert sampled(device, 2, 0) == frame.NOT_FOUND, "no such log"
    assert sampled(device, 0, 0, sample_type=1) == frame.NOT_FOUND, "no such type"
    assert sampled(Gpf(), 0, 0) == frame.NOT_FOUND, "nothing logged"
    assert sampled(device, 0, 0, wanted=0) == frame.NOT_FOUND, "none wanted"
    call = Call(METERING, frame.parse(h("0100080000")))
    assert device.zcl.execute(call) == frame.MALFORMED_COMMAND, "cut short"


def test_g58_tenancy_hides_from_the_han_only():
    """project-choice: what is older than the date is not given to the HAN; the supplier has it."""
    device = filled(3)
    date = MONDAY + DAY + 5400 + 1
    device.feature("tenancy").put(date, 0x200)
    start, values = sampled(device, 0, 0, 500)
    assert start == MONDAY + DAY + 7200, "the half hour with the date in it is hidden, too"
    assert len(values) == 2 * 48 - 4, "the rest"
    assert sampled(device, 1, 0)[0] == MONDAY + 2 * DAY, "so is the day"
    assert sampled(device, 0, 0, 500, han=False)[0] == MONDAY, "remote party: everything"
    device.feature("tenancy").put(MONDAY + 9 * DAY, 0x200)
    assert sampled(device, 0, 0, 1)[0] == MONDAY, "a date ahead hides nothing yet"


def test_g58_at_the_boundary_second():
    """project-choice: what begins in the second of the date is given, a second later it is not."""
    for role in (Esme, Gpf):
        device = filled(3, role=role)
        date = MONDAY + DAY
        yesterday, day_before = sum(range(97, 145)), sum(range(49, 97))
        for late, profile, daily, older in (
            (-1, date, date, day_before),
            (0, date, date, day_before),
            (1, date + 1800, date + DAY, 0xFFFFFF),
        ):
            device.feature("tenancy").put(date + late, 0x200)
            assert sampled(device, 0, 0, 500)[0] == profile, "first half hour"
            assert sampled(device, 1, 0)[0] == daily, "first day"
            assert attribute(device, 0x0403) == yesterday, "yesterday is all after the date"
            assert attribute(device, 0x0420) == older, "the day of the date"
            assert attribute(device, 0x0422) == 0xFFFFFF, "the day before the date"
            for log in (0, 1):
                assert sampled(device, log, 0, 500, han=False)[0] == MONDAY, "remote party"


def test_g58_published_logs_are_restricted_too():
    """project-choice: snapshots and samples of a state, from the second of the date on."""
    date = MONDAY + DAY
    older, newer = ((date + late).to_bytes(4, "little") for late in (-1, 0))
    for role in (Esme, Gpf):
        device = role()
        device.clock.set(MONDAY + 2 * DAY, clock.RELIABLE)
        device.feature("tenancy").put(date, 0x200)
        for cluster, asked, reply, front in (
            (METERING, 6, 6, 4),
            (METERING, 8, 7, 2),
            (0x0705, 7, 1, 4),
        ):
            payloads = [bytes(front) + time + b"\x01" for time in (older, newer)]
            device.zcl.published[(cluster, reply)] = payloads
            call = Call(cluster, frame.parse(bytes((1, 0, asked)) + bytes(9)))
            call.reply_command = reply
            assert device.zcl.answer_published(call) == payloads, "remote party"
            call.from_han = True
            assert device.zcl.answer_published(call) == payloads[1:], "HAN"
            device.zcl.published[(cluster, reply)] = payloads[:1]
            assert device.zcl.answer_published(call) == frame.NOT_FOUND, "all of it older"


def test_history_attributes():
    """spec: previous day 0x0403, older days 0x0420 on, weeks 0x0432 on, months 0x0442 on."""
    device = filled(3)
    days = [sum(range(48 * i + 1, 48 * i + 49)) for i in range(3)]
    assert attribute(device, 0x0403) == days[2], "yesterday"
    assert attribute(device, 0x0420) == days[1], "the day before"
    assert attribute(device, 0x0422) == days[0], "three days ago"
    assert attribute(device, 0x0424) == 0xFFFFFF, "not logged"
    assert attribute(device, 0x0432) == 0xFFFFFF, "no whole week"
    assert attribute(device, 0x0442) == 0xFFFFFFFF, "no whole month, uint32"
    device.feature("tenancy").put(MONDAY + DAY + 1, 0x200)
    assert attribute(device, 0x0403) == days[2], "after the date"
    assert attribute(device, 0x0420) == 0xFFFFFF, "g30: a day that straddles the date is hidden"
    device.clock.set(0xFFFFFFFF, clock.INVALID)
    assert attribute(device, 0x0403) == 0xFFFFFF, "which day is it?"


def test_weeks_and_months():
    """spec: weeks begin on Monday, months with their first day, UTC."""
    device = filled(36, clock.to_seconds(2022, 10, 30, 0, 0, 0))
    daily = [sum(range(48 * i + 1, 48 * i + 49)) for i in range(36)]
    # The clock stands at Monday, 5 December 2022.
    assert attribute(device, 0x0432) == sum(daily[29:36]), "last week"
    assert attribute(device, 0x0434) == sum(daily[22:29]), "the week before"
    assert attribute(device, 0x0442) == sum(daily[2:32]), "November"
    assert attribute(device, 0x0444) == 0xFFFFFFFF, "October is not whole"


def test_gaps():
    """spec: what was not measured is FFFFFF, never zero and never another day's value."""
    device = filled(1)
    end = MONDAY + DAY
    device.feature("logs").record(end + 3600, 5000)
    device.feature("logs").record(end + 5400, 5001)
    start, values = sampled(device, 0, end)
    assert (start, values) == (end, [0xFFFFFF, 0xFFFFFF, 1]), "an hour is missing"
    device.feature("logs").record(end + 3600, 9)
    assert sampled(device, 0, end)[1] == [0xFFFFFF, 0xFFFFFF, 1], "time went back: ignored"


def test_ring_is_bounded():
    """spec: the oldest samples give way, the newest stay."""
    ring = consumption_logs.Samples(1800, 4)
    for index in range(1, 11):
        ring.append(index * 1800, index)
    assert [ring.at(index * 1800) for index in range(5, 12)] == [
        0xFFFFFF,
        0xFFFFFF,
        7,
        8,
        9,
        10,
        0xFFFFFF,
    ]
    ring.append(100 * 1800, 100)
    assert [ring.at(index * 1800) for index in (10, 97, 99, 100)] == [0xFFFFFF] * 3 + [100]
    ring.clear()
    assert ring.count == 0 and ring.at(1800) == 0xFFFFFF, "cleared"
    ring.append(1800, 0x1FFFFFF)
    assert ring.at(1800) == 0xFFFFFE, "a value too large is not mistaken for none"


def test_a_register_that_falls_leaves_a_gap():
    """issue: nobody knows what was used; the next half hour counts again."""
    device = filled(1)
    own = device.feature("logs")
    end = device.clock.seconds
    for index, register in enumerate((5, 7)):
        device.clock.seconds = end + 1800 * (index + 1)
        own.record(device.clock.seconds, register)
    assert sampled(device, 0, end)[1] == [0xFFFFFF, 2]


def test_samples_that_came_late_leave_pages_between():
    """issue: the log goes back at once, and what lies between was never written."""
    ring = consumption_logs.Samples(1800, 1488)
    end = MONDAY + 1500 * 1800
    ring.append(end, 5)
    wanted = {end: 5}
    for back in (1400, 1399, 700):
        ring.fill(end - back * 1800, back)
        wanted[end - back * 1800] = back
        for index in range(-2, 1490):
            at = end - index * 1800
            assert ring.at(at) == wanted.get(at, 0xFFFFFF), (back, index)
    assert (ring.start(), ring.end) == (end - 1401 * 1800, end)
    ring.fill(end - 600 * 1800, 9)
    ring.append(end + 1800, 6)
    assert (ring.at(end - 600 * 1800), ring.at(end), ring.at(end + 1800)) == (9, 5, 6)
    device = filled(1)
    logs = device.feature("logs")
    logs.profile.fill(logs.profile.end - 1400 * 1800, 7)
    start, told = sampled(device, 0, 0, 2000)
    assert (start, told) == (
        MONDAY + DAY - 1401 * 1800,
        [7] + [0xFFFFFF] * 1352 + list(range(1, 49)),
    )
