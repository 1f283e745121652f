"""`smets conform` and `smets compare`: exit statuses, files, and devices that do as they like."""

import json
import shutil
import socket
import threading
import time
from contextlib import contextmanager, suppress
from xml.etree import ElementTree

import pytest
from conform_results import document, entry
from outside import RTDS
from typer.testing import CliRunner

from host_tools import cli
from host_tools.bench import open_transport
from host_tools.conform import judging
from host_tools.conform.model import (
    Blocked,
    Evidence,
    Finding,
    NotClaimed,
    NotJudged,
    Outcome,
    Verdict,
)
from host_tools.conform.report import read_report
from host_tools.conform.session import Session
from host_tools.conform.watch import WatchingBench
from host_tools.example import ExampleHome
from host_tools.roles import JUDGED

STAMPS = ("--only", "SECMP0015-stamp-gsme", "--only", "SECMP0015-stamp-gpf")


def smets(*arguments):
    return CliRunner().invoke(cli.build(), list(map(str, arguments)))


def conform(folder, *arguments, device="gpf"):
    """Run it; the exit status, what was printed, and the report."""
    file = folder / "report.json"
    result = smets("conform", "--device", device, "--json", file, *arguments)
    return result.exit_code, result.output, read_report(file) if file.exists() else None


def by_id(report):
    return {result["id"]: result for result in report["results"]}


def test_a_reference_device_passes_and_all_forms_are_written(tmp_path):
    """rtds: the stamped reads of the reference GPF."""
    page, xml = tmp_path / "r.html", tmp_path / "r.xml"
    status, output, report = conform(
        tmp_path, "--engine", "cpython", "--html", page, "--junit", xml, *STAMPS
    )
    assert status == 0, output
    assert report["counts"]["pass"] == 2 and report["verdict"] == "pass"
    assert report["identity"]["engine"] == "cpython"
    assert len(report["identity"]["firmware_hash"]) == 64
    assert "2 pass, 0 fail" in output and "not covered: CPA, ZigBee" in output
    assert "SECMP0015-stamp-gpf" in page.read_text()
    assert len(ElementTree.parse(xml).findall(".//testcase")) == len(report["results"])
    exchanges = by_id(report)["SECMP0015-stamp-gsme"]["exchanges"]
    assert len(exchanges) == 5 and all(item["observed"] for item in exchanges)
    others = {r["text"] for r in report["results"] if r["verdict"] == "not-run"}
    assert others <= {"left out by --only"}


def test_what_was_seen_becomes_pictures(tmp_path):
    """The ages of stamps and the voltage log, as the devices gave them."""
    page = tmp_path / "r.html"
    _, _, report = conform(tmp_path, "--engine", "cpython", "--html", page, *STAMPS)
    stamps = by_id(report)["SECMP0015-stamp-gsme"]["data"]["stamps"]
    assert [item["read"] - item["stamp"] for item in stamps] == [600] * 5
    assert {item["label"] for item in stamps} == {"GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a"}
    assert {(item["status"], item["source"]) for item in stamps} == {("reliable", "from GSME")}
    assert "600 s old, reliable, from GSME" in page.read_text()
    only = ("--engine", "cpython", "--only", "MP085A-end-stamps")
    _, _, report = conform(tmp_path, *only, device="esme")
    logs = [r["data"]["voltage"] for r in report["results"] if "voltage" in r["data"]]
    assert logs and any(log["period"] == 1800 for log in logs)


def test_a_display_shows_its_records_before_and_after(tmp_path):
    """spec: what is older than the tenancy is cleared (SECMP0056)."""
    only = ("--engine", "cpython", "--only", "SECMP0056-display-clears")
    _, output, report = conform(tmp_path, *only, device="ihd")
    series = by_id(report)["SECMP0056-display-clears"]["data"]["tenancy"]
    assert min(when for when, _ in series["before"]) < series["start"], output
    assert min(when for when, _ in series["after"]) >= series["start"]


def test_what_the_device_cannot_do_blocks(tmp_path):
    status, output, report = conform(
        tmp_path, "--engine", "cpython", "--without", "state", *STAMPS
    )
    assert status == 4, output
    texts = {by_id(report)[name]["text"] for name in STAMPS[1::2]}
    assert {text[:46] for text in texts} == {"the device under test has no state control (CT"}
    assert "state" not in report["identity"]["capabilities"]


