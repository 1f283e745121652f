# engines: cpython unix
# Prepayment of an ESME: tokens, emergency credit and supply as a PPMID asks for them, money, logs.
import gc

from prepaid_meter import ESME, PENNY, POUND, PPMID, START, Meter, token
from testkit import raises, tmpdir
from vectors import h

from smets.clock import INVALID
from smets.features.prepayment import account, policy
from smets.features.prepayment.account import Account
from smets.ports.store import Store
from smets.record import RecordError
from smets.state import load
from smets.zcl.clusters import EVENTS, METERING, PREPAYMENT
from smets.zcl.han_frame import HanFrame

PECS01, PECS02, PECS03 = 0x0116, 0x0117, 0x0118
DONE, REFUSED = 0x8154, 0x8155


def test_consumption_lowers_the_balance():
    """issue: energy of half hours at the active price, the standing charge once a day."""
    meter = Meter()
    meter.device.advance(1200)
    meter.device.feature("register").set_draw(500)
    meter.device.advance(1800)
    assert meter.account.balance == 10 * POUND - 15 * PENNY
    assert meter.read(PREPAYMENT, 0x0001) == 10 * POUND - 15 * PENNY
    meter.device.advance(13 * 3600)  # midnight
    assert meter.account.balance == 10 * POUND - 27 * 15 * PENNY - 50 * PENNY
    assert meter.device.zcl.get(METERING, 0x0000) == 1000000 + 27 * 500


def test_parts_of_a_thousandth_are_not_lost():
    """issue: integers only; what is not charged now is charged later."""
    held = Account()
    for _ in range(1000):
        held.consume(1, 28623)
    assert held.balance == -28623 and held.rest == 0


def test_exhausted_credit_disables_the_supply():
    """issue: with no credit left the supply is off, nothing is drawn, nothing is charged."""
    meter = Meter(balance=20 * PENNY)
    meter.device.advance(1200)
    meter.device.feature("register").set_draw(500)
    meter.device.advance(1800)
    assert meter.read(METERING, 0x0014) == 2 and meter.read(PREPAYMENT, 0x0003) & 0x40 == 0
    meter.device.advance(1800)
    assert meter.account.balance == -10 * PENNY
    assert meter.read(METERING, 0x0014) == 0 and meter.read(PREPAYMENT, 0x0003) & 0x40
    register = meter.device.zcl.get(METERING, 0x0000)
    meter.device.advance(3 * 3600)
    assert meter.device.zcl.get(METERING, 0x0000) == register
    assert meter.account.balance == -10 * PENNY
    assert meter.enable() == 0x93, "no credit: action denied"
    result = meter.top_up(token(500, 1))
    assert result == (0x12, 5 * POUND, 2, 5 * POUND - 10 * PENNY), "accepted, armed"
    assert meter.read(METERING, 0x0014) == 1
    assert meter.enable() == 0 and meter.read(METERING, 0x0014) == 2
    assert meter.enable() == 0, "it is on already"
    meter.device.advance(1800)
    assert meter.device.zcl.get(METERING, 0x0000) == register + 500
    assert meter.events() == [
        (REFUSED, PECS03),
        (DONE, PECS01),
        (DONE, PECS03),
        (DONE, PECS03),
    ]


def test_demand_is_nothing_while_the_supply_is_off():
    """issue: what a display shows as power now."""
    meter = Meter()
    load(meter.device, {"zcl": {"0x0702": {"0x0400": {"type": "0x2A", "value": 842}}}})
    assert meter.read(METERING, 0x0400) == 842
    assert (
        meter.device.feature("prepayment").open().result(lambda: meter.account.switch(account.OFF))
        == 0
    )
    assert meter.read(METERING, 0x0400) == 0


def test_top_up_is_accepted_once():
    """spec F: ConsumerTopUpResponse with result, value, source and credit remaining."""
    meter = Meter()
    digits = token(1050, 7)
    octets = b"\x02\x14" + digits.encode()
    answer = meter.ask(PREPAYMENT, 0x04, octets)
    balance = 10 * POUND + 1050 * PENNY
    assert answer == (
        b"\x19\x03\x00"
        + (1050 * PENNY).to_bytes(4, "little")
        + b"\x02"
        + balance.to_bytes(4, "little")
    )
    for _ in range(2):
        assert meter.top_up(digits) == (0x02, 0, 2, balance), "duplicate"
    assert meter.top_up(token(1050, 8))[0] == 0x00
    assert meter.top_up(token(5, 6))[0] == 0x00, "an older one that was not used"
    assert meter.events() == [
        (DONE, PECS01),
        (REFUSED, PECS01),
        (REFUSED, PECS01),
        (DONE, PECS01),
        (DONE, PECS01),
    ]


