# engines: cpython unix
# The account as a supplier reads, sets and acts on it: DLMS objects of ECS02 to ECS45, CS01a.
import gc

from full_store import FullStore
from prepaid_meter import PENNY, POUND, PPMID, START, SUPPLIER, Meter, token
from testkit import tmpdir
from vectors import h

from smets.cosem_time import parse
from smets.dlms import objects
from smets.dlms.objects import Buffer, key
from smets.features.prepayment import account, calendar, served
from smets.ports.store import Store
from smets.zcl.clusters import METERING, PREPAYMENT

NOW = h("090C0000000000000000008000FF")
NEVER = h("090CFFFFFFFFFFFFFFFFFF8000FF")
BALANCE = "112/0-0:19.10.0.255/"
EMERGENCY = "112/0-0:19.10.1.255/"
SWITCH = "9/0-0:10.0.106.255/1"
MODE, MODE_TIME = "111/0-1:19.0.0.255/2", "111/0-1:19.0.0.255/13"
SCHEDULE, SCHEDULE_TIME = "10/0-1:12.0.1.255/2", "9000/0-0:94.44.128.28/6"


def dl(value):
    return b"\x05" + (value & 0xFFFFFFFF).to_bytes(4, "big")


def get(meter, text):
    return meter.device.dlms.get(key(text))


def put(meter, text, data):
    return meter.device.dlms.set(key(text), data)


def invoke(meter, text, data):
    return meter.device.dlms.invoke(key(text), data)


def test_balances():
    """spec: ECS82, ECS19: meter balance, emergency credit, accumulated, time and payment debts."""
    meter = Meter(balance=-5, arrears=2, debt1=3, debt2=4, debt3=6, emergency_limit=7)
    assert get(meter, BALANCE + "2") == dl(-5) and get(meter, EMERGENCY + "2") == dl(7)
    assert get(meter, "1/0-0:94.44.34.30/2") == (
        b"\x02\x06" + dl(-5) + dl(7) + dl(2) + dl(3) + dl(4) + dl(6)
    )
    assert get(meter, "111/0-0:19.0.0.255/2") == h("020216021601"), "prepayment"


def test_without_an_account_a_state_stays_as_it_was_loaded():
    """rtds: a meter of which a state says something answers with it, octet for octet."""
    meter = Meter(fresh=False)
    meter.device.dlms.load(key(BALANCE + "2"), dl(4711))
    assert (
        get(meter, BALANCE + "2") == dl(4711) and meter.device.feature("prepayment").meter is None
    )


def test_payment_mode():
    """spec: ECS03 and ECS02, at once, at a time, and never."""
    meter = Meter(fresh=False)
    assert put(meter, MODE, h("020216021601")) == 0
    assert put(meter, MODE_TIME, NEVER) == 0 and not meter.account.prepaid
    put(meter, MODE, h("020216021601"))
    assert put(meter, MODE_TIME, NOW) == 0 and meter.account.prepaid
    assert meter.read(METERING, 0x0014) == 0, "no credit, no supply"
    put(meter, MODE, h("020216011601"))
    later = h("07E60B01FF0C000000800000")
    assert put(meter, MODE_TIME, b"\x09\x0c" + later) == 0 and meter.account.prepaid
    meter.device.advance(parse(later) - START - 1)
    assert meter.account.prepaid and meter.read(METERING, 0x0014) == 0
    meter.device.advance(1)
    assert not meter.account.prepaid and meter.read(METERING, 0x0014) == 1, "armed"
    for bad in (h("020216031601"), h("0202160216"), h("0500000001")):
        assert put(meter, MODE, bad) == objects.TYPE_UNMATCHED
    assert put(meter, MODE_TIME, b"\x09\x0c" + bytes(12)) == objects.OTHER_REASON


