"""`smets pc`: which response answers which request, from logs and DUIS documents made here."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from host_home import (
    CONSUMPTION,
    ESME,
    GPF,
    HOME,
    SUPPLIER,
    alert,
    answer,
    encrypted,
    gas_answer,
    gbz,
)
from typer.testing import CliRunner

from host_tools.cli import build
from host_tools.gbcs import gbt
from host_tools.han.capture import write_capture
from host_tools.han.framelog import read_log
from host_tools.mmc import correlate, duis, records

SR = duis.NAMESPACE
SUPPLIER_ID = SUPPLIER.id.hex("-").upper()
GPF_ID = GPF.hex("-").upper()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "parties.json"
    path.write_text(json.dumps(HOME.parties_document), encoding="utf-8")
    return path


def pair(counter: int) -> tuple[bytes, bytes]:
    command = SUPPLIER.command("GCS13a", GPF, counter)
    payload = gbz(encrypted(3, 0x0702, CONSUMPTION, command))
    return command, answer(command, payload, b"")


def run(tmp_path: Path, text: str, *arguments: object) -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, the report's lines and what was printed, for a log."""
    log = tmp_path / "a.log"
    log.write_text(text, encoding="utf-8")
    report = tmp_path / "report.jsonl"
    out = tmp_path / "out"
    words = ["pc", str(log), "-o", str(out), "--report", str(report), *map(str, arguments)]
    result = CliRunner().invoke(build(), words)
    lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    return result.exit_code, [json.loads(line) for line in lines], result.output


def request_xml(counter: int, srv: str = "4.1.1", device: str = GPF_ID) -> str:
    return (
        f'<sr:Request xmlns:sr="{SR}" schemaVersion="5.4"><sr:Header>'
        f"<sr:RequestID>{SUPPLIER_ID}:{device}:{counter}</sr:RequestID>"
        "<sr:CommandVariant>1</sr:CommandVariant>"
        f"<sr:ServiceReference>{srv[:3]}</sr:ServiceReference>"
        f"<sr:ServiceReferenceVariant>{srv}</sr:ServiceReferenceVariant></sr:Header>"
        "<sr:Body><sr:ReadInstantaneousImportRegisters/></sr:Body></sr:Request>"
    )


def response_xml(counter: int, payload: bytes = b"", code: str = "I0", answer: int = 0) -> str:
    inner = ""
    if payload:
        inner = f"<sr:GBCSPayload>{base64.b64encode(payload).decode()}</sr:GBCSPayload>"
    return (
        f'<sr:Response xmlns:sr="{SR}" schemaVersion="5.4"><sr:Header>'
        f"<sr:RequestID>{SUPPLIER_ID}:{GPF_ID}:{counter}</sr:RequestID>"
        f"<sr:ResponseID>{GPF_ID}:{SUPPLIER_ID}:{answer or counter}</sr:ResponseID>"
        f"<sr:ResponseCode>{code}</sr:ResponseCode>"
        "<sr:ResponseDateTime>2026-11-29T10:00:30.5Z</sr:ResponseDateTime></sr:Header>"
        "<sr:Body><sr:ResponseMessage><sr:ServiceReference>4.1</sr:ServiceReference>"
        "<sr:ServiceReferenceVariant>4.1.1</sr:ServiceReferenceVariant>"
        f"{inner}</sr:ResponseMessage></sr:Body></sr:Response>"
    )


def test_answers_are_told_apart(tmp_path: Path, keys: Path):
    """Answered, late, repeated, missing, unexpected: each is made to happen once."""
    one, two, three, four = (pair(counter) for counter in (1, 2, 3, 4))
    log = [
        f"2026-11-29T10:00:00Z {one[0].hex()}",
        f"2026-11-29T10:00:05Z {one[1].hex()}",
        f"2026-11-29T10:00:06Z {two[0].hex()}",
        f"2026-11-29T10:00:07+01:00 {four[0].hex()}",
        f"2026-11-29T10:02:06Z {two[1].hex()}",
        f"2026-11-29T10:02:07Z {one[1].hex()}",
        f"2026-11-29T10:02:08Z {three[1].hex()}",
    ]
    status, lines, printed = run(tmp_path, "\n".join(log), "--keys", keys)
    assert status == 1
    told = [(line["status"], line["request_id"].rpartition(":")[2]) for line in lines]
    assert told == [
        ("answered", "1"),
        ("late", "2"),
        ("repeated", "1"),
        ("unexpected", "3"),
        ("missing", "4"),
    ]
    assert [line["seconds"] for line in lines[:2]] == [5, 120]
    assert lines[0]["request_id"] == f"{SUPPLIER_ID}:{GPF_ID}:1"
    assert lines[0]["response_id"] == f"{GPF_ID}:{SUPPLIER_ID}:1"
    assert "1 answered, 1 late, 1 repeated, 1 unexpected, 1 missing; 4 documents" in printed
    documents = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in documents][0] == "000001-GCS13a-4.1.1.xml"
    assert all("<ra:Value>8123.456</ra:Value>" in path.read_text() for path in documents)


