"""XML signatures (CR4427): several credentials and roles at once, and all that must be refused."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from outside import DUIS
from typer.testing import CliRunner

from host_tools import cli
from host_tools.duis import pki, signature
from host_tools.duis.credentials import Credential, Credentials
from host_tools.duis.errors import DuisError

NOW = datetime(2026, 11, 6, 10, tzinfo=UTC)
DAY = timedelta(days=1)
USER, OTHER, DCC = (bytes.fromhex(f"02534D455453{n}") for n in ("0100", "0200", "0002"))
SR = 'xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway"'
REQUEST = (
    f'<sr:Request {SR} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" schemaVersion="5.4">'
    "<sr:Header><sr:RequestID>02-53-4D-45-54-53-01-00:02-53-4D-45-54-53-00-A1:5</sr:RequestID>"
    "<sr:CommandVariant>1</sr:CommandVariant><sr:ServiceReference>3.1</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>3.1</sr:ServiceReferenceVariant></sr:Header><sr:Body>"
    "<sr:DisplayMessage><sr:SupplierMessage>Good  day</sr:SupplierMessage></sr:DisplayMessage>"
    "</sr:Body></sr:Request>"
)
RESPONSE = (
    f'<sr:Response {SR} schemaVersion="5.4"><sr:Header><sr:ResponseCode>I99</sr:ResponseCode>'
    "</sr:Header><sr:Body><sr:ResponseMessage/></sr:Body></sr:Response>"
)
AUTHORITY = pki.Authority.make("T1", NOW - 100 * DAY)
FORGER = pki.Authority.make("T1", NOW - 100 * DAY)


def credential(name, eui, unit, authority=AUTHORITY, begin=-50, end=50, usage=None, **window):
    certificate, key = authority.issue(eui, unit, NOW + begin * DAY, NOW + end * DAY, usage)
    return Credential(name, certificate, key, **window)


@cache
def everyone() -> dict[str, Credential]:
    """One credential of each kind."""
    plain = x509.KeyUsage(False, False, False, False, True, False, False, False, False)
    leaf = credential("dcc", DCC, "89")
    return {
        "user": credential("user", USER, "87"),
        "other": credential("other", OTHER, "87"),
        "dcc": leaf,
        "decimal": credential("decimal", DCC, "137"),
        "more": credential("more", OTHER, "C9"),
        "gbcs": credential("gbcs", USER, "02"),
        "expired": credential("expired", USER, "87", end=-1),
        "early": credential("early", USER, "87", begin=1),
        "retired": credential("retired", USER, "87", until=NOW),
        "soon": replace(credential("soon", USER, "87"), begin=NOW + DAY),
        "forged": credential("forged", USER, "87", FORGER),
        "by a leaf": credential(
            "by a leaf", USER, "87", pki.Authority(leaf.key, leaf.certificate)
        ),
        "agreement": credential("agreement", USER, "87", usage=plain),
    }


def known(*names, **changes) -> Credentials:
    items = tuple(everyone()[name] for name in names or everyone())
    authorities = (AUTHORITY.certificate, everyone()["dcc"].certificate)
    return Credentials(items, authorities, **changes)


def sign_anyhow(text: str, who: str) -> str:
    """Signed with a key, whether or not it may: as a forger would."""
    item = replace(everyone()[who], pinned=True, begin=None, until=None)
    roles = dict.fromkeys(range(256), ("Request", "Response"))
    trusting = Credentials((item,), (), roles, decimal_ou=True)
    then = item.certificate.not_valid_before_utc + DAY / 2
    return signature.sign(text.encode(), trusting, then, item.certificate.serial_number).decode()


def verify(text: str, credentials=None, now=NOW):
    return signature.verify(text.encode(), credentials or known(), now)


def request() -> str:
    return sign_anyhow(REQUEST, "user")


def test_the_digest_is_over_inclusive_canonical_xml():
    """XML-DSig, duis.md 8.1: no transform after enveloped-signature, so C14N 1.0 is inclusive.

    REQUEST is canonical as it stands, with a namespace that it does not use.
    """
    signed = request()
    stated = re.findall("<ds:DigestValue>(.*?)<", signed)[0]
    assert base64.b64decode(stated) == sha256(REQUEST.encode()).digest()
    assert signed.replace(re.findall("<ds:Signature .*</ds:Signature>", signed)[0], "").endswith(
        REQUEST
    )


def test_signed_info_is_canonical_for_itself():
    """Exclusive C14N: only the namespace that SignedInfo uses, whatever the document declares."""
    signed = request()
    info = re.findall("<ds:SignedInfo>.*</ds:SignedInfo>", signed)[0]
    info = info.replace(
        "<ds:SignedInfo>", '<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
    )
    info = re.sub(r"<ds:(\w+)( [^>]*?)/>", r"<ds:\1\2></ds:\1>", info)
    value = base64.b64decode(re.findall("<ds:SignatureValue>(.*?)<", signed)[0])
    r, s = (int.from_bytes(half, "big") for half in (value[:32], value[32:]))
    public = everyone()["user"].public
    public.verify(utils.encode_dss_signature(r, s), info.encode(), ec.ECDSA(hashes.SHA256()))


def test_who_signed_it_is_told():
    told = verify(request())
    assert (told.kind, told.role, told.credential.file) == ("Request", 135, "user")
    assert "02-53-4D-45-54-53-01-00 (xmlSign, user)" in told.text
    told = verify(sign_anyhow(RESPONSE, "dcc"))
    assert (told.kind, told.role) == ("Response", 137)


def test_what_was_verified_is_returned():
    """What a caller reads is what the digest was over, without the signature."""
    told = verify(request())
    assert told.root.findtext(".//{*}SupplierMessage") == "Good  day"
    assert told.root.find("{*}Signature") is None


def test_a_placeholder_and_blanks_are_replaced():
    """A template's own signature goes; blanks between elements, too, but not those in values."""
    spaced = REQUEST.replace("><sr:", ">\n  <sr:").replace(
        "</sr:Request>",
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></sr:Request>',
    )
    again = signature.sign(spaced.encode(), known("user"), NOW).decode()
    assert "\n  " not in again and "Good  day" in again
    assert verify(again).role == 135


