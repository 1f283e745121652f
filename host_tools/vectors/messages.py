"""Commands and responses of a device of the vectors' home, sealed as GBCS says.

The headers follow from the use case table: who asks, whose MAC, what is signed and what carries
a date-time. Nothing here is the firmware's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from host_tools.data import load
from host_tools.gbcs import crypto, times
from host_tools.gbcs.header import Header
from host_tools.gbcs.use_cases import UseCase
from host_tools.keys import BROKER
from host_tools.remote import seal
from host_tools.utrn import originator_counter, token_for
from host_tools.vectors.home import DEVICES, PARTIES, home, secret
from host_tools.vectors.values import CLOCK

__all__ = ["Exchange"]

# In the order of preference.
_ROLES = {
    "Supplier": "supplier",
    "Network Operator": "network_operator",
    "Access Control Broker": BROKER,
    "Transitional CoS": "transitional_cos",
    "Load Controller": "load_controller",
}
_FROM_GSME = 0x04  # clock_status of a GPF: reliable, the time is the GSME's (SECMP0015)
_FIRST_COUNTER = 0x1000
_FIRST_OTHER_COUNTER = 0x2000
_TOP_UPS = ("CS01a", "CS01b")
_UTRN_COUNTER = 21
_PENNIES = 1000
# The command is signed if the response is; the broker's own update has a MAC alone.
_MAC_THEN_SIGNED = "CS02b-accessControlBrokerByACB"
# Told with a signature in place of the MAC, both ways.
_SIGNED_ONLY = "CS02f"


@dataclass(frozen=True)
class Exchange:
    """A use case at a device: its command and response, sealed from their payloads."""

    use_case: UseCase
    device: str

    @cached_property
    def answers(self) -> dict[str, Any]:
        """The table's row of the response; empty for ASN.1."""
        return load("answers")["answers"].get(self.use_case.id, {})

    @property
    def asker(self) -> str:
        """The role that the answer is for."""
        asked = self.answers.get("for")
        if asked:
            return asked
        known = (role for name, role in _ROLES.items() if name in self.use_case.roles)
        return next(known, "supplier")

    @property
    def originator(self) -> str:
        """The role that sends: the asker, or the broker for it."""
        return BROKER if "for" in self.answers else self.asker

    @property
    def counter(self) -> int:
        """The originator counter, one for each message code; that of a top-up is its token's."""
        if self.use_case.id in _TOP_UPS:
            return originator_counter(_UTRN_COUNTER)
        return _FIRST_COUNTER + (self.use_case.code or 0)

    @property
    def token(self) -> str:
        """The 20 digits of a top-up."""
        return token_for(home().parties(), self.device_id, _PENNIES, _UTRN_COUNTER)

    def header(self, cra: int, dated: bool = False) -> Header:
        """The grouping header of the command (1) or the response (2)."""
        party, device = bytes.fromhex(PARTIES[self.originator]), self.device_id
        forwarded = "for" in self.answers
        code = self.use_case.code or 0
        return Header(
            cra,
            self.counter,
            party if cra == 1 else device,
            device if cra == 1 else party,
            self._date_time() if dated else b"",
            code,
            supplementary_party=bytes.fromhex(PARTIES[self.asker]) if forwarded else None,
            supplementary_counter=_FIRST_OTHER_COUNTER + code if forwarded else None,
        )

    @property
    def device_id(self) -> bytes:
        """The EUI-64 of the device."""
        return bytes.fromhex(DEVICES[self.device])

    def _date_time(self) -> bytes:
        status = 0xFF
        if self.use_case.stamped:
            status = _FROM_GSME if self.device == "GPF" else 0
        return times.encode_cosem(CLOCK, status)

    def command(self, payload: bytes) -> bytes:
        """The whole command: MAC by the broker, signed by the originator when critical."""
        signed = self.use_case.critical or self.use_case.id == _SIGNED_ONLY
        key = home().parties().party(self.originator).signing_key if signed else None
        mac = None if self.use_case.id == _SIGNED_ONLY else secret(self.device, BROKER)
        return seal(self.header(1), payload, mac, key)

    def response(self, payload: bytes, dated: bool | None = None) -> bytes:
        """The whole response: signed when critical, else with a MAC for the originator."""
        when = self.answers.get("dated", False) if dated is None else dated
        signed = self.use_case.critical or self.use_case.id in (_MAC_THEN_SIGNED, _SIGNED_ONLY)
        if signed:
            key = home().signing[DEVICES[self.device]]
            return seal(self.header(2, when), payload, None, key)
        return seal(self.header(2, when), payload, secret(self.device, self.originator), None)

    def encrypt(self, plaintext: bytes) -> bytes:
        """Ciphered information in the response, for the asker."""
        key = crypto.derive_key(
            secret(self.device, self.asker),
            self.device_id,
            crypto.ENCRYPTION,
            self.counter,
            bytes.fromhex(PARTIES[self.asker]),
        )
        return crypto.encrypt(key, self.device_id, plaintext)

    def state(self, **members: Any) -> dict[str, Any]:
        """STATE.json of the device, with `members` as the values that it holds."""
        time = times.iso(CLOCK)
        found: dict[str, Any] = {
            "device": self.device,
            "device_eui": DEVICES[self.device],
            "clock": {"time": time, "status": "reliable"},
        }
        if self.device == "GPF":
            found["stamp"] = {"source": "GSME", "time": time, "status": "reliable"}
        return found | {name: value for name, value in members.items() if value}