@pytest.mark.parametrize(("late", "status"), [("119", "late"), ("120", "answered")])
def test_how_late_is_late(tmp_path: Path, keys: Path, late: str, status: str):
    command, response = pair(1)
    log = f"2026-11-29T10:00:00Z {command.hex()}\n2026-11-29T10:02:00Z {response.hex()}\n"
    _, lines, _ = run(tmp_path, log, "--keys", keys, "--late", late)
    assert [line["status"] for line in lines] == [status]


def test_a_response_before_its_request(tmp_path: Path, keys: Path):
    command, response = pair(1)
    status, lines, _ = run(tmp_path, f"{response.hex()}\n{command.hex()}\n", "--keys", keys)
    assert (status, [line["status"] for line in lines]) == (1, ["unexpected", "early"])


def test_requests_from_a_file_of_their_own(tmp_path: Path, keys: Path):
    command, response = pair(1)
    asked = tmp_path / "asked.hex"
    asked.write_text(command.hex(), encoding="utf-8")
    status, lines, _ = run(tmp_path, response.hex(), "--request", asked, "--keys", keys)
    assert (status, [line["status"] for line in lines]) == (0, ["answered"])


def test_a_counter_that_is_used_again_is_a_new_request(tmp_path: Path, keys: Path):
    lines = "\n".join(message.hex() for message in pair(1) * 2)
    status, found, _ = run(tmp_path, lines, "--keys", keys)
    assert (status, [line["status"] for line in found]) == (0, ["answered", "answered"])


def test_every_form_of_a_line(tmp_path: Path, keys: Path):
    """The bench link, JSON, base64, DUIS in JSON; other lines of the link are passed over."""
    one, two, three = (pair(counter) for counter in (1, 2, 3))
    log = [
        f"GBCS:DATA#1:{len(one[0])}:{one[0].hex().upper()}",
        "CTRL:QUERY#2:0:",
        f"2026-11-29T10:00:00Z GBCS:DATA#1:{len(one[1])}:{one[1].hex().upper()}",
        json.dumps({"time": "2026-11-29T10:00:00Z", "hex": two[0].hex()}),
        base64.b64encode(two[1]).decode(),
        json.dumps({"xml": request_xml(3), "time": "2026-11-29T10:00:00Z"}),
        json.dumps({"xml": response_xml(3, code="I99")}),
        json.dumps({"xml": response_xml(3, three[1])}),
    ]
    status, lines, printed = run(tmp_path, "\n".join(log), "--keys", keys)
    assert status == 0, printed
    told = [(line["status"], line["seconds"]) for line in lines]
    assert told == [
        ("answered", None),
        ("answered", None),
        ("acknowledged", None),
        ("answered", 30.5),
    ]


def test_a_request_and_the_command_made_of_it_are_one(tmp_path: Path, keys: Path):
    command, response = pair(3)
    log = [json.dumps({"xml": request_xml(3)}), command.hex(), response.hex()]
    status, lines, _ = run(tmp_path, "\n".join(log), "--keys", keys)
    assert (status, [line["status"] for line in lines]) == (0, ["answered"])


def test_a_refused_request_waits_for_nothing(tmp_path: Path):
    log = [json.dumps({"xml": request_xml(1)}), json.dumps({"xml": response_xml(1, code="E19")})]
    status, lines, printed = run(tmp_path, "\n".join(log))
    assert status == 1
    assert [(line["status"], line["problem"]) for line in lines] == [
        ("refused", "response code E19")
    ]
    assert "request " + lines[0]["request_id"] in printed


def test_a_request_names_the_variant(tmp_path: Path, keys: Path):
    """6.11 and 8.1.1 have one message code; the request decides."""
    params = {
        "validity_interval_start": "2026-11-06T00:00:00Z",
        "validity_interval_end": "2026-11-07T00:00:00Z",
    }
    command = SUPPLIER.command("ECS70", ESME, 9, params)
    from host_home import access_response

    from host_tools.gbcs.message import examine

    null = {"type": "null-data", "value": None}
    values = [null] * len(examine(command).dlms.items)
    response = answer(command, access_response(9, values))
    xml = request_xml(9, "8.1.1", ESME.hex("-").upper())
    log = [json.dumps({"xml": xml}), response.hex()]
    _, lines, _ = run(tmp_path, "\n".join(log), "--keys", keys)
    assert (lines[0]["srv"], lines[0]["element"]) == (
        "8.1.1",
        "CommissionDeviceSynchroniseClockRsp",
    )


