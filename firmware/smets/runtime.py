# What keeps a board's device running: its lines in and out, real time, restarts, a bounded log.
# main.py calls `main` on a board; a process on a host serves the bench link without it.
import gc
import io
import json
import os
import sys
from binascii import crc32

from smets import bench, devices
from smets.compat import const
from smets.ports import console as console_port
from smets.ports.store import Store, StoreError
from smets.ports.watchdog import Watchdog

_RING_ENTRIES = const(8)
_RING_TEXT = const(480)  # characters of an entry: a traceback of some eight calls
_RING_RECORD = "log"
_JOURNAL_RECORDS = const(256)
_INPUTS_RECORD = "inputs"
_POLL_MS = const(250)
# What a CTRL line may raise through no fault of the device: no JSON, too deep, too large, members
# that a verb cannot use. Anything else, or anything at all from GBCS and ZCL, is a failure.
_BY_THE_LINE = (ValueError, KeyError, TypeError, MemoryError, RuntimeError)
# Failures in a row, with no line answered between, after which the device leaves for the REPL.
_GIVE_UP = const(4)

# Members of a state that power does not outlast. A GPF's attributes are a mirror: until its meter
# reports again there is nothing in it (spec E.3, 4).
_VOLATILE = {"GPF": ("clock", "stamp", "zcl")}
_VOLATILE_ELSEWHERE = ("clock", "stamp")

_ERRORS = {
    console_port.LONG: "line longer than %d characters" % bench.LINE_LIMIT,
    console_port.NOISE: "line is not UTF-8 text",
}


class Ring:
    """The last exceptions, as texts, kept through restarts where there is a store."""

    def __init__(self, store=None):
        self.restarts = 0  # since power-up
        self._store = store
        self._texts = []
        record = None
        try:
            record = store.get(_RING_RECORD) if store else None
        except StoreError:
            pass  # a log that cannot be read must not keep the device from running
        if record:
            self._texts = json.loads(record.decode())

    def add(self, text: str):
        """Enter a text, cut to its end if it is long; the same one again is entered once."""
        text = text.strip()[-_RING_TEXT:]
        if self._texts and self._texts[-1] == text:
            return
        self._texts.append(text)
        if len(self._texts) > _RING_ENTRIES:
            self._texts.pop(0)
        self._keep()

    def add_exception(self, error):
        """Enter an exception with its traceback."""
        text = io.StringIO()
        if hasattr(sys, "print_exception"):
            sys.print_exception(error, text)  # pyright: ignore[reportArgumentType]
        else:
            import traceback  # pyright: ignore[reportMissingImports]

            traceback.print_exception(error, file=text)
        self.add(text.getvalue())  # pyright: ignore[reportAttributeAccessIssue]

    def texts(self) -> list:
        """The entries, oldest first."""
        return list(self._texts)

    def clear(self):
        """Forget every entry."""
        self._texts = []
        self._keep()

    def _keep(self):
        if self._store:
            try:
                self._store.put(_RING_RECORD, json.dumps(self._texts).encode())
            except StoreError:
                pass  # flash may be what failed


