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


class Rig:
    """A mirror, the server it fills and the clock it reads."""

    def __init__(self, seconds=NEW_YEAR, status=clock.RELIABLE):
        self.server = self.zcl = Server(Registry())
        self.clock = clock.Clock()
        self.clock.set(seconds, status)
        self.mirror = gas_mirror.GasMirror(self)
        self.sequence = 250

    def feature(self, name):
        return None

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
    rig = Rig()
    assert rig.report(register(12345) + snapshot(NEW_YEAR - 7) + COMPLETE)
    assert rig.reading() == 12345
    assert rig.stamp() == (stamp.GSME, NEW_YEAR - 7, clock.RELIABLE)
    assert rig.mirror.commits == 1


def test_g15_legacy_report_is_stamped_by_the_gpf():
    """project-choice: the GPF time of the commit."""
    rig = Rig()
    rig.clock.advance(1800)
    assert rig.report(register(1) + COMPLETE)
    assert rig.stamp() == (stamp.GPF, NEW_YEAR + 1800, clock.RELIABLE)


def test_g17_time_that_is_invalid_is_no_time():
    """project-choice: FFFFFFFF in 0x0007."""
    rig = Rig()
    assert rig.report(register(1) + snapshot(0xFFFFFFFF) + COMPLETE)
    assert rig.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)


def test_time_of_another_type_is_no_time():
    for octets in (h("0700 23 80 4A 37 1C"), h("0700 20 01"), h("0700 41 00")):
        rig = Rig()
        assert rig.report(register(1) + octets + COMPLETE)
        assert rig.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)
        assert rig.shown() == NEW_YEAR


def test_time_in_another_cluster_is_no_time():
    rig = Rig()
    rig.report(snapshot(5), PREPAYMENT)
    assert rig.report(register(1) + COMPLETE)
    assert rig.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)


def test_g18_legacy_report_replaces_a_gsme_stamp():
    """project-choice (E.3, 3): a stale GSME time never stands beside newer values."""
    rig = Rig()
    rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    rig.clock.advance(1800)
    rig.report(register(2) + COMPLETE)
    assert rig.stamp() == (stamp.GPF, NEW_YEAR + 1800, clock.RELIABLE)
    assert rig.shown() == NEW_YEAR + 1800


def test_g19_two_reports_advance_the_stamp():
    """project-choice: by 1800 s; a read between shows the first."""
    rig = Rig()
    rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    rig.clock.advance(1799)
    assert rig.stamp()[1] == NEW_YEAR
    rig.clock.advance(1)
    rig.report(register(2) + snapshot(NEW_YEAR + 1800) + COMPLETE)
    assert rig.stamp() == (stamp.GSME, NEW_YEAR + 1800, clock.RELIABLE)
    assert rig.mirror.commits == 2


def test_g20_nothing_changes_before_the_report_is_complete():
    """project-choice: previous values and previous stamp, no mixture."""
    rig = Rig()
    rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    for payload in (register(2), snapshot(NEW_YEAR + 60), PENDING):
        assert not rig.report(payload)
        assert rig.reading() == 1
        assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
        assert rig.shown() == NEW_YEAR
    assert rig.report(COMPLETE)
    assert rig.reading() == 2
    assert rig.stamp() == (stamp.GSME, NEW_YEAR + 60, clock.RELIABLE)


def test_several_frames_and_clusters_are_one_report():
    rig = Rig()
    assert not rig.report(h("0400 42 03 414243"), BASIC)
    assert not rig.report(h("0100 2B FFFFFFFF") + PENDING, PREPAYMENT)
    assert not rig.report(register(7))
    assert rig.server.get(PREPAYMENT, 0x0001) is None
    assert rig.report(snapshot(NEW_YEAR) + COMPLETE)
    assert rig.server.get(BASIC, 0x0004) == b"ABC"
    assert rig.server.get(PREPAYMENT, 0x0001) == -1
    assert rig.reading() == 7


