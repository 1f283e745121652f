# Event logs over the Events cluster: the home may read the event log, never the security log.
# IRP603 of MP078: security logs are not for Type 1 and Type 2 devices of the HAN.
from smets.codec import Reader
from smets.compat import const
from smets.features.feature import Feature
from smets.zcl import clusters, frame

GET_EVENT_LOG = const(0x00)

_EVENT_LOG = const(0x03)  # low nibble of Log ID; 4 security, 6 and 7 the GPF's copies, 0 all
_PAYLOAD = const(14)
_LOG_ID_AT = const(5)  # of the first entry in PublishEventLog

# project-choice: the answer to a display that asks for a security log. The text was not available.
# Alternatives: NOT_FOUND, or an unsupported command; both keep the log as well.
REFUSAL = frame.NOT_AUTHORIZED


class EventLogs(Feature):
    """GetEventLog, from the log of the account where there is one, else from the state."""

    commands = ((clusters.EVENTS, 0, GET_EVENT_LOG),)

    def execute(self, call):
        """See Feature."""
        if not call.from_han:
            return None
        if len(call.request.payload) != _PAYLOAD:
            return frame.MALFORMED_COMMAND
        log = Reader(call.request.payload).u8("log id") & 0x0F
        if log != _EVENT_LOG:
            return REFUSAL
        call.reply_command = 0x01
        prepayment = self.device.feature("prepayment")
        if prepayment and prepayment.meter:
            return prepayment.meter.events.publish(call.request.payload) or frame.NOT_FOUND
        answer = self.device.zcl.answer_published(call)
        if isinstance(answer, int):
            return answer
        allowed = [
            payload
            for payload in answer
            if len(payload) > _LOG_ID_AT and payload[_LOG_ID_AT] & 0x0F == _EVENT_LOG
        ]
        return allowed or frame.NOT_FOUND


FEATURE = EventLogs
