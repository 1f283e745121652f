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
from host_tools.conform.checks import voltage
from host_tools.emulators import EmulatedPico

NAME = "rpi_pico"
SMETS = Path(sys.executable).parent / "smets"
# Octets of the stack of 8,192 that may be in use: an interrupt and what it calls need some, too.
STACK = 7600
# The roles with many pairs.
HEAVY = ("gpf", "gsme", "esme", "chf")
PERIOD = 30  # seconds of an entry: a day and a half fill the log
BEFORE, AFTER = "2026-11-06T00:00:00Z", "2027-11-06T00:00:00Z"
# Checks that the board passes at least, those of choices with them, and which if not all.
ROLES = {
    "gsme": (30, ()),
    "gpf": (50, ()),
    "esme": (60, ()),
    "ihd": (3, ("SECMP0056-display-asks", "SECMP0056-display-clears", "SECMP0056-display-push")),
    "ppmid": (3, ("SECMP0056-display-clears", "GBCS-ppmid-results", "GBCS-ppmid-wakes")),
}


@pytest.fixture(scope="module")
def pico(boards_of) -> EmulatedPico:
    """A Pico with our modules in its firmware, as fast as this machine can."""
    return boards_of(NAME, pace="busy")


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
    no_power = "the device under test has no power control"
    reasons = {result["text"] for result in results if result["verdict"] == "blocked"}
    blocked = {reason for reason in reasons if not reason.startswith(no_power)}
    passed = sum(verdict in ("pass", "observed") for verdict in verdicts.values())
    used = pico.stack_used()
    print(f"\n{role}: {passed} passed, {used} of 8192 octets of the stack used")
    assert not failed and not blocked and passed >= most, done.stdout
    assert pico.resets == resets, "no watchdog bit"
    assert used < STACK


@pytest.mark.needs_rtds
@pytest.mark.parametrize("role", HEAVY)
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


@pytest.mark.parametrize(
    ("phases", "setting", "reading", "octets"),
    [(1, "ECS29c", "ECS23", 34_692), (3, "ECS29d", "ECS23b", 103_908)],
    ids=["one phase", "three phases"],
)
def test_full_voltage_logs_are_read_from_a_pico(
    pico: EmulatedPico, phases: int, setting: str, reading: str, octets: int
) -> None:
    """All of 4,320 entries of each phase on its flash, 30 s each, in one answer: the largest."""
    resets = play(pico, "esme")
    eui = bytes.fromhex(supplier.EUIS["esme"])
    with BenchClient(SerialTransport(pico.port), timeout=300) as client:
        supplier.new_meter(client)
        client.control("SET", {"voltage": {"phases": phases}})
        asked = voltage.settings(PERIOD, phases=phases)
        client.respond(supplier.OPERATOR.command(setting, eui, 1, asked))
        for _ in range(38):
            client.control("ADVANCE", {"seconds": 3600})
        assert client.control("QUERY")["summary"]["voltage"]["entries"] == phases * [4320]
        command = supplier.OPERATOR.command(reading, eui, 2, {"from": BEFORE, "to": AFTER})
        answer = client.respond(command)
        message = supplier.OPERATOR.verify(answer, command)
    logs = [value.value for value in message.dlms.data if value.type == "compact-array"]
    assert len(answer) == octets and [len(rows) for rows in logs] == phases * [4320]
    for rows in logs:
        assert all(later[0] - earlier[0] == PERIOD for earlier, later in itertools.pairwise(rows))
    pico.power_off()
    pico.power_on()
    assert flash.hello(pico.port, restart=False)["device"] == "ESME"
    with BenchClient(SerialTransport(pico.port), timeout=60) as client:
        client.control("ADVANCE", {"seconds": 1})
        assert client.control("QUERY")["summary"]["voltage"]["entries"] == phases * [4320]
    assert pico.resets == resets, "no watchdog bit"
    assert pico.stack_used() < STACK
