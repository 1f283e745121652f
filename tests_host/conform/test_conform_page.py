"""The report page in a real Chromium: it works, asks for nothing, and is accessible."""

import re
import shutil

import pytest
from conform_results import document, entry, results

from host_tools.conform.html import page as make_page
from host_tools.conform.index import index_page, join
from host_tools.conform.model import Evidence, Result, Verdict, catalogue
from host_tools.conform.report import as_json

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here (Debian's package chromium)"),
]
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
).split()

# Contrast by WCAG 2: of each visible text with the first opaque background behind it.
CONTRAST = """() => {
  const parse = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return parse(getComputedStyle(document.documentElement).colorScheme.includes("dark") &&
      matchMedia("(prefers-color-scheme: dark)").matches ? "0,0,0" : "255,255,255");
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = { texts: 0, weak: [] };
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const svg = element instanceof SVGElement;
    const box = svg && element.closest("svg");
    if (svg && element.tagName !== "text") continue;
    const front = light(parse(svg ? style.fill : style.color));
    const back = light(behind(box || element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    found.texts += 1;
    if (ratio < 4.5) found.weak.push([walker.currentNode.data.trim(), ratio]);
  }
  return found;
}"""
SHOWN = "() => [...document.querySelectorAll('article:not([hidden])')].map((e) => e.id)"
OPEN = "() => [...document.querySelectorAll('article details[open]')].map((e) => e.parentNode.id)"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def view(browser, tmp_path):
    """Opens the page; afterwards nothing may have been asked of a network or complained of."""
    file = tmp_path / "report.html"
    complaints, requests, contexts = [], [], []

    def show(anchor="", chosen=None, **options):
        file.write_text(make_page(document(chosen)), encoding="utf-8")
        contexts.append(browser.new_context(**options))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(file.as_uri() + anchor)
        return tab

    yield show
    for context in contexts:
        context.close()
    assert complaints == []
    outside = [url for url in requests if url.partition("#")[0] != file.as_uri()]
    assert [url for url in outside if not url.startswith("data:")] == []
    assert requests


# What a reader looks for comes first.
ORDER = ("fail", "blocked", "tolerated", "observed", "pass", "not-run", "not-applicable")


def everything():
    found = document()["results"]
    return [result["id"] for verdict in ORDER for result in found if result["verdict"] == verdict]


def many():
    """Every check of the catalogue, failed, blocked or tolerated, each for a cause of its own."""
    words = "reason word cause trouble matter fault defect error lapse slip".split()
    verdicts = (Verdict.FAIL, Verdict.BLOCKED, Verdict.TOLERATED)
    return [
        Result(check, verdicts[number % 3], " ".join(words[number % 10 :] + words) * 3, [])
        for number, check in enumerate(catalogue())
    ]


def test_filters_by_verdict_row_evidence_and_text(view):
    tab = view()
    assert tab.evaluate(SHOWN) == everything()
    tab.select_option("[name=verdict]", "pass")
    assert len(tab.evaluate(SHOWN)) == 2
    tab.select_option("[name=verdict]", "observed")
    tab.select_option("[name=evidence]", "project-choice")
    assert tab.evaluate(SHOWN) == ["SECMP0056-choice"]
    assert tab.text_content("#page-shown") == "1 of 8 checks"
    tab.click("text=Clear")
    tab.wait_for_function("document.querySelectorAll('article[hidden]').length === 0")
    tab.select_option("[name=row]", "GBCS")
    assert len(tab.evaluate(SHOWN)) == 3
    tab.fill("[name=text]", "smda-1")
    assert tab.evaluate(SHOWN) == ["GBCS-tolerated"]
    tab.select_option("[name=row]", "")
    for octets in ("ddeeff00", "DD EE FF 00", "dd0000"):
        tab.fill("[name=text]", octets)
        assert "SECMP0015-fail" in tab.evaluate(SHOWN), octets
    tab.fill("[name=text]", "nothing says this")
    assert tab.evaluate(SHOWN) == []
    assert tab.text_content("#page-shown") == "0 of 8 checks"
    tab.click("text=Clear")
    tab.select_option("[name=requirement]", "GBCS-other")
    assert set(tab.evaluate(SHOWN)) == {"GBCS-tolerated", "GBCS-na", "GBCS-left"}


