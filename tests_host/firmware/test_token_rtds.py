"""The tokens of RTDS commands at an ESME (rtds): taken once, refused the second time."""

import json
import re

import pytest
from outside import RTDS

from smets import clock
from smets.devices.esme import Esme
from smets.features.prepayment import token
from smets.gbcs.session import Refused, Session
from smets.state import load_keys

pytestmark = [
    pytest.mark.needs_rtds,
    pytest.mark.skipif(
        not any(RTDS.glob("*_CS01a/*_COMMAND_GBCS.HEX")), reason="no CS01a in this part of RTDS"
    ),
]

POUND = 100_000


def commands():
    """(UTRN counter, target, token, octets) of each CS01a command."""
    for path in sorted(RTDS.glob("*_CS01a/*_COMMAND_GBCS.HEX")):
        octets = bytes.fromhex(path.read_text())
        at = octets.index(b"\xdf\x09\x01") + 3
        (digits,) = re.findall(rb"\x09\x14([0-9]{20})", octets)
        counter = int.from_bytes(octets[at : at + 4], "big")
        yield counter, octets[at + 18 : at + 26], token.parse(digits), octets


def keys_of(eui: bytes):
    return load_keys(None, json.loads((RTDS / "keys" / f"{eui.hex().upper()}.json").read_text()))


def test_tokens_are_genuine_for_their_counter_alone():
    """rtds: and for the supplier that sent them."""
    for counter, target, held, octets in commands():
        keys = keys_of(target)
        at = octets.index(b"\xdf\x09\x01") + 12
        supplier = keys.find(octets[at : at + 8])
        secret = keys.prepayment_secret(supplier)
        assert held.truncated == counter % 1024
        assert held.genuine(secret, supplier.id, target, counter)
        assert not held.genuine(secret, supplier.id, target, counter ^ 1)
        assert not held.genuine(secret, supplier.id, supplier.id, counter)
        for other in keys.of_role("supplier"):
            if other is not supplier:
                assert not held.genuine(keys.prepayment_secret(other), other.id, target, counter)


@pytest.mark.parametrize("reverse", [False, True])
def test_genuine_commands_count_once(reverse):
    """rtds: in either order; the second time is refused and nothing is added."""
    found = sorted(commands(), key=lambda row: row[0], reverse=reverse)
    target = found[0][1]
    keys = keys_of(target)
    device = Esme()
    device.take_keys(keys)
    device.eui = target
    device.clock.set(clock.to_seconds(2022, 11, 1, 10, 10, 0), clock.RELIABLE)
    limits = {"max_credit": 9000 * POUND, "max_balance": 20000 * POUND}
    device.feature("prepayment").configure({"mode": "prepayment", "balance": 0, **limits})
    session = Session(device, keys)
    account = device.feature("prepayment").open().account
    paid = 0
    for _, _, held, octets in found:
        paid += held.value
        session.handle(octets)
        assert account.balance == paid
    for _, _, _, octets in found:
        try:
            response = session.handle(octets)
        except Refused:
            continue
        answer = b"".join(bytes(chunk) for chunk in response.chunks())
        assert answer[-14:-13] != b"\x00", "a result other than success"
    assert account.balance == paid
