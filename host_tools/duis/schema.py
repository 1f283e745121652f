"""The DUIS schema of DUIS_DIR, which is no part of the project; host_tools/mmc has that of MMC."""

from __future__ import annotations

import re
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from lxml import etree

from host_tools.duis import check
from host_tools.duis.document import DS, Element, local
from host_tools.duis.errors import DuisError

__all__ = ["Schema"]

_XS = "{http://www.w3.org/2001/XMLSchema}"
_FILES = {
    "DUIS Schema V5.4.xsd": "duis.xsd",
    "MMC Schema V5.4.xsd": "mmc.xsd",
    "xmldsig-core-schema.xsd": "xmldsig.xsd",
}
_DOCTYPE = re.compile(r"<!DOCTYPE schema.*?\]>", re.DOTALL)
_ENTITY = "http://www.w3.org/2000/09/xmldsig#"  # &dsig; of the DOCTYPE


class Schema:
    """The schemas, loaded when they are first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def find(cls) -> Schema | None:
        """The schemas of DUIS_DIR; None where there are none."""
        place = check.directory()
        return cls(place / "xsd") if place else None

    @cached_property
    def duis(self) -> etree.XMLSchema:
        """For requests and responses."""
        return self._load("duis.xsd")

    def _load(self, name: str) -> etree.XMLSchema:
        # libxml2 finds no file whose name has blanks, and asks for DTDs from the network.
        with tempfile.TemporaryDirectory() as place:
            for old, new in _FILES.items():
                text = (self.folder / old).read_text(encoding="utf-8-sig")
                text = _DOCTYPE.sub("", text).replace("&dsig;", _ENTITY)
                for named, plain in _FILES.items():
                    text = text.replace(f'schemaLocation="{named}"', f'schemaLocation="{plain}"')
                (Path(place) / new).write_text(text, encoding="utf-8")
            try:
                return etree.XMLSchema(etree.parse(Path(place) / name))
            except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError) as error:
                raise DuisError(f"{self.folder}: {error}") from None

    def check(self, root: Element) -> None:
        """DuisError with the first thing that DUIS 5.4 does not allow."""
        if not self.duis.validate(root):
            first = cast("Any", self.duis.error_log)[0]
            text = re.sub(r"\{http[^}]*\}", "", str(first.message))
            where = f", line {first.line}" if first.line else ""
            raise DuisError(f"not valid{where}: {text}")

    @cached_property
    def _definitions(self) -> dict[str, Element]:
        root = etree.parse(self.folder / "DUIS Schema V5.4.xsd").getroot()
        return {str(item.get("name")): item for item in root.iterchildren(etree.Element)}

    def order(self, request: str, path: tuple[str, ...]) -> list[str]:
        """The children of an element of a request, in their order; [] where it has none."""
        found = self._request(request)
        for name in path:
            found = next(
                (item for item in self._children(found) if item.get("name") == name), None
            )
            if found is None:
                return []
        return [str(item.get("name")) for item in self._children(found)]

    def _request(self, name: str) -> Element | None:
        for item in self._definitions.values():
            for element in item.iter(f"{_XS}element"):
                parent = element.getparent()
                if element.get("name") == name and parent is not None:
                    return element
        return None

    def _children(self, element: Element | None) -> list[Element]:
        """The elements that may stand in an element, of its type and what that extends."""
        if element is None:
            return []
        kind = str(element.get("type") or "").removeprefix("sr:")
        content = self._definitions.get(kind) if kind else element.find(f"{_XS}complexType")
        return self._content(content)

    def _content(self, node: Element | None) -> list[Element]:
        out: list[Element] = []
        for item in () if node is None else node.iterchildren(etree.Element):
            if local(item) == "element":
                out.append(item)
                continue
            base = str(item.get("base") or "").removeprefix("sr:")
            if local(item) == "extension" and base in self._definitions:
                out += self._content(self._definitions[base])
            out += self._content(item)
        return out


def placeholder() -> Element:
    """A signature that is none, for the schema, which wants one."""
    return etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>'
        '<ds:Reference URI=""><ds:Transforms><ds:Transform'
        ' Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        "<ds:DigestValue>AA==</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        "<ds:SignatureValue>AA==</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial>"
        "<ds:X509IssuerName>CN=none</ds:X509IssuerName><ds:X509SerialNumber>0</ds:X509SerialNumber>"
        "</ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )
