"""Elements of the MMC namespace."""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage]

__all__ = ["NAMESPACE", "Element", "name_of", "sub"]

NAMESPACE = "http://www.dccinterface.co.uk/ResponseAndAlert"


def sub(parent: Element, name: str, text: str | None = None) -> Element:
    """Add an element of the MMC namespace."""
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = text
    return element


def name_of(element: Element) -> str:
    """The name without the namespace."""
    return str(element.tag).rpartition("}")[2]
