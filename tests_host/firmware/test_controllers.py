# engines: cpython unix
# PPMID, HCALCS and SAPC as devices that remote parties talk to, with keys of their own.
from test_asn1 import CS03C, CS04AC, OTHER, Asked
from testkit import raises, tmpdir
from vectors import BROKER, SUPPLIER, Opened, command, h, let_sign

from smets import clock
from smets.devices.hcalcs import Hcalcs
from smets.devices.ppmid import Ppmid
from smets.devices.sapc import Sapc
from smets.document import DocumentError
from smets.gbcs import alert
from smets.gbcs.session import Refused
from smets.ports.store import Store

CS03A2, CS06, CS08 = 0x00AB, 0x0012, 0x0129
NEW_YEAR = h("07DF 01 01 FF 00 00 00 00 8000 FF")  # 2015-01-01
TEXT = h("18 0F") + b"20150101000000Z"
FOR_SUPPLIER = SUPPLIER + (77).to_bytes(8, "big")
ESME = h("025ECA0000000A00")


def told(ask, party):
    """The alerts that wait, opened."""
    device = ask.device
    found = []
    while device.alerts:
        entry = device.alerts.pop(0)
        message = alert.message_of(ask.keys, device.own_counter, entry)
        found.append(Opened(message, party, cra=3))
    return found


def test_firmware_version_and_its_alert():
    """issue: CS08 reads what CS09 told; it outlasts a restart, and a failure changes nothing."""
    for kind in (Ppmid, Hcalcs):
        path = tmpdir()
        ask = Asked(kind, Store(path))
        # project-choice: the version of this firmware.
        assert ask(CS08, h("0500"), sign=False) == h("3009 0404 00000100 020100")
        give = ask.device.registry.give
        give("actions", {"activated": {"version": "0A0B0C0D", "done": True}})
        give("actions", {"activated": {"version": "11111111", "done": False}})
        with raises(DocumentError):
            give("actions", {"activated": {"version": "0A0B0C", "done": True}})
        done, failed = told(ask, BROKER)
        assert (done.code, done.target, done.originator) == (0x012B, BROKER, ask.keys.device_id)
        assert done.signature and not done.authenticated
        assert done.payload == h("301F 0203 008F8B") + TEXT + h("0404 0A0B0C0D 020100")
        assert failed.payload == h("301F 0203 008F8B") + TEXT + h("0404 11111111 020101")
        ask = Asked(kind, Store(path))
        assert ask(CS08, h("0500"), sign=False) == h("3009 0404 0A0B0C0D 020100")
        ask.device.zcl.faults[0x0019] = {0x0002: 0x01}
        ask.counter = 2000  # what was answered is not worked out again
        assert ask(CS08, h("0500"), sign=False) == h("3009 0404 00000000 020101")
        ask.refused("malformed", CS08, h("020100"), sign=False)


def test_a_broker_carries_a_join_for_the_supplier():
    """issue: CS03A2, CS03C and CS04 by supplier or broker; a PPMID pairs with what joins."""
    path = tmpdir()
    ask = Asked(Ppmid, Store(path))
    pairing = ask.device.feature("pairing")
    # Method C without a certificate.
    assert ask(CS03C, h("3010 020103 0408") + OTHER + h("020100")) == h("02010B")
    join = h("3010 020100 0408") + ESME + h("020101")
    ask.counter += 1
    data = command(CS03A2, join, ask.counter, BROKER, other=FOR_SUPPLIER, sign=True)
    answer = Opened(ask.session.handle(data), BROKER)
    assert (answer.payload, answer.other) == (h("020100"), FOR_SUPPLIER)
    ask.device.advance(1)
    assert [(name, meter.eui) for name, meter in pairing.paired()] == [("electricity", ESME)]
    again = Ppmid(Store(path))
    again.advance(1)
    paired = again.feature("pairing").paired()
    assert [meter.eui for _, meter in paired] == [ESME], "it outlasts a power cut"
    assert ask(CS04AC, h("0408") + ESME) == h("020100")
    ask.device.advance(1)
    assert pairing.paired() == []
    # A meter that a host has set is not left by what leaves the log.
    assert ask(CS03A2, join) == h("020100")
    pairing.pair({"fuel": "gas", "eui": "0011223344556677"})
    assert ask(CS04AC, h("0408") + ESME) == h("020100")
    ask.device.advance(1)
    assert [meter.eui for _, meter in pairing.paired()] == [OTHER]


def test_a_sapc_tells_of_what_it_does_not_support():
    """issue: ECS100 to who sent it, once; nothing for what is not genuine."""
    ask = Asked(Sapc, Store(tmpdir()))
    ask.refused("no-such-use-case", CS06, h("0500"))
    (alerted,) = told(ask, SUPPLIER)
    assert (alerted.code, alerted.target) == (0x0120, SUPPLIER) and not alerted.authenticated
    counter = ask.counter.to_bytes(8, "big")
    expected = h("00 0203 12 8F85 090C") + NEW_YEAR + h("090A 0012") + counter
    assert alerted.payload[5:] == expected
    let_sign(ask.keys)
    # Again, with another signature, with another MAC.
    spoilt = bytearray(command(CS06, h("0500"), ask.counter + 1, SUPPLIER, sign=True))
    spoilt[-40] ^= 1
    unmade = bytearray(command(CS06, h("0500"), ask.counter + 2, SUPPLIER))
    unmade[-1] ^= 1
    for data in (command(CS06, h("0500"), ask.counter, SUPPLIER), spoilt, unmade):
        with raises(Refused):
            ask.session.handle(bytes(data))
        assert ask.device.alerts == []


def test_a_limit_ends():
    """issue: ECS102 when a limit ends or is cancelled, also after a power cut."""
    path = tmpdir()
    ask = Asked(Sapc, Store(path))
    ask.device.keys = ask.keys

    def limit(device, **told_of):
        told_of = dict({"controller": 0x11, "level": 20, "seconds": 60}, **told_of)
        device.registry.give("actions", {"limit": told_of})

    limit(ask.device)
    limit(ask.device, controller=0x22, level=50, seconds=30)
    for wrong in ({"controller": 0x16}, {"controller": 0x30}, {"level": 256}, {"seconds": -1}):
        with raises(DocumentError):
            limit(ask.device, **wrong)
    ask.device.advance(29)
    assert ask.device.alerts == []
    ask.device.advance(1)
    (ended,) = told(ask, SUPPLIER)
    half_minute = h("07DF 01 01 FF 00 00 1E 00 8000 FF")
    assert (ended.code, ended.target) == (0x0122, SUPPLIER)
    assert ended.payload[5:] == h("00 0204 12 8F87 090C") + half_minute + h("11 22 11 32")
    again = Asked(Sapc, Store(path))
    again.device.keys = again.keys
    again.device.clock.set(ask.device.clock.seconds, clock.RELIABLE)
    limit(again.device, level=0, seconds=0)
    (ended,) = told(again, SUPPLIER)
    assert ended.payload[-4:] == h("11 11 11 14"), "the level that it had"
    again.device.advance(600)
    assert again.device.alerts == []
    again.device.clock.set(0, clock.INVALID)
    with raises(DocumentError):
        limit(again.device)


def test_a_restart_finds_damaged_records():
    """issue: what is damaged is as new."""
    path = tmpdir()
    for name in ("limits", "firmware"):
        Store(path).put(name, b"\x00")
    assert Sapc(Store(path)).feature("limits").rows == []
    assert Hcalcs(Store(path)).feature("firmware").version == 0x100
