"""Two Picos, their real firmware under emulation, on one wire between their UARTs."""

from __future__ import annotations

import time
from typing import Any

from host_tools import boards, install
from host_tools.bench import BenchClient, SerialTransport
from host_tools.bus_line import BusLine
from host_tools.emulators import EmulatedPico
from host_tools.example import EUIS, GAS_STATE
from host_tools.raw_repl import RawRepl

NAME = "rpi_pico"
START = "2022-11-01T10:10:00Z"
FIRST = 4_567_890  # litres: the register of GAS_STATE
PATIENCE = 120.0  # seconds
STACK = 7600  # octets: what an ESME may take of 8,192


def put(pico: EmulatedPico, made: install.Install) -> None:
    """Write the two files of a board whose firmware is frozen, and restart it.

    Two chips that are never idle may be too slow for the patience of `smets flash`.
    """
    with RawRepl(pico.port) as repl:
        for path, octets in (*made.root.items(), ("device.json", made.files["device.json"])):
            repl.exec(f"with open({path!r}, 'wb') as file: file.write({octets!r})")
        repl.to_main()


def settle(clients: dict[str, BenchClient]) -> dict[str, dict[str, Any]]:
    """Wait until no frame is under way; what CTRL:RADIO of each tells."""
    deadline = time.monotonic() + PATIENCE
    while True:
        told = {role: client.control("RADIO") for role, client in clients.items()}
        if not any(each["waiting"] for each in told.values()):
            return told
        assert time.monotonic() < deadline, told


def test_a_gas_meter_reports_to_its_proxy_over_the_wire(board_of) -> None:
    """A third of the frames is lost; then the meter's power is cut, and it goes on."""
    data = boards.load(NAME)
    with BusLine(20221103, baudrate=115200, loss=0.3) as line:
        picos = {role: board_of(NAME, uart=line.attach(), pace="busy") for role in ("gpf", "gsme")}
        han = {"link": "bus", "key": "8D1F0C52A6B94E7733D0E1C2B4A59687"}

        clients = {}
        for role, pico in picos.items():
            put(pico, install.build(role, data, {"tick": False, "han": han}, installed=True))
            clients[role] = BenchClient(SerialTransport(pico.port), timeout=PATIENCE)
            assert clients[role].control("HELLO")["device"] == role.upper()
        for role, client in clients.items():
            clock = {"time": START, "status": "reliable"}
            state: dict[str, Any] = {"device": role.upper(), "device_eui": EUIS[role]}
            if role == "gsme":
                state["zcl"] = GAS_STATE
            client.control("STATE", {**state, "clock": clock})
        clients["gpf"].control("SET", {"gsme": EUIS["gsme"]})
        clients["gsme"].control("SET", {"gpf": EUIS["gpf"], "sends_time": True, "draw": 250})

        radios = settle(clients)
        for _ in range(4):
            for client in clients.values():
                client.advance(1800)
            radios = settle(clients)
        proxy = clients["gpf"].control("QUERY")["summary"]
        meter = clients["gsme"].control("QUERY")["summary"]
        # Of 250 in each half hour; the meter went on for ten minutes after its report at 12:00.
        assert proxy["register"] == FIRST + 250 * 110 // 30 and meter["register"] == FIRST + 1000
        assert proxy["updates"] == 4
        assert proxy["stamp"] == {
            "source": "GSME",
            "status": "reliable",
            "time": "2022-11-01T12:00:00Z",
        }
        meter_sent = radios["gsme"]["counts"]["delivered"]
        assert radios["gpf"]["counts"]["received"] == meter_sent >= 4 and line.lost
        assert radios["gsme"]["counts"]["repeats"], "with this seed frames of the meter are lost"

        clients["gsme"].transport.close()
        picos["gsme"].power_off()
        picos["gsme"].power_on()
        clients["gsme"] = BenchClient(SerialTransport(picos["gsme"].port), timeout=PATIENCE)
        clock = {"time": "2022-11-01T12:10:00Z", "status": "reliable"}
        clients["gsme"].control("CLOCK", clock)
        for _ in range(2):
            for client in clients.values():
                client.advance(1800)
            radios = settle(clients)
        proxy = clients["gpf"].control("QUERY")["summary"]
        assert proxy["updates"] > 4, (proxy, radios)
        assert radios["gpf"]["errors"] == {} and radios["gsme"]["errors"] == {}
        used = {role: pico.stack_used() for role, pico in picos.items()}
        print("octets of the stack:", used, "radio:", radios)
        assert max(used.values()) <= STACK, used
        for client in clients.values():
            client.transport.close()
