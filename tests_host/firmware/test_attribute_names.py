"""The firmware's ids by name: against the names that the decoder has, and never as a number.

Attributes, clusters and commands have their names in `smets/zcl`, the codes of events and alerts
in a module of their feature. Elsewhere a number in such a place is an error.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

from host_tools.gbcs.zcl_table import attribute as named
from host_tools.gbcs.zcl_table import command as command_named
from smets.zcl import attributes, clusters, commands

FIRMWARE = Path(clusters.__file__).parents[1]


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def _constants(module: ModuleType) -> dict[str, int]:
    return {
        _plain(name): value
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int)
    }


# Those that the decoder does not name (ZSE 1.4, D.4.2.2 and D.7.2.2), and one whose name in ZSE
# is that of Metering 0x0300, too.
OTHERS = {
    (0x0700, 0x0615): ("TariffUnitofMeasure", 0x30),
    (0x0700, 0x0300): ("CommodityType", 0x30),
    (0x0705, 0x0400): ("PrepaymentAlarmStatus", 0x19),
}
# History that a display may read (ZSE 1.4, D.3.2.2 and D.7.2.2). No use case has it, so the
# decoder does not name it, and no table has its types. Each stands for its run of attributes.
HISTORY = {
    "CURRENTMAXDEMANDDELIVERED": 0x0002,
    "CURRENTMAXDEMANDRECEIVED": 0x0003,
    "CURRENTMAXDEMANDDELIVEREDTIME": 0x0008,
    "CURRENTMAXDEMANDRECEIVEDTIME": 0x0009,
    "PROJECTEDBILLDELIVERED": 0x0A02,
    "PROJECTEDBILLTIMESTAMPDELIVERED": 0x0A03,
    "CURRENTDAYALTERNATIVECONSUMPTIONDELIVERED": 0x0C01,
    "TOPUPDATETIME1": 0x0100,
    "CURRENTDAYCOSTCONSUMPTIONDELIVERED": 0x051C,
    "PREVIOUSDAY2CONSUMPTIONDELIVERED": 0x0420,
    "PREVIOUSWEEKCONSUMPTIONDELIVERED": 0x0432,
    "PREVIOUSMONTHCONSUMPTIONDELIVERED": 0x0442,
}
# A command that no use case has, so the decoder does not name it (ZSE 1.4, D.3.2.3.3.1.12).
LOCAL = ("LOCALCHANGESUPPLY", 0x0C)


def test_each_attribute_has_its_name_and_type() -> None:
    """spec: names and data types as ZSE has them; none is left over."""
    constants = _constants(attributes)
    left = set(constants.items()) - set(HISTORY.items())
    for cluster, by_type in attributes.by_type().items():
        for kind, ids in by_type.items():
            for attribute in ids:
                name, wanted = OTHERS.get((cluster, attribute)) or named(cluster, attribute)
                assert name, f"{cluster:04X} {attribute:04X}"
                assert constants.get(_plain(name)) == attribute, name
                assert kind == wanted, name
                left.discard((_plain(name), attribute))
    assert left == set()


def test_each_command_has_its_name() -> None:
    """spec: names and ids as ZSE has them."""
    known = {LOCAL}
    for cluster in _constants(clusters).values():
        for from_server in (False, True):
            for number in range(0x20):
                found = command_named(cluster, from_server, number)
                if found:
                    known.add((_plain(found.name), number))
    assert set(_constants(commands).items()) <= known


# Modules that are the place of such numbers.
PLACES = {
    "zcl/attributes.py",
    "zcl/clusters.py",
    "zcl/commands.py",
    "features/voltage/codes.py",
    "features/prepayment/policy.py",
}
# Four hexadecimal digits that are none of these: masks, registers of chips, addresses, profiles,
# ZDO, message codes.
OTHER_NUMBERS = {
    "features/prepayment/codes.py",
    "features/prepayment/remote.py",
    "features/prepayment/served.py",
    "features/prepayment/token.py",
    "features/voltage/rms.py",
    "gbcs/alert.py",
    "gbcs/credentials.py",
    "gbcs/joining.py",
    "gbcs/table_asn1.py",
    "gbcs/table_chf.py",
    "gbcs/table_esme.py",
    "gbcs/table_gas.py",
    "ports/sampler_atm90e32.py",
    "ports/xbee_addresses.py",
    "ports/xbee_setup.py",
    "zcl/discovery.py",
    "zcl/endpoints.py",
    "zcl/han_frame.py",
}
FOUR_DIGITS = re.compile(r"0x[0-9A-Fa-f]{4}")
CLUSTERS = {name for name in vars(clusters) if name.isupper()}
IDS = re.compile(r"(^|_)(attribute|cluster|command|event|code)$")
DECLARED = {"attributes", "commands", "alerts"}


def _is_number(node: ast.AST) -> bool:
    # A boolean is an int of Python's; 0 stands for "from the client", too.
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value != 0


def _is_cluster(node: ast.AST | None) -> bool:
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and node.value.id == "clusters"
    return isinstance(node, ast.Name) and node.id in CLUSTERS


def _names_id(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    return node.value.id in ("attributes", "commands")


def _is_id(node: ast.AST) -> bool:
    name = getattr(node, "id", "") or getattr(node, "attr", "")
    return bool(IDS.search(name))


def _below(node: ast.AST) -> list[ast.AST]:
    """Numbers in a display of tuples; a call works its own out."""
    if isinstance(node, ast.Call):
        return []
    inner = [number for child in ast.iter_child_nodes(node) for number in _below(child)]
    return inner + [node] * _is_number(node)


def _numbers_of(node: ast.AST) -> list[ast.AST]:
    """Numbers that stand at a node where an id belongs."""
    if isinstance(node, ast.Tuple) and any(_is_cluster(part) for part in node.elts):
        if any(_names_id(part) for part in node.elts):
            return []  # the number beside a named id is something else
        return [part for part in node.elts if _is_number(part)]
    if isinstance(node, ast.Dict):
        of_clusters = [
            value for key, value in zip(node.keys, node.values, strict=True) if _is_cluster(key)
        ]
        keys = [
            key for value in of_clusters for key in getattr(value, "keys", []) if _is_number(key)
        ]
        tuples = [value for value in of_clusters if isinstance(value, ast.Tuple)]
        return keys + [number for value in tuples for number in _below(value)]
    if isinstance(node, ast.Compare) and len(node.comparators) == 1:
        sides = (node.left, node.comparators[0])
        if isinstance(node.ops[0], (ast.Eq, ast.NotEq)) and any(_is_id(side) for side in sides):
            return [side for side in sides if _is_number(side)]
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id in DECLARED:
            return _below(node.value)
        if _is_id(target) and _is_number(node.value):
            return [node.value]
    return []


def literals(source: str, other_numbers: bool = False) -> list[str]:
    """Numbers in the source of a module where an id belongs, as "line: number"."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        for number in _numbers_of(node):
            found.add((number.lineno, ast.get_source_segment(source, number)))
        if not other_numbers and isinstance(node, ast.Constant) and type(node.value) is int:
            text = ast.get_source_segment(source, node) or ""
            if FOUR_DIGITS.fullmatch(text) and text != "0xFFFF":
                found.add((node.lineno, text))
    return [f"{line}: {text}" for line, text in sorted(found)]


