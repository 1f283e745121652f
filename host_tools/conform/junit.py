"""The report as JUnit XML, for build servers that show test results."""

from __future__ import annotations

from itertools import groupby
from typing import Any, cast
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from host_tools.console import xml_text

__all__ = ["junit"]

Json = dict[str, Any]

_SKIPPED = ("not-applicable", "not-run")


def _clean(text: object) -> str:
    return xml_text(str(text))  # a device may send any characters


def junit(document: Json) -> str:
    """JUnit XML: a suite a release row; blocked is an error, tolerated is skipped with its why."""
    role = document["identity"]["role"]
    root = Element("testsuites", name=f"smets conform {role}", time=str(document["seconds"]))
    results = cast("list[Json]", document["results"])
    for row, group in groupby(results, key=lambda result: result["row"]):
        _suite(root, document, _clean(row), list(group))
    _count(root, results)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _count(element: Element, results: list[Json]) -> None:
    verdicts = [result["verdict"] for result in results]
    element.set("tests", str(len(verdicts)))
    element.set("failures", str(verdicts.count("fail")))
    element.set("errors", str(verdicts.count("blocked")))
    skipped = sum(verdict in (*_SKIPPED, "tolerated") for verdict in verdicts)
    element.set("skipped", str(skipped))


def _suite(root: Element, document: Json, row: str, results: list[Json]) -> None:
    suite = SubElement(root, "testsuite", name=row, timestamp=document["started"].rstrip("Z"))
    suite.set("time", f"{sum(result['seconds'] for result in results):.3f}")
    _count(suite, results)
    properties = SubElement(suite, "properties")
    for name, value in document["identity"].items():
        SubElement(properties, "property", name=name, value=_clean(value))
    covered = ", ".join(document["not_covered"])
    SubElement(properties, "property", name="not_covered", value=covered)
    for result in results:
        _case(suite, document["identity"]["role"], row, result)


def _case(suite: Element, role: str, row: str, result: Json) -> None:
    case = SubElement(suite, "testcase", classname=f"{role}.{row}", name=result["id"])
    case.set("time", str(result["seconds"]))
    verdict, text = result["verdict"], _clean(result["text"])
    if verdict == "fail":
        SubElement(case, "failure", message=text, type=result["evidence"]).text = _body(result)
    elif verdict == "blocked":
        SubElement(case, "error", message=text, type="blocked").text = _body(result)
    elif verdict == "tolerated":
        SubElement(case, "skipped", message=_clean(f"tolerated, {result['tolerance']}: {text}"))
    elif verdict in _SKIPPED:
        SubElement(case, "skipped", message=f"{verdict}: {text}")
    else:
        SubElement(case, "system-out").text = text


def _body(result: Json) -> str:
    lines = [
        result["title"],
        f"source: {result['source']} ({result['evidence']})",
        f"stimulus: {result['stimulus']}",
        f"expected: {result['expectation']}",
        f"where to look: {result['where_to_look']}",
    ]
    for exchange in result["exchanges"]:
        lines += ["", *(f"{name}: {exchange[name]}" for name in exchange)]
    return _clean("\n".join(lines))
