# engines: cpython unix
# The CHF Device Log: CCS01, 02, 03, 06, 07, the joining window, CS14, and the hub's own logs.
from test_asn1 import Asked
from test_controllers import told
from testkit import raises, tmpdir
from vectors import BROKER, SUPPLIER, h

from smets import clock
from smets.crypto.mmo import mmo
from smets.devices.chf import Chf
from smets.document import DocumentError
from smets.ports.store import Store
from smets.zcl.han_frame import HanFrame

CCS01, CCS02, CCS03, CCS06, CCS07, ECS35C, ECS35D = 1, 2, 3, 0x010F, 0x00FE, 0x93, 0x94
LOG = "0068 00001E0300FF"
METER, GAS = h("00DB000000000001"), h("00DB000000000002")
CODE = bytes(range(16))
NAMED = SUPPLIER + (5).to_bytes(8, "big")
TIME = "090C 07DF 01 01 FF 00 00 00 00 8000 FF"
NOTHING = "090C" + 9 * "FF" + "8000 FF"


def access(*elements):
    """An Access-Request of (choice, key, data in hexadecimal)."""
    count = "%02X" % len(elements)
    keys = "".join("%02X%s" % (choice, key.replace(" ", "")) for choice, key, _ in elements)
    return h("D9 20000001 00" + count + keys + count + "".join(e[2] for e in elements))


def register(eui, kind="00", timeout=90):
    return access(
        (3, LOG + "01", "0204 0908" + eui.hex() + "1601 0910" + CODE.hex() + "16" + kind),
        (2, LOG + "03", "12%04X" % timeout),
        (2, LOG + "02", "03FF"),
    )


READ = access((3, LOG + "04", "00"), (3, LOG.replace("1E0300", "1E0301") + "04", "00"))


class Hub(Asked):
    """A CHF whose broker asks."""

    def __init__(self, store):
        super().__init__(Chf, store)
        self.log = self.device.feature("hub_log")

    def __call__(self, code, payload, party=BROKER):
        return super().__call__(code, payload, party, False)

    def joined(self, eui, **more):
        self.device.registry.give("actions", {"joined": dict({"eui": eui.hex()}, **more)})


def results(answer, count):
    """The result octets at the end of an Access-Response."""
    assert answer[-2 * count - 1] == count
    return [answer[at] for at in range(len(answer) - 2 * count + 1, len(answer), 2)]


def backup(pan, *rows):
    found = "0203" + TIME + "0908" + pan.hex() + "01%02X" % len(rows)
    for eui, key in rows:
        # Of no octets MicroPython 1.25 makes b"".
        found += "0202 0908" + eui.hex() + "09%02X" % len(key) + (key.hex() or "")
    return h(found)


def test_hash():
    """spec: ZigBee's example of an install code with its CRC, and the link key it makes."""
    code = h("83FED3407A939723A5C639B26916D505 C3B5")
    assert mmo(code) == h("66B6900981E1EE3CA4206B6B861C02BB")
    # A length that leaves no room for padding in its last block.
    assert len(mmo(bytes(14))) == 16 and mmo(bytes(13)) != mmo(bytes(14)) != mmo(bytes(15))


