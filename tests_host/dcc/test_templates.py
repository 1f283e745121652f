"""Each request template of DUIS_DIR through the gateway: what a user is told of it.

Templates come from SmartDCCInnovation/duis-templates; parties and devices are those that they
name, with keys of the project's own.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime

import pytest
from dcc_bench import code, text, with_pre_command
from lxml import etree
from outside import DUIS

from host_tools.dcc import choices
from host_tools.dcc.gateway import Gateway, Known
from host_tools.dcc.inventory import Device
from host_tools.dcc.store import Store
from host_tools.duis import command, document, pki, signature
from host_tools.duis.credentials import Credentials
from host_tools.duis.rows import all_rows
from host_tools.duis.schema import Schema
from host_tools.eui import parse_eui
from host_tools.testkeys import make_home

pytestmark = [pytest.mark.needs_duis, pytest.mark.slow]
NOW = datetime.now(UTC)
ROLES = {"02": "supplier", "03": "network_operator", "04": "access_control_broker"}
COUNTER = [1000]
ROLES |= {"05": "transitional_cos"}


def templates():
    """The templates by their case."""
    return {
        path.name.removesuffix("_REQUEST_DUIS.XML"): path.read_bytes()
        for path in sorted((DUIS / "templates").glob("*.XML"))
    }


def roles(originators):
    """The role of each party, as the test PKI has it."""
    index = json.loads((DUIS / "pki" / "index.json").read_text())
    known = {
        entry["eui"]: ROLES[entry["role_ou"][0]]
        for entry in index
        if entry.get("eui") and entry["role_ou"][0] in ROLES
    }
    return [(known.get(eui, "load_controller"), eui) for eui in sorted(originators | set(known))]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A gateway that knows who and what the templates name, and has no links."""
    folder = tmp_path_factory.mktemp("templates")
    asked = [document.request(data) for data in templates().values()]
    devices = sorted({request.target.hex().upper() for request in asked if request.variant != 8})
    parties = roles({request.originator.hex().upper() for request in asked})
    home = make_home([("ESME", eui) for eui in devices], "templates", parties)
    pki.write(folder, [bytes.fromhex(eui) for _, eui in parties])
    credentials = Credentials.load(folder / "credentials.json")
    known = Known(home.ring(), home.parties(), credentials, Schema.find())
    gateway = Gateway(Store(folder / "dcc.sqlite"), known)
    gateway.start()
    yield gateway, home, credentials
    gateway.close()


def device_type(case, request):
    """What the target is: a device of the use case that the case is named after."""
    rows = [row for row in all_rows() if request.service in row.services]
    rows = [row for row in rows if document.local(request.body) in row.requests]
    named = [row for row in rows if case.startswith(row.use_case)]
    return (named or rows)[-1].targets[0]


def sent(place, case, data):
    """The codes that a template gets, one for each of its steps."""
    gateway, home, credentials = place
    request = document.request(data)
    if request.variant != 8:
        kind = device_type(case, request)
        other = request.body.findtext("OtherDeviceID")
        if other and gateway.inventory.find(parse_eui(other)) is None:
            gateway.inventory.add(Device(parse_eui(other), "HCALCS", "Commissioned"), NOW)
        gateway.store.run(
            "UPDATE devices SET type = ?, status = 'Commissioned' WHERE eui = ?",
            kind,
            request.target,
        )
    COUNTER[0] += 1
    data = re.sub(rb"(:)\d+(</sr:RequestID>)", rb"\g<1>%d\2" % COUNTER[0], data)
    signed = signature.sign(data, credentials, NOW)
    service = {4: "T", 8: "D", 2: "D"}.get(request.variant, "S")
    answer = etree.fromstring(gateway.serve(service, signed))
    gateway.known.schema.check(answer)
    codes = [code(answer)]
    if codes == ["I0"] and request.variant == 4:
        octets = base64.b64decode(text(answer, "PreCommand/GBCSPayload"))
        done = with_pre_command(signed, command.sign(octets, home.parties()))
        again = gateway.serve("S", signature.sign(done, credentials, NOW))
        codes.append(code(etree.fromstring(again)))
    return codes


# What is not accepted, and why.
TOLD = {
    "CS02fMAC_6.24.1_SUCCESS": ["E2"],  # its originator is the broker, which is no user
    "CS02bACBByACB_8.5_SUCCESS": ["I99"],
    "ECS50_9.1_SUCCESS": ["E2"],  # for other users, by the request matrix
    "12.2_DEVICE_PRE_NOTIFICATION": [choices.KNOWN_DEVICE],
    "5.2_READ_SCHEDULE": [choices.NO_SCHEDULE["5.2"]],
    "5.3_DELETE_SCHEDULE": [choices.NO_SCHEDULE["5.3"]],
    "ECS21a_5.1._DCC_SCHEDULED": ["I0"],
    "8.2_READ_INVENTORY": ["I0"],
    "8.6_SERVICE_OPTIN": ["I0"],
    "8.13_RETURN_LOCAL_COMMAND_RESPONSE_CS06": [choices.NO_RESPONSE],  # of other keys
    "12.1_REQUEST_WAN_MATRIX_ADDRESS": ["I0"],
    "ECS17b_4.1.1": ["I0"],  # local delivery
}


def order(case):
    """Those to the DCC itself come last, and of these those that end a device."""
    request = document.request(case[1])
    return request.variant == 8, request.service in ("8.3", "8.4"), case[0]


def test_what_each_template_is_told(place):
    """Two steps of a critical request, one of the others; all answers are valid."""
    wanted, found = {}, {}
    for case, data in sorted(templates().items(), key=order):
        request = document.request(data)
        found[case] = sent(place, case, data)
        usual = ["I0", "I99"] if request.variant == 4 else ["I99"]
        wanted[case] = TOLD.get(case, usual)
    assert len(found) > 140 and found == wanted
