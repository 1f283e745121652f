"""Replays RTDS alerts that no command of the set announces: a device is given their cause.

Each must be the file to the last octet; a signature is left out, since ECDSA signatures vary.
"""

from __future__ import annotations

import copy
import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import ec

from host_tools import fragments
from host_tools.bench import BenchClient, BenchError, Refusal, open_transport
from host_tools.gbcs import crypto
from host_tools.gbcs.header import Header
from host_tools.gbcs.message import examine
from host_tools.remote import seal
from host_tools.roles import DISPLAYS
from host_tools.textfile import read_text
from host_tools.vectors import files

__all__ = ["Caused", "load", "replay"]

_NEW_YEAR = "2015-01-01T00:00:00Z"
_SIGNATURE = 64
_COMMAND = 1
_LIMIT_COUNTER = 10000  # of the first command
_SCALAR = 7  # of a key that signs for a party


@dataclass(frozen=True)
class Caused:
    """An alert of the set, and what is known of the device that sends it."""

    name: str
    use_case: str
    role: str
    eui: str
    counter: int
    signed: bool
    octets: bytes
    keys: dict[str, Any]
    # A command whose success is the cause, where there is one.
    command: bytes = b""

    @property
    def protected(self) -> bytes:
        """The octets that are compared."""
        return self.octets[:-_SIGNATURE] if self.signed else self.octets


