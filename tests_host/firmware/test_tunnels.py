# engines: cpython unix
# Tunneling frames that are not as they should be are answered or counted, and change nothing.
from prepaid_meter import ESME, Quiet
from prepaid_meter import Meter as Prepaid
from testkit import tmpdir, unload
from vectors import DEVICE, GCS13A, GCS14, SUPPLIER, command, gas_read, h, keys

from smets import bench
from smets.devices.chf import Chf
from smets.devices.gsme import Gsme
from smets.devices.hcalcs import Hcalcs
from smets.devices.ppmid import Ppmid
from smets.gbcs.session import Session
from smets.ports.store import Store
from smets.zcl.han_frame import HanFrame

HUB, STRANGER, METER = h("02534D45545300C1"), h("02534D45545300C2"), h("02534D45545300C3")
OPEN = h("01 07 00 06FFFF00DC05")


def send(device, source, payload, there=1):
    """The ZCL payloads that a frame is answered with."""
    device.outbox.clear()
    device.receive(HanFrame(source, device.eui, 3, there, 0x0704, payload))
    return [frame.payload for frame in device.outbox if frame.destination == source]


def ignored(device):
    return sum(device.ignored.values())


def test_who_may_open_a_tunnel_and_use_it():
    """spec (ZSE 1.4 D.6): other protocols, flow control, another device's tunnel, none at all."""
    unload()
    device = Hcalcs()
    device.eui = DEVICE
    device.registry.give("inputs", {"chf": HUB.hex()})
    assert send(device, STRANGER, OPEN) == [h("19 07 00 FFFF 02 DC05")], "no more tunnels"
    assert send(device, HUB, h("01 07 00 05FFFF00DC05")) == [h("19 07 00 FFFF 03 DC05")]
    assert send(device, HUB, h("01 07 00 06FFFF01DC05")) == [h("19 07 00 FFFF 04 DC05")]
    assert send(device, HUB, h("11 09 02 0100 AA")) == [h("19 09 02 0100 00")], "there is none"
    assert send(device, HUB, OPEN) == [h("19 07 00 0100 00 DC05")]
    assert send(device, STRANGER, h("11 09 02 0100 AA")) == [h("19 09 02 0100 01")], "another's"
    assert send(device, HUB, h("11 09 02 0200 AA")) == [h("19 09 02 0200 00")]
    assert send(device, HUB, h("01 09 02 0100 AA")) == [h("08 09 0B 02 00")], "it came: no command"
    assert device.summary()["tunnel"] == {"open": True, "refused": 1}
    assert send(device, HUB, h("11 0A 06 0000")) == [h("18 0A 0B 06 81")]
    assert send(device, STRANGER, h("11 0A 01 0100")) == [h("18 0A 0B 01 8B")]
    assert send(device, HUB, h("01 0A 01 0100")) == [h("08 0A 0B 01 00")]
    assert device.summary()["tunnel"]["open"] is False
    assert send(device, HUB, OPEN) == [h("19 07 00 0200 00 DC05")], "a number is used once"


