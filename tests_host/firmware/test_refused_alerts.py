"""Commands that get no answer: each is in the security log, and a critical alert tells of it.

Codes are those of alerts.csv by their names; which reason has which is a project-choice. The form
of 8F30 is held against RTDS by host_tools/rtds_causes.py.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from gas_living import GasMeter, convert
from living import START, Meter, date_time
from living_gas_sequences import SECURITY_LOG, log
from remote_parties import KEYS
from vectors import (
    BROKER,
    DEVICE,
    OPERATOR,
    SUPPLIER,
    command,
    grouping,
    protect,
    secret,
    signing_key,
)

from host_tools.bench import Refusal
from smets import clock
from smets.crypto import ecdsa, p256
from smets.devices.esme import Esme
from smets.ports.store_error import StoreError

WAN_PROVIDER = bytes.fromhex("025ECA0000000901")
STRANGER = bytes.fromhex("025ECA00000009FF")
INTEGRITY, NO_AUTHORITY, NOT_AUTHENTIC, ACCESS = 0x8F1E, 0x8F30, 0x8F3D, 0x8F3E
# Of the supplier alone: critical (ECS09, GCS23) and not (ECS10, GCS44).
CODES = {"esme": (0x0020, 0x0021), "gsme": (0x007C, 0x0088)}
NO_CODE = 0x0FFF


def keys() -> dict[str, Any]:
    """KEYS.json with a WAN provider, and a key that the device signs with."""
    public = p256.public_key(signing_key(WAN_PROVIDER)).hex()
    provider = {"id": WAN_PROVIDER.hex().upper(), "role": "wan_provider", "ds_public": public}
    private = signing_key(DEVICE).hex()
    return {**KEYS, "ds_private_key": private, "parties": [*KEYS["parties"], provider]}


class Refusing:
    """Sends commands that must be refused."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.critical, self.plain = CODES[meter.role]
        meter.client.control("KEYS", keys())

    def send(self, octets: bytes, reason: str) -> None:
        """The device refuses the octets for a reason."""
        with pytest.raises(Refusal, match=reason):
            self.meter.client.respond(octets)

    def _made(self, code: int, party: bytes = SUPPLIER, **how: Any) -> bytes:
        self.meter.counter += 1
        return command(code, b"\xd9", how.pop("counter", self.meter.counter), party, **how)

    def cut(self) -> None:
        """The last octet is missing: nobody can say who it is from."""
        self.send(self._made(self.plain)[:-1], "malformed")

    def content(self) -> None:
        """An authentic command whose content is none."""
        self.send(self._made(self.plain), "malformed")

    def mac(self) -> None:
        """The MAC does not fit."""
        octets = self._made(self.plain)
        self.send(octets[:-1] + bytes((octets[-1] ^ 1,)), "bad-mac")

    def signature(self) -> None:
        """A signature of somebody else under a MAC that fits."""
        self.meter.counter += 1
        counter = self.meter.counter
        inner = grouping(self.critical, b"\xd9", counter, SUPPLIER, DEVICE)
        inner += b"\x40" + ecdsa.sign(signing_key(OPERATOR), sha256(inner[1:]).digest())
        octets = protect(inner, SUPPLIER, 1, counter, DEVICE, secret(BROKER))
        self.send(octets, "bad-signature")

    def authority(self) -> None:
        """A network operator asks what is the supplier's."""
        self.send(self._made(self.plain, OPERATOR), "role")

    def replay(self) -> None:
        """A critical command, with a counter below the last one."""
        self.send(self._made(self.critical, sign=True, counter=5), "replay")

    def stranger(self) -> None:
        """A party that the device does not know."""
        self.send(self._made(self.plain, STRANGER), "unknown-party")

    def broker(self) -> None:
        """A use case that there is not, of the access control broker."""
        self.send(self._made(NO_CODE, BROKER), "no-such-use-case")

    def provider(self) -> None:
        """The same of the WAN provider."""
        self.send(self._made(NO_CODE, WAN_PROVIDER), "no-such-use-case")


# What is sent -> the code of an ESME's alert, of a GSME's, which has no 8F3D; who gets it.
EXPECTED = {
    "cut": (INTEGRITY, INTEGRITY, SUPPLIER),
    "mac": (NOT_AUTHENTIC, ACCESS, SUPPLIER),
    "content": (INTEGRITY, INTEGRITY, SUPPLIER),
    "authority": (NO_AUTHORITY, NO_AUTHORITY, SUPPLIER),
    "signature": (NOT_AUTHENTIC, ACCESS, SUPPLIER),
    "replay": (ACCESS, ACCESS, SUPPLIER),
    "stranger": (ACCESS, ACCESS, SUPPLIER),
    "broker": (ACCESS, ACCESS, BROKER),
    "provider": (ACCESS, ACCESS, WAN_PROVIDER),
}


