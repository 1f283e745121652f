# engines: cpython unix
# The SECMP0015 stamp: clock_status of each row of the table, and the date octets.
from vectors import h

from smets import clock
from smets.codec import Writer
from smets.features import stamp

NEW_YEAR = 0x1C374A80
GPF, GSME = stamp.GPF, stamp.GSME
RELIABLE, UNRELIABLE, INVALID = clock.RELIABLE, clock.UNRELIABLE, clock.INVALID

# docs/evidence/stamp.md#bits-of-clock_status: responder, source, status, clock_status, evidence
ROWS = (
    (GPF, GSME, RELIABLE, 0x04, "rtds"),
    (GPF, GPF, RELIABLE, 0x00, "rtds"),
    (GSME, GSME, RELIABLE, 0x00, "rtds"),
    (GSME, GSME, UNRELIABLE, 0x02, "rtds"),
    (GPF, GPF, UNRELIABLE, 0x02, "project-choice"),
    (GPF, GPF, INVALID, 0x01, "project-choice"),
    (GSME, GSME, INVALID, 0x01, "project-choice"),
    (GPF, GSME, UNRELIABLE, 0x06, "project-choice"),
    (GPF, GSME, INVALID, 0x05, "project-choice"),
)


def put(responder, made):
    writer = Writer(12)
    stamp.put(writer, responder, made)
    return bytes(writer.view())


def test_nine_rows_of_clock_status():
    """rtds for four rows, project-choice (bits of the Blue Book) for five."""
    assert len({row[:3] for row in ROWS}) == 9
    for responder, source, status, octet, evidence in ROWS:
        made = stamp.Stamp(source, NEW_YEAR, status)
        assert stamp.clock_status(responder, made) == octet, evidence


def test_nine_rows_on_the_wire():
    """rtds: 07DF0101FF000000008000 before the status; an invalid time has no date."""
    for responder, source, status, octet, evidence in ROWS:
        date = h("FFFFFFFFFFFFFFFFFF8000" if status == INVALID else "07DF0101FF000000008000")
        made = stamp.Stamp(source, NEW_YEAR, status)
        assert put(responder, made) == date + bytes((octet,)), evidence


def test_g05_unreliable_time_is_still_told():
    """rtds: the GSME at 09:00:00, clock_status 02."""
    made = stamp.Stamp(GSME, NEW_YEAR + 9 * 3600, UNRELIABLE)
    assert put(GSME, made) == h("07DF0101FF09000000800002")


def test_g24_own_clock_never_has_bit_2():
    """rtds and project-choice: 00, 02, 01 from a responder's own clock."""
    for own in (GSME, GPF):
        octets = [stamp.clock_status(own, stamp.Stamp(own, 0, s)) for s in (0, 2, 1)]
        assert octets == [0x00, 0x02, 0x01]


def test_never_a_reserved_bit_and_never_invalid_and_doubtful_at_once():
    """spec (Blue Book): bit 0 is not set if bit 1 is, and the reverse."""
    for responder, source, status, _, _ in ROWS:
        octet = stamp.clock_status(responder, stamp.Stamp(source, 0, status))
        assert not octet & ~7
        assert octet & 3 != 3


def test_new_stamp_is_invalid():
    """project-choice (E.3, 4): before any update there is no stamp, and no invented date."""
    made = stamp.Stamp()
    assert (made.source, made.seconds, made.status) == (GPF, clock.UTC_INVALID, INVALID)
    assert put(GPF, made) == h("FFFFFFFFFFFFFFFFFF800001")


def own_clock(seconds, status):
    made = clock.Clock()
    made.set(seconds, status)
    return made


def committed(gsme_seconds, seconds=NEW_YEAR, status=RELIABLE):
    made = stamp.committed(gsme_seconds, own_clock(seconds, status))
    return made.source, made.seconds, made.status


def test_g16_time_of_the_gsme_is_taken_as_it_is():
    """project-choice (E.3, 1)."""
    assert committed(NEW_YEAR - 5) == (GSME, NEW_YEAR - 5, RELIABLE)
    assert committed(0) == (GSME, 0, RELIABLE)
    assert committed(0xFFFFFFFE) == (GSME, 0xFFFFFFFE, RELIABLE)


def test_g15_g17_without_time_of_the_gsme_the_gpf_stamps():
    """project-choice (E.3, 1): its clock at the commit, with its own status."""
    assert committed(clock.UTC_INVALID) == (GPF, NEW_YEAR, RELIABLE)
    assert committed(clock.UTC_INVALID, status=UNRELIABLE) == (GPF, NEW_YEAR, UNRELIABLE)


def test_g22_without_any_time_the_stamp_is_invalid():
    """project-choice."""
    found = committed(clock.UTC_INVALID, NEW_YEAR, INVALID)
    assert found == (GPF, clock.UTC_INVALID, INVALID)


def test_g23_gsme_time_stands_whatever_the_gpf_clock_is():
    """project-choice."""
    for status in (RELIABLE, UNRELIABLE, INVALID):
        assert committed(NEW_YEAR, clock.UTC_INVALID, status) == (GSME, NEW_YEAR, RELIABLE)


def test_g26_gsme_ahead_of_the_gpf_is_passed_through():
    """project-choice: 9 s, 11 s and a day ahead."""
    for ahead in (9, 11, 86400):
        assert committed(NEW_YEAR + ahead) == (GSME, NEW_YEAR + ahead, RELIABLE)


def test_names_are_those_of_a_state():
    assert stamp.SOURCE_NAMES[stamp.GSME] == "GSME"
    assert stamp.SOURCE_NAMES[stamp.GPF] == "GPF"
