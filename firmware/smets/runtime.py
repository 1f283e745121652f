# Keeps a board's device running: lines in and out, real time, radio, restarts.
# main.py calls `main` on a board; a process on a host serves the bench link without it.
import gc
import json

from smets import alive, bench, devices
from smets.compat import const
from smets.journal import FRAGMENT, Journal, Ring
from smets.ports import console as console_port
from smets.ports.store import Store
from smets.ports.watchdog import Watchdog

# How long the console is listened to before time passes and the radio has its turn.
_POLL_MS = const(250)
_POLL_RADIO_MS = const(10)
_POLL_LIVE_MS = const(50)  # a sampler's ring is read in time
# What a CTRL line may raise through no fault of the device: no JSON, too deep, too large, members
# that a verb cannot use. Anything else, or anything at all from GBCS and ZCL, is a failure.
_BY_THE_LINE = (ValueError, KeyError, TypeError, MemoryError, RuntimeError)
# Failures in a row, with no line answered between, after which the device leaves for the REPL.
_GIVE_UP = const(4)
# A device that went on for so long, in ms, has ended a row of failures, too.
_CALM_MS = const(600000)

_ERRORS = {
    console_port.LONG: "line longer than %d characters" % bench.LINE_LIMIT,
    console_port.NOISE: "line is not UTF-8 text",
}


class Runtime(bench.BenchLink):
    """The bench link of a board: its device comes back after a power cut as it was loaded.

    `settings` is what device.json says: `role`; `board` and `build`, told by HELLO.
    """

    def __init__(self, settings, write, store=None, ring=None, confirm=None, radio=None):
        """`confirm()` is called when a host says HELLO: the install works.

        With a radio HAN frames stay in the device's outbox for it; see Loop.
        """
        if store:
            store.restart()
        ring = ring or Ring()
        super().__init__(devices.build(settings["role"], store), write, ring)
        self.settings = settings
        self.ring = ring
        self.failure = None  # an exception after which the device cannot be trusted
        self._confirm = confirm
        self._radio = radio
        self._journal = Journal(store) if store else None
        self._verbs["RESET"] = self._reset
        self._verbs["RADIO"] = self._report
        if store and self._journal:
            self._restore(self._journal)
            # Fragments have been read; others are read when they are needed, which may be late.
            store.check(FRAGMENT)

    def tick(self, seconds: int):
        """Let real time pass."""
        self.device.advance(seconds)
        self._flush()

    def _restore(self, journal):
        """Load the host's lines again; later changes are in the records of the features."""
        volatile = ["clock"]
        for feature in self.device.registry.features.values():
            volatile += feature.volatile
        # Features that restored something have later values.
        self.device.registry.replaying = True
        self._journal = None
        waiting = []  # parties that came before the device's own keys were loaded once more
        for verb, document in journal.replay():
            for member in volatile:
                document.pop(member, None)
            if verb == "KEYS" and self.session is None:
                if "device_id" not in document:
                    waiting.append(document)
                    continue
                self._again(verb, {"device_id": document["device_id"]})
                for earlier in waiting:
                    self._again(verb, earlier)
            self._again(verb, document)
        if self.session:
            from smets.gbcs import replaced

            replaced.restore(self._store, self.session.keys)
        told = journal.inputs()
        for name in told:
            self._again("SET", {name: told[name]})
        self._journal = journal
        self.device.registry.replaying = False
        self.device.outbox.clear()

    def _again(self, verb, document):
        try:
            self._verbs[verb](document)
        except (ValueError, KeyError, TypeError, bench.LineError) as error:
            # Newer firmware may refuse a line that an older one took; the rest is still loaded.
            self.ring.add("%s not loaded again: %s" % (verb, error))

    def _send_frames(self):
        if self._radio is None:
            super()._send_frames()

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

    def _clear(self, document):
        super()._clear(document)
        if self._journal:
            self._journal.clear()

    def _keys(self, document):
        before = self._parties_told()
        return self._kept(self._take_keys, "KEYS", document, before)

    def _take_keys(self, document):
        answer = super()._keys(document)
        if self._journal:
            from smets.gbcs import replaced

            identifiers = [bytes.fromhex(party["id"]) for party in document.get("parties", [])]
            replaced.loaded(self._store, identifiers)
        return answer

    def _state(self, document):
        return self._kept(super()._state, "STATE", document)

    def _append(self, document):
        return self._kept(super()._append, "APPEND", document)

    def _set(self, document):
        return self._kept(super()._set, "SET", document)

    def _kept(self, load, verb, document, before=None):
        """Load a document and keep it: what features store of it and the document as a whole."""
        journal = self._journal
        if journal is None or self._store is None:
            return load(document)
        if verb != "SET" and not journal.takes(verb, document):
            raise bench.LineError("no room to keep more fragments: FORGET first")
        mark = self._store.begin()
        try:
            answer = load(document)
            if verb == "SET":
                journal.add_inputs(document)
            elif not (before and before == self._parties_told() and journal.holds(verb, document)):
                journal.add(verb, document)
            self._store.commit()
        except Exception:
            # Where the store failed, a new device takes the place of what was loaded in memory.
            self._store.rollback(mark)
            # What it has noted of fragments may not have been kept.
            self._journal = Journal(self._store)
            raise
        return answer

    def _parties_told(self):
        return self.session and self.session.keys.told()

    def _report(self, document):
        """The state of the radio; empty without a radio."""
        return self._radio.status() if self._radio else {}

    def _reset(self, document):
        """Restart the board as its reset pin does; there is no answer."""
        import machine

        machine.reset()


