"""What counts as a number in the place of an id, and that the host tools have none."""

from __future__ import annotations

from pathlib import Path

import pytest
from id_numbers import literals

import host_tools
from host_tools.gbcs import zcl_ids
from host_tools.gbcs.zcl_table import attribute_id, cluster_id, command_id

HOST_TOOLS = Path(host_tools.__file__).parent
# Four hexadecimal digits that are none of these, or the table of them: message codes, profiles,
# ZDO, bits of key usage, addresses, fields of the radio, event codes by name.
OTHER_NUMBERS = {
    "conform/checks/gbcs_generic.py",
    "conform/checks/issue_resolutions.py",
    "conform/checks/ppmid_requests.py",
    "conform/checks/tenancy_choices.py",
    "dcc/gateway.py",
    "gbcs/alert_bodies.py",
    "gbcs/build_asn1.py",
    "gbcs/dlms_names.py",
    "gbcs/gbz.py",
    "gbcs/use_cases.py",
    "han/frame.py",
    "han/zdo.py",
    "ports.py",
    "han/zigbee.py",
    "mmc/asn1.py",
    "mmc/blocks.py",
    "rtds_causes.py",
    "show/live.py",
    "srv/variants.py",
    "srv/view.py",
    "utrn.py",
    "vectors/dlms.py",
    "vectors/messages.py",
    "voltage/codes.py",
    "xbee_model.py",
}


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


def test_no_host_tool_has_an_id_as_a_number() -> None:
    modules = {p.relative_to(HOST_TOOLS).as_posix(): p for p in HOST_TOOLS.rglob("*.py")}
    assert set(modules) > OTHER_NUMBERS
    found = {
        name: literals(path.read_text(encoding="utf-8"), name in OTHER_NUMBERS)
        for name, path in modules.items()
    }
    assert {name: numbers for name, numbers in found.items() if numbers} == {}


def test_an_unknown_name_is_an_error() -> None:
    """The table's names are the only ones."""
    for lookup in (
        lambda: cluster_id("Heating"),
        lambda: attribute_id(zcl_ids.METERING, "CreditRemaining"),
        lambda: command_id(zcl_ids.METERING, "Consumer Top Up"),
    ):
        with pytest.raises(KeyError):
            lookup()


def test_values_are_written_as_a_state_has_them() -> None:
    """spec: BillToDateDelivered is 0A00, uint32."""
    held = zcl_ids.values(0x0702, {"BillToDateDelivered": 81250})
    assert held == {"0x0A00": {"type": "0x23", "value": 81250}}
    assert zcl_ids.key(zcl_ids.TIME) == "0x000A"
