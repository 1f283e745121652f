"""Black box: a device of another maker is judged as it is, over TCP and over a serial port."""

import json
import sys
from pathlib import Path
from unittest import mock

import pki
import pytest
from foreign_gpf import ForeignGpf, on_pty, on_tcp
from typer.testing import CliRunner

from host_tools import cli, fragments
from host_tools import transports as link
from host_tools.bench import BenchClient, ProcessTransport, open_transport
from host_tools.compiled import FIRMWARE
from host_tools.conform import verbs
from host_tools.conform.blackbox import BlackBox, Counters, Place
from host_tools.conform.credentials import DutFile, read_dut, read_parties
from host_tools.conform.faults import read_faults, seed
from host_tools.conform.model import Blocked, Verdict, catalogue
from host_tools.conform.mutants import FAULTS as FAULTS_OF_FIRMWARE
from host_tools.conform.report import read_report
from host_tools.conform.verdicts import run
from host_tools.example import EUIS, ExampleHome
from host_tools.keys import Parties
from host_tools.roles import JUDGED
from host_tools.schemas import SchemaProblem

EUI = "00AABBCCDDEEFF10"
ENTRIES = [entry for entry in catalogue() if "gpf" in entry.roles]
ATTRIBUTES = frozenset(("GCS13a", "GCS13b", "GCS13c", "GCS14"))
CLAIMED = ATTRIBUTES | {"CS10a", "GCS16a", "GCS17", "GCS60a"}
LINES_ALONE = {"han", "update"}  # GBCS:DATA and ZCL:FRAME


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Credentials in a folder, DUT.json beside it, and the device's own keys."""
    folder = tmp_path_factory.mktemp("bench")
    keys = pki.make(folder / "parties")
    private = pki.new_key()
    named = pki.certificate([], private, "ka", keys["supplier", "ds"])
    (folder / "gpf-ka.pem").write_bytes(named)
    dut = {"device": "GPF", "id": EUI, "ka_certificate": "gpf-ka.pem"}
    (folder / "DUT.json").write_text(json.dumps(dut))
    known = {
        bytes.fromhex(eui): (
            "broker" if role == "access_control_broker" else role,
            keys[role, "ka"].public_key(),
        )
        for role, (_, eui) in pki.PARTIES.items()
    }
    return folder, lambda fault="": ForeignGpf(bytes.fromhex(EUI), private, known, fault)


def place(folder, tmp_path, **more):
    dut = read_dut(folder / "DUT.json")
    parties = read_parties(folder / "parties", dut)
    counters = Counters(tmp_path / "counters.json", dut.id, None)
    return Place(dut, parties, counters, claimed=CLAIMED, **more)


def judge(bench, tmp_path, fault="", names=None, **more):
    """The results of the checks of a GPF on the foreign device, by id."""
    folder, make = bench
    entries = [entry for entry in ENTRIES if names is None or entry.id in names]
    with on_tcp(make(fault)) as address:
        where = place(folder, tmp_path, **more)
        dut = BlackBox("gpf", lambda: open_transport("gpf", address), where, 5.0)
        try:
            return {result.check.id: result for result in run(entries, dut)}, where
        finally:
            dut.close()


def failed(results):
    return {name for name, result in results.items() if result.verdict is Verdict.FAIL}


def test_its_right_answers_pass(bench, tmp_path):
    results, where = judge(bench, tmp_path)
    bad = [f"{name}: {results[name].text}" for name in failed(results)]
    assert bad == []
    passed = {name for name, result in results.items() if result.verdict is Verdict.PASS}
    reads = {f"GBCS-read-{name}" for name in CLAIMED}
    generic = {f"GBCS-{name}" for name in ("bit-flips", "truncated", "target", "stranger",
        "mac-key", "not-a-command", "no-use-case", "role", "header-date")}  # fmt: skip
    logs = {f"MP099-own-{name}" for name in ("events", "samples", "snapshots")}
    assert passed >= reads | generic | logs | {"SECMP0015-stamp-gsme", "SECMP0015-values"}
    for result in results.values():
        if result.verdict is Verdict.BLOCKED:
            assert "would need" in result.text or "presumes" in result.text, result.text
    assert any(text.startswith("CTRL:HELLO: not there") for text in where.found)


