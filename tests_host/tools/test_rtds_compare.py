"""How an answer is judged against a vector (`host_tools.rtds.compare`)."""

import csv
import json

import pytest
from typer.testing import CliRunner

from host_tools import cli
from host_tools.gbcs.header import Header, add_mac_header
from host_tools.gbcs.use_cases import by_name
from host_tools.rtds import NOT_IN_STATE, Pair, compare

METER, PARTY = bytes(range(8)), bytes(range(8, 16))


def message(use_case, payload, counter=7, signature=b""):
    """A response with no MAC worth the name."""
    code = by_name(use_case).code
    head = Header(2, counter, METER, PARTY, b"", code)
    body = head.encode(payload) + bytes([len(signature)]) + signature
    return body if signature else add_mac_header(body, bytes(12))


def pair(use_case, response):
    """A vector of an ESME."""
    return Pair("own", use_case, PARTY.hex().upper(), b"", response, {"device": "ESME"}, {})


def test_an_equal_answer_is_exact_whatever_its_signature():
    """project-choice: ECDSA signatures vary, so none is compared."""
    one, other = (
        message("CS02b-supplierBySupplier", b"\x30\x00", 7, bytes([n]) * 64) for n in (1, 2)
    )
    assert compare(pair("CS02b-supplierBySupplier", one), other).verdict == "exact"


def test_a_dlms_answer_that_differs_names_the_octet():
    """spec: in all but ASN.1 a state says everything."""
    ours, theirs = message("ECS12", b"\xda\x00"), message("ECS12", b"\xda\x01")
    outcome = compare(pair("ECS12", theirs), ours)
    assert outcome.verdict == "differing"
    at = next(i for i in range(len(ours)) if ours[i] != theirs[i])
    assert outcome.detail == f"octet {at} of {len(theirs)} (ours has {len(ours)})"


def test_asn1_content_rests_on_more_than_a_state():
    """project-choice: another content, also of another length, under the same header."""
    theirs = message("CS06", b"\x30\x03\x0a\x01\x00")
    for content in (b"\x30\x03\x0a\x01\x01", b"\x30\x00"):
        outcome = compare(pair("CS06", theirs), message("CS06", content))
        assert (outcome.verdict, outcome.detail) == ("skipped", NOT_IN_STATE)


@pytest.mark.parametrize(
    "ours",
    [
        pytest.param(message("CS06", b"\x30\x00", counter=8), id="counter"),
        pytest.param(message("CS07", b"\x30\x00"), id="use case"),
        pytest.param(message("CS06", b"\x30\x00", signature=bytes(64)), id="no MAC"),
        pytest.param(message("CS06", b"\x30\x00")[:-1], id="cut"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_the_header_of_an_asn1_answer_must_be_right(ours):
    """spec: what a state and the command do say is judged."""
    theirs = message("CS06", b"\x30\x03\x0a\x01\x00")
    assert compare(pair("CS06", theirs), ours).verdict == "differing"


def test_a_run_that_compares_nothing_is_not_green(tmp_path):
    """No pair of a use case, no pair at all, or none whose device is here: status 2, said why."""
    rows = [
        {"pair_id": "a", "kind": kind, "use_case": "CS02a", "originator": "0" * 16}
        | {"folder": ".", "file": "message"}
        for kind in ("command", "response")
    ]
    (tmp_path / "message").write_text("DD")
    for folder, name, document in (
        ("state", "a", {"device": "IHD", "device_eui": "1" * 16}),
        ("keys", "1" * 16, {"parties": []}),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.json").write_text(json.dumps(document))

    def run(count, *words):
        with (tmp_path / "index.csv").open("w") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows[:count])
        return CliRunner().invoke(cli.build(), ["rtds", "--rtds", str(tmp_path), *words])

    for count, words, said in (
        (0, (), f"{tmp_path}: no pairs"),
        (1, (), "no pairs"),
        (2, ("--only", "NOSUCH"), "--only NOSUCH: no use case 'NOSUCH'"),
        (2, ("--only", "CS02a", "--only", "GCS07"), "--only GCS07: there is no pair of this use"),
        (2, ("--only", "CS02a"), "0 exact, 0 differing, 2 skipped"),
    ):
        result = run(count, *words)
        assert result.exit_code == 2, result.output
        assert said in " ".join(result.output.split()), result.output
