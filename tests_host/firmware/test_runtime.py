# engines: cpython unix
# The loop of a board: lines, restarts, the log of exceptions, what comes back after a power cut.
import json
import os
import sys

import main
from full_store import FullStore
from testkit import raises, tmpdir

from smets import bench, clock, journal, runtime
from smets.crypto import p256
from smets.document import ANYTHING
from smets.ports import console, watchdog
from smets.ports.store import Store, StoreError

EUI = "02534D45545300A3"
PARTY = {"id": "02534D4554010000", "role": "supplier", "ka_public": "04" + "11" * 64}
STEPS = {"0x0702": {"0x0000": {"type": "0x25", "value": 4711}}}


class Script:
    """A console that says what it is given, then presses Ctrl-C; keeps what it is told.

    `silences` waits are in vain before the last octets come; `ends` is the end of the stream.
    """

    def __init__(self, octets, silences=0, ends=False):
        self.octets = octets
        self.at = 0
        self.silences = silences
        self.last = -1 if ends else 3
        self.said = ""
        self.listening = False
        self.while_listening = True

    def listen(self, wanted):
        self.listening = wanted

    def wait(self, ms):
        self.while_listening = self.while_listening and self.listening
        if self.at == len(self.octets) and self.silences:
            self.silences -= 1
            return False
        return True

    def read(self):
        if self.at == len(self.octets):
            return self.last
        self.at += 1
        return self.octets[self.at - 1]

    def write(self, text):
        self.said += text

    def lines(self):
        return self.said.split("\n")[:-1]


class Dog:
    """A watchdog that counts."""

    def __init__(self):
        self.started = self.fed = self.stopped = 0

    def start(self):
        self.started += 1

    def feed(self):
        self.fed += 1

    def stop(self):
        self.stopped += 1


def line(verb, document=None, number=1):
    text = "" if document is None else json.dumps(document)
    return "CTRL:%s#%d:%d:%s\n" % (verb, number, len(text), text)


def answer(text):
    """The document of an answer line."""
    assert text.startswith("CTRL:OK#"), text
    return json.loads(text.split(":", 3)[3])


def device(role="gsme", path=None):
    """A runtime and the list of what it writes."""
    said = []
    store = Store(path) if path else None
    ring = journal.Ring(store)
    return runtime.Runtime({"role": role, "build": "b1"}, said.append, store, ring), said


def kept(path):
    """The records that a store has, besides the folder of logs."""
    return [name for name in Store(path).names() if name != "logs"]


def tell(made, verb, document=None):
    """The answer of a runtime to one line."""
    made[1].clear()
    made[0].line(line(verb, document).strip())
    # HAN frames come before the answer.
    return answer("".join(made[1]).strip().split("\n")[-1])


def refused(made, verb, document):
    """The words with which it refuses one."""
    made[1].clear()
    made[0].line(line(verb, document).strip())
    text = "".join(made[1])
    assert text.startswith("LOG:ERROR#1:"), text
    return text.strip().split(":", 3)[3]


def collect(octets, limit=10):
    """The (event, text) pairs that a line buffer makes of octets."""
    lines = console.LineBuffer(limit)
    events = []
    for octet in octets:
        event = lines.take(octet)
        if event:
            events.append((event, lines.text if event == console.LINE else ""))
    return events


def test_lines_end_with_cr_or_lf():
    expected = [(console.LINE, "ab"), (console.LINE, "cd"), (console.LINE, "ef")]
    assert collect(b"ab\ncd\r\n\r\n  ef \r") == expected
    assert collect(b"\n\r   \r\n") == [], "an empty line is no line"
    for blank in ("\x1c", "\x85", "\xa0", "\u2028", "\u3000"):
        line = (console.LINE, blank)
        assert collect(blank.encode() + b"\n") == [line], "only blanks of ASCII are left out"


def test_a_line_may_be_as_long_as_the_limit_and_no_longer():
    assert collect(b"0123456789\n") == [(console.LINE, "0123456789")]
    assert collect(b"0123456789a\nok\n") == [(console.LONG, ""), (console.LINE, "ok")]
    assert collect(b"x" * 1000 + b"\r\nok\n") == [(console.LONG, ""), (console.LINE, "ok")]


def test_noise_is_refused_up_to_the_next_line():
    assert collect(b"a\xff\xfe\nok\n") == [(console.NOISE, ""), (console.LINE, "ok")]


def test_ctrl_c_counts_at_the_start_of_a_line_or_twice():
    assert collect(b"\x03") == [(console.INTERRUPT, "")]
    assert collect(b"ab\r\x03") == [(console.LINE, "ab"), (console.INTERRUPT, "")]
    assert collect(b"ab\x03cd\n") == [(console.LINE, "ab\x03cd")], "noise, not a wish"
    assert collect(b"ab\x03\x03") == [(console.INTERRUPT, "")]
    assert collect(b"x" * 50 + b"\x03\x03ok\n") == [(console.INTERRUPT, ""), (console.LINE, "ok")]


