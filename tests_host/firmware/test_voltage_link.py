"""The measurement of a meter process, asked over the bench link as remote parties do."""

from contextlib import closing, contextmanager

import pytest
from host_home import ESME, HOME, OPERATOR, RING, SUPPLIER

from host_tools import fragments
from host_tools.bench import BenchClient, BenchError, ProcessTransport, Refusal
from host_tools.gbcs import gbt
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.message import decode
from host_tools.gbcs.times import parse_iso, seconds_2000
from host_tools.transports import HEAP

ENGINES = ("unix", "cpython")
START = "2026-06-01T00:10:00Z"
FIRST = seconds_2000(parse_iso("2026-06-01T00:30:00Z"))
ALL = {"from": 0, "to": 0xFFFFFFFF}
FULL = 4320


def setting(who, counter):
    """ECS29c of a party."""
    limits = {f"#{index}": 200 + index for index in range(3, 11)}
    return who.command("ECS29c", ESME, counter, {"#0": 207, "#1": 262, "#2": 600, **limits})


@contextmanager
def meter(engine, heap="288wk", store=None, voltage=None, state=None):
    """A client of a fresh process, its keys and clock set; alerts come to `client.alerts`."""
    transport = ProcessTransport("esme", engine, store, heap)
    client = BenchClient(transport, timeout=120)
    client.alerts = []
    client.on_alert = client.alerts.append
    with closing(transport):
        if voltage:
            client.control("SET", {"voltage": voltage})
        document = state or {"device": "ESME"}
        document["clock"] = {"time": START, "status": "reliable"}
        fragments.load(client.control, document, HOME.keys[ESME.hex().upper()])
        yield client


def full_logs(phases):
    """A state with a full log of each phase."""
    items = []
    for phase in range(phases):
        rows = [
            [FIRST - 1800 * (FULL - index), 200 + (index + phase) % 60] for index in range(FULL)
        ]
        value = {
            "type": "compact-array",
            "element_type": {"structure": ["double-long-unsigned"] * 2},
            "value": rows,
        }
        obis = f"1-0:{32 + 20 * phase}.24.0.255"
        items.append({"class": 7, "obis": obis, "attr": 2, "value": value})
    return {"device": "ESME", "dlms": items}


def ask(client, use_case, counter, who=OPERATOR, **params):
    """The verified response."""
    command = who.command(use_case, ESME, counter, params or None)
    return who.verify(client.respond(command), command)


@pytest.mark.parametrize("engine", ENGINES)
def test_f51_a_full_log_from_the_heap_of_a_board(engine):
    """spec: 34,692 octets; project-choice: 224 K words for code, log and answer together."""
    with meter(engine, "288wk", None, {"phases": 1}, full_logs(1)) as client:
        command = OPERATOR.command("ECS23", ESME, 1, ALL)
        whole = client.respond(command)
        assert len(whole) == 34692
        message = OPERATOR.verify(whole, command)
        assert len(message.dlms.data[4].value) == FULL
        client.link(gbt.LIMIT)
        assert client.respond(command) == whole
        client.link(0)
        client.control("ADVANCE", {"seconds": 86400})
        message = ask(client, "ECS23", 2, **ALL)
        rows = message.dlms.data[4].value
        assert len(rows) == FULL
        # One half hour is missing: that in which the meter was switched on.
        assert rows[-47:] == [[FIRST + 1800 * n, 230] for n in range(1, 48)]
        assert rows[-48][0] == FIRST - 1800


@pytest.mark.parametrize("engine", ENGINES)
def test_f51_three_full_logs(engine):
    """spec: 103,908 octets of ECS23b; the rows alone take 104 KB, hence a larger heap here."""
    with meter(engine, "400wk", None, {"phases": 3}, full_logs(3)) as client:
        command = OPERATOR.command("ECS23b", ESME, 1, ALL)
        whole = client.respond(command)
        assert len(whole) == 103908
        message = OPERATOR.verify(whole, command)
        for phase in range(3):
            rows = message.dlms.data[6 * phase + 4].value
            assert len(rows) == FULL and rows[0][1] == 200 + phase
        for block in (gbt.LIMIT, 64 if engine == "cpython" else 200):
            client.link(block)
            assert client.respond(command) == whole