def test_attributes_not_reported_keep_their_values():
    rig = Rig()
    rig.server.set(METERING, 0x0302, types.UINT24, 1000)
    rig.report(register(1) + COMPLETE)
    assert rig.server.get(METERING, 0x0302) == 1000


def test_clusters_of_the_hub_are_not_the_meters():
    """Time and tenancy of the hub are not for a meter to set, nor to end a report with."""
    for cluster in (0x000A, 0x0708, 0x0703, 0x0707, 0x0709, 0x0B04):
        rig = Rig()
        rig.report(register(1))
        assert not rig.report(h("0002 E2 00000000") + COMPLETE, cluster)
        assert cluster not in rig.server.attributes
        assert rig.mirror.malformed == 1
        assert rig.reading() is None
        assert rig.report(COMPLETE)
        assert rig.reading() == 1


def test_what_the_hub_works_out_itself_is_not_reported_over():
    rig = Rig()
    plant(
        rig.server.registry,
        attributes={METERING: (0x0403,)},
        attribute=lambda cluster, attribute: h("22 070000"),
    )
    rig.report(h("0304 22 090000") + register(1) + COMPLETE)
    assert rig.server.get(METERING, 0x0403) == 7
    assert rig.reading() == 1


def test_last_value_of_an_attribute_reported_twice():
    rig = Rig()
    rig.report(register(1) + register(2))
    rig.report(register(3) + COMPLETE)
    assert rig.reading() == 3


def test_g21_aborted_report_leaves_the_previous_commit():
    """project-choice."""
    rig = Rig()
    rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    rig.report(register(2) + snapshot(NEW_YEAR + 60))
    rig.mirror.abort()
    assert rig.reading() == 1
    assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    rig.report(register(3) + COMPLETE)
    assert rig.reading() == 3
    assert rig.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)  # 60 was of the aborted one


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
        rig = Rig()
        rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
        assert not rig.report(payload)
        assert rig.mirror.malformed == 1
        assert rig.reading() == 1
        assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
        assert rig.mirror.commits == 1


def test_malformed_frame_drops_the_rest_of_its_report():
    """Values of two reports are never mixed: what follows in the same report is dropped too."""
    rig = Rig()
    rig.server.set(PREPAYMENT, 0x0001, types.INT32, 100)
    rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    assert not rig.report(h("0100 2B 32"), PREPAYMENT)
    assert not rig.report(register(2) + snapshot(NEW_YEAR + 1800) + COMPLETE)
    assert rig.reading() == 1
    assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    rig.report(h("0100 2B 32000000"), PREPAYMENT)
    assert rig.report(register(3) + snapshot(NEW_YEAR + 3600) + COMPLETE)
    assert (rig.reading(), rig.server.get(PREPAYMENT, 0x0001)) == (3, 50)
    assert rig.stamp() == (stamp.GSME, NEW_YEAR + 3600, clock.RELIABLE)


def test_malformed_end_of_a_report_does_not_drop_the_next():
    rig = Rig()
    assert not rig.report(COMPLETE + register(9))
    assert rig.report(register(3) + COMPLETE)
    assert rig.reading() == 3


def test_lost_frame_drops_its_report():
    """project-choice: sequence numbers of a meter count up by one, over FF to 00."""
    for step in (2, 3, 0x80, 0xFF):
        rig = Rig()
        rig.server.set(PREPAYMENT, 0x0001, types.INT32, 100)
        rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
        rig.report(h("0100 2B 32000000"), PREPAYMENT)
        assert not rig.report(register(2) + snapshot(NEW_YEAR + 1800) + COMPLETE, step=step)
        assert rig.mirror.lost == 1
        assert rig.reading() == 1
        assert rig.server.get(PREPAYMENT, 0x0001) == 100
        assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
        assert rig.report(register(3) + COMPLETE)
        assert rig.reading() == 3
        assert rig.server.get(PREPAYMENT, 0x0001) == 100
        assert rig.mirror.lost == 1


