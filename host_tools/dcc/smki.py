"""The key store: certificates of parties and devices by EUI-64 or serial number, over HTTP.

The interface is that of the DCC's test box. KEYS.json and PARTIES.json have keys
without certificates, so an authority of the gateway's own issues some; they are kept.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from host_tools.dcc.store import Store
from host_tools.duis import document
from host_tools.duis.credentials import Credentials, eui_of
from host_tools.duis.document import Element, local
from host_tools.duis.errors import DuisError
from host_tools.duis.pki import Authority, key_usage, pem
from host_tools.eui import parse_eui
from host_tools.keys import Parties
from host_tools.mmc.values import eui_text

__all__ = ["PATHS", "KeyStore"]

PATHS = ("/services/certificatesearch", "/services/retrievecertificate")
SIGNING, AGREEMENT = "DS", "KA"
_IN_USE, _NOT_IN_USE = "I", "N"
# SMKI remote party roles of the parties of PARTIES.json; others are "other user".
_ROLES = {
    "root": 0,
    "recovery": 1,
    "supplier": 2,
    "network_operator": 3,
    "access_control_broker": 4,
    "transitional_cos": 5,
    "wan_provider": 6,
    "issuing_authority": 7,
    "load_controller": 8,
}
_OTHER_USER = 127
_MOST = 4096  # octets of a request
Found = tuple[int, bytes]  # HTTP status (402 and 401 are the test box's own) and document


@dataclass(frozen=True)
class _Wanted:
    """A key that is to have a certificate; a device has no role."""

    eui: bytes
    usage: str
    role: int | None
    public: ec.EllipticCurvePublicKey


class KeyStore:
    """Certificates of the keys that the gateway knows, kept in its file."""

    def __init__(self, store: Store, parties: Parties, credentials: Credentials) -> None:
        self._store = store
        self._used: set[str] = set()
        with store.change():
            authority = self._authority()
            for wanted in _wanted(parties):
                self._used.add(self._issued(authority, wanted))
            for item in credentials.items:
                eui = eui_of(item.certificate)
                if eui is not None:
                    role = item.role(credentials.decimal_ou)
                    self._used.add(self._keep(item.certificate, eui, SIGNING, role))

    def _authority(self) -> Authority:
        row = self._store.row("SELECT certificate, key FROM authority")
        if row is not None:
            key = serialization.load_pem_private_key(row[1], None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            return Authority(key, x509.load_pem_x509_certificate(row[0]))
        made = Authority.make("Gateway")
        self._store.run(
            "INSERT INTO authority VALUES (?, ?)", pem(made.certificate), pem(made.key)
        )
        return made

    def _issued(self, authority: Authority, wanted: _Wanted) -> str:
        """The serial number of a key's certificate, which is issued where there is none."""
        numbers = wanted.public.public_numbers()
        for serial, octets in self._store.rows(
            "SELECT serial, octets FROM certificates WHERE eui = ? AND usage = ?",
            wanted.eui,
            wanted.usage,
        ):
            known = x509.load_der_x509_certificate(octets).public_key()
            if isinstance(known, ec.EllipticCurvePublicKey) and known.public_numbers() == numbers:
                return serial
        signs = wanted.usage == SIGNING
        usage = key_usage(signs=signs, agrees=not signs)
        if wanted.role is None:
            made = authority.certify_device(wanted.public, wanted.eui, usage)
        else:
            unit = f"{wanted.role:02X}"
            made = authority.certify(wanted.public, wanted.eui, unit, usage=usage)
        return self._keep(made, wanted.eui, wanted.usage, wanted.role)

    def _keep(
        self, certificate: x509.Certificate, eui: bytes, usage: str, role: int | None
    ) -> str:
        serial = f"{certificate.serial_number:x}"
        octets = certificate.public_bytes(serialization.Encoding.DER)
        self._store.run(
            "INSERT OR IGNORE INTO certificates VALUES (?, ?, ?, ?, ?)",
            serial,
            eui,
            usage,
            role,
            octets,
        )
        return serial

    def certificate(self, eui: bytes, usage: str) -> bytes | None:
        """The certificate in use of a device or party, DER; None where there is none."""
        for serial, octets in self._store.rows(
            "SELECT serial, octets FROM certificates WHERE eui = ? AND usage = ?", eui, usage
        ):
            if serial in self._used:
                return octets
        return None

    # --- Over HTTP -------------------------------------------------------------------------------

    def answer(self, path: str, data: bytes) -> Found:
        """The answer to a request: 200, 402 for what is not found, 401 for a bad request."""
        try:
            if len(data) > _MOST:
                raise DuisError("too long")
            root = document.parse(data)
            found = self._search(root) if path == PATHS[0] else self._retrieve(root)
        except (DuisError, ValueError):
            return HTTPStatus.UNAUTHORIZED, b"<Error>invalid parameters</Error>"
        if found is None:
            return HTTPStatus.PAYMENT_REQUIRED, b"<Error>not found</Error>"
        return HTTPStatus.OK, etree.tostring(found, xml_declaration=True, encoding="UTF-8")

    def _search(self, root: Element) -> Element | None:
        if local(root) != "CertificateSearchRequest":
            raise ValueError("no search")
        party, device = (
            root.findtext("CertificateSubjectName"),
            root.findtext("CertificateSubjectAltName"),
        )
        eui = parse_eui(party or device or "")
        rows = self._store.rows(
            "SELECT serial, usage, role FROM certificates WHERE eui = ? AND (role IS NULL) = ? "
            "ORDER BY serial",
            eui,
            party is None,
        )
        if not rows:
            return None
        answer = etree.Element("CertificateSearchResponse")
        for serial, usage, role in rows:
            result = etree.SubElement(answer, "Result")
            _add(result, "CertificateSerial", serial)
            _add(result, "CertificateUsage", usage)
            _add(result, "CertificateStatus", _IN_USE if serial in self._used else _NOT_IN_USE)
            if role is not None:
                _add(result, "CertificateRole", str(role))
        return answer

    def _retrieve(self, root: Element) -> Element | None:
        if local(root) != "CertificateDataRequest":
            raise ValueError("no request of a certificate")
        serial = f"{int(root.findtext('CertificateSerial') or '', 16):x}"
        row = self._store.row(
            "SELECT eui, role, octets FROM certificates WHERE serial = ?", serial
        )
        if row is None:
            return None
        answer = etree.Element("CertificateDataResponse")
        found = etree.SubElement(answer, "CertificateResponse")
        _add(found, "CertificateBody", base64.b64encode(row[2]).decode())
        named = "CertificateSubjectAltName" if row[1] is None else "CertificateSubjectName"
        _add(found, named, eui_text(row[0]))
        return answer


def _add(parent: Element, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text


def _wanted(parties: Parties) -> Iterator[_Wanted]:
    for party in parties.parties:
        role = _ROLES.get(party.role, _OTHER_USER)
        if party.ds_private is not None:
            yield _Wanted(party.id, SIGNING, role, party.ds_private.public_key())
        for key in (party.ka_private, party.prepayment_private):
            if key is not None:
                yield _Wanted(party.id, AGREEMENT, role, key.public_key())
    for device in parties.devices:
        yield _Wanted(device.id, AGREEMENT, None, device.ka_public)
        if device.ds_public is not None:
            yield _Wanted(device.id, SIGNING, None, device.ds_public)
