# engines: cpython unix
# A gas meter and its proxy together, in virtual time: reports, stamps, reads.
from testkit import raises
from vectors import (
    GCS13A,
    GCS13B,
    GCS14,
    GCS60A,
    OPERATOR,
    SUPPLIER,
    Opened,
    gas_read,
    h,
    keys,
    octets,
    records,
)

from smets import clock, devices
from smets.features import stamp
from smets.gbcs.session import Refused, Session
from smets.zcl import frame, types
from smets.zcl.han_frame import BROADCAST, HanFrame

METER = h("025ECA0000000001")
PROXY = h("025ECA0000000003")
DISPLAY = h("025ECA0000000005")
NEW_YEAR = 0x1C374A80  # a half hour, and midnight
RELIABLE, INVALID, UNRELIABLE = clock.RELIABLE, clock.INVALID, clock.UNRELIABLE


class House:
    """The two devices, their sessions, and the air between them."""

    def __init__(self, start=NEW_YEAR):
        self.gsme = devices.build("gsme")
        self.gpf = devices.build("gpf")
        self.gsme.eui, self.gpf.eui = METER, PROXY
        self.reports.gpf, self.mirror.gsme = PROXY, METER
        self.gsme.clock.set(start, RELIABLE)
        self.gpf.clock.set(start, RELIABLE)
        self.meter_session = Session(self.gsme, keys(METER))
        self.proxy_session = Session(self.gpf, keys(PROXY))
        self.frames = []  # reports that crossed the air
        self.counter = 0
        server = self.gsme.zcl
        server.load(0x0702, 0x0000, types.UINT48, 1000)
        server.load(0x0702, 0x0300, types.ENUM8, 1)
        server.load(0x0702, 0x0301, types.UINT24, 1)
        server.load(0x0702, 0x0302, types.UINT24, 1000)
        for attribute in (0x0700, 0x0701, 0x0702, 0x0703):
            server.load(0x0702, attribute, types.UINT48, attribute)
        server.load(0x0702, 0x0A00, types.UINT32, 350)
        server.load(0x0700, 0x0616, types.UINT16, 978)
        server.load(0x0700, 0x0617, types.BITMAP8, 0x30)
        for attribute in (0x0001, 0x0002, 0x0005):
            server.load(0x0705, attribute, types.INT32, -attribute)
        for attribute in (0x0211, 0x0221, 0x0231):
            server.load(0x0705, attribute, types.UINT32, attribute)
        self.gsme.feature("gas_register").draw = 7

    @property
    def mirror(self):
        return self.gpf.feature("mirror")

    @property
    def reports(self):
        return self.gsme.feature("gas_reports")

    def deliver(self):
        """Carry what waits from one device to the other, as octets."""
        from smets.zcl import han_frame

        for source, target in ((self.gsme, self.gpf), (self.gpf, self.gsme)):
            while source.outbox:
                made = source.outbox.pop(0)
                target.receive(han_frame.parse(made.encode()))
                if source is self.gsme and made.payload[2] == 0x0A:
                    self.frames.append(made.encode())

    def run(self, seconds):
        """Let time pass for both, a minute at a time."""
        while seconds:
            step = min(seconds, 60)
            self.gpf.advance(step)
            self.gsme.advance(step)
            self.deliver()
            seconds -= step

    def read(self, code=GCS13A, session=None, device=PROXY):
        """The opened response to a fresh read, by the supplier."""
        self.counter += 1
        made = session or self.proxy_session
        data = gas_read(code, self.counter, SUPPLIER, device)
        return Opened(octets(made.handle(data)), SUPPLIER, device)

    def stamp(self):
        return self.read().date_time

    def register(self, opened=None):
        values = records((opened or self.read()).components()[0][1])[0]
        value = values[0x0000]
        return value if isinstance(value, int) else int.from_bytes(value[1:], "little")

    def meter_stamp(self):
        return self.read(GCS13A, self.meter_session, METER).date_time


