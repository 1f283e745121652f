# The pages of a display: one table, the same for every panel. What a page shows is in the view.
# A page has parts (day, week and month; one fuel and the other), which the OK button goes through.
from smets.features.tenancy.cleared import ELECTRICITY, GAS
from smets.screen import page_act, page_money, page_text, page_use
from smets.screen.layout import Painter
from smets.screen.view import NO_METER


def _one(shown, layout) -> int:
    return 1


def _two(shown, layout) -> int:
    return 2


def _three(shown, layout) -> int:
    return 3


def _gas(shown, layout) -> int:
    return 1 if shown.fuels[GAS].link != NO_METER else 0


def _gas_use(shown, layout) -> int:
    return 3 * _gas(shown, layout)


def _notices(shown, layout) -> int:
    return 1 if shown.notices else 0


def _meters(shown, layout) -> int:
    return len(shown.paired())


def _prepaid(shown, layout) -> int:
    """A PPMID always has the page; an IHD, where a meter is in prepayment mode."""
    paired = shown.paired()
    return len(paired) if shown.role == "PPMID" or any(f.prepayment for f in paired) else 0


def _acts(shown, layout) -> int:
    """A PPMID acts on its electricity meter."""
    found = shown.role == "PPMID" and shown.fuels[ELECTRICITY].link != NO_METER
    return 1 if found else 0


def _messages(shown, layout) -> int:
    return page_text.parts_of(page_text.message_lines(shown, layout), layout)


def _tenancy(shown, layout) -> int:
    if not shown.paired():
        return 0
    return page_text.parts_of(page_text.tenancy_lines(shown, layout), layout)


def _contact(shown, layout) -> int:
    if not any(any(fuel.contact) for fuel in shown.paired()):
        return 0
    return page_text.parts_of(page_text.contact_lines(shown, layout), layout)


# name, how many parts it has for a view and a layout (0: not shown), what draws it
PAGES = (
    ("notice", _notices, page_text.notice),
    ("now", _one, page_use.now),
    ("electricity", _three, page_use.electricity),
    ("gas", _gas, page_use.gas),
    ("gas-use", _gas_use, page_use.gas_use),
    ("price", _meters, page_money.price),
    ("credit", _prepaid, page_money.credit),
    ("top-up", _acts, page_act.top_up),
    ("emergency", _acts, page_act.emergency),
    ("supply", _acts, page_act.supply),
    ("messages", _messages, page_text.messages),
    ("contact", _contact, page_text.contact),
    ("tenancy", _tenancy, page_text.tenancy),
    ("status", _two, page_text.status),
)


def pages(shown, layout) -> list:
    """(name, parts) of the pages that a view has, in order."""
    found = [(name, parts(shown, layout)) for name, parts, _ in PAGES]
    return [page for page in found if page[1]]


def draw(target, layout, shown, name: str, part: int = 0):
    """Draw a part of a page that the view has on a canvas of the layout's size."""
    target.clear()
    paint = Painter(target, layout)
    names = [page[0] for page in pages(shown, layout)]
    for row in PAGES:
        if row[0] == name:
            row[2](paint, shown, part)
    paint.footer(names.index(name), len(names))
