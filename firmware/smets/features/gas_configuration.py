# What use cases set at a gas meter, and what others read of it: attributes, calendars, prices.
# zcl/configured.py has the commands; what is set becomes an attribute or a published record.
from smets import clock
from smets.codec import DecodeError, Reader, Writer
from smets.features import gas_effects
from smets.ports.store_error import StoreError
from smets.zcl import attributes, clusters, commands, configured, frame, kept

# What ChangePaymentModeResponse tells of emergency credit.
_EMERGENCY = (attributes.EMERGENCY_CREDIT_LIMIT, attributes.EMERGENCY_CREDIT_THRESHOLD)
# The parts of a calendar; a client gets each with the command of the same id.
_PARTS = (
    commands.PUBLISH_DAY_PROFILE,
    commands.PUBLISH_WEEK_PROFILE,
    commands.PUBLISH_SEASONS,
)
# Issuer Calendar ID of a Get command for what is in force (meter.md B.6), to the calendar type.
_IN_FORCE = {0xFFFFFFFF: 0, 0xFFFFFFFE: 3}


class Configuration:
    """What was set at a device, and the commands that set it and read it back."""

    def __init__(self, device):
        """`device` has settings, zcl and clock."""
        self.device = device
        # The calendar whose parts come: issuer id, kind of key ("" for one not taken), type; what
        # was set before it; in which command.
        self._calendar = (0, b"", 0, {}, -1)

    def execute(self, call):
        """Carry out a command of a remote party; see Feature."""
        request = call.request
        where = (call.cluster, request.frame_control & frame.SERVER_TO_CLIENT, request.command)
        template = configured.template(*where)
        try:
            if template is None:
                return self._get(call)
            fields = configured.Fields(template, request.payload)
        except DecodeError:
            return frame.MALFORMED_COMMAND
        if call.from_date_time is not None:
            fields.date = call.from_date_time
        status = self._take(call, where, fields)
        if status == frame.SUCCESS and call.reply_command != frame.DEFAULT_RESPONSE:
            return self._reply(call, fields)
        return status

    # --- Setting -------------------------------------------------------------------------------

    def _take(self, call, where, fields) -> int:
        command = call.request.command
        payload = bytes(call.request.payload)
        if call.cluster == clusters.CALENDAR:
            if command in _PARTS:
                return self._part(command, fields, payload)
            return self._begin(call, fields, payload)
        settings = self.device.settings
        pending = kept.key(kept.NEXT, call.cluster, command, call.index)
        if self._is_later(fields.date) and fields.date not in configured.CANCELS:
            # What cannot be is refused at once, and nothing waits (rtds).
            before = settings.mark()
            try:
                if fields.effect not in gas_effects.LIVE:
                    self._set(where, fields, payload)
            except ValueError:
                return frame.INVALID_VALUE
            finally:
                settings.back_to(before)
            settings.put(pending, payload)
            self._dated.wait(pending[1:], fields.date, call.request.frame_control)
            return frame.SUCCESS
        self._dated.forget(pending[1:])
        if fields.date in configured.CANCELS:
            settings.remove(pending)
            return frame.SUCCESS
        before = settings.mark()
        try:
            self._set(where, fields, payload)
        except ValueError as error:
            settings.back_to(before)
            return error.status if isinstance(error, gas_effects.Denied) else frame.INVALID_VALUE
        except StoreError:
            settings.back_to(before)
            return frame.HARDWARE_FAILURE
        settings.remove(pending)
        return frame.SUCCESS

    @property
    def _dated(self):
        return self.device.feature(self.device.dated_by)

    def activate(self, place, control: int):
        """Carry out what waits at a place (gas_dated.py) with a frame control; ValueError."""
        settings = self.device.settings
        cluster, command, sort = int.from_bytes(place[:2], "big"), place[2], place[3]
        if cluster == clusters.CALENDAR:
            for part in _parts_of(command):
                settings.remove(kept.key(kept.PUBLISHED, cluster, part, sort))
                value = settings.get(kept.key(kept.NEXT, cluster, part, sort))
                if value is not None:
                    settings.put(kept.key(kept.PUBLISHED, cluster, part, sort), value)
        else:
            payload = settings.get(kept.NEXT + place)
            where = (cluster, control & frame.SERVER_TO_CLIENT, command)
            try:
                fields = configured.Fields(configured.template(*where) or "", payload)
            except DecodeError:
                raise ValueError("older firmware took it")
            self._set(where, fields, payload)
        self.drop(place)

    def drop(self, place):
        """Nothing waits at a place any more."""
        cluster = int.from_bytes(place[:2], "big")
        parts = _parts_of(place[2]) if cluster == clusters.CALENDAR else (place[2],)
        for part in parts:
            self.device.settings.remove(kept.key(kept.NEXT, cluster, part, place[3]))

    def _is_later(self, date: int) -> bool:
        own = self.device.clock
        return date != 0 and (own.status == clock.INVALID or date > own.seconds)

    def _set(self, where, fields, payload):
        """Set what a command says at once; ValueError for a value outside its field's range."""
        server = self.device.zcl
        if fields.effect:
            getattr(gas_effects, fields.effect)(server, where, fields, payload)
        for cluster, attribute, value in fields.settings(where[0]):
            kept.put(server, cluster, attribute, value)

    def _begin(self, call, fields, payload) -> int:
        """PublishCalendar and PublishSpecialDays: each has a type and a date."""
        settings = self.device.settings
        command = call.request.command
        kind = kept.PUBLISHED
        if fields.date in configured.CANCELS:
            kind = b""
        elif self._is_later(fields.date):
            kind = kept.NEXT
        sort = fields.values[4]
        parts = _parts_of(command)
        if command == commands.PUBLISH_CALENDAR:
            self._calendar = (fields.values[2], kind, sort, settings.mark(), settings.commands)
        elif fields.values[5] * 2 != len(fields.values) - fields.repeated:
            return frame.MALFORMED_COMMAND
        for part in parts:
            # What was pending is cancelled, replaced, or in force now.
            settings.remove(kept.key(kept.NEXT, clusters.CALENDAR, part, sort))
            if kind == kept.PUBLISHED:
                settings.remove(kept.key(kind, clusters.CALENDAR, part, sort))
        place = kept.key(kept.NEXT, clusters.CALENDAR, command, sort)[1:]
        if kind == kept.NEXT:
            self._dated.wait(place, fields.date, call.request.frame_control)
        else:
            self._dated.forget(place)
        if kind:
            settings.put(kept.key(kind, clusters.CALENDAR, command, sort), kept.join((payload,)))
        return frame.SUCCESS

    def _part(self, command, fields, payload) -> int:
        """A day, a week or the seasons of the calendar that was begun."""
        issuer, kind, sort, _, number = self._calendar
        if number != self.device.settings.commands:
            return frame.INVALID_VALUE  # its PublishCalendar did not come
        if fields.values[2] != issuer:
            return self._refuse(frame.INVALID_VALUE)
        pairs = (len(fields.values) - fields.repeated) // 2
        if command == commands.PUBLISH_DAY_PROFILE:
            told = (fields.values[4], fields.values[7])
            if told != (pairs, sort):
                return self._refuse(frame.MALFORMED_COMMAND)
        if kind:
            settings = self.device.settings
            where = kept.key(kind, clusters.CALENDAR, command, sort)
            parts = kept.split(settings.get(where))
            settings.put(where, kept.join(parts + [payload]))
        return frame.SUCCESS

    def _refuse(self, status: int) -> int:
        """A calendar is taken as a whole or not at all."""
        self.device.settings.back_to(self._calendar[3])
        return status

    def _reply(self, call, fields):
        """The response to a command that does not get a Default Response."""
        server = self.device.zcl
        if server.published.get((call.cluster, call.reply_command)):
            return None  # the state says
        writer = Writer(16)
        if call.cluster == clusters.METERING:
            # SupplyStatusResponse repeats the command, then gives the present supply status.
            for value in fields.values[:2] + [fields.date]:
                writer.le(value, 4)
            writer.u8(kept.number(server, clusters.METERING, attributes.SUPPLY_STATUS))
        else:
            # ChangePaymentModeResponse: whether there is a non-disablement calendar, its number,
            # credit.
            calendar = kept.key(kept.PUBLISHED, clusters.CALENDAR, commands.PUBLISH_CALENDAR, 3)
            writer.u8(1 if self.device.settings.get(calendar) else 0)
            writer.le(2, 4)
            for attribute in _EMERGENCY:
                writer.le(kept.number(server, clusters.PREPAYMENT, attribute), 4)
        return [bytes(writer.view())]

    # --- Reading -------------------------------------------------------------------------------

    def _get(self, call):
        """Payloads, NOT_FOUND, or None where nothing was set; DecodeError."""
        settings = self.device.settings
        reader = Reader(call.request.payload)
        if call.cluster != clusters.CALENDAR:
            value = settings.get(kept.key(kept.PUBLISHED, call.cluster, call.reply_command))
            if value is None:
                return None
            if call.cluster == clusters.DEVICE_MANAGEMENT:
                return gas_effects.configured_events(value, reader.le(2, "event id"))
            return kept.split(value)
        if call.request.command == commands.PUBLISH_SPECIAL_DAYS:
            reader.skip(6, "start, number, type")
        reader.skip(4, "provider id")
        sort = _IN_FORCE.get(reader.le(4, "issuer calendar id"), -1)
        if sort < 0 or settings.get(self._beginning(call, sort)) is None:
            return None
        value = settings.get(kept.key(kept.PUBLISHED, call.cluster, call.request.command, sort))
        payloads = kept.split(value)
        if reader.left() >= 2:
            first, most = reader.u8("first"), reader.u8("number")
            payloads = [payload for payload in payloads if payload[12] >= first]
            payloads = payloads[: most or len(payloads)]
        return payloads or frame.NOT_FOUND

    def _beginning(self, call, sort) -> bytes:
        command = call.request.command
        begun = command if command == commands.PUBLISH_SPECIAL_DAYS else commands.PUBLISH_CALENDAR
        return kept.key(kept.PUBLISHED, call.cluster, begun, sort)


def _parts_of(command: int) -> tuple:
    """The commands whose payloads belong together: a calendar, or special days alone."""
    return (command,) + (_PARTS if command == commands.PUBLISH_CALENDAR else ())
