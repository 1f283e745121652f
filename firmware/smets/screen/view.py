# The view model: all that a screen shows, as plain numbers; None is "not known".
# `view_of` fills it from a display: its readings, its history as far as it may be shown.
from smets import clock
from smets.compat import const
from smets.features import contact, money
from smets.features.readings import ACTIVE_PRICE
from smets.features.tenancy.cleared import ELECTRICITY, GAS, MESSAGES, SHARED
from smets.ports.store_error import StoreError
from smets.screen import usage, words
from smets.zcl import attributes
from smets.zcl.clusters import METERING, PREPAYMENT, PRICE

# States of the link to a meter.
NO_METER = const(0)
SEARCHING = const(1)  # paired, its clusters not found yet
UP = const(2)
LOST = const(3)
LINK_UNKNOWN = const(4)  # without a clock the age of a reading cannot be told

# project-choice: a link is lost when so many polls got no answer: of an IHD's after a minute of
# electricity, half an hour of gas. Alternative: the Keep-Alive cluster's interval.
_LOST_POLLS = {ELECTRICITY: 6, GAS: 3}

# project-choice: gas values older than this are called old. The mirror is updated each half hour
# (SECMP0015: "typically once every 30 minutes"), so three updates were missed. Alternative: any.
STALE_AFTER = const(7200)

# A stamp may be ahead of the display's clock by so many seconds (GBCS tolerance of clocks).
_AHEAD = const(10)

# The accumulated debt, and what is left of the debts that are being recovered.
_DEBTS = (
    attributes.ACCUMULATED_DEBT,
    attributes.DEBT_AMOUNT_1,
    attributes.DEBT_AMOUNT_2,
    attributes.DEBT_AMOUNT_3,
)
# Of the four blocks, one id apart, and of the four tiers, sixteen apart.
_PRICES = tuple(
    [attributes.NO_TIER_BLOCK1_PRICE + block for block in range(4)]
    + [attributes.TIER1_BLOCK1_PRICE + 16 * tier for tier in range(4)]
)

# Seconds for which the answer to a request stays on the screen.
_ANSWER_SHOWN = const(300)

# Seconds after which the history is read again, if what may be shown has not changed before: 13
# months of half hours take long to read on a board, and a new one comes each half hour.
_HISTORY_HOLDS = const(300)


class Fuel:
    """The values of one meter. Energy in Wh (m3 meters: dm3), money in thousandths of pence."""

    def __init__(self, fuel: int):
        self.fuel = fuel
        self.link = NO_METER
        self.unit = "kWh" if fuel == ELECTRICITY else "m³"
        self.register: int | None = None
        self.price: int | None = None  # of a kWh
        self.standing: int | None = None  # of a day
        self.prepayment: bool | None = None  # whether the meter is in prepayment mode
        self.balance: int | None = None
        self.emergency: int | None = None  # emergency credit that is left
        self.debt: int | None = None
        self.credit: int | None = None  # CreditStatus bits
        self.supply: int | None = None  # 0 off, 1 armed, 2 on
        self.stamp: int | None = None  # UTC at which the values were true (gas)
        self.stamp_status = clock.INVALID
        self.tenancy = 0  # a state of features.tenancy.machine
        self.date: int | None = None  # of the change of tenancy that the meter last named
        self.applied: int | None = None  # up to which data was cleared
        self.bound: int | None = None  # from which history is shown; None hides all
        self.contact = ("", "")  # the supplier's name and number
        self.today = usage.Usage(usage.TODAY)
        self.week = usage.Usage(usage.WEEK)
        self.month = usage.Usage(usage.MONTH)


class Answer:
    """The outcome of a request of a PPMID (features/prepayment/requests.py); money as in Fuel."""

    def __init__(self, request, value: int | None, balance: int | None):
        self.kind = request.kind
        self.state = request.state
        self.result = request.result
        self.accepted = request.accepted
        self.value = value
        self.balance = balance


