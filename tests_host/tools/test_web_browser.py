"""The browser view in a real Chromium: a real home, its buttons, its keys, and who may look on."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager

import pytest
from test_conform_page import CONTRAST, FLAGS, names_of

from host_tools.bench import BenchClient, ProcessTransport
from host_tools.example import EUIS
from host_tools.han.hub import Hub
from host_tools.home_boards import HomeBoards
from host_tools.web.feed import Feed
from host_tools.web.html import page as make_page
from host_tools.web.html import screen_page
from host_tools.web.one_screen import OneScreen
from host_tools.web.server import Server
from host_tools.web.world import World

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here (Debian's package chromium)"),
]
ROLES = ("esme", "gsme", "gpf", "ihd", "ppmid")
READY = "[data-do=tenancy][aria-disabled=false]"
# Milliseconds that an effect may take: the machine may be slow.
LONG = 60_000


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@contextmanager
def live(folder, past=4 * 3600):
    """The address of a home; its time stands still, except where a button lets it pass."""
    world = World(folder, Feed(), Hub(1), speed=0, past=past)
    server = Server(world.feed, make_page(0), world.ask)
    try:
        world.start()
        yield server.url
    finally:
        world.close()
        server.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with live(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def view(browser, url):
    """Opens the page; afterwards nothing may have been asked of elsewhere or complained of."""
    complaints, requests, contexts = [], [], []

    def show(**options):
        contexts.append(browser.new_context(**options))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(LONG)
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(url)
        tab.wait_for_selector(READY)
        return tab

    yield show
    for context in contexts:
        context.close()
    assert complaints == []
    assert [one for one in requests if not one.startswith((url, "data:"))] == []
    assert {f"{url}events", f"{url}view.js", f"{url}view.css"} <= set(requests)


def press(tab, selector):
    """Press a button and wait until the time that its effect needs is over."""
    with tab.expect_response("**/act") as answer:
        tab.click(selector)
    assert answer.value.status == 200, answer.value.text()
    tab.wait_for_selector(READY)


def said(tab, words):
    tab.wait_for_selector(f"#log li:has-text('{words}')")


def figures(tab, role):
    """The figures of a device's card by name."""
    names = tab.locator(f"#card-{role} dt").all_inner_texts()
    return dict(zip(names, tab.locator(f"#card-{role} dd").all_inner_texts()))


