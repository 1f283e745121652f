"""How an answer is judged against a vector (`host_tools.rtds.compare`)."""

import pytest

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
