# Highest accepted originator counter of each party; a command at or below it is a replay.
# Written to the store before the command's answer leaves, so a restart forgets nothing.
from binascii import hexlify

from smets import record

_PREFIX = "counter-"

# project-choice: a party with a damaged counter is refused, since its last command is unknown. New
# credentials (CS02b) or a bench's FORGET end that. Alternative: a second copy, which costs each
# command one more write.
_COUNTER = record.Table(
    "counter",
    (("counter", record.octets(8), bytes(8)),),
    "commands of that party are refused until it has new credentials",
)


class Counters:
    """Party id (8 octets) -> originator counter (8 octets)."""

    def __init__(self, store=None):
        """`store` is a smets.ports.store.Store; None keeps counters in memory only."""
        self._store = store
        self._known = {}

    def get(self, party: bytes):
        """The highest accepted counter of a party, or None; StoreError where it is damaged."""
        if party not in self._known and self._store:
            held = _COUNTER.read(self._store, _name(party))
            self._known[party] = held[0] if held else None
        return self._known.get(party)

    def set(self, party: bytes, counter: bytes):
        """Accept a counter; raises what the store raises, and then nothing has changed."""
        if self._store:
            _COUNTER.write(self._store, (counter,), _name(party))
            self._store.undo("_known", {}, self)  # they are read again
        self._known[party] = counter


def _name(party: bytes) -> str:
    return _PREFIX + hexlify(party).decode()
