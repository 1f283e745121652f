"""The firmware's ids by name: against the names that the decoder has, and never as a number.

Attributes, clusters and commands have their names in `smets/zcl`, the codes of events and alerts
in a module of their feature. Elsewhere a number in such a place is an error.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from id_numbers import literals

from host_tools.gbcs.zcl_table import attribute as named
from host_tools.gbcs.zcl_table import command as command_named
from smets.zcl import attributes, block_attributes, clusters, commands

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
    (0x0019, 0x0002): ("CurrentFileVersion", 0x23),
    (0x0700, 0x0615): ("TariffUnitofMeasure", 0x30),
    (0x0700, 0x0300): ("CommodityType", 0x30),
    (0x0705, 0x0400): ("PrepaymentAlarmStatus", 0x19),
}
# Export, and history that a display may read (ZSE 1.4, D.3.2.2, D.7.2.2). No use case has it, so
# the decoder does not name it, and no table has its types. Each stands for its run of attributes.
HISTORY = {
    "CURRENTSUMMATIONRECEIVED": 0x0001,
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
# The same of blocks, which an electricity meter alone has.
IN_BLOCKS = {
    "CURRENTBLOCKPERIODCONSUMPTIONDELIVERED": 0x000C,
    "CURRENTBLOCK": 0x000E,
    "CURRENTTIER1BLOCK1SUMMATIONDELIVERED": 0x0710,
}


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
    assert _constants(block_attributes) == IN_BLOCKS


def test_each_command_has_its_name() -> None:
    """spec: names and ids as ZSE has them."""
    known: set[tuple[str, int]] = set()
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
    "zcl/block_attributes.py",
    "zcl/clusters.py",
    "zcl/commands.py",
    "features/alert_codes.py",
    "features/codes.py",
    "features/dated.py",
    "features/event_log.py",
    "features/gas_clock.py",
    "features/gas_dated.py",
    "features/gas/money.py",
    "features/gas/valve.py",
    "features/hub_causes.py",
    "features/refusals.py",
    "features/tunnels.py",
    "features/waiting.py",
    "features/voltage/codes.py",
    "features/prepayment/policy.py",
}
# Four hexadecimal digits that are none of these: masks, profiles, ZDO, message codes with their
# alerts. In ports/ they are registers of chips, addresses and sizes.
OTHER_NUMBERS = {
    "crypto/ghash_viper.py",
    "features/gas_alert.py",
    "features/hub_alerts.py",
    "features/ppmid_tunnel.py",
    "features/prepayment/codes.py",
    "features/prepayment/remote.py",
    "features/prepayment/served.py",
    "features/prepayment/token.py",
    "features/proportional.py",
    "features/tapped.py",
    "features/tunnel_server.py",
    "features/voltage/rms.py",
    "gbcs/alert.py",
    "gbcs/credentials.py",
    "gbcs/joining.py",
    "gbcs/postponed.py",
    "gbcs/table_asn1.py",
    "gbcs/table_chf.py",
    "gbcs/table_esme.py",
    "gbcs/table_gas.py",
    "gbcs/table_proxy.py",
    "gbcs/table_sapc.py",
    "zcl/discovery.py",
    "zcl/endpoints.py",
    "zcl/han_frame.py",
    "zcl/snapshots.py",
}


def test_no_module_has_an_id_as_a_number() -> None:
    modules = {path.relative_to(FIRMWARE).as_posix(): path for path in FIRMWARE.rglob("*.py")}
    assert set(modules) > PLACES | OTHER_NUMBERS
    found = {
        name: literals(
            path.read_text(encoding="utf-8"), name in OTHER_NUMBERS or name.startswith("ports/")
        )
        for name, path in modules.items()
        if name not in PLACES
    }
    assert {name: numbers for name, numbers in found.items() if numbers} == {}
