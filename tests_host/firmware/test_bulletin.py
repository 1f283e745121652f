# engines: cpython unix
# What a display learns from an electricity meter by itself: the active price, a message, events.
from testkit import tmpdir
from vectors import h

from smets import clock
from smets.codec import Reader
from smets.devices.base import Device
from smets.devices.esme import Esme
from smets.devices.ihd import Ihd
from smets.dlms.objects import key
from smets.features import alarms, readings
from smets.features.feature import Feature
from smets.features.tenancy.cleared import ELECTRICITY, GAS, MESSAGES, SHARED
from smets.ports.store import Store
from smets.screen import layout, page_text, pages, view
from smets.zcl import clusters, commands, endpoints, frame
from smets.zcl.han_frame import HanFrame

METER, DISPLAY = h("02534D45545300A0"), h("02534D45545300F1")
NOON = 700056000
DAY_TABLE = h("0101 0202 1101 0102") + b"".join(
    h("0203 0904") + bytes((hour, 0, 0, 0)) + h("0906 00000A0064FF 1200") + bytes((rate,))
    for hour, rate in ((0, 1), (13, 2))
)
TARIFF = {
    "20/0-0:13.0.0.255/3": h("0101 0203 0901 73 090C FFFF0101FF 00000000 8000FF 0901 77"),
    "20/0-0:13.0.0.255/4": h("0101 0208 0901 77") + h("1101") * 7,
    "20/0-0:13.0.0.255/5": DAY_TABLE,
    "113/0-0:19.20.0.255/5": h(
        "0203 0202 0F03 0FFB 0203 120003 0906 0100010800FF 0F02"
        "0102 0202 0901 01 10 2EE0 0202 0901 02 10 7530"
    ),
}


class Quiet(Esme):
    """An ESME with what the home is told of: more does not fit a test's heap."""

    features = ("register", "tariff", "event_log", "announce", "prices", "household")


