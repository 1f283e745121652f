# engines: cpython unix
# Displays and real meter roles on one simulated air: pairing, polling, history, tenancy.
from binascii import hexlify
from binascii import unhexlify as h

from testkit import raises, tmpdir

from smets import clock
from smets.devices import build
from smets.devices.base import Device
from smets.devices.ihd import Ihd
from smets.features.tenancy import cleared
from smets.ports.store import Store
from smets.zcl import clusters, endpoints, types
from smets.zcl.han_frame import HanFrame

START = clock.to_seconds(2022, 11, 1, 10, 10, 0)
DAY = 86400
EUIS = {
    "esme": h("02534D45545300A0"),
    "gsme": h("02534D45545300A1"),
    "gpf": h("02534D45545300A3"),
    "ihd": h("02534D45545300B0"),
    "ppmid": h("02534D45545300A4"),
}


class Electricity(Device):
    """The HAN side of an electricity meter: the whole role would not fit beside the others."""

    name = "ESME"
    features = ("tenancy", "logs")
    endpoints = {
        1: (0x0500, (clusters.METERING, clusters.PREPAYMENT, clusters.DEVICE_MANAGEMENT), ())
    }

    def advance(self, seconds):
        for due in clock.half_hours(self.clock, seconds):
            register = self.zcl.get(clusters.METERING, 0x0000) + 7
            self.zcl.set(clusters.METERING, 0x0000, types.UINT48, register)
            self.feature("logs").record(due, register)


class Air:
    """Carries frames between devices at once; `lost` says which ones are not carried."""

    def __init__(self, display="ihd", path=None):
        self.path = path or tmpdir()
        self.devices = {}
        self.lost = lambda frame: False
        for role in ("esme", "gsme", "gpf"):
            device = self.add(role)
            device.clock.set(START, clock.RELIABLE)
            for attribute, type_id, value in (
                (0x0000, types.UINT48, 1000),
                (0x0300, types.ENUM8, 1),
                (0x0301, types.UINT24, 1),
                (0x0302, types.UINT24, 1000),
            ):
                if role != "gpf":
                    device.zcl.set(clusters.METERING, attribute, type_id, value)
        self.devices["gsme"].registry.give("inputs", {"gpf": hexlify(EUIS["gpf"]).decode()})
        self.devices["gsme"].registry.give("inputs", {"draw": 5})
        self.devices["gpf"].registry.give("inputs", {"gsme": hexlify(EUIS["gsme"]).decode()})
        self.display = self.add(display)
        for fuel, role in (("electricity", "esme"), ("gas", "gpf")):
            self.pair(fuel, role)
        self.settle()

    def pair(self, fuel, role):
        eui = hexlify(EUIS[role]).decode()
        self.display.registry.give("inputs", {"pair": {"fuel": fuel, "eui": eui}})

    def add(self, role):
        store = Store(self.path + "/" + role) if role in ("ihd", "ppmid") else None
        device = Electricity() if role == "esme" else build(role, store)
        device.eui = EUIS[role]
        self.devices[role] = device
        return device

    def settle(self):
        busy = True
        while busy:
            busy = False
            for device in list(self.devices.values()):
                while device.outbox:
                    busy = True
                    frame = device.outbox.pop(0)
                    if self.lost(frame):
                        continue
                    for other in self.devices.values():
                        if other.eui == frame.destination:
                            other.receive(frame)

    def run(self, seconds, step=300):
        while seconds > 0:
            passed = min(step, seconds)
            seconds -= passed
            for device in self.devices.values():
                device.advance(passed)
            self.settle()

    def vault(self):
        return self.display.feature("tenancy_display").vault

    def fuel(self, name):
        return self.display.summary()[name]

    def set_dates(self, date):
        for role in ("esme", "gpf"):
            self.devices[role].feature("tenancy").put(date, 0x200)


def test_needs_a_store():
    """spec: a display without storage could not keep the tenancy rules."""
    with raises(ValueError):
        Ihd(None)


def test_finds_its_meters_and_reads_them():
    """spec: endpoints by Match Descriptor, two of them on the GPF; time from the hub."""
    air = Air()
    air.run(3600)
    gas = air.display.feature("pairing").meters[cleared.GAS]
    assert gas.found[clusters.DEVICE_MANAGEMENT] == endpoints.ESI, "ESI"
    assert gas.found[clusters.METERING] == endpoints.MIRROR, "mirror"
    assert air.display.clock.seconds == START + 3600, "time"
    assert air.fuel("electricity")["register"] == 1000 + 2 * 7, "electricity register"
    assert air.fuel("gas")["register"] == 1000 + 2 * 5, "gas register"
    assert air.fuel("gas")["as_of"] == "2022-11-01T11:00:00Z", "g39: the stamp of the mirror"
    assert gas.readings.scaled(clusters.METERING, 0x0000) == 1010, "litres"
    assert gas.readings.get(clusters.PREPAYMENT, 0x0001) is None, "what the meter has not got"


