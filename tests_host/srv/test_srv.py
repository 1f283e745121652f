"""MP141: the titles that `smets srv` shows, and whose they are; nothing of a payload is there."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from host_home import (
    ESME,
    GPF,
    GSME,
    HOME,
    OPERATOR,
    SUPPLIER,
    access_response,
    alert,
    answer,
    gbz,
)
from outside import USE_CASES
from typer.testing import CliRunner

from host_tools.cli import build
from host_tools.gbcs.message import examine
from host_tools.mmc.duis import NAMESPACE
from host_tools.srv import variants
from host_tools.srv.view import COLUMNS

SECRET = 8123456  # the value that stands in the payloads here


def name(eui: bytes) -> str:
    return eui.hex("-").upper()


def request(device: bytes, counter: int, srv: str, variant: int = 1) -> str:
    return json.dumps(
        {
            "time": "2026-11-29T10:00:00Z",
            "xml": f'<sr:Request xmlns:sr="{NAMESPACE}" schemaVersion="5.4"><sr:Header>'
            f"<sr:RequestID>{name(SUPPLIER.id)}:{name(device)}:{counter}</sr:RequestID>"
            f"<sr:CommandVariant>{variant}</sr:CommandVariant>"
            f"<sr:ServiceReference>{srv[:3]}</sr:ServiceReference>"
            f"<sr:ServiceReferenceVariant>{srv}</sr:ServiceReferenceVariant></sr:Header>"
            f"<sr:Body><sr:X>{SECRET}</sr:X></sr:Body></sr:Request>",
        }
    )


def refusal(device: bytes, counter: int, code: str) -> str:
    return json.dumps(
        {
            "xml": f'<sr:Response xmlns:sr="{NAMESPACE}" schemaVersion="5.4"><sr:Header>'
            f"<sr:RequestID>{name(SUPPLIER.id)}:{name(device)}:{counter}</sr:RequestID>"
            f"<sr:ResponseCode>{code}</sr:ResponseCode>"
            "<sr:ResponseDateTime>2026-11-29T10:00:01Z</sr:ResponseDateTime></sr:Header>"
            "<sr:Body><sr:ResponseMessage><sr:ServiceReference>4.1</sr:ServiceReference>"
            "<sr:ServiceReferenceVariant>4.1.1</sr:ServiceReferenceVariant>"
            "</sr:ResponseMessage></sr:Body></sr:Response>"
        }
    )


def clock(counter: int) -> tuple[bytes, bytes]:
    """Set Clock on ESME and its answer: a message code of two service requests."""
    params = {
        "validity_interval_start": "2026-11-06T00:00:00Z",
        "validity_interval_end": "2026-11-07T00:00:00Z",
    }
    command = SUPPLIER.command("ECS70", ESME, counter, params)
    value = {"type": "double-long-unsigned", "value": SECRET}
    values = [value] * len(examine(command).dlms.items)
    return command, answer(command, access_response(counter, values))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A day: a read of the GPF, a clock set with and without its request, an alert, a refusal."""
    told, bare = clock(7), clock(8)
    read = OPERATOR.command("GCS13a", GPF, 3)
    warning = alert(0x1001, gbz() + b"\x81\x0e" + SECRET.to_bytes(4, "big"), GSME)
    lines = [
        f"2026-11-29T09:00:00Z {read.hex()}",
        request(ESME, 7, "8.1.1", 4),
        *(message.hex() for message in (*told, *bare)),
        warning.hex(),
        refusal(GPF, 4, "E19"),
        refusal(GPF, 4, "=1+1"),
    ]
    path = tmp_path / "day.log"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """The supplier has ESME and GPF, another one the GSME; the operator has the ESME."""
    path = tmp_path / "inventory.csv"
    rows = [
        "device,type,supplier,network_operator",
        f"{name(ESME)},ESME,{name(SUPPLIER.id)},{name(OPERATOR.id)}",
        f"{GPF.hex()},GPF,{SUPPLIER.id.hex()},",
        f"{GSME.hex()},GSME,02534D45545300FF,",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(build(), ["srv", *map(str, words)])
    return result.exit_code, result.output


def rows(tmp_path: Path, *words: object) -> list[dict[str, str]]:
    out = tmp_path / "rows.csv"
    status, printed = run(*words, "--csv", out)
    assert status == 0, printed
    with out.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_for_each_message(log: Path, tmp_path: Path):
    found = rows(tmp_path, log)
    assert list(found[0]) == list(COLUMNS)
    told = [
        (r["device"][-2:], r["direction"], r["kind"], r["srv"], r["message_code"]) for r in found
    ]
    assert told == [
        ("A3", "received", "command", "4.1.1", "0074"),
        ("A0", "received", "service request", "8.1.1", ""),
        ("A0", "received", "command", "8.1.1", "0062"),
        ("A0", "sent", "response", "8.1.1", "0062"),
        ("A0", "received", "command", "6.11 or 8.1.1", "0062"),
        ("A0", "sent", "response", "6.11 or 8.1.1", "0062"),
        ("A1", "sent", "alert", "", "1001"),
        ("A3", "by the DCC", "acknowledgement", "4.1.1", ""),
        ("A3", "by the DCC", "acknowledgement", "4.1.1", ""),
    ]
    assert [r["time"] for r in found][:2] == ["2026-11-29T09:00:00Z", "2026-11-29T10:00:00Z"]
    assert [r["variant"] for r in found][:2] == ["", "4"]
    assert found[0]["title"] == "Read Instantaneous Import Registers"
    assert found[2]["title"] == "Commission Device"
    assert found[4]["title"] == "Set Clock on ESME"
    # Only what has the form of a response code is taken over from a document.
    assert [r["response_code"] for r in found][-2:] == ["E19", ""]


@pytest.mark.parametrize(
    ("owner", "devices"),
    [
        (SUPPLIER.id, {name(ESME), name(GPF)}),
        (OPERATOR.id, {name(ESME)}),
        (bytes.fromhex("02534D45545300FF"), {name(GSME)}),
    ],
)
def test_an_owner_sees_its_devices_alone(
    log: Path, inventory: Path, tmp_path: Path, owner: bytes, devices: set[str]
):
    found = rows(tmp_path, log, "--as", name(owner), "--inventory", inventory)
    assert {row["device"] for row in found} == devices


def test_who_owns_nothing_sees_nothing(log: Path, inventory: Path):
    status, printed = run(log, "--as", "02534D4554530002", "--inventory", inventory)
    assert (status, printed) == (
        2,
        "smets srv: 02-53-4D-45-54-53-00-02 is supplier or network operator of no device here\n",
    )
    assert run(log, "--as", name(SUPPLIER.id))[0] == 2


def test_an_owner_asks_for_a_device_of_another(log: Path, inventory: Path):
    words = (log, "--as", name(SUPPLIER.id), "--inventory", inventory, "--device", GSME.hex())
    status, printed = run(*words)
    assert status == 2
    assert f"{name(GSME)}: not a device of {name(SUPPLIER.id)}" in printed


def test_the_keys_of_a_device_say_who_owns_it(log: Path, tmp_path: Path):
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(HOME.keys[GPF.hex().upper()]), encoding="utf-8")
    found = rows(tmp_path, log, "--as", name(SUPPLIER.id), "--inventory", keys)
    assert {row["device"] for row in found} == {name(GPF)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("device,supplier\n", "no column network_operator"),
        ("device,supplier,network_operator\nx,,\n", "line 2: an EUI-64 is 16 hex digits"),
        ("device,supplier,network_operator\n\n", "of no device here"),
    ],
)
def test_an_inventory_that_is_none(log: Path, tmp_path: Path, text: str, why: str):
    path = tmp_path / "wrong.csv"
    path.write_text(text, encoding="utf-8")
    status, printed = run(log, "--as", name(SUPPLIER.id), "--inventory", path)
    assert (status, why in printed) == (2, True)
    assert len(printed.splitlines()) == 1


