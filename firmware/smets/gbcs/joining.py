# ASN.1 use cases of the Device Log: who joins and leaves (CS03, CS04), reading it (CS07), and
# restoring that of a GPF (GCS59).
from smets.codec import DecodeError
from smets.gbcs import der, policy
from smets.ports.store_error import StoreError

# joinResponseCode
_SUCCESS = 0
_WRONG_MESSAGE_CODE = 1
_WRONG_METHOD = 2
_LOG_FULL = 4
_WRITE_FAILURE = 5
_NO_CERTIFICATE = 11
# unjoinResponseCode
_NOT_IN_LOG = 1
_OTHER_FAILURE = 2
# joinMethodAndRole
_METHODS = {0x000D: (0, 1), 0x000E: (2,), 0x00AB: (0, 1), 0x00AF: (3,)}
_METHOD_C = 3


def _identifier(element) -> bytes:
    octets = element.octets()
    if element.tag != der.OCTET_STRING or len(octets) != 8:
        raise DecodeError(element.content.pos, "device identifier")
    return octets


def _device_type(element) -> int:
    kind = der.number(element)
    if not 0 <= kind <= 0xFFFFFFFF:
        raise DecodeError(element.content.pos, "device type")
    return kind


def join(call):
    """CS03A1, CS03B, CS03C: {method and role, identifier, type, certificate of method C}."""
    items = der.whole(call.payload, der.SEQUENCE).items()
    if not 3 <= len(items) <= 4:
        raise DecodeError(0, "Join")
    method = der.number(items[0])
    identifier = _identifier(items[1])
    kind = _device_type(items[2])

    def act():
        code = _SUCCESS
        if method > _METHOD_C:
            code = _WRONG_METHOD
        elif method not in _METHODS[call.code]:
            code = _WRONG_MESSAGE_CODE
        elif method == _METHOD_C and len(items) < 4:
            code = _NO_CERTIFICATE
        else:
            code = _enter(call.device, identifier, kind)
        return der.integer(code)

    return act


def _enter(device, identifier, kind) -> int:
    """Enter a device into the Device Log; a joinResponseCode."""
    try:
        return _SUCCESS if device.feature("device_log").enter(identifier, kind) else _LOG_FULL
    except StoreError:
        return _WRITE_FAILURE


def unjoin(call):
    """CS04AC, CS04B: the identifier of the other device."""
    identifier = _identifier(der.whole(call.payload))

    def act():
        log = call.device.feature("device_log")
        known = log.has(identifier) or (not log.entries and policy.UNKNOWN_DEVICES_CAN_LEAVE)
        try:
            log.leave(identifier)
        except StoreError:
            return der.integer(_OTHER_FAILURE)
        return der.integer(_SUCCESS if known else _NOT_IN_LOG)

    return act


def read_log(call):
    """CS07: NULL."""
    if bytes(call.payload) != b"\x05\x00":
        raise DecodeError(0, "Read Device Join Details")

    def act():
        entries = [_entry(*entry) for entry in call.device.feature("device_log").entries]
        if not entries:
            # A log that the bench never loaded cannot be read.
            return der.sequence(der.integer(1))
        return der.sequence(der.integer(0), der.sequence(*entries))

    return act


def _entry(identifier, kind) -> bytes:
    return der.sequence(der.octet_string(identifier), der.integer(kind))


def restore_log(call):
    """GCS59: the entries of a GPF's Device Log."""
    entries = []
    for entry in der.whole(call.payload, der.SEQUENCE).items():
        pair = entry.items()
        if entry.tag != der.SEQUENCE or len(pair) != 2:
            raise DecodeError(entry.content.pos, "log entry")
        entries.append((_identifier(pair[0]), _device_type(pair[1])))

    def act():
        outcomes = []
        for identifier, kind in entries:
            code = _enter(call.device, identifier, kind)
            outcomes.append(der.sequence(_entry(identifier, kind), der.integer(code)))
        return der.sequence(*outcomes)

    return act
