"""Two paths, one truth: what stands in MMC documents is what `smets parse` decodes.

Evidence: rtds (octets), spec (places and conversions of the facts). The judge itself is tried with
documents that are wrong.
"""

from __future__ import annotations

from collections import Counter

import mmc_check
import mmc_truth
import pytest

from host_tools.mmc import schema

pytestmark = [pytest.mark.needs_rtds, pytest.mark.needs_duis, pytest.mark.needs_facts]


def test_every_value_of_every_response():
    facts = mmc_truth.Facts(mmc_check.FACTS)
    found = list(mmc_check.outcomes(schema.load(mmc_check.MMC), facts))
    assert [item for item in found if item.verdict == "differing"] == []
    assert {item.detail.partition(":")[2] for item in found if item.verdict == "skipped"} == {
        " the MMC schema has no element for its response"
    }
    counts = Counter(item.kind for item in found if item.verdict == "valid")
    assert counts["response"] > 200 and counts["alert"] > 40
    assert sum(item.values for item in found) > 2000


def gas() -> mmc_truth.Message:
    attributes = [("0x0301", 1), ("0x0302", 1000), ("0x0300", 1), ("0x0000", 12345)]
    records = [{"id": name, "status": "0x00", "value": value} for name, value in attributes]
    frame = {"cluster": "0x0702", "command": "0x01", "attributes": records}
    return mmc_truth.Message(
        {"protocol": "GBZ", "content": {"components": [{"frame": frame}]}}, {"content": {}}
    )


@pytest.mark.parametrize(
    ("document", "wrong"),
    [
        ({"Gas/ConsumptionRegister/Value": ["12.345"]}, 1),
        ({"Gas/ConsumptionRegister/Value": ["12.346"], "Gas/ConsumptionRegister/Unit": ["m3"]}, 1),
        ({"Gas/ConsumptionRegister/Value": ["12.345"] * 2}, 2),
        ({"Gas/ConsumptionRegister/Value": ["12.345"], "Gas/ConsumptionRegister/Unit": ["m3"]}, 0),
        ({"Gas/Value": ["12.345"]}, 3),
    ],
)
def test_the_judge_sees_what_is_wrong(document: dict[str, list[str]], wrong: int):
    message = gas()
    rules = mmc_truth.Facts(mmc_check.FACTS).rules("GCS13a", message)
    assert rules
    assert len(mmc_truth.judge(document, rules, message)[1]) == wrong
