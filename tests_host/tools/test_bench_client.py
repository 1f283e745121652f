"""The host's end of the bench link: what is on the line from before is not taken for an answer."""

from __future__ import annotations

import os
import threading
import tty

import pytest

from host_tools.bench import BenchClient, BenchError, SerialTransport


def test_an_answer_that_an_earlier_client_did_not_wait_for_is_not_taken() -> None:
    """A board that starts answers all that it was asked meanwhile, by whomever."""
    master, slave = os.openpty()
    tty.setraw(slave)
    port = os.ttyname(slave)
    heard: list[str] = []

    def answer() -> None:
        text = b""
        while text.count(b"\n") < 2:
            text += os.read(master, 4096)
        heard.extend(text.decode().split("\n")[:2])
        for number, line in enumerate(heard):
            mark = line.partition("#")[2].partition(":")[0]
            os.write(master, f'CTRL:OK#{mark}:12:{{"asked": {number}}}\n'.encode())

    device = threading.Thread(target=answer)
    with BenchClient(SerialTransport(port), timeout=0.05) as early, pytest.raises(BenchError):
        early.control("HELLO")
    device.start()
    with BenchClient(SerialTransport(port), timeout=5) as client:
        assert client.control("LOG") == {"asked": 1}
    device.join()
    os.close(master)
    os.close(slave)
    assert [line.partition("#")[0] for line in heard] == ["CTRL:HELLO", "CTRL:LOG"]
    numbers = {line.split("#")[1].split(":")[0] for line in heard}
    assert len(numbers) == 2 and all(len(number) <= 9 for number in numbers)
