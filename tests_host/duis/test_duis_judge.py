"""The DCC's own signing tool as a judge of ours: each takes what the other signs.

The tool (npm package `@smartdcc/duis-sign-wrap`, its file dist/tool.jar: DUIS_SIGN_JAR, and a Java
runtime) knows DUIS 5.1, no role, no validity and no chain. What it lets pass, ours refuses.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from outside import JUDGE

from host_tools.duis import command, new, pki, signature
from host_tools.duis.credentials import Credentials
from host_tools.duis.errors import DuisError

pytestmark = [pytest.mark.needs_judge, pytest.mark.slow]
NOW = datetime.now(UTC)
USER, OTHER, DEVICE = (f"02-53-4D-45-54-53-{end}" for end in ("01-00", "02-00", "00-A0"))
PACKAGE = "uk.co.smartdcc.boxed.xmldsig"
PERIOD = {
    "ReadLogPeriod/StartDateTime": "2025-01-01T00:00:00Z",
    "ReadLogPeriod/EndDateTime": "2026-01-01T00:00:00Z",
}
CALENDAR = {"ExecutionDateTime": "2026-01-01T00:00:00Z", "Credit": ""}
REQUESTS = {
    "read": ("4.1.1", {}),
    "read of a log": ("4.8.1", PERIOD),
    "critical": ("7.3", {}),
    "critical, dated": ("1.6", CALENDAR),
    "text": ("3.1", {"SupplierMessage": "Five & <more>"}),
    "to the DCC": ("8.2", {"DeviceID": DEVICE}),
}
RESPONSE = (
    '<sr:Response xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway" schemaVersion="5.1">'
    f"<sr:Header><sr:RequestID>{USER}:{DEVICE}:5</sr:RequestID><sr:ResponseCode>I99"
    "</sr:ResponseCode><sr:ResponseDateTime>2026-01-01T00:00:00Z</sr:ResponseDateTime>"
    "</sr:Header><sr:Body><sr:ResponseMessage><sr:ServiceReference>4.1</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>4.1.1</sr:ServiceReferenceVariant></sr:ResponseMessage>"
    "</sr:Body></sr:Response>"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A PKI, and a set of it."""
    if shutil.which("java") is None:
        pytest.skip("no Java runtime")
    folder = tmp_path_factory.mktemp("judge")
    pki.write(folder, [bytes.fromhex(eui.replace("-", "")) for eui in (USER, OTHER)])
    return folder


def judge(place, what, text, *arguments):
    """Exit status and standard output of the tool."""
    file = place / "document.xml"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["java", "-cp", JUDGE, f"{PACKAGE}.{what}", file, *arguments],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def certificate(place, eui):
    return place / f"xml-sign-{eui.replace('-', '')}.pem"


def known(place):
    return Credentials.load(place / "credentials.json")


def request(name):
    service, values = REQUESTS[name]
    wanted = new.Wanted(service, USER, "" if service == "8.2" else DEVICE, 5)
    return new.request(wanted, values, None).replace('"5.4"', '"5.1"')


@pytest.mark.parametrize("name", REQUESTS)
def test_each_takes_what_the_other_signs(name, place):
    own = signature.sign(request(name).encode(), known(place), NOW).decode()
    status, shown = judge(place, "Validate", own, certificate(place, USER))
    assert status == 0 and "<sr:Request" in shown
    keys = (certificate(place, USER), certificate(place, USER).with_suffix(".key"))
    status, theirs = judge(place, "Sign", request(name), "--preserveCounter", *keys)
    assert status == 0
    told = signature.verify(theirs.encode(), known(place), NOW)
    assert told.role == 135 and told.root.findtext(".//{*}RequestID") == (
        f"{USER}:{command.ACB.hex('-').upper() if name == 'to the DCC' else DEVICE}:5"
    )


def test_it_takes_our_responses(place):
    own = signature.sign(RESPONSE.encode(), known(place), NOW).decode()
    dcc = next(place.glob("dsp-*.pem"))
    assert judge(place, "Validate", own, dcc)[0] == 0
    assert signature.verify(own.encode(), known(place), NOW).role == 137


def test_both_refuse_what_was_changed(place):
    own = signature.sign(request("text").encode(), known(place), NOW).decode()
    text = own.replace("Five", "Six")
    assert judge(place, "Validate", text, certificate(place, USER))[0] == 10
    with pytest.raises(DuisError, match="the digest"):
        signature.verify(text.encode(), known(place), NOW)


def pinned(place, eui):
    """A set that takes one certificate for anything, to sign what may not be signed."""
    name = certificate(place, eui).name
    entry = {"file": name, "key": name.replace(".pem", ".key"), "pinned": True}
    path = place / "one.json"
    document = {"certificates": [entry], "roles": {"135": ["Request", "Response"]}}
    path.write_text(json.dumps(document))
    return Credentials.load(path)


def test_what_it_lets_pass_ours_refuses(place):
    """duis.md 9.2: no signature in a response, another signer, another issuer, out of date."""
    assert judge(place, "Validate", RESPONSE)[0] == 0
    with pytest.raises(DuisError, match="no signature"):
        signature.verify(RESPONSE.encode(), known(place), NOW)

    other = pinned(place, OTHER)
    serial = other.items[0].certificate.serial_number
    text = signature.sign(request("read").encode(), other, NOW, serial).decode()
    assert judge(place, "Validate", text, certificate(place, OTHER))[0] == 0
    with pytest.raises(DuisError, match="not by its originator"):
        signature.verify(text.encode(), known(place), NOW)

    own = signature.sign(request("read").encode(), known(place), NOW).decode()
    renamed = own.replace("CN=T1,OU=07", "CN=Another,OU=07")
    assert judge(place, "Validate", renamed, certificate(place, USER))[0] == 0
    with pytest.raises(DuisError, match="the issuer is"):
        signature.verify(renamed.encode(), known(place), NOW)

    late = NOW + timedelta(days=36500)
    with pytest.raises(DuisError, match="valid from"):
        signature.verify(own.encode(), known(place), late)

    user = pinned(place, USER)
    serial = user.items[0].certificate.serial_number
    response = signature.sign(RESPONSE.encode(), user, NOW, serial).decode()
    assert judge(place, "Validate", response, certificate(place, USER))[0] == 0
    with pytest.raises(DuisError, match="xmlSign signs no Response"):
        signature.verify(response.encode(), known(place), NOW)
