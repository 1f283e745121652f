# engines: cpython unix
# The mirror: reports are staged, committed whole, and stamped (project-choice).
from planted import plant
from vectors import h

from smets import clock
from smets.codec import Reader
from smets.features import gas_mirror, gas_report, stamp
from smets.features.registry import Registry
from smets.zcl import frame, types
from smets.zcl.server import Server

BASIC, METERING, PREPAYMENT = 0x0000, 0x0702, 0x0705
NEW_YEAR = 0x1C374A80
COMPLETE = h("FEFF 30 01")
PENDING = h("FEFF 30 00")


class Bench:
    """A mirror, the server it fills and the clock it reads."""

    def __init__(self, seconds=NEW_YEAR, status=clock.RELIABLE):
        self.server = self.zcl = Server(Registry())
        self.clock = clock.Clock()
        self.clock.set(seconds, status)
        self.mirror = gas_mirror.GasMirror(self)
        self.sequence = 250

    def report(self, payload, cluster=METERING, step=1):
        self.sequence = (self.sequence + step) & 0xFF
        request = frame.parse(b"\x18" + bytes((self.sequence,)) + b"\x0a" + payload)
        return self.mirror.report(cluster, request)

    def snapshot(self, payload, step=1):
        self.sequence = (self.sequence + step) & 0xFF
        request = frame.parse(b"\x19" + bytes((self.sequence,)) + b"\x06" + payload)
        assert gas_mirror.is_update(METERING, request)
        return self.mirror.report(METERING, request)

    def stamp(self):
        made = self.mirror.stamp
        return made.source, made.seconds, made.status

    def reading(self):
        return self.server.get(METERING, 0x0000)

    def shown(self):
        return self.server.get(METERING, 0x0007)


def register(value):
    return h("0000 25") + value.to_bytes(6, "little")


def snapshot(seconds):
    return h("0700 E2") + seconds.to_bytes(4, "little")


def test_g16_report_with_a_time_is_stamped_by_the_gsme():
    """project-choice (E.3, 1): stamp = that time exactly."""
    bench = Bench()
    assert bench.report(register(12345) + snapshot(NEW_YEAR - 7) + COMPLETE)
    assert bench.reading() == 12345
    assert bench.stamp() == (stamp.GSME, NEW_YEAR - 7, clock.RELIABLE)
    assert bench.mirror.commits == 1


def test_g15_legacy_report_is_stamped_by_the_gpf():
    """project-choice: the GPF time of the commit."""
    bench = Bench()
    bench.clock.advance(1800)
    assert bench.report(register(1) + COMPLETE)
    assert bench.stamp() == (stamp.GPF, NEW_YEAR + 1800, clock.RELIABLE)


def test_g17_time_that_is_invalid_is_no_time():
    """project-choice: FFFFFFFF in 0x0007."""
    bench = Bench()
    assert bench.report(register(1) + snapshot(0xFFFFFFFF) + COMPLETE)
    assert bench.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)


def test_time_of_another_type_is_no_time():
    for octets in (h("0700 23 80 4A 37 1C"), h("0700 20 01"), h("0700 41 00")):
        bench = Bench()
        assert bench.report(register(1) + octets + COMPLETE)
        assert bench.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)
        assert bench.shown() == NEW_YEAR


def test_time_in_another_cluster_is_no_time():
    bench = Bench()
    bench.report(snapshot(5), PREPAYMENT)
    assert bench.report(register(1) + COMPLETE)
    assert bench.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)


def test_g18_legacy_report_replaces_a_gsme_stamp():
    """project-choice (E.3, 3): a stale GSME time never stands beside newer values."""
    bench = Bench()
    bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    bench.clock.advance(1800)
    bench.report(register(2) + COMPLETE)
    assert bench.stamp() == (stamp.GPF, NEW_YEAR + 1800, clock.RELIABLE)
    assert bench.shown() == NEW_YEAR + 1800


def test_g19_two_reports_advance_the_stamp():
    """project-choice: by 1800 s; a read between shows the first."""
    bench = Bench()
    bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    bench.clock.advance(1799)
    assert bench.stamp()[1] == NEW_YEAR
    bench.clock.advance(1)
    bench.report(register(2) + snapshot(NEW_YEAR + 1800) + COMPLETE)
    assert bench.stamp() == (stamp.GSME, NEW_YEAR + 1800, clock.RELIABLE)
    assert bench.mirror.commits == 2


def test_g20_nothing_changes_before_the_report_is_complete():
    """project-choice: previous values and previous stamp, no mixture."""
    bench = Bench()
    bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    for payload in (register(2), snapshot(NEW_YEAR + 60), PENDING):
        assert not bench.report(payload)
        assert bench.reading() == 1
        assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
        assert bench.shown() == NEW_YEAR
    assert bench.report(COMPLETE)
    assert bench.reading() == 2
    assert bench.stamp() == (stamp.GSME, NEW_YEAR + 60, clock.RELIABLE)


