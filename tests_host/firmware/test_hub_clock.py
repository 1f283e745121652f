# engines: cpython unix
# The time of the hub over the Time cluster, and what a meter makes of it (meter.md (d)).
from vectors import DEVICE, h

from smets import clock
from smets.devices.esme import Esme
from smets.zcl import clusters, han_frame
from smets.zcl.han_frame import HanFrame

HUB = h("02534D45545300B0")
NOON = 700056000
MASTER = 0x01


def meter(seconds=NOON, status=clock.RELIABLE):
    device = Esme()
    device.eui = DEVICE
    device.clock.set(seconds, status)
    device.feature("hub_clock").configure({"eui": "02534D45545300B0"})
    return device


def answer(device, seconds, status=MASTER):
    """Answer what the meter has asked: the search, then the time; what is asked next."""
    for sent in device.outbox:
        if sent.profile == han_frame.PROFILE_ZDO:
            payload = bytes((sent.payload[0], 0)) + sent.payload[1:3] + b"\x01\x05"
            reply = HanFrame(HUB, DEVICE, 0, 0, 0x8006, payload, han_frame.PROFILE_ZDO, 0)
        else:
            assert sent.destination_endpoint == 5 and sent.cluster == clusters.TIME
            payload = bytes((0x18, sent.payload[1], 0x01))
            payload += b"\x00\x00\x00\xe2" + seconds.to_bytes(4, "little")
            payload += b"\x01\x00\x00\x18" + bytes((status,))
            reply = HanFrame(HUB, DEVICE, 5, sent.source_endpoint, clusters.TIME, payload)
        device.outbox = []
        device.receive(reply)
        return
    raise AssertionError("nothing was asked")


def asked(device, seconds, status=MASTER):
    device.advance(1)
    if device.feature("hub_clock")._found is None:
        answer(device, seconds)
    answer(device, seconds, status)


def test_ten_seconds_are_followed():
    """spec: the meter adjusts by up to 10 s without an event; beyond it alerts and waits."""
    for wrong, status, alerts in ((10, clock.RELIABLE, 0), (-10, clock.RELIABLE, 0), (11, 2, 1)):
        device = meter()
        asked(device, NOON + 1 + wrong)
        assert device.clock.status == status and len(device.alerts) == alerts
        assert device.clock.seconds == NOON + 1 + (wrong if abs(wrong) < 11 else 0)
        device.advance(86399)
        assert not device.outbox, "once a day"
        device.advance(1)
        assert device.outbox


def test_a_hub_that_is_not_to_be_read():
    """meter.md (d): unreliable where no comparison is possible, reliable after the next one."""
    device = meter()
    device.advance(1)
    device.advance(20)
    assert device.clock.status == clock.UNRELIABLE
    device.outbox = []
    device.advance(1800)
    asked(device, device.clock.seconds + 1)
    assert device.clock.status == clock.RELIABLE
    for seconds, status in ((clock.UTC_INVALID, MASTER), (NOON, 0)):
        device = meter()
        asked(device, seconds, status)
        assert device.clock.status == clock.UNRELIABLE


def test_a_meter_without_a_time_waits_for_its_supplier():
    """meter.md (d): only Set Clock sets it."""
    device = meter(clock.UTC_INVALID, clock.INVALID)
    asked(device, NOON)
    assert device.clock.status == clock.INVALID
    hub = device.feature("hub_clock")
    assert hub.confirm((NOON + 1, NOON + 9)) == clock.INVALID
    assert hub.confirm((NOON, NOON)) == clock.RELIABLE and device.clock.seconds == NOON


def test_half_hours_are_neither_left_out_nor_made_twice():
    """meter.md (d): after an adjustment the meter makes up for what it missed."""
    midnight = NOON + 43200
    for wrong in (8, -8):
        device = meter(midnight - 5 - max(wrong, 0))
        days = device.feature("meter_logs").made
        asked(device, device.clock.seconds + 1 + wrong)
        device.outbox = []
        device.advance(30)
        found = days.find(b"\x00\x07\x00\x00\x63\x01\x03\xff\x02").get(0, 0xFFFFFFFF)
        assert (
            b"".join(bytes(piece) for piece in found.chunks()).count(midnight.to_bytes(4, "big"))
            == 1
        ), wrong
    device = meter(midnight + 3)
    device._ended = 0
    device.clock.set(midnight - 1, clock.RELIABLE)
    device.advance(4)
    device.adjust(midnight - 4)
    device.advance(10)
    found = device.feature("meter_logs").made.find(b"\x00\x07\x00\x00\x63\x01\x03\xff\x02")
    octets = b"".join(bytes(piece) for piece in found.get(0, 0xFFFFFFFF).chunks())
    assert octets.count(midnight.to_bytes(4, "big")) == 1
