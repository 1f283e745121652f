# engines: cpython unix
# The ST7789 driver against a model of the controller: commands, timing, memory, orientation.
import sys
from array import array

from testkit import raises

from smets.ports.open_screen import open_screen
from smets.ports.screen import Screen, ScreenError
from smets.ports.screen_st7789 import St7789
from smets.screen import canvas

PINS = {"spi": 0, "clock": 10, "data": 11, "select": 9, "command": 8, "reset": 12, "light": 21}
# How many parameter octets the commands take that are known to the model.
PARAMETERS = {0x01: 0, 0x11: 0, 0x13: 0, 0x21: 0, 0x29: 0, 0x2A: 4, 0x2B: 4, 0x36: 1, 0x3A: 1}
MY, MX, MV = 0x80, 0x40, 0x20


class Controller:
    """An ST7789V: 240 columns of 320 rows of 16-bit colours, of which the glass shows a part.

    `memory` is what the glass shows, columns 52 to 186 and rows 40 to 279; nothing may be written
    beside it. `glass` reads it as a person sees it whose panel has its connector on the left.
    """

    def __init__(self):
        # Random at power-up: a colour that the palette does not have.
        self.memory = [array("H", b"\x12" * (2 * 240)) for _ in range(135)]
        self.now = 0  # ms
        self.log = []
        self.reset_level = self.select_level = self.command_level = 1
        self.lit = None
        self.after_power_up()
        self.ready_at = None  # commands wait for a reset first

    def after_power_up(self):
        self.awake = self.on = self.inverted = False
        self.madctl = 0
        self.colmod = 0x66
        self.columns = (0, 239)
        self.rows = (0, 319)
        self.command = None
        self.parameters = []
        self.ready_at = self.now + 5
        self.sleep_out_at = self.now + 120

    # --- Pins and bus ---

    def sleep_ms(self, ms):
        self.now += ms

    def reset(self, level):
        if level and not self.reset_level:
            self.after_power_up()
        self.reset_level = level

    def select(self, level):
        self.select_level = level

    def data_command(self, level):
        self.command_level = level

    def light(self, level):
        self.lit = level

    def write(self, octets):
        assert not self.select_level, "not selected"
        assert self.ready_at is not None, "no reset yet"
        assert self.now >= self.ready_at, "too soon after a reset or the end of sleep"
        if not self.command_level:
            assert len(octets) == 1
            self.begin(octets[0])
        elif self.command == 0x2C:
            self.pixels(octets)
        else:
            self.parameters.extend(octets)
            if len(self.parameters) == PARAMETERS[self.command]:
                self.execute()

    # --- Commands ---

    def begin(self, command):
        assert not self.parameters, "%02X lacks parameters" % self.command
        self.command = command
        self.log.append(command)
        if command == 0x01:
            self.after_power_up()
            self.command = command
        elif command == 0x11:
            assert self.now >= self.sleep_out_at, "SLPOUT within 120 ms of a reset"
            self.awake = True
            self.ready_at = self.now + 5
            self.settled_at = self.now + 120
        elif command == 0x21:
            self.inverted = True
        elif command == 0x29:
            assert self.awake and self.now >= self.settled_at, "lit before it has woken"
            self.on = True
        elif command == 0x2C:
            self.at = (self.columns[0], self.rows[0])
            self.half = b""
        else:
            assert command in PARAMETERS, "unknown command %02X" % command

    def execute(self):
        values = self.parameters
        self.parameters = []
        if self.command == 0x36:
            self.madctl = values[0]
        elif self.command == 0x3A:
            self.colmod = values[0]
        else:
            first, last = values[0] << 8 | values[1], values[2] << 8 | values[3]
            most = 319 if (self.command == 0x2A) == bool(self.madctl & MV) else 239
            assert first <= last <= most, (first, last)
            if self.command == 0x2A:
                self.columns = (first, last)
            else:
                self.rows = (first, last)

    def pixels(self, octets):
        assert self.colmod == 0x55, "16 bits a pixel"
        x, y = self.at
        for index in range(0, len(octets), 2):
            column, row = (y, x) if self.madctl & MV else (x, y)
            column = 239 - column if self.madctl & MX else column
            row = 319 - row if self.madctl & MY else row
            assert 52 <= column <= 186 and 40 <= row <= 279, "beside the glass"
            colour = octets[index] << 8 | octets[index + 1]
            self.memory[column - 52][row - 40] = colour
            x += 1
            if x > self.columns[1]:
                x = self.columns[0]
                y = self.rows[0] if y == self.rows[1] else y + 1
        self.at = (x, y)

    def glass(self, x, y, turned=False):
        """The colour at (x, y) of the picture, landscape; `turned`: the panel is upside down."""
        if turned:
            x, y = 239 - x, 134 - y
        # The first row of the picture is the glass's last column.
        return self.memory[134 - y][x]


