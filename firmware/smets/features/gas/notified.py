# What the proxy of a gas meter wants of it while it is awake: flags of the answer to a report, and
# then the requests themselves, for logs after an outage (GBCS 10.2.2, 10.4.2).
from smets.codec import Reader
from smets.zcl import frame, han_server, notification
from smets.zcl.clusters import METERING, PREPAYMENT
from smets.zcl.han_frame import HanFrame

_ASKED = frame.SERVER_TO_CLIENT | frame.CLUSTER_SPECIFIC | frame.NO_DEFAULT_RESPONSE
_SERVED = (METERING, PREPAYMENT)


def receive(device, frame_in) -> bool:
    """Take a frame of the proxy; False where it is nothing of that. DecodeError."""
    request = frame.parse(frame_in.payload)
    if frame_in.cluster not in _SERVED or request.from_server:
        return False
    flags = notification.MIRROR_REPORT_ATTRIBUTE_RESPONSE
    if frame_in.cluster == METERING and request.cluster_specific and request.command == flags:
        _notified(device, frame_in, request)
        return True
    reply = han_server.answer(device.zcl, _SERVED, frame_in.cluster, frame_in.payload)
    if reply is not None:
        device.outbox.append(frame_in.reply(reply))
    return True


def _notified(device, frame_in, request):
    """Ask for what the flags tell of; they stay until the proxy has it."""
    told = notification.words(Reader(request.payload))
    for word in sorted(notification.KNOWN):
        bits = told[word] & notification.KNOWN[word]
        if bits:
            payload = bytes((notification.SCHEME, word, 0)) + bits.to_bytes(4, "little")
            # With the number of the flags: reports have numbers of their own, without gaps.
            octets = frame.header(
                _ASKED, request.sequence, notification.GET_NOTIFIED_MESSAGE, payload
            )
            device.outbox.append(
                HanFrame(
                    device.eui,
                    frame_in.source,
                    frame_in.destination_endpoint,
                    frame_in.source_endpoint,
                    METERING,
                    octets,
                )
            )