@pytest.mark.parametrize(
    "source",
    [
        "_SUMMATION = const(0x0000)",
        "register = zcl.get(METERING, 0x0000)",
        "attributes = {METERING: (0x14,)}",
        "commands = ((PREPAYMENT, 0, 4),)",
        "alerts = ((32770, 32777),)",
        "TEMPLATES = {(clusters.PRICE, 9): ''}",
        "TEMPLATES = {clusters.PRICE: {9: ''}}",
        "AS_SENT = ((PRICE, FROM_SERVER, 0x01),)",
        "call.reply_command = 0x01",
        "if request.command == 6: pass",
        "known = 513 != attribute",
    ],
)
def test_a_number_is_found(source: str) -> None:
    """Each way in which a module of the firmware has named an id by its number."""
    assert len(literals(source)) in (1, 2)


def test_names_are_no_numbers() -> None:
    source = """
attributes = {METERING: (attributes.SUPPLY_STATUS,)}
commands = ((PREPAYMENT, 0, commands.CONSUMER_TOP_UP),)
where = kept.key(kept.PUBLISHED, clusters.CALENDAR, commands.PUBLISH_CALENDAR, 3)
if attribute == attributes.TIME and frame_in.cluster == clusters.TIME and value == 0x14: pass
"""
    assert literals(source) == []
    assert literals("ROWS = ((METERING, attributes.TIER, 4),)") == []


def test_no_module_has_an_id_as_a_number() -> None:
    modules = {path.relative_to(FIRMWARE).as_posix(): path for path in FIRMWARE.rglob("*.py")}
    assert set(modules) > PLACES | OTHER_NUMBERS
    found = {
        name: literals(path.read_text(encoding="utf-8"), name in OTHER_NUMBERS)
        for name, path in modules.items()
        if name not in PLACES
    }
    assert {name: numbers for name, numbers in found.items() if numbers} == {}