def shows(tab, ids):
    """Wait until these are shown; the address then leads another reader to the same."""
    tab.wait_for_function(
        "(n) => document.querySelectorAll('article:not([hidden])').length === n", arg=len(ids)
    )
    assert set(tab.evaluate(SHOWN)) == set(ids)
    return tab.evaluate("location.hash")


def test_a_count_shows_its_checks(view):
    """In the table and on the cards; the card of the verdict that is shown is marked."""
    tab = view()
    tab.click("[aria-label='Show 1 tolerated of GBCS']")
    assert shows(tab, ["GBCS-tolerated"]) == "#row=GBCS&verdict=tolerated"
    assert tab.evaluate("document.activeElement.id") == "page-checks"
    tab.click(".figures .v-pass a")
    assert shows(tab, ["SECMP0015-pass", "MP085A-pass"]) == "#verdict=pass"
    current = "[...document.querySelectorAll('.figures [aria-current]')].map((a) => a.innerText)"
    assert [" ".join(text.split()) for text in tab.evaluate(current)] == ["2 ✓ pass"]
    tab.go_back()
    shows(tab, ["GBCS-tolerated"])
    tab.fill("[name=text]", "nothing says this")
    tab.click("[aria-label='Show 1 tolerated of GBCS']")
    shows(tab, ["GBCS-tolerated"])
    # What a card links to twice is shown twice.
    tab.select_option("[name=verdict]", "")
    tab.evaluate("location.hash = '#row=GBCS&verdict=tolerated'")
    shows(tab, ["GBCS-tolerated"])


def test_the_filter_is_in_the_address(view):
    """Typed or chosen, it is told; a page opened with it is filtered; nonsense filters nothing."""
    tab = view()
    tab.select_option("[name=row]", "GBCS")
    tab.fill("[name=text]", "smda-1 &=#")
    assert tab.evaluate("location.hash") == "#text=smda-1+%26%3D%23&row=GBCS"
    tab.fill("[name=text]", "smda-1")
    told = tab.evaluate("location.hash")
    tab.click("text=Clear")
    shows(tab, everything())
    tab.wait_for_function("location.hash === ''")
    other = view(told)
    assert shows(other, ["GBCS-tolerated"]) == told
    assert other.input_value("[name=text]") == "smda-1"
    for nonsense in ("#verdict=perfect", "#colour=red", "#=", "#verdict=%E0%A4%A"):
        assert len(view(nonsense).evaluate(SHOWN)) == len(everything()), nonsense


def test_what_did_not_pass_comes_first_by_its_cause(view):
    """Failures, then what is blocked, then what is tolerated, above everything else."""
    tab = view()
    causes = [" ".join(text.split()) for text in tab.locator(".cause").all_inner_texts()]
    assert [text.partition(" major:")[0] for text in causes] == [
        "✗ 1 fail wrong octets",
        "! 1 blocked no power control",
        "≈ 1 tolerated no",
    ]
    tab.click(".cause >> text=MP099-blocked")
    tab.wait_for_function("document.activeElement.closest('article')?.id === 'MP099-blocked'")
    first = tab.evaluate("[...document.querySelectorAll('h2')].map((h) => h.innerText)")
    assert first[0] == "What did not pass"


def test_requirements_lead_to_checks_and_facts_back(view):
    """The matrix of the report, both ways, with links that open what they lead to."""
    source = "RTDS 4.5.0 (evidence/stamp.md#place-of-the-stamp)"
    check = entry("SECMP0015-stamp-gsme", "SECMP0015", Evidence.RTDS, source=source)
    tab = view(chosen=[*results(), Result(check, Verdict.PASS, "good")])
    tab.click("th >> text=SECMP0015-stamp")
    assert shows(tab, [check.id]) == "#row=SECMP0015&requirement=SECMP0015-stamp"
    tab.click(f"#{check.id} summary")
    tab.click(f"#{check.id} >> text=Place of the stamp")
    tab.wait_for_function("document.querySelectorAll('details.matrix')[1].open")
    row = tab.locator("tr:target")
    assert "Reference Test Data Set" in row.inner_text() and "octets" in row.inner_text()
    row.locator(f"text={check.id}").click()
    tab.wait_for_function(
        "(id) => document.activeElement.closest('article')?.id === id", arg=check.id
    )
    matrix = tab.locator("details.matrix").first
    matrix.locator("summary").click()
    words = " ".join(matrix.locator("tr", has_text=check.id).inner_text().split())
    assert words == f"{check.id} SECMP0015-stamp ✓ pass rtds Place of the stamp"


