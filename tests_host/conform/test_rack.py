"""`smets conform --place`: devices at labgrid's own coordinator and exporter, on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pki
import pytest
from foreign_gpf import ForeignGpf, on_tcp
from labgrid_rack import Rack, Somebody, free_port, on_rfc2217
from typer.testing import CliRunner

from host_tools import cli
from host_tools.bench import BenchError, ProcessTransport, Silence, open_transport
from host_tools.conform.blackbox import BlackBox, Counters, Place
from host_tools.conform.claims import Claims
from host_tools.conform.credentials import read_dut, read_parties
from host_tools.conform.jobs import acquire_all
from host_tools.conform.judging import Plan
from host_tools.conform.report import read_report
from host_tools.rack import PlaceError
from host_tools.rack import Rack as Client
from host_tools.serve import Server

# The devices, by place: EUI-64 and planted fault.
DEVICES = {
    "gpf-raw": ("00AABBCCDDEEFF10", ""),
    "gpf-role": ("00AABBCCDDEEFF11", "any-role"),
    "gpf-serial": ("00AABBCCDDEEFF12", ""),
}
SPEED = 9600
CLAIMED = ("CS10a", "GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS16a", "GCS17", "GCS60a")


def port(address, protocol="raw", **more):
    host, _, number = address.rpartition(":")
    return {"host": host, "port": int(number), "protocol": protocol, **more}


def gas_proxies(folder, devices):
    """Foreign GPFs by place; what the bench knows of them and their parties is in the folder."""
    keys = pki.make(folder / "parties")
    known = {
        bytes.fromhex(eui): (
            "broker" if role == "access_control_broker" else role,
            keys[role, "ka"].public_key(),
        )
        for role, (_, eui) in pki.PARTIES.items()
    }
    (folder / "duts").mkdir()
    made = {}
    for name, (eui, fault) in devices.items():
        private = pki.new_key()
        named = pki.certificate([], private, "ka", keys["supplier", "ds"])
        (folder / "duts" / f"{name}.pem").write_bytes(named)
        dut = {"device": "GPF", "id": eui, "ka_certificate": f"{name}.pem"}
        (folder / "duts" / f"{name}.json").write_text(json.dumps(dut))
        made[name] = ForeignGpf(bytes.fromhex(eui), private, known, fault)
    return made


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The rack, with what the bench knows of its devices in a folder."""
    folder = tmp_path_factory.mktemp("lab")
    resources = {}
    with ExitStack() as stack:
        for name, device in gas_proxies(folder, DEVICES).items():
            if name == "gpf-serial":
                host, number, speeds = stack.enter_context(on_rfc2217(device))
                exported = port(f"{host}:{number}", "rfc2217", speed=SPEED)
            else:
                exported = port(stack.enter_context(on_tcp(device)))
            resources[name] = {"NetworkSerialPort": exported}
        server = Server(ProcessTransport("gsme", "cpython"))
        ending = threading.Event()
        thread = threading.Thread(target=server.run, args=(ending.is_set,))
        thread.start()
        stack.callback(server.close)
        stack.callback(thread.join)
        stack.callback(ending.set)
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        resources |= {
            "own": {"NetworkSerialPort": port(f"127.0.0.1:{server.port}")},
            "silent": {"NetworkSerialPort": port(f"127.0.0.1:{silent.getsockname()[1]}")},
            "two": {
                side: {"cls": "NetworkSerialPort", **port("127.0.0.1:9")}
                for side in ("left", "right")
            },
            "ssh": {"NetworkService": {"address": "127.0.0.1", "username": "root"}},
            "telnet": {"NetworkSerialPort": port("127.0.0.1:9", "telnet")},
            "late": {"NetworkSerialPort": {"host": "127.0.0.1", "port": None}},
        }
        away = {"away": {"NetworkSerialPort": port("127.0.0.1:9")}}
        places = {name: [name] for name in (*resources, *away)}
        rack = Rack(folder, stack, resources, places, away)
        rack.folder, rack.speeds, rack.silent = folder, speeds, silent
        rack.tester = stack.enter_context(Somebody(rack.address, "far/away"))
        yield rack


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    """The bench's name in the rack; no coordinator but the one that a test names."""
    monkeypatch.setenv("LG_HOSTNAME", "bench")
    monkeypatch.setenv("LG_USERNAME", "tester")
    monkeypatch.delenv("LG_COORDINATOR", raising=False)


