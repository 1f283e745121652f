# engines: cpython unix
# What a command answers and what is in force, where its settings can and cannot be kept.
from testkit import tmpdir, unload
from vectors import Taker, access_request, gbz, h, key

from smets.devices.esme import Esme
from smets.devices.gpf import Gpf
from smets.devices.gsme import Gsme
from smets.dlms import access, objects
from smets.gbcs import gbz as firmware_gbz
from smets.gbcs import table_esme, table_gas, table_proxy, use_cases
from smets.ports.store import Store
from smets.zcl import clusters

BOOST = [key(1, (0, 0, 94, 44, 6, n), 2) for n in range(1, 6)]
THRESHOLDS = key(21, (0, 0, 16, 0, 0, 255), 2)
TRUE, FALSE = b"\x03\xff", b"\x03\x00"


def code_of(rows, name):
    for row in rows:
        if row[1] == name:
            return row[0]
    raise AssertionError(name)


def ask_dlms(device, name, elements):
    """(pieces, result codes) of a use case carried out by a device, without its protection."""
    code = code_of(table_esme.ROWS, name)
    use_case = use_cases.find(device.tables, code, device.letter)
    request = access.prepare(access_request(elements), use_case, None)
    parts = access.execute(request, device.dlms, None)
    octets = b"".join([bytes(chunk) for chunk in parts.chunks()])
    taker = Taker(octets)
    taker.take(7)
    count = len(elements)
    assert taker.length() == count
    return octets[8 : len(octets) - 2 * count - 1], [
        octets[at] for at in range(len(octets) - 2 * count + 1, len(octets), 2)
    ]


def ask_gbz(device, name, *requests):
    """The ZCL frames of a response, without its protection."""
    use_case = use_cases.find(
        device.tables, code_of(table_gas.ROWS + table_proxy.ROWS, name), device.letter
    )
    prepared = firmware_gbz.prepare(gbz(*requests), use_case)
    taker = Taker(firmware_gbz.execute(prepared, device.zcl, None))
    taker.take(2)
    frames = []
    for _ in range(taker.number(1)):
        taker.take(3)
        frames.append(taker.take(taker.number(2)))
    return frames


def sets(*pairs):
    return [(2, place, None, data) for place, data in pairs]


def gets(*places):
    return [(1, place, None, b"\x00") for place in places]


def no_room(store):
    """Let nothing be written where settings are kept: a file lies in the way of the folder."""
    with open(store.path + "/settings", "wb") as file:
        file.write(b"in the way")


def room(store):
    """Let it be written again."""
    import os

    os.remove(store.path + "/settings")


def test_all_of_a_command_or_nothing():
    """issue: first set element HARDWARE_FAULT, later ones 250; nothing of it is in force."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Esme(store)
    no_room(store)
    command = sets(*[(place, TRUE) for place in BOOST])
    pieces, codes = ask_dlms(device, "ECS62", command)
    assert pieces == bytes(5) and codes == [1, 250, 250, 250, 250]
    for again in (device, Esme(store)):
        pieces, codes = ask_dlms(again, "ECS61c", gets(*BOOST))
        assert pieces == FALSE * 5 and codes == [0] * 5, "as a new meter has them"
    room(store)
    pieces, codes = ask_dlms(device, "ECS62", command)
    assert pieces == bytes(5) and codes == [0] * 5
    for again in (device, Esme(store)):
        pieces, codes = ask_dlms(again, "ECS61c", gets(*BOOST))
        assert pieces == TRUE * 5 and codes == [0] * 5
    no_room_again = Esme(store)
    no_room_again.settings.file._disk = Full()
    pieces, codes = ask_dlms(no_room_again, "ECS62", sets((BOOST[0], TRUE), (BOOST[1], FALSE)))
    assert codes == [1, 250]
    pieces, codes = ask_dlms(no_room_again, "ECS61c", gets(*BOOST))
    assert pieces == TRUE * 5, "what was set before stays"
    pieces, codes = ask_dlms(no_room_again, "ECS62", sets((BOOST[0], TRUE)))
    assert codes == [0], "what is kept already needs no room"


class Full:
    """A disk that is full."""

    def size(self, name):
        return 0

    def write(self, name, offset, parts):
        from smets.ports.store import StoreError

        raise StoreError(28)


def test_without_a_store():
    """issue: values live in memory."""
    unload()
    device = Esme()
    assert ask_dlms(device, "ECS62", sets((BOOST[0], TRUE)))[1] == [0]
    assert ask_dlms(device, "ECS61c", gets(BOOST[0])) == (TRUE, [0])


def test_one_write_for_a_command():
    """issue: a command with many elements is one append."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Esme(store)
    ask_dlms(device, "ECS62", sets((BOOST[0], FALSE)))
    disk = device.settings.file._disk
    writes = []
    plain = disk.write

    def write(name, offset, parts):
        writes.append(name)
        plain(name, offset, parts)

    disk.write = write
    ask_dlms(device, "ECS62", sets(*[(place, TRUE) for place in BOOST]))
    assert len(writes) == 1
    ask_dlms(device, "ECS62", sets(*[(place, TRUE) for place in BOOST]))
    assert len(writes) == 1, "the same again costs none"


