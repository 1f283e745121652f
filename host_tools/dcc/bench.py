"""The devices of a bench, as `--device` names them: which one, and how its link begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from host_tools import fragments
from host_tools.bench import BenchClient, open_transport
from host_tools.dcc.gateway import Gateway
from host_tools.dcc.lines import Line, opener
from host_tools.eui import parse_eui
from host_tools.keys import Parties, keys_from
from host_tools.options import OWN_ENGINES
from host_tools.roles import RESPONDERS
from host_tools.schemas import parse_document, validate
from host_tools.srv.owners import ROLES

__all__ = ["Place", "add_lines", "documents", "owners", "places"]

_Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A device and its link: unix, cpython, host:port, or the path of a serial port."""

    eui: bytes
    role: str
    link: str

    @property
    def own(self) -> bool:
        """Whether it is a process that this gateway starts."""
        return self.link in OWN_ENGINES


def places(texts: list[str], parties: Parties) -> list[Place]:
    """ROLE=LINK or EUI=LINK; ValueError for what is none, or no device of the keys."""
    found: list[Place] = []
    for text in texts:
        name, equals, link = text.partition("=")
        if not equals or not link:
            raise ValueError(f"--device {text}: expected ROLE=LINK or EUI=LINK")
        found.append(_place(name, link, parties))
    euis = [place.eui for place in found]
    if len(set(euis)) != len(euis):
        raise ValueError("--device: two links of the same device")
    return found


def _place(name: str, link: str, parties: Parties) -> Place:
    role = name.lower()
    if role in RESPONDERS:
        of_role = [device for device in parties.devices if device.type.lower() == role]
    else:
        try:
            eui = parse_eui(name)
        except ValueError as error:
            raise ValueError(f"--device {name}: neither a role nor an EUI-64: {error}") from None
        of_role = [device for device in parties.devices if device.id == eui]
    if len(of_role) != 1:
        raise ValueError(f"--device {name}: {len(of_role) or 'no'} devices in the keys")
    role = of_role[0].type.lower()
    if role not in RESPONDERS:
        raise ValueError(f"--device {name}: a {of_role[0].type} answers no remote party")
    return Place(of_role[0].id, role, link)


def documents(files: list[Path]) -> dict[bytes, _Json]:
    """The KEYS.json among some files, by device; OSError, SchemaProblem."""
    found: dict[bytes, _Json] = {}
    for path in files:
        document = parse_document(path.read_bytes())
        if isinstance(document, dict) and "devices" not in document:
            keys = cast("_Json", document)
            validate(keys, "keys")
            found[parse_eui(keys["device_id"])] = keys
    return found


def owners(keys: Mapping[bytes, _Json]) -> dict[bytes, dict[str, bytes]]:
    """The owners of devices by role, as their KEYS.json name them; a role of two has none."""
    found: dict[bytes, dict[str, bytes]] = {}
    for eui, document in keys.items():
        parties = keys_from(document).parties
        for role in ROLES:
            named = {party.id for party in parties if party.role == role}
            if len(named) == 1:
                found.setdefault(eui, {})[role] = named.pop()
    return found


def add_lines(
    gateway: Gateway,
    devices: list[Place],
    keys: Mapping[bytes, _Json],
    states: Mapping[str, _Json],
    flash: Path | None = None,
) -> None:
    """Give a gateway the links of devices. A process of ours gets its keys, state and the time.

    `flash` is a folder with one for each such device, which outlasts the process; ValueError where
    one of them has no KEYS.json.
    """
    for place in devices:
        load = None
        store = None
        if place.own:
            if place.eui not in keys:
                raise ValueError(
                    f"--device {place.role}={place.link}: no KEYS.json of it is given"
                )
            load = _loader(keys[place.eui], states.get(place.role))
            if flash is not None:
                folder = flash / place.eui.hex().upper()
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                store = str(folder)
        begin = opener(
            lambda place=place, store=store: open_transport(place.role, place.link, store), load
        )
        gateway.lines[place.eui] = Line(
            place.eui, begin, gateway.requests, gateway.taker, place.own
        )


def _loader(keys: _Json, state: _Json | None):
    def load(client: BenchClient) -> None:
        fragments.load(client.control, state, keys)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        client.control("CLOCK", {"time": now, "status": "reliable"})

    return load
