# engines: cpython unix
# Every page of every golden case on both panels: nothing outside, nothing over another text,
# nothing cut off; what is not known is not a number.
import screen_cases

from smets.screen import canvas, font, pages, usage, view
from smets.screen.layout import COLOUR, LAYOUTS, MONO, scale, scale_text


class Sheet(canvas.Canvas):
    """A canvas that notes what is drawn, texts with their boxes and rectangles, without pixels."""

    def __init__(self, width, height, mono):
        super().__init__(width, height, mono)
        self.texts = []
        self.rects = []

    def clear(self):
        self.texts = []
        self.rects = []

    def rect(self, x, y, width, height, colour):
        self.rects.append((x, y, x + width, y + height, colour))

    def text(self, x, y, text, face, colour):
        end = x + face.width(text)
        if text:
            self.texts.append((x, y, end, y + face.height, text, face, colour))
        return end

    def words(self):
        return [text[4] for text in self.texts]


def _sheet(place):
    return Sheet(place.width, place.height, place.mono)


def _drawn(place, shown, page, part=0):
    sheet = _sheet(place)
    pages.draw(sheet, place, shown, page, part)
    return sheet


def _apart(one, two):
    return one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]


def check(name, sheet, place):
    smallest = 14 if place is COLOUR else 7
    for index, one in enumerate(sheet.texts):
        x, y, right, bottom, text, face, _ = one
        assert 0 <= x and right <= place.width, "%s: %r leaves the screen" % (name, text)
        assert 0 <= y and bottom <= place.height, "%s: %r leaves the screen" % (name, text)
        assert face.ascent >= smallest, "%s: %r is too small to read" % (name, text)
        for char in text:
            assert face.has(char), "%s: no glyph for %r of %r" % (name, char, text)
        for two in sheet.texts[:index]:
            assert _apart(one, two), "%s: %r over %r" % (name, text, two[4])
    for x, y, right, bottom, _ in sheet.rects:
        assert 0 <= x <= right <= place.width, "%s: a field leaves the screen" % name
        assert 0 <= y <= bottom <= place.height, "%s: a field leaves the screen" % name
    # Nothing but its text in a strip, and no text over its edge.
    for field in sheet.rects:
        if field[2] - field[0] == place.width and field[3] - field[1] > 5 * place.unit:
            for one in sheet.texts:
                inside = field[1] <= one[1] and one[3] <= field[3]
                assert inside or _apart(one, field), "%s: %r over a strip" % (name, one[4])


def test_nothing_is_outside_or_over_another_text():
    for place in LAYOUTS.values():
        sheet = _sheet(place)
        for name, shown, page, part in screen_cases.screens(place):
            pages.draw(sheet, place, shown, page, part)
            check(name, sheet, place)


def _message_words(place, text):
    shown = screen_cases.normal()
    shown.messages = [(screen_cases.MIDNIGHT, text)]
    lines = []
    parts = dict(pages.pages(shown, place))["messages"]
    for part in range(parts):
        sheet = _drawn(place, shown, "messages", part)
        check(text, sheet, place)
        lines += [one for one in sheet.texts if one[1] >= place.text_top]
    return [line[4] for line in lines[1:]], parts


def test_long_messages_are_shown_whole():
    """spec: a message has up to 116 characters; each is on the screen, in order."""
    assert len(screen_cases.LONG) == 116
    for place in LAYOUTS.values():
        for text in (
            screen_cases.LONG,
            "W" * 116,
            "iW " * 38 + "ok",
            "£" * 116,
            "a" * 58 + " " + "M" * 57,
        ):
            lines, parts = _message_words(place, text)
            assert "".join(lines).replace(" ", "") == text.replace(" ", ""), lines
            assert 1 <= parts <= 3, parts
        lines, parts = _message_words(place, screen_cases.SHORT)
        assert " ".join(lines) == screen_cases.SHORT and parts == 1


def test_several_messages_begin_on_pages_of_their_own():
    shown = screen_cases.message_long()
    for place in LAYOUTS.values():
        count = dict(pages.pages(shown, place))["messages"]
        said = []
        for part in range(count):
            sheet = _drawn(place, shown, "messages", part)
            assert any("%d/%d" % (part + 1, count) in text for text in sheet.words())
            said += [one[4] for one in sheet.texts if one[1] >= place.text_top]
        assert "09:00" in said and "yesterday 23:00" in said and "13 Oct 2021 01:00" in said
        together = "".join(said).replace(" ", "")
        for _, text in shown.messages:
            assert text.replace(" ", "") in together, text


