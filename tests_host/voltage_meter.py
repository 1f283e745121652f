# An electricity meter with a session, as the tests of its voltage objects ask it, and the use
# cases as GBCS 4.0 lists them: elements in their order, restated apart from the firmware.
from vectors import (
    OPERATOR,
    Opened,
    Taker,
    access_request,
    command,
    h,
    key,
    keys,
    range_descriptor,
)

from smets import clock
from smets.devices.esme import Esme
from smets.dlms.objects import Buffer

ECS23, ECS23B, ECS26B, ECS26K = 0x0039, 0x00BC, 0x003C, 0x00C6
ECS29A, ECS29B, ECS29C, ECS29D, ECS29E, ECS29F = 0x0045, 0x00AE, 0x00D1, 0x00D2, 0x00D3, 0x00D4
ECS25B, ECS25B3, ECS25R2, ECS35E = 0x00B0, 0x00ED, 0x00EF, 0x00B9

NO_UNIT = h("0202 0F00 16FF")

START = 700001400  # ten minutes before a half hour
END_OF_TIME = 0xFFFFFFFF

PHASES = (32, 52, 72)


def under_counter(phase, attribute=2):
    return key(3, (1, 0, PHASES[phase], 32, 0, 4), attribute)


def over_counter(phase, attribute=2):
    return key(3, (1, 0, PHASES[phase], 36, 0, 4), attribute)


def under_threshold(phase):
    return key(1, (1, 0, PHASES[phase], 31, 0, 4), 2)


def over_threshold(phase):
    return key(1, (1, 0, PHASES[phase], 35, 0, 4), 2)


def log(phase):
    return key(7, (1, 0, PHASES[phase], 24, 0, 255), 2)


def period(phase):
    return key(7, (1, 0, PHASES[phase], 24, 0, 255), 4)


def limiters():
    return [
        key(71, (0, 0, 17, 0, n, 255), attribute) for n in (1, 2, 3, 4) for attribute in (4, 6)
    ]


POWER_LOG = key(7, (0, 0, 99, 98, 4, 255), 2)
IMPORT_LOG = key(7, (0, 0, 99, 1, 0, 255), 2)
EXPORT_LOG = key(7, (0, 0, 99, 1, 1, 255), 2)
REACTIVE_LOG = key(7, (0, 0, 99, 1, 2, 255), 2)
ALERT_MASK = key(1, (0, 33, 97, 98, 11, 255), 2)
LOG_MASK = key(1, (0, 33, 97, 98, 14, 255), 2)
ALERT_SETTINGS = key(1, (0, 33, 97, 98, 15, 255), 2)
LOG_SETTINGS = key(1, (0, 33, 97, 98, 18, 255), 2)


def dlu(value):
    """A double-long-unsigned."""
    return b"\x06" + value.to_bytes(4, "big")


RESET = b"\x0f\x00"


def gets(*wanted):
    """Elements of gets; a tuple (key, from, to) is a ranged one."""
    found = []
    for item in wanted:
        if isinstance(item, tuple):
            found.append((4, item[0], range_descriptor(item[1], item[2]), b"\x00"))
        else:
            found.append((1, item, None, b"\x00"))
    return found


def sets(*pairs):
    """Elements of sets of a double-long-unsigned."""
    return [(2, item, None, dlu(value)) for item, value in pairs]


def resets(phases=1):
    """The reset of every counter: under, over of each phase."""
    found = []
    for phase in range(phases):
        for counter in (under_counter, over_counter):
            found.append((3, counter(phase, 1), None, RESET))
    return found


def ecs23(start=0, end=END_OF_TIME, phases=1):
    """ECS23, or ECS23b for three phases."""
    wanted = []
    for phase in range(phases):
        wanted += [under_counter(phase), under_counter(phase, 3)]
        wanted += [over_counter(phase), over_counter(phase, 3)]
        wanted += [(log(phase), start, end), period(phase)]
    return gets(*wanted)


def ecs26(phases=1):
    """ECS26b, or ECS26k for three phases."""
    wanted = limiters() + [over_threshold(0), under_threshold(0)]
    for phase in range(1, phases):
        wanted += [under_threshold(phase), over_threshold(phase)]
    return gets(*wanted)


LIMITS = (290, 11, 170, 12, 210, 13, 250, 14)


def ecs29c(seconds=600, under=205, over=262, limits=LIMITS):
    pairs = [(under_threshold(0), under), (over_threshold(0), over), (period(0), seconds)]
    return sets(*(pairs + list(zip(limiters(), limits))))


