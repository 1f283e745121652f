"""`smets respond`: exit statuses, stdout and stderr, and sources of commands."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import cli
from host_tools.remote import RemoteParty
from host_tools.testkeys import make_home

HOME = make_home(seed="tests of smets respond")
SUPPLIER = RemoteParty(HOME.parties(), "supplier")
BROKER = RemoteParty(HOME.parties(), "access_control_broker")
OPERATOR = RemoteParty(HOME.parties(), "network_operator")
GPF, GSME, ESME = (bytes.fromhex(f"02534D45545300A{n}") for n in (3, 1, 0))
ENGINES = ("unix", "cpython")

STATE = {
    "device": "GPF",
    "device_eui": GPF.hex().upper(),
    "clock": {"time": "2026-11-06T10:00:00Z", "status": "reliable"},
    "stamp": {"source": "GSME", "time": "2026-11-06T09:30:00Z", "status": "reliable"},
    "zcl": {
        "0x0702": {
            "0x0302": {"type": "0x22", "value": 100},
            "0x0301": {"type": "0x22", "value": 7},
            "0x0300": {"type": "0x30", "value": 1},
            "0x0000": {"type": "0x25", "value": 54321},
        }
    },
}


@pytest.fixture
def files(tmp_path):
    """Paths of a state, keys, and a folder to write into."""

    class Files:
        folder = tmp_path
        state = tmp_path / "state.json"
        keys = tmp_path / "keys.json"

    Files.state.write_text(json.dumps(STATE))
    Files.keys.write_text(json.dumps(HOME.keys[GPF.hex().upper()]))
    return Files


def run(files, *arguments, device="gpf", engine="cpython", given=""):
    """Run `smets respond` in this process."""
    options = ["--device", device, "--state", files.state, "--keys", files.keys]
    words = [str(word) for word in (*options, "--engine", engine, *arguments)]
    return CliRunner().invoke(cli.build(), ["respond", *words], input=given)


def read(counter=1, use_case="GCS13a", who=SUPPLIER):
    return who.command(use_case, GPF, counter)


def change(files, **members):
    document = copy.deepcopy(STATE)
    document.update(members)
    files.state.write_text(json.dumps(document))


@pytest.mark.parametrize("engine", ENGINES)
def test_one_command_one_response(files, engine):
    command = read()
    result = run(files, command.hex(), engine=engine)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == result.stdout.strip().upper() + "\n"
    response = bytes.fromhex(result.stdout)
    message = SUPPLIER.verify(response, command)
    assert message.header.date_time == bytes.fromhex("07EA0B06FF091E0000800004")
    assert len(response) == 133


@pytest.mark.parametrize("engine", ENGINES)
def test_many_commands_are_answered_in_order(files, engine):
    commands = [read(counter) for counter in range(1, 8)]
    commands.insert(3, read(9, "GCS13b", OPERATOR))
    text = "\n".join(command.hex() for command in commands)
    result = run(files, "-", engine=engine, given=text)
    assert result.exit_code == 3
    lines = result.stdout.split("\n")
    assert len(lines) == len(commands) + 1
    assert lines[3] == "" and lines[-1] == ""
    for number, command in enumerate(commands):
        if number != 3:
            assert SUPPLIER.is_genuine(bytes.fromhex(lines[number]), command)
    assert result.stderr == "command 4: no response, role: network_operator for GCS13b\n"


def test_one_process_answers_many_commands(files, monkeypatch):
    started = []
    popen = subprocess.Popen

    def watched(*arguments, **options):
        started.append(arguments)
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", watched)
    text = "\n".join(read(counter).hex() for counter in range(1, 101))
    result = run(files, "-", engine="unix", given=text)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 100
    assert sum("main.py" in str(arguments[0]) for arguments in started) == 1


def test_standard_input_is_the_default(files):
    result = run(files, given=read().hex().upper() + "\n")
    assert result.exit_code == 0
    assert len(result.stdout) == 2 * 133 + 1


def test_file_of_commands_with_blank_lines_and_spaces(files):
    one, two = read(1), read(2)
    path = files.folder / "commands.hex"
    spaced = " ".join(one.hex()[at : at + 4] for at in range(0, len(one.hex()), 4))
    path.write_text(f"\n{spaced}\n\n  {two.hex()}  \n")
    result = run(files, path)
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert SUPPLIER.is_genuine(bytes.fromhex(first), one)
    assert SUPPLIER.is_genuine(bytes.fromhex(second), two)


def test_argument_with_spaces(files):
    command = read().hex()
    spaced = " ".join(command[at : at + 2] for at in range(0, len(command), 2))
    assert run(files, spaced).stdout == run(files, command).stdout != ""


@pytest.mark.parametrize("engine", ENGINES)
def test_no_response_is_status_3(files, engine):
    forged = bytearray(read())
    forged[-1] ^= 1
    result = run(files, forged.hex(), engine=engine)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr == "command 1: no response, bad-mac\n"


@pytest.mark.parametrize(
    ("reason", "command"),
    [
        ("malformed: offset 1: ", read()[:1]),
        ("other-target", SUPPLIER.command("GCS13a", GSME, 1)),
        ("no-such-use-case: 0002", BROKER.command("CCS02", GPF, 1, {"payload": "D9"})),
        ("role: network_operator for GCS14", OPERATOR.command("GCS14", GPF, 1)),
    ],
    ids=["malformed", "target", "use-case", "role"],
)
def test_reasons_stand_on_stderr(files, reason, command):
    result = run(files, command.hex())
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.startswith(f"command 1: no response, {reason}")


def fails(result, *words):
    """Exit status 2, nothing on stdout, and one line on stderr that says what and where."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr, result.stderr
    assert "Traceback" not in result.stderr