def test_claims_leave_out_what_came_later(tmp_path):
    claims = tmp_path / "claims.json"
    claims.write_text('{"specification": "CHTS V1.5", "gbcs": "4.1", "model": "M"}')
    status, _, report = conform(tmp_path, "--engine", "cpython", "--claims", claims, *STAMPS)
    chosen = by_id(report)["SECMP0015-stamp-gpf"]
    assert chosen["verdict"] == "not-applicable" and "claimed is GBCS 4.1" in chosen["text"]
    assert report["identity"]["claims"]["model"] == "M" and status == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("--device", "toaster"),
        ("--device", "gpf", "--only", "no-such-check"),
        ("--device", "gpf", "--without", "wings"),
        ("--device", "gpf", "--rtds", "/no/such/folder"),
        ("--device", "gpf", "--claims", "/no/such/file"),
        ("--device", "gpf", "--tolerate", "/no/such/file"),
        ("--device", "gpf", "--image", "/no/such/file", "--without", "state"),
        ("--device", "all", "--json", "/tmp/x.json"),
        ("--device", "all", "--engine", "127.0.0.1:1"),
        ("--device", "gpf", "--timeout", "0"),
        (),
    ],
)
def test_usage_errors_are_status_2(arguments):
    result = smets("conform", *arguments)
    assert result.exit_code == 2, result.output


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"no-such-check": "x"}',
        '{"SECMP0015-stamp-gpf": 1}',
        '{"SECMP0015-stamp-gpf": " "}',
    ],
)
def test_tolerances_need_a_check_and_a_reference(text, tmp_path):
    path = tmp_path / "tolerate.json"
    path.write_text(text)
    assert smets("conform", "--device", "gpf", "--tolerate", path).exit_code == 2


