"""Replays RTDS pairs: a device gets the command, and must give the response byte for byte.

The vectors stay where they are (RTDS_DIR); nothing of them is copied. A signed response is
compared without its signature, since ECDSA signatures vary. The project's own vectors
(`host_tools.vectors`) are replayed likewise.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from host_tools import fragments
from host_tools.bench import BenchClient, BenchError, Refusal, open_transport
from host_tools.gbcs import header, use_cases
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node
from host_tools.roles import DISPLAYS, RESPONDERS
from host_tools.textfile import read_text
from host_tools.vectors import files

__all__ = [
    "NOT_IN_STATE",
    "Outcome",
    "Pair",
    "Told",
    "compare",
    "directory",
    "load_alerts",
    "load_pairs",
    "replay",
    "replay_alerts",
]

DEFAULT_DIRECTORY = Path(__file__).resolve().parents[2] / "shared" / "rtds"
_SIGNATURE = 64
_COUNTER_END = 11  # of the header of a signed message: DF 09, CRA, counter
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_GENERAL_SIGNING = 0xDF
# CurrentFileVersion of the OTA Upgrade cluster.
_OTA, _FILE_VERSION, _UINT32 = "0x0019", "0x0002", 0x23
# Why an answer cannot be judged.
NOT_IN_STATE = "the answer rests on what STATE.json and KEYS.json do not hold"


@dataclass(frozen=True)
class Pair:
    """A command and its response, with the state and keys of the device."""

    name: str
    use_case: str
    originator: str
    command: bytes
    response: bytes
    state: dict[str, Any]
    keys: dict[str, Any]

    @property
    def role(self) -> str:
        """The device role that answers, in lower case."""
        return str(self.state["device"]).lower()


@dataclass(frozen=True)
class Outcome:
    """What became of a pair: exact, differing, or skipped; `detail` says why."""

    pair: Pair
    verdict: str
    detail: str = ""


def directory() -> Path | None:
    """Where the vectors are: RTDS_DIR, else the default beside the checkout; None if nowhere."""
    path = Path(os.environ.get("RTDS_DIR") or DEFAULT_DIRECTORY)
    return path if (path / "index.csv").is_file() else None


def load_pairs(path: Path) -> Iterator[Pair]:
    """Yield the pairs whose command, response and state are all there, in order of name.

    A set of the project's own kind is in its own order; VectorError if it is damaged.
    """
    if files.is_set(path):
        yield from _own_pairs(path)
        return
    rows: dict[str, dict[str, dict[str, str]]] = {}
    with (path / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["pair_id"], {})[row["kind"]] = row
    for name in sorted(rows):
        kinds = rows[name]
        state_file = path / "state" / f"{name}.json"
        if "command" not in kinds or "response" not in kinds or not state_file.is_file():
            continue
        state = cast("dict[str, Any]", json.loads(read_text(state_file)))
        keys_file = path / "keys" / f"{state['device_eui']}.json"
        response = _message(path, kinds["response"])
        use_case = kinds["command"]["use_case"]
        yield Pair(
            name,
            use_case,
            kinds["command"]["originator"].upper(),
            _message(path, kinds["command"]),
            response,
            {**state, **_untold(use_case, response)},
            cast("dict[str, Any]", json.loads(read_text(keys_file))),
        )


def _untold(use_case: str, response: bytes) -> dict[str, Any]:
    """What a state of the set leaves out, as the response has it: the firmware version of CS08."""
    found = re.search(rb"\x30\x09\x04\x04(.{4})\x02\x01(.)", response, re.DOTALL)
    if use_case != "CS08" or not found:
        return {}
    if found[2] != b"\0":
        return {"faults": {"zcl": {_OTA: {_FILE_VERSION: found[2][0]}}}}
    version = {"type": _UINT32, "value": int.from_bytes(found[1], "big")}
    return {"zcl": {_OTA: {_FILE_VERSION: version}}}


def _own_pairs(path: Path) -> Iterator[Pair]:
    for item in files.load(path):
        yield Pair(
            item["name"],
            item["use_case"],
            item["originator"],
            item["command"],
            item["response"],
            item["state"],
            item["keys"],
        )


@dataclass(frozen=True)
class Told:
    """An alert that follows a command, when the time that it names has come."""

    name: str
    pair: Pair
    counter: int
    octets: bytes

    @property
    def time(self) -> int:
        """UTC seconds since 2000 of its time stamp."""
        found = re.search(rb"\x18\x0f(\d{14})Z", self.octets)  # ASN.1
        if found:
            at = datetime.strptime(found[1].decode() + "+0000", "%Y%m%d%H%M%S%z")
            return int((at - _EPOCH).total_seconds())
        found = re.search(rb"\x8f\x66(?:\x09\x0c)?(.{12})", self.octets, re.DOTALL)
        if not found:
            raise DecodeError(0, "no time stamp in the alert")
        stamp = found[1]
        if stamp[9:11] != b"\x80\x00":
            return int.from_bytes(stamp[:4], "big")  # GBZ
        year = int.from_bytes(stamp[:2], "big")
        at = datetime(year, stamp[2], stamp[3], stamp[5], stamp[6], stamp[7], tzinfo=UTC)
        return int((at - _EPOCH).total_seconds())

    def matches(self, octets: bytes) -> bool:
        """Whether an alert is this one, whatever the counter of it."""
        return (
            octets[_COUNTER_END:-_SIGNATURE].replace(_invoke_id(octets), _invoke_id(self.octets))
            == (self.octets[_COUNTER_END:-_SIGNATURE])
        )


def _invoke_id(octets: bytes) -> bytes:
    """The start of a DLMS alert, which has the low octets of its counter."""
    return b"\x0f\x20" + octets[_COUNTER_END - 3 : _COUNTER_END]


def load_alerts(path: Path) -> Iterator[Told]:
    """Yield the alerts whose command is there, with its state; none of a set of the own kind."""
    if files.is_set(path):
        return
    pairs = {pair.name: pair for pair in load_pairs(path)}
    with (path / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            pair = pairs.get(row.get("related_pair_id", ""))
            if row["kind"] == "alert" and pair:
                octets = _message(path, row)
                yield Told(row["pair_id"], pair, int(row["originator_counter"]), octets)


def replay_alerts(alerts: list[Told], engine: str) -> Iterator[tuple[Told, str, str]]:
    """Yield each alert with its verdict and what is to be said of it.

    The command is given, then its time comes by. Which of the alerts of a command comes first is
    not in the files: it is seen in a first run, and the counters start there in the second one.
    """
    groups: dict[str, list[Told]] = {}
    for told in alerts:
        groups.setdefault(told.pair.name, []).append(told)
    for group in groups.values():
        pair = group[0].pair
        client = BenchClient(open_transport(pair.role, engine))
        try:
            came = _alerts_of(client, group[0], 1)
            places = {
                told.name: place
                for told in group
                for place, octets in enumerate(came)
                if told.matches(octets)
            }
            starts = {told.counter - places[told.name] for told in group if told.name in places}
            if len(starts) == 1:
                came = _alerts_of(client, group[0], starts.pop())
            for told in group:
                exact = told.octets[:-_SIGNATURE] in [octets[:-_SIGNATURE] for octets in came]
                verdict = "exact" if exact else "differing" if came else "skipped"
                detail = "" if came else f"no alert of {pair.role.upper()} came"
                yield told, verdict, detail
        except BenchError as error:
            for told in group:
                yield told, "differing", str(error)
        finally:
            client.transport.close()


def _alerts_of(client: BenchClient, told: Told, counter: int) -> list[bytes]:
    """The alerts that come when the time of a command has come, from a counter on."""
    came: list[bytes] = []
    client.on_alert = came.append
    client.control("FORGET", {"store": True, "overwrite": False})
    pair = told.pair
    fragments.load(client.control, {**pair.state, "alert_counter": counter}, pair.keys)
    client.respond(pair.command)
    before = (_EPOCH + timedelta(seconds=told.time - 1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    client.control("CLOCK", {"time": before, "status": "reliable"})
    client.control("ADVANCE", {"seconds": 1})
    return came


def _message(path: Path, row: dict[str, str]) -> bytes:
    return bytes.fromhex(read_text(path / row["folder"] / row["file"]))


def replay(pairs: list[Pair], engine: str) -> Iterator[Outcome]:
    """Yield the outcome of each pair; one device process a role, made new for each pair.

    A device at host:port or a serial port plays one role, and answers the pairs of that one.
    BenchError where there is none, or it does not say what it is.
    """
    clients: dict[str, BenchClient] = {}
    only = ""
    folder = TemporaryDirectory(prefix="smets-", ignore_cleanup_errors=True)
    try:
        if engine not in ("unix", "cpython"):
            device = clients[""] = BenchClient(open_transport("", engine))
            only = str(device.control("HELLO").get("device", "")).lower()
            if not only:
                raise BenchError("the device does not say what it is")
        for pair in pairs:
            if pair.role not in RESPONDERS:
                yield Outcome(pair, "skipped", f"no {pair.role} here")
                continue
            if only and pair.role != only:
                yield Outcome(pair, "skipped", f"{engine} is no {pair.role.upper()}")
                continue
            if pair.originator not in {party["id"].upper() for party in pair.keys["parties"]}:
                yield Outcome(pair, "skipped", "the test set has no key of the originator")
                continue
            held = "" if only else pair.role
            if held not in clients:
                # A display keeps what a tenant must not find: it has a flash.
                store = folder.name if pair.role in DISPLAYS and not only else None
                clients[held] = BenchClient(open_transport(pair.role, engine, store))
            yield _replay_one(pair, clients[held])
    finally:
        for client in clients.values():
            client.transport.close()
        folder.cleanup()


def _replay_one(pair: Pair, client: BenchClient) -> Outcome:
    try:
        client.control("FORGET", {"store": True, "overwrite": False})
        fragments.load(client.control, pair.state, pair.keys)
        answer = client.respond(pair.command)
    except Refusal as reason:
        skipped = str(reason).startswith("no-such-use-case")
        return Outcome(pair, "skipped" if skipped else "differing", str(reason))
    except BenchError as error:
        return Outcome(pair, "differing", str(error))
    return compare(pair, answer)


def compare(pair: Pair, answer: bytes) -> Outcome:
    """Judge an answer to a pair's command: exact, differing (where), or skipped (why).

    A signature is left out. An answer in ASN.1 whose content alone differs is skipped: a state
    has no members for certificates, firmware and outcomes. Its header must be right all the same.
    """
    signed = pair.response[0] == _GENERAL_SIGNING
    end = -_SIGNATURE if signed else None
    ours, theirs = answer[:end], pair.response[:end]
    if ours == theirs:
        return Outcome(pair, "exact")
    protocol = use_cases.by_name(pair.use_case).table.get("protocol")
    if protocol == "ASN1" and _same_header(answer, pair.response):
        return Outcome(pair, "skipped", NOT_IN_STATE)
    shared = min(len(ours), len(theirs))
    at = next((i for i in range(shared) if ours[i] != theirs[i]), shared)
    return Outcome(pair, "differing", f"octet {at} of {len(theirs)} (ours has {len(ours)})")


def _same_header(answer: bytes, expected: bytes) -> bool:
    """Whether both are well formed with one grouping header, except for the end of the content."""
    if answer[:1] != expected[:1]:
        return False
    try:
        one, other = (
            header.read(Reader(data), Node("message", 0, len(data))) for data in (answer, expected)
        )
    except DecodeError:
        return False
    if one.pre_command or other.pre_command:
        return False
    ours, theirs = one.header, other.header
    return replace(ours, start=theirs.start, content=theirs.content) == theirs
