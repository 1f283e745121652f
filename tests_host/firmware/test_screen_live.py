# engines: cpython unix
# The panel and keys of a board: what is sent and when, light, keys, a panel that is away.
import gc
import json
import sys
from binascii import crc32

from testkit import raises, tmpdir

from smets import alive, devices, runtime
from smets.document import DocumentError
from smets.features.tenancy.cleared import ELECTRICITY
from smets.journal import Ring
from smets.ports.open_screen import open_keys, open_screen
from smets.ports.screen import Screen, ScreenError
from smets.ports.store import Store
from smets.screen import layout, live, pages, view
from smets.screen.buttons import BACK, NEXT, OK, Buttons
from smets.screen.canvas import Canvas

METER = {"fuel": "electricity", "eui": "02534D45545300A0"}
SSD1306 = {"i2c": 0, "clock": 1, "data": 0}
ST7789 = {"spi": 1, "clock": 10, "data": 11, "select": 9, "command": 8, "reset": 12, "light": 13}
KEYS = {"next": 20, "back": 16, "ok": 3}


class Glass(Screen):
    """A panel of eight pieces that keeps what it is sent; `absent`: it does not answer."""

    width, height, mono, pieces = 128, 64, True, 8

    def __init__(self):
        self.octets = bytearray(1024)
        self.sent = []
        self.absent = False
        self.lit = True

    def send(self, canvas, piece):
        self.sent.append(piece)
        if self.absent:
            return False
        self.octets[128 * piece : 128 * piece + 128] = canvas.octets[
            128 * piece : 128 * piece + 128
        ]
        return True

    def light(self, on):
        self.lit = on


class Board:
    """A display with a panel and keys, whose time passes 10 ms a turn of the loop."""

    def __init__(self, role="ihd"):
        self.told = []
        self.said = []
        self.down = ()
        self.role = role
        self.path = tmpdir() + "/s"
        self.start()
        self.display.feature("pairing").pair(METER)

    def start(self):
        """The power comes, or comes back."""
        store = Store(self.path)
        self.runtime = runtime.Runtime({"role": self.role}, self._hear, store, Ring(store))
        self.glass = Glass()
        self.live = live.Live(self.glass, self.told.append)
        self.live.buttons = Buttons([self._pin(key) for key in (NEXT, BACK, OK)])
        self.runtime.wire(self.live)

    def _hear(self, text):
        # Of pixels the end is enough: the heap is a board's.
        if len(text) != 480:
            self.said.append(text)

    @property
    def display(self):
        return self.runtime.device

    def _pin(self, key):
        return lambda: 0 if key in self.down else 1

    def turn(self, ms=10, step=10):
        for _ in range(0, ms, step):
            self.runtime.show(self.live, step)

    def press(self, *keys):
        for key in keys:
            self.down = (key,)
            self.turn(50)
            self.down = ()
            self.turn(20)

    def ask(self, document):
        del self.said[:]
        text = json.dumps(document)
        self.runtime.line("CTRL:SCREEN#1:%d:%s" % (len(text), text))
        said = "".join(self.said).strip().split("\n")[-1]
        head, _, body = said.partition("#1:")
        body = body.partition(":")[2]
        return json.loads(body) if head == "CTRL:OK" else body


def _page(board, name, part=0):
    target = Canvas(128, 64, True)
    pages.draw(target, layout.MONO, view.view_of(board.display), name, part)
    return target.octets


def test_a_picture_goes_piece_by_piece_and_only_what_changed():
    board = Board()
    board.turn(10)
    assert board.glass.sent == [0] and board.live.wait == 0, "one a turn, and no waiting between"
    board.turn(100)
    assert board.glass.sent == list(range(8)) and board.live.wait > 0
    assert board.glass.octets == _page(board, "now")
    before = bytes(board.glass.octets)
    board.turn(3000)
    assert len(board.glass.sent) == 8, "the same picture is not sent again"
    board.press(NEXT)
    board.turn(200)
    assert board.glass.octets == _page(board, "electricity")
    changed = [
        n for n in range(8) if board.glass.octets[128 * n :][:128] != before[128 * n :][:128]
    ]
    assert board.glass.sent[8:] == changed


