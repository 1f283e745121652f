# engines: cpython unix
# The XBee link: set-up by AT commands, frames in and out, limits, statuses, and hostile modules.
import json
import random

from testkit import Skip, raises
from vectors import h
from xbee_wire import Module, framed

from smets.devices import build
from smets.ports import link_xbee, radio_xbee, xbee_addresses, xbee_board, xbee_setup
from smets.ports.link_xbee import XBeeLink
from smets.zcl import clusters, discovery, han_frame
from smets.zcl.han_frame import HanFrame

OWN = h("0013A200 4052AA01")
PEER = h("0013A200 4052BB02")
PEER_AT = 0x7D84
PAN = h("0000 5EC0 0000 0001")
KEY = bytes(range(0x10, 0x20))
TABLE = xbee_setup.registers(PAN, KEY)
READ = h("00 21 00 00 02")  # Read Attributes 0x0200


def run(link, module, milliseconds=200, step=20):
    """Let link and module talk; returns the HAN frames received."""
    frames = []
    for _ in range(milliseconds // step):
        module.listen()
        frame = link.poll(step)
        while frame is not None:
            frames.append(frame)
            frame = link.poll()
    return frames


def started(escaped=True, **options):
    """A link that is set up and joined, and its module."""
    module = Module(OWN, escaped)
    table = xbee_setup.registers(PAN, KEY, escaped=escaped)
    for name, value in table:
        if name != b"KY":
            module.registers[name] = value
    link = XBeeLink(module, table, **options)
    run(link, module, 600)
    assert link.joined, link.fault
    module.commands.clear()
    return link, module


def to_peer(payload=READ, **options):
    """A Smart Energy frame from this device to the peer."""
    return HanFrame(OWN, PEER, 1, 3, clusters.DEVICE_MANAGEMENT, payload, **options)


def test_a_fresh_module_is_set_up_and_the_settings_are_stored():
    for escaped in (True, False):
        module = Module(OWN, escaped)
        link = XBeeLink(module, xbee_setup.registers(PAN, KEY, True, escaped))
        assert not link.joined and link.eui == b"" and link.room() == 0
        run(link, module, 1000)
        assert link.joined and link.errors == {}, link.fault
        assert (link.eui, link.module.network, link.module.payload) == (OWN, 0x1234, 255)
        written = [command for command in module.commands if command[2]]
        assert written == [
            (0x08, b"AP", b"\x02" if escaped else b"\x01"),
            (0x09, b"AO", b"\x03"),
            (0x09, b"ZS", b"\x02"),
            (0x09, b"CE", b"\x01"),
            (0x09, b"ID", PAN),
            (0x09, b"EE", b"\x01"),
            (0x09, b"EO", b"\x02"),
            (0x09, b"KY", KEY),
        ]
        names = [command[1] for command in module.commands]
        assert names.index(b"KY") < names.index(b"AC") < names.index(b"WR") < names.index(b"SH")
        assert link.module.rewritten == 1


def test_a_module_that_is_set_up_is_left_alone():
    module = Module(OWN)
    for name, value in TABLE:
        if name != b"KY":
            # As modules tell it: with leading zeros, or without.
            module.registers[name] = value if len(value) == 1 else value.lstrip(b"\x00")
    link = XBeeLink(module, TABLE)
    run(link, module, 1000)
    assert link.joined and link.module.rewritten == 0
    assert [command for command in module.commands if command[2]] == [(0x08, b"AP", b"\x02")]
    assert b"WR" not in [command[1] for command in module.commands], "no wear of its flash"


def test_one_register_that_differs_is_written_with_the_key():
    module = Module(OWN)
    for name, value in TABLE:
        if name != b"KY":
            module.registers[name] = value
    module.registers[b"AO"] = b"\x01"
    link = XBeeLink(module, TABLE)
    run(link, module, 1000)
    written = [command[1] for command in module.commands if command[2]]
    assert written == [b"AP", b"AO", b"KY"]


def test_renewal_writes_everything_once():
    module = Module(OWN)
    for name, value in TABLE:
        module.registers[name] = value
    link = XBeeLink(module, TABLE, renew=True)
    run(link, module, 1000)
    assert [command[1] for command in module.commands if command[2]] == [name for name, _ in TABLE]
    module.commands.clear()
    module.say(h("8A 00"))
    run(link, module, 1000)
    assert link.joined and link.module.rewritten == 1


def test_the_mode_can_be_changed_from_either_mode():
    """The command that sets AP, and its answer, hold nothing that is escaped (spec)."""
    for value in (b"\x01", b"\x02"):
        for data in (b"\x08\x01AP" + value, b"\x88\x01AP\x00"):
            assert framed(data, True) == framed(data, False)
    for escaped in (True, False):
        module = Module(OWN, not escaped)
        link = XBeeLink(module, xbee_setup.registers(PAN, KEY, escaped=escaped))
        link.poll(20)
        module.listen()
        assert module.registers[b"AP"] == (b"\x02" if escaped else b"\x01")
        module.escaped = escaped
        run(link, module, 1000)
        assert link.joined


def test_a_silent_module_is_asked_again_and_again():
    module = Module(OWN)
    module.dumb = True
    link = XBeeLink(module, TABLE)
    run(link, module, 4000, 100)
    assert link.errors == {"no answer": 1}
    assert link.fault == "no answer: to AT AP"
    assert link.send(to_peer()) == 0 and link.errors["not joined"] == 1
    module.dumb = False
    run(link, module, 10000, 100)
    assert link.joined


def test_a_refused_register_stops_the_setup_and_says_which():
    module = Module(OWN)
    module.refused = b"ID"
    link = XBeeLink(module, TABLE)
    run(link, module, 1000)
    assert not link.joined
    assert link.errors == {"AT refused": 1} and link.fault == "AT refused: ID: status 03"
    module.refused = b""
    run(link, module, 10000, 100)
    assert link.joined


def test_a_module_without_network_is_asked_until_it_has_one():
    module = Module(OWN)
    module.registers[b"AI"] = b"\x21"
    module.registers[b"MY"] = b"\xff\xfe"
    link = XBeeLink(module, TABLE)
    run(link, module, 1000)
    assert not link.joined and link.module.ready and link.module.network == 0xFFFE
    module.registers[b"AI"] = b"\x00"
    module.registers[b"MY"] = b"\x43\x21"
    run(link, module, 9000, 100)
    assert not link.joined, "not asked that often"
    run(link, module, 2000, 100)
    assert link.joined and link.module.network == 0x4321


def test_modem_status():
    link, module = started()
    module.registers[b"MY"] = b"\x55\x66"
    module.say(h("8A 02"))
    run(link, module)
    assert link.joined and link.module.network == 0x5566
    module.registers[b"AI"] = b"\xff"
    module.say(h("8A 03"))
    link.poll()
    assert not link.joined, "left: known at once"
    run(link, module)
    assert not link.joined
    module.registers[b"AI"] = b"\x00"
    module.say(h("8A 06"))
    run(link, module)
    assert link.joined
    module.commands.clear()
    module.say(h("8A 01"))
    link.poll()
    assert not link.joined
    run(link, module, 1000)
    assert link.joined and module.commands[0] == (0x08, b"AP", b"\x02"), "set up again"
    module.commands.clear()
    module.say(h("8A 0D"))
    run(link, module)
    assert link.joined and module.commands == [], "others change nothing"


def test_a_frame_to_an_unknown_and_to_a_known_address():
    for escaped in (True, False):
        link, module = started(escaped)
        assert link.send(to_peer()) == 1
        module.listen()
        head = h("11 01 0013A2004052BB02")
        assert module.sent[0] == head + h("FFFE 01 03 0708 0109 00 20") + READ
        module.status(PEER_AT)
        run(link, module)
        assert link.counts["delivered"] == 1
        assert link.send(to_peer(flags=0)) == 2
        module.listen()
        assert module.sent[1][10:12] == h("7D84"), "the address that the status told"
        assert module.sent[1][19] == 0, "no APS encryption was asked for"


def test_frames_received():
    link, module = started()
    module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x21, h("18 21 01"))
    module.deliver(PEER, PEER_AT, b"\x03\xff", 0x0708, 0x0109, 0x02, h("18 22 0A"))
    module.deliver(PEER, PEER_AT, b"\xe8\xe8", 0x0011, 0xC105, 0x01, b"")
    first, second, third = run(link, module)
    assert (first.source, first.destination) == (PEER, OWN)
    assert (first.source_endpoint, first.destination_endpoint) == (3, 1)
    assert (first.profile, first.cluster, first.flags) == (0x0109, 0x0708, han_frame.APS_SECURED)
    assert first.payload == h("18 21 01") and isinstance(first.payload, bytes)
    assert second.flags == han_frame.BROADCAST and second.destination == b"\xff" * 8
    assert (third.profile, third.flags, third.payload) == (0xC105, 0, b"")
    assert link.counts["received"] == 3
    # The 16-bit address of the source is known now.
    link.send(to_peer())
    module.listen()
    assert module.sent[0][10:12] == h("7D84")