def test_frame_that_comes_twice_counts_once():
    """project-choice: a link may deliver a frame again."""
    rig = Rig()
    rig.report(register(1))
    assert not rig.report(register(1), step=0)
    assert rig.report(COMPLETE)
    assert not rig.report(COMPLETE, step=0)
    assert (rig.mirror.commits, rig.mirror.lost) == (1, 0)


def test_a_meter_with_one_sequence_number_is_mirrored():
    """project-choice: with the number of the last frame, only the same octets are a repeat."""
    rig = Rig()
    for number in range(1, 6):
        at = NEW_YEAR + 1800 * number
        assert not rig.report(h("0100 25 050000000000"), step=0)
        assert not rig.report(h("0100 2B 32000000"), PREPAYMENT, step=0)
        assert rig.report(register(number) + snapshot(at) + COMPLETE, step=0)
        assert not rig.report(register(number) + snapshot(at) + COMPLETE, step=0), "a repeat"
        assert rig.reading() == number and rig.stamp() == (stamp.GSME, at, clock.RELIABLE)
    assert (rig.mirror.commits, rig.mirror.lost, rig.mirror.malformed) == (5, 0, 0)


def test_lost_end_of_a_report_drops_the_next():
    """project-choice: values of two reports are never mixed, at the price of half an hour."""
    rig = Rig()
    rig.report(register(1))
    assert not rig.report(register(2) + COMPLETE, step=2)
    assert rig.reading() is None
    assert rig.report(register(3) + COMPLETE)
    assert rig.reading() == 3


def test_new_beginning_after_a_dropped_report():
    """abort() (a restart, a new pairing) ends the dropping as well."""
    rig = Rig()
    rig.report(h("00"))
    rig.mirror.abort()
    assert rig.report(register(3) + COMPLETE)
    assert rig.reading() == 3


def attributes(first, count):
    payload = b""
    for index in range(count):
        payload += (0x4000 + first + index).to_bytes(2, "little") + h("20 01")
    return payload


def test_report_larger_than_the_limit_is_dropped():
    """project-choice: 96 attributes; a report without end fills no heap."""
    rig = Rig()
    rig.report(attributes(0, 60))
    assert rig.report(attributes(60, 36) + COMPLETE)
    assert rig.server.get(METERING, 0x4000 + 95) == 1
    rig = Rig()
    rig.report(attributes(0, 60))
    assert not rig.report(attributes(60, 37))
    assert rig.mirror.malformed == 1
    assert not rig.report(COMPLETE)
    assert rig.server.get(METERING, 0x4000) is None
    assert rig.stamp()[2] == clock.INVALID


def test_empty_report_is_a_report_that_goes_on():
    rig = Rig()
    assert not rig.report(b"")
    assert rig.mirror.malformed == 0


def test_report_of_nothing_but_its_end_moves_the_stamp():
    rig = Rig()
    assert rig.report(COMPLETE)
    assert rig.stamp() == (stamp.GPF, NEW_YEAR, clock.RELIABLE)


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
    """project-choice: registers and stamp are those of the snapshot, all at once.

    What the HAN is shown stays the time of the report: it stands beside credit and debts, too.
    """
    rig = Rig()
    rig.report(register(1) + snapshot(NEW_YEAR - 1800) + COMPLETE)
    assert rig.snapshot(published(NEW_YEAR))
    assert rig.reading() == 9000
    tiers = [rig.server.get(METERING, 0x0100 + 2 * n) for n in range(4)]
    blocks = [rig.server.get(METERING, 0x0700 + n) for n in range(4)]
    assert (tiers, blocks) == ([1, 2, 3, 4], [5, 6, 7, 8])
    assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    assert rig.shown() == NEW_YEAR - 1800
    assert rig.mirror.commits == 2
    assert rig.snapshot(published(NEW_YEAR + 1))
    assert rig.shown() == NEW_YEAR - 1800
    assert rig.report(register(9001) + snapshot(NEW_YEAR + 2) + COMPLETE)
    assert rig.shown() == NEW_YEAR + 2