def test_history_arrives_and_stays_whole():
    """spec: days and half hours come from the restricted logs, each once."""
    air = Air()
    air.run(3 * DAY)
    for fuel in ("electricity", "gas"):
        assert air.fuel(fuel)["days"] == 2, fuel
        assert air.fuel(fuel)["half_hours"] > 130, fuel
    rows = list(air.vault().series.records(cleared.ELECTRICITY, cleared.DAYS))
    assert [row[2] for row in rows] == [48 * 7, 48 * 7], "values"


def test_a_year_of_half_hours_is_counted_and_not_held():
    """project: 12,000 records as a list would not fit the heap of a Pico."""
    air = Air()
    air.run(120)
    series = air.vault().series
    first = START - START % 1800 - 12000 * 1800
    for at in range(0, 12000, 100):
        rows = [(first + 1800 * (at + n), 30, 100, None) for n in range(100)]
        assert series.extend(cleared.GAS, cleared.PROFILE, rows) == 100
    shown = air.fuel("gas")
    assert shown["half_hours"] == 12000 and shown["oldest"] == clock.format_iso(first)
    assert series.newest(cleared.GAS, cleared.PROFILE) == first + 1800 * 11999
    assert series.newest(cleared.ELECTRICITY, cleared.PROFILE) == 0
    air.run(3600)
    # The half hour that was missing came, without those that there were.
    assert 12001 <= air.fuel("gas")["half_hours"] <= 12004


def test_change_of_tenancy_clears_both_fuels():
    """project-choice: what is older than the date goes, what is newer stays."""
    for display in ("ihd", "ppmid"):
        air = Air(display)
        air.run(3 * DAY)
        date = START // DAY * DAY + 3 * DAY
        air.set_dates(date)
        air.run(DAY + 3600)
        for fuel in ("electricity", "gas"):
            row = air.fuel(fuel)
            assert row["applied"] == clock.format_iso(date), fuel
            assert clock.parse_iso(row["oldest"]) >= date, fuel
            assert row["half_hours"] > 40, "the new tenant's own data stays"
        notices = air.display.feature("tenancy_display").notices
        assert sorted(notices) == [cleared.ELECTRICITY, cleared.GAS], "told"


def test_one_fuel_only():
    """g32: only the GPF has a date; electricity is untouched."""
    air = Air()
    air.run(2 * DAY)
    before = air.fuel("electricity")
    air.devices["gpf"].feature("tenancy").put(START + 2 * DAY - 3600, 0x200)
    air.run(2 * 3600)
    assert air.fuel("gas")["applied"] is not None, "gas"
    after = air.fuel("electricity")
    assert after["applied"] is None and after["oldest"] == before["oldest"], "electricity"


def test_restart_shows_nothing_before_the_read():
    """project-choice: after a start history is hidden until the meters have been read."""
    air = Air()
    air.run(2 * DAY)
    held = air.fuel("gas")["half_hours"]
    air.add("ihd")
    air.display = air.devices["ihd"]
    air.lost = lambda frame: True
    for fuel, role in (("electricity", "esme"), ("gas", "gpf")):
        air.pair(fuel, role)
    air.run(60, 10)
    assert air.fuel("gas")["half_hours"] == 0, "hidden"
    air.lost = lambda frame: False
    air.run(600, 10)
    assert air.fuel("gas")["half_hours"] >= held, "there again"


def test_old_meter_keeps_working():
    """spec: no Device Management cluster: no purge, no error, polling goes on."""
    air = Air()
    device_id, served, used = air.devices["esme"].endpoints[1]
    less = tuple([cluster for cluster in served if cluster != clusters.DEVICE_MANAGEMENT])
    air.devices["esme"].endpoints = {1: (device_id, less, used)}
    air.display.registry.give("inputs", {"unpair": "electricity"})
    air.pair("electricity", "esme")
    air.run(DAY)
    row = air.fuel("electricity")
    assert row["register"] and row["half_hours"] > 40, "works"
    assert row["tenancy"] == "clear" and row["applied"] is None, "no tenancy, no error"