def test_a_device_is_added_joins_and_leaves():
    """issue: CCS01, CCS06, CCS07, CCS02 read back what they set, after a restart, too; CS14."""
    path = tmpdir()
    hub = Hub(Store(path))
    pan = hub.device.eui = hub.keys.device_id
    assert results(hub(CCS01, register(METER)), 3) == [0, 0, 0]
    with raises(DocumentError):
        hub.joined(GAS, link_key=CODE.hex())
    hub.joined(METER, link_key=CODE.hex())
    added, joined = told(hub, BROKER)
    assert added.authenticated and not added.signature
    assert (added.code, added.target) == (0x0018, BROKER)
    head = h("00 0203 12 8F12" + TIME)
    assert added.payload[5:] == head + backup(pan, (METER, b""))
    assert joined.payload[5:] == head + backup(pan, (METER, mmo(CODE)))
    hub.device.advance(90)
    with raises(DocumentError):
        hub.joined(METER, link_key=CODE.hex())  # the window is closed
    hub = Hub(Store(path))
    hub.device.eui = pan
    hub.counter = 2000
    answer = hub(CCS07, READ)
    assert answer[7:].find(backup(pan, (METER, mmo(CODE)))) >= 0
    assert results(answer, 2) == [0, 0]
    active = "0908" + METER.hex() + "0408 80" + 3 * "0F7F" + 3 * "1100" + "%s" + 5 * "1100"
    answer = hub(CCS06, access((1, LOG + "04", "00")))
    assert answer.find(h("0101 020E" + active % NOTHING)) > 0
    frame = HanFrame(METER, pan, 1, 1, 0x0702, b"\x18\x01\x0a")
    hub.device.receive(frame)
    hub.counter += 1
    assert hub(CCS06, access((1, LOG + "04", "00"))).find(h("0101 020E" + active % TIME)) > 0
    remove = access((3, LOG + "02", "0908" + METER.hex()))
    assert results(hub(CCS02, remove), 1) == [0]
    (left,) = told(hub, BROKER)
    assert left.payload[5:] == head + backup(pan)
    answer = hub(CCS07, READ)
    assert answer.find(backup(pan) + backup(pan, (METER, mmo(CODE)))) > 0
    # Known to the historic log: its old key counts for one timeout, its code for the next.
    assert results(hub(CCS01, register(METER, timeout=60)), 3) == [0, 0, 0]
    with raises(DocumentError):
        hub.joined(METER, link_key=CODE.hex())
    hub.joined(METER)
    assert told(hub, BROKER)[-1].payload[5:] == head + backup(pan, (METER, mmo(CODE)))
    hub(CCS02, remove)
    hub(CCS01, register(METER, timeout=60))
    hub.device.advance(60)
    with raises(DocumentError):
        hub.joined(METER)
    hub.joined(METER, link_key=16 * "AB")
    assert hub.log.entry(METER)[3] == mmo(16 * b"\xab")
    # A GPF leaves no trace.
    hub(CCS01, register(GAS, "FE"))
    hub(CCS02, access((3, LOG + "02", "0908" + GAS.hex())))
    assert [row[0] for row in hub.log.left] == [METER]


def test_what_cannot_be_done_changes_nothing():
    """issue: a full log, a device that is not there, wrong types; each is answered as failed."""
    hub = Hub(Store(tmpdir()))
    for number in range(16):
        assert results(hub(CCS01, register(bytes(7) + bytes((number,)))), 3) == [0, 0, 0]
    before = hub.log.devices
    assert results(hub(CCS01, register(METER)), 3)[0] == 250
    assert results(hub(CCS02, access((3, LOG + "02", "0908" + METER.hex()))), 1) == [250]
    wrong = register(METER).replace(h("1601 0910"), h("1602 0910"))
    assert results(hub(CCS01, wrong), 3)[0] == 250
    assert results(hub(CCS02, access((3, LOG + "02", "0907" + 14 * "0"))), 1) == [12]
    assert hub.log.devices == before
    # Again: success, and nothing changes.
    assert results(hub(CCS01, register(bytes(8))), 3) == [0, 0, 0]
    assert hub.log.devices == before


def test_a_log_is_restored():
    """issue: CCS03 makes the network of the old hub, and is refused as a whole."""
    path = tmpdir()
    hub = Hub(Store(path))
    pan = h("1122334455667788")
    rows = ((METER, mmo(CODE)), (GAS, mmo(b"")))

    def restore(*devices):
        array = "".join("0202 0908" + eui.hex() + "0910" + key.hex() for eui, key in devices)
        data = "0202 0908" + pan.hex() + "01%02X" % len(devices) + array
        return access((3, LOG + "05", data))

    assert results(hub(CCS03, restore(*rows)), 1) == [0]
    (alerted,) = told(hub, BROKER)
    assert alerted.payload[-len(backup(pan, *rows)) :] == backup(pan, *rows)
    for wrong in ((), (rows[0], rows[0])):
        assert results(hub(CCS03, restore(*wrong)), 1) == [250]
    again = Hub(Store(path))
    again.counter = 3000
    assert again(CCS07, READ).find(backup(pan, *rows)) > 0


