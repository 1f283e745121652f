"""Several reports on one page: devices by rows, requirements, causes and files."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from conform_results import document, entry, results
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from host_tools import cli
from host_tools.conform.model import Result, Verdict
from host_tools.conform.report import as_json
from host_tools.conform.signing import sign


class Tables(HTMLParser):
    """The tables of a page as rows of (text, link), and all of its text."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.text, self.cell = [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(["", ""])
            self.cell = True
        elif tag == "a" and self.cell:
            self.tables[-1][-1][-1][1] = values["href"]

    def handle_endtag(self, tag):
        self.cell = self.cell and tag not in ("td", "th")

    def handle_data(self, data):
        self.text += data
        if self.cell:
            self.tables[-1][-1][-1][0] += data


def words(cell):
    return " ".join(cell[0].split())


def smets(*arguments):
    return CliRunner().invoke(cli.app, [str(word) for word in arguments])


@pytest.fixture
def reports(tmp_path):
    """Two reports in a folder of their own, the first with its page."""
    folder = tmp_path / "a & b"
    folder.mkdir()
    other = [
        Result(entry(f"MP078-{n}", "MP078"), Verdict.PASS if n else Verdict.OBSERVED, "x")
        for n in range(4)
    ]
    other.append(Result(entry("MP078-na", "MP078"), Verdict.NOT_APPLICABLE, "x"))
    other.append(Result(entry("NEW-1", "NEW"), Verdict.NOT_RUN, "x"))
    for name, chosen in (("one", results()), ("two", other)):
        (folder / f"{name}.json").write_text(as_json(document(chosen)), encoding="utf-8")
    (folder / "one.html").write_text("the page of one")
    return folder


def test_devices_stand_by_rows(reports, tmp_path):
    """Each cell counts the verdicts of its row, the worst first, and leads to it."""
    target = tmp_path / "index.html"
    done = smets("index", reports / "one.json", reports / "two.json", "-o", target)
    assert (done.exit_code, done.output) == (0, f"{target}: 2 reports\n")
    page = Tables(target.read_text(encoding="utf-8"))
    head, one, two = page.tables[0]
    rows = [words(cell).split()[0] for cell in head[2:]]
    assert rows == ["SECMP0015", "SECMP0056", "MP085A", "MP078", "MP099", "GBCS", "NEW"]
    heard = {row: re.findall(r"\d+ [a-z-]+", words(cell)) for row, cell in zip(rows, one[2:])}
    assert heard == {
        "SECMP0015": ["1 fail", "1 pass"],
        "SECMP0056": ["1 observed"],
        "MP085A": ["1 pass"],
        "MP078": [],
        "MP099": ["1 blocked"],
        "GBCS": ["1 tolerated", "1 not-run"],
        "NEW": [],
    }
    assert one[0][1] == "a%20%26%20b/one.html"
    assert one[2][1] == "a%20%26%20b/one.html#row=SECMP0015&verdict=fail"
    assert "fail" in words(one[1]) and "0.1 <script>" in words(one[0])
    assert [words(cell) for cell in two[2:5]] == ["none"] * 3
    assert re.findall(r"\d+ [a-z-]+", words(two[5])) == ["3 pass", "1 observed"]
    assert {cell[1] for cell in two} == {""}, "its page is not there"
    assert "MP078-gcs20r" not in page.text


def test_requirements_stand_by_devices_and_causes_by_device(reports, tmp_path):
    stamp = entry("SECMP0015-stamp-gpf", "SECMP0015")
    for name, verdict in (("one", Verdict.PASS), ("two", Verdict.FAIL)):
        made = document([Result(stamp, verdict, "no stamp")])
        (reports / f"{name}.json").write_text(as_json(made), encoding="utf-8")
    target = reports / "index.html"
    assert smets("index", reports / "one.json", reports / "two.json", "-o", target).exit_code == 0
    page = Tables(target.read_text(encoding="utf-8"))
    (row,) = page.tables[1][1:]
    assert words(row[0]).startswith("SECMP0015-stamp Each read of instantaneous gas")
    assert [re.findall(r"\d+ [a-z]+", words(cell)) for cell in row[1:]] == [["1 pass"], ["1 fail"]]
    assert row[1][1] == "one.html#requirement=SECMP0015-stamp&verdict=pass"
    assert " ".join(page.text.split()).count("✗ 1 fail: no stamp") == 1


def test_files_have_their_hash_and_signature(reports, tmp_path):
    """A report that was changed after it was signed is named, and the status is 1."""
    file = reports / "one.json"
    signed = as_json(sign(document(), Ed25519PrivateKey.generate()))
    file.write_text(signed, encoding="utf-8")
    target = tmp_path / "index.html"
    run = ("index", file, reports / "two.json", "-o", target)
    assert smets(*run).exit_code == 0
    files = Tables(target.read_text(encoding="utf-8")).tables[-1][1:]
    assert [words(row[1]) for row in files] == [
        hashlib.sha256((reports / name).read_bytes()).hexdigest()
        for name in ("one.json", "two.json")
    ]
    assert words(files[0][2]).startswith("signed by the key with SHA-256 ")
    assert words(files[1][2]) == "not signed"
    file.write_text(signed.replace("SMDA-1", "SMDA-2"), encoding="utf-8")
    done = smets(*run)
    assert done.exit_code == 1 and "one.json: NOT VALID: the report is not as" in done.output
    assert "NOT VALID" in Tables(target.read_text(encoding="utf-8")).text


def test_a_report_of_the_format_before_is_joined(reports, tmp_path):
    """Format 2 has no requirements: rows and causes that it has are shown."""
    old = json.loads((reports / "one.json").read_text(encoding="utf-8"))
    old["format"] = "smets-conform-report/2"
    for name in ("environment", "traceability", "causes"):
        del old[name]
    for result in old["results"]:
        del result["requirement"], result["facts"]
    (reports / "one.json").write_text(as_json(old), encoding="utf-8")
    target = tmp_path / "index.html"
    assert smets("index", reports / "one.json", "-o", target).exit_code == 0
    assert len(Tables(target.read_text(encoding="utf-8")).tables) == 2
    assert smets("compare", reports / "one.json", reports / "one.json").exit_code == 0
    new = {**old, "format": "smets-conform-report/3"}
    (reports / "one.json").write_text(as_json(new), encoding="utf-8")
    assert smets("index", reports / "one.json", "-o", target).exit_code == 2


def test_the_index_replaces_no_report(reports):
    file = reports / "one.json"
    before = file.read_bytes()
    assert smets("index", file, "-o", file).exit_code == 2
    assert file.read_bytes() == before
    assert smets("index", reports / "none.json", "-o", reports / "x.html").exit_code == 2
    assert not (reports / "x.html").exists()