def test_wrong_tokens():
    """spec: invalid: check digit, letters, length, reserved class, another key or meter."""
    meter = Meter()
    good = token(1000, 1)
    other = good[:-1] + str((int(good[-1]) + 1) % 10)
    swapped = good[:4] + good[5] + good[4] + good[6:]
    wrong = [other, "1234567890123456789A", "0" * 20, token(10, 3, kind=2)]
    # Genuine for a counter far from those that were seen: ten bits stand for another one.
    wrong.append(token(1000, 2000))
    if swapped != good:
        wrong.append(swapped)
    wrong.append(token(1000, 2, secret=bytes(32)))
    wrong.append(token(1000, 2, meter=PPMID))
    wrong.append(token(1000, 2, supplier=PPMID))
    wrong.append(str(int(good[:19]) + (1 << 57)) + "0")
    wrong.append(token(1000, 2, kind=3))
    for digits in wrong:
        assert meter.top_up(digits) == (0x01, 0, 2, 10 * POUND), digits
        meter.top_up(token(1, 100 + wrong.index(digits)))
        meter.account.balance = 10 * POUND
    answer = meter.ask(PREPAYMENT, 0x04, b"\x02\x13" + good[:19].encode())
    assert answer[2] == 0x01, "19 digits"
    answer = meter.ask(PREPAYMENT, 0x04, b"\x02\x14" + good[:19].encode())
    assert answer == h("180B0480"), "the string is longer than the frame: malformed"
    assert meter.ask(PREPAYMENT, 0x04, b"") == h("180B0480")
    assert meter.top_up(good)[0] == 0x00


def test_value_and_balance_limits():
    """spec F: value too large, maximum credit reached; both leave the token unused."""
    meter = Meter(max_credit=50 * POUND, max_balance=80 * POUND)
    assert meter.top_up(token(5001, 1))[0] == 0x06
    assert meter.top_up(token(5000, 2))[0] == 0x00
    assert meter.top_up(token(2001, 3)) == (0x04, 0, 2, 60 * POUND)
    meter.account.balance -= PENNY
    assert meter.top_up(token(2001, 3))[0] == 0x00
    assert meter.top_up(token(30, 4, kind=1))[0] == 0x04, "30 pounds"
    assert meter.top_up(token(51, 4, kind=1))[0] == 0x06, "51 pounds"


def test_keypad_lock():
    """project-choice: ten wrong tokens in a row lock the keypad for ten minutes."""
    meter = Meter()
    for _ in range(policy.KEYPAD_TRIES):
        assert meter.top_up("1" * 20)[0] == 0x01
    assert meter.top_up(token(100, 1))[0] == 0x05
    meter.device.advance(policy.KEYPAD_LOCK_S - 1)
    assert meter.top_up(token(100, 1))[0] == 0x05
    meter.device.advance(1)
    assert meter.top_up(token(100, 1))[0] == 0x00


def test_a_hundred_counters_are_remembered():
    """spec: the list is bounded; what is older than all of it is refused."""
    meter = Meter()
    for counter in range(2, 104):
        meter.account.balance = 0
        assert meter.top_up(token(1, counter))[0] == 0x00
    assert len(meter.account.counters) == 100 and min(meter.account.counters) == 4
    for counter in (1, 2, 3, 4, 103):
        assert meter.top_up(token(1, counter))[0] == 0x02, counter
    assert len(meter.device.feature("prepayment").open().events.entries) == 100


def test_credit_mode_and_no_key():
    """project-choice: no top-up, no emergency credit in credit mode; none without a key."""
    meter = Meter(mode="credit")
    assert meter.top_up(token(100, 1))[0] == policy.NO_TOP_UP
    assert meter.emergency() == 0x01 and meter.read(PREPAYMENT, 0x0000) == 0
    meter.device.feature("register").set_draw(500)
    meter.device.advance(86400 * 2)
    assert meter.account.balance < 0 and meter.read(METERING, 0x0014) == 2
    meter.device.feature("prepayment").configure({"mode": "prepayment"})
    meter.device.keys = None
    assert meter.top_up(token(100, 1))[0] == policy.NO_TOP_UP


