"""Which serial port has a board: `auto` in place of a port, by the board's USB ids."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import serial

__all__ = ["AUTO", "PortError", "PortInfo", "choose", "connected", "open_serial", "resolve", "why"]

AUTO = "auto"
# Seconds in which the lock of a port may go: a process that was started meanwhile has it for a
# moment, and what looks at each new port (ModemManager) for longer.
_LOCKED = 2.0

# USB vendor and product ids of boards that run MicroPython: its own in `mpconfigboard` and
# `shared/tinyusb` of MicroPython's sources, and Espressif's USB peripheral, which is in the chip.
BOARDS = {
    (0x2E8A, 0x0005): "Raspberry Pi RP2040 or RP2350",
    (0x303A, 0x1001): "ESP32-C3, -C6 or -S3 at its own USB",
    (0x303A, 0x4001): "ESP32-S2 or -S3",
    (0xF055, 0x9800): "pyboard",
    (0xF055, 0x9801): "pyboard",
    (0xF055, 0x9802): "pyboard",
}
# What is at the other end of these is not known from here. One may be a board (many an ESP32 is
# behind a bridge), another the adapter of an XBee module: `auto` takes none of them.
BRIDGES = {
    (0x0403, 0x6001): "FTDI bridge, as XBee adapters have it",
    (0x0403, 0x6015): "FTDI bridge, as XBee adapters have it",
    (0x10C4, 0xEA60): "CP210x bridge",
    (0x1A86, 0x7523): "CH340 bridge",
    (0x1A86, 0x55D4): "CH9102 bridge",
}


class PortError(ValueError):
    """No port has a board, or more than one has; the text lists them."""


class PortInfo(Protocol):
    """The part that is used of what pyserial tells of a port."""

    device: str
    vid: int | None
    pid: int | None
    description: str


def connected() -> list[PortInfo]:
    """The serial ports of this machine."""
    from serial.tools.list_ports import comports

    return list(comports())


def _what(port: PortInfo) -> str:
    if port.vid is None or port.pid is None:
        return f"{port.device} (not USB)"
    ids = (port.vid, port.pid)
    name = BOARDS.get(ids) or BRIDGES.get(ids) or port.description
    return f"{port.device} ({name}, {port.vid:04X}:{port.pid:04X})"


def choose(ports: Iterable[PortInfo]) -> str:
    """The port of the only board among these; PortError where there is none, or more than one."""
    found = sorted(ports, key=lambda port: port.device)
    boards = [port for port in found if (port.vid, port.pid) in BOARDS]
    if len(boards) == 1:
        return boards[0].device
    if boards:
        raise PortError(f"several boards, name one: {', '.join(map(_what, boards))}")
    others = [port for port in found if port.vid is not None]
    seen = f"; there are: {', '.join(map(_what, others))}" if others else ""
    raise PortError(f"no port with the USB ids of a board{seen}")


def resolve(port: str) -> str:
    """The port that is meant: `auto` is that of the only board; PortError as `choose`."""
    return choose(connected()) if port == AUTO else port


def open_serial(port: str, timeout: float, baud_rate: int = 115200) -> serial.Serial:
    """A port that no other program uses, `timeout` of its reads in seconds; SerialException."""
    import serial

    end = time.monotonic() + _LOCKED
    while True:
        try:
            return serial.Serial(port, baud_rate, timeout=timeout, exclusive=True)
        except serial.SerialException as error:
            if error.errno != errno.EAGAIN or time.monotonic() >= end:
                raise
            time.sleep(0.05)


def why(error: Exception) -> str:
    """What is wrong with a port, in words; pyserial puts the system's words into its own."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EAGAIN:  # of the lock
        return "another program uses it: smets doctor says which"
    return os.strerror(number) if number else str(error)
