# Pages of consumption: now, the bars of a day, a week and a month, gas with its time.
from smets import clock
from smets.features.tenancy import machine
from smets.features.tenancy.cleared import ELECTRICITY, GAS
from smets.screen import alerts, font, layout, localtime, view, words
from smets.screen.canvas import (
    AMBER,
    BLUE,
    DULL_BLUE,
    DULL_YELLOW,
    GREEN,
    GREY,
    RED,
    WHITE,
    YELLOW,
)

ICONS = (font.BOLT, font.FLAME)
ACCENTS = (YELLOW, BLUE)
_DULL = (DULL_YELLOW, DULL_BLUE)
_LEVELS = ("Low", "Medium", "High")
_LEVEL_COLOURS = (GREEN, AMBER, RED)
_PERIODS = ("Today", "This week", "This month")
_SUPPLY = ("off", "armed")


def now(paint, shown, part: int):
    """The power drawn now, its level, what it costs; the most urgent alert."""
    place = paint.layout
    paint.header(shown, font.BOLT, ("Now",), YELLOW)
    paint.big(words.quantity(shown.power), "kW")
    ambient = shown.ambient if shown.ambient in (0, 1, 2) else None
    paint.level(ambient, _LEVEL_COLOURS)
    level, colour = "Level " + words.UNKNOWN, GREY
    if ambient is not None:
        level, colour = _LEVELS[ambient], _LEVEL_COLOURS[ambient]
    cost = words.pence(shown.hourly_cost(), 1)
    y = place.row_top + 7 * place.unit
    room = place.inner - place.small.width(level + "   ")
    paint.left(y, level, colour)
    paint.right(y, paint.fit((cost + " an hour", cost + "/hour"), room), WHITE)
    found = alerts.find(shown)
    if not shown.paired():
        paint.strip(("No meter is paired",), AMBER)
    elif found:
        paint.strip(*alerts.wording(shown, *found[0]))
    else:
        used = words.quantity(shown.fuels[ELECTRICITY].today.total)
        paint.strip(("Today %s kWh" % used,), GREY, False)


def electricity(paint, shown, part: int):
    """The electricity of today, this week or this month."""
    _use(paint, shown, part, shown.fuels[ELECTRICITY])


def gas_use(paint, shown, part: int):
    """The gas of today, this week or this month."""
    _use(paint, shown, part, shown.fuels[GAS])


def _use(paint, shown, part, fuel):
    accent = ACCENTS[fuel.fuel]
    period = (fuel.today, fuel.week, fuel.month)[part]
    paint.header(shown, ICONS[fuel.fuel], (_PERIODS[part],), accent)
    if period.total is None:
        said = (("No data", WHITE), (_why_no_data(shown, fuel), GREY))
        paint.lines(layout.broken((said,), paint.layout))
        return
    _total(paint, fuel, period)
    paint.chart(period, accent, _DULL[fuel.fuel])


def _why_no_data(shown, fuel) -> str:
    if fuel.link == view.NO_METER:
        return "There is no meter."
    if shown.utc is None:
        return "Waiting for the time."
    if fuel.tenancy == machine.PURGING:
        return "Data of the former tenancy is being cleared."
    if fuel.bound is None:
        return "Asking the meter whether the tenancy has changed."
    if fuel.applied is not None:
        when = localtime.day_time_text(fuel.applied, shown.utc)
        return "New tenancy: data from before %s is cleared." % when
    return "The meter has sent nothing for this time yet."


def _total(paint, fuel, period):
    """The sum of a period on the left, its cost on the right; as large as there is room."""
    place = paint.layout
    small = place.small
    gap = 3 * place.unit
    number = words.quantity(period.total)
    cost = "" if period.money is None else words.pounds(period.money)
    least = "" if period.whole else "at least"
    exact = "about" if period.about else ""
    for face, about in ((place.medium, exact), (small, exact), (small, "")):
        parts = ((least, small), (number, face), (fuel.unit, small), (about, small), (cost, face))
        taken = sum([one.width(text) + gap for text, one in parts if text])
        if taken - gap <= place.inner and face.shows(number + cost):
            break
    base = place.text_top + place.medium.ascent
    x = place.margin
    for text, one, colour in (
        (least, small, GREY),
        (number, face, WHITE),
        (fuel.unit, small, GREY),
    ):
        if text:
            x = paint.canvas.text(x, base - one.ascent, text, one, colour) + gap
    x = place.width - place.margin
    for text, one, colour in ((cost, face, WHITE), (about, small, GREY)):
        if cost and text:
            x -= one.width(text)
            paint.canvas.text(x, base - one.ascent, text, one, colour)
            x -= gap


def gas(paint, shown, part: int):
    """The gas of today, the meter's reading, and the time at which these were true."""
    fuel = shown.fuels[GAS]
    paint.header(shown, font.FLAME, ("Gas",), BLUE)
    paint.big(words.quantity(fuel.today.total), fuel.unit + " today")
    reading = words.register(fuel.register)
    if fuel.register is not None:
        reading += " " + fuel.unit
    paint.row(0, ("Meter reading", "Reading", ""), reading)
    if fuel.supply in (0, 1):
        paint.row(1, ("Supply",), _SUPPLY[fuel.supply], RED)
    else:
        paint.row(1, ("Cost today", "Cost"), words.pounds(fuel.today.money))
    paint.strip(*_as_of(shown, fuel))


def _as_of(shown, fuel) -> tuple:
    """(wordings, colour, whether it wants attention) of the time of the gas values."""
    if fuel.register is None:
        return ("No reading yet",), AMBER, True
    if fuel.stamp_status == clock.INVALID:
        return ("Time of reading not known", "Time not known"), AMBER, True
    moment = localtime.moment_text(fuel.stamp, shown.utc)
    if fuel.stamp_status == clock.UNRELIABLE:
        wordings = ("as of %s, not reliable", "as of %s, unsure", "as of %s?", "%s?")
        return [wording % moment for wording in wordings], AMBER, True
    if shown.is_stale():
        return ("Old: as of " + moment, "as of " + moment), AMBER, True
    return ("as of " + moment,), GREY, False
