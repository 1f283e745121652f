# engines: cpython unix
# The meter side of a change of tenancy: what sets the date, who may read it, what it survives.
from binascii import unhexlify as h

from testkit import tmpdir

from smets import clock
from smets.devices.esme import Esme
from smets.devices.gpf import Gpf
from smets.dlms import objects
from smets.features import restriction
from smets.ports.store import Store
from smets.zcl import frame
from smets.zcl.clusters import DEVICE_MANAGEMENT
from smets.zcl.han_frame import BROADCAST, HanFrame
from smets.zcl.server import Call

NOW = 710000000  # 2022-07-01
GPF_EUI = h("02534D45545300A3")
IHD_EUI = h("02534D45545300B0")
READ = h("00210000020102")  # 0x0200 and 0x0201


def gpf(store=None, seconds=NOW, status=clock.RELIABLE):
    device = Gpf(store)
    device.eui = GPF_EUI
    device.clock.set(seconds, status)
    return device


def ask(device, payload, cluster=DEVICE_MANAGEMENT, endpoint=1, flags=1, profile=0x0109):
    """The answer that a display gets for a ZCL frame; None for no answer."""
    sent = HanFrame(IHD_EUI, device.eui, 3, endpoint, cluster, payload, profile, flags)
    device.receive(sent)
    if not device.outbox:
        return None
    answer = device.outbox.pop(0)
    assert answer.destination == IHD_EUI and answer.destination_endpoint == 3, "goes back"
    assert not device.outbox, "one answer"
    return answer.payload


def publish(date, provider=0, event=1, control=0x200, tariff=0):
    fields = (provider, 4), (event, 4), (tariff, 1), (date, 4), (control, 4)
    return b"".join([value.to_bytes(size, "little") for value, size in fields])


def command(device, payload, from_han=False):
    """Status of PublishChangeOfTenancy, from the remote party or from the HAN."""
    call = Call(DEVICE_MANAGEMENT, frame.parse(b"\x09\x00\x00" + payload))
    call.from_han = from_han
    return device.zcl.execute(call)


def values(date, control):
    return (
        h("1821010002" + "00E2")
        + date.to_bytes(4, "little")
        + h("0102001B")
        + control.to_bytes(4, "little")
    )


def set_date(device, octets):
    return device.dlms.set(objects.key("1/0-0:94.44.3.2/2"), octets)


def test_never_set():
    """spec: 0x0200 is FFFFFFFF and 0x0201 zero until a date is known (SE 1.4a default)."""
    assert ask(gpf(), READ) == values(0xFFFFFFFF, 0), "defaults"


def test_g53_publish_is_served_on_the_esi_endpoint():
    """spec: GCS09 sets 0x0200 and 0x0201."""
    device = gpf()
    assert command(device, publish(NOW - 5)) == frame.SUCCESS, "accepted"
    assert ask(device, READ) == values(NOW - 5, 0x200), "served"


def test_g54_future_date_is_stored_and_served():
    """spec: executed on receipt, date past or future."""
    device = gpf()
    assert command(device, publish(NOW + 86400)) == frame.SUCCESS, "accepted"
    assert ask(device, READ) == values(NOW + 86400, 0x200), "served"
    device.clock.set(NOW + 2 * 86400, clock.RELIABLE)
    assert ask(device, READ) == values(NOW + 86400, 0x200), "stays readable after it has passed"


def test_date_may_move_backwards():
    """spec: no replay protection, a supplier may correct a date."""
    device = gpf()
    command(device, publish(NOW, event=2))
    assert command(device, publish(NOW - 99, event=3)) == frame.SUCCESS, "accepted"
    assert ask(device, READ) == values(NOW - 99, 0x200), "moved"


def test_g55_older_issuer_event_is_executed():
    """project-choice: GBCS says executed on receipt; ZSE would ignore an older event."""
    device = gpf()
    command(device, publish(NOW, event=9))
    assert command(device, publish(NOW - 1, event=8)) == frame.SUCCESS, "accepted"
    assert device.feature("tenancy").date == NOW - 1, "executed"