def _panel(**options):
    chip = Controller()
    panel = St7789(
        chip, chip.select, chip.data_command, chip.sleep_ms, chip.reset, chip.light, **options
    )
    return chip, panel


def _picture():
    picture = canvas.Canvas(240, 135)
    picture.rect(0, 0, 240, 135, canvas.BLUE)
    picture.rect(0, 0, 3, 2, canvas.WHITE)
    picture.rect(238, 0, 2, 1, canvas.RED)
    picture.rect(0, 134, 1, 1, canvas.GREEN)
    picture.rect(230, 130, 10, 5, canvas.YELLOW)
    return picture


def _colour_at(picture, x, y):
    octet = picture.octets[(y * 240 + x) // 2]
    return canvas.rgb565(octet >> 4 if x % 2 == 0 else octet & 15)


def _check(chip, picture, turned):
    for y in range(0, 135, 1 if sys.implementation.name == "cpython" else 7):
        for x in list(range(5)) + list(range(5, 235, 17)) + list(range(235, 240)):
            shown = chip.glass(x, y, turned)
            assert shown == _colour_at(picture, x, y), (x, y, shown)
    assert chip.glass(238, 0, turned) == canvas.rgb565(canvas.RED)
    assert chip.glass(0, 134, turned) == canvas.rgb565(canvas.GREEN)


def test_the_set_up_wakes_the_panel_black_and_lights_it_last():
    """spec: ST7789V commands and their waiting times."""
    chip, panel = _panel()
    assert chip.awake and chip.on and chip.inverted and chip.lit == 1
    assert chip.log[-1] == 0x29 and chip.log[0] == 0x01
    assert not any(any(column) for column in chip.memory), "all black"
    assert isinstance(panel, Screen) and (panel.width, panel.height) == (240, 135)


def test_without_a_reset_pin_the_command_resets():
    chip = Controller()
    chip.after_power_up()
    chip.now += 1000
    St7789(chip, chip.select, chip.data_command, chip.sleep_ms)
    assert chip.on and chip.lit is None


def test_a_picture_is_shown_whole_in_its_orientation():
    """Every pixel lies where a person sees it; none is written beside the glass."""
    chip, panel = _panel()
    picture = _picture()
    assert panel.show(picture)
    _check(chip, picture, False)


def test_turned_upside_down():
    chip, panel = _panel(turned=True)
    picture = _picture()
    assert panel.show(picture)
    _check(chip, picture, True)


def test_the_light_alone_goes_off():
    chip, panel = _panel()
    panel.light(False)
    assert chip.lit == 0 and chip.on
    panel.light(True)
    assert chip.lit == 1


def test_a_canvas_of_another_panel_is_refused():
    _, panel = _panel()
    with raises(ScreenError):
        panel.show(canvas.Canvas(128, 64, True))


def test_a_board_names_its_screen():
    chip = Controller()
    chip.after_power_up()
    chip.now += 1000
    made = {}

    class Pin:
        OUT = 1

        def __init__(self, number, mode=None):
            self.number = number

        def __call__(self, level):
            pins = {8: chip.data_command, 9: chip.select, 12: chip.reset, 21: chip.light}
            pins[self.number](level)

    class Spi:
        def __init__(self, bus, **options):
            made["bus"] = bus
            made["baudrate"] = options["baudrate"]
            self.write = chip.write

    class Machine:
        pass

    class Time:
        sleep_ms = chip.sleep_ms

    machine, time = Machine(), Time()
    machine.SPI, machine.Pin = Spi, Pin
    time.sleep_ms = chip.sleep_ms
    saved = {name: sys.modules.get(name) for name in ("machine", "time")}
    sys.modules["machine"], sys.modules["time"] = machine, time
    try:
        panel = open_screen({"driver": "st7789", "pins": PINS})
    finally:
        for name in saved:
            if saved[name] is None:
                del sys.modules[name]
            else:
                sys.modules[name] = saved[name]
    assert made == {"bus": 0, "baudrate": 20000000} and chip.on and chip.lit == 1
    assert panel.show(canvas.Canvas(240, 135))


def test_a_screen_that_is_none():
    for what in (lambda: Screen().show(None), lambda: Screen().light(True)):
        with raises(NotImplementedError):
            what()