def test_expands_and_collapses(view):
    tab = view()
    assert set(tab.evaluate(OPEN)) == {"SECMP0015-fail", "MP099-blocked"}
    tab.click("#page-expand")
    assert tab.evaluate(OPEN) == everything()
    tab.click("#page-collapse")
    assert tab.evaluate(OPEN) == []
    tab.click("#MP085A-pass summary")
    assert tab.evaluate(OPEN) == ["MP085A-pass"]


def test_a_deep_link_opens_its_check_in_view(view):
    tab = view("#GBCS-na", viewport={"width": 1000, "height": 500})
    tab.wait_for_function("document.activeElement.closest('article')?.id === 'GBCS-na'")
    assert "GBCS-na" in tab.evaluate(OPEN)
    # Settled: smooth scrolling may still be under way.
    tab.wait_for_function(
        "() => { const a = document.getElementById('GBCS-na').getBoundingClientRect(), "
        "f = document.querySelector('.filter').getBoundingClientRect(); "
        "return a.top >= f.bottom - 1 && a.top < innerHeight; }"
    )
    tab.select_option("[name=verdict]", "fail")
    tab.evaluate("location.hash = '#MP085A-pass'")
    tab.wait_for_function("document.querySelector('#MP085A-pass details').open")
    assert tab.evaluate(SHOWN) == everything()
    tab.evaluate("location.hash = '#%E0%A4%A'")
    tab.evaluate("location.hash = '#no-such-check'")
    assert tab.evaluate(SHOWN) == everything()


def test_works_with_the_keyboard_alone(view):
    tab = view()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    reached = []
    for _ in range(60):
        tab.keyboard.press("Tab")
        name = tab.evaluate(
            "(document.activeElement.closest('article') || {}).id || document.activeElement.name"
        )
        if tab.evaluate("document.activeElement.tagName") == "SUMMARY":
            if name == "MP085A-pass" and name not in reached:
                tab.keyboard.press("Enter")
            outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
        reached.append(name)
    assert {"text", "verdict", "row", "evidence", *everything()} <= set(reached)
    assert "MP085A-pass" in tab.evaluate(OPEN)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_reads_well_on_phone_and_desktop(view, scheme, width):
    tab = view(color_scheme=scheme, viewport={"width": width, "height": 800})
    tab.click("#page-expand")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = tab.evaluate(CONTRAST)
    assert found["texts"] > 150 and found["weak"] == []
    for button in tab.query_selector_all(".filter button, .filter select, .filter input"):
        assert button.bounding_box()["height"] >= 24


def names_of(tree):
    """(role, name) of all that is not ignored in Chromium's accessibility tree."""
    return [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree["nodes"]
        if not node["ignored"]
    ]


def test_what_a_screen_reader_gets(view):
    tab = view()
    tab.click("#page-expand")
    session = tab.context.new_cdp_session(tab)
    nodes = names_of(session.send("Accessibility.getFullAXTree"))
    roles = [role for role, _ in nodes]
    for landmark in ("banner", "main", "contentinfo", "search"):
        assert roles.count(landmark) == 1, landmark
    needing = ("button", "link", "searchbox", "combobox", "textbox", "img", "image", "region")
    nameless = [role for role, name in nodes if role in needing and not name.strip()]
    assert nameless == []
    assert {"searchbox", "combobox", "table", "columnheader", "rowheader"} <= set(roles)
    assert roles.count("article") == len(results())
    pictures = [name for role, name in nodes if role in ("img", "image")]
    assert len(pictures) == 3 and any("1 off the grid" in name for name in pictures)
    levels = tab.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => +h.tagName[1])"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))
    assert tab.evaluate("document.documentElement.lang") == "en" and tab.title()
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    references = tab.evaluate(
        "[...document.querySelectorAll('[aria-labelledby]')]"
        ".map((element) => element.getAttribute('aria-labelledby'))"
    )
    assert references and set(references) <= set(ids)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(view, scheme, width):
    """Every rule of axe-core, best practices included, on the page closed and all open."""
    from axe_playwright_python.sync_playwright import Axe

    tab = view(color_scheme=scheme, viewport={"width": width, "height": 800})
    for click in (None, "#page-expand"):
        if click:
            tab.click(click)
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
        assert len(found.response["passes"]) > 20


