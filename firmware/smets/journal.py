# Records of a board that outlast restarts: the last exceptions, and the lines that a host loaded.
# Both are records of the store, so that a power cut leaves them old or new.
import io
import json
import sys
from binascii import crc32

from smets import record
from smets.compat import const
from smets.ports.store_error import StoreError

_RING_ENTRIES = const(8)
_RING_TEXT = const(480)  # characters of an entry: a traceback of some eight calls
_RING_RECORD = "log"
_JOURNAL_RECORDS = const(256)
FRAGMENT = "load."  # how the names of fragments begin

_LOG = record.Table(
    _RING_RECORD,
    (("texts", record.rows(_RING_ENTRIES, record.up_to(4 * _RING_TEXT)), ()),),
    "the log begins empty",
)
_LOADED = record.Table(
    "load",
    (("verb", record.up_to(8), b""), ("document", record.up_to(0xFFFF), b"")),
    "that fragment is lost, the others are loaded",
)
_INPUTS = record.Table(
    "inputs",
    (("document", record.up_to(0xFFFF), b"{}"),),
    "no input is set",
)


class Ring:
    """The last exceptions and damages, as texts, kept through restarts where there is a store.

    A log of newer firmware stays as it is until it is cleared: meanwhile texts last in memory.
    """

    def __init__(self, store=None):
        self.restarts = 0  # since power-up
        self._store = store
        self._texts = []
        self._lost = ""  # why the log cannot be read: that must not keep the device from running
        self._newer = False
        try:
            held = _LOG.read(store) if store else None
            if held:
                self._texts = [row[0].decode() for row in held[0]]
        except record.RecordError as error:
            self._lost, self._newer = error.reason, error.newer
        except UnicodeError:
            self._lost = "no text"

    def listen(self, store):
        """Enter what a store (or None) reports as damaged, and what it has reported before."""
        if store is None:
            return
        store.on_fault = self._fault
        for name in store.faults:
            self._fault(name, store.faults[name])
        if self._lost:
            # It was read before the device existed, which reports all damage again.
            store.report(_RING_RECORD, self._lost)

    def _fault(self, name, why):
        self.add("record %s: %s" % (name, why))

    def answer(self, document) -> dict:
        """What CTRL:LOG tells; {"clear": true} forgets the entries."""
        told = {"restarts": self.restarts, "log": self.texts()}
        if document.get("clear"):
            self.clear()
        return told

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
        self._newer = False
        self._keep()

    def _keep(self):
        if self._store and not self._newer:
            try:
                _LOG.write(self._store, [[(text.encode(),) for text in self._texts]])
            except StoreError:
                pass  # flash may be what failed


class Journal:
    """The fragments that the bench loaded, in order, so that they are loaded again at power-up."""

    def __init__(self, store):
        self._store = store
        # Number of a fragment -> check value of its text, to find a fragment loaded twice.
        self._checks = {}
        for name in store.names():
            number = name[len(FRAGMENT) :]
            if name.startswith(FRAGMENT) and number.isdigit():
                self._checks[int(number)] = -1
        self._next = max(self._checks) + 1 if self._checks else 0

    def holds(self, verb: str, document) -> bool:
        """Whether this fragment, or each of these inputs, is kept."""
        if verb == "SET":
            kept = self.inputs()
            return all(kept.get(name) == value for name, value in _named(document))
        return _check(verb, _text(document)) in self._checks.values()

    def takes(self, verb: str, document) -> bool:
        """Whether there is room for this fragment: one that is held takes the place of itself."""
        if len(self._checks) < _JOURNAL_RECORDS:
            return True
        return verb != "APPEND" and self.holds(verb, document)

    def add(self, verb: str, document):
        """Keep a fragment that it takes; StoreError.

        The new record is there before the same fragment, loaded earlier, goes.
        """
        text = _text(document)
        check = _check(verb, text)
        old = []
        if verb != "APPEND":
            old = [number for number in self._checks if self._checks[number] == check]
        if old == [self._next - 1]:
            return  # it is the newest
        _LOADED.write(self._store, [verb.encode(), text], FRAGMENT + str(self._next))
        self._checks[self._next] = check
        self._next += 1
        for number in old:
            self._store.delete(FRAGMENT + str(number))
            del self._checks[number]

    def replay(self):
        """Yield (verb, document) in the order of loading; one that is lost is reported."""
        for number in sorted(self._checks):
            name = FRAGMENT + str(number)
            try:
                held = _LOADED.read(self._store, name)
                if held is None:
                    continue
                self._checks[number] = _check(held[0].decode(), held[1])
                document = json.loads(held[1].decode())
            except StoreError:
                continue  # it was reported
            except ValueError as error:
                self._store.report(name, str(error))
                continue
            yield held[0].decode(), document

    def inputs(self) -> dict:
        """The simulation inputs that were set."""
        try:
            held = _INPUTS.read(self._store)
            document = json.loads(held[0].decode()) if held else {}
        except StoreError:
            return {}  # it was reported
        except ValueError as error:
            self._store.report(_INPUTS.kind, str(error))
            return {}
        return document if isinstance(document, dict) else {}

    def add_inputs(self, document):
        """Keep simulation inputs; StoreError."""
        merged = self.inputs()
        merged.update(_named(document))
        _INPUTS.write(self._store, [_text(merged)])

    def clear(self):
        """Forget every record of the device, those of its features too; the log stays."""
        self._store.clear(_RING_RECORD)
        self._checks = {}
        self._next = 0


def _named(document) -> list:
    """(name, value) of each input; that of one fuel stands beside that of the other."""
    named = []
    for name, value in document.items():
        fuel = value.get("fuel") if isinstance(value, dict) else None
        named.append((name + "." + fuel if isinstance(fuel, str) else name, value))
    return named


def _text(document) -> bytes:
    return json.dumps(document).encode()


def _check(verb: str, text: bytes) -> int:
    return crc32(text, crc32(verb.encode()))
