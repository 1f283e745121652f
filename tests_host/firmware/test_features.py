# engines: cpython unix
# What the features of all roles claim: each place once, as they serve it; and only what is needed.
import gc
import sys

from planted import plant
from testkit import Skip, raises, tmpdir, unload

from smets import devices
from smets.devices.base import Device
from smets.dlms import objects
from smets.features import catalogue
from smets.features.feature import Feature
from smets.ports.store import Store


def claims(feature):
    """(kind, place) of everything that a feature claims; a DLMS place is its octets."""
    found = []
    for text in feature.objects:
        if "/" in text:
            class_id, code, attribute = text.split("/")
            found.append(("object", octets(code) + bytes((int(attribute),)), int(class_id)))
        else:
            found.append(("object", octets(text), -1))
    for cluster in feature.attributes:
        for attribute in feature.attributes[cluster]:
            found.append(("attribute", cluster, attribute))
    for row in feature.commands:
        found.append(("command",) + tuple(row))
    for table in ("inputs", "actions"):
        for name in getattr(feature, table):
            found.append((table, name))
    for name in feature.records + feature.logs:
        found.append(("stored", name))
    return found


def octets(code):
    """The octets of an OBIS code or of its beginning, worked out apart from the firmware."""
    return bytes(int(part) for part in code.replace("-", ".").replace(":", ".").split("."))


def overlap(one, other):
    """Whether two claims mean a place that is the same."""
    if one[0] != "object" or other[0] != "object":
        return one == other
    if one[2] != other[2] and -1 not in (one[2], other[2]):
        return False
    shorter = min(len(one[1]), len(other[1]))
    return one[1][:shorter] == other[1][:shorter]


def twice(features):
    """(name, name, claim) of each place that two features claim."""
    found = []
    held = []
    for name in features:
        mine = claims(features[name])
        for claim in mine:
            for other, theirs in held:
                if overlap(claim, theirs):
                    found.append((other, name, claim))
        held += [(name, claim) for claim in mine]
    return found


def all_roles():
    """No board holds the code of all roles at once, nor has the heap for it."""
    if hasattr(gc, "mem_free"):
        raise Skip("all roles at once, on a host")


def test_a_device_loads_what_it_is_asked_for():
    """spec: who asks for a tariff gets no measurement, no account and no logs of it."""
    large = (
        "smets.features.voltage.measurement",
        "smets.features.voltage.objects",
        "smets.features.profile_data",
        "smets.features.prepayment.meter",
        "smets.features.keeper",
    )
    for name in [name for name in sys.modules if name in large]:
        del sys.modules[name]
    device = devices.build("esme", Store(tmpdir() + "/s"))
    device.dlms.load(objects.key("20/0-0:13.0.0.255/3"), b"\x01\x00")
    assert device.dlms.get(objects.key("20/0-0:13.0.0.255/3")) == b"\x01\x00"
    assert device.summary()["tenancy"] is None
    assert [name for name in large if name in sys.modules] == []
    device.feature("voltage").find(objects.key("7/1-0:32.24.0.255/4"), objects.GET)
    assert "smets.features.voltage.measurement" in sys.modules
    assert "smets.features.prepayment.meter" not in sys.modules


def test_no_place_is_claimed_twice():
    for role in devices.ROLES:
        device = devices.build(role, Store(tmpdir() + "/s"))
        assert twice(device.registry.features) == [], role
        for name in device.features:
            assert isinstance(device.feature(name), catalogue.feature_of(name))
        device = None
        gc.collect()
        unload()


def test_a_second_claim_is_found():
    """A key under a group, a group around one, the same attribute, command, input or record."""
    all_roles()
    for role, claim in (
        ("esme", {"objects": ("7/0-0:99.98.4.255/2",)}),
        ("esme", {"objects": ("1-0:52.24.0",)}),
        ("esme", {"objects": ("1-0:72",)}),
        ("esme", {"records": ("voltage",)}),
        ("gpf", {"logs": ("tenancy",)}),
        ("ihd", {"records": ("tenancy.g",)}),
        ("chf", {"records": ("hub-log",)}),
    ):
        device = devices.build(role, Store(tmpdir() + "/s"))
        plant(device.registry, **claim)
        assert len(twice(device.registry.features)) > 0, claim
        device = None
        gc.collect()
    for role, claim in (
        ("esme", {"objects": ("1/0-0:94.44.3.2/2",)}),
        ("esme", {"attributes": {0x0708: (0x0200,)}}),
        ("esme", {"commands": ((0x0702, 0, 0x08),)}),
        ("esme", {"inputs": {"draw": "set_draw"}}),
        ("ihd", {"inputs": {"unpair": "unpair"}}),
        ("ppmid", {"actions": {"wake": "wake"}}),
        ("ppmid", {"actions": {"top_up": "top_up"}}),
    ):
        device = devices.build(role, Store(tmpdir() + "/s"))
        with raises(ValueError):
            plant(device.registry, **claim)
        device = None
        gc.collect()


def test_light_declarations_are_those_of_what_serves():
    """The account serves the attributes and objects that its feature declares, and no others."""
    all_roles()
    from smets.features.prepayment import served

    device = devices.build("esme")
    feature = device.feature("prepayment")
    declared = {
        (cluster, attribute)
        for cluster in feature.attributes
        for attribute in feature.attributes[cluster]
    }
    assert declared == set(served.ATTRIBUTES)
    singles = (served.MODE, served.MODE_NEXT, served.BALANCES, served.SWITCH)
    tables = (served.NUMBERS, served.NEXT, served.WHEN, served.METHODS, served.RATES, singles)
    for table in tables + (served.RATES_NEXT, served.CALENDARS_NEXT):
        for text in table:
            assert device.registry.of_object(objects.key(text)) is feature, text
    for text in (served.DAILY_LOG, served.TOP_UPS, served.RECOVERIES):
        assert device.registry.of_object(objects.key(text)) is feature, text


def test_alerts_of_the_voltage_are_declared():
    from smets.features.voltage import codes

    declared = devices.build("esme").feature("voltage").alerts
    raised = set()
    for condition in range(len(codes.CONDITIONS)):
        for phases in (1, 3):
            for phase in range(phases):
                raised.add(codes.entry_code(condition, phases, phase))
                raised.add(codes.return_code(condition, phases, phase))
    for code in raised:
        assert len([row for row in declared if row[0] <= code <= row[1]]) == 1, code


def test_time_passes_for_features_in_their_order():
    """Never over a half hour; then the half hour comes, then the day."""
    heard = []

    class Timed(Feature):
        def pass_time(self, seconds):
            heard.append(seconds)

        def half_hour(self, due):
            heard.append(("half hour", due))

        def midnight(self, due):
            heard.append(("midnight", due))

        def tick(self):
            heard.append(("tick", self.device.uptime))

    class Module:
        FEATURE = Timed

    class Timing(Device):
        features = ("timed", "tenancy")

    sys.modules["smets.features.timed"] = Module
    device = Timing()
    device.clock.set(86400 - 1900, 0)
    device.advance(2000)
    assert heard == [
        100,
        ("half hour", 84600),
        1800,
        ("half hour", 86400),
        ("midnight", 86400),
        100,
        ("tick", 2000),
    ]
    assert device.clock.seconds == 86500 and not device.live
    heard.clear()
    device.clock.set(0xFFFFFFFF, 1)
    device.advance(7200)
    assert heard == [7200, ("tick", 9200)], "no half hour without a clock"