def test_the_hub_logs_commands_and_refusals():
    """issue: 8154 and 8155 with the message code; a refusal is in the security log."""
    hub = Hub(Store(tmpdir()))
    hub(CCS01, register(METER))
    hub(CCS02, access((3, LOG + "02", "0908" + GAS.hex())))
    hub.refused("unknown-party", CCS06, access((1, LOG + "04", "00")), party=8 * b"\x01")
    logs = hub.device.feature("event_log")
    assert [row[4:] for row in logs.events.entries] == [h("8154 02 0001"), h("8155 02 0002")]
    assert [row[4:] for row in logs.security.entries] == [h("8F3E")]


def test_damage_and_power():
    """issue: a damaged log begins empty; the window does not outlast the power."""
    path = tmpdir()
    hub = Hub(Store(path))
    hub(CCS01, register(METER))
    assert hub.device.summary()["joining"]
    again = Hub(Store(path))
    assert not again.device.summary()["joining"] and again.log.entry(METER)
    assert again.device.clock.status == clock.RELIABLE
    Store(path).put("hub-log", b"\x00")
    assert Chf(Store(path)).feature("hub_log").devices == []


def test_other_alerts_of_a_hub():
    """issue: CCS08 ends a distribution; DBCH09 tells what DBCH04 has set."""
    hub = Hub(Store(tmpdir()))
    give = hub.device.registry.give
    give("actions", {"distributed": {"to": METER.hex(), "version": "01020304", "result": 0}})
    give("actions", {"distributed": {"to": METER.hex(), "version": "01020304", "result": 3}})
    good, bad = told(hub, BROKER)
    text = h("180F") + b"20150101000000Z"
    rest = h("0408") + METER + h("0404 01020304")
    assert good.payload == h("3029 0203 008F8A") + text + rest + h("020100")
    assert bad.payload == h("3029 0203 008F89") + text + rest + h("020103")
    assert good.code == 0x0128 and good.signature
    settings = "0202 121234 125678"
    hub(0x010D, access((2, "0001 00005E2C0A00 02", settings)))
    (told_of,) = told(hub, BROKER)
    assert told_of.code == 0x0113 and told_of.authenticated
    assert told_of.payload[5:] == h("00 0203 12 8F2A" + TIME + settings)


def test_the_log_by_version():
    """spec: GBCS 3.1 has an integer 0 where 4.0 has null (CCS07), and 8012 in CS14."""
    hub = Hub(Store(tmpdir()))
    older = READ.replace(h("02 00 00"), h("02 0F00 0F00"))
    assert older != READ
    for old, asked, code in ((False, READ, "8F12"), (True, older, "8012")):
        hub.device.zcl.old = old
        assert results(hub(CCS07, asked), 2) == [0, 0]
        wrong = older if asked is READ else READ
        assert results(hub(CCS07, wrong), 2) == [12, 250]
        hub.log.tell()
        assert told(hub, BROKER)[0].payload[5:12] == h("00 0203 12" + code + "09")


def test_commands_that_get_no_answer():
    """alerts.csv: 8F1E and 8F3E, signed, to the broker: a hub has no supplier."""
    hub = Hub(Store(tmpdir()))
    hub.device.alerts.clear()
    asked = ((b"\xd9", BROKER, "malformed", "8F1E"), (READ, SUPPLIER, "role", "8F3E"))
    for payload, party, reason, code in asked:
        hub.refused(reason, CCS06, payload, party)
        (alert,) = told(hub, BROKER)
        assert (alert.code, alert.target) == (0x1000, BROKER)
        assert alert.payload.endswith(h("0202 12" + code + TIME))
        assert alert.signature and not alert.authenticated
    entries = hub.device.feature("event_log").security.entries
    assert [row[4:6] for row in entries] == [h("8F1E"), h("8F3E")]