def test_what_is_set_for_later_survives_a_restart():
    """issue: state survives power cuts."""
    store = Store(tmpdir() + "/s")
    meter = Meter(store)
    put(meter, "9000/0-0:94.44.128.9/4", dl(POUND))
    put(meter, "9000/0-0:94.44.128.9/6", b"\x09\x0c" + h("07E60B01FF0C000000800000"))
    assert get(meter, "111/0-0:19.0.0.255/16") == dl(2 * POUND)
    meter = None
    gc.collect()
    meter = Meter(store, fresh=False)
    meter.device.advance(7200)
    assert get(meter, "111/0-0:19.0.0.255/16") == dl(POUND)
    meter = None
    gc.collect()
    assert get(Meter(store, fresh=False), "111/0-0:19.0.0.255/16") == dl(POUND)


# What can be set for later of the account: key, value, key of the time.
LATER = (
    ("111/0-1:19.0.0.255/2", h("0202 16 01 16 01"), "111/0-1:19.0.0.255/13"),
    ("9000/0-0:94.44.128.9/4", dl(POUND), "9000/0-0:94.44.128.9/6"),
    ("9000/0-0:94.44.2.10/4", dl(POUND), "9000/0-0:94.44.2.10/6"),
    ("10/0-1:12.0.1.255/2", b"\x01\x00", "9000/0-0:94.44.128.28/6"),
    ("11/0-1:11.0.2.255/2", b"\x01\x00", "9000/0-0:94.44.128.31/6"),
    ("113/0-0:19.20.1.255/6", served.rate(3000), None),
)
LATER_ON = b"\x09\x0c" + h("07E60B01FF0C000000800000")


def test_what_cannot_be_kept_is_answered_with_a_failure():
    """issue: a setting for later on a full flash is no success, and changes nothing."""

    store = FullStore(tmpdir() + "/s")
    meter = Meter(store)
    for place, value, when in LATER:
        before = meter.account.pack()
        values = dict(meter.device.dlms.values)
        store.full = True
        assert put(meter, place, value) == objects.HARDWARE_FAULT, place
        if when:
            assert put(meter, when, LATER_ON) == objects.HARDWARE_FAULT, when
            assert put(meter, when, NOW) == objects.HARDWARE_FAULT, when
        assert meter.account.pack() == before and meter.device.dlms.values == values, place
        store.full = False
        assert put(meter, place, value) == 0, place
        if when:
            assert put(meter, when, LATER_ON) == 0, when


def test_a_calendar_holds_from_its_time_on_though_it_cannot_be_kept_then():
    """issue: a refused command does not bring back what a half hour has replaced."""
    calendar, holds = objects.key("10/0-1:12.0.1.255/2"), objects.key("10/0-0:12.0.1.255/2")
    store = FullStore(tmpdir() + "/s")
    meter = Meter(store)
    for octets, when in ((b"\x01\x00", NOW), (b"\x01\x01\x03\xff", LATER_ON)):
        assert put(meter, "10/0-1:12.0.1.255/2", octets) == 0
        assert put(meter, "9000/0-0:94.44.128.28/6", when) == 0
    values = meter.device.dlms.values
    store.full = True
    meter.device.advance(7200)
    assert values[holds] == b"\x01\x01\x03\xff"
    assert put(meter, "10/0-1:12.0.1.255/2", b"\x01\x01\x03\x00") == objects.HARDWARE_FAULT
    assert values[holds] == values[calendar] == b"\x01\x01\x03\xff"
    store.full = False
    meter.device.advance(1800)
    values = Meter(Store(store.path), fresh=False).device.dlms.values
    assert values[holds] == values[calendar] == b"\x01\x01\x03\xff"


def test_a_damaged_calendar_keeps_the_supply_on():
    """issue: what fails, fails safe; until the calendar is set again."""
    path = tmpdir() + "/s"
    meter = Meter(Store(path), balance=0)
    put(meter, "10/0-1:12.0.1.255/2", b"\x01\x00")
    put(meter, "9000/0-0:94.44.128.28/6", NOW)
    for damaged in (False, True):
        meter = None
        gc.collect()
        store = Store(path)
        if damaged:
            store.put("calendar", b"\x01\x00\x09")
        meter = Meter(store, fresh=False)
        meter.device.feature("register").set_draw(1000)
        assert meter.top_up(token(100, 1 + damaged))[0] in (0x00, 0x12)
        meter.enable()
        for _ in range(6):
            meter.device.advance(1800)
        assert (
            meter.account.balance < 0
            and meter.device.feature("prepayment").open().supplied == damaged
        )
    assert list(store.faults) == ["calendar"]
    put(meter, "10/0-1:12.0.1.255/2", b"\x01\x00")
    put(meter, "9000/0-0:94.44.128.28/6", NOW)
    meter.device.advance(1800)
    assert not meter.device.feature("prepayment").open().supplied


