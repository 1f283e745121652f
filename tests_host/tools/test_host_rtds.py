"""The host's decoder against every RTDS message there is at RTDS_DIR."""

import json
import subprocess
import sys
import threading

import pytest
from host_home import RTDS, rtds_message, rtds_rows, uncovered

from host_tools import rtds
from host_tools.bench import ProcessTransport
from host_tools.gbcs.message import decode
from host_tools.keys import KeyRing
from host_tools.serve import Server

ROWS = rtds_rows()
pytestmark = pytest.mark.needs_rtds


@pytest.fixture(scope="module")
def rtds_ring():
    return KeyRing.load(sorted((RTDS / "keys").glob("*.json")))


def test_every_rtds_message_is_decoded_to_the_last_octet_and_verified(rtds_ring):
    """rtds: MACs, signatures, encrypted components and protected blocks are all right."""
    counts = {"MAC": 0, "signature": 0, "component": 0, "protected": 0}
    for row in ROWS:
        data = rtds_message(row)
        message = decode(data, rtds_ring, unsigned=row["kind"] == "precommand")
        assert (
            message.header.encode(data[slice(*message.header.content)])
            == (data[message.header.start : message.header.content[1]])
        ), row["file"]
        assert message.use_case is not None, row["file"]
        assert not message.failed, (row["file"], message.failed)
        for check in message.checks:
            if check.passed:
                counts[check.name.split()[0]] += 1
            else:  # keys between devices, and of a recovery party, are not public
                assert "no keys for" in check.reason or "no signing key" in check.reason
        assert not any("not in the table" in node.text for node in message.tree.walk())
        uncovered(message, len(data))
        json.dumps(message.to_json())
    assert len(ROWS) < 500 or counts["MAC"] >= 390 and counts["signature"] >= 241, counts
    assert counts["component"] and counts["protected"], counts


def test_decoded_rtds_responses_say_what_their_states_hold(rtds_ring):
    """rtds: the values of a response are those of the state it was made of."""
    compared = 0
    for row in ROWS:
        state_file = RTDS / "state" / f"{row['pair_id']}.json"
        if row["kind"] != "response" or not state_file.is_file():
            continue
        state = json.loads(state_file.read_text())
        message = decode(rtds_message(row), rtds_ring)
        compared += 1
        if message.protocol == "GBZ":
            attributes, commands = {}, []
            for frame in message.gbz.frames:
                for item in frame.attributes:
                    if item.status == 0:
                        cluster = attributes.setdefault(f"0x{frame.cluster:04X}", {})
                        value = {"type": f"0x{item.type:02X}", "value": item.value}
                        cluster[f"0x{item.id:04X}"] = value
                if frame.header.is_cluster_command:
                    commands.append((frame.name, frame.fields))
            assert attributes == state.get("zcl", {}), row["file"]
            held = [(item["name"], item["fields"]) for item in state.get("zcl_commands", [])]
            assert commands == held, row["file"]
        elif message.protocol == "DLMS":
            values = [
                item.to_json() for block in message.protected for item in block.value.items
            ] or [value.to_json() for value in message.dlms.data if value.type != "null-data"]
            assert values == [item["value"] for item in state.get("dlms", [])], row["file"]
    assert compared


def test_rtds_stamps_are_read_as_their_names_say(rtds_ring):
    """rtds: the four variants of the five stamped use cases."""
    expected = {
        "RELIABLE_GSME": ("GSME", "reliable"),
        "RELIABLE_GPF": ("GPF", "reliable"),
        "UNRELIABLE": ("GSME", "unreliable"),
        "ERROR": ("GSME", "reliable"),
    }
    seen = 0
    for row in ROWS:
        if row["kind"] != "response":
            continue
        kind = row["target_device_type"].split()[0]
        rtds_ring.set_device_type(bytes.fromhex(row["originator"]), kind)
        message = decode(rtds_message(row), rtds_ring)
        if message.stamp is None:
            assert row["date_time_len"] == "0" or not message.use_case.stamped
            continue
        variant = next(
            name
            for name in expected
            if name in row["file"].replace("UNRELIABLE_GSME", "UNRELIABLE")
        )
        assert (message.stamp.source, message.stamp.clock_status) == expected[variant], row["file"]
        assert not message.stamp.malformed
        seen += 1
    assert seen


def test_a_device_at_a_socket_answers_the_pairs_of_its_role():
    """Of a board or a device on the network one role is known only once it is asked."""
    pairs = [pair for pair in rtds.load_pairs(RTDS) if pair.role in ("gpf", "chf", "ppmid")]
    server = Server(ProcessTransport("gpf", "unix"))
    done = threading.Event()
    served = threading.Thread(target=server.run, args=(done.is_set,))
    served.start()
    try:
        at = f"127.0.0.1:{server.port}"
        outcomes = list(rtds.replay(pairs, at))
    finally:
        done.set()
        served.join()
        server.close()
    verdicts = {(o.pair.role, o.verdict) for o in outcomes}
    assert ("gpf", "exact") in verdicts and not any("differing" in v for v in verdicts)
    assert {o.detail for o in outcomes if o.pair.role == "chf"} == {f"{at} is no CHF"}


def test_a_port_that_is_not_there_is_no_traceback():
    """Exit status 2, and what is wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "host_tools", "rtds", "--rtds", str(RTDS), "--engine", "/dev/none"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and done.stdout == "", done.stdout
    assert done.stderr.startswith("smets rtds: ") and "no engine /dev/none" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
