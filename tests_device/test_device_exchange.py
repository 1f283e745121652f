"""Commands of a remote party to a board: answers octet by octet, and no memory lost."""

from __future__ import annotations

import pytest
import supplier
from rig import Rig

from host_tools.bench import BenchClient, BenchError, Refusal


@pytest.mark.rack
@pytest.mark.parametrize("use_case", ["GCS13a", "GCS14"])
def test_a_gas_proxy_answers_as_everywhere_else(gpf: BenchClient, use_case: str) -> None:
    """The octets are those of the same firmware on CPython, and genuine by the host's decoder."""
    supplier.load(gpf, "gpf")
    asked = supplier.command("gpf", 1, use_case)
    answer = gpf.respond(asked)
    message = supplier.SUPPLIER.verify(answer, asked)
    assert message.stamp is not None
    assert (message.stamp.is_from_gsme, message.stamp.clock_status) == (True, "reliable")
    assert answer == supplier.expected("gpf", asked)


def test_a_broken_command_gets_no_answer(gpf: BenchClient) -> None:
    """Any octet changed, any length: refused, counted, nothing else."""
    supplier.load(gpf, "gpf")
    asked = supplier.command("gpf", 1)
    before = gpf.control("QUERY")["refusals"]
    tries = 0
    for index in range(0, len(asked), 7):
        broken = bytearray(asked)
        broken[index] ^= 0x10
        for octets in (bytes(broken), asked[:index]):
            tries += 1
            with pytest.raises((Refusal, BenchError)):
                gpf.respond(octets)
    after = gpf.control("QUERY")["refusals"]
    assert sum(after.values()) - sum(before.values()) == tries
    assert gpf.respond(asked) == supplier.expected("gpf", asked)
    assert gpf.control("LOG") == {"restarts": 0, "log": []}


def test_memory_is_as_before_after_many_exchanges(
    rig: Rig, gpf: BenchClient, request: pytest.FixtureRequest
) -> None:
    """A thousand, with another counter each; --exchanges says how many on a slow board."""
    supplier.load(gpf, "gpf")
    # These commands fill the list of the last ones, and the event log of 100 rows.
    for counter in range(1, 121):
        supplier.exchange(gpf, "gpf", counter)
    first = gpf.control("QUERY")["memory"]
    count = request.config.getoption("--exchanges")
    for counter in range(200, 200 + count):
        supplier.exchange(gpf, "gpf", counter)
    query = gpf.control("QUERY")
    print(f"\n{rig.board.name}: {first} octets in use, {query['memory']} after {count} exchanges")
    assert query["answered"] == count + 120
    assert abs(query["memory"] - first) < 64 * rig.board.word
