# engines: cpython unix
# The SSD1306 driver against a model of the controller: commands, addressing, memory, failures.
import sys

from testkit import raises

from smets.ports.open_screen import open_screen
from smets.ports.screen import ScreenError
from smets.ports.screen_ssd1306 import Ssd1306
from smets.screen import canvas

# Parameter octets of the commands.
PARAMETERS = {0x20: 1, 0x21: 2, 0x22: 2, 0x81: 1, 0x8D: 1, 0xA8: 1}
PARAMETERS.update({0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1})
SIMPLE = (0xA0, 0xA1, 0xA4, 0xA5, 0xA6, 0xA7, 0xAE, 0xAF, 0xC0, 0xC8)


class Controller:
    """An SSD1306 on I2C: registers and 128 columns of 8 pages; `absent`: nothing acknowledges."""

    def __init__(self, address=0x3C):
        self.address = address
        self.absent = False
        self.transfers = 0
        self.power_up()

    def power_up(self):
        self.registers = {}
        self.on = False
        self.remapped = self.scanned_down = False
        self.start_line = 0
        self.columns, self.pages = (0, 127), (0, 7)
        self.column = self.page = 0
        # Random after power-up: a pattern that no picture has.
        self.memory = bytearray([(index * 37 + 11) & 0xFF for index in range(1024)])

    def writeto(self, address, octets):
        self.transfers += 1
        if self.absent or address != self.address:
            raise OSError(19)
        if octets[0] == 0x00:
            self.commands(octets[1:])
        else:
            assert octets[0] == 0x40, "control octet"
            self.pixels(octets[1:])

    def writevto(self, address, parts):
        self.writeto(address, b"".join([bytes(part) for part in parts]))

    def commands(self, octets):
        at = 0
        while at < len(octets):
            command = octets[at]
            count = PARAMETERS.get(command, 0)
            values = octets[at + 1 : at + 1 + count]
            assert len(values) == count, "%02X lacks parameters" % command
            at += 1 + count
            if command == 0x21:
                self.columns = (values[0], values[1])
                self.column = values[0]
            elif command == 0x22:
                self.pages = (values[0], values[1])
                self.page = values[0]
            elif 0x40 <= command <= 0x7F:
                self.start_line = command & 0x3F
            elif command in (0xAE, 0xAF):
                self.on = command == 0xAF
            elif command in (0xA0, 0xA1):
                self.remapped = command == 0xA1
            elif command in (0xC0, 0xC8):
                self.scanned_down = command == 0xC8
            else:
                assert command in PARAMETERS or command in SIMPLE, "command %02X" % command
                self.registers[command] = bytes(values)

    def pixels(self, octets):
        assert self.registers.get(0x20) == b"\x00", "horizontal addressing"
        for octet in octets:
            self.memory[self.page * 128 + self.column] = octet
            self.column += 1
            if self.column > self.columns[1]:
                self.column = self.columns[0]
                self.page = self.pages[0] if self.page == self.pages[1] else self.page + 1

    def glass(self, x, y):
        """Whether the pixel is lit that a person sees at (x, y), the connector above."""
        if not self.on or self.registers.get(0x8D) != b"\x14":
            return False
        assert self.registers[0xA8] == b"\x3f" and self.registers[0xD3] == b"\x00"
        assert self.registers[0xDA] == b"\x12", "alternative pins, as 128x64 panels are wired"
        # Segment 0 is on the right of this glass, row 0 at its bottom, unless remapped.
        column = x if self.remapped else 127 - x
        row = (y if self.scanned_down else 63 - y) + self.start_line & 63
        return bool(self.memory[(row >> 3) * 128 + column] >> (row & 7) & 1)


def _picture():
    picture = canvas.Canvas(128, 64, True)
    picture.rect(0, 0, 3, 2, canvas.WHITE)
    picture.rect(126, 0, 2, 1, canvas.WHITE)
    picture.rect(0, 63, 1, 1, canvas.WHITE)
    picture.frame(20, 10, 50, 33, canvas.WHITE)
    return picture


def _check(chip, picture):
    for y in range(64):
        for x in range(0, 128, 1 if sys.implementation.name == "cpython" else 3):
            lit = bool(picture.octets[(y >> 3) * 128 + x] >> (y & 7) & 1)
            assert chip.glass(x, y) == lit, (x, y)


def test_a_picture_is_shown_whole_in_its_orientation():
    """spec: SSD1306 command table; memory is filled before the panel is lit."""
    chip = Controller()
    panel = Ssd1306(chip)
    assert chip.transfers == 0, "set up when it is needed"
    picture = _picture()
    assert panel.show(picture)
    assert chip.memory == picture.octets
    _check(chip, picture)


def test_the_next_picture_takes_the_place_of_the_first():
    chip = Controller()
    panel = Ssd1306(chip)
    panel.show(_picture())
    before = chip.transfers
    picture = canvas.Canvas(128, 64, True)
    picture.rect(5, 5, 5, 5, canvas.WHITE)
    assert panel.show(picture)
    assert chip.memory == picture.octets
    assert chip.transfers - before == 16, "of each page one for the window, one for the pixels"


def test_a_panel_that_is_not_there_is_set_up_when_it_comes():
    chip = Controller()
    chip.absent = True
    panel = Ssd1306(chip)
    picture = _picture()
    assert not panel.show(picture) and not panel.show(picture)
    assert panel.failures == 2
    chip.absent = False
    assert panel.show(picture)
    _check(chip, picture)


def test_a_panel_that_lost_its_power_is_set_up_again():
    chip = Controller()
    panel = Ssd1306(chip)
    picture = _picture()
    assert panel.show(picture)
    chip.absent = True
    assert not panel.show(picture)
    chip.power_up()
    chip.absent = False
    assert panel.show(picture)
    _check(chip, picture)


def test_the_light_goes_off_and_stays_off():
    chip = Controller()
    panel = Ssd1306(chip)
    panel.show(_picture())
    panel.light(False)
    assert not chip.on
    chip.absent = True
    panel.light(False)
    chip.absent = False
    assert panel.show(_picture()) and not chip.on, "set up again, but dark"
    panel.light(True)
    assert chip.on


def test_a_canvas_of_another_panel_is_refused():
    with raises(ScreenError):
        Ssd1306(Controller()).show(canvas.Canvas(240, 135))


def test_a_board_names_its_screen():
    chip = Controller(0x3D)
    made = {}

    class Pin:
        def __init__(self, number):
            self.number = number

    def i2c(bus, **options):
        made["bus"] = bus
        made["pins"] = (options["scl"].number, options["sda"].number)
        return chip

    class Machine:
        pass

    machine = Machine()
    machine.I2C, machine.Pin = i2c, Pin
    saved = sys.modules.get("machine")
    sys.modules["machine"] = machine
    try:
        panel = open_screen(
            {
                "driver": "ssd1306",
                "pins": {"i2c": 1, "clock": 3, "data": 2, "address": 0x3D},
            }
        )
    finally:
        if saved is None:
            del sys.modules["machine"]
        else:
            sys.modules["machine"] = saved
    assert panel.show(_picture()) and made == {"bus": 1, "pins": (3, 2)}
