"""The plan of the release and its criteria."""

from __future__ import annotations

import copy
import json
import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import cli
from host_tools.release import criteria, page, plan
from host_tools.release.criteria import MET, NOT_MET, PERSON, Said

TODAY = date(2022, 7, 20)


def smets(*arguments):
    return CliRunner().invoke(cli.build(), [str(word) for word in arguments])


def test_the_plan_has_its_events():
    """RID v0.4: 22 events, six of them with only a month."""
    known = plan.events()
    assert len(known) == 22
    assert sum(event.first != event.last for event in known) == 6
    assert known[0].first == date(2021, 11, 30) and known[-1].first == date(2022, 11, 3)


@pytest.mark.parametrize(
    ("day", "gate"),
    [
        (date(2021, 1, 1), date(2021, 11, 30)),
        (date(2022, 7, 27), date(2022, 7, 27)),
        (date(2022, 10, 5), date(2022, 10, 18)),
    ],
)
def test_the_next_gate(day, gate):
    found = plan.next_gate(day, plan.events())
    assert found is not None and found.first == gate


def test_after_the_last_there_is_none():
    assert plan.next_gate(date(2022, 11, 4), plan.events()) is None


# From calendars of 2022: Good Friday, Easter Monday, early May, spring, jubilee, August, funeral.
HOLIDAYS = ["04-15", "04-18", "05-02", "06-02", "06-03", "08-29", "09-19", "12-26", "12-27"]


@pytest.mark.parametrize("day", HOLIDAYS)
def test_bank_holidays_are_no_working_days(day):
    assert not plan.is_working_day(date.fromisoformat(f"2022-{day}"))


def test_working_days_are_counted():
    """Friday to Tuesday over the August bank holiday is one working day."""
    assert plan.working_days(date(2022, 8, 26), date(2022, 8, 30)) == 1
    assert plan.before(date(2022, 8, 30), 1) == date(2022, 8, 26)
    # Ten back from Monday 22 August: Monday 8 August.
    assert plan.before(date(2022, 8, 22), 10) == date(2022, 8, 8)
    # Five back from Friday 23 September, over the funeral on Monday 19: Thursday 15.
    assert plan.before(date(2022, 9, 23), 5) == date(2022, 9, 15)


RULES = {
    "open": ({}, [None, None]),
    "kept": (
        {"uit-start": "2022-08-22", "uit-end": "2022-09-23", "results": "2022-09-15"},
        [True, True],
    ),
    "late": ({"uit-start": "2022-08-01"}, [False, None]),
    "a day late": ({"uit-end": "2022-09-23", "results": "2022-09-16"}, [None, False]),
    "some day of the month": ({"uit-end": "2022-09-23"}, [None, None]),
}


@pytest.mark.parametrize("name", RULES)
def test_rules_are_held_against_days(name):
    """RID: plans at least 10 working days before UIT, results at least 5 before its end."""
    days, kept = RULES[name]
    dated = {event: date.fromisoformat(day) for event, day in days.items()}
    if name == "late":
        dated["regression-plans"] = date(2022, 7, 19)
    assert [found.kept for found in plan.judge(plan.events(dated))] == kept


def test_status_tells_and_ends_with_1_for_a_broken_rule():
    told = smets("release", "status", "--on", "2022-07-20")
    assert told.exit_code == 0 and "in 7 days, 5 of them working days" in told.stdout
    broken = ("--date", "uit-end=2022-09-23", "--date", "results=2022-09-16")
    told = smets("release", "status", "--on", "2022-07-20", *broken)
    assert told.exit_code == 1 and "due 2022-09-15: BROKEN" in told.stdout


def test_the_calendar_is_one():
    """RFC 5545: lines of at most 75 octets that end with CRLF, ends after the last day."""
    text = plan.calendar(plan.events())
    assert text == plan.calendar(plan.events())
    lines = text.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR" and lines[-2:] == [b"END:VCALENDAR", b""]
    assert all(len(line) <= 75 for line in lines)
    assert lines.count(b"BEGIN:VEVENT") == 22
    assert b"DTSTART;VALUE=DATE:20220801" in lines and b"DTEND;VALUE=DATE:20220901" in lines
    names = [line for line in lines if line.startswith(b"UID")]
    assert len(set(names)) == 22


def report(role="gpf", tool="1", **verdicts):
    """What of a report the criteria look at."""
    worst = "fail" if "fail" in verdicts.values() else "pass"
    return {
        "identity": {
            "role": role,
            "tool_version": tool,
            "vector_set": "RTDS",
            "firmware": "",
            "firmware_hash": "",
            "claims": {},
        },
        "verdict": "blocked" if "blocked" in verdicts.values() else worst,
        "results": [
            {"id": name, "verdict": verdict, "alternative": None, "text": name}
            for name, verdict in verdicts.items()
        ],
    }


