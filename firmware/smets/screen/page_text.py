# Pages of words: messages, the tenancy, the notice that data was cleared, the state of the links.
# Text that is longer than a page goes on in the page's next part.
from smets import clock
from smets.features.tenancy import machine
from smets.screen import alerts, font, layout, localtime, words
from smets.screen.canvas import AMBER, GREEN, GREY, RED, WHITE
from smets.screen.page_use import ACCENTS

_BOTH = "Electricity and gas"
_LINKS = ("no meter", "searching", "linked", "link lost", "not known")
_LINK_COLOURS = (GREY, AMBER, GREEN, RED, AMBER)
_CLOCKS = ("set", "not set", "not reliable")


def parts_of(lines, place) -> int:
    """How many parts lines fill, at least one."""
    return max(1, -(-len(lines) // place.lines))


def message_lines(shown, place) -> list:
    """The lines of all messages; each begins a page with its date."""
    lines = shown.lines.get(place.name)
    if lines is None:
        lines = []
        for when, text in shown.messages:
            lines += [("", GREY)] * (-len(lines) % place.lines)
            block = ((localtime.moment_text(when, shown.utc), GREY), (text, WHITE))
            lines += layout.broken((block,), place)
        shown.lines[place.name] = lines
    return lines


def messages(paint, shown, part: int):
    """The supplier's messages, newest first."""
    lines = message_lines(shown, paint.layout)
    count = parts_of(lines, paint.layout)
    title = "Message %d/%d" % (part + 1, count) if count > 1 else "Message"
    paint.header(shown, font.LETTER, (title, "%d/%d" % (part + 1, count)), WHITE)
    paint.lines(lines or (("No messages", GREY),), part)


def _tenancy_text(shown, fuel) -> tuple:
    """(words, colour) for the tenancy of a fuel."""
    if fuel.tenancy == machine.PURGING:
        return "Data of the former tenancy is being cleared.", AMBER
    if fuel.tenancy == machine.PENDING:
        when = localtime.day_time_text(fuel.date, shown.utc)
        return "New tenancy from %s. Older data will be cleared." % when, AMBER
    if fuel.tenancy == machine.WAITING:
        return "No data is shown until the time is known.", AMBER
    if fuel.tenancy == machine.UNREAD:
        return "No data is shown until the meter answers.", AMBER
    if fuel.applied is not None:
        when = localtime.day_time_text(fuel.applied, shown.utc)
        return "Data from before %s is cleared." % when, WHITE
    return "No change of tenancy.", WHITE


def tenancy_lines(shown, place) -> list:
    """The tenancy as the meters tell it; once if they agree."""
    said = [(fuel, _tenancy_text(shown, fuel)) for fuel in shown.paired()]
    if len(said) == 2 and said[0][1] == said[1][1]:
        blocks = (((_BOTH, GREY), said[0][1]),)
    else:
        blocks = [((alerts.FUELS[f.fuel], ACCENTS[f.fuel]), text) for f, text in said]
    return layout.broken(blocks, place)


def tenancy(paint, shown, part: int):
    """The change of tenancy of each meter."""
    paint.header(shown, "", ("Tenancy",), GREY)
    paint.lines(tenancy_lines(shown, paint.layout), part)


def notice(paint, shown, part: int):
    """Data was cleared for a new tenancy; shown until it is confirmed."""
    paint.header(shown, font.WARNING, ("New tenancy",), AMBER)
    cleared = [fuel for fuel in shown.fuels if fuel.fuel in shown.notices]
    text = _BOTH if len(cleared) > 1 else alerts.FUELS[cleared[0].fuel] if cleared else ""
    date = cleared[0].applied if cleared else None
    if date is not None and date == cleared[-1].applied:
        text += " before " + localtime.day_time_text(date, shown.utc)
    said = [("Data cleared: new tenancy.", WHITE), (text, GREY)]
    paint.lines(layout.broken((said,), paint.layout))
    paint.strip(("Press OK",), AMBER)


def contact_lines(shown, place) -> list:
    """Whom to call; once where both meters have the same supplier."""
    said = [(fuel, fuel.contact) for fuel in shown.paired() if any(fuel.contact)]
    if len(said) == 2 and said[0][1] == said[1][1]:
        blocks = [(_BOTH, GREY, said[0][1])]
    else:
        blocks = [(alerts.FUELS[f.fuel], ACCENTS[f.fuel], told) for f, told in said]
    blocks = [
        ((title, colour),) + tuple([(text, WHITE) for text in told if text])
        for title, colour, told in blocks
    ]
    return layout.broken(blocks, place)


def contact(paint, shown, part: int):
    """The supplier of each meter, and its number."""
    paint.header(shown, "", ("Supplier",), GREY)
    paint.lines(contact_lines(shown, paint.layout), part)


def status(paint, shown, part: int):
    """The links, the clock; then who this device is."""
    place = paint.layout
    paint.header(shown, "", ("Status",), GREY)
    if part:
        groups = [shown.eui[at : at + 4] for at in range(0, len(shown.eui), 4)]
        name = " ".join(groups) or words.UNKNOWN
        said = (("Device", GREY), (shown.role, WHITE), ("Identifier", GREY), (name, WHITE))
        paint.lines(layout.broken((said,), place))
        return
    rows = [(alerts.FUELS[f.fuel], _LINKS[f.link], _LINK_COLOURS[f.link]) for f in shown.fuels]
    good = shown.clock_status == clock.RELIABLE
    rows.append(("Clock", _CLOCKS[shown.clock_status], GREEN if good else AMBER))
    if shown.utc is not None:
        ahead = localtime.offset(shown.utc)
        day = localtime.WEEKDAYS[localtime.weekday(shown.utc + ahead)]
        rows.append((day, localtime.date_text(shown.utc, None), WHITE))
        rows.append(("Time zone", "BST" if ahead else "GMT", WHITE))
    for index, (label, value, colour) in enumerate(rows):
        y = place.text_top + index * place.pitch
        paint.left(y, label, GREY)
        paint.right(y, value, colour)