def test_more_tiers_and_blocks_than_four():
    """issue: what comes behind them is no tier, however many a meter tells."""
    rig = Rig()
    rig.report(register(1) + h("0003 30 01 0802 22 050607") + COMPLETE)
    tiers, blocks = range(100, 400), range(1, 7)
    assert rig.snapshot(published(NEW_YEAR + 1, tiers=tiers[:255], blocks=blocks))
    held = rig.server.attributes[METERING]
    moved = {attribute for attribute in held if attribute != 0x0007}
    wanted = {0x0300, 0x0208, 0x0000, 0x0100, 0x0102, 0x0104, 0x0106}
    assert moved == wanted | {0x0700, 0x0701, 0x0702, 0x0703}
    assert held[0x0208] == h("22 050607") and held[0x0300] == h("30 01")
    assert rig.server.get(METERING, 0x0106) == 103
    assert rig.server.get(METERING, 0x0703) == 4


def test_first_update_may_be_a_snapshot():
    rig = Rig(clock.UTC_INVALID, clock.INVALID)
    assert rig.snapshot(published(NEW_YEAR, tiers=(), blocks=()))
    assert rig.reading() == 9000
    assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    assert rig.shown() == 0xFFFFFFFF, "nothing was reported"


def test_snapshot_of_the_future_changes_nothing():
    """project-choice: an hour ahead of a valid clock is the most that logs and mirror take."""
    for status in (clock.RELIABLE, clock.UNRELIABLE, clock.INVALID):
        for ahead in (3600, 3601, 0xFFFFFFFE - NEW_YEAR):
            rig = Rig(NEW_YEAR, status)
            rig.report(register(1) + snapshot(NEW_YEAR - 1800) + COMPLETE)
            taken = ahead == 3600 or status == clock.INVALID
            assert rig.snapshot(published(NEW_YEAR + ahead)) == taken, (status, ahead)
            assert rig.reading() == (9000 if taken else 1)
            told = NEW_YEAR + ahead if taken else NEW_YEAR - 1800
            assert rig.stamp() == (stamp.GSME, told, clock.RELIABLE)
            assert rig.shown() == NEW_YEAR - 1800
            assert rig.report(register(2) + snapshot(NEW_YEAR + 1) + COMPLETE)
            assert (rig.reading(), rig.shown()) == (2, NEW_YEAR + 1)


def test_snapshot_of_the_past_changes_nothing():
    """project-choice: not newer than the last update, or without a time."""
    for seconds in (NEW_YEAR, NEW_YEAR - 86400, 0, 0xFFFFFFFF):
        rig = Rig()
        rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
        assert not rig.snapshot(published(seconds))
        assert rig.reading() == 1
        assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
        assert rig.mirror.malformed == 0


def test_snapshot_within_a_report():
    """The report goes on, and is committed whole behind it."""
    rig = Rig()
    rig.report(register(1))
    assert rig.snapshot(published(NEW_YEAR))
    assert rig.reading() == 9000
    assert rig.report(snapshot(NEW_YEAR + 60) + COMPLETE)
    assert rig.reading() == 1
    assert rig.stamp() == (stamp.GSME, NEW_YEAR + 60, clock.RELIABLE)


def test_malformed_snapshot_changes_nothing():
    good = published(NEW_YEAR + 1)
    wrong = [good[:size] for size in range(len(good)) if size not in (48, 54, 60, 66)]
    wrong += [good + b"\x00", published(NEW_YEAR + 1, kind=0), published(NEW_YEAR + 1, kind=7)]
    rig = Rig()
    rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    for payload in wrong:
        assert not rig.snapshot(payload), len(payload)
    assert rig.mirror.malformed == len(wrong)
    assert rig.reading() == 1
    assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)