def test_the_ring_keeps_the_last_entries_through_restarts():
    path = tmpdir() + "/state"
    ring = journal.Ring(Store(path))
    assert ring.texts() == []
    for number in range(20):
        ring.add("entry %d" % number)
    ring.add("entry 19")
    kept = ["entry %d" % number for number in range(12, 20)]
    assert ring.texts() == kept, "the same text twice is entered once"
    assert journal.Ring(Store(path)).texts() == kept
    ring.add("a" * 1000 + "end")
    assert ring.texts()[-1] == "a" * 477 + "end"
    ring.clear()
    assert journal.Ring(Store(path)).texts() == []


def test_the_ring_does_without_its_record():
    path = tmpdir() + "/state"
    Store(path).put("log", b'["one"]')
    with open(path + "/log", "wb") as file:
        file.write(b"damaged")
    assert journal.Ring(Store(path)).texts() == []
    ring = journal.Ring(Store(path))
    os.remove(path + "/log")
    os.rmdir(path)
    ring.add("no folder to write to")
    assert ring.texts() == ["no folder to write to"]


def test_a_log_of_newer_firmware_is_told_of_and_kept():
    """issue: an unknown newer record is refused and reported; its texts are not lost."""
    for content, why in (
        (b"\x09\x00\x01\x00\x03new", "version 9, known are 1 to 1"),
        (b"\x01\x00\x01\x00\x01\xff", "no text"),
    ):
        path = tmpdir() + "/state"
        Store(path).put("log", content)
        said = []
        store = Store(path)
        ring = journal.Ring(store)
        for _ in range(2):  # the second device comes after a failure, with the same log
            made = runtime.Runtime({"role": "gsme"}, said.append, store, ring), said
            assert tell(made, "LOG")["log"] == ["record log: " + why]
            assert tell(made, "QUERY")["summary"]["damaged"] == {"log": why}
        ring.add("an exception")
        assert tell(made, "LOG")["log"][-1] == "an exception"
        if content[0] == 9:
            assert Store(path).get("log") == content, "firmware that knows it may come back"
        tell(made, "LOG", {"clear": True})
        ring.add("another")
        assert journal.Ring(Store(path)).texts() == ["another"]


def test_an_exception_is_entered_with_its_traceback():
    ring = journal.Ring()
    try:
        raise ValueError("what went wrong")
    except ValueError as error:
        ring.add_exception(error)
    text = ring.texts()[0]
    assert "ValueError: what went wrong" in text, text
    assert "test_runtime" in text, "and where"


def test_hello_says_what_runs_and_confirms_the_install():
    confirmed = []
    said = []
    made = runtime.Runtime(
        {"role": "gpf", "board": "virtual", "build": "abc"},
        said.append,
        confirm=lambda: confirmed.append(1),
    )
    for _ in range(2):
        assert tell((made, said), "HELLO") == {
            "firmware": bench.__version__,
            "device": "GPF",
            "board": "virtual",
            "build": "abc",
        }
    assert confirmed == [1], "once"


def test_keys_and_state_come_back():
    path = tmpdir() + "/state"
    made = device("gsme", path)
    tell(made, "KEYS", {"device_id": EUI})
    tell(made, "KEYS", {"parties": [PARTY]})
    tell(made, "STATE", {"zcl": STEPS})
    tell(made, "STATE", {"clock": {"time": "2015-01-01T00:00:00Z"}})
    again = device("gsme", path)[0]
    assert again.session.keys.device_id.hex().upper() == EUI
    assert again.session.keys.find(bytes.fromhex(PARTY["id"])).role == "supplier"
    assert again.device.zcl.get(0x0702, 0) == 4711
    assert again.device.clock.status == clock.INVALID, "nobody knows how long the power was off"
    assert again.device.clock.seconds == clock.UTC_INVALID


def test_a_mirror_is_empty_after_a_power_cut():
    """spec: no update since the restart, so no attribute and an invalid stamp."""
    path = tmpdir() + "/state"
    made = device("gpf", path)
    tell(made, "STATE", {"zcl": STEPS, "clock": {"time": "2015-01-01T00:00:00Z"}})
    stamp = {"source": "GSME", "time": "2015-01-01T00:00:00Z", "status": "reliable"}
    tell(made, "STATE", {"stamp": stamp})
    assert made[0].device.zcl.get(0x0702, 0) == 4711
    again = device("gpf", path)[0]
    assert again.device.zcl.get(0x0702, 0) is None
    assert again.device.feature("mirror").stamp.status == clock.INVALID