def test_arguments_that_are_wrong(files):
    fails(run(files, "00", device="toaster"), "'toaster' is not one of gpf")
    fails(run(files, "00", engine="nowhere"), "no engine nowhere")
    fails(run(files, "--colour"), "--colour")
    missing = CliRunner().invoke(cli.build(), ["respond", "--device", "gpf", "00"])
    assert missing.exit_code == 2
    assert "--state" in missing.stderr


def test_commands_that_are_not_hexadecimal(files):
    fails(run(files, "zz"), "zz: neither hexadecimal nor a file")
    fails(run(files, "abc"), "argument, line 1: an odd number of digits")
    fails(run(files, ""), "argument: no message given")
    path = files.folder / "commands.hex"
    path.write_text(f"{read().hex()}\n00x0\n")
    fails(run(files, path), f"{path}, line 2: character 3 is 'x', not hexadecimal")
    path.write_text("\n\n")
    fails(run(files, path), f"{path}: no message")
    path.write_bytes(b"\xff\xfd")
    fails(run(files, path), "not text")
    fails(run(files, files.folder), "neither hexadecimal nor a file")
    fails(run(files, "-", given="0G"), "stdin, line 1: character 2 is 'G'")
    fails(run(files, "-", given=""), "stdin: no message")


def test_nothing_is_answered_where_one_line_is_wrong(files):
    fails(run(files, "-", given=f"{read().hex()}\nxx\n"), "stdin, line 2")


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"colour": 1}, 'unknown member "colour"'),
        ({"clock": {"time": "yesterday", "status": "reliable"}}, "clock.time"),
        ({"clock": {"time": "2026-02-30T00:00:00Z", "status": "reliable"}}, "clock.time"),
        ({"stamp": {"source": "CHF", "time": None, "status": "invalid"}}, "stamp.source"),
        ({"stamp": {"source": "GPF", "time": None, "status": "reliable"}}, "stamp.status"),
        ({"zcl": {"0x0702": {"0x0000": {"type": "0x25", "value": "x"}}}}, "zcl.0x0702.0x0000"),
        ({"zcl": {"0x0702": {"0x0000": {"type": "0x20", "value": 256}}}}, "zcl.0x0702.0x0000"),
        ({"zcl": {"0x0702": {"0x0000": {"value": 1}}}}, "zcl.0x0702.0x0000"),
        ({"dlms": [{"class": 1}]}, "dlms[0]"),
        ({"faults": {"zcl": {"0x0702": {"0x0000": "0x1FF"}}}}, "faults.zcl.0x0702.0x0000"),
    ],
)
def test_states_that_are_wrong_name_the_path(files, members, place):
    change(files, **members)
    fails(run(files, read().hex()), place)


