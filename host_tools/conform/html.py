"""The report as one HTML page that needs nothing else: no network, no further files."""

from __future__ import annotations

from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from host_tools.conform.diff import difference
from host_tools.conform.pictures import pictures
from host_tools.conform.report import ROWS

__all__ = ["SIGNS", "page"]

Json = dict[str, Any]

# A sign beside each word, so that nothing rests on colour.
SIGNS = {
    "pass": "✓",
    "fail": "✗",
    "tolerated": "≈",
    "blocked": "!",
    "not-applicable": "–",
    "not-run": "○",
}
_EVIDENCE = {
    "rtds": "the industry's Reference Test Data Set, octet for octet",
    "spec": "published text of a specification",
    "project-choice": "the legal text was not available; the check fails no device",
}
_FAMILIES = {
    "srv": "driven by service requests",
    "non-srv": "use cases that no service request drives",
    "internal": "clock, power and period boundaries",
}
_HEADLINES = {
    "pass": "All checks that could be judged passed or are tolerated",
    "fail": "At least one check failed",
    "blocked": "No check failed, but some could not be carried out",
    "incomplete": "The run was interrupted before its end",
    "none": "Nothing was judged",
}
# These verdicts are open at first: a reader looks for them.
_OPEN = ("fail", "blocked")
_LABELS = {
    "role": "Device",
    "device_id": "Device ID (EUI-64)",
    "engine": "Reached by",
    "firmware": "Firmware",
    "firmware_hash": "Firmware hash (SHA-256)",
    "key_set": "Key set",
    "seed": "Seed",
    "clock": "Device clock at the start",
    "vector_set": "Vector set",
    "capabilities": "Controls of the bench link",
    "tool_version": "Tool version",
}


def _identity(identity: Json) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, label in _LABELS.items():
        value = identity[name]
        text = ", ".join(cast("list[str]", value)) if isinstance(value, list) else str(value)
        rows.append((label, text.upper() if name == "role" else text or "none"))
    claims = cast("dict[str, str]", identity["claims"])
    said = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in claims.items())
    rows.insert(1, ("Claimed versions", said or "none stated: every check of the role applies"))
    return rows


def page(document: Json) -> str:
    """The page of a report document."""
    environment = Environment(
        loader=PackageLoader("host_tools.conform", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    results = cast("list[Json]", document["results"])
    table: dict[str, dict[str, int]] = {}
    for result in results:
        row = table.setdefault(result["row"], dict.fromkeys(SIGNS, 0))
        row[result["verdict"]] += 1
    return environment.get_template("page.html.j2").render(
        document=document,
        identity=_identity(document["identity"]),
        headline=_HEADLINES[document["verdict"]],
        signs=SIGNS,
        evidence=_EVIDENCE,
        families=_FAMILIES,
        row_titles=ROWS,
        table=table,
        opened=_OPEN,
        difference=difference,
        pictures=pictures,
    )