def test_issuer_names_are_equal_in_any_order():
    """duis.md 8.2: `CN=Z1,OU=07` and `OU=07, CN=Z1` name the same."""
    for name in ("OU=07, CN=T1", " CN=T1 , OU=07 ", "CN=T1,OU=07"):
        changed = re.sub("(<ds:X509IssuerName>).*?<", rf"\g<1>{name}<", request())
        assert verify(changed).role == 135


OBJECT = "<ds:Object><copy/></ds:Object>"
ENVELOPED = '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'


def swap(old: str, new: str):
    def changed() -> str:
        text = request()
        assert old in text
        return text.replace(old, new, 1)

    return changed


def taken_out() -> tuple[str, str]:
    text = request()
    part = re.findall("<ds:Signature .*</ds:Signature>", text)[0]
    return text.replace(part, ""), part


def moved() -> str:
    text, part = taken_out()
    return text.replace("</sr:Body>", part + "</sr:Body>")


def first() -> str:
    text, part = taken_out()
    return text.replace("<sr:Header>", part + "<sr:Header>")


def twice() -> str:
    text, part = taken_out()
    return text.replace("</sr:Request>", part * 2 + "</sr:Request>")


def wrapped() -> str:
    """The good document in an Object, which the reference names; another one around it."""
    text, part = taken_out()
    inner = text.partition("?>")[2].strip().replace("<sr:Request ", '<sr:Request Id="good" ', 1)
    part = part.replace('URI=""', 'URI="#good"').replace(
        "</ds:Signature>", f"<ds:Object>{inner}</ds:Object></ds:Signature>"
    )
    return text.replace("Good  day", "Bad day").replace("</sr:Request>", part + "</sr:Request>")