@pytest.mark.parametrize("engine", ENGINES)
def test_alert_of_an_over_voltage(engine):
    """spec: a non-critical alert to the network operator, with the end of the period."""
    voltage = {"phases": 1, "waves": [{"mv": 256000}]}
    with meter(engine, voltage=voltage) as client:
        client.control("ADVANCE", {"seconds": 3000})
        codes = []
        for number, alert in enumerate(client.alerts, 1):
            message = decode(alert, RING)
            assert not message.failed and message.checks, "MAC"
            assert message.header.target == OPERATOR.id and message.header.cra == 3
            assert message.header.message_code == 0x1001 and message.header.counter == number
            codes.append(message.dlms.data[0].items[0].value)
        assert codes == [0x8024, 0x8002]
        stamp = decode(client.alerts[1], RING).dlms.data[0].items[1].value
        assert stamp == "07EA0601FF010000008000FF", "the end of the period"
        message = ask(client, "ECS35e", 5, **ALL)
        assert [row[1] for row in message.dlms.data[0].value] == codes


@pytest.mark.parametrize("engine", ENGINES)
def test_f63_roles_and_replay_over_a_restart(engine, tmp_path):
    """spec: operator accepted, supplier refused, a replay refused, also after a restart."""
    with meter(engine, HEAP, str(tmp_path), {"phases": 1}) as client:
        with pytest.raises(Refusal, match="role"):
            client.respond(setting(SUPPLIER, 7))
        first = setting(OPERATOR, 7)
        OPERATOR.verify(client.respond(first), first)
        with pytest.raises(Refusal, match="replay"):
            client.respond(first)
        client.control("ADVANCE", {"seconds": 1800 + 1200})
    with meter(engine, HEAP, str(tmp_path)) as client:
        with pytest.raises(Refusal, match="replay"):
            client.respond(first)
        second = setting(OPERATOR, 8)
        OPERATOR.verify(client.respond(second), second)
        data = ask(client, "ECS23", 9, **ALL).dlms.data
        assert data[4].value == [[FIRST + 600 * n, 230] for n in (1, 2, 3)], "the log is there"
        assert data[5].value == 600


@pytest.mark.parametrize("engine", ENGINES)
def test_inputs_that_are_wrong(engine):
    with meter(engine) as client:
        for voltage in ({"phases": 2}, {"waves": [{"volts": 1}]}, {"sampler": "none"}):
            with pytest.raises(BenchError, match="voltage.* is not|voltage.*unknown member"):
                client.control("SET", {"voltage": voltage})
        client.control("ADVANCE", {"seconds": 3000})
        assert client.control("QUERY")["summary"]["voltage"]["entries"] == [1, 1, 1]


def test_blocks_of_the_host():
    """spec: General-Block-Transfer, cut and joined by the host alone."""
    for size in (64, 128, 136, 263, 1200):
        for length in (0, 1, 55, 57, 58, 119, 120, 121, 5000):
            message = bytes(index * 11 & 0xFF for index in range(length))
            blocks = list(gbt.split(message, size))
            assert max(len(block) for block in blocks) <= size
            assert gbt.join(blocks) == message
            if len(blocks) > 1:
                for wrong in (blocks[1:], blocks[:-1], blocks + blocks[-1:], blocks[::-1]):
                    with pytest.raises(DecodeError):
                        gbt.join(wrong)
    with pytest.raises(ValueError):
        list(gbt.split(b"x", 7))
    assert gbt.acknowledged(bytes.fromhex("E0010000000500")) == 5
    assert gbt.acknowledged(bytes.fromhex("E0810001000000")) is None