def smets(lab, *arguments, boxes="duts", role="gpf"):
    """Exit status and output of a run on places; `boxes` is the folder or file of DUT.json."""
    words = ["conform", "--device", role, "--coordinator", lab.address]
    if boxes:
        words += ["--black-box", "--dut", lab.folder / boxes]
        words += ["--parties", lab.folder / "parties"]
    return CliRunner().invoke(cli.build(), [*map(str, words), *map(str, arguments)])


# pyserial's own.
@pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\) is deprecated:DeprecationWarning")
def test_a_pattern_of_places_is_judged_at_once_and_joined(lab, tmp_path):
    """Raw TCP and RFC 2217: each has its report, the fault is found at its place, all are free."""
    done = smets(lab, "--place", "gpf-*", "--jobs", "3", "--out", tmp_path, "--only", "GBCS-role")
    assert done.exit_code == 1, done.output
    verdicts = {}
    for name, (eui, _) in DEVICES.items():
        document = read_report(tmp_path / f"gpf-{name}.json")
        identity = document["identity"]
        assert (identity["place"], identity["device_id"]) == (name, eui)
        assert (tmp_path / f"gpf-{name}.html").is_file() and (
            tmp_path / f"gpf-{name}.xml"
        ).is_file()
        verdicts[name] = document["verdict"]
    assert verdicts == {"gpf-raw": "pass", "gpf-role": "fail", "gpf-serial": "pass"}
    index = (tmp_path / "index.html").read_text()
    for name in DEVICES:
        assert f"gpf-{name}.html" in index and f"{name}: " in index
    assert "GPF on place gpf-raw" in done.output and "3 devices" in done.output
    assert set(lab.speeds) == {SPEED}
    assert lab.tester.owners() == {}


def test_a_place_is_judged_whole(lab, tmp_path):
    """A device with all verbs needs no black box; LG_COORDINATOR says where the places are."""
    report = tmp_path / "report.json"
    words = ("--device", "gsme", "--place", "own", "--only", "GBCS-role", "--json", str(report))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LG_COORDINATOR", lab.address)
        done = CliRunner().invoke(cli.build(), ["conform", *words])
    assert done.exit_code == 0, done.output
    document = read_report(report)
    assert document["counts"]["pass"] == 1 and document["identity"]["place"] == "own"
    assert document["identity"]["engine"].startswith("127.0.0.1:")


def test_relays_are_told_the_place(lab, tmp_path):
    """So that `labgrid-client power` is a --power-command."""
    log, relay = tmp_path / "log", tmp_path / "relay.sh"
    relay.write_text(f'echo "$LG_PLACE $LG_COORDINATOR $1" >> {log}\n')
    dut = read_dut(lab.folder / "duts" / "gpf-raw.json")
    parties = read_parties(lab.folder / "parties", dut)
    counters = Counters(tmp_path / "counters.json", dut.id, None)
    box = Place(dut, parties, counters, power_command=f"sh {relay}")
    plan = Plan("", None, [], {}, Claims(), frozenset(), None, 5.0, 60.0, place=box)
    plan.rack_place = "gpf-raw"
    with Client(lab.address) as rack:
        acquire_all(rack, [plan], "")
        link = BlackBox("gpf", lambda: open_transport("gpf", plan.engine), box, 5.0)
        link.cut_power()
        link.close()
    said = [f"gpf-raw {lab.address} {what}" for what in ("off", "on")]
    assert log.read_text().splitlines() == said


