"""The catalogue is complete, our own devices pass it, and no device brings a traceback."""

import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest

from host_tools.bench import BenchError, ProcessTransport
from host_tools.compiled import FIRMWARE
from host_tools.conform.dut import MEANS, Dut
from host_tools.conform.faults import Fault, FaultError, fit, read_faults, seed
from host_tools.conform.model import (
    CATALOGUE,
    Blocked,
    Evidence,
    Finding,
    Severity,
    Verdict,
    catalogue,
    check,
)
from host_tools.conform.mutants import FAULTS, judge, noticed
from host_tools.conform.probe import Notes
from host_tools.conform.verdicts import run
from host_tools.conform.words import AccessResult, DefaultResponse, LogEntry, Record, text
from host_tools.example import ExampleHome
from host_tools.remote import ResponseError

ROLES = ("esme", "gsme", "gpf", "ihd", "ppmid")
ROWS = ("SECMP0015", "SECMP0056", "MP085A", "MP078", "MP099", "MP143", "GBCS")
STAGE = ExampleHome()
ENTRIES = catalogue()
SEEDED = [entry for entry in ENTRIES if not entry.as_found]  # of a device that is made new
BY_ID = {entry.id: entry for entry in ENTRIES}


def bench_of(role, folder, engine="cpython"):
    flash = folder / role
    flash.mkdir()
    return Dut(role, lambda: ProcessTransport(role, engine, str(flash)), STAGE)


def test_every_entry_has_its_fields():
    """Ids are unique and begin with the row; a choice names its alternatives, others have none."""
    assert len(ENTRIES) > 100
    for entry in ENTRIES:
        assert entry.id.startswith(entry.row + "-"), entry.id
        assert re.fullmatch(r"[A-Za-z0-9-]+", entry.id), entry.id
        assert entry.row in ROWS, entry.id
        assert entry.roles and set(entry.roles) <= set(ROLES), entry.id
        for said in (entry.title, entry.source, entry.stimulus, entry.expectation):
            assert said.strip(), entry.id
        assert set(entry.needs) <= set(MEANS), entry.id
        chosen = entry.evidence is Evidence.PROJECT_CHOICE
        assert (len(entry.alternatives) >= 2) == chosen, entry.id
    with pytest.raises(ValueError, match="is there already"):
        fields = {"row": "GBCS", "title": "t", "roles": ROLES, "source": "s", "stimulus": "s"}
        check(ENTRIES[0].id, evidence=Evidence.SPEC, expectation="e", **fields)(lambda dut: None)


def test_every_row_and_family_is_there():
    """Each row has checks, each role too, and all three families."""
    assert set(Counter(entry.row for entry in ENTRIES)) == set(ROWS)
    assert {role for entry in ENTRIES for role in entry.roles} == set(ROLES)
    assert len({entry.family for entry in ENTRIES}) == 3
    assert len({entry.severity for entry in ENTRIES}) == len(Severity)


