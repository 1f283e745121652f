# The bench link of a board: it keeps what the host loads, and says what the board is.
from smets import bench, devices
from smets.journal import FRAGMENT, Journal, Ring
from smets.ports.watchdog import guard

# What a CTRL line may raise through no fault of the device: no JSON, too deep, too large, members
# that a verb cannot use. Anything else, or anything at all from GBCS and ZCL, is a failure.
_BY_THE_LINE = (ValueError, KeyError, TypeError, MemoryError, RuntimeError)


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
        self._verbs["REPL"] = self._leave
        self.leaving = False
        if store and self._journal:
            self._restore(self._journal)
            # Fragments have been read; others are read when they are needed, which may be late.
            store.check(FRAGMENT)

    def tick(self, seconds: int):
        """Let real time pass."""
        self.device.advance(seconds)
        self._flush()

    def show(self, live, passed: int):
        """Let `passed` ms go by at the board's panel (screen/live.py) and its keys."""
        try:
            if live.pump(self, passed):
                self._flush()
        except Exception as error:
            # No reason to restart: the picture is drawn anew, and the link still serves.
            self.ring.add_exception(error)
            self._screen = None
            live.rest()

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
            self._again("SET", {name.split(".")[0]: told[name]})
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

    def _query(self, document):
        answer = super()._query(document)
        if document.get("board"):
            from smets.ports import about

            answer["board"] = about.told()
            panel = self.settings.get("panel") or {}
            answer["board"]["panel"] = panel.get("driver", "")
        held = document.get("holds")
        if held is not None and self._journal:
            answer["holds"] = all(self._journal.holds(verb, held[verb]) for verb in held)
        return answer

    def _report(self, document):
        """The state of the radio; empty without a radio."""
        return self._radio.status() if self._radio else {}

    def _leave(self, document):
        """Leave for the REPL after the answer; the board resets itself in `within` seconds.

        A host that vanishes meanwhile leaves no dead board behind: see watchdog.guard.
        """
        guard(1000 * document["within"])
        self.leaving = True
        return {}

    def _reset(self, document):
        """Restart the board as its reset pin does; there is no answer."""
        import machine

        machine.reset()