def ecs29a(seconds=600):
    pairs = [(period(0), seconds)] + list(zip(limiters(), LIMITS))
    pairs += [(over_threshold(0), 262), (under_threshold(0), 205)]
    return sets(*pairs) + resets()


class Measuring(Esme):
    """An ESME without the features that would fill a test's heap beside the voltage."""

    features = tuple(
        [name for name in Esme.features if name not in ("tariff", "dated", "meter_logs")]
    )


class Meter:
    """An ESME, and a session with it once something is asked."""

    def __init__(self, store=None, phases=0):
        self.device = Measuring(store)
        self._session = None
        self.device.clock.set(START, clock.RELIABLE)
        if phases:
            self.device.feature("voltage").configure({"phases": phases})
        self._counter = 1000

    @property
    def session(self):
        """The session; a test that asks nothing has no need of its code."""
        if self._session is None:
            from smets.gbcs.session import Session

            self._session = Session(self.device, keys())
        return self._session

    def ask(self, code, elements, originator=OPERATOR, counter=0):
        """The answer's (data, results), the data as octets."""
        self._counter += 1
        counter = counter or self._counter
        data = command(code, access_request(elements, counter), counter, originator)
        self.opened = Opened(self.session.handle(data), originator)
        return self.split(self.opened.payload, len(elements))

    def split(self, payload, count):
        """(data, results) of an Access-Response of `count` elements."""
        from smets.codec import Reader
        from smets.dlms import axdr

        taker = Taker(payload)
        assert taker.take(1) == b"\xda"
        taker.take(4)
        assert taker.take(3) == b"\x00\x00" + bytes((count,))
        reader = Reader(payload, 8)
        found = []
        for _ in range(count):
            start = reader.pos
            axdr.skip(reader)
            found.append(payload[start : reader.pos])
        rest = payload[reader.pos :]
        assert rest[0] == count and len(rest) == 1 + 2 * count
        return found, [rest[2 + 2 * index] for index in range(count)]

    def fill(self, phase, count, first=START - 600, step=1800):
        """Load a log of `count` entries, the volts of entry i being i, in pieces."""
        done = 0
        while done < count or not count:
            buffer = Buffer(b"\x02\x02\x06\x06")
            for index in range(done, min(done + 64, count)):
                stamp = first + step * index
                buffer.append(stamp.to_bytes(4, "big") + index.to_bytes(4, "big"))
            if done:
                self.device.dlms.append(log(phase), buffer)
            else:
                self.device.dlms.load(log(phase), buffer)
            done += 64
            if not count:
                break

    def entries(self, phase=0):
        """(stamp, volts) of a log, asked for in the meter."""
        found = []
        for row in (
            self.device.feature("voltage").measurement.meter.phase[phase].log.select().chunks(8)
        ):
            found.append((int.from_bytes(row[:4], "big"), int.from_bytes(row[4:], "big")))
        return found


def rows(data, width=8):
    """The rows of a compact-array, description and length checked."""
    description = {
        8: b"\x02\x02\x06\x06",
        10: b"\x02\x03\x06\x12\x06",
        12: b"\x02\x03\x06\x06\x06",
    }
    taker = Taker(data)
    assert taker.take(1) == b"\x13"
    assert taker.take(len(description[width])) == description[width]
    content = taker.string()
    assert not taker.data and len(content) % width == 0
    return [content[at : at + width] for at in range(0, len(content), width)]


def values(data):
    """(time, value, ...) of the rows of a compact-array of double-long-unsigned."""
    width = 12 if data[2] == 3 else 8
    found = []
    for row in rows(data, width):
        found.append(tuple(int.from_bytes(row[at : at + 4], "big") for at in range(0, width, 4)))
    return found


def loaded(meter, *pairs):
    for item, value in pairs:
        meter.device.dlms.load(item, dlu(value))


def state_of(meter, phase=0):
    """(period, thresholds, counters) of a phase."""
    made = meter.device.feature("voltage").measurement.meter.phase[phase]
    found = made.averages
    thresholds = (found.over_threshold, found.under_threshold)
    return (made.period,) + thresholds + (found.over_counter, found.under_counter)


def limits_of(meter):
    found = []
    for limiter in meter.device.feature("voltage").measurement.meter.limiters:
        found += [limiter.threshold, limiter.period]
    return tuple(found)


def mask(*switches):
    """A bit-string(512) that sets (alert code, on) and leaves the others."""
    settings = bytearray(64)
    for code, on in switches:
        at = 31 - (code & 0xFF) // 8
        settings[at] |= 1 << (code & 7)
        if on:
            settings[32 + at] |= 1 << (code & 7)
    return h("04 820200") + bytes(settings)