def test_what_is_not_known_is_shown_as_unknown():
    """No page of a fresh display has a digit but in its name and in page numbers."""
    for place in LAYOUTS.values():
        for case in ("first-start", "unpaired"):
            for name, shown, page, part in screen_cases.screens(place, case):
                if page == "status" and part == 1:
                    continue
                for text in _drawn(place, shown, page, part).words():
                    assert not any(char in "0123456789" for char in text), (name, text)


def test_all_ones_are_never_shown():
    for place in LAYOUTS.values():
        for name, shown, page, part in screen_cases.screens(place, "link-lost"):
            for text in _drawn(place, shown, page, part).words():
                for wrong in ("16777215", "16777", "65535", "4294967", "281474976"):
                    assert wrong not in text, (name, text)


def test_the_page_now():
    for place in LAYOUTS.values():
        said = _drawn(place, screen_cases.normal(), "now").words()
        assert "0.84" in said and "kW" in said and "Medium" in said and "18:42" in said
        assert "24.1p an hour" in said, said
        shown = screen_cases.link_lost()
        sheet = _drawn(place, shown, "now")
        assert "--" in sheet.words() and "0.84" not in sheet.words()
        assert font.NO_LINK in sheet.words()
        shown.power, shown.ambient = -1234, 7
        assert "-1.23" in _drawn(place, shown, "now").words(), "what is generated is negative"


def _filled(sheet, colours):
    return len(
        [field for field in sheet.rects if field[4] in colours and field[3] - field[1] >= 5]
    )


def test_the_ambient_light_has_one_two_or_three_fields():
    """spec: AmbientConsumptionIndicator is low, medium or high."""
    for place in LAYOUTS.values():
        shown = screen_cases.normal()
        for level, word in ((0, "Low"), (1, "Medium"), (2, "High")):
            shown.ambient = level
            sheet = _drawn(place, shown, "now")
            colour = (canvas.GREEN, canvas.AMBER, canvas.RED)[level]
            assert word in sheet.words() and _filled(sheet, (colour,)) == level + 1
        shown.ambient = None
        sheet = _drawn(place, shown, "now")
        assert "Level --" in sheet.words()
        assert _filled(sheet, (canvas.GREEN, canvas.AMBER, canvas.RED)) == 0


def test_gas_says_as_of_when():
    """spec: SECMP0015, a display shows the time of the last update, and how sure it is."""
    for place in LAYOUTS.values():

        def strip(make, place=place):
            return _drawn(place, make(), "gas").words()[-1]

        assert strip(screen_cases.normal) == "as of 18:30"
        assert "as of 07:30" in strip(screen_cases.gas_stale)
        assert strip(screen_cases.unreliable_stamp) in (
            "as of 18:30, not reliable",
            "as of 18:30, unsure",
        )
        assert strip(screen_cases.no_stamp) in ("Time of reading not known", "Time not known")
        assert strip(screen_cases.clock_invalid) == "17 Nov 2022 18:30?"
        assert strip(screen_cases.first_start) == "No reading yet"
        assert "yesterday 17:00" in strip(screen_cases.link_lost)


def test_restricted_and_purged_periods_are_no_data():
    """spec: neither is a zero."""
    for place in LAYOUTS.values():
        for make in (screen_cases.tenancy_cleared, screen_cases.purging):
            shown = make()
            for page in ("electricity", "gas-use"):
                for part, period in enumerate((usage.TODAY, usage.WEEK, usage.MONTH)):
                    fuel = shown.fuels[0 if page == "electricity" else 1]
                    kept = (fuel.today, fuel.week, fuel.month)[part]
                    assert kept.period == period
                    said = _drawn(place, shown, page, part).words()
                    if kept.total is None:
                        assert "No data" in said, said
                    elif not kept.whole:
                        assert "at least" in said, said
                    assert "0.00" not in said, said


def _bars(place, values, slots=7):
    shown = screen_cases.normal()
    period = usage.Usage(usage.WEEK)
    period.start = screen_cases.MIDNIGHT
    period.slots = slots
    period.bars = values
    period.close([None] * len(values))
    shown.fuels[0].week = period
    sheet = _drawn(place, shown, "electricity", 1)
    base = place.chart_base
    return [
        (field[3] - field[1], field[2] - field[0])
        for field in sheet.rects
        if field[3] == base and field[4] == canvas.YELLOW
    ], sheet


