# Highest accepted originator counter of each party; a command at or below it is a replay.
# Written to the store before the command's answer leaves, so a restart forgets nothing.
from binascii import hexlify

_PREFIX = "counter-"


class Counters:
    """Party id (8 octets) -> originator counter (8 octets)."""

    def __init__(self, store=None):
        """`store` is a smets.ports.store.Store; None keeps counters in memory only."""
        self._store = store
        self._known = {}

    def get(self, party: bytes):
        """The highest accepted counter of a party, or None."""
        if party not in self._known and self._store:
            self._known[party] = self._store.get(_name(party))
        return self._known.get(party)

    def set(self, party: bytes, counter: bytes):
        """Accept a counter; raises what the store raises, and then nothing has changed."""
        if self._store:
            self._store.put(_name(party), counter)
        self._known[party] = counter


def _name(party: bytes) -> str:
    return _PREFIX + hexlify(party).decode()
