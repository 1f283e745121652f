# Alerts: what a device tells a remote party by itself (GBCS: message code 1001, CRA flag 03).
# Generic non-critical alert: no signature, a MAC for the party that it is sent to.
from smets import cosem_time
from smets.codec import Writer
from smets.compat import const
from smets.crypto.gcm import Gcm
from smets.crypto.kdf import derive
from smets.gbcs import message
from smets.parts import Parts

NON_CRITICAL = const(0x1001)

_RECORD = "alert-counter"
# project-choice: counters taken from the store at once. The flash is written once for so many
# alerts, and a restart skips what is left of them. Alternative: 1, a write for each alert.
_RESERVE = const(16)

# Data-Notification; the low octets of the counter follow, then an empty date-time.
_NOTIFICATION = b"\x0f\x20"
# structure of long-unsigned alert code, octet-string(12) time
_BODY = b"\x02\x02\x12"
_TIME = b"\x09\x0c"


class AlertCounter:
    """The originator counter of a device's own messages: never the same twice."""

    def __init__(self, store=None):
        """`store` (smets.ports.store) remembers it; StoreError where it cannot be read."""
        self._store = store
        record = store.get(_RECORD) if store else None
        self._last = self._reserved = int.from_bytes(record, "big") if record else 0

    def next(self) -> bytes:
        """The next counter, 8 octets; StoreError, and none is used, if it cannot be kept."""
        if self._store and self._last >= self._reserved:
            reserved = self._last + _RESERVE
            self._store.put(_RECORD, reserved.to_bytes(8, "big"))
            self._reserved = reserved
        self._last += 1
        return self._last.to_bytes(8, "big")


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
    key = derive(keys.secret(party), device, message.ALERT, counter, party.id)
    return message.Authenticated(header, parts, Gcm(key, device + b"\x00\x00\x00\x00"))
