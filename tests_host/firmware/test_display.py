# engines: cpython unix
# Displays and real meter roles on one simulated air: pairing, polling, history, tenancy.
from binascii import unhexlify as h

from display_air import DAY, EUIS, START, Air
from testkit import raises

from smets import clock
from smets.devices.ihd import Ihd
from smets.features.tenancy import cleared
from smets.zcl import clusters, endpoints
from smets.zcl.han_frame import HanFrame


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
    # Five each half hour: from 10:10 to 11:00, when the meter reported last.
    told = 1000 + 5 * 3000 // 1800
    assert air.fuel("gas")["register"] == told, "gas register"
    assert air.fuel("gas")["as_of"] == "2022-11-01T11:00:00Z", "g39: the stamp of the mirror"
    assert gas.readings.scaled(clusters.METERING, 0x0000) == told, "litres"
    assert gas.readings.get(clusters.PREPAYMENT, 0x0001) == 0, "the credit of a new meter"


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