def test_a_source_without_eui_is_found_by_its_network_address():
    link, module = started()
    module.deliver(b"\xff" * 8, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x01, READ)
    assert run(link, module) == [] and link.errors == {"unknown source": 1}
    module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x01, READ)
    module.deliver(b"\xff" * 8, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x01, READ)
    assert [frame.source for frame in run(link, module)] == [PEER, PEER]


def test_broadcast_and_group():
    link, module = started()
    link.send(HanFrame(OWN, b"\xff" * 8, 1, 255, 0x0700, READ, flags=han_frame.BROADCAST | 1))
    link.send(HanFrame(OWN, h("0000 0000 0000 8123"), 1, 255, 0x0700, READ, flags=han_frame.GROUP))
    module.listen()
    assert module.sent[0][2:12] == h("000000000000FFFF FFFE")
    assert module.sent[0][19] == 0, "a broadcast cannot be APS encrypted"
    assert module.sent[1][2:12] == h("FFFFFFFFFFFFFFFF 8123")
    assert module.sent[1][19] == 0x08
    module.status(0xFFFE)
    module.sent.pop()
    module.status(0xFFFE)
    run(link, module)
    assert link.counts["delivered"] == 2 and link.errors == {}


def test_payload_limits():
    """Unicast: NP. Broadcast: one packet. Beyond: an error, never a shorter frame (spec)."""
    link, module = started()
    assert link.send(to_peer(bytes(255))) and not link.send(to_peer(bytes(256)))
    assert link.fault == "too long: payload of 256 octets, 255 at most"
    broadcast = HanFrame(OWN, b"\xff" * 8, 1, 255, 0x0700, bytes(74), flags=han_frame.BROADCAST)
    assert link.send(broadcast)
    broadcast.payload = bytes(75)
    assert not link.send(broadcast)
    assert link.errors == {"too long": 2}
    module.listen()
    assert [len(data) - 20 for data in module.sent] == [255, 74]
    # A module that does not fragment: what fits one packet, less what APS security takes.
    module.registers[b"NP"] = b"\x42"
    module.say(h("8A 02"))
    run(link, module)
    assert link.limit(to_peer(flags=0)) == 66 and link.limit(to_peer()) == 57
    module.registers[b"NP"] = b""
    module.say(h("8A 02"))
    run(link, module)
    assert link.limit(to_peer(flags=0)) == link.limit(to_peer()) == 0


