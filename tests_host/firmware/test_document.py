# engines: cpython unix
# What a host says is compared with its form where it enters; what is refused changes nothing.
import json

from inputs import GOOD, Link
from testkit import raises

from smets import document
from smets.document import ANYTHING, BOOLEAN, EUI, DocumentError


def refused(value, form):
    with raises(DocumentError) as caught:
        document.check(value, form, "it")
    text = str(caught.error)
    assert text.startswith(caught.error.path + ": "), text
    return text


def test_what_fits_its_form():
    for value, form in (
        (0, (0, 5)),
        (5, (0, 5)),
        (-3, (-3, -1)),
        (1 << 40, (0, 1 << 40)),
        ("on", ("off", "on")),
        (True, BOOLEAN),
        (False, BOOLEAN),
        (GOOD, EUI),
        ([{}], ANYTHING),
        (None, ANYTHING),
        ([], [(0, 5)]),
        ([1, 2], [(0, 5), 2]),
        ({"a": 1}, {"a": (0, 5), "b?": BOOLEAN}),
        ({"b": True, "a": 1}, {"a": (0, 5), "b?": BOOLEAN}),
        ({}, {"b?": BOOLEAN}),
    ):
        document.check(value, form, "it")


def test_what_does_not_fit_is_named_with_what_is_allowed():
    whole = "is not a whole number from 0 to 5"
    for value, form, what in (
        (6, (0, 5), "it: 6 " + whole),
        (-1, (0, 5), "it: -1 " + whole),
        (True, (0, 5), "it: true " + whole),
        ("1", (0, 5), 'it: "1" ' + whole),
        (None, (0, 5), "it: null " + whole),
        ({}, (0, 5), "it: an object " + whole),
        ([1], (0, 5), "it: a list " + whole),
        ("x" * 99, (0, 5), 'it: "' + "x" * 39 + "... " + whole),
        ("up", ("off", "on"), 'it: "up" is not one of off, on'),
        ("o", ("off", "on"), 'it: "o" is not one of off, on'),
        (1, ("off", "on"), "it: 1 is not one of off, on"),
        ([], ("off", "on"), "it: a list is not one of off, on"),
        (1, BOOLEAN, "it: 1 is not true or false"),
        (GOOD[1:], EUI, 'it: "%s" is not an EUI-64 of 16 hexadecimal digits' % GOOD[1:]),
        (5, EUI, "it: 5 is not an EUI-64 of 16 hexadecimal digits"),
        ({}, [(0, 5)], "it: an object is not a list"),
        ([1, 9], [(0, 5)], "it[1]: 9 " + whole),
        ([1, 2, 3], [(0, 5), 2], "it: 3 items, 2 are allowed"),
        ([], {"a": (0, 5)}, "it: a list is not an object"),
        ({}, {"a": (0, 5)}, "it.a: missing"),
        ({"a": 1, "c": 1}, {"a": (0, 5)}, "it.c: unknown member"),
        ({"a?": 1}, {"a?": (0, 5)}, "it.a?: unknown member"),
        ({"a": [{"b": 7}]}, {"a": [{"b": (0, 5)}]}, "it.a[0].b: 7 " + whole),
    ):
        assert refused(value, form) == what


def test_text_that_no_octets_can_hold():
    try:
        half = json.loads('"\\ud800"')
        half.encode()
    except ValueError:
        with raises(DocumentError):
            document.utf8_of(half, "it")
    assert document.utf8_of("\u00e9", "it") == b"\xc3\xa9"


def test_verbs_tell_what_they_take():
    link = Link("gsme")
    for verb, told, what in (
        ("ADVANCE", {}, "ADVANCE.seconds: missing"),
        ("ADVANCE", {"seconds": 1, "s": 2}, "ADVANCE.s: unknown member"),
        ("FORGET", {"store": 1}, "FORGET.store: 1 is not true or false"),
        ("LINK", {"block": 1}, "LINK.block: 1 is not 0 or a number from "),
        ("LINK", {"block": True}, "LINK.block: true is not 0 or a number from "),
        ("CLOCK", {"time": [5]}, "state.clock.time: a list is not a time "),
        ("STATE", {"device": ["GSME"]}, "state.device: a list is not GSME, which the device is"),
    ):
        event, text = link.ask(verb, told)
        assert event == "LOG:ERROR" and text.startswith(what), text
    for body in ("{", "nonsense", "[1"):
        link.text = ""
        link.bench.line("CTRL:ADVANCE#7:%d:%s" % (len(body), body))
        assert "the body is not " in link.text, link.text
