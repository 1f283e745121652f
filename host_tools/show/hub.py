"""A home behind one hub: commands go through its tunnels, and wait for a gas meter."""

from __future__ import annotations

from host_tools.bench import BenchError
from host_tools.example import SEED
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.times import iso_2000
from host_tools.home import Home
from host_tools.remote import RemoteParty, ResponseError
from host_tools.show.gas import start_gas
from host_tools.show.stage import Stage
from host_tools.testkeys import HOME, make_home
from host_tools.wan import Wan

__all__ = ["play"]

# The hub of the example home: its keys follow from the same seed as those of the devices.
CHF = ("CHF", "02534D45545300A2")
_JOINED = ("gpf", "gsme", "esme")
_ASKED = (("esme", "ECS26b"), ("gpf", "GCS13a"), ("gsme", "GCS13a"), ("gsme", "GCS33"))
_HALF_HOUR = 1800


def play(stage: Stage) -> None:
    """A supplier asks three devices by way of their hub; the gas meter answers as it wakes."""
    stage.title("A home behind one hub")
    keys = make_home((*HOME, CHF), seed=SEED)
    supplier = RemoteParty(keys.parties(), "supplier")
    broker = RemoteParty(keys.parties(), "access_control_broker")
    with stage.home() as home:
        clock = {"time": iso_2000(home.now), "status": "reliable"}
        home.add("chf", CHF[1], {"device": "CHF", "clock": clock}, keys.keys[CHF[1]])
        start_gas(stage, home)
        esme = {"device": "ESME", "clock": clock}
        home.add("esme", home.euis["esme"], esme, stage.device_keys("esme"))
        wan = Wan(home)
        for counter, role in enumerate(_JOINED, 1):
            wan.join(role, broker, counter)
        home.advance(_HALF_HOUR)
        stage.say(f"{iso_2000(home.now)}  GPF, GSME and ESME have joined the hub.")
        for counter, (role, use_case) in enumerate(_ASKED, 1001):
            _ask(stage, home, wan, supplier, role, use_case, counter)


def _ask(  # noqa: PLR0913 - a command and its way
    stage: Stage,
    home: Home,
    wan: Wan,
    supplier: RemoteParty,
    role: str,
    use_case: str,
    counter: int,
) -> None:
    """Send a command by way of the hub, verify what comes back, and say how long it took."""
    command = supplier.command(use_case, bytes.fromhex(home.euis[role]), counter)
    before = home.now
    try:
        supplier.verify(wan.exchange(command, 2 * _HALF_HOUR), command)
    except (BenchError, DecodeError, ResponseError) as error:
        stage.check(False, f"{use_case} to {role.upper()} by way of the hub: {error}")
        return
    minutes = (home.now - before) // 60
    how = f"after {minutes} minutes, when it woke" if minutes else "at once"
    stage.check(True, f"{use_case} to {role.upper()} by way of the hub: answered {how}")
