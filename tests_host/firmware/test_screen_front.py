# engines: cpython unix
# The front of a display: keys, pages, when the panel is given a picture.
from binascii import crc32

from testkit import tmpdir

from smets.devices.ihd import Ihd
from smets.devices.ppmid import Ppmid
from smets.features.prepayment import codes
from smets.features.tenancy.cleared import ELECTRICITY, GAS
from smets.ports.store import Store
from smets.screen import canvas, layout, pages, view
from smets.screen.buttons import BACK, NEXT, NONE, OK, Buttons, Navigator
from smets.screen.front import Front
from smets.screen.view import View, view_of


def started():
    display = Ihd(Store(tmpdir() + "/s"))
    display.feature("pairing").pair({"fuel": "electricity", "eui": "02534D45545300A0"})
    return display


def _picture(display, page, part=0):
    target = canvas.Canvas(128, 64, True)
    pages.draw(target, layout.MONO, view_of(display), page, part)
    return bytes(target.octets)


def _front(display):
    return Front(display, layout.MONO, canvas.Canvas(128, 64, True))


def _drawn(front):
    assert front.check == crc32(front.canvas.octets)
    return bytes(front.canvas.octets)


def test_the_front_shows_the_display_and_follows_its_keys():
    display = started()
    front = _front(display)
    front.press(NEXT)  # before the first picture: nothing is there to leave
    assert front.tick(0) and _drawn(front) == _picture(display, "now")
    assert not front.tick(500), "not due"
    assert front.tick(500)
    front.press(NEXT)
    assert front.tick(1) and _drawn(front) == _picture(display, "electricity")
    front.press(OK)
    assert front.tick(1) and _drawn(front) == _picture(display, "electricity", 1)
    for _ in range(60):
        front.tick(1000)
    assert _drawn(front) == _picture(display, "now"), "a minute without a key"


def test_a_notice_stays_until_it_is_confirmed():
    display = started()
    rules = display.feature("tenancy_display")
    rules.notices.append(ELECTRICITY)
    front = _front(display)
    front.tick(0)
    assert front.navigator.page == "notice"
    front.press(NEXT)
    front.tick(10)
    assert front.navigator.page == "notice" and rules.notices == [ELECTRICITY]
    front.press(OK)
    front.tick(10)
    assert rules.notices == [] and front.navigator.page == "now"
    assert _drawn(front) == _picture(display, "now")


def _shown(notices=()):
    shown = View("IHD")
    shown.notices = list(notices)
    for fuel in shown.fuels:
        fuel.link = 2
    return shown


def test_next_and_back_go_round():
    shown, navigator = _shown(), Navigator()
    names = [name for name, _ in pages.pages(shown, layout.MONO)]
    for index in range(1, 2 * len(names)):
        assert not navigator.press(NEXT, shown, layout.MONO)
        assert navigator.page == names[index % len(names)] and navigator.part == 0
    for _ in range(3):
        navigator.press(BACK, shown, layout.MONO)
    assert navigator.page == names[-4]


def test_ok_goes_through_the_parts():
    shown, navigator = _shown(), Navigator()
    navigator.press(OK, shown, layout.MONO)
    assert (navigator.page, navigator.part) == ("now", 0), "it has one"
    navigator.press(NEXT, shown, layout.MONO)
    for part in (1, 2, 0):
        navigator.press(OK, shown, layout.MONO)
        assert (navigator.page, navigator.part) == ("electricity", part)


def test_a_page_that_is_gone_is_left():
    shown, navigator = _shown(), Navigator()
    navigator.page, navigator.part = "gas-use", 2
    navigator.settle(shown, layout.MONO)
    assert (navigator.page, navigator.part) == ("gas-use", 2)
    shown.fuels[GAS].link = 0
    navigator.settle(shown, layout.MONO)
    assert (navigator.page, navigator.part) == ("now", 0)
    navigator.page, navigator.part = "price", 1
    navigator.settle(shown, layout.MONO)
    assert (navigator.page, navigator.part) == ("price", 0), "one price is left"
    shown.fuels[ELECTRICITY].link = 0
    navigator.press(NEXT, shown, layout.MONO)
    assert navigator.page == "electricity"


def test_a_notice_takes_the_screen_and_gives_it_back():
    shown, navigator = _shown((GAS,)), Navigator()
    navigator.page = "status"
    navigator.settle(shown, layout.MONO)
    assert navigator.page == "notice"
    assert not navigator.press(NEXT, shown, layout.MONO)
    assert not navigator.press(BACK, shown, layout.MONO) and navigator.page == "notice"
    assert navigator.press(OK, shown, layout.MONO)
    shown.notices = []
    navigator.settle(shown, layout.MONO)
    assert navigator.page == "now"


class Pins:
    """Three pins; those that are down read 0."""

    def __init__(self):
        self.down = ()
        self.buttons = Buttons([self.pin(0), self.pin(1), self.pin(2)])

    def pin(self, number):
        return lambda: 0 if number in self.down else 1


def test_a_button_counts_once_when_it_is_steady():
    pins = Pins()
    assert pins.buttons.poll(10) == NONE
    pins.down = (NEXT,)
    assert pins.buttons.poll(10) == NONE and pins.buttons.poll(10) == NONE
    pins.down = ()
    assert pins.buttons.poll(10) == NONE, "a bounce"
    pins.down = (NEXT,)
    assert _polled(pins, 10) == [NEXT]