def date(seconds, status):
    """The 12 octets of a stamp, from the calendar and not from the firmware's writer."""
    if seconds is None:
        return b"\xff" * 9 + b"\x80\x00" + bytes((status,))
    year, month, day, hour, minute, second = clock.from_seconds(seconds)
    head = year.to_bytes(2, "big") + bytes((month, day, 0xFF, hour, minute, second, 0))
    return head + b"\x80\x00" + bytes((status,))


def test_report_every_half_hour():
    """spec: 1800 s; the last attribute is AttributeReportingStatus complete."""
    house = House()
    house.run(1799)
    assert house.frames == []
    house.run(1)
    first = len(house.frames)
    assert first > 0
    assert house.frames[-1].endswith(h("FEFF 30 01"))
    for octets_of in house.frames[:-1]:
        assert h("FEFF 30") not in octets_of
    for octets_of in house.frames:
        assert len(octets_of) - 24 <= 90
    assert house.mirror.commits == 1
    house.run(3600)
    assert house.mirror.commits == 3
    assert len(house.frames) == 3 * first


def test_g27_before_the_first_report():
    """project-choice (E.3, 4): stamp invalid, no date; attributes have their error status."""
    house = House()
    opened = house.read()
    assert opened.date_time == date(None, 0x01)
    values, order = records(opened.components()[0][1])
    assert order == [0x0302, 0x0301, 0x0300, 0x0000]
    assert all(value == frame.UNSUPPORTED_ATTRIBUTE for value in values.values())
    for epoch in (h("07B2"), h("07D0")):
        assert epoch not in opened.date_time


def test_g27_after_a_restart():
    """project-choice: a hub that has lost its power starts without a stamp."""
    house = House()
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x04)
    house.gpf = devices.build("gpf")
    house.gpf.eui, house.mirror.gsme = PROXY, METER
    house.gpf.clock.set(NEW_YEAR + 1800, RELIABLE)
    house.proxy_session = Session(house.gpf, keys(PROXY))
    assert house.stamp() == date(None, 0x01)
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 3600, 0x04)


def test_g16_stamp_of_the_meter_does_not_age():
    """project-choice (E.3, 2): unchanged for reads 1 s, 29 min and (with no report) 24 h later."""
    house = House()
    house.run(1800)
    expected = date(NEW_YEAR + 1800, 0x04)
    assert house.stamp() == expected
    house.run(1)
    assert house.stamp() == expected
    house.run(29 * 60 - 1)
    assert house.stamp() == expected
    house.gpf.advance(86400)
    assert house.stamp() == expected


def test_g15_legacy_meter():
    """project-choice: the GPF time of the commit, bit 2 clear."""
    house = House()
    house.reports.sends_time = False
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x00)
    house.run(600)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x00)


def test_g18_stamp_moves_to_the_gpf():
    """project-choice (E.3, 3)."""
    house = House()
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x04)
    house.reports.sends_time = False
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 3600, 0x00)
    house.reports.sends_time = True
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 5400, 0x04)


def test_g19_stamp_and_register_advance_together():
    """project-choice: by 1800 s; a read between shows the first."""
    house = House()
    for number in range(1, 4):
        house.run(1800)
        opened = house.read()
        assert opened.date_time == date(NEW_YEAR + 1800 * number, 0x04)
        assert house.register(opened) == 1000 + 7 * number
        house.gsme.zcl.load(0x0702, 0x0000, types.UINT48, 1007 + 7 * number)
        opened = house.read()
        assert house.register(opened) == 1000 + 7 * number
        house.gsme.zcl.load(0x0702, 0x0000, types.UINT48, 1000 + 7 * number)


