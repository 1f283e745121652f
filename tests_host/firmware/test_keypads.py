# engines: cpython unix
# The keypad lock is that of one keypad: no device of the home locks another one out, restarts or
# not, and however many devices there are. Against a model that counts for each device by itself.
import gc

from prepaid_meter import POUND, PPMID, Meter, token
from testkit import tmpdir

from smets.features.prepayment import policy
from smets.ports.store import Store
from smets.ports.store_error import StoreError
from smets.zcl import frame
from smets.zcl.clusters import PREPAYMENT

INVALID, LOCKED, TAKEN, DUPLICATE = 0x01, 0x05, 0x00, 0x02
WRONG = "1" * 20


def keypad(number):
    """The EUI-64 of one of many devices."""
    return b"\x02\x53\x4d\x45\x54\x53\x7f" + bytes((number,))


def typed(meter, eui, digits=WRONG):
    return meter.top_up(digits, eui)[0]


def lock(meter, eui):
    for _ in range(policy.KEYPAD_TRIES):
        assert typed(meter, eui) == INVALID
    assert typed(meter, eui) == LOCKED


def test_another_keypad_locks_itself_alone():
    """spec: no device locks out the paired PPMID."""
    meter = Meter()
    lock(meter, keypad(1))
    assert typed(meter, PPMID, token(100, 1)) == TAKEN
    assert typed(meter, keypad(1), token(100, 2)) == LOCKED, "its own lock holds for good ones"
    lock(meter, PPMID)
    assert typed(meter, keypad(2), token(100, 3)) == TAKEN, "nor does the PPMID lock others out"


def test_locks_end_one_by_one():
    meter = Meter()
    lock(meter, keypad(1))
    meter.device.advance(200)
    lock(meter, keypad(2))
    meter.device.advance(policy.KEYPAD_LOCK_S - 201)
    assert [typed(meter, keypad(n)) for n in (1, 2)] == [LOCKED, LOCKED]
    meter.device.advance(1)
    assert [typed(meter, keypad(n)) for n in (1, 2)] == [INVALID, LOCKED]
    meter.device.advance(200)
    assert typed(meter, keypad(2), token(100, 1)) == TAKEN


def test_a_used_token_ends_no_row():
    """issue: with one old token in between, somebody could try for ever."""
    meter = Meter()
    old = token(100, 1)
    assert typed(meter, PPMID, old) == TAKEN
    results = []
    for index in range(2 * policy.KEYPAD_TRIES):
        results.append(typed(meter, PPMID, old if index % 2 else WRONG))
    assert results.count(INVALID) == policy.KEYPAD_TRIES and DUPLICATE in results
    assert results[-1] == LOCKED
    meter = Meter()
    for counter in range(1, 4):
        for _ in range(policy.KEYPAD_TRIES - 1):
            assert typed(meter, PPMID) == INVALID
        assert typed(meter, PPMID, token(100, counter)) == TAKEN, "a new one does"


def test_the_suppliers_top_up_is_never_locked():
    """spec: CS01a comes with its counter, and needs no keypad."""
    meter = Meter()
    lock(meter, PPMID)
    counter = (7).to_bytes(4, "big") + bytes(4)
    result, _ = meter.meter.actions.enter(token(100, 7).encode(), 0x0007, counter)
    assert result == TAKEN
    for _ in range(3 * policy.KEYPAD_TRIES):
        result, _ = meter.meter.actions.enter(WRONG.encode(), 0x0007, counter)
        assert result == INVALID, "and its wrong ones lock nobody"
    assert typed(meter, keypad(1), token(100, 8)) == TAKEN


def refused(meter, eui):
    answer = meter.ask(PREPAYMENT, 0x04, b"\x02\x14" + WRONG.encode(), eui)
    return answer == bytes((0x18, 0x0B, 0x04, frame.NOT_AUTHORIZED))


