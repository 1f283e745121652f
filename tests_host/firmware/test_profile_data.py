# engines: cpython unix
# Energy by half hours: the logs that ECS22a, ECS22b and ECS22c read.
import gc

from testkit import raises, tmpdir
from vectors import BROKER, DEVICE, OPERATOR, Opened, access_request, command, h
from voltage_meter import EXPORT_LOG, IMPORT_LOG, REACTIVE_LOG, START, Meter, gets, values

from smets.codec import Reader
from smets.dlms import axdr, objects
from smets.dlms.objects import Buffer
from smets.ports.store import Store
from smets.zcl.clusters import METERING

ECS22A, ECS22C = 0x0036, 0x0038
FIRST = START + 600  # the next half hour


def protected(meter, key, start, end):
    """The data of a protected read (ECS22b), decrypted."""
    from smets import cosem_time
    from smets.codec import Writer

    def moment(seconds):
        writer = Writer(12)
        cosem_time.put(writer, seconds, 0xFF)
        return h("090C") + bytes(writer.view())

    meter._counter += 1
    counter = meter._counter
    parties = b"".join(h("0908") + party for party in (OPERATOR, DEVICE))
    restriction = h("1601 0202") + moment(start) + moment(end)
    item = h("0205 12") + key[:2] + h("0906") + key[2:8] + h("0F02 120000 0202") + restriction
    parameters = h("0101 0202 1602 0205 0909 04") + counter.to_bytes(8, "big") + parties
    body = h("0202 0101") + item + parameters + h("0900 0202 1602 0202 0901 02 0900")
    element = (3, h("001E 00002B0207FF 01"), None, body)
    data = command(0x0037, access_request([element], counter), counter, OPERATOR)
    opened = Opened(meter.session.handle(data), OPERATOR)
    reader = Reader(opened.payload, 8)
    axdr.skip(reader)
    answer = opened.payload[8 : reader.pos]
    assert opened.payload[reader.pos :] == h("01 03 00")
    # The encrypted structure is the last octet-string of the answer.
    inner = Reader(answer, len(h("0202") + parameters + h("0900 0202 1602 0202 0901 02 0900")) + 1)
    plain = opened.decrypt(bytes(inner.string("ciphered")))
    assert plain[:2] == h("0201")
    return plain[2:]


def test_f10_energy_and_voltage_join_on_their_stamps():
    """spec: half hours of both end at the same instants; ECS22a, ECS22b, ECS22c tell them."""
    meter = Meter(phases=1)
    meter.device.feature("register").set_draw(210)
    energy = {"export": 33, "reactive_export": 4, "reactive_import": 55}
    meter.device.feature("profile_data").configure(energy)
    for _ in range(48 * 6):
        meter.device.advance(300)
    meter.device.advance(600)
    stamps = [stamp for stamp, _volts in meter.entries()]
    assert stamps == [FIRST + 1800 * n for n in range(1, 49)]
    everything = (0, 0xFFFFFFFF)
    data, results = meter.ask(ECS22A, gets((EXPORT_LOG,) + everything))
    assert results == [0] and values(data[0]) == [(stamp, 33, 4) for stamp in stamps]
    data, results = meter.ask(ECS22C, gets((REACTIVE_LOG,) + everything), BROKER)
    assert results == [0] and values(data[0]) == [(stamp, 55) for stamp in stamps]
    found = protected(meter, IMPORT_LOG, stamps[0], stamps[-2])
    assert values(found) == [(stamp, 210) for stamp in stamps[:-1]]


def test_energy_of_a_twin_element_meter():
    """spec: a second column of import; project-choice: which meter is one, by input or state."""
    path = tmpdir()
    meter = Meter(Store(path), phases=1)
    meter.device.feature("register").set_draw(10)
    meter.device.feature("profile_data").configure({"secondary": 7})
    meter.device.advance(600 + 1800)
    assert values(protected(meter, IMPORT_LOG, 0, 4000000000)) == [(FIRST + 1800, 10, 7)]
    meter = None
    gc.collect()
    meter = Meter(Store(path))
    meter._counter = 2000  # who asks goes on counting
    assert values(protected(meter, IMPORT_LOG, 0, 4000000000)) == [(FIRST + 1800, 10, 7)]
    model = meter.device.dlms
    two = Buffer(h("0202 0606"))
    two.append((5).to_bytes(4, "big") + (6).to_bytes(4, "big"))
    model.load(IMPORT_LOG, two)
    model.append(IMPORT_LOG, two)
    assert values(protected(meter, IMPORT_LOG, 0, 9)) == [(5, 6), (5, 6)]
    three = Buffer(h("0203 060606"))
    three.append((5).to_bytes(4, "big") + (6).to_bytes(4, "big") + (7).to_bytes(4, "big"))
    with raises(ValueError):
        model.append(IMPORT_LOG, three)
    model.load(IMPORT_LOG, three)
    assert values(protected(meter, IMPORT_LOG, 0, 9)) == [(5, 6, 7)]
    with raises(ValueError):
        model.load(EXPORT_LOG, two)
    assert model.get(REACTIVE_LOG) == objects.READ_WRITE_DENIED


def test_energy_that_cannot_be():
    meter = Meter()
    for wrong in ({"import": 5}, {"heat": 5}, {"export": -1}, {"export": "5"}):
        with raises(ValueError):
            meter.device.registry.give("inputs", {"energy": wrong})
    meter.device.feature("register").set_draw(1 << 40)
    meter.device.feature("profile_data").configure({"export": 1 << 40})
    meter.device.advance(600 + 1800)
    data, _results = meter.ask(ECS22A, gets((EXPORT_LOG, 0, 0xFFFFFFFF)))
    assert values(data[0]) == [(FIRST + 1800, 0xFFFFFFFF, 0)]


def test_energy_log_that_fails_is_counted():
    meter = Meter()
    data = meter.device.feature("profile_data").data

    class Failing:
        newest = 0

        def append(self, row):
            raise OSError(28)

    data._export.log = Failing()
    meter.device.advance(600 + 1800)
    assert data.storage_errors == 1
    assert len(data.active.log) == 1


def test_the_home_sees_the_power_that_is_drawn():
    """project-choice: even over time; the level is that of the thresholds that ECS34 sets."""
    device = Meter().device
    thresholds = objects.key("21/0-0:16.0.0.255/2")
    demand, level = (METERING, 0x0400), (METERING, 0x0207)
    assert device.zcl.get(*demand) == 0 and device.zcl.get(*level) is None
    device.feature("register").set_draw(250)
    assert device.zcl.get(*demand) == 500 and device.zcl.get(*level) is None
    device.dlms.load(thresholds, h("0102 06000001F4 06000003E8"))
    for watt_hours, expected in ((249, 0), (250, 1), (499, 1), (500, 2), (1 << 40, 2)):
        device.feature("register").set_draw(watt_hours)
        assert device.zcl.get(*level) == expected
    assert device.zcl.get(*demand) == 0x7FFFFF
    device.feature("register").supply_changed(False)
    assert (device.zcl.get(*demand), device.zcl.get(*level)) == (0, 0)