def test_frames_that_end_or_lie():
    """issue: no octets of the air make a device fail, or talk to one that is not of the home."""
    unload()
    for kind in (Chf, Hcalcs, Ppmid):
        device = kind(Store(tmpdir() + "/d")) if kind is Ppmid else kind()
        device.eui = DEVICE
        there = 3 if kind is Chf else 1
        if kind is Chf:
            device.feature("hub_log").add(METER, 1, bytes(16))
        for frame in (
            OPEN,
            h("01 09 02 0100 01"),
            h("01 09 02 0100 03 DF09"),
            h("01 09 02 0100 07"),
            h("09 09 01 0100 0200"),
            h("09 09 02 0100 00"),
            h("01 09 01 0100"),
            h("18 09 0B 02 00"),
            h("00 09 0B 02"),
        ):
            for source in (METER, STRANGER):
                for end in range(len(frame) + 1):
                    for turned in range(0, 8 * end, 5):
                        octets = bytearray(frame[:end])
                        octets[turned // 8] ^= 1 << turned % 8
                        answers = send(device, source, bytes(octets), there)
                        assert len(answers) <= 3, octets
                        specific = octets[:1] and octets[0] & 0x05 == 0x01
                        if kind is Chf and source == STRANGER and specific:
                            assert answers == [], octets
            device.advance(1)
        assert ignored(device) > 100
        assert device.alerts == [] or kind is Chf


def test_what_a_hub_does_not_relay():
    """issue: bad input is refused with its reason, and nothing waits."""
    unload()
    device = Chf()
    device.eui = DEVICE
    device.feature("hub_log").add(METER, 1, bytes(16))
    device.take_keys(keys())
    for message in ("", "DF", "00" * 1501, "xx", 5, None):
        try:
            device.registry.give("actions", {"relay": {"message": message}})
        except ValueError as error:
            assert str(error)
        else:
            raise AssertionError(message)
    assert device.summary()["waiting"] == 0


class Meter:
    """An ESME of a hub's log, played here: it takes what the hub sends, and answers as told."""

    def __init__(self, kind=0, store=None):
        self.hub = hub = Chf(store)
        hub.eui = DEVICE
        log = hub.feature("hub_log")
        log.add(METER, kind, bytes(16))
        log.open(600)
        hub.registry.give("actions", {"joined": {"eui": METER.hex(), "link_key": "00" * 16}})
        hub.alerts.clear()
        self.tunnels = 0
        self.taken = []  # (sequence, message)

    def relay(self, message):
        self.hub.registry.give("actions", {"relay": {"message": message.hex()}})

    def say(self, payload, endpoint=1):
        self.hub.receive(HanFrame(METER, DEVICE, endpoint, 3, 0x0704, payload))

    def data(self, octets):
        """A message of the meter, in the tunnel that is open."""
        self.say(h("0977 01") + self.tunnels.to_bytes(2, "little") + octets)

    def status(self, sequence, status):
        self.say(bytes((0x18, sequence, 0x0B, 0x02, status)))

    def turn(self, answer=None, most=200):
        """Answer until the hub is silent; `answer(sequence, message)` for a transfer."""
        hub = self.hub
        while hub.outbox:
            most -= 1
            assert most, "it never ends"
            frame = hub.outbox.pop(0)
            octets = frame.payload
            if frame.profile == 0:
                found = bytes((octets[0], 0)) + octets[1:3] + b"\x01\x01"
                hub.receive(HanFrame(METER, DEVICE, 0, 0, 0x8006, found, profile=0))
            elif octets[0] & 1 and octets[2] == 0:
                self.tunnels += 1
                number = self.tunnels.to_bytes(2, "little")
                self.say(bytes((0x19, octets[1], 0)) + number + h("00 DC05"))
            elif octets[0] & 1 and octets[2] == 2:
                self.taken.append((octets[1], octets[5:]))
                if answer:
                    answer(octets[1], octets[5:])

    def open(self, endpoint=1):
        """A gas meter opens its tunnel."""
        self.say(h("01 07 00 06FFFF00DC05"), endpoint)
        (answer,) = self.hub.outbox
        self.hub.outbox.clear()
        assert answer.payload[5:6] == b"\0"
        self.tunnels = answer.payload[3] + 256 * answer.payload[4]

    def puts(self, octets):
        """What a gas meter says is answered: PUT, GET."""
        self.say(h("1177 02") + self.tunnels.to_bytes(2, "little") + octets)
        answers = [frame.payload[5:] for frame in self.hub.outbox]
        self.hub.outbox.clear()
        return answers

    def logged(self, code):
        """Message codes of entries of the event log."""
        rows = self.hub.feature("event_log").events.entries
        return [row[7:] for row in rows if row[4:6] == code]


def test_a_device_that_loses_each_transfer():
    """issue: a message goes into a second tunnel, then it has failed; nothing goes on for ever."""
    for way in ("fault", "refusal"):
        unload()
        meter = Meter()
        hub = meter.hub

        def answer(sequence, message, meter=meter, way=way):
            if way == "refusal":
                meter.status(sequence, 0x87)
            else:
                number = meter.tunnels.to_bytes(2, "little")
                meter.say(bytes((0x19, sequence, 2)) + number + b"\0")

        hub.advance(1)
        meter.turn()
        message = gas_read(GCS13A, target=METER)
        meter.relay(message)
        meter.turn(answer)
        times = 2 if way == "fault" else 1
        assert [each[1] for each in meter.taken] == times * [message]
        assert meter.tunnels == times
        assert [row[0] for row in hub.alerts] == [0x8F84]
        assert meter.logged(h("8155")) == [h("0074")] and meter.logged(h("8154")) == []
        hub.advance(100)
        assert hub.outbox == [], "it is asked again later"
        hub.advance(81)
        meter.relay(message)
        meter.turn(lambda sequence, message, meter=meter: meter.status(sequence, 0))
        assert len(meter.taken) == times + 1 and meter.logged(h("8154")) == [h("0074")]


BLOCK = h("E0 C1 0001 0000 8204B0")


def held(hub):
    """Octets of messages that wait for a link."""
    return [each.length for each in hub.alerts if not isinstance(each, tuple)]


def test_what_waits_for_a_link_has_a_bound():
    """project-choice: 100 rows and 16 KB, the oldest go; what is no message is not taken."""
    unload()
    meter = Meter()
    hub = meter.hub
    hub.advance(1)
    meter.turn()
    for octets in (b"", h("DF09"), h("00") * 40, gas_read(GCS13A)[:-1], BLOCK + bytes(1501)):
        before = ignored(hub)
        meter.data(octets)
        assert ignored(hub) == before + 1 and hub.alerts == [], octets[:9]
    assert hub.ignored["malformed"] == 5
    meter.data(BLOCK + bytes(1500 - len(BLOCK)))
    assert held(hub) == [1500]
    hub.alert(0x8F30, 0)
    for _ in range(9):
        meter.data(BLOCK + bytes(1500 - len(BLOCK)))
    meter.data(BLOCK + bytes(1384 - len(BLOCK)))
    assert held(hub) == 10 * [1500] + [1384] and hub.alerts_dropped == 0, "16384"
    meter.data(BLOCK)
    assert held(hub) == 9 * [1500] + [1384, len(BLOCK)] and hub.alerts_dropped == 1
    assert hub.alerts[0][0] == 0x8F30, "a hub's own has no octets yet"
    for _ in range(120):
        meter.data(BLOCK)
    assert len(hub.alerts) == 100 and sum(held(hub)) <= 16384


def answer_to(counter, target=SUPPLIER, cra=2, source=METER):
    """A message of a meter in its header, which is all that a hub looks at."""
    return command(GCS13A, b"\0", counter, source, target, cra=cra, key_secret=bytes(32))


def test_what_confirms_a_message():
    """issue: its own Default Response, or the response to it; nothing else that comes then."""
    for end in ("default", "response"):
        unload()
        meter = Meter()
        hub = meter.hub
        hub.advance(1)
        meter.turn()
        meter.relay(gas_read(GCS13A, 1000, target=METER))
        meter.relay(gas_read(GCS14, 1001, target=METER))
        meter.turn()
        ((sequence, first),) = meter.taken
        meter.status((sequence - 1) & 0xFF, 0)
        meter.status((sequence + 1) & 0xFF, 0)
        meter.status((sequence + 1) & 0xFF, 0x87)
        assert hub.ignored["unasked"] == 3
        for octets in (
            answer_to(1000, cra=3),
            answer_to(1001),
            answer_to(1000, STRANGER),
            answer_to(1000, source=STRANGER),
            BLOCK,
        ):
            meter.data(octets)
        meter.turn()
        assert len(meter.taken) == 1 and meter.logged(h("8154")) == [], "the first may be lost"
        if end == "default":
            meter.status(sequence, 0)
        else:
            meter.data(answer_to(1000))
            meter.status(sequence, 0)  # which comes late
        meter.turn()
        assert [each[1] for each in meter.taken] == [first, gas_read(GCS14, 1001, target=METER)]
        assert meter.logged(h("8154")) == [h("0074")]
        # The tunnel is lost: a late answer from there is not one to what goes into the next.
        late = meter.taken[1][0]
        meter.say(bytes((0x19, late, 2)) + meter.tunnels.to_bytes(2, "little") + b"\0")
        meter.turn()
        meter.status(late, 0)
        assert len(meter.taken) == 3 and meter.logged(h("8154")) == [h("0074")]
        meter.status(meter.taken[2][0], 0)
        assert meter.logged(h("8154")) == [h("0074"), h("0075")]
        assert len(held(hub)) == (5 if end == "default" else 6), "all is told, whatever it is"


def test_a_device_that_confirms_nothing_is_still_heard():
    """issue: what it says is told; into a tunnel that its hub does not have, it gets a fault."""
    unload()
    meter = Meter()
    hub = meter.hub
    hub.advance(1)
    meter.turn()
    meter.relay(gas_read(GCS13A, 1000, target=METER))
    meter.turn()
    hub.advance(90)
    assert meter.logged(h("8155")) == [h("0074")] and hub.summary()["tunnels"] == 0
    hub.alerts.clear()
    meter.data(answer_to(7, cra=3))
    assert len(held(hub)) == 1 and hub.outbox == [], "an alert"
    meter.relay(gas_read(GCS13A, 1001, target=METER))
    assert hub.outbox == [], "up to three minutes"
    hub.advance(180)
    meter.turn()
    assert meter.tunnels == 2 and len(meter.taken) == 2 and hub.summary()["tunnels"] == 1
    meter.tunnels = 1
    meter.data(answer_to(8, cra=3))
    (fault,) = hub.outbox
    assert fault.payload == h("11 77 03 0100 00") and len(held(hub)) == 1
    hub.outbox.clear()
    hub.receive(HanFrame(STRANGER, DEVICE, 1, 3, 0x0704, h("09 77 01 0100 DF")))
    assert hub.outbox == []

    device = Hcalcs()
    device.eui = DEVICE
    send(device, HUB, OPEN)
    for number, open_after in (("0200", True), ("0100", False)):
        assert send(device, HUB, h("11 77 03") + h(number) + b"\0") == []
        assert device.summary()["tunnel"]["open"] is open_after


def test_devices_that_are_taken_out_of_the_log():
    """issue: they have no tunnel; what waited for them has failed, and leaves its place."""
    unload()
    meter = Meter()
    hub = meter.hub
    hub.advance(1)
    meter.turn()
    for counter in (1000, 1001):
        meter.relay(gas_read(GCS13A, counter, target=METER))
    hub.outbox.clear()
    assert hub.summary()["tunnels"] == 1
    hub.feature("hub_log").remove(METER)
    hub.alerts.clear()
    hub.advance(1)
    assert hub.summary()["tunnels"] == 0 and hub.outbox == []
    assert meter.logged(h("8155")) == 2 * [h("0074")]
    assert [row[0] for row in hub.alerts] == 2 * [0x8F84]

    unload()
    store = Store(tmpdir() + "/d")
    for begun in (False, True):
        meter = Meter(1, store)
        hub = meter.hub
        meter.open()
        if not begun:
            for counter in range(8):
                meter.relay(gas_read(GCS13A, counter + 1, target=METER))
        hub.advance(1)
        assert hub.summary()["waiting"] == 8 and meter.logged(h("8155")) == []
    hub.feature("hub_log").remove(METER)
    before = ignored(hub)
    assert hub.summary()["tunnels"] == 1
    hub.advance(1)
    assert hub.summary()["tunnels"] == 0 and hub.summary()["waiting"] == 0
    assert meter.logged(h("8155")) == 8 * [h("0074")]
    assert meter.puts(b"\1") == [] and ignored(hub) == before + 1
    assert [name for name in store.names() if name.startswith("waiting")] == []


def test_what_takes_a_command_from_a_gas_meter():
    """issue: its response or a block of one; nothing else, and no other command."""
    unload()
    meter = Meter(1)
    hub = meter.hub
    meter.open()
    first, second = (gas_read(code, 1000 + code, target=METER) for code in (GCS13A, GCS14))
    meter.relay(first)
    meter.relay(second)
    assert meter.puts(b"\3" + BLOCK) == [] and hub.summary()["waiting"] == 2, "none was given"
    assert meter.puts(b"\1") == [b"\2\1" + first]
    for octets in (
        b"",
        h("DF09"),
        first[:-1],
        answer_to(1000 + GCS13A, cra=3),
        answer_to(1000 + GCS14),
        answer_to(1000 + GCS13A, STRANGER),
        answer_to(1000 + GCS13A, source=STRANGER),
    ):
        assert meter.puts(b"\3" + octets) == [] and hub.summary()["waiting"] == 2, octets
    assert hub.ignored["malformed"] == 3
    meter.puts(b"\3" + BLOCK)
    assert meter.puts(b"\1") == [b"\2\0" + second]
    meter.puts(b"\3" + answer_to(1000 + GCS14))
    assert meter.puts(b"\1") == [b"\2\0"] and meter.logged(h("8155")) == []


def transfers(device, command):
    """What has gone into the tunnel since."""
    found = [frame.payload for frame in device.outbox if frame.cluster == 0x0704]
    device.outbox.clear()
    return [payload[5:] for payload in found if payload[0] & 1 and payload[2] == command]


def test_an_alert_that_is_taken_back_is_not_told():
    """issue: a change that cannot be kept takes its alert back, tunnel or not; others are told."""
    unload()
    held = Quiet.features
    Quiet.features = held + ("tunnel_server",)
    try:
        prepaid = Prepaid(Store(tmpdir() + "/s"))
    finally:
        Quiet.features = held
    device, meter = prepaid.device, prepaid.meter
    device.take_keys(keys(ESME))
    device.registry.give("inputs", {"chf": HUB.hex()})
    written = []
    link = bench.BenchLink(device, written.append)
    link.session = Session(device, device.keys)
    assert send(device, HUB, OPEN)[0][5:6] == b"\0"
    device.advance(1)
    device.outbox.clear()
    for kept in (False, True):
        mark = meter.keeper.begin()
        meter.added = True
        meter.tell()
        assert len(device.alerts) == 1
        if kept:
            meter.keeper.commit()
        else:
            meter.keeper.rollback(mark)
        del written[:]
        link.line("CTRL:QUERY#1:0:")
        assert not [text for text in written if text.startswith("GBCS")], "not by the link"
        device.advance(1)
        assert len(transfers(device, 1)) == kept and device.alerts == []


def test_an_alert_wakes_a_gas_meter():
    """issue: it is left to the tunnel, and taken back it wakes nobody."""
    unload()
    device = Gsme()
    device.eui = DEVICE
    device.take_keys(keys())
    written = []
    link = bench.BenchLink(device, written.append)
    link.session = Session(device, device.keys)
    device.registry.give("inputs", {"chf": HUB.hex()})
    device.advance(1)
    device.outbox.clear()
    found = bytes((1, 0)) + HUB[7:] + HUB[6:7] + h("01 03")
    device.receive(HanFrame(HUB, DEVICE, 0, 0, 0x8006, found, profile=0))
    assert send(device, HUB, h("19 02 00 0100 00 DC05")) != []
    device.advance(1)
    for kept in (False, True):
        device.outbox.clear()
        device.alert(0x8F3F, 0)
        link.line("CTRL:QUERY#1:0:")
        assert "GBCS" not in "".join(written) and len(device.alerts) == 1
        if not kept:
            device.alerts.clear()
        device.advance(1)
        puts = transfers(device, 2)
        assert [octets[:1] for octets in puts] == kept * [b"\3"] and device.alerts == []


def test_what_went_into_a_tunnel_that_the_hub_had_lost():
    """issue: alerts go into the next one, once; what came stays where it is."""
    unload()
    device = Hcalcs()
    device.eui = DEVICE
    device.take_keys(keys())
    send(device, HUB, OPEN)
    device.alert(0x8F3F, 0)
    device.advance(1)
    (alert,) = transfers(device, 1)
    device.advance(10)
    send(device, HUB, h("11 77 03 0100 00"))
    device.alert(0x8F3F, 0)
    device.advance(60)
    assert transfers(device, 1) == [] and len(device.alerts) == 1
    assert send(device, HUB, OPEN)[1:] == [h("19 01 01 0200") + alert]
    device.outbox.clear()
    device.advance(1)
    (second,) = transfers(device, 1)
    assert second != alert
    device.advance(11)
    send(device, HUB, h("11 77 03 0200 00"))
    assert len(send(device, HUB, OPEN)) == 1, "both came long ago"


def test_what_a_ppmid_asks_is_asked_again():
    """issue: a top-up that went into a tunnel that the hub had lost goes into the next, once."""
    unload()
    device = Ppmid(Store(tmpdir() + "/asks"))
    device.eui = DEVICE
    device.take_keys(keys())
    send(device, HUB, OPEN)
    # A party with a key stands for the gas meter.
    told = {"to": SUPPLIER.hex(), "digits": "1" * 20}
    device.registry.give("actions", {"gas_top_up": told})
    (asked,) = transfers(device, 1)
    assert b"1" * 20 in asked
    device.advance(5)
    send(device, HUB, h("11 77 03 0100 00"))
    assert send(device, HUB, OPEN)[1:] == [h("19 01 01 0200") + asked]
    device.advance(11)
    send(device, HUB, h("11 77 03 0200 00"))
    assert len(send(device, HUB, OPEN)) == 1, "it came long ago"


def test_a_gas_meter_puts_again_what_was_lost():
    """issue: what went into a lost tunnel; a hub that loses each one is left alone a while."""
    unload()
    device = Gsme()
    device.eui = DEVICE
    device.take_keys(keys())
    device.registry.give("inputs", {"chf": HUB.hex()})
    device.advance(1)

    def opened(number):
        """Answer its search and RequestTunnel; what it says then."""
        asked = device.outbox.pop()
        assert asked.profile == 0, "a search"
        found = asked.payload[:1] + b"\0" + asked.payload[1:3] + h("01 03")
        device.outbox.clear()
        device.receive(HanFrame(HUB, DEVICE, 0, 0, 0x8006, found, profile=0))
        request = device.outbox.pop()
        answer = bytes((0x19, request.payload[1], 0, number)) + h("00 00 DC05")
        device.outbox.clear()
        device.receive(HanFrame(HUB, DEVICE, 3, 1, 0x0704, answer))
        return transfers(device, 2)

    assert opened(1) == [b"\1"]
    device.alert(0x8F3F, 0)
    device.advance(1)
    (put,) = transfers(device, 2)
    assert put[:1] == b"\3"
    send(device, HUB, h("19 01 02 0100 00"))
    assert device.outbox == []
    device.advance(1)
    assert opened(2) == [put, b"\1"]
    send(device, HUB, h("19 02 02 0200 00"))
    device.advance(1)
    assert device.outbox == [], "the second one in turn"
    device.advance(180)
    assert opened(3) == [put, b"\1"]
    send(device, HUB, h("19 03 01 0300 02 00"))
    device.advance(11)
    send(device, HUB, h("19 04 02 0300 00"))
    device.advance(1)
    assert opened(4) == [b"\1"], "it came"
