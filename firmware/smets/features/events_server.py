# Event logs over the Events cluster: the home may read the event log, never the security log.
# IRP603 of MP078: security logs are not for Type 1 and Type 2 devices of the HAN.
from smets.codec import Reader
from smets.compat import const
from smets.features.feature import Feature
from smets.zcl import clusters, commands, frame

_EVENT_LOG = const(0x03)  # low nibble of Log ID; 4 security, 6 and 7 the GPF's copies, 0 all
_PAYLOAD = const(14)
_HEAD = const(5)  # octets of PublishEventLog before its entries

# project-choice: the answer to a display that asks for a security log. The text was not available.
# Alternatives: NOT_FOUND, or an unsupported command; both keep the log as well.
REFUSAL = frame.NOT_AUTHORIZED


class EventLogs(Feature):
    """GetEventLog, from the log of the account where there is one, else from the state."""

    commands = ((clusters.EVENTS, 0, commands.GET_EVENT_LOG),)

    def execute(self, call):
        """See Feature."""
        if not call.from_han:
            return None
        if len(call.request.payload) != _PAYLOAD:
            return frame.MALFORMED_COMMAND
        log = Reader(call.request.payload).u8("log id") & 0x0F
        if log != _EVENT_LOG:
            return REFUSAL
        call.reply_command = commands.PUBLISH_EVENT_LOG
        since = self.device.registry.hidden_before()
        prepayment = self.device.feature("prepayment")
        if prepayment and prepayment.meter:
            return prepayment.meter.events.publish(call.request.payload, since) or frame.NOT_FOUND
        answer = self.device.zcl.answer_published(call)
        if isinstance(answer, int):
            return answer
        return _allowed(answer, since) or frame.NOT_FOUND


def _allowed(payloads, since: int) -> list:
    """The entries of the event log from `since` on, as PublishEventLog; counts are of these."""
    kept = []
    total = 0
    for payload in payloads:
        reader = Reader(payload, _HEAD)
        entries = b""
        count = 0
        while reader.left():
            start = reader.pos
            log = reader.u8("log id")
            reader.le(2, "event id")
            when = reader.le(4, "event time")
            reader.skip(reader.u8("length"), "event data")
            if log & 0x0F == _EVENT_LOG and when >= since:
                entries += bytes(payload[start : reader.pos])
                count += 1
        if count:
            kept.append((payload[_HEAD - 1], count, entries))
            total += count
    # An octet without a number of events, as meters send it (rtds), stays without one.
    return [
        total.to_bytes(2, "little")
        + bytes((index, len(kept), control and (min(count, 15) << 4 | control & 0x0F)))
        + entries
        for index, (control, count, entries) in enumerate(kept)
    ]


FEATURE = EventLogs
