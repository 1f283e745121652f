"""The report in its forms, from results of every kind."""

import copy
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from conform_results import DATA, START, document, entry, results

from host_tools.conform.claims import Claims, read_claims
from host_tools.conform.compare import compare_reports
from host_tools.conform.diff import difference
from host_tools.conform.html import page
from host_tools.conform.junit import junit
from host_tools.conform.model import Verdict
from host_tools.conform.pictures import pictures
from host_tools.conform.report import NOT_COVERED, read_report, validate_report
from host_tools.schemas import SchemaProblem

VOID = {"meta", "link", "input", "br", "line", "polyline"}


class Page(HTMLParser):
    """Checks that elements nest, and collects ids, links and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.urls, self.text = [], [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.urls += [values[name] for name in ("src", "href") if name in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def one(verdict, name="GBCS-x"):
    """The report of a single result."""
    result = next(item for item in results() if item.verdict is verdict)
    result.check = entry(name)
    return document([result])


@pytest.mark.parametrize(
    ("verdict", "overall", "status"),
    [
        (Verdict.PASS, "pass", 0),
        (Verdict.TOLERATED, "pass", 0),
        (Verdict.OBSERVED, "none", 4),
        (Verdict.FAIL, "fail", 1),
        (Verdict.BLOCKED, "blocked", 4),
        (Verdict.NOT_RUN, "none", 4),
        (Verdict.NOT_APPLICABLE, "none", 4),
    ],
)
def test_verdict_and_exit_status_of_a_run(verdict, overall, status):
    report = one(verdict)
    assert (report["verdict"], report["exit_status"]) == (overall, status)
    assert report["counts"][str(verdict)] == 1 and sum(report["counts"].values()) == 1


def test_a_failure_outweighs_what_is_blocked():
    report = document()
    assert (report["verdict"], report["exit_status"]) == ("fail", 1)
    assert report["counts"] == {
        "pass": 2,
        "fail": 1,
        "observed": 1,
        "tolerated": 1,
        "not-applicable": 1,
        "not-run": 1,
        "blocked": 1,
    }


def test_baseline_says_what_was_in_scope_and_why_the_rest_was_not():
    baseline = document()["baseline"]
    assert baseline["rows"] == ["SECMP0015", "SECMP0056", "MP085A", "MP099", "GBCS"]
    why = {item["row"]: item["why"] for item in baseline["excluded"]}
    assert set(why) == {"MP078", "MP143", "MP140", "MP141", "CR4427", "CR4465"}
    assert why["MP143"] == "the catalogue has no check of it"
    assert "RID v0.4" in baseline["release"]
    left = document([item for item in results() if item.check.id == "GBCS-left"])["baseline"]
    assert {"row": "GBCS", "why": "not-run: left out by --only"} in left["excluded"]


def test_a_result_that_was_good_in_a_report_is_judged_again_where_the_form_asks_for_more():
    """What is known to be good is that of a format, and is the whole result."""
    report = copy.deepcopy(document())
    validate_report(report)
    older = copy.deepcopy(report)
    older["format"] = "smets-conform-report/2"
    for result in older["results"]:
        del result["requirement"], result["facts"]
    validate_report(older)
    with pytest.raises(SchemaProblem, match="'requirement' is a required property") as problem:
        validate_report({**older, "format": report["format"]})
    assert problem.value.path[:2] == ("results", 0)
    changed = copy.deepcopy(report)
    changed["results"][-1]["seconds"] = "long"
    for _ in range(2):
        with pytest.raises(SchemaProblem) as problem:
            validate_report(changed)
        assert problem.value.path == ("results", len(report["results"]) - 1, "seconds")
    validate_report(report)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "perfect"),
        (("results", 0, "verdict"), "skipped"),
        (("results", 0, "evidence"), "rumour"),
        (("results", 0, "id"), "has space"),
        (("not_covered",), ["CPA"]),
        (("identity", "device_id"), "A3"),
        (("counts", "pass"), -1),
        (("exit_status",), 3),
        (("surplus",), 1),
    ],
)
def test_the_schema_refuses_what_is_no_report(path, value, tmp_path):
    report = copy.deepcopy(document())
    validate_report(report)
    target = report
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    with pytest.raises(SchemaProblem):
        validate_report(report)
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    with pytest.raises(SchemaProblem, match="report.json"):
        read_report(file)


def test_a_report_survives_its_file(tmp_path):
    file = tmp_path / "report.json"
    file.write_text(json.dumps(document()))
    assert read_report(file) == document()


def test_junit_counts_and_keeps_what_devices_say():
    root = ElementTree.fromstring(junit(document()).encode())
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8",
        "failures": "1",
        "errors": "1",
        "skipped": "3",
    }
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert "DF09" in cases["SECMP0015-fail"].find("failure").text
    assert cases["MP099-blocked"].find("error").get("message") == "no power control"
    assert "SMDA-1" in cases["GBCS-tolerated"].find("skipped").get("message")
    assert "\ufffd[31m" in cases["SECMP0015-fail"].find("failure").text
    properties = {item.get("name"): item.get("value") for item in root.iter("property")}
    assert properties["not_covered"] == ", ".join(NOT_COVERED)
    assert properties["device_id"] == "02534D45545300A3"
    suites = [suite.get("name") for suite in root.iter("testsuite")]
    assert suites == ["SECMP0015", "SECMP0056", "MP085A", "MP099", "GBCS"]


def test_the_page_holds_everything_and_needs_nothing():
    text = page(document())
    parsed = Page(text)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {result.check.id for result in results()} <= set(parsed.ids)
    outside = [url for url in parsed.urls if not url.startswith("#") and url != "data:,"]
    assert outside == [] and "http" not in text and "url(" not in text and "@import" not in text
    for words in (
        "Not covered: CPA, ZigBee, DLMS certification, radio, metrology",
        "SMDA-1",
        "CHTS V1.6",
        "ab" * 32,
        "test keys",
        "GBCS 9.1.6",
        "the catalogue has no check of it",
        "First difference at octet 10 (0x0A): expected 88, observed FF; 50 octets expected, 48",
    ):
        assert words in " ".join(parsed.text.split()), words


def test_the_page_claims_no_certificate():
    for verdict in Verdict:
        text = page(one(verdict))
        assert "certified" not in text.lower()
        assert "no certificate of anything" in text
        assert "CPA, ZigBee, DLMS certification, radio, metrology" in text


def test_what_a_device_says_is_text_and_no_markup():
    text = page(document())
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    assert "<b>2 rows" not in text and "&lt;b&gt;2 rows" in text
    assert text.count("<script>") == 1


def test_pictures_are_drawn_and_described():
    drawn = dict(pictures(DATA))
    assert len(drawn) == 3
    for caption, picture in drawn.items():
        root = ElementTree.fromstring(picture)
        assert root.get("role") == "img" and root.get("aria-label"), caption
        for element in root.iter():
            for name in ("x", "x1", "x2", "cx"):
                assert 0 <= float(element.get(name, 0)) <= 720, (caption, element.attrib)
    captions = "\n".join(drawn)
    assert "12 entries" in captions and "1 off the grid" in captions
    assert "before: 11, after: 2, of those older than the tenancy: 1" in captions
    # the entry off the grid, the stamp after the read, the record that was kept
    assert [str(picture).count('class="bad"') for picture in drawn.values()] == [1, 1, 1]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"voltage": {"period": 0, "points": [[0, 1]]}},
        {"voltage": {"period": 1800, "points": []}},
        {"voltage": []},
        {"stamps": {}},
        {"stamps": [{"label": "x"}]},
        {"tenancy": {"start": 10**15, "before": [], "after": []}},
        {"unknown": [1]},
    ],
)
def test_series_of_another_shape_are_not_drawn(data):
    assert pictures(data) == []


def test_one_point_is_a_picture_too():
    series = {"voltage": {"period": 1800, "points": [[1800, 2300]]}}
    assert len(pictures({**series, "stamps": [{"label": "x", "read": 5, "stamp": 5}]})) == 2


def polylines(picture):
    root = ElementTree.fromstring(picture)
    return [each.get("points").split() for each in root.iter("polyline")]


def test_a_line_joins_only_periods_that_follow_each_other():
    points = [[1800 * n, 230 + n % 2] for n in (2, 3, 4, 9, 10)]
    picture = pictures({"voltage": {"period": 1800, "points": points}})[0][1]
    assert [len(run) for run in polylines(picture)] == [3, 2]


@pytest.mark.parametrize("volts", [[230], [230, 230], [229, 231], [180, 276], [0, 4000]])
def test_a_log_fills_its_picture_with_round_values_beside_it(volts):
    points = [[1800 * n, value] for n, value in enumerate(volts, 1)]
    root = ElementTree.fromstring(pictures({"voltage": {"period": 1800, "points": points}})[0][1])
    said = [each.text for each in root.iter("text")]
    levels = [float(text.removesuffix(" V")) for text in said if text.endswith(" V")]
    assert 3 <= len(levels) <= 6 and levels == sorted(levels)
    assert levels[0] <= min(volts) and max(volts) <= levels[-1]
    heights = [float(each.get("cy")) for each in root.iter("circle")]
    assert all(22 <= height <= 200 for height in heights)
    if volts[0] < volts[-1]:
        assert heights[0] - heights[-1] > 60


def test_stamps_name_the_time_and_stay_inside():
    near = [{"label": "GCS14", "read": START, "stamp": START - each} for each in (0, 1, 40000)]
    for series in ([near[0]], [near[1]], near):
        root = ElementTree.fromstring(pictures({"stamps": series})[0][1])
        height = float(root.get("viewBox").split()[3])
        ticks = [each.text for each in root.iter("text") if re.match(r"\d\d:\d\d", each.text)]
        assert 2 <= len(ticks) <= 9
        assert all(0 < float(each.get("y")) < height for each in root.iter("text"))


def test_a_very_long_log_is_counted_whole():
    points = [[60 * n + (n == 999), 230] for n in range(1000)]
    caption, picture = pictures({"voltage": {"period": 60, "points": points}})[0]
    assert "1000 entries" in caption and "1 off the grid, the first 400 drawn" in caption
    assert picture.count("<circle") == 400


@pytest.mark.parametrize(
    ("expected", "observed", "sentence", "marked"),
    [
        ("00112233", "00112233", "", ("", "")),
        ("00112233", "00 11 22 33", "", ("", "")),
        ("00112233", "00112244", "First difference at octet 3 (0x03): expected 33, observed 44.",
         ("33", "44")),
        ("0011223344", "00112233", "ends there; 5 octets expected, 4 observed", ("44", "")),
        ("00112233", "0011223344", "goes on there; 4 octets expected, 5", ("", "44")),
        ("0011223344", "00AA11223344", "octet 1 (0x01): expected 11, observed AA", ("", "AA")),
        ("00112233", "no response: bad-mac", "", ("", "")),
    ],
)  # fmt: skip
def test_octets_that_differ_are_marked(expected, observed, sentence, marked):
    found = difference(expected, observed)
    assert sentence in found.sentence and bool(sentence) == bool(found.sentence)
    sides = (found.expected, found.observed)
    assert tuple(" ".join(p.text for p in side if p.changed) for side in sides) == marked
    for text, side in zip((expected, observed), sides, strict=True):
        assert "".join(part.text for part in side).replace(" ", "") == text.replace(" ", "")


def test_very_long_answers_are_compared_in_time():
    found = difference("00" * 9000, "00" * 5000 + "01" * 4000)
    assert "octet 5000" in found.sentence and len(found.expected) == 2


def test_compare_tells_regressions_from_improvements():
    old, new = document(), copy.deepcopy(document())
    assert compare_reports(old, new).changes == []
    by_id = {result["id"]: result for result in new["results"]}
    by_id["SECMP0015-fail"]["verdict"] = "pass"
    by_id["SECMP0015-pass"]["verdict"] = "blocked"
    by_id["GBCS-tolerated"]["verdict"] = "fail"
    by_id["SECMP0056-choice"]["alternative"] = "clear at midnight"
    by_id["MP099-blocked"]["verdict"] = "observed"
    new["results"].remove(by_id["MP085A-pass"])
    new["identity"]["firmware"] = "0.2"
    found = compare_reports(old, new)
    assert {change.id for change in found.of("regression")} == {
        "SECMP0015-pass",
        "GBCS-tolerated",
        "MP085A-pass",
    }
    improved = [change.id for change in found.of("improvement")]
    assert improved == ["MP099-blocked", "SECMP0015-fail"]
    assert "clear at midnight" in found.of("change")[0].text
    assert any("0.2" in line for line in found.identity) and found.same == 2


def test_claims_select_checks():
    claims = Claims(specification="CHTS V1.6", gbcs="4.1")
    assert claims.why_not(entry("x")) == ""
    assert "from GBCS 4.2 on" in claims.why_not(entry("x", since="GBCS 4.2"))
    assert claims.why_not(entry("x", since="GBCS 4.1")) == ""
    assert claims.why_not(entry("x", since="CHTS 1.6, GBCS 4.2")) == ""
    assert claims.why_not(entry("x", since="ESMETS 5.2")) == ""
    assert Claims().why_not(entry("x", since="GBCS 4.2")) == ""
    assert Claims(gbcs="4.10").why_not(entry("x", since="GBCS 4.2")) == ""


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"gbcs": 4.2}', '{"gbcs": "new"}', '{"specification": "4.2"}', '{"colour": "x"}',
     '{"use_cases": "GCS13a"}', '{"use_cases": [1]}'],
)  # fmt: skip
def test_claims_that_are_wrong_are_refused(text, tmp_path):
    path = tmp_path / "claims.json"
    path.write_text(text)
    with pytest.raises(SchemaProblem, match="claims.json"):
        read_claims(path)


def test_claims_from_a_file(tmp_path):
    path = tmp_path / "claims.json"
    path.write_text('{"manufacturer": "M", "gbcs": "4.2", "use_cases": ["GCS13a"]}')
    claims = read_claims(path)
    assert claims.to_json() == {"manufacturer": "M", "gbcs": "4.2"}
    assert claims.use_cases == {"GCS13a"}


def test_the_text_of_the_page_is_plain_without_its_script():
    """The content of the page does not depend on a script."""
    text = re.sub(r"<script>.*?</script>", "", page(document()), flags=re.S)
    assert all(result.text.partition("\n")[0][:20] in Page(text).text for result in results())
