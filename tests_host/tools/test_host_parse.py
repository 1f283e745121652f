"""`smets parse`: arguments, output for people and as JSON, exit statuses."""

import io
import json

import pytest
from host_home import GPF, HOME, STAMP, SUPPLIER, gas_answer, voltage_answer
from typer import Typer
from typer.testing import CliRunner

from host_tools.commands import parse, schema
from host_tools.gbcs.message import examine
from host_tools.gbcs.render import render, render_plain
from host_tools.terminal import Console

APP = Typer()
for module in (parse, schema):  # two, so that each keeps its name
    module.register(APP)
RUN = CliRunner()


@pytest.fixture
def files(tmp_path):
    """Key files of the home, and messages."""
    for eui, document in HOME.keys.items():
        (tmp_path / f"{eui}.json").write_text(json.dumps(document))
    (tmp_path / "parties.json").write_text(json.dumps(HOME.parties_document))
    command, response = gas_answer()
    (tmp_path / "messages").write_text(f"{command.hex()}\n\n{response.hex().upper()}\n")
    return tmp_path


def run(*arguments, text=None):
    return RUN.invoke(APP, ["parse", *map(str, arguments)], input=text)


def test_parse_shows_a_tree_with_verdicts_and_the_stamp(files):
    result = run(gas_answer()[1].hex(), "--keys", files / "parties.json")
    assert result.exit_code == 0 and result.stderr == ""
    for text in (
        "GCS13a Response: Read GSME Consumption Register  (133 octets)",
        "0F CRA flag  Response",
        "+13 0x0000 CurrentSummationDelivered  8123.456 m\u00b3 (raw 8123456)",
        "MAC: valid (02534D45545300A3 (GPF) x 02534D4554530100 (supplier))",
        'Timestamp: 2026-11-06T09:30:00Z isFromGSME="true" ClockStatus="reliable"',
    ):
        assert text in result.stdout, text


def test_parse_reads_many_messages_from_a_file_and_from_standard_input(files):
    keys = ("--keys", files / "parties.json", "--json")
    for result in (
        run(files / "messages", *keys),
        run("-", *keys, text=(files / "messages").read_text()),
    ):
        assert result.exit_code == 0
        command, response = (json.loads(line) for line in result.stdout.splitlines())
        assert (command["kind"], response["kind"]) == ("Command", "Response")
        frame = response["content"]["components"][0]["frame"]
        assert frame["attributes"][3] == {
            "id": "0x0000",
            "name": "CurrentSummationDelivered",
            "status": "0x00",
            "type": "0x25",
            "value": 8123456,
        }
        assert response["timestamp"]["isFromGSME"] is True
        assert response["timestamp"]["ClockStatus"] == "reliable"
        assert response["checks"][0]["passed"] is True
        assert response["tree"]["children"][0]["name"] == "MAC header"


def test_the_device_type_is_given_by_an_option_where_the_keys_lack_it(files):
    message = gas_answer(STAMP[:11] + b"\0")[1].hex()
    keys = ("--keys", files / "02534D45545300A3.json")  # of older ones
    result = run(message, *keys)
    assert 'isFromGSME="?"' in result.stdout and "without the device type" in result.stdout
    for kind, flag in (("GPF", "false"), ("GSME", "true")):
        result = run(message, *keys, "--device-type", f"02534D45545300A3={kind}")
        assert result.exit_code == 0 and f'isFromGSME="{flag}"' in result.stdout


def test_a_wrong_mac_is_exit_1_and_a_malformed_message_exit_2(files):
    keys = ("--keys", files / "parties.json")
    message = bytearray(gas_answer()[1])
    message[-1] ^= 1
    result = run(message.hex(), *keys)
    assert result.exit_code == 1 and "MAC: INVALID" in result.stdout
    lines = f"{message.hex()}\n{message.hex()[:-2]}\n{gas_answer()[0].hex()}\n"
    result = run("-", *keys, "--json", text=lines)
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "smets parse: stdin, line 2: offset 0x07 (7): ciphered-service length is"
    )
    assert [json.loads(line).get("offset") for line in result.stdout.splitlines()] == [
        None,
        7,
        None,
    ]


def test_a_missing_stamp_is_said():
    assert "Timestamp: none (date-time length 0)" in run(gas_answer(b"")[1].hex()).stdout


def test_long_logs_are_cut_unless_asked_for():
    message = voltage_answer()[1].hex()
    assert "25 more (--rows 0 shows all)" in run(message).stdout
    assert "[30]" in run(message, "--rows", "0").stdout
    assert "[30]" not in run(message, "--rows", "3").stdout


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("rows", [0, 1, 3, 24])
def test_plain_lines_are_those_of_a_terminal_that_is_wide_enough(rows, encoding):
    for octets in (*gas_answer(), *voltage_answer()):
        message = examine(octets)
        written = io.BytesIO()
        file = io.TextIOWrapper(written, encoding=encoding, errors="replace")
        Console(file=file, width=1000, highlight=False).print(render(message, rows))
        file.flush()
        wide = written.getvalue().decode(encoding).splitlines()
        lines = [
            line.encode(encoding, "replace").decode(encoding)
            for line in render_plain(message, rows, encoding)
        ]
        assert lines == [line.rstrip() for line in wide]


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_file_or_pipe_needs_no_rich(monkeypatch, arguments):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr(Console, "print", None)
    assert "Read GSME Consumption Register" in run(gas_answer()[1].hex(), *arguments).stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run(gas_answer()[1].hex())
    assert isinstance(result.exception, TypeError)  # rich prints it


@pytest.mark.parametrize(
    ("arguments", "text", "status"),
    [
        (["zz"], "zz: neither hexadecimal nor a file: No such file or directory", 2),
        (["ABC"], "3 hex digits: half an octet at the end", 2),
        (["-"], "no message given", 2),
        (["DD", "--device-type", "GPF"], "--device-type GPF: expected EUI=GPF", 2),
        (["DD", "--device-type", "x" * 16 + "=GPF"], "is not an EUI-64", 2),
        (["DD", "--keys", "missing.json"], "missing.json", 2),
        (["DD", "--rows", "-1"], "", 2),
    ],
)
def test_wrong_arguments_are_exit_2(arguments, text, status):
    result = run(*arguments, text="")
    assert result.exit_code == status and text in result.stderr


def test_a_key_file_that_is_wrong_is_named(files):
    document = json.loads((files / "parties.json").read_text())
    document["parties"][2]["role"] = "boss"
    (files / "parties.json").write_text(json.dumps(document))
    result = run("DD", "--keys", files / "parties.json")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"smets parse: {files / 'parties.json'}: parties[2].role: ")
    (files / "binary").write_bytes(b"\xff\xfe")
    assert "no message given" in run(files / "binary").stderr
    (files / "binary").write_bytes(b"\xdd\x00\xff")
    assert "not text, so no file of messages" in run(files / "binary").stderr
    assert "character 2 is 'G', not hexadecimal" in run("-", text="DG").stderr


def test_a_pre_command_is_recognised():
    command = SUPPLIER.command("GCS13a", GPF, 1000)
    for octets in (command[13:0x42], command[13:0x42] + b"\0"):
        result = run(octets.hex())
        assert result.exit_code == 0 and "GCS13a Pre-Command: " in result.stdout
        assert "neither signature nor MAC" in result.stdout
        assert json.loads(run(octets.hex(), "--json").stdout)["pre_command"] is True
    assert json.loads(run(command.hex(), "--json").stdout)["pre_command"] is False
