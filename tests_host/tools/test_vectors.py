"""The project's own vectors: made again to the octet, decoded to what they are of, and answered by
the devices on both engines.

Evidence: the layouts are those of RTDS, which `test_vectors_rtds.py` compares where it is there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from host_tools import fragments, rtds
from host_tools.bench import BenchClient, open_transport
from host_tools.gbcs import use_cases
from host_tools.gbcs.message import Message, decode
from host_tools.keys import KeyRing
from host_tools.remote import verify_response
from host_tools.schemas import validate
from host_tools.vectors import files
from host_tools.vectors.make import WITHOUT

FOLDER = Path(__file__).resolve().parents[1] / "data" / "vectors"
ENGINES = ("unix", "cpython")
DEVICES = ("ESME", "GSME", "CHF", "GPF")
PAIRS = list(rtds.load_pairs(FOLDER))
# Outcomes that a device cannot have when it starts from a state, and why.
NO_SUCCESS = {
    "CS02c": "a device makes no key pairs",
    "CS02d": "a device makes no key pairs",
    "CS02e": "a device holds no certificates",
    "CS07": "a state holds no Device Log",
}
NO_ERROR = {
    "CS04AC": "whoever leaves an empty Device Log has left",
    "CS04B": "whoever leaves an empty Device Log has left",
}


@pytest.fixture(scope="module")
def ring() -> KeyRing:
    return KeyRing.load([*sorted((FOLDER / "keys").glob("*.json")), FOLDER / "parties.json"])


def test_the_files_are_what_is_made_now() -> None:
    """Each octet follows from the tables and the seed: signatures too (RFC 6979)."""
    made = files.contents()
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json")}
    assert there == set(made)
    for name, text in made.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: run `make vectors`"


def test_the_set_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*.json")) < 500_000


def test_every_use_case_has_a_success_and_an_error() -> None:
    """The exceptions are listed with their reasons; the devices are those of the table."""
    names = {pair.name for pair in PAIRS}
    for use_case in (use_cases.by_name(name) for name in use_cases.names()):
        if use_case.kind != "remote_party":
            continue
        devices = set(use_case.targets) & set(DEVICES)
        for device in devices if use_case.id not in WITHOUT else ():
            for outcome, lacking in (("SUCCESS", NO_SUCCESS), ("ERROR", NO_ERROR)):
                present = f"{use_case.id}-{device}/{outcome}" in names
                assert present != (use_case.id in lacking), (use_case.id, device, outcome)
        if not devices:
            assert use_case.id in WITHOUT
    assert len(names) == len(PAIRS)


def test_what_is_left_out_is_in_the_table() -> None:
    assert set(WITHOUT) | set(NO_SUCCESS) | set(NO_ERROR) <= set(use_cases.names())


def test_states_and_keys_fit_the_schemas() -> None:
    for pair in PAIRS:
        validate(pair.state, "state")
        validate(pair.keys, "keys")


def test_every_message_is_verified_and_decoded_to_the_last_octet(ring: KeyRing) -> None:
    """MACs, signatures and encrypted parts; nothing is left that the decoder cannot name."""
    for pair in PAIRS:
        command = decode(pair.command, ring)
        response = verify_response(pair.response, pair.command, ring)
        for message in (command, response):
            assert message.use_case is not None and message.use_case.id == pair.use_case
            assert not message.failed, (pair.name, message.failed)
            assert all(check.passed for check in message.checks), pair.name
            assert not any("not in the table" in node.text for node in message.tree.walk())
        critical = bool(use_cases.by_name(pair.use_case).critical)
        signed = {check.name for check in response.checks if check.name == "signature"}
        assert bool(signed) == (pair.response[0] == 0xDF) and (not critical or signed)


def _values(message: Message) -> list[Any]:
    """The values in a response, in the notation of a state and in order."""
    if message.protocol == "DLMS":
        protected = [item.to_json() for block in message.protected for item in block.value.items]
        plain = [value.to_json() for value in message.dlms.data if value.type != "null-data"]
        return protected or plain
    return [
        {"cluster": f"0x{frame.cluster:04X}", "name": frame.name, "fields": frame.fields}
        for frame in message.gbz.frames
        if frame.header.is_cluster_command
    ]


def _clock(clock: dict[str, Any]) -> list[dict[str, Any]]:
    """What ECS70 reads of a clock: its time without weekday and deviation, and a good status."""
    time = datetime.fromisoformat(clock["time"])
    octets = time.year.to_bytes(2, "big") + bytes((time.month, time.day, 0xFF))
    octets += bytes((time.hour, time.minute, time.second, 0)) + b"\x80\x00\xff"
    assert clock["status"] == "reliable"
    return [
        {"type": "octet-string", "value": octets.hex().upper()},
        {"type": "unsigned", "value": 0},
    ]


def _distinct(values: list[Any]) -> list[str]:
    return list(dict.fromkeys(json.dumps(value, sort_keys=True) for value in values))


@pytest.mark.parametrize("protocol", ["DLMS", "GBZ"])
def test_responses_say_what_their_states_hold(ring: KeyRing, protocol: str) -> None:
    """An object that is read twice is held once."""
    compared = 0
    for pair in PAIRS:
        message = decode(pair.response, ring)
        if not pair.name.endswith("SUCCESS") or message.protocol != protocol:
            continue
        compared += 1
        if protocol == "DLMS":
            held = [item["value"] for item in pair.state.get("dlms", [])]
            held += _clock(pair.state["clock"]) if pair.name.startswith("ECS70") else []
            assert _distinct(_values(message)) == _distinct(held), pair.name
            assert all(code == 0 for _, code in message.dlms.results)
            continue
        attributes: dict[str, Any] = {}
        for frame in message.gbz.frames:
            for item in frame.attributes:
                kind = {"type": f"0x{item.type:02X}", "value": item.value}
                attributes.setdefault(f"0x{frame.cluster:04X}", {})[f"0x{item.id:04X}"] = kind
        # A meter that lends emergency credit has to be in prepayment mode.
        held = {} if pair.use_case == "GCS06" else pair.state.get("zcl", {})
        assert attributes == held, pair.name
        published = [
            {name: item[name] for name in ("cluster", "name", "fields")}
            for item in pair.state.get("zcl_commands", [])
        ]
        assert _values(message) == published, pair.name
    assert compared > 50


def test_dlms_errors_break_off_where_the_fault_is(ring: KeyRing) -> None:
    """rtds: hardware-fault, and other-reason for all that follows."""
    for pair in PAIRS:
        message = decode(pair.response, ring)
        if not pair.name.endswith("ERROR") or message.protocol != "DLMS":
            continue
        codes = [code for _, code in message.dlms.results]
        failed = codes.index(1)
        assert codes == [0] * failed + [1] + [250] * (len(codes) - failed - 1), pair.name
        assert all(value.type == "null-data" for value in message.dlms.data[failed:])


def test_gbz_errors_break_off_where_the_fault_is(ring: KeyRing) -> None:
    """rtds: HARDWARE_FAILURE, then FAILURE of command 0xFF; NOT_FOUND is no failure."""
    for pair in PAIRS:
        message = decode(pair.response, ring)
        if not pair.name.endswith("ERROR") or message.protocol != "GBZ":
            continue
        frames = message.gbz.frames
        while frames[-1].default_response == (0xFF, 0x01):
            frames = frames[:-1]
        failing = frames[-1]
        if failing.default_response is None:
            statuses = [item.status for item in failing.attributes]
            assert statuses == [0] * (len(statuses) - 1) + [0xC0], pair.name
        else:
            assert failing.default_response[1] == 0xC0, pair.name
        earlier = [frame.default_response for frame in frames[:-1]]
        assert all(told is None or told[1] in (0, 0x8B) for told in earlier), pair.name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("device", DEVICES)
def test_a_device_answers_exactly(engine: str, device: str) -> None:
    """Success and error of every use case, byte for byte except an ECDSA signature."""
    pairs = [pair for pair in PAIRS if pair.state["device"] == device]
    outcomes = list(rtds.replay(pairs, engine))
    assert [(o.pair.name, o.verdict, o.detail) for o in outcomes if o.verdict != "exact"] == []
    assert len(outcomes) == len(pairs) > 30


@pytest.mark.parametrize("engine", ENGINES)
def test_a_device_sends_the_alerts(engine: str, ring: KeyRing) -> None:
    """spec: the averages of a period beyond a threshold, in order, and nothing else."""
    for vector in json.loads((FOLDER / "alerts.json").read_text(encoding="utf-8")):
        sent: list[bytes] = []
        role = vector["device"].lower()
        with closing(open_transport(role, engine)) as transport:
            client = BenchClient(transport, on_alert=sent.append)
            client.control("SET", vector["inputs"])
            keys = json.loads(
                (FOLDER / "keys" / f"{vector['state']['device_eui']}.json").read_text("utf-8")
            )
            fragments.load(client.control, vector["state"], keys)
            client.control("ADVANCE", {"seconds": vector["seconds"]})
        assert [alert.hex().upper() for alert in sent] == vector["alerts"]
        assert sent and all(check.passed for alert in sent for check in decode(alert, ring).checks)


def replayed(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "host_tools", "rtds", "--rtds", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_replays_the_set() -> None:
    done = replayed(FOLDER, "--engine", "cpython", "--only", "GCS13a", "--only", "ECS17a")
    assert done.returncode == 0 and "6 exact, 0 differing, 0 skipped" in done.stdout


def test_a_changed_response_is_a_difference(tmp_path: Path) -> None:
    """One octet of the payload: exit status 1, and where it is."""
    folder = shutil.copytree(FOLDER, tmp_path / "set")
    vectors = json.loads((folder / "chf.json").read_text(encoding="utf-8"))
    octets = bytearray(bytes.fromhex(vectors[0]["response"]))
    octets[-20] ^= 1
    vectors[0]["response"] = octets.hex()
    (folder / "chf.json").write_text(json.dumps(vectors), encoding="utf-8")
    name = vectors[0]["use_case"]
    done = replayed(folder, "--engine", "cpython", "--only", name)
    assert done.returncode == 1
    assert f"{name}-CHF/SUCCESS on cpython: octet {len(octets) - 20} of {len(octets)}" in (
        done.stdout.replace("\n", " ")
    )


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("gpf.json", "[", "gpf.json: Expecting value"),
        ("gpf.json", '[{"use_case": "GCS13a"}]', "gpf.json: vector 1: KeyError('originator')"),
        ("keys/02534D45545300A3.json", None, "02534D45545300A3.json"),
    ],
)
def test_a_damaged_set_names_the_file(
    file: str, text: str | None, wrong: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "set")
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text, encoding="utf-8")
    done = replayed(folder)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert wrong in done.stderr.replace("\n", "")