def test_what_was_acquired_before_stays_so(lab):
    """By the same user, and by another one who allows this one."""
    with Somebody(lab.address, "bench/tester") as mine:
        mine.acquire("gpf-raw")
        lab.tester.acquire("gpf-role")
        lab.tester.allow("gpf-role", "bench/tester")
        try:
            done = smets(lab, "--place", "gpf-raw", "--place", "gpf-role", "--only", "GBCS-role")
            assert done.exit_code == 1, done.output
            owners = {"gpf-raw": "bench/tester", "gpf-role": "far/away"}
            assert lab.tester.owners() == owners
        finally:
            lab.tester.release("gpf-raw")
            lab.tester.release("gpf-role")


WRONG = {
    ("--place", "gpf-9*"): "has no such place; its places: away, gpf-raw, gpf-role, gpf-serial",
    ("--place", "ssh"): "place ssh: has no serial port (NetworkSerialPort); it has NetworkService",
    ("--place", "two"): "place two: has 2 serial ports (left, right): name one with --resource",
    ("--place", "own", "--resource", "x"): "place own: has no serial port x; it has NetworkSerial",
    ("--place", "telnet"): "protocol is telnet, not raw or rfc2217",
    ("--place", "away"): "place away: its exporter is isolated",
    ("--place", "own", "--engine", "unix"): "a place of --place has its own",
    ("--place", "own", "--device", "gpf"): "2 devices have 1 places (own)",
    ("--place", "own", "--only", "none"): "neither a check nor a row",
    ("--place", "own", "--place", "silent", "--json", "x.json"): "write with --out",
    ("--resource", "left"): "with --place",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_what_cannot_be_is_told_and_changes_nothing(lab, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    done = smets(lab, *arguments, "--out", tmp_path / "out", boxes="", role="gsme")
    assert done.exit_code == 2 and WRONG[arguments] in done.output, done.output
    assert lab.tester.owners() == {} and list(tmp_path.iterdir()) == []


BOXES = {
    ("duts/gpf-raw.json", "gpf-*"): "several places need a folder with PLACE.json of each",
    ("duts", "own"): "own.json: No such file",
    ("duts", "gpf-*", "--counters", "c.json"): "several places keep theirs beside each PLACE.json",
}


@pytest.mark.parametrize(("boxes", "place", "more"), [(b, p, m) for (b, p, *m) in BOXES])
def test_each_place_in_black_box_needs_its_description(lab, boxes, place, more):
    done = smets(lab, "--place", place, *more, boxes=boxes)
    assert done.exit_code == 2 and BOXES[boxes, place, *more] in done.output, done.output


def test_a_place_of_somebody_else_is_left_to_them(lab, tmp_path):
    """Also of the other places none is acquired."""
    lab.tester.acquire("gpf-role")
    try:
        done = smets(lab, "--place", "gpf-*", "--out", tmp_path / "out")
        said = "place gpf-role: is acquired by far/away, and not by bench/tester"
        assert done.exit_code == 2 and said in done.output, done.output
        assert lab.tester.owners() == {"gpf-role": "far/away"} and not list(tmp_path.iterdir())
    finally:
        lab.tester.release("gpf-role")


def test_a_port_that_does_not_come_frees_what_was_acquired(lab):
    with pytest.raises(PlaceError, match="place late: .*is not available within 0.2 s"):
        with Client(lab.address, 0.2) as rack:
            rack.acquire("own")
            assert set(lab.tester.owners()) == {"own"}
            rack.acquire("late")
    assert lab.tester.owners() == {}


def test_a_run_that_is_ended_frees_its_place(lab):
    """SIGTERM, as CI ends a job, while the device is silent."""
    words = ("--device", "gsme", "--place", "silent", "--coordinator", lab.address)
    run = subprocess.Popen([sys.executable, "-m", "host_tools", "conform", *words],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    lab.silent.settimeout(30)
    connection, _ = lab.silent.accept()
    with connection:
        assert lab.tester.owners() == {"silent": "bench/tester"}
        assert connection.recv(1)  # it is asked now
        run.send_signal(signal.SIGTERM)
        output = run.communicate(timeout=30)[0]
    assert run.returncode not in (0, -signal.SIGTERM), output
    assert lab.tester.owners() == {}, output


@pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\) is deprecated:DeprecationWarning")
def test_a_serial_port_of_a_network_carries_lines_until_it_is_gone():
    """Also what is no ASCII; silence and an end are told apart."""

    class Echo:
        def line(self, text):
            return [] if text == "hush" else [text * 2]

    with on_rfc2217(Echo()) as (host, number, _):
        link = open_transport("gpf", f"rfc2217://{host}:{number}")
        try:
            link.send("\u00ff GBCS")
            assert link.receive(5) == "\u00ff GBCS" * 2
            link.send("hush")
            with pytest.raises(Silence):
                link.receive(0.2)
            link.send("a")
            assert link.receive(5) == "aa"
        finally:
            link.close()
        with pytest.raises(BenchError, match="the device is gone"):
            link.send("b")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rfc2217://127.0.0.1:9", "refused"),
        ("rfc2217://127.0.0.1:9?speed=fast", "fast"),
        ("rfc2217://127.0.0.1", "expected a string in the form"),
        ("rfc2217://127.0.0.1:66000", "out of range"),
    ],
)
def test_a_wrong_address_of_a_serial_port_is_told(url, words):
    with pytest.raises(BenchError, match=words) as told:
        open_transport("gpf", url)
    assert url in str(told.value)


