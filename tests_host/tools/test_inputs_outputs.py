"""The command line's inputs and outputs: notations, byte order marks, outputs that fail."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from host_home import GPF, HOME, SUPPLIER, gas_answer

from host_tools.console import distinct
from host_tools.eui import parse_eui
from host_tools.gbcs import gbt
from host_tools.messages import InputError, read_inputs, read_messages, to_octets
from host_tools.voltage.series import SeriesError
from host_tools.voltage.table import read_table, write_table

COMMAND, RESPONSE = gas_answer()
PRE_COMMAND = COMMAND[13:0x42]
MARKS = {
    "none": lambda text: text.encode(),
    "utf-8": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf-16-le": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}


def smets(*arguments, data=b"", out=subprocess.PIPE, env=None, stdin=None):
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "host_tools", *map(str, arguments)],
        **({"input": data} if stdin is None else {"stdin": stdin}),
        stdout=out,
        stderr=subprocess.PIPE,
        timeout=60,
        env={**os.environ, **(env or {})},
        check=False,
    )


def pairs(octets, between):
    return between.join(f"{octet:02x}" for octet in octets)


NOTATIONS = {
    "lower": lambda octets: octets.hex(),
    "upper": lambda octets: octets.hex().upper(),
    "blanks": lambda octets: pairs(octets, " "),
    "colons": lambda octets: pairs(octets, ":").upper(),
    "dashes": lambda octets: pairs(octets, "-"),
    "0x once": lambda octets: f"0x{octets.hex()}",
    "0X each": lambda octets: " ".join(f"0X{octet:02X}" for octet in octets),
    "c array": lambda octets: ", ".join(f"0x{octet:02x}" for octet in octets),
    "backslashes": lambda octets: "".join(f"\\x{octet:02x}" for octet in octets),
    "base64": lambda octets: base64.b64encode(octets).decode(),
    "base64 for addresses": lambda octets: base64.urlsafe_b64encode(octets).decode().rstrip("="),
    "base64 in lines": lambda octets: base64.encodebytes(octets).decode(),
    "hex in lines": lambda octets: "\r\n".join(
        octets.hex()[place : place + 48] for place in range(0, 2 * len(octets), 48)
    ),
    "in a frame of blanks": lambda octets: f"\n\n  {octets.hex()}\t\r\n\n",
}


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("octets", [COMMAND, RESPONSE, PRE_COMMAND], ids=["DD", "answer", "DF"])
def test_a_message_in_any_notation_is_the_message(notation, octets, tmp_path):
    text = NOTATIONS[notation](octets)
    assert [item.octets for item in read_messages(text)] == [octets]
    for name, mark in MARKS.items():
        path = tmp_path / f"{name}.txt"
        path.write_bytes(mark(text))
        assert [item.octets for item in read_messages(str(path))] == [octets], name


@pytest.mark.parametrize("notation", ["lower", "blanks", "base64", "c array"])
def test_several_messages_are_read_from_one_argument(notation):
    text = "\n".join(NOTATIONS[notation](octets) for octets in (COMMAND, RESPONSE, PRE_COMMAND))
    assert [item.octets for item in read_messages(text)] == [COMMAND, RESPONSE, PRE_COMMAND]


def blocks_of(octets):
    return b"".join(gbt.split(octets, 64))


def test_several_messages_on_one_line_are_cut_apart():
    lines = {
        f"{COMMAND.hex()} {RESPONSE.hex()}": [COMMAND, RESPONSE],
        COMMAND.hex() * 3: [COMMAND] * 3,
        (PRE_COMMAND + PRE_COMMAND + COMMAND).hex(): [PRE_COMMAND, PRE_COMMAND, COMMAND],
        (COMMAND + blocks_of(RESPONSE) + COMMAND).hex(): [COMMAND, RESPONSE, COMMAND],
        (COMMAND[13:-12] + PRE_COMMAND).hex(): [COMMAND[13:-12], PRE_COMMAND],
        (blocks_of(RESPONSE) * 2).hex(): [RESPONSE, RESPONSE],
    }
    for line, messages in lines.items():
        assert [item.octets for item in read_messages(line)] == messages
    assert read_inputs(COMMAND.hex() * 2)[1].where == "argument, line 1, message 2"
    # What follows a message and begins none is of it, and is for the decoder to judge.
    assert [item.octets for item in read_messages(f"{COMMAND.hex()}00")] == [COMMAND + b"\0"]
    assert len(read_messages(f"{COMMAND.hex()}DD")) == 2


def test_parse_takes_several_arguments(tmp_path):
    for name, octets in (("a.hex", COMMAND), ("b.hex", RESPONSE)):
        (tmp_path / name).write_text(octets.hex())
    result = smets("parse", "--json", tmp_path / "a.hex", tmp_path / "b.hex", "DD", COMMAND.hex())
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert ["error" in item for item in told] == [False, False, True, False]
    assert result.returncode == 2 and result.stderr.startswith(
        b"smets parse: argument 3, line 1: "
    )


def dump(octets, style):
    """As xxd or hexdump -C print it, in lines of 16 octets."""
    lines = []
    for place in range(0, len(octets), 16):
        row = octets[place : place + 16]
        text = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in row)
        if style == "xxd":
            pairs = " ".join(row[at : at + 2].hex() for at in range(0, len(row), 2))
            lines.append(f"{place:08x}: {pairs:39}  {text}")
        else:
            halves = "  ".join(row[at : at + 8].hex(" ") for at in (0, 8) if row[at:])
            lines.append(f"{place:08x}  {halves:48}  |{text}|")
    return "\n".join([*lines, *([f"{len(octets):08x}"] if style == "hexdump" else [])]) + "\n"


@pytest.mark.parametrize("style", ["xxd", "hexdump"])
def test_a_dump_is_read(style, tmp_path):
    command = SUPPLIER.command("GCS07", GPF, 1, {"Message": "dead beef  |12 34| 0a: \\x"})
    (tmp_path / "dump").write_text(dump(command, style) + dump(RESPONSE, style))
    assert [item.octets for item in read_messages(str(tmp_path / "dump"))] == [command, RESPONSE]
    for size in range(len(command) - 16, len(command)):
        (tmp_path / "dump").write_text(dump(command[:size], style))
        (found,) = read_inputs(str(tmp_path / "dump"))
        assert found.octets == command[:size]


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_an_empty_argument_is_no_message(text):
    with pytest.raises(InputError, match="argument: no message given"):
        read_inputs(text)


def test_a_damaged_message_leaves_the_others():
    text = f"{COMMAND.hex()}\nDDxx\n{RESPONSE.hex()[:-2]}\n{PRE_COMMAND.hex()}\n0\n"
    found = read_inputs(text)
    assert [bool(item.error) for item in found] == [False, True, False, False, True]
    assert found[0].octets == COMMAND and found[3].octets == PRE_COMMAND
    assert found[1].where == "argument, line 2" and "character 3 is 'x'" in found[1].error
    with pytest.raises(InputError, match="line 2: character 3"):
        read_messages(text)


@pytest.mark.parametrize("text", ["00x0", "0G", "zz", "DD 0", "====", "0x", "\ud800"])
def test_what_is_no_message_is_named(text):
    with pytest.raises((ValueError, InputError)):
        octets = to_octets(text)
        if not octets:
            raise ValueError


@pytest.mark.parametrize("size", [40, 64, 100, 1200])
def test_blocks_are_joined_and_told(size):
    blocks = list(gbt.split(RESPONSE, size))
    for text in (
        "\n".join(block.hex() for block in blocks),
        b"".join(blocks).hex(),
        "\n".join([COMMAND.hex(), *(block.hex() for block in blocks), COMMAND.hex()]),
    ):
        found = read_messages(text)
        joined = [item for item in found if item.note]
        assert [item.octets for item in joined] == [RESPONSE]
        assert joined[0].note == f"General-Block-Transfer: {len(blocks)} blocks joined"
    if len(blocks) > 1:
        broken = read_inputs("\n".join(block.hex() for block in blocks[:-1]))
        assert "the last block is missing" in broken[0].error
        holes = read_inputs("\n".join(block.hex() for block in (blocks[0], blocks[-1])))
        assert len(blocks) == 2 or "after block 1" in holes[0].error
    result = smets("parse", "\n".join(block.hex() for block in blocks))
    assert result.returncode == 0 and b"blocks joined" in result.stdout
    assert b"GCS13a Response" in result.stdout


def test_respond_says_what_it_was_given(tmp_path):
    state, keys = tmp_path / "state.json", tmp_path / "keys.json"
    state.write_bytes(MARKS["utf-8"](json.dumps({"device": "GPF", "device_eui": GPF.hex()})))
    keys.write_bytes(MARKS["utf-16-le"](json.dumps(HOME.keys[GPF.hex().upper()])))
    options = ("--device", "gpf", "--engine", "cpython", "--state", state, "--keys", keys)
    result = smets("respond", *options, data=NOTATIONS["base64"](PRE_COMMAND).encode())
    assert result.returncode == 3, result.stderr
    assert b"a Pre-Command: neither signature nor MAC" in result.stderr
    blocks = "\n".join(block.hex() for block in gbt.split(COMMAND, 40))
    result = smets("respond", *options, data=blocks.encode())
    assert b"blocks joined" in result.stderr and result.stdout.startswith(b"DD")


@pytest.mark.parametrize(
    "text",
    [
        "02534D45545300A3",
        "02534d45545300a3",
        "02-53-4D-45-54-53-00-A3",
        "02:53:4d:45:54:53:00:a3",
        "0x02534D45545300A3",
        "02 53 4D 45 54 53 00 A3",
        "02534D45.545300A3",
    ],
)
def test_an_eui_is_read_as_people_write_it(text):
    assert parse_eui(text) == GPF


def test_a_command_takes_an_eui_with_dashes(tmp_path):
    parties = tmp_path / "parties.json"
    parties.write_bytes(MARKS["utf-8"](json.dumps(HOME.parties_document)))
    arguments = ("GCS13a", "--counter", "1000", "--as", "supplier", "--keys", parties)
    result = smets("command", *arguments, "--to", "02-53-4d-45-54-53-00-a3")
    assert bytes.fromhex(result.stdout.decode()) == SUPPLIER.command("GCS13a", GPF, 1000)


@pytest.mark.parametrize(
    "text", ["", "12", "x" * 16, "02534D45545300A", "02534D45545300A3FF", "-" * 16]
)
def test_what_is_no_eui_is_refused(text):
    with pytest.raises(ValueError, match="an EUI-64 is 16 hex digits"):
        parse_eui(text)


PRINTING = [
    ("--help",),
    ("utrn", "--plain", "10"),
    ("parse", RESPONSE.hex()),
    ("parse", "--json", RESPONSE.hex()),
    ("schema", "state"),
    ("versions",),
    ("command", "--params", "GCS07"),
]


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_an_output_that_cannot_be_written_is_one_line_and_exit_2(arguments):
    with open("/dev/full", "wb") as full:
        result = smets(*[argument[:400] for argument in arguments], out=full)
    assert result.returncode == 2, result.stderr
    assert result.stderr.strip() == b"smets: output: No space left on device"


@pytest.mark.parametrize(
    ("shell", "status", "said"),
    [
        ("schema keys >&-", 2, b"smets: output: Bad file descriptor\n"),
        (
            "parse zz >&-",
            2,
            b"smets parse: zz: neither hexadecimal nor a file: No such file or directory\n",
        ),
        ("parse zz >&- 2>&- <&-", 2, b""),
        ("parse zz 2>/dev/full", 2, b""),
        ("parse - <&-", 2, b"smets parse: stdin: no message given\n"),
    ],
)
def test_streams_that_are_closed_or_full_do_not_change_the_status(shell, status, said):
    command = f"exec {shlex.quote(sys.executable)} -m host_tools {shell}"
    result = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (status, b"", said)


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_pipe_that_closes_ends_a_command_quietly(arguments):
    read, write = os.pipe()
    os.close(read)
    try:
        result = smets(*arguments, out=write)
    finally:
        os.close(write)
    assert result.stderr == b"" and result.returncode == 141


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
)
def test_a_terminal_of_ascii_gets_replaced_characters(env):
    command = SUPPLIER.command(
        "GCS07", bytes.fromhex("02534D45545300A1"), 1, {"Message": "Top up \u00a35"}
    )
    result = smets("parse", command.hex(), env=env)
    assert result.returncode == 0 and b"Top up ?5" in result.stdout and result.stderr == b""


def test_an_error_of_the_program_is_no_verdict(tmp_path):
    """An exit status that the help gives to a wrong MAC is never that of an error here."""
    script = (
        "from host_tools import console, cli\n"
        "from host_tools.gbcs import message\n"
        "def broken(*a): raise RuntimeError('oh')\n"
        "message.examine = broken\n"
        "cli.main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, "parse", RESPONSE.hex()],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 70 and b"an error of this program" in result.stderr


def test_no_output_is_written_over_an_input_or_another_output(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("x")
    (tmp_path / "link").symlink_to(one)
    os.link(one, tmp_path / "hard")
    for out in (one, tmp_path / "link", tmp_path / "hard", tmp_path / "." / "one"):
        with pytest.raises(ValueError, match="is an input"):
            distinct([out], [one])
    with pytest.raises(ValueError, match="two outputs"):
        distinct([other, None, tmp_path / "." / "other"], [])
    distinct([other, None], [one, None, "-"])
    with pytest.raises(IsADirectoryError):
        distinct([tmp_path])
    with pytest.raises(ValueError, match="there is no folder"):
        distinct([tmp_path / "nowhere" / "x"])
    distinct(["/dev/null" and other], ["/dev/stdin"])


def test_no_output_is_written_over_standard_input(tmp_path):
    """`smets capture h2.log < h2.log`, by whatever name the file has."""
    one = tmp_path / "one"
    one.write_text("x")
    (tmp_path / "link").symlink_to(one)
    os.link(one, tmp_path / "hard")
    held, file = os.dup(0), os.open(one, os.O_RDONLY)
    try:
        os.dup2(file, 0)
        for out in (one, tmp_path / "link", tmp_path / "hard"):
            with pytest.raises(ValueError, match="is standard input"):
                distinct([None, out], [None, "-"])
            distinct([out], [None])  # standard input is not read
        distinct([tmp_path / "other"], ["-"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        distinct([Path(os.devnull), one], ["-"])
    finally:
        os.dup2(held, 0)
        os.close(held)
        os.close(file)


def log_text():
    """A frame log of one frame."""
    from host_tools.han.frame import Frame, to_line

    return f"1667298600000 {to_line(1, Frame(1, 2, 1, 1, 0x0702, bytes.fromhex('000100')))}\n"


def test_capture_never_loses_what_it_reads(tmp_path):
    log = tmp_path / "same.log"
    log.write_text(log_text())
    keys = tmp_path / "x.keys"
    keys.write_text(log_text())
    for file, source in ((log, log), (tmp_path / "x", keys)):
        before = source.read_bytes()
        result = smets("capture", file, "--log", source)
        assert result.returncode == 2 and b"is an input" in result.stderr
        assert source.read_bytes() == before and sorted(tmp_path.iterdir()) == [log, keys]
    for file, source in ((log, log), (tmp_path / "x", keys)):
        with source.open("rb") as read:
            result = smets("capture", file, stdin=read)
        assert result.returncode == 2 and b"is standard input" in result.stderr
        assert source.read_text() == log_text() and sorted(tmp_path.iterdir()) == [log, keys]
    for day in ("home.2022-11-01", "home.2022-11-02", "cap.keys"):
        assert smets("capture", tmp_path / day, "--log", log).returncode == 0
        assert (tmp_path / f"{day}.keys").read_text().startswith("# Test keys")
        assert (tmp_path / day).read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    result = smets("capture", tmp_path / "empty", "--log", os.devnull)
    assert result.returncode == 1 and b"there is no frame in the log" in result.stderr
    result = smets("capture", tmp_path / "nowhere" / "x.pcapng", "--log", log)
    assert result.returncode == 2 and result.stderr.count(b"\n") == 1


@pytest.mark.parametrize("mark", MARKS)
def test_a_frame_log_may_have_a_byte_order_mark(mark, tmp_path):
    log = tmp_path / "log"
    log.write_bytes(MARKS[mark](f"# device 0000000000000001 gpf\n{log_text()}"))
    result = smets("capture", tmp_path / "out.pcapng", "--log", log)
    assert result.returncode == 0 and b"0x0000 0000000000000001 gpf" in result.stdout


HEAD = "time,L1,events\n"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("2026-11-06T00:30:00Z,232,\n2026-11-06T00:30:00Z,999,\n", "line 3: .* is on line 2, too"),
        ("1999-12-31T23:30:00Z,232,\n", "line 2: .* is outside 2000"),
        ("2136-02-07T06:30:00Z,232,\n", "line 2: .* is outside 2000"),
        ("2026-11-06T00:30:00Z,232\n", "line 2: 2 cells, expected 3"),
        ("2026-11-06T00:30:00Z,232,,\n", "line 2: 4 cells, expected 3"),
        ("2026-11-06T00:30:00Z,230.4,\n", "line 2: L1: '230.4' is not a whole number"),
        ("2026-11-06T00:30:00Z,\u0662\u0663,\n", "line 2: L1: .* is not a whole number"),
        ("2026-11-06T00:30:00Z,-5,\n", "line 2: L1: -5 is not from 0 to 65535"),
        ("2026-11-06T00:30:00Z,70000,\n", "line 2: L1: 70000 is not from 0 to 65535"),
        ("2026-11-06T00:30:00Z,230,boom\n", "line 2: events: 'boom'"),
        ("2026-02-30T00:30:00Z,230,\n", "line 2: .* is not a UTC time"),
        ("\n\n2026-11-06T00:30:00Z,x,\n", "line 4: "),
        ("820454400,230,\n", "line 2: "),
    ],
)
def test_a_row_that_cannot_be_taken_is_refused_with_its_line(rows, text):
    with pytest.raises(SeriesError, match=text):
        read_table(HEAD + rows)


def test_a_stamp_that_is_no_time_is_a_number_in_a_table(tmp_path):
    stamps = (0xFFFFFFFF, 1 << 32, (1 << 64) - 1)
    state = {
        "device": "ESME",
        "device_eui": "02534D45545300A0",
        "dlms": [
            {
                "class": 7,
                "obis": "1-0:32.24.0.255",
                "attr": 2,
                "value": {
                    "type": "compact-array",
                    "element_type": {"structure": ["long64-unsigned", "long-unsigned"]},
                    "value": [[1800, 230], *([stamp, 231] for stamp in stamps)],
                },
            }
        ],
    }
    path = tmp_path / "state.json"
    path.write_text(json.dumps(state))
    result = smets("voltage", "export", path)
    assert result.returncode == 0, result.stderr
    table = result.stdout.decode()
    assert all(f"\n{stamp},231," in table for stamp in stamps)
    assert "\n2000-01-01T00:30:00Z,230," in table
    assert read_table(table).phases[0].entries == {1800: 230, **dict.fromkeys(stamps, 231)}
    assert write_table(read_table(table)) == table
    drawn = smets("voltage", "plot", path, "-o", tmp_path / "out.svg")
    assert drawn.returncode == 0 and b"3 entries without a time" in drawn.stderr
    again = smets("voltage", "export", path, "-o", path)
    assert again.returncode == 2 and json.loads(path.read_text()) == state
