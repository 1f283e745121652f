# engines: cpython unix
# A display's screen over the bench link: keys in, pixels out where they have changed.
import json
from binascii import crc32, unhexlify

from testkit import tmpdir

from smets import bench, devices
from smets.ports.store import Store
from smets.screen import canvas, layout, pages, view


class Sink:
    """Takes what a device writes. Of pixels only a check and a count stay: the heap is small."""

    def __init__(self):
        self.text = ""
        self.check = self.octets = 0
        self._inside = False

    def write(self, text):
        if self._inside and text[0] != '"':
            octets = unhexlify(text)
            self.check = crc32(octets, self.check)
            self.octets += len(octets)
        else:
            self._inside = text[-11:] == '"pixels": "'
            self.text += text


class Link:
    """A device behind the link."""

    def __init__(self, role="ihd"):
        self.device = devices.build(role, Store(tmpdir() + "/s"))
        self.bench = bench.BenchLink(self.device, self.write)
        self.sink = Sink()

    def write(self, text):
        self.sink.write(text)

    def ask(self, verb, document):
        """(event, answer), the answer's length checked; `pixels` is their check value."""
        body = json.dumps(document)
        self.sink = Sink()
        self.bench.line("CTRL:%s#7:%d:%s" % (verb, len(body), body))
        # Frames that the device sends by itself come first.
        assert self.sink.text[-1] == "\n"
        head, _, rest = self.sink.text[:-1].split("\n")[-1].partition("#7:")
        size, _, body = rest.partition(":")
        assert int(size) == len(body) + 2 * self.sink.octets
        if head != "CTRL:OK":
            return head, body
        answer = json.loads(body)
        if "pixels" in answer:
            answer["pixels"] = self.sink.check
        return head, answer

    def screen(self, **document):
        event, answer = self.ask("SCREEN", document)
        assert event == "CTRL:OK", answer
        return answer


def _drawn(device, name, page, part=0):
    shape = layout.LAYOUTS[name]
    target = canvas.Canvas(shape.width, shape.height, shape.mono)
    pages.draw(target, shape, view.view_of(device), page, part)
    return crc32(target.octets)


def test_the_pixels_are_those_of_the_page():
    for name in ("128x64", "240x135"):
        link = Link()
        answer = link.screen(panel=name)
        drawn = _drawn(link.device, name, "now")
        assert answer["pixels"] == answer["check"] == drawn
        assert (answer["panel"], answer["page"], answer["part"]) == (name, "now", 1)
        # The colours are told where there are several.
        assert len(answer.get("palette", "")) == (96 if name == "240x135" else 0)


def test_pixels_that_the_host_has_are_not_sent_again():
    link = Link()
    first = link.screen()
    again = link.screen(seen=first["check"], passed=1000)
    assert "pixels" not in again and again["check"] == first["check"]
    assert "pixels" in link.screen(seen=first["check"] ^ 1)
    assert "pixels" in link.screen(), "who says nothing has seen nothing"


def test_keys_lead_to_pages():
    link = Link("ppmid")
    link.device.feature("pairing").pair({"fuel": "electricity", "eui": "02534D45545300A0"})
    assert link.screen()["page"] == "now"
    assert link.screen(press=["next"])["page"] == "electricity"
    answer = link.screen(press=["ok"])
    assert (answer["page"], answer["part"]) == ("electricity", 2)
    assert answer["pixels"] == _drawn(link.device, "240x135", "electricity", 1)
    assert link.screen(press=["back", "back"])["page"] == "status"
    assert link.device.awake, "a key wakes it"
    assert link.screen(passed=61000)["page"] == "now", "nobody has pressed a key for a minute"


def test_another_panel_and_another_device():
    link = Link()
    link.screen(press=["next"])
    assert link.screen(panel="128x64")["panel"] == "128x64"
    assert link.screen()["panel"] == "128x64", "it stays"
    link.ask("FORGET", {})
    assert link.screen()["panel"] == "240x135"


def test_a_hundred_looks_take_no_memory():
    import gc

    if not hasattr(gc, "mem_alloc"):
        return
    link = Link()
    link.screen()
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(100):
        link.screen()
    gc.collect()
    assert gc.mem_alloc() - before < 2048


# Last: it loads another role beside the display, as no board does.
def test_what_cannot_be_is_told_and_changes_nothing():
    link = Link()
    link.screen(panel="128x64")
    before = link.screen()
    for document, words in (
        ({"panel": "1x1"}, 'panel: "1x1" is not one of 128x64, 240x135'),
        ({"panel": 3}, "panel: 3 is not one of"),
        ({"press": ["next", "up"]}, 'press[1]: "up" is not one of next, back, ok'),
        ({"press": [None]}, "press[0]: null is not one of"),
        ({"press": "next"}, 'press: "next" is not a list'),
        ({"press": ["next"] * 33}, "33 items, 32 are allowed"),
        ({"passed": -1}, "is not a whole number from 0"),
        ({"passed": 3600001}, "is not a whole number from 0"),
        ({"passed": "1"}, "is not a whole number from 0"),
    ):
        event, text = link.ask("SCREEN", document)
        assert event == "LOG:ERROR" and words in text, text
    assert link.screen() == before
    event, text = Link("chf").ask("SCREEN", {})
    assert event == "LOG:ERROR" and "CHF has no screen" in text
