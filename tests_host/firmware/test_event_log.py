# engines: cpython unix
# The event and the security log of a meter: entries in records of ten, used in turns.
import os

from testkit import tmpdir, unload

from smets import record
from smets.devices.gsme import Gsme
from smets.dlms import objects
from smets.features import event_log
from smets.ports.store import Store


def entry(number):
    """What entry `number` is kept as: time, code, and its information with a length."""
    when, code = 1000 + number, 0x8154
    return when.to_bytes(4, "big") + code.to_bytes(2, "big") + b"\x02" + number.to_bytes(2, "big")


def enter(device, first, last):
    log = device.feature("event_log")
    for number in range(first, last):
        log.enter(0x8154, number.to_bytes(2, "big"), 1000 + number)


def read(device):
    return device.feature("event_log").events.entries


def test_the_last_hundred_entries_outlast_power():
    """issue: at any number of entries a restart finds the last 100 in their order."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Gsme(store)
    at = 0
    for until in (1, 9, 10, 11, 99, 100, 101, 109, 110, 111, 150, 233):
        enter(device, at, until)
        at = until
        wanted = [entry(number) for number in range(max(until - 100, 0), until)]
        assert read(device) == wanted, until
        device = Gsme(store)
        assert read(device) == wanted, until
    assert device.feature("event_log").storage_errors == 0


def test_an_entry_writes_one_small_record():
    """issue: what a command costs does not grow with the log."""
    unload()
    path = tmpdir() + "/s"
    store = Store(path)
    device = Gsme(store)
    enter(device, 0, 120)
    sizes = [os.stat(path + "/" + name)[6] for name in store.names() if name[:6] == "events"]
    # check value, version, counts of rows, the number of the first, ten rows with their lengths
    assert len(sizes) == 11 and max(sizes) == 4 + 1 + 2 + 4 + 10 * (2 + 9)
    before = {name: store.get(name) for name in store.names() if name != "logs"}
    enter(device, 120, 121)
    changed = [name for name in before if store.get(name) != before[name]]
    assert len(store.names()) == len(before) + 1, "and the folder of logs"
    assert changed == ["events.1"]


def test_a_damaged_record_loses_its_entries_only():
    unload()
    path = tmpdir() + "/s"
    device = Gsme(Store(path))
    enter(device, 0, 35)
    for name, lost in (("events.1", range(10, 20)), ("events.3", range(30, 35))):
        with open(path + "/" + name, "r+b") as file:
            octets = file.read()
            file.seek(0)
            file.write(octets[:-1] + bytes((octets[-1] ^ 1,)))
        store = Store(path)
        device = Gsme(store)
        left = [entry(number) for number in range(35) if number not in lost]
        if name == "events.3":
            left = [each for each in left if not entry(10) <= each < entry(20)]
        assert read(device) == left
        assert store.faults[name] == "damaged"
    enter(device, 40, 43)
    left += [entry(number) for number in range(40, 43)]
    assert read(device) == left
    assert read(Gsme(Store(path))) == left


def test_a_cleared_log_is_gone_from_every_record():
    unload()
    store = Store(tmpdir() + "/s")
    device = Gsme(store)
    enter(device, 0, 57)
    device.feature("event_log").wipe()
    assert read(device) == [] == read(Gsme(store))
    assert [name for name in store.names() if name[:6] == "events"] == ["events"]
    assert entry(0)[:4] not in store.get("events")
    enter(device, 60, 75)
    assert read(Gsme(store)) == [entry(number) for number in range(60, 75)] == read(device)
    code = (0x8F52).to_bytes(2, "big")
    assert [row[4:] for row in Gsme(store).feature("event_log").security.entries] == [code]


def test_what_is_given_up_was_never_entered():
    """project: a command that is refused takes its event back; the next has its number."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Gsme(store)
    enter(device, 0, 29)
    mark = device.keeper.begin()
    enter(device, 29, 33)
    device.keeper.rollback(mark)
    assert read(device) == [entry(number) for number in range(29)] == read(Gsme(store))
    enter(device, 29, 41)
    assert read(device) == [entry(number) for number in range(41)] == read(Gsme(store))


def test_the_one_record_of_older_firmware_is_read():
    """project: version 1 had all entries in one record."""
    unload()
    old = record.Table(
        "events", (("rows", record.rows(100, record.up_to(64)), ()),), "of older firmware"
    )
    record.TABLES["events"] = event_log._EVENTS
    for count in (3, 10, 11, 57, 100):
        store = Store(tmpdir() + "/old%d" % count)
        old.write(store, ([(entry(number),) for number in range(count)],))
        device = Gsme(store)
        assert read(device) == [entry(number) for number in range(count)]
        enter(device, count, count + 120)
        wanted = [entry(number) for number in range(count + 20, count + 120)]
        assert read(device) == wanted == read(Gsme(store))


def test_entries_of_a_state_take_the_place_of_all():
    unload()
    store = Store(tmpdir() + "/s")
    log = Gsme(store).feature("event_log").events
    buffer = objects.Buffer(log.description)
    for _ in range(100):
        log.add(1, 0x8155, b"")
    for number in range(45):
        buffer.append(entry(number))
    log.load(buffer)
    log.extend(buffer)
    wanted = [entry(number) for number in range(45)] * 2
    assert log.entries == wanted == read(Gsme(store))
    log.add(1007, 0x8154, b"\x00\x07")
    assert read(Gsme(store)) == wanted + [entry(7)]
