"""The catalogue and RTDS judge the devices on the emulated Pico: heap, stack, watchdog.

Of the displays a few checks: each purge overwrites all that is free of the flash.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import supplier

from host_tools import boards, flash, install, rtds
from host_tools.bench import BenchClient, SerialTransport
from host_tools.emulators import EmulatedPico
from host_tools.roles import RESPONDERS

NAME = "rpi_pico"
SMETS = Path(sys.executable).parent / "smets"
# Octets of the stack of 8,192 that may be in use: an interrupt and what it calls need some, too.
STACK = 7600
BEFORE, AFTER = "2026-11-06T00:00:00Z", "2027-11-06T00:00:00Z"
# Checks that the board passes at least, and which if not all.
ROLES = {
    "gsme": (30, ()),
    "gpf": (50, ()),
    "esme": (60, ()),
    "ihd": (3, ("SECMP0056-display-asks", "SECMP0056-display-clears", "SECMP0056-display-push")),
    "ppmid": (3, ("SECMP0056-display-clears", "GBCS-ppmid-results", "GBCS-ppmid-wakes")),
}


@pytest.fixture(scope="module")
def pico(board_of) -> EmulatedPico:
    """A Pico with our modules in its firmware, as fast as this machine can."""
    return board_of(NAME, pace="busy")


def play(pico: EmulatedPico, role: str) -> int:
    """Make it play a role; returns how often it has restarted."""
    board = boards.load(NAME)
    made = install.build(role, board, {"tick": False}, installed=True)
    assert flash.flash(pico.port, made, board).hello is not None
    pico.stack_used()
    return pico.resets


@pytest.mark.parametrize("role", ROLES)
def test_the_catalogue_passes_on_a_pico(pico: EmulatedPico, role: str, tmp_path: Path) -> None:
    """No check fails, nothing restarts, and the stack is not full."""
    resets = play(pico, role)
    most, only = ROLES[role]
    report = tmp_path / "report.json"
    command = [str(SMETS), "conform", "--device", role, "--engine", pico.port]
    command += [word for check in only for word in ("--only", check)]
    done = subprocess.run(
        [*command, "--json", str(report)], capture_output=True, text=True, timeout=900, check=False
    )
    assert report.exists(), done.stdout + done.stderr
    results = json.loads(report.read_text(encoding="utf-8"))["results"]
    verdicts = {result["id"]: result["verdict"] for result in results}
    failed = {check for check, verdict in verdicts.items() if verdict == "fail"}
    # The bench cannot cut this board's power.
    blocked = {result["text"] for result in results if result["verdict"] == "blocked"} - {
        "the device under test has no power control"
    }
    passed = sum(verdict == "pass" for verdict in verdicts.values())
    used = pico.stack_used()
    print(f"\n{role}: {passed} passed, {used} of 8192 octets of the stack used")
    assert not failed and not blocked and passed >= most, done.stdout
    assert pico.resets == resets, "no watchdog bit"
    assert used < STACK


@pytest.mark.needs_rtds
@pytest.mark.parametrize("role", RESPONDERS)
def test_rtds_is_answered_exactly_on_a_pico(pico: EmulatedPico, role: str) -> None:
    """As many pairs as on the Unix port, to the last octet, from a heap and a stack of a Pico."""
    folder = rtds.directory()
    assert folder is not None
    pairs = [pair for pair in rtds.load_pairs(folder) if pair.role == role]
    expected = Counter(outcome.verdict for outcome in rtds.replay(pairs, "unix"))
    resets = play(pico, role)
    outcomes = list(rtds.replay(pairs, pico.port))
    counted = Counter(outcome.verdict for outcome in outcomes)
    used = pico.stack_used()
    print(f"\n{role}: {dict(counted)}, {used} of 8192 octets of the stack used")
    differing = [f"{o.pair.name}: {o.detail}" for o in outcomes if o.verdict == "differing"]
    assert not differing, "\n".join(differing)
    assert counted == expected
    assert pico.resets == resets, "no watchdog bit"
    assert used < STACK


def test_a_full_voltage_log_is_read_from_a_pico(pico: EmulatedPico) -> None:
    """Ninety days: 4,320 entries of a phase on its flash, in one answer of 34,692 octets."""
    resets = play(pico, "esme")
    with BenchClient(SerialTransport(pico.port), timeout=300) as client:
        supplier.new_meter(client)
        for _ in range(91):
            client.control("ADVANCE", {"seconds": 86_400})
        assert client.control("QUERY")["summary"]["voltage"]["entries"] == [4320]
        asked = supplier.OPERATOR.command(
            "ECS23", bytes.fromhex(supplier.EUIS["esme"]), 1, {"from": BEFORE, "to": AFTER}
        )
        answer = client.respond(asked)
        message = supplier.OPERATOR.verify(answer, asked)
    rows = [value.value for value in message.dlms.data if value.type == "compact-array"][0]
    assert len(answer) == 34_692 and len(rows) == 4320
    assert all(later[0] - earlier[0] == 1800 for earlier, later in itertools.pairwise(rows))
    pico.power_off()
    pico.power_on()
    assert flash.hello(pico.port, restart=False)["device"] == "ESME"
    with BenchClient(SerialTransport(pico.port), timeout=60) as client:
        client.control("ADVANCE", {"seconds": 1})
        assert client.control("QUERY")["summary"]["voltage"]["entries"] == [4320]
    assert pico.resets == resets, "no watchdog bit"
    assert pico.stack_used() < STACK