class Journal:
    """The fragments that the bench loaded, in order, so that they are loaded again at power-up."""

    def __init__(self, store):
        self._store = store
        # Number of a fragment -> check value of its text, to find a fragment loaded twice.
        self._checks = {}
        for name in store.names():
            if name[:5] == "load.":
                self._checks[int(name[5:])] = -1
        self._next = max(self._checks) + 1 if self._checks else 0

    def add(self, verb: str, document):
        """Keep a fragment; StoreError, LineError if there is no room."""
        text = (verb + " " + json.dumps(document)).encode()
        check = crc32(text)
        for number in list(self._checks):
            if verb != "APPEND" and self._checks[number] == check:
                self._drop(number)
        if len(self._checks) >= _JOURNAL_RECORDS:
            raise bench.LineError("no room to keep more fragments: FORGET first")
        self._store.put("load.%d" % self._next, text)
        self._checks[self._next] = check
        self._next += 1

    def replay(self):
        """Yield (verb, document) in the order of loading; ("", reason) for one that is lost."""
        for number in sorted(self._checks):
            try:
                text = self._store.get("load.%d" % number) or b"STATE {}"
            except StoreError as error:
                yield "", str(error)
                continue
            self._checks[number] = crc32(text)
            verb, _, document = text.decode().partition(" ")
            yield verb, json.loads(document)

    def inputs(self) -> dict:
        """The simulation inputs that were set."""
        text = self._store.get(_INPUTS_RECORD)
        return json.loads(text.decode()) if text else {}

    def add_inputs(self, document):
        """Keep simulation inputs."""
        merged = self.inputs()
        merged.update(document)
        self._store.put(_INPUTS_RECORD, json.dumps(merged).encode())

    def clear(self):
        """Forget every record of the device, those of its features too; the log stays."""
        for name in self._store.names():
            if name != _RING_RECORD:
                self._remove(name)
        self._checks = {}
        self._next = 0

    def _remove(self, name):
        try:
            self._store.delete(name)
        except StoreError:
            # The folder of a feature: a display's history.
            folder = self._store.path + "/" + name
            for inner in os.listdir(folder):
                os.remove(folder + "/" + inner)
            os.rmdir(folder)

    def _drop(self, number):
        self._store.delete("load.%d" % number)
        del self._checks[number]


class Runtime(bench.Bench):
    """The bench link of a board: its device comes back after a power cut as it was loaded.

    `settings` is what device.json says: `role`; `board` and `build`, told by HELLO.
    """

    def __init__(self, settings, write, store=None, ring=None, confirm=None):
        """`confirm()` is called when a host says HELLO: the install works."""
        super().__init__(devices.build(settings["role"], store), write)
        self.settings = settings
        self.ring = ring or Ring()
        self.failure = None  # an exception after which the device is not to be trusted
        self._confirm = confirm
        self._journal = Journal(store) if store else None
        self._verbs["LOG"] = self._log
        self._verbs["RESET"] = self._reset
        if self._journal:
            self._restore(self._journal, store)

    def tick(self, seconds: int):
        """Let real time pass."""
        self.device.advance(seconds)
        self._flush()

    def _restore(self, journal, store):
        """Load what was loaded; what happened since is in the records of the features."""
        volatile = _VOLATILE.get(self.device.name, _VOLATILE_ELSEWHERE)
        # A feature that stores what is loaded must not store it over what came later.
        self.device.store = None
        self._journal = None
        for verb, document in journal.replay():
            if not verb:
                self.ring.add("a loaded fragment is lost: %s" % document)
                continue
            for member in volatile:
                document.pop(member, None)
            self._again(verb, document)
        self._again("SET", journal.inputs())
        self._journal = journal
        self.device.store = store
        restore = getattr(getattr(self.device, "tenancy", None), "restore", None)
        if restore:
            restore()
        self.device.outbox.clear()

    def _again(self, verb, document):
        try:
            self._verbs[verb](document)
        except (ValueError, KeyError, TypeError, bench.LineError, bench.state.StateError) as error:
            # Firmware that no longer takes what an older one took: the rest is still loaded.
            self.ring.add("%s not loaded again: %s" % (verb, error))

    def _unexpected(self, kind, error):
        if kind not in ("", "CTRL") or not isinstance(error, _BY_THE_LINE):
            self.failure = error

    def _hello(self, document):
        answer = super()._hello(document)
        for member in ("board", "build"):
            answer[member] = self.settings.get(member, "")
        if self._confirm:
            self._confirm()
            self._confirm = None
        return answer

    def _forget(self, document):
        if self._journal:
            self._journal.clear()
        return super()._forget(document)

    def _keys(self, document):
        answer = super()._keys(document)
        return self._keep("KEYS", document, answer)

    def _state(self, document):
        answer = super()._state(document)
        return self._keep("STATE", document, answer)

    def _append(self, document):
        answer = super()._append(document)
        return self._keep("APPEND", document, answer)

    def _keep(self, verb, document, answer):
        if self._journal:
            self._journal.add(verb, document)
        return answer

    def _set(self, document):
        answer = super()._set(document)
        if self._journal:
            self._journal.add_inputs(document)
        return answer

    def _log(self, document):
        """What went wrong lately: {"clear": true} forgets it."""
        answer = {"restarts": self.ring.restarts, "log": self.ring.texts()}
        if document.get("clear"):
            self.ring.clear()
        return answer

    def _reset(self, document):
        """Restart the board as its reset pin does; there is no answer."""
        import machine

        machine.reset()


