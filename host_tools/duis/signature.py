"""Signatures of DUIS documents: made, and verified without trust in what they say of themselves.

The form is one (duis.md 8.1): an enveloped signature, last in the root; one reference to the whole
document; the digest over inclusive canonical XML, SignedInfo over exclusive; ECDSA P-256 with
SHA-256, r and s; the certificate by issuer and serial. All else is refused, so no choice of an
algorithm, of a place or of a transform is left to who made the document.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hmac
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from lxml import etree

from host_tools.duis import document
from host_tools.duis.credentials import XML_SIGN, Credential, Credentials, name_of
from host_tools.duis.document import DS, SR, Element, local
from host_tools.duis.errors import DuisError
from host_tools.gbcs import crypto

__all__ = ["Verified", "sign", "verify"]

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ENVELOPED = f"{DS}enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_SIGNATURE_OCTETS = 64
_IDS = ("id", "Id", "ID", "{http://www.w3.org/XML/1998/namespace}id")
# The one form: element -> its children, in order; and the attributes that it must have.
_FORM: dict[str, tuple[str, ...]] = {
    "Signature": ("SignedInfo", "SignatureValue", "KeyInfo"),
    "SignedInfo": ("CanonicalizationMethod", "SignatureMethod", "Reference"),
    "Reference": ("Transforms", "DigestMethod", "DigestValue"),
    "Transforms": ("Transform",),
    "KeyInfo": ("X509Data",),
    "X509Data": ("X509IssuerSerial",),
    "X509IssuerSerial": ("X509IssuerName", "X509SerialNumber"),
}
_ALGORITHMS = {
    "CanonicalizationMethod": EXCLUSIVE,
    "SignatureMethod": ECDSA,
    "Transform": ENVELOPED,
    "DigestMethod": SHA256,
}


@dataclass(frozen=True)
class Verified:
    """A document whose signature holds: who signed it, in which role.

    `root` is what was verified, without its signature: read that, not the file again.
    """

    root: Element
    kind: str
    credential: Credential
    role: int

    @property
    def text(self) -> str:
        """What it is and who signed it, in words."""
        eui = self.credential.eui
        who = eui.hex("-").upper() if eui else "a party without EUI-64"
        return f"{self.kind} signed by {who} ({name_of(self.role)}, {self.credential.file})"


def _kind(root: Element) -> str:
    if root.tag not in (f"{{{SR}}}Request", f"{{{SR}}}Response"):
        raise DuisError(f"the document is {str(root.tag)[:100]}, not a Request or Response")
    return local(root)


def _canonical(element: Element, exclusive: bool) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)


def _without(root: Element, signature: Element) -> Element:
    """A copy of the document without the signature; what stands behind it stays."""
    at = root.index(signature)
    whole = copy.deepcopy(root.getroottree()).getroot()
    gone = whole[at]
    tail = gone.tail or ""
    before = gone.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        whole.text = (whole.text or "") + tail
    gone.tail = None
    whole.remove(gone)
    return whole


def _digest(unsigned: Element) -> bytes:
    return sha256(_canonical_document(unsigned)).digest()


def _canonical_document(root: Element) -> bytes:
    """Inclusive canonical XML of the whole document, with what stands beside its root."""
    return etree.tostring(root.getroottree(), method="c14n", exclusive=False, with_comments=False)


# --- making -------------------------------------------------------------------------------------


def _ds(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    element = etree.SubElement(parent, f"{{{DS}}}{name}", dict(attributes))
    element.text = text or None
    return element


def sign(data: bytes, credentials: Credentials, now: datetime, serial: int | None = None) -> bytes:
    """The document with a signature in place of the one it may have; DuisError.

    Blanks between elements are left out: some verifiers drop them before they digest. Without
    `serial`, the credential is that of the request's originator, or of the DCC for a response.
    """
    root = document.parse(data)
    kind = _kind(root)
    for old in root.findall(f"{{{DS}}}Signature"):
        root.remove(old)
    root = _compact(root)
    eui = document.request(etree.tostring(root)).originator if kind == "Request" else None
    if serial is None:
        chosen = credentials.signer(kind, eui, now)
    else:
        chosen = credentials.with_serial(serial)
        credentials.check(chosen, kind, now)
    if chosen.key is None:
        raise DuisError(f"{chosen.file}: its private key is not here")
    digest = base64.b64encode(_digest(root)).decode()
    signature = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS})
    info = _ds(signature, "SignedInfo")
    _ds(info, "CanonicalizationMethod", Algorithm=EXCLUSIVE)
    _ds(info, "SignatureMethod", Algorithm=ECDSA)
    reference = _ds(info, "Reference", URI="")
    _ds(_ds(reference, "Transforms"), "Transform", Algorithm=ENVELOPED)
    _ds(reference, "DigestMethod", Algorithm=SHA256)
    _ds(reference, "DigestValue", digest)
    value = crypto.sign(chosen.key, _canonical(info, exclusive=True))
    _ds(signature, "SignatureValue", base64.b64encode(value).decode())
    x509_data = _ds(_ds(signature, "KeyInfo"), "X509Data")
    issuer = _ds(x509_data, "X509IssuerSerial")
    _ds(issuer, "X509IssuerName", chosen.certificate.issuer.rfc4514_string())
    _ds(issuer, "X509SerialNumber", str(chosen.certificate.serial_number))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _compact(root: Element) -> Element:
    for item in list(root.iter(etree.Comment, etree.PI)):
        parent = item.getparent()
        if parent is not None:
            parent.remove(item)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    return etree.fromstring(etree.tostring(root), parser)


# --- verifying ----------------------------------------------------------------------------------


def verify(data: bytes, credentials: Credentials, now: datetime) -> Verified:
    """What a document says, if its signature holds; DuisError says what is wrong with it."""
    root = document.parse(data)
    kind = _kind(root)
    signature = _the_signature(root)
    _check_ids(root)
    _check_form(signature)
    issuer, serial = _key_name(signature)
    credential = credentials.with_serial(serial)
    _check_issuer(issuer, credential)
    role = credentials.check(credential, kind, now)
    info = document.child(signature, "SignedInfo", DS)
    unsigned = _without(root, signature)
    stated = _base64(document.child(info[2], "DigestValue", DS))
    if not hmac.compare_digest(stated, _digest(unsigned)):
        raise DuisError("the digest is not that of the document: it was changed")
    value = _base64(document.child(signature, "SignatureValue", DS))
    if len(value) != _SIGNATURE_OCTETS:
        raise DuisError(f"the signature has {len(value)} octets, not r and s of 32 each")
    if not crypto.signature_valid(credential.public, _canonical(info, exclusive=True), value):
        raise DuisError("the signature is wrong")
    if role == XML_SIGN and kind == "Request":
        originator = document.request(etree.tostring(unsigned)).originator
        if credential.eui != originator:
            who = credential.eui.hex("-").upper() if credential.eui else "nobody"
            raise DuisError(f"signed by {who}, not by its originator")
    return Verified(unsigned, kind, credential, role)


def _the_signature(root: Element) -> Element:
    """The one signature, last in the root; elements of its namespace stand nowhere else."""
    found = list(root.iter(f"{{{DS}}}Signature"))
    if not found:
        raise DuisError("it has no signature")
    if len(found) > 1:
        raise DuisError(f"it has {len(found)} signatures, not one")
    signature = found[0]
    if signature.getparent() is not root:
        raise DuisError("its signature is not in the root")
    if signature.getnext() is not None:
        raise DuisError("its signature is not the last in the root")
    inside = set(signature.iter())
    if any(item not in inside for item in root.iter(f"{{{DS}}}*")):
        raise DuisError("parts of a signature stand outside of it")
    return signature


def _check_ids(root: Element) -> None:
    found = Counter(
        value for item in root.iter(etree.Element) for name in _IDS if (value := item.get(name))
    )
    for value, number in found.items():
        if number > 1:
            raise DuisError(f"the identifier {value[:40]!r} is there {number} times")


def _check_form(element: Element) -> None:
    """Refuse whatever is not of the one form, before anything in it is used."""
    name = local(element)
    if not str(element.tag).startswith(f"{{{DS}}}"):
        raise DuisError(f"the signature has a foreign element {name[:40]}")
    children = list(element.iterchildren(etree.Element))
    if len(children) != len(element):
        raise DuisError(f"{name} of the signature: a comment or instruction too many")
    named = [local(item) for item in children]
    wanted = list(_FORM.get(name, ()))
    if named != wanted:
        extra = [item for item in named if item not in wanted] or [
            item for item in named if named.count(item) > 1
        ]
        missing = [item for item in wanted if item not in named]
        what = (
            f"{extra[0][:40]} too many" if extra else f"no {missing[0]}" if missing else "disorder"
        )
        raise DuisError(f"{name} of the signature: {what}")
    if name in _ALGORITHMS and element.get("Algorithm") != _ALGORITHMS[name]:
        raise DuisError(f"{name} {str(element.get('Algorithm'))[:80]} is not allowed")
    if name == "Reference" and element.get("URI") != "":
        raise DuisError(f"it signs {str(element.get('URI'))[:40]!r}, not the whole document")
    known = (
        {"Algorithm"} if name in _ALGORITHMS else {"URI"} if name == "Reference" else set[str]()
    )
    for attribute in element.keys():  # noqa: SIM118 - of lxml, not of a dict
        if attribute not in known:
            raise DuisError(f"{name} of the signature: attribute {attribute[:40]} too many")
    if wanted and any(
        (text or "").strip() for text in (element.text, *(i.tail for i in children))
    ):
        raise DuisError(f"{name} of the signature: text between its elements")
    for item in children:
        _check_form(item)


def _base64(element: Element) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise DuisError(f"{local(element)} is not base64") from None


def _key_name(signature: Element) -> tuple[str, int]:
    issuer = next(signature.iter(f"{{{DS}}}X509IssuerName")).text or ""
    serial = (next(signature.iter(f"{{{DS}}}X509SerialNumber")).text or "").strip()
    if not re.fullmatch(r"\d{1,60}", serial, re.ASCII):
        raise DuisError(f"the serial number {serial[:40]!r} is no number")
    return issuer, int(serial)


def _check_issuer(said: str, credential: Credential) -> None:
    """Names are equal in any order of their parts and with any blanks: both are in use."""
    plain = re.sub(r"\s*,\s*", ",", said.strip())
    if plain == credential.certificate.issuer.rfc4514_string():
        return
    try:
        parts = x509.Name.from_rfc4514_string(plain)
    except ValueError:
        raise DuisError(f"the issuer {said[:60]!r} is no name") from None
    if sorted(_pairs(parts)) != sorted(_pairs(credential.certificate.issuer)):
        raise DuisError(f"the issuer is {said[:60]!r}, not that of {credential.file}")


def _pairs(name: x509.Name) -> list[tuple[str, str]]:
    return [(item.oid.dotted_string, str(item.value)) for item in name]