def test_g56_identical_repeat_writes_nothing():
    """spec: an identical repeat has no side effect."""
    path = tmpdir()
    device = gpf(Store(path))
    command(device, publish(NOW))
    puts = []
    put = device.store.put
    device.store.put = lambda name, data: (puts.append(name), put(name, data))
    assert command(device, publish(NOW)) == frame.SUCCESS, "accepted again"
    assert not puts, "no write"
    assert command(device, publish(NOW + 1)) == frame.SUCCESS and puts == ["tenancy"], "a new one"


def test_cancellation_needs_provider_and_event():
    """spec: FFFFFFFF cancels the tenancy of the same provider and issuer event only."""
    device = gpf()
    command(device, publish(NOW + 50, provider=7, event=3))
    assert command(device, publish(0xFFFFFFFF, provider=7, event=4)) == frame.SUCCESS, "no error"
    assert device.feature("tenancy").date == NOW + 50, "another event cancels nothing"
    command(device, publish(0xFFFFFFFF, provider=7, event=3))
    assert ask(device, READ) == values(0xFFFFFFFF, 0), "cancelled"


def test_date_zero_and_wrong_lengths_are_refused():
    """project-choice: 0 is no date that a display could act on."""
    device = gpf()
    command(device, publish(NOW))
    assert command(device, publish(0)) == frame.INVALID_VALUE, "zero"
    for cut in range(17):
        assert command(device, publish(NOW + 1)[:cut]) == frame.MALFORMED_COMMAND, cut
    assert command(device, publish(NOW + 1) + b"\x00") == frame.MALFORMED_COMMAND, "too long"
    assert device.feature("tenancy").date == NOW, "unchanged"


def test_publish_from_the_han_is_not_authorised():
    """spec: the supplier sets the date, not a device of the home."""
    device = gpf()
    assert command(device, publish(NOW), from_han=True) == frame.NOT_AUTHORIZED, "refused"
    assert device.feature("tenancy").date == restriction.NONE, "unchanged"


def test_g57_writes_and_reporting_are_refused():
    """spec: read-only; a display polls."""
    device = gpf()
    command(device, publish(NOW))
    assert ask(device, h("0024020002E200000000")) == h("182404" + "880002"), "READ_ONLY"
    assert ask(device, h("0024027F7F2000")) == h("182404" + "867F7F"), "unknown attribute"
    configure = h("00230600" + "0002E2" + "3C00100E01000000")
    assert ask(device, configure) == h("182307" + "8C000002"), "UNREPORTABLE"
    assert device.feature("tenancy").date == NOW, "unchanged"


def test_unknown_things_get_their_status():
    """spec: UNSUPPORTED_ATTRIBUTE, UNSUPPORTED_CLUSTER, UNSUP_CLUSTER_COMMAND, UNSUP_GENERAL."""
    device = gpf()
    assert ask(device, h("002100AAAA")) == h("182101AAAA86"), "attribute"
    assert ask(device, READ, cluster=0x0B04) == h("18210B00C3"), "cluster"
    assert ask(device, h("012209")) == h("18220B0981"), "cluster command"
    assert ask(device, h("00221F")) == h("18220B1F82"), "general command"
    assert ask(device, h("002100AA")) == h("18210B0080"), "malformed"
    assert ask(device, h("0434122100" + "0002")) == h("18210B0081"), "manufacturer specific"


def test_g16_client_attributes_are_not_the_tenancy():
    """spec: direction comes from the frame; a read of client attributes gets no tenancy."""
    device = gpf()
    command(device, publish(NOW))
    assert ask(device, h("08210000020102")) is None, "not for a server"
    assert ask(device, h("0821")) is None, "cut short"


def test_frames_that_are_not_taken():
    """spec: SE clusters need APS security and a unicast."""
    device = gpf()
    assert ask(device, READ, flags=0) is None, "unsecured"
    assert ask(device, READ, flags=1 | BROADCAST) is None, "broadcast"
    assert ask(device, READ, endpoint=9) is None, "endpoint"
    assert ask(device, READ, profile=0x0104) is None, "profile"
    assert device.ignored == {"unsecured": 1, "broadcast": 1, "endpoint": 1, "profile": 1}


def test_get_change_of_tenancy():
    """project-choice: a Publish while the date is ahead, NOT_FOUND when nothing is pending."""
    device = gpf()
    assert ask(device, h("012500")) == h("18250B008B"), "nothing"
    command(device, publish(NOW + 10, provider=1, event=2))
    expected = h("192500") + publish(NOW + 10, provider=1, event=2)
    assert ask(device, h("012500")) == expected, "pending"
    device.clock.set(NOW + 11, clock.RELIABLE)
    assert ask(device, h("012500")) == h("18250B008B"), "passed: 0x0200 still has it"


