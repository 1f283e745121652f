"""Every check rests on a public document or a fact of docs/evidence, and its label fits that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conform_results import entry, results

from host_tools.conform import traceability
from host_tools.conform.evidence import CONFIDENCE, FactError, cited, documents, facts, page_of
from host_tools.conform.evidence import pages as fact_pages
from host_tools.conform.model import Evidence, catalogue

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ENTRIES = catalogue()
# What a label asks of the surest fact that a check cites.
FITTING = {
    Evidence.RTDS: {"octets"},
    Evidence.SPEC: {"octets", "text", "agreed"},
    Evidence.PROJECT_CHOICE: {"inference", "not found"},
}
# What a source begins with: a public document with its version, or that none was found.
PUBLIC = re.compile(
    r"(RTDS 4\.5\.0|GBCS (4\.0|0\.8\.1)|Smart Energy 1\.2a|ZCL of Smart Energy 1\.2a|RID v0\.4"
    r"|DLMS Blue Book 4\.1\.6\.1|(SECMP0015|SECMP0056|MP085A|MP078), page of (the SEC|Ofgem)"
    r"|no text was found)\b"
)
GOOD = {"heading": "H", "states": "S.", "confidence": "text", "seen": ["RTDS: GCS13a"]}


def stated_on_pages() -> dict[str, dict[str, Any]]:
    """Confidence and places of each fact, read from the pages of docs by their headings."""
    found = {}
    for page in sorted((DOCS / "evidence").glob("*.md")):
        for part in page.read_text(encoding="utf-8").split("\n## ")[1:]:
            heading, _, text = part.partition("\n")
            anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            found[f"evidence/{page.name}#{anchor}"] = {
                "states": text.partition("\n- ")[0].strip(),
                "confidence": "".join(re.findall(r"^- Confidence: (.+)$", text, re.M)),
                "seen": re.findall(r"^- Seen: (.+)$", text, re.M),
            }
    return found


STATED = stated_on_pages()


@pytest.mark.parametrize("check", ENTRIES, ids=lambda check: check.id)
def test_a_check_cites_what_exists_and_its_label_fits(check) -> None:
    """Page and anchor are there; the label is that of the fact's confidence."""
    keys = re.findall(r"evidence/[^\s,;)]+", check.source)
    assert keys, f"{check.id} cites no page of docs/evidence: {check.source}"
    for key in keys:
        assert key in STATED, f"{check.id} cites {key}, which is not there: `make traceability`?"
    assert {STATED[key]["confidence"] for key in keys} & FITTING[check.evidence], check.id
    assert PUBLIC.match(check.source), f"{check.id}: {check.source}"
    outside = re.sub(r"evidence/[a-z0-9]+\.md#[\w-]+", "", check.source)
    assert not re.search(r"\w/\w|\.(md|py|json|csv|html|toml)\b", outside), check.source


def test_a_fact_has_a_public_document_with_version_and_place() -> None:
    """Each place names a document of the list, with what to look up in it."""
    listed = (DOCS / "evidence.md").read_text(encoding="utf-8")
    for name, document in documents().items():
        assert document.version and document.place, name
        assert f"| {name} | {document.title.replace('|', '')}" in listed
        assert re.search(
            r"https://|smartenergycodecompany|essaydocs|manualshive|ZBOSS", document.place
        )
    for key, said in STATED.items():
        assert said["states"] and said["confidence"] in CONFIDENCE, key
        assert said["seen"], key
        for place in said["seen"]:
            name, _, section = place.partition(", ")
            assert name in documents() and section, f"{key}: {place}"


def test_pages_are_what_the_tables_say(tmp_path: Path, capsys) -> None:
    """`make traceability` would change nothing; without a folder the command says its usage."""
    (tmp_path / "evidence").mkdir()
    assert traceability.main([str(tmp_path)]) == 0
    made = {
        file.relative_to(tmp_path).as_posix(): file.read_text(encoding="utf-8")
        for file in tmp_path.rglob("*.md")
    }
    kept = [DOCS / "traceability.md", DOCS / "evidence.md", *(DOCS / "evidence").glob("*.md")]
    assert set(made) == {file.relative_to(DOCS).as_posix() for file in kept}
    for name, text in made.items():
        assert text == (DOCS / name).read_text(encoding="utf-8"), "run `make traceability`"
    assert traceability.main([]) == 2
    assert traceability.main([str(tmp_path / "no" / "folder")]) == 1
    assert "DOCS" in capsys.readouterr().err


