"""Documents of others, read with limits, and what the header of a DUIS request says.

An XML document may be built to exhaust its reader. Here it has a limit of octets and of depth, no
DOCTYPE (so no entities and no external references), UTF-8 or UTF-16 as XML has it, and no values
that a comment or a processing instruction cuts in two: readers differ in what they take from them.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from lxml import etree

from host_tools.duis.errors import DuisError

__all__ = ["DS", "SR", "Element", "Request", "child", "local", "parse", "read", "request"]

Element: TypeAlias = etree._Element  # pyright: ignore[reportPrivateUsage]

SR = "http://www.dccinterface.co.uk/ServiceUserGateway"
RA = "http://www.dccinterface.co.uk/ResponseAndAlert"
DS = "http://www.w3.org/2000/09/xmldsig#"
MAX_OCTETS = 4 << 20  # a firmware image of a request is below 1 MB, as base64
MAX_DEPTH = 64
MAX_ELEMENTS = 20_000  # more than ten times those of the largest request
_EUI = "((?:[0-9A-Fa-f]{2}-){7}[0-9A-Fa-f]{2})"  # in either case, as the schema has it
_ID = re.compile(f"{_EUI}:{_EUI}:([0-9]{{1,20}})")
_TAG = re.compile(rb"<(/?)[^\s!?/<>][^<>]*?(/?)>")  # linear, whatever is left open
_DOCTYPE = re.compile(rb"<!\s*DOCTYPE|<!\s*ENTITY", re.IGNORECASE)


def read(path: Path) -> bytes:
    """The octets of a file, of stdin for `-`; DuisError if longer than a document, or OSError."""
    if path == Path("-"):
        data = sys.stdin.buffer.read(MAX_OCTETS + 1)
    else:
        with path.open("rb") as file:
            data = file.read(MAX_OCTETS + 1)
    _check_size(data)
    return data


def _check_size(data: bytes) -> None:
    if not data.strip():
        raise DuisError("the document is empty")
    if len(data) > MAX_OCTETS:
        raise DuisError(f"the document is longer than {MAX_OCTETS >> 20} MiB")


def parse(data: bytes) -> Element:
    """The root of a document; DuisError says why it is refused."""
    _check_size(data)
    _check_depth(data)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        text = str(error.msg).split(", line ")[0]
        raise DuisError(f"line {line}, column {column}: {text}") from None
    except ValueError as error:
        raise DuisError(str(error)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DuisError("it has a DOCTYPE, which no DUIS document has")
    for number, element in enumerate(root.iter(etree.Element)):
        if number >= MAX_ELEMENTS:
            raise DuisError(f"the document has more than {MAX_ELEMENTS} elements")
        _check_value(element)
    return root


def _check_depth(data: bytes) -> None:
    """Refuse what nests too deep before a tree is built, which takes memory for each level."""
    text = data
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            text = data.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise DuisError("the document is not the UTF-16 that its first octets say") from None
    if _DOCTYPE.search(text):
        raise DuisError("it has a DOCTYPE, which no DUIS document has")
    depth = 0
    for tag in _TAG.finditer(text):
        if tag[1]:
            depth -= 1
        elif not tag[2]:
            depth += 1
            if depth > MAX_DEPTH:
                raise DuisError(f"elements are nested more than {MAX_DEPTH} deep")


def _check_value(element: Element) -> None:
    """Refuse a comment or an instruction in a value; between elements it says nothing."""
    asides = list(element.iterchildren(etree.Comment, etree.PI))
    if not asides:
        return
    texts = [element.text, *(item.tail for item in element)]
    if any(text and text.strip() for text in texts):
        where = f"line {asides[0].sourceline}"
        raise DuisError(f"{where}: a comment or instruction in the value of {local(element)}")


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(element).localname


def child(parent: Element, name: str, space: str = SR) -> Element:
    """The one child of a name; DuisError if there is none, or more."""
    found = parent.findall(f"{{{space}}}{name}")
    if len(found) != 1:
        raise DuisError(f"{local(parent)} has {len(found) or 'no'} {name}")
    return found[0]


def _text(parent: Element, name: str) -> str:
    return (child(parent, name).text or "").strip()


@dataclass(frozen=True)
class Request:
    """A DUIS request. Identities are EUI-64s of 8 octets; `root` is its document."""

    root: Element
    originator: bytes
    target: bytes
    counter: int
    variant: int
    service: str

    @property
    def identity(self) -> str:
        """The RequestID: originator:target:counter."""
        parts = (self.originator.hex("-").upper(), self.target.hex("-").upper())
        return f"{parts[0]}:{parts[1]}:{self.counter}"

    @cached_property
    def body(self) -> Element:
        """The one element in Body, in a document of its own and without namespaces.

        So the paths of the rows need no prefixes, and `//` finds nothing outside of it.
        """
        content = list(child(self.root, "Body").iterchildren(etree.Element))
        if len(content) != 1:
            raise DuisError(f"Body has {len(content) or 'no'} elements, not one")
        return _plain(content[0])


def _plain(element: Element) -> Element:
    copy = etree.Element(local(element))
    for name, value in element.items():
        copy.set(str(etree.QName(name).localname), value)
    copy.text = element.text
    for item in element.iterchildren(etree.Element):
        copy.append(_plain(item))
    return copy


def identity(text: str) -> tuple[bytes, bytes, int]:
    """Originator, target and counter of a RequestID; DuisError if it is none."""
    found = _ID.fullmatch(text)
    if not found or int(found[3]) >= 1 << 64:
        raise DuisError(f"RequestID {text[:80]!r} is not originator:target:counter")
    one, other = (bytes.fromhex(found[n].replace("-", "")) for n in (1, 2))
    return one, other, int(found[3])


def request(data: bytes) -> Request:
    """The request of a document; DuisError if it is none."""
    root = parse(data)
    if root.tag != f"{{{SR}}}Request":
        raise DuisError(f"the document is {root.tag}, not a Request of {SR}")
    head = child(root, "Header")
    one, other, counter = identity(_text(head, "RequestID"))
    variant = _text(head, "CommandVariant")
    if not re.fullmatch("[1-9]", variant):
        raise DuisError(f"CommandVariant {variant[:20]!r} is not 1 to 9")
    service = _text(head, "ServiceReferenceVariant")
    return Request(root, one, other, counter, int(variant), service)
