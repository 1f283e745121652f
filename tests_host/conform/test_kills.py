"""Each check that can fail a device is killed by a planted fault: none passes whatever is done."""

import pytest
import test_black_box
import test_black_box_display
from cryptography.hazmat.primitives.asymmetric import ec
from tampering import LINES, Proxy, on_tcp, own, protected
from tampering import counter as another_counter
from tampering import honest as honest_line

from host_tools import fragments
from host_tools.bench import BenchClient, ProcessTransport, open_transport
from host_tools.conform.blackbox import BlackBox, Counters, Place
from host_tools.conform.credentials import DutFile
from host_tools.conform.faults import read_faults
from host_tools.conform.model import Evidence, Verdict, catalogue
from host_tools.conform.mutants import FAULTS
from host_tools.conform.verdicts import run
from host_tools.example import EUIS, GAS_STATE, ExampleHome
from host_tools.keys import Parties

READS = [entry for entry in catalogue() if entry.id.startswith("GBCS-read-")]
# Faults that tests plant in devices of other makers, and in devices in use.
PLANTED = (
    test_black_box.FAULTS,
    test_black_box.OWN_FAULTS,
    test_black_box.REAL_FAULTS,
    test_black_box_display.FAULTS,
)


def read_all(role, tmp_path, damage, claimed):
    """Verdicts of the reads of a role, on a device of ours behind a line that damages."""
    home = ExampleHome()
    eui = bytes.fromhex(EUIS[role])
    known = home.keys.parties().device(eui)
    parties = {party.id: party for party in home.keys.parties().parties}
    transport = ProcessTransport(role, "cpython", str(tmp_path))
    try:
        state = {"clock": {"time": "2022-11-01T10:10:00Z", "status": "reliable"}}
        state |= {} if role == "esme" else {"zcl": GAS_STATE}
        client = BenchClient(transport)
        owner = {"device": role.upper(), "device_eui": EUIS[role]}
        fragments.load(client.control, {**owner, **state}, home.device_keys(role))

        def secret(party):
            return parties[party].ka_private.exchange(ec.ECDH(), known.ka_public)

        with on_tcp(Proxy(own(transport), secret, damage)) as engine:
            place = Place(
                DutFile(role, eui, known.ka_public, known.ds_public),
                Parties(home.keys.parties().parties, (known,)),
                Counters(tmp_path / "counters.json", eui, 5000),
                claimed=claimed,
            )
            dut = BlackBox(role, lambda: open_transport(role, engine), place, 5.0)
            entries = [entry for entry in READS if role in entry.roles]
            try:
                return {result.check.id: result.verdict for result in run(entries, dut)}
            finally:
                dut.close()
    finally:
        transport.close()


@pytest.mark.parametrize("role", ["esme", "gsme", "gpf"])
def test_each_read_is_killed_by_a_line_that_damages_it(role, tmp_path):
    """With another counter where it is answered; where it is claimed and not answered besides."""
    honest = read_all(role, tmp_path, honest_line, None)
    assert Verdict.FAIL not in honest.values() and Verdict.PASS in honest.values()
    damaged = read_all(role, tmp_path, protected(another_counter), None)
    answered = {name for name, verdict in honest.items() if verdict is Verdict.PASS}
    assert {name for name in answered if damaged[name] is not Verdict.FAIL} == set()
    claimed = frozenset(entry.use_case for entry in READS)
    refused = read_all(role, tmp_path, LINES["refuses"][0], claimed)
    assert set(refused.values()) == {Verdict.FAIL}


def test_no_check_is_left_that_nothing_kills():
    """Seeded faults of `make mutants`, and those that the tests plant."""
    killed = {entry.id for entry in READS}  # by the test above
    for fault in read_faults(FAULTS):
        killed |= fault.caught
    for faults in PLANTED:
        killed = killed.union(*faults.values())
    judging = [e.id for e in catalogue() if e.evidence is not Evidence.PROJECT_CHOICE]
    alive = sorted(set(judging) - killed)
    assert alive == [], f"no mutant kills {', '.join(alive)}: add one to tests_host/mutants"
