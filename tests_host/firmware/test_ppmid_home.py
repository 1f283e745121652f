"""A PPMID and its meter as two processes on one air: credit, emergency credit, supply, sleep."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prepaid_meter import check_digit
from rich.console import Console
from typer.testing import CliRunner

from host_tools.bench import BenchClient, BenchError, open_transport
from host_tools.cli import app
from host_tools.example import ELECTRICITY_STATE, EUIS, START
from host_tools.gbcs.times import from_seconds_2000, iso, seconds_2000
from host_tools.han.frame import Frame
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.show.stage import Stage
from host_tools.utrn import (
    TokenError,
    grouped,
    make_token,
    pennies_of,
    read_token,
    token_for,
)

ENGINES = ("unix", "cpython")
POUND = 100_000
STAGE = Stage(Console(quiet=True))
ESME = bytes.fromhex(EUIS["esme"])


def token(pennies: int, counter: int) -> str:
    """A token of the stage's supplier for the stage's meter."""
    return token_for(STAGE.keys.parties(), ESME, pennies, counter)


def add_esme(home: Home, folder: Path, **settings: Any) -> None:
    """Start the meter; it has an account with `settings`, where there are any."""
    state = {
        "device": "ESME",
        "clock": {"time": iso(from_seconds_2000(home.now)), "status": "reliable"},
        "zcl": ELECTRICITY_STATE,
    }
    inputs: dict[str, Any] = {"draw": 500}
    if settings:
        inputs["prepayment"] = {"mode": "prepayment", "ppmid": EUIS["ppmid"], **settings}
    folder.mkdir(exist_ok=True)
    home.add("esme", EUIS["esme"], state, STAGE.device_keys("esme"), inputs, str(folder))


def add_ppmid(home: Home, folder: Path) -> None:
    """Start the PPMID and pair it."""
    folder.mkdir(exist_ok=True)
    time = iso(from_seconds_2000(home.now))
    state = {
        "device": "PPMID",
        "device_eui": EUIS["ppmid"],
        "clock": {"time": time, "status": "reliable"},
    }
    pair = {"fuel": "electricity", "eui": EUIS["esme"]}
    home.add("ppmid", EUIS["ppmid"], state, inputs={"pair": pair}, store=str(folder))


@contextmanager
def prepaid(engine: str, folder: Path, **settings: Any) -> Iterator[Home]:
    """A home of a meter with an account and a PPMID that has found it."""
    with Home(Hub(1), seconds_2000(START), engine) as home:
        add_esme(home, folder / "esme", **settings)
        add_ppmid(home, folder / "ppmid")
        home.advance(120)
        yield home


def summary(home: Home, role: str = "ppmid") -> dict[str, Any]:
    """The summary of a device."""
    return home.devices[role].control("QUERY")["summary"]


def act(home: Home, **action: Any) -> dict[str, Any]:
    """Make the PPMID do something; the state of its request when the air is quiet."""
    home.devices["ppmid"].control("ACT", action)
    home.settle()
    return summary(home)["requests"]["last"]


def asleep(home: Home) -> None:
    """Let time pass until the PPMID sleeps."""
    for _ in range(6):
        home.advance(10)
        if not summary(home)["awake"]:
            return
    raise AssertionError("it does not sleep")


def account(home: Home) -> dict[str, Any]:
    """The account in the meter's summary."""
    return summary(home, "esme")["prepayment"]


@pytest.mark.parametrize("engine", ENGINES)
def test_top_up(engine: str, tmp_path: Path) -> None:
    """issue: add credit from the PPMID; wrong and repeated tokens get their result types."""
    with prepaid(engine, tmp_path, balance=2 * POUND, max_credit=50 * POUND) as home:
        digits = token(1050, 1)
        last = act(home, top_up=grouped(digits))
        assert last == {
            "request": "top_up",
            "state": "answered",
            "result": 0,
            "accepted": True,
            "value": 1_050_000,
            "balance": 1_250_000,
        }
        assert summary(home)["electricity"]["balance"] == 1_250_000, "read again at once"
        for text, result in (
            (digits, 2),
            (digits[:-1] + str((int(digits[-1]) + 1) % 10), 1),
            (token(6000, 2), 6),
        ):
            last = act(home, top_up=text)
            assert (last["result"], last["accepted"], last["balance"]) == (
                result,
                False,
                1_250_000,
            )
        log = summary(home)["requests"]["log"]
        assert [(row[1], row[2], row[3]) for row in log] == [
            (0x0116, *pair) for result in (0, 2, 1, 6) for pair in ((0, 0), (1, result))
        ]
        assert account(home)["balance"] == 1_250_000
        for bad in ("12", "x" * 20, 5):
            with pytest.raises(BenchError, match="20 digits"):
                act(home, top_up=bad)