def test_files_that_are_wrong_are_named(files):
    command = read().hex()
    files.state.write_text("{")
    fails(run(files, command), str(files.state))
    files.state.write_text(json.dumps(STATE))
    files.keys.write_text(json.dumps({"device_id": "00"}))
    fails(run(files, command), str(files.keys))
    files.keys.unlink()
    fails(run(files, command), str(files.keys))


def test_keys_that_are_wrong_name_the_path(files):
    for member, value, place in (
        ("role", "king", "parties[0].role"),
        ("id", "00", "parties[0].id"),
        ("ka_public", "04" + "00" * 64, "parties[0].ka_public"),
        ("shared_secret", "00", "parties[0].shared_secret"),
    ):
        keys = copy.deepcopy(HOME.keys[GPF.hex().upper()])
        keys["parties"][0][member] = value
        files.keys.write_text(json.dumps(keys))
        fails(run(files, read().hex()), place)


def test_state_of_another_device(files):
    change(files, device="ESME")
    fails(run(files, read().hex()), "state.device is ESME, --device is gpf")


@pytest.mark.parametrize("engine", ENGINES)
def test_shared_secret_stands_in_for_the_key_agreement(files, engine):
    keys = copy.deepcopy(HOME.keys[GPF.hex().upper()])
    del keys["private_key"]
    for party in keys["parties"]:
        secret = HOME.ring().secret(GPF, bytes.fromhex(party["id"]))
        party["shared_secret"] = secret.hex()
    files.keys.write_text(json.dumps(keys))
    command = read()
    result = run(files, command.hex(), engine=engine)
    assert result.exit_code == 0
    assert SUPPLIER.is_genuine(bytes.fromhex(result.stdout), command)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_any_key_there_is_no_response(files, engine):
    keys = copy.deepcopy(HOME.keys[GPF.hex().upper()])
    del keys["private_key"]
    files.keys.write_text(json.dumps(keys))
    result = run(files, read().hex(), engine=engine)
    assert result.exit_code == 3
    assert "no-key" in result.stderr


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_a_critical_answer_is_signed_with_the_key_that_keygen_made(files, engine):
    """issue: the README's commands, one after the other, end in an answer that verifies."""

    def smets(*words, given=""):
        return CliRunner().invoke(cli.build(), [str(word) for word in words], input=given)

    folder = files.folder / "keys"
    meter, parties = "02534D45545300A0", folder / "parties.json"
    assert smets("keygen", "--seed", "demo", "--out", folder).exit_code == 0
    asked = smets(
        "command", "ECS09", "--counter", 1, "--as", "supplier", "--to", meter, "--keys", parties
    )
    assert asked.exit_code == 0, asked.stderr
    files.state.write_text(json.dumps({"device": "ESME"}))
    files.keys = folder / f"esme-{meter}.json"
    answer = run(files, device="esme", engine=engine, given=asked.stdout)
    told = smets("parse", "-", "--keys", parties, given=answer.stdout)
    assert told.exit_code == 0 and f"signature: valid ({meter} (ESME))" in told.stdout
    # A device without its signing key answers all the same, and the host says what is wrong.
    unsigned = json.loads(files.keys.read_text())
    del unsigned["ds_private_key"]
    files.keys.write_text(json.dumps(unsigned))
    answer = run(files, device="esme", engine=engine, given=asked.stdout)
    told = smets("parse", "-", "--keys", parties, given=answer.stdout)
    assert told.exit_code == 1
    assert f"signature: INVALID (not signed: 64 zeros of {meter} (ESME))" in told.stdout


def test_device_process_that_does_not_start(files, monkeypatch, tmp_path):
    broken = tmp_path / "micropython"
    broken.write_text("#!/bin/sh\necho 'no firmware here' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("host_tools.transports.micropython", lambda: (str(broken),))
    fails(run(files, read().hex(), engine="unix"), "the device is gone", "no firmware here")


def test_installed_command():
    """The whole way once: the script, a pipe, and an exit status the shell sees."""
    script = Path(sys.executable).with_name("smets")
    done = subprocess.run(
        [script, "respond", "--device", "gpf", "--state", os.devnull, "--keys", os.devnull, "00"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert os.devnull in done.stderr