def test_an_element_that_fails_leaves_those_before_it():
    """rtds: what preceded is answered as done, and is; what follows is not."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Esme(store)
    device.dlms.faults[(objects.SET, BOOST[2])] = objects.HARDWARE_FAULT
    _, codes = ask_dlms(device, "ECS62", sets(*[(place, TRUE) for place in BOOST]))
    assert codes == [0, 0, 1, 250, 250]
    again = Esme(store)
    assert ask_dlms(again, "ECS61c", gets(*BOOST))[0] == TRUE * 2 + FALSE * 3


def test_a_state_takes_the_place_of_what_was_set():
    """issue: a state that is loaded replaces; one that is loaded again after a cut does not."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Esme(store)
    data = h("0102 0600000001 0600000002")
    assert ask_dlms(device, "ECS34", sets((THRESHOLDS, data)))[1] == [0]
    device.registry.replaying = True
    device.dlms.load(THRESHOLDS, h("0102 0600000003 0600000004"))
    device.registry.replaying = False
    assert ask_dlms(device, "ECS26f", gets(THRESHOLDS)) == (data, [0])
    later = h("0102 0600000005 0600000006")
    device.dlms.load(THRESHOLDS, later)
    assert ask_dlms(device, "ECS26f", gets(THRESHOLDS)) == (later, [0])
    again = Esme(store)
    assert ask_dlms(again, "ECS26f", gets(THRESHOLDS))[1] == [objects.OBJECT_UNAVAILABLE]


FACTOR = (0x0700, h("09 00 02 804a371c 00000000 788f0100 50"))
VALUE = (0x0700, h("09 01 03 804a371c 00000000 90010000 01 10"))
READ = (0x0700, h("00 00 00 0203 0403"))
# project-choice: of a new meter, conversion factor 1.02264 and calorific value 39.5.
NEW = h("08 00 01 0203 00 23 788f0100 0403 00 23 8b010000")
FOUND = h("08 00 01 0203 00 23 788f0100 0403 00 23 90010000")


def test_gas_settings_or_nothing():
    """issue: HARDWARE_FAILURE for the first component, later ones as after a failure."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Gsme(store)
    no_room(store)
    assert ask_gbz(device, "GCS23", FACTOR, VALUE) == [h("00 00 0b 02 c0"), h("00 01 0b ff 01")]
    assert ask_gbz(device, "GCS21a", READ) == [NEW]
    assert ask_gbz(Gsme(store), "GCS21a", READ) == [NEW]
    room(store)
    assert ask_gbz(device, "GCS23", FACTOR, VALUE) == [h("00 00 0b 02 00"), h("00 01 0b 03 00")]
    assert ask_gbz(device, "GCS21a", READ) == [FOUND]
    assert ask_gbz(Gsme(store), "GCS21a", READ) == [FOUND]


def test_gas_settings_of_a_wrong_form_change_nothing():
    """issue: bad input gets a status that says so, and loses nothing."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Gsme(store)
    ask_gbz(device, "GCS23", FACTOR, VALUE)
    short = (0x0700, h("09 00 02 804a371c 00000000 788f01"))
    long = (0x0700, h("09 00 02 804a371c 00000000 788f0100 5000"))
    for request in (short, long):
        assert ask_gbz(device, "GCS23", request) == [h("00 00 0b 02 80")]
    price = h("09 00 05 00000000 804a371c 00000000 01000000 00 01 01 01 80250000 05 d8270000")
    assert ask_gbz(device, "GCS01b", (0x0700, price)) == [h("00 00 0b 05 87")], (
        "there is no tier 5"
    )
    for again in (device, Gsme(store)):
        assert ask_gbz(again, "GCS21a", READ) == [FOUND]
        assert again.zcl.get(clusters.PRICE, 0x0410) == 0, "nor was tier 1 set"


DAY = "09 %02x 01 00000000 804a371c %s 01 01 00 01 00 0000 %02x"
BEGIN = "09 00 00 00000000 804a371c %s %s 00 00 00 01 01 01"
GET_DAYS = (0x0707, h("01 00 01 00000000 ffffffff 01 00"))


def calendar(issuer, date, tier, day_issuer=""):
    return (
        (0x0707, h(BEGIN % (issuer, date))),
        (0x0707, h(DAY % (1, day_issuer or issuer, tier))),
    )