@pytest.mark.parametrize(
    ("dated", "srv", "wanted"),
    [
        ("2026-11-29T11:00:00Z", "4.1.1", ("answered", 2.0)),
        ("2026-11-29T11:00:00", "4.1.1", ("answered", 2.0)),
        ("2026-11-29T10:55:00Z", "4.1.1", ("late", 302.0)),
        ("2026-11-29T09:00:00Z", "4.1.1", ("late", 3602.0)),
        ("never", "4.1.1", ("late", 3602.0)),
        ("2026-11-29T11:00:00Z", "7.3", ("late", 3602.0)),  # the device keeps that time
    ],
)
def test_what_the_dcc_keeps_is_late_after_its_time(tmp_path: Path, keys: Path, dated, srv, wanted):
    command, response = pair(3)
    body = f"<sr:X><sr:ExecutionDateTime>{dated}</sr:ExecutionDateTime></sr:X>"
    asked = request_xml(3, srv).replace("<sr:ReadInstantaneousImportRegisters/>", body)
    log = [
        json.dumps({"xml": asked, "time": "2026-11-29T10:00:00Z"}),
        f"2026-11-29T11:00:01Z {command.hex()}",
        f"2026-11-29T11:00:02Z {response.hex()}",
    ]
    _, lines, _ = run(tmp_path, "\n".join(log), "--keys", keys)
    assert [(line["status"], line["seconds"]) for line in lines] == [wanted]


def test_what_a_schedule_asked_for_has_no_request(tmp_path: Path, keys: Path):
    one, (_, response) = pair(1), pair(3)
    xml = response_xml(3, response).replace("<sr:GBCSPayload>", "<sr:DSPScheduledMessage>*", 1)
    xml = xml.replace("*", "<sr:GBCSPayload>").replace(
        "</sr:GBCSPayload>",
        "</sr:GBCSPayload><sr:DSPScheduleID>1</sr:DSPScheduleID></sr:DSPScheduledMessage>",
    )
    log = [one[0].hex(), one[1].hex(), json.dumps({"xml": xml})]
    status, lines, printed = run(tmp_path, "\n".join(log), "--keys", keys)
    assert (status, [line["status"] for line in lines]) == (0, ["answered", "scheduled"]), printed


def test_an_alert_needs_no_request(tmp_path: Path, keys: Path):
    command, response = pair(1)
    payload = gbz() + b"\x81\x0e" + (846288000).to_bytes(4, "big")
    log = [command.hex(), response.hex(), alert(0x1001, payload).hex()]
    status, lines, _ = run(tmp_path, "\n".join(log), "--keys", keys)
    assert (status, [line["status"] for line in lines]) == (0, ["answered", "alert"])
    assert lines[1]["request_id"] is None


def test_a_wrong_mac_is_told(tmp_path: Path, keys: Path):
    _, response = pair(1)
    wrong = response[:-1] + bytes([response[-1] ^ 1])
    status, lines, printed = run(tmp_path, wrong.hex(), "--keys", keys)
    assert (status, lines[0]["problem"]) == (1, "MAC is wrong")
    assert "MAC is wrong" in printed


def test_without_requests_nothing_is_correlated(tmp_path: Path, keys: Path):
    status, lines, _ = run(tmp_path, pair(1)[1].hex(), "--keys", keys)
    assert (status, [line["status"] for line in lines]) == (0, ["answered"])


def test_one_message_goes_to_stdout(tmp_path: Path, keys: Path):
    log = tmp_path / "a.hex"
    log.write_text(gas_answer()[1].hex(), encoding="utf-8")
    result = CliRunner().invoke(build(), ["pc", str(log), "--keys", str(keys)])
    assert result.exit_code == 0
    assert result.stdout.startswith("<?xml") and "GBCSResponse" in result.stdout


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("zz", "character 1 is 'z', not hexadecimal"),
        ("dd00", "length of originator in the MAC header"),
        ("{", "no JSON"),
        ('{"a": 1}', 'JSON without "hex" or "xml"'),
        ("2026-11-29T10:00:00 dd", ""),
        (json.dumps({"xml": "<a/>"}), "the root is a, not a DUIS Request or Response"),
        (json.dumps({"xml": "<a>"}), "no XML"),
        (json.dumps({"xml": ""}), "an empty document"),
        (json.dumps({"xml": request_xml(1).replace(":1<", ":01<")}), "is not EUI:EUI:counter"),
        (json.dumps({"xml": request_xml(1 << 64)}), "more than 64 bits"),
        (json.dumps({"xml": f"<!DOCTYPE x [<!ENTITY a 'b'>]>{request_xml(1)}"}), "a DOCTYPE"),
        (json.dumps({"xml": "<a>" * 10000}), "no XML"),
        (json.dumps({"xml": response_xml(1, b"\1\2")}), "begins no message"),
        (json.dumps({"time": "2026-11-29T10:00:00", "hex": "dd"}), "has no time zone"),
    ],
)
def test_what_is_malformed_has_one_line_and_the_rest_is_read(
    tmp_path: Path, keys: Path, text: str, why: str
):
    command, response = pair(1)
    log = f"{command.hex()}\n{text}\n{response.hex()}\n"
    status, lines, printed = run(tmp_path, log, "--keys", keys)
    assert status == 2
    assert [line["status"] for line in lines] == ["malformed", "answered"]
    (line,) = [line for line in printed.splitlines() if line.startswith("smets pc:")]
    assert "a.log, line 2" in line and why in line


