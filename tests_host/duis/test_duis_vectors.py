"""Request templates of the industry against its vectors, and its schema (DUIS_DIR, RTDS_DIR)."""

from __future__ import annotations

import pytest
from outside import DUIS, RTDS

from host_tools.duis import check, document, new
from host_tools.duis.errors import DuisError
from host_tools.duis.schema import Schema

BY, TO = "02-53-4D-45-54-53-01-00", "02-53-4D-45-54-53-00-A0"


@pytest.mark.needs_duis
@pytest.mark.needs_rtds
def test_every_template_with_a_vector_makes_its_command():
    """RTDS: signed part, pre-command and MAC octet for octet; signatures verify."""
    found = list(check.outcomes(DUIS / "templates", RTDS))
    differing = [item for item in found if item.verdict == "differing"]
    assert differing == []
    exact = [item for item in found if item.verdict == "exact"]
    vectors = {path.name for path in RTDS.rglob("*_COMMAND_GBCS.HEX")}
    paired = [
        path
        for path in (DUIS / "templates").glob("*.XML")
        if path.name.replace("_REQUEST_DUIS.XML", "_COMMAND_GBCS.HEX") in vectors
    ]
    assert len(exact) == len(paired) > 100
    plain = [item for item in exact if item.data == "template"]
    assert len(plain) > 100 and sum(item.signed for item in exact) > 40
    assert all(item.detail for item in found if item.verdict == "skipped")
    assert check.report(found)[-1] == "0 differences"


@pytest.mark.needs_duis
def test_the_schema_judges_requests():
    """DUIS 5.4: templates are valid; what is wrong in one is named."""
    schema = Schema(DUIS / "xsd")
    for path in sorted((DUIS / "templates").glob("*.XML"))[::10]:
        schema.check(document.parse(path.read_bytes()))
    with pytest.raises(DuisError, match="not valid, line .*: Element 'RequestID'"):
        schema.check(document.parse(path.read_bytes().replace(b":1", b":x")))


# Values in the wrong order, in lists, as attributes; and what the schema refuses.
NEW = {
    "4.1.1": {},
    "4.8.1": {
        "ReadLogPeriod/EndDateTime": "2026-01-01T00:00:00Z",
        "ReadLogPeriod/StartDateTime": "2025-01-01T00:00:00Z",
    },
    "1.6": {"Credit": "", "ExecutionDateTime": "2026-01-01T00:00:00Z"},
    "7.5": {"ActivateALCSHCALCS/Duration": "5", "ActivateALCSHCALCS/@index": "2"},
    "8.2": {"DeviceID": TO},
}


@pytest.mark.needs_duis
@pytest.mark.parametrize("service", NEW)
def test_a_new_request_is_valid(service):
    """DUIS 5.4: elements in the order of the schema, whatever the order of --set."""
    schema = Schema(DUIS / "xsd")
    made = new.request(new.Wanted(service, BY, TO, 5), NEW[service], schema)
    asked = document.request(made.encode())
    assert asked.identity == f"{BY}:{TO}:5" and asked.service == service


@pytest.mark.needs_duis
def test_a_new_request_that_is_not_valid_is_refused():
    with pytest.raises(DuisError, match="ResetTariffBlockCounterMatrix"):
        new.request(new.Wanted("1.7", BY, TO, 5), {"Nonsense": "1"}, Schema(DUIS / "xsd"))
