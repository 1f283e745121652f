"""A device as it is: it keeps its keys, its EUI-64, its clock and its history.

Needed is `GBCS:DATA` alone. The bench finds out what else is there and uses it; what a check
would have needed besides is said where the check is blocked.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from host_tools.bench import BenchClient, BenchError, Refusal, Transport
from host_tools.conform.checks.asn1_use_cases import content, credentials_request
from host_tools.conform.credentials import DutFile
from host_tools.conform.dut import MEANS, POWER_CUT
from host_tools.conform.link_faults import LinkFaults
from host_tools.conform.model import Blocked, NotClaimed
from host_tools.conform.watch import WatchingBench
from host_tools.conform.words import in_words
from host_tools.example import ExampleHome
from host_tools.gbcs.times import from_seconds_2000, iso, parse_iso, seconds_2000
from host_tools.han import zdo
from host_tools.han.frame import PROFILE_ZDO, Frame, to_octets
from host_tools.keys import BROKER, KeyRing, Parties
from host_tools.private import write_private
from host_tools.remote import RemoteParty
from host_tools.roles import DISPLAYS
from host_tools.schemas import SchemaProblem, parse_document

__all__ = ["BlackBox", "Counters", "Place"]

Json = dict[str, Any]

_PROBE_TIMEOUT = 3.0  # seconds: a device may be silent about what it does not know
_COMMAND_TIMEOUT = 600.0
_DRAIN = 0.05  # seconds
_RESERVED = 200  # counters are kept this far ahead, so that a run that is killed uses none twice
_EPOCH_MILLISECONDS = 1000
# A read that each role answers to a supplier.
_READS = {"esme": "ECS26b", "gsme": "GCS13a", "gpf": "GCS13a"}
# Roles of CS02a whose counters the bench uses.
_COUNTED = (2, 3, 4)


class Counters:
    """The originator counters of the bench for one device, in a file between runs."""

    def __init__(self, path: Path, device: bytes, given: int | None) -> None:
        """`given` is DUT.json's; SchemaProblem where the file is not one of counters."""
        self._path = path
        self._device = device.hex().upper()
        self._kept = self._read()
        value = max(self._kept.get(self._device, 0), given or 0)
        # Nothing known: milliseconds since 1970 are above what most benches counted so far.
        self._next = value + 1 if value else int(time.time() * _EPOCH_MILLISECONDS)
        self._reserved = 0

    def _read(self) -> dict[str, int]:
        if not self._path.exists():
            return {}
        try:
            found = parse_document(self._path.read_bytes())
        except SchemaProblem as error:
            raise SchemaProblem(error.path, error.what, str(self._path)) from None
        values = cast("dict[str, object]", found).values() if isinstance(found, dict) else [None]
        if not all(isinstance(value, int) for value in values):
            raise SchemaProblem((), "is not an object of devices and counters", str(self._path))
        return cast("dict[str, int]", found)

    def saw(self, counter: int) -> None:
        """The device has taken this counter already."""
        self._next = max(self._next, counter + 1)

    def take(self) -> int:
        """A counter above all before."""
        taken = self._next
        self._next += 1
        if taken >= self._reserved:
            self._reserved = taken + _RESERVED
            self._kept[self._device] = self._reserved
            text = json.dumps(self._kept, indent=1) + "\n"
            write_private(self._path, text.encode())
        return taken


@dataclass
class Place:
    """The device under test, and what the bench has for it; reports tell what it `found`."""

    dut: DutFile
    parties: Parties
    counters: Counters
    real: int = 0  # seconds that checks in real time may take
    power_command: str = ""  # called with "off" and "on"
    clock_command: str = ""  # called with "set <UTC time>", or "advance <seconds>"
    without: frozenset[str] = frozenset()  # what is not to be used, such as "update"
    claimed: frozenset[str] | None = None  # use cases
    found: list[str] = field(default_factory=list[str])
    capabilities: frozenset[str] | None = None  # None until the bench has looked
    patience: float = 5.0  # seconds in which a display is to take up what it is told
    offset: float = 0.0  # seconds that the device's clock is ahead of the bench's
    environment: dict[str, str] = field(default_factory=dict[str, str])  # more of it for commands


