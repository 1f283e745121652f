"""The firmware's attributes by name, against the table of names that the decoder has."""

from __future__ import annotations

import re

from host_tools.gbcs.zcl_table import attribute as named
from smets.zcl import attribute_types, attributes


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


# Those that the decoder does not name (ZSE 1.4, D.4.2.2 and D.7.2.2), and one whose name in ZSE
# is that of Metering 0x0300, too.
OTHERS = {
    (0x0700, 0x0615): ("TariffUnitofMeasure", 0x30),
    (0x0700, 0x0300): ("CommodityType", 0x30),
    (0x0705, 0x0400): ("PrepaymentAlarmStatus", 0x19),
}
CONSTANTS = {
    _plain(name): value
    for name, value in vars(attributes).items()
    if name.isupper() and isinstance(value, int)
}


def test_each_has_its_name_and_type() -> None:
    """spec: names and data types as ZSE has them; none is left over."""
    left = set(CONSTANTS)
    for cluster, rows in attribute_types.TYPES.items():
        for attribute, type_id in rows:
            name, kind = OTHERS.get((cluster, attribute)) or named(cluster, attribute)
            assert name, f"{cluster:04X} {attribute:04X}"
            assert CONSTANTS.get(_plain(name)) == attribute, name
            assert kind == type_id, name
            left.discard(_plain(name))
    assert left == set()