def test_without_network_security_nothing_secured_goes_out():
    table = tuple([(name, b"\x00" if name == b"EE" else value) for name, value in TABLE])
    module = Module(OWN)
    link = XBeeLink(module, table)
    run(link, module, 1000)
    assert link.joined
    assert not link.send(to_peer()) and link.errors == {"no APS security": 1}
    assert link.send(to_peer(flags=0))
    assert link.limit(HanFrame(OWN, OWN, 1, 1, 0, b"", flags=han_frame.BROADCAST)) == 84
    assert link.send(discovery.match_request(OWN, PEER, 1, 0x0109, (0x0708,)))


def test_delivery_failures():
    link, module = started()
    link.send(to_peer())
    module.listen()
    module.status(PEER_AT)
    run(link, module)
    assert link.send(to_peer())
    module.listen()
    module.status(0xFFFD, 0x21, 3)
    run(link, module)
    assert link.errors == {"not delivered": 1} and link.fault == "not delivered: status 21"
    assert link.counts == {"sent": 2, "delivered": 1, "received": 0, "retries": 3}
    link.send(to_peer())
    module.listen()
    assert module.sent[-1][10:12] == h("FFFE"), "the address is looked for again"
    module.status(PEER_AT, 0x74)
    module.status(PEER_AT, 0x00)
    run(link, module)
    assert link.errors == {"not delivered": 2, "status of nothing sent": 1}