# What each planted fault breaks, of the checks that need no time to pass.
FAULTS = {
    "any-mac": {"GBCS-bit-flips", "GBCS-mac-key"},
    "any-target": {"GBCS-target"},
    "any-role": {"GBCS-role"},
    "any-party": {"GBCS-stranger"},
    "any-kind": {"GBCS-not-a-command"},
    "any-end": {"GBCS-truncated"},
    "stamp-ahead": {"SECMP0015-stamp-gsme"},
    "weekday": {"SECMP0015-stamp-gsme"},
    "deviation": {"SECMP0015-stamp-gsme"},
    "no-stamp": {"SECMP0015-stamp-gsme", "SECMP0015-stamp-gpf"},
    "order": {"SECMP0015-values", *(f"GBCS-read-{name}" for name in ATTRIBUTES)},
    "in-clear": {"SECMP0015-values"},
    "unit": {"SECMP0015-values", *(f"GBCS-read-GCS13{n}" for n in "abc")},
    "scale": {"SECMP0015-values", *(f"GBCS-read-GCS13{n}" for n in "abc")},
    "type": {f"GBCS-read-GCS13{n}" for n in "abc"},
    "sample-before": {"MP099-own-samples"},
    "sample-after": {"MP099-own-samples"},
    "sample-too-many": {"MP099-own-samples"},
    "sample-last": {"MP099-own-samples"},
    "event-start-out": {"MP099-own-events"},
    "event-end-out": {"MP099-own-events"},
    "event-any": {"MP099-own-events"},
    "event-count": {"MP099-own-events"},
    "snapshot-start-out": {"MP099-own-snapshots"},
    "snapshot-end-out": {"MP099-own-snapshots"},
    "snapshot-any": {"MP099-own-snapshots"},
    "snapshot-count": {"MP099-own-snapshots"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_its_planted_faults_are_found(bench, tmp_path, fault):
    results, _ = judge(bench, tmp_path, fault)
    said = {name: results[name].text for name in failed(results)}
    assert set(said) == FAULTS[fault], said


def test_a_status_that_no_vector_has_is_told(bench, tmp_path):
    """Bit 4 of clock_status is reserved: no proven stamp has it."""
    results, _ = judge(bench, tmp_path, "status-bit", {"SECMP0015-stamp-gsme"})
    result = results["SECMP0015-stamp-gsme"]
    assert result.verdict is Verdict.BLOCKED and "bit 4 set" in result.text


def test_a_wrong_mac_blocks_what_presumes_an_answer(bench, tmp_path):
    results, _ = judge(bench, tmp_path, "wrong-mac", {"GBCS-role", "SECMP0015-values"})
    assert results["GBCS-role"].verdict is Verdict.BLOCKED
    assert results["SECMP0015-values"].verdict is Verdict.FAIL
    for result in results.values():
        assert "MAC" in result.text, result.text


REAL_FAULTS = {"stamped-when-read": {"SECMP0015-over-time"}}


@pytest.mark.parametrize(("fault", "verdict"), [("", "pass"), *((n, "fail") for n in REAL_FAULTS)])
def test_stamps_in_real_time(bench, tmp_path, fault, verdict):
    """A GPF that stamps when it is read is told from one that stamps when it is updated."""
    results, _ = judge(bench, tmp_path, fault, {"SECMP0015-over-time"}, real=3)
    result = results["SECMP0015-over-time"]
    assert result.verdict == verdict, result.text
    assert len(result.data["stamps"]) == 12


@pytest.mark.parametrize("way", [on_tcp, on_pty])
def test_the_command_judges_it_over_tcp_and_serial(bench, tmp_path, way):
    """smets conform --black-box: a report, and counters that go on in the next run."""
    folder, make = bench
    report, page, counters = (tmp_path / name for name in ("r.json", "r.html", "c.json"))
    arguments = ["conform", "--device", "gpf", "--black-box", "--dut", folder / "DUT.json",
        "--parties", folder / "parties", "--counters", counters, "--json", report, "--html", page,
        "--only", "SECMP0015", "--only", "GBCS-role"]  # fmt: skip
    claims = tmp_path / "claims.json"
    claims.write_text(json.dumps({"use_cases": sorted(CLAIMED)}))
    arguments += ["--claims", claims]
    used = []
    for _ in range(2):
        with way(make()) as engine:
            done = CliRunner().invoke(cli.build(), [*map(str, arguments), "--engine", engine])
        assert done.exit_code == 4, done.output  # nothing failed, but a GPF is not all there is
        document = read_report(report)
        assert document["counts"]["fail"] == 0 and document["counts"]["pass"] == 3
        assert document["identity"]["device_id"] == EUI
        used.append(json.loads(counters.read_text())[EUI])
    assert used[1] > used[0] > 1_500_000_000_000
    assert "CTRL:HELLO: not there" in page.read_text()


@pytest.mark.parametrize("role", ["esme", "gsme", "gpf"])
def test_half_of_the_catalogue_needs_the_link_of_messages_alone(role):
    """GBCS:DATA and ZCL:FRAME; counted without the checks that only a black box has, too."""
    entries = [entry for entry in catalogue() if role in entry.roles]
    alone = [entry for entry in entries if set(entry.needs) <= LINES_ALONE]
    assert 2 * len(alone) >= len(entries), (len(alone), len(entries))
    seeded = [entry for entry in entries if not entry.as_found]
    also = [entry for entry in seeded if set(entry.needs) <= LINES_ALONE]
    assert role == "esme" or 2 * len(also) >= len(seeded), (len(also), len(seeded))


def own_log(tmp_path, name, role="esme", days=1):
    """What the checks of a device in use say of a reference meter with a fault (None: without)."""
    fault = {item.name: item for item in read_faults(FAULTS_OF_FIRMWARE)}[name] if name else None
    seed(fault, FIRMWARE, tmp_path / "firmware")
    home = ExampleHome()
    eui = bytes.fromhex(EUIS[role])
    (known,) = (device for device in home.keys.parties().devices if device.id == eui)
    dut = DutFile(role, eui, known.ka_public, None)
    parties = Parties(home.keys.parties().parties, (known,))

    def connect():
        """A device in use: it has its keys, and a history."""
        transport = ProcessTransport(role, "cpython")
        client = BenchClient(transport)
        state = {"clock": {"time": "2022-11-01T10:10:00Z", "status": "reliable"}}
        fragments.load(client.control, {"device": role.upper(), "device_eui": EUIS[role], **state},
                       home.device_keys(role))  # fmt: skip
        electric = {"voltage": {"phases": 1, "waves": [{"mv": 230000}]}}
        # Each midnight of a gas meter its battery begins to be low, which is an event.
        inputs = electric if role == "esme" else {"battery": 181}
        for _ in range(days):
            client.control("SET", {"draw": 100, **inputs})
            client.advance(86400)
        return transport

    with mock.patch.object(link, "FIRMWARE", tmp_path / "firmware"):
        where = Place(dut, parties, Counters(tmp_path / "counters.json", eui, None))
        judged = BlackBox(role, connect, where, 20.0)
        entries = [entry for entry in catalogue() if "-own-" in entry.id and role in entry.roles]
        try:
            return {result.check.id: result for result in run(entries, judged)}
        finally:
            judged.close()


# Seeded faults of an ESME, and which checks of its own log find them.
OWN_FAULTS = {
    None: set(),
    "esme-starts-at-once": {"MP085A-own-grid"},
    "esme-leaves-the-end-out": {"MP099-own-windows"},
    "esme-consumption-bears-the-start": {"MP085A-own-joins"},
}


@pytest.mark.parametrize(("fault", "wrong"), OWN_FAULTS.items())
def test_the_own_log_of_an_esme_is_judged(tmp_path, fault, wrong):
    """The grid of MP085A by the log that a device has, without setting its clock."""
    results = own_log(tmp_path, fault)
    assert len(results) == 3
    said = {name: result.text for name, result in results.items()}
    assert failed(results) == wrong, said
    rest = {result.verdict for name, result in results.items() if name not in wrong}
    assert rest == {Verdict.PASS}, said


def test_the_own_logs_of_a_gas_meter_are_judged(tmp_path):
    """Samples, snapshots and events that the reference meter has made itself in three days."""
    results = own_log(tmp_path, None, "gsme", 3)
    for name in ("MP099-own-events", "MP099-own-samples", "MP099-own-snapshots"):
        assert results[name].verdict is Verdict.PASS, results[name].text


def test_relays_are_called_and_their_failure_blocks(bench, tmp_path):
    """--power-command gets off and on, --clock-command what is to be done; the clock follows."""
    folder, make = bench
    log, relay = tmp_path / "log", tmp_path / "relay.py"
    relay.write_text(
        "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + chr(10));"
        "sys.exit('advance 7' in ' '.join(sys.argv))"
    )
    command = f"{sys.executable} {relay} {log}"
    with on_tcp(make()) as address:
        where = place(folder, tmp_path, power_command=command, clock_command=command)
        dut = BlackBox("gpf", lambda: open_transport("gpf", address), where, 5.0)
        dut.need("power", "clock")
        dut.cut_power()
        before = dut.now()
        dut.advance(3600)
        assert 3600 <= dut.now() - before <= 3602
        dut.set_clock(dut.start)
        with pytest.raises(Blocked, match="exit status 1"):
            dut.advance(7)
        with pytest.raises(Blocked, match="would need --real SECONDS"):
            dut.need("real", "power")
        assert dut.ask("GCS13a")[2].stamp is not None
        dut.close()
    said = log.read_text().splitlines()
    assert said[:3] == ["off", "on", "advance 3600"] and said[3].startswith("set 20")


def test_counters_only_rise_and_outlive_a_run_that_is_killed(tmp_path):
    path, device = tmp_path / "counters.json", bytes.fromhex(EUI)
    first = Counters(path, device, 41)
    assert [first.take(), first.take()] == [42, 43]
    first.saw(1000)
    assert first.take() == 1001
    again = Counters(path, device, None)
    assert again.take() > 1001
    assert Counters(path, bytes(8), 6).take() == 7
    assert set(json.loads(path.read_text())) == {EUI, "00" * 8}
    for text in ("[]", "{"):
        path.write_text(text)
        with pytest.raises(SchemaProblem, match="counters.json"):
            Counters(path, device, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "not an object"),
        ('{"device": "toaster"}', "device: is not one of"),
        ('{"device": "GPF", "id": "12"}', "id: is not an EUI-64"),
        ('{"device": "GPF", "id": "00AABBCCDDEEFF10", "ka_public": "04"}', "ka_public: not an"),
        ('{"device": "GPF", "id": "00AABBCCDDEEFF10", "colour": 1}', "colour: unknown"),
        ('{"device": "GPF", "id": "00AABBCCDDEEFF10", "home": {"cat": "1"}}', "home.cat: is not"),
        (
            '{"device": "GPF", "id": "00AABBCCDDEEFF10", "home": {"ihd": "1"}}',
            "home.ihd: is not an EUI-64",
        ),
        ('{"device": "GPF", "id": "00AABBCCDDEEFF10", "counter": -1}', "counter: is not"),
    ],
)
def test_a_wrong_description_is_refused_with_the_member(tmp_path, text, words):
    path = tmp_path / "DUT.json"
    path.write_text(text)
    with pytest.raises(SchemaProblem) as caught:
        read_dut(path)
    assert words in str(caught.value) and "DUT.json" in str(caught.value)


