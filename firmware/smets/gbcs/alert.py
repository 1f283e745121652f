# Alerts: what a device tells a remote party by itself (GBCS: message code 1001, CRA flag 03).
# Generic non-critical alert: no signature, a MAC for the party that it is sent to. A critical one
# is signed, and has no MAC.
from smets import cosem_time, record
from smets.codec import Writer
from smets.compat import const
from smets.crypto import CryptoError
from smets.crypto.cipher import cipher
from smets.gbcs import message, policy
from smets.parts import Parts
from smets.ports.store_error import StoreError

CRITICAL = const(0x1000)
NON_CRITICAL = const(0x1001)

# Own messages that carry a MAC in place of a signature (alerts.md 2).
_AUTHENTICATED = (0x0018, 0x00B2, 0x00F0, 0x00F2, 0x0110, 0x0111, 0x0112, 0x0113, 0x0114, 0x0115)
_AUTHENTICATED += (NON_CRITICAL,)

_RECORD = "alert-counter."
# project-choice: counters taken from the store at once. The flash is written once for so many
# alerts, and a restart skips what is left of them. Alternative: 1, a write for each alert.
_RESERVE = const(16)

_COUNTER = record.Table(
    "alert-counter",
    (("reserved", record.U64, 0),),
    "counters go on beyond all that can have been used",
)

# Data-Notification; the low octets of the counter follow, then an empty date-time.
_NOTIFICATION = b"\x0f\x20"
_STRUCTURE = const(0x02)
# structure of long-unsigned alert code, octet-string(12) time
_BODY = b"\x02\x02\x12"
_TIME = b"\x09\x0c"
# Upper octets of codes.
_OF_OPERATOR = const(0x80)
_ALWAYS = const(0x8F)
_ADDRESSED = const(2)  # members of an entry without a party


class AlertCounter:
    """The originator counter of a device's own messages: never the same twice."""

    def __init__(self, store=None):
        """`store` (smets.ports.store) remembers it, in two records that are written in turns."""
        self._store = store
        self._last = 0
        self._turn = 0  # which of the two is written next
        damaged = 0
        for turn in range(2 if store else 0):
            try:
                held = _COUNTER.read(store, _RECORD + str(turn))
            except StoreError:
                damaged += 1
                self._turn = turn
                continue
            if held and held[0] >= self._last:
                self._last = held[0]
                if not damaged:
                    self._turn = 1 - turn
        if damaged:
            # The other one is the older of the two, or the newer.
            self._last += _RESERVE if damaged == 1 else policy.ALERT_COUNTER_LEAP
        self._reserved = self._last

    def check(self, number: int):
        """ValueError where a counter was used already, and cannot be the next one."""
        if number <= self._last:
            raise ValueError("the device's counter is at %d: it never goes back" % self._last)

    def begin(self, number: int):
        """Let the next counter be `number`; ValueError, StoreError."""
        self.check(number)
        before = self._last, self._reserved
        self._last = self._reserved = number - 1
        try:
            self.next()
        except StoreError:
            self._last, self._reserved = before
            raise
        self._last = number - 1

    def next(self) -> bytes:
        """The next counter, 8 octets; StoreError, without using one, if it cannot be kept."""
        if self._store and self._last >= self._reserved:
            reserved = self._last + _RESERVE
            _COUNTER.write(self._store, (reserved,), _RECORD + str(self._turn))
            self._turn = 1 - self._turn
            self._reserved = reserved
        self._last += 1
        return self._last.to_bytes(8, "big")


def message_of(keys, counter: AlertCounter, entry):
    """The message of an entry of Device.alerts as a stream; project-choice.

    Without a party 80nn goes to the network operator, what else there is to the supplier; 8Fnn is
    critical, and signed. An event without a valid clock has no time. Alternative: such an event
    is logged alone. CryptoError, and no counter was used; StoreError.

    What a hub passes on for another device is a message already, and stays as it is.
    """
    if not isinstance(entry, tuple):
        return entry
    code = entry[0]
    role = "network_operator" if code >> 8 == _OF_OPERATOR else "supplier"
    if len(entry) > _ADDRESSED:
        if isinstance(entry[2], bytes):
            return _own(keys, counter, *entry[2:])
        role = entry[2]
    party = keys.first(role)
    if party is None:
        raise CryptoError("no " + role)
    if len(entry) > _ADDRESSED + 1:
        return _own(keys, counter, party.id, *entry[3:])
    if code >> 8 == _ALWAYS:
        return _own(keys, counter, party.id, CRITICAL, _told(code, entry[1]))
    keys.secret(party)
    return non_critical(keys, party, counter.next(), code, entry[1])


def _own(keys, counters, party: bytes, code: int, payload, named=b""):
    """An alert with a message code and a body of its own; its header may name another party.

    One with an encrypted part is a function of who gets it (_Encrypting) that gives its parts.
    """
    signed = code not in _AUTHENTICATED
    found = keys.find(party)
    encrypts = callable(payload)
    if encrypts or not signed:
        if found is None:
            raise CryptoError("no key of who gets the alert")
        keys.secret(found)
    counter = counters.next()
    parts = Parts()
    if encrypts or payload[0] == _STRUCTURE:  # DLMS
        parts.add(_NOTIFICATION + counter[5:] + b"\x00")
    parts.add(payload(_Encrypting(keys, found, counter)) if encrypts else payload)
    header = message.Header(message.ALERT, counter, keys.device_id, party, code)
    header.other = named
    if signed:
        return message.Signed(header, parts, keys.sign)
    mac = cipher(keys.secret(found), keys.device_id, message.ALERT, counter, party)
    return message.Authenticated(header, parts, mac)


class _Encrypting:
    """Who gets an alert with an encrypted part, as dlms.protected asks it."""

    def __init__(self, keys, party, counter: bytes):
        self.target = keys.device_id
        self.reply_party = party.id
        self.key_counter = counter
        self._secret = keys.secret(party)

    def cipher(self):
        """The cipher of the encrypted part; CryptoError."""
        return cipher(
            self._secret, self.target, message.ENCRYPTION, self.key_counter, self.reply_party
        )


def _told(code: int, seconds: int) -> bytes:
    """The structure of a code and its UTC time."""
    writer = Writer(20)
    writer.put(_BODY)
    writer.be(code, 2)
    writer.put(_TIME)
    cosem_time.put(writer, seconds, cosem_time.STATUS_NOT_SPECIFIED)
    return bytes(writer.view())


def non_critical(keys, party, counter: bytes, code: int, seconds: int):
    """The message that tells `party` of an event at UTC `seconds`, as a stream; CryptoError."""
    parts = Parts()
    parts.add(_NOTIFICATION + counter[5:] + b"\x00" + _told(code, seconds))
    device = keys.device_id
    header = message.Header(message.ALERT, counter, device, party.id, NON_CRITICAL)
    gcm = cipher(keys.secret(party), device, message.ALERT, counter, party.id)
    return message.Authenticated(header, parts, gcm)
