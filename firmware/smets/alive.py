# Work that outlasts the watchdog's timeout must call `tell`; what feeds the watchdog listens.
# Only loops over data may call it, since they end by themselves; a loop that waits for something
# must not.
_listener = None


def listen(listener):
    """Call `listener()` at each `tell` from now on; None stops that."""
    global _listener
    _listener = listener


def tell():
    """Tell that work goes on; long work calls this at least once a second on a board."""
    if _listener is not None:
        _listener()