def test_g20_g21_half_of_a_report():
    """project-choice: previous values and previous stamp until the report is complete."""
    house = House()
    house.run(1800)
    house.gpf.advance(1800)
    house.gsme.advance(1800)
    waiting = len(house.gsme.outbox)
    assert waiting > 1
    for _ in range(waiting - 1):
        house.gpf.receive(house.gsme.outbox.pop(0))
        opened = house.read()
        assert opened.date_time == date(NEW_YEAR + 1800, 0x04)
        assert house.register(opened) == 1007
    last = house.gsme.outbox.pop(0)  # lost in the air
    assert last.payload.endswith(h("FEFF3001"))
    house.run(1799)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x04)
    assert house.register() == 1007


def test_lost_frame_is_made_good_in_time():
    house = House()
    house.run(1800)
    house.gpf.advance(1800)
    house.gsme.advance(1800)
    house.gsme.outbox.pop(0)
    house.deliver()
    for _ in range(3):
        house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 5 * 1800, 0x04)
    assert house.register() == 1000 + 5 * 7


def test_g22_hub_clock_of_a_legacy_meter():
    """project-choice: 02 with the time, 01 without a date."""
    house = House()
    house.reports.sends_time = False
    house.gpf.clock.set(NEW_YEAR, UNRELIABLE)
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x02)
    house.gpf.clock.set(NEW_YEAR, INVALID)
    house.run(1800)
    assert house.stamp() == date(None, 0x01)


def test_g23_hub_clock_is_invalid_but_the_meters_is_not():
    """project-choice: 04 with the GSME time."""
    house = House()
    house.gpf.clock.set(clock.UTC_INVALID, INVALID)
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x04)


def test_g17_meter_of_unreliable_time_passes_none_on():
    """project-choice (E.2): the attribute has no status; the GPF stamps."""
    house = House()
    house.gsme.clock.set(NEW_YEAR, UNRELIABLE)
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x00)
    assert h("0700 E2 FFFFFFFF FEFF3001") in house.frames[-1]


def test_g24_meter_answers_itself():
    """rtds for 00 and 02, project-choice for 01; bit 2 never."""
    house = House()
    house.run(60)
    assert house.meter_stamp() == date(NEW_YEAR + 60, 0x00)
    house.gsme.clock.set(NEW_YEAR + 9 * 3600, UNRELIABLE)
    assert house.meter_stamp() == date(NEW_YEAR + 9 * 3600, 0x02)
    house.gsme.clock.set(NEW_YEAR, INVALID)
    assert house.meter_stamp() == date(None, 0x01)


def test_g25_meter_clock_adjusted_between_report_and_read():
    """project-choice: the GPF's stamp keeps the earlier time."""
    house = House()
    house.run(1800)
    house.gsme.clock.set(NEW_YEAR + 86400, RELIABLE)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x04)
    assert house.meter_stamp() == date(NEW_YEAR + 86400, 0x00)
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 86400 + 1800, 0x04)


def test_g26_meter_ahead_of_the_hub():
    """project-choice: 9 s, 11 s and a day ahead are passed through."""
    for ahead in (9, 11, 86400):
        house = House()
        house.gsme.clock.set(NEW_YEAR + ahead, RELIABLE)
        house.run(1800)
        due = (NEW_YEAR + ahead) // 1800 * 1800 + 1800
        assert house.stamp() == date(due, 0x04)


def test_g28_midnight():
    """project-choice: the report of midnight is stamped with midnight of the new day."""
    house = House(NEW_YEAR + 86400 - 600)
    house.run(600)
    assert house.stamp() == date(NEW_YEAR + 86400, 0x04)
    assert house.stamp()[:8] == h("07DF0102FF000000")


def test_g28_snapshot_published_at_midnight():
    """project-choice: it moves registers and stamp of the proxy, and only from its meter."""
    house = House(NEW_YEAR + 86400 - 600)
    house.run(599)
    midnight = NEW_YEAR + 86400
    payload = h("19 07 06 01000000") + midnight.to_bytes(4, "little") + h("01 00 01 01000000 06")
    payload += (4711).to_bytes(6, "little") + h("00 14")
    house.gpf.receive(report_frame(source=DISPLAY, payload=payload))
    assert house.stamp() == date(None, 0x01)
    house.gpf.receive(report_frame(payload=payload))
    assert house.stamp() == date(midnight, 0x04)
    assert house.gpf.zcl.get(0x0702, 0x0000) == 4711


