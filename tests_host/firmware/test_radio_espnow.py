# engines: cpython unix
# The ESP-NOW driver on a model of MicroPython's module: channel, peers, buffers, its disorder.
import sys

import espnow_model
from testkit import raises, tmpdir

from smets.ports import link_frames, radio_espnow
from smets.zcl.han_frame import HanFrame

KEY = "404142434445464748494A4B4C4D4E4F"


class Module:
    """A module of the board."""


class Board:
    def __init__(self, number, **settings):
        self.eui = b"\x00" * 7 + bytes((number,))
        self.awake = True
        self.outbox = []
        self.got = []
        network, espnow = Module(), Module()
        network.STA_IF = 0
        self.wlan = espnow_model.WLAN(0)
        network.WLAN = lambda interface: self.wlan
        espnow.ESPNow = self._radio
        self.mac = b"\x02" + self.eui[3:]
        sys.modules["network"], sys.modules["espnow"] = network, espnow
        folder = tmpdir() + "/state/link"
        kept, radio_espnow.next_start = (
            radio_espnow.next_start,
            lambda: link_frames.next_start(folder),
        )
        try:
            settings = dict({"key": KEY}, **settings)
            self.link = radio_espnow.open_radio(settings, None)
        finally:
            radio_espnow.next_start = kept
            del sys.modules["network"], sys.modules["espnow"]

    def _radio(self):
        self.radio = espnow_model.ESPNow(self.wlan, self.mac)
        return self.radio

    def receive(self, frame):
        self.got.append(frame)

    def say(self, other, payload):
        self.outbox.append(HanFrame(self.eui, other.eui, 1, 2, 0x0702, payload))


def run(boards, ms):
    for _ in range(ms // 10):
        for board in boards:
            board.link.pump(board, 10)


def test_boards_on_one_channel():
    espnow_model.radios.clear()
    a, b, c, far = boards = [Board(1), Board(2), Board(3), Board(4, channel=11)]
    assert a.wlan.channel == 6 and a.radio.peers == [espnow_model.ALL]
    for other in (b, c, far):
        for number in range(10):
            a.say(other, bytes((number,)) * 20 * number)
            other.say(a, bytes((number,)))
    run(boards, 3000)
    for other in (b, c):
        assert [len(frame.payload) for frame in other.got] == [20 * n for n in range(10)]
    assert len(a.got) == 20 and far.got == []
    assert a.link.status()["joined"] and a.link.status()["line"]["frames"] > 0


def test_a_frame_that_is_too_long_for_a_message():
    espnow_model.radios.clear()
    a, b = boards = [Board(1), Board(2)]
    a.say(b, bytes(217))
    a.say(b, bytes(218))
    run(boards, 200)
    assert [len(frame.payload) for frame in b.got] == [217]
    assert a.link.status()["errors"] == {"too long": 1}


def test_full_buffers_and_disorder_lose_nothing():
    espnow_model.radios.clear()
    a, b = boards = [Board(1), Board(2)]
    a.radio.full = 3
    a.say(b, b"first")
    run(boards, 200)
    assert [frame.payload for frame in b.got] == [b"first"]
    assert a.link.status()["line"]["failed"] == 3
    for _ in range(30):
        a.say(b, bytes(200))
    run([a], 20)  # b does not look
    b.radio.disorder = True
    run(boards, 5000)
    assert len(b.got) == 31 and b.radio.peers == [espnow_model.ALL]
    assert a.link.status()["counts"]["given up"] == 0
    # A board that is away hears more than it has room for.
    for _ in range(12):
        a.say(b, bytes(200))
    run([a], 30000)
    run(boards, 10000)
    assert len(b.got) == 43


def test_settings_that_make_no_sense():
    for wrong in ({"channel": 0}, {"channel": 14}, {"key": "00"}, {"key": "x" * 32}):
        with raises(ValueError):
            Board(1, **wrong)
    with raises(KeyError):
        radio_espnow.open_radio({}, None)