def test_what_a_feature_stored_wins_over_what_was_loaded_before():
    path = tmpdir() + "/state"
    made = device("gpf", path)
    tell(made, "STATE", {"zcl": {"0x0708": {"0x0200": {"type": "0xE2", "value": 100}}}})
    made[0].device.feature("tenancy").put(7000, 3, 1, 2)
    again = device("gpf", path)[0]
    assert again.device.feature("tenancy").date == 7000
    assert again.device.zcl.get(0x0708, 0x0200) == 7000
    again.device.feature("tenancy").put(8000, 3, 1, 3)
    assert device("gpf", path)[0].device.feature("tenancy").date == 8000


def test_counters_survive_and_forget_removes_everything():
    path = tmpdir() + "/state"
    made = device("gsme", path)
    party = bytes.fromhex(PARTY["id"])
    tell(made, "KEYS", {"device_id": EUI})
    tell(made, "SET", {"draw": 5})
    tell(made, "SET", {"sends_time": False})
    made[0].device.counters.set(party, b"\0" * 7 + b"\x09")
    made[0].ring.add("an old exception")
    again = device("gsme", path)
    assert again[0].device.counters.get(party) == b"\0" * 7 + b"\x09"
    assert (
        again[0].device.feature("gas_register").draw,
        again[0].device.feature("gas_reports").sends_time,
    ) == (5, False)
    tell(again, "FORGET")
    third = device("gsme", path)[0]
    assert third.session is None
    assert third.device.counters.get(party) is None
    assert third.device.feature("gas_register").draw == 0
    assert third.ring.texts() == ["an old exception"]


def test_a_fragment_loaded_twice_is_kept_once_in_its_newest_place():
    path = tmpdir() + "/state"
    made = device("gsme", path)
    one = {"zcl": STEPS}
    two = {"zcl": {"0x0702": {"0x0000": {"type": "0x25", "value": 4712}}}}
    for _ in range(3):
        tell(made, "STATE", one)
        tell(made, "STATE", two)
        tell(made, "STATE", one)
    names = [name for name in Store(path).names() if name.startswith("load.")]
    assert len(names) == 2, names
    again = device("gsme", path)
    assert again[0].device.zcl.get(0x0702, 0) == 4711
    tell(again, "STATE", two)
    names = [name for name in Store(path).names() if name.startswith("load.")]
    assert len(names) == 2, "known after a restart too"
    assert device("gsme", path)[0].device.zcl.get(0x0702, 0) == 4712


def test_what_is_refused_is_not_kept():
    path = tmpdir() + "/state"
    made = device("gsme", path)
    assert refused(made, "STATE", {"zlc": {}}) == "state.zlc: unknown member"
    refused(made, "SET", {"nothing": 1})
    assert kept(path) == []


def test_a_damaged_or_outdated_fragment_does_not_stop_the_device():
    path = tmpdir() + "/state"
    made = device("gsme", path)
    tell(made, "STATE", {"zcl": STEPS})
    tell(made, "KEYS", {"device_id": EUI})
    outdated = b'{"member_of_old_firmware":1}'
    Store(path).put("load.2", b"\x01\x00\x05STATE\x00" + bytes((len(outdated),)) + outdated)
    Store(path).put("load.3", b"\x02\x00\x05STATE\x00\x02{}!")
    with open(path + "/load.0", "wb") as file:
        file.write(b"damaged")
    restarted = device("gsme", path)
    again = restarted[0]
    assert again.session.keys.device_id.hex().upper() == EUI, "the rest is loaded"
    assert again.device.zcl.get(0x0702, 0) == 4711, "the register has a record of its own"
    lost, outdated, newer = again.ring.texts()
    assert lost == "record load.0: damaged" and "member_of_old_firmware" in outdated
    assert newer == "record load.3: version 2, known are 1 to 1"
    assert tell(restarted, "QUERY")["summary"]["damaged"] == {
        "load.0": "damaged",
        "load.3": "version 2, known are 1 to 1",
    }


# Check values: SHA-256 of these points by another program (sha256sum), first 16 digits.
OWN_PRIVATE = "00" * 31 + "01"  # whose public key is the base point of P-256
OWN_CHECK = "698BEA63DC44A344"
PARTY_CHECK = "F0B9315A0459DAB7"


def test_a_device_tells_whose_keys_it_has_and_no_secret():
    path = tmpdir() + "/state"
    made = device("gsme", path)
    assert tell(made, "QUERY", {"keys": True})["eui"] == "" and "keys" not in tell(
        made, "QUERY", {"keys": True}
    )
    tell(made, "KEYS", {"device_id": EUI, "private_key": OWN_PRIVATE})
    tell(made, "KEYS", {"parties": [PARTY]})
    for again in (made, device("gsme", path)):
        told = tell(again, "QUERY", {"keys": True})
        assert told["eui"] == EUI
        assert told["keys"]["ka"] == OWN_CHECK and "ds" not in told["keys"]
        assert told["keys"]["parties"] == [
            {"id": PARTY["id"], "role": PARTY["role"], "check": PARTY_CHECK}
        ]
        assert OWN_PRIVATE not in "".join(again[1])
        assert "keys" not in tell(again, "QUERY", {}) and "holds" not in tell(again, "QUERY", {})