def test_a_calendar_is_taken_as_a_whole():
    """spec: a calendar with a part of another calendar leaves the one in force."""
    unload()
    device = Gsme()
    assert ask_gbz(device, "GCS01a", *calendar("01000000", "00000000", 1)) == [
        h("00 00 0b 00 00"),
        h("00 01 0b 01 00"),
    ]
    one = h("19 00 01") + h(DAY % (0, "01000000", 1))[3:]
    assert ask_gbz(device, "GCS21f", GET_DAYS) == [one]
    answer = ask_gbz(device, "GCS01a", *calendar("02000000", "00000000", 2, "03000000"))
    assert answer == [h("00 00 0b 00 00"), h("00 01 0b 01 87")]
    assert ask_gbz(device, "GCS21f", GET_DAYS) == [one]
    ask_gbz(device, "GCS01a", *calendar("02000000", "00000000", 2))
    assert ask_gbz(device, "GCS21f", GET_DAYS) == [h("19 00 01") + h(DAY % (0, "02000000", 2))[3:]]


def test_what_is_set_for_later_is_not_in_force():
    """spec: a date to come is answered at once and kept; cancelling is success, too."""
    unload()
    store = Store(tmpdir() + "/s")
    device = Gsme(store)
    device.clock.set(473385600, 0)
    ask_gbz(device, "GCS01a", *calendar("01000000", "00000000", 1))
    one = ask_gbz(device, "GCS21f", GET_DAYS)
    for date in ("90888138", "feffffff"):  # 2030-01-15, cancelled
        answer = ask_gbz(device, "GCS01a", *calendar("02000000", date, 2))
        assert answer == [h("00 00 0b 00 00"), h("00 01 0b 01 00")]
        assert ask_gbz(device, "GCS21f", GET_DAYS) == one
        pending = [place for place in device.settings.values if place[:1] == b"N"]
        assert len(pending) == (2 if date == "90888138" else 0)
        assert Gsme(store).settings.values == device.settings.values
    mode = "01 00 06 00000000 804a371c %s 970c 00000000"
    assert ask_gbz(device, "GCS03", (0x0705, h(mode % "90888138")))[0][2] == 0x02
    assert device.zcl.get(clusters.PREPAYMENT, 0x0000) == 0x0C94, "of a new meter: credit mode"
    assert ask_gbz(device, "GCS03", (0x0705, h(mode % "80b5361c")))[0][2] == 0x02
    assert device.zcl.get(clusters.PREPAYMENT, 0x0000) == 0x0C97, "a date that is past"


def test_displays_set_nothing():
    """spec: what configures a meter is for remote parties; the home gets UNSUP_CLUSTER_COMMAND."""
    unload()
    from smets.zcl import han_server

    device = Gsme()
    lock = h("01 07 0d 804a371c 00 00 00 03")
    answer = han_server.answer(device.zcl, (clusters.METERING,), clusters.METERING, lock)
    assert answer == h("18 07 0b 0d 81")
    assert device.zcl.get(clusters.METERING, 0x0607) == 2


def test_the_feature_declares_every_command():
    """issue: one table of commands; what is light names those of what is large."""
    unload()
    from smets.zcl.configured import TEMPLATES

    reads = {(0x0700, 0, 0x0B), (0x0708, 8, 0x05)} | {(0x0707, 0, n) for n in range(1, 5)}
    sets = {where + (command,) for where, row in TEMPLATES.items() for command in row}
    assert set(Gsme().feature("gas_settings").commands) == sets | reads


def test_a_command_that_ends_in_an_exception_sets_nothing():
    """issue: what waited to be kept is forgotten."""
    unload()
    device = Gsme()

    class Broken(Exception):
        pass

    plain = device.feature("gas_settings").execute
    calls = []

    def first_only(call):
        calls.append(call)
        if len(calls) == 2:
            raise Broken()
        return plain(call)

    device.feature("gas_settings").execute = first_only
    try:
        ask_gbz(device, "GCS23", FACTOR, VALUE)
    except Broken:
        pass
    assert len(calls) == 2 and not device.settings.waiting
    device.settings.commit()
    assert ask_gbz(device, "GCS21a", READ) == [NEW]


EVENT_LOG = key(7, (0, 17, 99, 98, 2, 255), 2)
CLEAR_EVENT_LOG = key(7, (0, 17, 99, 98, 2, 255), 1)
EVENT = h("02 04 06 12 16 06")
EVENTS = h("13 02 04 06 12 16 06")