def test_bars_are_as_tall_as_their_values():
    for place in LAYOUTS.values():
        height = place.chart_base - place.chart_top
        tall = [bar[0] for bar in _bars(place, [1000, 500, 0, 999])[0]]
        assert tall[0] == height and tall[1] == height // 2 and tall[3] in (height, height - 1)
        assert tall[2] == 1, "nothing used is a line, and not the dots of no data"


def test_no_data_is_dots():
    for place in LAYOUTS.values():
        bars, sheet = _bars(place, [1000, None, usage.NO_DATA])
        assert len(bars) == 1, "only what is known is a bar"
        dots = [f for f in sheet.rects if f[2] - f[0] <= place.unit and f[3] - f[1] == place.unit]
        assert len(dots) >= 8, len(dots)
        assert not [field for field in dots if field[3] > place.chart_base]


def test_the_cost_of_part_of_a_period_is_not_shown_as_its_cost():
    shown = screen_cases.normal()
    period = usage.Usage(usage.TODAY)
    period.start, period.slots, period.bars = screen_cases.MIDNIGHT, 48, [100, None]
    period.close([10, 10])
    period.estimate(28620)
    assert period.total == 100 and not period.whole and period.money is None
    shown.fuels[0].today = period
    for place in LAYOUTS.values():
        said = _drawn(place, shown, "electricity", 0).words()
        assert "at least" in said and not [text for text in said if "£" in text], said


def test_money_pages():
    for place in LAYOUTS.values():
        said = _drawn(place, screen_cases.prepaid(), "price").words()
        assert "28.62" in said and "p a kWh" in said and "46.36p" in said
        said = _drawn(place, screen_cases.prepaid(), "credit", 1).words()
        assert "£8.45" in said and "£5.00" in said and "Credit is good" in said
        said = _drawn(place, screen_cases.emergency_credit(), "credit").words()
        assert "-£1.18" in said and "£3.82" in said and "Emergency credit in use" in said
        said = _drawn(place, screen_cases.supply_off(), "credit").words()
        assert "Electricity supply is off" in said
        assert "armed" in _drawn(place, screen_cases.supply_off(), "gas").words()
        said = _drawn(place, screen_cases.supply_off(), "credit", 1).words()
        assert "Supply is armed" in said
        shown = screen_cases.prepaid()
        shown.fuels[0].prepayment = False
        said = " ".join(_drawn(place, shown, "credit").words())
        assert "not in prepayment mode" in said and "£" not in said


ACTS = ["top-up", "emergency", "supply"]


def test_pages_come_and_go_with_what_there_is():
    def names(make):
        return [name for name, _ in pages.pages(make(), MONO)]

    everywhere = ["now", "electricity", "messages", "status"]
    assert names(screen_cases.unpaired) == everywhere
    ihd = ["now", "electricity", "gas", "gas-use", "price", "messages", "tenancy", "status"]
    assert names(screen_cases.normal) == ihd
    assert names(screen_cases.prepaid) == ihd[:5] + ["credit"] + ACTS + ihd[5:]
    assert names(screen_cases.first_start) == ihd[:5] + ["credit"] + ACTS + ihd[5:]
    assert names(screen_cases.tenancy_cleared) == ["notice"] + ihd
    shown = screen_cases.normal()
    shown.fuels[1].prepayment = True
    assert ("credit", 2) in pages.pages(shown, MONO), "an IHD of a prepayment home"


def test_tenancy_in_words():
    for place in LAYOUTS.values():

        def said(make, page="tenancy", place=place):
            return " ".join(_drawn(place, make(), page).words())

        assert "No change of tenancy." in said(screen_cases.normal)
        assert "No data is shown until the meter answers." in said(screen_cases.first_start)
        assert "is being cleared" in said(screen_cases.purging)
        assert "New tenancy from 1 Dec 00:00. Older data" in said(screen_cases.future_tenancy)
        assert "before 16 Nov 00:00 is cleared" in said(screen_cases.tenancy_cleared)
        assert "Data cleared: new tenancy." in said(screen_cases.tenancy_cleared, "notice")
        assert "Electricity and gas before 16 Nov" in said(screen_cases.tenancy_cleared, "notice")
        assert "New tenancy to come" in said(screen_cases.future_tenancy, "now")
        shown = screen_cases.normal()
        shown.fuels[0].tenancy = 2
        sheet = _drawn(place, shown, "tenancy")
        assert "Electricity" in sheet.words() and "Gas" in sheet.words()
        assert "until the time is known" in " ".join(sheet.words())