def test_g39_display_reads_the_time_of_the_header():
    """project-choice (E.2, E.3, 5): 0x0702/0x0007 on the mirror equals the stamp, as UTC."""
    house = House()
    house.reports.sends_time = False
    for sends_time, seconds in ((False, NEW_YEAR + 1800), (True, NEW_YEAR + 3600)):
        house.reports.sends_time = sends_time
        house.run(1800)
        assert mirror_time(house) == seconds
        assert house.stamp()[:11] == date(seconds, 0)[:11]


def mirror_time(house):
    request = HanFrame(DISPLAY, PROXY, 1, 2, 0x0702, h("00 2A 00 0700"))
    house.gpf.receive(request)
    reply = house.gpf.outbox.pop(0)
    assert (reply.destination, reply.payload[:7]) == (DISPLAY, h("18 2A 01 0700 00 E2"))
    return int.from_bytes(reply.payload[7:], "little")


def test_display_reads_an_invalid_time_before_any_report():
    """project-choice: FFFFFFFF, or the attribute is not there yet."""
    house = House()
    house.gpf.receive(HanFrame(DISPLAY, PROXY, 1, 2, 0x0702, h("00 2A 00 0700")))
    payload = house.gpf.outbox.pop(0).payload
    assert payload in (h("18 2A 01 0700 86"), h("18 2A 01 0700 00 E2 FFFFFFFF"))


def test_every_stamped_read_of_proxy_and_meter_agrees():
    """One stamp serves all five use cases (E.3, 6); values are those of the meter."""
    house = House()
    house.run(1800)
    for code in (GCS13A, GCS13B, GCS14, GCS60A):
        here, there = house.read(code), house.read(code, house.meter_session, METER)
        assert here.date_time == date(NEW_YEAR + 1800, 0x04)
        assert there.date_time == date(NEW_YEAR + 1800, 0x00)
        for one, other in zip(here.components(), there.components()):
            assert one == other, "%04X" % code


def test_operator_reads_the_proxy_only():
    """spec (GBCS 4.0 roles)."""
    house = House()
    house.run(1800)
    data = gas_read(GCS13A, 1, OPERATOR, PROXY)
    assert Opened(octets(house.proxy_session.handle(data)), OPERATOR, PROXY)
    with raises(Refused) as caught:
        house.meter_session.handle(gas_read(GCS13A, 1, OPERATOR, METER))
    assert caught.error.reason == "role"


def report_frame(source=METER, target=PROXY, endpoint=2, flags=1, payload=None, cluster=0x0702):
    octets_of = payload or h("18 01 0A 0000 25 630000000000 FEFF 30 01")
    return HanFrame(source, target, 1, endpoint, cluster, octets_of, flags=flags)


def test_only_the_paired_meter_reports():
    house = House()
    for frame_in in (
        report_frame(source=DISPLAY),
        report_frame(endpoint=9),
        report_frame(flags=0),
        report_frame(flags=1 | BROADCAST),
        report_frame(payload=h("18")),
        report_frame(payload=h("00 01 0A 0000 25 630000000000 FEFF 30 01")),
        report_frame(payload=h("19 01 0A 0000 25 630000000000 FEFF 30 01")),
        report_frame(cluster=0x0708),
    ):
        house.gpf.receive(frame_in)
        assert house.mirror.commits == 0
    assert house.gpf.zcl.get(0x0702, 0x0000) is None
    house.gpf.receive(report_frame(payload=h("18 02 0A 0000 25 630000000000 FEFF 30 01")))
    assert house.gpf.zcl.get(0x0702, 0x0000) == 99