def wrapped_whole() -> str:
    text, part = taken_out()
    part = part.replace("</ds:Signature>", f"{OBJECT}</ds:Signature>")
    return text.replace("</sr:Request>", part + "</sr:Request>")


def by(who: str, text: str = REQUEST):
    return lambda: sign_anyhow(text, who)


def der_value() -> str:
    text = request()
    value = base64.b64decode(re.findall("<ds:SignatureValue>(.*?)<", text)[0])
    r, s = (int.from_bytes(half, "big") for half in (value[:32], value[32:]))
    der = base64.b64encode(utils.encode_dss_signature(r, s)).decode()
    return re.sub("(<ds:SignatureValue>).*?<", rf"\g<1>{der}<", text)


def other_serial() -> str:
    serial = everyone()["other"].certificate.serial_number
    return re.sub("(<ds:X509SerialNumber>).*?<", rf"\g<1>{serial}<", request())


def set_to(name: str, value: str):
    return lambda: re.sub(f"(<ds:{name}>).*?<", rf"\g<1>{value}<", request())


INFO = "http://www.w3.org/2001/10/xml-exc-c14n#"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ENTITY = '<!DOCTYPE x [<!ENTITY a "Good  day">]>'
ZERO = base64.b64encode(bytes(64)).decode()
XSLT = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'