class View:
    """All that the pages show."""

    def __init__(self, role: str = "IHD"):
        self.role = role
        self.eui = ""
        self.utc: int | None = None  # seconds since 2000, None while there is no valid time
        self.clock_status = clock.INVALID
        self.power: int | None = None  # W, drawn now
        self.ambient: int | None = None  # 0 low, 1 medium, 2 high
        self.fuels = (Fuel(ELECTRICITY), Fuel(GAS))
        self.messages = []  # (UTC, text), newest first
        self.lines = {}  # of the messages, by layout: worked out once by the page
        self.notices = []  # scopes whose data was cleared, not confirmed yet
        self.request: Answer | None = None  # the last one of a PPMID, for a while
        # What a person is doing at the keys: digits entered, the one that OK enters next, whether
        # OK was pressed once.
        self.entry = None
        self.choice = 0
        self.confirm = False
        self.read_at = 0  # uptime at which the history was read
        self.bounds = []  # from when it was shown, by scope

    def paired(self) -> list:
        """The fuels that have a meter."""
        return [fuel for fuel in self.fuels if fuel.link != NO_METER]

    def hourly_cost(self):
        """The cost of an hour at the present power, thousandths of pence; None if not known."""
        price = self.fuels[ELECTRICITY].price
        if price is None or self.power is None:
            return None
        return (self.power * price + 500) // 1000

    def is_stale(self) -> bool:
        """Whether the gas values are older than they should be."""
        stamp = self.fuels[GAS].stamp
        return stamp is not None and self.utc is not None and self.utc - stamp > STALE_AFTER


def view_of(display, before=None) -> View:
    """What a display (smets.devices.display.Display) has to show now.

    `before` is the last view: its history is kept for minutes while what may be shown of it
    is the same, since reading it takes time on a board.
    """
    meters = display.feature("pairing").meters
    view = View(display.name)
    view.eui = "".join(["%02X" % octet for octet in display.eui])
    view.utc = display.clock.utc()
    view.clock_status = display.clock.status
    view.notices = list(display.feature("tenancy_display").notices)
    for fuel in view.fuels:
        meter = meters.get(fuel.fuel)
        if meter is not None:
            _fill(view, fuel, display, meter)
    electricity = view.fuels[ELECTRICITY]
    meter = meters.get(ELECTRICITY)
    # The present screen differs from that of the last link.
    if meter is not None and electricity.link in (UP, LINK_UNKNOWN):
        view.power = meter.readings.scaled(METERING, attributes.INSTANTANEOUS_DEMAND)
        view.ambient = meter.readings.get(METERING, attributes.AMBIENT_CONSUMPTION_INDICATOR)
        requests = display.feature("requests")
        request = requests.last if requests else None
        if request is not None and display.uptime - request.uptime < _ANSWER_SHOWN:
            get = meter.readings.get
            value, balance = _scaled(get, request.value), _scaled(get, request.balance)
            view.request = Answer(request, value, balance)
    _fill_history(view, display, before)
    return view


def _fill(view: View, fuel: Fuel, display, meter):
    get = meter.readings.get
    period = display.feature("polling").periods[fuel.fuel]
    fuel.link = _link(view, meter, _LOST_POLLS[fuel.fuel] * period)
    fuel.register = meter.readings.scaled(METERING, attributes.CURRENT_SUMMATION_DELIVERED)
    unit = get(METERING, attributes.UNIT_OF_MEASURE)
    if unit in (0, 1):
        fuel.unit = "m³" if unit else "kWh"
    fuel.supply = get(METERING, attributes.SUPPLY_STATUS)
    control = get(PREPAYMENT, attributes.PAYMENT_CONTROL_CONFIGURATION)
    fuel.prepayment = None if control is None else bool(control & 2)
    fuel.balance = _money(get, PREPAYMENT, attributes.CREDIT_REMAINING)
    fuel.emergency = _money(get, PREPAYMENT, attributes.EMERGENCY_CREDIT_REMAINING)
    fuel.credit = get(PREPAYMENT, attributes.CREDIT_STATUS)
    debts = [_money(get, PREPAYMENT, attribute) for attribute in _DEBTS]
    debts = [debt for debt in debts if debt is not None]
    fuel.debt = sum(debts) if debts else None
    fuel.price = _price(get)
    fuel.standing = _money(get, PRICE, attributes.STANDING_CHARGE)
    if fuel.fuel == GAS:
        fuel.stamp = get(METERING, attributes.READING_SNAPSHOT_TIME)
        fuel.stamp_status = _stamp_status(view, fuel.stamp)
    fuel.contact = contact.of(meter)
    tenancy = display.feature("tenancy_display").machine
    fuel.tenancy = tenancy.state(fuel.fuel)
    fuel.date, _, fuel.applied = tenancy.dates(fuel.fuel)


