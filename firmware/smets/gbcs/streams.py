# Which originator counters have made the key of an encrypted answer. The key follows from counter
# and party, and its IV never changes (GBCS 8.4): a second answer under it would give away the
# difference of the two. A read may repeat its counter, so this is kept apart from replays.
from binascii import hexlify

from smets import record
from smets.compat import const

# project-choice: counters that are remembered of each party; one that is lower than all of a full
# list counts as used. Readers may be out of order by as many. Alternative: the highest one alone,
# which refuses what is out of order.
KEPT = const(16)

_PREFIX = "stream-"
_STREAM = record.Table(
    "stream",
    (("used", record.rows(KEPT, record.octets(8)), ()),),
    "that party gets no encrypted answer until it has new credentials",
)


class Streams:
    """The counters whose keys have encrypted something, of each party that it was for."""

    def __init__(self, store=None):
        """`store` is a smets.ports.store.Store; None keeps them in memory only."""
        self._store = store
        self._known = {}

    def claim(self, party: bytes, counter: bytes) -> bool:
        """Use the key of a counter for a party; False where it was used. StoreError."""
        name = _PREFIX + hexlify(party).decode()
        if self._store:
            held = _STREAM.read(self._store, name)
            used = [row[0] for row in held[0]] if held else []
        else:
            used = self._known.get(party, [])
        if counter in used or len(used) >= KEPT and counter < min(used):
            return False
        used = (used + [counter])[-KEPT:]
        if self._store:
            _STREAM.write(self._store, ([(each,) for each in used],), name)
        else:
            self._known[party] = used
        return True
