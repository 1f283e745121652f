# Prices of an electricity meter on the home network: the active one (PublishPrice, when it changes
# and when a display asks), those to come, labels of the rates, and the cost of days gone by.
# Served where a tariff is active; until then a state says what there is.
from smets import clock, record
from smets.codec import Reader
from smets.compat import const
from smets.features.feature import Feature
from smets.ports.store_error import StoreError
from smets.zcl import attributes, commands, frame, types
from smets.zcl.clusters import PREPAYMENT, PRICE
from smets.zcl.published_price import publish_price

_DAY = const(86400)
_BLOCKS = const(100)  # selectors beyond it are rates with blocks
_LABELS = const(15)
_DIGITS = const(0x50)  # amounts have five digits after the point
_POUND = const(826)  # ISO 4217
_LATER = const(5)  # prices to come that one request tells
_RECORD = record.Table(
    "cost-today",
    # The last half hour that ended, and what its day has cost by then in thousandths.
    (("at", record.U32, 0), ("cost", record.I64, 0)),
    "the cost of this day begins at zero",
)
_TODAY = attributes.CURRENT_DAY_COST_CONSUMPTION_DELIVERED
_DAYS_END = _TODAY + 18
_WEEKS, _WEEKS_END = _TODAY + 20, _TODAY + 32
_MONTHS, _MONTHS_END = _TODAY + 36, _TODAY + 64


def label(selector: int) -> bytes:
    """The label of a rate; project-choice: no use case sets one. Alternative: none."""
    return b"Rate %d" % (selector if selector < _BLOCKS else selector - _BLOCKS)


