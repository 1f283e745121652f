"""The state of a device after the clock was set, the power cut, or the cable pulled."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta

import pytest
import supplier
from rig import Rig

from host_tools.bench import BenchClient, BenchError, Refusal
from host_tools.han.frame import Frame, from_octets, to_octets

TENANCY_TIME = "2027-03-01T00:00:00Z"
DEVICE_MANAGEMENT = 0x0708
# Numbers of lines that no client here gives: what is late for them is not for it.
OTHERS = 900_000


def query(client: BenchClient) -> datetime:
    """The device's time."""
    return datetime.fromisoformat(client.control("QUERY")["time"].replace("Z", "+00:00"))


def test_the_clock_is_set_and_stands_where_it_is_told_to(gpf: BenchClient) -> None:
    """Without a tick, time passes only when the bench says so."""
    gpf.control("CLOCK", {"time": "2028-02-29T23:59:59Z", "status": "unreliable"})
    assert gpf.control("QUERY")["clock_status"] == "unreliable"
    gpf.control("ADVANCE", {"seconds": 1})
    assert query(gpf).isoformat() == "2028-03-01T00:00:00+00:00"
    time.sleep(1.5)
    assert query(gpf).isoformat() == "2028-03-01T00:00:00+00:00"
    for bad in ({"time": "2026-02-29T00:00:00Z"}, {"time": 5}, {"status": "reliable", "x": 1}):
        with pytest.raises(BenchError):
            gpf.control("CLOCK", bad)
    assert query(gpf).isoformat() == "2028-03-01T00:00:00+00:00"


@pytest.mark.needs("time")
def test_the_clock_goes_by_itself(rig: Rig) -> None:
    """With a tick a device keeps real time, also while it works and is not asked."""
    rig.start("gpf", tick=True)
    with rig.client() as client:
        client.control("CLOCK", {"time": "2026-11-06T10:00:00Z"})
        began = time.monotonic()
        start = query(client)
        for pause in (2, 3):
            time.sleep(pause)
            passed = (query(client) - start).total_seconds()
            assert abs(passed - (time.monotonic() - began)) <= 1.5


@pytest.mark.needs("power")
def test_keys_state_and_counters_survive_a_power_cut(rig: Rig) -> None:
    """A gas meter comes back as it was loaded; only its clock does not know the time."""
    rig.start("gsme")
    with rig.client() as client:
        client.control("FORGET")
        supplier.load(client, "gsme")
        asked = supplier.command("gsme", 5, "GCS11")
        client.respond(asked)
    rig.reset()
    with rig.client() as client:
        status = client.control("QUERY")
        assert status["clock_status"] == "invalid"
        assert "time" not in status
        with pytest.raises(Refusal, match="replay"):
            client.respond(asked)
        with pytest.raises(Refusal, match="replay"):
            client.respond(supplier.command("gsme", 4, "GCS11"))
        client.respond(supplier.command("gsme", 6, "GCS11"))
        client.control("CLOCK", {"time": supplier.TIME, "status": "reliable"})
        asked = supplier.command("gsme", 7)
        assert client.respond(asked) == supplier.expected("gsme", asked)
        client.control("FORGET")
    rig.reset()
    with rig.client() as client, pytest.raises(BenchError, match="no keys"):
        client.respond(asked)


@pytest.mark.needs("power")
def test_a_gas_proxy_has_an_empty_mirror_after_a_power_cut(rig: Rig) -> None:
    """spec: no update since the restart, so the stamp is invalid and there is no value."""
    rig.start("gpf")
    with rig.client() as client:
        client.control("FORGET")
        supplier.load(client, "gpf")
        supplier.exchange(client, "gpf", 1)
    rig.reset()
    with rig.client() as client:
        asked = supplier.command("gpf", 2)
        message = supplier.SUPPLIER.verify(client.respond(asked), asked)
        assert message.stamp is not None
        assert message.stamp.clock_status == "invalid"