def test_verdicts_are_said_in_words_and_not_by_colour(view):
    tab = view()
    for result in document()["results"]:
        word = tab.inner_text(f"[id='{result['id']}'] summary .verdict")
        assert result["verdict"] in word
    marked = tab.evaluate("getComputedStyle(document.querySelector('mark')).borderBottomStyle")
    assert marked == "solid"


def test_prints_what_was_judged_without_the_controls(view):
    """Octets of a check that passed only where a person opened it: else 200 pages for a meter."""
    tab = view()
    tab.click("#SECMP0056-choice summary")
    judged = [name for name in everything() if name not in ("GBCS-na", "GBCS-left")]
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.querySelector('.filter')).display") == "none"
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate(OPEN) == judged
    shown = {
        name: tab.is_visible(f"#{name} .exchange") for name in ("SECMP0015-fail", "MP085A-pass")
    }
    assert shown == {"SECMP0015-fail": True, "MP085A-pass": False}
    assert tab.is_visible("#MP085A-pass dl") and tab.is_visible(".paper")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert set(tab.evaluate(OPEN)) == {"SECMP0015-fail", "MP099-blocked", "SECMP0056-choice"}


@pytest.mark.parametrize("chosen", [None, many()], ids=["few", "all"])
def test_a_print_has_two_pages_and_then_annexes(view, chosen):
    """Also where every check of the catalogue has something to tell; then pages with numbers."""
    tab = view(chosen=chosen, viewport={"width": 688, "height": 994})  # A4 within its margins
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    parts = tab.evaluate(
        "[...document.querySelectorAll('.sheet, .annex')]"
        ".map((part) => [part.getBoundingClientRect().top, getComputedStyle(part).breakBefore])"
    )
    (first, *_), (second, *_), _ = parts
    assert [how for _, how in parts] == ["page", "page", "page"]
    assert first <= 994 and second - first <= 994
    rule = tab.evaluate(
        "[...document.styleSheets].flatMap((s) => [...s.cssRules]).filter((r) => r.type === 6)"
        ".map((r) => r.cssText).join(' ')"
    )
    assert "counter(page)" in rule and "counter(pages)" in rule and "16mm 14mm 18mm" in rule
    assert "02534D45545300A3" in rule
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    made = tab.pdf(prefer_css_page_size=True)
    assert made[:5] == b"%PDF-"
    pages = len(re.findall(rb"/Type /Page\b", made))
    assert pages >= 5 if chosen else 4 <= pages <= 9


def test_reads_without_scripts(view):
    tab = view(java_script_enabled=False)
    assert "Not covered: CPA" in tab.inner_text("header")
    tab.click("#MP085A-pass summary")
    assert tab.is_visible("#MP085A-pass svg")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_in_an_index(browser, tmp_path, scheme, width):
    """The page of several reports: accessible, and a cell leads to its checks at the device."""
    from axe_playwright_python.sync_playwright import Axe

    for name, chosen in (("a", None), ("b", many())):
        made = document(chosen)
        (tmp_path / f"{name}.json").write_text(as_json(made), encoding="utf-8")
        (tmp_path / f"{name}.html").write_text(make_page(made), encoding="utf-8")
    target = tmp_path / "index.html"
    joined = join([tmp_path / "a.json", tmp_path / "b.json"], target)
    target.write_text(index_page(joined), encoding="utf-8")
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    tab = context.new_page()
    tab.goto(target.as_uri())
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert tab.evaluate(CONTRAST)["weak"] == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.locator("table >> nth=0").locator("tr", has_text="02534D45545300A3").first.locator(
        "td a"
    ).first.click()
    tab.wait_for_url("**/a.html#row=SECMP0015&verdict=fail")
    assert tab.evaluate(SHOWN) == ["SECMP0015-fail"]
    context.close()
