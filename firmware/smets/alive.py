# Work that takes longer than a watchdog waits says that it goes on. Who has a watchdog listens;
# a loop that says so has an end of its own: it is over its data, not until something happens.
_listener = None


def listen(listener):
    """Call `listener()` at each `tell` from now on; None: nobody."""
    global _listener
    _listener = listener


def tell():
    """Work goes on: said at least once a second on a board, by what may take longer."""
    if _listener is not None:
        _listener()