def test_a_device_tells_what_it_keeps():
    path = tmpdir() + "/state"
    made = device("gsme", path)
    state = {"zcl": {"0x0702": {"0x0000": {"type": "0x25", "value": 5}}}}
    other = {"zcl": {"0x0702": {"0x0000": {"type": "0x25", "value": 6}}}}
    assert not tell(made, "QUERY", {"holds": {"STATE": state}})["holds"]
    tell(made, "STATE", state)
    tell(made, "SET", {"draw": 5})
    for again in (made, device("gsme", path)):
        for asked, held in (
            ({}, True),
            ({"STATE": state}, True),
            ({"STATE": state, "SET": {"draw": 5}}, True),
            ({"STATE": other}, False),
            ({"KEYS": state}, False),
            ({"SET": {"draw": 6}}, False),
            ({"SET": {"draw": 5, "gpf": EUI}}, False),
        ):
            assert tell(again, "QUERY", {"holds": asked})["holds"] is held, asked
    for wrong in ({"holds": []}, {"holds": {"SET": 5}}, {"holds": {"HELLO": {}}}, {"keys": 1}):
        assert refused(made, "QUERY", wrong), wrong
        assert made[0].failure is None


class GuardTimer:
    """machine.Timer, as the guard uses it."""

    ONE_SHOT = 0

    def __init__(self, number):
        assert number == -1

    def init(self, mode, period, callback):
        self.made = (mode, period)
        self.callback = callback
        GuardTimer.last = self


class TimerMachine:
    """A machine with a timer."""

    Timer = GuardTimer
    resets = 0

    def reset(self):
        self.resets += 1


def beside(made, act):
    """Call `act` while `import machine` gives `made`."""
    before = sys.modules.get("machine")
    sys.modules["machine"] = made
    try:
        return act()
    finally:
        if before is None:
            del sys.modules["machine"]
        else:
            sys.modules["machine"] = before


def test_a_host_takes_a_device_to_its_repl_under_guard():
    """And a board without such a timer leaves all the same."""
    made = TimerMachine()
    asked = line("REPL", {"within": 60}, 7)
    script, dog, _ = beside(made, lambda: serve(asked + line("HELLO", number=8)))
    assert answer(script.said) == {} and "#8:" not in script.said, "it has left by then"
    assert (dog.started, dog.stopped) == (1, 1)
    assert GuardTimer.last.made == (GuardTimer.ONE_SHOT, 60000) and made.resets == 0
    beside(made, lambda: GuardTimer.last.callback(GuardTimer.last))
    assert made.resets == 1
    script, dog, _ = beside(object(), lambda: serve(asked))
    assert answer(script.said) == {}
    wrong = serve(line("REPL", {"within": 0}, 7))[0].said
    assert wrong.startswith("LOG:ERROR#7:"), wrong


def test_damaged_inputs_do_not_stop_the_device():
    path = tmpdir() + "/state"
    tell(device("gsme", path), "SET", {"draw": 5})
    with open(path + "/inputs", "r+b") as file:
        file.write(b"\xff")
    again = device("gsme", path)
    assert again[0].device.feature("gas_register").draw == 0 and again[0].ring.texts() == [
        "record inputs: damaged"
    ]
    tell(again, "SET", {"draw": 6})
    assert device("gsme", path)[0].device.feature("gas_register").draw == 6


def test_what_is_loaded_again_unchanged_is_not_written_again():
    """issue: loading the same KEYS again lost them; and flash wears."""
    path = tmpdir() + "/state"
    made = device("gsme", path)
    other = {"id": "02534D4554010001", "role": "supplier", "ka_public": "04" + "22" * 64}
    documents = ({"device_id": EUI}, {"parties": [PARTY]}, {"parties": [other]})
    for document in documents:
        tell(made, "KEYS", document)
    for again in (made, device("gsme", path)):
        for document in documents:
            tell(again, "KEYS", document)
    assert kept(path) == ["load.0", "load.1", "load.2"]
    changed = {"parties": [{"id": PARTY["id"], "role": "supplier", "ka_public": "04" + "33" * 64}]}
    for document in (changed, {"parties": [PARTY]}, {"device_id": EUI}):
        tell(made, "KEYS", document)
    assert "load.1" not in Store(path).names(), "what came between is older now"
    party = device("gsme", path)[0].session.keys.find(bytes.fromhex(PARTY["id"]))
    assert party.ka_public[1] == 0x11


