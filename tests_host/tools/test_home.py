"""A home of device processes: virtual time, faults of the air, and what `smets run` ends with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from host_tools.bench import BenchClient, BenchError, ProcessTransport, Refusal, TcpTransport
from host_tools.bench import SerialTransport as PtyTransport
from host_tools.example import EUIS, START
from host_tools.gbcs.times import from_seconds_2000, iso, parse_iso, seconds_2000
from host_tools.han.hub import Hub
from host_tools.home import Home
from host_tools.serve import Server
from host_tools.show.stage import Stage
from host_tools.show.tenancy import start_home

SMETS = [sys.executable, "-m", "host_tools"]


def stage() -> Stage:
    """A stage that prints nothing."""
    return Stage(Console(quiet=True))


@pytest.mark.slow
def test_lossy_day_converges(tmp_path: Path) -> None:
    """spec: a day with 5 % of the frames lost and 5 % doubled; the seed is printed."""
    play = stage()
    hub = Hub(20221103, loss=0.05, duplicate=0.05)
    with Home(hub, seconds_2000(START), "unix") as home:
        start_home(play, home, tmp_path)
        home.advance(86400, step=120)
        date = iso(from_seconds_2000(home.now - 3600))
        params = {"restrictDataDateTime": date}
        assert play.exchange(home, "esme", "ECS12", params=params) is not None
        params = {"Implementation Date/Time": date}
        assert play.exchange(home, "gpf", "GCS09", params=params) is not None
        home.advance(86400 + 7200, step=120)
        print(hub.statistics)
        assert hub.statistics.lost and hub.statistics.duplicated
        for role in ("ihd", "ppmid"):
            summary = home.devices[role].control("QUERY")["summary"]
            for fuel in ("electricity", "gas"):
                row = summary[fuel]
                assert row["applied"] == date, (role, fuel, row)
                assert parse_iso(row["oldest"]) >= parse_iso(date), (role, fuel, row)


def test_power_cut_of_a_display(tmp_path: Path) -> None:
    """spec: a display process that is killed finds its history and its tenancy again."""
    play = stage()
    with Home(Hub(1), seconds_2000(START), "unix") as home:
        start_home(play, home, tmp_path)
        home.advance(86400, step=300)
        before = home.devices["ihd"].control("QUERY")["summary"]["gas"]["half_hours"]
        home.remove("ihd")
        state = {"device": "IHD", "device_eui": EUIS["ihd"]}
        device = home.add("ihd", EUIS["ihd"], state, store=str(tmp_path / "ihd"))
        assert device.control("QUERY")["summary"] == {"notices": []}
        for fuel, meter in (("electricity", "esme"), ("gas", "gpf")):
            device.control("SET", {"pair": {"fuel": fuel, "eui": EUIS[meter]}})
        home.advance(1200, step=60)
        after = device.control("QUERY")["summary"]["gas"]["half_hours"]
        assert after >= before > 40


def test_errors_of_the_link() -> None:
    """Bad lines and bad members get an error, change nothing, and leave the device alive."""
    with BenchClient(ProcessTransport("gpf", "unix")) as client:
        with pytest.raises(BenchError, match="no keys loaded"):
            client.respond(b"\x00")
        with pytest.raises(BenchError, match="unknown event"):
            client.control("NONSENSE")
        with pytest.raises(BenchError, match=r"state\.clock\.status"):
            client.control("STATE", {"clock": {"time": None, "status": "late"}})
        client.control("KEYS", stage().device_keys("gpf"))
        with pytest.raises(Refusal, match="malformed"):
            client.respond(b"\x00")
        assert client.control("QUERY")["refusals"] == {"malformed": 1}
        client.transport.send("hello")
        assert "LOG:ERROR" in client.transport.receive(5)


def test_device_that_is_gone() -> None:
    """The end of the process is told with what it printed last, not with a traceback of ours."""
    transport = ProcessTransport("gpf", "unix")
    transport.process.kill()
    transport.process.wait()
    with BenchClient(transport) as client, pytest.raises(BenchError, match="gone"):
        client.control("HELLO")
    with (
        pytest.raises(BenchError, match="no device role"),
        BenchClient(ProcessTransport("toaster", "unix")) as client,
    ):
        client.control("HELLO")


def test_serve_at_a_pty_and_over_tcp() -> None:
    """One device, a terminal and a socket at the same time; each gets its own answers."""
    server = Server(ProcessTransport("gpf", "unix"))
    try:
        talks: list[object] = []
        terminal = BenchClient(PtyTransport(server.pty))
        socket = BenchClient(TcpTransport(f"127.0.0.1:{server.port}"))
        for client in (terminal, socket):
            client.transport.send("CTRL:HELLO#7:0:")
        seen = iter(range(20))
        server.run(lambda: next(seen, None) is None)
        for client in (terminal, socket):
            talks.append(client.transport.receive(5))
        assert all("CTRL:OK#7" in str(line) and '"GPF"' in str(line) for line in talks)
        terminal.transport.close()
        socket.transport.close()
    finally:
        server.close()


@pytest.mark.slow
def test_run_shows_and_verifies(tmp_path: Path) -> None:
    """`smets run` verifies every answer and judges all devices; its last line counts that."""
    film = tmp_path / "day.gif"
    done = subprocess.run(
        [*SMETS, "run", "--out", str(tmp_path), "--record", str(film)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout and "\x1b" not in done.stdout
    assert 'isFromGSME="true"' in done.stdout and 'isFromGSME="false"' in done.stdout
    for role in ("esme", "gsme", "gpf", "ihd", "ppmid"):
        page = tmp_path / f"{role}.html"
        assert page.is_file() and page.name in done.stdout
    with Image.open(film) as picture:
        assert picture.format == "GIF" and getattr(picture, "n_frames", 1) > 100


def test_soak_finds_no_growth() -> None:
    """Memory in use is the same after a thousand commands (`make soak`: after 100,000)."""
    done = subprocess.run(
        [*SMETS, "soak", "--commands", "1000"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "900 answered, 100 refused" in " ".join(done.stdout.split())
