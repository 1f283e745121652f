"""The page of the gateway: what it is told, and how it looks in a real Chromium."""

from __future__ import annotations

import json
import shutil
from http.client import HTTPConnection

import pytest
from dcc_bench import DEVICES, SUPPLIER, bench, code, dashed

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    with bench(tmp_path_factory.mktemp("page"), ("gpf",)) as found:
        yield found


def get(one, path, **headers):
    connection = HTTPConnection("127.0.0.1", one.server.ports[0], timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer
    connection.close()
    return found


def asked(one):
    """One request that is answered and one that is refused."""
    seen = len(one.listener.got)
    assert code(one.ask("S", one.request("4.1.1", "gpf"))) == "I99"
    one.listener.wait(seen + 1)
    assert code(one.ask("S", one.request("4.1.4", "02534D45545300EE"))) == "E19"


def test_what_is_new(one):
    first = json.loads(get(one, "/live")[1])["last"]
    asked(one)
    now = json.loads(get(one, f"/live?after={first}")[1])
    assert [(row["kind"], row["srv"], row["response_code"]) for row in now["rows"]] == [
        ("service request", "4.1.1", ""),
        ("acknowledgement", "4.1.1", "I99"),
        ("response", "4.1.1", "I0"),
        ("service request", "4.1.4", ""),
        ("acknowledgement", "4.1.4", "E19"),
    ]
    assert {row["title"] for row in now["rows"]} == {
        "Read Instantaneous Import Registers",
        "Read Instantaneous Import Block Counters",
    }
    assert now["refused"]["E19"] >= 1
    device = next(item for item in now["devices"] if item["type"] == "GPF")
    assert device["device"] == dashed(DEVICES["gpf"]) and device["link"] == "up"
    last = now["last"]
    assert json.loads(get(one, f"/live?after={last}")[1])["rows"] == []
    assert json.loads(get(one, "/live?after=-1%27")[1])["last"] == last


def test_it_tells_titles_and_no_payload(one):
    asked(one)
    text = get(one, "/live")[1].decode()
    assert "GBCSPayload" not in text and "DD000000" not in text and dashed(SUPPLIER) not in text


def test_only_this_host_and_its_own_files(one):
    for path in ("/", "/live", "/dcc.js"):
        assert get(one, path, Host="evil.example")[0] == 421
        status, octets, answer = get(one, path)
        assert status == 200 and octets
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert get(one, "/../server.py")[0] == 404


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="no chromium here (Debian's package chromium)")
def test_in_a_browser(one):
    from axe_playwright_python.sync_playwright import Axe
    from conform.test_conform_page import CONTRAST, FLAGS
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"http://127.0.0.1:{one.server.ports[0]}/")
        asked(one)
        page.wait_for_selector("#messages tr:nth-child(5)")
        cells = page.locator("#messages tr:nth-child(3) td").all_inner_texts()
        assert "4.1.1" in cells and "I0" in cells
        assert page.locator("#devices td").all_inner_texts()[3] in ("up", "none")
        shown = page.evaluate(CONTRAST)
        assert shown["texts"] > 20 and not shown["weak"]
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert not wrong
        browser.close()