def test_expectations_are_not_the_firmwares():
    """No module of the catalogue imports firmware, or what does, or opens its tables."""
    for path in (FIRMWARE.parent / "host_tools" / "conform").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) smets", text, re.M), path
        assert path.parent.name != "checks" or "FIRMWARE" not in text, path
    code = (
        "import sys; from host_tools.conform import judging; judging.catalogue();"
        "print([name for name, module in sys.modules.items() if name.partition('.')[0] == 'smets'"
        " or '/firmware/' in (getattr(module, '__file__', None) or '')])"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# `make conform` judges all five on the Unix port, too; the three that take longest are slow here.
LONG = ("esme", "ihd", "ppmid")


@pytest.mark.parametrize(
    "role",
    [pytest.param(role, marks=pytest.mark.slow if role in LONG else ()) for role in ROLES],
)
def test_the_reference_passes(role, tmp_path):
    """Every rtds and spec check passes; every choice is seen as the reference's own."""
    dut = bench_of(role, tmp_path)
    try:
        results = list(run([entry for entry in SEEDED if role in entry.roles], dut))
    finally:
        dut.close()
    assert len(results) >= 15
    bad = [f"{result.check.id}: {result.text}" for result in results if noticed(result)]
    assert not bad, bad


class Answering:
    """A device behind the link that answers each line with what `make` gives."""

    def __init__(self, make, delay=0.0):
        self.make, self.delay, self.lines, self.closed = make, delay, [], False

    def send(self, line):
        number = line.partition("#")[2].partition(":")[0]
        self.lines.extend(self.make(number))

    def receive(self, timeout):
        if not self.lines or self.delay > timeout:
            time.sleep(min(timeout, 0.02))
            raise BenchError(f"no line from the device within {timeout:g} s")
        time.sleep(self.delay)
        line = self.lines.pop(0)
        if line is None:
            raise BenchError("the device is gone: end of its output")
        return line

    def close(self):
        self.closed = True


STRANGE = {
    "nothing": (lambda number: [], 0.0),
    "slow": (lambda number: [f"CTRL:OK#{number}:2:{{}}"], 0.5),
    "gone": (lambda number: [None], 0.0),
    "noise": (lambda number: ["\x00\xff#:::", "GBCS:DATA#x:y:z"] * 3, 0.0),
    "not JSON": (lambda number: [f"CTRL:OK#{number}:3:{{[}}"], 0.0),
    "a list": (lambda number: [f"CTRL:OK#{number}:2:[]"], 0.0),
    "yes to all": (lambda number: [f"CTRL:OK#{number}:2:{{}}"], 0.0),
    "octets": (lambda number: [f"GBCS:DATA#{number}:4:DEADBEEF"], 0.0),
    "odd octets": (lambda number: [f"GBCS:DATA#{number}:1:ABC"], 0.0),
    "frames": (lambda number: ["ZCL:FRAME#1:2:0102", f"CTRL:OK#{number}:2:{{}}"], 0.0),
    "errors": (lambda number: [f"LOG:ERROR#{number}:2:no"], 0.0),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_device_gets_results(kind):
    """One result a check, none of them a pass where nothing was seen."""
    make, delay = STRANGE[kind]
    role = "gpf" if kind != "yes to all" else "ihd"
    dut = Dut(role, lambda: Answering(make, delay), STAGE, timeout=0.05)
    results = list(run(SEEDED, dut))
    assert [result.check.id for result in results] == [entry.id for entry in SEEDED]
    for result in results:
        if role in result.check.roles:
            assert result.verdict in (Verdict.FAIL, Verdict.BLOCKED), result.check.id
            assert result.text, result.check.id
        else:
            assert result.verdict is Verdict.NOT_APPLICABLE, result.check.id


def test_what_a_device_cannot_do_is_blocked():
    """Without controls every check that needs them is blocked, and says which."""
    transport = Answering(lambda number: [])
    dut = Dut("esme", lambda: transport, STAGE, frozenset(), timeout=0.05)
    for result in run([entry for entry in SEEDED if "esme" in entry.roles], dut):
        assert result.verdict is Verdict.BLOCKED, result.check.id
        assert "has no " in result.text
    dut.close()
    assert transport.closed
    with pytest.raises(Blocked):
        dut.need("power")


class DamagingProxy(ProcessTransport):
    """The reference device behind a proxy that changes the MAC of each command."""

    def send(self, line):
        if line.startswith("GBCS:DATA"):
            line = line[:-1] + ("0" if line[-1] != "0" else "1")
        super().send(line)


def test_a_check_whose_precondition_is_lost_is_blocked_with_the_devices_reason():
    """No genuine command comes through, so that nothing follows from a refusal."""
    dut = Dut("gpf", lambda: DamagingProxy("gpf", "cpython"), STAGE)
    names = ("GBCS-role", "GBCS-target", "SECMP0056-control", "SECMP0015-stamp-gpf")
    try:
        found = {result.check.id: result for result in run([BY_ID[name] for name in names], dut)}
    finally:
        dut.close()
    verdicts = {name: result.verdict for name, result in found.items()}
    assert verdicts.pop("SECMP0015-stamp-gpf") is Verdict.FAIL
    assert set(verdicts.values()) == {Verdict.BLOCKED}
    for result in found.values():
        assert "bad-mac" in result.text, result.text


def test_a_refusal_keeps_the_devices_reason(tmp_path):
    """Also where it is what was expected."""
    dut = bench_of("gpf", tmp_path)
    try:
        result = next(run([BY_ID["GBCS-stranger"]], dut))
    finally:
        dut.close()
    assert result.exchanges[-1].observed == "none: unknown-party"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        ([True, False], "(yes, no)"),
        (
            [DefaultResponse(7, 0x8B)] * 31,
            "(31 times Default Response to command 07: NOT_FOUND 0x8B)",
        ),
        (AccessResult(2), "temporary-failure (2)"),
        (Record(0x86), "UNSUPPORTED_ATTRIBUTE 0x86"),
        (Record(0, 0xE2, 0), "UTC 2000-01-01T00:00:00Z"),
        (Record(0, 0x1B, 0x200), "map32 0x00000200"),
        (b"\xdf\x09", "DF09"),
        ([], "nothing"),
        ([LogEntry(0, 230)] * 2, "(2 times 2000-01-01T00:00:00Z 230 V)"),
        (DefaultResponse(0x10, 1), "Default Response to command 10: FAILURE 0x01"),
    ],
)
def test_what_was_seen_is_told_in_words(value, words):
    assert text(value) == words


