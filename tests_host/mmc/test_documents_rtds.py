"""Every response and alert of RTDS as an MMC document: valid, and the same as documents that were
made of the same responses by other hands.

Evidence: rtds (octets), schema (names, order, types).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from host_home import RTDS, rtds_rows
from lxml import etree
from outside import DUIS

from host_tools.gbcs.message import Message, examine
from host_tools.keys import KeyRing
from host_tools.mmc import document, schema
from host_tools.mmc.xml import Element, name_of

pytestmark = [pytest.mark.needs_rtds, pytest.mark.needs_duis]
MMC = DUIS / "xsd" / "MMC Schema V5.4.xsd"
# Without an element in schema 5.4: 6.14.3, what no service request asks for, a command of a PPMID.
NO_ELEMENT = {
    "ECS46d",
    "CS02b-anyByContingency",
    "CS02g-loadControllerByLoadController",
    "PCS01",
}


@cache
def ring() -> KeyRing:
    found = KeyRing.load(sorted((RTDS / "keys").glob("*.json")))
    for row in rtds_rows():
        if row["kind"] == "command":
            kind = row["target_device_type"].split()[0]
            found.set_device_type(bytes.fromhex(row["target"]), kind)
    return found


def message(row: dict[str, str]) -> Message:
    text = (RTDS / row["folder"] / row["file"]).read_text(encoding="utf-8")
    return examine(bytes.fromhex(text), ring())


@cache
def made() -> dict[str, document.Document]:
    """The document of each response and alert, by pair."""
    commands = {row["pair_id"]: row for row in rtds_rows() if row["kind"] == "command"}
    found: dict[str, document.Document] = {}
    for row in rtds_rows():
        if row["kind"] not in ("response", "alert") or row["use_case"] in NO_ELEMENT:
            continue
        answer = message(row)
        asked = commands.get(row["pair_id"])
        srv = row["srv"] if row["srv"] in document.candidates(answer.header.message_code) else None
        request = message(asked) if asked and row["kind"] == "response" else None
        found[row["pair_id"]] = document.make(answer, ring(), srv, request)
    return found


def test_every_document_is_valid():
    rules = schema.load(MMC)
    wrong = {}
    for name, item in made().items():
        problem = schema.problem(etree.fromstring(item.to_bytes()), rules)
        if problem:
            wrong[name] = problem
    assert not wrong
    assert len(made()) > 250


def test_what_has_no_element_says_so():
    rows = [row for row in rtds_rows() if row["use_case"] in NO_ELEMENT]
    for row in rows:
        if row["kind"] == "response":
            with pytest.raises(document.MmcError, match="no element"):
                document.make(message(row), ring())
    assert {row["use_case"] for row in rows} == NO_ELEMENT


def leaves(root: Element, start: str) -> list[tuple[str, str, dict[str, str]]]:
    """Each element from `start` on, without comments."""
    top = next(item for item in root.iter(etree.Element) if name_of(item) == start)
    return [
        (name_of(item), (item.text or "").strip(), {str(k): str(v) for k, v in item.items()})
        for item in top.iter(etree.Element)
    ]


@pytest.mark.parametrize(
    "sample",
    sorted((DUIS / "samples" / "mmc").glob("*.xml")) if DUIS.exists() else [],
    ids=lambda path: path.stem,
)
def test_the_body_is_that_of_the_sample(sample: Path):
    theirs = etree.parse(str(sample)).getroot()
    (ours,) = (item for name, item in made().items() if name.endswith(f"/{sample.stem}"))
    assert leaves(ours.root, "Body") == leaves(theirs, "Body")


@pytest.mark.parametrize(
    ("case", "stamp"),
    [
        (
            "GCS13a_4.1.1_SUCCESS_RELIABLE_GPF",
            {"isFromGSME": "false", "ClockStatus": "reliable"},
        ),
        (
            "GCS13a_4.1.1_SUCCESS_RELIABLE_GSME",
            {"isFromGSME": "true", "ClockStatus": "reliable"},
        ),
        ("GCS13a_4.1.1_SUCCESS_UNRELIABLE", {"ClockStatus": "unreliable"}),
    ],
)
def test_the_stamp_of_the_header(case: str, stamp: dict[str, str]):
    (ours,) = (item for name, item in made().items() if name.endswith(f"/{case}"))
    (time,) = (item for name, text, item in leaves(ours.root, "Header") if name == "Timestamp")
    assert time == stamp