def test_the_identity_may_be_loaded_again_after_the_parties():
    path = tmpdir() + "/state"
    made = device("gsme", path)
    private = ("%064X" % 5, "%064X" % 6)
    tell(made, "KEYS", {"device_id": EUI, "private_key": private[0]})
    tell(made, "KEYS", {"parties": [PARTY]})
    tell(made, "KEYS", {"device_id": EUI, "private_key": private[1]})
    tell(made, "KEYS", {"device_id": EUI, "private_key": private[0]})
    assert kept(path) == ["load.1", "load.2", "load.3"], "parties come first now"
    keys = device("gsme", path)[0].session.keys
    assert keys.find(bytes.fromhex(PARTY["id"])) is not None
    assert keys.private_key[-1] == 5


def test_what_cannot_be_kept_is_refused():
    said = []
    store = FullStore(tmpdir() + "/state")
    made = (runtime.Runtime({"role": "gsme"}, said.append, store), said)
    tell(made, "KEYS", {"device_id": EUI})
    store.full = True
    for verb, document in (("STATE", {"zcl": STEPS}), ("KEYS", {"parties": [PARTY]})):
        for _ in range(2):
            assert "StoreError" in refused(made, verb, document)
            # What was loaded in memory goes with the device, see Loop.
            assert isinstance(made[0].failure, StoreError)
            made[0].failure = None
    assert "StoreError" in refused(made, "SET", {"draw": 5})
    store.full = False
    tell(made, "STATE", {"zcl": STEPS})
    assert device("gsme", store.path)[0].device.zcl.get(0x0702, 0) == 4711


def test_without_a_store_nothing_is_kept():
    made = device("gsme")
    tell(made, "KEYS", {"device_id": EUI})
    tell(made, "SET", {"draw": 5})
    tell(made, "FORGET")
    assert made[0].session is None
    assert made[0].device.feature("gas_register").draw == 0


def test_the_log_is_read_and_cleared_over_the_link():
    made = device()
    made[0].ring.add("one")
    assert tell(made, "LOG") == {"restarts": 0, "log": ["one"]}
    assert tell(made, "LOG", {"clear": True})["log"] == ["one"]
    assert tell(made, "LOG")["log"] == []


def test_time_that_passes_goes_to_the_device_and_what_it_says_to_the_link():
    made = device()
    tell(made, "CLOCK", {"time": "2015-01-01T00:29:58Z"})
    tell(made, "KEYS", {"device_id": EUI})
    tell(made, "SET", {"gpf": "02534D45545300A4"})
    made[1].clear()
    made[0].tick(1)
    assert made[1] == []
    made[0].tick(1)
    assert "".join(made[1]).startswith("ZCL:FRAME#"), "a report at the half hour"


def test_time_that_fails_to_pass_is_a_failure_too():
    class Stuck(runtime.Runtime):
        def tick(self, seconds):
            raise OSError(5)

    kept = runtime.Runtime
    runtime.Runtime = Stuck
    try:
        script, _, loop = serve("", {"role": "gsme", "tick": True}, silences=9, time=Ticks(0))
    finally:
        runtime.Runtime = kept
    assert loop.ring.restarts == 4
    assert script.lines()[3].startswith("LOG:ERROR#0:") and "OSError" in script.lines()[3]


def test_what_only_a_line_is_to_blame_for_is_no_failure():
    deep = "[" * 3000
    script, _, loop = serve("CTRL:SET#1:%d:%s\n" % (len(deep), deep) + line("SET", {"draw": []}))
    assert len(script.lines()) == 2
    assert loop.ring.restarts == 0


def test_whatever_a_command_raises_is_a_failure():
    class Broken(runtime.Runtime):
        def _gbcs(self, number, body):
            raise MemoryError

    kept = runtime.Runtime
    runtime.Runtime = Broken
    try:
        script, _, loop = serve("GBCS:DATA#8:1:00\n" + line("HELLO"))
    finally:
        runtime.Runtime = kept
    assert script.lines()[0].startswith("LOG:ERROR#8:13:MemoryError")
    assert answer(script.lines()[1])["device"] == "GSME"
    assert loop.ring.restarts == 1


def test_reset_is_that_of_the_board():
    class Machine:
        def __init__(self):
            self.resets = 0

        def reset(self):
            self.resets += 1

    machine = Machine()
    known = sys.modules.get("machine")
    sys.modules["machine"] = machine
    try:
        tell(device(), "RESET")
    finally:
        del sys.modules["machine"]
        if known:
            sys.modules["machine"] = known
    assert machine.resets == 1


def serve(text, settings=None, silences=0, ends=False, **more):
    """Run a loop with a console that gives `text`."""
    script = Script(text.encode() if isinstance(text, str) else text, silences, ends)
    dog = Dog()
    loop = runtime.Loop(settings or {"role": "gsme"}, script, dog, **more)
    loop.serve()
    return script, dog, loop


