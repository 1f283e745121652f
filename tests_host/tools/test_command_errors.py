"""Every command that is given something wrong: one line with its prefix, status 2, no trace."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from host_home import GPF, HOME
from rights import as_owner
from typer.testing import CliRunner

from host_tools import cli, ports
from host_tools.ch_transfer.credentials import make_party
from host_tools.ch_transfer.inventory import Inventory
from host_tools.ch_transfer.manifest import Hub, Manifest

MISSING, FOLDER, CLOSED, DEEP = "no-such-file", "a-folder", "closed", "no-such-folder/file"
NO_FILE, NO_RIGHT = "No such file or directory", "Permission denied"
RESPOND = "respond --device gpf --engine cpython"
COMMAND = f"command GCS13a --counter 1 --to {GPF.hex()}"
FLASH = "flash --board virtual --role gpf --port no-port"
CONFORM = "conform --device gpf --engine cpython --only SECMP0015-stamp-gpf"
BLACK_BOX = "conform --device gpf --engine no-port --black-box --dut dut.json"
CHECK = "versions check --type GSME --spec 4.4 --gbcs 4.2"
GIVER, TAKER = bytes.fromhex("00AABB000000000A"), bytes.fromhex("00AABB000000000B")
TRANSFER = f"--id T --from {GIVER.hex()} --to {TAKER.hex()}"
PARTY = "--key p.key --certificate p.pem"
PRIVATE, PUBLIC = make_party(GIVER, 0x02)
HUB = Hub(bytes.fromhex("00AA010000000001"), bytes.fromhex("00AA020000000001"))
MANIFEST = Manifest("T", datetime(2026, 11, 29, tzinfo=UTC), GIVER, TAKER, (HUB,))

DCC = "dcc --keys parties.json --credentials set.json"
BRIDGE = "duis bridge --gateway http://127.0.0.1:9/ --keys parties.json"

# A command line that reads FILE, for each option or argument that names an input.
READING = {
    "capture --log": "capture out.pcapng --log FILE",
    "command --keys": f"{COMMAND} --keys FILE",
    "command --certificate": f"{COMMAND} --keys parties.json --certificate FILE",
    "compare before": "compare FILE report.json",
    "compare after": "compare FILE FILE",
    "ch-transfer new --hubs": f"ch-transfer new --hubs FILE {TRANSFER} --out new",
    "ch-transfer sign file": f"ch-transfer sign FILE --as from {PARTY}",
    "ch-transfer sign --key": "ch-transfer sign t.json --as from --key FILE --certificate p.pem",
    "ch-transfer sign --certificate": (
        "ch-transfer sign t.json --as from --key p.key --certificate FILE"
    ),
    "ch-transfer check file": "ch-transfer check FILE",
    "ch-transfer check --inventory": "ch-transfer check t.json --inventory FILE",
    "ch-transfer check --certificate": "ch-transfer check t.json --certificate FILE",
    "ch-transfer apply file": "ch-transfer apply FILE --inventory hubs --certificate p.pem",
    "ch-transfer apply --inventory": (
        "ch-transfer apply t.json --inventory FILE --certificate p.pem"
    ),
    "ch-transfer apply --certificate": (
        "ch-transfer apply t.json --inventory hubs --certificate FILE"
    ),
    "ch-transfer rollback --inventory": "ch-transfer rollback T --inventory FILE --why x",
    "ch-transfer diff before": "ch-transfer diff FILE hubs",
    "ch-transfer diff after": "ch-transfer diff hubs FILE",
    "ch-transfer load table": "ch-transfer load FILE --inventory new",
    "ch-transfer stock --inventory": "ch-transfer stock --inventory FILE",
    "conform --tolerate": f"{CONFORM} --tolerate FILE",
    "conform --claims": f"{CONFORM} --claims FILE",
    "conform --rtds": f"{CONFORM} --rtds FILE",
    "conform --dut": "conform --device gpf --engine x --black-box --parties a-folder --dut FILE",
    "conform --last-failed": f"{CONFORM} --last-failed FILE",
    "conform --image": f"{CONFORM} --image FILE",
    "conform --sign": f"{CONFORM} --sign FILE",
    "command --from-duis": "command --from-duis FILE",
    "dcc --keys": "dcc --keys FILE --credentials set.json",
    "dcc --credentials": "dcc --keys parties.json --credentials FILE",
    "dcc --hubs": f"{DCC} --hubs FILE",
    "duis bridge --keys": "duis bridge --gateway http://127.0.0.1:9/ --keys FILE",
    "duis bridge --credentials": f"{BRIDGE} --credentials FILE",
    "duis command request": "duis command FILE",
    "duis command --keys": "duis command request.xml --keys FILE",
    "duis request --keys": "duis request DF0901 --keys FILE",
    "flash --han": f"{FLASH} --han FILE",
    "index reports": "index FILE --out out.html",
    "parse source": "parse FILE",
    "parse --keys": "parse 00 --keys FILE",
    "pc sources": "pc FILE",
    "pc --keys": "pc a-folder --keys FILE",
    "pc --request": "pc a-folder --request FILE",
    "pc --schema": "pc a-folder --schema FILE",
    "provision --keys": "provision no-port --keys FILE",
    "provision --state": "provision no-port --state FILE",
    "release criteria reports": "release criteria FILE",
    "release criteria --before": "release criteria --before FILE",
    "release criteria --said": "release criteria --said FILE",
    "replay report": "replay FILE x",
    "respond --state": f"{RESPOND} --state FILE --keys keys.json 00",
    "respond --keys": f"{RESPOND} --state state.json --keys FILE 00",
    "respond source": f"{RESPOND} --state state.json --keys keys.json FILE",
    "rtds --rtds": "rtds --engine cpython --rtds FILE",
    "serve --state": "serve --device gpf --engine cpython --state FILE",
    "sign --keys": "sign 00 --keys FILE",
    "serve --keys": "serve --device gpf --engine cpython --keys FILE",
    "srv sources": "srv FILE",
    "srv --inventory": f"srv a-folder --as {GPF.hex()} --inventory FILE",
    "srv --keys": "srv a-folder --event-log --keys FILE",
    "utrn --keys": "utrn 10 --keys FILE",
    "verify-report report": "verify-report FILE",
    "verify-report --key": "verify-report report.json --key FILE",
    "xmlsign file": "xmlsign FILE --credentials set.json",
    "xmlsign --credentials": "xmlsign request.xml --credentials FILE",
    "xmlverify file": "xmlverify FILE --credentials set.json",
    "xmlverify --credentials": "xmlverify request.xml --credentials FILE",
    "versions check --table": f"{CHECK} --table FILE",
    "versions fleet file": "versions fleet FILE",
    "versions fleet --table": "versions fleet fleet.csv --table FILE",
    "voltage plot source": "voltage plot FILE -o out.svg",
    "voltage plot --keys": "voltage plot 00 -o out.svg --keys FILE",
    "voltage export source": "voltage export FILE",
    "voltage export --keys": "voltage export 00 --keys FILE",
}
# What takes a folder as well.
OR_FOLDER = ("pc sources", "pc --request", "srv sources", "srv --inventory")
# A command line that writes FILE, for each option or argument that names a file to write.
WRITING = {
    "capture file": "capture FILE --log log",
    "ch-transfer new --out": f"ch-transfer new --hubs hubs.csv {TRANSFER} --out FILE",
    "ch-transfer load --inventory": "ch-transfer load hubs.csv --inventory FILE",
    "conform --json": f"{CONFORM} --json FILE",
    "dcc --store": f"{DCC} --store FILE",
    "release criteria --html": "release criteria --html FILE",
    "conform --junit": f"{CONFORM} --junit FILE",
    "conform --html": f"{CONFORM} --html FILE",
    "flash --home-key": f"{FLASH} --han bus --home-key FILE",
    "index --out": "index report.json --out FILE",
    "home --log": "home --engine cpython --duration 1 --log FILE",
    "pc --report": "pc a-folder --report FILE",
    "srv --csv": "srv a-folder --csv FILE",
    "srv --json": "srv a-folder --json FILE",
    "srv --html": "srv a-folder --html FILE",
    "run --record": "run --engine cpython --record FILE",
    "voltage plot --out": "voltage plot log.csv --out FILE.svg",
    "voltage export --out": "voltage export log.csv --out FILE",
}
# The same for an option that names a folder to make or to use.
FOLDERS = {
    "conform --counters": f"{BLACK_BOX} --parties of-parties --counters FILE",
    "conform --parties": f"{BLACK_BOX} --parties FILE",
    "conform --out": f"{CONFORM} --out FILE",
    "dcc --flash": f"{DCC} --keys keys.json --device gpf=cpython --flash FILE",
    "dissector --path": "dissector --install --path FILE",
    "duis keys --out": "duis keys --out FILE",
    "keygen --out": "keygen --out FILE",
    "pc -o": "pc a-folder --out FILE",
    "run --out": "run --engine cpython --out FILE",
    "screens --docs": "screens --engine cpython --docs FILE",
    "screens --out": "screens --engine cpython --out FILE",
    "serve --store": "serve --device gpf --engine cpython --store FILE",
    "virtual-board folders": "virtual-board FILE",
}

REQUEST = (
    '<sr:Request xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="5.4">'
    "<sr:Header><sr:RequestID>02-53-4D-45-54-53-01-00:02-53-4D-45-54-53-00-AF:5</sr:RequestID>"
    "<sr:CommandVariant>1</sr:CommandVariant><sr:ServiceReference>4.1</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>4.1.1</sr:ServiceReferenceVariant></sr:Header><sr:Body>"
    "<sr:ReadInstantaneousImportRegisters/></sr:Body></sr:Request>"
)
WRONG = {
    "bench --board x --port no-port": ("'--board'", "'x' is not one of ", "virtual"),
    "capture out --log log --coordinator 12": ("16 hexadecimal digits",),
    "command GCS99": ("no use case 'GCS99'",),
    f"{COMMAND} --keys parties.json --as nobody": ("no party 'nobody'", "supplier"),
    f"{COMMAND} --keys parties.json --param Nonsense=1": ("no parameter 'Nonsense' here",),
    f"command GCS07 --counter 1 --to {GPF.hex()} --keys parties.json --param Text=x": (
        "parameter 'Message' is missing",
        "'Text'",
    ),
    f"{COMMAND} --keys parties.json --param x": ("--param x: expected NAME=VALUE",),
    f"{COMMAND} --keys parties.json --time now": ("now",),
    f"{COMMAND} --keys log": ("not JSON at line 1",),
    f"command GCS13a --to {GPF.hex()} --counter -1": ("'--counter'", "greater"),
    f"command GCS13a --to {GPF.hex()} --counter ten": ("'--counter'", "integer"),
    "command": ("a use case or --from-duis",),
    "command --from-duis log": ("line 1",),
    "command --from-duis request.xml": ("several use cases fit",),
    f"{DCC} --device tv=cpython": ("tv",),
    f"{DCC} --listener nowhere": ("nowhere: a listener is http://host:port/path",),
    "diff-versions 9.9 4.2 GCS15c": ("9.9",),
    "diff-versions 3.1 4.2 GCS99": ("GCS99",),
    "duis command log": ("line 1",),
    "duis command request.xml --device TV": ("'--device'", "'TV' is not one of ESME"),
    "duis command request.xml --device GSME": ("--keys is needed",),
    "duis command request.xml --device GSME --keys parties.json": ("no secret of",),
    "duis command request.xml --use-case GCS99": ("no request becomes 'GCS99'",),
    "duis command request.xml --dcc cin": ("--dcc cin: expected NAME=VALUE",),
    "duis command request.xml --device GSME --time noon": ("noon",),
    "duis new 4.1.1 --from 12": ("--to is needed",),
    "duis new 4.1.1 --from 12 --to 13": ("--to 13", "16 hex digits"),
    "duis new 1.9 --from 12": ("'1.9'",),
    "ch-transfer check log": ("log: ", "not JSON"),
    "ch-transfer check t.json --inventory hubs": ("hub 00-AA-01-00-00-00-00-01: is not in",),
    "ch-transfer check t.json --inventory log": ("log: ",),
    "ch-transfer load log --inventory new": ("line 1: no column",),
    "ch-transfer new --hubs log --id T --from 1 --to 2 --out new": ("line 1: no column",),
    f"ch-transfer sign t.json --as us {PARTY}": ("--as us",),
    f"ch-transfer sign t.json --as to {PARTY}": ("p.pem: is of 00-AA-BB", "not of to"),
    "ch-transfer rollback T9 --inventory hubs --why x": ("T9: no such transfer",),
    "ch-transfer party p --eui 12": ("16 hex digits",),
    "dissector --install --remove": ("exclude each other",),
    "compare log log": ("not JSON at line 1",),
    "conform --device gfp": ("'--device'", "'gfp' is not one of esme, "),
    "conform --device gpf --without wings": ("'--without'", "'wings' is not one of state"),
    "conform --device gpf --only no-check": ("--only no-check",),
    f"{CONFORM} --sign log": ("log: is no private key as PEM",),
    "index log": ("log: $: not JSON at line 1",),
    "verify-report log": ("log: $: not JSON at line 1",),
    "conform --device gpf --limit 0": ("'--limit'", "greater"),
    "adapter x": ("unexpected extra argument", "x"),
    "doctor auto": ("'[PORT]'", "no port with the USB ids of a board"),
    "doctor x y": ("unexpected extra argument", "y"),
    "flash --board virtual --role gfp --port x": ("'--role'", "'gfp' is not one of gpf"),
    "flash --board x --role gpf --port x": ("'--board'", "'x' is not one of "),
    f"{FLASH} --han log": ("log: not JSON",),
    f"{FLASH} --han bus": ("--home-key",),
    f"{FLASH} --han bus --home-key log": ("log: a home's key is 32 hexadecimal digits",),
    "home --engine pypy": ("'--engine'", "'pypy' is not one of unix, cpython"),
    "home --board fridge=virtual": ("fridge",),
    "home --duration 0": ("'--duration'", "greater"),
    "home --loss 2": ("'--loss'", "less"),
    "keygen --out k --device ABC --eui 0": ("'--device'", "'ABC' is not one of ESME"),
    "keygen --out k --device gpf --eui 12": ("--eui 12", "16 hex digits"),
    "keygen --out k --device gpf": ("1 --device, but 0 --eui",),
    "parse zz": ("zz", NO_FILE),
    "parse 00 --device-type x=ABC": ("--device-type x=ABC", "EUI=GPF"),
    "parse 00 --rows -1": ("'--rows'", "greater"),
    "pc fleet.csv": ("fleet.csv, line 1: ",),
    "srv a-folder --as 12": ("--as needs --inventory",),
    "provision no-port --state state.json --clock noon": ("noon",),
    "provision no-port --state state.json --pair gsme=12": ("--pair gsme=12", "16 hex digits"),
    "release status --on today": ("'--on'", "today"),
    "release status --date uit-start=soon": ("expected EVENT=YYYY-MM-DD",),
    "release calendar --date party=2022-01-01": ("no event 'party'", "uit-start"),
    "release criteria log": ("not JSON at line 1",),
    "replay log x": ("not JSON at line 1",),
    "repl --port auto": ("'--port'", "no port with the USB ids of a board"),
    "repl --port no-port": ("needs a terminal",),
    f"{RESPOND} --state log --keys keys.json 00": ("not JSON at line 1",),
    "respond --device ihd --state a --keys b": ("'--device'", "'ihd' is not one of gpf"),
    "respond --device gpf --engine no-port --state state.json --keys keys.json 00": ("no-port",),
    "rtds --rtds a-folder": ("index.csv",),
    "run --engine pypy": ("'--engine'", "'pypy'"),
    "run --seed x": ("'--seed'", "integer"),
    "schema x": ("'x' is not one of state, keys, parties",),
    "screen --port auto": ("'--port'", "no port with the USB ids of a board"),
    "screen --port log": ("log: ",),
    "screen --port no-port": ("no-port: ",),
    "screen --port no-port --web-port 70000": ("'--web-port'", "less"),
    "screens --engine pypy": ("'--engine'", "'pypy'"),
    "serve --device toaster": ("'--device'", "'toaster' is not one of gpf"),
    "serve --device gpf --port 70000": ("'--port'", "less"),
    "sign zz --keys parties.json": ("zz",),
    "sign 00 --keys parties.json": ("begins no message",),
    "soak --engine no-port": ("no-port",),
    "soak --commands 0": ("'--commands'", "greater"),
    "utrn ten": ("ten",),
    "utrn 10 --counter 4294967296": ("4294967296",),
    "utrn 10 --to 12": ("16 hex digits",),
    "versions check --type TV --spec 1 --gbcs 1": ("'--type'", "'TV' is not one of "),
    "versions check --type GSME --spec x.y --gbcs 1": ("x.y",),
    f"{CHECK} --on today": ("'--on'", "today"),
    "xmlsign request.xml --credentials set.json": ("no credential of 02-53-4D-45-54-53-01-00",),
    "xmlsign request.xml --credentials set.json --serial x": ("x",),
    "xmlsign request.xml --credentials set.json --serial 5": ("serial number 5",),
    "xmlverify request.xml --credentials log": ("log: ",),
    "xmlverify request.xml --credentials set.json --time noon": ("noon",),
    "duis keys --out k --user 12": ("16 hex digits",),
    "virtual-board new --heap nonsense": ("heap 'nonsense': not a size such as 190k",),
    "voltage plot log.csv -o out.gif": ("out.gif: not .svg or .png",),
    "voltage export log.csv --from yesterday": ("yesterday",),
    f"voltage export --device no-port --to {GPF.hex()} --keys parties.json": ("no-port",),
}


def smets(*arguments):
    return CliRunner().invoke(cli.build(), arguments)


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder to work in, with one good file of each kind, a folder, and a file for nobody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ports, "connected", lambda: [])  # whatever is at this machine
    (tmp_path / "a-folder").mkdir()
    texts = {
        "closed": "x",
        "log": "# a frame log\n",
        "dut.json": json.dumps({"device": "GPF", "id": GPF.hex()}),
        "keys.json": json.dumps(HOME.keys[GPF.hex().upper()]),
        "parties.json": json.dumps(HOME.parties_document),
        "state.json": json.dumps({"device": "GPF", "device_eui": GPF.hex()}),
        "fleet.csv": "device_id,type,specification,gbcs\n",
        "request.xml": REQUEST,
        "set.json": '{"certificates": []}',
        "hubs.csv": f"chf,gpf\n{HUB.chf.hex()},{HUB.gpf.hex()}\n",
        "log.csv": "time,L1,events\n2026-11-06T00:30:00Z,232,\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "of-parties").mkdir()
    (tmp_path / "of-parties" / "all.json").write_text(texts["parties.json"])
    (tmp_path / "closed").chmod(0)
    for name, octets in (("t.json", MANIFEST.octets()), ("p.key", PRIVATE), ("p.pem", PUBLIC)):
        (tmp_path / name).write_bytes(octets)
    with Inventory(tmp_path / "hubs", make=True):
        pass
    return tmp_path


def refused(place: Path, line: str, *words: str) -> None:
    """Run it: one line of error with the command's prefix and these words, and nothing else."""
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    result = smets(*line.split())
    command = line.split()[0]
    assert result.exit_code == 2, (line, result.output, result.exception)
    assert result.stderr.startswith(f"smets {command}"), result.stderr
    assert result.stderr.count("\n") == 1 and result.stdout == "", result.output
    for wrong in ("Errno", "Traceback", "Error:", "None"):
        assert wrong not in result.stderr, result.stderr
    for word in words:
        assert word in result.stderr, (word, result.stderr)
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_value_is_named(line, place):
    """project: roles, boards, engines, parameters, numbers, times; with what is known."""
    refused(place, line, *WRONG[line])


