# A display and its two meters on one air, for the tests of its screens; small enough for the heap.
from testkit import tmpdir

from smets import clock
from smets.codec import Reader, Writer
from smets.devices.base import Device
from smets.devices.ihd import Ihd
from smets.features.feature import Feature
from smets.ports.store import Store
from smets.screen.view import view_of
from smets.zcl import commands, endpoints, frame, typed, types
from smets.zcl.clusters import DEVICE_MANAGEMENT, METERING, PREPAYMENT, PRICE, TIME
from smets.zcl.samples import DAILY, PROFILE

DAY = 86400
START = clock.to_seconds(2022, 11, 13, 22, 0, 0)  # a Sunday evening
DISPLAY, ESME, GPF = b"\x02SMETS\x00\xb0", b"\x02SMETS\x00\xa0", b"\x02SMETS\x00\xa3"


class Sampled(Feature):
    """GetSampledData of a meter that draws the same each time."""

    commands = ((METERING, 0, commands.GET_SAMPLED_DATA),)

    def execute(self, call):
        return self.device.sampled(call)


class Meter(Device):
    """A meter with what displays ask of one: time, register, logs, prepayment, tenancy."""

    features = ("time", "tenancy")
    endpoints = {
        endpoints.ESI: (
            endpoints.ESI_DEVICE,
            (TIME, PRICE, METERING, PREPAYMENT, DEVICE_MANAGEMENT),
            (),
        )
    }

    def __init__(self, eui, draw, unit):
        super().__init__()
        self.eui = eui
        self.draw = draw
        self.clock.set(START, clock.RELIABLE)
        self.rows = {
            PROFILE: [],
            DAILY: [],
        }  # starts of the samples that there are
        self.registry.add("sampled", Sampled(self))
        for attribute, kind, value in (
            (0x0000, types.UINT48, 1000000),
            (0x0300, types.ENUM8, unit),
            (0x0301, types.UINT24, 1),
            (0x0302, types.UINT24, 1000),
        ):
            self.zcl.set(METERING, attribute, kind, value)

    def advance(self, seconds):
        for due in clock.half_hours(self.clock, seconds):
            register = self.zcl.get(METERING, 0x0000) + self.draw
            self.zcl.set(METERING, 0x0000, types.UINT48, register)
            self.zcl.set(METERING, 0x0007, types.UTC_TIME, due)
            self.rows[PROFILE].append(due - 1800)
            if due % DAY == 0 and due - DAY >= START:
                self.rows[DAILY].append(due - DAY)

    def sampled(self, call):
        """GetSampledData: the samples are all the same, as the meter draws the same each time."""
        reader = Reader(call.request.payload)
        log = reader.le(2, "SampleID")
        first = max(reader.le(4, "EarliestSampleTime"), self.registry.hidden_before())
        starts = [start for start in self.rows[log] if start >= first][:24]
        if not starts:
            return frame.NOT_FOUND
        writer = Writer(11 + 3 * len(starts))
        writer.le(log, 2)
        writer.le(starts[0], 4)
        writer.u8(0)
        writer.le(0xFFFF if log == DAILY else 1800, 2)
        writer.le(len(starts), 2)
        for _ in starts:
            writer.le(self.draw * (48 if log == DAILY else 1), 3)
        return [bytes(writer.view())]


class Home:
    """A display and its two meters; `reach` holds the meters that the air reaches."""

    def __init__(self, paired=True):
        self.display = Ihd(Store(tmpdir() + "/s"))
        self.display.eui = DISPLAY
        self.esme = Meter(ESME, 210, 0)
        self.gpf = Meter(GPF, 100, 1)
        self.esme.zcl.set(METERING, 0x0400, types.INT24, 842)
        self.esme.zcl.set(METERING, 0x0207, types.ENUM8, 1)
        self.reach = [self.esme, self.gpf]
        if paired:
            for fuel, eui in (("electricity", ESME), ("gas", GPF)):
                pair = {"fuel": fuel, "eui": "".join(["%02X" % o for o in eui])}
                self.display.registry.give("inputs", {"pair": pair})
            self.settle()

    def settle(self):
        while self.display.outbox:
            sent = self.display.outbox.pop(0)
            for meter in self.reach:
                if meter.eui == sent.destination:
                    meter.receive(sent)
                    for answer in meter.outbox:
                        self.display.receive(answer)
                    del meter.outbox[:]

    def run(self, seconds, step=600):
        for _ in range(seconds // step):
            for device in (self.esme, self.gpf, self.display):
                device.advance(step)
            self.settle()

    @property
    def rules(self):
        return self.display.feature("tenancy_display")

    def fresh(self):
        """Polls until the readings are new."""
        self.run(40, 10)

    def seen(self):
        return view_of(self.display)


def started(seconds=1800):
    home = Home()
    home.run(seconds)
    home.fresh()
    return home


def take(home, fuel, cluster, attribute, kind, value):
    """Put a value among the readings of a meter, as if it had been read now."""
    value = typed.read(cluster, attribute, kind, value)
    readings = home.display.feature("pairing").meters[fuel].readings
    readings.take(cluster, attribute, value, home.display.clock.seconds)
