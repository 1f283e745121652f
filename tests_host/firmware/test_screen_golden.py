# engines: cpython unix
# Every screen of every golden case has the hash that is stored; `smets screens` shows the others.
import screen_cases

from smets.screen import canvas, layout, pages

GOLDEN = __file__.rsplit("/", 2)[0] + "/golden/screens.json"
# Made once, as on a board: later there may be no room in one piece.
CANVASES = [
    (place, canvas.Canvas(place.width, place.height, place.mono))
    for place in layout.LAYOUTS.values()
]


def _stored():
    """The (name, hash) pairs of the file, a line at a time: the heap is small."""
    with open(GOLDEN) as file:
        for line in file:
            parts = line.split('"')
            if len(parts) == 5:
                yield parts[1], parts[3]


def test_every_screen_is_as_stored():
    stored = _stored()
    changed = []
    count = 0
    for place, target in CANVASES:
        for name, shown, page, part in screen_cases.screens(place):
            pages.draw(target, place, shown, page, part)
            expected = next(stored, ("no more screens", ""))
            count += 1
            if expected != (place.name + "/" + name, screen_cases.digest(target)):
                changed.append(expected[0] + " is not " + place.name + "/" + name)
    left = [name for name, _ in stored]
    assert not left, "stored but not drawn: %s" % left[:5]
    assert not changed, "%d of %d differ (smets screens shows them): %s" % (
        len(changed),
        count,
        changed[:5],
    )


def test_a_hash_tells_of_one_pixel():
    for place, target in CANVASES:
        target.clear()
        before = screen_cases.digest(target)
        target.rect(place.width - 1, place.height - 1, 1, 1, canvas.WHITE)
        assert screen_cases.digest(target) != before
        target.clear()
        assert screen_cases.digest(target) == before


def test_each_case_that_was_asked_for_is_there():
    names = [name for name, _ in screen_cases.CASES]
    for name in (
        "first-start",
        "normal",
        "clock-invalid",
        "gas-stale",
        "unreliable-stamp",
        "tenancy-cleared",
        "future-tenancy",
        "low-credit",
        "emergency-credit",
        "supply-off",
        "message-long",
        "message-short",
        "link-lost",
    ):
        assert name in names, name