def test_another_network_has_other_addresses():
    link, module = started()
    module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x21, READ)
    run(link, module)
    module.say(h("8A 02"))
    run(link, module)
    link.send(to_peer())
    module.listen()
    assert module.sent[0][10:12] == h("FFFE")


def test_the_status_of_a_broadcast_teaches_no_address():
    link, module = started()
    link.send(HanFrame(OWN, b"\xff" * 8, 1, 255, 0x0700, READ, flags=han_frame.BROADCAST))
    module.listen()
    module.status(0x4444)
    run(link, module)
    module.deliver(b"\xff" * 8, 0x4444, b"\x03\x01", 0x0708, 0x0109, 0x01, READ)
    assert run(link, module) == [] and link.errors == {"unknown source": 1}


def test_a_slow_line_is_no_gap():
    for escaped in (True, False):
        link, module = started(escaped)
        module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x21, READ)
        module.step = 4
        assert len(run(link, module, 1500, 150)) == 1 and link.broken == 0
        # And one that stops inside of a frame holds nothing up.
        module.incoming = framed(h("8B 01 0000 00 00 00"), escaped)[:-3]
        run(link, module, 900, 150)
        assert link.broken == 1
        module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x21, READ)
        assert len(run(link, module, 1500, 150)) == 1


def test_only_the_answer_to_the_last_command_is_taken():
    link, module = started()
    module.say(h("8A 02"))
    link.poll(20)
    # MY is asked first, with frame identifier 1; these frames do not answer it.
    module.say(h("88 02 4D59 00 1111"))
    module.say(h("88 01 4149 00 22"))
    link.poll(20)
    assert link.module.late == 2
    run(link, module)
    assert link.joined and link.module.network == 0x1234 and link.module.late == 2


def test_no_more_than_four_are_under_way_and_lost_statuses_are_given_up():
    link, module = started()
    for number in (4, 3, 2, 1):
        assert link.room() == number and link.send(to_peer())
    assert link.room() == 0 and not link.send(to_peer())
    assert link.errors == {"busy": 1}
    module.listen()
    run(link, module, 14000, 500)
    assert link.room() == 0
    run(link, module, 1500, 500)
    assert link.room() == 4 and link.errors == {"busy": 1, "no status": 4}


def test_a_transport_that_takes_a_part_at_a_time():
    link, module = started()
    module.step = 0
    assert link.send(to_peer()) and link.room() == 0
    assert not link.send(to_peer()) and link.errors == {"busy": 1}
    module.step = 6
    link.poll(10)
    module.step = 4096
    module.listen()
    assert len(module.sent) == 1 and link.room() == 3


def test_a_module_that_holds_its_line_during_the_setup():
    module = Module(OWN)
    module.step = 0
    link = XBeeLink(module, TABLE)
    run(link, module, 3000, 100)
    assert not link.joined and module.commands == []
    module.step = 4096
    run(link, module, 8000, 100)
    assert link.joined and link.errors == {}


def test_frame_identifiers_are_never_zero():
    link, module = started()
    for number in range(300):
        assert link.send(to_peer()) == number % 255 + 1
        module.listen()
        module.status(PEER_AT)
        link.poll(1)
        module.sent.clear()
    assert link.counts["delivered"] >= 299 and link.errors == {}


def test_identity_other_than_the_address_of_the_module():
    device, meter = h("02534D4554010000"), h("02534D4554020000")
    link, module = started(eui=device, peers={meter: PEER})
    assert link.eui == device
    assert not link.send(to_peer()) and link.errors == {"source is not this device": 1}
    assert link.send(HanFrame(device, meter, 1, 3, 0x0708, READ))
    module.listen()
    assert module.sent[0][2:10] == PEER
    module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x21, READ)
    (frame,) = run(link, module)
    assert (frame.source, frame.destination) == (meter, device)


