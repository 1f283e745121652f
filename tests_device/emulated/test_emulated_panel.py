"""The Pico's real firmware lights a panel: what it sends is decoded and compared with its pages.

The decoder (host_tools/glass.py) knows the controllers, and nothing of the firmware's drivers.
"""

from __future__ import annotations

import hashlib
import json
import struct
import time
from pathlib import Path

import modules
import pytest

from host_tools import boards, flash, glass, install, screens
from host_tools.bench import BenchClient, SerialTransport
from host_tools.emulators import EmulatedPico
from host_tools.raw_repl import RawRepl

NAME = "rpi_pico"
DATA = boards.load(NAME)
GOLDEN = json.loads((modules.TESTS / "golden" / "screens.json").read_text(encoding="utf-8"))
METER = {"fuel": "electricity", "eui": "02534D45545300A0"}
LAYOUT = {"st7789": "240x135", "ssd1306": "128x64"}
ADDRESS = 0x3C
# Octets of the stack of 8,192 that may be in use: an interrupt and what it calls need some, too.
STACK = 7600
PATIENCE = 120.0
# Keys and the pages that they lead to, from "now". OK goes to the second part of a page.
WAY = (
    ("next", "electricity"),
    ("ok", "electricity"),
    ("next", "price"),
    ("back", "electricity"),
    ("back", "now"),
)
HELD = 300  # ms that a key is held, less than until it repeats


@pytest.fixture
def pico(board_of, tmp_path: Path) -> EmulatedPico:
    """A Pico with wires at its pins."""
    return board_of(NAME, tmp_path, pace="busy", trace=True)


def play(pico: EmulatedPico, driver: str, **changed: object) -> None:
    """Flash an IHD with a panel, and tell it of a meter."""
    settings = {"tick": False, "panel": driver}
    made = install.build("ihd", DATA, settings, installed=True)
    if changed:
        device = json.loads(made.files["device.json"])
        device["panel"]["pins"] = {**device["panel"]["pins"], **changed}
        made.files["device.json"] = json.dumps(device).encode()
    # Not flash.flash: a busy machine may need longer for a start than a real board ever does.
    with RawRepl(pico.port) as repl:
        flash.write(repl, made, flash.Report(), lambda what, done, total: None)
        repl.to_main()
    assert flash.hello(pico.port, timeout=PATIENCE, restart=False)["build"] == made.build
    pico.stack_used()


def client_of(pico: EmulatedPico) -> BenchClient:
    """Its bench link."""
    return BenchClient(SerialTransport(pico.port), timeout=60)


def told(client: BenchClient) -> tuple[str, list[int]]:
    """(page, pixels as a glass has them) of CTRL:SCREEN."""
    answer = client.control("SCREEN")
    picture = screens.picture_of(answer)
    if "palette" not in answer:
        return answer["page"], list(picture.pixels)
    colours = [(r >> 3) << 11 | (g >> 2) << 5 | b >> 3 for r, g, b in picture.palette]
    return answer["page"], [colours[pixel] for pixel in picture.pixels]


def agree(pico: EmulatedPico, seen: glass.Glass, client: BenchClient, wanted: str) -> None:
    """Wait until the device is on the page `wanted`, and the lit glass shows what it tells."""
    deadline = time.monotonic() + PATIENCE
    while True:
        page, pixels = told(client)
        seen.follow(pico.traced())
        if page == wanted and seen.lit and seen.pixels() == pixels:
            return
        assert time.monotonic() < deadline, f"the device is at {page}, and no panel shows {wanted}"
        time.sleep(0.1)


def press(pico: EmulatedPico, key: str) -> None:
    """Hold the key that is wired to its pin."""
    pico.press(DATA.pins["keys"][key], HELD)


@pytest.mark.parametrize("driver", install.PANELS)
def test_an_ihd_shows_its_pages_and_takes_its_keys(pico: EmulatedPico, driver: str) -> None:
    """Pixels of the wires are those of CTRL:SCREEN, page by page; keys of both lead both."""
    pico.answers(ADDRESS)
    play(pico, driver)
    seen = glass.glass_of(driver, DATA.pins[driver])
    with client_of(pico) as client:
        client.control("SET", {"pair": METER})
        agree(pico, seen, client, "now")
        for key, page in WAY:
            press(pico, key)
            agree(pico, seen, client, page)
        client.control("SCREEN", {"press": ["back"]})
        agree(pico, seen, client, "status")
        assert client.control("LOG")["log"] == []
        memory = client.control("QUERY")["memory"]
    used = pico.stack_used()
    print(f"\n{driver}: {used} of 8192 octets of the stack, {memory} octets of the heap used")
    assert used < STACK


