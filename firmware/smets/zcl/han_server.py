# Answers of a server cluster on the HAN: reads, refused writes and reporting, commands.
# Attributes are read-only to displays; a response carries frame control 18, as stacks send it.
from smets.codec import DecodeError, Reader, Writer
from smets.compat import const
from smets.zcl import attributes, clusters, commands, frame, types
from smets.zcl.server import Call

# Answers of a server: server to client, no Default Response wanted.
_ANSWER = const(0x18)


def answer(server, served, cluster: int, payload):
    """The ZCL frame that answers `payload`, or None for no answer.

    `served` are the clusters of the endpoint. A malformed frame, a frame of the client side's
    own attributes, or one for another manufacturer is answered as ZCL 2.4 asks, or not at all.
    """
    try:
        request = frame.parse(payload)
    except DecodeError:
        return None
    if request.from_server or request.command == frame.DEFAULT_RESPONSE:
        return None  # for the client side, which meters do not have
    if request.frame_control & frame.MANUFACTURER:
        return _default(request, frame.UNSUP_CLUSTER_COMMAND)
    if cluster not in served:
        return _default(request, frame.UNSUPPORTED_CLUSTER)
    if request.cluster_specific:
        return _command(server, cluster, request)
    handler = _GENERAL.get(request.command)
    if handler is None:
        return _default(request, frame.UNSUP_GENERAL_COMMAND)
    try:
        return handler(server, cluster, request)
    except DecodeError:
        return _default(request, frame.MALFORMED_COMMAND)


def _default(request, status: int) -> bytes:
    return bytes((_ANSWER, request.sequence, frame.DEFAULT_RESPONSE, request.command, status))


def _start(request, command: int):
    writer = Writer(80)
    writer.put(bytes((_ANSWER, request.sequence, command)))
    return writer


def _read(server, cluster, request):
    writer = _start(request, frame.READ_ATTRIBUTES_RESPONSE)
    server.read(cluster, request.payload, writer, True)
    return bytes(writer.view())


def _write(server, cluster, request):
    """Refuse each record: the HAN writes nothing, and values stay."""
    writer = _start(request, frame.WRITE_ATTRIBUTES_RESPONSE)
    reader = Reader(request.payload)
    while reader.left():
        attribute = reader.le(2, "attribute id")
        types.read_value(reader, reader.u8("data type"))
        known = server.status(cluster, attribute) == frame.SUCCESS
        known = known or attributes.type_of(cluster, attribute) is not None
        writer.u8(frame.READ_ONLY if known else frame.UNSUPPORTED_ATTRIBUTE)
        writer.le(attribute, 2)
    return bytes(writer.view())


def _configure_reporting(server, cluster, request):
    """Refuse each record: displays poll, and no attribute is reported."""
    writer = _start(request, frame.CONFIGURE_REPORTING_RESPONSE)
    reader = Reader(request.payload)
    while reader.left():
        direction = reader.u8("direction")
        attribute = reader.le(2, "attribute id")
        if direction == 0:
            type_id = reader.u8("data type")
            reader.skip(4, "reporting intervals")
            if type_id not in _DISCRETE:
                types.read_value(reader, type_id)
        else:
            reader.skip(2, "timeout")
        writer.u8(frame.UNREPORTABLE_ATTRIBUTE)
        writer.u8(direction)
        writer.le(attribute, 2)
    return bytes(writer.view())


# Types without a reportable change (ZCL 2.5.7.1.7): bitmaps, enumerations, strings, booleans.
_DISCRETE = (0x10, 0x18, 0x19, 0x1A, 0x1B, 0x30, 0x31, 0x41, 0x42, 0x43, 0x44)

_GENERAL = {
    frame.READ_ATTRIBUTES: _read,
    frame.WRITE_ATTRIBUTES: _write,
    frame.CONFIGURE_REPORTING: _configure_reporting,
}


def _command(server, cluster, request):
    reply_command = _REPLIES.get((cluster, request.command))
    handled = server.carries_out(cluster, 0, request.command)
    if not handled and reply_command is None:
        return _default(request, frame.UNSUP_CLUSTER_COMMAND)
    call = Call(cluster, request)
    call.from_han = True
    call.reply_command = reply_command if reply_command is not None else request.command
    try:
        result = server.execute(call)
    except DecodeError:
        return _default(request, frame.MALFORMED_COMMAND)
    if isinstance(result, int):
        if result == frame.SUCCESS and not request.wants_default_response:
            return None
        return _default(request, result)
    control = _ANSWER | frame.CLUSTER_SPECIFIC
    return frame.header(control, request.sequence, call.reply_command, result[0])


# Response command of each command of a display, by cluster and command.
_REPLIES = {
    (clusters.METERING, commands.GET_SAMPLED_DATA): commands.GET_SAMPLED_DATA_RESPONSE,
    (clusters.METERING, commands.GET_SNAPSHOT): commands.PUBLISH_SNAPSHOT,
    (clusters.PREPAYMENT, commands.GET_PREPAY_SNAPSHOT): commands.PUBLISH_PREPAY_SNAPSHOT,
    (
        clusters.DEVICE_MANAGEMENT,
        commands.GET_CHANGE_OF_TENANCY,
    ): commands.PUBLISH_CHANGE_OF_TENANCY,
    (clusters.PRICE, commands.GET_CURRENT_PRICE): commands.PUBLISH_PRICE,
    (clusters.CALENDAR, commands.GET_DAY_PROFILES): commands.PUBLISH_DAY_PROFILE,
}