def test_discovery_uses_the_addresses_of_the_network():
    """Addresses of interest are 16-bit addresses of the network on the air (spec)."""
    link, module = started()
    match = discovery.match_request(OWN, PEER, 9, 0x0109, (0x0708,))
    link.send(match)
    module.listen()
    assert module.sent[-1][20:23] == h("09 FDFF"), "not known yet: whoever gets it"
    assert module.sent[-1][12:20] == h("00 00 0006 0000 00 00")
    module.status(PEER_AT)
    run(link, module)
    link.send(match)
    link.send(discovery.simple_request(OWN, PEER, 10, 3))
    module.listen()
    assert module.sent[-2][20:23] == h("09 847D") and module.sent[-1][20:23] == h("0A 847D")
    assert match.payload[1:3] == h("02BB"), "the caller's frame is as it was"
    module.deliver(PEER, PEER_AT, b"\x00\x00", 0x8006, 0, 1, h("09 00 847D 01 03"))
    (reply,) = run(link, module)
    assert reply.payload == h("09 00 02BB 01 03")
    assert discovery.parse_match_response(reply) == (9, (3,))


def test_a_search_of_others_is_answered():
    link, module = started()
    table = {1: (0x0502, (), (0x0708,))}
    module.deliver(PEER, PEER_AT, b"\x00\x00", 0x0005, 0, 1, h("30 3412"))
    (question,) = run(link, module)
    assert question.payload == h("30 01AA")
    link.send(discovery.answer(link.eui, table, question))
    module.listen()
    assert module.sent[-1][10:20] == h("7D84 00 00 8005 0000 00 00")
    assert module.sent[-1][20:] == h("30 00 3412 01 01")
    module.deliver(PEER, PEER_AT, b"\x00\x00", 0x0005, 0, 1, h("31 9999"))
    (question,) = run(link, module)
    reply = discovery.answer(link.eui, table, question)
    assert reply.payload == h("31 81 9999 00"), "somebody else's address"


def test_other_zdo_frames_pass_as_they_are():
    link, module = started()
    for cluster, payload in ((0x0013, h("01 3412 01")), (0x0004, h("02")), (0x8006, h("02"))):
        module.deliver(PEER, PEER_AT, b"\x00\x00", cluster, 0, 2, payload)
        (frame,) = run(link, module)
        assert frame.payload == payload
        assert link.send(HanFrame(OWN, PEER, 0, 0, cluster, payload, 0, 0))
        module.listen()
        assert module.sent[-1][20:] == payload
        module.status(PEER_AT)
        run(link, module)
    unknown = h("0013A200 40520303")
    link.send(discovery.active_request(OWN, unknown, 3))
    module.listen()
    assert module.sent[-1][20:] == h("03 0303"), "only a match may be asked of each node"


def test_addresses_remembered_are_bounded_and_unique():
    addresses = xbee_addresses.Addresses({})
    for number in range(40):
        addresses.learn(bytes(7) + bytes((number,)), 0x1000 + number)
    known = [addresses.network_of(bytes(7) + bytes((number,))) for number in range(40)]
    assert known.count(xbee_addresses.UNKNOWN) == 24 and known[39] == 0x1027
    addresses.learn(PEER, 0x1027)
    assert addresses.network_of(bytes(7) + bytes((39,))) == xbee_addresses.UNKNOWN
    assert addresses.module_at(0x1027) == PEER
    addresses.learn(PEER, 0xFFFE)
    assert addresses.network_of(PEER) == 0x1027, "no address of a node"
    addresses.clear()
    assert addresses.module_at(0x1027) is None


def test_other_and_short_frames_are_counted():
    link, module = started()
    module.say(h("90 0013A2004052BB02 7D84 01 00"))
    module.say(h("91 0013A2004052BB02 7D84 03 01"))
    module.say(h("8B 01"))
    module.say(h("88 7F 4149 00 00"))
    assert run(link, module) == []
    assert link.errors == {"other frame": 1, "short frame": 2} and link.module.late == 1
    module.incoming = h("0102037E 7E00")
    run(link, module, 500)
    assert link.noise == 3 and link.broken == 2
    module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x21, READ)
    assert len(run(link, module)) == 1


def test_a_frame_before_the_module_told_its_address():
    module = Module(OWN)
    link = XBeeLink(module, TABLE)
    module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x21, READ)
    assert link.poll() is None and link.errors == {"early frame": 1}


