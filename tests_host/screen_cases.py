# The golden cases of the screens: a view for each, drawn on every page and panel.
# Runs on CPython and MicroPython; `smets screens` starts it as a program and reads what it prints.
import hashlib
import sys
from binascii import hexlify

from smets import clock
from smets.features.prepayment import codes, requests
from smets.features.tenancy import machine
from smets.features.tenancy.cleared import ELECTRICITY, GAS
from smets.screen import canvas, layout, pages, usage, view

NOW = clock.to_seconds(2022, 11, 17, 18, 42, 20)  # a Thursday
DAY = 86400
MIDNIGHT = NOW // DAY * DAY

LONG = (
    "Your new prices start on 1 December 2022. Electricity: 34.04p a kWh, standing charge 46.36p "
    "a day. See www.x.co.uk £"
)
SHORT = "Thank you for your top up of £20.00."


class Noise:
    """Numbers that are the same everywhere."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1103 + 12345) % 65521
        return self.state * limit // 65521


def _bars(period, values, slots, start, known_money=None):
    shown = usage.Usage(period)
    shown.start = start
    shown.slots = slots
    shown.bars = values
    shown.under_way = period != usage.TODAY and bool(values)
    shown.close([known_money] * len(values))
    return shown


# Watt-hours of the half hours of a day at home, and how much more on some days.
_DAY_SHAPE = (90, 80, 80, 70, 70, 80, 120, 340, 420, 260, 180, 160, 170, 210, 190, 150, 150, 260)
_DAY_SHAPE += (520, 680, 610, 440, 300, 160)


def fill_usage(fuel, seed, scale, price):
    noise = Noise(seed)
    halves = []
    for index in range((NOW - MIDNIGHT) // 1800):
        halves.append((_DAY_SHAPE[index // 2] * (60 + noise.below(80)) // 100) * scale // 100)
    fuel.today = _bars(usage.TODAY, halves, 48, MIDNIGHT)
    days = [(6500 + noise.below(5200)) * scale // 100 for _ in range(16)] + [fuel.today.total]
    fuel.month = _bars(usage.MONTH, days, 30, MIDNIGHT - 16 * DAY)
    fuel.week = _bars(usage.WEEK, days[-4:], 7, MIDNIGHT - 3 * DAY)
    for part in (fuel.today, fuel.week, fuel.month):
        part.estimate(price)


def normal():
    shown = view.View("IHD")
    shown.eui = "02534D45545300B0"
    shown.utc = NOW
    shown.clock_status = clock.RELIABLE
    shown.power = 842
    shown.ambient = 1
    electricity, gas = shown.fuels
    for fuel in shown.fuels:
        fuel.link = view.UP
        fuel.tenancy = machine.CLEAR
        fuel.bound = 0
        fuel.prepayment = False
        fuel.supply = 2
    electricity.register = 8901234
    electricity.price = 28620
    electricity.standing = 46360
    gas.register = 4567890
    gas.price = 7420
    gas.standing = 27220
    gas.stamp = MIDNIGHT + 18 * 3600 + 1800
    gas.stamp_status = clock.RELIABLE
    fill_usage(electricity, 7, 100, electricity.price)
    fill_usage(gas, 11, 33, None)
    return shown


def first_start():
    shown = view.View("PPMID")
    shown.eui = "02534D45545300B1"
    for fuel in shown.fuels:
        fuel.link = view.SEARCHING
        fuel.tenancy = machine.UNREAD
    return shown


def unpaired():
    shown = view.View("IHD")
    shown.eui = "02534D45545300B0"
    return shown


def clock_invalid():
    shown = normal()
    shown.utc = None
    shown.clock_status = clock.INVALID
    for fuel in shown.fuels:
        fuel.link = view.LINK_UNKNOWN
        fuel.today = usage.Usage(usage.TODAY)
        fuel.week = usage.Usage(usage.WEEK)
        fuel.month = usage.Usage(usage.MONTH)
    shown.fuels[GAS].stamp_status = clock.UNRELIABLE
    return shown


def gas_stale():
    shown = normal()
    gas = shown.fuels[GAS]
    gas.stamp = MIDNIGHT + 7 * 3600 + 1800
    bars = gas.today.bars[:15] + [usage.NO_DATA] * 20
    gas.today = _bars(usage.TODAY, bars, 48, MIDNIGHT)
    gas.week.whole = gas.month.whole = False
    return shown


def unreliable_stamp():
    shown = normal()
    shown.clock_status = clock.UNRELIABLE
    shown.fuels[GAS].stamp_status = clock.UNRELIABLE
    return shown


def no_stamp():
    shown = normal()
    shown.fuels[GAS].stamp = None
    shown.fuels[GAS].stamp_status = clock.INVALID
    return shown


def tenancy_cleared():
    shown = normal()
    date = MIDNIGHT - DAY
    shown.notices = [ELECTRICITY, GAS]
    for fuel in shown.fuels:
        fuel.date = fuel.applied = fuel.bound = date
        for part, kept in ((fuel.week, 2), (fuel.month, 2)):
            bars = [usage.NO_DATA] * (len(part.bars) - kept) + part.bars[-kept:]
            part.__init__(part.period)
            part.start = MIDNIGHT - (len(bars) - 1) * DAY
            part.slots = 7 if part.period == usage.WEEK else 30
            part.bars = bars
            part.under_way = True
            part.close([None] * len(bars))
    # The gas meter's log of today was restricted too.
    shown.fuels[GAS].today = usage.Usage(usage.TODAY)
    return shown


def purging():
    shown = normal()
    for fuel in shown.fuels:
        fuel.tenancy = machine.PURGING
        fuel.bound = MIDNIGHT
        fuel.today = usage.Usage(usage.TODAY)
        fuel.week = usage.Usage(usage.WEEK)
        fuel.month = usage.Usage(usage.MONTH)
    return shown


def future_tenancy():
    shown = normal()
    for fuel in shown.fuels:
        fuel.tenancy = machine.PENDING
        fuel.date = clock.to_seconds(2022, 12, 1, 0, 0, 0)
    return shown


def prepaid():
    shown = normal()
    shown.role = "PPMID"
    shown.eui = "02534D45545300B1"
    for fuel, balance in zip(shown.fuels, (1234000, 845000)):
        fuel.prepayment = True
        fuel.balance = balance
        fuel.emergency = 500000
        fuel.debt = 0
        fuel.credit = 0x0D
    return shown


def low_credit():
    shown = prepaid()
    electricity = shown.fuels[ELECTRICITY]
    electricity.balance = 87000
    electricity.credit = 0x0A
    electricity.debt = 2015000
    return shown


def emergency_credit():
    shown = prepaid()
    electricity = shown.fuels[ELECTRICITY]
    electricity.balance = -118000
    electricity.emergency = 382000
    electricity.credit = 0x32
    return shown


def supply_off():
    shown = prepaid()
    shown.power = 0
    shown.ambient = 0
    electricity, gas = shown.fuels
    electricity.balance = -500000
    electricity.emergency = 0
    electricity.credit = 0x42
    electricity.supply = 0
    gas.supply = 1
    return shown


def message_short():
    shown = normal()
    shown.messages = [(MIDNIGHT + 9 * 3600, SHORT)]
    return shown


def message_long():
    shown = normal()
    shown.messages = [
        (MIDNIGHT + 9 * 3600, LONG),
        (MIDNIGHT - 3600, "W" * 116),
        (MIDNIGHT - 400 * DAY, SHORT),
    ]
    return shown


def link_lost():
    shown = prepaid()
    shown.power = shown.ambient = None
    for fuel in shown.fuels:
        fuel.link = view.LOST
    shown.fuels[GAS].stamp = MIDNIGHT - 7 * 3600
    return shown


def answered(shown, kind, result, value=None, state=codes.ANSWERED):
    request = requests.Request(kind, 0)
    request.state, request.result = state, result
    shown.request = view.Answer(request, value, shown.fuels[ELECTRICITY].balance)
    return shown


def top_up_entry():
    shown = low_credit()
    shown.entry = b"739416568"
    shown.choice = 8
    return shown


def top_up_whole():
    shown = low_credit()
    shown.entry = b"73941656880950804485"
    return shown


def top_up_added():
    return answered(prepaid(), codes.TOP_UP, 0x00, 1050000)


def top_up_armed():
    shown = prepaid()
    shown.fuels[ELECTRICITY].supply = 1
    shown.confirm = True
    return answered(shown, codes.TOP_UP, 0x12, 2000000)


def top_up_refused():
    return answered(low_credit(), codes.TOP_UP, 0x02, 0)


def emergency_offer():
    shown = low_credit()
    shown.confirm = True
    return shown


def no_answer():
    return answered(low_credit(), codes.EMERGENCY, 0, None, codes.NO_ANSWER)


def extremes():
    """The largest numbers that meters can send."""
    shown = prepaid()
    shown.power = -8388607
    shown.ambient = 2
    for fuel in shown.fuels:
        fuel.register = (1 << 48) - 2
        fuel.price = fuel.standing = 0xFFFFFFFE
        fuel.balance = -0x7FFFFFFF
        fuel.emergency = 0x7FFFFFFF
        fuel.debt = 0x7FFFFFFF
        fuel.today = _bars(usage.TODAY, [0, None, 16777214, 1, usage.NO_DATA], 48, MIDNIGHT)
        fuel.week = _bars(usage.WEEK, [0xFFFFFFFE] * 7, 7, MIDNIGHT, 0xFFFFFFFE)
        fuel.month = _bars(usage.MONTH, [16777214] * 31, 31, MIDNIGHT)
        fuel.month.estimate(0xFFFFFFFE)
    return shown


CASES = (
    ("first-start", first_start),
    ("unpaired", unpaired),
    ("normal", normal),
    ("prepaid", prepaid),
    ("clock-invalid", clock_invalid),
    ("gas-stale", gas_stale),
    ("unreliable-stamp", unreliable_stamp),
    ("no-stamp", no_stamp),
    ("tenancy-cleared", tenancy_cleared),
    ("purging", purging),
    ("future-tenancy", future_tenancy),
    ("low-credit", low_credit),
    ("emergency-credit", emergency_credit),
    ("supply-off", supply_off),
    ("top-up-entry", top_up_entry),
    ("top-up-whole", top_up_whole),
    ("top-up-added", top_up_added),
    ("top-up-armed", top_up_armed),
    ("top-up-refused", top_up_refused),
    ("emergency-offer", emergency_offer),
    ("no-answer", no_answer),
    ("message-short", message_short),
    ("message-long", message_long),
    ("link-lost", link_lost),
    ("extremes", extremes),
)


def screens(place, wanted=None):
    """Yield (name, view, page, part) of the screens of a layout; name is CASE/PAGE.PART.

    `wanted`: names of cases with commas between, else all.
    """
    for case, make in CASES:
        if wanted and case not in wanted.split(","):
            continue
        shown = make()
        for page, parts in pages.pages(shown, place):
            for part in range(parts):
                yield "%s/%s.%d" % (case, page, part + 1), shown, page, part


_ROWS = bytearray(2 * 240 * 15)


def digest(target):
    """The hash of a screen as its panel shows it: 16 hexadecimal digits."""
    sha = hashlib.sha256(b"%d %d" % (target.width, target.height))
    if target.mono:
        sha.update(target.octets)
    else:
        for y in range(0, target.height, 15):
            target.rgb565(y, 15, _ROWS)
            sha.update(_ROWS)
    return hexlify(sha.digest()).decode()[:16]


def main(case="", name="", pixels=True):
    """Print a line for each screen: layout, name, hash, pixels."""
    for place in layout.LAYOUTS.values():
        if name and place.name != name:
            continue
        target = canvas.Canvas(place.width, place.height, place.mono)
        for title, shown, page, part in screens(place, case):
            pages.draw(target, place, shown, page, part)
            print("SCREEN", place.name, title, digest(target), end=" ")
            # In pieces, which find room in a small heap.
            for at in range(0, len(target.octets) if pixels else 0, 512):
                print(hexlify(memoryview(target.octets)[at : at + 512]).decode(), end="")
            print()
    print("PALETTE", " ".join(["%02x%02x%02x" % colour for colour in canvas.PALETTE]))


if __name__ == "__main__":
    main(*sys.argv[1:3])