def test_thresholds():
    """spec: ECS08a: each value that is set for now holds now."""
    meter = Meter()
    for set_key, (tag, name) in served.NEXT.items():
        data = served.number(tag, 1234)
        assert put(meter, set_key, data) == 0
        assert getattr(meter.account, name) != 1234
        assert put(meter, set_key[:-1] + "6", NOW) == 0
        assert getattr(meter.account, name) == 1234, name
        assert put(meter, set_key, b"\x06" + bytes(4)) == objects.TYPE_UNMATCHED


def test_adjust_and_reset():
    """spec: ECS04a, ECS04b."""
    meter = Meter(balance=5, arrears=9)
    assert invoke(meter, BALANCE + "1", dl(-3 * POUND)) == 0
    assert meter.account.balance == 5 - 3 * POUND and meter.read(METERING, 0x0014) == 0
    assert invoke(meter, BALANCE + "1", dl(-0x80000000)) == objects.OTHER_REASON
    assert invoke(meter, BALANCE + "1", b"\x05\x00") == objects.TYPE_UNMATCHED
    assert invoke(meter, EMERGENCY + "3", b"\x0f\x00") == 0
    for text in (BALANCE + "2", EMERGENCY + "2", "112/0-0:19.10.2.255/2"):
        assert invoke(meter, text, dl(0)) == 0
    held = meter.account
    assert (held.balance, held.arrears, held.emergency_left) == (0, 0, 0)


def test_a_reset_by_an_older_version():
    """spec (MP143): GBCS 3.1 leaves the emergency credit as it was; 4.0 brings its limit."""
    for old, left in ((True, 2 * POUND), (False, 5 * POUND)):
        meter = Meter()
        meter.device.zcl.old = old
        prepayment = meter.device.feature("prepayment")
        prepayment.configure({"emergency_credit": 5 * POUND, "balance": 0})
        assert invoke(meter, EMERGENCY + "3", b"\x0f\x00") == 0
        meter.account.emergency_left = 2 * POUND  # three were used
        assert meter.account.emergency_remaining == 2 * POUND
        assert invoke(meter, EMERGENCY + "2", dl(0)) == 0
        assert meter.account.emergency_remaining == left


def test_debts():
    """spec: ECS07: rates come into force when they are activated, registers are adjusted."""
    meter = Meter()
    rate = served.rate(5000)
    assert served.parse_rate(rate) == 5000 and served.parse_rate(rate[:-1]) is None
    assert served.parse_rate(served.rate(POUND)) == POUND
    for n in "12":
        unit = "113/0-0:19.20.%s.255/" % n
        assert put(meter, unit + "6", rate) == 0 and put(meter, unit + "8", h("0600000E10")) == 0
        assert getattr(meter.account, "rate" + n) == 0
        assert invoke(meter, unit + "2", b"\x0f\x00") == 0
        assert invoke(meter, unit + "4", dl(20000)) == 0
        assert get(meter, unit + "5") == rate and get(meter, unit + "8") == h("0600000E10")
    assert put(meter, "113/0-0:19.20.3.255/13", h("120FA0")) == 0
    assert invoke(meter, "113/0-0:19.20.3.255/4", dl(PENNY)) == 0
    assert meter.account.share == 4000 and meter.account.debt3 == PENNY
    meter.device.advance(1200 + 3600)
    assert meter.account.debt1 == meter.account.debt2 == 15000
    assert meter.read(PREPAYMENT, 0x0211) == 15000


def test_emergency_credit():
    """spec: ECS09: success if it is active afterwards, else other-reason."""
    meter = Meter()
    assert invoke(meter, EMERGENCY + "3", b"\x0f\x00") == objects.OTHER_REASON
    meter.device.feature("prepayment").configure({"balance": 0})
    for _ in range(2):
        assert invoke(meter, EMERGENCY + "3", b"\x0f\x00") == 0


