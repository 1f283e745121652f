# Where things stand on a screen, and the parts that pages are made of. Text is measured before
# it is drawn: it is worded shorter, set smaller or broken into lines, and never cut off.
from smets import clock
from smets.screen import canvas, font, localtime, usage, view, words
from smets.screen.canvas import AMBER, BLACK, DARK, GREY, RED, WHITE


class Layout:
    """A panel's size, its fonts and the heights of a page's parts.

    Both panels are much alike when measured in units: a unit is a pixel of a mono panel, two
    pixels of a colour one.
    """

    def __init__(self, width: int, height: int, mono: bool, unit: int):
        self.name = "%dx%d" % (width, height)
        self.width = width
        self.height = height
        self.mono = mono
        self.unit = unit
        self.small = font.text(unit)
        self.large = font.digits(unit)
        self.medium = font.digits(1) if unit == 2 else self.small
        self.margin = 3 * unit
        self.inner = width - 2 * self.margin
        self.header = 10 * unit  # the first row below the header
        self.pitch = 9 * unit + (unit - 1) * 2  # of lines of text
        self.text_top = 11 * unit + (unit - 1)
        self.large_top = 12 * unit
        self.row_top = 34 * unit + (unit - 1) * 2
        self.strip_top = height - 12 * unit - (unit - 1)
        self.chart_top = 21 * unit + (unit - 1) * 8
        self.chart_base = height - 11 * unit
        # Lines of text on a page.
        self.lines = (height - unit - self.text_top - 9 * unit) // self.pitch + 1


# The panels that have a driver: ST7789 at 240x135, SSD1306 at 128x64.
COLOUR = Layout(240, 135, False, 2)
MONO = Layout(128, 64, True, 1)
LAYOUTS = {COLOUR.name: COLOUR, MONO.name: MONO}


