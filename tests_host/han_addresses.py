# Frames for another device, for everybody, for the device itself: what a role makes of them.
import gc

from testkit import tmpdir

from smets import clock, devices
from smets.ports.store import Store
from smets.zcl import discovery
from smets.zcl.han_frame import APS_SECURED, BROADCAST, GROUP, PROFILE_SE, HanFrame

OWN = b"\x02\x53\x4d\x45\x54\x53\x00\xc1"
OTHER = b"\x02\x53\x4d\x45\x54\x53\x00\xc2"
SENDER = b"\x02\x53\x4d\x45\x54\x53\x00\xa1"
EVERYBODY = b"\xff" * 8
BASIC, TIME, PRICE, METERING, PREPAYMENT = 0x0000, 0x000A, 0x0700, 0x0702, 0x0705
MANAGEMENT, EVENTS, TUNNELING = 0x0708, 0x0709, 0x0704
# Payloads that one role or another takes: reads, reports of a gas meter, requests of a PPMID, a
# new tenancy, answers that a display waits for.
PAYLOADS = (
    (METERING, b"\x00\x07\x00\x00\x00"),
    (MANAGEMENT, b"\x00\x07\x00\x00\x02"),
    (TIME, b"\x00\x07\x00\x00\x00"),
    (METERING, b"\x08\x07\x0a\x00\x00\x25\x01\x02\x03\x04\x05\x06\xfe\xff\x30\x01"),
    (PREPAYMENT, b"\x01\x07\x00\x00\x00\x00\x00\x02"),
    (PREPAYMENT, b"\x01\x07\x04\x02\x14" + b"1" * 20),
    (METERING, b"\x01\x07\x0c\x02"),
    (MANAGEMENT, b"\x09\x07\x00" + bytes(9) + b"\x00\x00\x00\x28\x00\x02\x00\x00"),
    (MANAGEMENT, b"\x18\x07\x01\x00\x02\x00\xe2\x00\x00\x00\x28"),
    (METERING, b"\x18\x07\x01\x00\x00\x00\x25\x01\x02\x03\x04\x05\x06"),
    (EVENTS, b"\x01\x07\x00\x03" + bytes(10)),
    (PRICE, b"\xff"),
)


# Whom each role is told to talk to.
PAIRED = {
    "gpf": ({"gsme": "02534D45545300A1"},),
    "ihd": ({"pair": {"fuel": "gas", "eui": "02534D45545300A1"}},),
    "ppmid": ({"pair": {"fuel": "gas", "eui": "02534D45545300A1"}},),
}


def made(role):
    """A device of a role that has devices to talk to."""
    gc.collect()
    device = devices.build(role, Store(tmpdir() + "/s") if role in ("ihd", "ppmid") else None)
    device.eui = OWN
    device.clock.set(clock.to_seconds(2022, 11, 1, 10, 10, 0), clock.RELIABLE)
    for table in PAIRED.get(role, ()):
        device.registry.give("inputs", table)
    device.outbox.clear()
    return device


def frames(destination, flags):
    for cluster, payload in PAYLOADS:
        for endpoint in (1, 2, 3, 10, 255):
            yield HanFrame(SENDER, destination, 1, endpoint, cluster, payload, PROFILE_SE, flags)


def picture(device):
    """What frames could change."""
    zcl = {
        (cluster, attribute): octets
        for cluster, held in device.zcl.attributes.items()
        for attribute, octets in held.items()
    }
    return sorted(zcl.items()), repr(sorted(device.summary().items(), key=lambda row: row[0]))


def found(device, destination, flags):
    """The answers to a question which endpoints a device has: to one, and to everybody."""
    asked = discovery.match_request(
        SENDER, OWN if destination == OWN else OTHER, 7, PROFILE_SE, (METERING, MANAGEMENT)
    )
    if flags & BROADCAST:
        asked.payload = b"\x07\xff\xff" + asked.payload[3:]
    asked.destination, asked.flags = destination, flags
    device.outbox.clear()
    device.receive(asked)
    answers = list(device.outbox)
    device.outbox.clear()
    return answers


def check_frames_for_another_device(role):
    """Nobody answers or takes them, and they are counted."""
    device = made(role)
    before = picture(device)
    count = 0
    for flags in (APS_SECURED, 0):
        for frame in frames(OTHER, flags):
            device.receive(frame)
            count += 1
    # An address that means everybody, in a frame that says it is for one.
    for frame in frames(EVERYBODY, APS_SECURED):
        device.receive(frame)
        count += 1
    assert device.outbox == [] and picture(device) == before, role
    assert device.ignored == {"other-device": count}, (role, device.ignored)
    assert found(device, OTHER, 0) == [], role


def check_frames_for_everybody(role):
    """A meter or display has nothing that may be broadcast; only questions are answered."""
    device = made(role)
    before = picture(device)
    for flags in (BROADCAST, BROADCAST | APS_SECURED, GROUP | APS_SECURED):
        for frame in frames(EVERYBODY, flags):
            device.receive(frame)
    assert device.outbox == [] and picture(device) == before, role
    answers = found(device, EVERYBODY, BROADCAST)
    serves = any(METERING in each[1] for each in device.endpoints.values())
    assert len(answers) == (1 if serves else 0), role
    for answer in answers:
        assert (answer.source, answer.destination) == (OWN, SENDER)


def check_frames_for_the_device_itself(role):
    """The control: the same frames are taken where they are meant for the device."""
    device = made(role)
    before = picture(device)
    answers = 0
    for frame in frames(OWN, APS_SECURED):
        device.receive(frame)
        answers += len(device.outbox)
        device.outbox.clear()
    # What goes through a tunnel is not among these frames.
    serves = any(set(each[1]) - {TUNNELING} for each in device.endpoints.values())
    assert not serves or answers or picture(device) != before, role
    assert "other-device" not in device.ignored
