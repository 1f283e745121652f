"""Replays RTDS pairs: a device gets the command, and must give the response byte for byte.

The vectors stay where they are (RTDS_DIR); nothing of them is copied. A signed response is
compared without its signature, since ECDSA signatures vary. The project's own vectors
(`host_tools.vectors`) are replayed likewise.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from host_tools import fragments
from host_tools.bench import BenchClient, BenchError, Refusal, open_transport
from host_tools.gbcs import header, use_cases
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node
from host_tools.roles import RESPONDERS
from host_tools.textfile import read_text
from host_tools.vectors import files

__all__ = ["NOT_IN_STATE", "Outcome", "Pair", "compare", "directory", "load_pairs", "replay"]

DEFAULT_DIRECTORY = Path(__file__).resolve().parents[2] / "shared" / "rtds"
_SIGNATURE = 64
_GENERAL_SIGNING = 0xDF
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
        yield Pair(
            name,
            kinds["command"]["use_case"],
            kinds["command"]["originator"].upper(),
            _message(path, kinds["command"]),
            _message(path, kinds["response"]),
            state,
            cast("dict[str, Any]", json.loads(read_text(keys_file))),
        )


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


def _message(path: Path, row: dict[str, str]) -> bytes:
    return bytes.fromhex(read_text(path / row["folder"] / row["file"]))


def replay(pairs: list[Pair], engine: str) -> Iterator[Outcome]:
    """Yield the outcome of each pair; one device process a role, made new for each pair.

    A device at host:port or a serial port plays one role, and answers the pairs of that one.
    BenchError where there is none, or it does not say what it is.
    """
    clients: dict[str, BenchClient] = {}
    only = ""
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
                clients[held] = BenchClient(open_transport(pair.role, engine))
            yield _replay_one(pair, clients[held])
    finally:
        for client in clients.values():
            client.transport.close()


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
