"""The trace of a check: every line with its time, bounded, decoded, and sent again."""

import json
import socket
import threading

import pytest
from conform_results import document, entry
from typer.testing import CliRunner

from host_tools import cli
from host_tools.bench import ProcessTransport
from host_tools.conform.dut import NEW_DEVICE, Dut
from host_tools.conform.model import CATALOGUE, Result, Verdict, catalogue
from host_tools.conform.trace import FIRST, LAST, LONGEST, TREES, Trace
from host_tools.conform.verdicts import run
from host_tools.example import ExampleHome

STAGE = ExampleHome()
RING = STAGE.keys.ring()


def smets(*arguments):
    return CliRunner().invoke(cli.build(), list(map(str, arguments)))


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Results of a reference device, with their traces: one check that passes, one that breaks."""
    catalogue()

    def breaking(dut):
        dut.send(dut.command("GCS13a", party="network_operator"))
        raise KeyError("nothing")

    flash = tmp_path_factory.mktemp("flash")
    dut = Dut("gpf", lambda: ProcessTransport("gpf", "cpython", str(flash)), STAGE)
    try:
        checks = [CATALOGUE["SECMP0015-values"], entry("GBCS-breaks", run=breaking)]
        found = []
        for result in run(checks, dut):
            result.trace = dut.trace.to_json(RING)
            found.append(result)
    finally:
        dut.close()
    return found


def test_every_line_has_its_way_and_time_and_messages_are_decoded(judged):
    """rtds: the fields of a GCS13a response, its encrypted component opened."""
    trace = judged[0].trace
    lines = trace["lines"]
    assert lines[0]["line"].startswith("CTRL:FORGET#")
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    ways = [line["way"] for line in lines]
    assert ways == ["to device", "from device"] * (len(ways) // 2)
    request, response = lines[-2:]
    assert request["line"].startswith("GBCS:DATA") and "GCS13a Command" in request["tree"][0]
    said = "\n".join(response["tree"])
    assert "CurrentSummationDelivered: 4567.89 m\N{SUPERSCRIPT THREE}" in said
    assert "component 0: valid" in said
    assert 'isFromGSME="false" ClockStatus="reliable"' in said


def test_a_check_that_breaks_has_its_trace_and_its_last_exchange(judged):
    broken = judged[1]
    assert broken.verdict is Verdict.FAIL and broken.text == "the answer has no nothing"
    assert len(broken.trace["lines"]) == 2
    assert broken.exchanges[0].stimulus in broken.trace["lines"][0]["line"]
    assert broken.exchanges[0].observed == broken.trace["lines"][1]["line"]


def test_a_trace_is_bounded():
    trace = Trace()
    for number in range(1000):
        trace.line("to device", f"GBCS:DATA#{number}:4:DF090100")
        trace.line("from device", f"CTRL:OK#{number}:9999:" + "x" * 9000)
    found = trace.to_json(RING)
    lines = found["lines"]
    assert len(lines) == FIRST + LAST and found["left_out"] == 2000 - FIRST - LAST
    assert max(len(line["line"]) for line in lines) == LONGEST
    assert {line["characters"] for line in lines if "characters" in line} == {9015, 9016, 9017}
    assert sum("tree" in line for line in lines) == 2 * TREES
    assert "cannot be read" in lines[0]["tree"][0]
    trace.begin()
    assert trace.to_json(RING) == {"left_out": 0, "lines": []}
    assert trace.exchange("x") is None


@pytest.fixture
def report(judged, tmp_path):
    path = tmp_path / "report.json"
    none = Result(entry("GBCS-none"), Verdict.BLOCKED, "no power")
    path.write_text(json.dumps(document([*judged, none])))
    return path


def test_replay_sends_the_same_lines_and_sees_the_same_answers(report):
    done = smets("replay", report, "SECMP0015-values", "--engine", "cpython")
    assert done.exit_code == 0, done.output
    assert "CTRL:FORGET#" in done.output and "the same answers as before" in done.output


def test_a_process_that_cannot_forget_is_replaced_by_a_new_device(tmp_path):
    """One process serves all checks; where it is gone, the next check has another, and says so."""
    flash = tmp_path / "flash"
    flash.mkdir()
    dut = Dut("gpf", lambda: ProcessTransport("gpf", "cpython", str(flash)), STAGE)
    try:
        dut.fresh()
        first = dut.client.transport.process
        dut.fresh()
        assert dut.client.transport.process is first
        (flash / "left").write_text("of the device before")
        first.kill()
        first.wait()
        dut.trace.begin()
        dut.fresh()
        assert dut.client.transport.process is not first and not (flash / "left").exists()
        lines = dut.trace.to_json(RING)["lines"]
    finally:
        dut.close()
    (place,) = [number for number, line in enumerate(lines) if line["way"] == "bench"]
    assert lines[place]["line"] == NEW_DEVICE
    assert [line["line"][:11] for line in lines[:place]] == ["CTRL:FORGET"]


def test_a_trace_holds_no_secret_and_replay_has_those_of_the_home(report):
    """Every private key and shared secret is left out; a device of another home is told."""
    keys = STAGE.device_keys("gpf")
    text = report.read_text()
    assert '\\"private_key\\":\\"(not shown)\\"' in text
    assert keys["private_key"] not in text and keys["ds_private_key"] not in text
    report.write_text(text.replace(keys["device_id"], "02534D4554530099"))
    done = smets("replay", report, "SECMP0015-values", "--engine", "cpython")
    assert done.exit_code == 2 and "02534D4554530099" in done.output, done.output


def test_replay_tells_what_differs(report):
    """A device that refuses what the first one answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection, connection.makefile("rw") as file:
                for line in file:
                    number = line.partition("#")[2].partition(":")[0]
                    file.write(f"GBCS:NONE#{number}:4:role\n")
                    file.flush()

        threading.Thread(target=serve, daemon=True).start()
        engine = f"127.0.0.1:{server.getsockname()[1]}"
        done = smets("replay", report, "GBCS-breaks", "--engine", engine)
    assert done.exit_code == 1, done.output
    assert "GBCS:NONE" in done.output and "1 answers differ" in done.output


@pytest.mark.parametrize(
    ("check", "engine", "words"),
    [
        ("no-such", "cpython", "has no check no-such"),
        ("GBCS-none", "cpython", "nothing was sent"),
        ("SECMP0015-values", "127.0.0.1:1", "refused"),
    ],
)
def test_replay_says_why_it_cannot(report, check, engine, words):
    done = smets("replay", report, check, "--engine", engine)
    assert done.exit_code == 2 and words in done.output, done.output


def test_replay_refuses_a_trace_with_a_gap(report, judged):
    document_ = json.loads(report.read_text())
    document_["results"][0]["trace"]["left_out"] = 1
    report.write_text(json.dumps(document_))
    done = smets("replay", report, document_["results"][0]["id"])
    assert done.exit_code == 2 and "left out 1 lines" in done.output