@contextmanager
def device(behave):
    """A TCP server on loopback; `behave(connection)` is what it does with each link."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection):
            with connection:
                try:
                    behave(connection)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def lines(connection):
    """The lines that arrive, each with its number."""
    with connection.makefile("r", encoding="ascii") as file:
        for line in file:
            yield line.rstrip("\n"), line.partition("#")[2].partition(":")[0]


def silent(connection):
    while connection.recv(4096):
        pass


def gone(connection):
    connection.recv(1)


def babbling(connection):
    while True:
        connection.sendall(b"LOG:DEBUG#0:5:hello\n" * 200)


def endless(connection):
    while True:
        connection.sendall(b"\xff\x00" * 2000)


def answering(body):
    """Answers every line with the same words."""

    def behave(connection):
        for _, number in lines(connection):
            connection.sendall(body.replace("#N", f"#{number}").encode("latin-1") + b"\n")

    return behave


def polite_then(kind):
    """Says hello and takes every control, but answers commands with garbage of a kind."""

    def behave(connection):
        for line, number in lines(connection):
            if line.startswith("GBCS"):
                if kind == "gone":
                    return
                answer = {
                    "nothing": "",
                    "no hex": f"GBCS:DATA#{number}:4:ZZZZ\n",
                    "empty": f"GBCS:DATA#{number}:0:\n",
                    "octets": f"GBCS:DATA#{number}:4:DF090200\n",
                    "echo": line + "\n",
                    "refusal": f"GBCS:NONE#{number}:4:nope\n",
                }[kind]
            else:
                answer = f"CTRL:OK#{number}:16:" + '{"firmware":"x"}' + "\n"
            connection.sendall(answer.encode())

    return behave


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (silent, "no line from the device"),
        (gone, "the device is gone"),
        (babbling, "does not answer"),
        (endless, "does not answer"),
        (answering("CTRL:OK#N:9:not json"), "does not answer"),
        (answering("CTRL:OK#N:1:5"), "does not answer"),
        (answering("LOG:ERROR#N:4:busy"), "busy"),
        (answering("\x80\xff\x00"), "does not answer"),
        (answering("ZCL:FRAME#N:1:zz"), "does not answer"),
    ],
)
def test_a_device_without_a_hello_ends_in_a_report(tmp_path, behave, words):
    with device(behave) as address:
        began = time.monotonic()
        status, output, report = conform(
            tmp_path, "--engine", address, "--timeout", 0.3, "--limit", 1.5, *STAMPS
        )
        assert time.monotonic() - began < 15
    assert status == 4, output
    for name in STAMPS[1::2]:
        chosen = by_id(report)[name]
        assert chosen["verdict"] == "blocked" and words in chosen["text"], chosen["text"]
    assert report["identity"]["firmware_hash"].startswith("not known")


@pytest.mark.parametrize(
    "kind", ["nothing", "no hex", "empty", "octets", "echo", "refusal", "gone"]
)
def test_a_device_that_answers_commands_with_garbage_fails(tmp_path, kind):
    with device(polite_then(kind)) as address:
        status, output, report = conform(tmp_path, "--engine", address, "--timeout", 0.3, *STAMPS)
    assert status == 1, output
    verdicts = [by_id(report)[name]["verdict"] for name in STAMPS[1::2]]
    assert verdicts == ["fail", "fail"] and "Traceback" not in output
    assert report["identity"]["firmware"] == "x"
    assert "power" not in report["identity"]["capabilities"]


def test_a_device_that_restarts_is_judged_by_the_checks_that_follow(tmp_path):
    """A board whose watchdog bites takes its port away for a while."""
    first = socket.create_server(("127.0.0.1", 0))
    port = first.getsockname()[1]
    ends = []

    def serve():
        connection, _ = first.accept()
        with connection, suppress(OSError):
            polite_then("gone")(connection)
        first.close()
        time.sleep(1)
        with socket.create_server(("127.0.0.1", port)) as second:
            ends.append(second)
            connection, _ = second.accept()
            with connection, suppress(OSError):
                slow_device("gpf", 0)(connection)

    board = threading.Thread(target=serve, daemon=True)
    board.start()
    status, output, report = conform(
        tmp_path, "--engine", f"127.0.0.1:{port}", "--timeout", 5, *STAMPS
    )
    board.join(10)
    assert status == 1 and ends, output
    verdicts = {by_id(report)[name]["verdict"] for name in STAMPS[1::2]}
    assert verdicts == {"fail", "pass"}, "that in which it restarted, and the other one"


def test_no_port_at_all_ends_in_a_report(tmp_path):
    for engine in ("127.0.0.1:1", "/dev/no-such-port"):
        status, output, report = conform(tmp_path, "--engine", engine, *STAMPS)
        assert status == 4, output
        assert report["counts"]["blocked"] >= 2


def slow_device(role, delay):
    """The reference device behind a line that takes its time."""

    def behave(connection):
        inner = open_transport(role, "cpython")
        try:
            for line, number in lines(connection):
                inner.send(line)
                time.sleep(delay)
                while True:
                    answer = inner.receive(5)
                    connection.sendall(answer.encode() + b"\n")
                    if f"#{number}:" in answer and not answer.startswith("ZCL:FRAME"):
                        break
        finally:
            inner.close()

    return behave


def test_a_slow_device_is_judged_all_the_same(tmp_path):
    with device(slow_device("gpf", 0.02)) as address:
        status, output, report = conform(tmp_path, "--engine", address, *STAMPS)
    assert status == 0, output
    assert report["counts"]["pass"] == 2


def test_a_device_slower_than_the_limit_is_cut_off(tmp_path):
    with device(slow_device("gpf", 0.4)) as address:
        status, output, report = conform(
            tmp_path, "--engine", address, "--limit", 1, "--timeout", 0.8, *STAMPS
        )
    assert status in (1, 4), output
    assert any("cut off after 1 s" in result["text"] for result in report["results"])


@pytest.fixture
def session():
    """A session with a reference device."""
    found = Session(
        "gpf",
        lambda: WatchingBench(
            "gpf", lambda: open_transport("gpf", "cpython"), ExampleHome(), frozenset(("state",))
        ),
    )
    yield found
    found.close()


def raising(error):
    def run(dut):
        raise error

    return run


def killing(dut):
    dut.client.transport.process.kill()
    dut.client.control("HELLO")
    return Finding(True, "not reached")


def test_whatever_a_check_meets_is_a_result_and_the_next_one_runs(session):
    choice = Evidence.PROJECT_CHOICE
    entries = [
        entry("a-key", run=raising(KeyError("date_time"))),
        entry("b-blocked", run=raising(Blocked("no such control"))),
        entry("c-kill", run=killing),
        entry("d-after"),
        entry("e-choice", evidence=choice, run=raising(ValueError("odd"))),
        entry("f-choice", evidence=choice, run=killing),
        entry("g-choice", evidence=choice, run=lambda dut: Finding(False, "so", [], "other")),
        entry("h-role", roles=("ihd",)),
        entry("i-since", since="GBCS 9.9"),
        entry("j-left"),
        entry("k-needs", needs=("power",)),
        entry("l-fail", run=lambda dut: Finding(False, "no")),
        entry("m-tolerated", run=raising(IndexError("x"))),
        entry("n-claim", run=raising(NotClaimed("it does not claim it"))),
        entry("o-judge", run=raising(NotJudged("too little is known"))),
        entry("p-words", run=lambda dut: Finding(False, "not claimed: these are only words")),
    ]
    found = {
        result.check.id: result
        for result in session.judge(
            entries,
            {"l-fail": "REF-1", "m-tolerated": "REF-2", "d-after": "unused"},
            lambda check: "later" if check.since else "",
            {"j-left": Outcome(Verdict.NOT_RUN, "left out by --only")},
        )
    }
    verdicts = {name: result.verdict for name, result in found.items()}
    assert verdicts == {
        "a-key": Verdict.FAIL,
        "b-blocked": Verdict.BLOCKED,
        "c-kill": Verdict.FAIL,
        "d-after": Verdict.PASS,
        "e-choice": Verdict.BLOCKED,
        "f-choice": Verdict.BLOCKED,
        "g-choice": Verdict.OBSERVED,
        "h-role": Verdict.NOT_APPLICABLE,
        "i-since": Verdict.NOT_APPLICABLE,
        "j-left": Verdict.NOT_RUN,
        "k-needs": Verdict.BLOCKED,
        "l-fail": Verdict.TOLERATED,
        "m-tolerated": Verdict.TOLERATED,
        "n-claim": Verdict.NOT_APPLICABLE,
        "o-judge": Verdict.NOT_RUN,
        "p-words": Verdict.FAIL,
    }
    assert found["a-key"].text == "the answer has no date_time"
    assert "odd" in found["e-choice"].text and "Error" not in found["e-choice"].text
    assert found["l-fail"].tolerance == "REF-1" and found["m-tolerated"].tolerance == "REF-2"
    assert found["g-choice"].alternative == "other"


def test_interrupting_a_run_reports_what_was_done(tmp_path, monkeypatch):
    entries = [
        entry("a-first"),
        entry("b-stop", run=raising(KeyboardInterrupt())),
        entry("c-last"),
    ]
    monkeypatch.setattr(judging, "catalogue", lambda: entries)
    status, output, report = conform(tmp_path, "--engine", "cpython")
    verdicts = [by_id(report)[name]["verdict"] for name in ("a-first", "b-stop", "c-last")]
    assert verdicts == ["pass", "not-run", "not-run"], output
    assert by_id(report)["c-last"]["text"] == "the run was interrupted"
    assert (status, report["verdict"]) == (4, "incomplete")


def test_a_device_of_another_role_is_not_judged(tmp_path):
    with device(slow_device("gsme", 0)) as address:
        status, output, report = conform(tmp_path, "--engine", address, *STAMPS)
    assert status == 4, output
    chosen = by_id(report)["SECMP0015-stamp-gpf"]
    assert chosen["text"] == "the device says that it is GSME"


def test_a_tolerated_failure_is_status_0_and_a_failure_1(tmp_path, monkeypatch):
    entries = [entry("a-pass"), entry("b-fail", run=lambda dut: Finding(False, "no"))]
    monkeypatch.setattr(judging, "catalogue", lambda: entries)
    status, output, _ = conform(tmp_path, "--engine", "cpython")
    assert status == 1 and "b-fail: no" in output
    shutil.copy(tmp_path / "report.json", tmp_path / "before.json")
    path = tmp_path / "tolerate.json"
    path.write_text('{"b-fail": "SMDA-246"}')
    status, output, report = conform(tmp_path, "--engine", "cpython", "--tolerate", path)
    assert status == 0 and "[SMDA-246]" in output
    assert report["counts"]["tolerated"] == 1
    changed = smets("compare", tmp_path / "before.json", tmp_path / "report.json")
    assert changed.exit_code == 0 and "1 improvements" in changed.output
    back = smets("compare", tmp_path / "report.json", tmp_path / "before.json")
    assert back.exit_code == 1 and "1 regressions" in back.output


def failing(text):
    return lambda dut: Finding(False, text)


def test_selection_and_order_of_what_is_said(tmp_path, monkeypatch):
    """-k, -x, --last-failed and --list; failures last, the same reason once."""
    entries = [
        entry("a-fail", run=failing("no")),
        entry("b-none", run=raising(Blocked("no relay"))),
        entry("c-none", run=raising(Blocked("no relay"))),
        entry("d-fail", run=failing("never"), title="A Title of its own"),
        entry("e-pass"),
    ]
    monkeypatch.setattr(judging, "catalogue", lambda: entries)
    status, output, report = conform(tmp_path, "--engine", "cpython")
    assert status == 1 and output.count("no relay") == 1
    assert output.index("2 checks (b-none, c-none)") < output.index("a-fail: no")
    assert [r["where_to_look"] != "" for r in report["results"]] == [True] * 5
    shutil.copy(tmp_path / "report.json", tmp_path / "last.json")

    def judged(*arguments):
        _, _, found = conform(tmp_path, "--engine", "cpython", *arguments)
        return {r["id"] for r in found["results"] if r["verdict"] != "not-run"}

    assert judged("-k", "own", "-k", "E-PASS") == {"d-fail", "e-pass"}
    assert judged("--last-failed", tmp_path / "last.json") == {"a-fail", "d-fail"}
    assert judged("-x") == {"a-fail"}
    listed = smets("conform", "--device", "gpf", "--list", "-k", "none")
    assert listed.exit_code == 0
    assert [line.partition(":")[0] for line in listed.output.splitlines()] == ["b-none", "c-none"]
    (tmp_path / "good.json").write_text(json.dumps(document([])))
    nothing = smets("conform", "--device", "gpf", "--last-failed", tmp_path / "good.json")
    assert nothing.exit_code == 2 and "nothing failed in it" in nothing.output


def test_all_devices_end_with_the_figures(tmp_path, monkeypatch):
    entries = [entry("a-pass", roles=JUDGED)]
    monkeypatch.setattr(judging, "catalogue", lambda: entries)
    result = smets("conform", "--device", "all", "--engine", "cpython", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "5 devices: 5 pass, 0 fail" in result.output.splitlines()[-1]
    names = {f"{role}.{kind}" for role in JUDGED for kind in ("json", "xml", "html")}
    assert {path.name for path in tmp_path.iterdir()} == names | {"index.html"}
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{role}.html"' in index for role in JUDGED)


def test_the_hash_of_an_image_is_in_the_report(tmp_path):
    image = tmp_path / "image.bin"
    image.write_bytes(b"abc")
    _, _, report = conform(tmp_path, "--engine", "127.0.0.1:1", "--image", image)
    assert report["identity"]["firmware_hash"].startswith("ba7816bf8f01cfea")


def test_compare_refuses_what_is_no_report(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(document()))
    bad.write_text("{}")
    assert smets("compare", good, good).exit_code == 0
    assert smets("compare", good, bad).exit_code == 2
    assert smets("compare", tmp_path / "none.json", good).exit_code == 2


@pytest.mark.needs_rtds
def test_vectors_are_checks(tmp_path):
    """rtds: every pair of the GPF, and of the GSME those that it claims."""
    status, output, report = conform(
        tmp_path, "--engine", "cpython", "--rtds", RTDS, "--only", "RTDS-GCS13a"
    )
    assert status == 0, output
    assert by_id(report)["RTDS-GCS13a"]["verdict"] == "pass"
    assert by_id(report)["RTDS-GCS13a"]["row"] == "SECMP0015"
    assert "index SHA-256" in report["identity"]["vector_set"]
    claims = tmp_path / "claims.json"
    claims.write_text('{"use_cases": ["GCS13a"]}')
    arguments = ("--engine", "cpython", "--rtds", RTDS, "--claims", claims, "--only", "GBCS")
    _, output, report = conform(tmp_path, *arguments, device="gsme")
    vectors = {r["id"]: r for r in report["results"] if r["id"].startswith("RTDS-")}
    assert len(vectors) > 20
    texts = [r["text"] for r in vectors.values() if r["id"] != "RTDS-GCS13a"]
    assert all(text.startswith(("not claimed", "the vector set", "left out")) for text in texts)
