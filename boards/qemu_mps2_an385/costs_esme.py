# The cases of `make bench` that an electricity meter with a voltage log answers; as costs.py.
from array import array

from costs import command, device_of, session_of

from smets.dlms.objects import Buffer
from smets.features.ring import RamRegion
from smets.features.voltage.events import PowerEvents
from smets.features.voltage.meter import LOG_REGION, VoltageMeter
from smets.ports.sampler_sim import SimSampler
from smets.zcl import han_server, types

FULL = 4320  # entries of the log of a phase: 90 days of half hours
_DAY = 49  # those of a day, and the one that it begins with
_FIRST = 400000000
_STEP = 1800
_ROWS = b"\x02\x02\x06\x06"  # a structure of two double-long-unsigned
_PIECE = 64  # entries that are loaded at once

_METERING = 0x0702
_SUMMATION = 0x0000
# Read Attributes of CurrentSummationDelivered, sequence number 1.
_READ = b"\x00\x01\x00\x00\x00"

_ECS23 = 0x0039
_LOG = b"\x00\x07\x01\x00\x20\x18\x00\xff"  # of the first phase, class 7
_UNDER = b"\x00\x03\x01\x00\x20\x20\x00\x04"  # counters of it, class 3
_OVER = b"\x00\x03\x01\x00\x20\x24\x00\x04"
# Selective access by range of the clock's time: from and to follow, each after its octet 06.
_RANGE = b"\x01\x02\x04\x02\x04\x12\x00\x01\x09\x06\x00\x00\x5e\x2c\x64\xff\x0f\x02\x12\x00\x00"

# So many samples are taken at once: a tenth of a second at 4,000 a second.
SAMPLES = 400


def request(first: int, last: int) -> bytes:
    """The payload of ECS23: counters with their units, the log from `first` to `last`, its period.

    Times are UTC seconds since 2000.
    """
    ends = b"\x06" + first.to_bytes(4, "big") + b"\x06" + last.to_bytes(4, "big") + b"\x01\x00"
    counters = b"".join(
        [
            b"\x01" + counter + attribute
            for counter in (_UNDER, _OVER)
            for attribute in (b"\2", b"\3")
        ]
    )
    log = b"\x04" + _LOG + b"\x02" + _RANGE + ends
    return (
        b"\xd9\x20\x00\x00\x07\x00\x06"
        + counters
        + log
        + b"\x01"
        + _LOG
        + b"\x04"
        + b"\x06"
        + bytes(6)
    )


def _asking(entries: int):
    device = device_of("esme")
    device.feature("voltage").configure({"phases": 1})
    for done in range(0, FULL, _PIECE):
        rows = Buffer(_ROWS)
        for index in range(done, min(done + _PIECE, FULL)):
            stamp = _FIRST + _STEP * index
            rows.append(stamp.to_bytes(4, "big") + (200 + index % 60).to_bytes(4, "big"))
        (device.dlms.append if done else device.dlms.load)(_LOG + b"\x02", rows)
    session = session_of(device)
    octets = command(_ECS23, request(_FIRST + _STEP * (FULL - entries), 0xFFFFFFFF))

    def ask():
        session._repeats.clear()
        size = 0
        for chunk in session.handle(octets).chunks():
            size += len(chunk)
        assert 8 * entries < size < 8 * entries + 200

    return ask


def _day():
    return _asking(_DAY)


def _all():
    return _asking(FULL)


def _read():
    device = device_of("esme")
    device.zcl.set(_METERING, _SUMMATION, types.UINT48, 4711)

    def read():
        assert len(han_server.answer(device.zcl, (_METERING,), _METERING, _READ)) == 13

    return read


def _samples():
    sampler = SimSampler(({},), 1, 4000000, 250000, 1024)
    meter = VoltageMeter(
        sampler, [RamRegion(LOG_REGION)], PowerEvents(RamRegion(4096), lambda code, time: None)
    )
    sampler.fill(SAMPLES)
    passed = array("i", (0,))

    def feed():
        ms = passed[0]
        meter.feed(ms // 1000, ms % 1000, 0, 100, sampler.codes, 0, SAMPLES)
        passed[0] = ms + 100

    return feed


CASES = (
    ("ECS23 of 49 entries", _day),
    ("ECS23 of 4,320 entries", _all),
    ("one ZCL read", _read),
    ("400 voltage samples", _samples),
)