class Sent:
    """The command being carried out: its originator counter."""

    def __init__(self, counter):
        self.counter = counter


def test_top_up():
    """spec: CS01a carries the same token: once from the supplier, never again from the keypad."""
    meter = Meter()
    digits = token(500, 3)
    top_up = "115/0-0:19.40.0.255/1"
    for counter in (h("0000000400000000"), h("0000000300000001")):
        meter.device.exchange = Sent(counter)
        assert invoke(meter, top_up, b"\x09\x14" + digits.encode()) == 250, "not the token's"
    meter.device.exchange = Sent(h("0000000300000000"))
    assert invoke(meter, top_up, b"\x09\x14" + digits.encode()) == 0
    assert meter.account.balance == 15 * POUND and meter.top_up(digits)[0] == 0x02
    for _ in range(2):
        assert invoke(meter, top_up, b"\x09\x14" + digits.encode()) == 250
    assert invoke(meter, top_up, b"\x09\x13" + digits[1:].encode()) == 12
    # A command brings the whole counter: it may be far from those that were seen.
    meter.device.exchange = Sent(h("9293E2E400000000"))
    digits = token(100, 0x9293E2E4)
    assert invoke(meter, top_up, b"\x09\x14" + digits.encode()) == 0
    assert meter.top_up(token(100, 0x9293E2E9))[0] == 0x00, "typed: near the highest one seen"
    assert meter.top_up(token(100, 5))[0] == 0x01, "far from it"
    parts = meter.device.dlms.get(key("7/0-0:98.1.5.255/2"), 0, 0xFFFFFFFF)
    octets = b"".join([bytes(chunk) for chunk in parts.chunks()])
    rows = b""
    for amount in (5 * POUND, POUND, POUND):
        rows += START.to_bytes(4, "big") + amount.to_bytes(4, "big")
    assert octets == h("13020206" + "06" + "18") + rows


def test_a_meter_without_an_account_begins_one_with_a_token():
    """project-choice: CS01a is credit in credit mode, too; only of the supplier's own token."""
    top_up = "115/0-0:19.40.0.255/1"
    meter = Meter(fresh=False)
    meter.device.exchange = Sent(h("0000000300000000"))
    forged = token(500, 3, secret=bytes(32))
    assert invoke(meter, top_up, b"\x09\x14" + forged.encode()) == 250
    assert invoke(meter, top_up, b"\x09\x14" + token(500, 3, meter=PPMID).encode()) == 250
    assert meter.account.balance == 0
    good = b"\x09\x14" + token(500, 3).encode()
    assert invoke(meter, top_up, good) == 0 and meter.account.balance == 5 * POUND
    assert invoke(meter, top_up, good) == 250 and meter.account.balance == 5 * POUND
    meter.device.keys.find(SUPPLIER).prepayment_secret = None
    meter.device.exchange = Sent(h("0000000400000000"))
    assert invoke(meter, top_up, b"\x09\x14" + token(500, 4).encode()) == 250, "no key"


def test_load_switch():
    """spec: ECS42 to ECS45; without an account the supplier's word makes one."""
    meter = Meter(fresh=False)
    for script, state, supply in ((0x34, 0, 0), (0x36, 2, 1), (0x33, 1, 2)):
        assert invoke(meter, SWITCH, bytes((0x12, 0, script))) == 0
        assert get(meter, "70/0-0:96.3.10.255/3") == bytes((0x16, state))
        assert meter.read(METERING, 0x0014) == supply
    assert invoke(meter, SWITCH, b"\x12\x00\x35") == objects.OTHER_REASON
    meter.device.feature("prepayment").configure({"mode": "prepayment"})
    assert invoke(meter, SWITCH, b"\x12\x00\x33") == objects.OTHER_REASON, "no credit"


