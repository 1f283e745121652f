# engines: cpython unix
# Power cuts around what a PPMID does: credit is neither lost nor given twice, on any file system.
import gc

from full_store import FullStore
from prepaid_meter import PENNY, POUND, Meter, token
from test_purge_flash import Flash, PowerCut, cut_points, mount, unmount
from testkit import tmpdir

from smets.features.prepayment import account
from smets.ports.store import Store


class CutStore(Store):
    """A store that loses power at its n-th record: before it, in the middle, or after it."""

    def __init__(self, path, cut=0, when=0):
        super().__init__(path)
        self.puts = 0
        self._cut = cut
        self._when = when

    def put(self, name, data):
        self.puts += 1
        if self.puts == self._cut:
            if self._when == 1:
                with open(self.path + "/~", "wb") as file:
                    file.write(data[: len(data) // 2])
            if self._when == 2:
                super().put(name, data)
            raise PowerCut()
        super().put(name, data)


def act(meter):
    """The operation that is interrupted: a payment, a half hour, emergency credit, the supply."""
    meter.device.feature("register").set_draw(1500)  # 1000 Wh of the rest of the half hour
    meter.top_up(token(300, 1))
    meter.device.advance(1200)
    meter.top_up(token(200, 2))


def finish(store):
    """After the cut: both tokens are entered again; returns the meter."""
    meter = Meter(store, fresh=False)
    held = meter.account
    start = 10 * POUND
    before = held.balance
    # Every state that may be found: payments in order, with the half hour's charge in between.
    assert before in (
        start,
        start + 300 * PENNY,
        start + 270 * PENNY,
        start + 470 * PENNY,
    ), before
    used = list(held.counters)
    for pennies, counter in ((300, 1), (200, 2)):
        result = meter.top_up(token(pennies, counter))[0]
        assert (result == 0x02) == (counter in used), (result, used)
    paid = sum([amount for _, amount in held.top_ups])
    assert paid == 500 * PENNY and sorted(held.counters) == [1, 2], "given once, and not lost"
    assert held.balance == before + sum([n for n, c in ((300, 1), (200, 2)) if c not in used]) * (
        PENNY
    )
    done = [event for event in meter.events() if event == (0x8154, 0x0116)]
    assert len(done) == 2, "each payment is logged once: %s" % meter.events()
    return meter


def test_power_cut_at_every_record():
    """issue: old or new, never a mixture; on both engines, at each record in three ways."""
    tried = 0
    for when in range(3):
        cut = 0
        while True:
            cut += 1
            folder = tmpdir() + "/s"  # a small flash has no room for all of them
            Meter(Store(folder))
            gc.collect()
            store = CutStore(folder, cut, when)
            try:
                act(Meter(store, fresh=False))
                break
            except PowerCut:
                tried += 1
            gc.collect()
            finish(Store(folder))
            gc.collect()
    assert tried >= 3 * 4, tried


def test_power_cut_at_every_write_and_erase():
    """issue: the same on littlefs, at each operation of the flash, torn in three ways."""
    flash = Flash(512, 40)
    Meter(Store(mount(flash, fresh=True) + "/s"))
    unmount()
    gc.collect()
    image = flash.image()

    def run(path):
        act(Meter(Store(path + "/s"), fresh=False))

    def check(broken):
        gc.collect()
        finish(Store(mount(broken) + "/s"))

    tried = cut_points(flash, image, run, check)
    print("cut points", tried)


def test_full_storage_takes_no_token():
    """A top-up that cannot be kept is refused, and the token stays good."""
    store = FullStore(tmpdir() + "/s")
    meter = Meter(store, balance=0)
    store.full = True
    assert meter.top_up(token(300, 1)) == (0x03, 0, 2, 0)
    assert meter.emergency() == 0x01 and meter.account.emergency == account.AVAILABLE
    assert meter.device.summary()["prepayment"]["storage_errors"] > 0
    store.full = False
    assert meter.top_up(token(300, 1))[0] == 0x12 and meter.enable() == 0
    meter = None
    gc.collect()
    assert Meter(Store(store.path), fresh=False).account.balance == 300 * PENNY


def spoil(path, at=4):
    """Flip a bit of a file."""
    with open(path, "rb") as file:
        octets = bytearray(file.read())
    octets[at] ^= 0x20
    with open(path, "wb") as file:
        file.write(octets)


def test_damaged_account():
    """issue: nobody knows which tokens were used, so none is taken; the supply stays on."""
    path = tmpdir() + "/s"
    meter = Meter(Store(path))
    assert meter.top_up(token(300, 1))[0] == 0x00
    spoil(path + "/prepayment")
    for _ in range(2):
        meter = None
        gc.collect()
        store = Store(path)
        meter = Meter(store, fresh=False)
        assert meter.device.feature("prepayment").open().supplied and meter.account.balance == 0
        for counter in (1, 2):
            assert meter.top_up(token(300, counter)) == (0x03, 0, 2, 0), counter
        assert not meter.device.summary()["prepayment"]["takes_tokens"]
        meter.device.advance(1800)  # the account is written again, and takes no token either
    assert store.faults == {}
    meter.device.feature("prepayment").configure({"ppmid": []})
    assert meter.top_up(token(300, 2))[0] == 0x03, "nobody has spoken of money"
    meter.device.feature("prepayment").configure({"mode": "prepayment", "balance": POUND})
    assert meter.top_up(token(300, 2))[0] == 0x00
    assert meter.device.summary()["prepayment"]["takes_tokens"]
    spoil(path + "/prepayment")
    store = Store(path)
    Meter(store, fresh=False)
    assert store.faults == {"prepayment": "damaged"}


def test_a_locked_keypad_stays_locked_through_a_power_cut():
    path = tmpdir() + "/s"
    wrong = token(300, 1)[:-1] + "x"
    meter = Meter(Store(path))
    results = [meter.top_up(wrong)[0] for _ in range(3)]
    meter = None
    gc.collect()
    meter = Meter(Store(path), fresh=False)
    while results[-1] != 0x05:
        results.append(meter.top_up(wrong)[0])
        assert len(results) < 20, results
    assert results == [0x01] * (len(results) - 1) + [0x05], "tries count through the cut"
    meter = None
    gc.collect()
    meter = Meter(Store(path), fresh=False)
    assert meter.top_up(token(300, 1))[0] == 0x05
    meter.device.feature("prepayment").pass_time(3600)
    assert meter.top_up(token(300, 1))[0] == 0x00