def test_a_device_that_is_not_paired_locks_nothing():
    """spec: neither itself nor another one; the bench or a command has paired the PPMID."""
    for by_bench in (True, False):
        meter = Meter()
        if by_bench:
            meter.prepayment.configure({"ppmid": PPMID.hex().upper()})
        else:
            assert meter.device.feature("device_log").enter(PPMID, 5)
        for number in range(2 * policy.KEYPADS):
            for _ in range(policy.KEYPAD_TRIES + 1):
                assert refused(meter, keypad(number))
        assert typed(meter, PPMID, token(100, 1)) == TAKEN
        if not by_bench:
            assert meter.device.feature("device_log").enter(keypad(0), 5)
            assert typed(meter, keypad(0), token(100, 2)) == TAKEN, "no lock of before it joined"
            meter.device.feature("device_log").leave(keypad(0))
            assert refused(meter, keypad(0)), "it has left"


def test_a_full_table_has_room_for_a_paired_device():
    """project-choice (policy.KEYPADS): who locked up the table before keeps nobody out."""
    meter = Meter()
    for number in range(policy.KEYPADS):
        lock(meter, keypad(number))
    assert typed(meter, PPMID, token(100, 1)) == LOCKED, "nobody is paired: no room for another"
    meter.device.feature("device_log").enter(PPMID, 5)
    assert typed(meter, PPMID) == INVALID
    assert typed(meter, PPMID, token(100, 2)) == TAKEN


def test_a_full_table_lets_the_fewest_tries_go():
    """project-choice (policy.KEYPADS): one that is locked, or near to it, stays."""
    meter = Meter()
    for number in range(policy.KEYPADS):
        for _ in range(2 if number else policy.KEYPAD_TRIES):
            assert typed(meter, keypad(number)) == INVALID
    assert typed(meter, keypad(7)) == INVALID
    for number in range(policy.KEYPADS, 2 * policy.KEYPADS):
        assert typed(meter, keypad(number)) == INVALID
    assert typed(meter, keypad(0)) == LOCKED, "it stays locked"
    for _ in range(policy.KEYPAD_TRIES - 3):
        assert typed(meter, keypad(7)) == INVALID
    assert typed(meter, keypad(7)) == LOCKED, "its three tries were still counted"


def test_devices_by_themselves():
    """A model: each paired device counts for itself, through restarts."""
    state = 5
    path = tmpdir() + "/s"
    meter = Meter(Store(path))
    devices = [keypad(number) for number in range(5)]
    for eui in devices:
        meter.device.feature("device_log").enter(eui, 5)
    tries, locked, counter = {}, {}, 0
    for _ in range(400):
        state = (state * 1103515245 + 12345) % (1 << 31)
        chance = (state >> 12) % 20
        eui = devices[(state >> 20) % len(devices)]
        if chance == 0:
            # A half hour: what is left of a lock is kept then.
            meter.account.balance = 10 * POUND
            seconds = 1800 - meter.device.clock.seconds % 1800
            meter.device.advance(seconds)
            locked = {each: left - seconds for each, left in locked.items() if left > seconds}
        elif chance == 1:
            seconds = meter.device.clock.seconds
            meter = None
            gc.collect()
            meter = Meter(Store(path), fresh=False)
            meter.device.clock.set(seconds, 0)
        elif chance < 5:
            counter += 1
            wanted = LOCKED if eui in locked else TAKEN
            meter.account.balance = 10 * POUND
            assert typed(meter, eui, token(1, counter)) == wanted
            if wanted == TAKEN:
                tries[eui] = 0
        else:
            assert typed(meter, eui) == (LOCKED if eui in locked else INVALID)
            if eui not in locked:
                tries[eui] = tries.get(eui, 0) + 1
                if tries[eui] == policy.KEYPAD_TRIES:
                    tries[eui], locked[eui] = 0, policy.KEYPAD_LOCK_S
    assert counter > 10


def test_a_damaged_record():
    """project-choice: nobody is locked then, and it is told."""
    path = tmpdir() + "/s"
    meter = Meter(Store(path))
    lock(meter, PPMID)
    with open(path + "/keypads", "r+b") as file:
        file.seek(9)
        file.write(b"\xff")
    meter = None
    gc.collect()
    store = Store(path)
    meter = Meter(store, fresh=False)
    assert store.faults == {"keypads": "damaged"}
    assert typed(meter, PPMID, token(100, 1)) == TAKEN


def test_a_full_store():
    """A lock that cannot be kept holds until the power goes."""
    path = tmpdir() + "/s"
    meter = Meter(Store(path))

    def full(name, data):
        raise StoreError(28)

    meter.device.store.put = full
    lock(meter, PPMID)
    assert typed(meter, keypad(1)) == INVALID