REFUSED = {
    "no signature": (lambda: REQUEST, "no signature"),
    "two signatures": (twice, "2 signatures"),
    "signature in the body": (moved, "not in the root"),
    "signature first": (first, "not the last"),
    "wrapping: a good copy in an Object": (wrapped, "Object too many"),
    "wrapping: an Object beside": (wrapped_whole, "Object too many"),
    "reference by id": (swap('URI=""', 'URI="#x"'), "'#x', not the whole document"),
    "reference outside": (swap('URI=""', 'URI="http://192.0.2.1/"'), "not the whole document"),
    "no reference": (swap(' URI=""', ""), "not the whole document"),
    "second reference": (
        swap("</ds:SignedInfo>", '<ds:Reference URI=""/></ds:SignedInfo>'),
        "Reference too many",
    ),
    "an element outside of the signature": (
        swap("<sr:Body>", '<sr:Body><ds:Object xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'),
        "outside of it",
    ),
    "entity": (
        lambda: request().replace("?>", "?>" + ENTITY, 1).replace("Good  day", "&a;"),
        "DOCTYPE",
    ),
    "comment in a value": (swap("Good  day", "Good<!-- no -->  day"), "comment"),
    "comment in the digest": (swap("<ds:DigestValue>", "<ds:DigestValue><!---->"), "comment"),
    "comment in the signature": (swap("<ds:KeyInfo>", "<!-- x --><ds:KeyInfo>"), "comment"),
    "inclusive SignedInfo": (
        swap(INFO, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        "CanonicalizationMethod http://www.w3.org/TR/2001/REC-xml-c14n-20010315 is not allowed",
    ),
    "SignedInfo with comments": (swap(INFO + '"', INFO + 'WithComments"'), "is not allowed"),
    "prefixes for SignedInfo": (
        swap(f'"{INFO}"/>', f'"{INFO}"><x/></ds:CanonicalizationMethod>'),
        "x too many",
    ),
    "a further transform": (
        swap(ENVELOPED, ENVELOPED + f'<ds:Transform Algorithm="{INFO}"/>'),
        "Transform too many",
    ),
    "another transform": (swap(ENVELOPED, XSLT), "xslt-19991116 is not allowed"),
    "no transform": (swap(ENVELOPED, ""), "no Transform"),
    "ECDSA with SHA-1": (swap(ECDSA, ECDSA.replace("256", "1")), "ecdsa-sha1 is not allowed"),
    "RSA": (
        swap(ECDSA, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        "rsa-sha256 is not allowed",
    ),
    "HMAC": (
        swap(ECDSA, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        "hmac-sha256 is not allowed",
    ),
    "SHA-1": (swap(SHA256, "http://www.w3.org/2000/09/xmldsig#sha1"), "#sha1 is not allowed"),
    "DER value": (der_value, "not r and s of 32 each"),
    "zeros": (set_to("SignatureValue", ZERO), "the signature is wrong"),
    "no base64": (set_to("SignatureValue", "a!"), "SignatureValue is not base64"),
    "equal ids": (
        swap(
            "<sr:DisplayMessage><sr:SupplierMessage>",
            '<sr:DisplayMessage Id="a"><sr:SupplierMessage Id="a">',
        ),
        "'a' is there 2 times",
    ),
    "serial of another": (other_serial, "the signature is wrong"),
    "unknown serial": (set_to("X509SerialNumber", "5"), "no credential has serial number 5"),
    "serial in words": (set_to("X509SerialNumber", "five"), "'five' is no number"),
    "another issuer": (set_to("X509IssuerName", "CN=Z1,OU=07"), "the issuer is 'CN=Z1,OU=07'"),
    "issuer that is none": (set_to("X509IssuerName", "T1"), "no name"),
    "no KeyInfo": (
        lambda: re.sub("<ds:KeyInfo>.*</ds:KeyInfo>", "", request()),
        "no KeyInfo",
    ),
    "a key of its own": (
        swap("<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyValue/>"),
        "KeyValue too many",
    ),
    "a changed value": (swap("Good  day", "Bad day"), "the digest is not that of the document"),
    "a blank more": (swap("<sr:Body>", "<sr:Body> "), "the digest is not that of the document"),
    "a changed attribute": (swap('"5.4"', '"5.3"'), "the digest is not that of the document"),
    "another digest": (
        set_to("DigestValue", base64.b64encode(sha256(b"").digest()).decode()),
        "the digest is not that of the document",
    ),
    "another user": (by("other"), "not by its originator"),
    "the DCC for a user": (by("dcc"), "dSPXmlSign signs no Request"),
    "a user for the DCC": (by("user", RESPONSE), "xmlSign signs no Response"),
    "a credential of GBCS": (by("gbcs"), "role 2 signs no Request"),
    "a role that is not known": (by("more", RESPONSE), "role 201 signs no Response"),
    "a decimal role": (by("decimal", RESPONSE), "OU 137 is a decimal role"),
    "out of date": (by("expired"), "expired: valid from"),
    "before its time": (by("early"), "early: valid from"),
    "retired": (by("retired"), "retired since 2026-11-06T10:00:00Z"),
    "not yet used": (by("soon"), "used from 2026-11-07T10:00:00Z on"),
    "another authority": (by("forged"), "its authority's signature is wrong"),
    "issued by a user's certificate": (by("by a leaf"), "issued by what is no authority"),
    "another document": (lambda: "<a/>", "not a Request or Response"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused(what):
    """duis.md 8.4 and 9.2: each with its own reason, on one line."""
    made, words = REFUSED[what]
    with pytest.raises(DuisError, match=re.escape(words)) as error:
        verify(made())
    assert "\n" not in str(error.value)


def test_a_key_for_other_uses_signs_nothing():
    with pytest.raises(DuisError, match="its key is not for signatures"):
        sign_anyhow(REQUEST, "agreement")


def test_both_spellings_of_a_role_are_taken_on_request():
    """Before Boxed 1.4.1 the DCC's OU was 137 in decimal; since then it is 89, hexadecimal."""
    text = sign_anyhow(RESPONSE, "decimal")
    assert verify(text, known(decimal_ou=True)).role == 137
    assert verify(sign_anyhow(RESPONSE, "dcc"), known(decimal_ou=True)).role == 137
    # Two digits stay hexadecimal.
    with pytest.raises(DuisError, match="role 2 signs"):
        verify(sign_anyhow(RESPONSE, "gbcs"), known(decimal_ou=True))


def test_further_roles_sign_what_the_set_says():
    text = sign_anyhow(RESPONSE, "more")
    roles = {**known().roles, 201: ("Response",)}
    assert verify(text, known(roles=roles)).role == 201
    with pytest.raises(DuisError, match="role 201 signs no Request"):
        verify(sign_anyhow(REQUEST, "more"), known(roles=roles))


def test_old_and_new_hold_together_then_the_old_is_retired():
    """CR4427 as far as it is public: the change of the DCC's certificate, with an overlap."""
    old = replace(credential("old", DCC, "89", begin=-40), until=NOW + 2 * DAY)
    new = replace(credential("new", DCC, "89", begin=-10), begin=NOW)
    both = Credentials((old, new), (AUTHORITY.certificate,))
    by_old = signature.sign(RESPONSE.encode(), both, NOW - DAY)
    by_new = signature.sign(RESPONSE.encode(), both, NOW + DAY)
    for text, name in ((by_old, "old"), (by_new, "new")):
        assert signature.verify(text, both, NOW + DAY).credential.file == name
    with pytest.raises(DuisError, match="old: retired since"):
        signature.verify(by_old, both, NOW + 2 * DAY)
    with pytest.raises(DuisError, match="new: used from"):
        signature.verify(by_new, both, NOW - DAY)
    with pytest.raises(DuisError, match="signs a Response now, only 1 that are retired"):
        signature.sign(RESPONSE.encode(), Credentials((old,), both.authorities), NOW + 9 * DAY)
    # The old one still signs where it is asked for, within its window.
    serial = old.certificate.serial_number
    assert (
        signature.verify(
            signature.sign(RESPONSE.encode(), both, NOW + DAY, serial), both, NOW + DAY
        ).credential.file
        == "old"
    )


def test_a_pinned_certificate_needs_no_authority():
    item = replace(everyone()["forged"], pinned=True)
    assert verify(sign_anyhow(REQUEST, "forged"), Credentials((item,))).role == 135


def test_a_request_is_signed_by_its_originator():
    with pytest.raises(DuisError, match="no credential of 02-53-4D-45-54-53-01-00 with a key"):
        signature.sign(REQUEST.encode(), known("other", "dcc"), NOW)


# --- the command line ---------------------------------------------------------------------------


def smets(*arguments):
    return CliRunner().invoke(cli.build(), [str(word) for word in arguments])


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert smets("duis", "keys", "--out", "xml", "--user", USER.hex()).exit_code == 0
    (tmp_path / "request.xml").write_text(REQUEST)
    return tmp_path


def test_a_document_is_signed_and_verified(place):
    """project: 0 where it holds, 1 where it is refused, 2 for files."""
    option = ("--credentials", "xml/credentials.json")
    signed = smets("xmlsign", "request.xml", *option)
    (place / "signed.xml").write_text(signed.stdout)
    assert smets("xmlverify", "signed.xml", *option).stdout.startswith("Request signed by 02-53-")
    shown = smets("xmlverify", "signed.xml", *option, "--output")
    assert "ds:Signature" not in shown.stdout and "Good  day" in shown.stdout
    (place / "changed.xml").write_text(signed.stdout.replace("Good  day", "Bad"))
    refused = smets("xmlverify", "changed.xml", *option)
    assert refused.exit_code == 1 and "refused: the digest" in refused.stderr
    late = smets("xmlverify", "signed.xml", *option, "--time", "2099-01-01T00:00:00Z")
    assert late.exit_code == 1 and "valid from" in late.stderr
    assert (place / "xml" / "credentials.json").stat().st_mode & 0o077 == 0
    again = smets("duis", "keys", "--out", "xml")
    assert again.exit_code == 2 and "--force" in again.stderr


SETS = {
    "[]": "not an object",
    "{}": "no certificates",
    '{"certificates": [], "more": 1}': "unknown member 'more'",
    '{"certificates": [5]}': "an object with file",
    '{"certificates": [{"key": "x"}]}': "no file",
    '{"certificates": [{"file": "x", "when": 1}]}': "unknown member 'when'",
    '{"certificates": [{"file": "x.pem"}]}': "x.pem: No such file",
    '{"certificates": [{"file": "set.json"}]}': "not a certificate",
    '{"certificates": [{"file": "xml/ca.pem", "key": "xml/ca.pem"}]}': "not a private key",
    '{"certificates": [{"file": "xml/ca.pem", "until": "soon"}]}': "'soon' is not a UTC time",
    '{"certificates": [], "roles": {"5": ["Mail"]}}': "5 signs Request, Response",
    "{": "Expecting",
}


@pytest.mark.parametrize("text", SETS)
def test_a_set_that_is_wrong_is_refused(text, place):
    (place / "set.json").write_text(text)
    result = smets("xmlverify", "request.xml", "--credentials", "set.json")
    assert result.exit_code == 2 and SETS[text] in result.stderr, result.stderr
    assert result.stderr.count("\n") == 1


def test_a_key_of_another_is_refused(place):
    names = sorted(path.name for path in (place / "xml").glob("*sign*"))
    entry = {"file": f"xml/{names[1]}", "key": f"xml/{names[2]}"}
    (place / "set.json").write_text(json.dumps({"certificates": [entry]}))
    result = smets("xmlsign", "request.xml", "--credentials", "set.json")
    assert result.exit_code == 2 and "not the key of its certificate" in result.stderr


# --- real documents -----------------------------------------------------------------------------

# What is known of the samples: who signed them, or what is wrong with them.
SAMPLES = {
    "ECS12_3.2_SUCCESS_REQUEST_DUIS-signed-by-jar.xml": "xml-sign-",
    "ECS29a_6.5_SUCCESS_REQUEST_DUIS-signed-by-jar.xml": "xml-sign-",
    "GCS13a_4.1.1_SUCCESS_RELIABLE_GPF_REQUEST_DUIS-signed-by-jar.xml": "xml-sign-",
    "readfw-response.xml": r"dsp-xml-sign-\w+-ds-pre-1.4.1.pem",
    "readfw-response-resigned.xml": "Z1-accessControlBroker-dSPXmlSign.pem",
    "read-inventory-response-4g.xml": r"dsp-xml-sign-\w+-ds.pem",
    "read-inventory-response-5.4.xml": "Z1-accessControlBroker-dSPXmlSign.pem",
    "readfw-response-badsignature.xml": "the signature is wrong",
    "readfw-response-no-signature.xml": "no signature",
    "readfw-response-no-serial.xml": "no KeyInfo",
    "readfw-response-nonexist-serial.xml": "no credential has serial",
    "readfw-response-invalid.xml": "role 4 signs no Response",
    "acknowledgement-error.xml": "no signature",
    "duis-xxe.xml": "DOCTYPE",
}


@pytest.mark.needs_duis
@pytest.mark.parametrize("name", SAMPLES)
def test_real_documents(name, tmp_path):
    """Samples of the DCC's test box and of its signing tool, under its public test PKI."""
    entries = [
        {"file": path.name, "pinned": "xml-sign" in path.name}
        for path in sorted((DUIS / "pki").glob("*.pem"))
        if "issuingCA" not in path.name
    ]
    document = {"authorities": ["Z1-issuingCA.pem"], "certificates": entries, "decimal_ou": True}
    for path in (DUIS / "pki").glob("*.pem"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "set.json").write_text(json.dumps(document))
    everything = Credentials.load(tmp_path / "set.json")
    data = (DUIS / "samples" / name).read_bytes()
    when = datetime(2026, 1, 1, tzinfo=UTC)
    if SAMPLES[name].startswith(("xml-sign", "dsp-", "Z1-")):
        signer = signature.verify(data, everything, when).credential.file
        assert re.match(SAMPLES[name], signer)
        if signer.startswith("xml-sign-"):  # the user that the request names
            sender = re.search(rb"RequestID>([^:]+):", data)
            assert sender and sender[1].decode().replace("-", "").upper() in signer
    else:
        with pytest.raises(DuisError, match=SAMPLES[name]):
            signature.verify(data, everything, when)