def test_credentials_that_do_not_fit_are_named(bench, tmp_path):
    folder, _ = bench
    dut = read_dut(folder / "DUT.json")
    keys = pki.make(tmp_path / "p")
    for name, data, words in (
        ("lonely.key", pki.octets(pki.new_key()), "is of no certificate"),
        ("locked.pem", pki.octets(keys["supplier", "ka"], "pem", b"x"), "has a password"),
        (
            "broken.pem",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "is no cert",
        ),
        ("empty.json", b"{}", '"parties" is missing'),
    ):
        path = tmp_path / "p" / name
        path.write_bytes(data)
        with pytest.raises(SchemaProblem, match=words) as caught:
            read_parties(tmp_path / "p", dut)
        assert name in str(caught.value)
        path.unlink()
    second = pki.make(tmp_path / "q", {"supplier": ("02", "02534D4554010009")})
    assert second
    for path in (tmp_path / "q").glob("T1-supplier*"):
        path.rename(tmp_path / "p" / f"second-{path.name}")
    with pytest.raises(SchemaProblem, match="several with the role supplier"):
        read_parties(tmp_path / "p", dut)
    with pytest.raises(SchemaProblem, match="key agreement key of the access_control_broker"):
        read_parties(tmp_path / "q", dut)
    with pytest.raises(SchemaProblem, match="not a folder"):
        read_parties(tmp_path / "none", dut)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--black-box",),
        ("--black-box", "--dut", "DUT.json", "--parties", "parties"),
        ("--dut", "DUT.json"),
        ("--black-box", "--dut", "DUT.json", "--parties", "parties", "--engine", "1.1.1.1:1",
         "--rtds", "."),
    ],
)  # fmt: skip
def test_usage_of_a_black_box(bench, monkeypatch, arguments):
    monkeypatch.chdir(bench[0])
    done = CliRunner().invoke(cli.build(), ["conform", "--device", "gpf", *arguments])
    assert done.exit_code == 2, done.output


def test_the_manual_tells_how_many_checks_each_verb_opens():
    """The table is that of the catalogue, its last line all of it, and half needs lines alone."""
    manual = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
    assert verbs.table() in manual, "run python -m host_tools.conform.verbs"
    for role in JUDGED:
        own = [entry for entry in catalogue() if role in entry.roles]
        numbers = verbs.opened(catalogue(), role)
        assert numbers == sorted(numbers) and numbers[-1] == len(own)
        assert 2 * numbers[1] >= len(own), role