def test_no_output_has_anything_of_a_payload(log: Path, tmp_path: Path):
    """The value in the messages, as decimal or octets, and the octets of messages themselves."""
    outs = [tmp_path / f"rows.{end}" for end in ("csv", "json", "html")]
    words = [word for path in outs for word in (f"--{path.suffix[1:]}", path)]
    assert run(log, *words)[0] == 0
    printed = [run(log)[1], run(log, "--coverage")[1], *(path.read_text() for path in outs)]
    for text in printed:
        plain = text.replace("-", "").replace(" ", "").upper()
        assert "4.1.1" in text
        for hidden in (str(SECRET), f"{SECRET:06X}", "=1+1", "DD0000", "<sr:"):
            assert hidden.upper() not in plain


def test_json_and_page(log: Path, tmp_path: Path):
    out, page = tmp_path / "a.json", tmp_path / "a.html"
    assert run(log, "--json", out, "--html", page)[0] == 0
    document: dict[str, Any] = json.loads(out.read_text())
    assert document["of"] == 129
    assert document["coverage"] == {
        "4.1.1": {"requests": 1, "responses": 2},
        "6.11": {"requests": 1, "responses": 1},
        "8.1.1": {"requests": 3, "responses": 2},
    }
    html = page.read_text()
    assert html.count("<h2") == 4 and "Coverage: 3 of 129 variants" in html
    assert "Retrieve Daily Consumption Log" in html