class BlackBox(WatchingBench):
    """A device under test that nobody here can seed."""

    black_box = True

    def __init__(
        self,
        role: str,
        connect: Callable[[], Transport],
        place: Place,
        timeout: float,
        faults: LinkFaults | None = None,
    ) -> None:
        """Opens the link; the first time it also looks what the device can do."""
        self.place = place
        self._start = 0
        super().__init__(role, connect, ExampleHome(), frozenset(), timeout, faults)
        self.eui = place.dut.id.hex().upper()
        self.begin()
        if place.capabilities is None:
            self._discover()
        self.capabilities = place.capabilities or frozenset()

    @property
    def ring(self) -> KeyRing:
        """The keys that open what the device says."""
        ring = KeyRing()
        ring.add_parties(self.place.parties)
        return ring

    @property
    def claimed(self) -> frozenset[str] | None:
        """The use cases of the claims."""
        return self.place.claimed

    @property
    def real(self) -> int:
        """Seconds that a check in real time may take."""
        return self.place.real

    @property
    def patience(self) -> float:
        """Seconds of real time for what takes time; 0 where the bench can let it pass."""
        return 0.0 if "clock" in self.capabilities else self.place.patience

    @property
    def start(self) -> int:
        """The device's time when the check began, UTC seconds since 2000."""
        return self._start or self.now()

    def now(self) -> int:
        """The device's time, as far as the bench knows it: UTC seconds since 2000."""
        return round(seconds_2000(datetime.now(UTC)) + self.place.offset)

    def need(self, *names: str) -> None:
        """Blocked with what the bench would need besides."""
        missing = [MEANS[name] for name in names if name not in self.capabilities]
        if missing:
            raise Blocked(f"would need {'; '.join(missing)}")

    def ready(self, state: Json | None = None, **inputs: Any) -> None:
        """Take the device as it is; Blocked where the home of DUT.json lacks a device."""
        self._start = self.now()
        self.heard.clear()
        if "gsme" in inputs:
            self.address("gsme")
        if self.role in DISPLAYS and "clock" not in self.capabilities:
            self.client.listen(_DRAIN)  # what it sent by itself is of no check
            self.heard.clear()

    def address(self, role: str) -> int:
        """The EUI-64 of a device of the home, by DUT.json."""
        if role == self.role:
            return int(self.eui, 16)
        if role not in self.place.dut.home:
            raise Blocked(f'would need an address of the device\'s home: "{role}" in DUT.json')
        return int.from_bytes(self.place.dut.home[role], "big")

    def party(self, role: str = "supplier") -> RemoteParty:
        """A remote party; Blocked where its credentials are not here."""
        known = {party.role: party for party in self.place.parties.parties}
        if role not in known or known[role].ka_private is None:
            raise Blocked(f"would need the credentials of a {role.replace('_', ' ')}")
        return RemoteParty(self.place.parties, role)

    def next_counter(self) -> int:
        """An originator counter that the bench has never used with this device."""
        return self.place.counters.take()

    def command(
        self,
        use_case: str,
        params: Json | None = None,
        party: str = "supplier",
        counter: int | None = None,
        now: datetime | None = None,
    ) -> bytes:
        """A command for the device; Blocked where a signing key is not here.

        NotClaimed where the claims name use cases, and not this one.
        """
        if self.claimed is not None and use_case not in self.claimed:
            raise NotClaimed(f"not claimed: {use_case}")
        try:
            when = now or from_seconds_2000(self.now())
            return super().command(use_case, params, party, counter, when)
        except KeyError as error:
            raise Blocked(f"would need a key: {error.args[0]}") from error

    def set_clock(self, moment: datetime | int, status: str = "reliable") -> None:
        """Set the device's clock, by --clock-command where there is one."""
        if not self.place.clock_command:
            super().set_clock(moment, status)
            return
        when = from_seconds_2000(moment) if isinstance(moment, int) else moment
        self._run(self.place.clock_command, "set", iso(when))
        self.place.offset = (when - datetime.now(UTC)).total_seconds()

    def advance(self, seconds: int) -> None:
        """Let time pass for the device, by --clock-command where there is one."""
        if self.place.clock_command:
            self.need("clock")
            self._run(self.place.clock_command, "advance", str(seconds))
        else:
            super().advance(seconds)
        self.place.offset += seconds

    def cut_power(self) -> None:
        """Take power away and give it back, by --power-command."""
        self.need("power")
        self.trace.bench(POWER_CUT)
        self.client.transport.close()
        for what in ("off", "on"):
            self._run(self.place.power_command, what)
        self.heard.clear()
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                self._reopen()
                self.greet()
            except BenchError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.25)
            else:
                return

    def _run(self, command: str, *arguments: str) -> None:
        words: Sequence[str] = (*shlex.split(command), *arguments)
        try:
            done = subprocess.run(
                words,
                capture_output=True,
                text=True,
                timeout=_COMMAND_TIMEOUT,
                check=False,
                env={**os.environ, **self.place.environment},
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Blocked(f"{shlex.join(words)}: {error}") from error
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-200:]
            raise Blocked(f"{shlex.join(words)}: exit status {done.returncode} {said}".rstrip())

    def greet(self) -> Json:
        """What CTRL:HELLO says, {} where it is not known; BenchError where nothing is answered."""
        if self.place.capabilities is not None and "hello" in self.place.capabilities:
            return self.client.control("HELLO")
        if self.role in DISPLAYS:
            self._send_frame(self.client)
            return {}
        when = from_seconds_2000(self.now())
        with suppress(Refusal):
            self.client.respond(super().command(_READS[self.role], now=when))
        return {}

    def _discover(self) -> None:
        """Find out what the link can do besides GBCS:DATA, and which counters are used up."""
        found = {name for name, given in self._given().items() if given}
        patience, self.client.timeout = self.client.timeout, min(_PROBE_TIMEOUT, self._timeout)
        try:
            if self._try("CTRL:HELLO", lambda client: client.control("HELLO")):
                found.add("hello")
            if self._try("CTRL:QUERY", self._read_clock):
                found.add("query")
            if "clock" not in found and self._try(
                "CTRL:ADVANCE", lambda client: client.control("ADVANCE", {"seconds": 1})
            ):
                found.add("clock")
                self.place.offset += 1
            if self._asker not in self.place.dut.home:
                self.place.found.append(
                    f'ZCL:FRAME: not tried, DUT.json has no "{self._asker}" in its home'
                )
            elif self._try("ZCL:FRAME", self._send_frame):
                found.add("han")
        finally:
            self.client.timeout = patience
        self.place.capabilities = frozenset(found) - self.place.without
        if self.role not in DISPLAYS:
            self._read_counters()

    def _given(self) -> dict[str, bool]:
        place = self.place
        return {
            "update": True,
            "real": place.real > 0,
            "power": bool(place.power_command),
            "clock": bool(place.clock_command),
        }

    def _try(self, verb: str, act: Callable[[BenchClient], object]) -> bool:
        try:
            act(self.client)
        except BenchError as error:
            self.place.found.append(f"{verb}: not there ({error})")
            if "is gone" in str(error):  # a device may hang up on what it does not know
                self._reopen()
                self.client.timeout = min(_PROBE_TIMEOUT, self._timeout)
            return False
        self.place.found.append(f"{verb}: there")
        return True

    def _read_clock(self, client: BenchClient) -> None:
        when = client.control("QUERY").get("time")
        if isinstance(when, str):
            with suppress(ValueError):
                ahead = parse_iso(when) - datetime.now(UTC)
                self.place.offset = ahead.total_seconds()

    @property
    def _asker(self) -> str:
        """Who searches the device on the HAN: a display its meter, and a meter a display."""
        return "esme" if self.role in DISPLAYS else "ihd"

    def _send_frame(self, client: BenchClient) -> None:
        if self._asker not in self.place.dut.home:
            raise BenchError(f'DUT.json has no "{self._asker}" in its home')
        payload = b"\x50" + (int(self.eui, 16) & 0xFFFF).to_bytes(2, "little")
        payload += b"\x09\x01\x01\x00\x00\x00"
        source = int.from_bytes(self.place.dut.home[self._asker], "big")
        frame = Frame(source, int(self.eui, 16), 0, 0, zdo.MATCH_DESCRIPTOR, payload, PROFILE_ZDO)
        client.frame(to_octets(frame))

    def _read_counters(self) -> None:
        """Ask by CS02a which counters the device has taken, where it tells."""
        payload = credentials_request(*_COUNTED).hex()
        try:
            answer = content(self.ask("CS02a", {"payload": payload}, BROKER)[2])
            rows = [row for row in cast("list[list[Any]]", answer) if row[1] == 0]
            told = [row[2] for row in rows if len(row) > 2 and isinstance(row[2], int)]
        except Exception as error:  # a device that tells no counters is judged all the same
            self.place.found.append(f"counters: not told by CS02a ({in_words(error)})")
            return
        for counter in told:
            self.place.counters.saw(counter)
        highest = max(told, default=0)
        self.place.found.append(f"counters: CS02a tells {len(told)}, the highest is {highest}")