def test_no_coordinator_is_told(lab):
    """Nothing there, and something that is none."""
    with pytest.raises(PlaceError, match="no labgrid coordinator at 127.0.0.1:.*refused"):
        Client(f"127.0.0.1:{free_port()}").__enter__()
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(PlaceError, match=f"no labgrid coordinator at {address}: .*not answer"):
            Client(address, 0.2).__enter__()


def test_without_labgrid_only_places_are_missing(lab):
    """In a Python that has no labgrid; nothing else of the command imports it."""
    text = "import sys; sys.modules.update(grpc=None, labgrid=None); "
    text += "from host_tools.cli import main; main()"
    words = [sys.executable, "-c", text, "conform", "--device", "gsme", "--only", "GBCS-role"]
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2]))
    for more, status, said in (
        (("--place", "own"), 2, "needs labgrid: pip install 'smets-firmware[labgrid]'"),
        (("--list",), 0, "GBCS-role"),
    ):
        done = subprocess.run([*words, *more], capture_output=True, text=True, env=environment)
        assert done.returncode == status and said in done.stdout + done.stderr, done


@pytest.mark.slow
def test_a_fleet_of_fifty_is_judged_at_once(tmp_path):
    """All places by one pattern, each device on its own: the one with a mistake is told."""
    fleet = {f"gpf-{n:02}": (f"00AABBCCDDEE{n:04X}", "") for n in range(50)}
    fleet["gpf-37"] = (fleet["gpf-37"][0], "snapshot-count")
    with ExitStack() as stack:
        devices = gas_proxies(tmp_path, fleet)
        resources = {
            name: {"NetworkSerialPort": port(stack.enter_context(on_tcp(device)))}
            for name, device in devices.items()
        }
        rack = Rack(tmp_path, stack, resources, {name: [name] for name in resources})
        rack.folder, out = tmp_path, tmp_path / "out"
        began, used = time.monotonic(), time.process_time()
        claims = tmp_path / "claims.json"
        claims.write_text(json.dumps({"use_cases": [*CLAIMED]}))
        done = smets(rack, "--place", "gpf-*", "--jobs", "50", "--out", out, "--claims", claims)
        seconds, processor = time.monotonic() - began, time.process_time() - used
        print(f"{len(fleet)} devices: {seconds:.0f} s, {processor:.0f} s of processor time")
        with Somebody(rack.address, "far/away") as tester:
            assert tester.owners() == {}
    assert "50 devices" in done.output, done.output[-2000:]
    assert done.exit_code == 1
    index = (out / "index.html").read_text()
    wrong = {}
    for name, (eui, _) in fleet.items():
        document = read_report(out / f"gpf-{name}.json")
        assert document["identity"]["device_id"] == eui and f"gpf-{name}.html" in index
        found = [r["id"] for r in document["results"] if r["verdict"] == "fail"]
        if found:
            wrong[name] = found
    assert wrong == {"gpf-37": ["MP099-own-snapshots"]}
