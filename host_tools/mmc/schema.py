"""The MMC schema of DUIS_DIR: whether a document is valid. The project holds no copy of it."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from lxml import etree

from host_tools.mmc.xml import Element

_DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "duis"
_FILE = Path("xsd") / "MMC Schema V5.4.xsd"


def path() -> Path | None:
    """Where the schema is: below DUIS_DIR, else beside the checkout; None where it is not."""
    found = Path(os.environ.get("DUIS_DIR") or _DEFAULT) / _FILE
    return found if found.is_file() else None


@cache
def load(file: Path) -> etree.XMLSchema:
    """The schema of a file; OSError or etree.LxmlError where it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.XMLSchema(etree.parse(str(file), parser))


def problem(root: Element, schema: etree.XMLSchema) -> str:
    """What makes a document invalid, on one line; "" for a valid one."""
    try:
        schema.assertValid(root)
    except etree.DocumentInvalid as error:
        return " ".join(str(error).split())
    return ""