def test_several_frames_and_clusters_are_one_report():
    bench = Bench()
    assert not bench.report(h("0400 42 03 414243"), BASIC)
    assert not bench.report(h("0100 2B FFFFFFFF") + PENDING, PREPAYMENT)
    assert not bench.report(register(7))
    assert bench.server.get(PREPAYMENT, 0x0001) is None
    assert bench.report(snapshot(NEW_YEAR) + COMPLETE)
    assert bench.server.get(BASIC, 0x0004) == b"ABC"
    assert bench.server.get(PREPAYMENT, 0x0001) == -1
    assert bench.reading() == 7


def test_attributes_not_reported_keep_their_values():
    bench = Bench()
    bench.server.set(METERING, 0x0302, types.UINT24, 1000)
    bench.report(register(1) + COMPLETE)
    assert bench.server.get(METERING, 0x0302) == 1000


def test_clusters_of_the_hub_are_not_the_meters():
    """Time and tenancy of the hub are not for a meter to set, nor to end a report with."""
    for cluster in (0x000A, 0x0708, 0x0703, 0x0707, 0x0709, 0x0B04):
        bench = Bench()
        bench.report(register(1))
        assert not bench.report(h("0002 E2 00000000") + COMPLETE, cluster)
        assert cluster not in bench.server.attributes
        assert bench.mirror.malformed == 1
        assert bench.reading() is None
        assert bench.report(COMPLETE)
        assert bench.reading() == 1


def test_what_the_hub_works_out_itself_is_not_reported_over():
    bench = Bench()
    plant(
        bench.server.registry,
        attributes={METERING: (0x0403,)},
        attribute=lambda cluster, attribute: h("22 070000"),
    )
    bench.report(h("0304 22 090000") + register(1) + COMPLETE)
    assert bench.server.get(METERING, 0x0403) == 7
    assert bench.reading() == 1


def test_last_value_of_an_attribute_reported_twice():
    bench = Bench()
    bench.report(register(1) + register(2))
    bench.report(register(3) + COMPLETE)
    assert bench.reading() == 3


def test_g21_aborted_report_leaves_the_previous_commit():
    """project-choice."""
    bench = Bench()
    bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    bench.report(register(2) + snapshot(NEW_YEAR + 60))
    bench.mirror.abort()
    assert bench.reading() == 1
    assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    bench.report(register(3) + COMPLETE)
    assert bench.reading() == 3
    assert bench.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)  # 60 was of the aborted one


def test_malformed_frame_is_counted_and_changes_nothing():
    for payload in (
        h("00"),  # attribute id cut short
        h("0000"),  # no type
        h("0000 25 0102030405"),  # value cut short
        h("0000 41 05 01"),  # string cut short
        h("0000 4C 0000"),  # a structure: no type of these attributes
        h("FEFF"),
        COMPLETE + register(9),  # an attribute after the last one
    ):
        bench = Bench()
        bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
        assert not bench.report(payload)
        assert bench.mirror.malformed == 1
        assert bench.reading() == 1
        assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
        assert bench.mirror.commits == 1


def test_malformed_frame_drops_the_rest_of_its_report():
    """Values of two reports are never mixed: what follows in the same report is dropped too."""
    bench = Bench()
    bench.server.set(PREPAYMENT, 0x0001, types.INT32, 100)
    bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    assert not bench.report(h("0100 2B 32"), PREPAYMENT)
    assert not bench.report(register(2) + snapshot(NEW_YEAR + 1800) + COMPLETE)
    assert bench.reading() == 1
    assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    bench.report(h("0100 2B 32000000"), PREPAYMENT)
    assert bench.report(register(3) + snapshot(NEW_YEAR + 3600) + COMPLETE)
    assert (bench.reading(), bench.server.get(PREPAYMENT, 0x0001)) == (3, 50)
    assert bench.stamp() == (stamp.GSME, NEW_YEAR + 3600, clock.RELIABLE)


def test_malformed_end_of_a_report_does_not_drop_the_next():
    bench = Bench()
    assert not bench.report(COMPLETE + register(9))
    assert bench.report(register(3) + COMPLETE)
    assert bench.reading() == 3