@pytest.mark.parametrize("what", READING)
def test_an_input_that_cannot_be_read_is_named(what, place):
    """project: missing, a folder, closed to us; no numbers of the system."""
    line = READING[what]
    refused(place, line.replace("FILE", MISSING), MISSING)
    if "--rtds" in what:
        return
    if what not in OR_FOLDER:
        refused(place, line.replace("FILE", FOLDER), FOLDER)
    if what == "srv sources":  # it tells of the others, too
        return
    with as_owner():
        refused(place, line.replace("FILE", CLOSED), CLOSED)


@pytest.mark.parametrize("what", WRITING)
def test_an_output_that_cannot_be_written_is_named(what, place):
    """project: before a device starts, and no folder is made for a file."""
    line = WRITING[what]
    refused(place, line.replace("FILE", DEEP), "no-such-folder")
    if ".svg" not in line:
        refused(place, line.replace("FILE", FOLDER), FOLDER)
    place.chmod(0o555)
    with as_owner():
        refused(place, line.replace("FILE", "new"), "new", NO_RIGHT)


@pytest.mark.parametrize("what", FOLDERS)
def test_a_folder_that_is_a_file_is_named(what, place):
    refused(place, FOLDERS[what].replace("FILE", "log"), "log")


def test_every_path_of_every_command_is_tried():
    """project: a new option that names a file belongs into one of the tables."""
    known = {*READING, *WRITING, *FOLDERS}
    found = set()
    for name, title in cli.titles().items():
        command = title.load()
        parts = getattr(command, "commands", {"": command})
        for part, inner in parts.items():
            for parameter in inner.params:
                annotation = str(parameter.type_descriptor.annotation)
                if "Path" in annotation:
                    option = parameter.opts[0]
                    found.add(" ".join(filter(None, (name, part, option))))
    assert found - known == set()


def test_every_command_is_tried():
    tried = {line.split()[0] for line in (*WRONG, *FOLDERS)}
    assert set(cli.titles()) - tried == set()
