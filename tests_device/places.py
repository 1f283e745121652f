"""A board that is a place of labgrid: its serial port, wherever it is, as one of this machine."""

from __future__ import annotations

import os
import select
import tty
from threading import Thread
from typing import Any

import serial

# Seconds for which labgrid may look for the board's port.
_FOUND = 30.0
_TURN = 0.1


class Bridge:
    """A pty that carries what a serial port on a network (RFC 2217) carries, until `close`."""

    def __init__(self, host: str, port: int) -> None:
        """USB ports and ptys may have no modem lines: no answer is awaited about them."""
        url = f"rfc2217://{host}:{port}?ign_set_control"
        self._remote = serial.serial_for_url(url, baudrate=115200, timeout=_TURN)
        # The slave stays open here, so that the pty outlives each of its users.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._ended = False
        self._threads = [Thread(target=each, daemon=True) for each in (self._out, self._back)]
        for thread in self._threads:
            thread.start()

    def _out(self) -> None:
        while not self._ended:
            if select.select([self._master], [], [], _TURN)[0]:
                self._remote.write(os.read(self._master, 4096))

    def _back(self) -> None:
        while not self._ended:
            octets = self._remote.read(1)
            if octets:
                os.write(self._master, octets + self._remote.read(self._remote.in_waiting))

    def close(self) -> None:
        """Give the port back."""
        self._ended = True
        for thread in self._threads:
            thread.join()
        self._remote.close()
        os.close(self._master)
        os.close(self._slave)


def bridge(environment: Any, place: str) -> Bridge:
    """The port of a target of labgrid's environment, whose place is acquired."""
    target = environment.get_target(place)
    resource = target.get_resource("NetworkSerialPort")
    target.await_resources([resource], timeout=_FOUND)
    return Bridge(resource.host, resource.port)