class Dog:
    """A watchdog that counts how often it is fed."""

    fed = 0

    def feed(self):
        self.fed += 1


def test_a_key_that_is_down_only_while_a_page_is_drawn():
    """The loop's keys are looked at between two texts, and its watchdog is fed."""
    board, dog = Board(), Dog()
    board.turn(500)
    opened, live.open_live = live.open_live, lambda *given: board.live
    loop = runtime.Loop({"role": "ihd", "panel": {}}, None, dog)
    try:
        loop._open_panel(board.runtime)
        work = alive._listener
        fed = []

        def drawn():
            board.down = (NEXT,) if len(fed) < 2 else ()
            work()
            board.down = ()
            fed.append(dog.fed)

        alive.listen(drawn)
        board.turn(1000)
        assert len(fed) >= 2 and fed == list(range(1, 1 + len(fed))), fed
    finally:
        alive.listen(None)
        live.open_live = opened
    board.turn(200)
    assert board.glass.octets == _page(board, "electricity")


def test_what_the_panel_shows_is_what_the_link_tells():
    """One view: keys of both lead both, and both name the same pixels."""
    board = Board()
    board.press(NEXT)
    answer = board.ask({})
    assert (answer["page"], answer["panel"]) == ("electricity", "128x64")
    board.turn(200)
    assert answer["check"] == crc32(board.glass.octets)
    answer = board.ask({"press": ["ok", "next"]})
    board.turn(200)
    assert answer["check"] == crc32(board.glass.octets)
    assert answer["lit"] is True and answer["answers"] is True


def test_another_panel_of_a_host_shows_the_same_page():
    """A host may have a panel of its own, such as `smets screen`: keys of each lead both."""
    board = Board()
    board.turn(200)
    answer = board.ask({"panel": "240x135", "press": ["next"]})
    assert (answer["panel"], answer["page"]) == ("240x135", "electricity")
    board.turn(200)
    assert board.glass.octets == _page(board, "electricity")
    board.press(NEXT)
    assert board.ask({"panel": "240x135", "passed": 1000})["page"] == "price"
    assert board.ask({"panel": "240x135", "passed": 120000})["page"] == "price", "the board leads"
    assert board.ask({})["panel"] == "128x64"
    board.turn(60000, 1000)
    assert board.ask({"panel": "240x135", "passed": 1000})["page"] == "now"


def test_the_light_goes_off_and_a_key_or_an_alert_brings_it_back():
    board = Board()
    board.turn(live.LIGHT_MS - 10000, 10000)
    assert board.glass.lit
    board.turn(10000, 10000)
    assert not board.glass.lit and board.ask({})["lit"] is False
    board.press(NEXT)
    assert board.glass.lit and board.ask({})["page"] == "now", "this key was for the light"
    board.press(NEXT)
    assert board.ask({})["page"] == "electricity"
    board.turn(live.LIGHT_MS + 10000, 10000)
    assert not board.glass.lit
    board.display.feature("tenancy_display").notices.append(ELECTRICITY)
    board.turn(2000, 100)
    assert board.glass.lit and board.ask({})["page"] == "notice"
    board.turn(live.LIGHT_MS + 10000, 10000)
    assert not board.glass.lit, "told once"
    assert board.ask({"press": ["ok"]})["page"] == "now", "a host sees the screen all the time"
    assert board.glass.lit


def test_a_notice_comes_back_with_the_power_until_ok():
    """issue: a display on the mains loses its power, and the notice is shown again."""
    board = Board()
    rules = board.display.feature("tenancy_display")
    rules.machine.seen(ELECTRICITY, 5000, 0x200)
    while rules.machine.step(6000):
        pass
    board.start()
    assert board.ask({})["page"] == "notice"
    board.turn(200)
    assert board.glass.octets == _page(board, "notice")
    board.press(NEXT)
    board.start()
    assert board.ask({})["page"] == "notice", "another key does not confirm it"
    board.press(OK)
    assert board.ask({})["page"] == "now"
    board.start()
    assert board.ask({})["page"] == "now"