def test_daily_log():
    """spec: ECS21b: the balances at each midnight."""
    meter = Meter(debt3=9)
    meter.device.advance(2 * 86400)
    parts = meter.device.dlms.get(key("7/0-0:98.1.8.255/2"), 0, 0xFFFFFFFF)
    octets = b"".join([bytes(chunk) for chunk in parts.chunks()])
    head = h("130207060505050505" + "05" + "38")
    assert octets[: len(head)] == head and len(octets) == len(head) + 2 * 28
    first = octets[len(head) :][:28]
    assert int.from_bytes(first[:4], "big") % 86400 == 0
    assert int.from_bytes(first[8:12], "big") == 10 * POUND - 50 * PENNY and first[15] == 9


def test_event_log():
    """spec: ECS35a: the codes and message codes; a state's rows are kept."""
    meter = Meter()
    buffer = Buffer(h("0203061209"))
    buffer.append((5).to_bytes(4, "big") + h("814500"))
    meter.device.dlms.load(key("7/0-0:99.98.0.255/2"), buffer)
    meter.top_up("1" * 20)
    parts = meter.device.dlms.get(key("7/0-0:99.98.0.255/2"), 0, 0xFFFFFFFF)
    octets = b"".join([bytes(chunk) for chunk in parts.chunks()])
    assert octets == h("13020306120910") + (5).to_bytes(4, "big") + h("814500") + (
        START.to_bytes(4, "big") + h("8155020116")
    )
    assert get(meter, "7/0-0:99.98.0.255/2") == objects.READ_WRITE_DENIED
    assert invoke(meter, "7/0-0:99.98.0.255/2", b"\x0f\x00") == 0 and meter.events() == []


def entry(index, script, time, weekdays, special):
    return (
        h("020A12")
        + index.to_bytes(2, "big")
        + h("0301090600000A006AFF12")
        + script.to_bytes(2, "big")
        + h("0904")
        + bytes(time)
        + h("12FFFF0407")
        + bytes((weekdays << 1,))
        + h("0404")
        + bytes((special << 4,))
        + h("090507DE0A1AFF" + "090507EF031DFF")
    )


def test_non_disablement():
    """rtds: weekends, evenings and holidays keep the supply on; the last switch decides."""
    octets = b"\x01\x03" + (
        entry(1, 32, (0, 0, 0, 0), 0b0000011, 0b1111)
        + entry(2, 32, (18, 0, 0, 0), 0b1111100, 0)
        + entry(3, 33, (8, 0, 0, 0), 0b1111100, 0)
    )
    special = h("0101" + "0203120001" + "0905FFFF0C19FF" + "1101")
    values = {calendar.SCHEDULE: octets, calendar.SPECIAL_DAYS: special}
    day = START // 86400 * 86400  # a Tuesday

    def at(days, hours):
        return calendar.protected(values, day + days * 86400 + hours * 3600)

    assert not at(0, 12) and at(0, 18) and at(1, 7) and not at(1, 8)
    assert at(3, 20) and at(4, 12) and at(5, 23) and at(6, 7) and not at(6, 9)
    christmas = 54
    assert at(christmas, 12), "a Sunday in 2022, and a holiday"
    values[calendar.SPECIAL_DAYS] = h("0101" + "0203120001" + "090507E60B01FF" + "1101")
    assert at(0, 12), "a holiday on a Tuesday"
    for bad in (b"", b"\x02", octets[:-1], 5):
        values[calendar.SCHEDULE] = bad
        assert not at(4, 12)
    meter = Meter(balance=10 * PENNY)
    assert put(meter, SCHEDULE, octets) == 0 and put(meter, SCHEDULE_TIME, NOW) == 0
    meter.device.feature("register").set_draw(1000)
    meter.device.advance(8 * 3600)  # from 10:10 on: off at 10:30, and not on again by itself
    assert meter.read(METERING, 0x0014) == 0
    meter.account.add(POUND, 0)
    meter.account.settle()
    assert meter.enable() == 0
    meter.device.advance(4 * 3600)
    assert meter.account.balance < 0 and meter.read(METERING, 0x0014) == 2, "18:00 to 08:00"
    meter.device.advance(12 * 3600)
    assert meter.read(METERING, 0x0014) == 0 and meter.account.supply == account.OFF
