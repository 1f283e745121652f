# engines: cpython unix
# The bus of a board: what it asks of its UART and pins, the driver of RS-485, and bad settings.
from link_wire import KEY, Line, Station, run, settle
from testkit import raises, tmpdir

from smets.ports import link_frames, radio_bus

TEXT = "404142434445464748494a4b4c4d4e4f"


class Machine:
    """What the driver takes of the module `machine`, on one wire; `log` has what happened."""

    def __init__(self, line):
        self.line = line
        self.log = log = []
        machine = self

        class Pin:
            OUT = 1

            def __init__(self, number, mode=None, value=None):
                self.number = number
                log.append(("pin", number, mode, value))

            def value(self, on):
                log.append(("drive", on))

        class UART:
            def __init__(self, number, **options):
                self.tap = Station(machine.line, 9).tap
                log.append(("uart", number, options))

            def readinto(self, buffer):
                return self.tap.readinto(buffer)

            def write(self, octets):
                log.append(("write", len(octets)))
                return self.tap.write(octets)

            def flush(self):
                log.append(("flush",))

        self.Pin = Pin
        self.UART = UART


def opened(machine, **settings):
    settings = dict({"key": TEXT, "pins": {"uart": 1, "tx": 4, "rx": 5}}, **settings)
    folder = tmpdir() + "/state/link"
    kept, radio_bus.next_start = radio_bus.next_start, lambda: link_frames.next_start(folder)
    try:
        return radio_bus.open_radio(settings, machine)
    finally:
        radio_bus.next_start = kept


def test_the_uart_is_opened_as_the_settings_say():
    machine = Machine(Line())
    opened(machine, baudrate=9600)
    pins = [entry[1] for entry in machine.log if entry[0] == "pin"]
    assert pins == [4, 5]
    number, options = machine.log[-1][1:]
    assert number == 1 and options["baudrate"] == 9600 and options["timeout"] == 0
    assert (options["tx"].number, options["rx"].number) == (4, 5)
    # The longest frame, all of it escaped, waits in neither direction.
    assert options["rxbuf"] >= 590 and options["txbuf"] >= 590


def test_the_driver_of_rs485_is_on_for_the_time_of_a_frame():
    line = Line()
    machine = Machine(line)
    link = opened(machine, pins={"uart": 1, "tx": 4, "rx": 5, "enable": 6})
    assert ("pin", 6, 1, 0) in machine.log, "off at the start: others may be speaking"
    other = Station(line, 1)
    board = Station(line, 2)
    line.taps.remove(board.tap)
    board.link = link
    board.say(other, b"\x01\x02")
    settle(line, [board, other])
    assert [frame.payload for frame in other.got] == [b"\x01\x02"]
    spoken = [entry[0] for entry in machine.log if entry[0] in ("drive", "write", "flush")]
    assert spoken == ["drive", "write", "flush", "drive"]
    assert [entry[1] for entry in machine.log if entry[0] == "drive"] == [1, 0]


def test_a_board_waits_until_nobody_speaks():
    line = Line()
    a, b, c = boards = [Station(line, number) for number in (1, 2, 3)]
    run(line, boards, 100)
    a.say(b, bytes(200))
    run(line, boards, 12)
    assert a.tap.leaving, "it speaks"
    c.say(b, b"later")
    for _ in range(5):
        c.link.pump(c, 0)
        assert not c.tap.leaving
        run(line, boards, 1)
    settle(line, boards)
    assert line.clashes == 0 and [len(frame.payload) for frame in b.got] == [200, 5]


def test_bad_settings():
    machine = Machine(Line())
    for key in (TEXT[2:], TEXT + "00", "zz" * 16, ""):
        with raises(ValueError):
            opened(machine, key=key)
    with raises(KeyError):
        radio_bus.open_radio({"pins": {"uart": 1}}, machine)
    with raises(KeyError):
        radio_bus.open_radio({"key": TEXT}, machine)
    assert opened(machine).status()["fault"] == ""
    assert link_frames.home_key({"key": TEXT}) == KEY
