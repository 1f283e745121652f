# engines: cpython unix
# Alerts: their octets, and the counter that they carry.
from testkit import raises, tmpdir
from vectors import DEVICE, OPERATOR, Opened, h, keys

from smets import clock
from smets.crypto import CryptoError
from smets.gbcs import alert
from smets.ports.store import Store, StoreError

TIME = 700002000  # 2022-03-07T21:00:00Z


def test_alert_message():
    """spec: layout D.8; message code 1001, MAC for the network operator, own counter."""
    ring = keys()
    operator = ring.first("network_operator")
    counter = (0x0102030405).to_bytes(8, "big")
    message = alert.non_critical(ring, operator, counter, 0x8006, TIME)
    opened = Opened(message, OPERATOR, cra=3)
    assert (opened.counter, opened.code, opened.target) == (0x0102030405, 0x1001, OPERATOR)
    assert opened.originator == DEVICE
    assert opened.date_time == b"" and opened.other == b"" and opened.signature == b""
    expected = "0F 20030405 00 0202 12 8006 09 0C 07E6 03 07 FF 15 00 00 00 8000 FF"
    assert opened.payload == h(expected)
    assert len(opened.octets) == 85
    # An event while the clock is invalid has no time.
    message = alert.non_critical(ring, operator, counter, 0x8024, clock.UTC_INVALID)
    assert Opened(message, OPERATOR, cra=3).payload[-12:] == b"\xff" * 9 + h("8000 FF")
    operator.secret = None
    with raises(CryptoError):
        alert.non_critical(ring, operator, counter, 0x8006, TIME)


def test_alert_counter_is_never_used_twice():
    """spec: the counter of a device's own messages; project-choice: 16 a write of the flash."""
    path = tmpdir()

    class Counting(Store):
        puts = 0
        fails = False

        def put(self, name, data):
            if self.fails:
                raise StoreError(5)
            self.puts += 1
            super().put(name, data)

    store = Counting(path)
    counter = alert.AlertCounter(store)
    seen = [counter.next() for _ in range(20)]
    assert seen == [(index + 1).to_bytes(8, "big") for index in range(20)]
    assert store.puts == 2
    counter = alert.AlertCounter(Counting(path))
    assert counter.next() == (33).to_bytes(8, "big"), "what was reserved is skipped"
    store.fails = True
    counter = alert.AlertCounter(store)
    with raises(StoreError):
        counter.next()
    store.fails = False
    assert counter.next() == (49).to_bytes(8, "big")
    assert alert.AlertCounter().next() == (1).to_bytes(8, "big")


def test_a_damaged_counter_jumps_ahead():
    """issue: alerts go on; with one record damaged and with both, no counter comes twice."""
    path = tmpdir() + "/s"
    store = Store(path)
    counter = alert.AlertCounter(store)
    first = 1
    for _ in range(4):
        for _ in range(first, first + 40):
            last = counter.next()
        names = [name for name in store.names() if name[:5] == "alert"]
        assert len(names) == 2, names
        for name in names:
            with open(path + "/" + name, "rb") as file:
                kept = file.read()
            for at in range(len(kept)):
                with open(path + "/" + name, "wb") as file:
                    file.write(kept[:at] + bytes((kept[at] ^ 0x40,)) + kept[at + 1 :])
                again = Store(path)
                found = alert.AlertCounter(again)
                assert last < found.next() <= _plus(last, 49), (name, at)
                assert again.faults == {name: "damaged"}
                with open(path + "/" + name, "wb") as file:
                    file.write(kept)
        counter = alert.AlertCounter(store)
    for name in names:
        store.put(name, b"")
    after = alert.AlertCounter(store).next()
    assert after > _plus(last, 1000000)
    assert alert.AlertCounter(store).next() > after


def _plus(counter, more):
    return (int.from_bytes(counter, "big") + more).to_bytes(8, "big")