def _polled(pins, times):
    """The keys of so many polls, 10 ms apart."""
    keys = [pins.buttons.poll(10) for _ in range(times)]
    return [key for key in keys if key != NONE]


def test_a_short_press_between_two_polls_counts():
    """A page is drawn for 150 ms; the key is down for some of them."""
    pins = Pins()
    assert pins.buttons.poll(10) == NONE
    pins.down = (OK,)
    pins.buttons.sample()
    pins.down = ()
    pins.buttons.sample()
    assert pins.buttons.poll(150) == NONE, "a bounce: it was down in one sample"
    for before in (0, 10):  # whether a poll saw it down already
        pins.down = (NEXT, OK)
        if before:
            assert pins.buttons.poll(before) == NONE
        pins.buttons.sample()
        pins.buttons.sample()
        pins.down = ()
        pins.buttons.sample()
        assert _polled(pins, 20) == [NEXT, OK], "each once"
    pins.down = (OK,)
    assert _polled(pins, 5) == [OK]
    pins.buttons.sample()
    pins.buttons.sample()
    pins.down = ()
    assert pins.buttons.poll(150) == NONE, "it has counted"


def test_a_held_button_repeats_and_ok_does_not():
    pins = Pins()
    pins.down = (BACK, OK)
    assert _polled(pins, 135) == [BACK, OK, BACK, BACK]
    pins.down = ()
    pins.buttons.poll(10)
    pins.down = (OK,)
    assert pins.buttons.poll(30) == OK


class Acting:
    """A display that notes what its keys ask for."""

    def __init__(self):
        self.asked = []

    def press(self, keys, navigator, shown):
        for key in keys:
            navigator.press(key, shown, layout.MONO)
            if navigator.request:
                self.asked.append(navigator.request)
                navigator.request = None


def ppmid_view(page):
    shown = view.View("PPMID")
    electricity = shown.fuels[ELECTRICITY]
    electricity.link = view.UP
    electricity.credit = 0x0E
    electricity.supply = 1
    navigator = Navigator()
    navigator.page = page
    return shown, navigator, Acting()


def test_a_number_is_entered_with_three_keys():
    """issue: 20 digits with few buttons; digits can be taken away, the page can be left."""
    shown, navigator, acting = ppmid_view("top-up")
    digits = "73941656880950804485"
    keys = [OK]
    for index, digit in enumerate(digits):
        keys += [NEXT] * int(digit) + [OK]
        if index == 4:  # a wrong one, and away with it
            keys += [NEXT, OK, BACK, OK, BACK]
    acting.press(keys, navigator, shown)
    assert acting.asked == []
    navigator.settle(shown, layout.MONO)
    assert bytes(shown.entry) == digits.encode()
    acting.press([NEXT], navigator, shown)
    navigator.settle(shown, layout.MONO)
    assert bytes(shown.entry) == digits[:-1].encode() and shown.choice == 5
    acting.press([OK, OK], navigator, shown)
    assert acting.asked == [("top_up", (digits.encode(),))]
    navigator.settle(shown, layout.MONO)
    assert shown.entry is None and navigator.page == "top-up"
    acting.press([OK, BACK, OK], navigator, shown)
    assert navigator.page == "top-up", "delete without a digit leaves"
    acting.press([BACK], navigator, shown)
    assert navigator.page == "credit" and len(acting.asked) == 1
    navigator.page = "top-up"
    acting.press([OK, NEXT, OK], navigator, shown)
    navigator.home()
    navigator.settle(shown, layout.MONO)
    assert shown.entry is None, "a minute without a key forgets what was entered"


def test_emergency_credit_and_supply_take_two_presses():
    """issue: no debt and no live socket by one press too many."""
    for page, method in (("emergency", "emergency_credit"), ("supply", "enable_supply")):
        shown, navigator, acting = ppmid_view(page)
        acting.press([OK], navigator, shown)
        navigator.settle(shown, layout.MONO)
        assert shown.confirm and acting.asked == []
        known = shown.fuels[ELECTRICITY].credit, shown.fuels[ELECTRICITY].supply
        shown.fuels[ELECTRICITY].credit = shown.fuels[ELECTRICITY].supply = None
        navigator.settle(shown, layout.MONO)
        assert shown.confirm, "the meter is being read again"
        shown.fuels[ELECTRICITY].credit, shown.fuels[ELECTRICITY].supply = known
        acting.press([NEXT, BACK, OK], navigator, shown)
        assert acting.asked == [], "another page in between"
        acting.press([OK], navigator, shown)
        assert acting.asked == [(method, ())]
        shown.fuels[ELECTRICITY].credit = 0x05
        shown.fuels[ELECTRICITY].supply = 2
        acting.press([OK, OK, OK], navigator, shown)
        assert len(acting.asked) == 1, "not offered"


def test_keys_of_a_ppmid_reach_its_meter():
    """The front calls the PPMID, which is awake then, and shows what came of it."""
    display = Ppmid(Store(tmpdir() + "/s"))
    display.feature("pairing").pair({"fuel": "electricity", "eui": "02534D45545300A0"})
    front = _front(display)
    front.tick(0)
    front.navigator.page = "top-up"
    for key in [OK] + [OK] * 20:
        front.press(key)
        front.tick(1)
    assert display.feature("requests").last is None
    display.advance(30)
    assert display.awake, "a key keeps it awake"
    front.press(OK)
    front.tick(1)
    assert display.feature("requests").last.state == codes.NO_METER
    assert _drawn(front) == _picture(display, "top-up")