def test_what_is_malformed_is_told_and_the_rest_is_there(log: Path):
    log.write_text(f"zz\n{log.read_text()}", encoding="utf-8")
    status, printed = run(log)
    assert status == 2
    assert "line 1: character 1 is 'z'" in printed and "9 messages" in printed


def test_what_a_meter_wrote_into_its_event_log(tmp_path: Path):
    """8154 and 8155 name the message code of a command; other events do not count."""
    span = {"from": "2026-11-06T00:00:00Z", "to": "2026-11-07T00:00:00Z"}
    command = SUPPLIER.command("ECS35a", ESME, 9, span)
    entries = [
        [846288000, 0x8154, "0022"],
        [846288060, 0x8155, "0062"],
        [846288120, 0x8161, "0002"],
    ]
    kinds = {"structure": ["double-long-unsigned", "long-unsigned", "octet-string"]}
    value = {"type": "compact-array", "element_type": kinds, "value": entries}
    response = answer(command, access_response(9, [value]))
    log = tmp_path / "events.hex"
    log.write_text(response.hex(), encoding="utf-8")
    found = rows(tmp_path, log, "--event-log")
    assert [(r["time"], r["srv"], r["use_case"], r["response_code"]) for r in found] == [
        ("2026-10-26T00:00:00Z", "3.2", "ECS12", "actioned"),
        ("2026-10-26T00:01:00Z", "6.11 or 8.1.1", "ECS70", "not actioned"),
    ]


def test_coverage_of_a_conformance_run(tmp_path: Path):
    """The lines of a report, but for those that are cut off or are no messages."""
    command, response = clock(7)
    answered = f"GBCS:DATA#2:9:{response.hex()}"
    lines = [
        {"at": 0, "way": "to device", "line": "CTRL:QUERY#1:0:"},
        {"at": 0, "way": "to device", "line": f"GBCS:DATA#2:9:{command.hex()}"},
        {"at": 0, "way": "from device", "line": answered},
        {
            "at": 0,
            "way": "from device",
            "line": answered,
            "characters": 9,
        },
        {"at": 0, "way": "to device", "line": "GBCS:DATA#2:9:DD00"},
    ]
    results = [{"id": "A", "trace": {"lines": lines}}, {"id": "B", "trace": None}]
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"results": results}), encoding="utf-8")
    status, printed = run(path, "--coverage")
    assert status == 0
    assert "8.1.1   1 asked, 1 answered" in printed
    assert printed.endswith("2 messages; 2 of 129 service reference variants\n")
    path.write_text("[1]", encoding="utf-8")
    status, printed = run(path)
    assert (status, f"smets srv: {path}: no report of smets conform" in printed) == (2, True)


def test_the_variants():
    found = variants.all_variants()
    assert len(found) == 129
    assert sum(item.critical for item in found.values()) == 37
    assert sum(not item.for_device for item in found.values()) == 16
    assert found["3.2"].title == "Restrict Access For Change Of Tenancy"
    assert found["3.2"].roles == ("IS", "GS")
    # Ambiguous message codes, as the DUIS templates pair them.
    assert set(variants.candidates(0x0055)) == {"7.5", "7.6", "7.8"}
    assert set(variants.candidates(0x0033)) == {"4.6.1", "5.1"}
    assert variants.candidates(0x00CC) == () and variants.candidates(0x0116) == ()
    # Every variant for a device is asked by a use case; 5.1 asks the DCC.
    asked = {srv for code in range(0x200) for srv in variants.candidates(code)}
    assert {srv for srv, item in found.items() if item.for_device} == asked - {"5.1"}


@pytest.mark.needs_facts
def test_message_codes_and_titles_are_those_of_the_facts():
    """Every pair of message code and variant, and every title, of the published table."""
    path = USE_CASES.with_name("srv_usecase.csv")
    with path.open(newline="", encoding="utf-8") as file:
        facts = list(csv.DictReader(file))
    alerts = {"00CA", "00CB", "00CC", "00CD", "0124", "0113"}
    pairs: dict[str, set[str]] = {}
    for row in facts:
        if row["message_code_hex"] and row["use_case"] and row["srv"] != "N/A":
            pairs.setdefault(row["message_code_hex"], set()).add(row["srv"])
    for code, asked in pairs.items():
        told = set() if code in alerts else asked
        assert set(variants.candidates(int(code, 16))) == told, code
    titles = {row["srv"]: row["title"] for row in facts if not row["use_case"]}
    named = {srv: item.title for srv, item in variants.all_variants().items()}
    assert named.keys() == titles.keys() - {"N/A"}
    # 8.2 has a remark in brackets there.
    assert {srv for srv in named if not titles[srv].startswith(named[srv])} == set()