def load(path: Path) -> Iterator[Caused]:
    """Yield the alerts of a set that are no answer to a future-dated command."""
    if files.is_set(path):
        return
    with (path / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["kind"] != "alert" or row["related_pair_id"]:
            continue
        eui = row["originator"].upper()
        before = [
            other
            for other in rows
            if other["folder"] == row["folder"]
            and (other["kind"], other["outcome"]) == ("command", "success")
        ]
        yield Caused(
            row["pair_id"],
            row["use_case"],
            _role(row["target_device_type"]),
            eui,
            int(row["originator_counter"]),
            row["signed"] == "true",
            _octets(path, row),
            cast("dict[str, Any]", json.loads(read_text(path / "keys" / f"{eui}.json"))),
            _octets(path, before[0]) if before else b"",
        )


def _role(text: str) -> str:
    """The role in "CHF A2", or in "other (PPMID A4)"."""
    return text.split()[-2].lstrip("(").lower()


def _octets(path: Path, row: dict[str, str]) -> bytes:
    return bytes.fromhex(read_text(path / row["folder"] / row["file"]))


def replay(alerts: list[Caused], engine: str) -> Iterator[tuple[Caused, str, str]]:
    """Yield each alert with its verdict and what is to be said of it."""
    for alert in alerts:
        cause = _CAUSES.get((alert.use_case, alert.role))
        if cause is None:
            why = f"no cause of {alert.use_case} at {alert.role.upper()} is made here"
            yield alert, "skipped", why
            continue
        try:
            with TemporaryDirectory(prefix="smets-", ignore_cleanup_errors=True) as folder:
                store = folder if alert.role in DISPLAYS else None
                came = _told(alert, cause, engine, store)
        except (BenchError, Refusal) as error:
            yield alert, "differing", str(error)
            continue
        end = -_SIGNATURE if alert.signed else None
        exact = alert.protected in [octets[:end] for octets in came]
        yield alert, "exact" if exact else "differing", "" if came else "no alert came"


def _told(alert: Caused, cause: _Cause, engine: str, store: str | None) -> list[bytes]:
    came: list[bytes] = []
    client = BenchClient(open_transport(alert.role, engine, store))
    try:
        client.on_alert = came.append
        state = {
            "device": alert.role.upper(),
            "device_eui": alert.eui,
            "clock": {"time": _NEW_YEAR, "status": "reliable"},
            "alert_counter": alert.counter - _BEFORE.get((alert.use_case, alert.role), 0),
        }
        fragments.load(client.control, state, alert.keys)
        cause(client, alert)
    finally:
        client.transport.close()
    return came


_Cause = Callable[[BenchClient, Caused], None]


def _act(name: str, value: Any) -> _Cause:
    def cause(client: BenchClient, alert: Caused) -> None:
        client.control("ACT", {name: value})

    return cause


def _command(client: BenchClient, alert: Caused) -> None:
    client.respond(alert.command)


def _image(client: BenchClient, alert: Caused) -> None:
    """An image of the hash that the alert tells."""
    at = alert.octets.index(b"\x09\x20") + 2
    given = {"name": "firmware-received", "hash": alert.octets[at : at + 32].hex()}
    client.control("ACT", {"cause": given})


def _distributed(client: BenchClient, alert: Caused) -> None:
    """An image reached the device that the alert tells."""
    told = {"to": _string(alert, 8), "version": _string(alert, 4), "result": 0}
    client.control("ACT", {"distributed": told})


def _activated(client: BenchClient, alert: Caused) -> None:
    """The version that the alert tells runs now."""
    client.control("ACT", {"activated": {"version": _string(alert, 4), "done": True}})


def _string(alert: Caused, size: int) -> str:
    """The last OCTET STRING of so many octets in the payload of an alert in ASN.1."""
    payload = slice(*examine(alert.octets).header.content)
    octets = alert.octets[payload]
    at = octets.rindex(bytes((0x04, size))) + 2
    return octets[at : at + size].hex().upper()


def _unsupported(client: BenchClient, alert: Caused) -> None:
    """A command without a signature, which the broker vouches for; the alert names it."""
    broker = next(p for p in alert.keys["parties"] if p["role"] == "access_control_broker")
    supplier = next(p for p in alert.keys["parties"] if p["role"] == "supplier")
    code, counter = 0x0012, 100000
    made = Header(
        _COMMAND, counter, bytes.fromhex(supplier["id"]), bytes.fromhex(alert.eui), b"", code
    )
    try:
        client.respond(seal(made, b"\x05\x00", bytes.fromhex(broker["shared_secret"]), None))
    except Refusal:
        return


def _unauthorised(code: int, role: str) -> _Cause:
    """A command that the broker vouches for; its use case is not for parties of this role."""

    def cause(client: BenchClient, alert: Caused) -> None:
        broker = next(p for p in alert.keys["parties"] if p["role"] == "access_control_broker")
        party = next(p for p in alert.keys["parties"] if p["role"] == role)
        device = bytes.fromhex(alert.eui)
        made = Header(_COMMAND, 100000, bytes.fromhex(party["id"]), device, b"", code)
        try:
            client.respond(seal(made, b"\x05\x00", bytes.fromhex(broker["shared_secret"]), None))
        except Refusal:
            return

    return cause


def _limit(client: BenchClient, alert: Caused) -> None:
    """A limit that is cancelled at once."""
    for seconds in (60, 0):
        client.control("ACT", {"limit": {"controller": 0x11, "level": 100, "seconds": seconds}})


def _limit_taken(client: BenchClient, alert: Caused) -> None:
    """A limit from a load controller (ECS47e): the alert tells its period and its level."""
    body = _after_time(alert)
    _send_limit(client, alert, body[1], body[2:30], body[31])


def _limit_cancelled(client: BenchClient, alert: Caused) -> None:
    """A limit whose period is over cancels the one that holds; its own alert came before."""
    body = _after_time(alert)
    month = _date(1) + _date(2)
    _send_limit(client, alert, body[1], month, body[3])
    _send_limit(client, alert, body[1], _date(1) + _date(1), body[3], 1)


def _after_time(alert: Caused) -> bytes:
    """The body of an alert in DLMS from the first value after its time."""
    return alert.octets[alert.octets.index(b"\x09\x0c") + 14 : -_SIGNATURE - 1]


def _date(month: int) -> bytes:
    """The first of a month of 2015, as an octet string."""
    return b"\x09\x0c" + bytes.fromhex(f"07DF{month:02X}01FF000000008000FF")


def _send_limit(
    client: BenchClient, alert: Caused, controller: int, period: bytes, level: int, more: int = 0
) -> None:
    """ECS47e, signed with a key of its own that the device is given for the load controller."""
    keys = copy.deepcopy(alert.keys)
    party = next(p for p in keys["parties"] if p["role"] == "load_controller")
    signing = ec.derive_private_key(_SCALAR, ec.SECP256R1())
    party["ds_public"] = crypto.point_of(signing.public_key()).hex()
    client.control("KEYS", keys)
    counter = _LIMIT_COUNTER + more
    places = [
        b"\x02\x00\x01" + bytes((0, 0, 94, 44, 116 + (controller & 15), n, 2)) for n in (3, 4)
    ]
    elements = b"".join(places) + b"\x03\x00\x09" + bytes((0, 0, 10, 0, 107, 255, 1))
    head = b"\xd9\x20" + counter.to_bytes(3, "big") + b"\x00\x03"
    data = b"\x03" + period + b"\x12" + bytes((controller, level))
    made = Header(
        _COMMAND, counter, bytes.fromhex(party["id"]), bytes.fromhex(alert.eui), b"", 0x011F
    )
    broker = next(p for p in keys["parties"] if p["role"] == "access_control_broker")
    secret = bytes.fromhex(broker["shared_secret"])
    client.respond(seal(made, head + elements + data, secret, signing))


# Alerts that come before one by the same cause.
_BEFORE = {("ECS102", "esme"): 1}
_CAUSES: dict[tuple[str, str], _Cause] = {
    ("DBCH09", "chf"): _command,
    ("CCS08", "chf"): _distributed,
    ("CS09", "ppmid"): _activated,
    ("ECS80", "esme"): _act("cause", {"name": "outage", "seconds": 540, "ago": 60}),
    ("ECS100", "sapc"): _unsupported,
    ("ECS101", "esme"): _limit_taken,
    ("ECS102", "esme"): _limit_cancelled,
    ("ECS102", "sapc"): _limit,
    ("FDRA-DLMS", "esme"): _image,
    # Neither ECS38 nor GCS13a is a network operator's.
    ("GCA", "esme"): _unauthorised(0x004B, "network_operator"),
    ("GCA", "gsme"): _unauthorised(0x0074, "network_operator"),
    ("MIIWA-DLMS", "esme"): _act("cause", {"name": "integrity-warning", "detail": 5}),
}
