# A GBCS session: authenticate, target, role, replay, use case, then the response (GBCS 4.3, 6).
# A refused command gets no response, changes nothing, and is counted under its reason.
from hashlib import sha256

from smets import clock, cosem_time
from smets.codec import DecodeError, Writer
from smets.crypto import CryptoError, equal
from smets.dlms import access
from smets.gbcs import gbz, message, policy, use_cases
from smets.parts import Parts
from smets.ports.store_error import StoreError


class Refused(Exception):
    """A command that gets no response; `reason` is one of the words counted."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(reason + (": " + detail if detail else ""))
        self.reason = reason


class Exchange:
    """One command being carried out: who asks, who gets the answer, with which keys."""

    def __init__(self, command, keys, party, device, streams=None):  # noqa: PLR0913
        """`streams()` gives what knows which counters have encrypted (gbcs.streams.Streams).

        project-choice: what a party is answered that the device does not know, but whose
        certificate came, carries the device's own counter as supplementary originator counter,
        and its key is made with that. Alternative: a counter for such answers alone.
        """
        self.code = command.code
        self.counter = bytes(command.counter)
        self.originator = bytes(command.originator)
        self.target = bytes(command.target)
        self._keys = keys
        self._party = party
        self._streams = streams
        self.own = b""  # supplementary originator counter
        self.failed = False  # whether any of it could not be done
        # Encrypted parts are for the supplementary party where the command names one; the
        # transaction stays that of the command (rtds: GCS61 for a named supplier).
        self.reply_party = self.originator
        self._secret = None
        if len(command.party_counter):
            self.reply_party = bytes(command.party)
            self._party = keys.find(command.party)
            if self._party is None and len(command.certificate):
                self._secret = keys.agree(_certificate_key(command.certificate))
                self.own = device.own_counter.next()
        self.key_counter = self.own or self.counter

    def cipher(self):
        """A fresh Gcm for one encrypted part of the response.

        The parts of one response share key and IV, as the format has it; no other response does:
        Refused.
        """
        secret = self._secret
        if secret is None:
            if self._party is None:
                raise CryptoError("no key for the supplementary party")
            secret = self._keys.secret(self._party)
        if self._streams and not self.own:
            if not self._streams().claim(self.reply_party, self.counter):
                raise Refused("key-used")
            self._streams = None
        return _cipher(secret, self.target, message.ENCRYPTION, self.key_counter, self.reply_party)


def _cipher(*arguments):
    # Imported when it is needed: a board that only shows has no room for it.
    from smets.crypto.cipher import cipher

    return cipher(*arguments)


def _certificate_key(certificate) -> bytes:
    """The P-256 point of a key agreement certificate (BIT STRING 03 42 00 04 ...)."""
    at = bytes(certificate).find(b"\x03\x42\x00\x04")
    if at < 0 or at + 68 > len(certificate):
        raise CryptoError("no P-256 key in the certificate")
    return bytes(certificate[at + 3 : at + 68])


class Session:
    """Takes commands for one device and makes its responses.

    `device` has `letter` (a use_cases device letter), `tables` (rows of use cases), `clock`,
    `zcl` (zcl.server.Server), `dlms` (dlms.objects.Objects), `header_stamp(writer)` for stamped
    use cases, and `counters` (gbcs.counters.Counters).
    """

    def __init__(self, device, keys):
        self.device = device
        self.keys = keys
        self._claims = None
        self.refusals = {}  # reason -> count
        self.answered = 0
        self.counter_reused = 0
        self._repeats = []  # (digest of the command, response octets)
        self._trusted = []  # the credentials that these commands were checked with
        self._counters_seen = []

    def handle(self, data):
        """The response to a command, with `length` and `chunks()`; raises Refused."""
        try:
            return self._handle(data)
        except DecodeError as error:
            refused = Refused("malformed", str(error))
        except (gbz.NotPermitted, access.NotPermitted) as error:
            refused = Refused("not-permitted", str(error))
        except CryptoError as error:
            refused = Refused("no-key", str(error))
        except StoreError as error:
            refused = Refused("storage", str(error))
        except MemoryError:
            refused = Refused("no-memory")
        except Refused as error:
            refused = error
        log = self.device.feature("event_log")
        if log:
            log.refused(refused.reason, data)
        self.refusals[refused.reason] = self.refusals.get(refused.reason, 0) + 1
        raise refused

    def _handle(self, data):  # noqa: C901 - one frame of a Pico's stack
        command = message.parse(data)
        if command.cra != message.COMMAND:
            raise Refused("not-a-command")
        if bytes(command.target) != self.keys.device_id:
            raise Refused("other-target")
        # A command that was answered costs no arithmetic again: its octets were checked.
        digest = sha256(data).digest()
        again = self._before(digest)
        if again is not None:
            return again
        use_case = use_cases.find(self.device.tables, command.code, self.device.letter)
        if use_case is None:
            self._tell_unsupported(command)
            raise Refused("no-such-use-case", "%04X" % command.code)
        party = self.keys.find(command.originator, use_case.roles)
        if party is None:
            raise Refused("unknown-party")
        signed = use_case.critical or (use_case.variant and not len(command.mac))
        if use_case.only_signed:
            if len(command.mac):
                raise Refused("unexpected-mac")
        elif use_case.critical or not signed:
            self._check_mac(command, party)
        self._check_role(command, party, use_case)
        self._check_signature(command, party, signed)
        self._check_replay(command, use_case)
        signed = signed or use_case.signed_response
        if not signed:
            self.keys.secret(party)  # a command that cannot be answered is not carried out
        exchange = Exchange(command, self.keys, party, self.device, self._streams)
        self.device.exchange = exchange
        carry_out = self._prepare(command, use_case, exchange)
        # Its counter and all that it sets are kept, or nothing of it is: after a power cut it was
        # carried out and counts, or it can be sent again. Not in a function of its own: a Pico's
        # stack is almost full when a log is opened here.
        device = self.device
        mark = device.store.begin() if device.store else 0
        try:
            if use_case.replay_protected and not use_case.token:
                device.counters.set(exchange.originator, exchange.counter)
            parts = carry_out()
            if not use_case.token:  # a top-up is logged with its account
                device.commanded(use_case.code, not exchange.failed)
            if device.store:
                device.store.commit()
        except Exception:
            if device.store:
                device.store.rollback(mark)
            raise
        response = self._respond(command, use_case, party, parts, signed)
        self.answered += 1
        self._note_counter(command)
        return response if use_case.update else self._keep(digest, response)

    def keep_time(self):
        """Carry out what was put off until now (Device.dated_by, gbcs/postponed.py)."""
        device = self.device
        dated = device.feature(device.dated_by)
        if dated:
            dated.tick()
        if device.due is None or device.due <= device.clock.seconds < clock.UTC_INVALID:
            from smets.gbcs import postponed

            postponed.carry_out(device, self.keys)

    def _tell_unsupported(self, command):
        """Where the device tells of such commands: once of each, if it is of a party's."""
        teller = self.device.feature("unsupported")
        party = self.keys.find(command.originator) if teller else None
        if party is None:
            return
        self._check_mac(command, party)
        if len(command.signature):
            self._check_signature(command, party, True)
        last = self.device.counters.get(party.id)
        if last is not None and bytes(command.counter) <= last:
            raise Refused("replay")
        self.device.counters.set(party.id, bytes(command.counter))
        teller.tell(party.id, command.code, bytes(command.counter))

    def _streams(self):
        # Imported when it is needed: few reads are encrypted.
        if self._claims is None:
            from smets.gbcs.streams import Streams

            self._claims = Streams(self.device.store)
        return self._claims

    def _check_mac(self, command, party):
        # The broker vouches for every remote party; a PPMID on the HAN speaks for itself.
        broker = party if party.role == "ppmid" else self.keys.broker()
        if not len(command.mac) or broker is None:
            raise Refused("no-mac")
        secret = self.keys.secret(broker)
        gcm = _cipher(secret, command.originator, message.COMMAND, command.counter, command.target)
        gcm.update_aad(message.AAD_PREFIX)
        gcm.update_aad(command.authenticated)
        if not equal(gcm.tag(message.MAC_SIZE), command.mac):
            raise Refused("bad-mac")

    def _check_role(self, command, party, use_case):
        letter = use_cases.ROLES.get(party.role, "")
        if len(command.party) and letter == "B" and "b" in use_case.roles:
            # The broker carries a request for a party that it names, whose rights count.
            party = self.keys.find(command.party, use_case.roles)
            if party is None:
                raise Refused("unknown-party", "named for " + use_case.name)
            letter = use_cases.ROLES.get(party.role, "")
        elif len(command.party) and letter != "B":
            raise Refused("role", party.role + " names another party")
        if not letter or letter not in use_case.roles:
            raise Refused("role", party.role + " for " + use_case.name)

    def _check_signature(self, command, party, signed):
        if not signed:
            if len(command.signature):
                raise Refused("unexpected-signature")
            return
        if not len(command.signature) or party.ds_public is None:
            raise Refused("no-signature")
        from smets.crypto import ecdsa

        digest = sha256(command.signed).digest()
        if not ecdsa.verify_of(party, digest, bytes(command.signature)):
            raise Refused("bad-signature")

    def _check_replay(self, command, use_case):
        # A top-up's counter is that of its token, which counts once and in any order: the meter's
        # cache of tokens protects it, and the other commands of the supplier go on below it.
        if use_case.replay_protected and not use_case.token:
            last = self.device.counters.get(bytes(command.originator))
            if last is not None and bytes(command.counter) <= last:
                raise Refused("replay")

    def _prepare(self, command, use_case, exchange):
        """Check the payload; returns the function that acts and gives the response payload."""
        if use_case.dlms:
            request = access.prepare(command.payload, use_case, exchange)
            return lambda: access.execute(request, self.device.dlms, exchange)
        if use_case.asn1:
            from smets.gbcs import asn1

            party = self.keys.find(exchange.originator)
            act = asn1.prepare(asn1.Call(command, use_case, party, self.device, self.keys))
            return lambda: _whole(act())
        prepared = gbz.prepare(command.payload, use_case)

        def carry_out():
            parts = Parts()
            parts.add(gbz.execute(prepared, self.device.zcl, exchange.cipher))
            exchange.failed = exchange.failed or self.device.zcl.failed
            return parts

        return carry_out

    def _respond(self, command, use_case, party, parts, signed):
        header = message.Header(
            message.RESPONSE, command.counter, command.target, command.originator, command.code
        )
        header.other = bytes(command.party) + bytes(command.party_counter)
        header.other += self.device.exchange.own
        if use_case.dated or use_case.stamped:
            writer = Writer(cosem_time.SIZE)
            if use_case.stamped:
                self.device.header_stamp(writer)
            else:
                seconds = self.device.clock.seconds
                cosem_time.put(writer, seconds, cosem_time.STATUS_NOT_SPECIFIED)
            header.date_time = bytes(writer.view())
        if signed:
            return message.Signed(header, parts, self.keys.sign)
        secret = self.keys.secret(party)
        mac = _cipher(
            secret, command.target, message.RESPONSE, command.counter, command.originator
        )
        return message.Authenticated(header, parts, mac)

    def _note_counter(self, command):
        mark = bytes(command.originator) + bytes(command.counter)
        if mark in self._counters_seen:
            self.counter_reused += 1
        else:
            self._counters_seen.append(mark)
            if len(self._counters_seen) > policy.REPEATS_KEPT:
                self._counters_seen.pop(0)

    def _before(self, digest):
        """The response to a command that was answered, unless credentials have changed since."""
        trusted = [self.keys.private_key, self.keys.ds_private_key] + self.keys.parties
        if self._trusted != trusted:
            self._trusted = trusted
            self._repeats = []
        for kept, octets in self._repeats:
            if kept == digest:
                return _Again(octets)
        return None

    def _keep(self, digest, response):
        if response.length > policy.REPEAT_OCTETS:
            return response
        octets = bytearray(response.length)
        at = 0
        for chunk in response.chunks():
            octets[at : at + len(chunk)] = chunk
            at += len(chunk)
        self._repeats.append((digest, octets))
        if len(self._repeats) > policy.REPEATS_KEPT:
            self._repeats.pop(0)
        return _Again(octets)


def _whole(payload: bytes) -> Parts:
    parts = Parts()
    parts.add(payload)
    return parts


class _Again:
    """A response whose octets are kept."""

    def __init__(self, octets):
        self.length = len(octets)
        self._octets = octets

    def chunks(self):
        """Yield the octets."""
        yield self._octets
