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

NON_CRITICAL = const(0x1001)

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
# structure of long-unsigned alert code, octet-string(12) time
_BODY = b"\x02\x02\x12"
_TIME = b"\x09\x0c"


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

    What is not critical goes to the network operator, and an event without a valid clock has no
    time. Alternative: the party of each code (81nn: the supplier). CryptoError, and no counter was
    used; StoreError.
    """
    if len(entry) > 2:
        return _signed(keys, counter.next(), *entry[2:])
    operator = keys.first("network_operator")
    if operator is None:
        raise CryptoError("no network operator")
    keys.secret(operator)
    return non_critical(keys, operator, counter.next(), entry[0], entry[1])


def _signed(keys, counter: bytes, party: bytes, code: int, payload: bytes):
    parts = Parts()
    parts.add(payload)
    header = message.Header(message.ALERT, counter, keys.device_id, party, code)
    return message.Signed(header, parts, keys.sign)


def non_critical(keys, party, counter: bytes, code: int, seconds: int):
    """The message that tells `party` of an event at UTC `seconds`, as a stream; CryptoError."""
    writer = Writer(32)
    writer.put(_NOTIFICATION)
    writer.put(counter[5:])
    writer.u8(0)
    writer.put(_BODY)
    writer.be(code, 2)
    writer.put(_TIME)
    cosem_time.put(writer, seconds, cosem_time.STATUS_NOT_SPECIFIED)
    parts = Parts()
    parts.add(bytes(writer.view()))
    device = keys.device_id
    header = message.Header(message.ALERT, counter, device, party.id, NON_CRITICAL)
    gcm = cipher(keys.secret(party), device, message.ALERT, counter, party.id)
    return message.Authenticated(header, parts, gcm)