def test_a_panel_that_is_not_there_is_told_and_found_later(pico: EmulatedPico) -> None:
    """Nobody acknowledges on I2C: the device serves its link, and lights a panel that comes."""
    play(pico, "ssd1306")
    seen = glass.glass_of("ssd1306", DATA.pins["ssd1306"])
    with client_of(pico) as client:
        assert client.control("LOG")["log"] == ["the panel does not answer"]
        assert client.control("SCREEN")["answers"] is False
        pico.answers(ADDRESS)
        agree(pico, seen, client, "now")
        assert seen.misses
        assert client.control("SCREEN")["answers"] is True


def test_a_pin_that_cannot_be_is_told(pico: EmulatedPico) -> None:
    """The chip has no SPI clock at GP4: the link says so, and serves."""
    play(pico, "st7789", clock=4)
    with client_of(pico) as client:
        (entry,) = client.control("LOG")["log"]
        assert entry.startswith("no panel: panel: this chip refuses its pins:"), entry
        assert client.control("SCREEN")["page"] == "now"


GOLDEN_ON_GLASS = """
import sys, time
sys.path.insert(0, "/t")
import screen_cases
from smets.ports.open_screen import open_screen
from smets.screen import canvas, layout, pages
place = layout.LAYOUTS[{name!r}]
target = canvas.Canvas(place.width, place.height, place.mono)
panel = open_screen({panel!r})
name, shown, page, part = next(screen_cases.screens(place, {case!r}))
began = time.ticks_us()
pages.draw(target, place, shown, page, part)
drawn = time.ticks_us()
panel.send(target, 0)
piece = time.ticks_us()
assert panel.show(target)
print(place.name + "/" + name, time.ticks_diff(drawn, began), time.ticks_diff(piece, drawn))
print(time.ticks_diff(time.ticks_us(), piece))
"""


def digest(seen: glass.Glass) -> str:
    """The hash of what a glass shows, as the golden screens have it."""
    pixels = seen.pixels()
    sha = hashlib.sha256(b"%d %d" % (seen.width, seen.height))
    if isinstance(seen, glass.St7789Glass):
        sha.update(struct.pack(f">{len(pixels)}H", *pixels))
    else:
        for top in range(0, seen.height, 8):
            for x in range(seen.width):
                rows = [pixels[(top + bit) * seen.width + x] << bit for bit in range(8)]
                sha.update(bytes([sum(rows)]))
    return sha.hexdigest()[:16]


@pytest.mark.parametrize("driver", install.PANELS)
def test_golden_screens_reach_the_glass(board_of, tmp_path: Path, driver: str) -> None:
    """The first screen of each golden case, decoded from the bus, has the hash that is stored."""
    pico = board_of(NAME, tmp_path, pace="none", trace=True)
    pico.answers(ADDRESS)
    seen = glass.glass_of(driver, DATA.pins[driver])
    panel = {"driver": driver, "pins": DATA.pins[driver]}
    with RawRepl(pico.port, guard=False) as repl:
        wanted = {"screen_cases.mpy": modules.compiled("screen_cases", DATA.arch)}
        flash.Files(repl, flash.Report()).fill("/t", wanted, alone=False)
        took: list[tuple[int, int, int]] = []
        for case in dict.fromkeys(key.split("/")[1] for key in GOLDEN):
            code = GOLDEN_ON_GLASS.format(name=LAYOUT[driver], panel=panel, case=case)
            name, draw, piece, whole = repl.exec(code, timeout=60).split()
            took.append((int(draw), int(piece), int(whole)))
            seen.follow(pico.traced())
            assert seen.lit and digest(seen) == GOLDEN[name], name
    draw, piece, whole = (max(column) / 1000 for column in zip(*took, strict=True))
    print(f"\n{driver}: {len(took)} screens; at most {draw:.1f} ms to draw, {piece:.1f} ms for a")
    print(f"piece, {whole:.1f} ms for all, by the chip's cycles; I2C takes no time here")