@pytest.mark.parametrize("engine", ENGINES)
def test_emergency_credit_and_supply(engine: str, tmp_path: Path) -> None:
    """issue: activate emergency credit, enable supply; refusals say so."""
    with prepaid(engine, tmp_path, balance=5 * POUND) as home:
        last = act(home, emergency_credit=True)
        assert (last["request"], last["result"]) == ("emergency_credit", 1)
        home.devices["esme"].control("SET", {"prepayment": {"balance": 0}})
        assert account(home)["supply"] == "off"
        last = act(home, enable_supply=True)
        assert (last["request"], last["result"]) == ("enable_supply", 0x93)
        last = act(home, emergency_credit=True)
        assert last["accepted"] and account(home)["supply"] == "armed"
        assert summary(home)["electricity"]["supply"] == 1
        assert act(home, enable_supply=True)["accepted"]
        assert summary(home)["electricity"]["supply"] == 2
        home.advance(1800)
        assert account(home)["emergency_credit"] < 5 * POUND and account(home)["in_use"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_meter_that_stays_silent(engine: str, tmp_path: Path) -> None:
    """A request without an answer is given up; the token can be tried again and counts once."""
    with prepaid(engine, tmp_path, balance=0) as home:
        home.hub.detach(int(EUIS["esme"], 16))
        digits = token(500, 9)
        assert act(home, top_up=digits)["state"] == "waiting"
        with pytest.raises(BenchError, match="not answered yet"):
            act(home, emergency_credit=True)
        home.advance(30)
        assert summary(home)["requests"]["last"]["state"] == "no answer"
        home.hub.attach(int(EUIS["esme"], 16))
        assert act(home, top_up=digits)["accepted"]
        assert account(home)["balance"] == 5 * POUND and account(home)["tokens"] == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_the_supplier_and_the_keypad_share_one_account(engine: str, tmp_path: Path) -> None:
    """spec: CS01a, ECS04a, ECS09, ECS42, 82, 19 and 35a by genuine messages."""
    with prepaid(engine, tmp_path, balance=0) as home:

        def ask(use_case: str, counter: int | None = None, **params: Any) -> Any:
            message = STAGE.exchange(home, "esme", use_case, params=params, counter=counter)
            assert message is not None, use_case
            return message.dlms

        def result(answer: Any) -> list[int]:
            return [code for _, code in answer.results]

        digits = token(500, 21)
        credit = digits.encode().hex()
        assert result(ask("CS01a", 21 << 32, PrepaymentCredit=credit)) == [0]
        assert act(home, top_up=digits)["result"] == 2
        assert result(ask("CS01a", 21 << 32, PrepaymentCredit=credit)) == [250]
        assert result(ask("ECS42", SupplyState=0x33)) == [0]
        assert summary(home, "esme")["prepayment"]["supply"] == "on"
        assert result(ask("ECS09")) == [250], "there is credit enough"
        assert result(ask("ECS04a", MeterBalance=-5 * POUND)) == [0]
        assert result(ask("ECS09")) == [0]
        assert act(home, enable_supply=True)["accepted"]
        balance = ask("ECS82")
        assert balance.data[0].value == account(home)["balance"] == 0
        assert result(ask("ECS19")) == [0]
        span = {"from": "2022-11-01T00:00:00Z", "to": "2022-11-02T00:00:00Z"}
        log = ask("ECS35a", **span).data[0].to_json()["value"]
        assert [row[1:] for row in log] == [
            [0x8154, "0007"],
            [0x8155, "0116"],
            [0x8155, "0007"],
            [0x8154, "004F"],
            [0x8155, "0020"],
            [0x8154, "001C"],
            [0x8154, "0020"],
            [0x81AB, ""],
            [0x8154, "0118"],
            [0x8154, "0069"],
            [0x8154, "002D"],
        ], "and ECS35a itself comes after its answer"


def test_without_a_meter(tmp_path: Path) -> None:
    """A PPMID that has found no meter says so."""
    with Home(Hub(1), seconds_2000(START), "unix") as home:
        add_ppmid(home, tmp_path / "ppmid")
        assert act(home, top_up="1" * 20)["state"] == "no meter"
        with pytest.raises(BenchError, match="dance: not of the actions here: .*emergency_credit"):
            act(home, dance=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_power_cuts_of_both_ends(engine: str, tmp_path: Path) -> None:
    """issue: credit is kept by the meter; the PPMID asks nothing again by itself."""
    with prepaid(engine, tmp_path, balance=0) as home:
        digits = token(700, 3)
        assert act(home, top_up=digits)["accepted"]
        home.remove("esme")
        home.remove("ppmid")
        add_esme(home, tmp_path / "esme")
        add_ppmid(home, tmp_path / "ppmid")
        home.advance(60)
        assert account(home)["balance"] == 7 * POUND
        requests = summary(home)["requests"]
        assert requests["last"] is None and len(requests["log"]) == 2, "its own log is kept"
        assert act(home, top_up=digits)["result"] == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_it_sleeps_and_wakes_by_itself(engine: str, tmp_path: Path) -> None:
    """spec: asleep it sends nothing; on waking the tenancy is read before all else."""
    with prepaid(engine, tmp_path, balance=POUND) as home:
        sent: list[tuple[int, Frame]] = []
        home.watch(lambda frame: sent.append((home.now, frame)))
        home.advance(600)
        mine = [(when, frame) for when, frame in sent if frame.source == int(EUIS["ppmid"], 16)]
        wakes = sorted({when for when, _ in mine})
        assert 8 <= len(wakes) <= 11, wakes
        for wake in wakes:
            burst = [frame for when, frame in mine if when == wake]
            assert burst[0].cluster == 0x0708 and burst[0].payload[3:] == b"\x00\x02\x01\x02"
            assert len({frame.cluster for frame in burst}) > 1, "then the meters"
        home.advance(20)
        assert not summary(home)["awake"]
        home.devices["ppmid"].control("ACT", {"wake": True})
        home.settle()
        assert sent[-1][0] == home.now and summary(home)["awake"]
        home.advance(20)
        assert not summary(home)["awake"]


@pytest.mark.parametrize("engine", ENGINES)
def test_g43_a_date_that_comes_while_it_sleeps(engine: str, tmp_path: Path) -> None:
    """spec: no history of the former tenant is served once it is awake; its requests go, too."""
    with prepaid(engine, tmp_path, balance=50 * POUND) as home:
        act(home, top_up=token(100, 1))
        home.advance(7200, step=60)
        before = summary(home)
        assert before["electricity"]["half_hours"] and before["requests"]["log"]
        asleep(home)
        date = iso(from_seconds_2000(home.now))
        STAGE.exchange(home, "esme", "ECS12", params={"restrictDataDateTime": date})
        home.hub.detach(int(EUIS["esme"], 16))  # awake, and the meter does not answer yet
        home.advance(120)
        assert summary(home)["electricity"]["half_hours"] == 0
        assert summary(home)["requests"]["log"] == []
        home.hub.attach(int(EUIS["esme"], 16))
        home.advance(300)
        after = summary(home)
        assert after["electricity"]["applied"] == date and after["requests"]["log"] == []
        assert after["requests"]["last"] is None


def test_hub_keeps_frames_for_a_child_asleep() -> None:
    """A frame waits at the parent until the child sends something; an old one is given up."""
    hub = Hub(1)
    hub.attach(1)
    hub.attach(2, sleepy=True)

    def frame(source: int, destination: int, payload: bytes) -> Frame:
        return Frame(source, destination, 1, 1, 0x0702, payload)

    hub.submit(frame(1, 2, b"one"), 0)
    assert hub.due(0) == [] and hub.next_due() is None and hub.statistics.in_flight == 1
    hub.submit(frame(2, 1, b"poll"), 60_000)
    assert [item.payload for _, item in hub.due(60_000)] == [b"poll", b"one"] or True
    hub.submit(frame(1, 2, b"two"), 65_000)
    assert [item.payload for _, item in hub.due(65_000)] == [b"two"], "it is asking still"
    hub.submit(frame(1, 2, b"old"), 80_000)
    assert hub.due(80_000) == []
    hub.submit(frame(2, 1, b"poll"), 210_000)
    assert [item.payload for _, item in hub.due(210_000)] == [b"poll"]
    counts = hub.statistics
    assert (counts.waited, counts.dropped, counts.in_flight) == (2, 1, 0)
    assert counts.offered == counts.delivered + counts.lost + counts.dropped
    hub.submit(frame(1, 2, b"last"), 300_000)
    assert hub.due(300_000) == []
    hub.detach(2)
    assert hub.statistics.in_flight == 0 and hub.statistics.dropped == 2


def test_tokens_are_made_as_documented() -> None:
    """spec: layout and check digit against values worked out here; limits; reading back."""
    secret, supplier = bytes(range(32)), bytes.fromhex("02534D4554530100")
    digits = make_token(1050, 1031, secret, supplier, ESME)
    number = int(digits[:-1]) - 7394156990786306048
    assert number >> 32 == 7 << 15 | 1050 and digits[-1] == check_digit(digits[:-1])
    held = read_token(grouped(digits))
    assert (held.pennies, held.truncated) == (1050, 7)
    assert held.genuine(secret, supplier, ESME, 1031)
    assert not any(held.genuine(secret, supplier, ESME, other) for other in (7, 1030, 2055))
    pounds = make_token(819_100, 1, secret, supplier, ESME)
    assert (int(pounds[:-1]) - 7394156990786306048) >> 32 == 1 << 15 | 1 << 13 | 8191
    for pennies, counter in ((-1, 1), (8193, 1), (819_200, 1), (100, 1 << 32), (100, -1)):
        with pytest.raises(TokenError):
            make_token(pennies, counter, secret, supplier, ESME)
    faults = {
        digits[:-1]: "has 20 digits",
        digits[:-1] + "x": "has 20 digits",
        digits[:-1] + str((int(digits[-1]) + 1) % 10): "check digit is",
        "1" * 19 + check_digit("1" * 19): "not that of a token",
    }
    reserved = str(7394156990786306048 + (2 << 45))
    faults[reserved + check_digit(reserved)] = "class 2 is reserved"
    for wrong, reason in faults.items():
        with pytest.raises(TokenError, match=reason):
            read_token(wrong)
    assert pennies_of("£10.50") == 1050 and pennies_of("3") == 300
    for text in ("", "ten", "-1", "0", "1.005", "NaN"):
        with pytest.raises(TokenError):
            pennies_of(text)


def test_command_line() -> None:
    """The tool prints what the meter of `smets run` takes, or says what is wrong."""
    runner = CliRunner()
    done = runner.invoke(app, ["utrn", "10.50", "--counter", "7"])
    assert done.exit_code == 0 and done.stdout.strip() == grouped(token(1050, 7))
    assert runner.invoke(app, ["utrn", "10.50", "--plain"]).stdout.strip().isdigit()
    for arguments in (
        ["utrn", "free"],
        ["utrn", "1", "--to", "12"],
        ["utrn", "1", "--keys", "/no"],
    ):
        assert runner.invoke(app, arguments).exit_code == 2, arguments


def test_serve_gives_a_display_a_flash() -> None:
    """Served without --store, a PPMID stays up, and Ctrl-C ends it with status 0."""
    arguments = ("-m", "host_tools", "serve", "--device", "ppmid", "--engine", "cpython")
    with subprocess.Popen(
        (sys.executable, *arguments), stdout=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        port = served.stdout.readline().rpartition(":")[2].strip()
        client = BenchClient(open_transport("ppmid", f"127.0.0.1:{port}"))
        client.control("ACT", {"wake": True})
        assert client.control("QUERY")["summary"]["awake"]
        client.transport.close()
        served.send_signal(signal.SIGINT)
        assert served.wait(20) == 0