class Prices(Feature):
    """Tells the price that the tariff works out, and sums up what was charged."""

    attributes = {
        PRICE: tuple(range(attributes.TIER1_PRICE_LABEL, attributes.TIER1_PRICE_LABEL + _LABELS))
        + (attributes.STANDING_CHARGE, attributes.CURRENCY, attributes.PRICE_TRAILING_DIGIT),
        # This day to eight days ago, this week to five weeks ago, this month to 13 months ago.
        PREPAYMENT: tuple(range(_TODAY, _DAYS_END, 2))
        + tuple(range(_WEEKS, _WEEKS_END, 2))
        + tuple(range(_MONTHS, _MONTHS_END, 2)),
    }
    texts = True
    commands = (
        (PRICE, 0, commands.GET_CURRENT_PRICE),
        (PRICE, 0, commands.GET_SCHEDULED_PRICES),
    )
    records = ("cost-today",)
    logs = ("cost-days",)

    def __init__(self, device):
        super().__init__(device)
        self._costs = None
        self._day = 0  # charged since midnight, in thousandths of 10^-5 pound
        self._since = 0  # the last half hour before a power cut
        self._told = None  # (selector, price) that the home was told
        self.storage_errors = 0

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self._since, self._day = held
        self.restored = False  # what a state says of the attributes is given to them again

    @property
    def _tariff(self):
        tariff = self.device.feature("tariff")
        return tariff if tariff and tariff.active else None

    def _charged(self) -> int:
        """What this day has cost, 10^-5 pound."""
        tariff = self.device.feature("tariff")
        return max(self._day + (tariff.cost if tariff else 0), 0) // 1000

    # --- Time -----------------------------------------------------------------------------------

    @property
    def costs(self):
        """The cost of days gone by (cost_days.CostDays)."""
        if self._costs is None:
            from smets.features.cost_days import CostDays

            self._costs = CostDays(self.device.keeper)
        return self._costs

    def _catch_up(self, now: int):
        """End the day of the power cut where it is over at UTC `now`."""
        since, self._since = self._since, 0
        if since and now // _DAY > since // _DAY:
            try:
                self.costs.without_power(since, now, self._day // 1000)
            except OSError:
                self.storage_errors += 1
            self._day %= 1000

    def half_hour(self, due: int):
        """See Feature: the standing charge is due with the day."""
        self._catch_up(due - 1)
        tariff = self._tariff
        if tariff:
            self._day += tariff.ended
            if due % _DAY == 0:
                self._day += 1000 * tariff.standing_charge()
        told = bool(tariff or self._day)
        if due % _DAY == 0:
            try:
                self.costs.end(due, self._day // 1000)
            except (OSError, StoreError):
                self.storage_errors += 1
            self._day %= 1000
        try:
            if told:
                self.device.keeper.write(_RECORD, (due, self._day))
        except StoreError:
            self.storage_errors += 1

    def tick(self):
        """See Feature: another price is told at once."""
        tariff = self._tariff
        own = self.device.clock
        announce = self.device.feature("announce")
        if not tariff or not announce.listeners or own.status == clock.INVALID:
            return
        until = tariff.begin(own.seconds)
        now = tariff.first, tariff.price()
        if now != self._told:
            self._told = now
            announce.tell(PRICE, commands.PUBLISH_PRICE, self._publish(own.seconds, until))

    # --- What displays ask ----------------------------------------------------------------------

    def execute(self, call):
        """See Feature: GetCurrentPrice, GetScheduledPrices."""
        tariff = self._tariff
        own = self.device.clock
        place = (PRICE, commands.PUBLISH_PRICE)
        if not call.from_han or place in self.device.zcl.published:
            return None
        if not tariff or own.status == clock.INVALID:
            return frame.NOT_FOUND
        call.reply_command = commands.PUBLISH_PRICE
        reader = Reader(call.request.payload)
        if call.request.command == commands.GET_CURRENT_PRICE:
            reader.u8("command options")
            return [self._publish(own.seconds, tariff.begin(own.seconds))]
        start = max(reader.le(4, "start time"), own.seconds)
        count = reader.u8("number of events") or _LATER
        found = []
        while len(found) < min(count, _LATER) and start < clock.UTC_INVALID:
            until = tariff.begin(start)
            found.append(self._publish(start, until))
            start = until
        tariff.begin(own.seconds)
        # One answers the request, the others come by themselves.
        for payload in found[1:]:
            self.device.feature("announce").tell(PRICE, commands.PUBLISH_PRICE, payload)
        return found[:1] or frame.NOT_FOUND

    def _publish(self, start: int, until: int) -> bytes:
        """PublishPrice of the rate that `tariff.begin` has found, from UTC `start` on."""
        tariff = self.device.feature("tariff")
        selector = tariff.first
        tier = selector if selector < _BLOCKS else selector - _BLOCKS
        span = (start, (until - start + 59) // 60)
        now = self.device.clock.seconds
        return publish_price(label(selector), now, (_POUND, _DIGITS), tier, span, tariff.price())

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        tariff = self._tariff
        if not tariff:
            return None
        if cluster == PREPAYMENT:
            value = self._cost(attribute)
            return bytes((types.UINT48,)) + types.encode(types.UINT48, value)
        if attribute == attributes.STANDING_CHARGE:
            kind, value = types.UINT32, tariff.standing_charge() & 0xFFFFFFFF
        elif attribute == attributes.CURRENCY:
            kind, value = types.UINT16, _POUND
        elif attribute == attributes.PRICE_TRAILING_DIGIT:
            kind, value = types.BITMAP8, _DIGITS
        else:
            kind, value = types.OCTET_STRING, label(attribute - attributes.TIER1_PRICE_LABEL + 1)
        return bytes((kind,)) + types.encode(kind, value)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature: what a state says stands."""
        return False

    def _cost(self, attribute: int) -> int:
        """What was charged in a day, week or month, 10^-5 pound; not available in part."""
        from smets.features import history

        own = self.device.clock
        missing = (1 << 48) - 1
        if own.status == clock.INVALID:
            return missing
        self._catch_up(own.seconds)
        if attribute == _TODAY:
            return self._charged()
        start, end = history.span(attribute & 0xFF, _TODAY & 0xFF, own.seconds)
        if start < self.device.registry.hidden_before() or start < 0:
            return missing
        # A period that is not over has the days up to this one, and what today has cost.
        today = 0
        if end > own.seconds:
            end = own.seconds // _DAY * _DAY
            today = self._charged()
        try:
            days = self.costs.total(start, end)
        except OSError:
            return missing
        return missing if days < 0 else days + today

    def summary(self) -> dict:
        """See Feature."""
        return {"prices": {"storage_errors": self.storage_errors}} if self.storage_errors else {}


FEATURE = Prices
