"""Gives a device its identity over the bench link: keys, state, pairs, clock; and asks afterwards.

Nothing here shows a key. What is compared and told are check values: the first 8 octets of the
SHA-256 of public keys (`smets.gbcs.identity` in the firmware).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from host_tools import flash, fragments
from host_tools.bench import BenchClient, BenchError, open_port
from host_tools.gbcs import crypto
from host_tools.gbcs.times import iso, parse_iso

__all__ = ["PAIRS", "Identity", "ProvisionError", "pair_input", "provision", "uncovered"]

Json = dict[str, Any]

# Overwriting what a device keeps takes a board up to a minute.
_FORGET_TIMEOUT = 180.0
# A board that a TCP server carries answers again within this time, in seconds.
_BACK = 30.0
# How far the clock of a device may be from what it was set to, in seconds, once it is asked.
_CLOCK_APART = 5
# What a device says of its flash (ENOSPC).
_FULL = "StoreError: 28"
# What may be a key: an EUI-64 and a check value have 16 digits.
_SECRET = re.compile("[0-9A-Fa-f]{17,}")

# Device -> whom it can be paired with -> the input, and what it is told of the EUI-64.
PAIRS: dict[str, dict[str, tuple[str, str]]] = {
    "GSME": {"gpf": ("gpf", "")},
    "GPF": {"gsme": ("gsme", "")},
    "IHD": {"esme": ("pair", "electricity"), "gpf": ("pair", "gas")},
    "PPMID": {"esme": ("pair", "electricity"), "gpf": ("pair", "gas")},
}


class ProvisionError(Exception):
    """A device does not take an identity, or does not hold it; the text says why."""


@dataclass(frozen=True)
class Identity:
    """What a device is to be: `kind` ("" where no file says it), EUI-64 in hex, documents."""

    eui: str
    kind: str = ""
    keys: Json | None = field(default=None, repr=False)
    state: Json | None = field(default=None, repr=False)
    pairs: tuple[tuple[str, str], ...] = ()  # (role of the other device, its EUI-64 in hex)
    clock: str = ""  # "now", or UTC as YYYY-MM-DDThh:mm:ssZ


def uncovered(text: str) -> str:
    """A text of a device without what could be a key."""
    return _SECRET.sub("(not shown)", text)


def pair_input(kind: str, role: str, eui: str) -> Json:
    """CTRL:SET that pairs a device of a kind; ProvisionError for two that do not pair."""
    known = PAIRS.get(kind, {})
    if role not in known:
        allowed = f"pairs with {' and '.join(known)}" if known else "is not paired by this command"
        raise ProvisionError(f"--pair {role}: a {kind} {allowed}")
    name, fuel = known[role]
    return {name: {"fuel": fuel, "eui": eui} if fuel else eui}


def _check(*points: str | None) -> str:
    octets = b"".join(bytes.fromhex(point) for point in points if point)
    return hashlib.sha256(octets).hexdigest()[:16].upper()


def _own_checks(keys: Json) -> dict[str, str]:
    """`ka` and `ds` as the device tells them, of the private keys that are given."""
    found: dict[str, str] = {}
    for name, member in (("ka", "private_key"), ("ds", "ds_private_key")):
        if member in keys:
            private = crypto.private_from_scalar(int(keys[member], 16))
            found[name] = _check(crypto.point_of(private.public_key()).hex())
    return found


def _party_checks(keys: Json) -> dict[str, str]:
    """EUI-64 of each party -> its check value as the device tells it."""
    members = ("ka_public", "ds_public", "prepayment_ka_public")
    return {
        party["id"].upper(): _check(*(party.get(member) for member in members))
        for party in keys.get("parties", [])
    }


class _Line:
    """The device behind a port, over restarts."""

    def __init__(self, port: str) -> None:
        self.port = port
        self.client = BenchClient(open_port(port))

    def ask(self, verb: str, document: Json | None = None, timeout: float = 0) -> Json:
        """An answer; ProvisionError with the device's reason, in which no key is shown."""
        before = self.client.timeout
        self.client.timeout = timeout or before
        try:
            return self.client.control(verb, document)
        except BenchError as error:
            reason = uncovered(str(error)).replace(_FULL, f"{_FULL} (its flash is full)")
            raise ProvisionError(f"the device refuses: {reason}") from None
        finally:
            self.client.timeout = before

    def restart(self) -> None:
        """Restart a board, and wait until it answers."""
        self.client.timeout = 2.0
        with suppress(BenchError):
            self.client.control("RESET")
        self.close()
        self.client = self._again()

    def _again(self) -> BenchClient:
        host, _, number = self.port.rpartition(":")
        try:
            if not (host and number.isdecimal()):
                flash.hello(self.port, restart=False)
                return BenchClient(open_port(self.port))
            deadline = time.monotonic() + _BACK
            while True:
                client = BenchClient(open_port(self.port), timeout=1.0)
                try:
                    client.control("HELLO")
                    client.timeout = 60.0
                    return client
                except BenchError:
                    client.transport.close()
                    if time.monotonic() > deadline:
                        raise
        except BenchError as error:
            raise ProvisionError(f"no answer after the restart: {uncovered(str(error))}") from None

    def close(self) -> None:
        """Give the port back."""
        with suppress(OSError):
            self.client.transport.close()


def provision(port: str, wanted: Identity, replace: bool, say: Callable[[str, str], None]) -> None:
    """Give the device at a port its identity, as far as it lacks it, and ask for it afterwards.

    `say(what, how)` is told of each part. A device that has another identity is left as it is,
    unless `replace` is set: then all that it keeps is removed and overwritten first.
    ProvisionError, BenchError where nothing answers.
    """
    try:
        line = _Line(port)
    except BenchError as error:
        raise ProvisionError(str(error)) from None
    try:
        _Provisioning(line, wanted, say).run(replace)
    finally:
        line.close()


