"""The browser view's server and home, without a browser: what it tells, refuses, and bounds."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from host_tools.example import EUIS
from host_tools.han.describe import describe
from host_tools.han.frame import Frame
from host_tools.han.hub import Hub
from host_tools.web import mains
from host_tools.web.cards import card
from host_tools.web.feed import Feed
from host_tools.web.html import page
from host_tools.web.plots import SPAN, Plots
from host_tools.web.server import MOST_STREAMS, RATE, Busy, Server, ServerError, check_address
from host_tools.web.world import World

# --- The feed ------------------------------------------------------------------------------------


def test_a_reader_gets_all_then_what_changed():
    feed = Feed({"log": 3})
    feed.put("home", {"time": 1})
    feed.append("log", ["a", "b"])
    seen, text = feed.since(0, 0)
    assert json.loads(text) == {"home": {"time": 1}, "log": ["a", "b"]}
    assert feed.since(seen, 0) == (seen, "")
    feed.put("home", {"time": 1})
    assert feed.since(seen, 0) == (seen, ""), "the same is no change"
    feed.append("log", ["c"])
    seen, text = feed.since(seen, 0)
    assert json.loads(text) == {"log": ["c"]}


def test_what_a_slow_reader_may_get_is_bounded():
    feed = Feed({"log": 3})
    for number in range(1000):
        feed.put("home", number)
        feed.append("log", [number])
    _, text = feed.since(0, 0)
    assert json.loads(text) == {"home": 999, "log": [997, 998, 999]}


def test_a_reader_waits_and_is_woken():
    feed = Feed()
    threading.Timer(0.1, feed.put, ("home", 1)).start()
    assert feed.since(0, 10)[1] == '{"home":1}'
    threading.Timer(0.1, feed.close).start()
    begun = time.monotonic()
    assert feed.since(1, 120) == (1, "")
    assert feed.closed and time.monotonic() - begun < 60


# --- The server ----------------------------------------------------------------------------------


def act(asked):
    """Takes one act, and refuses in both ways."""
    if asked.get("do") == "wait":
        raise Busy("wait: a test is under way")
    if asked.get("do") != "well":
        raise ValueError("do: not one of well")
    return "done"


@contextmanager
def served():
    server = Server(Feed(), page(60), act)
    try:
        yield server
    finally:
        server.close()


def ask(server, method, path, body=None, host=None, **headers):
    """(status, headers, body) of a request, its Host header that of the view."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    link.putrequest(method, path, skip_host=True)
    link.putheader("Host", host or f"127.0.0.1:{server.port}")
    for name, value in headers.items():
        link.putheader(name.replace("_", "-"), value)
    if body is not None and "Content_Length" not in headers:
        link.putheader("Content-Length", str(len(body)))
    link.endheaders(body)
    answer = link.getresponse()
    found = answer.status, answer.headers, answer.read()
    link.close()
    return found


JSON = {"Content_Type": "application/json"}


def test_the_page_and_its_files_say_that_nothing_else_may_be_loaded():
    with served() as server:
        for path, kind in (
            ("/", "text/html"),
            ("/view.css", "text/css"),
            ("/view.js", "text/java"),
        ):
            status, headers, body = ask(server, "GET", path)
            assert status == 200 and headers["Content-Type"].startswith(kind) and body
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Content-Type-Options"] == "nosniff"
            text = body.decode().replace("http://www.w3.org/2000/svg", "")
            assert "http:" not in text and "https:" not in text and "//cdn" not in text
    text = page(60)
    assert "style=" not in text and "onclick" not in text, "the policy forbids both"


@pytest.mark.parametrize(
    ("method", "path", "body", "options", "status", "words"),
    [
        ("GET", "/../server.py", None, {}, 404, "no such page"),
        ("GET", "/page/view.css", None, {}, 404, "no such page"),
        ("POST", "/", b"{}", JSON, 404, "no such page"),
        ("GET", "/", None, {"host": "evil.example:80"}, 421, "host name"),
        ("GET", "/events", None, {"host": "evil.example"}, 421, "host name"),
        ("GET", "/events", None, {"Origin": "http://evil.example"}, 403, "another page"),
        ("POST", "/act", b"{}", JSON | {"Origin": "null"}, 403, "another page"),
        ("POST", "/act", b"{}", {"Content_Type": "text/plain"}, 415, "application/json"),
        ("POST", "/act", b"{", JSON, 400, "Expecting"),
        ("POST", "/act", b"[" * 1000, JSON, 400, ""),
        ("POST", "/act", b"\xff", JSON, 400, ""),
        ("POST", "/act", b"[]", JSON, 400, "no JSON object"),
        ("POST", "/act", b'{"do": "harm"}', JSON, 400, "not one of well"),
        ("POST", "/act", b'{"do": "wait"}', JSON, 409, "under way"),
        ("POST", "/act", b" " * 2000, JSON, 413, "1024 octets"),
        ("POST", "/act", b"{}", JSON | {"Content_Length": "x"}, 411, "Content-Length"),
    ],
)
def test_refuses_with_a_reason(method, path, body, options, status, words):
    with served() as server:
        found, _, told = ask(server, method, path, body, **options)
        assert found == status and words in json.loads(told)["error"]
        found, _, told = ask(server, "POST", "/act", b'{"do": "well"}', **JSON)
        assert (found, json.loads(told)) == (200, {"said": "done"}), "it goes on"