def test_ignored_frames_are_counted():
    house = House()
    house.gpf.receive(report_frame(source=DISPLAY))
    house.gpf.receive(report_frame(source=DISPLAY))
    house.gpf.receive(report_frame(payload=h("18")))
    house.gpf.receive(report_frame(flags=0))
    assert house.gpf.ignored["stranger"] == 2
    assert house.gpf.ignored["malformed"] == 1
    assert house.gpf.ignored["unsecured"] == 1


def test_meter_without_a_proxy_reports_nothing():
    house = House()
    house.reports.gpf = b""
    house.run(7200)
    assert house.frames == []
    assert house.gsme.zcl.get(0x0702, 0x0000) == 1000 + 4 * 7


def test_meter_without_a_clock_reports_by_the_half_hour_since_power_up():
    """project-choice: no time of its own, so the GPF stamps."""
    house = House(NEW_YEAR + 100)
    house.gsme.clock.set(clock.UTC_INVALID, INVALID)
    house.run(1799)
    assert house.frames == []
    house.run(61)
    assert house.mirror.commits == 1
    assert house.stamp() == date(NEW_YEAR + 100 + 1800 + 59, 0x00)
    house.run(3600)
    assert house.mirror.commits == 3


def test_register_wraps():
    """spec: uint48."""
    house = House()
    house.gsme.zcl.load(0x0702, 0x0000, types.UINT48, (1 << 48) - 3)
    house.run(1800)
    assert house.register() == 4


def test_a_new_meter_begins_at_zero():
    """issue: a meter lives with no state given."""
    house = House()
    house.gsme = devices.build("gsme")
    house.gsme.eui = METER
    house.reports.gpf = PROXY
    house.gsme.feature("gas_register").draw = 7
    house.gsme.clock.set(NEW_YEAR, RELIABLE)
    house.run(1800)
    assert house.mirror.commits == 1
    assert house.register() == 7


def test_old_snapshot_time_is_not_reported():
    """A meter that has a 0x0007 of its own reports the time of now, and no other."""
    house = House()
    house.gsme.zcl.set(0x0702, 0x0007, types.UTC_TIME, 5)
    house.run(1800)
    assert house.stamp() == date(NEW_YEAR + 1800, 0x04)


def test_values_too_long_for_one_frame_are_cut_between_attributes():
    house = House()
    for attribute in (0x0307, 0x0308, 0x0311):
        house.gsme.zcl.set(0x0702, attribute, types.OCTET_STRING, bytes(40))
    house.run(1800)
    assert house.mirror.commits == 1
    for attribute in (0x0307, 0x0308, 0x0311):
        assert house.gpf.zcl.get(0x0702, attribute) == bytes(40)


def test_clocks_at_the_end_of_their_time():
    """project-choice: after 2136-02-07T06:28:14Z a clock is invalid, and nothing raises."""
    house = House(0xFFFFFFFF - 4000)
    house.run(3000)
    assert house.mirror.stamp.source == stamp.GSME
    house.run(3600)
    assert house.gsme.clock.status == INVALID
    assert house.gpf.clock.status == INVALID
    assert house.meter_stamp() == date(None, 0x01)
    house.gsme.advance(20_000)
    house.gsme.outbox.clear()
    assert house.gsme.clock.status == INVALID


def test_roles_are_built_by_name():
    for role, name in (("esme", "ESME"), ("gsme", "GSME"), ("gpf", "GPF"), ("chf", "CHF")):
        assert devices.build(role).name == name
        assert role in devices.ROLES
    with raises(ValueError) as caught:
        devices.build("toaster")
    assert str(caught.error) == "no device role toaster"


def test_header_stamp_of_a_device_without_a_rule():
    """spec: the device time, status not specified."""
    from smets.codec import Writer

    device = devices.build("chf")
    device.clock.set(NEW_YEAR, RELIABLE)
    writer = Writer(12)
    device.header_stamp(writer)
    assert bytes(writer.view()) == date(NEW_YEAR, 0xFF)