def test_five_devices_their_screens_and_frames(view):
    tab = view()
    for role in ROLES:
        assert tab.inner_text(f"#card-{role} .power") == "on, clock reliable"
        assert "KB" in figures(tab, role)["Memory in use"]
    for role, size in (("ihd", (240, 135)), ("ppmid", (128, 64))):
        canvas = tab.locator(f"#screen-{role}")
        assert canvas.get_attribute("data-page") == "now"
        assert (canvas.get_attribute("width"), canvas.get_attribute("height")) == tuple(
            str(one) for one in size
        )
        assert canvas.get_attribute("aria-label") == f"{role.upper()} screen, page now, part 1"
        # The pixels are the firmware's: their check is the one that CTRL:SCREEN told.
        assert tab.evaluate(CHECK_OF, role) == int(canvas.get_attribute("data-check"))
    assert tab.locator("#frames tr").count() > 5
    assert tab.locator("#frames tr.wrong").count() == 0
    assert "Read Attributes" in tab.inner_text("#frames")
    assert int(tab.get_attribute("#plot-voltage", "data-points")) >= 6
    assert tab.get_attribute("#plot-stamp", "data-source") == "GSME"
    tab.select_option("#frames-of", "GSME")
    texts = tab.locator("#frames tr td:nth-child(2)").all_inner_texts()
    texts += tab.locator("#frames tr td:nth-child(3)").all_inner_texts()
    assert all("GSME" in pair for pair in zip(texts[: len(texts) // 2], texts[len(texts) // 2 :]))


# Packs the canvas as the panel has it (4 or 1 bits a pixel) and takes the CRC-32 of that.
CHECK_OF = """(role) => {
  const canvas = document.getElementById(`screen-${role}`);
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const colour = (x, y) => (data[4 * (y * width + x)] << 16) | (data[4 * (y * width + x) + 1] << 8)
    | data[4 * (y * width + x) + 2];
  const octets = new Uint8Array(role === "ihd" ? width * height / 2 : width * height / 8);
  if (role === "ihd") {
    const palette = JSON.parse(canvas.dataset.palette).map((text) => parseInt(text.slice(1), 16));
    for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
      const at = y * width + x, number = palette.indexOf(colour(x, y));
      octets[at >> 1] |= at & 1 ? number : number << 4;
    }
  } else {
    for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
      if (colour(x, y) !== 0x080a10) octets[(y >> 3) * width + x] |= 1 << (y & 7);
    }
  }
  let crc = -1;
  for (const octet of octets) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xEDB88320 & -(crc & 1));
  }
  return (crc ^ -1) >>> 0;
}"""


def test_a_tenancy_clears_both_displays(view):
    tab = view()
    before = figures(tab, "ihd")["Gas"]
    assert re.search(r"[1-9]\d* half hours", before)
    press(tab, "[data-do=tenancy]")
    said(tab, "The IHD has cleared what was of the old tenant")
    said(tab, "The PPMID has cleared what was of the old tenant")
    date = figures(tab, "esme")["Tenancy from"]
    assert date != "none set" and figures(tab, "gpf")["Tenancy from"] == date
    for role in ("ihd", "ppmid"):
        label = f"{role.upper()} screen, page data cleared: new tenancy, part 1"
        tab.wait_for_selector(f"#screen-{role}[aria-label='{label}']")
        assert figures(tab, role)["Notice"] == "data cleared"
        tab.click(f"#display-{role} [data-key=ok]")
        tab.wait_for_selector(f"#screen-{role}[data-page=now]")
        tab.wait_for_selector(f"#card-{role} dd:text-is('none')")
    left = re.search(r"(\d+) half hours", figures(tab, "ihd")["Gas"])
    assert left and int(left[1]) < int(re.search(r"(\d+) half hours", before)[1])


def test_a_lost_clock_changes_the_stamp(view):
    tab = view()
    assert tab.get_attribute("#plot-stamp", "data-source") == "GSME"
    press(tab, "[data-do=clock]")
    said(tab, "reliable and by the clock of the GPF now")
    tab.wait_for_selector("#plot-stamp[data-source=GPF]")
    assert tab.inner_text("#card-gsme .power") == "on, clock invalid"
    assert figures(tab, "gsme")["Its clock"] == "no time"
    assert "GPF, reliable" in figures(tab, "gpf")["Stamp"]
    assert tab.locator("#plot-stamp path.GPF").count() >= 1
    assert tab.inner_text("#act-clock").endswith("Gas meter gets its clock back")
    press(tab, "[data-do=clock]")
    tab.wait_for_selector("#plot-stamp[data-source=GSME]")
    assert tab.inner_text("#card-gsme .power") == "on, clock reliable"


@pytest.mark.parametrize("device", ["mains", "ppmid"])
def test_a_power_cut_keeps_what_must_be_kept(view, device):
    tab = view()
    cut = ("esme", "gpf", "ihd") if device == "mains" else (device,)
    balance = figures(tab, "esme")["Balance"]
    points = int(tab.get_attribute("#plot-voltage", "data-points"))
    tab.select_option("#cut-device", device)
    with tab.expect_response("**/act"):
        tab.click("[data-do=cut]")
    said(tab, f"The power is cut: {', '.join(cut).upper()} off, the processes killed")
    said(tab, "The power is back after 5 minutes")
    tab.wait_for_selector(READY)
    for role in cut:
        said(tab, f"{role.upper()} still has")
        assert tab.inner_text(f"#card-{role} .power") == "on, clock reliable"
    if device == "mains":
        told = tab.inner_text("#log li:has-text('ESME still has')")
        assert f"balance {balance}" in told and "voltage averages" in told
        assert int(tab.get_attribute("#plot-voltage", "data-points")) >= points


def test_a_sag_is_an_event_and_a_dip_of_the_voltage(view):
    tab = view()
    before = int(tab.get_attribute("#plot-voltage", "data-lowest"))
    events = int(tab.get_attribute("#plot-voltage", "data-events"))
    press(tab, "[data-do=sag]")
    said(tab, "alert 802C, RMS voltage sag")
    said(tab, "alert 8099, RMS voltage sag ended")
    tab.wait_for_selector(f"#plot-voltage:not([data-lowest='{before}'])")
    assert int(tab.get_attribute("#plot-voltage", "data-lowest")) < before - 10
    assert int(tab.get_attribute("#plot-voltage", "data-events")) >= events + 2
    assert tab.locator("#plot-voltage path.event").count() >= 2
    assert "events" in tab.get_attribute("#plot-voltage", "aria-label")


def test_works_with_the_keyboard_alone(view):
    tab = view()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    reached = []
    for _ in range(24):
        tab.keyboard.press("Tab")
        name = tab.evaluate(
            "((e) => e.dataset.do || (e.dataset.key && `${e.closest('.display').dataset.role} "
            "${e.dataset.key}`) || e.id || e.name)(document.activeElement)"
        )
        if name is None and tab.evaluate("document.activeElement === document.body"):
            break
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", name
        reached.append(name)
        if name == "ihd next":
            tab.keyboard.press("Enter")
            tab.wait_for_selector("#screen-ihd[data-page=electricity]")
            tab.keyboard.press("ArrowLeft")
            tab.wait_for_selector("#screen-ihd[data-page=now]")
        if name == "sag":
            with tab.expect_response("**/act"):
                tab.keyboard.press("Space")
            tab.wait_for_selector(READY)
            assert tab.evaluate("document.activeElement.dataset.do") == "sag", "focus stays"
    acts = ["tenancy", "clock", "sag", "pass", "cut", "cut-device", "speed"]
    keys = [f"{role} {key}" for role in ("ihd", "ppmid") for key in ("back", "next", "ok")]
    assert reached[: len(acts + keys)] == acts + keys
    assert {"log", "hold", "frames-of"} <= set(reached)


def test_speeds_and_holding_the_frames(view):
    tab = view()
    tab.check("#hold")
    frozen = tab.inner_text("#frames")
    begun = tab.inner_text("#now")
    tab.check("[name=speed][value='600']")
    tab.wait_for_timeout(1500)
    assert tab.inner_text("#now") != begun and tab.inner_text("#frames") == frozen
    tab.check("[name=speed][value='0']")
    tab.uncheck("#hold")
    assert tab.inner_text("#frames") != frozen


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_reads_well_on_phone_and_desktop(view, scheme, width):
    tab = view(color_scheme=scheme, viewport={"width": width, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = tab.evaluate(CONTRAST)
    assert found["texts"] > 100 and found["weak"] == []
    for button in tab.query_selector_all("button, select"):
        assert button.bounding_box()["height"] >= 24


def test_what_a_screen_reader_gets(view):
    tab = view()
    session = tab.context.new_cdp_session(tab)
    nodes = names_of(session.send("Accessibility.getFullAXTree"))
    roles = [role for role, _ in nodes]
    for landmark in ("banner", "main", "contentinfo"):
        assert roles.count(landmark) == 1, landmark
    needing = ("button", "combobox", "radio", "checkbox", "img", "image", "region", "log", "group")
    assert [role for role, name in nodes if role in needing and not name.strip()] == []
    names = {name.strip() for role, name in nodes if role == "button"}
    assert {"Supplier sets a tenancy", "Sag", "Power cut", "IHD: next page"} <= names
    levels = tab.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => +h.tagName[1])"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_the_page_of_one_display(browser, tmp_path):
    """A display behind a bench link alone: its pixels, its keys, and that it is gone."""
    complaints = []
    with BenchClient(ProcessTransport("ppmid", "unix", str(tmp_path))) as client:
        shown = OneScreen(client, "ppmid")
        server = Server(shown.feed, screen_page("ppmid", "/dev/<board>"), shown.ask)
        shown.start()
        try:
            tab = browser.new_page()
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.goto(server.url)
            canvas = tab.locator("#screen-ppmid")
            tab.wait_for_selector("#screen-ppmid[data-page=now]")
            assert tab.evaluate(CHECK_OF, "ppmid") == int(canvas.get_attribute("data-check"))
            assert tab.title() == "PPMID at /dev/<board>"
            tab.click("[data-key=next]")
            tab.wait_for_selector("#screen-ppmid[data-page=electricity]")
            tab.evaluate("document.activeElement.blur()")
            tab.keyboard.press("ArrowLeft")
            tab.wait_for_selector("#screen-ppmid[data-page=now]")
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert tab.evaluate(CONTRAST)["weak"] == []
            assert complaints == []
            client.transport.process.kill()
            tab.wait_for_selector("#alarm:has-text('The PPMID has stopped: the device is gone')")
            tab.close()
        finally:
            shown.close()
            server.close()


def test_a_board_in_the_home(browser, tmp_path):
    """A display that is a virtual board: its keys, its reset, its cable."""
    complaints = []
    with HomeBoards({"ihd": "virtual"}, tmp_path) as boards:
        boards.open(EUIS, False)
        world = World(tmp_path, Feed(), Hub(1), speed=0, past=3600, boards=boards)
        server = Server(world.feed, make_page(0, world.offer), world.ask)
        world.start()
        try:
            tab = browser.new_page()
            tab.set_default_timeout(LONG)
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.goto(server.url)
            tab.wait_for_selector(READY)
            assert "4 MicroPython processes, IHD a board (virtual)" in tab.inner_text("header")
            assert tab.locator("[data-do=reset]").count() == 1
            on = "#card-ihd .power:has-text('on, clock')"
            tab.wait_for_selector(on)
            tab.click("#display-ihd [data-key=next]")
            tab.wait_for_selector("#screen-ihd[data-page=electricity]")
            tab.click("#card-ihd [data-do=reset]")
            said(tab, "IHD (virtual) is gone: it restarts, as it was asked to")
            said(tab, "IHD (virtual) is back: it has started again")
            tab.wait_for_selector("#screen-ihd[data-page=now]")
            tab.wait_for_selector(on)
            board = boards.by_role["ihd"].hands
            board.unplug()
            tab.wait_for_selector("#card-ihd .power:has-text('gone: nothing at virtual')")
            label = "IHD screen: dark, the device is off or gone"
            assert tab.get_attribute("#screen-ihd", "aria-label") == label
            tab.click("#display-ihd [data-key=next]")
            tab.wait_for_selector("#busy.wrong:has-text('the board of the IHD is gone')")
            board.plug()
            tab.wait_for_selector(on)
            said(tab, "IHD (virtual) is back")
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert tab.evaluate(CONTRAST)["weak"] == []
            assert [one for one in complaints if "409" not in one] == []
            tab.close()
        finally:
            world.close()
            server.close()


def test_says_that_the_home_has_ended(browser, tmp_path):
    with live(tmp_path, past=0) as url:
        tab = browser.new_page()
        tab.goto(url)
        tab.wait_for_selector(READY)
    tab.wait_for_selector("#alarm:has-text('has smets home ended')")
    tab.close()


def test_another_site_can_neither_look_nor_press(browser, url):
    """A page of another origin: its request carries that origin, and is refused."""
    tab, home = browser.new_page(), browser.new_page()
    home.goto(url)
    home.wait_for_selector(READY)
    before = home.inner_text("#log")
    with live_page() as other:
        tab.goto(other)
        for path, options in (
            ("events", {}),
            ("act", {"method": "POST", "body": '{"do": "sag"}'}),
            ("act", {"method": "POST", "body": '{"do": "sag"}', "mode": "no-cors"}),
        ):
            asked = "([where, how]) => fetch(where, how).then((a) => a.type, () => 'kept away')"
            assert tab.evaluate(asked, [url + path, options]) in ("kept away", "opaque")
    home.wait_for_timeout(1000)
    assert home.inner_text("#log") == before
    tab.close()
    home.close()


@contextmanager
def live_page():
    """Another origin, on another port, that may ask what it likes."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>other</title>")

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