class _Provisioning:
    def __init__(self, line: _Line, wanted: Identity, say: Callable[[str, str], None]) -> None:
        self._line = line
        self._wanted = wanted
        self._say = say
        self._own = _own_checks(wanted.keys or {})
        self._parties = _party_checks(wanted.keys or {})
        self._keeps = False
        self._changed = False

    def run(self, replace: bool) -> None:
        """Do all of it."""
        wanted = self._wanted
        kind = str(self._line.ask("HELLO").get("device", ""))
        if wanted.kind not in ("", kind):
            raise ProvisionError(f"the keys are of a {wanted.kind}, the device is a {kind}")
        inputs = [pair_input(kind, role, eui) for role, eui in wanted.pairs]
        told = self._ask_all()
        if replace:
            self._line.ask("FORGET", {"store": True, "overwrite": True}, _FORGET_TIMEOUT)
            self._say("replaced", "all that the device kept is removed and overwritten")
            self._changed = True
            told = self._ask_all()
        self._compare(told)
        self._keys(told)
        self._load("state", list(fragments.state_fragments(wanted.state or {})))
        self._load("pair", [("SET", each) for each in inputs])
        self._prove()
        if wanted.clock:
            self._clock()

    def _ask_all(self) -> Json:
        told = self._line.ask("QUERY", {"keys": True, "holds": {}})
        if "eui" not in told:
            raise ProvisionError("older firmware that does not tell its identity: flash it")
        # Only a device with a journal says whether it holds something.
        self._keeps = "holds" in told
        return told

    def _compare(self, told: Json) -> None:
        """Refuse a device that has another identity, or other keys."""
        wanted, keys = self._wanted, told.get("keys", {})
        if told["eui"] not in ("", wanted.eui):
            self._refuse(f"the device is {told['eui']} already, not {wanted.eui}")
        for name, title in (("ka", "key agreement"), ("ds", "signing")):
            if name in keys and keys[name] != self._own.get(name, keys[name]):
                self._refuse(f"{wanted.eui} holds another key for {title} ({keys[name]})")
        for party in keys.get("parties", []):
            if party["check"] != self._parties.get(party["id"], party["check"]):
                self._refuse(f"it holds another key of the {party['role']} {party['id']}")

    def _refuse(self, why: str) -> None:
        raise ProvisionError(f"{why}; nothing was changed. --replace makes it a new device first")

    def _keys(self, told: Json) -> None:
        """Load the keys that the device lacks."""
        if self._wanted.keys is None:
            return
        held: Json = told.get("keys", {})
        parties = [party["id"] for party in held.get("parties", [])]
        own = "keys" in told and all(held.get(name) == self._own[name] for name in self._own)
        added = 0
        for verb, document in fragments.key_fragments(self._wanted.keys):
            names = [party["id"].upper() for party in document.get("parties", [])]
            if (not names and own) or (names and set(names) <= set(parties)):
                continue
            self._line.ask(verb, document)
            added += len(names)
            self._changed = True
        loaded = "there already" if own else "loaded"
        checks = ", ".join(f"{name} {check}" for name, check in self._own.items())
        self._say("keys", f"{loaded}" + (f": {checks}" if checks else ""))
        rest = [each for each in parties if each not in self._parties]
        text = f"{added} loaded, {len(self._parties) - added} there already"
        self._say("parties", text + (f"; also there: {', '.join(rest)}" if rest else ""))

    def _load(self, what: str, parts: list[tuple[str, Json]]) -> None:
        """Load the parts that the device does not keep already."""
        loaded = 0
        for verb, document in parts:
            if self._holds(verb, document):
                continue
            self._line.ask(verb, document)
            loaded += 1
            self._changed = True
        if parts:
            self._say(what, f"{loaded} parts loaded, {len(parts) - loaded} there already")

    def _holds(self, verb: str, document: Json) -> bool:
        asked = {"holds": {verb: document}}
        return self._keeps and bool(self._line.ask("QUERY", asked).get("holds"))

    def _prove(self) -> None:
        """Ask for all of it, after a restart where the device keeps it; ProvisionError."""
        if self._keeps and self._changed:
            self._line.restart()
        told = self._ask_all()
        keys: Json = told.get("keys", {})
        held = {party["id"]: party["check"] for party in keys.get("parties", [])}
        right = (
            told["eui"] == self._wanted.eui
            and all(keys.get(name) == check for name, check in self._own.items())
            and all(held.get(party) == check for party, check in self._parties.items())
        )
        if not right:
            raise ProvisionError(f"the device does not hold what it took: {told['eui']}")
        if not self._keeps:
            self._say("kept", "no: this device forgets it when it restarts or ends")
        elif self._changed:
            self._say("kept", "yes: the device was restarted and asked")
        else:
            self._say("kept", "yes: nothing had to change")

    def _clock(self) -> None:
        text = self._wanted.clock
        text = iso(datetime.now(UTC)) if text == "now" else text
        self._line.ask("CLOCK", {"time": text, "status": "reliable"})
        told = str(self._line.ask("QUERY").get("time", ""))
        apart = abs((parse_iso(told) - parse_iso(text)).total_seconds()) if told else None
        if apart is None or apart > _CLOCK_APART:
            raise ProvisionError(f"the clock was set to {text}, the device says {told or 'none'}")
        self._say("clock", f"{told}, reliable, until its power goes")
