"""The report as one HTML page that needs nothing else: no network, no further files."""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from host_tools.conform.diff import difference
from host_tools.conform.groups import groups
from host_tools.conform.pictures import pictures
from host_tools.conform.report import ROWS
from host_tools.conform.signing import digest, fingerprint

__all__ = ["SIGNS", "page", "templates"]

Json = dict[str, Any]

# A sign beside each word, so that nothing rests on colour.
SIGNS = {
    "pass": "✓",
    "fail": "✗",
    "observed": "◇",
    "tolerated": "≈",
    "blocked": "!",
    "not-applicable": "–",
    "not-run": "○",
}
_EVIDENCE = {
    "rtds": "the industry's Reference Test Data Set, octet for octet",
    "spec": "published text of a specification",
    "project-choice": "the legal text was not available; what was seen is told and not judged",
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
    "none": "Nothing was judged: no check passed or failed",
}
# These verdicts are open at first: a reader looks for them.
_OPEN = ("fail", "blocked")
# What a reader looks for comes first.
_ORDER = ("fail", "blocked", "tolerated", "observed", "pass", "not-run", "not-applicable")
_PRINTED = 5  # causes on the first of the two pages of a print
_NAMED = 6  # checks of a cause that are named at once
_LABELS = {
    "role": "Device",
    "device_id": "Device ID (EUI-64)",
    "place": "Place of labgrid",
    "engine": "Reached by",
    "firmware": "Firmware",
    "firmware_hash": "Firmware hash (SHA-256)",
    "key_set": "Key set",
    "seed": "Seed",
    "clock": "Device clock at the start",
    "vector_set": "Vector set",
    "capabilities": "Controls of the bench link",
    "tool_version": "Tool version",
    "found": "Found by the bench",
}


def _identity(identity: Json) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, label in _LABELS.items():
        if name not in identity:
            continue
        value = identity[name]
        text = ", ".join(cast("list[str]", value)) if isinstance(value, list) else str(value)
        rows.append((label, text.upper() if name == "role" else text or "none"))
    claims = cast("dict[str, str]", identity["claims"])
    said = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in claims.items())
    rows.insert(1, ("Claimed versions", said or "none stated: every check of the role applies"))
    return rows


_SYSTEM = {
    "tool": "Tool",
    "python": "Python",
    "system": "System",
    "cryptography": "Library cryptography",
}


def _proof(document: Json) -> list[tuple[str, str]]:
    """What the bench ran on, and what the report can be verified by."""
    ran_on = cast("dict[str, str]", document.get("environment", {}))
    rows = [(_SYSTEM[name], text) for name, text in ran_on.items()]
    rows.append(("SHA-256 of the report as JSON", digest(document)))
    signature = cast("dict[str, str] | None", document.get("signature"))
    signed = "not signed"
    if signature is not None:
        key = fingerprint(b64decode(signature["public_key"]))
        signed = f"{signature['algorithm']}, by the key with SHA-256 {key}"
    rows.append(("Signature", signed))
    return rows


@cache
def templates() -> Environment:
    """The templates of pages about reports, each compiled once in a process."""
    return Environment(
        loader=PackageLoader("host_tools.conform", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(document: Json) -> str:
    """The page of a report document."""
    results = cast("list[Json]", document["results"])
    table: dict[str, dict[str, int]] = {}
    for result in results:
        row = table.setdefault(result["row"], dict.fromkeys(SIGNS, 0))
        row[result["verdict"]] += 1
    traced = cast("Json", document["traceability"])
    return (
        templates()
        .get_template("page.html.j2")
        .render(
            document=document,
            results=sorted(results, key=lambda result: _ORDER.index(result["verdict"])),
            causes=groups(document),
            printed=_PRINTED,
            named=_NAMED,
            identity=_identity(document["identity"]),
            proof=_proof(document),
            headline=_HEADLINES[document["verdict"]],
            signs=SIGNS,
            evidence=_EVIDENCE,
            families=_FAMILIES,
            row_titles=ROWS,
            table=table,
            traced=traced["requirements"],
            asks={part["requirement"]: part["asks"] for part in traced["requirements"]},
            facts={
                fact["key"]: {**fact, "anchor": _anchor(fact["key"])} for fact in traced["facts"]
            },
            verdicts={result["id"]: result["verdict"] for result in results},
            opened=_OPEN,
            difference=difference,
            pictures=pictures,
        )
    )


def _anchor(key: str) -> str:
    """The anchor of a fact on the page; no check has such an id."""
    return "page-" + key.replace("evidence/", "").replace(".md#", "-")
