# engines: cpython unix
# The view of a real display: its meters answer over HAN frames.
from screen_home import START, Home, started, take
from testkit import tmpdir

from smets import clock
from smets.devices.ppmid import Ppmid
from smets.features.tenancy import machine
from smets.features.tenancy.cleared import ELECTRICITY, GAS
from smets.ports.store import Store
from smets.screen import view
from smets.screen.view import view_of
from smets.zcl import types
from smets.zcl.clusters import METERING, PREPAYMENT, PRICE


def test_a_display_without_meters_knows_nothing():
    shown = Home(False).seen()
    assert shown.role == "IHD" and shown.eui == "02534D45545300B0"
    assert shown.utc is None and shown.power is None and shown.ambient is None
    assert shown.paired() == [] and shown.notices == [] and shown.messages == []
    for fuel in shown.fuels:
        assert fuel.link == view.NO_METER and fuel.tenancy == machine.ABSENT
        for name in ("register", "price", "standing", "balance", "emergency", "stamp", "supply"):
            assert getattr(fuel, name) is None, name
        assert fuel.today.total is None and fuel.today.bars == []


def test_a_ppmid_says_that_it_is_one():
    assert view_of(Ppmid(Store(tmpdir() + "/s"))).role == "PPMID"


def test_the_readings_of_a_paired_home():
    home = started()
    shown = home.seen()
    electricity, gas = shown.fuels
    assert shown.utc == home.esme.clock.seconds and shown.clock_status == clock.RELIABLE
    assert electricity.link == gas.link == view.UP
    assert shown.power == 842 and shown.ambient == 1
    assert electricity.unit == "kWh" and gas.unit == "m³"
    assert electricity.register == 1000210 and gas.register == 1000100
    assert gas.stamp == START + 1800 and gas.stamp_status == clock.RELIABLE
    assert electricity.tenancy == gas.tenancy == machine.CLEAR
    assert electricity.balance is None, "no prepayment attribute is served"


def test_searching_before_a_meter_answers():
    home = Home(False)
    home.reach = []
    home.display.feature("pairing").pair({"fuel": "gas", "eui": "02534D45545300A3"})
    home.run(60, 10)
    shown = home.seen()
    assert shown.fuels[GAS].link == view.SEARCHING
    assert shown.fuels[ELECTRICITY].link == view.NO_METER


def test_all_ones_are_not_known():
    """spec: 16777215 and its like mean that there is no value."""
    home = started()
    zcl = home.esme.zcl
    zcl.set(METERING, 0x0400, types.INT24, -0x800000)
    zcl.set(METERING, 0x0207, types.ENUM8, 0xFF)
    zcl.set(METERING, 0x0000, types.UINT48, (1 << 48) - 1)
    zcl.set(PREPAYMENT, 0x0001, types.INT32, -0x80000000)
    home.fresh()
    shown = home.seen()
    fuel = shown.fuels[ELECTRICITY]
    assert shown.power is None and shown.ambient is None and fuel.register is None
    assert fuel.balance is None


def test_prepayment_values_are_money():
    home = started()
    for attribute, kind, value in (
        (0x0000, types.BITMAP16, 2),
        (0x0001, types.INT32, -118000),
        (0x0002, types.INT32, 382000),
        (0x0003, types.BITMAP8, 0x32),
    ):
        home.esme.zcl.set(PREPAYMENT, attribute, kind, value)
    home.fresh()
    shown = home.seen()
    fuel = shown.fuels[ELECTRICITY]
    assert fuel.prepayment is True and fuel.balance == -118000
    assert fuel.emergency == 382000 and fuel.credit == 0x32
    assert shown.fuels[GAS].prepayment is None


def test_prices_are_scaled_to_thousandths_of_pence():
    home = started()
    for digits, raw, expected in (
        (None, 28620, 28620),
        (0x50, 28620, 28620),
        (0x40, 2862, 28620),
        (0x20, 28, 28000),
        (0x60, 286204, 28620),
        (0x60, 286205, 28621),
    ):
        if digits is not None:
            take(home, ELECTRICITY, PRICE, 0x0617, types.BITMAP8, digits)
        take(home, ELECTRICITY, PRICE, 0x0400, types.UINT32, raw)
        take(home, ELECTRICITY, PRICE, 0x0301, types.UINT32, raw)
        shown = home.seen()
        fuel = shown.fuels[ELECTRICITY]
        assert fuel.price == fuel.standing == expected, (digits, fuel.price)
        assert shown.hourly_cost() == (842 * expected + 500) // 1000


def test_of_several_rates_none_is_called_active():
    """project-choice: only PublishPrice tells which of them is."""
    home = started()
    take(home, ELECTRICITY, PRICE, 0x0410, types.UINT32, 10000)
    assert home.seen().fuels[ELECTRICITY].price == 10000
    take(home, ELECTRICITY, PRICE, 0x0420, types.UINT32, 10000)
    assert home.seen().fuels[ELECTRICITY].price == 10000, "two rates that are the same"
    take(home, ELECTRICITY, PRICE, 0x0430, types.UINT32, 30000)
    shown = home.seen()
    assert shown.fuels[ELECTRICITY].price is None and shown.hourly_cost() is None


def test_a_lost_link_takes_the_power_away():
    home = started()
    home.reach = [home.gpf]
    home.run(60, 10)
    assert home.seen().fuels[ELECTRICITY].link == view.UP
    home.run(20, 10)
    shown = home.seen()
    assert shown.fuels[ELECTRICITY].link == view.LOST and shown.fuels[GAS].link == view.UP
    assert shown.power is None and shown.ambient is None
    assert shown.fuels[ELECTRICITY].register == 1000210, "the reading stays, as that of then"
    home.reach = []
    home.run(1860, 60)
    assert home.seen().fuels[GAS].link == view.LOST
    home.reach = [home.esme, home.gpf]
    home.run(600, 10)
    shown = home.seen()
    assert shown.fuels[ELECTRICITY].link == view.UP and shown.power == 842


def test_without_a_clock_nothing_is_said_of_age_or_history():
    home = started(3600)
    home.display.clock.set(clock.UTC_INVALID, clock.INVALID)
    shown = home.seen()
    assert shown.utc is None and shown.clock_status == clock.INVALID
    assert shown.fuels[ELECTRICITY].link == view.LINK_UNKNOWN
    assert shown.power == 842, "it was read"
    assert shown.fuels[GAS].stamp_status == clock.UNRELIABLE
    assert shown.fuels[ELECTRICITY].today.total is None


def test_the_stamp_of_gas():
    """spec: FFFFFFFF is no time; project-choice: one still to come is not reliable."""
    home = started()
    for stamp, status in (
        (clock.UTC_INVALID, clock.INVALID),
        (home.gpf.clock.seconds + 3600, clock.UNRELIABLE),
        (home.gpf.clock.seconds - 60, clock.RELIABLE),
        (home.gpf.clock.seconds - 7300, clock.RELIABLE),
    ):
        home.gpf.zcl.set(METERING, 0x0007, types.UTC_TIME, stamp)
        home.run(600, 60)
        shown = home.seen()
        assert shown.fuels[GAS].stamp_status == status, stamp
        assert (shown.fuels[GAS].stamp is None) == (stamp == clock.UTC_INVALID)
        assert shown.is_stale() == (status == clock.RELIABLE and shown.utc - stamp > 7200)
    home.display.clock.status = clock.UNRELIABLE
    assert home.seen().fuels[GAS].stamp_status == clock.UNRELIABLE