def stream_of(server):
    """A connection to the stream, its head read."""
    link = socket.create_connection(("127.0.0.1", server.port), 10)
    link.sendall(f"GET /events HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
    lines = link.makefile("rb")
    status = lines.readline().split()[1]
    while lines.readline().strip():
        pass
    return link, lines, int(status)


def test_the_stream_is_bounded_in_rate():
    with served() as server:
        server_feed = server_feed_of(server)
        stop = threading.Event()

        def write():
            number = 0
            while not stop.is_set():
                number += 1
                server_feed.put("home", number)
                time.sleep(0.001)

        writer = threading.Thread(target=write)
        writer.start()
        link, lines, status = stream_of(server)
        assert status == 200
        begun = time.monotonic()
        updates = []
        while time.monotonic() - begun < 2 or len(updates) < 3:
            line = lines.readline()
            if line.startswith(b"data: "):
                updates.append(json.loads(line[6:])["home"])
        took = time.monotonic() - begun
        stop.set()
        writer.join()
        link.close()
    assert len(updates) <= took * RATE + 2
    assert updates == sorted(set(updates)), "the newest each time"


def server_feed_of(server):
    return server._http.feed


def test_streams_are_bounded_in_number_and_come_free_again():
    with served() as server:
        server_feed_of(server).put("home", 1)
        links = [stream_of(server) for _ in range(MOST_STREAMS)]
        assert [status for _, _, status in links] == [200] * MOST_STREAMS
        status, _, told = ask(server, "GET", "/events")
        assert status == 503 and f"{MOST_STREAMS} pages" in json.loads(told)["error"]
        for link, lines, _ in links:
            lines.close()
            link.close()
        deadline = time.monotonic() + 20
        while True:
            server_feed_of(server).put("home", time.monotonic())
            link, lines, status = stream_of(server)
            lines.close()
            link.close()
            if status == 200:
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_only_loopback_and_only_a_free_port():
    assert check_address("localhost") == check_address("127.0.0.1") == "127.0.0.1"
    for address in ("0.0.0.0", "192.168.1.2", "::", "::1", "", "example.com"):
        with pytest.raises(ServerError, match="served on 127.0.0.1 only"):
            check_address(address)
        with pytest.raises(ServerError, match="served on 127.0.0.1 only"):
            Server(Feed(), "", act, 0, address)
    with served() as server:
        with pytest.raises(ServerError, match=f"port {server.port} of 127.0.0.1 is taken"):
            Server(Feed(), "", act, server.port)
        port = server.port
    Server(Feed(), "", act, port).close()


# --- Plots, cards, frames in words ---------------------------------------------------------------


def stamped(time_, source="GSME", status="reliable"):
    return {"time": time_, "source": source, "status": status}


def test_the_age_of_a_stamp_grows_and_falls():
    plots = Plots()
    noon = 720_792_000  # 2022-11-03T12:00:00Z
    plots.age(noon, stamped("2022-11-03T12:00:00Z"))
    plots.age(noon + 1500, stamped("2022-11-03T12:00:00Z"))
    plots.age(noon + 2000, stamped("2022-11-03T12:30:00Z"))
    points = plots.stamp_document(noon + 2000, None)["points"]
    assert [(when - noon, age) for when, age, *_ in points] == [
        (0, 0),
        (1500, 1500),
        (1800, 1800),
        (1800, 0),
        (2000, 200),
    ]
    lost = {"source": "GPF", "status": "invalid"}
    plots.age(noon + 2100, lost)
    document = plots.stamp_document(noon + 2100, lost)
    assert document["points"][-1] == document["now"] == (noon + 2100, -1, "GPF", "invalid")
    assert plots.changed(stamped("2022-11-03T12:30:00Z")) == ""
    assert "it was reliable and by the clock of the GSME" in plots.changed(lost)
    assert plots.changed(lost) == plots.changed(None) == ""


def test_plots_keep_a_bounded_number_of_points():
    plots = Plots()
    for number in range(20000):
        plots.age(number * 300, stamped("2000-01-01T00:00:00Z"))
        plots.event(number, 0x802C)
    assert len(plots.stamp_document(20000 * 300, None)["points"]) <= 2 * SPAN // 300
    assert len(plots.voltage_document()["events"]) <= 40


def test_the_supply_of_a_sag_ends():
    (wave,) = mains.wave(1000, 1900)["waves"]
    assert wave["events"] == [["sag", 0, 900_000, mains.SAG_PERMILLE]]
    assert mains.wave(1900, 1900)["waves"][0]["events"] == []
    assert mains.demand(0)["0x0400"]["value"] == 2 * mains.electricity(0)


def test_a_card_says_unknown_where_nothing_is_known():
    told = {"clock_status": "invalid", "memory": 2048, "summary": {"register": None}}
    shown = card("esme", told, 0)
    assert ["Register", "unknown"] in shown["rows"] and shown["clock"] == "no time"
    assert card("esme", None, 0) == {"role": "esme", "name": "Electricity meter", "on": False}


@pytest.mark.parametrize(
    ("payload", "command", "words"),
    [
        ("0001000000", "Read Attributes", "CurrentSummationDelivered"),
        ("18010100000025D20400000000", "Read Attributes Response", "= 1234"),
        ("1801010000 86", "Read Attributes Response", "unsupported_attribute"),
        ("1801010000", "Read Attributes Response", "not decoded"),
        ("", "?", "not decoded"),
    ],
)
def test_a_frame_in_words(payload, command, words):
    frame = Frame(
        int(EUIS["esme"], 16), int(EUIS["ihd"], 16), 1, 2, 0x0702, bytes.fromhex(payload)
    )
    told = describe(frame, {frame.source: "ESME"})
    assert (told.source, told.cluster, told.command) == ("ESME", "Metering", command)
    assert words in told.carries and told.wrong == (words == "not decoded")
    assert EUIS["ihd"] in told.destination.replace(":", "").replace("-", "").upper()


# --- A home --------------------------------------------------------------------------------------


class Page:
    """The view of a page: every update of the stream, the latest of each topic, all rows."""

    def __init__(self, feed):
        self.feed, self.seen, self.known, self.log, self.frames = feed, 0, {}, [], []

    def look(self):
        self.seen, text = self.feed.since(self.seen, 1)
        update = json.loads(text or "{}")
        self.log += [row["text"] for row in update.pop("log", [])]
        self.frames += update.pop("frames", [])
        self.known |= update

    def until(self, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not what(self):
            assert time.monotonic() < deadline, (self.known.get("home"), self.log)
            self.look()
            assert "stopped" not in self.known, self.known["stopped"]

    def settled(self):
        self.until(lambda page: page.known.get("home", {"busy": "yes"})["busy"] == "")

    def said(self, words):
        self.until(lambda page: any(words in text for text in page.log))


@contextmanager
def lived(folder, **options):
    world = World(folder, Feed(), Hub(1), **{"past": 5400, "speed": 0} | options)
    world.start()
    page = Page(world.feed)
    try:
        page.settled()
        yield world, page
    finally:
        world.close()


def test_a_home_and_its_buttons(tmp_path):
    """spec: every button has the effect that it names, at real devices."""
    with lived(tmp_path) as (world, page):
        cards = {one["role"]: one for one in page.known["devices"]}
        assert list(cards) == ["esme", "gsme", "gpf", "ihd", "ppmid"]
        assert all(one["on"] and one["status"] == "reliable" for one in cards.values())
        assert page.frames and not any(row["wrong"] for row in page.frames)
        assert page.known["stamp"]["now"][2:] == ["GSME", "reliable"]
        averages = len(page.known["voltage"]["points"])
        assert averages >= 2
        assert (page.known["voltage"]["over"], page.known["voltage"]["under"]) == (253, 216)
        ihd, ppmid = page.known["screen_ihd"], page.known["screen_ppmid"]
        assert (ihd["width"], ihd["page"], len(ihd["palette"])) == (240, "now", 16)
        assert (ppmid["width"], ppmid["palette"]) == (128, [])

        assert world.ask({"do": "key", "role": "ihd", "key": "next"}) == "IHD: next"
        page.until(lambda page: page.known["screen_ihd"]["page"] == "electricity")

        world.ask({"do": "sag"})
        page.said("alert 802C, RMS voltage sag")
        page.settled()
        assert "802C RMS voltage sag" in [text for _, text in page.known["voltage"]["events"]]
        assert min(volts for _, volts in page.known["voltage"]["points"]) < 225

        world.ask({"do": "clock"})
        page.said("by the clock of the GPF now")
        page.settled()
        assert page.known["stamp"]["now"][2:] == ["GPF", "reliable"]
        assert page.known["home"]["clockLost"] is True
        world.ask({"do": "clock"})
        page.said("by the clock of the GSME now")
        page.settled()

        world.ask({"do": "tenancy"})
        for display in ("IHD", "PPMID"):
            page.said(f"The {display} has cleared")
        page.settled()
        for role in ("ihd", "ppmid"):
            page.until(lambda page, name=f"screen_{role}": page.known[name]["page"] == "notice")
            world.ask({"do": "key", "role": role, "key": "ok"})
            page.until(lambda page, name=f"screen_{role}": page.known[name]["page"] != "notice")

        world.ask({"do": "cut", "device": "mains"})
        page.said("ESME, GPF, IHD start again")
        page.said("GPF still has tenancy 2022-11-01T")
        page.settled()
        (text,) = [text for text in page.log if text.startswith("ESME still has")]
        assert "balance £19" in text and "voltage averages" in text and "Not yet" not in text
        assert "tenancy 2022-11-01T" in text


def test_what_cannot_be_asked_changes_nothing(tmp_path):
    with lived(tmp_path) as (world, page):
        before = page.known["home"]
        for asked, words in (
            ({}, "do: not one of speed, key, tenancy"),
            ({"do": "harm"}, "do: not one of"),
            ({"do": "speed"}, "speed: not one of 0, 1, 60"),
            ({"do": "speed", "speed": True}, "speed: not one of"),
            ({"do": "speed", "speed": 61}, "speed: not one of"),
            ({"do": "key", "role": "esme", "key": "ok"}, "role: not one of ihd, ppmid"),
            ({"do": "key", "role": "ihd", "key": "up"}, "key: not one of"),
            ({"do": "cut", "device": "chf"}, "device: not one of mains, esme"),
            ({"do": "cut", "device": []}, "device: not one of"),
            ({"do": "pass", "days": 0}, "days: not from 1 to 31"),
            ({"do": "pass", "days": 1.5}, "days: not from 1 to 31"),
        ):
            with pytest.raises(ValueError, match=re.escape(words)):
                world.ask(asked)
        page.look()
        assert page.known["home"] == before
        # No time passes until the second button was pressed: five minutes are over at once.
        pass_time, pressed = world._pass, threading.Event()
        world._pass = lambda now: pass_time(now) if pressed.is_set() else None
        world.ask({"do": "cut", "device": "ihd"})
        with pytest.raises(Busy, match="five minutes"):
            world.ask({"do": "sag"})
        pressed.set()
        page.said("IHD still has")
        page.settled()
        world.ask({"do": "speed", "speed": 3600})
        begun = page.known["home"]["time"]
        page.until(lambda page: page.known["home"]["time"] > begun[:11] + "13:")


def test_a_device_that_dies_is_told(tmp_path):
    with lived(tmp_path, past=0) as (world, page):
        world.home.devices["gsme"].client.transport.process.kill()
        deadline = time.monotonic() + 20
        with suppress(Busy):
            world.ask({"do": "speed", "speed": 600})
        while "stopped" not in page.known:
            page.look()
            assert time.monotonic() < deadline
        assert world.ended.wait(5) and "gone" in world.failed
        with pytest.raises(Busy):
            world.ask({"do": "sag"})


# --- The command ---------------------------------------------------------------------------------

SMETS = [sys.executable, "-m", "host_tools", "home", "--web"]


def devices_of(process):
    """The processes that a process has started and that are still there."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == process and state != "Z":
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(number):
    """spec: a clean stop at Ctrl-C, which a terminal sends to the devices as well."""
    process = subprocess.Popen(
        [*SMETS, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    line = process.stdout.readline()
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", line)[1])
    devices = devices_of(process.pid)
    assert len(devices) == 5
    with socket.create_connection(("127.0.0.1", port), 10):
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number and errors == ""
    assert [one for one in devices if Path(f"/proc/{one}").exists()] == []


def test_the_command_says_what_is_wrong():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for options, words in (
            (["--port", port], f"port {port} of 127.0.0.1 is taken"),
            (["--address", "0.0.0.0"], "0.0.0.0: the view has no log-in"),
            (["--engine", "cpythn"], "'--engine': 'cpythn' is not one of unix"),
        ):
            done = subprocess.run([*SMETS, *options], capture_output=True, text=True, timeout=60)
            assert done.returncode == 2 and words in done.stderr, done
            assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_it_ends_by_itself_after_a_duration():
    done = subprocess.run(
        [*SMETS, "--port", "0", "--duration", "5"], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