def test_emergency_credit():
    """spec F: available when credit is low, SUCCESS once; FAILURE where it is not available."""
    meter = Meter(emergency_limit=5 * POUND, emergency_threshold=POUND, low_credit=2 * POUND)
    assert meter.read(PREPAYMENT, 0x0003) == 0x05, "good, emergency credit enabled"
    assert meter.emergency() == 0x01
    meter.device.advance(1200)
    meter.device.feature("prepayment").configure({"balance": 50 * PENNY})
    assert meter.read(PREPAYMENT, 0x0003) == 0x0E, "low, enabled, available"
    assert meter.emergency() == 0x00
    assert meter.read(PREPAYMENT, 0x0003) == 0x16, "low, enabled, selected"
    assert meter.read(PREPAYMENT, 0x0002) == 5 * POUND
    meter.device.feature("register").set_draw(1000)
    meter.device.advance(1800 + 1800)  # 60 pence: 50 of the balance, ten of the emergency credit
    assert meter.account.balance == 0 and meter.account.emergency_left == 490 * PENNY
    assert meter.read(PREPAYMENT, 0x0003) == 0x36 and meter.read(METERING, 0x0014) == 2
    assert meter.emergency() == 0x00, "it is active"
    meter.device.advance(17 * 1800)
    assert meter.read(METERING, 0x0014) == 0 and meter.read(PREPAYMENT, 0x0003) & 0x60 == 0x40
    assert meter.account.emergency_left == 0 and meter.account.balance == -20 * PENNY
    # Emergency credit is paid back first.
    assert meter.top_up(token(300, 1))[3] == -20 * PENNY
    assert meter.account.emergency_left == 3 * POUND and meter.read(METERING, 0x0014) == 1
    assert meter.top_up(token(1000, 2))[3] == 780 * PENNY
    assert meter.account.emergency == account.NONE
    codes = [event for event in meter.events() if event[1] == PECS02]
    assert codes == [(REFUSED, PECS02), (DONE, PECS02), (DONE, PECS02)]


def test_only_on_can_be_asked_for():
    """spec F: INVALID_VALUE for any other state of the supply."""
    meter = Meter()
    for wanted in (0, 1, 3, 0xFF):
        assert meter.enable(wanted) == 0x87
    assert meter.events() == [(REFUSED, PECS03)] * 4


def test_supply_off_by_the_supplier():
    """project-choice: a supply that the supplier switched off cannot be switched on at home."""
    meter = Meter()
    assert (
        meter.device.feature("prepayment").open().result(lambda: meter.account.switch(account.OFF))
        == 0
    )
    assert meter.enable() == 0x93
    assert meter.top_up(token(100, 1))[0] == 0x11, "accepted, and the supply stays off"
    assert (
        meter.device.feature("prepayment")
        .open()
        .result(lambda: meter.account.switch(account.ARMED))
        == 0
    )
    assert meter.enable() == 0


def test_other_devices_are_not_obeyed():
    """spec F: an IHD cannot do what a PPMID can, once the meter knows which is which."""
    meter = Meter(ppmid="02534D45545300A4")
    ihd = h("02534D45545300B0")
    octets = b"\x02\x14" + token(100, 1).encode()
    assert meter.ask(PREPAYMENT, 0x04, octets, ihd) == h("180B047E")
    assert meter.top_up(token(100, 1))[0] == 0x00
    meter.device.receive(
        HanFrame(PPMID, ESME, 1, 1, PREPAYMENT, b"\x01\x09\x04" + octets, flags=0)
    )
    assert meter.device.outbox == [] and meter.device.ignored["unsecured"] == 1


def test_debts():
    """spec: a share of each payment, and a rate each day; both end with the debt."""
    meter = Meter(debt1=POUND, rate1=30 * PENNY, debt3=4 * POUND, share=5000)
    meter.device.advance(86400)
    assert meter.account.debt1 == 70 * PENNY
    assert meter.account.balance == 10 * POUND - 30 * PENNY - 50 * PENNY
    meter.device.advance(3 * 86400)
    assert meter.account.debt1 == 0 and meter.account.balance == 10 * POUND - 3 * POUND
    assert meter.top_up(token(500, 1))[1] == 5 * POUND
    assert meter.account.debt3 == 150 * PENNY and meter.account.balance == 950 * PENNY
    meter.top_up(token(1000, 2))
    assert meter.account.debt3 == 0 and meter.account.balance == 1800 * PENNY
    assert [amount for _, amount in meter.account.recoveries] == [250 * PENNY, 150 * PENNY]
    assert [amount for _, amount in meter.account.top_ups] == [5 * POUND, 10 * POUND]


def test_debt_share_is_capped():
    """spec: payments recover no more than the cap in each of its periods."""
    meter = Meter(debt3=40 * POUND, share=10000, cap=1, cap_period=7 * 86400)
    meter.top_up(token(300, 1))
    assert meter.account.debt3 == 39 * POUND
    meter.top_up(token(300, 2))
    assert meter.account.debt3 == 39 * POUND and meter.account.balance == 15 * POUND
    meter.device.advance(8 * 86400)
    meter.top_up(token(300, 3))
    assert meter.account.debt3 == 38 * POUND


def test_arrears_in_emergency():
    """project-choice: no debt is recovered from emergency credit; it adds up until a payment."""
    meter = Meter(balance=0, debt1=POUND, rate1=30 * PENNY)
    assert meter.emergency() == 0x00
    meter.device.advance(86400)
    assert meter.account.emergency_left == 5 * POUND
    assert meter.account.arrears == 80 * PENNY == meter.read(PREPAYMENT, 0x0005)
    meter.top_up(token(100, 1))
    assert meter.account.arrears == 0 and meter.account.balance == 20 * PENNY


