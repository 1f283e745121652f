# engines: cpython unix
# ECS70: the clock of an electricity meter is set by an interval, and read from its clock object.
# Evidence: rtds (the two pairs of ECS70), spec (meter.md (d)).
from test_settings_answers import ask_dlms
from testkit import tmpdir
from vectors import h, key

from smets import clock
from smets.devices.esme import Esme
from smets.ports.store import Store

NEW_YEAR = 473385600  # 2015-01-01T00:00:00Z
PLACE = (0, 0, 1, 0, 0, 255)
BASE, TIME, STATUS = (key(8, PLACE, attribute) for attribute in (9, 2, 4))
PRESET, ADJUST = (key(8, PLACE, method) for method in (5, 4))
OPEN = h("090c ffffffffffffffffff 8000ff")
BEFORE = h("090c 07de0c1fff173b0a00 8000ff")  # 2014-12-31T23:59:10Z
AFTER = h("090c 07df0101ff00000a00 8000ff")  # 2015-01-01T00:00:10Z
MIDNIGHT = h("090c 07df0101ff00000000 8000ff")
INTERVAL = h("0203") + OPEN + BEFORE + AFTER
READS = [(1, TIME, None, b"\x00"), (1, STATUS, None, b"\x00")]


def command(interval=INTERVAL):
    """ECS70 as RTDS has it."""
    sets = [
        (2, BASE, None, h("1605")),
        (3, PRESET, None, interval),
        (3, ADJUST, None, h("0f00")),
    ]
    return sets + READS


def meter(seconds, status, store=None):
    device = Esme(store)
    device.clock.set(seconds, status)
    return device


def test_a_time_in_the_interval():
    """rtds: the time is kept, and reliable; both bounds are of the interval."""
    for seconds, octets in ((-50, BEFORE), (0, MIDNIGHT), (10, AFTER)):
        device = meter(NEW_YEAR + seconds, clock.UNRELIABLE)
        assert ask_dlms(device, "ECS70", READS) == (octets + h("1102"), [0, 0])
        pieces, codes = ask_dlms(device, "ECS70", command())
        assert codes == [0] * 5 and pieces == bytes(3) + octets + h("1100"), pieces
        assert (device.clock.seconds, device.clock.status) == (NEW_YEAR + seconds, 0)


def test_a_time_outside():
    """spec: the time stays; the answer tells the meter's own, and that it is unreliable."""
    for seconds in (-51, 11):
        for status in (clock.RELIABLE, clock.UNRELIABLE):
            device = meter(NEW_YEAR + seconds, status)
            pieces, codes = ask_dlms(device, "ECS70", command())
            assert codes == [0] * 5 and pieces[-2:] == h("1102")
            assert (device.clock.seconds, device.clock.status) == (NEW_YEAR + seconds, status)
            pieces, codes = ask_dlms(device, "ECS70", READS)
            assert pieces[-2:] == bytes((0x11, status)), "that was the answer to the command"
    device = meter(NEW_YEAR, clock.RELIABLE)
    backwards = h("0203") + OPEN + AFTER + BEFORE
    assert ask_dlms(device, "ECS70", command(backwards))[0][-2:] == h("1102")


def test_a_clock_without_a_time():
    """project-choice: it stays invalid, as with GCS28."""
    device = meter(clock.UTC_INVALID, clock.INVALID)
    pieces, codes = ask_dlms(device, "ECS70", command())
    assert pieces == bytes(3) + OPEN + h("1101") and codes == [0] * 5
    assert device.clock.status == clock.INVALID


def test_what_is_no_interval():
    """spec: the method fails with other-reason, what follows is not carried out."""
    device = meter(NEW_YEAR, clock.UNRELIABLE)
    no_day = h("090c 07df021eff00000000 8000ff")
    for wrong in (
        h("0203") + MIDNIGHT + BEFORE + AFTER,  # a time to set
        h("0203") + OPEN + no_day + AFTER,
        h("0203") + OPEN + BEFORE + OPEN,
        h("0202") + OPEN + BEFORE,
        h("0203") + OPEN + BEFORE + h("0600000000"),
        h("0203") + OPEN + BEFORE + h("090b 07df0101ff00000a00 8000"),
    ):
        pieces, codes = ask_dlms(device, "ECS70", command(wrong))
        assert codes == [0, 250, 250, 250, 250], codes
        # An interval is of its command.
        assert ask_dlms(device, "ECS70", command()[2:])[1] == [250] * 3
    assert device.clock.status == clock.UNRELIABLE


def test_given_up_with_its_command():
    """spec: where the command is not kept the clock is as it was."""
    store = Store(tmpdir() + "/s")
    device = meter(NEW_YEAR, clock.UNRELIABLE, store)
    mark = store.begin()
    ask_dlms(device, "ECS70", command())
    assert device.clock.status == clock.RELIABLE
    store.rollback(mark)
    assert device.clock.status == clock.UNRELIABLE


def test_the_clock_of_a_state_counts():
    """spec: one truth; what a state says of the object does not hide the clock."""
    device = meter(NEW_YEAR, clock.RELIABLE)
    device.dlms.load(TIME, BEFORE)
    device.dlms.load(STATUS, h("1107"))
    assert ask_dlms(device, "ECS70", READS) == (MIDNIGHT + h("1100"), [0, 0])
    device.advance(10)
    assert ask_dlms(device, "ECS70", READS) == (AFTER + h("1100"), [0, 0])