def test_g59_date_survives_a_restart():
    """spec: the stored date survives; a damaged record serves no date."""
    path = tmpdir()
    command(gpf(Store(path)), publish(NOW, provider=4, event=5))
    again = gpf(Store(path))
    assert ask(again, READ) == values(NOW, 0x200), "restored"
    assert (again.feature("tenancy").provider, again.feature("tenancy").issuer_event) == (4, 5), (
        "with its command"
    )
    with open(path + "/tenancy", "r+b") as file:
        file.write(b"\xff")
    assert ask(gpf(Store(path)), READ) == values(0xFFFFFFFF, 0), "damaged: none"


class _Broken:
    """A store whose flash fails."""

    path = "/nowhere"
    faults = {}

    def prepare(self):
        pass

    def names(self):
        return []

    def files(self, folder):
        return []

    def get(self, name):
        return None

    def put(self, name, data):
        from smets.ports.store import StoreError

        raise StoreError(28)


def test_storage_failure_refuses_and_changes_nothing():
    """spec: an update that cannot be stored is not accepted."""
    device = gpf(_Broken())
    assert command(device, publish(NOW)) == frame.HARDWARE_FAILURE, "refused"
    assert device.feature("tenancy").date == restriction.NONE, "unchanged"
    meter = Esme(_Broken())
    assert set_date(meter, h("090C07DE031BFF0F2D20008000FF")) == objects.HARDWARE_FAULT, "ECS12"


def test_g51_ecs12_value_over_the_han():
    """spec: restrictDataDateTime as UTCTime; 2014-03-27T15:45:32Z is 449250332."""
    meter = Esme()
    meter.eui = GPF_EUI
    assert set_date(meter, h("090C07DE031BFF0F2D20008000FF")) == objects.SUCCESS, "set"
    assert ask(meter, READ) == values(449250332, restriction.ESME_CHANGE_CONTROL), "served"


def test_g52_bad_dates_are_refused():
    """spec: no wildcards; other-reason, and the stored date is unchanged."""
    meter = Esme()
    set_date(meter, h("090C07DE031BFF0F2D20008000FF"))
    for text in (
        "090CFFFF031BFF0F2D20008000FF",  # year
        "090C07DEFF1BFF0F2D20008000FF",  # month
        "090C07DE03FFFF0F2D20008000FF",  # day
        "090C07DE0D1BFF0F2D20008000FF",  # month 13
        "090C07DE021FFF0F2D20008000FF",  # 31 February
        "090C07DE031BFFFF2D20008000FF",  # hour
        "090B07DE031BFF0F2D20008000",  # 11 octets
        "090D07DE031BFF0F2D20008000FF00",  # 13 octets
        "0A0C07DE031BFF0F2D20008000FF",  # not an octet-string
    ):
        assert set_date(meter, h(text)) == objects.OTHER_REASON, text
    assert meter.feature("tenancy").date == 449250332, "unchanged"


def test_hidden_before():
    """project-choice: a date ahead hides nothing; without a clock it counts as reached."""
    device = gpf()
    assert device.feature("tenancy").hidden_before() == 0, "no date"
    command(device, publish(NOW + 100))
    assert device.feature("tenancy").hidden_before() == 0, "ahead"
    device.clock.set(NOW + 100, clock.UNRELIABLE)
    assert device.feature("tenancy").hidden_before() == NOW + 100, "reached"
    device.clock.set(0xFFFFFFFF, clock.INVALID)
    assert device.feature("tenancy").hidden_before() == NOW + 100, "no clock"


def test_time_cluster():
    """spec: FFFFFFFF while the clock is invalid; master only while it is reliable."""
    device = gpf()
    read = h("002100" + "0000" + "0100")
    good = h("182101000000E2") + NOW.to_bytes(4, "little") + h("0100001809")
    assert ask(device, read, cluster=0x000A) == good, "reliable"
    device.clock.set(0xFFFFFFFF, clock.INVALID)
    assert ask(device, read, cluster=0x000A) == h("182101000000E2FFFFFFFF0100001808"), "invalid"
