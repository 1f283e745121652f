# The bench link: one text line an event, so that a person can read it in any serial terminal.
# KIND:VERB#<n>:<len>:<body>; GBCS and ZCL carry hexadecimal (len in octets), CTRL and LOG text
# (len in characters). Every line in gets one line out with the same n, a malformed one LOG:ERROR;
# a response may be cut into several (CTRL:LINK), and what a device says by itself comes between.
import gc
import json
from binascii import hexlify, unhexlify

from smets import __version__, clock, devices, state
from smets.codec import DecodeError
from smets.compat import const
from smets.crypto import CryptoError
from smets.document import BOOLEAN, DocumentError, check, is_whole, members_of, refuse
from smets.ports.store_error import StoreError
from smets.zcl import han_frame

# Longest line taken; a command of 1,200 octets with room to spare.
LINE_LIMIT = const(8192)
# Longest command, in octets, that is taken in blocks.
_BLOCKS_LIMIT = const(8192)
_PIECE = const(240)  # octets of a message that are written at once
# Longest time, in seconds, that passes at once: an hour's frames fit the heap of a board.
_STEP = const(3600)
# Longest time, in seconds, that one CTRL:ADVANCE may ask for: others wait for its end.
_ADVANCE_MAX = const(86400)


def _check_block(value, path):
    from smets.gbcs import gbt

    if not is_whole(value) or not (value == 0 or gbt.SMALLEST <= value <= 0xFFFF):
        refuse(path, value, "0 or a number from %d to 65535" % gbt.SMALLEST)


# What a board keeps of a host's lines, and tells whether it does.
KEPT = ("KEYS", "STATE", "APPEND", "SET")
# Forms (document.py) of what verbs are told; STATE, KEYS, SET and ACT check theirs themselves.
FORMS = {
    "ADVANCE": {"seconds": (0, _ADVANCE_MAX)},
    "FORGET": {"store?": BOOLEAN, "overwrite?": BOOLEAN},
    "LINK": {"block?": _check_block},
    "LOG": {"clear?": BOOLEAN},
    "REPL": {"within": (1, 3600)},
    "QUERY": {
        "keys?": BOOLEAN,
        "board?": BOOLEAN,
        "holds?": {name + "?": members_of for name in KEPT},
    },
}


class LineError(Exception):
    """A line that is not of the bench link; the text says why."""


def parse_line(line: str) -> tuple:
    """(kind, verb, n, body) of a line without its line end; the body of GBCS, ZCL is octets."""
    if len(line) > LINE_LIMIT:
        raise LineError("line longer than %d characters" % LINE_LIMIT)
    head, mark, rest = line.partition("#")
    kind, colon, verb = head.partition(":")
    number, first, rest = rest.partition(":")
    length, second, body = rest.partition(":")
    if not (mark and colon and first and second):
        raise LineError("not KIND:VERB#n:len:body")
    if not (_digits(number) and _digits(length)):
        raise LineError("n and len must be decimal numbers of up to nine digits")
    if kind in ("GBCS", "ZCL"):
        try:
            body = unhexlify(body)
        except ValueError:
            raise LineError("body is not hexadecimal")
    if len(body) != int(length):
        raise LineError("len is %s, the body has %d" % (length, len(body)))
    return kind, verb, int(number), body


def _digits(text: str) -> bool:
    return 0 < len(text) <= 9 and all("0" <= char <= "9" for char in text)


def _document(body):
    """The object of a JSON body; an empty body is an empty one. LineError."""
    if not body:
        return {}
    try:
        document = json.loads(body)
        # MicroPython 1.25 takes an object or array without its end.
        if body[0] in "[{" and body.rstrip()[-1] not in "]}":
            raise ValueError
    except ValueError:
        raise LineError("the body is not JSON")
    except RuntimeError:
        raise LineError("the body is nested too deep")
    if not isinstance(document, dict):
        raise LineError("the body is not an object")
    return document