GOOD, BAD = report(a="pass"), report(a="fail")
STATES = {
    "nothing": ([], [], Said(), {}),
    "good": ([GOOD], [GOOD], Said(), {"T2": MET, "T3": MET, "T5": MET, "T6": MET}),
    "no report from before": ([GOOD], [], Said(), {"T2": MET, "T5": MET, "T6": MET}),
    "blocked": ([report(a="blocked")], [], Said(), {"T5": MET, "T6": MET}),
    "bad": ([BAD], [GOOD], Said(), {"T2": NOT_MET, "T3": NOT_MET}),
    "severe": (
        [BAD],
        [BAD],
        Said(severities={"a": 2}, thresholds={"3": 9}),
        {"T2": NOT_MET, "T3": MET, "T5": NOT_MET, "T6": NOT_MET},
    ),
    "minor, planned": (
        [BAD],
        [BAD],
        Said(severities={"a": 4}, thresholds={"4": 1}, plans={"a": "next month"}),
        {"T2": NOT_MET, "T3": MET, "T5": MET, "T6": MET},
    ),
    "minor, too many": (
        [BAD],
        [BAD],
        Said(severities={"a": 4}, thresholds={"4": 0}, plans={"a": "next month"}),
        {"T2": NOT_MET, "T3": MET, "T5": MET, "T6": NOT_MET},
    ),
    "other tools": (
        [GOOD, report("esme", "2", a="pass")],
        [],
        Said(),
        {"T2": MET, "T5": MET, "T6": MET, "T7": NOT_MET},
    ),
    "said": (
        [],
        [],
        Said(criteria={"O3": {"status": MET, "evidence": "a letter"}}),
        {"O3": MET},
    ),
    "said against a report": (
        [BAD],
        [BAD],
        Said(criteria={"T2": {"status": MET}}),
        {"T2": NOT_MET, "T3": MET},
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_reports_tell_what_they_can(name):
    """project: nothing is met for want of evidence; all else needs a person."""
    reports, before, said, wanted = STATES[name]
    found = criteria.evaluate(copy.deepcopy(reports), before, said)
    assert [item.id for item in found] == [f"O{n}" for n in range(1, 11)] + [
        f"T{n}" for n in range(1, 8)
    ]
    expected = {item.id: wanted.get(item.id, PERSON) for item in found}
    assert {item.id: item.status for item in found} == expected
    assert all(item.why for item in found)


def test_all_of_them_met_is_go():
    said = Said(criteria={name: {"status": MET} for name in criteria.identifiers()})
    found = criteria.evaluate([GOOD], [GOOD], said)
    assert criteria.decide(found) == "go"
    assert criteria.decide(criteria.evaluate([BAD], [GOOD], said)) == "no go"
    assert criteria.decide(criteria.evaluate([], [], Said())).startswith("open: 17")


def test_the_page_stands_alone_and_escapes():
    said = Said(criteria={"O1": {"status": MET, "what": "<script>x</script>", "owner": "A & B"}})
    text = page.render(criteria.evaluate([GOOD], [], said), ["r.json"], TODAY)
    assert "<script" not in text and "&lt;script&gt;" in text and "A &amp; B" in text
    assert "http" not in text and text.count("<tr>") == 18
    assert "needs a person" in text and "2022-07-27" in text


SAID = {
    "[]": "not an object",
    "{": "not JSON",
    '{"more": {}}': "'more' is not an object of",
    '{"criteria": {"O11": {}}}': "no criterion 'O11'",
    '{"criteria": {"O1": {"status": "fine"}}}': "O1: status is met",
    '{"severities": {"a": 6}}': "a: not 1 to 5",
    '{"thresholds": {"2": 1}}': "2: a number for 3, 4 or 5",
}


@pytest.mark.parametrize("text", SAID)
def test_a_wrong_file_is_refused(text, tmp_path):
    path = tmp_path / "said.json"
    path.write_text(text)
    result = smets("release", "criteria", "--said", path)
    assert result.exit_code == 2 and SAID[text] in result.stderr
    assert result.stdout == "" and result.stderr.count("\n") == 1


def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    """docs/release.md, with a real report of the reference GPF."""
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[2] / "docs" / "release.md").read_text(encoding="utf-8")
    lines = re.findall(r"^```\n(.*?)^```", text, re.M | re.S)[0].splitlines()
    for line in lines:
        words, _, file = re.sub(r"\s+#.*", "", line).partition(" > ")
        result = smets(*words.split()[1:])
        assert result.exit_code in (0, 4), (line, result.output)
        if file:
            Path(file.strip()).write_text(result.stdout)
    assert Path("release.ics").read_text().startswith("BEGIN:VCALENDAR")
    assert json.loads(Path("gpf.json").read_text())["identity"]["role"] == "gpf"
    assert "T3   met" in result.stdout and "gpf.json (SHA-256 " in Path("go.html").read_text()