def test_frames_that_are_no_update():
    """Direction, cluster and kind of command decide."""
    for octets, cluster, expected in (
        (h("18 01 0A"), METERING, True),
        (h("08 01 0A"), PREPAYMENT, True),
        (h("19 01 06"), METERING, True),
        (h("09 01 06"), METERING, True),
        (h("19 01 06"), PREPAYMENT, True),  # Publish Debt Log
        (h("19 01 05"), PREPAYMENT, True),  # Publish Top Up Log
        (h("19 01 01"), PREPAYMENT, True),  # Publish Prepay Snapshot
        (h("19 01 01"), METERING, False),
        (h("19 01 03"), PREPAYMENT, False),  # ConsumerTopUpResponse
        (h("19 01 06"), 0x0700, False),
        (h("19 01 0A"), METERING, False),  # ConfigureNotificationFlags
        (h("18 01 06"), METERING, False),  # Configure Reporting
        (h("10 01 0A"), METERING, False),
        (h("11 01 06"), METERING, False),  # GetSnapshot
    ):
        assert gas_mirror.is_update(cluster, frame.parse(octets)) == expected, octets


def test_g22_status_of_the_hub_clock():
    """project-choice: unreliable 02 from the GPF; invalid: no date, 01."""
    rig = Rig(status=clock.UNRELIABLE)
    rig.report(register(1) + COMPLETE)
    assert rig.stamp() == (stamp.GPF, NEW_YEAR, clock.UNRELIABLE)
    assert rig.shown() == NEW_YEAR
    rig = Rig(clock.UTC_INVALID, clock.INVALID)
    rig.report(register(1) + COMPLETE)
    assert rig.stamp() == (stamp.GPF, clock.UTC_INVALID, clock.INVALID)
    assert rig.shown() == 0xFFFFFFFF


def test_g23_gsme_time_with_an_invalid_hub_clock():
    """project-choice."""
    rig = Rig(clock.UTC_INVALID, clock.INVALID)
    rig.report(register(1) + snapshot(NEW_YEAR) + COMPLETE)
    assert rig.stamp() == (stamp.GSME, NEW_YEAR, clock.RELIABLE)
    assert rig.shown() == NEW_YEAR


def test_g27_no_stamp_before_the_first_report():
    """project-choice (E.3, 4): invalid, and no date of any epoch."""
    rig = Rig()
    assert rig.stamp() == (stamp.GPF, clock.UTC_INVALID, clock.INVALID)
    rig.mirror.show_stamp()
    assert rig.shown() == 0xFFFFFFFF


def test_g39_shown_time_of_an_invalid_stamp():
    """project-choice (E.3, 5): FFFFFFFF, whatever seconds the stamp holds."""
    rig = Rig()
    rig.mirror.stamp = stamp.Stamp(stamp.GSME, NEW_YEAR, clock.INVALID)
    rig.mirror.show_stamp()
    assert rig.shown() == 0xFFFFFFFF


def test_report_frame():
    """spec: Report Attributes 0A, server to client, no Default Response wanted."""
    octets = gas_report.report([(0x0000, h("25 010000000000")), (0xFFFE, h("30 01"))], 200)
    assert octets == h("18 C8 0A 0000 25 010000000000 FEFF 30 01")
    rig = Rig()
    assert rig.mirror.report(METERING, frame.parse(octets))
    assert rig.reading() == 1


def test_stored_octets_are_copies():
    rig = Rig()
    payload = bytearray(register(1))
    rig.report(bytes(payload) + COMPLETE)
    stored = rig.server.attributes[METERING][0x0000]
    assert isinstance(stored, bytes)
    assert types.read_value(Reader(stored, 1), stored[0]) == 1


def test_a_register_of_another_type_is_not_mirrored():
    """issue: a string under a reliable stamp; the whole report goes, values and stamp stay."""
    rig = Rig()
    assert rig.report(register(12345) + snapshot(NEW_YEAR - 7) + COMPLETE)
    for octets in (h("0000 42 02 61 62"), h("0000 23 01 00 00 00"), h("0000 41 FF")):
        assert not rig.report(octets + snapshot(NEW_YEAR + 60) + COMPLETE)
        assert rig.reading() == 12345
        assert rig.stamp() == (stamp.GSME, NEW_YEAR - 7, clock.RELIABLE)
    assert rig.mirror.malformed == 3
    assert rig.report(register(12346) + snapshot(NEW_YEAR + 90) + COMPLETE)
    assert rig.reading() == 12346