class Loop:
    """Serves a console: lines to the device, time to its clock, food to the watchdog."""

    def __init__(self, settings, console, watchdog, store=None, confirm=None, time=None):
        """`settings`, `confirm`: see Runtime; `time` is the module whose ticks_ms pass, if any."""
        self.ring = Ring(store)
        self.runtime = None
        self._settings = settings
        self._console = console
        self._watchdog = watchdog
        self._store = store
        self._confirm = confirm
        self._lines = console_port.LineBuffer(bench.LINE_LIMIT)
        self._failures = 0
        self._clock = None
        self._time = time
        self._since = time.ticks_ms() if time else 0

    def serve(self):
        """Serve until Ctrl-C, the end of the stream, or one failure after another."""
        self._watchdog.start()
        try:
            while self._failures < _GIVE_UP:
                try:
                    self._begin()
                    if self._serve():
                        return
                except Exception as error:
                    self._error("restarted: %s: %s" % (error.__class__.__name__, error))
                    self._failed(error)
        except KeyboardInterrupt:
            pass
        finally:
            self._console.listen(False)
            self._watchdog.stop()

    def _begin(self):
        if self.runtime is None:
            gc.collect()
            runtime = Runtime(self._settings, self._write, self._store, self.ring, self._confirm)
            if self._clock:
                # Nobody cut the power: the clock went on.
                runtime.device.clock.set(*self._clock)
            self.runtime = runtime

    def _failed(self, error):
        """Take note of an exception; a new device goes on."""
        if self.runtime is not None:
            self._clock = (self.runtime.device.clock.seconds, self.runtime.device.clock.status)
            self.runtime = None
        gc.collect()
        self._failures += 1
        self.ring.restarts += 1
        self.ring.add_exception(error)

    def _error(self, text):
        text = text.replace("\n", " ")
        self._write("LOG:ERROR#0:%d:%s\n" % (len(text), text))

    def _write(self, text):
        # A long answer is progress, a piece at a time.
        self._watchdog.feed()
        self._console.write(text)

    def _serve(self) -> bool:
        """Serve until Ctrl-C (True), or a failure that leaves no device."""
        lines = self._lines
        while self.runtime is not None:
            if self._time:
                self._tick(self._time)
            event = self._listen()
            if event == console_port.INTERRUPT:
                return True
            if event == console_port.LINE:
                self.runtime.line(lines.text)
                if self.runtime.failure:
                    self._failed(self.runtime.failure)
                else:
                    self._failures = 0
            elif event != console_port.NOTHING:
                self._error(_ERRORS[event])
        return False

    def _listen(self) -> int:
        """What comes in, or NOTHING after a while without anything."""
        console, lines, watchdog = self._console, self._lines, self._watchdog
        console.listen(True)
        event = console_port.NOTHING
        watchdog.feed()
        while event == console_port.NOTHING and console.wait(_POLL_MS):
            watchdog.feed()
            octet = console.read()
            # The end of the stream ends the service as Ctrl-C does.
            event = lines.take(octet) if octet >= 0 else console_port.INTERRUPT
        # From here on Ctrl-C interrupts what the device does.
        console.listen(False)
        return event

    def _tick(self, time):
        passed = time.ticks_diff(time.ticks_ms(), self._since) // 1000
        if passed > 0:
            self._since = time.ticks_add(self._since, passed * 1000)
            self.runtime.tick(passed)  # pyright: ignore[reportOptionalMemberAccess]


def main(folder: str, confirm=None):
    """Play the role that `folder`/device.json names until Ctrl-C; OSError where there is none.

    Members: `role`; `board`, `build` (told by HELLO), `tick` (whether real time passes), `keep`
    (whether the device comes back after a power cut as it was loaded), `watchdog`.
    """
    with open(folder + "/device.json") as file:
        settings = json.load(file)
    store = Store("/state") if settings.get("keep", True) else None
    time = None
    if settings.get("tick"):
        import time
    watchdog = Watchdog(settings.get("watchdog"))
    Loop(settings, console_port.Console(), watchdog, store, confirm, time).serve()
