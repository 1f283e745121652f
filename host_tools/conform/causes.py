"""Why checks failed or are blocked, by common cause, for the first screen of a report.

One fault of a device or its line takes many checks along; a reader is to see the fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from host_tools.conform.model import Result, Verdict

__all__ = ["causes", "foremost", "key", "lacks"]

Json = dict[str, Any]

LINK = "the link: "
# What a text says besides its cause: the use case, numbers and octets of the moment.
_VARIABLE = re.compile(r"0x[0-9A-F]+|\b(?:[EGP]?CS|PECS)\d+\w*|\b[0-9A-F]{8,}\b|\d+(?:\.\d+)?")
_SHOWN = 5
_CUT_OFF = re.compile(r"^cut off after [0-9.e+]+ s; ")


def key(text: str) -> str:
    """What the texts of one cause have in common."""
    return _VARIABLE.sub("#", _CUT_OFF.sub("", text))


def causes(results: Iterable[Result], link: Sequence[str] = ()) -> list[Json]:
    """Each cause with the ids of its checks: what is wrong with the link, failures, blocks.

    `link` has what is wrong with the link itself. Within a kind the cause of most checks is first.
    """
    found: dict[tuple[bool, str], Json] = {}
    for result in results:
        if result.verdict not in (Verdict.FAIL, Verdict.BLOCKED):
            continue
        said = result.cause or result.text
        failed = result.verdict is Verdict.FAIL
        cause = found.setdefault((failed, key(said)), _cause(said, str(result.verdict)))
        cause["checks"].append(result.check.id)
    # A cause of failures that also blocks is one cause.
    for (failed, name), cause in list(found.items()):
        if not failed and (True, name) in found:
            found[True, name]["checks"] += cause["checks"]
            del found[failed, name]
    ranked = sorted(found.values(), key=lambda item: (_rank(item), -len(item["checks"])))
    return [_cause(LINK + text, "link") for text in link] + ranked


def foremost(document: Json) -> list[Json]:
    """The causes of a report that its first screen tells; what the bench lacks is none of them."""
    found: list[Json] = document.get("causes", [])
    return [cause for cause in found if not lacks(cause["text"])][:_SHOWN]


def lacks(text: str) -> bool:
    """Whether a text tells what the bench, or the link, would need besides."""
    return text.startswith(("would need", "the device under test has no"))


def _cause(text: str, kind: str) -> Json:
    return {"text": text, "kind": kind, "checks": list[str]()}


def _rank(cause: Json) -> int:
    """What the bench lacks is no trouble of the device, and stands last."""
    return 0 if cause["kind"] != "blocked" else 1 + lacks(cause["text"])