def test_gas_meter_silent_keeps_the_rest():
    """g33: a meter that goes away stops nothing else, and is not asked in a storm."""
    air = Air()
    air.run(3600)
    sent = [0]

    def lost(frame):
        gone = EUIS["gpf"] in (frame.source, frame.destination)
        if gone and frame.source == EUIS["ihd"]:
            sent[0] += 1
        return gone

    air.lost = lost
    air.run(DAY // 2)
    assert air.fuel("electricity")["half_hours"] > 20, "electricity goes on"
    assert sent[0] < 400, "no storm"


def test_strangers_and_unasked_answers_are_ignored():
    """spec: only answers of paired meters to what was asked are taken."""
    air = Air()
    air.run(600)
    register = air.fuel("gas")["register"]
    record = h("18000100000025FFFFFF000000")
    stranger = h("02534D45545300FF")
    for source, cluster in ((stranger, 0x0702), (EUIS["gpf"], 0x0702), (EUIS["gpf"], 0x0705)):
        for sequence in range(256):
            payload = record[:1] + bytes((sequence,)) + record[2:]
            air.display.receive(HanFrame(source, EUIS["ihd"], 2, 1, cluster, payload))
    assert air.fuel("gas")["register"] == register, "not taken"
    assert air.display.ignored["unasked"] == 3 * 256, "counted"


def test_bad_answers_do_no_harm():
    """g14: every cut of an answer, and an unknown type in it."""
    air = Air()
    air.run(600)
    good = h("1800010000" + "0025E80300000000" + "0003003001")
    pairing = air.display.feature("pairing")
    meter = pairing.meters[cleared.GAS]
    polling = air.display.feature("polling")
    for cut in range(len(good)):
        air.display.outbox.clear()
        pairing.read(meter, clusters.METERING, (0x0000, 0x0300), polling._on_values)
        asked = air.display.outbox.pop().payload[1]
        payload = good[:1] + bytes((asked,)) + good[2:cut]
        air.display.receive(HanFrame(EUIS["gpf"], EUIS["ihd"], 2, 1, clusters.METERING, payload))
    assert air.display.ignored["malformed"] > 5, "counted"


def test_lossy_air_converges():
    """spec: a day with one frame in twenty lost; displays end up with the right tenancy."""
    state = [12345]

    def lost(frame):
        state[0] = (state[0] * 1103515245 + 12345) & 0x3FFFFFFF
        return state[0] >> 8 & 0xFF < 13

    air = Air("ppmid")
    air.lost = lost
    air.run(DAY)
    date = START + DAY - 7200
    air.set_dates(date)
    air.run(2 * DAY)
    for fuel in ("electricity", "gas"):
        assert air.fuel(fuel)["applied"] == clock.format_iso(date), fuel
        assert clock.parse_iso(air.fuel(fuel)["oldest"]) >= date, fuel


def test_clock_of_the_display_follows_the_hub():
    """spec: Time FFFFFFFF is no time; history is not asked for without one."""
    air = Air()
    air.devices["gpf"].clock.set(clock.UTC_INVALID, clock.INVALID)
    air.devices["esme"].endpoints = {}
    air.run(3600)
    assert air.display.clock.utc() is None, "no time"
    assert air.fuel("gas")["half_hours"] == 0, "no history"
    air.devices["gpf"].clock.set(START + 3600, clock.RELIABLE)
    air.run(1800)
    assert air.display.clock.utc() == START + 5400, "time again"


def test_values_of_another_type_are_not_available():
    """public report 13: whatever type a peer gives an attribute, the display goes on."""
    from smets.screen.linked import LinkedScreen

    air = Air()
    air.run(120)
    esme = air.devices["esme"]
    assert air.display.summary()["electricity"]["register"] is not None
    for cluster in (clusters.METERING, clusters.PREPAYMENT, clusters.PRICE, clusters.TIME):
        values = esme.zcl.attributes.setdefault(cluster, {})
        asked = list(range(0x0020)) + [0x0100, 0x0207, 0x0211, 0x0221]
        for attribute in asked + [0x0231, 0x0300, 0x0301, 0x0302, 0x0400, 0x0617]:
            for octets in (
                b"\x42\x02ab",
                b"\x41\xff",
                b"\x27" + b"\xff" * 7 + b"\x7f",
                b"\x39" + bytes(4),
            ):
                values[attribute] = octets
        air.run(60)
        shown = air.display.summary()["electricity"]
        assert (
            cluster != clusters.METERING or shown["register"] is None and shown["supply"] is None
        )
        assert cluster != clusters.PREPAYMENT or shown["balance"] is None
        LinkedScreen(air.display, "128x64").take(["next"] * 4, 1000)
    assert air.display.ignored["type"] > 0


class Asked:
    """The request that an answer is for."""

    def __init__(self, eui):
        self.to = (eui, 1)


def test_history_that_does_not_fit_is_not_kept():
    """public report 17: another interval, a start between half hours, another log, days ahead."""
    from smets.zcl import frame

    air = Air()
    air.run(120)
    display = air.display
    now = display.clock.seconds
    half = now // 1800 * 1800 - 7200

    def samples(log=0, start=half, kind=0, interval=1800, count=2):
        body = log.to_bytes(2, "little") + start.to_bytes(4, "little") + bytes((kind,))
        body += interval.to_bytes(2, "little") + count.to_bytes(2, "little")
        answer = frame.parse(b"\x09\x01\x07" + body + b"\x05\x00\x00" * count)
        display.feature("sampled_data")._on_samples(Asked(EUIS["esme"]), answer)
        return display.feature("sampled_data").counted(cleared.ELECTRICITY, cleared.PROFILE)[0]

    before = samples(start=half - 86400)
    for wrong in (
        {"interval": 60},
        {"start": half + 7},
        {"log": 7777},
        {"kind": 1},
        {"start": half + 86400 * 365},
        {"log": 1, "start": half, "interval": 1800},
    ):
        assert samples(**wrong) == before, wrong
    assert samples() == before + 2, "a record ahead of the clock would have stopped these"