def told(octets: bytes, role: str, code: int, when: int, party: bytes) -> int:
    """The counter of a generic critical alert, which must be as alerts.md 2 has it."""
    counter = octets[3:11]
    if role == "esme":
        payload = b"\x0f\x20" + counter[5:] + b"\x00\x02\x02\x12" + code.to_bytes(2, "big")
        payload += b"\x09\x0c" + date_time(when)
    else:
        payload = b"\x01\x09\x00" + code.to_bytes(2, "big") + when.to_bytes(4, "big")
    head = b"\xdf\x09\x03" + counter + b"\x08" + DEVICE + b"\x08" + party + b"\x00\x02\x10\x00"
    assert octets[:-64] == head + bytes((len(payload),)) + payload + b"\x40"
    digest = sha256(octets[1:-65]).digest()
    assert ecdsa.verify(p256.public_key(signing_key(DEVICE)), digest, octets[-64:])
    return int.from_bytes(counter, "big")


def accepted(meter: Meter) -> None:
    """A critical command that is carried out, so that its counter is known."""
    if isinstance(meter, GasMeter):
        convert(meter)
    else:
        assert len(meter.send("ECS09", {"112/0-0:19.10.1.255/3": b"\x0f\x00"})) == 1


def security(meter: Meter) -> list[list[int]]:
    """The security log: time and code of each entry."""
    if not isinstance(meter, GasMeter):
        return [row[:2] for row in meter.read("ECS35b")[0]]
    return [[when, code] for code, when in log(meter, "CS10b", SECURITY_LOG)]


@pytest.mark.parametrize("engine", ["unix", "cpython"])
@pytest.mark.parametrize("made", [Meter, GasMeter], ids=["esme", "gsme"])
def test_refusals_are_logged_and_alerted(made: Any, engine: str, tmp_path: Any) -> None:
    """alerts.csv: 8F1E, 8F30, 8F3D and 8F3E, each by its cause, in the form that RTDS has."""
    meter = made(engine, tmp_path)
    try:
        accepted(meter)
        refusing = Refusing(meter)
        logged, counters = [], []
        for name, codes in EXPECTED.items():
            meter.alerts.clear()
            getattr(refusing, name)()
            code, party = codes[meter.role == "gsme"], codes[2]
            logged.append([meter.now, INTEGRITY if code == INTEGRITY else ACCESS])
            (octets,) = meter.alerts
            counters.append(told(octets, meter.role, code, meter.now, party))
            meter.advance(61)
        assert counters == list(range(counters[0], counters[0] + len(EXPECTED)))
        assert security(meter) == logged
        meter.restart()
        assert security(meter) == logged
    finally:
        meter.close()


def test_a_row_of_the_same_refusals() -> None:
    """project-choice: one entry and one alert a minute; a time that is not known is told so."""
    meter = Meter("cpython")
    try:
        refusing = Refusing(meter)
        for wait in (0, 59, 1, 30, 30):
            meter.advance(wait)
            refusing.stranger()
        assert [row[0] for row in security(meter)] == [START, START + 60, START + 120]
        assert len(meter.alerts) == 3
        meter.alerts.clear()
        meter.client.control("CLOCK", {"status": "invalid"})
        refusing.content()
        (octets,) = meter.alerts
        assert octets[-77:-65] == bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
    finally:
        meter.close()


def test_refusals_that_take_turns() -> None:
    """project-choice: others in between do not bring an entry and an alert of each back."""
    meter = Meter("cpython")
    try:
        refusing = Refusing(meter)
        for _ in range(6):
            refusing.stranger()
            refusing.content()
            meter.advance(9)
        assert sorted(security(meter)) == [[START, INTEGRITY], [START, ACCESS]]
        assert len(meter.alerts) == 2
    finally:
        meter.close()


def test_a_stranger_hides_nothing() -> None:
    """spec (alerts.md 1): each code and each party that is told has its own alert."""
    meter = Meter("cpython")
    try:
        accepted(meter)
        refusing = Refusing(meter)
        meter.alerts.clear()
        names = ("stranger", "authority", "signature", "broker", "provider")
        for name in names:
            getattr(refusing, name)()
        for name, octets in zip(names, meter.alerts, strict=True):
            code, _, party = EXPECTED[name]
            told(octets, "esme", code, meter.now, party)
        # The log has one code for all of them.
        assert security(meter) == [[meter.now, ACCESS]]
    finally:
        meter.close()


def test_a_clock_that_is_invalid_and_a_log_that_fails() -> None:
    """project-choice: the minute goes by the time since the start, and without the log, too."""
    device = Esme()
    log = device.feature("event_log")
    device.clock.set(0xFFFFFFFF, clock.INVALID)
    for _ in range(3):
        log.refused("unknown-party", b"")
        device.advance(61)
    assert len(log.security.entries) == 3 and len(device.alerts) == 3

    def fails(*_: object) -> None:
        raise StoreError(28)

    log.security.add = fails
    for _ in range(30):
        log.refused("bad-mac", b"\xdd" * 20)
    assert len(device.alerts) == 4


def test_who_is_not_to_blame() -> None:
    """A message for another device is nobody's attempt."""
    meter = Meter("cpython")
    try:
        refusing = Refusing(meter)
        refusing.send(command(0x0021, b"\xd9", 2000, target=STRANGER), "other-target")
        assert not meter.alerts and security(meter) == []
    finally:
        meter.close()