def test_event_log_on_the_han():
    """spec: PECS codes are there to be recorded in the event log; displays may read it."""
    meter = Meter()
    ask = h("13" + "0000" + "00000000" + "FFFFFFFF" + "FF" + "0000")
    assert meter.ask(EVENTS, 0x00, ask) == h("180B008B"), "nothing yet"
    meter.top_up(token(100, 1))
    meter.device.advance(60)
    meter.emergency()
    assert meter.ask(EVENTS, 0x00, ask) == (
        h("1901" + "0200" + "0001" + "21")
        + h("03" + "5581")
        + (START + 60).to_bytes(4, "little")
        + h("020117")
        + h("03" + "5481")
        + START.to_bytes(4, "little")
        + h("020116")
    )
    assert len(meter.ask(EVENTS, 0x00, h("13" + "5481" + "00000000FFFFFFFFFF0000"))) == 17


def test_it_survives_a_restart():
    """issue: balance, tokens, emergency credit, supply and log are there again."""
    store = Store(tmpdir() + "/s")
    meter = Meter(store, balance=0, ppmid="02534D45545300A4")
    digits = token(700, 9)
    meter.emergency()
    meter.top_up(digits)
    meter.device.feature("register").set_draw(400)
    meter.device.advance(7200)
    before, events = meter.account.pack(), meter.events()
    meter = None
    gc.collect()
    again = Meter(Store(store.path), fresh=False)
    assert again.device.feature("prepayment").meter is not None, (
        "it has an account before anybody asks"
    )
    assert again.account.pack() == before and again.events() == events
    assert again.top_up(digits)[0] == 0x02
    balance = again.account.balance
    # Values that the runtime loads again after a restart do not replace later ones.
    again.device.registry.replaying = True
    again.device.feature("prepayment").configure({"balance": 0, "mode": "credit", "ppmid": []})
    load(again.device, {"zcl": {"0x0705": {"0x0001": {"type": "0x2B", "value": 5}}}})
    assert again.account.balance == balance and again.account.prepaid
    again.device.registry.replaying = False
    load(again.device, {"zcl": {"0x0705": {"0x0001": {"type": "0x2B", "value": 5}}}})
    assert again.read(PREPAYMENT, 0x0001) == 5


def test_a_state_is_adopted():
    """issue: an account begins with what STATE.json said, in attributes or in objects."""
    meter = Meter(fresh=False)
    attributes = {"0x0000": ("0x19", 2), "0x0001": ("0x2B", -350000), "0x0211": ("0x23", 77)}
    load(
        meter.device,
        {
            "zcl": {
                "0x0705": {
                    key: {"type": kind, "value": value}
                    for key, (kind, value) in attributes.items()
                },
                "0x0702": {"0x0014": {"type": "0x30", "value": 1}},
            },
            "dlms": [
                {
                    "class": 112,
                    "obis": "0-0:19.10.1.255",
                    "attr": 9,
                    "value": {"type": "double-long", "value": 900000},
                }
            ],
        },
    )
    meter.device.feature("prepayment").configure({})
    held = meter.account
    assert (held.prepaid, held.balance, held.debt1) == (True, -350000, 77)
    assert held.emergency_limit == 900000 and meter.read(METERING, 0x0014) == 0, "no credit"


def test_bad_settings():
    """Bad input changes nothing and names what is wrong."""
    meter = Meter()
    before = meter.account.pack()
    for told in (
        {"balance": "much"},
        {"balance": 1 << 31},
        {"mode": "free"},
        {"supply": 2},
        {"wealth": 1},
        {"balance": 5, "share": -1},
        {"balance": 5, "ppmid": "12"},
        [],
    ):
        with raises(ValueError):
            meter.device.registry.give("inputs", {"prepayment": told})
        assert meter.account.pack() == before, told


def test_no_clock():
    """A meter without a clock still takes tokens; nothing is charged meanwhile."""
    meter = Meter()
    meter.device.clock.status = INVALID
    assert meter.top_up(token(100, 1))[0] == 0x00
    meter.device.advance(7200)
    assert meter.account.balance == 11 * POUND
    assert meter.account.top_ups == [(0, POUND)]


def test_record_is_checked():
    """A record of another length is refused, and changes nothing."""
    held = Account()
    held.balance = 5
    held.next["mode"], held.when["calendar"] = 2, 7
    record = held.pack()
    held = Account()
    held.unpack(record)
    assert (held.balance, held.next, held.when) == (5, {"mode": 2}, {"calendar": 7})
    assert held.pack() == record
    for octets in (record[:-1], b"", record + b"\0"):
        other = Account()
        with raises(RecordError):
            other.unpack(octets)
        assert other.balance == 0
