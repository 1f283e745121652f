"""Several devices in one run, at once: each has its report, and Ctrl-C ends all of them."""

import threading
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from host_tools import cli
from host_tools.conform import judging
from host_tools.conform.capabilities import CAPABILITIES
from host_tools.conform.claims import Claims
from host_tools.conform.jobs import judge_all
from host_tools.conform.judging import Plan
from host_tools.conform.model import Finding, Verdict
from host_tools.conform.report import read_report
from host_tools.terminal import Console


def smets(*arguments):
    return CliRunner().invoke(cli.build(), ["conform", *map(str, arguments)])


def plan(**more):
    names = ("cpython", None, [], {}, Claims(), frozenset(CAPABILITIES), None, 10.0, 60.0)
    return replace(Plan(*names), **more)


def test_two_devices_at_once_have_a_report_each(tmp_path):
    """In the order given, with the figures of both."""
    done = smets("--device", "gpf", "--device", "gsme", "--engine", "cpython", "--jobs", "2",
                 "--only", "GBCS-role", "--out", tmp_path)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (
        done.output.index("GPF on") < done.output.index("GSME on") < done.output.index("2 devices")
    )
    for role in ("gpf", "gsme"):
        document = read_report(tmp_path / f"{role}.json")
        assert document["identity"]["role"] == role and document["counts"]["pass"] == 1


def barrier_of(monkeypatch, entry):
    """A catalogue of one check, which two devices have to be in at the same time."""
    meeting = threading.Barrier(2)

    def run(dut):
        meeting.wait(20)
        return Finding(True, "met")

    monkeypatch.setattr(judging, "catalogue", lambda: [replace(entry, run=run)])


def test_they_run_at_the_same_time(monkeypatch):
    from conform_results import entry

    barrier_of(monkeypatch, replace(entry("GBCS-meet"), roles=("gpf", "gsme")))
    both = [("gpf", plan()), ("gsme", plan())]
    found = [results for _, _, results in judge_all(Console(), both, 2)]
    assert [results[0].verdict for results in found] == [Verdict.PASS, Verdict.PASS]


def test_a_run_that_is_ended_leaves_the_rest(monkeypatch):
    """The event is what Ctrl-C sets."""
    ending = threading.Event()
    ending.set()
    document, results = judging.judge(Console(), plan(ending=ending, only=["MP143"]), "gpf")
    # The first entry was carried out or left out, and the others were not come to.
    assert {result.text for result in results[1:]} == {judging.INTERRUPTED}
    assert document["verdict"] in ("incomplete", "none")


def test_an_interrupt_ends_the_devices_that_come_later_too(monkeypatch):
    """One after another: the second gets to its first check at most."""
    from conform_results import entry

    asked = []

    def run(dut):
        asked.append(dut.role)
        if dut.role == "gpf":
            raise KeyboardInterrupt
        return Finding(True, "asked")

    entries = [
        replace(entry(f"GBCS-{n}"), run=run, roles=("gpf", "gsme"))
        for n in ("one", "two", "three")
    ]
    monkeypatch.setattr(judging, "catalogue", lambda: entries)
    both = [("gpf", plan()), ("gsme", plan())]
    reports = [document for _, document, _ in judge_all(Console(), both, 1)]
    assert asked == ["gpf", "gsme"]
    assert [document["verdict"] for document in reports] == ["incomplete"] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--device", "gpf", "--device", "gpf"), "judged once"),
        (("--device", "gpf", "--device", "esme", "--json", "x.json"), "write with --out"),
        (("--device", "gpf", "--device", "esme", "--engine", "1.1.1.1:1"), "2 devices have 1"),
        (("--device", "gpf", "--engine", "cpython", "--engine", "unix"), "1 devices have 2"),
        (("--device", "gpf", "--device", "esme", "--black-box"), "one device in a run"),
        (("--device", "gpf", "--jobs", "0"), "jobs"),
    ],
)
def test_what_only_one_device_can_have_is_refused(arguments, words):
    done = smets(*arguments)
    assert done.exit_code == 2 and words in done.output, done.output
