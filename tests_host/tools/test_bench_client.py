"""The host's end of the bench link: what is on the line from before is not taken for an answer."""

from __future__ import annotations

import json
import os
import sys
import threading
import tty
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

from host_tools.bench import DAY, BenchClient, BenchError, SerialTransport
from smets import devices
from smets.bench import BenchLink
from smets.ports.store import Store


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
    with BenchClient(SerialTransport(port), timeout=60) as client:
        assert client.control("LOG") == {"asked": 1}
    device.join()
    os.close(master)
    os.close(slave)
    assert [line.partition("#")[0] for line in heard] == ["CTRL:HELLO", "CTRL:LOG"]
    numbers = {line.split("#")[1].split(":")[0] for line in heard}
    assert len(numbers) == 2 and all(len(number) <= 9 for number in numbers)


class Spoken:
    """A device that answers every line at once, and the seconds that it was told of."""

    def __init__(self) -> None:
        self.seconds: list[int] = []

    def send(self, line: str) -> None:
        self.line = line

    def receive(self, timeout: float) -> str:
        head, _, body = self.line.partition("{")
        self.seconds.append(json.loads("{" + body)["seconds"])
        return f"CTRL:OK#{head.split('#')[1].split(':')[0]}:2:{{}}"

    def close(self) -> None:
        pass


@pytest.mark.parametrize("seconds", [0, 1, 86400, 86401, 10 * 86400, 31_622_401])
def test_a_long_time_passes_a_day_a_line(seconds: int) -> None:
    device = Spoken()
    BenchClient(device).advance(seconds)
    assert sum(device.seconds) == seconds and max(device.seconds) <= 86400
    assert len(device.seconds) == max(1, -(-seconds // 86400))


def test_the_longest_advance_is_a_bounded_amount_of_work(tmp_path: Path) -> None:
    """Of the role that has most to do; counted, as other work of a machine has no part in it."""
    answers: list[str] = []
    store = Store(str(tmp_path / "store"))
    bench = BenchLink(devices.build("esme", store), answers.append)

    def tell(verb: str, document: object) -> str:
        text = json.dumps(document)
        bench.line(f"CTRL:{verb}#1:{len(text)}:{text}")
        return answers.pop()

    assert "OK" in tell("CLOCK", {"time": "2026-01-31T23:50:00Z", "status": "reliable"})
    account = {"mode": "prepayment", "debt1": 5000, "rate1": 10, "period1": 3600}
    inputs = {"draw": 500, "voltage": {"phases": 3}, "prepayment": account}
    assert "OK" in tell("SET", inputs)
    calls = Counter[str]()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls["all"] += 1
            calls[frame.f_code.co_qualname] += 1

    before = tell("QUERY", {})
    sys.setprofile(count)
    answer = tell("ADVANCE", {"seconds": DAY})
    sys.setprofile(None)
    assert answer == "CTRL:OK#1:2:{}\n"
    assert "2026-02-01T23:50:00Z" in tell("QUERY", {}) and "2026-01-31T23:50:00Z" in before
    assert 48 <= calls["Store.put"] <= 48 * 5 and 5_000 < calls["all"] < 100_000
    assert "LOG:ERROR" in tell("ADVANCE", {"seconds": DAY + 1})
    for year in (2036, 2016):
        calls.clear()
        sys.setprofile(count)
        tell("CLOCK", {"time": f"{year}-02-01T23:50:00Z", "status": "reliable"})
        tell("ADVANCE", {"seconds": 3600})
        sys.setprofile(None)
        assert calls["all"] < 10_000, "years that a clock leaps over are not caught up with"