def test_no_words_of_this_program_stand_in_a_result():
    """What breaks a check is told as what the device's answer lacks."""

    def breaking(error):
        def act(dut):
            raise error

        return act

    dut = Dut("gpf", lambda: Answering(lambda number: []), STAGE, timeout=0.05)
    for error, words in (
        (AttributeError("'NoneType' object has no attribute 'value'"), "not the parts"),
        (TypeError("the payload is DLMS, not GBZ"), "the payload is DLMS"),
        (KeyError(0x0302), "the answer has no 770"),
        (IndexError("list index out of range"), "fewer parts"),
        (ResponseError("MAC wrong"), "not genuine: MAC wrong"),
    ):
        entry = replace(BY_ID["SECMP0015-values"], run=breaking(error), needs=())
        said = next(run([entry], dut)).text
        assert words in said and "Error" not in said and "NoneType" not in said


def test_a_stamp_is_told_as_a_time():
    """The same octets twice: once as they are for the difference, once in clear."""
    notes = Notes()
    octets = bytes.fromhex("07E60B01FF0A0A0000800004")
    notes.expect("date-time", octets, octets[:11] + b"\x00")
    assert "2022-11-01T10:10:00" in notes.wrong[0] and "clock_status 04" in notes.wrong[0]
    assert notes.exchanges[0].expected == octets.hex().upper()


def test_a_choice_never_fails_and_a_tolerance_is_told(tmp_path):
    """project-choice: observed, or blocked; a failure with a reference is tolerated."""
    entry = BY_ID["SECMP0015-stamp-gsme"]
    dut = Dut("gpf", lambda: Answering(lambda number: []), STAGE, timeout=0.05)
    result = next(run([entry], dut, {entry.id: "ticket 7"}))
    assert result.verdict is Verdict.BLOCKED  # the link itself failed: nothing to tolerate
    result = next(run([_failing(entry)], dut, {entry.id: "ticket 7"}))
    assert (result.verdict, result.tolerance) == (Verdict.TOLERATED, "ticket 7")
    result = next(run([_failing(entry, Evidence.PROJECT_CHOICE)], dut))
    assert (result.verdict, result.alternative) == (Verdict.OBSERVED, "other")
    result = next(run([entry], dut, applies=lambda _: "from GBCS 4.2 on"))
    assert result.verdict is Verdict.NOT_APPLICABLE


def _failing(entry, evidence=Evidence.SPEC):
    finding = Finding(False, "no", alternative="other")
    return replace(entry, run=lambda dut: finding, evidence=evidence, needs=())


def test_faults_fit_and_name_checks(tmp_path):
    """Each fault's text is there once, and what catches it is in the catalogue."""
    faults = read_faults(FAULTS)
    assert len(faults) >= 40
    for fault in faults:
        assert fault.role in ROLES and fault.caught, fault.name
        for name in fault.caught:
            assert fault.role in BY_ID[name].roles, (fault.name, name)
        fit(fault, FIRMWARE)
    wrong = Fault("x", "gpf", "", (("clock.py", "no such text", ""),), frozenset())
    with pytest.raises(FaultError, match="0 times"):
        seed(wrong, FIRMWARE, tmp_path / "copy")


def test_a_fault_is_caught():
    """A GPF that stamps at response time fails the check of it; the firmware itself does not."""
    fault = {item.name: item for item in read_faults(FAULTS)}["gpf-stamps-at-response"]
    entries = [BY_ID["SECMP0015-update-time"], BY_ID["SECMP0015-values"]]
    assert set(judge(fault, "gpf", entries)) == {"SECMP0015-update-time"}
    assert judge(None, "gpf", entries) == {}


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_the_reference_passes_on_micropython(role, tmp_path):
    """The same on the Unix port."""
    dut = bench_of(role, tmp_path, "unix")
    try:
        results = list(run([entry for entry in SEEDED if role in entry.roles], dut))
    finally:
        dut.close()
    bad = [f"{result.check.id}: {result.text}" for result in results if noticed(result)]
    assert not bad, bad
    assert CATALOGUE
