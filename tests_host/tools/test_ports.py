"""`--port auto`: the board among serial ports, by USB ids. What USB would say is made up."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from host_tools import cli, ports


@dataclass
class Port:
    """What pyserial tells of a port."""

    device: str
    vid: int | None = None
    pid: int | None = None
    description: str = "n/a"


PICO = Port("/dev/ttyACM0", 0x2E8A, 0x0005, "Board in FS mode")
C6 = Port("/dev/ttyACM1", 0x303A, 0x1001, "USB JTAG/serial debug unit")
XBEE = Port("/dev/ttyUSB0", 0x0403, 0x6001, "FT232R USB UART")
MODEM = Port("/dev/ttyACM9", 0x1234, 0x5678, "Some modem")
PLAIN = Port("/dev/ttyS0")


@pytest.mark.parametrize("others", [(), (PLAIN,), (XBEE, MODEM), (PLAIN, XBEE)])
@pytest.mark.parametrize("board", [PICO, C6])
def test_the_only_board_is_taken(board, others):
    assert ports.choose([*others, board]) == board.device
    assert ports.choose([board, *others]) == board.device


@pytest.mark.parametrize("found", [(), (PLAIN,)])
def test_no_board_is_an_error(found):
    with pytest.raises(ports.PortError, match="^no port with the USB ids of a board$"):
        ports.choose(found)


def test_what_is_no_board_is_listed():
    with pytest.raises(ports.PortError) as caught:
        ports.choose([XBEE, MODEM, PLAIN])
    assert "/dev/ttyUSB0 (FTDI bridge, as XBee adapters have it, 0403:6001)" in str(caught.value)
    assert "/dev/ttyACM9 (Some modem, 1234:5678)" in str(caught.value)
    assert "ttyS0" not in str(caught.value)


def test_several_boards_are_listed():
    with pytest.raises(ports.PortError) as caught:
        ports.choose([C6, XBEE, PICO])
    said = str(caught.value)
    assert said.startswith("several boards, name one: /dev/ttyACM0 (Raspberry Pi RP2040")
    assert "/dev/ttyACM1 (ESP32" in said and "ttyUSB0" not in said


LINES = (
    "bench --port auto",
    "conform --device gpf --engine auto",
    "doctor auto",
    "flash --board virtual --role gpf --port auto",
    "provision auto",
    "repl --port auto",
    "rtds --engine auto",
    "screen --port auto",
    "soak --engine auto",
    "voltage export --device auto",
)


@pytest.mark.parametrize("line", LINES)
def test_every_command_with_a_port_takes_auto(line, monkeypatch):
    """project: one place finds it; a board that is there is asked for by its path."""
    monkeypatch.setattr(ports, "connected", lambda: [XBEE])
    result = CliRunner().invoke(cli.build(), line.split())
    assert result.exit_code == 2
    assert "no port with the USB ids of a board; there are: /dev/ttyUSB0" in result.stderr


def test_the_port_that_is_found_is_used(monkeypatch):
    nowhere = Port("/dev/no-such-board", PICO.vid, PICO.pid)
    monkeypatch.setattr(ports, "connected", lambda: [XBEE, nowhere])
    result = CliRunner().invoke(cli.build(), ["screen", "--port", "auto"])
    assert result.stderr == "smets screen: /dev/no-such-board: there is no such port\n"


def test_the_ports_of_this_machine_can_be_read():
    for port in ports.connected():
        assert port.device