def test_lost_frame_drops_its_report():
    """project-choice: sequence numbers of a meter count up by one, over FF to 00."""
    for step in (2, 3, 0x80, 0xFF):
        bench = Bench()
        bench.server.set(PREPAYMENT, 0x0001, types.INT32, 100)
        bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
        bench.report(h("0100 2B 32000000"), PREPAYMENT)
        assert not bench.report(register(2) + snapshot(NEW_YEAR + 1800) + COMPLETE, step=step)
        assert bench.mirror.lost == 1
        assert bench.reading() == 1
        assert bench.server.get(PREPAYMENT, 0x0001) == 100
        assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
        assert bench.report(register(3) + COMPLETE)
        assert bench.reading() == 3
        assert bench.server.get(PREPAYMENT, 0x0001) == 100
        assert bench.mirror.lost == 1


def test_frame_that_comes_twice_counts_once():
    """project-choice: a link may deliver a frame again."""
    bench = Bench()
    bench.report(register(1))
    assert not bench.report(register(1), step=0)
    assert bench.report(COMPLETE)
    assert not bench.report(COMPLETE, step=0)
    assert (bench.mirror.commits, bench.mirror.lost) == (1, 0)


def test_lost_end_of_a_report_drops_the_next():
    """project-choice: values of two reports are never mixed, at the price of half an hour."""
    bench = Bench()
    bench.report(register(1))
    assert not bench.report(register(2) + COMPLETE, step=2)
    assert bench.reading() is None
    assert bench.report(register(3) + COMPLETE)
    assert bench.reading() == 3


def test_new_beginning_after_a_dropped_report():
    """abort() (a restart, a new pairing) ends the dropping as well."""
    bench = Bench()
    bench.report(h("00"))
    bench.mirror.abort()
    assert bench.report(register(3) + COMPLETE)
    assert bench.reading() == 3


def attributes(first, count):
    payload = b""
    for index in range(count):
        payload += (0x4000 + first + index).to_bytes(2, "little") + h("20 01")
    return payload


def test_report_larger_than_the_limit_is_dropped():
    """project-choice: 96 attributes; a report without end fills no heap."""
    bench = Bench()
    bench.report(attributes(0, 60))
    assert bench.report(attributes(60, 36) + COMPLETE)
    assert bench.server.get(METERING, 0x4000 + 95) == 1
    bench = Bench()
    bench.report(attributes(0, 60))
    assert not bench.report(attributes(60, 37))
    assert bench.mirror.malformed == 1
    assert not bench.report(COMPLETE)
    assert bench.server.get(METERING, 0x4000) is None
    assert bench.stamp()[2] == clock.INVALID


def test_empty_report_is_a_report_that_goes_on():
    bench = Bench()
    assert not bench.report(b"")
    assert bench.mirror.malformed == 0


def test_report_of_nothing_but_its_end_moves_the_stamp():
    bench = Bench()
    assert bench.report(COMPLETE)
    assert bench.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)


def published(seconds, summation=9000, tiers=(1, 2, 3, 4), blocks=(5, 6, 7, 8), kind=6):
    """PublishSnapshot of GBCS: id, time, counts, cause, payload type, then the registers."""
    payload = h("01000000") + seconds.to_bytes(4, "little") + h("01 00 01 01000000")
    payload += bytes((kind,)) + summation.to_bytes(6, "little") + bytes((len(tiers),))
    for value in tiers:
        payload += value.to_bytes(6, "little")
    payload += h("14")
    for value in blocks:
        payload += value.to_bytes(6, "little")
    return payload


def test_g28_snapshot_is_an_update():
    """project-choice: registers and stamp are those of the snapshot, all at once."""
    bench = Bench()
    bench.report(register(1) + snapshot(NEW_YEAR - 1800) + COMPLETE)
    assert bench.snapshot(published(NEW_YEAR))
    assert bench.reading() == 9000
    tiers = [bench.server.get(METERING, 0x0100 + 2 * n) for n in range(4)]
    blocks = [bench.server.get(METERING, 0x0700 + n) for n in range(4)]
    assert (tiers, blocks) == ([1, 2, 3, 4], [5, 6, 7, 8])
    assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    assert bench.shown() == NEW_YEAR
    assert bench.mirror.commits == 2


def test_first_update_may_be_a_snapshot():
    bench = Bench(clock.UTC_INVALID, clock.INVALID)
    assert bench.snapshot(published(NEW_YEAR, tiers=(), blocks=()))
    assert bench.reading() == 9000
    assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)


def test_snapshot_of_the_past_changes_nothing():
    """project-choice: not newer than the last update, or without a time."""
    for seconds in (NEW_YEAR, NEW_YEAR - 86400, 0, 0xFFFFFFFF):
        bench = Bench()
        bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
        assert not bench.snapshot(published(seconds))
        assert bench.reading() == 1
        assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
        assert bench.mirror.malformed == 0