def test_a_panel_that_is_away_is_told_of_once_and_tried_again():
    board = Board()
    board.turn(1000)
    board.glass.absent = True
    board.press(NEXT)
    board.turn(50)
    assert board.told == ["the panel does not answer"]
    assert board.ask({})["answers"] is False and board.ask({})["page"] == "electricity"
    tries = len(board.glass.sent)
    board.turn(live.AGAIN_MS - 200)
    assert len(board.glass.sent) == tries, "not before its time"
    board.turn(live.AGAIN_MS * 3, 100)
    assert 2 <= len(board.glass.sent) - tries <= 4 and len(board.told) == 1
    board.glass.absent = False
    board.glass.octets = bytearray(1024)  # its power was off
    board.turn(live.AGAIN_MS + 500)
    assert board.glass.octets == _page(board, "electricity") and board.ask({})["answers"] is True
    board.glass.absent = True
    board.press(NEXT)
    board.turn(50)
    assert len(board.told) == 2, "away again"


def test_a_picture_that_fails_does_not_stop_the_device():
    board = Board()
    board.turn(1000)
    notices = board.display.feature("tenancy_display").notices
    board.display.feature("tenancy_display").notices = 5
    board.turn(2000)
    assert board.runtime.failure is None
    assert len([text for text in board.runtime.ring.texts() if "Error" in text]) == 1
    board.display.feature("tenancy_display").notices = notices
    board.press(NEXT)
    board.turn(live.AGAIN_MS + 1000)
    board.press(NEXT)
    assert board.ask({})["page"] == "electricity"


def test_forget_leaves_the_panel_with_the_new_device():
    board = Board()
    board.press(NEXT)
    board.runtime.line("CTRL:FORGET#2:0:")
    board.turn(1200)
    assert board.ask({})["page"] == "now"
    board.turn(200)
    assert board.glass.octets == _page(board, "now")


def test_a_key_of_a_ppmid_sends_its_frame_at_once():
    board = Board("ppmid")
    board.turn(200)
    board.runtime.screen().front.navigator.page = "top-up"
    board.press(OK)
    for _ in range(20):
        board.press(OK)
    del board.said[:]
    board.press(OK)
    assert board.display.feature("requests").last is not None
    assert not board.display.outbox


def test_turns_with_nothing_due_take_no_memory():
    if not hasattr(gc, "mem_alloc"):
        return
    board = Board()
    board.turn(500)
    board.runtime.screen().front.tick(1000)
    board.live.pump(board.runtime, 1)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        board.live.pump(board.runtime, 1)
    taken = gc.mem_alloc() - before
    gc.enable()
    assert taken == 0, taken


def test_pictures_leave_nothing_behind():
    if not hasattr(gc, "mem_alloc"):
        return
    board = Board()
    board.turn(10000, 1000)
    gc.collect()
    before = gc.mem_alloc()
    board.turn(120000, 1000)
    gc.collect()
    assert gc.mem_alloc() - before < 1024


class Pin:
    """Of a chip with pins 0 to 29."""

    IN, OUT, PULL_UP = 0, 1, 2

    def __init__(self, number, mode=None, pull=None):
        if number > 29:
            raise ValueError("invalid pin")

    def __call__(self, level=1):
        return level


class Bus:
    """Its SPI and I2C; `fails` is what they say to what they are given."""

    fails = ""

    def __init__(self, number, **options):
        if self.fails:
            raise ValueError(self.fails)

    def write(self, octets):
        pass


class Machine:
    Pin, SPI, I2C = Pin, Bus, Bus


class Time:
    sleep_ms = print


