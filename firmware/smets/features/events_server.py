# Event logs over the Events cluster: the home may read the event log, never the security log.
# A supplier reads both logs of a gas meter (CS10a, CS10b), and clears the event log alone (CS11).
# IRP603 of MP078: security logs are not for Type 1 and Type 2 devices of the HAN.
from smets.codec import Reader
from smets.compat import const
from smets.features.feature import Feature
from smets.ports.store_error import StoreError
from smets.zcl import clusters, commands, frame

_EVENT_LOG = const(0x03)  # low nibble of Log ID; 6 and 7 the GPF's copies, 0 all
_SECURITY_LOG = const(0x04)
_PAYLOAD = const(14)
_HEAD = const(5)  # octets of PublishEventLog before its entries
_LOG = (clusters.EVENTS, commands.PUBLISH_EVENT_LOG)
_CLEARED = b"\x08"  # ClearedEventsLogs: the event log
_NONE_CLEARED = b"\x00"

# project-choice: the answer to a display that asks for a security log. The text was not available.
# Alternatives: NOT_FOUND, or an unsupported command; both keep the log as well.
REFUSAL = frame.NOT_AUTHORIZED


class EventLogs(Feature):
    """GetEventLog, from a meter's own log, or from the state where that has one."""

    commands = (
        (clusters.EVENTS, 0, commands.GET_EVENT_LOG),
        (clusters.EVENTS, 0, commands.CLEAR_EVENT_LOG_REQUEST),
    )

    def execute(self, call):
        """See Feature."""
        clears = call.request.command == commands.CLEAR_EVENT_LOG_REQUEST
        own = None if self._told() else self.device.feature("event_log")
        if not call.from_han:
            if own:
                return self._clear_own(call, own) if clears else self._own(call, own)
            return self._clear(call) if clears else self._held(call)
        if clears:
            return frame.UNSUP_CLUSTER_COMMAND
        if len(call.request.payload) != _PAYLOAD:
            return frame.MALFORMED_COMMAND
        log = Reader(call.request.payload).u8("log id") & 0x0F
        if log != _EVENT_LOG:
            return REFUSAL
        call.reply_command = commands.PUBLISH_EVENT_LOG
        since = self.device.registry.hidden_before()
        if own:
            from smets.features.event_publish import publish

            return publish(own.events.entries, call.request.payload, since) or frame.NOT_FOUND
        answer = self._held(call)
        if isinstance(answer, int):
            return answer
        allowed = _those(answer, lambda log, when: log == _EVENT_LOG and when >= since)
        return allowed or frame.NOT_FOUND

    def _told(self) -> bool:
        """Whether a state tells the log, or what was left of it when it was cleared."""
        if _LOG in self.device.zcl.published:
            return True
        if not self.device.settings.values:
            return False
        from smets.zcl import kept

        return self.device.settings.get(kept.key(kept.PUBLISHED, *_LOG)) is not None

    def _held(self, call):
        """What clearing the event log has left, else what a state publishes."""
        settings = self.device.settings
        if settings.values:
            from smets.zcl import kept

            left = settings.get(kept.key(kept.PUBLISHED, *_LOG))
            if left is not None:
                return kept.split(left) or frame.NOT_FOUND
        return self.device.zcl.answer_published(call)

    def _own(self, call, logs):
        """What a remote party reads of the meter's own logs."""
        if len(call.request.payload) != _PAYLOAD:
            return frame.MALFORMED_COMMAND
        log = call.request.payload[0] & 0x0F
        if log not in (_EVENT_LOG, _SECURITY_LOG):
            return frame.NOT_FOUND
        fault = self.device.zcl.fault(call)
        if fault is not None:
            return fault
        from smets.features.event_publish import publish_all

        held = logs.events if log == _EVENT_LOG else logs.security
        return publish_all(held.entries, call.request.payload) or frame.NOT_FOUND

    def _clear_own(self, call, logs):
        """CS11 of the meter's own event log: the security log tells that it was cleared."""
        told = self.device.zcl.published.get((clusters.EVENTS, call.reply_command))
        if bytes(call.request.payload) != bytes((_EVENT_LOG,)) or told == [_NONE_CLEARED]:
            return [_NONE_CLEARED]
        try:
            logs.wipe()
        except StoreError:
            return frame.HARDWARE_FAILURE
        return told or [_CLEARED]

    def _clear(self, call):
        """CS11: ClearEventLogResponse, from the state where that tells it."""
        from smets.zcl import kept

        server = self.device.zcl
        told = server.published.get((clusters.EVENTS, call.reply_command))
        if bytes(call.request.payload) != bytes((_EVENT_LOG,)) or told == [_NONE_CLEARED]:
            return [_NONE_CLEARED]
        published = server.published.get(_LOG)
        if published:
            left = _those(published, lambda log, when: log != _EVENT_LOG)
            server.settings.put(kept.key(kept.PUBLISHED, *_LOG), kept.join(left))
        return told or [_CLEARED]


def _those(payloads, wanted) -> list:
    """PublishEventLog with the entries that `wanted(log, time)` takes; counts are of these."""
    found = []
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
            if wanted(log & 0x0F, when):
                entries += bytes(payload[start : reader.pos])
                count += 1
        if count:
            found.append((payload[_HEAD - 1], count, entries))
            total += count
    # An octet without a number of events, as meters send it (rtds), stays without one.
    return [
        total.to_bytes(2, "little")
        + bytes((index, len(found), control and (min(count, 15) << 4 | control & 0x0F)))
        + entries
        for index, (control, count, entries) in enumerate(found)
    ]


FEATURE = EventLogs