class Loop:
    """Serves a console: lines to the device, time to its clock, food to the watchdog."""

    def __init__(
        self, settings, console, watchdog, store=None, confirm=None, time=None, radio=None
    ):
        """`settings`, `confirm`: see Runtime.

        `time` is the module with ticks_ms where time passes on its own, or there is a radio;
        `radio.pump(device, ms)` carries the device's HAN frames, `ms` having passed;
        `radio.status()` is what CTRL:RADIO answers.
        """
        self.ring = Ring(store)
        self.runtime = None
        self._settings = settings
        self._console = console
        self._watchdog = watchdog
        self._store = store
        self._confirm = confirm
        self._lines = console_port.LineBuffer(bench.LINE_LIMIT)
        self._failures = 0
        self._failed_at = 0
        self._clock = None
        self._time = time
        self._radio = radio
        self._poll_ms = _POLL_RADIO_MS if radio else _POLL_MS
        self._since = self._aired = time.ticks_ms() if time else 0

    def serve(self):
        """Serve until Ctrl-C, the end of the stream, or one failure after another.

        Ctrl-C is an octet meanwhile, see LineBuffer: in the middle of a line it is noise.
        """
        self._watchdog.start()
        alive.listen(self._watchdog.feed)
        self._console.listen(True)
        try:
            while self._failures < _GIVE_UP:
                try:
                    self._begin()
                    # Not in a function of its own: a Pico has 8 KB for all that is called.
                    while self.runtime is not None:
                        if self._time:
                            self._pass_time(self._time, self.runtime)
                        event = self._listen()
                        if event == console_port.INTERRUPT:
                            return
                        if event == console_port.LINE:
                            self.runtime.line(self._lines.text)
                            if self.runtime.failure:
                                self._failed(self.runtime.failure)
                            else:
                                self._failures = 0
                        elif event != console_port.NOTHING:
                            self._error(_ERRORS[event])
                except Exception as error:
                    self._error("restarted: %s: %s" % (error.__class__.__name__, error))
                    self._failed(error)
        finally:
            self._console.listen(False)
            alive.listen(None)
            self._watchdog.stop()

    def _begin(self):
        if self.runtime is None:
            gc.collect()
            runtime = Runtime(
                self._settings,
                self._write,
                self._store,
                self.ring,
                self._confirm,
                self._radio,
            )
            if self._clock:
                # There was no power cut, so the clock goes on.
                runtime.device.clock.set(*self._clock)
            self.runtime = runtime

    def _failed(self, error):
        """Take note of an exception; a new device goes on."""
        if self.runtime is not None:
            self._clock = (self.runtime.device.clock.seconds, self.runtime.device.clock.status)
            self.runtime = None
        gc.collect()
        self._failures += 1
        if self._time:
            self._failed_at = self._time.ticks_ms()
        self.ring.restarts += 1
        self.ring.add_exception(error)

    def _error(self, text):
        text = text.replace("\n", " ")
        self._write("LOG:ERROR#0:%d:%s\n" % (len(text), text))

    def _write(self, text):
        # A long answer is progress, a piece at a time.
        self._watchdog.feed()
        self._console.write(text)

    def _listen(self) -> int:
        """The next input, or NOTHING after a while without any."""
        console, lines, watchdog = self._console, self._lines, self._watchdog
        wait = self._poll_ms
        if self.runtime and self.runtime.device.live:
            wait = min(wait, _POLL_LIVE_MS)
        event = console_port.NOTHING
        watchdog.feed()
        while event == console_port.NOTHING and console.wait(wait):
            watchdog.feed()
            octet = console.read()
            # The end of the stream ends the service as Ctrl-C does.
            event = lines.take(octet) if octet >= 0 else console_port.INTERRUPT
        return event

    def _pass_time(self, time, runtime):
        now = time.ticks_ms()
        if self._failures and time.ticks_diff(now, self._failed_at) >= _CALM_MS:
            self._failures = 0
        if self._settings.get("tick"):
            passed = time.ticks_diff(now, self._since) // 1000
            if passed > 0:
                self._since = time.ticks_add(self._since, passed * 1000)
                runtime.tick(passed)
            if runtime.device.live:
                runtime.device.poll(now)
        if self._radio:
            self._radio.pump(runtime.device, time.ticks_diff(now, self._aired))
            self._aired = now


def open_store(role: str):
    """What a board keeps for a role; another role that it plays finds nothing of it."""
    return Store("/state/" + role, "/state")


def _radio(settings):
    """The radio that `han` of device.json describes, None where there is none.

    Its member `driver` is a module of smets.ports with `open_radio(settings, machine)`. A board's
    install holds the drivers of its own ports only.
    """
    if not settings:
        return None
    import machine

    driver = __import__("smets.ports." + settings["driver"], None, None, ("open_radio",))
    return driver.open_radio(settings, machine)


def main(folder: str, confirm=None):
    """Play the role that `folder`/device.json names until Ctrl-C; OSError where there is none."""
    with open(folder + "/device.json") as file:
        settings = json.load(file)
    _loop(settings, confirm).serve()


def run(settings: dict, confirm=None):
    """Play the role of the settings until Ctrl-C, over the stream of the board's REPL.

    Members: `role`; `board`, `build` (told by HELLO), `tick` (whether real time passes), `keep`
    (whether the device comes back after a power cut as it was loaded), `watchdog`, `han`.
    """
    _loop(settings, confirm).serve()


def _loop(settings, confirm):
    store = open_store(settings["role"]) if settings.get("keep", True) else None
    radio = _radio(settings.get("han"))
    time = None
    if radio or settings.get("tick"):
        import time
    watchdog = Watchdog(settings.get("watchdog"))
    return Loop(settings, console_port.Console(), watchdog, store, confirm, time, radio)
