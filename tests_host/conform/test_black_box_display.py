"""Black box of displays: `ZCL:FRAME` alone judges half of the catalogue's checks of each role."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from foreign_display import ForeignDisplay, on_pty, on_tcp
from typer.testing import CliRunner

from host_tools import cli
from host_tools.bench import open_transport
from host_tools.conform.blackbox import BlackBox, Counters, Place
from host_tools.conform.credentials import DutFile
from host_tools.conform.model import Verdict, catalogue
from host_tools.conform.report import read_report
from host_tools.conform.verdicts import run
from host_tools.keys import Parties

EUI = bytes.fromhex("00AABBCCDDEEFF12")
HOME = {"esme": bytes.fromhex("00AABBCCDDEEFF20"), "gpf": bytes.fromhex("00AABBCCDDEEFF21")}
JUDGED = (Verdict.PASS, Verdict.FAIL, Verdict.OBSERVED)
PATIENCE = 0.15
WAYS = (on_tcp, on_pty)


def judge(role, tmp_path, fault="", names=None, way=on_tcp):
    """Results by id of the checks of a role on the foreign display, over TCP or a serial port."""
    entries = [e for e in catalogue() if role in e.roles and (names is None or e.id in names)]
    with way(ForeignDisplay(EUI, HOME.values(), fault)) as address:
        counters = Counters(tmp_path / "counters.json", EUI, None)
        place = Place(DutFile(role, EUI, None, None, HOME), Parties((), ()), counters)
        place.patience = PATIENCE
        dut = BlackBox(role, lambda: open_transport(role, address), place, 0.3)
        try:
            return {result.check.id: result for result in run(entries, dut)}
        finally:
            dut.close()


@pytest.fixture(scope="module")
def judgements(tmp_path_factory):
    """All that is judged here at once, by (role, fault): a judge mostly waits for a display."""
    asked = {(role, "", way): None for role in ("ihd", "ppmid") for way in WAYS}
    asked |= {("ppmid", fault, on_tcp): NEW for fault in FAULTS}
    asked |= {("ppmid", fault, on_pty): FAULTS[fault] for fault in OVER_SERIAL}
    with ThreadPoolExecutor(len(asked)) as threads:
        return {
            key: threads.submit(
                judge, key[0], tmp_path_factory.mktemp(f"{key[0]}-{key[1]}"), key[1], names, key[2]
            )
            for key, names in asked.items()
        }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("role", ["ihd", "ppmid"])
def test_half_of_the_checks_of_a_display_need_frames_alone(role, way, judgements):
    """Judged, with nothing that fails; each other check names the verbs that it would need."""
    results = judgements[role, "", way].result()
    judged = [name for name, result in results.items() if result.verdict in JUDGED]
    assert 2 * len(judged) >= len(results), (len(judged), len(results))
    wrong = {name: r.text for name, r in results.items() if r.verdict is Verdict.FAIL}
    assert wrong == {}
    for name in set(results) - set(judged):
        assert results[name].text.startswith("would need CTRL:"), results[name].text


# What each planted mistake breaks.
CLUSTERS = ("0x0700", "0x0702", "0x0705", "0x000A")
FAULTS = {
    "as-server": {f"GBCS-display-asks-{name}" for name in (*CLUSTERS, "0x0708")}
    | {"SECMP0056-display-read-form"},
    "half-an-id": {f"GBCS-display-asks-{name}" for name in CLUSTERS},
    "in-clear-taken": {"SECMP0056-display-told-in-clear"},
    "asks-in-clear": {"SECMP0056-display-secured"},
    "another-source": {"SECMP0056-display-own-address"},
    "one-sequence": {"SECMP0056-display-sequence"},
    "short-taken": {"SECMP0056-display-told-short"},
    "answers-runts": {"SECMP0056-display-runts"},
    "answers-answers": {"SECMP0056-display-unasked-answer"},
    "tops-up": {f"GBCS-display-unasked-{n}" for n in ("top-up", "supply", "refusal")},
    "tops-up-itself": {"GBCS-display-no-request-by-itself"},
}  # fmt: skip
NEW = sorted(set().union(*FAULTS.values()))
# Mistakes of what it says when it is asked, and of what it says by itself.
OVER_SERIAL = ("as-server", "another-source", "answers-answers", "tops-up-itself")


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_mistakes_of_a_display_are_found(judgements, fault):
    results = judgements["ppmid", fault, on_tcp].result()
    said = {name: r.text for name, r in results.items() if r.verdict is Verdict.FAIL}
    assert set(said) >= FAULTS[fault], said


@pytest.mark.parametrize("fault", OVER_SERIAL)
def test_a_serial_port_hides_no_mistake(judgements, fault):
    results = judgements["ppmid", fault, on_pty].result()
    assert {r.verdict for r in results.values()} == {Verdict.FAIL}
    assert set(results) == FAULTS[fault]


def test_an_alternative_of_a_display_is_seen(tmp_path):
    name = "SECMP0056-display-disabled-default"
    for fault, seen in (("", "not answered"), ("always-default", "answered all the same")):
        assert judge("ihd", tmp_path, fault, {name})[name].alternative == seen


@pytest.mark.parametrize("way", WAYS)
def test_the_command_judges_a_display_in_black_box(tmp_path, way):
    """No parties are needed, and none may be given."""
    dut = tmp_path / "DUT.json"
    home = {role: eui.hex().upper() for role, eui in HOME.items()}
    dut.write_text(json.dumps({"device": "IHD", "id": EUI.hex(), "home": home}))
    report = tmp_path / "r.json"
    with way(ForeignDisplay(EUI, HOME.values())) as engine:
        arguments = ["conform", "--device", "ihd", "--black-box", "--dut", dut, "--engine", engine]
        arguments += [
            "--only",
            "SECMP0056-display-read-form",
            "--json",
            report,
            "--timeout",
            "0.3",
        ]
        done = CliRunner().invoke(cli.build(), [str(word) for word in arguments])
        assert done.exit_code == 0, done.output
        refused = CliRunner().invoke(
            cli.build(), [*(str(word) for word in arguments), "--parties", str(tmp_path)]
        )
    assert refused.exit_code == 2 and "answers no remote party" in refused.output
    document = read_report(report)
    assert document["counts"]["pass"] == 1
    assert "ZCL:FRAME: there" in document["identity"]["found"]
