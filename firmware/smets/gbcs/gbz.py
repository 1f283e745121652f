# GBZ payload: a list of ZCL frames, some encrypted (GBCS 7.2.9 and the GBZ use case templates).
# A use case body is a list of components "CLUSTER FC.CMD>FC.CMD[e][!FC] ATTRIBUTE ...": request
# frame control and command, those of the response, e where it is encrypted, !FC where a Default
# Response departs from the rule; then the attributes that may be read.
from smets.codec import DecodeError, Reader, Writer
from smets.compat import const
from smets.gbcs import versions
from smets.ports.store_error import StoreError
from smets.zcl import frame
from smets.zcl.server import Call

PROFILE = b"\x01\x09"

# Extended header control: low nibble; high nibble 1 says that a From Date Time follows.
_LAST = const(0x01)
_ENCRYPTED = const(0x02)
_FROM_DATE_TIME = const(0x10)

# Security header of ciphered information: control 31, invocation counter 0.
_CIPHERED = b"\x31\x00\x00\x00\x00"
_CIPHERED_AAD = b"\x31"
_TAG_SIZE = const(12)

# The answer to a component after a failed one (RTDS error vectors): command FF, FAILURE.
_NOT_CARRIED_OUT = const(0xFF)


class NotPermitted(Exception):
    """The payload asks for something that its use case does not hold."""


def parse(payload) -> list:
    """The components of a command (zcl.server.Call); DecodeError names the offset."""
    reader = Reader(payload)
    reader.literal(PROFILE, "GBZ profile")
    at = reader.pos
    count = reader.u8("component count")
    if not count:
        raise DecodeError(at, "no component")
    components = []
    for index in range(count):
        at = reader.pos
        control = reader.u8("extended header control")
        if control & ~(_LAST | _FROM_DATE_TIME):
            raise DecodeError(at, "extended header control %02X" % control)
        if bool(control & _LAST) != (index == count - 1):
            raise DecodeError(at, "wrong last flag")
        cluster = reader.be(2, "cluster")
        length = reader.be(2, "GBZ command length")
        start = reader.skip(length, "GBZ command")
        body = Reader(reader.data, start, reader.pos)
        from_date_time = body.be(4, "From Date Time") if control & _FROM_DATE_TIME else None
        try:
            request = frame.parse(body.view(body.left(), "ZCL frame"))
        except DecodeError as error:
            raise DecodeError(body.end - length + error.offset, error.what)
        components.append(Call(cluster, request, from_date_time))
    reader.finish("GBZ payload")
    return components


class _Permitted:
    """One component of a use case body."""

    def __init__(self, text: str):
        words = text.split()
        asked, answer = words[1].split(">")
        self.cluster = int(words[0], 16)
        self.frame_control = int(asked[:2], 16)
        self.command = int(asked[3:], 16)
        self.reply_control = int(answer[:2], 16)
        self.reply_command = int(answer[3:5], 16)
        self.encrypted = "e" in answer[5:6]
        self.default_control = int(answer[-2:], 16) if "!" in answer else -1
        self.attributes = [int(word, 16) for word in words[2:]]

    def fits(self, component) -> bool:
        request = component.request
        return (
            self.cluster == component.cluster
            and self.frame_control == request.frame_control & ~frame.NO_DEFAULT_RESPONSE
            and self.command == request.command
        )

    def check_attributes(self, request):
        reader = Reader(request.payload)
        while reader.left():
            attribute = reader.le(2, "attribute id")
            if attribute not in self.attributes:
                raise NotPermitted("attribute %04X.%04X" % (self.cluster, attribute))


def _permitted(body: str, components) -> list:
    """The body row of each component; NotPermitted for a component without a row."""
    rows = [_Permitted(text) for text in body.split(";")]
    found = []
    for component in components:
        for row in rows:
            if row.fits(component):
                break
        else:
            raise NotPermitted(
                "cluster %04X command %02X" % (component.cluster, component.request.command)
            )
        if row.attributes:
            row.check_attributes(component.request)
        component.reply_command = row.reply_command
        component.index = found.count(row)
        found.append(row)
    for component, row in zip(components, found):
        component.count = found.count(row)
    return found