def test_why_there_is_no_data():
    shown = screen_cases.normal()
    fuel = shown.fuels[0]
    fuel.today = usage.Usage(usage.TODAY)
    for place in LAYOUTS.values():

        def said(place=place):
            return " ".join(_drawn(place, shown, "electricity").words())

        fuel.bound = None
        assert "Asking the meter whether" in said()
        fuel.bound = 0
        assert "The meter has sent nothing" in said()
        fuel.link = view.NO_METER
        assert "There is no meter." in said()
        fuel.link = view.UP


def test_status_names_links_clock_and_device():
    for place in LAYOUTS.values():
        said = _drawn(place, screen_cases.link_lost(), "status").words()
        assert said.count("link lost") == 2 and "set" in said and "17 Nov 2022" in said
        said = _drawn(place, screen_cases.clock_invalid(), "status").words()
        assert said.count("not known") == 2 and "not set" in said and "--:--" in said
        said = _drawn(place, screen_cases.unreliable_stamp(), "status").words()
        assert "not reliable" in said and "18:42?" in said
        shown = screen_cases.normal()
        shown.utc += 200 * 86400
        assert "BST" in _drawn(place, shown, "status").words()
        said = _drawn(place, shown, "status", 1).words()
        assert "0253 4D45 5453 00B0" in said and "IHD" in said


def test_the_hours_below_a_summer_day_are_local():
    """Days are those of the meters, from midnight UTC, which is 01:00 in summer."""
    shown = screen_cases.normal()
    shown.fuels[0].today.start += 200 * 86400
    for place in LAYOUTS.values():
        said = _drawn(place, shown, "electricity").words()
        assert [text for text in said if text in ("1", "7", "13", "19")] == ["1", "7", "13", "19"]


def test_a_scale_is_round_and_said_exactly():
    before = 0
    for value in list(range(0, 3000, 7)) + [
        10**power + odd for power in range(4, 11) for odd in (0, 1)
    ]:
        top = scale(value)
        assert top >= value and top >= before and (value < 100 or top <= 2 * value), (value, top)
        before = top
        text = scale_text(top)
        thousand = 1000 if text[-1] == "k" else 1
        whole, _, tenths = text.rstrip("k").partition(".")
        assert (int(whole) * 10 + int(tenths or 0)) * 100 * thousand == top, (top, text)
        assert len(text) <= 6, text


def test_what_a_ppmid_asked_for_is_answered_in_words():
    """issue: accepted with amount and balance, and each refusal, on both panels."""
    from smets.features.prepayment import codes

    for place in LAYOUTS.values():

        def said(shown, page, place=place):
            return " ".join(_drawn(place, shown, page).words())

        text = said(screen_cases.top_up_added(), "top-up")
        assert "£10.50 added." in text and "Credit £12.34" in text
        assert "can be switched on" in said(screen_cases.top_up_armed(), "top-up")
        for result, words in (
            (codes.INVALID, "not valid"),
            (codes.DUPLICATE, "used before"),
            (codes.ERROR, "cannot take it"),
            (codes.MAX_CREDIT_REACHED, "too much credit"),
            (codes.KEYPAD_LOCK, "Wait ten minutes"),
            (codes.VALUE_TOO_LARGE, "too large"),
            (0x7E, "does not know this device"),
            (0x99, "did not take"),
        ):
            shown = screen_cases.answered(screen_cases.prepaid(), codes.TOP_UP, result)
            assert words in said(shown, "top-up"), result
            check("%02X" % result, _drawn(place, shown, "top-up"), place)
        for state, words in (
            (codes.WAITING, "Waiting"),
            (codes.NO_ANSWER, "did not answer"),
            (codes.NO_METER, "not found"),
        ):
            for kind, page in enumerate(("top-up", "emergency", "supply")):
                shown = screen_cases.prepaid()
                screen_cases.answered(shown, kind, 0, None, state)
                assert words in said(shown, page), (page, state)
        for kind, page, result, words in (
            (codes.EMERGENCY, "emergency", 0, "is active"),
            (codes.EMERGENCY, "emergency", 1, "not available"),
            (codes.SUPPLY, "supply", 0, "supply is on"),
            (codes.SUPPLY, "supply", 0x93, "Refused"),
        ):
            shown = screen_cases.answered(screen_cases.prepaid(), kind, result)
            assert words in said(shown, page), (page, result)
        assert "7394 1656 8---" in said(screen_cases.top_up_entry(), "top-up")
        shown = screen_cases.prepaid()
        shown.fuels[0].credit = shown.fuels[0].supply = None
        assert "not known" in said(shown, "emergency") and "not known" in said(shown, "supply")