def _link(view: View, meter, lost_after: int) -> int:
    if METERING not in meter.found:
        return SEARCHING
    heard = meter.readings.seconds
    if view.utc is None:
        return LINK_UNKNOWN
    if heard == clock.UTC_INVALID:
        return SEARCHING
    return LOST if view.utc - heard > lost_after else UP


def _stamp_status(view: View, stamp) -> int:
    """How far the stamp of gas values is to be trusted; project-choice.

    The attribute has no status of its own. An absent time is invalid; a time that the display
    cannot check, or that is still to come, is unreliable. Alternative: any time is reliable.
    """
    if stamp is None:
        return clock.INVALID
    if view.clock_status != clock.RELIABLE or view.utc is None or stamp > view.utc + _AHEAD:
        return clock.UNRELIABLE
    return clock.RELIABLE


def _money(get, cluster: int, attribute: int):
    """An amount in thousandths of pence, by PriceTrailingDigit; None where not known."""
    return _scaled(get, get(cluster, attribute))


def _scaled(get, raw):
    """An amount of the meter in thousandths of pence; None where it is not known."""
    if raw is None:
        return None
    return money.priced(raw, get(PRICE, attributes.PRICE_TRAILING_DIGIT))


def _price(get):
    """The price of a kWh that the meter has told, else that of a tariff with one rate."""
    found = get(PRICE, ACTIVE_PRICE)
    if found is not None:
        return found
    for attribute in _PRICES:
        price = _money(get, PRICE, attribute)
        if price is not None and found not in (None, price):
            return None
        found = price if found is None else found
    return found


def _fill_history(view: View, display, before):
    view.read_at = display.uptime
    tenancy = display.feature("tenancy_display").machine
    bounds = [tenancy.visible_from(scope) for scope in (ELECTRICITY, GAS, SHARED)]
    for fuel in view.fuels:
        fuel.bound = bounds[fuel.fuel]
    if (
        before is not None
        and display.uptime - before.read_at < _HISTORY_HOLDS
        and before.bounds == bounds
        and (before.utc is None) == (view.utc is None)
    ):
        view.read_at = before.read_at
        view.messages = before.messages
        for fuel, old in zip(view.fuels, before.fuels):
            fuel.today, fuel.week, fuel.month = old.today, old.week, old.month
    else:
        _read_history(view, display)
    view.bounds = bounds


def _read_history(view: View, display):
    vault = display.feature("tenancy_display").vault
    try:
        entries = vault.entries.get(SHARED, MESSAGES)
        view.messages = [(when, words.message(octets)) for when, octets in reversed(entries)]
        for fuel in view.paired():
            if view.utc is not None and fuel.bound is not None:
                fuel.today, fuel.week, fuel.month = usage.read(vault.series, fuel.fuel, view.utc)
    except StoreError:
        pass  # what cannot be read is shown as no data
    for fuel in view.paired():
        for part in (fuel.today, fuel.week, fuel.month):
            part.estimate(fuel.price if fuel.unit == "kWh" else None)