def test_the_loop_answers_until_ctrl_c():
    script, dog, _ = serve(line("HELLO", number=1) + "rubbish\n" + line("QUERY", number=2))
    hello, rubbish, query = script.lines()
    assert answer(hello)["device"] == "GSME"
    assert rubbish == "LOG:ERROR#0:24:not KIND:VERB#n:len:body"
    assert query.startswith("CTRL:OK#2:")
    assert (dog.started, dog.stopped) == (1, 1)
    assert dog.fed > 3
    assert script.while_listening and not script.listening


def test_the_loop_ends_with_the_stream():
    script, dog, _ = serve(line("HELLO"), silences=3, ends=True)
    assert len(script.lines()) == 1
    assert script.silences == 0
    assert dog.stopped == 1


def test_long_lines_and_noise_get_an_error_and_the_next_line_its_answer():
    long = b"CTRL:HELLO#7:" + b"9" * bench.LINE_LIMIT
    script = serve(long + b"\n\xff\xfe\xfd\n" + line("HELLO").encode())[0]
    lines = script.lines()
    assert lines[0] == "LOG:ERROR#0:32:line longer than 8192 characters"
    assert lines[1] == "LOG:ERROR#0:22:line is not UTF-8 text"
    assert answer(lines[2])["device"] == "GSME"


def test_long_work_feeds_the_watchdog():
    """Without C a key takes seconds of a Pico, a long log ten: its watchdog waits for eight."""
    dog = Dog()
    work = []

    class Busy(Script):
        def wait(self, ms):
            if not work:
                before = dog.fed
                p256.public_key(bytes(range(1, 33)))
                work.append(dog.fed - before)
                before = dog.fed
                store = Store(tmpdir() + "/s")
                store.put("a", b"1")
                store.clear()
                work.append(dog.fed - before)
            return super().wait(ms)

    loop = runtime.Loop({"role": "gsme"}, Busy(b""), dog)
    loop.serve()
    try:
        import smets_p256  # noqa: F401 - in C it is too quick to matter
    except ImportError:
        assert work[0] >= 1
    assert work[1] >= 2
    fed = dog.fed
    p256.public_key(bytes(range(1, 33)))
    assert dog.fed == fed, "not from the REPL, where it is stopped"


def fail(value):
    """An input that raises what nothing catches."""
    raise IndexError("failed as asked to: %s" % value)