def test_an_adapter_that_is_pulled_out_and_put_back():
    link, module = started()
    module.unplugged = True
    assert link.poll(10) is None
    assert not link.joined and link.room() == 0 and link.fault == "transport"
    run_errors = link.errors["transport"]
    for _ in range(80):
        link.poll(100)
    assert link.errors["transport"] > run_errors
    module.unplugged = False
    run(link, module, 10000, 100)
    assert link.joined
    # Pulled out between the question for room and the frame, and while a frame waits.
    module.step = 0
    link.send(to_peer())
    module.unplugged = True
    assert link.room() == 0 and not link.joined


def test_pulled_out_while_sending():
    link, module = started()

    def fail(data):
        raise OSError(5)

    module.write = fail
    assert link.send(to_peer()) == 1, "taken, and lost"
    assert link.errors == {"transport": 1} and not link.joined


def random_octet(alphabet):
    return random.choice(alphabet) if random.getrandbits(2) else random.getrandbits(8)


def test_random_octets_from_the_module_never_raise():
    random.seed(109)
    alphabet = (0x7E, 0x7D, 0x00, 0x02, 0x07, 0x12, 0x88, 0x8A, 0x8B, 0x91)
    for escaped in (True, False):
        link, module = started(escaped)
        for _ in range(120):
            count = random.getrandbits(7)
            module.incoming = bytes([random_octet(alphabet) for _ in range(count)])
            run(link, module, 60, 20)
            link.send(to_peer())
            module.written = bytearray()
        module.incoming = b""
        module.registers[b"NP"] = b"\xff"
        run(link, module, 25000, 250)
        assert link.joined, "it comes back when the noise is over"


def test_random_frames_from_the_module_never_raise():
    random.seed(708)
    link, module = started()
    device = build("gpf")
    device.eui = OWN
    kinds = (0x88, 0x8A, 0x8B, 0x91, 0x91, 0x91, 0x92, 0xFF)
    for turn in range(400):
        size = random.getrandbits(6)
        data = bytes((random.choice(kinds),)) + bytes([random.getrandbits(8) for _ in range(size)])
        if data[0] == 0x91 and turn % 2:
            cluster = random.choice((4, 5, 6, 0x8006))
            data = data[:13] + b"\x00\x00" + bytes((0, cluster & 0xFF, 0, 0)) + data[17:]
        module.say(data + b"\x00")
        module.listen()
        link_xbee.pump(link, device, 20)
    assert link.counts["received"] > 50
    assert len(link.errors) < 16, "reasons are a bounded number of words"
    run(link, module, 25000, 250)
    assert link.joined


def test_answers_of_any_length_never_raise():
    random.seed(3)
    for _ in range(60):
        module = Module(OWN)
        for name in module.registers:
            module.registers[name] = bytes(
                [random.getrandbits(8) for _ in range(random.getrandbits(4))]
            )
        link = XBeeLink(module, TABLE)
        run(link, module, 1200)
        assert link.module.ready and len(link.module.address) == 8
        assert 0 <= link.module.payload <= 255


def test_pump_carries_frames_between_the_link_and_a_device():
    link, module = started()
    device = build("gpf")
    device.eui = OWN
    module.deliver(PEER, PEER_AT, b"\x00\x00", 0x0006, 0, 1, h("44 3412 0901 01 0807 00"))
    module.deliver(PEER, PEER_AT, b"\x01\x01", 0x0708, 0x0109, 0x21, READ)
    link_xbee.pump(link, device, 20)
    module.listen()
    assert [data[14:16] for data in module.sent] == [h("8006"), h("0708")]
    assert module.sent[0][20:] == h("44 00 3412 01 01")
    assert module.sent[1][20:22] == h("18 21") or module.sent[1][20:22] == h("08 21")
    assert device.outbox == []


def test_pump_keeps_a_bounded_backlog_and_drops_it_without_a_network():
    link, module = started()

    class Device:
        outbox = [to_peer() for _ in range(40)]

    device = Device()
    link_xbee.pump(link, device, 20)
    assert len(device.outbox) == 32 and link.counts["sent"] == 4
    assert link.errors == {"busy": 4}
    module.say(h("8A 03"))
    link_xbee.pump(link, device, 20)
    assert device.outbox == [] and link.errors["not joined"] == 32


