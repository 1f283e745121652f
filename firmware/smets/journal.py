# What a board keeps of itself through restarts: the last exceptions, and what the bench loaded.
# Both are records of the store, so that a power cut leaves them old or new.
import io
import json
import sys
from binascii import crc32

from smets.compat import const
from smets.ports.store import StoreError

_RING_ENTRIES = const(8)
_RING_TEXT = const(480)  # characters of an entry: a traceback of some eight calls
_RING_RECORD = "log"
_JOURNAL_RECORDS = const(256)
_INPUTS_RECORD = "inputs"


class JournalFull(Exception):
    """There is no room for another fragment."""


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
        """Keep a fragment; StoreError, JournalFull."""
        text = (verb + " " + json.dumps(document)).encode()
        check = crc32(text)
        for number in list(self._checks):
            if verb != "APPEND" and self._checks[number] == check:
                self._drop(number)
        if len(self._checks) >= _JOURNAL_RECORDS:
            raise JournalFull("no room to keep more fragments: FORGET first")
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
        self._store.clear(_RING_RECORD)
        self._checks = {}
        self._next = 0

    def _drop(self, number):
        self._store.delete("load.%d" % number)
        del self._checks[number]
