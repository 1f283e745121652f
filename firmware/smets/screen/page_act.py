# Pages on which a PPMID acts on its meter: add credit, emergency credit, supply; and its answers.
# Keys: OK begins, confirms and enters; next and back choose a digit. See buttons.Navigator.
from smets.compat import const
from smets.features.prepayment import codes
from smets.features.tenancy.cleared import ELECTRICITY
from smets.screen import alerts, font, layout, words
from smets.screen.canvas import AMBER, GREEN, GREY, RED, WHITE
from smets.screen.page_use import ACCENTS
from smets.zcl import frame

# Choices while a number is entered: ten digits, then "delete".
DELETE = const(10)
CHOICES = const(11)

# Results of a top-up in words; those that were accepted depend on what the supply is now.
_REFUSED = {
    codes.INVALID: "The number is not valid. Nothing was added.",
    codes.DUPLICATE: "This number was used before. It counts once.",
    codes.ERROR: "The meter cannot take it. The number is still good.",
    codes.MAX_CREDIT_REACHED: "There is too much credit. Use some first.",
    codes.KEYPAD_LOCK: "Too many wrong numbers. Wait ten minutes.",
    codes.VALUE_TOO_LARGE: "The amount is too large for this meter.",
}
_SUPPLY_AFTER = {0x11: "The supply stays off.", 0x12: "The supply can be switched on."}
_DONE = ("", "Emergency credit is active.", "The supply is on.")
_NOT_DONE = ("", "Emergency credit is not available.", "Refused: the supply stays off.")
_NOT_ANSWERED = {
    codes.WAITING: "Waiting for the meter.",
    codes.NO_ANSWER: "The meter did not answer. Try again.",
    codes.NO_METER: "The meter was not found.",
}


def answer(request) -> list:
    """(text, colour) paragraphs of the outcome of a request (a view.Answer)."""
    if request.state != codes.ANSWERED:
        colour = WHITE if request.state == codes.WAITING else AMBER
        return [(_NOT_ANSWERED[request.state], colour)]
    if request.result == frame.NOT_AUTHORIZED:
        return [("The meter does not know this device.", RED)]
    if request.kind == codes.TOP_UP:
        if not request.accepted:
            text = _REFUSED.get(request.result, "The meter did not take the number.")
            return [(text, RED), ("Credit " + words.pounds(request.balance), GREY)]
        said = [
            (words.pounds(request.value) + " added.", GREEN),
            ("Credit " + words.pounds(request.balance), WHITE),
        ]
        if request.result in _SUPPLY_AFTER:
            said.append((_SUPPLY_AFTER[request.result], AMBER))
        return said
    if request.accepted:
        return [(_DONE[request.kind], GREEN)]
    return [(_NOT_DONE[request.kind], RED)]


def _answered(paint, shown, kind: int) -> bool:
    """Show the outcome of the last request of a kind; False without one."""
    request = shown.request
    if request is None or request.kind != kind:
        return False
    paint.lines(layout.broken((answer(request),), paint.layout))
    return True


def _say(paint, text: str, colour: int = WHITE):
    paint.lines(layout.broken((((text, colour),),), paint.layout))


def entry_lines(digits) -> tuple:
    """Two lines of a number that is being entered: groups of four, "-" for what is missing."""
    text = "".join([chr(octet) for octet in digits])
    text += "-" * (codes.DIGITS - len(text))
    groups = [text[at : at + 4] for at in range(0, codes.DIGITS, 4)]
    return " ".join(groups[:3]), " ".join(groups[3:])


def top_up(paint, shown, part: int):
    """The number of a payment: entered digit by digit, then its outcome."""
    paint.header(shown, font.BOLT, ("Add credit",), ACCENTS[ELECTRICITY])
    entry = shown.entry
    if entry is None:
        if _answered(paint, shown, codes.TOP_UP):
            return
        _say(paint, "Press OK to enter the number of a payment.")
        return
    paint.lines([(line, WHITE) for line in entry_lines(entry)])
    if len(entry) == codes.DIGITS:
        paint.strip(("Press OK to add it", "OK: add it"), GREEN)
    elif shown.choice == DELETE:
        paint.strip(("Delete a digit",) if entry else ("Leave",), AMBER)
    else:
        paint.strip(("Digit %d: %d" % (len(entry) + 1, shown.choice),), WHITE)


def emergency(paint, shown, part: int):
    """Emergency credit: whether it can be activated, and activating it."""
    fuel = shown.fuels[ELECTRICITY]
    paint.header(shown, font.BOLT, ("Emergency credit", "Emergency"), ACCENTS[ELECTRICITY])
    if _answered(paint, shown, codes.EMERGENCY):
        if offered(shown, "emergency") and shown.request.state != codes.WAITING:
            _offer(paint, shown, ("Press OK to use it", "OK: use it"))
        return
    if fuel.prepayment is False:
        _say(paint, "This meter is not in prepayment mode.")
    elif fuel.credit is None:
        _say(paint, "State not known.", AMBER)
    elif alerts.emergency_selected(fuel):
        paint.big(words.pounds(fuel.emergency), "left")
        paint.strip(("It is active",), GREEN, False)
    elif not alerts.emergency_available(fuel):
        _say(paint, "Not available: there is credit enough.")
    else:
        paint.big(words.pounds(fuel.emergency), "")
        _offer(paint, shown, ("Press OK to use it", "OK: use it"))


def supply(paint, shown, part: int):
    """The supply: its state, and switching it on where that can be done at home."""
    fuel = shown.fuels[ELECTRICITY]
    paint.header(shown, font.BOLT, ("Supply",), ACCENTS[ELECTRICITY])
    if _answered(paint, shown, codes.SUPPLY) and fuel.supply != 1:
        return
    if fuel.supply == 2:
        _say(paint, "The supply is on.", GREEN)
    elif fuel.supply == 0:
        _say(paint, "The supply is off. Add credit to have it back.", RED)
    elif fuel.supply == 1:
        if shown.request is None or shown.request.kind != codes.SUPPLY:
            _say(paint, "The supply can be switched on. Is everything safe?")
        _offer(paint, shown, ("Press OK to switch it on", "OK: switch it on"))
    else:
        _say(paint, "State not known.", AMBER)


def _offer(paint, shown, wordings):
    """Do what OK means, the first time and again."""
    paint.strip(("Press OK again", "OK again") if shown.confirm else wordings, AMBER)


def offered(shown, page: str) -> bool:
    """Whether OK does something on a page of these."""
    fuel = shown.fuels[ELECTRICITY]
    if page == "emergency":
        return alerts.emergency_available(fuel) and not alerts.emergency_selected(fuel)
    return page == "supply" and fuel.supply == 1


def unknown(shown, page: str) -> bool:
    """Whether the meter is being read again, so that its values are not known now."""
    fuel = shown.fuels[ELECTRICITY]
    return fuel.credit is None if page == "emergency" else page == "supply" and fuel.supply is None