def tenancy_date(client: BenchClient) -> str:
    """The date of the change of tenancy that a display reads; empty for none."""
    frames: list[bytes] = []
    client.on_frame = frames.append
    asked = Frame(
        source=0x02534D45545300A4,
        destination=int(supplier.EUIS["gpf"], 16),
        source_endpoint=1,
        destination_endpoint=1,
        cluster=DEVICE_MANAGEMENT,
        payload=bytes.fromhex("0001000002"),  # Read Attributes of 0x0200
        aps_security=True,
    )
    client.frame(to_octets(asked))
    assert len(frames) == 1, "one answer"
    payload = from_octets(frames[0]).payload
    # Read Attributes Response: 0x0200, success, UTCTime.
    assert payload[1:7].hex() == "0101000200e2", payload.hex()
    seconds = int.from_bytes(payload[7:11], "little")
    date = datetime(2000, 1, 1) + timedelta(seconds=seconds)
    return "" if seconds == 0xFFFFFFFF else f"{date.isoformat()}Z"


@pytest.mark.needs("power")
def test_the_date_of_a_change_of_tenancy_survives_a_power_cut(rig: Rig) -> None:
    """As GCS09 set it; a display reads it before and after."""
    rig.start("gpf")
    date = {"Implementation Date/Time": TENANCY_TIME}
    with rig.client() as client:
        client.control("FORGET")
        supplier.load(client, "gpf")
        assert tenancy_date(client) == ""
        client.respond(supplier.command("gpf", 3, "GCS09", **date))
        assert tenancy_date(client) == TENANCY_TIME
    rig.reset()
    with rig.client() as client:
        assert tenancy_date(client) == TENANCY_TIME
        client.control("FORGET")
        client.control("KEYS", supplier.HOME.keys[supplier.EUIS["gpf"]])
        assert tenancy_date(client) == ""


@pytest.mark.needs("hands")
def test_the_cable_may_be_pulled_at_any_moment(
    rig: Rig, request: pytest.FixtureRequest, seed: int
) -> None:
    """A hundred times during exchanges: it answers again, and knows what it knew."""
    rig.start("gsme")
    draw = random.Random(seed)
    with rig.client() as client:
        client.control("FORGET")
        supplier.load(client, "gsme")
        client.control("LOG", {"clear": True})
    counter = 0
    pulls = request.config.getoption("--unplugs")
    boots = rig.hands.boots
    for pull in range(pulls):
        texts: list[bytes] = []
        for _ in range(draw.randrange(1, 5)):
            counter += 1
            asked = supplier.command("gsme", counter)
            texts.append(f"GBCS:DATA#{OTHERS + counter}:{len(asked)}:{asked.hex()}\n".encode())
        # The last command may be cut, and answers on their way are not awaited.
        texts[-1] = texts[-1][: draw.randrange(len(texts[-1]) + 1)]
        with rig.client() as client:
            client.transport._port.write(b"".join(texts))  # type: ignore[attr-defined]
            time.sleep(draw.choice((0, draw.uniform(0, 0.03))))
            rig.hands.unplug()
        time.sleep(draw.choice((0, draw.uniform(0, 0.03))))
        rig.hands.plug()
        counter += 1
        with rig.client(timeout=20) as client:
            asked = supplier.command("gsme", counter)
            try:
                answer = client.respond(asked)
            except BenchError:
                # Half a line of before and the first of now were one bad line.
                answer = client.respond(asked)
            if pull % 10 == 0:
                assert answer == supplier.expected("gsme", asked), f"pull {pull}"
            else:
                supplier.SUPPLIER.verify(answer, asked)
    with rig.client() as client:
        log = client.control("LOG")
        asked = supplier.command("gsme", counter + 1)
        assert client.respond(asked) == supplier.expected("gsme", asked), "state intact"
        memory = client.control("QUERY")["memory"]
    print(f"\ncable pulled {pulls} times, {counter} commands, seed {seed}, {memory} octets in use")
    assert log == {"restarts": 0, "log": []}
    assert rig.hands.boots == boots, "the board went on all the time"