def test_pump_leaves_a_module_that_never_stops_talking():
    link, module = started()

    class Device:
        outbox = []
        taken = 0

        def receive(self, frame):
            self.taken += 1
            module.deliver(PEER, PEER_AT, b"\x03\x01", 0x0708, 0x0109, 0x21, READ)

    device = Device()
    device.receive(None)
    link_xbee.pump(link, device, 20)
    assert device.taken == 1 + 8


class Machine:
    """Stands in for the module `machine`, which has no UART on a host."""

    def __init__(self, module):
        self.opened = None
        self.module = module

        class UART:
            CTS, RTS = 2, 1

            def __new__(cls, number, **options):
                self.opened = (number, options)
                return module

        self.UART = UART

    def Pin(self, number):
        return "pin %d" % number


def test_a_link_from_the_settings_of_a_board():
    module = Module(OWN)
    machine = Machine(module)
    pins = {"uart": 1, "tx": 4, "rx": 5, "cts": 6, "rts": 7}
    settings = {"pins": pins, "pan": "00005EC000000001", "key": "10" * 16, "forms": True}
    link = xbee_board.open_link(settings, machine)
    number, options = machine.opened
    assert number == 1 and options["timeout"] == 0, "poll never waits"
    assert (options["tx"], options["rx"]) == ("pin 4", "pin 5")
    assert (options["cts"], options["rts"], options["flow"]) == ("pin 6", "pin 7", 3)
    assert (options["baudrate"], options["rxbuf"]) == (115200, 1024)
    run(link, module, 1200)
    assert link.joined and link.eui == OWN
    assert module.registers[b"ID"] == PAN and module.registers[b"CE"] == b"\x01"
    assert module.registers[b"KY"] == b"\x10" * 16


def test_settings_with_less_wires_and_more_identities():
    machine = Machine(Module(OWN))
    device, meter = h("02534D4554010000"), h("02534D4554020000")
    settings = {
        "pins": {"uart": 0, "tx": 0, "rx": 1, "baudrate": 9600},
        "pan": "00005EC000000001",
        "key": "10" * 16,
        "eui": "02534D4554010000",
        "peers": {"02534D4554020000": "0013A2004052BB02"},
    }
    link = xbee_board.open_link(settings, machine)
    assert machine.opened[1]["baudrate"] == 9600 and "flow" not in machine.opened[1]
    run(link, machine.module, 1200)
    assert link.eui == device
    link.send(HanFrame(device, meter, 1, 3, 0x0708, READ))
    machine.module.listen()
    assert machine.module.sent[0][2:10] == PEER
    for member, text in (("pan", "5EC0"), ("key", "10" * 15), ("eui", ""), ("pan", "zz" * 8)):
        wrong = dict(settings)
        wrong[member] = text
        with raises(ValueError):
            xbee_board.open_link(wrong, machine)


def test_the_radio_of_a_board_carries_frames_and_tells_how_it_is():
    """What runtime.py asks of a radio: `pump`, and `status` for CTRL:RADIO."""
    module = Module(OWN)
    settings = {"pins": {"uart": 1, "tx": 4, "rx": 5}, "pan": "00005EC000000001", "key": "10" * 16}
    radio = radio_xbee.open_radio(settings, Machine(module))
    assert radio.status()["joined"] is False
    run(radio.link, module, 1200)
    device = build("gpf")
    device.eui = OWN
    module.deliver(PEER, PEER_AT, b"\x01\x01", 0x0708, 0x0109, 0x21, READ)
    radio.pump(device, 20)
    module.listen()
    assert [data[14:16] for data in module.sent] == [h("0708")]
    status = radio.status()
    assert status["joined"] is True and status["fault"] == "" and status["errors"] == {}
    assert status["counts"]["sent"] == 1 and status["counts"]["received"] == 1
    assert json.loads(json.dumps(status)) == status
    with raises(KeyError):
        radio_xbee.open_radio({"pins": settings["pins"]}, Machine(module))


def test_heap_of_a_link():
    try:
        import gc

        gc.mem_alloc  # noqa: B018
    except AttributeError:
        raise Skip("this engine does not count its memory")
    module = Module(OWN)
    gc.collect()
    before = gc.mem_alloc()
    link = XBeeLink(module, TABLE)
    gc.collect()
    assert gc.mem_alloc() - before < 8000
    assert not link.joined
