# A year of an ESME in virtual time: a tariff of two seasons, prepayment, sixty power cuts. Each
# half hour its registers and its balance are those of a model of this file. Run on MicroPython's
# Unix port by `make year`: year.py COMMANDS FOLDER [DAYS], with the lines of year_commands.py.
import gc
import random
import sys
from binascii import unhexlify

from command_cuts import Trusting
from prepaid_meter import token
from vectors import DEVICE, SUPPLIER, access_request, grouping, secret
from vectors import keys as made_keys

from smets import clock, devices
from smets.gbcs import replaced
from smets.ports.store import Store

START = 700002000  # 2022-03-07T21:00:00Z, a Monday
HALF_HOUR, DAY = 1800, 86400
CUTS = 60
POUND = 100000
# Wh each half hour: a whole number each second.
DRAWS = (0, 1800, 3600, 5400)
# Day -> (minute, rate) of its switches, and what a kWh of a rate costs, as the commands have them.
DAYS = {
    "summer": ((0, 1), (420, 2), (960, 3), (1140, 2)),
    "summer weekend": ((0, 1),),
    "winter": ((0, 4), (390, 5), (930, 6), (1230, 5)),
    "winter weekend": ((0, 4), (600, 5)),
}
PRICES = (0, 9000, 17000, 26000, 11000, 21000, 32000)
STANDING = 30000
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_HEAP = 6000  # octets that a year may add: rows of tables that have become full


class Model:
    """What the meter must tell, in Wh and 10^-5 pound."""

    def __init__(self):
        self.rates = [0] * 48
        self.charged = 0  # 10^-8 pound
        self.fixed = self.paid = 0
        self.number = -1
        self.date = (3, 7)  # of the day of START, which is number 0

    def day(self, at):
        """The kind of the day of a UTC time; days are asked for in order."""
        number = (at - START // DAY * DAY) // DAY
        while self.number < number:
            if self.number >= 0:
                month, day = self.date
                day += 1
                if day > _LENGTHS[month - 1]:
                    month, day = month % 12 + 1, 1
                self.date = (month, day)
            self.number += 1
        if self.date == (12, 25):
            return "winter weekend"
        if self.date == (8, 29):
            return "summer weekend"
        season = "summer" if 4 <= self.date[0] < 10 else "winter"
        return season + " weekend" if number % 7 >= 5 else season  # number 0 is a Monday

    def flow(self, start, end, draw):
        """What is drawn between two times of one half hour, in which no rate changes."""
        energy = (end - start) * draw // HALF_HOUR
        minute = start % DAY // 60
        rate = [rate for begins, rate in DAYS[self.day(start)] if begins <= minute][-1]
        self.rates[rate - 1] += energy
        self.charged += energy * PRICES[rate]

    def balance(self):
        """What is left: a part of the smallest amount is not charged yet."""
        return self.paid - self.fixed - self.charged // 1000


class Year:
    """The meter, its supplier, and what was expected."""

    def __init__(self, commands, folder):
        self.commands = commands
        self.folder = folder
        self.model = Model()
        self.now = START
        self.counter = 7000  # of tokens
        self.begin()

    def begin(self):
        """Power is there: the device begins over what its store has, and gets the time."""
        self.device = None
        gc.collect()
        store = Store(self.folder)
        self.device = devices.build("esme", store)
        self.device.eui = DEVICE
        keys = made_keys()
        keys.find(SUPPLIER).prepayment_secret = secret(SUPPLIER)
        replaced.restore(store, keys)
        self.device.take_keys(keys)
        store.check()
        self.device.session = Trusting(self.device, keys)
        self.device.clock.set(self.now, clock.RELIABLE)

    def send(self, code, elements, counter):
        """A command of the supplier, of which each element succeeds."""
        data = grouping(code, access_request(elements), counter, SUPPLIER) + b"\x40" + bytes(64)
        answer = self.device.session.handle(data)
        octets = b"".join([bytes(chunk) for chunk in answer.chunks()])
        results = [octets[len(octets) + 2 * at + 1] for at in range(-len(elements), 0)]
        assert not any(results), (hex(code), results)

    def configure(self, line, counter):
        """Send a command of a line."""
        words = line.split()
        elements = []
        for word in words[1:]:
            choice, key, value = word.split(",")
            elements.append((int(choice), unhexlify(key), None, unhexlify(value)))
        self.send(int(words[0], 16), elements, counter)

    def top_up(self, pounds):
        """A token of the supplier."""
        self.counter += 1
        digits = token(100 * pounds, self.counter, secret(SUPPLIER), DEVICE, 0, SUPPLIER)
        key = bytes((0, 115, 0, 0, 19, 40, 0, 255, 1))
        element = (3, key, None, b"\x09\x14" + digits.encode())
        self.send(0x07, [element], self.counter << 32)
        self.model.paid += pounds * POUND

    def draw(self, value):
        """Energy that is drawn each half hour, Wh."""
        self.device.feature("register").set_draw(value)

    def check(self):
        """Registers and balance are those of the model."""
        register = self.device.feature("register")
        rates = [int.from_bytes(register.matrix[at : at + 4], "big") for at in range(0, 192, 4)]
        model = self.model
        assert rates == model.rates, (self.now, rates, model.rates)
        assert register.totals[0] == sum(rates), (self.now, register.totals)
        balance = self.device.feature("prepayment").meter.account.balance
        assert balance == model.balance(), (self.now, balance, model.balance())

    def half_hour(self, draw, cut):
        """Half an hour, with a power cut in it and hours without power after it."""
        begun = self.now
        if cut:
            # What has not been kept at the end of a half hour is lost.
            self.device.advance(random.randrange(1, HALF_HOUR))
            self.now += random.randrange(1, 10 * 3600)
            self.begin()
            self.draw(draw)
            begun = self.now
        end = (begun // HALF_HOUR + 1) * HALF_HOUR
        self.model.flow(begun, end, draw)
        if end % DAY == 0:
            self.model.fixed += STANDING
        self.device.advance(end - begun)
        self.now = end
        self.check()


def heap():
    """Octets in use."""
    gc.collect()
    return gc.mem_alloc()


def main(path, folder, days):
    """Live; print what was seen."""
    random.seed(2022)
    with open(path) as file:
        lines = [line for line in file if line.strip()]
    year = Year(lines, folder)
    for number, line in enumerate(lines[:2]):
        year.configure(line, 2000 + number)
    year.top_up(50)
    year.configure(lines[2], 2002)
    cuts = []
    while len(cuts) < CUTS * days // 365:
        at = random.randrange(48 * days)
        if at not in cuts:
            cuts.append(at)
    draw = first = 0
    for number in range(48 * days):
        if year.model.balance() < 20 * POUND:
            year.top_up(50)
        if number % 48 == 0:
            draw = random.choice(DRAWS)
            year.draw(draw)
        year.half_hour(draw, number in cuts)
        if number == 48 * 40:
            first = heap()
    grown = heap() - first if first else 0
    total = sum(year.model.rates)
    print(
        "%d days, %d half hours, %d power cuts: %d kWh, %d top-ups, %d octets of heap more"
        % (days, 48 * days, len(cuts), total // 1000, year.counter - 7000, grown)
    )
    if days >= 365:
        assert all(year.model.rates[:6]), "not every rate had a turn"
    return int(grown > _HEAP)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 365))