class Painter:
    """Draws the parts of a page on a canvas."""

    def __init__(self, target, layout: Layout):
        self.canvas = target
        self.layout = layout

    # --- Text ----------------------------------------------------------------------------------

    def left(self, y: int, text: str, colour: int, face=None):
        """A line from the left margin."""
        self.canvas.text(self.layout.margin, y, text, face or self.layout.small, colour)

    def right(self, y: int, text: str, colour: int, face=None):
        """A line that ends at the right margin."""
        face = face or self.layout.small
        x = self.layout.width - self.layout.margin - face.width(text)
        self.canvas.text(x, y, text, face, colour)

    def centre(self, y: int, text: str, colour: int, face=None):
        """A line in the middle."""
        face = face or self.layout.small
        self.canvas.text((self.layout.width - face.width(text)) // 2, y, text, face, colour)

    def fit(self, wordings, width: int) -> str:
        """The first of several wordings that is not wider; the last one if all are."""
        for wording in wordings:
            if self.layout.small.width(wording) <= width:
                return wording
        return wordings[-1]

    def row(self, number: int, labels, value: str, colour: int = WHITE):
        """A label in one of several wordings on the left, its value on the right."""
        layout = self.layout
        y = layout.row_top + number * layout.pitch
        room = layout.inner - layout.small.width(value) - 3 * layout.unit
        self.left(y, self.fit(labels, room), GREY)
        self.right(y, value, colour)

    def lines(self, lines, part: int = 0):
        """A page of (text, colour) lines; the others are on other parts."""
        layout = self.layout
        y = layout.text_top
        for text, colour in lines[part * layout.lines : (part + 1) * layout.lines]:
            self.left(y, text, colour)
            y += layout.pitch

    def big(self, number: str, unit: str, colour: int = WHITE):
        """A large number and its unit, in the middle, as large as the width allows."""
        layout = self.layout
        small = layout.small
        gap = 3 * layout.unit if unit else 0
        tail = small.width(unit)
        for face in (layout.large, layout.medium, small):
            width = face.width(number) + gap + tail
            if width <= layout.inner and face.shows(number):
                break
        x = (layout.width - width) // 2
        base = layout.large_top + layout.large.ascent
        x = self.canvas.text(x, base - face.ascent, number, face, colour)
        self.canvas.text(x + gap, base - small.ascent, unit, small, GREY)

    def strip(self, wordings, colour: int, filled: bool = True):
        """A line at the bottom, in a field of its colour where it wants attention."""
        layout = self.layout
        unit = layout.unit
        text = self.fit(wordings, layout.inner)
        y = layout.strip_top
        if filled:
            self.canvas.rect(0, y, layout.width, 10 * unit + 2 * (unit - 1), colour)
            self.centre(y + unit + (unit - 1), text, BLACK)
        else:
            self.centre(y + unit + (unit - 1), text, colour)

    # --- Header and footer ----------------------------------------------------------------------

    def header(self, shown, icon: str, titles, accent: int):
        """The title, the state of the links and the time, over a line of the page's colour."""
        layout = self.layout
        unit = layout.unit
        y = unit - 1
        moment, colour = clock_text(shown)
        small = layout.small
        x = layout.width - layout.margin - small.width(moment)
        self.canvas.text(x, y, moment, small, colour)
        at = layout.margin
        if icon:
            at = self.canvas.text(at, y, icon, small, accent) + 2 * unit
        signs = [one for one in status_icons(shown) if one[0] != icon]
        room = x - at - 2 * unit
        for sign, _ in signs:
            room -= small.width(sign) + 3 * unit
        title = self.fit(titles, room)
        self.canvas.text(at, y, title, small, WHITE)
        at += small.width(title)
        for sign, tint in signs:
            x -= small.width(sign) + 3 * unit
            # The title is more than a sign that finds no room.
            if x > at + unit:
                self.canvas.text(x, y, sign, small, tint)
        self.canvas.rect(0, layout.header - unit, layout.width, unit, accent)

    def footer(self, index: int, count: int):
        """Which of the pages this is."""
        layout = self.layout
        unit = layout.unit
        width = layout.width // count
        start = (layout.width - width * count) // 2
        y = layout.height - unit
        for page in range(count):
            colour = WHITE if page == index else DARK
            self.canvas.rect(start + page * width + unit, y, width - 2 * unit, unit, colour)

    # --- Bars ----------------------------------------------------------------------------------

    def level(self, level, colours):
        """Three fields, as many of them filled as `level` (0 to 2, None: not known) says."""
        layout = self.layout
        unit = layout.unit
        width = (layout.inner - 4 * unit) // 3
        y = layout.row_top + unit - 1
        for field in range(3):
            x = layout.margin + field * (width + 2 * unit)
            if level is not None and field <= level:
                self.canvas.rect(x, y, width, 5 * unit, colours[level])
            else:
                self.canvas.frame(x, y, width, 5 * unit, GREY if layout.mono else DARK, unit)

    def chart(self, shown, accent: int, dull: int):
        """The bars of a period, with a scale and the hours or days below."""
        layout = self.layout
        unit = layout.unit
        known = [bar for bar in shown.bars if bar is not None and bar != usage.NO_DATA]
        top = scale(max(known)) if known else 1000
        label = scale_text(top)
        gutter = layout.small.width(label) + 3 * unit
        pitch = (layout.inner - gutter) // shown.slots
        width = pitch - max(pitch // 4, 1)
        x = layout.width - layout.margin - pitch * shown.slots + pitch - width
        height = layout.chart_base - layout.chart_top
        self.canvas.text(x - gutter, layout.chart_top, label, layout.small, GREY)
        for part in (0, 2, 4):
            colour = DARK if part < 4 else GREY
            y = layout.chart_top + height * part // 4
            self.canvas.rect(x, y, pitch * (shown.slots - 1) + width, 1, colour)
        for index, bar in enumerate(shown.bars):
            at = x + index * pitch
            if bar is None or bar == usage.NO_DATA:
                self.dots(at, layout.chart_base - 5 * unit, width, 5 * unit - 1)
                continue
            tall = max(bar * height // top, 1)
            tint = dull if shown.under_way and index == len(shown.bars) - 1 else accent
            self.canvas.rect(at, layout.chart_base - tall, width, tall, tint)
        self._labels(shown, x, pitch, width)

    def dots(self, x: int, y: int, width: int, height: int):
        """A field of dots: no data."""
        unit = self.layout.unit
        for row in range(0, height, 2 * unit):
            for column in range(0, width, 2 * unit):
                self.canvas.rect(x + column, y + row, min(unit, width - column), unit, GREY)

    def _labels(self, shown, x: int, pitch: int, width: int):
        layout = self.layout
        y = layout.chart_base + 2 * layout.unit
        for index, label in axis(shown):
            at = x + index * pitch
            if shown.period == usage.WEEK:
                at += (width - layout.small.width(label)) // 2
            at = min(at, layout.width - layout.small.width(label))
            self.canvas.text(at, y, label, layout.small, GREY)


def broken(blocks, layout: Layout) -> list:
    """(text, colour) lines of blocks of (text, colour) paragraphs, broken to the width.

    A block begins on a new page where the rest of the page is too short for it.
    """
    lines = []
    for block in blocks:
        added = []
        for text, colour in block:
            added += [(line, colour) for line in font.wrap(text, layout.small, layout.inner)]
        used = len(lines) % layout.lines
        if used and used + len(added) > layout.lines:
            lines += [("", GREY)] * (layout.lines - used)
        lines += added
    return lines


def axis(shown) -> list:
    """(bar, label) of what stands below the bars of a period."""
    if shown.period == usage.TODAY:
        step = shown.slots // 4
        hours = [localtime.fields(shown.start + index * 21600)[3] for index in range(4)]
        return [(index * step, str(hour)) for index, hour in enumerate(hours)]
    if shown.period == usage.WEEK:
        return [(index, day[0]) for index, day in enumerate(localtime.WEEKDAYS)]
    return [(day - 1, str(day)) for day in range(1, shown.slots + 1, 7)]


def scale(value: int) -> int:
    """The least round number from 100 on that is not less than a value."""
    top = 10
    while True:
        for factor in (10, 15, 20, 30, 40, 50, 60, 80):
            # Below one, a second digit would take the room of bars.
            if value <= top * factor and (factor != 15 or top > 10):
                return top * factor
        top *= 10


def scale_text(top: int) -> str:
    """A scale with the digits that it has; in thousands where it is long: 0.2, 1.5, 20, 3k."""
    if top < 1000:
        return words.fixed(top, 1)
    if top < 1000000:
        return words.fixed(top, 1 if top % 1000 else 0)
    return words.fixed(top, 1 if top % 1000000 else 0, 6) + "k"


def clock_text(shown) -> tuple:
    """(time, colour) for the header."""
    if shown.utc is None:
        return "--:--", AMBER
    text = localtime.time_text(shown.utc)
    return (text, WHITE) if shown.clock_status == clock.RELIABLE else (text + "?", AMBER)


def status_icons(shown) -> list:
    """(icon, colour) from right to left: the links as a whole, messages."""
    links = [fuel.link for fuel in shown.paired()]
    icons = []
    if view.LOST in links or view.SEARCHING in links:
        icons.append((font.NO_LINK, RED if view.LOST in links else AMBER))
    elif links:
        icons.append((font.LINK, AMBER if view.LINK_UNKNOWN in links else canvas.GREEN))
    if shown.messages:
        icons.append((font.LETTER, WHITE))
    return icons