def with_chip(what, fails=""):
    """What `what()` makes of a chip."""
    Bus.fails = fails
    time = Time()
    time.sleep_ms = lambda ms: None
    saved = {name: sys.modules.get(name) for name in ("machine", "time")}
    sys.modules["machine"], sys.modules["time"] = Machine(), time
    try:
        return what()
    finally:
        for name in saved:
            if saved[name] is None:
                del sys.modules[name]
            else:
                sys.modules[name] = saved[name]


def panel(driver="st7789", pins=ST7789, **changed):
    pins = dict(pins)
    pins.update(changed)
    return {"driver": driver, "pins": pins}


def test_what_a_device_json_cannot_say_is_named():
    for config, words in (
        (5, "panel: 5 is not an object"),
        ({"driver": "st7789"}, "panel.pins: missing"),
        (panel("hologram"), 'panel.driver: "hologram" is not one of ssd1306, st7789'),
        (panel(clock="GP10"), 'panel.pins.clock: "GP10" is not the number of a pin'),
        (panel(clock=True), "panel.pins.clock: true is not the number of a pin"),
        (panel(light=-1), "panel.pins.light: -1 is not the number of a pin"),
        (panel(colour=1), "panel.pins.colour: unknown member"),
        (panel("ssd1306", SSD1306, address=7), "panel.pins.address: 7 is not a whole number"),
        (panel(pins={"spi": 1}), "missing"),
    ):
        with raises(DocumentError) as raised:
            with_chip(lambda config=config: open_screen(config))
        assert words in str(raised.error), str(raised.error)
    for config, fails, words in (
        (panel(clock=9), "", ": pin 9 is panel.pins."),
        (panel(clock=45), "", "this chip refuses its pins: invalid pin"),
        (panel(), "bad SCK pin", "panel: this chip refuses its pins: bad SCK pin"),
        (panel("ssd1306", SSD1306), "bad SCL pin", "refuses its pins: bad SCL pin"),
    ):
        with raises(ScreenError) as raised:
            with_chip(lambda config=config: open_screen(config), fails)
        assert words in str(raised.error), str(raised.error)
    assert with_chip(lambda: open_screen(panel(light=None, reset=None, turned=True))).pieces == 9


def test_what_keys_cannot_be_is_named():
    for keys, words in (
        ({"next": 1, "back": 2}, "keys.ok: missing"),
        ({"next": 1, "back": 2, "ok": 3, "up": 4}, "keys.up: unknown member"),
        ([1, 2, 3], "keys: a list is not an object"),
        ({"next": 1, "back": 2, "ok": 1}, "pin 1 is keys."),
        ({"next": 8, "back": 2, "ok": 1}, "keys.next: pin 8 is panel.pins.command, too"),
        ({"next": 30, "back": 2, "ok": 1}, "keys: this chip refuses its pins: invalid pin"),
    ):
        with raises((DocumentError, ScreenError)) as raised:
            with_chip(lambda keys=keys: open_keys(keys, panel()))
        assert words in str(raised.error), str(raised.error)
    assert len(with_chip(lambda: open_keys(KEYS, panel()))) == 3


def opened(settings, fails=""):
    told = []
    device = devices.build(settings.get("role", "ihd"), Store(tmpdir() + "/s"))
    made = with_chip(lambda: live.open_live(settings, device, told.append), fails)
    return made, told


def test_what_cannot_be_opened_is_told_and_the_rest_works():
    made, told = opened({"panel": panel(), "keys": KEYS})
    assert told == [] and made.name == "240x135" and made.buttons
    made, told = opened({"panel": panel(clock=9)})
    assert made is None and told[0].startswith("no panel: panel.pins."), told
    made, told = opened({"panel": panel(), "keys": {"next": 8}})
    assert made and made.buttons is None and told[0].startswith("no keys: keys."), told
    made, told = opened({"role": "chf", "panel": panel()})
    assert made is None and told == ["no panel: CHF has no screen"]