class BenchLink:
    """One device behind a bench link; `write(text)` sends text, line ends included.

    `ring` is the log of exceptions and damages (journal.Ring); CTRL:LOG tells it.
    """

    def __init__(self, device, write, ring=None):
        self.device = device
        if not device.shows:
            # Early, so that its code does not lie scattered over the heap.
            __import__("smets.gbcs.session")
            __import__("smets.zcl.han_server")
        self.session = None
        self._role = device.name.lower()
        self._store = device.store
        self._write = write
        self._sent = 0  # n of HAN frames that the device sends by itself
        self._told = 0  # n of alerts
        self.unsent_alerts = 0
        self._block = 0  # longest message that goes whole; 0: any
        self._assembler = None  # of a command that comes in blocks
        self._live = None  # the board's panel (screen/live.py), where a display has one
        self._screen = None  # of a display, once somebody has looked at it
        self._verbs = {
            "HELLO": self._hello,
            "FORGET": self._forget,
            "KEYS": self._keys,
            "STATE": self._state,
            "APPEND": self._append,
            "CLOCK": self._clock,
            "LINK": self._link,
            "ADVANCE": self._advance,
            "SET": self._set,
            "ACT": self._act,
            "QUERY": self._query,
        }
        if ring is not None:
            self._verbs["LOG"] = ring.answer
            ring.listen(self._store)

    def line(self, line: str):
        """Take one line and write its outcome; no content of a line raises here."""
        number = 0
        kind = ""
        try:
            kind, verb, number, body = parse_line(line)
            if kind == "GBCS" and verb == "DATA":
                self._gbcs(number, body)
            elif kind == "GBCS" and verb == "BLOCK":
                self._take_block(number, body)
            elif kind == "GBCS" and verb == "PASS":
                from smets.features import passing

                passing.take(self.device, body)
                self._flush()
                self._text("GBCS:OK", number, "")
            elif kind == "ZCL" and verb == "FRAME":
                self._zcl(number, body)
            elif kind == "CTRL" and verb == "SCREEN":
                self._show(number, _document(body))
            elif kind == "CTRL" and verb in self._verbs:
                document = _document(body)
                if verb in FORMS:
                    check(document, FORMS[verb], verb)
                answer = self._verbs[verb](document)
                self._flush()
                self._text("CTRL:OK", number, json.dumps(answer))
            else:
                raise LineError("unknown event %s:%s" % (kind[:16], verb[:16]))
        except (LineError, DocumentError) as error:
            self._text("LOG:ERROR", number, str(error))
        except Exception as error:
            # A document too large for the heap, a store that fails.
            self._text("LOG:ERROR", number, "%s: %s" % (error.__class__.__name__, error))
            self._unexpected(kind, error)

    def _unexpected(self, kind: str, error):
        """A line of a kind raised what neither it nor the device declares; see board_link.py."""

    def _text(self, event: str, number: int, text: str):
        text = text.replace("\n", " ")
        self._write("%s#%d:%d:%s\n" % (event, number, len(text), text))

    def _gbcs(self, number, body):
        if self.session is None:
            raise LineError("no keys loaded")
        from smets.gbcs.session import Refused

        self.session.keep_time()
        try:
            response = self.session.handle(body)
        except Refused as refused:
            self._flush()  # a SAPC tells of what it does not support
            self._text("GBCS:NONE", number, str(refused))
            return
        self._flush()
        if 0 < self._block < response.length:
            from smets.gbcs.gbt import Blocks

            for apdu in Blocks(response, self._block).apdus():
                self._octets("GBCS:BLOCK", number, len(apdu), (apdu,))
        else:
            self._octets("GBCS:DATA", number, response.length, response.chunks())

    def _octets(self, event, number, length, chunks):
        self._write("%s#%d:%d:" % (event, number, length))
        try:
            for chunk in chunks:
                # A few at a time: a heap that is nearly full has no large piece.
                for at in range(0, len(chunk), _PIECE):
                    self._write(hexlify(chunk[at : at + _PIECE]).decode().upper())
        finally:
            self._write("\n")

    def _take_block(self, number, body):
        """Take a block of a command; the last one gets the response, the others a count."""
        from smets.gbcs.gbt import Assembler, BlockError

        if self._assembler is None:
            self._assembler = Assembler(_BLOCKS_LIMIT)
        try:
            command = self._assembler.take(body)
        except BlockError as error:
            self._assembler = None
            raise LineError(str(error))
        if command is None:
            told = self._assembler.acknowledgement()
            self._octets("GBCS:BLOCK", number, len(told), (told,))
        else:
            self._assembler = None
            self._gbcs(number, command)

    def _zcl(self, number, body):
        try:
            self.device.receive(han_frame.parse(body))
        except DecodeError as error:
            self._text("LOG:ERROR", number, str(error))
            return
        self._flush()
        self._text("ZCL:OK", number, "")

    def _show(self, number, document):
        """What the screen of a display shows, after the keys that a person presses."""
        if not self.device.shows:
            raise LineError("%s has no screen" % self.device.name)
        from smets.screen import linked

        check(document, linked.FORM, "SCREEN")
        screen = self.screen(document.get("panel", ""))
        screen.take(document.get("press", []), document.get("passed", 0))
        pieces = screen.answer(document.get("seen"))
        self._flush()
        self._write("CTRL:OK#%d:%d:" % (number, linked.length(pieces)))
        try:
            for piece in pieces:
                self._write(linked.text(piece))
        finally:
            self._write("\n")

    def wire(self, live):
        """The board has a panel (screen/live.py): it shows what CTRL:SCREEN tells."""
        self._live = live

    def screen(self, name: str = ""):
        """The screen of a display (screen/linked.py), as the panel `name` of the host shows it.

        Without a name it is the board's, or the one that was looked at last.
        """
        held = self._screen
        if held is not None and (not name or name == held.name):
            return held
        from smets.screen import linked

        if self._live:
            if held is None:
                held = self._screen = linked.LinkedScreen(self.device, self._live.name, self._live)
            return held if name in ("", held.name) else held.beside(name)
        self._screen = linked.LinkedScreen(self.device, name or "240x135")
        return self._screen

    def _flush(self):
        """Send frames and alerts of the device, before the answer to the line that caused them."""
        session = self.session
        if session:
            session.keep_time()
        self._send_frames()
        alerts = self.device.alerts
        # Some go through a tunnel (devices/tunnelled.py).
        if not (session and alerts) or getattr(self.device, "tunnels", 0):
            return
        from smets.gbcs import alert

        while alerts:
            try:
                message = alert.message_of(session.keys, self.device.own_counter, alerts[0])
            except StoreError:
                return  # they wait: a counter that is not kept could be used twice
            except CryptoError:
                self.unsent_alerts += 1
            else:
                self._told += 1
                self._octets("GBCS:ALERT", self._told, message.length, message.chunks())
            alerts.pop(0)

    def _send_frames(self):
        while self.device.outbox:
            octets = self.device.outbox.pop(0).encode()
            self._sent += 1
            self._octets("ZCL:FRAME", self._sent, len(octets), (octets,))

    def _hello(self, document):
        return {"firmware": __version__, "device": self.device.name}

    def _forget(self, document):
        """Be a new device of the same role, with no keys and an empty state.

        What lasts on its flash (replay counters, a tenancy, logs) stays, unless `store` is true;
        it is overwritten then, keys above all, unless `overwrite` is false.
        """
        # The old device goes first, as a board's heap has no room for two. Not even a local
        # variable of this frame may have held it.
        del self.device
        self.session = self._assembler = self._screen = None
        self._block = 0
        gc.collect()
        self._clear(document)
        self.device = devices.build(self._role, self._store)
        return {}

    def _clear(self, document):
        if document.get("store") and self._store is not None:
            from smets.ports import erase

            erase.forget(self._store, document.get("overwrite", True))

    def _keys(self, document):
        held = self.session.keys if self.session else None
        keys = state.load_keys(held, document, self.device.name)
        if self.session is None:
            # Imported when it is needed: a display without keys has no room for it.
            from smets.gbcs.session import Session

            self.session = Session(self.device, keys)
            self.device.take_keys(keys)
            self.device.eui = keys.device_id
        return {}

    def _state(self, document):
        state.load(self.device, document)
        return {}

    def _append(self, document):
        state.load(self.device, document, True)
        return {}

    def _clock(self, document):
        state.load(self.device, {"clock": document})
        return {}

    def _link(self, document):
        """Carry messages over `block` octets in blocks; 0: all whole. Tells what holds now."""
        from smets.gbcs import gbt

        self._block = document.get("block", self._block)
        return {"block": self._block, "limit": gbt.LIMIT}

    def _advance(self, document):
        seconds = document["seconds"]
        while seconds > _STEP:  # frames of a step leave before the next step
            self.device.advance(_STEP)
            self._flush()
            seconds -= _STEP
        self.device.advance(seconds)
        return {}

    def _set(self, document):
        """Set simulation inputs of the role: {"name": value}; see Feature.inputs."""
        self.device.registry.give("inputs", document)
        return {}

    def _act(self, document):
        """Do once what a person could do: {"name": value}; see Feature.actions."""
        self.device.registry.give("actions", document)
        return {}

    def _query(self, document):
        """Memory in use, refusals by reason, clock, EUI-64 and summary of the device.

        With `keys` also what gbcs.identity tells of them.
        """
        gc.collect()
        session = self.session
        answer = {
            "memory": gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0,
            "answered": session.answered if session else 0,
            "refusals": session.refusals if session else {},
            "counter_reused": session.counter_reused if session else 0,
            "unsent_alerts": self.unsent_alerts,
            "clock_status": clock.STATUS_NAMES[self.device.clock.status],
        }
        answer["eui"] = hexlify(self.device.eui).decode().upper()
        if document.get("keys") and session:
            from smets.gbcs import identity

            answer["keys"] = identity.told(session.keys)
        answer["summary"] = self.device.summary()
        if self._store is not None and self._store.faults:
            answer["summary"]["damaged"] = self._store.faults
        if self.device.clock.seconds < clock.UTC_INVALID:
            answer["time"] = clock.format_iso(self.device.clock.seconds)
        return answer