def is_failure(status: int) -> bool:
    """Whether a component failed, so that later ones are not carried out (RTDS: NOT_FOUND no)."""
    return status not in (frame.SUCCESS, frame.NOT_FOUND)


def prepare(payload, use_case) -> list:
    """(component, body row) pairs of a GBZ command; DecodeError, NotPermitted."""
    components = parse(payload)
    return list(zip(components, _permitted(use_case.body, components)))


def execute(prepared, server, cipher) -> bytes:
    """Carry out what `prepare` returned; the GBZ payload of the response.

    `server` has `read` and `execute` (zcl.server). `cipher()` returns a fresh Gcm with the
    key of the response's encrypted components. What is set is kept before this returns; what
    cannot be kept is answered as failed.
    """
    server.asked = []
    try:
        replies = _replies(prepared, server)
    finally:
        server.settings.rollback()  # nothing is left, unless this ends in an exception
    return _encode(replies, cipher, server.old)


def _replies(prepared, server) -> list:
    """(cluster, ZCL frame, encrypted) of each component of the response."""
    replies = []
    failed = False
    first = start = -1  # of the components that wait to be kept, and of their replies
    for index in range(len(prepared)):
        component, row = prepared[index]
        at = len(replies)
        if failed:
            replies.append(_not_carried_out(component, row))
        elif component.request.cluster_specific:
            failed = _command(component, row, server, replies)
        else:
            failed = _read(component, row, server, replies)
        if first < 0 and server.settings.waiting:
            first, start = index, at
    if first >= 0:
        try:
            server.settings.commit()
        except StoreError:
            component, row = prepared[first]
            failure = _default(row, component.request, frame.HARDWARE_FAILURE)
            failed = True
            replies[start:] = [(component.cluster, failure, False)]
            for component, row in prepared[first + 1 :]:
                replies.append(_not_carried_out(component, row))
    server.failed = failed
    return replies


def _not_carried_out(component, row):
    reply = _default(row, component.request, frame.FAILURE, _NOT_CARRIED_OUT)
    return component.cluster, reply, False


def _default(row, request, status: int, command: int = -1) -> bytes:
    reply = frame.default_response(request, status, command)
    if row.default_control >= 0:
        reply = bytes((row.default_control,)) + reply[1:]
    return reply


def _read(component, row, server, replies) -> bool:
    writer = Writer(64)
    writer.put(bytes((row.reply_control, component.request.sequence, row.reply_command)))
    server.asked.append((component.cluster, component.request.payload))
    status = server.read(component.cluster, component.request.payload, writer)
    replies.append((component.cluster, bytes(writer.view()), row.encrypted))
    return is_failure(status)


def _command(component, row, server, replies) -> bool:
    request = component.request
    result = server.execute(component)
    if isinstance(result, int):
        reply = _default(row, request, result)
        control = versions.default_control(component.cluster, request.command, server.old)
        if control >= 0:
            reply = bytes((control,)) + reply[1:]
        replies.append((component.cluster, reply, False))
        return is_failure(result)
    for payload in result:
        reply = frame.header(row.reply_control, request.sequence, row.reply_command, payload)
        replies.append((component.cluster, reply, row.encrypted))
    return False


def _encode(replies, cipher, old) -> bytes:
    writer = Writer(256)
    writer.put(PROFILE)
    writer.u8(len(replies))
    counters = versions.frame_counters(replies, old)
    for index in range(len(replies)):
        cluster, reply, encrypted = replies[index]
        control = _LAST if index == len(replies) - 1 else 0
        writer.u8(control | _ENCRYPTED if encrypted else control)
        writer.be(cluster, 2)
        if not encrypted:
            writer.be(len(reply), 2)
            writer.put(reply)
            continue
        plain = len(reply) - 3
        ciphered = len(_CIPHERED) + plain + _TAG_SIZE
        writer.be(2 + 3 + 2 + ciphered, 2)
        writer.u8(0)
        writer.u8(counters[index])
        writer.put(reply[:3])
        writer.be(ciphered, 2)
        writer.put(_CIPHERED)
        gcm = cipher()
        gcm.update_aad(_CIPHERED_AAD)
        start = writer.room(plain)
        gcm.encrypt_into(memoryview(reply)[3:], memoryview(writer.buffer)[start : writer.pos])
        writer.put(gcm.tag(_TAG_SIZE))
    return bytes(writer.view())