def test_every_check_has_a_requirement_of_its_row() -> None:
    """A new check is assigned in facts/requirements.toml; each requirement has checks."""
    judged = set()
    for check in ENTRIES:
        found = traceability.requirement_of(check)
        assert found, f"{check.id}: assign it in host_tools/conform/facts/requirements.toml"
        assert found.row == check.row
        judged.add(found.id)
    wanted = {each.id for each in traceability.requirements()}
    # Vectors are no part of the catalogue; the rest is for what the catalogue does not have yet.
    assert wanted - judged <= {"RTDS-vectors", "GBCS-other"}
    vector = entry("RTDS-GCS13a", "SECMP0015", Evidence.RTDS)
    found = traceability.requirement_of(vector)
    assert found and found.id == "RTDS-vectors"
    assert traceability.requirement_of(entry("NEW-check", "NEW")) is None


def test_the_page_shows_every_check_both_ways() -> None:
    """A row of the first part for each check, and its name beside each fact that it cites."""
    rows, _, backwards = (DOCS / "traceability.md").read_text("utf-8").partition("## By evidence")
    for check in ENTRIES:
        line = next(line for line in rows.splitlines() if line.startswith(f"| `{check.id}` |"))
        for key in re.findall(r"evidence/[^\s,;)]+", check.source):
            assert f"({key})" in line
            back = next(line for line in backwards.splitlines() if f"({key})" in line)
            assert f"`{check.id}`" in back


def test_a_report_has_the_matrix_both_ways() -> None:
    """Each result is in one requirement with its verdict, and at each fact that it cites."""
    source = "RTDS 4.5.0 (evidence/stamp.md#place-of-the-stamp, evidence/messages.md#keys)"
    found = results()
    found[3].check.__dict__["source"] = source
    matrix = traceability.matrix(found)
    rows = {
        one["id"]: (part["row"], part["requirement"], one["verdict"], one["facts"])
        for part in matrix["requirements"]
        for one in part["checks"]
    }
    assert set(rows) == {result.check.id for result in found}
    keys = ["evidence/stamp.md#place-of-the-stamp", "evidence/messages.md#keys"]
    assert rows["SECMP0015-fail"] == ("SECMP0015", "", "fail", keys)
    assert rows["GBCS-tolerated"][:3] == ("GBCS", "GBCS-other", "tolerated")
    gbcs = next(part for part in matrix["requirements"] if part["requirement"] == "GBCS-other")
    assert gbcs["verdicts"] == {"tolerated": 1, "not-applicable": 1, "not-run": 1}
    assert {fact["key"]: fact["checks"] for fact in matrix["facts"]} == {
        key: ["SECMP0015-fail"] for key in keys
    }
    assert all("(RTDS)" in fact["seen"][0] for fact in matrix["facts"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"heading": "I", "extra": 1}, "has not exactly"),
        ({"confidence": "sure"}, "confidence sure is none"),
        ({"seen": ["a friend: told me"]}, "names no document"),
        ({"seen": ["RTDS"]}, "names no document and section"),
        ({"seen": []}, "was seen nowhere"),
        ({}, "two facts have the heading"),
    ],
)
def test_a_wrong_fact_is_refused(change: dict[str, object], problem: str) -> None:
    """What is incomplete or names no document is an error that says where."""
    table = {"title": "T", "about": "A", "fact": [GOOD, {**GOOD, **change}]}
    with pytest.raises(FactError, match=problem):
        page_of("x", table)


def test_a_citation_of_nothing_is_an_error() -> None:
    """A source without a citation cites nothing; one of a fact that is not there is refused."""
    assert cited("GBCS 9.1.6") == []
    assert [fact.key for fact in cited("x (evidence/voltage.md#utc)")] == [
        "evidence/voltage.md#utc"
    ]
    with pytest.raises(FactError, match="there is no evidence/voltage"):
        cited("evidence/voltage.md" + "#nothing")
    assert set(facts()) == set(STATED)
    assert sum(len(page.facts) for page in fact_pages()) == len(facts())