def test_snapshot_within_a_report():
    """The report goes on, and is committed whole behind it."""
    bench = Bench()
    bench.report(register(1))
    assert bench.snapshot(published(NEW_YEAR))
    assert bench.reading() == 9000
    assert bench.report(snapshot(NEW_YEAR + 60) + COMPLETE)
    assert bench.reading() == 1
    assert bench.stamp() == (stamp.GSME, NEW_YEAR + 60, clock.RELIABLE)


def test_malformed_snapshot_changes_nothing():
    good = published(NEW_YEAR + 1)
    wrong = [good[:size] for size in range(len(good)) if size not in (48, 54, 60, 66)]
    wrong += [good + b"\x00", published(NEW_YEAR + 1, kind=0), published(NEW_YEAR + 1, kind=7)]
    bench = Bench()
    bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    for payload in wrong:
        assert not bench.snapshot(payload), len(payload)
    assert bench.mirror.malformed == len(wrong)
    assert bench.reading() == 1
    assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)


def test_frames_that_are_no_update():
    """Direction, cluster and kind of command decide."""
    for octets, cluster, expected in (
        (h("18 01 0A"), METERING, True),
        (h("08 01 0A"), PREPAYMENT, True),
        (h("19 01 06"), METERING, True),
        (h("09 01 06"), METERING, True),
        (h("19 01 06"), PREPAYMENT, False),
        (h("19 01 0A"), METERING, False),  # ConfigureNotificationFlags
        (h("18 01 06"), METERING, False),  # Configure Reporting
        (h("10 01 0A"), METERING, False),
        (h("11 01 06"), METERING, False),  # GetSnapshot
    ):
        assert gas_mirror.is_update(cluster, frame.parse(octets)) == expected, octets


def test_g22_status_of_the_hub_clock():
    """project-choice: unreliable 02 from the GPF; invalid: no date, 01."""
    bench = Bench(status=clock.UNRELIABLE)
    bench.report(register(1) + COMPLETE)
    assert bench.stamp() == (stamp.GPF, NEW_YEAR, clock.UNRELIABLE)
    assert bench.shown() == NEW_YEAR
    bench = Bench(clock.UTC_INVALID, clock.INVALID)
    bench.report(register(1) + COMPLETE)
    assert bench.stamp() == (stamp.GPF, clock.UTC_INVALID, clock.INVALID)
    assert bench.shown() == 0xFFFFFFFF


def test_g23_gsme_time_with_an_invalid_hub_clock():
    """project-choice."""
    bench = Bench(clock.UTC_INVALID, clock.INVALID)
    bench.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    assert bench.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    assert bench.shown() == NEW_YEAR


def test_g27_no_stamp_before_the_first_report():
    """project-choice (E.3, 4): invalid, and no date of any epoch."""
    bench = Bench()
    assert bench.stamp() == (stamp.GPF, clock.UTC_INVALID, clock.INVALID)
    bench.mirror.show_stamp()
    assert bench.shown() == 0xFFFFFFFF


def test_g39_shown_time_of_an_invalid_stamp():
    """project-choice (E.3, 5): FFFFFFFF, whatever seconds the stamp holds."""
    bench = Bench()
    bench.mirror.stamp = stamp.Stamp(stamp.GSME, NEW_YEAR, clock.INVALID)
    bench.mirror.show_stamp()
    assert bench.shown() == 0xFFFFFFFF


def test_report_frame():
    """spec: Report Attributes 0A, server to client, no Default Response wanted."""
    octets = gas_report.report([(0x0000, h("25 010000000000")), (0xFFFE, h("30 01"))], 200)
    assert octets == h("18 C8 0A 0000 25 010000000000 FEFF 30 01")
    bench = Bench()
    assert bench.mirror.report(METERING, frame.parse(octets))
    assert bench.reading() == 1


def test_stored_octets_are_copies():
    bench = Bench()
    payload = bytearray(register(1))
    bench.report(bytes(payload) + COMPLETE)
    stored = bench.server.attributes[METERING][0x0000]
    assert isinstance(stored, bytes)
    assert types.read_value(Reader(stored, 1), stored[0]) == 1


def test_a_register_of_another_type_is_not_mirrored():
    """issue: a string under a reliable stamp; the whole report goes, values and stamp stay."""
    bench = Bench()
    assert bench.report(register(12345) + snapshot(NEW_YEAR - 7) + COMPLETE)
    for octets in (h("0000 42 02 61 62"), h("0000 23 01 00 00 00"), h("0000 41 FF")):
        assert not bench.report(octets + snapshot(NEW_YEAR + 60) + COMPLETE)
        assert bench.reading() == 12345
        assert bench.stamp() == (stamp.GSME, NEW_YEAR - 7, clock.RELIABLE)
    assert bench.mirror.malformed == 3
    assert bench.report(register(12346) + snapshot(NEW_YEAR + 90) + COMPLETE)
    assert bench.reading() == 12346
