"""Text from a device, through every output that shows it: no terminal, sheet or page obeys it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
import tty
from xml.etree import ElementTree

import pytest
from host_home import ESME, GSME, SUPPLIER, access_response, alert, answer

from host_tools import console, terminal
from host_tools.conform.junit import junit
from host_tools.gbcs.message import examine
from host_tools.gbcs.render import render, render_plain
from host_tools.han.describe import describe
from host_tools.han.frame import Frame
from host_tools.voltage import plot
from host_tools.voltage.series import Event, Series
from host_tools.voltage.table import read_table, write_table

HOSTILE = [
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\x9b2J",
    "a\x00b\x08\x7f",
    "\u202egnp.exe",
    "line\u2028line",
    "\x1b]8;;http://example.invalid\x1b\\x",
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "[bold]x[/bold]",
]
# What a terminal would obey: controls but for the end of a line, and marks that turn text.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]")


def harmless(text):
    """Whether a terminal may get it."""
    return not OBEYED.search(text)


def smets(*arguments, text=None, env=None):
    """The command line in a process of its own, as a person runs it."""
    return subprocess.run(
        [sys.executable, "-m", "host_tools", *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(env or {})},
        check=False,
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_one_place_makes_each_kind_of_output_harmless(text):
    assert harmless(console.plain(text)) and harmless(console.cell(text))
    assert console.plain("na\u00efve \u00a35 m\u00b3") == "na\u00efve \u00a35 m\u00b3"
    ElementTree.fromstring(
        f"<x>{console.xml_text('a' + text).replace('<', '').replace('&', '')}</x>"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r="])
def test_a_cell_is_no_formula(start):
    assert console.cell(f"{start}1+1")[0] in "'\\"
    assert console.cell("8002 over voltage") == "8002 over voltage"


def messages(text):
    """Messages that carry a text of a device in each kind of string."""
    octets = text.encode()
    command = SUPPLIER.command("ECS52", ESME, 5)
    for kind in ("visible-string", "utf8-string"):
        yield answer(command, access_response(5, [{"type": kind, "value": text}]))
    yield answer(command, access_response(5, [{"type": "octet-string", "value": octets.hex()}]))
    reply = b"\x0c" + bytes([len(octets)]) + octets
    unjoin = SUPPLIER.command("CS04B", GSME, 4, {"otherDeviceEntityIdentifier": "00" * 8})
    yield answer(unjoin, reply)
    frame = b"\x18\x00\x01\x00\x00\x00\x42" + bytes([len(octets)]) + octets
    body = b"\x01\x07\x02" + len(frame).to_bytes(2, "big") + frame
    yield alert(0x1000, b"\x01\x09\x01\x81\x45\0\0\0\0" + body)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_decoder_s_tree_is_harmless_and_its_json_is_true(text):
    for message in messages(text):
        decoded = examine(message)
        out = io.StringIO()
        terminal.Console(file=out, width=200).print(render(decoded))
        assert harmless(out.getvalue()), out.getvalue()
        assert harmless("\n".join(render_plain(decoded)))
        assert harmless(json.dumps(decoded.to_json()).replace("\x7f", ""))


def test_a_pipe_gets_it_as_the_tree_has_it():
    text = "".join(HOSTILE)
    for options in ((), ("--json",)):
        shown = smets("parse", next(messages(text)).hex(), *options)
        assert shown.returncode == 0 and harmless(shown.stdout) and harmless(shown.stderr)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_frame_in_words_is_harmless_on_a_terminal(text):
    octets = text.encode()
    payload = b"\x18\x00\x0a\x00\x00\x42" + bytes([len(octets)]) + octets
    frame = Frame(1, 2, 1, 1, 0x0702, payload)
    out = io.StringIO()
    terminal.Console(file=out, width=200).print(describe(frame).carries)
    assert harmless(out.getvalue())


@pytest.mark.parametrize("text", HOSTILE[:5])
def test_what_a_device_answers_to_a_command_is_harmless(text, tmp_path):
    """Errors, refusals and noise of a device that says what it likes."""
    master, slave = os.openpty()
    tty.setraw(slave)
    state, keys = tmp_path / "state.json", tmp_path / "keys.json"
    state.write_text('{"device": "GPF", "device_eui": "02534D45545300A3"}')
    keys.write_text('{"device_id": "02534D45545300A3", "parties": []}')
    said = text.replace("\n", " ").encode()

    def device():
        line = b""
        while True:
            line = line[line.find(b"\n") + 1 :] + os.read(master, 4096)
            if b"\n" in line:
                mark = line.partition(b"#")[2].partition(b":")[0]
                reply = b"LOG:ERROR#%s:%d:%s\n" % (mark, len(text), said)
                os.write(master, b"noise " + said + b"\n" + reply)
                if b"stop" in line:
                    return

    thread = threading.Thread(target=device, daemon=True)
    thread.start()
    arguments = (
        "--device",
        "gpf",
        "--state",
        state,
        "--keys",
        keys,
        "--engine",
        os.ttyname(slave),
    )
    result = smets("respond", *arguments, "DD")
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert harmless(result.stdout) and harmless(result.stderr), result.stderr
    os.write(slave, b"stop\n")
    thread.join(5)
    os.close(slave)
    os.close(master)


def series(title="meter"):
    """A small voltage log."""
    log = Series(title=title)
    log.phase(0).entries = {1800: 230, 3600: 231}
    log.events = [Event(1800, 0x8002, 7), Event(1800, 0xFFFF, -1), Event(3600, 0x8085)]
    return log


@pytest.mark.parametrize("text", HOSTILE)
def test_a_voltage_table_holds_no_formula_and_no_control(text):
    table = write_table(series(text))
    assert harmless(table)
    rows = list(csv.reader(line for line in table.splitlines() if not line.startswith("#")))
    assert not [item for row in rows for item in row if item[:1] in ("=", "+", "-", "@")]
    assert read_table(table).phases == series().phases
    assert sorted(read_table(table).events, key=str) == sorted(series().events, key=str)
    ElementTree.fromstring(plot.svg(series(text)))


def document(text):
    """A report of `smets conform` whose every text is of the device."""
    result = {
        "id": "X-1",
        "row": "General",
        "title": text,
        "evidence": "spec",
        "source": text,
        "stimulus": text,
        "expectation": text,
        "verdict": "fail",
        "text": text,
        "where_to_look": text,
        "tolerance": None,
        "seconds": 0.1,
        "exchanges": [{"sent": text, "received": text}],
    }
    return {
        "identity": {"role": "gpf", "firmware": text, "engine": text},
        "results": [result],
        "started": "2026-11-06T10:00:00Z",
        "seconds": 1.0,
        "not_covered": ["radio"],
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_a_junit_report_is_xml_whatever_the_device_says(text):
    root = ElementTree.fromstring(junit(document(text)))
    found = root.find(".//failure")
    assert found is not None and "\x1b" not in found.attrib["message"]
    assert root.find(".//script") is None