class Failing(runtime.Runtime):
    """A runtime whose device has that input."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        from planted import plant

        plant(self.device.registry, inputs={"fail": ("fail", ANYTHING)}, fail=fail)


def with_failing(function):
    kept = runtime.Runtime
    runtime.Runtime = Failing
    try:
        return function()
    finally:
        runtime.Runtime = kept


def test_an_exception_is_logged_and_the_device_restarted():
    path = tmpdir() + "/state"
    text = (
        line("KEYS", {"device_id": EUI}, 1)
        + line("CLOCK", {"time": "2015-01-01T00:00:00Z"}, 2)
        + line("SET", {"fail": 1}, 3)
        + line("QUERY", None, 4)
        + line("LOG", None, 5)
    )
    script, dog, loop = with_failing(lambda: serve(text, store=Store(path)))
    lines = script.lines()
    assert lines[2] == "LOG:ERROR#3:33:IndexError: failed as asked to: 1", lines
    query = answer(lines[3])
    assert query["time"] == "2015-01-01T00:00:00Z", "the clock goes on, no power was cut"
    assert query["clock_status"] == "reliable"
    log = answer(lines[4])
    assert log["restarts"] == 1
    assert "IndexError: failed as asked to: 1" in log["log"][0]
    assert loop.runtime.session.keys.device_id.hex().upper() == EUI
    assert (dog.started, dog.stopped) == (1, 1)


def test_failures_one_after_another_lead_to_the_repl():
    failing = "".join(line("SET", {"fail": number}) for number in range(9))
    script, dog, loop = with_failing(lambda: serve(failing))
    assert len(script.lines()) == 4
    assert loop.ring.restarts == 4
    assert script.at < len(script.octets), "the rest was not read"
    assert dog.stopped == 1


def test_a_line_that_is_answered_ends_a_row_of_failures():
    text = (line("SET", {"fail": 1}) * 3 + line("HELLO")) * 3
    script, _, loop = with_failing(lambda: serve(text))
    assert len(script.lines()) == 12
    assert loop.ring.restarts == 9
    assert len(loop.ring.texts()) == 1, "the same exception again is entered once"


class FailingRadio:
    """A radio that fails once at each of some turns of the loop."""

    def __init__(self, turns):
        self.turns = turns
        self.turn = 0

    def pump(self, made, ms):
        self.turn += 1
        if self.turn in self.turns:
            raise OSError(5)

    def status(self):
        return {}


class Slow:
    """A tick counter; a turn of the loop takes 100 s."""

    def __init__(self):
        self.now = 0

    def ticks_ms(self):
        self.now += 100000
        return self.now

    def ticks_diff(self, late, early):
        return late - early

    def ticks_add(self, ticks, ms):
        return ticks + ms


def test_failures_spread_over_a_life_do_not_end_the_device():
    """A radio that fails now and then for years: a row of failures is in a row."""
    radio = FailingRadio((20, 40, 60, 80, 100, 120))
    script, _, loop = serve("", silences=200, time=Slow(), radio=radio)
    assert loop.ring.restarts == 6 and radio.turn > 150
    assert len(script.lines()) == 6
    radio = FailingRadio((20, 21, 22, 23, 40))
    script, dog, loop = serve("", silences=200, time=Slow(), radio=radio)
    assert loop.ring.restarts == 4 and dog.stopped == 1, "four in a row lead to the REPL"


def test_a_device_that_cannot_be_built_leads_to_the_repl():
    script = serve(line("HELLO"), {"role": "toaster"})[0]
    assert len(script.lines()) == 4
    assert "no device role toaster" in script.lines()[0]


def test_ctrl_c_while_the_device_works_counts_when_it_is_done():
    """It is an octet among others, and still there."""
    script, dog, loop = serve(line("HELLO") + "\x03" + line("HELLO"))
    assert len(script.lines()) == 1
    assert script.at == len(line("HELLO")) + 1
    assert tell(device(), "RADIO") == {}
    assert dog.stopped == 1
    assert loop.ring.texts() == []


class Ticks:
    """A tick counter that wraps, as boards have one; each look takes 700 ms."""

    def __init__(self, start):
        self.now = start

    def ticks_ms(self):
        self.now = (self.now + 700) & 0x3FFFFFFF
        return self.now

    def ticks_diff(self, late, early):
        return ((late - early + 0x20000000) & 0x3FFFFFFF) - 0x20000000

    def ticks_add(self, ticks, ms):
        return (ticks + ms) & 0x3FFFFFFF


def test_real_time_passes_in_whole_seconds_and_none_is_lost():
    text = line("CLOCK", {"time": "2015-01-01T00:00:00Z"})
    loop = serve(text, {"role": "gsme", "tick": True}, silences=10, time=Ticks(0x3FFFFF00))[2]
    # A look at the start and one each turn of the loop, 12 of them: 8.4 s.
    seconds = loop.runtime.device.clock.seconds - clock.parse_iso("2015-01-01T00:00:00Z")
    assert seconds == 8, seconds


def test_a_radio_carries_what_the_device_says():
    sent = []
    times = []

    class Radio:
        def pump(self, made, ms):
            times.append(ms)
            while made.outbox:
                sent.append(made.outbox.pop(0).cluster)

        def status(self):
            return {"joined": True}

    text = line("SET", {"gpf": "02534D45545300A4"}) + line("KEYS", {"device_id": EUI})
    text += line("CLOCK", {"time": "2015-01-01T00:29:59Z"}) + line("ADVANCE", {"seconds": 1})
    script, _, _ = serve(text + line("RADIO"), silences=2, time=Ticks(0), radio=Radio())
    assert sent and set(sent) <= {0x0000, 0x000A, 0x0700, 0x0702, 0x0705}, sent
    assert [each[:7] for each in script.lines()] == ["CTRL:OK"] * 5, "no frame on the line"
    assert answer(script.lines()[4]) == {"joined": True}
    assert set(times) == {700}


def test_the_driver_of_a_radio_is_named_by_the_settings():
    class Driver:
        @staticmethod
        def open_radio(settings, machine):
            return (settings, machine)

    known = sys.modules.get("machine")
    sys.modules["machine"] = "machine"
    sys.modules["smets.ports.test_driver"] = Driver
    try:
        assert runtime._radio(None) is None
        settings = {"driver": "test_driver"}
        assert runtime._radio(settings) == (settings, "machine")
    finally:
        del sys.modules["machine"], sys.modules["smets.ports.test_driver"]
        if known:
            sys.modules["machine"] = known


class Wdt:
    """A watchdog timer; with `deinit` or without it."""

    def __init__(self, timeout):
        self.timeout = timeout
        self.fed = 0
        Wdt.last = self

    def feed(self):
        self.fed += 1


class Stoppable(Wdt):
    stopped = False

    def deinit(self):
        self.stopped = True


class Timer:
    def __init__(self, number):
        self.number = number
        self.period = self.callback = None
        Timer.last = self

    def init(self, period, callback):
        self.period = period
        self.callback = callback

    def deinit(self):
        self.callback = None


def with_machine(wdt, function):
    class Machine:
        pass

    machine = Machine()
    machine.WDT = wdt
    machine.Timer = Timer
    machine.mem32 = {}
    known = sys.modules.get("machine")
    sys.modules["machine"] = machine
    try:
        function(machine)
    finally:
        del sys.modules["machine"]
        if known:
            sys.modules["machine"] = known


def test_a_board_without_a_watchdog_has_none():
    dog = watchdog.Watchdog(None)
    dog.start()
    dog.feed()
    dog.stop()
    assert dog._wdt is None


def test_a_watchdog_is_armed_fed_and_stopped():
    def check(machine):
        dog = watchdog.Watchdog({"ms": 8000})
        dog.feed()
        dog.start()
        assert Wdt.last.timeout == 8000
        dog.feed()
        dog.feed()
        dog.stop()
        dog.stop()
        dog.feed()
        assert (Wdt.last.fed, Wdt.last.stopped) == (2, True)

    with_machine(Stoppable, check)


def test_a_watchdog_without_an_end_is_stopped_by_a_register():
    def check(machine):
        dog = watchdog.Watchdog({"ms": 8000, "off": [0x4005B000, 0x40000000]})
        dog.start()
        dog.stop()
        assert machine.mem32 == {0x4005B000: 0x40000000}

    with_machine(Wdt, check)


def test_a_watchdog_that_nothing_stops_is_fed_by_a_timer():
    def check(machine):
        dog = watchdog.Watchdog({"ms": 8000, "timer": 1})
        dog.start()
        dog.stop()
        assert (Timer.last.number, Timer.last.period) == (1, 2000)
        Timer.last.callback(None)
        assert Wdt.last.fed == 1
        dog.start()
        assert Timer.last.callback is None, "the loop feeds it again"

    with_machine(Wdt, check)


def boot(path, outcome):
    """Start a board whose root is `path`; `outcome(folder, confirm)` is its firmware."""
    kept = (main._IN_USE, main._ON_TRIAL, runtime.main)
    main._IN_USE = path + "/slot"
    main._ON_TRIAL = path + "/slot.try"
    runtime.main = outcome
    places = list(sys.path)
    try:
        main.run_board()
    finally:
        main._IN_USE, main._ON_TRIAL, runtime.main = kept
        places, sys.path[:] = list(sys.path), places
    return places


def put(path, text):
    with open(path, "w") as file:
        file.write(text)


def test_a_board_runs_the_install_in_use():
    path = tmpdir()
    started = []

    def outcome(folder, confirm):
        started.append((folder, confirm))

    boot(path, outcome)
    put(path + "/slot", "b\n")
    assert boot(path, outcome)[0] == "/b"
    assert started == [("", None), ("/b", None)]


def test_an_install_on_trial_runs_once_unless_confirmed():
    path = tmpdir()
    started = []

    def silent(folder, confirm):
        started.append(folder)

    def answering(folder, confirm):
        started.append(folder)
        confirm()

    put(path + "/slot", "a")
    put(path + "/slot.try", "b")
    boot(path, silent)
    boot(path, silent)
    assert started == ["/b", "/a"]
    put(path + "/slot.try", "b")
    boot(path, answering)
    boot(path, silent)
    assert started == ["/b", "/a", "/b", "/b"]
    assert sorted(os.listdir(path)) == ["slot"]


def test_an_install_on_trial_that_fails_is_left():
    path = tmpdir()

    class Restarted(Exception):
        pass

    def failing(folder, confirm):
        raise ImportError("no module named smets.oops")

    def restart():
        raise Restarted

    class Machine:
        soft_reset = staticmethod(restart)

    put(path + "/slot", "a")
    put(path + "/slot.try", "b")
    known = sys.modules.get("machine")
    sys.modules["machine"] = Machine
    printed = getattr(sys, "print_exception", None)
    errors = []
    if not printed:
        sys.print_exception = errors.append
    try:
        with raises(Restarted):
            boot(path, failing)
    finally:
        del sys.modules["machine"]
        if known:
            sys.modules["machine"] = known
        if not printed:
            del sys.print_exception
    assert os.listdir(path) == ["slot"]
    with raises(ImportError):
        boot(path, failing)


def test_the_role_of_the_command_line_serves_standard_input():
    class Stream:
        def __init__(self, lines):
            self.lines = lines
            self.said = ""

        def readline(self):
            return self.lines.pop(0) if self.lines else ""

        def write(self, text):
            self.said += text

        def flush(self):
            self.said += "|"

    class System:
        stdin = Stream(["\n", line("HELLO")])
        stdout = Stream([])

    kept = main.sys
    main.sys = System
    try:
        main.run("chf")
    finally:
        main.sys = kept
    said = System.stdout.said
    assert said.startswith("CTRL:OK#1:") and said.endswith("\n|"), said
    assert '"CHF"' in said


def test_store_errors_are_exceptions_like_others():
    class Broken(Store):
        def names(self):
            raise StoreError(5)

    script, _, loop = serve(line("HELLO"), store=Broken(tmpdir() + "/state"))
    assert "StoreError" in script.lines()[0]
    assert loop.ring.restarts == 4
