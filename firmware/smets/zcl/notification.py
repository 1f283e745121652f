# Notification scheme B, predefined: how a gas meter that wakes for its report hears that its proxy
# wants something (ZSE 1.4, D.3.4; GBCS 10.2.2). Ids of flag words, and bits in them; all others a
# gas meter ignores.
from smets.compat import const

# Commands of Metering: from the server; from the client.
GET_NOTIFIED_MESSAGE = const(0x0B)
MIRROR_REPORT_ATTRIBUTE_RESPONSE = const(0x09)
SCHEME = const(2)
FUNCTIONAL = const(0)  # FunctionalNotificationFlags
FLAGS4 = const(3)  # NotificationFlags4
_WORDS = const(5)  # in MirrorReportAttributeResponse: these, and NotificationFlags2, 3, 5
GET_SNAPSHOT = const(1 << 22)
GET_SAMPLED_DATA = const(1 << 23)
GET_PREPAY_SNAPSHOT = const(1 << 6)
GET_TOP_UP_LOG = const(1 << 7)
GET_DEBT_REPAYMENT_LOG = const(1 << 9)
# Word -> the bits that ask for something of a log.
KNOWN = {
    FUNCTIONAL: GET_SNAPSHOT | GET_SAMPLED_DATA,
    FLAGS4: GET_PREPAY_SNAPSHOT | GET_TOP_UP_LOG | GET_DEBT_REPAYMENT_LOG,
}


def response(functional: int, flags4: int) -> bytes:
    """The payload of MirrorReportAttributeResponse."""
    words = [0] * _WORDS
    words[FUNCTIONAL], words[FLAGS4] = functional, flags4
    return bytes((SCHEME,)) + b"".join([word.to_bytes(4, "little") for word in words])


def words(reader) -> list:
    """The flag words of a MirrorReportAttributeResponse; DecodeError."""
    reader.expect(SCHEME, "notification scheme")
    found = [reader.le(4, "flags") for _ in range(_WORDS)]
    reader.finish("MirrorReportAttributeResponse")
    return found