def test_a_cleared_log_stays_empty():
    """issue: further rows of a state that is loaded again are older than what cleared the log."""
    unload()

    def rows(count):
        buffer = objects.Buffer(EVENT)
        for second in range(count):
            buffer.append((700000000 + second).to_bytes(4, "big") + h("0311 01 00000000"))
        return buffer

    def replay(device):
        device.registry.replaying = True
        device.dlms.load(EVENT_LOG, rows(2))
        device.dlms.append(EVENT_LOG, rows(3))
        device.registry.replaying = False

    def length(device):
        taken = device.dlms.get(EVENT_LOG, 0, 0xFFFFFFFF)
        return b"".join([bytes(chunk) for chunk in taken.chunks()])[len(EVENTS)]

    store = Store(tmpdir() + "/s")
    device = Esme(store)
    replay(device)
    assert length(device) == 5 * 11
    assert ask_dlms(device, "ECS15c", [(3, CLEAR_EVENT_LOG, None, h("0f 00"))])[1] == [0]
    assert length(device) == 0
    device = Esme(store)
    replay(device)
    assert length(device) == 0
    try:
        device.dlms.append(EVENT_LOG, rows(3))
        raise AssertionError("rows after the log was cleared")
    except ValueError as error:
        assert "log" in str(error)
    device.dlms.load(EVENT_LOG, rows(2))
    device.dlms.append(EVENT_LOG, rows(1))
    assert length(device) == 3 * 11, "a state that is loaded anew replaces it"


GENERAL = h("03 4581 004a371c 01 07")
SECURITY = h("04 0c8f 014a371c 00")
CLEAR = (0x0709, h("01 05 01 03"))


def publish_events(device):
    device.zcl.publish(0x0709, 1, h("0200 00 01 00") + GENERAL + SECURITY)


def read_events(device, log=0x13):
    request = bytes((1, 6, 0, log)) + h("0000 00000000 ffffffff 00 0000")
    return ask_gbz(device, "CS10a", (0x0709, request))


def test_an_event_log_is_cleared():
    """issue: CS11 at a gas meter and its proxy, through a power cut; the security log stays."""
    unload()
    for role in (Gsme, Gpf):
        store = Store(tmpdir() + "/s")
        device = role(store)
        assert ask_gbz(device, "CS11", CLEAR) == [h("09 05 02 08")], "there is nothing to clear"
        publish_events(device)
        both = [h("19 06 01 0200 00 01 00") + GENERAL + SECURITY]
        assert read_events(device) == both
        wrong = (0x0709, h("01 05 01 04"))
        assert ask_gbz(device, "CS11", wrong) == [h("09 05 02 00")], "the security log cannot be"
        assert read_events(device) == both
        assert ask_gbz(device, "CS11", CLEAR) == [h("09 05 02 08")]
        left = [h("19 06 01 0100 00 01 00") + SECURITY]
        assert read_events(device) == left
        device = role(store)
        device.registry.replaying = True
        publish_events(device)
        device.registry.replaying = False
        assert read_events(device) == left, "a state that is loaded again is older"
        publish_events(device)
        assert read_events(device) != left, "a new one is not"


def test_an_event_log_that_a_state_does_not_let_be_cleared():
    """rtds: 00 says that it was not cleared, and then it was not."""
    unload()
    device = Gsme(Store(tmpdir() + "/s"))
    publish_events(device)
    device.zcl.publish(0x0709, 2, b"\x00")
    assert ask_gbz(device, "CS11", CLEAR) == [h("09 05 02 00")]
    assert read_events(device) == [h("19 06 01 0200 00 01 00") + GENERAL + SECURITY]


def test_displays_clear_no_log():
    """spec: the home gets UNSUP_CLUSTER_COMMAND, and the log stays."""
    unload()
    from smets.zcl import han_server

    device = Gpf()
    publish_events(device)
    answer = han_server.answer(device.zcl, (clusters.EVENTS,), clusters.EVENTS, CLEAR[1])
    assert answer == h("18 05 0b 01 81")
    assert read_events(device) == [h("19 06 01 0200 00 01 00") + GENERAL + SECURITY]


def test_emergency_credit_of_meters_without_an_account():
    """spec (meter.md E.5): success where it is active afterwards, also where it was before."""
    unload()
    store = Store(tmpdir() + "/s2")
    device = Esme(store)
    emergency = (0, 0, 19, 10, 1, 255)
    assert ask_dlms(device, "ECS09", [(3, key(112, emergency, 3), None, h("0f00"))])[1] == [0]
    for again in (device, Esme(store)):
        assert again.dlms.get(key(112, emergency, 8)) == h("1602"), "Blue Book: selected"


def test_a_method_without_effect_fails():
    """issue: no success where nothing happens."""
    unload()
    device = Esme()
    assert device.dlms.invoke(key(9, (0, 0, 10, 0, 99, 255), 1), h("120001")) == 250
