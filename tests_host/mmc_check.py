"""`make mmc`: every response and alert of RTDS as an MMC document, validated, its values judged.

The facts that values are judged by are beside RTDS_DIR; without them documents are only validated.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import mmc_truth
from lxml import etree
from outside import DUIS, RTDS

from host_tools.gbcs.message import Message, examine
from host_tools.keys import KeyRing
from host_tools.mmc import document, schema

MMC = DUIS / "xsd" / "MMC Schema V5.4.xsd"
FACTS = RTDS.parent / "spec" / "mmc_map.json"


@dataclass(frozen=True)
class Outcome:
    """What became of a message: valid (and how many values agree), differing, or skipped."""

    name: str
    kind: str
    verdict: str
    detail: str = ""
    values: int = 0


def outcomes(rules: etree.XMLSchema, facts: mmc_truth.Facts | None) -> Iterator[Outcome]:
    """Every response and alert, in the order of the index."""
    with (RTDS / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    ring = KeyRing.load(sorted((RTDS / "keys").glob("*.json")))
    commands = {row["pair_id"]: row for row in rows if row["kind"] == "command"}
    for row in commands.values():
        kind = row["target_device_type"].split()[0]
        ring.set_device_type(bytes.fromhex(row["target"]), kind)
    for row in rows:
        if row["kind"] in ("response", "alert"):
            asked = commands.get(row["pair_id"]) if row["kind"] == "response" else None
            request = _message(asked, ring) if asked else None
            yield _outcome(row, _message(row, ring), request, ring, rules, facts)


def _message(row: dict[str, str], ring: KeyRing) -> Message:
    text = (RTDS / row["folder"] / row["file"]).read_text(encoding="utf-8")
    return examine(bytes.fromhex(text), ring)


def _outcome(
    row: dict[str, str],
    answer: Message,
    request: Message | None,
    ring: KeyRing,
    rules: etree.XMLSchema,
    facts: mmc_truth.Facts | None,
) -> Outcome:
    name, kind = row["pair_id"], row["kind"]
    srv = row["srv"] if row["srv"] in document.candidates(answer.header.message_code) else None
    try:
        made = document.make(answer, ring, srv, request)
    except document.MmcError as error:
        return Outcome(name, kind, "skipped", str(error))
    problem = schema.problem(etree.fromstring(made.to_bytes()), rules)
    if problem:
        return Outcome(name, kind, "differing", problem)
    if facts is None or request is None:
        return Outcome(name, kind, "valid")
    values, wrong = _judged(row, made, answer, request, facts)
    verdict = "differing" if wrong else "valid"
    return Outcome(name, kind, verdict, "; ".join(wrong), values)


def _judged(
    row: dict[str, str],
    made: document.Document,
    answer: Message,
    request: Message,
    facts: mmc_truth.Facts,
) -> tuple[int, list[str]]:
    (rsp,) = made.root.xpath(f".//*[local-name()='{made.element}']")
    found = mmc_truth.leaves(rsp)
    if answer.protocol == "ASN.1":
        return mmc_truth.judge_asn1(found, answer.to_json(), answer.envelope.data)
    said = mmc_truth.Message(answer.to_json(), request.to_json())
    return mmc_truth.judge(found, facts.rules(row["use_case"], said) or [], said)


def main() -> int:
    """Print what came out; 1 if a document is not valid or differs, 2 where there are no data."""
    if not (RTDS / "index.csv").is_file() or not MMC.is_file():
        print("make mmc: no RTDS_DIR with vectors, or no DUIS_DIR with schemas", file=sys.stderr)
        return 2
    facts = mmc_truth.Facts(FACTS) if FACTS.is_file() else None
    found = list(outcomes(schema.load(MMC), facts))
    counts = Counter((item.kind, item.verdict) for item in found)
    for kind in ("response", "alert"):
        valid, wrong, left = (counts[kind, word] for word in ("valid", "differing", "skipped"))
        print(f"{kind}s as MMC: {valid} valid, {wrong} differing, {left} skipped")
    values = sum(item.values for item in found)
    print(f"values that parse decodes alike: {values}" if facts else f"values: no {FACTS}")
    for item in found:
        if item.verdict != "valid":
            print(f"{item.verdict}: {item.name}: {item.detail}")
    return int(any(item.verdict == "differing" for item in found))


if __name__ == "__main__":
    raise SystemExit(main())
