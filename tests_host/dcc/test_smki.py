"""The key store: certificates of parties and devices, whose keys are those of the home."""

from __future__ import annotations

import base64
from http.client import HTTPConnection

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from dcc_bench import DCC, DEVICES, HOME, OPERATOR, SUPPLIER, bench, dashed, make_pki
from lxml import etree

from host_tools.dcc.smki import KeyStore
from host_tools.testkeys import make_home

# EUI, usage -> the SMKI role; None for a device.
KEYS = {
    (SUPPLIER, "DS"): "2",
    (SUPPLIER, "KA"): "2",
    (OPERATOR, "KA"): "3",
    (DCC, "KA"): "4",
    (DEVICES["esme"], "DS"): None,
    (DEVICES["gpf"], "KA"): None,
}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    with bench(tmp_path_factory.mktemp("smki"), ()) as found:
        yield found


def call(one, name, body):
    connection = HTTPConnection("127.0.0.1", one.server.ports[0], timeout=60)
    connection.request("POST", f"/services/{name}?apikey=any", body)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def search(one, eui, device):
    named = "CertificateSubjectAltName" if device else "CertificateSubjectName"
    body = f"<CertificateSearchRequest><{named}>{eui}</{named}></CertificateSearchRequest>"
    return call(one, "certificatesearch", body)


def retrieve(one, serial):
    body = f"<CertificateSerial>{serial}</CertificateSerial>"
    status, octets = call(
        one, "retrievecertificate", f"<CertificateDataRequest>{body}</CertificateDataRequest>"
    )
    return status, octets


def public_key(eui, usage):
    """The key of a party or device in the home's documents, as a point in hex."""
    document = HOME.parties_document
    entries = [*document["parties"], *document["devices"]]
    return next(item for item in entries if item["id"] == eui)[f"{usage.lower()}_public"]


def point(certificate):
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = key.public_numbers()
    return f"{numbers.x:064x}{numbers.y:064x}"


@pytest.mark.parametrize("case", KEYS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_key_has_a_certificate(one, case):
    eui, usage = case
    role = KEYS[case]
    status, octets = search(one, dashed(eui), role is None)
    assert status == 200
    results = etree.fromstring(octets).findall("Result")
    found = []
    for result in results:
        if result.findtext("CertificateUsage") != usage:
            continue
        if role is not None and result.findtext("CertificateRole") != role:
            continue
        assert result.findtext("CertificateStatus") == "I"
        status, octets = retrieve(one, result.findtext("CertificateSerial"))
        assert status == 200
        body = etree.fromstring(octets).find("CertificateResponse")
        named = "CertificateSubjectAltName" if role is None else "CertificateSubjectName"
        assert body.findtext(named) == dashed(eui)
        found.append(x509.load_der_x509_certificate(base64.b64decode(body[0].text)))
    assert any(point(item) in public_key(eui, usage).lower() for item in found)
    uses = [item.extensions.get_extension_for_class(x509.KeyUsage).value for item in found]
    assert all(item.digital_signature == (usage == "DS") for item in uses)
    assert all(item.key_agreement == (usage == "KA") for item in uses)


def test_the_xml_signing_certificates_are_there(one):
    status, octets = search(one, dashed(SUPPLIER), False)
    roles = [item.text for item in etree.fromstring(octets).iter("CertificateRole")]
    assert status == 200 and roles.count("135") == 1


@pytest.mark.parametrize("eui", ["00-00-00-00-00-00-00-01", dashed(SUPPLIER)])
def test_what_is_not_found(one, eui):
    assert search(one, eui, True)[0] == 402
    assert retrieve(one, "1f")[0] == 402


@pytest.mark.parametrize(
    "body",
    ["", "<a/>", "<CertificateSearchRequest/>", "x", "<!DOCTYPE a><a/>", "<a>" * 5000],
)
def test_what_is_no_request(one, body):
    assert call(one, "certificatesearch", body)[0] == 401
    assert call(one, "retrievecertificate", body)[0] == 401


def test_certificates_stay_and_follow_the_keys(one):
    """A second start issues none again; a device with a new key gets a new one."""
    store = one.gateway.store
    count = "SELECT count(*) FROM certificates"
    before = store.row(count)[0]
    KeyStore(store, HOME.parties(), make_pki(one.folder))
    assert store.row(count)[0] == before
    other = make_home([("GPF", DEVICES["gpf"])], "other keys").parties()
    esme = bytes.fromhex(DEVICES["esme"])
    later = KeyStore(store, other, make_pki(one.folder))
    gpf = bytes.fromhex(DEVICES["gpf"])
    assert later.certificate(gpf, "KA") != one.gateway.key_store.certificate(gpf, "KA")
    assert later.certificate(esme, "KA") is None  # it is in use no more