class Home:
    def __init__(self):
        self.meter, self.display = Quiet(), Ihd(Store(tmpdir() + "/d"))
        self.meter.eui, self.display.eui = METER, DISPLAY
        for device in (self.meter, self.display):
            device.clock.set(NOON, clock.RELIABLE)
        self.display.feature("pairing").pair({"fuel": "electricity", "eui": "02534D45545300A0"})
        self.display.feature("pairing").meters[ELECTRICITY].found[clusters.TIME] = 1
        self.run(120)

    def run(self, seconds):
        for _ in range(seconds // 10):
            for device in (self.meter, self.display):
                device.advance(10)
            for _ in range(6):
                for sender, taker in (
                    (self.meter, self.display),
                    (self.display, self.meter),
                ):
                    sent, sender.outbox = sender.outbox, []
                    for each in sent:
                        taker.receive(each)

    def price(self):
        return view.view_of(self.display).fuels[ELECTRICITY].price

    def messages(self):
        vault = self.display.feature("tenancy_display").vault
        return vault.entries.get(SHARED, MESSAGES)


def test_the_active_price():
    """issue: a display shows the price of a tariff of several rates, and its change."""
    home = Home()
    assert home.price() is None
    for place, octets in TARIFF.items():
        home.meter.dlms.load(key(place), octets)
    home.run(120)
    held = home.display.feature("pairing").meters[ELECTRICITY].readings
    assert home.price() == 12000 and held.get(clusters.PRICE, readings.RATE) == b"Rate 1"
    home.run(3600)
    assert home.price() == 30000 and held.get(clusters.PRICE, readings.RATE) == b"Rate 2"
    for place in TARIFF:
        del home.meter.dlms.values[key(place)]
    home.run(120)
    assert home.price() is None


def test_messages_and_events():
    """issue: supplier messages and meter alerts, each once."""
    home = Home()
    home.meter.dlms.load(key("1/0-2:96.13.1.255/2"), h("0905") + b"Hello")
    home.run(120)
    (entry,) = home.messages()
    assert entry[1] == b"Hello" and NOON < entry[0] <= home.meter.clock.seconds
    alarms.happened(home.meter, 0x81AA)
    alarms.happened(home.meter, 0x81B9)  # not for the home
    home.run(120)
    assert [text for _, text in home.messages()] == [b"Hello", b"Emergency credit is used up"]
    home.run(600)
    assert len(home.messages()) == 2


def test_what_is_not_taken():
    """issue: a stranger, a cluster that tells nothing, octets that end."""
    home = Home()
    ignored = home.display.ignored
    before = ignored.get("unasked", 0)
    payload = h("19 01 00 01000000 00 80D3B829 FFFF 02 4869")
    for source, cluster in ((DISPLAY, clusters.MESSAGING), (METER, clusters.BASIC)):
        home.display.receive(HanFrame(source, DISPLAY, 1, 1, cluster, payload))
    home.display.receive(HanFrame(METER, DISPLAY, 1, 1, clusters.MESSAGING, payload[:1] + b"\x01"))
    assert home.messages() == [] and ignored["unasked"] - before + ignored["malformed"] >= 3
    home.display.receive(HanFrame(METER, DISPLAY, 1, 1, clusters.MESSAGING, payload[:-1]))
    assert home.messages() == []
    home.display.receive(HanFrame(METER, DISPLAY, 1, 1, clusters.MESSAGING, payload))
    assert [text for _, text in home.messages()] == [b"Hi"]


class Message(Feature):
    """What a proxy has taken on its way to the gas meter."""

    commands = ((clusters.MESSAGING, 0, commands.GET_LAST_MESSAGE),)
    payload = b""
    asked = 0

    def execute(self, call):
        self.asked += 1
        call.reply_command = commands.DISPLAY_MESSAGE
        return [self.payload] if self.payload else frame.NOT_FOUND


class Proxy(Device):
    """Of a GPF its energy service interface, with a message."""

    endpoints = {
        endpoints.ESI: (endpoints.ESI_DEVICE, (clusters.TIME, clusters.MESSAGING), ()),
    }

    def __init__(self):
        super().__init__()
        self.message = Message(self)
        self.registry.add("message", self.message)


class GasHome(Home):
    """The proxy takes the meter's place."""

    def __init__(self):
        self.meter, self.display = Proxy(), Ihd(Store(tmpdir() + "/d"))
        self.meter.eui, self.display.eui = METER, DISPLAY
        for device in (self.meter, self.display):
            device.clock.set(NOON, clock.RELIABLE)
        self.display.feature("pairing").pair({"fuel": "gas", "eui": "02534D45545300A0"})
        self.display.feature("pairing").meters[GAS].found[clusters.TIME] = 1


def test_messages_of_a_gas_meter():
    """issue: a message for the gas meter is shown at the display, each once; so are its events."""
    home = GasHome()
    home.run(600)
    assert home.messages() == []
    home.meter.message.payload = h("05000000 00 00000000 FFFF 05") + b"Hello"
    home.run(600)
    (entry,) = home.messages()
    assert entry[1] == b"Hello" and NOON < entry[0] <= home.display.clock.seconds
    home.run(6000)
    assert home.messages() == [entry], "once, though it has no start of its own"
    assert 10 <= home.meter.message.asked <= 13, "as often as a proxy may know another"
    home.meter.message.payload = h("06000000 00 80D3B829 FFFF 02 4869")
    home.run(600)
    start = Reader(h("80D3B829")).le(4, "start")
    assert sorted(home.messages()) == [(start, b"Hi"), entry]
    event = h("19 02 00 03 AA81 80D3B829 01 00")
    home.display.receive(HanFrame(METER, DISPLAY, 1, 1, clusters.EVENTS, event))
    assert b"Gas: Emergency credit is used up" in [text for _, text in home.messages()]
    assert view.view_of(home.display).fuels[GAS].price is None
    price = h(
        "19 03 00 00000000 00 00000000 80D3B829 00 3A03 50 01 80D3B829 1E00 D2040000 FF FFFFFFFF"
    )
    home.display.receive(HanFrame(METER, DISPLAY, 1, 1, clusters.PRICE, price))
    assert view.view_of(home.display).fuels[GAS].price == 1234


def test_whom_to_call():
    """issue: the supplier's name and number of each meter, once where they are the same; what the
    meter no longer tells goes within the hour."""
    home = Home()
    found = home.display.feature("pairing").meters[ELECTRICITY].found
    found[clusters.DEVICE_MANAGEMENT] = 1
    values = home.meter.dlms

    def shown():
        told = view.view_of(home.display)
        return [name for name, _ in pages.pages(told, layout.LAYOUTS["240x135"])], told

    assert "contact" not in shown()[0]
    values.load(key("9000/0-0:96.13.1.255/2"), h("0906") + b"Volt A")
    values.load(key("9000/0-0:96.13.0.255/2"), h("0909") + b"0800 \xff123")
    home.run(3720)
    names, told = shown()
    assert "contact" in names and told.fuels[ELECTRICITY].contact == ("Volt A", "0800 ?123")
    place = layout.LAYOUTS["240x135"]
    lines = [text for text, _ in page_text.contact_lines(told, place)]
    assert lines == ["Electricity", "Volt A", "0800 ?123"]
    told.fuels[GAS].link, told.fuels[GAS].contact = told.fuels[ELECTRICITY].link, ("Gas B", "")
    lines = [text for text, _ in page_text.contact_lines(told, place)]
    assert [line for line in lines if line] == [
        "Electricity",
        "Volt A",
        "0800 ?123",
        "Gas",
        "Gas B",
    ]
    told.fuels[GAS].contact = told.fuels[ELECTRICITY].contact
    lines = [text for text, _ in page_text.contact_lines(told, place)]
    assert lines == ["Electricity and gas", "Volt A", "0800 ?123"]
    for place in ("9000/0-0:96.13.1.255/2", "9000/0-0:96.13.0.255/2"):
        del values.values[key(place)]
    home.run(3720)
    assert "contact" not in shown()[0]
