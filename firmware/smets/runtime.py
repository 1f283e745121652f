# Keeps a board's device running: lines in and out, real time, radio, restarts.
# main.py calls `main` on a board; a process on a host serves the bench link without it.
import gc
import json

from smets import alive, bench
from smets.board_link import Runtime
from smets.compat import const
from smets.journal import Ring
from smets.ports import console as console_port
from smets.ports.store import Store
from smets.ports.watchdog import Watchdog

# How long the console is listened to before time passes and the radio has its turn.
_POLL_MS = const(250)
_POLL_RADIO_MS = const(10)
_POLL_LIVE_MS = const(50)  # a sampler's ring is read in time
# Failures in a row, with no line answered between, after which the device leaves for the REPL.
_GIVE_UP = const(4)
# A device that went on for so long, in ms, has ended a row of failures, too.
_CALM_MS = const(600000)

_ERRORS = {
    console_port.LONG: "line longer than %d characters" % bench.LINE_LIMIT,
    console_port.NOISE: "line is not UTF-8 text",
}


class Loop:
    """Serves a console: lines to the device, time to its clock, food to the watchdog."""

    def __init__(
        self, settings, console, watchdog, store=None, confirm=None, time=None, radio=None
    ):
        """`settings`, `confirm`: see Runtime.

        `time` is the module with ticks_ms where time passes on its own, or there is a radio;
        `radio.pump(device, ms)` carries the device's HAN frames, `ms` having passed;
        `radio.status()` is what CTRL:RADIO answers; `radio.stream`, if there is one, ends a wait.
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
        self._panel = self._keys = None
        self._opened = False  # whether that was tried
        stream = getattr(radio, "stream", None)
        if stream is not None:
            console.also(stream)
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
                            if self.runtime.leaving:
                                return
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
            self._open_panel(runtime)
            self.runtime = runtime

    def _open_panel(self, runtime):
        """Give a display the panel that device.json names; it is opened once."""
        if not self._opened and "panel" in self._settings:
            from smets.screen.live import open_live

            self._opened = True
            self._panel = open_live(self._settings, runtime.device, self._report)
            if self._panel and self._panel.buttons:
                self._keys = self._panel.buttons
                alive.listen(self._work)
        runtime.wire(self._panel)

    def _work(self):
        """Work goes on: a key may be pressed meanwhile, and be up again before the next poll."""
        self._watchdog.feed()
        if self._keys:
            self._keys.sample()

    def _report(self, text):
        self.ring.add(text)
        self._error(text)

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
        if self._panel:
            wait = min(wait, self._panel.wait)
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
        passed = time.ticks_diff(now, self._aired)
        self._aired = now
        if self._radio:
            self._radio.pump(runtime.device, passed)
        if self._panel:
            runtime.show(self._panel, passed)


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
    (whether the device comes back after a power cut as it was loaded), `watchdog`, `han`;
    of a display `panel`, `keys` (ports/open_screen.py).
    """
    _loop(settings, confirm).serve()


def _loop(settings, confirm):
    store = open_store(settings["role"]) if settings.get("keep", True) else None
    radio = _radio(settings.get("han"))
    time = None
    if radio or settings.get("tick") or "panel" in settings:
        import time
    watchdog = Watchdog(settings.get("watchdog"))
    return Loop(settings, console_port.Console(), watchdog, store, confirm, time, radio)
