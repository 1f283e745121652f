# Watchdog port: resets the board when nothing feeds it; stopped while a person has the REPL.
# How to stop one that has no such function is data of the board (boards/<name>/board.py).


_guard = None  # held, since a timer that nobody holds stops


def guard(ms: int):
    """Reset the board in `ms` milliseconds; a soft reset of it, or a reset, ends that.

    A board without machine.Timer, or without a timer that needs no hardware, has no such guard.
    """
    global _guard
    import machine

    try:
        _guard = machine.Timer(-1)
        mode = machine.Timer.ONE_SHOT
        _guard.init(mode=mode, period=ms, callback=lambda timer: machine.reset())
    except (AttributeError, ValueError):
        _guard = None


class Watchdog:
    """The board's watchdog, or nothing on a board without one.

    `settings` is None for none, else a mapping with `ms`, the time until it bites, and
    `off`: [address, value] of the register write that stops it, or
    `timer`: the id of a timer that feeds it while the REPL is open, where nothing stops it.
    """

    def __init__(self, settings=None):
        self._settings = settings or {}
        self._timer = None
        self._wdt = None

    def start(self):
        """Arm it."""
        if not self._settings:
            return
        import machine

        if self._timer is not None:
            self._timer.deinit()
            self._timer = None
        self._wdt = machine.WDT(timeout=self._settings["ms"])

    def feed(self):
        """All is well."""
        if self._wdt is not None:
            self._wdt.feed()

    def stop(self):
        """Disarm it: what follows may take as long as it likes."""
        wdt = self._wdt
        self._wdt = None
        if wdt is None:
            return
        import machine

        if hasattr(wdt, "deinit"):
            wdt.deinit()  # pyright: ignore[reportAttributeAccessIssue]
        elif "off" in self._settings:
            address, value = self._settings["off"]
            machine.mem32[address] = value
        else:
            self._timer = machine.Timer(self._settings["timer"])
            period = self._settings["ms"] // 4
            self._timer.init(period=period, callback=lambda timer: wdt.feed())