def test_files_that_are_none(tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "empty.xml").write_text("", encoding="utf-8")
    (folder / "large.xml").write_bytes(b"<a>" + b" " * duis.MOST_OCTETS)
    (folder / "wide.xml").write_bytes("<a/>".encode("utf-16"))
    result = CliRunner().invoke(build(), ["pc", str(folder)])
    assert result.exit_code == 2
    told = [line for line in result.output.splitlines() if line.startswith("smets pc: /")]
    assert [line.rpartition(": ")[2] for line in told] == [
        "empty",
        "more than 10000000 octets",
        "the root is a, not a DUIS Request or Response",
    ]


def test_the_folder_for_documents_has_to_be_empty(tmp_path: Path, keys: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("", encoding="utf-8")
    status, _, printed = run(tmp_path, pair(1)[1].hex(), "--keys", keys)
    assert (status, "is not empty" in printed) == (2, True)


def test_what_waits_is_bounded():
    correlator = correlate.Correlator(most=2)
    for counter in (1, 2, 3):
        correlator.ask(records.of_message("", pair(counter)[0]))
    assert correlator.given_up == 1
    assert [item.request_id.rpartition(":")[2] for item in correlator.missing()] == ["2", "3"]


def test_a_broker_asks_for_the_user():
    """The user's counter, not the broker's, is that of the RequestID."""
    from host_tools.gbcs.header import Header
    from host_tools.remote import seal

    broker = bytes.fromhex("02534D4554530002")
    header = Header(1, 77, broker, GPF, b"", 0x0074, SUPPLIER.id, 5)
    found = records.of_message("", seal(header, b"\x01\x09\x00", bytes(32), None))
    assert found.request_id == f"{SUPPLIER_ID}:{GPF_ID}:5"


def home_log(limit: int = 0) -> list[str]:
    """A home's log of a command and its answer, the answer in blocks of `limit` octets."""
    command, response = pair(1)
    parts = list(gbt.split(response, limit)) if limit else [response]
    verb = "BLOCK" if limit else "DATA"
    lines = ["# device 02:53:4d:45:54:53:00:a3 gpf"]
    lines.append(f"1795946400000 to {GPF_ID} GBCS:DATA#1:{len(command)}:{command.hex().upper()}")
    lines.append("1795946400500 ZCL:FRAME#1:1:00")
    for part in parts:
        lines.append(f"1795946401000 from {GPF_ID} GBCS:{verb}#1:{len(part)}:{part.hex().upper()}")
    return lines


@pytest.mark.parametrize("limit", [0, 60])
def test_a_log_of_a_home(tmp_path: Path, keys: Path, limit: int):
    status, lines, _ = run(tmp_path, "\n".join(home_log(limit)), "--keys", keys)
    assert (status, [(line["status"], line["seconds"]) for line in lines]) == (
        0,
        [("answered", 1)],
    )


@pytest.mark.parametrize("limit", [0, 60])
def test_a_capture_of_a_home(tmp_path: Path, keys: Path, limit: int):
    """What `smets capture` makes of that log; packets of the home's network do not count."""
    path = tmp_path / "home.pcapng"
    with path.open("wb") as out:
        write_capture(read_log(home_log(limit)), out)
    found: list[Any] = list(records.read([path]))
    assert [(item.kind, item.time.isoformat()) for item in found] == [
        ("request", "2026-11-29T10:00:00+00:00"),
        ("response", "2026-11-29T10:00:01+00:00"),
    ]
    result = CliRunner().invoke(build(), ["pc", str(path), "--keys", str(keys)])
    assert (result.exit_code, "8123.456" in result.stdout) == (0, True)


def test_a_capture_that_is_damaged(tmp_path: Path):
    """Cut, or with an octet changed: a line that says so, or fewer messages; never a fault."""
    path = tmp_path / "home.pcapng"
    with path.open("wb") as out:
        write_capture(read_log(home_log()), out)
    whole = path.read_bytes()
    for at in range(4, len(whole), 7):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            path.write_bytes(damaged)
            assert len(list(records.read([path]))) <= 3
