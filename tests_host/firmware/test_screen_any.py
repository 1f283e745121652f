"""Any view that meters can cause fits both panels: nothing outside, nothing over another text."""

import screen_cases
from hypothesis import given, settings
from hypothesis import strategies as st
from test_screen_pages import Sheet, check

from smets import clock
from smets.screen import font_data, pages, usage, view
from smets.screen.layout import LAYOUTS

UTC = st.one_of(st.none(), st.integers(0, 0xFFFFFFFE))
MONEY = st.one_of(st.none(), st.integers(-0x7FFFFFFF, 0x7FFFFFFF))
PRICE = st.one_of(st.none(), st.integers(0, 0xFFFFFFFE))
BAR = st.one_of(st.none(), st.just(usage.NO_DATA), st.integers(0, 0xFFFFFFFE))
TEXT = st.text([char for char in font_data.TEXT_CHARS if char < "\ue000"], max_size=116)


@st.composite
def usages(draw, period: int):
    """The bars of a period, as read, or nothing."""
    shown = usage.Usage(period)
    if draw(st.booleans()):
        shown.slots = {usage.TODAY: 48, usage.WEEK: 7}.get(period) or draw(st.integers(28, 31))
        shown.start = draw(st.integers(0, 0xFFFFFFFE - 32 * 86400))
        shown.bars = draw(st.lists(BAR, max_size=shown.slots))
        shown.under_way = period != usage.TODAY and bool(shown.bars)
        money = [draw(PRICE)] * len(shown.bars)
        shown.close(money)
        shown.estimate(draw(PRICE))
    return shown


@st.composite
def views(draw):
    """A view with any numbers that the data types of the attributes allow."""
    shown = view.View(draw(st.sampled_from(("IHD", "PPMID"))))
    shown.eui = "02534D45545300B0"
    shown.utc = draw(UTC)
    shown.clock_status = (
        clock.INVALID
        if shown.utc is None
        else draw(st.sampled_from((clock.RELIABLE, clock.UNRELIABLE)))
    )
    shown.power = draw(st.one_of(st.none(), st.integers(-0x7FFFFF, 0x7FFFFF)))
    shown.ambient = draw(st.one_of(st.none(), st.integers(0, 255)))
    for fuel in shown.fuels:
        fuel.link = draw(st.integers(view.NO_METER, view.LINK_UNKNOWN))
        fuel.unit = draw(st.sampled_from(("kWh", "m³")))
        fuel.register = draw(st.one_of(st.none(), st.integers(0, (1 << 48) - 2)))
        fuel.price, fuel.standing = draw(PRICE), draw(PRICE)
        fuel.prepayment = draw(st.sampled_from((None, False, True)))
        fuel.balance, fuel.emergency, fuel.debt = draw(MONEY), draw(MONEY), draw(MONEY)
        fuel.credit = draw(st.one_of(st.none(), st.integers(0, 255)))
        fuel.supply = draw(st.one_of(st.none(), st.integers(0, 255)))
        fuel.stamp = draw(UTC)
        fuel.stamp_status = (
            clock.INVALID
            if fuel.stamp is None
            else draw(st.sampled_from((clock.RELIABLE, clock.UNRELIABLE)))
        )
        fuel.tenancy = draw(st.integers(0, 5))
        fuel.date = fuel.applied = draw(st.integers(0, 0xFFFFFFFE))
        fuel.bound = draw(st.sampled_from((None, 0, fuel.applied)))
        fuel.today = draw(usages(usage.TODAY))
        fuel.week = draw(usages(usage.WEEK))
        fuel.month = draw(usages(usage.MONTH))
    count = draw(st.integers(0, 2))
    shown.messages = [(draw(st.integers(1, 0xFFFFFFFE)), draw(TEXT)) for _ in range(count)]
    shown.notices = draw(st.sampled_from(([], [0], [1], [0, 1], [2], [0, 1, 2])))
    return shown


@settings(max_examples=200)
@given(views())
def test_any_view_fits(shown):
    """Every page and part of it; labels give way to numbers, and numbers are never cut."""
    for place in LAYOUTS.values():
        sheet = Sheet(place.width, place.height, place.mono)
        for page, parts in pages.pages(shown, place):
            for part in range(parts):
                pages.draw(sheet, place, shown, page, part)
                check(f"{page}.{part}", sheet, place)


@settings(max_examples=100)
@given(TEXT)
def test_any_message_is_shown_whole(text):
    """spec: up to 116 characters."""
    shown = screen_cases.normal()
    shown.messages = [(screen_cases.MIDNIGHT, text)]
    for place in LAYOUTS.values():
        sheet = Sheet(place.width, place.height, place.mono)
        said = ""
        for part in range(dict(pages.pages(shown, place))["messages"]):
            pages.draw(sheet, place, shown, "messages", part)
            said += "".join(one[4] for one in sheet.texts if one[1] >= place.text_top)
        assert said.replace(" ", "") == "00:00" + text.replace(" ", "")
