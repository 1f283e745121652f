# ASN.1 use cases about the device itself: the clock (GCS28), its Device Log (CS03, CS04, CS07,
# GCS59), its certificates (CS02c, d, e) and its firmware (CS06).
from smets import clock
from smets.codec import DecodeError
from smets.dlms import objects
from smets.gbcs import der, policy
from smets.ports.store import StoreError

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
_NEVER = b"99991231235959Z"
_FIRMWARE_VERSION = objects.key("1/0-0:0.2.1.255/2")


def moment(element) -> int:
    """UTC seconds since 2000 of a GeneralizedTime YYYYMMDDhhmmssZ; DecodeError."""
    text = element.octets()
    digits = text[:14]
    at = element.content.pos
    if element.tag != der.TIME or len(text) != 15 or text[14:] != b"Z":
        raise DecodeError(at, "GeneralizedTime")
    if not all(0x30 <= octet <= 0x39 for octet in digits):
        raise DecodeError(at, "GeneralizedTime")
    number = str(digits, "ascii")
    parts = [int(number[:4])] + [int(number[i : i + 2]) for i in range(4, 14, 2)]
    if not clock.is_valid(*parts):
        raise DecodeError(at, "no such time")
    return clock.to_seconds(*parts)


def format_moment(seconds: int) -> bytes:
    """A GeneralizedTime."""
    text = "%04d%02d%02d%02d%02d%02dZ" % clock.from_seconds(seconds)
    return der.element(der.TIME, text.encode())


def is_later(element) -> bool:
    """Whether an executionDateTime puts a command off, or cancels one; DecodeError."""
    if element.octets() != _NEVER:
        moment(element)
    return True


def set_clock(call):
    """GCS28: {start, end} of the interval in which the time is valid."""
    items = der.whole(call.payload, der.SEQUENCE).items()
    if len(items) != 2:
        raise DecodeError(0, "Set Clock")
    start, end = [moment(item) for item in items]

    def act():
        own = call.device.clock
        status = clock.UNRELIABLE
        if own.status != clock.INVALID and start <= own.seconds <= end:
            own.set(policy.time_taken(start, end, own.seconds), clock.RELIABLE)
            status = clock.RELIABLE
        if own.status == clock.INVALID:
            status = clock.INVALID
        return der.sequence(format_moment(own.seconds), der.integer(status))

    return act


def _identifier(element) -> bytes:
    octets = element.octets()
    if element.tag != der.OCTET_STRING or len(octets) != 8:
        raise DecodeError(element.content.pos, "device identifier")
    return octets


def _number(element) -> int:
    if element.tag != der.INTEGER:
        raise DecodeError(element.content.pos, "INTEGER")
    return element.number()


def _device_type(element) -> int:
    kind = _number(element)
    if not 0 <= kind <= 0xFFFFFFFF:
        raise DecodeError(element.content.pos, "device type")
    return kind


def join(call):
    """CS03A1, CS03B, CS03C: {method and role, identifier, type, certificate of method C}."""
    items = der.whole(call.payload, der.SEQUENCE).items()
    if not 3 <= len(items) <= 4:
        raise DecodeError(0, "Join")
    method = _number(items[0])
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
    """Take a device up into the Device Log; a joinResponseCode."""
    try:
        return _SUCCESS if device.joined.enter(identifier, kind) else _LOG_FULL
    except StoreError:
        return _WRITE_FAILURE


def unjoin(call):
    """CS04AC, CS04B: the identifier of the other device."""
    identifier = _identifier(der.whole(call.payload))

    def act():
        log = call.device.joined
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
        entries = [_entry(*entry) for entry in call.device.joined.entries]
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


def _usage(call):
    items = der.whole(call.payload, der.SEQUENCE).items()
    if len(items) != 1 or items[0].tag != der.BIT_STRING:
        raise DecodeError(0, "keyUsage")
    return items[0].octets()


def request_certificate(call):
    """CS02c: the device makes no key pairs, so no certification request: cRProductionFailed."""
    _usage(call)
    return lambda: der.integer(3)


def read_certificate(call):
    """CS02e: the device holds keys and no certificates: certificateRetrievalFailure."""
    _usage(call)
    return lambda: der.integer(3)


def take_certificate(call):
    """CS02d: for a key pair that was never asked for: noCorrespondingKeyPairGenerated."""
    from smets.gbcs.certificate import Certificate

    certificate = der.whole(call.payload)

    def act():
        try:
            Certificate(certificate)
        except DecodeError:
            return der.integer(1)
        return der.integer(4)

    return act


def activate_firmware(call):
    """CS06: {hash, originator counter, time}: there is no image to activate."""
    items = der.whole(call.payload, der.SEQUENCE).items()
    if not 2 <= len(items) <= 3 or len(items[0].octets()) != 32:
        raise DecodeError(0, "Activate Firmware")
    if _number(items[1]) != call.counter:
        raise DecodeError(items[1].content.pos, "originator counter")
    if len(items) == 3 and is_later(items[2]):
        return lambda: der.element(der.NULL)

    def act():
        held = call.device.dlms.get(_FIRMWARE_VERSION)
        version = b"\x00\x00\x00\x00"
        if isinstance(held, (bytes, bytearray)) and len(held) == 6 and held[:2] == b"\x09\x04":
            version = held[2:]
        return der.sequence(der.integer(1), der.octet_string(version))

    return act
